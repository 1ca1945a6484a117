"""The desk for gateways, and what makes it up: where gateways stand, who works at docks."""

from typing import Annotated

from fastapi import APIRouter, Header, Request, Response
from pydantic import Field, StringConstraints

from cloud_sync.actions.gateways import desk
from cloud_sync.api.access import ApiRoute, GatewayManager, Ledger, Now
from cloud_sync.api.problems import answers
from cloud_sync.api.schemas.common import In, Name
from cloud_sync.api.signed_requests import AskingGateway, Signed, not_genuine
from cloud_sync.errors import NotKnown
from edge_agent.domain.stock.desk import TAKEN_AT_HEADER, desk_etag
from edge_agent.domain.wire.request_signing import written

PATH = "/v1/desk"

router = APIRouter(tags=["gateways"], route_class=ApiRoute, responses=answers(404, 409))


class GatewayPlaceIn(In):
    """Where a gateway stands."""

    place: Name


class OperatorIn(In):
    """Somebody who works at docks."""

    badge: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,59}$")] = Field(
        description="What follows LW.BADGE. on the card.", examples=["amy"]
    )
    active: bool = True
    sites: list[Name] | None = Field(
        None, max_length=1000, description="The docks of these sites know the badge; empty: all; null: as before."
    )
    pin: Annotated[str, StringConstraints(pattern=r"^([0-9]{4,8})?$")] | None = Field(
        None, description="4 to 8 digits that have to be given with the badge; empty: none; null: as before."
    )


@router.get("/desk", summary="Fetch a gateway's desk", response_class=Response, responses={304: {}})
def get_desk(
    request: Request,
    database: Ledger,
    now: Now,
    signed: Signed,
    gateway: AskingGateway = None,
    if_none_match: Annotated[str | None, Header(max_length=200)] = None,
) -> Response:
    """Give what the docks of a gateway's site need while they cannot ask. The gateway's signature is the credential.

    304 while nothing has changed since the entity tag in `If-None-Match`.
    """
    asked = signed.of(gateway, PATH)
    try:
        raw = desk.desk_for(database, asked, now=now)
    except NotKnown as error:
        return not_genuine(request, error, now)
    headers = {"etag": desk_etag(raw), TAKEN_AT_HEADER: written(now), "cache-control": "private, no-cache"}
    if if_none_match == headers["etag"]:
        return Response(status_code=304, headers=headers)
    return Response(raw, media_type="application/json", headers=headers)


@router.put("/gateways/{name}/place", summary="Say where a gateway stands", status_code=204)
def place_gateway(name: Name, where: GatewayPlaceIn, database: Ledger, actor: GatewayManager) -> None:
    """Its docks get the desk of the site around that place from now on."""
    desk.place_gateway(database, name, where.place, actor=actor.name)


@router.put("/operators/{name}", summary="Give an operator a badge", status_code=204)
def put_operator(name: Name, operator: OperatorIn, database: Ledger, actor: GatewayManager) -> None:
    """Give, change or withdraw a badge. Docks know it with their next desk."""
    desk.put_operator(
        database,
        name,
        operator.badge,
        active=operator.active,
        actor=actor.name,
        sites=operator.sites,
        pin=operator.pin,
    )
