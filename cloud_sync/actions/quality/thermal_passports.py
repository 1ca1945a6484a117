"""The thermal passport of a lot: every place and time, and what was measured there."""

from collections.abc import Generator, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from cloud_sync.domain.passport import CoverageGap, MeasuredStay, allowance_left_s, measure, stands_s, total_mkt_c
from cloud_sync.domain.uncertain_times import is_unbounded
from cloud_sync.errors import ArchiveUnreadable
from cloud_sync.posting.monitoring.archived_readings import EVER, recalled
from cloud_sync.posting.monitoring.rule_tracks import rules_over
from cloud_sync.posting.positions import lot_of
from cloud_sync.storage.database import Connection, Database, Row
from cloud_sync.storage.queries import queries
from edge_agent.domain.monitoring.excursions import Rule, Severity, SilenceRule
from edge_agent.domain.monitoring.quantities import quantity_of
from edge_agent.domain.monitoring.signals import Instant

STAYS_MAX = 1_000
TEMPERATURE = "temp_c"
INSTANTS_LOOKED_AT = 60
"""Of a device, to know how often it measures."""


def passport(
    database: Database,
    lot_id: int,
    *,
    serial: str,
    gap_s: float,
    allowance_s: float | None,
    at: datetime,
    as_far_as_readable: bool = False,
    lot: Row | None = None,
) -> dict[str, Any]:
    """Stays up to ``at`` with their channels; over all of them lowest, highest, kinetic temperature, allowance left.

    Where several probes measured one stay, the totals take the worst of them. A stay that began nobody knows when is
    taken to have begun when something was measured there first. ``allowance_s`` is how long the item may
    be outside its limits in all; None: as its master data say. ``lot``: its row, where the caller has it. Raises
    ``NotFound``, and ``ArchiveUnreadable`` unless it is wanted only as far as readable: then the error is its
    ``unreadable``, and no total that would need the rest is given.
    """
    with database.transaction() as connection:
        lot = lot or lot_of(connection, lot_id)
        allowance = queries("passport").allowance(connection, lot_id=lot_id)
        if allowance_s is None and allowance["allowance_minutes"] is not None:
            allowance_s = allowance["allowance_minutes"] * 60.0
        rows = list(queries("passport").stays(connection, lot_id=lot_id, serial=serial, rows_max=STAYS_MAX + 1))
        begun = [row for row in rows[:STAYS_MAX] if row["began_at"] < at]
        read = _stay_if_readable if as_far_as_readable else _stay
        channels = _channels_over(connection, [(row["place_id"], *_seen(row, gap_s, at)) for row in begun])
        stays = [read(connection, row, over, gap_s, at) for row, over in zip(begun, channels, strict=True)]
        excursions = queries("quality").exposures(
            connection, excursion_id=None, lot_id=lot_id, rows_max=1000, rows_skipped=0
        )
        told = [row for row in excursions if row["serial"] in ("", serial) or not serial]
    totals = _totals(stays, allowance_s, allowance["allowance_c_max"])
    return {
        "lot": lot, "serial": serial, "at": at, "gap_s": gap_s, "stays": stays, "allowance_s": allowance_s,
        "allowance_c_max": allowance["allowance_c_max"], "excursions": told, "is_cut": len(rows) > STAYS_MAX, **totals,
    }  # fmt: skip


def _totals(stays: Sequence[Row], allowance_s: float | None, c_max: float | None) -> Row:
    """Over all stays; nothing is known of all where one cannot be read."""
    unreadable = next((stay["unreadable"] for stay in stays if "unreadable" in stay), None)
    if unreadable is not None:
        names = ("lowest_c", "highest_c", "mkt_c", "outside_s", "unmeasured_s", "allowance_left_s")
        return {"unreadable": unreadable, **dict.fromkeys(names)}
    outside_s = [stay["outside_s"] for stay in stays]
    channels = [each for stay in stays for each in stay["channels"] if quantity_of(each["metric"]) == TEMPERATURE]
    highest_c = max((c["highest"] for c in channels if c["highest"] is not None), default=None)
    left_s = allowance_left_s(allowance_s, outside_s)
    if left_s is not None and c_max is not None and highest_c is not None and highest_c > c_max:
        left_s = 0.0  # what was warmer than that is covered by no allowance
    return {
        "unreadable": None,
        "lowest_c": min((c["lowest"] for c in channels if c["lowest"] is not None), default=None),
        "highest_c": highest_c,
        "mkt_c": total_mkt_c((stay["mkt_c"], stay["measured_s"]) for stay in stays if stay["mkt_c"] is not None),
        "outside_s": sum(outside_s),
        "unmeasured_s": sum(stay["unmeasured_s"] for stay in stays),
        "allowance_left_s": left_s,
    }


def _stay_if_readable(
    connection: Connection, row: Row, channels: Sequence[Row], gap_s: float, at: datetime
) -> dict[str, Any]:
    try:
        return _stay(connection, row, channels, gap_s, at)
    except ArchiveUnreadable as error:
        names = ("place", "place_kind", "serial", "began_at", "ended_at")
        unknown = dict.fromkeys(("mkt_c", "measured_s", "outside_s", "unmeasured_s")) | {"outside": [], "gaps": []}
        return {**{name: row[name] for name in names}, **unknown, "channels": [], "unreadable": error}


def _stay(connection: Connection, row: Row, channels: Sequence[Row], gap_s: float, at: datetime) -> dict[str, Any]:
    """Read across the border of the archive. ``channels``: what measured over it."""
    first, ended_at = _seen(row, gap_s, at)
    if not channels:  # nothing measures there, as at suppliers and customers
        began_at = ended_at if is_unbounded(row["began_at"]) else row["began_at"]
        return _measured_stay(connection, row, [], gap_s, began_at, ended_at)
    with recalled(connection, {each["id"] for each in channels}, first, ended_at, before=True):
        began_at = row["began_at"]
        if is_unbounded(began_at):
            measured_at: datetime | None = queries("passport").first_measured_over(
                connection, place_id=row["place_id"], until=ended_at
            )
            began_at = measured_at or ended_at
            (channels,) = _channels_over(connection, [(row["place_id"], began_at - timedelta(seconds=gap_s), ended_at)])
        return _measured_stay(connection, row, channels, gap_s, began_at, ended_at)


def _seen(row: Row, gap_s: float, at: datetime) -> tuple[datetime, datetime]:
    """From when to when a stay is looked at: what was measured just before it stands for its beginning."""
    first = EVER[0] if is_unbounded(row["began_at"]) else row["began_at"] - timedelta(seconds=gap_s)
    return first, min(row["ended_at"] or at, at)


def _channels_over(connection: Connection, stays: Sequence[tuple[int, datetime, datetime]]) -> list[list[Row]]:
    """What measured over each of these (id of its place, from when, to when)."""
    found: list[list[Row]] = [[] for _ in stays]
    if stays:
        place_ids, firsts, lasts = zip(*stays, strict=True)
        rows = queries("passport").channels_over(
            connection, place_ids=list(place_ids), firsts=list(firsts), lasts=list(lasts)
        )
        for row in rows:
            found[row["nr"] - 1].append(row)
    return found


def _measured_stay(
    connection: Connection, row: Row, channels: Sequence[Row], gap_s: float, began_at: datetime, ended_at: datetime
) -> dict[str, Any]:
    ids = [channel["id"] for channel in channels]
    rules = rules_over(connection, ids, began_at, ended_at) if ids else {}
    told = []
    for channel in channels:
        known = rules.get((channel["id"], channel["place_id"]), [])
        found = measured_by(connection, channel, known, began_at, ended_at, gap_s)
        names = {"device": channel["device"], "metric": channel["metric"], "measured_at": channel["measured_at"]}
        told.append((channel["metric"], found, names | _shown(found)))
    temperatures = [found for metric, found, _ in told if quantity_of(metric) == TEMPERATURE]
    most_outside = max(temperatures, key=lambda found: found.beyond_any_s, default=None)
    least_gap = min(temperatures, key=lambda found: found.gap_s, default=None)
    worst: MeasuredStay | None = max(temperatures, key=lambda found: found.mkt_c or float("-inf"), default=None)
    seconds = (ended_at - began_at).total_seconds()
    return {
        "place": row["place"],
        "place_kind": row["place_kind"],
        "serial": row["serial"],
        "began_at": row["began_at"],
        "ended_at": row["ended_at"],
        "channels": [each for _, _, each in told],
        "mkt_c": worst.mkt_c if worst else None,
        "measured_s": worst.measured_s if worst else 0.0,
        "outside_s": most_outside.beyond_any_s if most_outside else 0.0,
        "outside": [asdict(each) for each in most_outside.outside] if most_outside else [],
        "unmeasured_s": least_gap.gap_s if least_gap else seconds,
        "gaps": [asdict(each) for each in (least_gap.gaps if least_gap else (CoverageGap(began_at, ended_at),))],
    }


def _shown(found: MeasuredStay) -> dict[str, Any]:
    """A channel as passports have it."""
    return {name: each for name, each in asdict(found).items() if name != "outside"}


def measured_by(
    connection: Connection,
    channel: Row,
    rules: Sequence[Rule | SilenceRule],
    began_at: datetime,
    ended_at: datetime,
    gap_s: float,
) -> MeasuredStay:
    """What a channel (``id``, ``metric``, ``began_at``, ``ended_at``) measured between two instants."""
    # Only limits on the value itself: those that what is measured can be held against from one moment to the next.
    limits = [
        rule for rule in rules if isinstance(rule, Rule) and rule.signal is None and rule.severity is Severity.ACTION
    ]
    return measure(
        _instants(connection, channel["id"], channel["began_at"], channel["ended_at"]),
        began_at,
        ended_at,
        limits,
        gap_s=_stands_s(connection, channel["id"], began_at, ended_at, gap_s),
        is_temperature=quantity_of(channel["metric"]) == TEMPERATURE,
    )


def _stands_s(connection: Connection, channel_id: int, began_at: datetime, ended_at: datetime, gap_s: float) -> float:
    """By what the device did when the stay began, or else in its first hours."""
    rows = list(
        queries("passport").instants_before(connection, channel_id=channel_id, at=began_at, rows_max=INSTANTS_LOOKED_AT)
    )
    if len(rows) < INSTANTS_LOOKED_AT:
        rows += queries("passport").instants_after(
            connection, channel_id=channel_id, at=began_at, until=ended_at, rows_max=INSTANTS_LOOKED_AT
        )
    return stands_s(sorted({row["at"] for row in rows}), gap_s)


def _instants(
    connection: Connection, channel_id: int, first: datetime, last: datetime
) -> Generator[Instant, None, None]:
    with connection.cursor(name="passport") as cursor:
        sql = queries("passport").instants.sql
        for row in cursor.execute(sql, {"channel_id": channel_id, "first": first, "last": last}):
            yield row["at"], row["value"]
