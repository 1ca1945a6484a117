"""A disk for whole files whose power can be cut: every step is noted, and any state a cut may leave is made.

What was synced is there. Of a file whose content was not, nothing, a part or all is there; of the names that a folder
was given, and that were not synced with it, any first few.
"""

import random
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from edge_agent.fleet.launcher import Disk


@dataclass(frozen=True)
class Step:
    """``what``: data, sync, name (``path`` is now what ``source`` was, a link to ``target``, or gone), folder."""

    what: str
    path: Path
    data: bytes = b""
    source: Path | None = None
    target: str | None = None


@dataclass
class ModelDisk(Disk):
    """Does what it is told below ``home``, and keeps the steps. ``on_step`` is told after each how many there are."""

    home: Path
    on_step: Callable[[int], None] = lambda _count: None
    steps: list[Step] = field(default_factory=list)

    def write(self, path: Path, data: bytes, mode: int = 0o600) -> None:
        fresh = path.with_name(f".{path.name}.new")
        super().write(path, data, mode)
        last = self.steps.pop()  # the folder's sync, which the real one ended with
        self._note(Step("name", fresh, source=fresh))
        self._note(Step("data", fresh, data))
        self._note(Step("sync", fresh))
        self._note(Step("name", path, source=fresh))
        self._note(last)

    def create(self, path: Path, data: bytes, mode: int = 0o600) -> None:
        super().create(path, data, mode)
        self._note(Step("name", path, source=path))
        self._note(Step("data", path, data))
        self._note(Step("sync", path))

    def point(self, link: Path, target: str) -> None:
        super().point(link, target)
        last = self.steps.pop()
        self._note(Step("name", link, target=target))
        self._note(last)

    def rename(self, path: Path, to: Path) -> None:
        super().rename(path, to)
        last = self.steps.pop()
        self._note(Step("name", to, source=path))
        self._note(last)

    def remove(self, path: Path) -> None:
        super().remove(path)
        last = self.steps.pop()
        self._note(Step("name", path))
        self._note(last)

    def sync_folder(self, path: Path) -> None:
        super().sync_folder(path)
        self.steps.append(Step("folder", path))
        self.on_step(len(self.steps))

    def _note(self, step: Step) -> None:
        self.steps.append(step)
        self.on_step(len(self.steps))


def image(steps: list[Step], chance: random.Random) -> dict[Path, bytes | str]:
    """One state in which a power cut after these steps may leave the disk: content of files, targets of links."""
    lost = _lost(steps, chance)
    there: dict[Path, bytes | str] = {}
    synced = _synced(steps)
    for number, step in enumerate(steps):
        if step.what == "data" and step.path in there:
            there[step.path] = (
                step.data if number in synced else step.data[: chance.choice([0, len(step.data) // 2, len(step.data)])]
            )
        elif step.what == "name" and number not in lost:
            _name(there, step)
    return there


def written_to(home: Path, files: dict[Path, bytes | str], at: Path) -> None:
    """Lay an image of ``at`` out below ``home``."""
    for path, content in files.items():
        target = home / path.relative_to(at)
        target.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, str):
            target.symlink_to(content)
        else:
            target.write_bytes(content)
            target.chmod(0o700)


def _lost(steps: list[Step], chance: random.Random) -> set[int]:
    """Names that were given and not synced; of each folder any last few."""
    waiting: dict[Path, list[int]] = defaultdict(list)
    for number, step in enumerate(steps):
        if step.what == "folder":
            waiting[step.path].clear()
        elif step.what == "name":
            waiting[step.path.parent].append(number)
    return {number for names in waiting.values() for number in names[chance.randrange(len(names) + 1) :]}


def _synced(steps: list[Step]) -> set[int]:
    found, latest = set[int](), dict[Path, int]()
    for number, step in enumerate(steps):
        if step.what == "data":
            latest[step.path] = number
        elif step.what == "sync" and step.path in latest:
            found.add(latest[step.path])
    return found


def _name(there: dict[Path, bytes | str], step: Step) -> None:
    if step.target is not None:
        there[step.path] = step.target
    elif step.source is None:
        there.pop(step.path, None)
    elif step.source == step.path:
        there[step.path] = b""
    else:
        moved = {path for path in there if path == step.source or step.source in path.parents}
        for path in moved:
            there[step.path / path.relative_to(step.source) if path != step.source else step.path] = there.pop(path)
