"""A hold that somebody placed: what it is on, who signed its release, and how it ends."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from fastapi.responses import RedirectResponse

from cloud_sync.actions.overview.rooms import house_zone
from cloud_sync.actions.quality.holds_and_dispositions import hold_of, lift_hold
from cloud_sync.api.access import Ledger
from cloud_sync.console.forms import Reason
from cloud_sync.console.page_route import Decider, PageRoute, Visitor
from cloud_sync.console.rendering import render
from cloud_sync.console.signing import signable
from cloud_sync.domain.signatures import RecordKind
from cloud_sync.errors import Invalid

router = APIRouter(route_class=PageRoute)
Id = Annotated[int, Path(ge=1, le=10**15)]


@router.get("/holds/{hold_id}")
def hold_page(hold_id: Id, request: Request, database: Ledger, actor: Visitor) -> Any:
    """One hold, and its signatures: where it frees goods that take two people, both sign before one lifts it."""
    return render(
        request, "hold.html", hold=hold_of(database, hold_id), zone=house_zone(database),
        signing=signable(database, RecordKind.HOLD, str(hold_id), actor),
    )  # fmt: skip


@router.post("/holds/{hold_id}/lift")
def lift_page(hold_id: Id, database: Ledger, actor: Decider, reason: Reason = "") -> Any:
    """End a hold that somebody else placed."""
    if not reason.strip():
        raise Invalid("lifting a hold needs a reason", "Go back and write down what it rests on.")
    lift_hold(database, hold_id, reason.strip(), actor=actor.name)
    return RedirectResponse("/quarantine", 303)
