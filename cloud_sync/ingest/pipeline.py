"""How batches are taken in, one or thousands of them, of whatever content: these eight steps, here and nowhere else.

1. Whose they are is proven (``proven``, by the caller). 2. The lanes they are of are the transaction's own. 3. What is
stored already is found, and what contradicts it. 4. What readings were told again after thinning is left out of bulk.
5. What they say is read, which depends on the lane (``Reader``). 6. They are kept as evidence, byte for byte. 7. Their
lanes advance. 8. What they say is booked, and the gateway was seen.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice, takewhile
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from cloud_sync.ingest.envelopes import with_retold
from cloud_sync.ingest.lane_progress import advance
from cloud_sync.ingest.provenance import RecordSource
from cloud_sync.ingest.time_window import TimeWindow
from cloud_sync.posting.monitoring.envelopes import Span
from cloud_sync.storage.database import Connection, Row
from cloud_sync.storage.queries import queries
from cloud_sync.storage.standbys import await_standbys
from edge_agent.domain.wire.records import Lane
from edge_agent.domain.wire.wire import BatchHeader, Verify, is_genuine

RECORDS_MAX = 100_000
"""Of one transaction."""
SCAN_BATCHES_MAX = 200
"""Of one transaction."""

EVIDENCE_TYPES = (
    "int8", "int8", "uuid", "text", "int8", "int8", "bytea", "bytea", "bytea", "timestamptz", "timestamptz",
)  # fmt: skip


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
    """A batch that is kept as evidence, with the first (of scans alone) and the latest trusted time of what it says."""

    evidence_id: int
    sealed: Sealed
    first_at: datetime | None
    last_at: datetime | None


@dataclass(frozen=True, slots=True)
class Contents:
    """What batches say: ``book`` makes facts of it, once they are kept as evidence. ``span``: of good readings."""

    kept: Sequence[Kept]
    book: Callable[[Connection], None]
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class PartStored:
    """The indexes of what was stored together and of the duplicates, and from when to when good readings of it are."""

    indexes: list[int]
    duplicates: list[int]
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Sender:
    """The gateway whose batches are taken in (``row``), and from when to when it may speak of.

    ``is_doubted``: nobody announced the journal (``ingest.journal_standing``).
    """

    id: int
    name: str
    verify: Verify
    window: TimeWindow
    row: Row
    is_doubted: bool = False

    @classmethod
    def of(cls, gateway: Row, name: str) -> "Sender":
        """Of a row with ``id``, ``public_key`` and what ``TimeWindow.of`` needs."""
        return cls(gateway["id"], name, verifier(gateway["public_key"]), TimeWindow.of(gateway), gateway)

    def source(self, sealed: Sealed, evidence_id: int) -> RecordSource:
        """Where the records of one of its batches come from."""
        header = sealed.header
        return RecordSource(self.id, self.name, header.journal, header.lane, evidence_id, self.window, self.is_doubted)


Reader = Callable[[Connection, Sender, Sequence[Sealed]], Contents]
"""Reads what is new of batches of one gateway and lane; what it does not keep has to be looked at alone."""


def verifier(public_key: bytes) -> Verify:
    """Says whether a signature is by the key."""
    key = Ed25519PublicKey.from_public_bytes(bytes(public_key))

    def verify(signature: bytes, signed: bytes) -> bool:
        try:
            key.verify(signature, signed)
        except InvalidSignature:
            return False
        return True

    return verify


def store_part(
    connection: Connection, sender: Sender, part: Sequence[Sealed], read: Reader, *, in_bulk: bool
) -> PartStored:
    """Take batches of one journal and lane in, which are proven to be the sender's. Of those that it does not name,
    nothing is stored: they contradict what is stored, or are nothing for this reader.
    """
    own_lanes(connection, part)
    fresh, duplicates = _sorted_out(connection, sender.id, part)
    if duplicates:
        await_standbys(connection)
    new = _not_retold(connection, sender.id, fresh) if in_bulk else fresh
    if not new:
        return PartStored([], duplicates)
    contents = read(connection, sender, new)
    if contents.kept:
        keep_evidence(connection, sender.id, contents.kept)
        advance_lanes(connection, sender.id, [each.sealed for each in contents.kept])
        contents.book(connection)
        queries("ingest").gateway_seen(connection, id=sender.id)
    return PartStored([each.sealed.index for each in contents.kept], duplicates, contents.span)


def own_lanes(connection: Connection, part: Sequence[Sealed]) -> None:
    """Nobody else stores batches of these lanes until the end of the transaction."""
    for lane in sorted({f"{each.header.gateway}/{each.header.journal}/{each.header.lane}" for each in part}):
        queries("ingest").lock_lane(connection, lane=lane)


def keep_evidence(connection: Connection, gateway_id: int, kept: Sequence[Kept]) -> None:
    """Keep batches as they were signed. The caller owns the lanes, and lets them advance (``advance_lanes``)."""
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
                    each.first_at if header.lane is Lane.SCANS else None,
                    each.last_at,
                )
            )


def advance_lanes(connection: Connection, gateway_id: int, sealed: Iterable[Sealed]) -> None:
    """Let the lanes of batches advance as far as what is here counts now. The caller owns the lanes."""
    for journal, lane in sorted({(each.header.journal, each.header.lane) for each in sealed}):
        advance(connection, gateway_id, journal, lane.value)


def evidence_ids(connection: Connection, count: int) -> list[int]:
    """Ids for so many new batches."""
    return [row["id"] for row in queries("ingest").evidence_ids(connection, count=count)]


def next_scans(batches: Sequence[Sealed]) -> list[Sealed]:
    """The batches at the front that are scans of one journal; few enough that looking at them again costs little."""
    first = batches[0].header
    lane = first.gateway, first.journal, Lane.SCANS
    fits = takewhile(lambda each: (each.header.gateway, each.header.journal, each.header.lane) == lane, batches)
    return list(islice(fits, SCAN_BATCHES_MAX))


def in_parts(batches: Sequence[Sealed]) -> Iterator[list[Sealed]]:
    """Batches of one journal and lane at a time, and no more at once than one transaction should hold."""
    by_lane: dict[tuple[str, str, Lane], list[Sealed]] = defaultdict(list)
    for each in batches:
        by_lane[each.header.gateway, each.header.journal, each.header.lane].append(each)
    for group in by_lane.values():
        part: list[Sealed] = []
        records = 0
        for each in group:
            if part and records + each.header.count > RECORDS_MAX:
                yield part
                part, records = [], 0
            part.append(each)
            records += each.header.count
        yield part


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
    """Those that are the gateway's own, in their order: signed by its key, or named as the one before by one that is
    proven.

    A batch names the SHA-256 of the whole batch before it, and the signature covers that name: so the signature of the
    last of a chain proves all of it, and thousands need not be checked one by one.
    """
    genuine: set[int] = set()
    named: set[str] = set()
    for each in sorted(batches, key=lambda each: each.header.first, reverse=True):
        if each.digest in named or is_genuine(each.raw, verify):
            genuine.add(each.index)
            named.add(each.header.previous)
    return [each for each in batches if each.index in genuine]


def _not_retold(connection: Connection, gateway_id: int, new: list[Sealed]) -> list[Sealed]:
    retold = with_retold(
        connection,
        gateway_id,
        [each.header.journal for each in new],
        [each.header.first for each in new],
        [each.last_seq for each in new],
    )
    return [each for number, each in enumerate(new) if number not in retold]
