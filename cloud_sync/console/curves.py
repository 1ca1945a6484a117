"""What a room measured, as the chart wants it."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby, pairwise
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
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
"""From which spans are counted."""
CHANNELS_WITH_PAGE = 4
DIGITS_BEYOND = 3
"""So many digits more than people are shown: what is rounded again then is what would have been rounded at once."""


def curves(
    database: Database,
    room: RoomNow,
    first: datetime,
    last: datetime,
    *,
    spans: Mapping[int, Sequence[Row]] | None = None,
    excursions: Sequence[Row] | None = None,
) -> dict[str, Any]:
    """Times in seconds since 1970: ``first``, ``last``, ``channels`` with their points, limits and the gap after which
    a line breaks, and the room's ``excursions``. The caller may have rows of excursions, and by channel of spans
    (:func:`span_of`).

    Points are columns, so that a chart needs not take them apart: ``at`` are steps of ``1 / per_s`` seconds, the first
    from 1970 on; ``lowest`` and ``highest`` are None where they are the ``mean``.
    """
    if spans is None and not is_raw(first, last):
        ids = [channel.id for channel in room.channels]
        spans = spans_of(database, ids, first, last, span_of(first, last), rows_max=POINTS_MAX)
    channels = [
        _curve(database, channel, first, last, None if spans is None else spans[channel.id])
        for channel in room.channels
    ]
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
    return not is_raw(first, last) and len(room.channels) <= CHANNELS_WITH_PAGE


def is_raw(first: datetime, last: datetime) -> bool:
    """Whether a time is short enough to be drawn by single readings."""
    return last - first <= RAW_FOR


def span_of(first: datetime, last: datetime, spans_max: int = SPANS_MAX) -> timedelta:
    """How many whole hours are one of at most so many spans of that time."""
    return timedelta(hours=ceil((last - first) / timedelta(hours=spans_max)))


def longer(rows: Sequence[Row], span: timedelta, times: int) -> list[Row]:
    """Rows of spans as rows of spans that are so many ``times`` as long."""
    if times == 1:
        return list(rows)
    found = []
    for number, group in groupby(rows, key=lambda row: (row["at"] - EPOCH) // (span * times)):
        every = list(group)
        readings = sum(row["readings"] for row in every)
        found.append({
            "at": EPOCH + number * span * times, "readings": readings,
            "lowest": min(row["lowest"] for row in every), "highest": max(row["highest"] for row in every),
            "mean": sum(row["mean"] * row["readings"] for row in every) / readings,
        })  # fmt: skip
    return found


def within_page(series: dict[str, Any]) -> Markup:
    """Curves as data in a page, which no browser takes for a script."""
    text = json.dumps(series, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
    return Markup(f'<script type="application/json">{text}</script>')  # noqa: S704 - in JSON, no < can end it


def _curve(
    database: Database, channel: ChannelNow, first: datetime, last: datetime, rows: Sequence[Row] | None
) -> dict[str, Any]:
    """By the hour as well where single readings are in an archive that cannot be read: the page says so."""
    gap_s = span_of(first, last).total_seconds() + HOUR_S
    if rows is None:
        try:
            rows = readings_of(database, channel.id, first, last, rows_max=POINTS_MAX)
            gap_s = channel.limits.late_after_s
        except ArchiveUnreadable:
            by_span = spans_of(database, [channel.id], first, last, span_of(first, last), rows_max=POINTS_MAX)
            rows = by_span[channel.id]
    digits = shown_as(channel.metric).digits
    return {
        "device": channel.device, "title": label_of(channel.metric),
        "unit": unit_of(channel.metric),
        "digits": digits,
        "low": channel.limits.low, "high": channel.limits.high,
        "gap_s": gap_s,
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
