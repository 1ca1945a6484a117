"""Change control: why and what is to change, its risk, how it was done and whether it worked."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse
from markupsafe import Markup

from cloud_sync.actions.governance import change_control
from cloud_sync.actions.overview.record_lists import change_controls_listed
from cloud_sync.actions.overview.rooms import house_zone
from cloud_sync.api.access import Ledger, Now
from cloud_sync.api.schemas.governance import ChangeControlIn
from cloud_sync.console.forms import Field, Reason, checked, reason_of, whole
from cloud_sync.console.page_route import Governor, PageRoute, Visitor
from cloud_sync.console.table import Column, Show, list_page, table
from cloud_sync.domain.list_request import ListRequest
from cloud_sync.errors import Invalid
from cloud_sync.storage.database import Row

router = APIRouter(route_class=PageRoute)


def state_of(row: Row) -> str:
    """Where a record stands."""
    if row["closed_at"]:
        return "closed"
    if row["implemented_at"]:
        return "implemented"
    return row["decision"] or "open"


def _what(row: Row) -> Markup:
    told = [Markup("<b>{}</b><br>{}<br><small>Why: {}</small>").format(row["title"], row["what"], row["why"])]
    for title, name in (("Done", "implementation"), ("Result", "effectiveness")):
        if row[name]:
            told.append(Markup("<br><small>{}: {}</small>").format(title, row[name]))
    for event in row["events"]:
        kind = event["kind"].replace("_", " ")
        told.append(Markup("<br><small>Event {}: {}, {} by {}</small>").format(
            event["id"], kind, event["subject"].replace("_", " "), event["actor"]))  # fmt: skip
    return Markup("").join(told)


RECORDS = (
    Column("id", "Record", value=lambda row: f"CC-{row['id']}"),
    Column("title", "What", html=_what),
    Column("risk", "Risk", html=lambda row: Markup("{}<br><small>{}</small>").format(row["risk_level"], row["risk"])),
    Column("opened_by", "Opened by"),
    Column("opened_at", "Opened", Show.WHEN),
    Column("decided_by", "Decided by"),
    Column("implemented_by", "Done by"),
    Column("closed_by", "Closed by"),
    Column(
        "state", "State", Show.TAG, filters=("open", "approved", "rejected", "implemented", "closed"), value=state_of
    ),
)
SORTS = ("id", "title", "opened_by", "opened_at", "decided_by", "implemented_by", "closed_by", "state")


@router.get("/change-control")
def change_control_page(request: Request, database: Ledger, _: Visitor, all: Annotated[bool, Query()] = False) -> Any:  # noqa: A002
    """Records that are under way, or all."""

    def found(wanted: ListRequest) -> list[Row]:
        return change_controls_listed(database, wanted, only_open=not all)

    shown = table(request, "change-control", RECORDS, source=found, sorts=SORTS, zone=house_zone(database))
    return list_page(request, "change_control.html", records=shown, all=all)


@router.post("/change-control")
def open_page(
    database: Ledger, actor: Governor, now: Now, title: Field = "", why: Reason = "", what: Reason = "",
    risk_level: Field = "", risk: Reason = "",
) -> Any:  # fmt: skip
    """Open a record."""
    asked = checked(ChangeControlIn, title=title, why=why, what=what, risk_level=risk_level, risk=risk)
    change_control.open_record(database, **asked.model_dump(), at=now, actor=actor.name)
    return RedirectResponse("/change-control", 303)


@router.post("/change-control/{record_id}")
def step_page(
    record_id: int, database: Ledger, actor: Governor, now: Now, step: Annotated[str, Form(max_length=20)],
    reason: Reason = "", events: Field = "",
) -> Any:  # fmt: skip
    """The next step of a record."""
    why = reason_of(reason, "a step")
    match step:
        case "approved" | "rejected":
            change_control.decide(database, record_id, step, reason=why, at=now, actor=actor.name)
        case "implemented":
            numbers = [whole(each, "an event") for each in events.replace(",", " ").split()]
            change_control.implement(database, record_id, text=why, event_ids=numbers, at=now, actor=actor.name)
        case "closed":
            change_control.close(database, record_id, text=why, at=now, actor=actor.name)
        case _:
            raise Invalid(f"{step} is no step of a change", "Go back and choose one.")
    return RedirectResponse("/change-control", 303)
