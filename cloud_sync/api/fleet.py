"""The fleet: heartbeats and files for gateways; configuration, releases and roll-outs for people."""

import hashlib
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import StringConstraints, ValidationError

from cloud_sync.actions.gateways import fleet_config, release_orders, releases
from cloud_sync.actions.gateways.desk import Asked
from cloud_sync.api.access import ApiRoute, GatewayManager, Ledger, Now, Reader
from cloud_sync.api.problems import answers, problem
from cloud_sync.api.schemas.common import Name
from cloud_sync.api.schemas.fleet import (
    CohortIn,
    ConfigChangeOut,
    ConfigHistoryOut,
    ConfigIn,
    ConfigNowOut,
    ConfigRollBackIn,
    DifferenceOut,
    HeartbeatOut,
    ReleaseOut,
    RollOutIn,
    RollOutOut,
    RollOutStartedOut,
    RollOutStopIn,
    TakeOverIn,
)
from cloud_sync.api.signed_requests import AskingGateway, Signed, not_genuine
from cloud_sync.errors import Invalid, NotKnown
from edge_agent.domain.fleet.heartbeats import BODY_BYTES_MAX, Heartbeat, signed_path
from edge_agent.domain.fleet.releases import FILE_BYTES_MAX, FILES_PATH

router = APIRouter(tags=["gateways"], route_class=ApiRoute, responses=answers(404, 409))

Version = Annotated[int, Query(ge=1, lt=2**31)]
GATEWAYS_ANSWERS = {key: value for key, value in answers(404).items() if key != 403}


@router.post(
    "/heartbeats",
    summary="Send a heartbeat",
    response_model=HeartbeatOut,
    responses=GATEWAYS_ANSWERS,
    openapi_extra={
        "requestBody": {
            "required": True,
            "description": "What the gateway runs and how it is, as edge_agent/domain/fleet/heartbeats.py has it.",
            "content": {"application/json": {"schema": {"type": "object"}}},
        }
    },
)
async def send_heartbeat(
    request: Request,
    database: Ledger,
    now: Now,
    signed: Signed,
) -> Any:
    """What a gateway runs, and what it is to run. Its signature, over the body as well, is the credential."""
    body = await request.body()
    if len(body) > BODY_BYTES_MAX:
        return problem(413, f"a heartbeat has at most {BODY_BYTES_MAX} bytes", "Send less.")
    path = signed_path(hashlib.sha256(body).hexdigest())
    return await run_in_threadpool(_heard, request, database, now, body, signed.over("POST", path))


def _heard(request: Request, database: Ledger, now: Now, body: bytes, asked: Asked) -> Any:
    try:
        said = Heartbeat.model_validate_json(body)
    except ValidationError as error:
        first = error.errors()[0]
        raise Invalid(f"no heartbeat: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    try:
        if said.gateway != asked.gateway:
            raise NotKnown("a gateway speaks for itself only")
        return fleet_config.hear(database, asked, said, now=now)
    except NotKnown as error:
        return not_genuine(request, error, now)


@router.get(
    "/release-files",
    summary="Fetch a piece of a release",
    response_class=Response,
    responses={
        **GATEWAYS_ANSWERS,
        200: {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}},
    },
)
def get_release_file(
    request: Request,
    database: Ledger,
    now: Now,
    signed: Signed,
    version: Annotated[str, Query(max_length=60)] = "",
    name: Annotated[str, Query(max_length=100)] = "",
    start: Annotated[int, Query(ge=0, le=FILE_BYTES_MAX)] = 0,
    gateway: AskingGateway = None,
) -> Response:
    """Up to 1 MiB of a file from `start` on. The gateway's signature is the credential."""
    asked = signed.of(gateway, FILES_PATH)
    try:
        folder = request.app.state.release_folder
        part = release_orders.part_of_release(database, folder, asked, version, name, start, now=now)
    except NotKnown as error:
        return not_genuine(request, error, now)
    return Response(part, media_type="application/octet-stream")


@router.get("/gateways/{name}/config", summary="See a gateway's configuration", response_model=ConfigNowOut)
def get_config(name: Name, database: Ledger, _: Reader) -> Any:
    """What it is to have, what it says that it runs, and where they differ."""
    return fleet_config.config_now(database, name)


@router.put("/gateways/{name}/config", summary="Hand out a configuration", response_model=ConfigChangeOut)
def put_config(name: Name, said: ConfigIn, database: Ledger, now: Now, actor: GatewayManager) -> Any:
    """Propose the next version. It goes out at once if nothing that is measured changes; else a second person approves.

    The gateway checks it before it uses it, and goes back unless its next receipt comes.
    """
    return fleet_config.set_config(
        database, name, said.toml, profiles=said.profiles, replaces_local=said.replaces_local, reason=said.reason,
        at=now, actor=actor.name,
    )  # fmt: skip


@router.post("/gateways/{name}/config/take-over", summary="Take over a local edit", response_model=ConfigChangeOut)
def take_over(name: Name, said: TakeOverIn, database: Ledger, now: Now, actor: GatewayManager) -> Any:
    """Make what was edited at the gateway the ledger's own next version."""
    return fleet_config.take_over(database, name, reason=said.reason, at=now, actor=actor.name)


@router.post("/gateways/{name}/config/roll-back", summary="Go back to a version", response_model=ConfigChangeOut)
def roll_back(name: Name, said: ConfigRollBackIn, database: Ledger, now: Now, actor: GatewayManager) -> Any:
    """Hand out what an earlier version said, as the next version."""
    return fleet_config.roll_back(database, name, said.version, reason=said.reason, at=now, actor=actor.name)


@router.get("/gateways/{name}/config/history", summary="List versions", response_model=list[ConfigHistoryOut])
def get_history(name: Name, database: Ledger, _: Reader) -> Any:
    """All versions, the newest first, each with what differs from the one before."""
    return fleet_config.config_history(database, name)


@router.get("/gateways/{name}/config/diff", summary="Compare versions", response_model=list[DifferenceOut])
def get_diff(
    name: Name, database: Ledger, _: Reader, older: Version | None = None, newer: Version | None = None
) -> Any:
    """What differs between two versions; without them, between the latest and what the gateway runs."""
    return fleet_config.config_diff(database, name, older, newer)


@router.put("/gateways/{name}/cohort", summary="Put a gateway in a cohort", status_code=204)
def put_cohort(name: Name, said: CohortIn, database: Ledger, now: Now, actor: GatewayManager) -> None:
    """Releases go out by cohorts."""
    releases.put_in_cohort(database, name, said.cohort, at=now, actor=actor.name)


@router.get("/releases", summary="List releases", response_model=list[ReleaseOut])
def list_releases(database: Ledger, _: Reader) -> Any:
    """Releases of the gateways' program, the newest first. They are added by `cloud-sync release add`."""
    return releases.releases(database)


@router.get("/roll-outs", summary="List roll-outs", response_model=list[RollOutOut])
def list_roll_outs(database: Ledger, _: Reader) -> Any:
    """The latest 50, the newest first."""
    return releases.roll_outs(database)


@router.post(
    "/releases/{version}/roll-outs", summary="Roll out a release", status_code=201, response_model=RollOutStartedOut
)
def start_roll_out(
    version: Annotated[str, StringConstraints(max_length=60)], said: RollOutIn, database: Ledger, now: Now,
    actor: GatewayManager,
) -> Any:  # fmt: skip
    """Let a release go out in waves. It stops by itself at the first wave that is worse off."""
    number = releases.start_roll_out(
        database, version, said.waves, soak_minutes=said.soak_minutes, reason=said.reason, at=now, actor=actor.name
    )
    return {"id": number}


@router.post("/roll-outs/{roll_out_id}/stop", summary="Stop a roll-out", status_code=204)
def stop_roll_out(roll_out_id: int, said: RollOutStopIn, database: Ledger, now: Now, actor: GatewayManager) -> None:
    """Order it no further. Gateways that have it keep it; to go back, roll out the release before."""
    releases.stop_roll_out(database, min(max(roll_out_id, 0), 2**63 - 1), reason=said.reason, at=now, actor=actor.name)
