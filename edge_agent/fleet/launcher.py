#!/usr/bin/python3
"""Starts the release of the gateway's program that is current, and goes back to the one before if it cannot start.

It belongs to no release: the package puts it beside them as one file, with nothing but Python's own library, so that a
release that is broken from its first line on can still be left. ``edge_agent.fleet.releases`` installs what it starts.

Folders below ``DATA/releases``::

    versions/0.2.0/bin/edge-agent     a release, whole and on the disk before anything points to it
    current -> versions/0.2.0         what is started; without it, the program of the package
    previous -> versions/0.1.0        what to go back to; without it, the program of the package
    trial.json                        {"version": "0.2.0", "starts": 1}: current is on probation

A release on probation is started three times at most. It ends its probation itself, with the ledger's first receipt.
"""

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

STARTS_MAX = 3
FOLDER = "releases"
PROGRAM = "bin/edge-agent"


class Disk:
    """Changes of files that a power cut leaves whole: each is done, or it is not."""

    def write(self, path: Path, data: bytes, mode: int = 0o600) -> None:
        """Replace a file's content; durable on return. Owner and mode of a file that is there stay."""
        fresh = path.with_name(f".{path.name}.new")
        with fresh.open("wb") as file:
            self._keep_owner(path, file.fileno(), mode)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(fresh, path)
        self.sync_folder(path.parent)

    def create(self, path: Path, data: bytes, mode: int = 0o600) -> None:
        """A new file in a folder that nothing points to yet; its name is durable once the folder is synced."""
        with path.open("wb") as file:
            os.fchmod(file.fileno(), mode)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())

    def point(self, link: Path, target: str) -> None:
        """Let a symbolic link point to ``target``."""
        fresh = link.with_name(f".{link.name}.new")
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(target)
        os.replace(fresh, link)
        self.sync_folder(link.parent)

    def rename(self, path: Path, to: Path) -> None:
        """Another name in the same folder."""
        os.rename(path, to)
        self.sync_folder(to.parent)

    def remove(self, path: Path) -> None:
        """Remove a file or link; none is as good."""
        path.unlink(missing_ok=True)
        self.sync_folder(path.parent)

    def sync_folder(self, path: Path) -> None:
        """Make names in a folder durable."""
        folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _keep_owner(self, path: Path, number: int, mode: int) -> None:
        try:
            there = path.stat()
        except FileNotFoundError:
            os.fchmod(number, mode)
            return
        os.fchmod(number, there.st_mode & 0o777)
        if os.geteuid() == 0:
            os.fchown(number, there.st_uid, there.st_gid)


def settle(root: Path, disk: Disk) -> str:
    """Before a start: count it if a release is on probation, and go back after too many. Gives what was left."""
    trial = trial_of(root)
    if trial is None:
        return ""
    version = str(trial["version"])
    if target_of(root / "current") != f"versions/{version}":
        disk.remove(root / "trial.json")  # the power failed before it was pointed to, or after it was gone back from
        return ""
    if trial.get("back") or int(trial["starts"]) >= STARTS_MAX:
        why = str(trial.get("back") or f"it was started {STARTS_MAX} times and got no receipt")
        go_back(root, disk, version, why)
        return version
    disk.write(root / "trial.json", json.dumps({**trial, "starts": int(trial["starts"]) + 1}).encode())
    return ""


def go_back(root: Path, disk: Disk, version: str, why: str) -> None:
    """Point to the release before, or to the package's program, and say why. Done again after a power cut."""
    disk.write(root / "trial.json", json.dumps({"version": version, "starts": STARTS_MAX, "back": why}).encode())
    disk.write(root / "outcome.json", json.dumps({"version": version, "last": "rolled_back", "reason": why}).encode())
    before = target_of(root / "previous")
    if before is not None and (root / before / PROGRAM).exists():
        disk.point(root / "current", before)
    else:
        disk.remove(root / "current")
    disk.remove(root / "trial.json")


def trial_of(root: Path) -> "dict[str, Any] | None":
    """Which release is on probation, and how often it was started."""
    try:
        said = json.loads((root / "trial.json").read_bytes())
        return {**said, "version": str(said["version"]), "starts": int(said["starts"])}
    except (OSError, ValueError, KeyError, TypeError):
        return None


def target_of(link: Path) -> "str | None":
    """Where a link points, as it is written."""
    try:
        return os.readlink(link)
    except OSError:
        return None


def program_of(root: Path, packaged: Path) -> Path:
    """What is started."""
    current = root / "current" / PROGRAM
    return current if current.exists() else packaged


def main(arguments: Sequence[str]) -> None:
    """``launcher.py DATA PACKAGED-PROGRAM ARGUMENTS...``: replaces itself with the program."""
    root, packaged = Path(arguments[0]) / FOLDER, Path(arguments[1])
    try:
        if back := settle(root, Disk()):
            print(f"release {back} got no receipt from the ledger: the one before runs again", file=sys.stderr)
    except OSError as error:
        print(f"{root} cannot be written ({error.strerror}): started as it is", file=sys.stderr)
    program = program_of(root, packaged)
    os.execv(program, [str(program), *arguments[2:]])  # noqa: S606 - our own program


if __name__ == "__main__":
    main(sys.argv[1:])
