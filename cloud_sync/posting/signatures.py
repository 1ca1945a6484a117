"""Records as they are signed, what was signed of them, and releases that take the signatures of two people."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from cloud_sync.domain.orders import Urgency
from cloud_sync.domain.signatures import (
    NOTHING,
    Meaning,
    RecordKind,
    Worth,
    before_decision,
    record_digest,
    severe_from_minutes,
    signature_digest,
    why_two_approve,
    why_two_release,
    worth_of,
)
from cloud_sync.errors import Conflict, Invalid, NotFound
from cloud_sync.posting.personal_data import told_in
from cloud_sync.posting.security_keys import is_signed_by_key
from cloud_sync.storage.database import Connection, Row
from cloud_sync.storage.queries import queries
from edge_agent.domain.monitoring.policies import Policy

Record = dict[str, Any]
ERASED = "erased"
"""What stands in place of a hash that words could be guessed by."""


def record_of(connection: Connection, kind: RecordKind, record_id: str) -> Record:
    """A record as it is now. Raises ``NotFound``, ``Invalid`` if the id is none of this kind."""
    first, _, second = record_id.partition(":")
    try:
        record: Record | None = _RECORDS[kind](queries("signatures"), connection, first, second)
    except ValueError as error:
        raise Invalid(f"{record_id} is no id of this kind: {kind}", _IDS[kind]) from error
    if record is None:
        raise NotFound(f"there is no {kind} {record_id}", _IDS[kind])
    return record


def signatures_of(connection: Connection, kind: RecordKind, record_id: str, record: Record) -> list[Row]:
    """What was signed of it. ``covers``: the record is still as it was signed; ``decided_since``: but for the decision
    on it; ``intact``: so is the signature."""
    now = record_digest(kind, record_id, record)
    before = record_digest(kind, record_id, before_decision(kind, record))
    rows = queries("signatures").signatures_of(connection, record_kind=kind, record_ids=[record_id])
    return told_in(connection, [told_signature(row, now, before) for row in rows], "printed_name")


def told_signature(row: Row, record_sha256: str, before_sha256: str) -> Row:
    """A signature, and whether it ``covers`` the record as it is now, or as it was ``before`` it was decided, and is
    ``intact`` itself.

    Where words were erased from what was signed, ``erasure`` is the number of that, nothing says any longer what the
    signer saw, and ``otherwise_as_signed`` tells whether only these words and the decision changed since.
    """
    covers = row["record_sha256"] == record_sha256
    decided_since = not covers and row["record_sha256"] == before_sha256
    told = {name: value for name, value in row.items() if name not in _BESIDE}
    is_otherwise = row["erasure_id"] is not None and (
        covers or decided_since
        or (row["record_sha256"] == ERASED and row["stood"] != CHANGED_BEFORE
            and row["erased_record_sha256"] in (record_sha256, before_sha256))
    )  # fmt: skip
    return {
        **told,
        "covers": covers,
        "decided_since": decided_since,
        "intact": is_intact(row),
        "erasure": row["erasure_id"],
        "otherwise_as_signed": is_otherwise,
    }


def is_intact(row: Row) -> bool:
    """Whether a signature is of this record, person, meaning and time, as it was signed.

    One that lost its hashes with erased words: as the ledger left it then, if it was intact before.
    """
    fields = {name: row[name] for name in _COVERED}
    if row["erasure_id"] is not None:
        is_as_left = bool(row["erased_sha256"] == digest_without_words(row, row["erased_record_sha256"]))
        return is_as_left and row["was_intact"] and (row["proof"] != "security key" or is_signed_by_key(row))
    is_as_signed = bool(row["sha256"] == signature_digest(kind=row["record_kind"], **fields))
    return is_as_signed and (row["proof"] != "security key" or is_signed_by_key(row))


def digest_without_words(row: Row, record_sha256: str) -> str:
    """The hash of what is left of a signature, which is of a record with that hash where its own is gone."""
    fields = {name: row[name] for name in _COVERED}
    if row["record_sha256"] == ERASED:
        fields["record_sha256"] = record_sha256
    return signature_digest(kind=row["record_kind"], **fields)


def how_signatures_stand(connection: Connection, records: Iterable[tuple[RecordKind, str]]) -> dict[int, Row]:
    """By id, each signature of these records with ``stood`` and ``was_intact``: how it stands before words go."""
    found = {}
    for kind, record_id in sorted(set(records)):
        record = record_of(connection, kind, record_id)
        for row in signatures_of(connection, kind, record_id, record):
            stood = _AS_SIGNED if row["covers"] else _BUT_DECIDED if row["decided_since"] else CHANGED_BEFORE
            if row["record_sha256"] == ERASED and row["otherwise_as_signed"]:
                stood = _BUT_DECIDED
            found[row["id"]] = {**row, "stood": stood, "was_intact": row["intact"]}
    return found


def digests_without_words(connection: Connection, signature: Row) -> tuple[str, str]:
    """The hashes of the record and of a signature, now that words are gone from them; ``stood``: how it stood."""
    kind, record_id = RecordKind(signature["record_kind"]), signature["record_id"]
    record = record_of(connection, kind, record_id)
    if signature["stood"] == _BUT_DECIDED:
        record = dict(before_decision(kind, record))
    record_sha256 = record_digest(kind, record_id, record)
    rows = queries("signatures").signatures_of(connection, record_kind=kind, record_ids=[record_id])
    (left,) = (row for row in rows if row["id"] == signature["id"])
    return record_sha256, digest_without_words(left, record_sha256)


def check_two_release(
    connection: Connection, excursion_id: int, lot_id: int, evidence: Row, *, was_rejected: bool, actor: str
) -> None:
    """Raise ``Conflict`` where this release takes the signatures of two people and they are not there."""
    rules = rules_of_release(connection, excursion_id)
    (facts,) = queries("signatures").release_facts(connection, excursion_id=excursion_id, lot_ids=[lot_id])
    why = why_two_release(
        rules,
        lasted=evidence["ended_at"] - evidence["began_at"],
        controlled_schedule=facts["controlled_schedule"],
        was_rejected=was_rejected,
        is_allowance_used=facts["is_allowance_used"],
    )
    if not why:
        return
    record_id = f"{excursion_id}:{lot_id}"
    record = record_of(connection, RecordKind.EXPOSURE, record_id)
    signed = signers_of_release(signatures_of(connection, RecordKind.EXPOSURE, record_id, record))
    if len(signed) < 2 or actor not in signed:
        so_far = f"signed by {', '.join(sorted(signed))}" if signed else "signed by nobody"
        raise Conflict(
            f"this release takes the signatures of two people ({'; '.join(why)}); it is {so_far}",
            f"Two people with the role quality sign exposure {record_id} as release (POST /v1/signatures); "
            "then one of them releases.",
        )


def rules_of_release(connection: Connection, excursion_id: int) -> dict[str, Decimal | None]:
    """When a release from this excursion takes two: the ledger's rules, with what the place's policy calls severe."""
    rules = {row["name"]: row["from_value"] for row in queries("signatures").second_signature_rules(connection)}
    in_force = list(queries("signatures").policies_during(connection, excursion_id=excursion_id))
    policies = [Policy.model_validate(row["body"]) for row in in_force]
    rule = in_force[0]["rule"] if in_force else ""
    return {**rules, "excursion_minutes": severe_from_minutes(policies, rule, rules.get("excursion_minutes"))}


def check_two_free(
    connection: Connection, kind: RecordKind, record_id: str, lot_ids: Sequence[int], *, actor: str, but: str
) -> None:
    """Raise ``Conflict`` where the end of a hold or case frees goods whose release takes two people, and lacks them.

    Two people, not ``but``, sign the hold as release or the case as approval; one of them ends it.
    """
    rules = {row["name"]: row["from_value"] for row in queries("signatures").second_signature_rules(connection)}
    rules.pop("excursion_minutes", None)
    facts = queries("signatures").lots_freed_facts(connection, lot_ids=sorted(set(lot_ids)))
    why = sorted(
        {
            reason
            for row in facts
            for reason in why_two_release(
                rules,
                lasted=timedelta(0),
                controlled_schedule=row["controlled_schedule"],
                was_rejected=False,
                is_allowance_used=row["is_allowance_used"],
            )
        }
    )
    if not why:
        return
    meaning = Meaning.RELEASE if kind is RecordKind.HOLD else Meaning.APPROVAL
    signatures = signatures_of(connection, kind, record_id, record_of(connection, kind, record_id))
    signed = _signers(signatures, meaning) - {but}
    if len(signed) < 2 or actor not in signed:
        so_far = f"signed by {', '.join(sorted(signed))}" if signed else "signed by nobody who may"
        raise Conflict(
            f"freeing these goods takes the signatures of two people ({'; '.join(why)}); it is {so_far}",
            f"Two people with the role quality sign {kind} {record_id} as {meaning} (POST /v1/signatures); then one of "
            "them ends it.",
        )


def check_two_approve(
    connection: Connection,
    kind: RecordKind,
    number: str,
    goods: Sequence[Row],
    *,
    urgency: Urgency = Urgency.ROUTINE,
    at: datetime,
    but: frozenset[str],
) -> None:
    """Raise ``Conflict`` where an approval takes the signatures of two people, none of them ``but``, and lacks them.

    ``goods``: of each line ``controlled_schedule``, ``units`` (base units), ``item_id``, ``item``, and ``supplier_id``
    where one delivers it.
    """
    rules = {row["name"]: row["from_value"] for row in queries("signatures").second_signature_rules(connection)}
    worth = _worth(connection, goods, at) if rules.get(f"{kind}_value") is not None else NOTHING
    units = [(row["controlled_schedule"], row["units"]) for row in goods]
    why = why_two_approve(rules, kind, units, urgency=urgency, worth=worth)
    if not why:
        return
    signatures = signatures_of(connection, kind, number, record_of(connection, kind, number))
    signed = _signers(signatures, Meaning.APPROVAL) - but
    if len(signed) < 2:
        so_far = f"signed by {', '.join(sorted(signed))}" if signed else "signed by nobody who may"
        raise Conflict(
            f"this approval takes the signatures of two people ({'; '.join(why)}); it is {so_far}",
            f"Two people who may approve it sign {kind} {number} as approval (POST /v1/signatures); then one approves.",
        )


def check_two_accept(
    connection: Connection, kind: RecordKind, record_id: str, faults: Sequence[str], *, actor: str, but: frozenset[str]
) -> None:
    """Raise ``Conflict`` where quality accepts by exception and two people, none of them ``but``, have not signed it.

    ``faults``: what the exception is about.
    """
    signatures = signatures_of(connection, kind, record_id, record_of(connection, kind, record_id))
    signed = signers_of_release(signatures) - but
    if len(signed) < 2 or actor not in signed:
        so_far = f"signed by {', '.join(sorted(signed))}" if signed else "signed by nobody who may"
        raise Conflict(
            f"an exception takes the signatures of two people ({'; '.join(faults)}); it is {so_far}",
            f"Two people with the role quality sign {kind} {record_id} as release (POST /v1/signatures); then one of "
            "them decides.",
        )


def _worth(connection: Connection, goods: Sequence[Row], at: datetime) -> Worth:
    """What goods cost: as their supplier says, else the most that any cost that is known says."""
    item_ids = sorted({row["item_id"] for row in goods})
    costs: dict[int, list[Row]] = {}
    for row in queries("costs").costs_on(connection, item_ids=item_ids, day=at.date()):
        costs.setdefault(row["item_id"], []).append(row)

    def cost_of(line: Row) -> tuple[Decimal, str] | None:
        known = costs.get(line["item_id"], [])
        of_supplier = [row for row in known if row["supplier_id"] == line.get("supplier_id") is not None]
        best = max(of_supplier or known, key=lambda row: row["cost"], default=None)
        return (best["cost"], best["currency"]) if best else None

    return worth_of((line["item"], line["units"], cost_of(line)) for line in goods)


def signers_of_release(signatures: Iterable[Row]) -> set[str]:
    """Who signed, as a release, the record as it is now."""
    return _signers(signatures, Meaning.RELEASE)


def _signers(signatures: Iterable[Row], meaning: Meaning) -> set[str]:
    return {row["person"] for row in signatures if row["covers"] and row["intact"] and row["meaning"] == meaning}


def exposures_to_sign(connection: Connection, excursion_id: int, lot_ids: Sequence[int]) -> dict[int, Record]:
    """By lot, the ``sha256`` of its exposure as it is signed, and its ``signatures``."""
    rows = list(queries("signatures").exposure_records(connection, excursion_id=excursion_id, lot_ids=list(lot_ids)))
    of_lot = {row["lot_id"]: f"{excursion_id}:{row['lot_id']}" for row in rows}
    digests = {row["lot_id"]: record_digest(RecordKind.EXPOSURE, of_lot[row["lot_id"]], row["record"]) for row in rows}
    made: dict[str, list[Row]] = {}
    ids = list(of_lot.values())
    for row in queries("signatures").signatures_of(connection, record_kind=RecordKind.EXPOSURE, record_ids=ids):
        made.setdefault(row["record_id"], []).append(row)
    return {
        lot_id: {
            "sha256": digests[lot_id],
            "signatures": told_in(
                connection,
                [told_signature(row, digests[lot_id], digests[lot_id]) for row in made.get(record_id, [])],
                "printed_name",
            ),
        }
        for lot_id, record_id in of_lot.items()
    }


def _exposure(q: Any, connection: Connection, excursion_id: int, lot_id: int) -> Record | None:
    rows = q.exposure_records(connection, excursion_id=excursion_id, lot_ids=[lot_id])
    return next((row["record"] for row in rows), None)


_COVERED = ("record_id", "record_sha256", "meaning", "person", "printed_name", "proof", "reason", "signed_at")
_BESIDE = frozenset({
    "shown", "public_key", "client_data", "authenticator_data", "key_signature",
    "erasure_id", "stood", "was_intact", "erased_record_sha256", "erased_sha256",
})  # fmt: skip
_AS_SIGNED, _BUT_DECIDED, CHANGED_BEFORE = "as signed", "as signed but for the decision", "changed before"
"""How a signature stood when words were erased from its record."""
_IDS: Mapping[RecordKind, str] = {
    RecordKind.EXPOSURE: "Give EXCURSION:LOT, as in GET /v1/exposures.",
    RecordKind.HOLD: "Give the id, as in GET /v1/holds/placed.",
    RecordKind.CASE: "Give the id, as in GET /v1/cases.",
    RecordKind.ORDER: "Give the number, as in GET /v1/orders.",
    RecordKind.COUNT: "Give the number, as in GET /v1/counts.",
    RecordKind.BATCH: "Give the number, as in GET /v1/production-batches.",
    RecordKind.FORMULATION: "Give NAME:VERSION, as in GET /v1/master-formulation-records.",
    RecordKind.SOP: "Give CODE:VERSION, as in GET /v1/sops.",
    RecordKind.SAMPLE: "Give the id, as in GET /v1/quality-samples.",
}
_RECORDS: Mapping[RecordKind, Callable[[Any, Connection, str, str], Record | None]] = {
    RecordKind.EXPOSURE: lambda q, c, first, second: _exposure(q, c, _id(first), _id(second)),
    RecordKind.HOLD: lambda q, c, first, _: q.hold_record(c, id=_id(first)),
    RecordKind.CASE: lambda q, c, first, _: q.case_record(c, id=_id(first)),
    RecordKind.ORDER: lambda q, c, first, _: q.order_record(c, number=first),
    RecordKind.COUNT: lambda q, c, first, _: q.count_record(c, number=first),
    RecordKind.BATCH: lambda q, c, first, _: q.batch_record(c, number=first),
    RecordKind.FORMULATION: lambda q, c, first, second: q.formulation_record(c, name=first, version=_id(second)),
    RecordKind.SOP: lambda q, c, first, second: q.sop_record(c, code=first, version=_id(second)),
    RecordKind.SAMPLE: lambda q, c, first, _: q.sample_record(c, id=_id(first)),
}


def _id(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise ValueError(text)
    return int(text)
