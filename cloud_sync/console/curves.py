"""What a room measured, as the chart wants it."""

from datetime import datetime, timedelta
from functools import partial
from math import ceil
from typing import Any

from cloud_sync.actions.monitoring.measurements import readings_of, spans_of
from cloud_sync.actions.overview.rooms import ChannelNow, RoomNow
from cloud_sync.actions.quality.holds_and_dispositions import listed
from cloud_sync.errors import ArchiveUnreadable
from cloud_sync.storage.database import Database
from edge_agent.domain.monitoring.quantity_words import label_of, shown_as, unit_of

RAW_FOR = timedelta(hours=48)
"""Longer times are drawn by the hour, or several."""
POINTS_MAX = 20_000
EXCURSIONS_MAX = 200
SPANS_MAX = 1100
"""A chart is some so many pixels wide: of a year it shows the lowest, mean and highest value of each eight hours."""
HOUR_S = 3600.0


def curves(database: Database, room: RoomNow, first: datetime, last: datetime) -> dict[str, Any]:
    """Times in seconds since 1970: ``first``, ``last``, ``channels`` with ``points`` (at, lowest, mean, highest),
    limits and the gap after which a line breaks, and the room's ``excursions``."""
    channels = [_curve(database, channel, first, last) for channel in room.channels]
    rows = listed(database, "excursions", place=room.name, only_open=False, rows_max=EXCURSIONS_MAX, rows_skipped=0)
    excursions = [
        {
            "began": row["began_at"].timestamp(),
            "ended": row["ended_at"].timestamp() if row["ended_at"] else None,
            "rule": row["rule"],
        }
        for row in rows
    ]
    return {
        "first": first.timestamp(), "last": last.timestamp(), "zone": room.zone, "channels": channels,
        "excursions": excursions,
    }  # fmt: skip


def _curve(database: Database, channel: ChannelNow, first: datetime, last: datetime) -> dict[str, Any]:
    """By the hour as well where single readings are in an archive that cannot be read: the page says so."""
    span = timedelta(hours=ceil((last - first) / timedelta(hours=SPANS_MAX)))
    by_span = partial(spans_of, span=span)
    is_raw = last - first <= RAW_FOR
    try:
        rows = (readings_of if is_raw else by_span)(database, channel.id, first, last, rows_max=POINTS_MAX)
    except ArchiveUnreadable:
        is_raw, rows = False, by_span(database, channel.id, first, last, rows_max=POINTS_MAX)
    return {
        "device": channel.device, "title": label_of(channel.metric),
        "unit": unit_of(channel.metric),
        "digits": shown_as(channel.metric).digits,
        "low": channel.limits.low, "high": channel.limits.high,
        "gap_s": channel.limits.late_after_s if is_raw else span.total_seconds() + HOUR_S,
        "points": [[row["at"].timestamp(), row["lowest"], row["mean"], row["highest"]] for row in rows],
    }  # fmt: skip
