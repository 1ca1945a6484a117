"""What of a gateway's journal the ledger has not got, for the gateway that asks."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request

from cloud_sync.actions.gateways.journal_gaps import missing_records
from cloud_sync.api.access import ApiRoute, Ledger, Now
from cloud_sync.api.problems import answers
from cloud_sync.api.schemas.common import Schema
from cloud_sync.api.signed_requests import AskingGateway, Signed, not_genuine
from cloud_sync.errors import NotKnown
from edge_agent.domain.wire.journal_gaps import MISSING_PATH
from edge_agent.domain.wire.records import SEQ_END, Lane

router = APIRouter(prefix="/journals", tags=["gateways"], route_class=ApiRoute, responses=answers())

End = Annotated[int, Query(ge=0, lt=SEQ_END, description="The last number that this lane has given out.")]


class MissingSpanOut(Schema):
    """Consecutive numbers of a lane."""

    lane: Lane
    first: int
    last: int


class MissingOut(Schema):
    """Up to 500 spans of each lane."""

    missing: list[MissingSpanOut]


@router.get("/missing", summary="Fetch which records of a journal are missing", response_model=MissingOut)
def get_missing(
    request: Request,
    database: Ledger,
    now: Now,
    signed: Signed,
    journal: UUID = UUID(int=0),
    scans: End = 0,
    readings: End = 0,
    gateway: AskingGateway = None,
) -> Any:
    """What a gateway has to send, or send again after the ledger was restored. Its signature is the credential."""
    asked = signed.of(gateway, MISSING_PATH)
    try:
        ends = {Lane.SCANS: scans, Lane.READINGS: readings}
        return {"missing": missing_records(database, asked, str(journal), ends, now=now)}
    except NotKnown as error:
        return not_genuine(request, error, now)
