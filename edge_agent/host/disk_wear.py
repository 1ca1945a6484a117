"""How worn the disk under a folder is, as far as disk and kernel say so; where they say nothing, nothing is said.

Sources: Linux ``Documentation/block/stat.rst`` (sectors of 512 bytes) and
``Documentation/driver-api/mmc/mmc-dev-attrs.rst``; JEDEC JESD84-B51 (DEVICE_LIFE_TIME_EST, PRE_EOL_INFO) for what
``life_time`` and ``pre_eol_info`` of an eMMC mean. An SD card has neither.
"""

import os
from dataclasses import dataclass
from pathlib import Path

SYS = Path("/sys")
UPTIME = Path("/proc/uptime")
SECTOR_BYTES = 512
STEP_PCT = 10
STEPS_MAX = 11
"""0x0B: more than its whole life is used."""
SETTLED_S = 3600.0
"""A machine that has just started writes more than it does in a day's mean."""
PRE_EOL = {1: "normal", 2: "warning", 3: "urgent"}
"""How many of the reserve blocks are used up: few, 80 %, 90 %."""


@dataclass(frozen=True, slots=True)
class DiskWear:
    """``device`` is the disk's name (``mmcblk0``) and ``kind`` what it calls itself (``MMC``, ``SD``, "" unknown).

    ``written_bytes`` were written to it since the machine started, ``written_bytes_a_day`` in the mean;
    ``life_used_pct`` is the upper end of the step of ten percent that its maker estimates, 110 beyond its life;
    ``pre_eol`` how its reserve is: normal, warning, urgent. None: it does not say.
    """

    device: str
    kind: str
    written_bytes: int | None = None
    written_bytes_a_day: int | None = None
    life_used_pct: int | None = None
    pre_eol: str | None = None

    def as_data(self) -> dict[str, str | int | float | None]:
        """For a notice: what is known, and nothing else."""
        said: dict[str, str | int | float | None] = {
            "disk": self.device, "disk_kind": self.kind or None, "disk_written_bytes": self.written_bytes,
            "disk_written_bytes_a_day": self.written_bytes_a_day, "disk_life_used_pct": self.life_used_pct,
            "disk_pre_eol": self.pre_eol,
        }  # fmt: skip
        return {key: value for key, value in said.items() if value is not None}


def disk_wear(folder: Path, *, sys: Path = SYS, uptime: Path = UPTIME) -> DiskWear | None:
    """The disk that ``folder`` is on; None if that is none of the kernel's block devices (memory, network)."""
    try:
        number = os.stat(folder).st_dev
    except OSError:
        return None
    disk = _disk_of(sys / "dev" / "block" / f"{os.major(number)}:{os.minor(number)}")
    return None if disk is None else worn(disk, uptime=uptime)


def worn(disk: Path, *, uptime: Path = UPTIME) -> DiskWear:
    """What the kernel's folder of a whole disk says."""
    written = _written_bytes(disk / "stat")
    up_s = _up_s(uptime)
    a_day = round(written * 86_400 / up_s) if written is not None and up_s is not None and up_s >= SETTLED_S else None
    reserve = _numbers(disk / "device" / "pre_eol_info")
    return DiskWear(
        device=disk.name,
        kind=_text(disk / "device" / "type"),
        written_bytes=written,
        written_bytes_a_day=a_day,
        life_used_pct=_life_used_pct(_numbers(disk / "device" / "life_time")),
        pre_eol=PRE_EOL.get(reserve[0]) if reserve else None,
    )


def _disk_of(link: Path) -> Path | None:
    """The whole disk of a partition, through what is laid over one disk (encryption, logical volumes)."""
    try:
        device = link.resolve(strict=True)
    except OSError:
        return None
    for _ in range(8):
        if (device / "partition").exists():
            device = device.parent
        below = sorted((device / "slaves").iterdir()) if (device / "slaves").is_dir() else []
        if len(below) != 1:
            return device
        device = below[0].resolve()
    return device


def _written_bytes(stat: Path) -> int | None:
    fields = _text(stat).split()
    return int(fields[6]) * SECTOR_BYTES if len(fields) > 6 and fields[6].isdigit() else None


def _life_used_pct(steps: tuple[int, ...]) -> int | None:
    """Of the two kinds of memory cells the one that is worn more; 0 says that the disk does not know."""
    known = [step for step in steps if 1 <= step <= STEPS_MAX]
    return max(known) * STEP_PCT if known else None


def _numbers(file: Path) -> tuple[int, ...]:
    try:
        return tuple(int(word, 16) for word in _text(file).split())
    except ValueError:
        return ()


def _up_s(uptime: Path) -> float | None:
    try:
        return float(_text(uptime).split()[0])
    except (IndexError, ValueError):
        return None


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""
