"""Gateways and their state."""

from datetime import timedelta
from typing import Any

from fastapi import APIRouter, Response

from cloud_sync.actions.gateways import gateways
from cloud_sync.actions.gateways.enrolment import invite
from cloud_sync.api.access import ApiRoute, GatewayManager, Ledger, Listing, Now, Reader
from cloud_sync.api.master_data import created
from cloud_sync.api.problems import also, answers
from cloud_sync.api.schemas.common import Listed, Name
from cloud_sync.api.schemas.gateway import GatewayIn, GatewayOut, InvitationIn, InvitationOut, RevokeIn

router = APIRouter(tags=["gateways"], route_class=ApiRoute, responses=answers(404, 409))


@router.post(
    "/gateways",
    summary="Register a gateway",
    status_code=201,
    response_model=GatewayOut,
    responses=also(200, GatewayOut),
)
def create_gateway(gateway: GatewayIn, response: Response, database: Ledger, actor: GatewayManager) -> Any:
    """Believe a gateway's batches from now on."""
    return created(response, gateways.add_gateway(database, gateway.name, gateway.public_key, actor=actor.name))


@router.get("/gateways", summary="List gateways", response_model=Listed[GatewayOut])
def list_gateways(database: Ledger, _: Reader, page: Listing) -> Any:
    """Gateways, when each was last heard of, how far its journals have come, and what is missing of them."""
    return page.of(gateways.list_gateways(database, rows_max=page.rows_max, rows_skipped=page.offset))


@router.post("/gateways/{name}/invitations", summary="Invite a gateway", status_code=201, response_model=InvitationOut)
def invite_gateway(name: Name, said: InvitationIn, database: Ledger, now: Now, actor: GatewayManager) -> Any:
    """Make a one-time code with which a gateway enrols itself. It is shown this once; earlier ones for it end."""
    code, expires_at = invite(
        database,
        name,
        place=said.place,
        valid=timedelta(hours=said.valid_hours),
        replaces=said.replaces,
        actor=actor.name,
        now=now,
    )
    return {"gateway": name, "code": code, "expires_at": expires_at}


@router.post("/gateways/{name}/revoke", summary="Revoke a gateway", status_code=204)
def revoke_gateway(name: Name, why: RevokeIn, database: Ledger, actor: GatewayManager) -> None:
    """Refuse every further batch of a gateway. What it said before stays."""
    gateways.revoke_gateway(database, name, why.reason, actor=actor.name)


@router.delete("/gateways/{name}/sites/{site}", summary="Keep a gateway to its own site", status_code=204)
def take_site(name: Name, site: Name, why: RevokeIn, database: Ledger, actor: GatewayManager) -> None:
    """Let a gateway speak no more for a site that it was given on purpose."""
    gateways.take_site(database, name, site, why.reason, actor=actor.name)
