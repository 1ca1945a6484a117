"""A Debian of its own in a folder, without an engine for containers: made by mmdebstrap, kept in build/roots."""

import os
import shutil
import subprocess
from pathlib import Path

from tests.support.paths import ROOT

KEPT = ROOT / "build" / "roots"
SUITES = {"12": "bookworm", "13": "trixie"}
NEEDED = "python3,procps,systemd,systemd-sysv,udev,dbus,ca-certificates"
"""What the packages depend on, and what a server has anyway."""
INSIDE = 'mount -t proc proc "$1/proc" && exec chroot "$@"'
QEMU = "/usr/bin/qemu-aarch64-static"


class Debian:
    """One system, unpacked."""

    def __init__(self, folder: Path, arch: str) -> None:
        self.folder = folder
        self.is_native = arch == "amd64"

    def run(self, *command: str, timeout_s: float = 600) -> "subprocess.CompletedProcess[str]":
        """Run a command in it by chroot, of another processor by qemu; not its children then."""
        emulator = () if self.is_native else (QEMU,)
        # What Debian's own tools expect of a system, and nothing that outlives the command.
        alone = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", INSIDE, "sh", str(self.folder)]
        return subprocess.run(
            [*alone, *emulator, *command], capture_output=True, text=True, timeout=timeout_s,
            check=False, stdin=subprocess.DEVNULL,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "HOME": "/root"}
            | {"DEBIAN_FRONTEND": "noninteractive"},
        )  # fmt: skip

    def check(self, *command: str, timeout_s: float = 600) -> str:
        """Run a command that has to succeed; gives what it printed."""
        done = self.run(*command, timeout_s=timeout_s)
        assert done.returncode == 0, f"{' '.join(command)}: {done.stdout}{done.stderr}"
        return done.stdout

    def copy_in(self, path: Path, to: str) -> str:
        """Copy a file or folder into it; gives its path there."""
        there = self.folder / to.lstrip("/")
        there.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            shutil.copytree(path, there / path.name)
        else:
            shutil.copy2(path, there / path.name)
        return f"{to}/{path.name}"


def unpacked(debian: str, arch: str, folder: Path) -> Debian:
    """A fresh system in ``folder``. Of another processor nothing was configured, for none of its programs ran."""
    folder.mkdir(parents=True)
    subprocess.run(["tar", "-xf", str(_archive(debian, arch)), "-C", str(folder), "--numeric-owner"], check=True)
    folder.chmod(0o755)
    system = Debian(folder, arch)
    (folder / "etc/hosts").write_text("127.0.0.1 localhost\n", encoding="utf-8")  # as every installer writes it
    if not system.is_native:
        qemu = shutil.which("qemu-aarch64-static")
        assert qemu is not None, "this needs qemu: sudo apt install qemu-user-static"
        shutil.copy2(qemu, folder / QEMU.lstrip("/"))
    return system


def _archive(debian: str, arch: str) -> Path:
    """Made once; delete build/roots to have it made again."""
    archive = KEPT / f"{SUITES[debian]}-{arch}.tar"
    if archive.exists():
        return archive
    KEPT.mkdir(parents=True, exist_ok=True)
    fresh = archive.with_name(f"new-{archive.name}")
    # Nothing of another processor can run in mmdebstrap's own steps: it is unpacked then, and no more.
    kind = ["--variant=minbase"] if arch == "amd64" else ["--variant=extract", "--skip=check/qemu"]
    subprocess.run(
        ["mmdebstrap", "-q", *kind, f"--include={NEEDED}", f"--architectures={arch}", SUITES[debian], str(fresh)],
        check=True, env={**os.environ, "TMPDIR": str(KEPT)},
    )  # fmt: skip
    fresh.rename(archive)
    return archive
