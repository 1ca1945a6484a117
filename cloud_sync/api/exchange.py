"""Connections to other systems, what is delivered to them, and the feed of events that they read."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request

from cloud_sync.actions.interop import connections
from cloud_sync.api.access import Administrator, ApiRoute, FeedReader, Ledger, Listing, Now, Reader
from cloud_sync.api.problems import answers
from cloud_sync.api.schemas.common import ID_MAX, Listed, Name, WhyIn
from cloud_sync.api.schemas.connection import (
    POSITION_MAX,
    ConnectionIn,
    ConnectionKeyOut,
    ConnectionOut,
    ConnectionSecretOut,
    DeliveryOut,
    EventKindOrAll,
    FeedOut,
    ReplayedOut,
    ReplayIn,
)
from cloud_sync.domain.connections import ConnectionSettings

router = APIRouter(tags=["connections"], route_class=ApiRoute, responses=answers(404, 409))


async def _settings(request: Request) -> ConnectionSettings:
    settings: ConnectionSettings = request.app.state.connection_settings
    return settings


Settings = Annotated[ConnectionSettings, Depends(_settings)]


@router.get("/connections", summary="List connections", response_model=list[ConnectionOut])
def list_connections(database: Ledger, _: Reader) -> Any:
    """Other systems and whether they are reached, without what is secret."""
    return connections.list_connections(database)


@router.put("/connections/{name}", summary="Set a connection", response_model=ConnectionSecretOut)
def put_connection(name: Name, said: ConnectionIn, database: Ledger, settings: Settings, actor: Administrator) -> Any:
    """A connection, or another content of it. Its secret is shown this once."""
    new = connections.NewConnection(name, said.url, said.scopes, said.event_kinds, said.requests_per_minute)
    secret = connections.put_connection(database, new, settings, from_start=said.from_start, actor=actor.name)
    return {"name": name, "secret": secret}


@router.post("/connections/{name}/key", summary="Make a key", status_code=201, response_model=ConnectionKeyOut)
def make_key(name: Name, database: Ledger, now: Now, actor: Administrator) -> Any:
    """Another key for a connection; the one before is good for a day."""
    return {"name": name, "key": connections.new_key(database, name, now, actor=actor.name)}


@router.post("/connections/{name}/secret", summary="Make a secret", status_code=201, response_model=ConnectionSecretOut)
def make_secret(name: Name, database: Ledger, now: Now, actor: Administrator) -> Any:
    """Another secret for its webhooks; for a day they carry signatures of both."""
    return {"name": name, "secret": connections.new_secret(database, name, now, actor=actor.name)}


@router.post("/connections/{name}/pause", summary="Pause a connection", status_code=204)
def pause(name: Name, why: WhyIn, database: Ledger, now: Now, actor: Administrator) -> None:
    """Send nothing there until it is resumed. Nothing is lost meanwhile."""
    connections.pause(database, name, why.reason, now, actor=actor.name)


@router.post("/connections/{name}/resume", summary="Resume a connection", status_code=204)
def resume(name: Name, why: WhyIn, database: Ledger, actor: Administrator) -> None:
    """Send what waited, at once."""
    connections.resume(database, name, why.reason, actor=actor.name)


@router.post("/connections/{name}/off", summary="Switch a connection off", status_code=204)
def switch_off(name: Name, why: WhyIn, database: Ledger, now: Now, actor: Administrator) -> None:
    """Send nothing there any more; its keys are worth nothing at once."""
    connections.switch_off(database, name, why.reason, now, actor=actor.name)


@router.post("/connections/{name}/replay", summary="Send events again", response_model=ReplayedOut)
def replay(name: Name, said: ReplayIn, database: Ledger, actor: Administrator) -> Any:
    """Send all events of its kinds after a position again, with the ids that they had."""
    return {"again": connections.replay(database, name, said.after, said.reason, actor=actor.name)}


@router.get("/connections/{name}/deliveries", summary="List deliveries", response_model=Listed[DeliveryOut])
def list_deliveries(
    name: Name,
    database: Ledger,
    _: Reader,
    page: Listing,
    only_unsent: Annotated[bool, Query(description="Only what is not delivered yet.")] = False,
) -> Any:
    """What was sent, and what waits and why; the newest first."""
    rows = connections.list_deliveries(
        database, name, only_unsent=only_unsent, rows_max=page.rows_max, rows_skipped=page.offset
    )
    return page.of(rows)


@router.post("/connections/{name}/deliveries/{delivery_id}/repeat", summary="Repeat a delivery", status_code=202)
def repeat_delivery(
    name: Name, delivery_id: Annotated[int, Path(ge=1, le=ID_MAX)], database: Ledger, actor: Administrator
) -> None:
    """Send one delivery once more, with the id that it had."""
    connections.send_again(database, name, delivery_id, actor=actor.name)


@router.get("/feed", summary="Read the feed of events", response_model=FeedOut, responses=answers(429))
def read_feed(
    database: Ledger,
    _: FeedReader,
    after: Annotated[int, Query(ge=0, le=POSITION_MAX, description="`next` of the answer before; 0: all.")] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    kind: Annotated[list[EventKindOrAll], Query(max_length=100, description="Only these kinds.")] = [],  # noqa: B006
) -> Any:
    """Every kind of event, in the order in which they were committed: nothing ever appears before `next`."""
    kinds = [] if "*" in kind else kind
    return connections.feed(database, after, kinds, limit)
