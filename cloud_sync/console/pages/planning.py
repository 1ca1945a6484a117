"""Planning: what to order and where it could come from, each number with its reasons; people decide."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from fastapi.responses import RedirectResponse
from markupsafe import Markup

from cloud_sync.actions.overview.rooms import house_zone
from cloud_sync.actions.planning import levels, rescue, runs, sourcing
from cloud_sync.api.access import Ledger, Now
from cloud_sync.console.bars import bars
from cloud_sync.console.forms import ClientId, Field, Reason, reason_of
from cloud_sync.console.page_route import Administrator, Approver, PageRoute, Requester, Visitor
from cloud_sync.console.rendering import render
from cloud_sync.console.table import Column, Show, list_page, table
from cloud_sync.storage.database import Row

router = APIRouter(route_class=PageRoute)
ADVICE_MAX = 200
RunId = Annotated[int, Path(ge=1, le=10**15)]
Known = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=100)]


def _levels(row: Row) -> str:
    now = f"{row['reorder_point_now']} / {row['par_level_now']}" if row["par_level_now"] is not None else "none"
    return f"{row['reorder_point']} / {row['par_level']} (now {now})"


def _state(row: Row) -> str:
    if row["order_quantity"]:
        return "to order"
    return "to decide" if any("somebody has to decide" in note for note in row["notes"]) else "enough"


def _sentence(row: Row) -> str:
    told = "; ".join(row["notes"])
    return f"{told[:1].upper()}{told[1:]}"


SUGGESTIONS = (
    Column("item", "Item", value=lambda row: row["item_title"] or row["item"],
           link=lambda row: f"/planning/{row['run_id']}/{row['item']}/{row['place']}"),
    Column("place", "Place", value=lambda row: row["place_title"] or row["place"], filters=True),
    Column("state", "State", Show.TAG, filters=True, value=_state),
    Column("order_quantity", "To order", Show.NUMBER, value=lambda row: row["order_quantity"] or None),
    Column("usable", "Usable", Show.NUMBER),
    Column("held", "On hold", Show.NUMBER, value=lambda row: row["held"] or None),
    Column("on_order", "On order", Show.NUMBER, value=lambda row: row["on_order"] or None),
    Column("rate", "Weekly use", Show.NUMBER, value=lambda row: round(row["rate"] * 7, 1)),
    Column("levels", "Reorder point / par level", value=_levels),
    Column("left_unused", "Expires unused", Show.NUMBER, value=lambda row: row["left_unused"] or None),
    Column("method", "Forecast"),
    Column("notes", "Notes", value=lambda row: "; ".join(row["notes"]), below=True,
           html=lambda row: Markup('<span class="soft">{}.</span>').format(_sentence(row)) if row["notes"] else ""),
)  # fmt: skip
TO_ORDER = (
    Column("item", "Item"), Column("place", "For"), Column("quantity", "To order", Show.NUMBER),
    Column("kind", "Source", Show.WORDS, filters=True), Column("name", "From"), Column("units", "Of it", Show.NUMBER),
    Column("why", "Why"),
)  # fmt: skip
ADVICE = (
    Column("item", "Item", value=lambda row: row["item_title"] or row["item"]),
    Column("lot_number", "Lot", link=lambda row: f"/lots/{row['lot_id']}" if row["lot_id"] else None),
    Column("expires_on", "Expires", Show.DAY), Column("from_place", "From"), Column("to_place", "To"),
    Column("quantity", "Quantity", Show.NUMBER), Column("why", "Why"), Column("proposed_by", "Put forward by"),
    Column("decision", "Decision", Show.TAG, value=lambda row: row["decision"] or "to approve"),
    Column("order_number", "Order", link=lambda row: f"/orders/{row['order_number']}" if row["order_number"] else None),
)  # fmt: skip
RESCUES = (
    Column("item", "Item"), Column("lot_number", "Lot", link=lambda row: f"/lots/{row['lot_id']}"),
    Column("from_place", "From"), Column("to_place", "To"), Column("quantity", "Quantity", Show.NUMBER),
    Column("why", "Why"),
)  # fmt: skip
STEPS = (
    Column("what", "Step"), Column("value", "Value", Show.NUMBER, html=lambda row: f"{round(row['value'], 1):g}"),
    Column("why", "Calculation"),
)  # fmt: skip


@router.get("/planning")
def planning_page(request: Request, database: Ledger, _: Visitor, now: Now) -> Any:
    """What the newest plan suggests, where it could come from, and transfers that wait for somebody."""
    run, zone = runs.newest_run(database), house_zone(database)
    found = runs.suggestions(database, run["id"]) if run else []
    sources = sourcing.low_stock(database, run["id"], at=now) if run else []
    rescued = rescue.rescues(database, run["id"], at=now) if run else []
    advice = sourcing.list_advice(database, rows_max=ADVICE_MAX)
    return list_page(
        request, "planning.html", run=run, zone=zone,
        suggestions=table(request, "suggestions", SUGGESTIONS, [{**row, "run_id": run["id"]} for row in found if run],
                          zone=zone),
        sources=table(request, "sources", TO_ORDER, _source_rows(sources), prefix="s_"),
        rescues=table(request, "expires-unused", RESCUES, [_rescue_row(each) for each in rescued], prefix="r_"),
        advice=table(request, "transfers", ADVICE, advice, zone=zone, prefix="t_"),
        waiting=[row for row in advice if row["decision"] is None],
        to_order=sum(row["order_quantity"] > 0 for row in found), rescued=len(rescued),
    )  # fmt: skip


def _source_rows(found: list[sourcing.ToOrder]) -> list[Row]:
    rows = []
    for each in found:
        sources = each.sources or (sourcing.Source("no source", "", 0, "no supplier has delivered it yet"),)
        rows += [
            {"item": each.item, "place": each.place, "quantity": each.quantity, "kind": source.kind,
             "name": source.name,
             "units": source.quantity or None, "why": source.why}
            for source in sources
        ]  # fmt: skip
    return rows


def _rescue_row(each: rescue.Rescue) -> Row:
    return {
        "item": each.item, "lot_id": each.lot_id, "lot_number": each.lot_number, "from_place": each.from_place,
        "to_place": each.to_place, "quantity": each.quantity, "why": each.why,
    }  # fmt: skip


@router.post("/planning")
def plan_page(database: Ledger, actor: Requester, now: Now) -> Any:
    """Plan everything as of now."""
    runs.make_run(database, at=now, actor=actor.name)
    return RedirectResponse("/planning", 303)


@router.get("/planning/{run_id}/{item}/{place}")
def suggestion_page(run_id: RunId, item: Known, place: Known, request: Request, database: Ledger, _: Visitor) -> Any:
    """One suggestion: the weeks it was made of, and every step of the sum."""
    row = runs.suggestion(database, run_id, item, place)
    run = runs.run(database, run_id)
    return list_page(
        request, "suggestion.html", row=row, run=run, zone=house_zone(database), bars=bars(row["used"],
        row["censored"]),
        steps=table(request, "steps", STEPS, row["reasons"]),
    )  # fmt: skip


@router.get("/planning/{run_id}/check")
def check_page(run_id: RunId, request: Request, database: Ledger, _: Visitor) -> Any:
    """The plan made again, of its stored inputs and of the log."""
    run, found = runs.run(database, run_id), runs.check_run(database, run_id)
    return render(request, "plan_check.html", run=run, found=found, zone=house_zone(database))


@router.post("/planning/{run_id}/requisitions")
def request_page(run_id: RunId, database: Ledger, actor: Requester, now: Now, client_id: ClientId) -> Any:
    """Put forward all that the plan suggests to order; others approve it."""
    sourcing.request_from_run(database, run_id, None, client_id=client_id, at=now, actor=actor.name)
    return RedirectResponse("/planning", 303)


@router.post("/planning/{run_id}/rescues")
def rescue_page(run_id: RunId, database: Ledger, actor: Requester, now: Now) -> Any:
    """Put forward the transfers of what would expire unused; others approve them."""
    rescue.put_forward(database, run_id, at=now, actor=actor.name)
    return RedirectResponse("/planning", 303)


@router.post("/planning/{run_id}/levels")
def levels_page(
    run_id: RunId,
    database: Ledger,
    actor: Administrator,
    now: Now,
    item: Field = "",
    place: Field = "",
    reason: Reason = "",
) -> Any:
    """Make the suggested levels the ones in force."""
    levels.adopt(
        database, run_id, item, place, reason=reason_of(reason, "a change of levels"), at=now, actor=actor.name
    )
    return RedirectResponse(f"/planning/{run_id}/{item}/{place}", 303)


@router.post("/planning/advice/{advice_id}")
def decide_page(
    advice_id: RunId, database: Ledger, actor: Approver, now: Now, client_id: ClientId, decision: Field = "",
    reason: Reason = "",
) -> Any:  # fmt: skip
    """Approve a transfer that a colleague put forward, or reject it."""
    sourcing.decide_advice(
        database, advice_id, approve=decision == "approve", reason=reason_of(reason, "a decision"), client_id=client_id,
        at=now, actor=actor.name,
    )  # fmt: skip
    return RedirectResponse("/planning", 303)
