"""The audit trail: who did what, when and why, searched and as CSV."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse
from pydantic import AwareDatetime

from cloud_sync.actions.audit_log import EventFilter, audit_trail, audit_trail_csv
from cloud_sync.api.access import ApiRoute, Auditor, Ledger
from cloud_sync.api.problems import answers
from cloud_sync.api.schemas.common import ID_MAX, Code, EventOut, Name

router = APIRouter(tags=["history"], route_class=ApiRoute, responses=answers(404))

Person = Annotated[str, Query(min_length=1, max_length=200, description="Who did it, or of whom a gateway says so.")]
Kind = Annotated[str, Query(pattern=r"^[a-z_]{1,80}$", examples=["hold_lifted"])]


def _asked(
    subject: Annotated[Code | None, Query(examples=["lot:12", "place:fridge-a", "gateway:gw-1"])] = None,
    person: Person | None = None,
    kind: Kind | None = None,
    place: Annotated[Name | None, Query(description="Events that name it, or a place in it.")] = None,
    gateway_record: Annotated[
        Code | None, Query(description="What a gateway said: gateway/journal/lane/number.")
    ] = None,
    happened_from: AwareDatetime | None = None,
    happened_until: AwareDatetime | None = None,
    recorded_from: AwareDatetime | None = None,
    recorded_until: AwareDatetime | None = None,
    after: Annotated[int, Query(ge=0, le=ID_MAX, description="The id of the last event that was seen.")] = 0,
) -> EventFilter:
    return EventFilter(
        subject, person, kind, place, gateway_record, happened_from, happened_until, recorded_from, recorded_until,
        after,
    )  # fmt: skip


@router.get(
    "/events",
    summary="Read the audit trail",
    response_model=list[EventOut],
    responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}},
)
def list_events(
    database: Ledger,
    _: Auditor,
    asked: Annotated[EventFilter, Depends(_asked)],
    limit: Annotated[int, Query(ge=1, le=1000)] = 1000,
    form: Annotated[Literal["json", "csv"], Query(description="csv: all of them, whatever the limit.")] = "json",
) -> Any:
    """Who did what, when and why, in the order in which it was recorded; `changes` shows old and new values.

    What a gateway told names the record of its journal, and when it happened by the gateway's clock. Ask for the next
    page with `after`: the id of the last event of this one.
    """
    if form == "csv":
        headers = {"Content-Disposition": 'attachment; filename="audit-trail.csv"'}
        lines = audit_trail_csv(database, asked)
        return StreamingResponse(lines, media_type="text/csv; charset=utf-8", headers=headers)
    return audit_trail(database, asked, rows_max=limit)
