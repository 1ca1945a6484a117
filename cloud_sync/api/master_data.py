"""Places, items, owners, policies, channels. Creating is idempotent: the same again is 200, differently 409."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response
from fastapi.responses import PlainTextResponse

from cloud_sync.actions.master_data import master_data, zones
from cloud_sync.actions.monitoring import channels
from cloud_sync.actions.overview.health import health, metrics_text
from cloud_sync.api.access import Administrator, ApiRoute, Ledger, Listing, Now, Reader, SensorPlacer
from cloud_sync.api.problems import also, answers
from cloud_sync.api.schemas.common import Id, Listed, Name, PlaceKind, WhyIn
from cloud_sync.api.schemas.gateway import ChannelOut, ChannelPlaceIn
from cloud_sync.api.schemas.master import ItemIn, ItemOut, OwnerIn, OwnerOut, PlaceIn, PlaceOut, PolicyOut, ZoneIn
from cloud_sync.storage.database import Row
from edge_agent.domain.monitoring.policies import Policy

router = APIRouter(tags=["master data"], route_class=ApiRoute, responses=answers(404, 409))


def created(response: Response, result: tuple[Row, bool]) -> Row:
    """The row, with status 201 if it is new and 200 if it was there."""
    row, is_new = result
    response.status_code = 201 if is_new else 200
    return row


@router.post(
    "/places", summary="Create a place", status_code=201, response_model=PlaceOut, responses=also(200, PlaceOut)
)
def create_place(place: PlaceIn, response: Response, database: Ledger, actor: Administrator) -> Any:
    """Create a place. Scans that named it before it was known are booked now."""
    return created(response, master_data.add_place(database, **place.model_dump(), actor=actor.name))


@router.get("/places", summary="List places", response_model=Listed[PlaceOut])
def list_places(
    database: Ledger,
    _: Reader,
    page: Listing,
    below: Annotated[Name | None, Query(description="Only this place and what stands in it.")] = None,
    kind: PlaceKind | None = None,
) -> Any:
    """Places with everything they stand in."""
    return page.of(
        master_data.list_places(database, below=below, kind=kind, rows_max=page.rows_max, rows_skipped=page.offset)
    )


@router.post("/places/{name}/zone", summary="Set the time zone of a site", response_model=PlaceOut)
def set_zone(name: Name, command: ZoneIn, database: Ledger, actor: Administrator) -> Any:
    """Set the time zone of a site that has none yet. What was issued there is judged again: days end there."""
    return zones.set_first_zone(database, name, command.zone, reason=command.reason, actor=actor.name)


@router.get("/sites-without-zone", summary="List sites without a time zone", response_model=list[Name])
def list_sites_without_zone(database: Ledger, _: Reader) -> Any:
    """Sites for which nobody has set a time zone: their days end at midnight UTC until somebody does."""
    return zones.sites_without_zone(database)


@router.post(
    "/owners", summary="Create an owner", status_code=201, response_model=OwnerOut, responses=also(200, OwnerOut)
)
def create_owner(owner: OwnerIn, response: Response, database: Ledger, actor: Administrator) -> Any:
    """Create an owner of stock."""
    return created(response, master_data.add_owner(database, **owner.model_dump(), actor=actor.name))


@router.get("/owners", summary="List owners", response_model=Listed[OwnerOut])
def list_owners(database: Ledger, _: Reader, page: Listing) -> Any:
    """All owners; `house` is the house itself."""
    return page.of(master_data.list_owners(database, rows_max=page.rows_max, rows_skipped=page.offset))


@router.post("/items", summary="Create an item", status_code=201, response_model=ItemOut, responses=also(200, ItemOut))
def create_item(item: ItemIn, response: Response, database: Ledger, actor: Administrator) -> Any:
    """Create an item, or add GTINs and other codes to it. Scans of a code that was not known are booked now."""
    gtins = {gtin.gtin: gtin.base_units for gtin in item.gtins}
    codes = {code.code: code.base_units for code in item.codes}
    said = item.model_dump(exclude={"gtins", "codes"})
    return created(response, master_data.add_item(database, **said, gtins=gtins, codes=codes, actor=actor.name))


@router.get("/items", summary="List items", response_model=Listed[ItemOut])
def list_items(database: Ledger, _: Reader, page: Listing) -> Any:
    """All items with their GTINs."""
    return page.of(master_data.list_items(database, rows_max=page.rows_max, rows_skipped=page.offset))


@router.post(
    "/policies",
    summary="Create a storage policy",
    status_code=201,
    response_model=PolicyOut,
    responses=also(200, PolicyOut),
)
def create_policy(policy: Policy, response: Response, database: Ledger, actor: Administrator) -> Any:
    """Create a storage policy. A policy never changes: give a changed one a new name."""
    return created(response, master_data.add_policy(database, policy, actor=actor.name))


@router.get("/policies", summary="List storage policies", response_model=Listed[PolicyOut])
def list_policies(database: Ledger, _: Reader, page: Listing) -> Any:
    """All storage policies with their rules."""
    return page.of(master_data.list_policies(database, rows_max=page.rows_max, rows_skipped=page.offset))


@router.get("/channels", summary="List channels", response_model=Listed[ChannelOut])
def list_channels(
    database: Ledger, _: Reader, page: Listing, gateway: Name | None = None, place: Name | None = None
) -> Any:
    """Every channel a gateway ever spoke of, with its latest good reading."""
    return page.of(
        master_data.list_channels(
            database, gateway=gateway, place=place, rows_max=page.rows_max, rows_skipped=page.offset
        )
    )


@router.put("/channels/{channel_id}/on-purpose", summary="Say that a channel need not be judged", status_code=204)
def say_on_purpose(channel_id: Annotated[Id, Path()], why: WhyIn, database: Ledger, actor: SensorPlacer) -> None:
    """Nothing judges this channel, and that is meant, as long as it stays where it is. Its case is closed."""
    channels.say_on_purpose(database, channel_id, why.reason, actor=actor.name)


@router.get("/metrics", summary="Figures for a monitoring system", response_class=PlainTextResponse)
def metrics(database: Ledger, _: Reader) -> str:
    """In the text format of Prometheus: ingest, holds, outbox, seal, backups, database and workers."""
    return metrics_text(health(database)).decode()


@router.put("/channels/{channel_id}/place", summary="Say where a channel measures", status_code=204)
def place_channel(
    channel_id: Annotated[Id, Path()], where: ChannelPlaceIn, database: Ledger, now: Now, actor: SensorPlacer
) -> None:
    """Say where a channel measures, and since when. Its readings are judged by the policies of where it was then."""
    channels.place_channel(database, channel_id, where.place, since=where.since, at=now, actor=actor.name)
