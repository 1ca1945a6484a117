"""Changing a configuration file for a person: shown first, checked whole, then replaced whole or not at all."""

import difflib
import os
import sys
import tempfile
import tomllib
from pathlib import Path

from rich.console import Console

from edge_agent.commands.options import fail
from edge_agent.errors import BenchError
from edge_agent.host.fsync import sync_directory
from edge_agent.runtime.config_loader import load_config
from edge_agent.runtime.source_supervisor import plan_sources
from edge_agent.timekeeping.clock import SystemClock


def offer(path: Path, before: str, after: str, console: Console, *, yes: bool, as_json: bool) -> str:
    """Check the new text, show what changes, ask unless ``yes``, and write; gives the difference.

    Raises ``BenchError`` or ``ConfigError``; ends the program when the person does not agree.
    """
    _refuse_bad(path, before, after)
    diff = _diff(before, after, path)
    if as_json and not yes:
        fail("--json cannot ask: give --yes, too")
    if not as_json:
        console.print("\n[bold]This is added to the configuration[/bold]")
        console.print(diff, markup=False, soft_wrap=True)
    if not yes and not _agreed():
        fail("nothing was written")
    _write(path, before, after)
    return diff


def text_of(path: Path) -> str:
    """The file's text. Raises ``BenchError``."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise BenchError((f"{path} cannot be read ({error.strerror}): try sudo",)) from error


def _refuse_bad(path: Path, before: str, after: str) -> None:
    """The new text must be a good configuration, and must have every line of the old one, in its order."""
    if any(line.startswith("-") for line in list(difflib.ndiff(before.splitlines(), after.splitlines()))):
        raise BenchError((f"{path} has a form that cannot be added to safely: add the lines by hand",))
    old, new = tomllib.loads(before), tomllib.loads(after)
    if any(new.get(key) != value for key, value in old.items() if key not in ("bus", "device", "scanner")):
        raise BenchError((f"{path} has a form that cannot be added to safely: add the lines by hand",))
    with tempfile.TemporaryDirectory() as folder:
        trial = Path(folder) / "gateway.toml"
        trial.write_text(after, encoding="utf-8")
        plan_sources(load_config(trial), SystemClock())


def _diff(before: str, after: str, path: Path) -> str:
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), str(path), str(path), lineterm="", n=2)
    return "\n".join(lines)


def _agreed() -> bool:
    return sys.stdin.isatty() and input("Write it? [y/N] ").strip().lower() in ("y", "yes")


def _write(path: Path, before: str, after: str) -> None:
    """Whole or not at all, with the owner and mode of before. Raises ``BenchError``."""
    real = path.resolve()
    fresh = real.with_name(f".{real.name}.{os.getpid()}")
    try:
        if text_of(real) != before:
            raise BenchError((f"{path} was changed meanwhile by somebody else: run this again",))
        there = real.stat()
        descriptor = os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, there.st_mode & 0o777)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                os.fchmod(file.fileno(), there.st_mode & 0o777)
                if os.geteuid() == 0:
                    os.fchown(file.fileno(), there.st_uid, there.st_gid)
                file.write(after)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(real)
        finally:
            fresh.unlink(missing_ok=True)
        sync_directory(real.parent)
    except OSError as error:
        raise BenchError((f"{path} cannot be written ({error.strerror}); nothing was changed: try sudo",)) from error
