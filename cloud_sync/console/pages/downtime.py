"""Downtime: the pack to print beforehand, and the sheets that were written by hand, entered and compared afterwards."""

from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse

from cloud_sync.actions.access import require
from cloud_sync.actions.master_data.choices import items_to_choose, places_to_choose
from cloud_sync.actions.overview.rooms import house_zone
from cloud_sync.actions.papers.sites import list_site_formats
from cloud_sync.actions.stock import paper_sheets
from cloud_sync.api.access import Ledger, Now, Typed, check_typed
from cloud_sync.api.paper_sheets import PaperLineIn, SheetCloseIn
from cloud_sync.console.forms import CORRECT, Reason, Word, Words, checked, rows_of, whole
from cloud_sync.console.page_route import CountApprover, Mover, PageRoute, Visitor
from cloud_sync.console.table import Column, Show, list_page, table
from cloud_sync.domain.list_request import ListRequest
from cloud_sync.domain.movements import INTERNAL
from cloud_sync.domain.roles import OF_ACTION
from cloud_sync.errors import Invalid
from cloud_sync.storage.database import Row
from edge_agent.domain.stock.paper_sheets import LINES, PAPER_ACTIONS, SheetFault, parse_line, parse_sheet
from edge_agent.domain.wire.records import Action

PLACE_KINDS = (*sorted(INTERNAL), "customer", "production", "scrap", "supplier", "transit", "ward")
ROWS = 3

router = APIRouter(route_class=PageRoute)


def _page_of(sheet: str) -> str:
    return f"/downtime/sheet?number={quote(sheet, safe='')}"


SHEETS = (
    Column("sheet", "Sheet", link=lambda row: _page_of(row["sheet"])),
    Column("state", "State", Show.TAG, value=lambda row: "closed" if row["closed_by"] else "open"),
    Column("lines", "Lines entered", Show.NUMBER),
    Column("lines_written", "Lines on the paper", Show.NUMBER),
    Column("first_written_at", "From", Show.WHEN),
    Column("last_written_at", "To", Show.WHEN),
    Column("entered_by", "Entered by"),
    Column("closed_by", "Compared by"),
)
LINES_SHOWN = (
    Column("line", "Line", Show.NUMBER),
    Column("written_at", "Time on the paper", Show.WHEN),
    Column("action", "Action", Show.WORDS),
    Column("item", "Item"),
    Column("lot_number", "Lot", link=lambda row: f"/lots/{row['lot_id']}"),
    Column("quantity", "Quantity", Show.NUMBER),
    Column("from_place", "From"),
    Column("to_place", "To"),
    Column("operator", "Written by"),
    Column("entered_by", "Entered by"),
    Column("cases", "Cases", link=lambda row: f"/cases#case-{row['cases'][0]}" if row["cases"] else None),
)


@router.get("/downtime")
def downtime_page(request: Request, database: Ledger, _: Visitor) -> Any:
    """Packs to print, and all sheets of which something was entered."""

    def found(wanted: ListRequest) -> list[Row]:
        return paper_sheets.list_sheets(database, rows_max=wanted.rows_max, rows_skipped=wanted.rows_skipped)

    shown = table(request, "sheets", SHEETS, source=found, searches=False, zone=house_zone(database))
    sites = [(row["site"], row["title"] or row["site"]) for row in list_site_formats(database)]
    return list_page(request, "downtime.html", sheets=shown, sites=sites)


@router.get("/downtime/sheet")
def sheet_page(
    request: Request, database: Ledger, actor: Visitor, now: Now, number: Annotated[str, Query(max_length=200)] = ""
) -> Any:
    """What was entered of a sheet, what is still to be entered, and the comparison with the paper."""
    sheet = paper_sheets.sheet_now(database, number)
    zone = house_zone(database)
    entered = {row["line"] for row in sheet["lines"]}
    is_own = any(actor.name in (row["entered_by"], row["operator"]) for row in sheet["lines"])
    return list_page(
        request, "downtime_sheet.html", sheet=sheet, zone=zone, is_own=is_own, actions=PAPER_ACTIONS,
        lines=table(request, "lines", LINES_SHOWN, sheet["lines"], zone=zone),
        places=places_to_choose(database, PLACE_KINDS), kinds=",".join(PLACE_KINDS), items=items_to_choose(database),
        to_enter=[n for n in range(1, LINES + 1) if n not in entered],
        rows=range(min(ROWS, LINES - len(entered))), today=now.astimezone(ZoneInfo(zone)).date(), lines_max=LINES,
    )  # fmt: skip


@router.post("/downtime/sheet")
def find_sheet(_: Visitor, sheet: Word = "") -> Any:
    """Lead to the sheet whose code was scanned."""
    try:
        return RedirectResponse(_page_of(str(parse_sheet(sheet))), 303)
    except SheetFault as fault:
        raise Invalid(str(fault).partition(": ")[0], "Go back and scan the code at the head of the sheet.") from fault


@router.post("/downtime/lines")
def enter_lines(
    database: Ledger,
    actor: Mover,
    now: Now,
    limits: Typed,
    sheet: Word = "",
    written_by: Word = "",
    line: Words = None,
    day: Words = None,
    time: Words = None,
    action: Words = None,
    item: Words = None,
    lot_number: Words = None,
    expires_on: Words = None,
    quantity: Words = None,
    from_place: Words = None,
    to_place: Words = None,
    order: Words = None,
) -> Any:
    """Book what was written; rows without a line number are left out."""
    rows = rows_of(
        line=line, day=day, time=time, action=action, item=item, lot_number=lot_number, expires_on=expires_on,
        quantity=quantity, from_place=from_place, to_place=to_place, order=order,
    )  # fmt: skip
    zone = ZoneInfo(house_zone(database))
    lines = [_line(row, written_by.strip(), zone) for row in rows if row["line"]]
    if not lines:
        raise Invalid("no line was entered", "Go back, scan the code of a line, and enter what is written on it.")
    for each in lines:
        if more := OF_ACTION.get(Action(each.action)):
            require(actor, more)
        check_typed(limits, actor, each.written_at, now)
    told = [paper_sheets.PaperLine(**{**each.model_dump(), "action": Action(each.action)}) for each in lines]
    entered = paper_sheets.enter_lines(database, sheet, told, at=now, actor=actor.name)
    return RedirectResponse(_page_of(entered["sheet"]), 303)


@router.post("/downtime/close")
def close_sheet(
    database: Ledger, actor: CountApprover, now: Now, sheet: Word = "", lines_written: Word = "", remark: Reason = ""
) -> Any:
    """Say that a sheet was compared with the paper."""
    written = whole(lines_written, "the number of written lines")
    said = checked(SheetCloseIn, sheet=sheet, lines_written=written, remark=remark)
    closed = paper_sheets.close_sheet(
        database, said.sheet, lines_written=said.lines_written, remark=said.remark, at=now, actor=actor.name
    )
    return RedirectResponse(_page_of(closed["sheet"]), 303)


def _line(row: Row, written_by: str, zone: ZoneInfo) -> PaperLineIn:
    try:
        number = parse_line(row["line"])
    except SheetFault as fault:
        raise Invalid(str(fault), CORRECT) from fault
    try:
        written_at = datetime.fromisoformat(f"{row['day']}T{row['time']}").replace(tzinfo=zone).astimezone(UTC)
    except ValueError as error:
        raise Invalid(f"line {number}: the time on the paper is missing, or no time", CORRECT) from error
    return checked(
        PaperLineIn, line=number, action=row["action"], written_at=written_at, item=row["item"],
        lot_number=row["lot_number"], quantity=whole(row["quantity"], f"the quantity of line {number}"),
        from_place=row["from_place"], to_place=row["to_place"], written_by=written_by, order=row["order"],
        expires_on=row["expires_on"] or None,
    )  # fmt: skip
