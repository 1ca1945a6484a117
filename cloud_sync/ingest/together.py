"""Many batches of readings at once: a gateway that comes back after days sends thousands of them.

One transaction, one COPY and one judgement for all, instead of one for each. What is not plain about a batch (another
record than a reading, one that was told again after thinning, a clock that was not synchronised, an unreadable line, a
wrong signature, a fork) leaves it to ``batches.store_batch``, alone.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cloud_sync.domain.records import fault_in
from cloud_sync.ingest.envelopes import with_retold
from cloud_sync.ingest.plain import EPOCH, PlainReading, plain_reading, since_epoch_us
from cloud_sync.ingest.progress import advance
from cloud_sync.ingest.readings import keep_readings
from cloud_sync.ingest.source import Said
from cloud_sync.storage.database import Connection
from cloud_sync.storage.queries import queries
from edge_agent.domain.records import Quality, Reading
from edge_agent.domain.wire import Batch, WireError, decode_record

RECORDS_MAX = 100_000
"""Of one transaction."""

COPY_EVIDENCE = (
    "COPY evidence (id, gateway_id, journal, lane, first_seq, last_seq, digest, previous, raw, last_at) FROM STDIN"
)


@dataclass(frozen=True, slots=True)
class Readable:
    """A batch of readings that can all be read, all by a synchronised clock. ``last_at`` is the latest of them."""

    index: int
    batch: Batch
    good: tuple[tuple[int, PlainReading], ...]
    unusable: tuple[Said[Reading], ...]
    last_at: datetime

    @property
    def last_seq(self) -> int:
        """Of its records."""
        return self.batch.header.first + self.batch.header.count - 1


def readable(index: int, batch: Batch) -> Readable | None:
    """The batch with its readings, None if anything else is in it, or a time that a clock notice may correct."""
    good: list[tuple[int, PlainReading]] = []
    unusable: list[Said[Reading]] = []
    last_us = 0
    for seq, line in enumerate(batch.lines, start=batch.header.first):
        plain = plain_reading(line)
        if plain is not None:
            if not plain[1]:
                return None
            last_us = max(last_us, plain[0])
            good.append((seq, plain))
            continue
        try:
            record = decode_record(line)
        except WireError:
            return None
        if not isinstance(record, Reading) or not record.stamp.synced or fault_in(record) is not None:
            return None
        at_us = since_epoch_us(record.stamp.at)
        last_us = max(last_us, at_us)
        if record.was is not None:
            return None
        if record.quality is not Quality.GOOD:
            unusable.append(Said(seq, record))
        elif record.values:
            good.append((seq, (at_us, True, record.device, tuple(record.values.items()))))
    return Readable(index, batch, tuple(good), tuple(unusable), EPOCH + timedelta(microseconds=last_us))


def in_parts(batches: Sequence[Readable]) -> Iterator[list[Readable]]:
    """Batches of one gateway at a time, and no more at once than one transaction should hold."""
    by_gateway: dict[str, list[Readable]] = defaultdict(list)
    for each in batches:
        by_gateway[each.batch.header.gateway].append(each)
    for group in by_gateway.values():
        part: list[Readable] = []
        records = 0
        for each in group:
            if part and records + each.batch.header.count > RECORDS_MAX:
                yield part
                part, records = [], 0
            part.append(each)
            records += each.batch.header.count
        yield part


def store_part(connection: Connection, gateway_id: int, part: Sequence[Readable]) -> tuple[list[int], list[int]]:
    """Store genuine batches of one gateway; gives the indexes of those stored and of the duplicates.

    Those that are neither overlap others and have to be looked at alone.
    """
    lanes = sorted({f"{e.batch.header.gateway}/{e.batch.header.journal}/{e.batch.header.lane}" for e in part})
    for lane in lanes:
        queries("ingest").own_lane(connection, lane=lane)
    new, duplicates = _sorted_out(connection, gateway_id, part)
    new = _not_retold(connection, gateway_id, new)
    if new:
        ids = _keep_evidence(connection, gateway_id, new)
        good = [
            (evidence_id, seq, reading, None)
            for evidence_id, each in zip(ids, new, strict=True)
            for seq, reading in each.good
        ]
        unusable = [(evidence_id, said) for evidence_id, each in zip(ids, new, strict=True) for said in each.unusable]
        for journal, lane in sorted({(each.batch.header.journal, each.batch.header.lane.value) for each in new}):
            advance(connection, gateway_id, journal, lane)
        keep_readings(connection, gateway_id, good, unusable)
        queries("ingest").gateway_seen(connection, id=gateway_id)
    return [each.index for each in new], duplicates


def _sorted_out(connection: Connection, gateway_id: int, part: Sequence[Readable]) -> tuple[list[Readable], list[int]]:
    nearest = queries("ingest").last_batches_up_to(
        connection,
        gateway_id=gateway_id,
        journals=[each.batch.header.journal for each in part],
        lanes=[each.batch.header.lane.value for each in part],
        last_seqs=[each.last_seq for each in part],
    )
    near = {row["number"] - 1: row for row in nearest}
    new: list[Readable] = []
    duplicates: list[int] = []
    reached: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for number, each in enumerate(part):
        header, row = each.batch.header, near.get(number)
        if row is not None and row["last_seq"] >= header.first:
            if bytes(row["digest"]).hex() == each.batch.digest:
                duplicates.append(each.index)
            continue
        lane = reached[f"{header.journal}/{header.lane}"]
        # The newest first, then back-fill in order: nearly always compared with one or two spans.
        if any(first <= each.last_seq and header.first <= last for first, last in lane):
            continue
        if lane and lane[-1][1] + 1 == header.first:
            lane[-1] = (lane[-1][0], each.last_seq)
        else:
            lane.append((header.first, each.last_seq))
        new.append(each)
    return new, duplicates


def _not_retold(connection: Connection, gateway_id: int, new: list[Readable]) -> list[Readable]:
    retold = with_retold(
        connection,
        gateway_id,
        [each.batch.header.journal for each in new],
        [each.batch.header.first for each in new],
        [each.last_seq for each in new],
    )
    return [each for number, each in enumerate(new) if number not in retold]


def _keep_evidence(connection: Connection, gateway_id: int, new: Sequence[Readable]) -> list[int]:
    ids = [row["id"] for row in queries("ingest").evidence_ids(connection, count=len(new))]
    with connection.cursor() as cursor, cursor.copy(COPY_EVIDENCE) as copy:
        for evidence_id, each in zip(ids, new, strict=True):
            header = each.batch.header
            copy.write_row(
                (
                    evidence_id,
                    gateway_id,
                    header.journal,
                    header.lane.value,
                    header.first,
                    each.last_seq,
                    bytes.fromhex(each.batch.digest),
                    bytes.fromhex(header.previous),
                    each.batch.raw,
                    each.last_at,
                )
            )
    return ids
