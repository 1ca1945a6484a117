"""Sheets that were written by hand while everything was out: entered afterwards, and compared with the paper.

What stands on paper has happened: it is booked, and never refused because it contradicts the ledger. Its time is one
that a person typed, so it may widen what is held and frees nothing until quality accepts it. What contradicts the
ledger becomes cases: goods handed out though held or expired, balances below zero, what a dock has recorded as well,
lines that are missing.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from cloud_sync.actions.master_data.master_data import item_named, place_named
from cloud_sync.actions.stock.checks import check_not_ahead
from cloud_sync.domain.booking import HOUSE, BookingLine, Label, NewMovement
from cloud_sync.domain.movements import INTERNAL, fault_of
from cloud_sync.domain.typed_times import latest_of
from cloud_sync.errors import Conflict, Invalid, NotAllowed, NotFound
from cloud_sync.posting.cases import Case, open_case
from cloud_sync.posting.item_codes import units_of_serial
from cloud_sync.posting.lots import judge_issues_again, key_of, lots_of
from cloud_sync.posting.movements import EventLine, book_told
from cloud_sync.storage.database import Connection, Database, Row
from cloud_sync.storage.events import add_event
from cloud_sync.storage.locks import lock_holds, lock_lots, lock_orders
from cloud_sync.storage.queries import queries
from edge_agent.domain.stock.eligibility import ISSUING
from edge_agent.domain.stock.paper_sheets import LINES, PAPER_ACTIONS, Sheet, SheetFault, fault_of_time, parse_sheet
from edge_agent.domain.wire.records import Action

TOLD_TWICE, INCOMPLETE = "paper_line_told_twice", "paper_sheet_incomplete"
"""Kinds of cases."""
ABOUT_THEN = timedelta(minutes=60)
"""Whoever writes by hand looks at a clock on the wall, and often later."""


@dataclass(frozen=True, slots=True)
class PaperLine:
    """A line of a sheet. ``written_at`` (aware UTC) and ``written_by`` are what stands on the paper; ``quantity`` is in
    base units; ``serial`` is "" for what has none, ``order`` for what is for none."""

    line: int
    action: Action
    written_at: datetime
    item: str
    lot_number: str
    quantity: int
    from_place: str
    to_place: str
    written_by: str
    owner: str = HOUSE
    serial: str = ""
    expires_on: date | None = None
    order: str = ""

    def as_data(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "line": self.line, "action": self.action.value, "written_at": self.written_at.isoformat(),
            "item": self.item, "lot_number": self.lot_number, "quantity": self.quantity,
            "from_place": self.from_place, "to_place": self.to_place, "written_by": self.written_by,
            "owner": self.owner, "serial": self.serial, "order": self.order,
            "expires_on": self.expires_on.isoformat() if self.expires_on else None,
        }  # fmt: skip

    @property
    def sha256(self) -> str:
        """Of all that it says, so that the same line is known again."""
        return hashlib.sha256(json.dumps(self.as_data(), sort_keys=True).encode()).hexdigest()


def list_sheets(
    database: Database, *, only_open: bool = False, rows_max: int = 100, rows_skipped: int = 0
) -> list[Row]:
    """Sheets of which something was entered, the latest first."""
    with database.transaction() as connection:
        return list(
            queries("paper_sheets").sheets(
                connection, only_open=only_open, rows_max=rows_max, rows_skipped=rows_skipped
            )
        )


def sheet_now(database: Database, number: str) -> Row:
    """A sheet: ``sheet``, ``printed_at``, its ``lines`` as they were booked, and ``closed`` (None while it is open).

    Raises ``Invalid``, ``NotFound``.
    """
    with database.transaction() as connection:
        return _shown(connection, _printed(connection, number))


def enter_lines(database: Database, number: str, lines: Sequence[PaperLine], *, at: datetime, actor: str) -> Row:
    """Book what stands on lines of a sheet, all of them or none, and give the sheet. A line that was entered before as
    it is changes nothing.

    Raises ``NotFound``, ``Invalid`` for what cannot be meant, ``Conflict`` for a line that was entered otherwise, or a
    sheet that was closed.
    """
    with database.transaction() as connection:
        sheet = _printed(connection, number)
        queries("paper_sheets").lock_sheet(connection, sheet=str(sheet))
        new = _new_lines(connection, sheet, lines)
        _check_open(connection, sheet, new)
        for line in new:
            _check(line, sheet, at)
        if new:
            _book(connection, sheet, new, at=at, actor=actor)
        return _shown(connection, sheet)


def close_sheet(database: Database, number: str, *, lines_written: int, remark: str, at: datetime, actor: str) -> Row:
    """Say that somebody who entered none of it compared the sheet with the paper, on which ``lines_written`` lines are
    written. If fewer were entered, that is a case. Raises ``Invalid``, ``NotAllowed``, ``Conflict``.
    """
    with database.transaction() as connection:
        sheet = _printed(connection, number)
        queries("paper_sheets").lock_sheet(connection, sheet=str(sheet))
        if closed := queries("paper_sheets").closed(connection, sheet=str(sheet)):
            raise Conflict(f"sheet {sheet} was closed by {closed['closed_by']}", "See the sheet for what was found.")
        lines = list(queries("paper_sheets").lines_of_sheet(connection, sheet=str(sheet)))
        if any(actor in (line["entered_by"], line["operator"]) for line in lines):
            raise NotAllowed(
                f"{actor} wrote or entered lines of this sheet, so somebody else has to compare it",
                "Ask a colleague who may approve what others counted.",
            )
        if lines_written < len(lines):
            raise Invalid(
                f"{len(lines)} lines of sheet {sheet} were entered, and the paper has {lines_written}",
                "Count the written lines again. Take back a line that is not on the paper by a movement.",
            )
        _open_incomplete(connection, sheet, len(lines), lines_written)
        said = {"lines_written": lines_written, "remark": remark}
        queries("paper_sheets").close_sheet(connection, sheet=str(sheet), closed_by=actor, closed_at=at, **said)
        data = {"lines_written": lines_written, "lines_entered": len(lines)}
        subject = f"paper_sheet:{sheet}"
        add_event(connection, actor=actor, kind="paper_sheet_closed", subject=subject, reason=remark, data=data)
        return _shown(connection, sheet)


def _printed(connection: Connection, number: str) -> Sheet:
    try:
        sheet = parse_sheet(number)
    except SheetFault as fault:
        reason, _, what_to_do = str(fault).partition(": ")
        raise Invalid(reason, f"{what_to_do[:1].upper()}{what_to_do[1:]}.") from fault
    if not queries("paper_sheets").printer_of_sheet(connection, name=sheet.name)["is_known"]:
        raise NotFound(
            f"no site or gateway is named {sheet.name}, so sheet {sheet} is not one of this house",
            "Scan the code at the head of the sheet again.",
        )
    return sheet


def _new_lines(connection: Connection, sheet: Sheet, lines: Sequence[PaperLine]) -> list[PaperLine]:
    known = {
        row["line"]: row["told_sha256"] for row in queries("paper_sheets").lines_of_sheet(connection, sheet=str(sheet))
    }
    numbers = [line.line for line in lines]
    if len(set(numbers)) < len(numbers):
        twice = next(number for number in numbers if numbers.count(number) > 1)
        raise Invalid(f"line {twice} of sheet {sheet} stands there twice", "Enter each line of the sheet once.")
    for line in lines:
        if line.line in known and known[line.line] != line.sha256:
            raise Conflict(
                f"line {line.line} of sheet {sheet} was entered before, and otherwise",
                "Look at the sheet. If two people wrote on two prints of it, write .b behind the number of the second, "
                "on the paper too, and enter that.",
            )
    return [line for line in lines if line.line not in known]


def _check_open(connection: Connection, sheet: Sheet, new: Sequence[PaperLine]) -> None:
    closed = queries("paper_sheets").closed(connection, sheet=str(sheet))
    if closed and new:
        raise Conflict(
            f"sheet {sheet} was compared and closed by {closed['closed_by']}",
            "Book what is missing as a movement, and write into its case what was found.",
        )


def _check(line: PaperLine, sheet: Sheet, at: datetime) -> None:
    if not 1 <= line.line <= LINES:
        raise Invalid(f"a sheet has the lines 1 to {LINES}, not {line.line}", "Scan the code of the line.")
    if line.action not in PAPER_ACTIONS:
        raise Invalid(
            f"line {line.line}: {line.action} is not written on these sheets",
            "Counts have a sheet of their own; destruction waits until it can be approved and witnessed.",
        )
    check_not_ahead(line.written_at, at)
    if fault := fault_of_time(sheet, line.written_at):
        raise Invalid(f"line {line.line}: {fault}", "Check the time on the paper, and its day.")


def _book(connection: Connection, sheet: Sheet, lines: Sequence[PaperLine], *, at: datetime, actor: str) -> None:
    lock_holds(connection)  # what comes in may have to be held, what went out may have been
    lock_orders(connection, sorted({line.order for line in lines if line.order}))
    places = {name: place_named(connection, name) for line in lines for name in (line.from_place, line.to_place)}
    labels = [_label(connection, line, places) for line in lines]
    lots = lots_of(connection, labels)
    lock_lots(connection, lots.values())
    told: list[tuple[NewMovement, EventLine]] = []
    for line, label in zip(lines, labels, strict=True):
        fact = f"paper/{sheet}#{line.line}"
        event_id = add_event(
            connection, actor=actor, kind="paper_line_entered", subject=f"paper_sheet:{sheet}", data=line.as_data()
        )
        movement = NewMovement(
            fact=fact, lot_id=lots[key_of(label)], quantity=line.quantity, from_place=places[line.from_place]["id"],
            to_place=places[line.to_place]["id"], occurred_at=line.written_at, action=line.action.value,
            serial=line.serial, operator=line.written_by, order_ref=line.order,
            latest_at=latest_of(line.written_at, at),
        )  # fmt: skip
        told.append((movement, EventLine(_as_booked(line, fact), event_id)))
        queries("paper_sheets").add_line(
            connection, sheet=str(sheet), line=line.line, fact=fact, told_sha256=line.sha256,
            written_at=line.written_at, entered_by=actor, entered_at=at, event_id=event_id,
        )  # fmt: skip
    book_told(connection, told)
    for lot_id in sorted({movement.lot_id for movement, _ in told if movement.action in ISSUING}):
        judge_issues_again(connection, lot_id=lot_id)
    _open_told_twice(connection, sheet, [movement for movement, _ in told])


def _label(connection: Connection, line: PaperLine, places: Mapping[str, Row]) -> Label:
    item = item_named(connection, line.item)
    source, target = ((places[name]["name"], places[name]["kind"]) for name in (line.from_place, line.to_place))
    if line.from_place == line.to_place:
        raise Invalid(f"line {line.line}: stock moves from {line.from_place} to itself", "Name two different places.")
    if fault := fault_of(line.action, source, target):
        raise Invalid(f"line {line.line}: {fault}", "Check the action and both places on the paper.")
    units = units_of_serial(connection, line.item, line.serial)
    if line.serial and line.quantity != units and source[1] not in INTERNAL:
        raise Invalid(
            f"line {line.line}: serial {line.serial} of {line.item} is {units} base units, not {line.quantity}",
            "Enter one line for each serial.",
        )
    if queries("master_data").owner_by_name(connection, name=line.owner) is None:
        raise NotFound(f"line {line.line}: there is no owner {line.owner}", "See GET /v1/owners for those there are.")
    return Label(item["id"], line.lot_number, line.owner, line.expires_on)


def _as_booked(line: PaperLine, fact: str) -> BookingLine:
    return BookingLine(
        fact=fact, action=line.action, at=line.written_at, operator=line.written_by, gtin="", quantity=line.quantity,
        lot=line.lot_number, serial=line.serial or None, expires_on=line.expires_on, from_place=line.from_place,
        to_place=line.to_place, order=line.order or None, scanned="",
    )  # fmt: skip


def _open_told_twice(connection: Connection, sheet: Sheet, movements: Iterable[NewMovement]) -> None:
    """What a dock or somebody else has recorded as well, at about the same time."""
    by_fact = {movement.fact: movement for movement in movements}
    rows = queries("paper_sheets").same_by_others(
        connection, facts=sorted(by_fact), within_s=ABOUT_THEN.total_seconds()
    )
    for row in list(rows):
        movement = by_fact[row["fact"]]
        text = (
            f"line {row['fact'].rpartition('#')[2]} of sheet {sheet} says that {movement.quantity} were moved "
            f"({movement.action}), and {row['operator'] or 'somebody'} recorded the same at "
            f"{row['occurred_at']:%Y-%m-%d %H:%M} UTC. Both are booked. If it was once, move the goods back by hand"
        )
        data = {"fact": row["fact"], "other": row["other"]}
        open_case(connection, Case(TOLD_TWICE, row["fact"], text, data=data))


def _open_incomplete(connection: Connection, sheet: Sheet, entered: int, written: int) -> None:
    if entered == written:
        return
    text = (
        f"sheet {sheet} has {written} written lines, and {entered} were entered: book what is missing, or say why not"
    )
    data = {"sheet": str(sheet), "lines_written": written, "lines_entered": entered}
    open_case(connection, Case(INCOMPLETE, f"paper_sheet:{sheet}", text, data=data))


def _shown(connection: Connection, sheet: Sheet) -> Row:
    lines = list(queries("paper_sheets").lines_of_sheet(connection, sheet=str(sheet)))
    closed = queries("paper_sheets").closed(connection, sheet=str(sheet))
    return {"sheet": str(sheet), "printed_at": sheet.printed_at, "lines": lines, "closed": closed}
