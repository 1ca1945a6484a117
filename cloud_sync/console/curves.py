"""What a room measured, as the chart wants it."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from itertools import pairwise
from math import ceil
from typing import Any

from markupsafe import Markup

from cloud_sync.actions.monitoring.measurements import readings_of, spans_of
from cloud_sync.actions.overview.rooms import ChannelNow, RoomNow
from cloud_sync.actions.quality.holds_and_dispositions import listed
from cloud_sync.errors import ArchiveUnreadable
from cloud_sync.storage.database import Database, Row
from edge_agent.domain.monitoring.quantity_words import label_of, shown_as, unit_of

RAW_FOR = timedelta(hours=48)
"""Longer times are drawn by the hour, or several."""
POINTS_MAX = 20_000
EXCURSIONS_MAX = 200
SPANS_MAX = 1100
"""A chart is some so many pixels wide: of a year it shows the lowest, mean and highest value of each eight hours."""
HOUR_S = 3600.0
CHANNELS_WITH_PAGE = 4
DIGITS_BEYOND = 3
"""So many digits more than people are shown: what is rounded again then is what would have been rounded at once."""


def curves(
    database: Database, room: RoomNow, first: datetime, last: datetime, excursions: Sequence[Row] | None = None
) -> dict[str, Any]:
    """Times in seconds since 1970: ``first``, ``last``, ``channels`` with their points, limits and the gap after which
    a line breaks, and the room's ``excursions`` (its rows, where the caller has them).

    Points are columns, so that a chart needs not take them apart: ``at`` are steps of ``1 / per_s`` seconds, the first
    from 1970 on; ``lowest`` and ``highest`` are None where they are the ``mean``.
    """
    channels = [_curve(database, channel, first, last) for channel in room.channels]
    if excursions is None:
        excursions = excursions_of(database, room.name)
    return {
        "first": first.timestamp(), "last": last.timestamp(), "zone": room.zone, "channels": channels,
        "excursions": [
            {
                "began": row["began_at"].timestamp(),
                "ended": row["ended_at"].timestamp() if row["ended_at"] else None,
                "rule": row["rule"],
            }
            for row in excursions
        ],
    }  # fmt: skip


def excursions_of(database: Database, place: str) -> list[Row]:
    """The latest excursions of a place, as pages list and curves shade them."""
    return listed(database, "excursions", place=place, only_open=False, rows_max=EXCURSIONS_MAX, rows_skipped=0)


def come_with_page(room: RoomNow, first: datetime, last: datetime) -> bool:
    """Whether curves are so few and short that they come with the page, and nobody waits for a second answer."""
    return last - first > RAW_FOR and len(room.channels) <= CHANNELS_WITH_PAGE


def within_page(series: dict[str, Any]) -> Markup:
    """Curves as data in a page, which no browser takes for a script."""
    text = json.dumps(series, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
    return Markup(f'<script type="application/json">{text}</script>')  # noqa: S704 - in JSON, no < can end it


def _curve(database: Database, channel: ChannelNow, first: datetime, last: datetime) -> dict[str, Any]:
    """By the hour as well where single readings are in an archive that cannot be read: the page says so."""
    span = timedelta(hours=ceil((last - first) / timedelta(hours=SPANS_MAX)))
    by_span = partial(spans_of, span=span)
    is_raw = last - first <= RAW_FOR
    try:
        rows = (readings_of if is_raw else by_span)(database, channel.id, first, last, rows_max=POINTS_MAX)
    except ArchiveUnreadable:
        is_raw, rows = False, by_span(database, channel.id, first, last, rows_max=POINTS_MAX)
    digits = shown_as(channel.metric).digits
    return {
        "device": channel.device, "title": label_of(channel.metric),
        "unit": unit_of(channel.metric),
        "digits": digits,
        "low": channel.limits.low, "high": channel.limits.high,
        "gap_s": channel.limits.late_after_s if is_raw else span.total_seconds() + HOUR_S,
        **columns(rows, digits + DIGITS_BEYOND),
    }  # fmt: skip


def columns(rows: Sequence[Row], digits: int) -> dict[str, Any]:
    """Points as :func:`curves` tells them, values with so many digits."""
    times_ms = [round(row["at"].timestamp() * 1000) for row in rows]
    per_s = 1 if all(at_ms % 1000 == 0 for at_ms in times_ms) else 1000
    values = {name: [_short(row[name], digits) for row in rows] for name in ("lowest", "mean", "highest")}
    is_single = values["lowest"] == values["mean"] == values["highest"]
    return {
        "per_s": per_s,
        "at": [(at_ms - before_ms) * per_s // 1000 for before_ms, at_ms in pairwise([0, *times_ms])],
        **(values | ({"lowest": None, "highest": None} if is_single else {})),
    }


def _short(number: float, digits: int) -> float:
    """As few characters as say it."""
    rounded = round(number, digits)
    return int(rounded) if rounded == int(rounded) else rounded
