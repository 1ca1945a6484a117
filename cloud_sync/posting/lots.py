"""Lots come into being when a label names them first."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from cloud_sync.domain.booking import (
    Label,
    LabelExpiry,
    as_counts,
    counting_of,
    earliest_of,
    expiries_differ,
    expiry_of,
    expiry_text,
)
from cloud_sync.domain.dispositions import CaseDecision
from cloud_sync.errors import Conflict
from cloud_sync.posting.cases import LEDGER, Case, amend_case, close_case, latest_case, latest_cases, open_case
from cloud_sync.storage.columns import Column
from cloud_sync.storage.database import Connection, Row
from cloud_sync.storage.events import add_event
from cloud_sync.storage.locks import lock_lots
from cloud_sync.storage.queries import queries
from edge_agent.domain.stock.eligibility import ISSUING

ISSUED_WHILE_EXPIRED = "issued_while_expired"
MISMATCH = "expiry_mismatch"

LotKey = tuple[int, str, str]
"""Item id, lot number, owner."""


def key_of(label: Label) -> LotKey:
    """What tells the lot of a label from others."""
    return label.item_id, label.lot_number, label.owner


@dataclass(frozen=True, slots=True)
class Lots:
    """Lots that labels name. ``made`` are the ids of those that are new."""

    ids: Mapping[LotKey, int]
    made: Sequence[int]


def lots_of(
    connection: Connection,
    labels: Iterable[Label],
    *,
    evidence: Mapping[LotKey, int | None] | None = None,
) -> Mapping[LotKey, int]:
    """Ids of the lots that ``labels`` name, made where they are new, and locked for booking.

    Where labels of one lot disagree on its expiry, now or with earlier ones, an exception case ``expiry_mismatch``
    holds the lot until somebody has decided (``decide_on_expiry``); meanwhile the last expiry counts, in whatever order
    they come. What was handed out before, and had expired by the expiry that counts, becomes a case
    ``issued_while_expired``, as if that had been known then. ``evidence`` is what the labels were read from.
    """
    return received_lots(connection, labels, evidence=evidence or {}, received_at={}).ids


def received_lots(
    connection: Connection,
    labels: Iterable[Label],
    *,
    evidence: Mapping[LotKey, int | None],
    received_at: Mapping[LotKey, datetime],
) -> Lots:
    """Like :func:`lots_of`, of lots that come in with this booking at ``received_at`` as far as is known: so their rows
    need not be written twice. Call :func:`receive` with those that were made once they are booked.
    """
    by_lot: dict[LotKey, list[Label]] = {}
    for label in labels:
        by_lot.setdefault(key_of(label), []).append(label)
    if not by_lot:
        return Lots({}, [])
    keys = sorted(by_lot)
    wanted = [as_counts(by_lot[key]) for key in keys]
    rows = list(
        queries("movements").add_lots(
            connection,
            **_columns(keys),
            expires_on=Column(label.expires_on for label in wanted),
            expires_hours=Column(label.expires_hour for label in wanted),
            received_at=Column(received_at.get(key) for key in keys),
        )
    )
    made = {_key_of(row): row["id"] for row in rows}
    if others := [key for key in keys if key not in made]:
        columns = _columns(others)
        lock_lots(connection, (row["id"] for row in queries("movements").lots_by_label(connection, **columns)))
        rows += queries("movements").lots_by_label(connection, **columns)  # again: as they are now that we own them
    for row in rows:
        key = _key_of(row)
        _agree_on_expiry(connection, row, by_lot[key], evidence.get(key))
    return Lots({_key_of(row): row["id"] for row in rows}, list(made.values()))


def receive(connection: Connection, made: Sequence[int]) -> None:
    """Let lots that :func:`received_lots` made have come when they are booked to have."""
    if made:
        queries("movements").receive_lots(connection, lot_ids=Column(made))


def _columns(keys: Iterable[LotKey]) -> dict[str, Column]:
    item_ids, lot_numbers, owners = zip(*keys, strict=True)
    return {"item_ids": Column(item_ids), "lot_numbers": Column(lot_numbers), "owners": Column(owners)}


def _agree_on_expiry(connection: Connection, lot: Row, labels: list[Label], evidence_id: int | None) -> None:
    said = {label.expiry for label in labels if label.expiry is not None}
    known_expiry: LabelExpiry | None = (lot["expires_on"], lot["expires_hour"]) if lot["expires_on"] else None
    dates = said | ({known_expiry} if known_expiry else set())
    counting = counting_of(dates)
    if len(dates) > 1 and queries("movements").is_made_here(connection, lot_id=lot["id"]):
        counting = earliest_of(dates)  # no label outlasts a beyond-use date
    if lot["is_expiry_corrected"]:
        before = {row["expiry"] for row in queries("corrections").expiries_before(connection, lot_id=lot["id"])}
        dates = {each for each in dates if each == known_expiry or expiry_text(each) not in before}
    elif counting is not None and counting != known_expiry:
        _let_expire(connection, lot["id"], counting)
    if not expiries_differ(dates):
        return
    key = f"lot:{lot['id']}"
    known = latest_case(connection, MISMATCH, key)
    told = set(known["data"]["expires_on"]) if known else set()
    every = sorted(told | {expiry_text(each) for each in dates})
    if told == set(every):
        return
    counts = (
        "the corrected one counts"
        if lot["is_expiry_corrected"]
        else "it is on hold until somebody decides which one is right"
    )
    text = f"labels of lot {lot['lot_number']} say it expires on {', '.join(every)}; {counts}"
    if known is not None and known["resolved_at"] is None:
        amend_case(connection, known["id"], text, {"expires_on": every})
    else:
        open_case(connection, Case(MISMATCH, key, text, lot["id"], evidence_id, {"expires_on": every}))


def decide_on_expiry(connection: Connection, case: Row, decision: CaseDecision, *, actor: str) -> None:
    """What a decision on labels that disagree (``expiry_mismatch``) means: the earliest is accepted, or a correction by
    two people has said already what counts. Raises ``Conflict`` for any other decision.
    """
    (lot,) = queries("movements").lots_with_expiry(connection, lot_ids=[case["lot_id"]])
    if lot["is_expiry_corrected"]:
        return
    said = case["data"]["expires_on"]
    accepted = earliest_of(map(expiry_of, said))
    assert accepted is not None  # noqa: S101 - they disagree
    first = expiry_text(accepted)
    if decision is not CaseDecision.ACCEPTED:
        raise Conflict(
            f"labels of lot {lot['lot_number']} say it expires on {', '.join(said)}: this does not say which is right",
            f"Accept {first}, the earliest (decision accepted), or let two people correct the expiry of the lot "
            "(POST /v1/corrections, kind lot_expiry).",
        )
    _let_expire(connection, lot["id"], accepted)
    queries("corrections").mark_expiry_corrected(connection, lot_id=lot["id"])
    before = expiry_text((lot["expires_on"], lot["expires_hour"])) if lot["expires_on"] else None
    data = {"before": {"expiry": before}, "after": {"expiry": first}, "case": case["id"]}
    add_event(connection, actor=actor, kind="lot_expiry_accepted", subject=f"lot:{lot['id']}", data=data)


def _let_expire(connection: Connection, lot_id: int, expiry: LabelExpiry) -> None:
    queries("movements").set_expiry(
        connection, id=lot_id, expires_on=expiry[0], expires_hour=expiry[1], expires_exactly=None
    )
    judge_issues_again(connection, lot_id=lot_id)


def judge_issues_again(connection: Connection, *, lot_id: int | None = None, place_id: int | None = None) -> None:
    """Issues of a lot, or from a place, after its expiry as it is now become cases; those that are none now are closed.

    A person's resolution of the case on an issue stands, whatever expiry it was made by.
    """
    issues = list(
        queries("movements").issues_after_expiry(
            connection, lot_id=lot_id, place_id=place_id, issuing=sorted(each.value for each in ISSUING)
        )
    )
    late = {row["fact"] for row in issues}
    for case in queries("zones").open_expiry_cases(connection, lot_id=lot_id, place_id=place_id):
        if case["key"] not in late:
            close_case(connection, case["id"], actor=LEDGER, resolution="it had not expired, as is known now")
    known = latest_cases(connection, ISSUED_WHILE_EXPIRED, [row["fact"] for row in issues])
    for row in issues:
        text = f"{row['action']} of {row['quantity']} although {row['text']}"
        if row["latest_at"] is not None:
            text += (
                f"; its time {row['occurred_at']:%Y-%m-%d %H:%M} UTC was typed at {row['latest_at']:%Y-%m-%d %H:%M} UTC"
            )
        data = {"operator": row["operator"], "order": row["order_ref"], "fault": row["text"]}
        case = known.get(row["fact"])
        if case is None or case["resolved_by"] == LEDGER:
            open_case(
                connection, Case(ISSUED_WHILE_EXPIRED, row["fact"], text, row["lot_id"], row["evidence_id"], data)
            )
        elif case["resolved_at"] is None:
            amend_case(connection, case["id"], text, data)


def _key_of(row: Row) -> LotKey:
    return row["item_id"], row["lot_number"], row["owner"]
