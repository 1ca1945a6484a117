"""Shortages: who gets how much of what there is, why, and who decided it."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from fastapi.responses import RedirectResponse

from cloud_sync.actions.master_data.choices import items_to_choose
from cloud_sync.actions.master_data.master_data import list_places
from cloud_sync.actions.overview.rooms import house_zone
from cloud_sync.actions.planning import shortages
from cloud_sync.api.access import Ledger, Now
from cloud_sync.api.schemas.planning import OverrideIn, ShortageIn
from cloud_sync.console.forms import Field, Reason, checked, reason_of, whole
from cloud_sync.console.page_route import Approver, PageRoute, Requester, Visitor
from cloud_sync.console.table import Column, Show, list_page, table
from cloud_sync.domain.care_priority import priority_words
from cloud_sync.domain.list_request import ListRequest
from cloud_sync.storage.database import Row

router = APIRouter(route_class=PageRoute)
ShortageId = Annotated[int, Path(ge=1, le=10**15)]
CHOICES_MAX = 1000

SHORTAGES = (
    Column("id", "Shortage", Show.NUMBER, link=lambda row: f"/shortages/{row['id']}"),
    Column("item", "Item", value=lambda row: row["item_title"] or row["item"]), Column("site", "Site"),
    Column("supply", "On hand", Show.NUMBER), Column("wanted", "Demand", Show.NUMBER),
    Column("until_day", "Until", Show.DAY), Column("state", "State", Show.TAG), Column("opened_by", "Opened by"),
    Column("opened_at", "Since", Show.WHEN),
    Column("response_hours", "Response, hours", Show.NUMBER,
           value=lambda row: None if row["response_hours"] is None else round(row["response_hours"], 1)),
)  # fmt: skip
SHARES = (
    Column("place", "Recipient", value=lambda row: row["place_title"] or row["place"]),
    Column("priority", "Priority", value=lambda row: priority_words(row["priority"])),
    Column("rate", "Weekly use", Show.NUMBER, value=lambda row: round(row["rate"] * 7, 1)),
    Column("wanted", "Demand", Show.NUMBER), Column("proposed", "Proposed", Show.NUMBER),
    Column("share", "Share", Show.NUMBER), Column("why", "Why"),
    Column("override", "Overridden", value=lambda row: f"{row['overridden_by']}: {row['override_reason']}"
           if row["overridden_by"] else None),
)  # fmt: skip


@router.get("/shortages")
def shortages_page(request: Request, database: Ledger, _: Visitor) -> Any:
    """All shortages, the newest first, and a form to open one."""

    def found(wanted: ListRequest) -> list[Row]:
        return shortages.list_shortages(database, rows_max=wanted.rows_max, rows_skipped=wanted.rows_skipped)

    sites = list_places(database, kind="site", rows_max=CHOICES_MAX)
    return list_page(
        request, "shortages.html", sites=sites, items=items_to_choose(database),
        shortages=table(request, "shortages", SHORTAGES, source=found, searches=False, zone=house_zone(database)),
    )  # fmt: skip


@router.post("/shortages")
def open_page(
    database: Ledger,
    actor: Requester,
    now: Now,
    item: Field = "",
    site: Field = "",
    until: Field = "",
    reason: Reason = "",
) -> Any:
    """Open a shortage."""
    said = checked(ShortageIn, item=item, site=site, until=until, reason=reason_of(reason, "a shortage"))
    made = shortages.open_shortage(
        database, item=said.item, site=said.site, until=date.fromisoformat(f"{said.until}"), reason=said.reason, at=now,
        actor=actor.name,
    )  # fmt: skip
    return RedirectResponse(f"/shortages/{made['id']}", 303)


@router.get("/shortages/{shortage_id}")
def shortage_page(shortage_id: ShortageId, request: Request, database: Ledger, _: Visitor) -> Any:
    """One shortage: shares with their reasons, and the decision."""
    row = shortages.shortage(database, shortage_id)
    return list_page(
        request, "shortage.html", row=row, zone=house_zone(database),
        given=sum(each["share"] for each in row["shares"]),
        shares=table(request, "shares", SHARES, row["shares"]),
    )  # fmt: skip


@router.post("/shortages/{shortage_id}/override")
def override_page(
    shortage_id: ShortageId, database: Ledger, actor: Approver, now: Now, place: Field = "", share: Field = "",
    reason: Reason = "",
) -> Any:  # fmt: skip
    """Give a recipient another share."""
    said = checked(OverrideIn, place=place, share=whole(share, "the share"), reason=reason_of(reason, "an override"))
    shortages.override_share(
        database, shortage_id, said.place, said.share, reason=said.reason, at=now, actor=actor.name
    )
    return RedirectResponse(f"/shortages/{shortage_id}", 303)


@router.post("/shortages/{shortage_id}/approve")
def approve_page(shortage_id: ShortageId, database: Ledger, actor: Approver, now: Now, reason: Reason = "") -> Any:
    """Hold requisitions to the shares from now on."""
    why = reason_of(reason, "a decision")
    shortages.decide_shortage(database, shortage_id, approve=True, reason=why, at=now, actor=actor.name)
    return RedirectResponse(f"/shortages/{shortage_id}", 303)


@router.post("/shortages/{shortage_id}/reject")
def reject_page(shortage_id: ShortageId, database: Ledger, actor: Approver, now: Now, reason: Reason = "") -> Any:
    """Leave orders free."""
    why = reason_of(reason, "a decision")
    shortages.decide_shortage(database, shortage_id, approve=False, reason=why, at=now, actor=actor.name)
    return RedirectResponse(f"/shortages/{shortage_id}", 303)


@router.post("/shortages/{shortage_id}/end")
def end_page(shortage_id: ShortageId, database: Ledger, actor: Approver, now: Now, reason: Reason = "") -> Any:
    """There is enough again."""
    shortages.end_shortage(
        database, shortage_id, reason=reason_of(reason, "the end of a shortage"), at=now, actor=actor.name
    )
    return RedirectResponse(f"/shortages/{shortage_id}", 303)
