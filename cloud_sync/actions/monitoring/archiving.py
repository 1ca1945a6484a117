"""Months of readings written to the archive, read back, compared, and only then let out of the database."""

import json
import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg

from cloud_sync.actions.gateways.ledger_keys import keys_in
from cloud_sync.actions.monitoring.retention import months_before
from cloud_sync.archive.manifests import (
    FORM,
    ListedFile,
    manifest_body,
    manifest_file,
    manifest_name,
    sha256_of,
)
from cloud_sync.archive.parquet_file import FetchedPart, ParquetWriter, Reading, WrittenFile, read_part
from cloud_sync.archive.stores import Store, StoreFault
from cloud_sync.errors import ArchiveUnreadable, Conflict, DatabaseDown, Overtaken
from cloud_sync.posting.monitoring.archived_readings import checked
from cloud_sync.posting.monitoring.subjects import subjects_of
from cloud_sync.storage.database import Connection, Database, Row
from cloud_sync.storage.events import add_event
from cloud_sync.storage.queries import queries

ATTEMPTS_MAX = 5
"""To find a moment in which nobody reads readings."""
ARCHIVE = 0x41524348
"""The key of the lock of a run. Any fixed number that no other lock has."""
LOST_AFTER_S = 30
"""After which a run whose machine died keeps no other one off."""
SUFFIX = ".parquet"
LOOK_AT_DISK = "Nothing has left the database. Look at the disk or bucket of the archive, then run it again."

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ArchivedMonth:
    """What a run did with a month. ``stayed``: readings of it that the database keeps."""

    month: str
    files: int
    readings: int
    size_bytes: int
    stayed: int


@dataclass(frozen=True, slots=True)
class _Planned:
    """Files of a month that were written and compared, not yet known to the ledger. ``stays`` by channel is what the
    database keeps of it, ``marks`` what leaves."""

    files: tuple[tuple[int, ListedFile], ...]
    stays: dict[int, str]
    marks: dict[int, tuple[int, int]]


def archive_readings(
    database: Database, store: Store, *, months: int, at: datetime, actor: str
) -> Iterator[ArchivedMonth]:
    """Archive the months that ended more than ``months`` months before ``at``, the oldest first; each as it is done.

    Of gateways whose journals have a hole nothing is archived: what is missing may be of any month. Running it again
    archives what has come or come back since. Raises ``Conflict`` if files cannot be written, if the store is another
    one than the ledger's and has none of its files, or while another run archives.
    """
    with _alone(database):
        with database.transaction() as connection:
            _use_store(connection, store, actor)
            before = months_before(at, months)
            found = list(queries("retention").months_before(connection, before=before))
        for month in found:
            if (done := _archive_month(database, store, month, at=at, actor=actor)) is not None:
                yield done


@contextmanager
def _alone(database: Database) -> Iterator[None]:
    """Keep other runs off. Raises ``Conflict`` if one is under way."""
    with database.session(lost_after_s=LOST_AFTER_S) as turn, ExitStack() as at_end:
        if not queries("locks").try_to_lead(turn, key=ARCHIVE):
            raise Conflict(
                "another run of cloud-sync archive is under way", "Let it end, then look: cloud-sync archive."
            )
        at_end.callback(_let_others, turn)
        try:
            yield
        except DatabaseDown:
            at_end.pop_all()  # a server that is silent would not answer this either; it ends the session itself
            raise


def _let_others(turn: Connection) -> None:
    with suppress(psycopg.OperationalError):
        queries("locks").end_lead(turn, key=ARCHIVE)


def _use_store(connection: Connection, store: Store, actor: str) -> None:
    known = queries("archive").store(connection)
    if known == store.url:
        return
    last = queries("archive").last_manifest(connection)
    if last is not None:
        with _said_as_conflict():
            raw = store.part(last["name"], 0, store.size(last["name"]) or 0)
        if sha256_of(raw) != bytes(last["sha256"]):
            raise Conflict(
                f"the archive of this ledger is {known}, and {store.url} does not hold its files",
                "Copy all files there first, then give the new place.",
            )
    queries("archive").set_store(connection, url=store.url, set_by=actor)
    data = {"store": store.url, "before": known}
    add_event(connection, actor=actor, kind="archive_placed", subject="archive", data=data)


def _archive_month(database: Database, store: Store, month: Row, *, at: datetime, actor: str) -> ArchivedMonth | None:
    with TemporaryDirectory(prefix="lotwarden-archive-") as scratch, _said_as_conflict():
        number = _next_number(database, store)
        planned = _written(database, store, month, number, Path(scratch))
        if not planned.files:
            return None
        manifest = _put_manifest(database, store, planned, number, at, actor, Path(scratch))
        try:
            return _let_leave(database, month, planned, number, manifest, at, actor)
        except Conflict:
            for name in (*(each.name for _, each in planned.files), manifest_name(number)):
                with suppress(StoreFault):
                    store.remove(name)
            raise


def _next_number(database: Database, store: Store) -> int:
    """The number after the last manifest; a store that is newer than the ledger (restored) has used more of them."""
    with database.transaction() as connection:
        last = queries("archive").last_manifest(connection)
    number = last["number"] + 1 if last else 1
    while store.size(manifest_name(number)) is not None:
        number += 1
    return number


def _written(database: Database, store: Store, month: Row, number: int, scratch: Path) -> _Planned:
    """Write what may leave as it is at one instant, a file a gateway; read each back from the store and compare."""
    span = {"began_at": month["began_at"], "ended_at": month["ended_at"]}
    files: list[tuple[int, ListedFile]] = []
    stays: dict[int, str] = {}
    with database.transaction() as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        holes = {row["gateway_id"] for row in queries("archive").gateways_with_holes(connection)}
        rows = [row for row in queries("archive").channels_of_month(connection, **span)
                if row["gateway_id"] not in holes]  # fmt: skip
        kept = _counting_from(connection, [row["channel_id"] for row in rows])
        for row in rows:
            stays[row["channel_id"]] = queries("archive").with_instants(
                connection, stays=row["stays"], instants=kept.get(row["channel_id"], [])
            )
        marks = _marks(connection, month["name"], stays)
        for gateway_id, group in groupby(rows, key=lambda row: row["gateway_id"]):
            channels = [row for row in group if row["channel_id"] in marks]
            listed = _write_file(connection, store, span, channels, stays, number, scratch)
            if listed is not None:
                files.append((gateway_id, listed))
    return _Planned(tuple(files), stays, marks)


def _counting_from(connection: Connection, channel_ids: list[int]) -> dict[int, list[datetime]]:
    """Readings from which rules count since a device began to measure in a place: asked for with every new reading."""
    found: dict[int, list[datetime]] = {}
    for subject in subjects_of(connection, channel_ids):
        if subject.started_at is not None:
            found.setdefault(subject.channel_id, []).append(subject.started_at)
    return found


def _marks(connection: Connection, name: str, stays: dict[int, str]) -> dict[int, tuple[int, int]]:
    rows = queries("archive").marks(connection, name=name, plan=_plan(stays))
    return {row["channel_id"]: (row["row_count"], row["mark"]) for row in rows}


def _plan(stays: dict[int, str]) -> str:
    return json.dumps([{"channel_id": each, "stays": text} for each, text in sorted(stays.items())])


def _write_file(
    connection: Connection,
    store: Store,
    span: dict[str, datetime],
    channels: list[Row],
    stays: dict[int, str],
    number: int,
    scratch: Path,
) -> ListedFile | None:
    if not channels:
        return None
    month, gateway = f"{span['began_at']:%Y-%m}", channels[0]["gateway"]
    path = scratch / f"{channels[0]['gateway_id']}{SUFFIX}"
    writer = ParquetWriter(path, {"gateway": gateway, "month": month, "written_by": "lotwarden"})
    for row in channels:
        writer.add(row["channel_id"], row["device"], row["metric"], _readings(connection, row, span, stays))
    written = writer.close()
    assert written is not None  # noqa: S101 - channels without readings that leave were left out
    name = f"readings/{month}/{_safe(gateway)}.{number:06}{SUFFIX}"
    store.put(name, path)
    _compare(connection, store, name, written, span, channels, stays)
    path.unlink()
    return ListedFile(name, gateway, month, written)


def _readings(connection: Connection, channel: Row, span: dict[str, datetime], stays: dict[int, str]) -> list[Reading]:
    rows = queries("archive").rows_that_leave(
        connection, channel_id=channel["channel_id"], **span, stays=stays[channel["channel_id"]]
    )
    return [(row["at_us"], row["seq"], row["value"], row["evidence_id"]) for row in rows]


def _compare(
    connection: Connection,
    store: Store,
    name: str,
    written: WrittenFile,
    span: dict[str, datetime],
    channels: list[Row],
    stays: dict[int, str],
) -> None:
    """Read every part from the store, and hold it against the database reading by reading. Raises ``Conflict``."""
    footer = checked(
        store, name, written.size_bytes - written.footer_bytes, written.footer_bytes, written.footer_sha256, anew=True
    )
    back: dict[int, list[Reading]] = {}
    for part in written.parts:
        raw = checked(store, name, part.byte_offset, part.size_bytes, part.sha256, anew=True)
        back.setdefault(part.channel_id, []).extend(
            read_part(FetchedPart(part.number, part.byte_offset, raw, footer, written.size_bytes))
        )
    for row in channels:
        if back.pop(row["channel_id"], []) != _readings(connection, row, span, stays):
            raise Conflict(
                f"{name} does not hold what was written", "Look at the disk or bucket it is on; run it again."
            )
    if back:
        raise Conflict(f"{name} holds more than was written", "Look at the disk or bucket it is on; run it again.")


def _put_manifest(
    database: Database, store: Store, planned: _Planned, number: int, at: datetime, actor: str, scratch: Path
) -> bytes:
    with database.transaction() as connection:
        keys, last = keys_in(connection), queries("archive").last_manifest(connection)
    previous = bytes(last["sha256"]).hex() if last else ""
    files = [each for _, each in planned.files]
    raw = manifest_file(
        keys.sign_body(FORM, manifest_body(number, files, previous_sha256=previous, made_at=at, made_by=actor))
    )
    path = scratch / "manifest.json"
    path.write_bytes(raw)
    store.put(manifest_name(number), path)
    return sha256_of(raw)


def _let_leave(
    database: Database, month: Row, planned: _Planned, number: int, manifest: bytes, at: datetime, actor: str
) -> ArchivedMonth:
    for attempt in range(ATTEMPTS_MAX):
        with (
            suppress(Overtaken),
            database.transaction() as connection,
            suppress(psycopg.errors.LockNotAvailable),
            connection.transaction(),
        ):
            return _leave(connection, month, planned, number, manifest, at, actor)
        log.info("%s is being read; attempt %d of %d", month["name"], attempt + 1, ATTEMPTS_MAX)
    raise Conflict(f"{month['name']} was in use all the time", "Nothing was changed. Run it again at a quieter hour.")


def _leave(
    connection: Connection, month: Row, planned: _Planned, number: int, manifest: bytes, at: datetime, actor: str
) -> ArchivedMonth:
    """Readings that come late for this month wait meanwhile. A channel that has changed since stays as a whole."""
    span = {"began_at": month["began_at"], "ended_at": month["ended_at"]}
    queries("retention").lock_month(connection, name=month["name"])
    now = _marks(connection, month["name"], planned.stays)
    leaving = {each: planned.stays[each] for each, mark in planned.marks.items() if now.get(each) == mark}
    queries("archive").roll_up_channels(connection, **span, channel_ids=sorted(leaving))
    queries("archive").add_manifest(
        connection, number=number, name=manifest_name(number), sha256=manifest, made_at=at, made_by=actor
    )
    for gateway_id, listed in planned.files:
        _add_file(connection, gateway_id, listed, number, month["began_at"], leaving)
    stayed = queries("archive").leave_month(connection, name=month["name"], plan=_plan(leaving))
    readings = sum(planned.marks[each][0] for each in leaving)
    size_bytes = sum(each.written.size_bytes for _, each in planned.files)
    done = ArchivedMonth(f"{month['began_at']:%Y-%m}", len(planned.files), readings, size_bytes, stayed)
    data = {"files": [each.name for _, each in planned.files], "readings": readings, "stayed": stayed,
            "manifest": manifest_name(number), "sha256": manifest.hex()}  # fmt: skip
    add_event(connection, actor=actor, kind="readings_archived", subject=f"readings:{month['name']}", data=data)
    return done


def _add_file(
    connection: Connection, gateway_id: int, listed: ListedFile, number: int, month: datetime, leaving: dict[int, str]
) -> None:
    written = listed.written
    file_id = queries("archive").add_file(
        connection,
        manifest=number,
        name=listed.name,
        month=month.date(),
        gateway_id=gateway_id,
        row_count=written.row_count,
        bytes=written.size_bytes,
        footer_bytes=written.footer_bytes,
        sha256=written.sha256,
        footer_sha256=written.footer_sha256,
    )
    rows: list[dict[str, Any]] = [
        {"file_id": file_id, "number": part.number, "channel_id": part.channel_id, "first_at": part.first_at,
         "last_at": part.last_at, "row_count": part.row_count, "byte_offset": part.byte_offset,
         "bytes": part.size_bytes, "sha256": part.sha256, "is_home": part.channel_id not in leaving}
        for part in written.parts
    ]  # fmt: skip
    queries("archive").add_part(connection, rows)


def _safe(name: str) -> str:
    """A gateway's name as part of a file's."""
    return "".join(each if each.isascii() and (each.isalnum() or each in "-_.") else "_" for each in name)


@contextmanager
def _said_as_conflict() -> Iterator[None]:
    try:
        yield
    except StoreFault as error:
        helps = f"Nothing has left the database. {error.what_to_do}" if error.what_to_do else LOOK_AT_DISK
        raise Conflict(f"the archive: {error}", helps) from error
    except ArchiveUnreadable as error:
        raise Conflict(f"the archive: {error.name}: {error.why}", LOOK_AT_DISK) from error
