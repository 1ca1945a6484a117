"""Suspect and illegitimate product with its clocks, and what regulators ask (DSCSA)."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from markupsafe import Markup

from cloud_sync.actions.interop import suspects, tracing_requests
from cloud_sync.actions.overview.rooms import house_zone
from cloud_sync.api.access import Ledger, Now
from cloud_sync.api.schemas.dscsa import SuspectIn, TracingRequestIn
from cloud_sync.console.forms import Field, Reason, Word, checked, reason_of
from cloud_sync.console.lot_field import label_of_lot, lot_entered
from cloud_sync.console.page_route import Auditor, Decider, Holder, PageRoute, Resolver, Visitor
from cloud_sync.console.pages.transaction_data import MESSAGES
from cloud_sync.console.rendering import when
from cloud_sync.console.table import Column, Show, list_page, table, tag
from cloud_sync.domain.list_request import ListRequest
from cloud_sync.errors import Invalid
from cloud_sync.storage.database import Row

ID_MAX = 2**63 - 1
TONES = {"investigating": "warn", "notifying": "bad", "notified": "warn", "cleared": "ok", "terminated": ""}

router = APIRouter(route_class=PageRoute)


def _due(row: Row, zone: str, now: datetime) -> Markup | str:
    if row["due_at"] is None:
        return ""
    return Markup("{} {}").format(when(row["due_at"], zone), tag("overdue", "bad") if now >= row["due_at"] else "")


def _suspect_columns(zone: str, now: datetime) -> tuple[Column, ...]:
    return (
        Column("id", "No.", Show.NUMBER, link=lambda row: f"/suspects/{row['id']}"),
        Column("item", "Item", link=lambda row: f"/suspects/{row['id']}"),
        Column("lot_number", "Lot", link=lambda row: f"/lots/{row['lot_id']}"),
        Column("serial", "Serial"),
        Column("classification", "Suspected", Show.WORDS),
        Column("opened_by", "Opened by"),
        Column("opened_at", "Opened", Show.WHEN),
        Column("due_at", "Next step due", html=lambda row: _due(row, zone, now)),
        Column("stage", "Stage", html=lambda row: tag(row["stage"], TONES[row["stage"]])),
    )


PARTNERS = (
    Column("partner", "Partner", link=lambda row: f"/trading-partners/{row['partner']}"),
    Column("kind", "Kind"),
    Column("quantity", "Quantity", Show.NUMBER, value=lambda row: abs(row["quantity"])),
)


@router.get("/suspects")
def suspects_page(request: Request, database: Ledger, _: Visitor, now: Now) -> Any:
    """All investigations, the newest first."""
    zone = house_zone(database)

    def found(wanted: ListRequest) -> list[Row]:
        return suspects.list_suspects(database, only_open=False, **wanted.page)

    shown = table(request, "suspects", _suspect_columns(zone, now), source=found, searches=False, zone=zone)
    lot = request.query_params.get("lot", "")
    return list_page(request, "suspects.html", suspects=shown, lot=label_of_lot(database, lot))


@router.post("/suspects")
def open_page(
    database: Ledger, actor: Holder, now: Now, lot: Field = "", serial: Field = "", source: Field = "own",
    classification: Field = "", description: Reason = "",
) -> Any:  # fmt: skip
    """Hold product and open its investigation."""
    told = checked(
        SuspectIn, lot_id=lot_entered(database, lot, now.date()), serial=serial.strip(), source=source,
        classification=classification, description=description,
    )  # fmt: skip
    opened = suspects.open_suspect(database, **told.model_dump(), at=now, actor=actor.name)
    return RedirectResponse(f"/suspects/{opened['id']}", 303)


@router.get("/suspects/{suspect_id}")
def suspect_page(suspect_id: int, request: Request, database: Ledger, _: Visitor, now: Now) -> Any:
    """One investigation: its clock, its next step, whom to tell, Form FDA 3911."""
    suspect = suspects.show_suspect(database, min(suspect_id, ID_MAX))
    zone = house_zone(database)
    return list_page(
        request, "suspect.html", suspect=suspect, zone=zone, tone=TONES[suspect["stage"]],
        is_over=suspect["due_at"] is not None and now >= suspect["due_at"],
        form=suspects.form_of(database, suspect["id"]),
        partners=table(request, "partners", PARTNERS, suspect["partners"], zone=zone, prefix="p_"),
        messages=table(request, "messages", MESSAGES, suspect["messages"], zone=zone, prefix="m_"),
        to_send=[row for row in suspect["messages"] if row["sent_at"] is None and row["withdrawn_at"] is None],
    )  # fmt: skip


@router.post("/suspects/{suspect_id}/determine")
def determine_page(
    suspect_id: int, database: Ledger, actor: Decider, now: Now, determination: Field = "", reason: Reason = ""
) -> Any:
    """Clear it, or find it illegitimate."""
    if determination not in ("cleared", "illegitimate"):
        raise Invalid("choose what the investigation found", "Go back and choose one.")
    why = reason_of(reason, "a determination")
    suspects.determine(database, min(suspect_id, ID_MAX), determination, why, at=now, actor=actor)
    return RedirectResponse(f"/suspects/{suspect_id}", 303)


@router.post("/suspects/{suspect_id}/fda")
def fda_page(
    suspect_id: int, database: Ledger, actor: Resolver, now: Now, incident: Field = "", reason: Reason = ""
) -> Any:
    """The FDA was told."""
    how = reason_of(reason, "telling the FDA")
    suspects.notify_fda(database, min(suspect_id, ID_MAX), how, incident.strip(), at=now, actor=actor.name)
    return RedirectResponse(f"/suspects/{suspect_id}", 303)


@router.post("/suspects/{suspect_id}/terminate")
def terminate_page(suspect_id: int, database: Ledger, actor: Resolver, now: Now, reason: Reason = "") -> Any:
    """The notification is terminated."""
    why = reason_of(reason, "terminating a notification")
    suspects.terminate(database, min(suspect_id, ID_MAX), why, at=now, actor=actor.name)
    return RedirectResponse(f"/suspects/{suspect_id}", 303)


REQUESTS = (
    Column("id", "Request", Show.NUMBER),
    Column("asked_by", "Requested by"),
    Column("reference", "Reference"),
    Column("item", "Item"),
    Column("lot_number", "Lot"),
    Column("serial", "Serial"),
    Column("asked_at", "Received", Show.WHEN),
    Column("due_at", "Due", Show.WHEN),
    Column("answered_at", "Answered", Show.WHEN),
    Column("state", "State", Show.TAG, value=lambda row: "done" if row["answered_at"] else "open"),
)


@router.get("/tracing-requests")
def requests_page(request: Request, database: Ledger, _: Visitor) -> Any:
    """What regulators asked."""

    def found(wanted: ListRequest) -> list[Row]:
        return tracing_requests.list_requests(database, only_open=False, **wanted.page)

    shown = table(request, "tracing-requests", REQUESTS, source=found, searches=False, zone=house_zone(database))
    return list_page(request, "tracing_requests.html", requests=shown)


@router.post("/tracing-requests")
def ask_page(
    database: Ledger, actor: Auditor, now: Now, asked_by: Word = "", reference: Word = "", asked_at: Field = "",
    gtin: Field = "", lot_number: Field = "", serial: Field = "",
) -> Any:  # fmt: skip
    """Keep what a regulator asks."""
    told = checked(
        TracingRequestIn, asked_by=asked_by, reference=reference, asked_at=asked_at or None,
        gtin=gtin.strip().zfill(14) if gtin.strip() else "", lot_number=lot_number.strip(), serial=serial.strip(),
    )  # fmt: skip
    at = tracing_requests.when_asked(told.asked_at, now)  # a form has no zone: UTC, as it says
    tracing_requests.record_request(database, **told.model_dump(exclude={"asked_at"}), asked_at=at, actor=actor.name)
    return RedirectResponse("/tracing-requests", 303)


@router.post("/tracing-requests/{request_id}/answer")
def answer_page(request_id: int, database: Ledger, actor: Auditor, now: Now) -> Response:
    """The answer as a file."""
    content, row = tracing_requests.answer_request(database, min(request_id, ID_MAX), at=now, actor=actor.name)
    headers = {"Content-Disposition": f'attachment; filename="dscsa-{row["id"]}.zip"'}
    return Response(content, media_type="application/zip", headers=headers)
