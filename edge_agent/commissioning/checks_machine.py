"""Checks of the computer: clock, disk, key file, ports and who may open them."""

import getpass
import grp
import os
import shutil
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from edge_agent.commissioning.ble import adapters
from edge_agent.commissioning.checks import Check, CheckState
from edge_agent.config.model import GatewayConfig
from edge_agent.errors import ConfigError
from edge_agent.uplink.identity import KEY_FILE, Identity

BUILT_AFTER = datetime(2026, 1, 1, tzinfo=UTC)
"""No gateway runs before this program was written: an earlier time is a clock that lost its battery."""
GONE_AFTER_REBOOT = {"tmpfs", "ramfs", "overlay"}
NO_OWNERS = {"vfat", "exfat", "msdos"}


def check_clock(now: datetime, *, is_synced: bool) -> Check:
    """Whether times of readings can be believed."""
    if now < BUILT_AFTER:
        return Check("clock", CheckState.FAIL, f"says {now:%Y-%m-%d}: the time was lost",
                     "sudo timedatectl set-ntp true; a real-time clock with a battery keeps it")  # fmt: skip
    if not is_synced:
        return Check("clock", CheckState.WARN, f"{now:%Y-%m-%d %H:%M}Z, not synchronised: readings are marked unsynced",
                     "sudo timedatectl set-ntp true; timedatectl timesync-status")  # fmt: skip
    return Check("clock", CheckState.OK, f"{now:%Y-%m-%d %H:%M}Z, synchronised")


def check_disk(
    data_dir: Path, bytes_max: int, reserve_bytes: int, mounts: Path = Path("/proc/self/mountinfo")
) -> Iterator[Check]:
    """Whether the journal has room beside its reserve, and lies where it survives a power cut."""
    there = next(path for path in (data_dir, *data_dir.absolute().parents) if path.exists())
    free = shutil.disk_usage(there).free
    wanted = bytes_max - _bytes_in(data_dir / "journal")
    says = f"{free / 1e6:,.0f} MB free at {there}, the journal may take {max(0, wanted) / 1e6:,.0f} MB more"
    fix = "sudo journalctl --vacuum-size=100M; sudo apt-get clean; or lower journal.bytes_max"
    if free < max(0, wanted):
        yield Check("disk space", CheckState.FAIL, says, fix)
    elif free < wanted + reserve_bytes:
        yield Check(
            "disk space", CheckState.WARN, f"{says} and leaves the rest free: it will not get all it may take", fix
        )
    else:
        yield Check("disk space", CheckState.OK, says)
    yield _check_file_system(there, mounts)


def check_key(data_dir: Path) -> Iterator[Check]:
    """Whether the agent's user may write there, and the key is in order."""
    user = getpass.getuser()
    if not data_dir.is_dir():
        yield Check("data directory", CheckState.FAIL, f"{data_dir} is not there",
                    f"sudo install -d -o lotwarden -m 0750 {data_dir}")  # fmt: skip
        return
    if not os.access(data_dir, os.W_OK | os.X_OK):
        yield Check("data directory", CheckState.FAIL, f"{user} may not write in {data_dir}",
                    f"run it as the agent's user (sudo -u lotwarden), or: sudo chown -R {user} {data_dir}")  # fmt: skip
        return
    if not (data_dir / KEY_FILE).exists():
        yield Check(
            "key", CheckState.WARN, "not made yet: the agent makes it at its first start", "edge-agent identity"
        )
        return
    try:
        Identity.load(data_dir)
    except ConfigError as error:
        yield Check("key", CheckState.FAIL, str(error), f"chmod 600 {data_dir / KEY_FILE}")
        return
    yield Check("key", CheckState.OK, f"{data_dir / KEY_FILE}")


def check_ports(config: GatewayConfig) -> Iterator[Check]:
    """Whether the configured ports are there and may be opened, and Bluetooth, if a bus needs it."""
    for scanner in config.scanner:
        yield check_port(f"scanner {scanner.name}", scanner.port)
    for bus in config.bus:
        port = getattr(bus, "port", None)
        if isinstance(port, str):
            yield check_port(f"bus {bus.name}", port)
    for sensor in config.particle_sensor:
        yield check_port(f"sensor {sensor.name}", sensor.port)
    wanted = [str(adapter) for bus in config.bus if (adapter := getattr(bus, "adapter", None))]
    for adapter in dict.fromkeys(wanted):
        yield _check_adapter(adapter)


def check_port(name: str, port: str) -> Check:
    """Whether one serial port or input device is there and may be opened."""
    path = Path(port)
    if not path.exists():
        return Check(name, CheckState.FAIL, f"{port} is not there: plug it in, or correct the port", "edge-agent scan")
    if os.access(path, os.R_OK | os.W_OK):
        return Check(name, CheckState.OK, f"{port} is there and may be opened")
    status = path.stat()
    group = _group(status.st_gid)
    if status.st_mode & stat.S_IRGRP and status.st_gid != 0:
        fix = f"sudo usermod -aG {group} {getpass.getuser()}, then restart the agent (or log in again)"
    else:
        fix = f"a udev rule has to give {port} to a group; see ls -l {path.resolve()}"
    return Check(name, CheckState.FAIL, f"{getpass.getuser()} may not open {port} (it belongs to group {group})", fix)


def _check_adapter(adapter: str) -> Check:
    if adapter not in adapters():
        return Check("Bluetooth", CheckState.FAIL, f"there is no adapter {adapter}",
                     "bluetoothctl list; sudo rfkill unblock bluetooth; sudo systemctl restart bluetooth")  # fmt: skip
    for switch in Path("/sys/class/bluetooth", adapter).glob("rfkill*"):
        if "1" in ((switch / name).read_text().strip() for name in ("soft", "hard") if (switch / name).exists()):
            return Check("Bluetooth", CheckState.FAIL, f"{adapter} is switched off", "sudo rfkill unblock bluetooth")
    if not Path("/run/dbus/system_bus_socket").exists():
        return Check("Bluetooth", CheckState.FAIL, "there is no system D-Bus, which BlueZ needs",
                     "sudo apt install bluez dbus && sudo systemctl enable --now bluetooth")  # fmt: skip
    return Check("Bluetooth", CheckState.OK, f"{adapter} is there and not switched off")


def _check_file_system(path: Path, mounts: Path) -> Check:
    kind, device, is_read_only = _mount_of(path, mounts)
    where = f"{path} is on {kind} ({device})"
    if is_read_only:
        return Check("file system", CheckState.FAIL, f"{where}, read only: a worn SD card turns so",
                     "dmesg | grep -i -e mmc -e ext4; replace the card if it reports errors")  # fmt: skip
    if kind in GONE_AFTER_REBOOT:
        return Check("file system", CheckState.WARN, f"{where}: what is kept there may be gone after a power cut",
                     "set gateway.data_dir to a directory on a disk, e.g. /var/lib/lotwarden")  # fmt: skip
    if kind in NO_OWNERS:
        return Check("file system", CheckState.FAIL, f"{where}, which knows no owners and survives no power cut",
                     "set gateway.data_dir to a directory on ext4")  # fmt: skip
    if "mmcblk" in device:
        return Check("file system", CheckState.WARN, f"{where}, an SD or eMMC card: it wears out with every write",
                     "use a card made for it (industrial, pSLC), or set journal.readings_commit_s = 30")  # fmt: skip
    return Check("file system", CheckState.OK, where)


def _mount_of(path: Path, mounts: Path) -> tuple[str, str, bool]:
    """File system, device and whether it is read only, of the mount that ``path`` is on."""
    best, found = -1, ("unknown", "unknown", False)
    real = path.resolve()
    try:
        lines = mounts.read_text().splitlines()
    except OSError:
        return found
    for line in lines:
        left, _, right = line.partition(" - ")
        fields, more = left.split(), right.split()
        if len(fields) < 6 or len(more) < 3:
            continue
        point = Path(fields[4].encode().decode("unicode_escape"))
        if real.is_relative_to(point) and len(point.parts) >= best:
            read_only = "ro" in fields[5].split(",") or "ro" in more[2].split(",")
            best, found = len(point.parts), (more[0], more[1], read_only)
    return found


def _bytes_in(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.glob("*") if path.is_file()) if folder.is_dir() else 0


def _group(number: int) -> str:
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)
