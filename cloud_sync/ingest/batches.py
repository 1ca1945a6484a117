"""The ledger's door for batches: proven to be genuine, kept byte for byte, and made into facts, all or nothing.

Storing is idempotent: a batch that is stored already is a ``DUPLICATE``, and as good as stored.
"""

import logging
import os
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace

from cloud_sync.errors import Forked, NotGenuine
from cloud_sync.ingest.batch_cases import fork_case
from cloud_sync.ingest.bulk import read_readings
from cloud_sync.ingest.bulk_scans import read_scans
from cloud_sync.ingest.dead_letters import TRIES_MAX, is_poison, poison_case
from cloud_sync.ingest.journal_standing import check_succession, is_trusted
from cloud_sync.ingest.pipeline import (
    Kept,
    PartStored,
    Reader,
    Sealed,
    Sender,
    advance_lanes,
    evidence_ids,
    in_parts,
    keep_evidence,
    next_scans,
    own_lanes,
    proven,
    store_part,
    verifier,
)
from cloud_sync.ingest.receipts import (
    BatchOutcome,
    BatchReceipt,
    UnknownGateway,
    checked_header,
    not_believed,
    not_genuine_case,
    outcome_of,
    refusal,
    wrong_signature,
)
from cloud_sync.ingest.whole_batches import read_whole, times_in
from cloud_sync.posting.cases import count_case, open_case
from cloud_sync.storage.database import Connection, Database, Row, again_if_overtaken
from cloud_sync.storage.kept_plans import plans_kept
from cloud_sync.storage.locks import take_turn_in_bulk
from cloud_sync.storage.queries import queries
from cloud_sync.storage.standbys import await_standbys
from edge_agent.domain.wire.records import Lane
from edge_agent.domain.wire.wire import (
    Batch,
    BatchHeader,
    WireError,
    decode_batch,
    digest_of,
    is_genuine,
)

_log = logging.getLogger("cloud_sync.ingest")

AT_ONCE = (os.cpu_count() or 1) + 1
"""Transactions that store in bulk, of all processes of a ledger: one more than can run, for each waits for the disk."""


@again_if_overtaken
def store_batch(database: Database, raw: bytes) -> BatchReceipt:
    """Store one batch in one transaction and say what became of it.

    Nothing of it is unpacked before its signature is proven. Raises ``DatabaseDown``: nothing was stored, and the
    gateway shall send it again.
    """
    digest = digest_of(raw)
    header = None
    try:
        header = checked_header(raw)
        with database.transaction() as connection:
            return BatchReceipt(digest, _store(connection, header, raw))
    except WireError as error:
        return BatchReceipt(digest, outcome_of(error), error.reason)
    except NotGenuine as error:
        assert header is not None  # noqa: S101 - it was read
        with database.transaction() as connection:
            count_case(connection, not_genuine_case(header, digest, error))
        return refusal(digest, error)
    except Forked as error:
        assert header is not None  # noqa: S101 - it was read
        with database.transaction() as connection:
            count_case(connection, fork_case(header, digest, error))
        return BatchReceipt(digest, BatchOutcome.FORK, str(error))


def store_batches(database: Database, raws: Sequence[bytes]) -> list[BatchReceipt]:
    """Store several batches and say what became of each, in their order; as good as ``store_batch`` on each.

    Whose they are is proven before anything else, for all of them at once: what strangers send costs little, however
    much it is.
    Many batches share transactions: a week of back-fill takes seconds so. A batch that fails again and again becomes a
    dead letter (``ingest.dead_letters``), so that it does not hold up the others. Raises ``DatabaseDown``: some may be
    stored, and the gateway shall send all again.
    """
    receipts: dict[int, BatchReceipt] = {}
    sealed: list[Sealed] = []
    for index, raw in enumerate(raws):
        try:
            sealed.append(Sealed(index, checked_header(raw), raw, digest_of(raw)))
        except WireError as error:
            receipts[index] = BatchReceipt(digest_of(raw), outcome_of(error), error.reason)
    if len(sealed) > 1 and next(in_parts(sealed)) == sealed and sealed[0].header.lane is Lane.READINGS:
        receipts |= _stored_together(database, sealed, read_readings)  # as nearly always: one gateway's own
    if left := [each for each in sealed if each.index not in receipts]:
        receipts |= _receipts_of_strangers(database, left)
        known = [each for each in left if each.index not in receipts]
        for part in in_parts([each for each in known if each.header.lane is Lane.READINGS]):
            receipts |= _stored_together(database, part, read_readings)
        receipts |= _stored_in_turn(database, [each for each in known if each.index not in receipts])
    return [receipts[index] for index in range(len(raws))]


def _stored_in_turn(database: Database, left: list[Sealed]) -> dict[int, BatchReceipt]:
    """Receipts by index, stored in their order: as many scans together as may be, each of the others alone."""
    receipts: dict[int, BatchReceipt] = {}
    while left:
        made = _stored_together(database, next_scans(left), read_scans)
        if not made:
            made = {left[0].index: _store_or_dead_letter(database, left[0].raw)}
        receipts |= made
        left = [each for each in left if each.index not in receipts]
    return receipts


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
        sender = _genuine_sender(connection, batch.header, batch.raw)
        sealed = Sealed(0, batch.header, batch.raw, batch.digest)
        own_lanes(connection, [sealed])
        if _is_stored(connection, sealed, sender.id):
            await_standbys(connection)
            return BatchReceipt(batch.digest, BatchOutcome.DUPLICATE)
        (evidence_id,) = evidence_ids(connection, 1)
        keep_evidence(connection, sender.id, [Kept(evidence_id, sealed, *times_in(batch, sender.window))])
        case = poison_case(batch, evidence_id, error)
        open_case(connection, case)
        advance_lanes(connection, sender.id, [sealed])  # as far as the hole that this batch is
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
        cases = [not_genuine_case(each.header, each.digest, error) for each, error in found]
        for key, times in sorted(Counter(case.key for case in cases).items()):
            count_case(connection, next(case for case in reversed(cases) if case.key == key), times)
    return {each.index: refusal(each.digest, error) for each, error in found}


def _not_genuine(name: str, gateway: Row | None, group: Sequence[Sealed]) -> list[tuple[Sealed, NotGenuine]]:
    fault = not_believed(name, gateway)
    if gateway is None or fault is not None:
        return [(each, fault or UnknownGateway()) for each in group]
    genuine = {each.index for each in proven(group, verifier(gateway["public_key"]))}
    return [(each, wrong_signature(name)) for each in group if each.index not in genuine]


@again_if_overtaken
def _stored_together(database: Database, part: Sequence[Sealed], read: Reader) -> dict[int, BatchReceipt]:
    """Receipts by index of those of one trusted journal and lane that could be stored together; none if it is one."""
    if len(part) < 2:
        return {}
    try:
        with database.transaction() as connection:
            take_turn_in_bulk(connection, AT_ONCE)
            with plans_kept(connection):
                stored = _store_part(connection, part, read)
    except Exception as error:
        if not is_poison(error):
            raise
        return {}
    digests = {each.index: each.digest for each in part}
    return {
        **{index: BatchReceipt(digests[index], BatchOutcome.STORED) for index in stored.indexes},
        **{index: BatchReceipt(digests[index], BatchOutcome.DUPLICATE) for index in stored.duplicates},
    }


def _store_part(connection: Connection, part: Sequence[Sealed], read: Reader) -> PartStored:
    name, journal = part[0].header.gateway, part[0].header.journal
    gateway: Row | None = queries("ingest").gateway(connection, name=name)
    if gateway is None or gateway["revoked_at"] is not None:
        return PartStored([], [])
    sender = Sender.of(gateway, name)
    part = proven(part, sender.verify)
    if not part or not is_trusted(connection, gateway, name, journal):
        return PartStored([], [])
    has_others = len(gateway["journals"] or {}) > 1
    if has_others and part[0].header.lane is Lane.SCANS:
        return PartStored([], [])  # which of them is believed may change with each batch
    stored = store_part(connection, sender, part, read, in_bulk=True)
    if has_others and stored.span is not None:
        check_succession(connection, gateway["id"], name, journal, stored.span)
    return stored


def _store(connection: Connection, header: BatchHeader, raw: bytes) -> BatchOutcome:
    sender = _genuine_sender(connection, header, raw)
    is_doubted = not is_trusted(connection, sender.row, header.gateway, header.journal)
    sender = replace(sender, is_doubted=is_doubted)
    sealed = Sealed(0, header, raw, digest_of(raw))
    stored = store_part(connection, sender, [sealed], read_whole, in_bulk=False)
    if not stored.indexes and not stored.duplicates:
        _is_stored(connection, sealed, sender.id)
        raise AssertionError(f"{header.lane} {header.first} of {header.journal} was neither stored nor known")
    return BatchOutcome.DUPLICATE if stored.duplicates else BatchOutcome.STORED


def _genuine_sender(connection: Connection, header: BatchHeader, raw: bytes) -> Sender:
    gateway: Row | None = queries("ingest").gateway(connection, name=header.gateway)
    fault = not_believed(header.gateway, gateway)
    if gateway is None or fault is not None:
        raise fault or UnknownGateway()
    sender = Sender.of(gateway, header.gateway)
    if not is_genuine(raw, sender.verify):
        raise wrong_signature(header.gateway)
    return sender


def _is_stored(connection: Connection, sealed: Sealed, gateway_id: int) -> bool:
    """Whether this very batch is stored. The caller owns the lane.

    Raises ``Forked`` if another one with any of its sequence numbers is stored.
    """
    header = sealed.header
    near = queries("ingest").last_batch_up_to(
        connection, gateway_id=gateway_id, journal=header.journal, lane=header.lane.value, last_seq=sealed.last_seq
    )
    if near is None or near["last_seq"] < header.first:
        return False
    if bytes(near["digest"]).hex() == sealed.digest:
        return True
    raise Forked(
        f"{header.lane} {near['first_seq']} to {near['last_seq']} of journal {header.journal} are stored with other "
        f"content than this batch of {header.first} to {sealed.last_seq}: do two gateways use one journal?",
        near["id"],
    )
