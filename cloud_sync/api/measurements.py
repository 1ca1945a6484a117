"""What channels measured."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, Field

from cloud_sync.actions.monitoring import measurements
from cloud_sync.api.access import ApiRoute, Ledger, Listing, Reader
from cloud_sync.api.problems import answers
from cloud_sync.api.schemas.common import Id, Listed, Schema

router = APIRouter(tags=["master data"], responses=answers(404), route_class=ApiRoute)

First = Annotated[AwareDatetime, Query(alias="from", description="The first instant, with its time zone.")]
Last = Annotated[AwareDatetime, Query(description="The last instant.")]


class MeasuredOut(Schema):
    """A reading; or, with ``readings`` > 1 or an interval, the envelope of readings that a gateway had to thin out."""

    at: datetime
    until: datetime = Field(description="The last instant that it stands for: the same as at for a reading.")
    readings: int = Field(description="How many readings it stands for.")
    lowest: float
    mean: float
    highest: float
    synced: bool


class HourOut(Schema):
    """An hour of a channel. ``thinned``: how many of its readings are known by envelopes alone."""

    at: datetime
    readings: int
    thinned: int
    lowest: float
    mean: float
    highest: float


@router.get("/channels/{channel_id}/readings", summary="List readings", response_model=Listed[MeasuredOut])
def list_readings(channel_id: Id, database: Ledger, _: Reader, page: Listing, first: First, until: Last) -> Any:
    """Readings of a channel in the order of time; those that a gateway thinned out as envelopes."""
    rows = measurements.readings_of(
        database, channel_id, first, until, rows_max=page.rows_max, rows_skipped=page.offset
    )
    return page.of(rows)


@router.get("/channels/{channel_id}/hours", summary="List readings by the hour", response_model=Listed[HourOut])
def list_hours(channel_id: Id, database: Ledger, _: Reader, page: Listing, first: First, until: Last) -> Any:
    """Count, lowest, mean and highest reading of each hour (UTC), of readings long gone too."""
    return page.of(
        measurements.hours_of(database, channel_id, first, until, rows_max=page.rows_max, rows_skipped=page.offset)
    )
