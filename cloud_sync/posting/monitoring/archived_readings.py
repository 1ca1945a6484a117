"""Readings that have left the database for the archive, when something looks at their time again.

Whatever judges or shows the past reads them from the table ``reading`` like all others: either they come back to stay
(:func:`bring_home`), for what is judged, or until the end of a block (:func:`recalled`), for what is only looked at. So
nothing decides by another rule because of where readings are. The next run of the archive takes them away again. Only
what is merely listed is merged (:func:`values_away`).

A file that is missing, damaged or exchanged is never read as if nothing had been measured: :class:`ArchiveUnreadable`
names it to whoever wanted to look; what is judged leaves all decisions about that time as they are, and is a case.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import groupby
from typing import TypeVar

from cloud_sync.archive.opening import store_at
from cloud_sync.archive.parquet_file import FetchedPart, Reading, instant, read_part, read_values
from cloud_sync.archive.part_cache import PartCache
from cloud_sync.archive.stores import Store, StoreFault
from cloud_sync.errors import ArchiveUnreadable, Invalid
from cloud_sync.ingest.binary_copy import END, HEADER, plain_row, row_end, row_start
from cloud_sync.posting.cases import Case, count_case
from cloud_sync.storage.database import Connection, Row
from cloud_sync.storage.queries import queries

UNREADABLE = "archive_unreadable"
"""The kind of case about a file of the archive that cannot be read."""
EVER = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
CACHED_BYTES = 64 << 20
_POSTGRES_EPOCH_US = 946_684_800_000_000
"""2000-01-01 in microseconds since 1970."""
_FROM_AFAR = PartCache(CACHED_BYTES)
T = TypeVar("T")


def borders_of(connection: Connection, channel_ids: Iterable[int]) -> dict[int, datetime]:
    """The last reading of each channel that has left the database; only of channels of which any has."""
    rows = queries("archive").borders(connection, channel_ids=sorted(channel_ids))
    return {row["channel_id"]: row["border"] for row in rows}


def reaches_across(connection: Connection, channel_id: int, first: datetime) -> bool:
    """Whether the last reading of a channel up to an instant may have left the database."""
    border = borders_of(connection, [channel_id]).get(channel_id)
    return border is not None and (first <= border or not measured_between(connection, channel_id, border, first))


def measured_between(connection: Connection, channel_id: int, first: datetime, last: datetime) -> bool:
    """Whether a channel measured after one instant and before another, as far as the database has it."""
    return bool(queries("archive").has_readings_between(connection, channel_id=channel_id, first=first, last=last))


def bring_home(connection: Connection, channel_ids: Iterable[int]) -> dict[int, datetime]:
    """Take all readings of these channels back into the database. The caller has locked the channels.

    Gives the borders of those of which a file cannot be read: nothing of them is brought back, and it is a case.
    """
    blind: dict[int, datetime] = {}
    borders = borders_of(connection, channel_ids)
    for channel_id in sorted(borders):
        try:
            with connection.transaction():
                list(queries("archive").lock_parts(connection, channel_id=channel_id))
                for part, readings in _read(connection, [channel_id], *EVER):
                    _insert(connection, part, readings)
                    queries("archive").is_home(connection, file_id=part["file_id"], numbers=[part["number"]])
        except ArchiveUnreadable as error:
            blind[channel_id] = borders[channel_id]
            _note_unreadable(connection, error, channel_id)
    return blind


@contextmanager
def recalled(
    connection: Connection, channel_ids: Iterable[int], first: datetime, last: datetime, *, before: bool = False
) -> Iterator[None]:
    """Until the end of the block, the database has what these channels measured between two instants; with ``before``,
    the readings before as well, as far as the part before goes. What else is written in the block is undone, too.

    Raises ``ArchiveUnreadable``.
    """
    ids = sorted(borders_of(connection, channel_ids))
    if not ids:
        yield
        return
    with connection.transaction(force_rollback=True):
        for channel_id in ids:
            begins = queries("archive").part_before(connection, channel_id=channel_id, at=first) if before else None
            for part, readings in _read(connection, [channel_id], begins or first, last):
                _insert(connection, part, readings)
        yield


def values_away(
    connection: Connection, channel_id: int, first: datetime, last: datetime, *, rows_max: int
) -> list[tuple[datetime, float]]:
    """What a channel measured between two instants and has left the database, in the order of time: the first of them.

    For whoever only shows it: nothing is written. Raises ``ArchiveUnreadable``.
    """
    rows = _parts(connection, [channel_id], first, last) if borders_of(connection, [channel_id]) else []
    found: list[tuple[int, float]] = []
    for part, values in _read_parts(connection, rows, first, last, read_values):
        if len(found) >= rows_max and instant(found[rows_max - 1][0]) < part["first_at"]:
            break
        found = sorted(found + values) if found else values
    return [(instant(at_us), value) for at_us, value in found[:rows_max]]


def _read(
    connection: Connection, channel_ids: list[int], first: datetime, last: datetime
) -> Iterator[tuple[Row, list[Reading]]]:
    """Parts that are away, each with its readings. Raises ``ArchiveUnreadable``."""
    return _read_parts(connection, _parts(connection, channel_ids, first, last), first, last, read_part)


def _parts(connection: Connection, channel_ids: list[int], first: datetime, last: datetime) -> list[Row]:
    return list(queries("archive").parts_away(connection, channel_ids=channel_ids, first=first, last=last))


def _read_parts(
    connection: Connection,
    rows: list[Row],
    first: datetime,
    last: datetime,
    read: Callable[[FetchedPart, tuple[datetime, datetime] | None], list[T]],
) -> Iterator[tuple[Row, list[T]]]:
    if not rows:
        return
    try:
        store = opened_store(connection)
        for _, parts in groupby(rows, key=lambda row: row["name"]):
            of_file = list(parts)
            footer = _footer(store, of_file[0])
            for part in of_file:
                yield part, _part(store, part, footer, first, last, read)
    except ArchiveUnreadable as error:
        before = max(row["last_at"] for row in rows).astimezone(UTC)
        raise ArchiveUnreadable(error.name, error.why, error.helps, before=before) from error


def _footer(store: Store, row: Row) -> bytes:
    size = row["footer_bytes"]
    return checked(store, row["name"], row["file_bytes"] - size, size, row["footer_sha256"])


def _part(
    store: Store,
    part: Row,
    footer: bytes,
    first: datetime,
    last: datetime,
    read: Callable[[FetchedPart, tuple[datetime, datetime] | None], list[T]],
) -> list[T]:
    raw = checked(store, part["name"], part["byte_offset"], part["bytes"], part["sha256"])
    is_whole = first <= part["first_at"] and part["last_at"] <= last
    fetched = FetchedPart(part["number"], part["byte_offset"], raw, footer, part["file_bytes"])
    try:
        readings = read(fetched, None if is_whole else (first, last))
    except ValueError as error:
        raise ArchiveUnreadable(part["name"], f"the file is damaged ({error})") from error
    except Invalid as error:  # the package that reads it is not installed on this machine
        raise ArchiveUnreadable(part["name"], str(error), error.what_to_do) from error
    if is_whole and len(readings) != part["row_count"]:
        raise ArchiveUnreadable(part["name"], "the file does not hold as many readings as it did")
    return readings


def missing_between(
    connection: Connection, channel_ids: Iterable[int], first: datetime, last: datetime
) -> ArchiveUnreadable | None:
    """Why what these channels measured between two instants cannot be read in whole, as far as the files' sizes say so;
    None if it can."""
    ids = sorted(borders_of(connection, channel_ids))
    rows = _parts(connection, ids, first, last) if ids else []
    if not rows:
        return None
    before = max(row["last_at"] for row in rows).astimezone(UTC)
    try:
        store = opened_store(connection)
        for name, size in sorted({(row["name"], row["file_bytes"]) for row in rows}):
            found = store.size(name)
            if found != size:
                why = "the file is missing" if found is None else f"the file has {found} bytes and not {size}"
                return ArchiveUnreadable(name, why, before=before)
    except StoreFault as error:
        return ArchiveUnreadable(name, str(error), error.what_to_do, before=before)
    except ArchiveUnreadable as error:
        return ArchiveUnreadable(error.name, error.why, error.helps, before=before)
    return None


def archived_channels_in(connection: Connection, gateway_id: int) -> list[int]:
    """The channels of a gateway of which readings have left the database."""
    rows = queries("archive").archived_channels_of_gateway(connection, gateway_id=gateway_id)
    return [row["id"] for row in rows]


def archived_channels_of(connection: Connection, gateway: str) -> list[int]:
    """The same by the gateway's name."""
    return [row["id"] for row in queries("archive").archived_channels_named(connection, gateway=gateway)]


def opened_store(connection: Connection) -> Store:
    """Where the archive is. Raises ``ArchiveUnreadable`` if nobody has said so, or it is no place of this machine's."""
    url = queries("archive").store(connection)
    if url is None:
        raise ArchiveUnreadable("the archive", "this ledger has no folder for it")
    try:
        return store_at(url)
    except Invalid as error:
        raise ArchiveUnreadable(url, str(error), error.what_to_do) from error


def checked(store: Store, name: str, offset: int, size: int, sha256: bytes, *, anew: bool = False) -> bytes:
    """Bytes of a file, as they were written; what came over a network lately is not fetched again, unless ``anew``.

    Raises ``ArchiveUnreadable``.
    """
    if store.is_far and not anew and (known := _FROM_AFAR.get(bytes(sha256))) is not None:
        return known
    try:
        raw = store.part(name, offset, size)
    except StoreFault as error:
        raise ArchiveUnreadable(name, str(error), error.what_to_do) from error
    if len(raw) < size:
        raise ArchiveUnreadable(name, "the file is shorter than it was")
    if hashlib.sha256(raw).digest() != bytes(sha256):
        raise ArchiveUnreadable(name, "the file is not the one that was written: its hash differs")
    if store.is_far and not anew:
        _FROM_AFAR.put(bytes(sha256), raw)
    return raw


def _insert(connection: Connection, part: Row, readings: list[Reading]) -> None:
    if not readings:
        return
    queries("retention").make_partitions(connection, first_at=part["first_at"], last_at=part["last_at"])
    start, ends = row_start(part["channel_id"]), dict[int, bytes]()
    rows = [HEADER]
    for at_us, seq, value, evidence_id in readings:
        end = ends.get(evidence_id) or ends.setdefault(evidence_id, row_end(evidence_id))
        rows.append(plain_row(start, at_us - _POSTGRES_EPOCH_US, 8, seq, 8, value, end))
    with connection.cursor() as cursor, cursor.copy(queries("ingest").copy_readings.sql) as copy:
        copy.write(b"".join([*rows, END]))


def _note_unreadable(connection: Connection, error: ArchiveUnreadable, channel_id: int) -> None:
    count_case(
        connection,
        Case(
            UNREADABLE,
            error.name,
            f"{error.name}: {error.why}. What was decided about its time stands; readings and rules that came since "
            "are not judged for that time until the file is there again.",
            data={"file": error.name, "why": error.why, "channel": channel_id},
        ),
    )
