"""The ledger's door for batches: proven to be genuine, kept byte for byte, and made into facts, all or nothing.

Storing is idempotent: a batch that is stored already is a ``DUPLICATE``, and as good as stored.
"""

import logging
import uuid
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from cloud_sync.domain.records import fault_in
from cloud_sync.errors import Forked, NotGenuine
from cloud_sync.ingest.bulk import Sealed, in_parts, proven, store_part
from cloud_sync.ingest.clock_correction import bound_times
from cloud_sync.ingest.dead_letters import TRIES_MAX, is_poison, poison_case
from cloud_sync.ingest.journal_standing import check_succession, is_trusted, settle_standing
from cloud_sync.ingest.lane_progress import advance
from cloud_sync.ingest.notices import store_notices
from cloud_sync.ingest.provenance import RecordSource, Sourced
from cloud_sync.ingest.readings import store_readings
from cloud_sync.ingest.scans import store_scans
from cloud_sync.ingest.time_window import TimeWindow
from cloud_sync.posting.cases import Case, count_case, open_case
from cloud_sync.storage.database import Connection, Database, Row, again_if_overtaken
from cloud_sync.storage.queries import queries
from edge_agent.domain.wire.records import SEQ_END, Envelope, Lane, Notice, Reading, Record, ScanTransaction
from edge_agent.domain.wire.wire import (
    Batch,
    BatchHeader,
    Verify,
    WireError,
    decode_batch,
    decode_record,
    digest_of,
    header_of,
    is_genuine,
)

UNREADABLE_KEPT_BYTES = 10_000
"""How much of an unreadable record its case shows; the evidence has all of it."""


_log = logging.getLogger("cloud_sync.ingest")


class BatchOutcome(StrEnum):
    """What became of a batch. The gateway may forget the first two and must keep the others.

    ``UNKNOWN``: nothing of this gateway is taken as long as it is not registered, or revoked; it may send it again
    then. What is ``REFUSED`` will be refused again.
    """

    STORED = "stored"
    DUPLICATE = "duplicate"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    FORK = "fork"


@dataclass(frozen=True, slots=True)
class BatchReceipt:
    """The ledger's answer. ``digest`` is the batch's (64 hex digits); ``reason`` says why it was not stored."""

    digest: str
    outcome: BatchOutcome
    reason: str = ""


@again_if_overtaken
def store_batch(database: Database, raw: bytes) -> BatchReceipt:
    """Store one batch in one transaction and say what became of it.

    Nothing of it is unpacked before its signature is proven. Raises ``DatabaseDown``: nothing was stored, and the
    gateway shall send it again.
    """
    digest = digest_of(raw)
    header = None
    try:
        header = _header_of(raw)
        with database.transaction() as connection:
            return BatchReceipt(digest, _store(connection, header, raw))
    except WireError as error:
        return BatchReceipt(digest, BatchOutcome.REFUSED, error.reason)
    except NotGenuine as error:
        assert header is not None  # noqa: S101 - it was read
        with database.transaction() as connection:
            count_case(connection, _not_genuine_case(header, digest, error))
        return _refusal(digest, error)
    except Forked as error:
        assert header is not None  # noqa: S101 - it was read
        with database.transaction() as connection:
            count_case(connection, _fork_case(header, digest, error))
        return BatchReceipt(digest, BatchOutcome.FORK, str(error))


def store_batches(database: Database, raws: Sequence[bytes]) -> list[BatchReceipt]:
    """Store several batches and say what became of each, in their order; as good as ``store_batch`` on each.

    Whose they are is proven first, for all of them at once: what strangers send costs little, however much it is.
    Many batches of readings share transactions: a week of back-fill takes seconds so. A batch that fails again and
    again becomes a dead letter (``ingest.dead_letters``), so that it does not hold up the others. Raises
    ``DatabaseDown``: some may be stored, and the gateway shall send all again.
    """
    receipts: dict[int, BatchReceipt] = {}
    sealed: list[Sealed] = []
    for index, raw in enumerate(raws):
        try:
            sealed.append(Sealed(index, _header_of(raw), raw, digest_of(raw)))
        except WireError as error:
            receipts[index] = BatchReceipt(digest_of(raw), BatchOutcome.REFUSED, error.reason)
    if sealed:
        receipts |= _receipts_of_strangers(database, sealed)
        receipts |= _store_together(
            database, [each for each in sealed if each.index not in receipts and each.header.lane is Lane.READINGS]
        )
    return [receipts.get(index) or _store_or_dead_letter(database, raw) for index, raw in enumerate(raws)]


def _store_or_dead_letter(database: Database, raw: bytes) -> BatchReceipt:
    fault: Exception | None = None
    for _ in range(TRIES_MAX):
        try:
            return store_batch(database, raw)
        except Exception as error:
            if not is_poison(error):
                raise
            fault = error
    assert fault is not None  # noqa: S101 - it was tried
    return _keep_dead_letter(database, decode_batch(raw), fault)


def _keep_dead_letter(database: Database, batch: Batch, error: Exception) -> BatchReceipt:
    """Keep it as evidence, with a case that says why nothing came of it. The gateway need not send it again."""
    with database.transaction() as connection:
        gateway = _genuine_gateway(connection, batch.header, batch.raw)
        if _is_stored_or_own(connection, batch, gateway["id"]):
            return BatchReceipt(batch.digest, BatchOutcome.DUPLICATE)
        case = poison_case(batch, _add_evidence(connection, gateway["id"], batch, None, None), error)
        advance(connection, gateway["id"], batch.header.journal, batch.header.lane.value)
        open_case(connection, case)
    _log.error("%s", case.text, exc_info=error)
    return BatchReceipt(batch.digest, BatchOutcome.STORED, case.text)


@again_if_overtaken
def _receipts_of_strangers(database: Database, sealed: Sequence[Sealed]) -> dict[int, BatchReceipt]:
    """Receipts by index of those that no gateway of ours signed; each kind of them counts on one case."""
    by_name: dict[str, list[Sealed]] = defaultdict(list)
    for each in sealed:
        by_name[each.header.gateway].append(each)
    found: list[tuple[Sealed, NotGenuine]] = []
    with database.transaction() as connection:
        rows = {row["name"]: row for row in queries("ingest").gateways_named(connection, names=sorted(by_name))}
        for name, group in by_name.items():
            found += _not_genuine(name, rows.get(name), group)
        cases = [_not_genuine_case(each.header, each.digest, error) for each, error in found]
        for key, times in sorted(Counter(case.key for case in cases).items()):
            count_case(connection, next(case for case in reversed(cases) if case.key == key), times)
    return {each.index: _refusal(each.digest, error) for each, error in found}


def _not_genuine(name: str, gateway: Row | None, group: Sequence[Sealed]) -> list[tuple[Sealed, NotGenuine]]:
    fault = _not_believed(name, gateway)
    if gateway is None or fault is not None:
        return [(each, fault or _UnknownGateway()) for each in group]
    genuine = {each.index for each in proven(group, _verifier(gateway["public_key"]))}
    return [(each, _wrong_signature(name)) for each in group if each.index not in genuine]


@again_if_overtaken
def _store_together(database: Database, candidates: Sequence[Sealed]) -> dict[int, BatchReceipt]:
    """Receipts by index of those that could be stored together with others."""
    receipts: dict[int, BatchReceipt] = {}
    for part in in_parts(candidates):
        if len(part) < 2:
            continue
        try:
            stored, duplicates = _store_part(database, part)
        except Exception as error:
            if not is_poison(error):
                raise
            continue
        digests = {each.index: each.digest for each in part}
        receipts |= {index: BatchReceipt(digests[index], BatchOutcome.STORED) for index in stored}
        receipts |= {index: BatchReceipt(digests[index], BatchOutcome.DUPLICATE) for index in duplicates}
    return receipts


def _store_part(database: Database, part: Sequence[Sealed]) -> tuple[list[int], list[int]]:
    with database.transaction() as connection:
        gateway: Row | None = queries("ingest").gateway(connection, name=part[0].header.gateway)
        if gateway is None or gateway["revoked_at"] is not None:
            return [], []
        name, journal = part[0].header.gateway, part[0].header.journal
        if not is_trusted(connection, gateway, name, journal):
            return [], []
        window = TimeWindow.of(gateway)
        stored = store_part(connection, gateway["id"], _verifier(gateway["public_key"]), part, window)
        if len(gateway["journals"] or {}) > 1 and stored.span is not None:
            check_succession(connection, gateway["id"], name, journal, stored.span)
        return stored.indexes, stored.duplicates


def _header_of(raw: bytes) -> BatchHeader:
    header = header_of(raw)
    _check_header(header)
    return header


class _NotBelieved(NotGenuine):
    """The gateway was revoked."""


class _UnknownGateway(_NotBelieved):
    """Nobody registered it; its name is worth nothing."""


def _store(connection: Connection, header: BatchHeader, raw: bytes) -> BatchOutcome:
    gateway = _genuine_gateway(connection, header, raw)
    batch = decode_batch(raw, header)
    is_doubted = not is_trusted(connection, gateway, header.gateway, header.journal)
    if _is_stored_or_own(connection, batch, gateway["id"]):
        return BatchOutcome.DUPLICATE
    decoded = _decoded(batch)
    window = TimeWindow.of(gateway)
    first_at, last_at = _trusted(decoded, window)
    evidence_id = _add_evidence(connection, gateway["id"], batch, first_at, last_at)
    source = RecordSource(gateway["id"], header.gateway, header.journal, header.lane, evidence_id, window, is_doubted)
    advance(connection, source.gateway_id, source.journal, source.lane.value)
    _book(connection, gateway, source, batch, decoded)
    queries("ingest").gateway_seen(connection, id=gateway["id"])
    return BatchOutcome.STORED


def book_evidence(connection: Connection, batch: Batch, evidence_id: int) -> None:
    """Make facts of a batch that is kept as evidence and nothing more. The caller owns the lane."""
    header, decoded = batch.header, _decoded(batch)
    gateway: Row = queries("ingest").gateway(connection, name=header.gateway)
    is_doubted = not is_trusted(connection, gateway, header.gateway, header.journal)
    window = TimeWindow.of(gateway)
    source = RecordSource(gateway["id"], header.gateway, header.journal, header.lane, evidence_id, window, is_doubted)
    _book(connection, gateway, source, batch, decoded)


def _book(
    connection: Connection, gateway: Row, source: RecordSource, batch: Batch, decoded: Sequence[Record | str]
) -> None:
    records = _readable(connection, source, batch, decoded)
    notices = [Sourced(s.seq, s.record) for s in records if isinstance(s.record, Notice)]
    last_at = _trusted(decoded, source.window)[1]
    source = settle_standing(connection, gateway, source, notices, (_earliest(decoded, source.window), last_at))
    # Channels before holds: the order of locks (storage/locks.py, actions/tracks.py).
    store_notices(connection, source, notices)
    store_readings(
        connection,
        source,
        [Sourced(s.seq, s.record) for s in records if isinstance(s.record, Reading)],
        [Sourced(s.seq, s.record) for s in records if isinstance(s.record, Envelope)],
    )
    if source.lane is Lane.SCANS and last_at is not None and not source.is_doubted:
        bound_times(connection, source, batch.header.first, _last_seq(batch))
    store_scans(
        connection, source, [Sourced(s.seq, s.record) for s in records if isinstance(s.record, ScanTransaction)]
    )


def _check_header(header: BatchHeader) -> None:
    """What the ledger can keep; a header that no gateway of ours would write is refused."""
    if not header.gateway.isprintable():
        raise WireError("the gateway's name has unprintable characters")
    try:
        is_plain = str(uuid.UUID(header.journal)) == header.journal
    except ValueError:
        is_plain = False
    if not is_plain:
        raise WireError(f"journal {header.journal} is not a UUID")
    if header.first >= SEQ_END:
        raise WireError(f"sequence number {header.first} is not below {SEQ_END}")


def _genuine_gateway(connection: Connection, header: BatchHeader, raw: bytes) -> Row:
    gateway: Row | None = queries("ingest").gateway(connection, name=header.gateway)
    fault = _not_believed(header.gateway, gateway)
    if gateway is None or fault is not None:
        raise fault or _UnknownGateway()
    if not is_genuine(raw, _verifier(gateway["public_key"])):
        raise _wrong_signature(header.gateway)
    return gateway


def _not_believed(name: str, gateway: Row | None) -> NotGenuine | None:
    """Why nothing of this gateway is taken, whoever signed it; None if there is no reason."""
    if gateway is None:
        return _UnknownGateway(f"no gateway is registered as {name}: register it with its public key")
    if gateway["revoked_at"] is not None:
        return _NotBelieved(f"gateway {name} was revoked at {gateway['revoked_at']:%Y-%m-%d %H:%M} UTC")
    return None


def _wrong_signature(name: str) -> NotGenuine:
    return NotGenuine(f"the signature is not that of gateway {name}")


def _refusal(digest: str, error: NotGenuine) -> BatchReceipt:
    outcome = BatchOutcome.UNKNOWN if isinstance(error, _NotBelieved) else BatchOutcome.REFUSED
    return BatchReceipt(digest, outcome, str(error))


def _verifier(public_key: bytes) -> Verify:
    key = Ed25519PublicKey.from_public_bytes(bytes(public_key))

    def verify(signature: bytes, signed: bytes) -> bool:
        try:
            key.verify(signature, signed)
        except InvalidSignature:
            return False
        return True

    return verify


def _is_stored_or_own(connection: Connection, batch: Batch, gateway_id: int) -> bool:
    """Whether this very batch is stored; if not, nobody else stores it until the end of the transaction.

    Raises ``Forked`` if another one with any of its sequence numbers is stored.
    """
    header = batch.header
    queries("ingest").lock_lane(connection, lane=f"{header.gateway}/{header.journal}/{header.lane}")
    near = queries("ingest").last_batch_up_to(
        connection, gateway_id=gateway_id, journal=header.journal, lane=header.lane.value, last_seq=_last_seq(batch)
    )
    if near is None or near["last_seq"] < header.first:
        return False
    if bytes(near["digest"]).hex() == batch.digest:
        return True
    raise Forked(
        f"{header.lane} {near['first_seq']} to {near['last_seq']} of journal {header.journal} are stored with other "
        f"content than this batch of {header.first} to {_last_seq(batch)}: do two gateways use one journal?",
        near["id"],
    )


def _add_evidence(
    connection: Connection, gateway_id: int, batch: Batch, first_at: datetime | None, last_at: datetime | None
) -> int:
    header = batch.header
    evidence_id: int = queries("ingest").add_evidence(
        connection,
        gateway_id=gateway_id,
        journal=header.journal,
        lane=header.lane.value,
        first_seq=header.first,
        last_seq=_last_seq(batch),
        digest=bytes.fromhex(batch.digest),
        previous=bytes.fromhex(header.previous),
        raw=batch.raw,
        first_at=first_at if header.lane is Lane.SCANS else None,
        last_at=last_at,
    )
    return evidence_id


def _decoded(batch: Batch) -> Sequence[Record | str]:
    """Each line as a record, or what is wrong with it."""
    decoded: list[Record | str] = []
    for line in batch.lines:
        try:
            record = decode_record(line)
            decoded.append(fault_in(record) or record)
        except WireError as error:
            decoded.append(error.reason)
    return decoded


def _trusted(decoded: Sequence[Record | str], window: TimeWindow) -> tuple[datetime | None, datetime | None]:
    """The first and the latest believed time by a synchronised clock of what a batch says, thinned or not."""
    said = (Reading, Envelope, ScanTransaction, Notice)
    times = [each.stamp.at for each in decoded if isinstance(each, said) and each.stamp.synced]
    times = [at for at in times if window.has(at, synced=True)]
    return min(times, default=None), max(times, default=None)


def _earliest(decoded: Sequence[Record | str], window: TimeWindow) -> datetime | None:
    """The first plausible time, by whatever clock, of what was measured or scanned."""
    times = [each.stamp.at for each in decoded if isinstance(each, (Reading, ScanTransaction))]
    times += [each.since.at for each in decoded if isinstance(each, Envelope)]
    return min((at for at in times if window.has(at, synced=False)), default=None)


def _readable(
    connection: Connection, source: RecordSource, batch: Batch, decoded: Sequence[Record | str]
) -> list[Sourced[Record]]:
    """The records that can be read; each of the others becomes an exception case."""
    readable = []
    pairs = zip(batch.lines, decoded, strict=True)
    for seq, (line, record) in enumerate(pairs, start=batch.header.first):
        if isinstance(record, str):
            open_case(connection, _unreadable_case(source, seq, line, record))
        else:
            readable.append(Sourced(seq, record))
    return readable


def _unreadable_case(source: RecordSource, seq: int, line: bytes, fault: str) -> Case:
    shown = line[:UNREADABLE_KEPT_BYTES].decode("utf-8", "backslashreplace").replace("\x00", "\\x00")
    text = fault.replace("\x00", "\\x00")[:1000]
    key = source.said_at(seq)
    return Case("unreadable_record", key, text, evidence_id=source.evidence_id, data={"record": shown})


def _not_genuine_case(header: BatchHeader, digest: str, error: NotGenuine) -> Case:
    # All that strangers send is one case: they could make up names without end.
    name = "unknown gateways" if isinstance(error, _UnknownGateway) else f"gateway:{header.gateway}"
    return Case("batch_not_genuine", name, str(error), data={"digest": digest, "gateway": header.gateway})


def _fork_case(header: BatchHeader, digest: str, error: Forked) -> Case:
    data = {"lane": header.lane.value, "first": header.first, "records": header.count, "digest": digest}
    key = f"{header.gateway}/{header.journal}"
    return Case("forked_journal", key, str(error), evidence_id=error.evidence_id, data=data)


def _last_seq(batch: Batch) -> int:
    return batch.header.first + batch.header.count - 1
