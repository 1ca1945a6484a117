"""Sheets that were written by hand while everything was out: entered, and compared with the paper."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, Field

from cloud_sync.actions.access import require
from cloud_sync.actions.stock import paper_sheets
from cloud_sync.api.access import (
    ApiRoute,
    CountApprover,
    Ledger,
    Listing,
    Mover,
    Now,
    Reader,
    Typed,
    check_typed,
)
from cloud_sync.api.problems import answers
from cloud_sync.api.schemas.common import Code, In, Listed, LotNumber, Name, Quantity, Schema, Text
from cloud_sync.domain.master_records import Day
from cloud_sync.domain.roles import OF_ACTION
from edge_agent.domain.stock.paper_sheets import LINES
from edge_agent.domain.wire.records import Action

router = APIRouter(prefix="/paper-sheets", tags=["stock"], route_class=ApiRoute, responses=answers(404, 409))

SheetNumber = Annotated[
    str,
    Field(
        pattern=r"^[!-~]{1,150}$",
        description="What the code at the head of the sheet says, or the number below it.",
        examples=["main.202611290600.1"],
    ),
]
PaperAction = Literal["receive", "put_away", "move", "pick", "ship", "dispense", "return"]


class PaperLineIn(In):
    """A line as it was written. ``quantity`` is in base units; ``expires_on`` is needed when the lot is new."""

    line: Annotated[int, Field(ge=1, le=LINES)]
    action: PaperAction
    written_at: Annotated[AwareDatetime, Field(description="The time on the paper.")]
    item: Name
    lot_number: LotNumber
    quantity: Quantity
    from_place: Name
    to_place: Name
    written_by: Annotated[Name, Field(description="Whose initials are on the line.")]
    owner: Name = "house"
    serial: Code | Literal[""] = ""
    expires_on: Day | None = None
    order: Code | Literal[""] = ""


class PaperLinesIn(In):
    """Lines of one sheet."""

    sheet: SheetNumber
    lines: Annotated[list[PaperLineIn], Field(min_length=1, max_length=LINES)]


class SheetCloseIn(In):
    """What comparing a sheet with the paper showed."""

    sheet: SheetNumber
    lines_written: Annotated[int, Field(ge=0, le=LINES, description="How many lines of the paper are written on.")]
    remark: Text = ""


class PaperLineOut(Schema):
    """A line as it was booked. ``cases``: ids of open cases about it."""

    line: int
    written_at: datetime
    action: Action
    item: str
    lot_id: int
    lot_number: str
    owner: str
    serial: str
    quantity: int
    from_place: str
    to_place: str
    order: Annotated[str, Field(validation_alias="order_ref")]
    written_by: Annotated[str, Field(validation_alias="operator")]
    entered_by: str
    entered_at: datetime
    cases: list[int]


class SheetClosedOut(Schema):
    """Who compared a sheet with the paper, and what was found."""

    lines_written: int
    closed_by: str
    closed_at: datetime
    remark: str


class SheetOut(Schema):
    """A sheet, as far as it was entered."""

    sheet: str
    printed_at: datetime
    lines: list[PaperLineOut]
    closed: SheetClosedOut | None


class SheetRowOut(Schema):
    """A sheet in the list."""

    sheet: str
    lines: int
    first_written_at: datetime
    last_written_at: datetime
    entered_by: str
    entered_at: datetime
    lines_written: int | None
    closed_by: str | None
    closed_at: datetime | None


@router.get("", summary="List sheets of a downtime", response_model=Listed[SheetRowOut])
def list_sheets(database: Ledger, _: Reader, page: Listing, only_open: bool = False) -> Any:
    """Sheets of which something was entered, the latest first; with `only_open` those that nobody has compared."""
    return page.of(
        paper_sheets.list_sheets(database, only_open=only_open, rows_max=page.rows_max, rows_skipped=page.offset)
    )


@router.get("/sheet", summary="See a sheet of a downtime", response_model=SheetOut)
def see_sheet(database: Ledger, _: Reader, sheet: Annotated[str, Query(pattern=r"^[!-~]{1,150}$")]) -> Any:
    """What was entered of a sheet, and what became of each line."""
    return paper_sheets.sheet_now(database, sheet)


@router.post("/lines", summary="Enter lines of a sheet", status_code=201, response_model=SheetOut)
def enter_lines(said: PaperLinesIn, database: Ledger, actor: Mover, now: Now, limits: Typed) -> Any:
    """Book what was written by hand, all lines or none. The same line again changes nothing.

    What contradicts the ledger is booked and becomes cases: stock issued though held or expired, balances below zero,
    what a dock has recorded as well. Times on paper hold stock at once, and free none before quality accepts them.
    """
    for line in said.lines:
        if more := OF_ACTION.get(Action(line.action)):
            require(actor, more)
        check_typed(limits, actor, line.written_at, now)
    lines = [paper_sheets.PaperLine(**{**line.model_dump(), "action": Action(line.action)}) for line in said.lines]
    return paper_sheets.enter_lines(database, said.sheet, lines, at=now, actor=actor.name)


@router.post("/close", summary="Close a sheet", status_code=201, response_model=SheetOut)
def close_sheet(said: SheetCloseIn, database: Ledger, actor: CountApprover, now: Now) -> Any:
    """Say that the sheet was compared with the paper, by somebody who neither wrote nor entered any of it.

    Lines that are on the paper and were not entered are a case.
    """
    return paper_sheets.close_sheet(
        database, said.sheet, lines_written=said.lines_written, remark=said.remark, at=now, actor=actor.name
    )
