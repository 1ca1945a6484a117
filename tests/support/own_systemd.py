"""A systemd of its own: PID 1 of namespaces, on a root that the caller gives, so that units are tried where none runs.

It takes root's rights and a kernel with cgroup 2, nothing else: no container engine, no machine to boot. What it starts
dies with it. Its boot is awaited as containers' managers do: systemd says READY=1 to ``NOTIFY_SOCKET``.
"""

import os
import select
import shlex
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeAlias

BOOT_S = 120
COMMAND_S = 120
PROGRAMS = ("/usr/lib/systemd/systemd", "unshare", "nsenter", "pivot_root", "mount")

# From a folder to the root of PID 1. pivot_root takes a mount, hence the first line; devices are made, for those of the
# machine are not to be touched; /sys and /proc/sys stay read-only, so systemd leaves hardware and kernel alone.
MAKE_ROOT = """
set -e
cd "$ROOT"
mount --rbind . .
cd "$ROOT"
mkdir -p proc sys dev run tmp
mount -t proc proc proc
mount --bind proc/sys proc/sys
mount -o remount,bind,ro proc/sys
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs dev
mount -t tmpfs -o mode=755 tmpfs run
for each in null:1:3 zero:1:5 full:1:7 random:1:8 urandom:1:9 tty:5:0; do
    name=${each%%:*} numbers=${each#*:}
    mknod -m 666 "dev/$name" c "${numbers%:*}" "${numbers#*:}"
done
mkdir -p dev/pts dev/shm run/host
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts dev/pts
ln -s pts/ptmx dev/ptmx
mount -t tmpfs -o mode=1777 tmpfs dev/shm
mount --bind "$TALK" run/host
pivot_root . .
umount -l .
exec env -i container=lotwarden PATH=/usr/sbin:/usr/bin:/sbin:/bin NOTIFY_SOCKET=/run/host/notify \\
    /usr/lib/systemd/systemd --unit="$UNIT" --show-status=no --log-level=warning --log-target=console
"""

# A root like this machine's: its programs, read-only, and its /etc in memory, without the units that it enables.
LIKE_THIS = """
mount -t tmpfs -o mode=755 tmpfs "$ROOT"
cd "$ROOT"
mkdir usr etc var root home tmp run .etc
chmod 1777 tmp
for each in bin sbin lib lib32 lib64 libx32; do [ ! -L "/$each" ] || cp -P "/$each" "$each"; done
mount --bind /usr usr
mount -o remount,bind,ro usr
mkdir .etc/upper .etc/work
mount -t overlay -o lowerdir=/etc,upperdir="$ROOT/.etc/upper",workdir="$ROOT/.etc/work" overlay etc
mount -t tmpfs -o mode=755 tmpfs etc/systemd/system
ln -s /dev/null etc/systemd/system/systemd-tmpfiles-clean.timer
: > etc/fstab
for each in $SHARED; do mkdir -p ".$each"; mount --bind "$each" ".$each"; done
"""


Done: TypeAlias = "subprocess.CompletedProcess[str]"


class OwnSystemd:
    """A systemd that runs."""

    def __init__(self, process_id: int) -> None:
        self.process_id = process_id

    def run(
        self, *command: str, timeout_s: float = COMMAND_S, **environment: str
    ) -> "subprocess.CompletedProcess[str]":
        """Run a command beside it, as root."""
        inside = ["nsenter", "-t", str(self.process_id), "-m", "-p", "-u", "-i", "-n", "-C", "-r", "-w", "env", "-i"]
        variables = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "HOME": "/root", **environment}
        settings = [f"{name}={value}" for name, value in variables.items()]
        return subprocess.run(
            [*inside, *settings, *command], capture_output=True, text=True, timeout=timeout_s, check=False,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip

    def check(self, *command: str, timeout_s: float = COMMAND_S, **environment: str) -> str:
        """Run a command that has to succeed; gives what it printed."""
        done = self.run(*command, timeout_s=timeout_s, **environment)
        assert done.returncode == 0, f"{shlex.join(command)}: {done.stdout}{done.stderr}"
        return done.stdout


def is_possible() -> bool:
    """Whether this machine can have one: some containers refuse root what it takes."""
    if os.geteuid() != 0 or _cgroup2() is None or not all(map(shutil.which, PROGRAMS)):
        return False
    tried = ["unshare", "--mount", "--pid", "--cgroup", "--fork", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
    return subprocess.run(tried, capture_output=True, check=False).returncode == 0


@contextmanager
def like_this_machine(shared: Sequence[Path]) -> Iterator[OwnSystemd]:
    """On this machine's own programs; of everything else only ``shared`` folders are there, under their own paths."""
    with TemporaryDirectory(prefix="lotwarden-root-") as root:
        folders = {path.resolve() for path in (*shared, Path(sys.base_prefix))}
        outside = [str(path) for path in sorted(folders) if not path.is_relative_to("/usr")]
        with _started(Path(root), "basic.target", LIKE_THIS, outside, has_network=True) as running:
            yield running


@contextmanager
def on_root(root: Path) -> Iterator[OwnSystemd]:
    """On a whole system that was unpacked into ``root``; with a network of its own, in which it is alone."""
    with _started(root, "multi-user.target", "", [], has_network=False) as running:
        yield running


@contextmanager
def _started(root: Path, unit: str, before: str, shared: Sequence[str], *, has_network: bool) -> Iterator[OwnSystemd]:
    hierarchy = _cgroup2()
    assert hierarchy is not None, "no cgroup 2 here"
    group = hierarchy / f"lotwarden-{os.getpid()}-{root.name}"
    group.mkdir()
    spaces = ["--mount", "--pid", "--uts", "--ipc", "--cgroup", *([] if has_network else ["--net"])]
    script = f'echo $$ > "$GROUP/cgroup.procs"; exec unshare {" ".join(spaces)} --fork --kill-child sh -c "$MAKE_ROOT"'
    environment = {
        **os.environ, "GROUP": str(group), "ROOT": str(root), "UNIT": unit, "SHARED": " ".join(shared),
        "MAKE_ROOT": "set -e\n" + before + MAKE_ROOT,
    }  # fmt: skip
    try:
        with (
            TemporaryDirectory(prefix="lotwarden-ready-") as talk,
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as ready,
            (Path(talk) / "console").open("w+") as console,
        ):
            ready.bind(f"{talk}/notify")
            process = subprocess.Popen(
                ["sh", "-c", script], env=environment | {"TALK": talk}, stdin=subprocess.DEVNULL,
                stdout=console, stderr=console, start_new_session=True,
            )  # fmt: skip
            try:
                _await_boot(process, ready, Path(talk) / "console")
                children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
                yield OwnSystemd(int(children[0]))
            finally:
                process.send_signal(signal.SIGKILL)
                process.wait()
    finally:
        _remove(group)


def _await_boot(process: "subprocess.Popen[bytes]", ready: socket.socket, console: Path) -> None:
    ready.settimeout(1)
    for _ in range(BOOT_S):
        try:
            if b"READY=1" in ready.recv(4096):
                return
        except TimeoutError:
            assert process.poll() is None, f"systemd did not start: {console.read_text()}"
    raise AssertionError(f"systemd was not ready after {BOOT_S} s: {console.read_text()}")


def _remove(group: Path) -> None:
    """The group and those below it, once all in it have died, which the kernel says by ``populated 0``."""
    events = group / "cgroup.events"
    with events.open() as file:
        while "populated 1" in file.read():
            _await_change(file.fileno())
            file.seek(0)
    for folder, _, _ in os.walk(group, topdown=False):
        os.rmdir(folder)


def _await_change(descriptor: int) -> None:
    poll = select.poll()
    poll.register(descriptor, select.POLLPRI | select.POLLERR)
    poll.poll(1000)


def _cgroup2() -> Path | None:
    for line in Path("/proc/mounts").read_text().splitlines():
        _, where, kind, options, *_ = line.split()
        if kind == "cgroup2" and "rw" in options.split(","):
            return Path(where)
    return None
