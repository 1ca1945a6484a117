"""Theft and counterfeit: signals, lost serials, what is set so that signals are seen, and missing stock."""

from datetime import timedelta
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse

from cloud_sync.actions.overview.rooms import house_zone
from cloud_sync.actions.serials import theft
from cloud_sync.api.access import Ledger, Now
from cloud_sync.api.schemas.serial import LostIn
from cloud_sync.console.forms import Field, Reason, checked, name_of, reason_of, whole
from cloud_sync.console.page_route import Administrator, Holder, PageRoute, Resolver, Visitor
from cloud_sync.console.pages.serials import unit_address
from cloud_sync.console.table import Column, Show, list_page, table
from cloud_sync.domain.list_request import ListRequest
from cloud_sync.domain.roles import Permission
from cloud_sync.storage.database import Row

ROWS_MAX = 500
ID_MAX = 2**63 - 1
BACK = timedelta(days=90)
"""For so long what is missing is shown."""

router = APIRouter(route_class=PageRoute)
SIGNALS = (
    Column("id", "Case", Show.NUMBER, link=lambda row: f"/cases/{row['id']}"),
    Column("signal", "Signal", Show.WORDS),
    Column("serial", "Serial", link=lambda row: unit_address(row["lot_id"], row["serial"])),
    Column("text", "What is known"),
    Column("opened_at", "Since", Show.WHEN),
    Column("state", "State", Show.TAG, value=lambda row: "closed" if row["resolved_at"] else "open"),
)
LOST = (
    Column("serial", "Serial"),
    Column("item", "Item"),
    Column("why", "Why", Show.TAG),
    Column("description", "Description"),
    Column("lost_at", "Lost", Show.WHEN),
    Column("reported_by", "Reported by"),
    Column("found_at", "Found", Show.WHEN, optional=True),
)
WAYS = (
    Column("one_site", "From"),
    Column("other_site", "To"),
    Column("minutes_min", "Least minutes", Show.NUMBER),
    Column("set_by", "Set by"),
)
MISSING = (
    Column("place", "Place"),
    Column("item", "Item"),
    Column("lot_number", "Lot", link=lambda row: f"/lots/{row['lot_id']}"),
    Column("serial", "Serial", optional=True),
    Column("quantity", "Missing", Show.NUMBER),
    Column("missed_at", "Counted", Show.WHEN),
    Column("people", "On duty since the count before", value=lambda row: [
        f"{each['person']} ({each['movements']})" for each in row["people"]
    ]),
)  # fmt: skip
PEOPLE = (
    Column("person", "On duty"),
    Column("quantity", "Missing there then", Show.NUMBER),
    Column("times", "Times", Show.NUMBER),
)


@router.get("/theft")
def theft_page(request: Request, database: Ledger, actor: Visitor, now: Now) -> Any:
    """Signals and lost serials; missing stock for those who may read the audit trail."""
    zone = house_zone(database)

    def signals(wanted: ListRequest) -> list[Row]:
        return theft.list_signals(database, only_open=False, **wanted.page)

    missing = None
    if actor.may(Permission.AUDIT):
        missing = theft.missing_stock(database, place=None, since=now - BACK, until=now + timedelta(days=1))
    return list_page(
        request, "theft.html",
        signals=table(request, "signals", SIGNALS, source=signals, searches=False, zone=zone, prefix="s_"),
        lost=table(
            request, "lost", LOST, theft.list_lost(database, only_open=True, rows_max=ROWS_MAX), zone=zone, prefix="l_"
        ),
        ways=table(request, "ways", WAYS, theft.list_travels(database), zone=zone, prefix="w_"),
        complete=[row["item"] for row in theft.list_complete_makers(database, rows_max=ROWS_MAX)],
        missing=table(request, "missing", MISSING, missing["lines"], zone=zone, prefix="m_") if missing else None,
        people=table(request, "on-duty", PEOPLE, missing["by_person"], zone=zone, prefix="p_") if missing else None,
    )  # fmt: skip


@router.post("/theft/lost")
def lost_page(
    database: Ledger, actor: Holder, now: Now, item: Field = "", serial: Field = "", why: Field = "",
    description: Reason = "",
) -> Any:  # fmt: skip
    """Put a serial on the list that every dock refuses."""
    said = checked(LostIn, item=item.strip(), serial=serial.strip(), why=why, description=description)
    theft.report_lost(database, **said.model_dump(), at=now, actor=actor.name)
    return RedirectResponse("/theft", 303)


@router.post("/theft/lost/{lost_id}/found")
def found_page(lost_id: int, database: Ledger, actor: Resolver, now: Now, reason: Reason = "") -> Any:
    """Take it off the list."""
    theft.note_found(database, min(lost_id, ID_MAX), reason_of(reason, "a find"), at=now, actor=actor.name)
    return RedirectResponse("/theft", 303)


@router.post("/theft/ways")
def way_page(
    database: Ledger, actor: Administrator, now: Now, one: Field = "", other: Field = "", minutes: Field = ""
) -> Any:
    """The least time between two sites."""
    theft.keep_travel(
        database, name_of(one), name_of(other), whole(minutes, "the least minutes"), at=now, actor=actor.name
    )
    return RedirectResponse("/theft", 303)


@router.post("/theft/makers")
def maker_page(database: Ledger, actor: Administrator, now: Now, item: Field = "", tells: Field = "") -> Any:
    """Whether the maker of an item tells every unit."""
    theft.set_complete_maker(database, name_of(item), tells == "yes", at=now, actor=actor.name)
    return RedirectResponse("/theft", 303)
