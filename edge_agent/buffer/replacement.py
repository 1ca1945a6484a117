"""A new journal in the place of one that must not be continued: its disk was copied, or restored from an old copy.

The ledger then holds other batches under the same numbers (a fork). The old journal is renamed and kept. Whatever in
it still waits is sent as it was signed, under its old id; what was called a fork holds facts that the ledger does not
have, and gets numbers of the new journal.
"""

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path

from edge_agent.buffer.journal import Journal
from edge_agent.buffer.lock import lock_journal
from edge_agent.buffer.reader import FILE_NAME, JournalReader
from edge_agent.buffer.stored_batch import JournalLine, StoredBatch
from edge_agent.domain.wire.records import Lane, Notice, NoticeKind
from edge_agent.domain.wire.wire import WireError, decode_batch
from edge_agent.errors import JournalError
from edge_agent.host.fsync import sync_directory
from edge_agent.timekeeping.clock import stamp

REASON_FILE = "replaced.json"
REASON_CHARACTERS_MAX = 1000


def set_journal_aside(path: Path, reason: str, now: datetime) -> Path:
    """Rename the journal in ``path`` to ``<path>-replaced-<time>``; gives the new path.

    Its next start makes a new journal and takes over what waits. Raises ``JournalError`` if there is none, if the
    agent is running, or if the disk does not allow it.
    """
    if not (path / FILE_NAME).exists():
        raise JournalError(f"there is no journal in {path}: nothing has to be replaced")
    lock = lock_journal(path)
    try:
        _put_reason(path, reason)
        aside = _free_name(path, now)
        path.rename(aside)
        sync_directory(path.parent)
    except OSError as error:
        raise JournalError(f"{path} cannot be set aside ({error.strerror}): make it writable") from error
    finally:
        os.close(lock)
    return aside


def adopt_replaced(journal: Journal) -> None:
    """Take over from each replaced journal beside this one what was not taken over before; a crash repeats it."""
    done = journal.adopted()
    for path in sorted(journal.path.parent.glob(f"{journal.path.name}-replaced-*")):
        if path.name not in done:
            with JournalReader.open(path) as old:
                found = _Found(old.journal, _reason(path))
                journal.adopt(
                    path.name, _as_signed(old, found), partial(_notices, journal, found), anew=_anew(old, found)
                )


@dataclass
class _Found:
    """What was taken over so far."""

    journal: str
    reason: str
    kept_batches: int = 0
    anew_records: int = 0
    last: dict[Lane, int] = field(default_factory=dict)


def _as_signed(old: JournalReader, found: _Found) -> Iterator[StoredBatch]:
    found.last = {lane.lane: lane.last_seq for lane in old.status().lanes}
    for batch in old.batches():
        if batch.state != "fork":
            found.kept_batches += 1
            yield batch


def _anew(old: JournalReader, found: _Found) -> Iterator[tuple[Lane, Sequence[JournalLine]]]:
    for batch in old.batches():
        if batch.state == "fork":
            try:
                lines = [JournalLine(line, batch.until_ms) for line in decode_batch(batch.raw).lines]
            except WireError:
                continue  # rotten since; the old file is kept
            found.anew_records += len(lines)
            yield batch.lane, lines


def _notices(journal: Journal, found: _Found) -> list[Notice]:
    notice = Notice(
        stamp=stamp(journal.clock),
        notice=NoticeKind.NEW_JOURNAL,
        subject="journal",
        text=f"journal {found.journal} was set aside and this one started: {found.reason}",
        data={
            "journal": found.journal,
            "last_scan": found.last.get(Lane.SCANS),
            "last_reading": found.last.get(Lane.READINGS),
            "kept_batches": found.kept_batches,
            "renumbered_records": found.anew_records,
        },
    )
    return [notice]


def _put_reason(path: Path, reason: str) -> None:
    with (path / REASON_FILE).open("w") as file:
        json.dump({"reason": reason[:REASON_CHARACTERS_MAX]}, file)
        file.flush()
        os.fsync(file.fileno())
    sync_directory(path)


def _reason(path: Path) -> str:
    try:
        return str(json.loads((path / REASON_FILE).read_text())["reason"])
    except (OSError, ValueError, KeyError, TypeError):
        return "no reason is known"


def _free_name(path: Path, now: datetime) -> Path:
    name = f"{path.name}-replaced-{now:%Y%m%dT%H%M%SZ}"
    aside, number = path.with_name(name), 1
    while aside.exists():
        number += 1
        aside = path.with_name(f"{name}-{number}")
    return aside
