"""Quarantine: what is held, and one page for each event on which all its lots are decided."""

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import JSONResponse, RedirectResponse

from cloud_sync.actions.overview.quarantine import LOTS_COUNTED_MAX, event, queue
from cloud_sync.actions.overview.rooms import house_zone, room_now
from cloud_sync.actions.people.security_keys import list_keys
from cloud_sync.actions.quality.holds_and_dispositions import decide_event
from cloud_sync.api.access import Ledger, Now
from cloud_sync.console.curves import curves
from cloud_sync.console.forms import Credential, Word, Words
from cloud_sync.console.page_route import Decider, PageRoute, Visitor
from cloud_sync.console.rendering import lasting, value
from cloud_sync.console.signing import Proof, key_question, sign_as
from cloud_sync.console.table import Column, Show, list_page, table, tag
from cloud_sync.domain.dispositions import Decision
from cloud_sync.domain.signatures import Meaning, RecordKind
from cloud_sync.errors import Invalid
from cloud_sync.storage.database import Row
from edge_agent.domain.monitoring.quantity_words import unit_of

ROWS_MAX = 500
SIGNERS = 2
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
        html=lambda row: lasting(row["ended_at"] - row["began_at"]) if row["ended_at"] else tag("ongoing"),
    ),
    Column(
        "worst", "Worst", Show.NUMBER,
        html=lambda row: f"{value(row['worst'], row['metric'])} {unit_of(row['metric'])}",
    ),
    Column(
        "lots", "Lots on hold", Show.NUMBER,
        html=lambda row: f"over {LOTS_COUNTED_MAX}" if row["lots"] > LOTS_COUNTED_MAX else str(row["lots"]),
    ),
)  # fmt: skip
OTHERS = (
    Column("item", "Item", value=lambda row: row["item_title"] or row["item"]),
    Column("lot_number", "Lot", link=lambda row: f"/lots/{row['lot_id']}"),
    Column("serial", "Serial", optional=True),
    Column("places", "Where", value=lambda row: row["places"] or ["everywhere"]),
    Column(
        "kind", "Kind", Show.TAG, filters=True,
        link=lambda row: f"/holds/{row['hold_id']}" if row["hold_id"] is not None else None,
    ),
    Column("text", "Why"),
    Column("since", "Since", Show.WHEN),
)  # fmt: skip


def _changes(metric: str) -> tuple[Column, ...]:
    return (
        Column("version", "Version", Show.NUMBER),
        Column("change", "Change"),
        Column("began_at", "Began", Show.WHEN),
        Column("ended_at", "Ended", Show.WHEN),
        Column("worst", "Worst", Show.NUMBER, html=lambda row: value(row["worst"], metric)),
        Column("recorded_at", "Recorded", Show.WHEN),
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
    zone = room.zone
    found["lots"] = [{**lot, "waits": bool(lot["is_held"]) and _waits(lot)} for lot in found["lots"]]
    metric = found["excursion"]["metric"]
    changes = table(request, "versions", _changes(metric), found["versions"], zone=zone, prefix="v-")
    return list_page(
        request, "event.html", **found, changes=changes, room=room, decisions=list(Decision), who=actor, now=now,
        who_has_key=not actor.token and bool(list_keys(database, actor.name)),
    )  # fmt: skip


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
    request: Request,
    database: Ledger,
    actor: Decider,
    now: Now,
    decision: Annotated[Decision, Form()],
    reason: Annotated[str, Form(max_length=2000)] = "",
    lot: Annotated[list[int] | None, Form()] = None,
    seen: Words = None,
    password: Word = "",
    code: Word = "",
    credential: Credential = "",
) -> Any:
    """One decision on the lots that were ticked, signed where a password was typed. Lots whose release takes two
    signatures wait for the second; the others are decided."""
    if not lot:
        raise Invalid("no lot was ticked", "Go back and tick the lots that this decision is about.")
    if not reason.strip():
        raise Invalid("a decision needs a reason", "Go back and write down what it rests on.")
    lots = {row["lot_id"]: row for row in event(database, excursion_id)["lots"]}
    if why := _why_signed(decision, [lots[each] for each in lot if each in lots], password or credential):
        raise Invalid(f"this release takes the signatures of two people: {why}", "Go back and type your password.")
    if password or credential:
        sign_as(
            request, database, RecordKind.EXPOSURE, _as_shown(excursion_id, lot, seen), meaning=_meaning_of(decision),
            reason=reason, proof=Proof(password, code.strip() or None, credential), at=now, actor=actor,
        )  # fmt: skip
        lots = {row["lot_id"]: row for row in event(database, excursion_id)["lots"]}
    complete = [each for each in lot if decision is not Decision.RELEASE or not _waits(lots.get(each))]
    if complete:
        decide_event(
            database, excursion_ids=[excursion_id], lot_ids=complete, decision=decision, reason=reason.strip(),
            actor=actor.name,
        )  # fmt: skip
    return RedirectResponse(f"/quarantine/{excursion_id}", 303)


@router.post("/quarantine/{excursion_id}/question")
def ask_key_page(
    excursion_id: int,
    request: Request,
    database: Ledger,
    actor: Decider,
    now: Now,
    decision: Annotated[Decision, Form()],
    reason: Annotated[str, Form(max_length=2000)] = "",
    lot: Annotated[list[int] | None, Form()] = None,
    seen: Words = None,
) -> Any:
    """What the security key of whoever decides is asked: all ticked lots at once."""
    if not lot:
        raise Invalid("no lot was ticked", "Tick the lots that this decision is about.")
    return key_question(
        request, database, RecordKind.EXPOSURE, _as_shown(excursion_id, lot, seen), meaning=_meaning_of(decision),
        reason=reason, at=now, actor=actor,
    )  # fmt: skip


def _as_shown(excursion_id: int, lot_ids: list[int], seen: list[str] | None) -> dict[str, str]:
    shown = dict(each.rpartition("=")[::2] for each in seen or [])
    return {f"{excursion_id}:{each}": shown.get(f"{excursion_id}:{each}", "") for each in lot_ids}


def _meaning_of(decision: Decision) -> Meaning:
    return Meaning.RELEASE if decision is Decision.RELEASE else Meaning.REJECTION


def _why_signed(decision: Decision, lots: list[Row], proof: str) -> str:
    """Why a proof is needed and missing."""
    why = {each for lot in lots for each in lot["why_two"]} if decision is Decision.RELEASE and not proof else set()
    return "; ".join(sorted(why))


def _waits(lot: Row | None) -> bool:
    """Whether the release of a lot waits for a signature."""
    return lot is not None and bool(lot["why_two"]) and len(lot["signers"]) < SIGNERS
