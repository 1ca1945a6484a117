"""The desk on the gateway's disk: the last snapshot of the ledger, and how old it is. TinyDB on an atomic storage."""

import json
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tinydb import TinyDB

from edge_agent.buffer.atomic_storage import AtomicStorage
from edge_agent.domain.stock.desk import DeskFault, DeskSnapshot, desk_json, desk_of
from edge_agent.domain.wire.request_signing import written
from edge_agent.timekeeping.clock import Clock

FILE_NAME = "desk.json"
HEAD = ("gateway", "site", "badge_salt", "version")
LISTS = tuple(field.name for field in fields(DeskSnapshot) if field.name not in HEAD)
CONFIRM_ON_DISK_S = 3600.0
"""A ledger that says "nothing has changed" refreshes the age in memory at once, on disk this often."""


@dataclass(frozen=True, slots=True)
class Desk:
    """A snapshot and when it was true.

    ``taken_at`` is the ledger's time, ``asked_at`` our wall time and ``asked_mono_s`` our monotonic time in boot
    ``boot`` when we asked for it, or asked and heard that it still holds.
    """

    snapshot: DeskSnapshot
    etag: str
    taken_at: datetime
    asked_at: datetime
    asked_mono_s: float
    boot: str

    def age_s(self, clock: Clock) -> float | None:
        """Seconds since it was true; by the wall clock after a reboot; None while that is not set."""
        if clock.boot == self.boot:
            return max(0.0, clock.mono_s() - self.asked_mono_s)
        if not clock.is_synced():
            return None
        return max(0.0, (clock.now() - self.asked_at).total_seconds())

    def not_before(self, clock: Clock) -> datetime:
        """A time that it is now at least, whatever the wall clock says: nothing expired becomes good by a reset."""
        elapsed_s = max(0.0, clock.mono_s() - self.asked_mono_s) if clock.boot == self.boot else 0.0
        return max(clock.now(), self.taken_at + timedelta(seconds=elapsed_s))

    def confirmed(self, taken_at: datetime, clock: Clock) -> "Desk":
        """The same content, true at ``taken_at``, asked for just now."""
        return replace(self, taken_at=taken_at, asked_at=clock.now(), asked_mono_s=clock.mono_s(), boot=str(clock.boot))


class DeskStore:
    """Keeps one desk. Blocking: call it from a thread."""

    def __init__(self, data_dir: Path) -> None:
        """``data_dir`` exists."""
        self._db = TinyDB(data_dir / FILE_NAME, storage=AtomicStorage)

    def load(self) -> tuple[Desk | None, str]:
        """The desk that was kept last, and what was wrong with its file ("" if nothing). Never raises for a file."""
        storage = self._db.storage
        meta = self._db.table("meta").all()
        damage = storage.damage if isinstance(storage, AtomicStorage) else ""
        if not meta:
            return None, damage
        try:
            return _desk_of(dict(meta[0]), {name: self._db.table(name).all() for name in LISTS}), ""
        except (KeyError, TypeError, ValueError) as error:
            return None, f"{FILE_NAME} holds no desk of this version: {error}"

    def keep(self, desk: Desk) -> None:
        """Replace what was kept, all at once. Durable on return; raises ``OSError``."""
        content: dict[str, Any] = json.loads(desk_json(desk.snapshot))
        meta = {
            **{key: content[key] for key in HEAD}, "etag": desk.etag,
            "taken_at": written(desk.taken_at), "asked_at": written(desk.asked_at),
            "asked_mono_s": desk.asked_mono_s, "boot": desk.boot,
        }  # fmt: skip
        tables = {name: {str(at): row for at, row in enumerate(content[name], start=1)} for name in LISTS}
        # One write for all tables: TinyDB's own inserts would write, and sync, the whole file once for each.
        self._db.storage.write({"meta": {"1": meta}, **tables})

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()


def last_desk(data_dir: Path) -> Desk | None:
    """The desk that was kept last, without making a file where there is none; None if there is none to be read."""
    if not (data_dir / FILE_NAME).is_file():
        return None
    store = DeskStore(data_dir)
    try:
        return store.load()[0]
    finally:
        store.close()


def said_age(desk: Desk | None, clock: Clock) -> str:
    """How old the desk is, in words."""
    if desk is None:
        return "no ledger data yet"
    age_s = desk.age_s(clock)
    return f"ledger data of {written(desk.taken_at)}" if age_s is None else f"ledger data from {in_words(age_s)} ago"


def in_words(seconds: float) -> str:
    """A duration for people.

    >>> in_words(45), in_words(200), in_words(9000), in_words(200_000)
    ('45 s', '3 min', '2 h', '2 days')
    """
    for size_s, least_s, unit in ((1, 0, "s"), (60, 120, "min"), (3600, 7200, "h"), (86_400, 172_800, "days")):
        if seconds >= least_s:
            told = f"{int(seconds // size_s)} {unit}"
    return told


def _desk_of(meta: dict[str, Any], lists: dict[str, list[Any]]) -> Desk:
    head = {key: meta[key] for key in HEAD}
    try:
        snapshot = desk_of(json.dumps({**head, **lists}).encode())
    except DeskFault as fault:
        raise ValueError(fault.reason) from fault
    return Desk(
        snapshot=snapshot,
        etag=str(meta["etag"]),
        taken_at=_time(meta["taken_at"]),
        asked_at=_time(meta["asked_at"]),
        asked_mono_s=float(meta["asked_mono_s"]),
        boot=str(meta["boot"]),
    )


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
