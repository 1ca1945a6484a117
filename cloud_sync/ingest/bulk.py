"""Many batches of readings at once: a gateway that comes back after days sends thousands of them.

One transaction, one COPY and one judgement for all, instead of one for each; while the server stores the rows of one
batch, those of the next are made. What is not plain about a batch (another record than a reading, one that was told
again after thinning, a clock that was not synchronised, an unreadable line, a wrong signature, a fork) leaves it to
``batches.store_batch``, alone.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from cloud_sync.actions.monitoring.retention import make_months
from cloud_sync.ingest.binary_copy import END, HEADER
from cloud_sync.ingest.bulk_rows import NotPlain, RowMaker
from cloud_sync.ingest.envelopes import with_retold
from cloud_sync.ingest.fast_parser import EPOCH
from cloud_sync.ingest.lane_progress import advance
from cloud_sync.ingest.provenance import Sourced
from cloud_sync.ingest.readings import Unusable, keep_unusable, spans_with_unusable
from cloud_sync.ingest.time_window import TimeWindow
from cloud_sync.posting.monitoring.envelopes import Span, joined
from cloud_sync.posting.monitoring.rule_tracks import judge, judge_silence
from cloud_sync.posting.monitoring.unjudged import note_new_channels
from cloud_sync.storage.database import Connection, Row
from cloud_sync.storage.queries import queries
from edge_agent.domain.wire.records import Reading
from edge_agent.domain.wire.wire import BatchHeader, Verify, WireError, decode_batch, is_genuine

RECORDS_MAX = 100_000
"""Of one transaction."""
BYTES_AT_ONCE = 64 * 1024
"""Of rows in one message to the server."""

EVIDENCE_TYPES = ("int8", "int8", "uuid", "text", "int8", "int8", "bytea", "bytea", "bytea", "timestamptz")


@dataclass(frozen=True, slots=True)
class Sealed:
    """A batch of which only the header was read; it may turn out to be none."""

    index: int
    header: BatchHeader
    raw: bytes
    digest: str

    @property
    def last_seq(self) -> int:
        """Of its records."""
        return self.header.first + self.header.count - 1


@dataclass(frozen=True, slots=True)
class Kept:
    """A batch whose readings are in: ``unusable`` are those that were not good, ``last_at`` the latest time of any."""

    evidence_id: int
    sealed: Sealed
    unusable: tuple[Sourced[Reading], ...]
    last_at: datetime


@dataclass(frozen=True, slots=True)
class PartStored:
    """The indexes of what was stored together and of the duplicates, and from when to when good readings of it are."""

    indexes: list[int]
    duplicates: list[int]
    span: Span | None = None


Channels = dict[tuple[str, str], int]
"""Ids by device and metric."""


def in_parts(batches: Sequence[Sealed]) -> Iterator[list[Sealed]]:
    """Batches of one journal at a time, and no more at once than one transaction should hold."""
    by_journal: dict[tuple[str, str], list[Sealed]] = defaultdict(list)
    for each in batches:
        by_journal[each.header.gateway, each.header.journal].append(each)
    for group in by_journal.values():
        part: list[Sealed] = []
        records = 0
        for each in group:
            if part and records + each.header.count > RECORDS_MAX:
                yield part
                part, records = [], 0
            part.append(each)
            records += each.header.count
        yield part


def store_part(
    connection: Connection, gateway_id: int, verify: Verify, part: Sequence[Sealed], window: TimeWindow
) -> PartStored:
    """Store what is plain of batches of one trusted journal. The others have to be looked at alone."""
    lanes = sorted({f"{each.header.gateway}/{each.header.journal}/{each.header.lane}" for each in part})
    for lane in lanes:
        queries("ingest").lock_lane(connection, lane=lane)
    fresh, duplicates = _sorted_out(connection, gateway_id, part)
    new = _not_retold(connection, gateway_id, proven(fresh, verify))
    if not new:
        return PartStored([], duplicates)
    kept, spans, channels = _copy_readings(connection, gateway_id, new, window)
    if kept:
        _keep_evidence(connection, gateway_id, kept)
        for journal, lane in sorted({(each.sealed.header.journal, each.sealed.header.lane) for each in kept}):
            advance(connection, gateway_id, journal, lane.value)
        unusable = [Unusable(each.evidence_id, said.seq, said.record) for each in kept for said in each.unusable]
        keep_unusable(connection, gateway_id, unusable)
        judge(connection, spans)
        if queries("tracks").has_silence_rule(connection, gateway_id=gateway_id):
            judge_silence(connection, gateway_id, spans_with_unusable(spans, channels, unusable))
        queries("ingest").gateway_seen(connection, id=gateway_id)
    span = (min(first for first, _ in spans.values()), max(last for _, last in spans.values())) if spans else None
    return PartStored([each.sealed.index for each in kept], duplicates, span)


def _sorted_out(connection: Connection, gateway_id: int, part: Sequence[Sealed]) -> tuple[list[Sealed], list[int]]:
    """Those that overlap nothing that is stored nor each other, and the indexes of those that are stored already."""
    new: list[Sealed] = []
    duplicates: list[int] = []
    for run in _runs(part):
        if not _stored_near(connection, gateway_id, run[-1:], run[0].header.first):
            new += run
            continue
        near = _stored_near(connection, gateway_id, run, 0)
        for number, each in enumerate(run):
            row = near.get(number)
            if row is None or row["last_seq"] < each.header.first:
                new.append(each)
            elif bytes(row["digest"]).hex() == each.digest:
                duplicates.append(each.index)
    return new, duplicates


def _runs(part: Sequence[Sealed]) -> list[list[Sealed]]:
    """Batches that follow each other in a lane without a hole; of those that overlap, the first that came."""
    runs: list[list[Sealed]] = []
    for each in sorted(part, key=lambda each: (each.header.journal, each.header.first)):
        last = runs[-1][-1] if runs else None
        is_same_lane = last is not None and last.header.journal == each.header.journal
        if last is not None and is_same_lane and each.header.first <= last.last_seq:
            continue
        if last is not None and is_same_lane and each.header.first == last.last_seq + 1:
            runs[-1].append(each)
        else:
            runs.append([each])
    return runs


def _stored_near(connection: Connection, gateway_id: int, run: Sequence[Sealed], first_seq: int) -> dict[int, Row]:
    """For each of ``run``, by number, the stored batch nearest before its end if it ends at ``first_seq`` or later."""
    nearest = queries("ingest").last_batches_up_to(
        connection,
        gateway_id=gateway_id,
        journals=[each.header.journal for each in run],
        lanes=[each.header.lane.value for each in run],
        last_seqs=[each.last_seq for each in run],
    )
    return {row["number"] - 1: row for row in nearest if row["last_seq"] >= first_seq}


def proven(batches: Sequence[Sealed], verify: Verify) -> list[Sealed]:
    """Those that are the gateway's own: signed by its key, or named as the one before by one that is proven.

    A batch names the SHA-256 of the whole batch before it, and the signature covers that name: so the signature of the
    last of a chain proves all of it, and thousands need not be checked one by one.
    """
    proven: list[Sealed] = []
    named: set[str] = set()
    for each in sorted(batches, key=lambda each: each.header.first, reverse=True):
        if each.digest in named or is_genuine(each.raw, verify):
            proven.append(each)
            named.add(each.header.previous)
    proven.reverse()
    return proven


def _not_retold(connection: Connection, gateway_id: int, new: list[Sealed]) -> list[Sealed]:
    retold = with_retold(
        connection,
        gateway_id,
        [each.header.journal for each in new],
        [each.header.first for each in new],
        [each.last_seq for each in new],
    )
    return [each for number, each in enumerate(new) if number not in retold]


def _copy_readings(
    connection: Connection, gateway_id: int, new: Sequence[Sealed], window: TimeWindow
) -> tuple[list[Kept], dict[int, Span], Channels]:
    """Copy the readings of what is plain; channels that were never heard before are made for them."""
    ids = [row["id"] for row in queries("ingest").evidence_ids(connection, count=len(new))]
    kept: list[Kept] = []
    waiting = list(zip(ids, new, strict=True))
    channels = _lock_channels(connection, gateway_id)
    maker = RowMaker(channels, _months(connection), window)
    waiting = _copy(connection, maker, waiting, kept)
    spans = maker.spans()
    if waiting:
        channels = _make_channels(connection, gateway_id, maker.wanted_channels)
        for month in sorted(maker.wanted_months):
            first = datetime.strptime(month, "%Y_%m").replace(tzinfo=UTC)
            make_months(connection, first, first)
        maker = RowMaker(channels, _months(connection), window)
        _copy(connection, maker, waiting, kept)
        spans = joined(spans, maker.spans())
    return kept, spans, channels


def _copy(
    connection: Connection,
    maker: RowMaker,
    batches: Sequence[tuple[int, Sealed]],
    kept: list[Kept],
) -> list[tuple[int, Sealed]]:
    """Adds to ``kept``, and gives those that wait for channels or months."""
    waiting: list[tuple[int, Sealed]] = []
    rows = bytearray(HEADER)
    with connection.cursor() as cursor, cursor.copy(queries("ingest").copy_readings.sql) as copy:
        for evidence_id, each in batches:
            try:
                made = maker.made_of(decode_batch(each.raw, each.header), evidence_id)
            except (WireError, NotPlain):
                continue
            if made is None:
                waiting.append((evidence_id, each))
                continue
            kept.append(Kept(evidence_id, each, made.unusable, EPOCH + timedelta(microseconds=made.last_us)))
            rows += made.rows
            if len(rows) >= BYTES_AT_ONCE:
                copy.write(rows)
                rows.clear()
        copy.write(rows + END)
    return waiting


def _lock_channels(connection: Connection, gateway_id: int) -> Channels:
    """All of the gateway, locked in one order, so that nobody deadlocks."""
    rows = queries("tracks").lock_channels_of_gateway(connection, gateway_id=gateway_id)
    return {(row["device"], row["metric"]): row["id"] for row in rows}


def _make_channels(connection: Connection, gateway_id: int, wanted: Iterable[tuple[str, str]]) -> Channels:
    names = sorted(wanted)
    devices, metrics = [device for device, _ in names], [metric for _, metric in names]
    if queries("tracks").add_channels(connection, gateway_id=gateway_id, devices=devices, metrics=metrics):
        note_new_channels(connection, gateway_id, devices, metrics)
    return _lock_channels(connection, gateway_id)


def _months(connection: Connection) -> set[str]:
    return {row["month"] for row in queries("retention").months(connection)}


def _keep_evidence(connection: Connection, gateway_id: int, kept: Sequence[Kept]) -> None:
    with connection.cursor() as cursor, cursor.copy(queries("ingest").copy_evidence.sql) as copy:
        copy.set_types(EVIDENCE_TYPES)
        for each in kept:
            header = each.sealed.header
            copy.write_row(
                (
                    each.evidence_id,
                    gateway_id,
                    UUID(header.journal),
                    header.lane.value,
                    header.first,
                    each.sealed.last_seq,
                    bytes.fromhex(each.sealed.digest),
                    bytes.fromhex(header.previous),
                    each.sealed.raw,
                    each.last_at,
                )
            )
