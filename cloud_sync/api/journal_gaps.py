"""What of a gateway's journal the ledger has not got, for the gateway that asks."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Header, Query, Request
from pydantic import BaseModel, StringConstraints

from cloud_sync.actions.gateways.desk import Asked
from cloud_sync.actions.gateways.journal_gaps import missing_records
from cloud_sync.api.access import ApiRoute, Ledger, Now
from cloud_sync.api.problems import answers, note_refusal, problem
from cloud_sync.api.schemas.common import Name
from cloud_sync.errors import NotKnown
from edge_agent.domain.wire.journal_gaps import MISSING_PATH
from edge_agent.domain.wire.records import SEQ_END, Lane
from edge_agent.domain.wire.request_signing import (
    GATEWAY_HEADER,
    NONCE_HEADER,
    NOW_HEADER,
    SIGNATURE_HEADER,
    TIME_HEADER,
    written,
)

router = APIRouter(prefix="/journals", tags=["gateways"], route_class=ApiRoute, responses=answers())

Said = Annotated[str, StringConstraints(max_length=200)]
End = Annotated[int, Query(ge=0, lt=SEQ_END, description="The last number that this lane has given out.")]


class MissingSpanOut(BaseModel):
    """Consecutive numbers of a lane."""

    lane: Lane
    first: int
    last: int


class MissingOut(BaseModel):
    """Up to 500 spans of each lane."""

    missing: list[MissingSpanOut]


@router.get("/missing", summary="Fetch which records of a journal are missing", response_model=MissingOut)
def get_missing(
    request: Request,
    database: Ledger,
    now: Now,
    journal: UUID = UUID(int=0),
    scans: End = 0,
    readings: End = 0,
    gateway: Annotated[Name | None, Query(description="The gateway's name.")] = None,
    signed_by: Annotated[Said, Header(alias=GATEWAY_HEADER)] = "",
    at: Annotated[Said, Header(alias=TIME_HEADER)] = "",
    nonce: Annotated[Said, Header(alias=NONCE_HEADER)] = "",
    signature: Annotated[Said, Header(alias=SIGNATURE_HEADER)] = "",
) -> Any:
    """What a gateway has to send, or send again after the ledger was restored. Its signature is the credential."""
    asked = Asked(signed_by if signed_by == gateway else "", at, nonce, signature, "GET", MISSING_PATH)
    try:
        ends = {Lane.SCANS: scans, Lane.READINGS: readings}
        return {"missing": missing_records(database, asked, str(journal), ends, now=now)}
    except NotKnown as error:
        note_refusal(request, str(error))
        return problem(401, str(error), error.what_to_do, {NOW_HEADER: written(now)})
