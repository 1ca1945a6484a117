"""Claims to suppliers: what is asked for goods with a confirmed complaint, what was sent, and what came of it."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from cloud_sync.actions.master_data.master_data import item_named
from cloud_sync.actions.quality.complaints import lock_complaint
from cloud_sync.domain.claims import ClaimMoney, Ended, Remedy, evidence_digest, worth_of_units
from cloud_sync.errors import Conflict, Invalid, NotFound
from cloud_sync.posting.idempotency import answer, answered_before
from cloud_sync.posting.interop.costs import cost_of, costs_on
from cloud_sync.posting.positions import lot_of
from cloud_sync.storage.database import Connection, Database, Row
from cloud_sync.storage.events import add_event
from cloud_sync.storage.queries import queries

AMOUNT_MAX = 10**12


def make_claim(
    database: Database,
    complaint_id: int,
    *,
    wants: Remedy,
    quantity: int,
    amount: Decimal | None,
    currency: str | None,
    note: str,
    client_id: UUID,
    at: datetime,
    actor: str,
) -> Row:
    """Draft a claim for ``quantity`` base units of what was complained about; gives it.

    Without an ``amount`` the goods are worth what the supplier asks for them by the ledger's unit costs. Raises
    ``NotFound``, ``Invalid`` where nobody has said what they cost, ``Conflict`` where the complaint is not confirmed
    or so much is claimed already.
    """
    request = {
        "complaint": complaint_id, "wants": wants.value, "quantity": quantity,
        "amount": None if amount is None else str(amount), "currency": currency, "note": note,
    }  # fmt: skip
    with database.transaction() as connection:
        if before := answered_before(connection, "claim_made", client_id, request):
            return _shown(connection, before, at)
        complaint = lock_complaint(connection, complaint_id)
        if complaint["finding"] != "confirmed":
            raise Conflict(
                f"complaint {complaint_id} is not confirmed", "Investigate it first; what is refuted is not claimed."
            )
        _check_left(connection, complaint, quantity, at)
        worth, money, by = _worth(connection, complaint, quantity, amount, currency, at)
        claim_id: int = queries("claims").add_claim(
            connection, complaint_id=complaint_id, wants=wants.value, quantity=quantity, amount=worth, currency=money,
            amount_by=by, note=note, made_by=actor, made_at=at,
        )  # fmt: skip
        data = {"complaint": complaint_id, "quantity": quantity, "amount": str(worth), "currency": money}
        _tell(connection, claim_id, "claim_drafted", note, actor, data)
        answer(connection, "claim_made", client_id, request, claim_id, actor=actor)
        return _shown(connection, claim_id, at)


def _check_left(connection: Connection, complaint: Row, quantity: int, at: datetime) -> None:
    claims = _listed(connection, at, complaint_id=complaint["id"])
    claimed = sum(row["quantity"] for row in claims if row["closed_as"] not in ("refused", "withdrawn"))
    left = complaint["quantity"] - claimed
    if quantity > left:
        raise Conflict(
            f"complaint {complaint['id']} is about {complaint['quantity']}, of which {claimed} are claimed: "
            f"{quantity} more cannot be",
            "Claim what is left, or withdraw the other claim first.",
        )


def _worth(
    connection: Connection,
    complaint: Row,
    quantity: int,
    amount: Decimal | None,
    currency: str | None,
    at: datetime,
) -> tuple[Decimal, str, str]:
    """What is claimed, in which currency, and by whose word."""
    if (amount is None) != (currency is None):
        raise Invalid("an amount needs a currency, and a currency an amount", "Give both, or none.")
    if amount is not None and currency is not None:
        return amount, currency, "stated"
    lot = lot_of(connection, complaint["lot_id"])
    item_id = item_named(connection, lot["item"])["id"]
    known = costs_on(connection, [item_id], at.date()).get(item_id, ())
    cost = cost_of(known, complaint["supplier_id"])
    worth = None if cost is None else worth_of_units(cost.cost, quantity)
    if cost is None or not worth:
        raise Invalid(
            f"the cost of {lot['item']} of this supplier is not known",
            "Give amount and currency, or import its cost.",
        )
    if worth >= AMOUNT_MAX:
        raise Invalid(f"{quantity} of {lot['item']} would be worth {worth} {cost.currency}", "Check the quantity.")
    return worth, cost.currency, f"unit cost {cost.cost.normalize():f} {cost.currency} from {cost.valid_from}"


def send_claim(database: Database, claim_id: int, how: str, *, at: datetime, actor: str) -> Row:
    """Note that a claim went to the supplier with all evidence there is; gives it.

    Raises ``NotFound``, and ``Conflict`` without evidence or where it was sent or has ended.
    """
    with database.transaction() as connection:
        claim = _lock(connection, claim_id)
        if claim["sent_at"] is not None:
            raise Conflict(f"claim {claim_id} was sent before")
        evidence = list(queries("claims").evidence_of(connection, complaint_id=claim["complaint_id"]))
        if not evidence:
            raise Conflict(
                "a claim without evidence is not sent",
                "Attach the thermal passport, a logger's file, photographs or documents to the complaint first.",
            )
        digest = evidence_digest(row["sha256"] for row in evidence)
        queries("claims").send_claim(
            connection, claim_id=claim_id, sent_by=actor, sent_at=at, sent_how=how, evidence_sha256=digest
        )
        data = {"evidence": [row["id"] for row in evidence], "evidence_sha256": digest}
        _tell(connection, claim_id, "claim_sent", how, actor, data)
        return _shown(connection, claim_id, at)


def settle_credit(
    database: Database, claim_id: int, *, amount: Decimal, currency: str, reference: str, at: datetime, actor: str
) -> Row:
    """Keep a credit note; the claim is settled once nothing is open. Gives the claim.

    Raises ``NotFound``, ``Invalid`` for another currency, ``Conflict`` for more than is open.
    """
    with database.transaction() as connection:
        claim, money = _open_money(connection, claim_id)
        if currency != claim["currency"]:
            raise Invalid(
                f"claim {claim_id} is in {claim['currency']}, the credit note in {currency}",
                f"Give what it is worth in {claim['currency']}, as your bank converts it.",
            )
        return _settle(connection, claim, money, Remedy.CREDIT, amount, None, reference, at, actor)


def settle_replacement(
    database: Database, claim_id: int, *, quantity: int, reference: str, at: datetime, actor: str
) -> Row:
    """Keep that goods came instead; ``reference`` is their order or delivery. Gives the claim.

    Raises ``NotFound``, ``Conflict`` for more than was claimed.
    """
    with database.transaction() as connection:
        claim, money = _open_money(connection, claim_id)
        rows = queries("claims").settlements_of(connection, claim_ids=[claim_id])
        replaced = sum(row["quantity"] or 0 for row in rows)
        if replaced + quantity > claim["quantity"]:
            raise Conflict(
                f"{claim['quantity']} were claimed, {replaced} of them replaced: {quantity} more are too many"
            )
        amount = money.open if replaced + quantity == claim["quantity"] else money.worth_of(quantity)
        return _settle(connection, claim, money, Remedy.REPLACEMENT, amount, quantity, reference, at, actor)


def _open_money(connection: Connection, claim_id: int) -> tuple[Row, ClaimMoney]:
    claim = _lock(connection, claim_id)
    if claim["sent_at"] is None:
        raise Conflict(f"claim {claim_id} was not sent yet", "Note first how it went to the supplier.")
    rows = queries("claims").settlements_of(connection, claim_ids=[claim_id])
    settled = sum((row["amount"] for row in rows), Decimal(0))
    return claim, ClaimMoney(claim["quantity"], claim["amount"], settled)


def _settle(
    connection: Connection,
    claim: Row,
    money: ClaimMoney,
    kind: Remedy,
    amount: Decimal,
    quantity: int | None,
    reference: str,
    at: datetime,
    actor: str,
) -> Row:
    if amount > money.open:
        raise Conflict(
            f"{money.open} {claim['currency']} of claim {claim['id']} are open, not {amount}",
            "Check the credit note; what is beyond the claim belongs to another one.",
        )
    settlement_id = queries("claims").add_settlement(
        connection, claim_id=claim["id"], kind=kind.value, amount=amount, quantity=quantity, reference=reference,
        settled_by=actor, settled_at=at,
    )  # fmt: skip
    if settlement_id is None:
        raise Conflict(f"{kind} {reference} was kept for claim {claim['id']} before")
    data = {"settlement": settlement_id, "kind": kind.value, "amount": str(amount), "quantity": quantity}
    _tell(connection, claim["id"], "claim_settlement", reference, actor, data)
    if amount == money.open:
        _close(connection, claim["id"], "settled", f"{kind} {reference}", at, actor)
    return _shown(connection, claim["id"], at)


def end_claim(database: Database, claim_id: int, ended: Ended, reason: str, *, at: datetime, actor: str) -> Row:
    """End a claim that the supplier refuses, or that is withdrawn; what is open stays unpaid. Gives it.

    Raises ``NotFound``, ``Conflict``.
    """
    with database.transaction() as connection:
        claim = _lock(connection, claim_id)
        if ended is Ended.REFUSED and claim["sent_at"] is None:
            raise Conflict(f"claim {claim_id} was not sent, so nobody refused it", "Withdraw it instead.")
        _close(connection, claim_id, ended.value, reason, at, actor)
        return _shown(connection, claim_id, at)


def _close(connection: Connection, claim_id: int, closed_as: str, reason: str, at: datetime, actor: str) -> None:
    queries("claims").close_claim(
        connection, claim_id=claim_id, closed_as=closed_as, closed_by=actor, closed_at=at, closed_reason=reason
    )
    _tell(connection, claim_id, f"claim_{closed_as}", reason, actor, {})


def show_claim(database: Database, claim_id: int, *, at: datetime) -> Row:
    """A claim with what came of it. Raises ``NotFound``."""
    with database.transaction() as connection:
        return _shown(connection, claim_id, at)


def list_claims(
    database: Database,
    *,
    only_open: bool = False,
    complaint_id: int | None = None,
    supplier: str | None = None,
    at: datetime,
    rows_max: int,
    rows_skipped: int = 0,
) -> list[Row]:
    """Claims with their money and age, the newest first."""
    with database.transaction() as connection:
        return _listed(
            connection, at, complaint_id=complaint_id, supplier=supplier, only_open=only_open, rows_max=rows_max,
            rows_skipped=rows_skipped,
        )  # fmt: skip


def trends(
    database: Database, *, by_lot: bool, since: datetime, at: datetime, rows_max: int, rows_skipped: int = 0
) -> list[Row]:
    """By supplier, or by supplier and lot: complaints since then, deliveries, claims, money by currency, and days."""
    with database.transaction() as connection:
        return list(
            queries("claims").trends(
                connection, by_lot=by_lot, since=since, at=at, rows_max=rows_max, rows_skipped=rows_skipped
            )
        )


def _lock(connection: Connection, claim_id: int) -> Row:
    row: Row | None = queries("claims").lock_claim(connection, claim_id=claim_id)
    if row is None:
        raise NotFound(f"there is no claim {claim_id}", "See GET /v1/claims for those there are.")
    if row["closed_at"] is not None:
        raise Conflict(f"claim {claim_id} has ended: it was {row['closed_as']}", "Make another claim.")
    return row


def _shown(connection: Connection, claim_id: int, at: datetime) -> Row:
    rows = _listed(connection, at, claim_id=claim_id)
    if not rows:
        raise NotFound(f"there is no claim {claim_id}", "See GET /v1/claims for those there are.")
    return rows[0]


def _listed(
    connection: Connection,
    at: datetime,
    *,
    claim_id: int | None = None,
    complaint_id: int | None = None,
    supplier: str | None = None,
    only_open: bool = False,
    rows_max: int = 1000,
    rows_skipped: int = 0,
) -> list[Row]:
    rows = list(
        queries("claims").claims(
            connection, claim_id=claim_id, complaint_id=complaint_id, supplier=supplier, only_open=only_open, at=at,
            rows_max=rows_max, rows_skipped=rows_skipped,
        )
    )  # fmt: skip
    of_claim: dict[int, list[Row]] = {}
    for each in queries("claims").settlements_of(connection, claim_ids=[row["id"] for row in rows]):
        of_claim.setdefault(each["claim_id"], []).append(each)
    return [{**row, "settlements": of_claim.get(row["id"], [])} for row in rows]


def _tell(connection: Connection, claim_id: int, kind: str, reason: str, actor: str, data: dict[str, Any]) -> None:
    add_event(connection, actor=actor, kind=kind, subject=f"claim:{claim_id}", reason=reason, data=data)
