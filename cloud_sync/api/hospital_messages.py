"""Hospital messages: what pharmacy systems and cabinets told, what became of it, and another look at it."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request

from cloud_sync.actions.interop import hospital_messages as messages
from cloud_sync.api.access import ApiRoute, Ledger, Listing, Now, Reader, Resolver
from cloud_sync.api.problems import answers
from cloud_sync.api.schemas.common import ID_MAX, Listed
from cloud_sync.api.schemas.hospital import HospitalMessageOut, Outcome
from cloud_sync.domain.list_request import ListRequest

router = APIRouter(tags=["hospital messages"], route_class=ApiRoute, responses=answers(404, 409))
MessageId = Annotated[int, Path(ge=1, le=ID_MAX)]


@router.get("/hospital-messages", summary="List hospital messages", response_model=Listed[HospitalMessageOut])
def list_hospital_messages(
    database: Ledger, _: Reader, page: Listing,
    outcome: Annotated[Outcome | None, Query(description="Of which this became last.")] = None,
) -> Any:  # fmt: skip
    """The latest first."""
    chosen = {} if outcome is None else {"outcome": outcome}
    return page.of(messages.list_messages(database, ListRequest(page.rows_max, page.offset, chosen=chosen)))


@router.post(
    "/hospital-messages/{message_id}/read-again", summary="Read a message again", response_model=HospitalMessageOut
)
def read_hospital_message_again(
    message_id: MessageId, request: Request, database: Ledger, actor: Resolver, now: Now
) -> Any:
    """Read one that was not understood or was refused by its sender's field map as it is now."""
    row = messages.read_again(database, request.app.state.field_maps, message_id, at=now, actor=actor)
    return {**row, "told": row["text"]}
