"""Counts: what was found in a place, how it differs from the books then and now, and who decides on the difference."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Path, Request
from fastapi.responses import RedirectResponse

from cloud_sync.actions.master_data.choices import items_to_choose, places_to_choose
from cloud_sync.actions.overview.record_lists import counts_listed
from cloud_sync.actions.overview.rooms import house_zone
from cloud_sync.actions.stock import counts
from cloud_sync.api.access import Ledger, Now
from cloud_sync.api.schemas.order import CountIn, FoundIn
from cloud_sync.console.forms import ClientId, Reason, Word, Words, checked, reason_of, rows_of, whole
from cloud_sync.console.page_route import CountApprover, Counter, PageRoute, Visitor
from cloud_sync.console.signing import signable
from cloud_sync.console.table import Column, Show, list_page, table
from cloud_sync.domain.list_request import ListRequest
from cloud_sync.domain.movements import INTERNAL
from cloud_sync.domain.orders import fault_of_count_decision
from cloud_sync.domain.signatures import RecordKind
from cloud_sync.errors import Invalid
from cloud_sync.storage.database import Database, Row

TO_COUNT_MAX = 100

router = APIRouter(route_class=PageRoute)
Number = Annotated[str, Path(pattern=r"^[\x21-\x7e]{1,300}$")]

COUNTS = (
    Column("number", "Count", link=lambda row: f"/counts/{row['number']}"),
    Column("place", "Place"),
    Column("opened_by", "Opened by"),
    Column("opened_at", "Opened", Show.WHEN),
    Column(
        "state", "State", Show.TAG, filters=("open", "approved", "rejected"), value=lambda r: r["decision"] or "open"
    ),
    Column("decided_by", "Decided by"),
    Column("decided_at", "Decided", Show.WHEN),
)

SORTS = ("number", "place", "opened_by", "opened_at", "state", "decided_by", "decided_at")


def _signed(number: int | None) -> str:
    return "hidden" if number is None else f"{number:+d}" if number else "0"


FOUND = (
    Column("item", "Item"),
    Column("lot_number", "Lot", link=lambda row: f"/lots/{row['lot_id']}"),
    Column("serial", "Serial", optional=True),
    Column("place", "Place", filters=True),
    Column(
        "counted", "Found", Show.NUMBER, html=lambda row: "hidden" if row["counted"] is None else str(row["counted"])
    ),
    Column("expected", "Book quantity", Show.NUMBER),
    Column("difference", "Difference now", Show.NUMBER, html=lambda row: _signed(row["difference"])),
    Column("counted_by", "Counted by"),
    Column("counted_at", "Counted", Show.WHEN),
)
DECIDED = (
    *FOUND[:6],
    Column("difference_then", "Difference when decided", Show.NUMBER, html=lambda row: _signed(row["difference_then"])),
    *FOUND[6:],
)


@router.get("/counts")
def counts_page(request: Request, database: Ledger, _: Visitor) -> Any:
    """All counts, the latest first, and a form to open one."""

    def found(wanted: ListRequest) -> list[Row]:
        return counts_listed(database, wanted)

    shown = table(request, "counts", COUNTS, source=found, sorts=SORTS, zone=house_zone(database))
    return list_page(request, "counts.html", counts=shown, house=_house(database))


@router.post("/counts")
def open_count(
    database: Ledger, actor: Counter, place: Word = "", number: Word = "", is_blind: Annotated[bool, Form()] = False
) -> Any:
    """Open a count of a place and what stands in it."""
    said = checked(CountIn, place=place, number=number.strip() or None, is_blind=is_blind)
    count = counts.open_count(database, place=said.place, number=said.number, is_blind=said.is_blind, actor=actor.name)
    return RedirectResponse(f"/counts/{count['number']}", 303)


@router.get("/counts/{number}")
def count_page(number: Number, request: Request, database: Ledger, actor: Visitor) -> Any:
    """What was found, what nobody has counted yet, and the decision."""
    count = counts.count_now(database, number)
    zone = house_zone(database)
    people = frozenset(line["counted_by"] for line in count["lines"])
    fault = fault_of_count_decision(count["opened_by"], people, actor.name)
    return list_page(
        request, "count.html", count=count, zone=zone, to_count=_to_count(count)[:TO_COUNT_MAX],
        lines=table(request, "findings", DECIDED if count["decision"] else FOUND, count["lines"], zone=zone),
        fault=fault or "", below=_house(database, count["place"]), items=items_to_choose(database),
        differing=sum(bool(line["difference"]) for line in count["lines"]),
        signing=signable(database, RecordKind.COUNT, number, actor),
    )  # fmt: skip


@router.post("/counts/{number}/findings")
def add_findings(
    number: Number,
    database: Ledger,
    actor: Counter,
    now: Now,
    client_id: ClientId,
    item: Words = None,
    lot_number: Words = None,
    serial: Words = None,
    owner: Words = None,
    place: Words = None,
    quantity: Words = None,
) -> Any:
    """Write down what was found; rows without a quantity are still to be counted."""
    rows = rows_of(
        item=item, lot_number=lot_number, serial=serial, owner=owner, place=place, quantity=quantity
    )  # fmt: skip
    counted = [row for row in rows if row["quantity"]]
    if not counted:
        raise Invalid("no quantity was entered", "Go back and enter what you found; 0 where something is not there.")
    found = [
        checked(FoundIn, **{name: cell for name, cell in row.items() if cell and name != "quantity"},
                quantity=whole(row["quantity"], f"the quantity of lot {row['lot_number']}"))
        for row in counted
    ]  # fmt: skip
    counts.add_findings(
        database, number, [counts.CountFinding(**each.model_dump()) for each in found], client_id=client_id,
        counted_at=now, at=now, actor=actor.name,
    )  # fmt: skip
    return RedirectResponse(f"/counts/{number}", 303)


@router.post("/counts/{number}/finish")
def finish(number: Number, database: Ledger, actor: Counter, now: Now) -> Any:
    """End the counting; a blind count shows what was expected."""
    counts.finish_count(database, number, at=now, actor=actor.name)
    return RedirectResponse(f"/counts/{number}", 303)


@router.post("/counts/{number}/approve")
def approve(number: Number, database: Ledger, actor: CountApprover, reason: Reason = "") -> Any:
    """Book the differences of what colleagues counted."""
    return _decide(database, number, reason, actor.name, is_approval=True)


@router.post("/counts/{number}/reject")
def reject(number: Number, database: Ledger, actor: CountApprover, reason: Reason = "") -> Any:
    """Close a count and book nothing."""
    return _decide(database, number, reason, actor.name, is_approval=False)


def _decide(database: Database, number: str, reason: str, actor: str, *, is_approval: bool) -> Any:
    why = reason_of(reason, "a decision")
    counts.decide_count(database, number, approve=is_approval, reason=why, actor=actor)
    return RedirectResponse(f"/counts/{number}", 303)


def _to_count(count: Row) -> list[Row]:
    """What to count; in a blind count all of it, for somebody else has not told what they found."""
    hidden = [line for line in count["lines"] if line["counted"] is None]
    return [*count["not_counted"], *hidden]


def _house(database: Database, below: str | None = None) -> list[Row]:
    return places_to_choose(database, INTERNAL, below=below)
