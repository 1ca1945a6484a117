"""Recalls: what is frozen, who got it and was told, whether every unit is accounted for, and how it ends."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse

from cloud_sync.actions.master_data.choices import items_to_choose, places_to_choose
from cloud_sync.actions.overview.record_lists import recalls_listed
from cloud_sync.actions.overview.rooms import house_zone
from cloud_sync.actions.quality import recalls
from cloud_sync.api.access import Ledger
from cloud_sync.api.schemas.recall import RecallIn
from cloud_sync.console.forms import Reason, Text, Words, checked, pasted_rows, reason_of
from cloud_sync.console.page_route import PageRoute, Recaller, Visitor
from cloud_sync.console.rendering import lasting, render
from cloud_sync.console.table import Column, Show, list_page, table, tag
from cloud_sync.domain.list_request import ListRequest
from cloud_sync.storage.database import Row

ROWS_MAX = 2000
CHOICES_MAX = 2000
ID_MAX = 2**63 - 1

router = APIRouter(route_class=PageRoute)
Named = Annotated[str, Query(max_length=100)]


def _state(row: Row) -> str:
    return str(row["outcome"] or "open")


RECALLS = (
    Column("id", "Recall", Show.NUMBER, link=lambda row: f"/recalls/{row['id']}"),
    Column("title", "Title", link=lambda row: f"/recalls/{row['id']}"),
    Column("is_mock", "Kind", filters=("mock", "real"), value=lambda row: "mock" if row["is_mock"] else "real"),
    Column("opened_by", "Opened by"),
    Column("opened_at", "Opened", Show.WHEN),
    Column("elapsed_s", "Duration", Show.NUMBER, html=lambda row: lasting(row["elapsed_s"])),
    Column("lots", "Lots", Show.NUMBER),
    Column("state", "State", Show.TAG, filters=("open", "completed", "lifted"), value=_state),
)
SORTS = ("id", "title", "opened_by", "opened_at", "elapsed_s", "state")
RECONCILED = (
    Column("item", "Item"),
    Column("lot_number", "Lot", link=lambda row: f"/lots/{row['lot_id']}"),
    Column("received", "Received", Show.NUMBER),
    Column("on_hand", "On hand", Show.NUMBER),
    Column("with_recipients", "With recipients", Show.NUMBER),
    Column("returned", "Returned", Show.NUMBER),
    Column("destroyed", "Destroyed", Show.NUMBER),
    Column("consumed", "Used", Show.NUMBER),
    Column("count_differences", "Adjusted by counts", Show.NUMBER),
    Column("difference", "Unexplained", Show.NUMBER),
    Column(
        "is_complete", "Accounted for", filters=True, value=lambda row: "all" if row["is_complete"] else "not all",
        html=lambda row: tag(f"{row['accounted_pct']:g} %", "ok" if row["is_complete"] else "bad"),
    ),
)  # fmt: skip
IMPACT = (
    Column("item", "Item"),
    Column("lot_number", "Lot", link=lambda row: f"/lots/{row['lot_id']}"),
    Column("serial", "Serial", optional=True),
    Column("is_product", "Made from it", value=lambda row: "product" if row["is_product"] else ""),
    Column("place", "Where it is now"),
    Column("place_kind", "Kind of place", Show.WORDS, filters=True),
    Column("quantity", "Quantity", Show.NUMBER),
)


def _notice_state(row: Row) -> str:
    return "acknowledged" if row["acknowledged_at"] else "sent" if row["sent_at"] else "to send"


NOTICES = (
    Column("place", "Recipient"),
    Column("place_kind", "Kind", Show.WORDS, filters=True),
    Column(
        "lots", "Received",
        value=lambda row: [f"{lot['quantity']} {lot['item']} {lot['lot_number']}" for lot in row["lots"]],
    ),
    Column("state", "State", Show.TAG, filters=("to send", "sent", "acknowledged"), value=_notice_state),
    Column("sent_at", "Sent", Show.WHEN),
    Column("sent_how", "How"),
    Column("acknowledged_text", "Answer"),
)  # fmt: skip


@router.get("/recalls")
def recalls_page(request: Request, database: Ledger, _: Visitor) -> Any:
    """All recalls, the newest first."""

    def found(wanted: ListRequest) -> list[Row]:
        return recalls_listed(database, wanted)

    shown = table(request, "recalls", RECALLS, source=found, sorts=SORTS, zone=house_zone(database))
    return list_page(request, "recalls.html", recalls=shown)


@router.get("/new-recall")
def new_recall_page(request: Request, database: Ledger, _: Visitor, item: Named = "", lot: Named = "") -> Any:
    """The form; what the address names is filled in."""
    return render(
        request, "new_recall.html", item=item, lot=lot, items=items_to_choose(database),
        suppliers=places_to_choose(database, ["supplier"]),
    )  # fmt: skip


@router.post("/recalls")
def open_recall(
    database: Ledger,
    actor: Recaller,
    title: Reason = "",
    reason: Reason = "",
    is_mock: Annotated[bool, Form()] = False,
    lots: Text = "",
    item: Words = None,
    supplier: Words = None,
) -> Any:
    """Freeze everything of these lots, items and suppliers."""
    numbered = [
        {"item": row["item"], "lot_number": row["lot_number"]} for row in pasted_rows(lots, ("item", "lot_number"))
    ]
    said = checked(
        RecallIn, title=title, reason=reason, is_mock=is_mock, lot_numbers=numbered,
        items=[each for each in item or [] if each], suppliers=[each for each in supplier or [] if each],
    )  # fmt: skip
    recall = recalls.open_recall(
        database, **said.model_dump(exclude={"lot_numbers"}), actor=actor.name,
        lot_numbers=[(each.item, each.lot_number) for each in said.lot_numbers],
    )  # fmt: skip
    return RedirectResponse(f"/recalls/{recall['id']}", 303)


@router.get("/recalls/{recall_id}")
def recall_page(recall_id: int, request: Request, database: Ledger, _: Visitor) -> Any:
    """One recall: its clock, its reconciliation, where everything is, and whom to tell."""
    recall = recalls.show_recall(database, min(recall_id, ID_MAX))
    impact = recalls.list_impact(database, recall["id"], rows_max=ROWS_MAX)
    zone = house_zone(database)
    return list_page(
        request, "recall.html", recall=recall, zone=zone,
        lots=table(request, "reconciliation", RECONCILED, recall["reconciliation"], zone=zone, prefix="lot-"),
        impact=table(request, "where-it-is", IMPACT, impact, zone=zone, prefix="place-"),
        notices=table(request, "recipients", NOTICES, recall["notices"], zone=zone, prefix="notice-"),
        to_send=[row for row in recall["notices"] if row["sent_at"] is None],
        to_answer=[row for row in recall["notices"] if row["sent_at"] and row["acknowledged_at"] is None],
        is_complete=all(lot["is_complete"] for lot in recall["reconciliation"]),
        on_hand=sum(max(lot["on_hand"], 0) for lot in recall["reconciliation"]),
    )  # fmt: skip


@router.post("/recalls/{recall_id}/notices/{notice_id}/sent")
def send_notice(recall_id: int, notice_id: int, database: Ledger, actor: Recaller, reason: Reason = "") -> Any:
    """Note that a recipient was told, and how."""
    recalls.send_notice(database, recall_id, notice_id, reason_of(reason, "a notice"), actor=actor.name)
    return RedirectResponse(f"/recalls/{recall_id}", 303)


@router.post("/recalls/{recall_id}/notices/{notice_id}/acknowledged")
def acknowledge(recall_id: int, notice_id: int, database: Ledger, actor: Recaller, reason: Reason = "") -> Any:
    """Note what a recipient answered."""
    recalls.acknowledge_notice(database, recall_id, notice_id, reason_of(reason, "an answer"), actor=actor.name)
    return RedirectResponse(f"/recalls/{recall_id}", 303)


@router.post("/recalls/{recall_id}/close")
def close(
    recall_id: int,
    database: Ledger,
    actor: Recaller,
    outcome: Annotated[Literal["completed", "lifted"], Form()],
    reason: Reason = "",
) -> Any:
    """End a recall that somebody else opened."""
    why = reason_of(reason, "closing a recall")
    recalls.close_recall(database, recall_id, outcome=outcome, reason=why, actor=actor.name)
    return RedirectResponse(f"/recalls/{recall_id}", 303)
