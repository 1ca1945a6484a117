"""Transaction information and statements: what partners told, what we told them, and what they have to be told
(DSCSA)."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from cloud_sync.actions.interop import transactions
from cloud_sync.actions.master_data.choices import places_to_choose
from cloud_sync.actions.overview.rooms import house_zone
from cloud_sync.api.access import Ledger, Now
from cloud_sync.console.forms import Field, Reason, Text, name_of, reason_of
from cloud_sync.console.page_route import PageRoute, Receiver, Resolver, Visitor
from cloud_sync.console.table import Column, Show, list_page, table
from cloud_sync.domain.list_request import ListRequest
from cloud_sync.storage.database import Row

ROWS_MAX = 1000
ID_MAX = 2**63 - 1

router = APIRouter(route_class=PageRoute)


def state_of(row: Row) -> str:
    """Where what was told stands."""
    if row["voided_at"]:
        return "voided"
    if row["fault"]:
        return str(row["fault"]).replace("_", " ")
    if row["direction"] == "out":
        return "sent"
    return "received" if row["finished_at"] else "open"


RECORDS = (
    Column("reference", "Reference", link=lambda row: f"/transaction-data/{row['id']}"),
    Column("direction", "Direction", filters=("in", "out")),
    Column("partner", "Partner", link=lambda row: f"/trading-partners/{row['partner']}"),
    Column("order_ref", "Order", link=lambda row: f"/orders/{row['order_ref']}" if row["order_ref"] else None),
    Column("transaction_on", "Date", Show.DAY),
    Column("lines", "Lines", Show.NUMBER),
    Column("serials", "Serials", Show.NUMBER),
    Column("told_at", "Recorded", Show.WHEN),
    Column("state", "State", Show.TAG, filters=True, value=state_of),
)
LINES = (
    Column("line", "Line", Show.NUMBER),
    Column("item", "Item", value=lambda row: row["item"] or f"unknown: {row['gtin'] or row['ndc']}"),
    Column("lot_number", "Lot", link=lambda row: f"/lots/{row['lot_id']}" if row["lot_id"] else None),
    Column("quantity", "Stated", Show.NUMBER),
    Column("moved", "Moved", Show.NUMBER),
    Column("serials", "Serials", Show.NUMBER),
)


def _message_state(row: Row) -> str:
    if row["withdrawn_at"]:
        return "not needed"
    return "answered" if row["answered_at"] else "sent" if row["sent_at"] else "to send"


MESSAGES = (
    Column("partner", "Partner", link=lambda row: f"/trading-partners/{row['partner']}"),
    Column("subject", "What", link=lambda row: f"/cases/{row['case_id']}" if row["case_id"] else None),
    Column("body", "Message"),
    Column("made_at", "Since", Show.WHEN),
    Column("due_at", "Due", Show.WHEN),
    Column("state", "State", Show.TAG, filters=True, value=_message_state),
)


@router.get("/transaction-data")
def transactions_page(request: Request, database: Ledger, _: Visitor) -> Any:
    """What was told, in and out, and the messages to partners that wait."""
    zone = house_zone(database)

    def found(wanted: ListRequest) -> list[Row]:
        page = wanted.page
        return transactions.list_transactions(database, rows_max=page["rows_max"], rows_skipped=page["rows_skipped"])

    messages = transactions.list_messages(database, only_waiting=True, rows_max=ROWS_MAX)
    return list_page(
        request, "transaction_data.html",
        records=table(request, "transaction-data", RECORDS, source=found, searches=False, zone=zone),
        messages=table(request, "messages", MESSAGES, messages, zone=zone, prefix="m_"), waiting=messages,
        suppliers=places_to_choose(database, ["supplier"]),
    )  # fmt: skip


@router.post("/transaction-data")
def tell_page(database: Ledger, actor: Receiver, now: Now, supplier: Field = "", told: Text = "") -> Any:
    """Take transaction information that came as a file or by mail."""
    shown, _ = transactions.tell_transaction(database, name_of(supplier), told.encode(), at=now, actor=actor.name)
    return RedirectResponse(f"/transaction-data/{shown['id']}", 303)


@router.get("/transaction-data/{record_id}")
def transaction_page(record_id: int, request: Request, database: Ledger, _: Visitor) -> Any:
    """One record: both parties, its lines, its statement."""
    record = transactions.show_transaction(database, min(record_id, ID_MAX))
    zone = house_zone(database)
    return list_page(
        request, "transaction.html", record=record, told=record["content"], state=state_of(record), zone=zone,
        statements=transactions.STATEMENTS,
        lines=table(request, "lines", LINES, record["lines"], zone=zone),
    )  # fmt: skip


@router.get("/transaction-data/{record_id}/file")
def transaction_file(record_id: int, database: Ledger, _: Visitor) -> Response:
    """The transaction information and statement as JSON, to be sent to the partner."""
    content, name = transactions.file_of(database, min(record_id, ID_MAX))
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type="application/json", headers=headers)


@router.post("/transaction-data/{record_id}/finish")
def finish_page(record_id: int, database: Ledger, actor: Receiver, now: Now) -> Any:
    """All that comes of it has come."""
    transactions.finish_receipt(database, min(record_id, ID_MAX), at=now, actor=actor.name)
    return RedirectResponse(f"/transaction-data/{record_id}", 303)


@router.post("/transaction-data/{record_id}/void")
def void_page(record_id: int, database: Ledger, actor: Resolver, now: Now, reason: Reason = "") -> Any:
    """It was replaced or withdrawn."""
    why = reason_of(reason, "voiding transaction information")
    transactions.void_transaction(database, min(record_id, ID_MAX), why, at=now, actor=actor.name)
    return RedirectResponse(f"/transaction-data/{record_id}", 303)


@router.post("/transaction-data/messages/{message_id}")
def message_page(
    message_id: int, database: Ledger, actor: Resolver, now: Now, step: Annotated[str, Form(max_length=20)] = "sent",
    back: Field = "/transaction-data", reason: Reason = "",
) -> Any:  # fmt: skip
    """Note that a partner was told, or what it answered."""
    why = reason_of(reason, "a message")
    note = transactions.note_answered if step == "answered" else transactions.note_sent
    note(database, min(message_id, ID_MAX), why, at=now, actor=actor.name)
    return RedirectResponse(back if back.startswith("/suspects/") else "/transaction-data", 303)
