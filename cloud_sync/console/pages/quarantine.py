"""Quarantine: what is held, and one page for each event on which all its lots are decided."""

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import JSONResponse, RedirectResponse

from cloud_sync.actions.overview.quarantine import event, queue
from cloud_sync.actions.overview.rooms import house_zone, room_now
from cloud_sync.actions.quality.holds_and_dispositions import decide_event, lift_hold
from cloud_sync.api.access import Ledger, Now
from cloud_sync.console.curves import curves
from cloud_sync.console.page_route import Decider, PageRoute, Visitor
from cloud_sync.console.rendering import lasting, render, value
from cloud_sync.console.table import Column, Show, list_page, table, tag
from cloud_sync.domain.dispositions import Decision
from cloud_sync.errors import Invalid
from edge_agent.domain.monitoring.quantity_words import unit_of

ROWS_MAX = 500
AROUND_MIN = timedelta(minutes=15)
AROUND = 3

EVENTS = (
    Column(
        "place", "Place", filters=True,
        value=lambda row: row["place_title"] or row["place"], link=lambda row: f"/quarantine/{row['id']}",
    ),
    Column("rule", "What happened"),
    Column("severity", "Severity", Show.TAG, filters=True),
    Column("began_at", "Began", Show.WHEN),
    Column(
        "lasted", "Lasted", Show.NUMBER,
        value=lambda row: int((row["ended_at"] - row["began_at"]).total_seconds()) if row["ended_at"] else None,
        html=lambda row: lasting(row["ended_at"] - row["began_at"]) if row["ended_at"] else tag("not over"),
    ),
    Column(
        "worst", "Worst", Show.NUMBER,
        html=lambda row: f"{value(row['worst'], row['metric'])} {unit_of(row['metric'])}",
    ),
    Column("lots", "Lots held", Show.NUMBER),
)  # fmt: skip
OTHERS = (
    Column("item", "Item", value=lambda row: row["item_title"] or row["item"]),
    Column("lot_number", "Lot", link=lambda row: f"/lots/{row['lot_id']}"),
    Column("serial", "Serial"),
    Column("places", "Where", value=lambda row: row["places"] or ["everywhere"]),
    Column("kind", "Kind", Show.TAG, filters=True),
    Column("text", "Why"),
    Column("since", "Since", Show.WHEN),
)

router = APIRouter(route_class=PageRoute)
Id = Annotated[int, Form(ge=1, le=2**63 - 1)]


@router.get("/quarantine")
def queue_page(request: Request, database: Ledger, _: Visitor, now: Now) -> Any:
    """The queue: excursions that hold stock, the ones that can be decided first; then every other hold."""
    events, others = queue(database, rows_max=ROWS_MAX)
    zone = house_zone(database)
    return list_page(
        request, "quarantine.html", now=now, events=table(request, "events", EVENTS, events, zone=zone),
        others=table(request, "other-holds", OTHERS, others, zone=zone, prefix="hold-"),
    )  # fmt: skip


@router.get("/quarantine/{excursion_id}")
def event_page(excursion_id: int, request: Request, database: Ledger, actor: Visitor, now: Now) -> Any:
    """One excursion: its curve, every lot it exposed, and the decision on them."""
    found = event(database, min(excursion_id, 2**63 - 1))
    room = room_now(database, found["excursion"]["place"], now)
    return render(request, "event.html", **found, room=room, decisions=list(Decision), who=actor, now=now)


@router.get("/quarantine/{excursion_id}/series")
def series(excursion_id: int, database: Ledger, _: Visitor, now: Now) -> Any:
    """The curves around an excursion: three times as long as it lasted on both sides."""
    excursion = event(database, min(excursion_id, 2**63 - 1))["excursion"]
    ended_at = excursion["ended_at"] or now
    around = max(AROUND * (ended_at - excursion["began_at"]), AROUND_MIN)
    room = room_now(database, excursion["place"], now)
    return JSONResponse(curves(database, room, excursion["began_at"] - around, min(ended_at + around, now)))


@router.post("/quarantine/{excursion_id}")
def decide_page(
    excursion_id: int,
    database: Ledger,
    actor: Decider,
    decision: Annotated[Decision, Form()],
    reason: Annotated[str, Form(max_length=2000)] = "",
    lot: Annotated[list[int] | None, Form()] = None,
) -> Any:
    """One decision on the lots that were ticked."""
    if not lot:
        raise Invalid("no lot was ticked", "Go back and tick the lots that this decision is about.")
    if not reason.strip():
        raise Invalid("a decision needs a reason", "Go back and write down what it rests on.")
    decide_event(
        database, excursion_ids=[excursion_id], lot_ids=lot, decision=decision, reason=reason.strip(), actor=actor.name
    )
    return RedirectResponse(f"/quarantine/{excursion_id}", 303)


@router.post("/holds/{hold_id}/lift")
def lift_page(
    hold_id: int, database: Ledger, actor: Decider, reason: Annotated[str, Form(max_length=2000)] = ""
) -> Any:
    """End a hold that somebody else placed."""
    if not reason.strip():
        raise Invalid("lifting a hold needs a reason", "Go back and write down what it rests on.")
    lift_hold(database, hold_id, reason.strip(), actor=actor.name)
    return RedirectResponse("/quarantine", 303)
