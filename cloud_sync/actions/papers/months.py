"""Months and what papers of a month show: a room, the calibration of sensors, the audit trail and the key figures."""

import re
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from cloud_sync.actions.audit_log import EventFilter, audit_trail
from cloud_sync.actions.monitoring.measurements import hours_of
from cloud_sync.actions.overview.rooms import house_zone
from cloud_sync.actions.papers.lots import GAP_S
from cloud_sync.actions.papers.quality import thinned
from cloud_sync.actions.papers.sites import HOUSE, place_row, site_shown, zone_of
from cloud_sync.actions.planning.kpis import parts_of
from cloud_sync.actions.quality.thermal_passports import measured_by
from cloud_sync.domain.room_state import limits_of
from cloud_sync.errors import Invalid
from cloud_sync.papers.kinds.audit_extract import AuditExtract
from cloud_sync.papers.kinds.kpi_report import KpiReport
from cloud_sync.papers.kinds.monitoring_papers import CalibrationStatus, RoomReport
from cloud_sync.planning.kpi import KPIS
from cloud_sync.posting.monitoring.rule_tracks import rules_over
from cloud_sync.storage.database import Connection, Database, Row
from cloud_sync.storage.queries import queries

_MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")
SOON = timedelta(days=30)
HOURS_MAX = 24 * 32
POINTS_SHOWN = 250
EVENTS_MAX = 3000
EXCURSIONS_MAX = 500


def month_of(text: str) -> tuple[int, int]:
    """Year and month of ``2026-11``. Raises ``Invalid``."""
    if not _MONTH.fullmatch(text) or text < "1970":
        raise Invalid(f"{text or 'nothing'} is no month", "Write year and month: 2026-11.")
    return int(text[:4]), int(text[5:])


def span_of(text: str, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The first instant of a month where the goods are, and the first after it, in UTC. Raises ``Invalid``."""
    year, month = month_of(text)
    after = (year + 1, 1) if month == 12 else (year, month + 1)
    try:
        first, last = datetime(year, month, 1, tzinfo=zone), datetime(*after, 1, tzinfo=zone)
        return first.astimezone(UTC), last.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise Invalid(f"{text} is no month", "Write year and month: 2026-11.") from error


def month_before(text: str) -> str:
    """The month before.

    >>> month_before("2026-01")
    '2025-12'
    """
    year, month = month_of(text)
    return f"{year - 1}-12" if month == 1 else f"{year}-{month - 1:02d}"


def room_month_of(database: Database, paper_id: str, at: datetime) -> RoomReport:
    """Of ``PLACE:MONTH``. Raises ``NotFound``, ``Invalid``."""
    name, _, month = paper_id.rpartition(":")
    month_of(month)
    with database.transaction() as connection:
        place = place_row(connection, name)
        first, last = span_of(month, ZoneInfo(place["zone"]))
        until = max(first, min(last, at))
        rows = list(queries("papers").channels_in(connection, place=name, first=first, last=until))
        rules = rules_over(connection, sorted({row["id"] for row in rows}), first, until)
        channels = [_month_of_channel(connection, row, rules, first, until) for row in rows]
        excursions = list(
            queries("papers").excursions_in(connection, place=name, first=first, last=until, rows_max=EXCURSIONS_MAX)
        )
        policy = queries("papers").policy_at(connection, place=name, at=first)
    for channel, row in zip(channels, rows, strict=True):
        hours = hours_of(database, row["id"], first, until, rows_max=HOURS_MAX)
        points = [(each["at"], each["lowest"], each["mean"], each["highest"]) for each in hours]
        channel["days"] = thinned(points, POINTS_SHOWN)
    return RoomReport.model_validate({
        "site": site_shown(place), "place": name, "place_title": place["place_title"], "policy": policy or "",
        "month": month, "first": first, "last": until, "is_over": at >= last, "channels": channels,
        "excursions": excursions,
    })  # fmt: skip


def _month_of_channel(
    connection: Connection, row: Row, rules: dict[tuple[int, int], list[Any]], first: datetime, until: datetime
) -> dict[str, Any]:
    known = rules.get((row["id"], row["place_id"]), [])
    before = timedelta(seconds=GAP_S)
    channel = row | {"began_at": max(row["since"], first - before), "ended_at": min(row["until"], until)}
    found = measured_by(connection, channel, known, first, until, GAP_S)
    limits = limits_of(known)
    all_s = max((until - first).total_seconds(), 1.0)
    return {
        **row, **asdict(found), "low": limits.low, "high": limits.high, "outside_s": found.beyond_any_s,
        "coverage": min(found.measured_s / all_s, 1.0), "days": (),
    }  # fmt: skip


def calibration_of(database: Database, paper_id: str, at: datetime) -> CalibrationStatus:
    """Of a site, or of the ``house``. Raises ``NotFound``, ``Invalid``."""
    with database.transaction() as connection:
        site = site_named(connection, paper_id)
        rows = list(queries("papers").sensors(connection, site=site["name"] or None))
        zone = zone_of(connection, site["name"])
    today = at.astimezone(zone).date()
    sensors = []
    for row in rows:
        due = date.fromisoformat(row["due"]) if row["due"] else None
        state = "unknown" if due is None else "overdue" if due < today else "soon" if due - today <= SOON else "later"
        sensors.append({**row, "due": due, "state": state})
    return CalibrationStatus.model_validate({"site": site, "sensors": sensors})


def site_named(connection: Connection, name: str) -> dict[str, str]:
    """A site as papers show it, the house for ``house``. Raises ``NotFound``, ``Invalid`` for another place."""
    if name == HOUSE:
        return {"name": "", "title": ""}
    row = place_row(connection, name)
    if row["kind"] != "site":
        raise Invalid(f"{name} is a {row['kind']}, not a site", f"Give a site, or {HOUSE} for all of them.")
    return site_shown(row)


def audit_of(database: Database, paper_id: str, at: datetime) -> AuditExtract:
    """Of ``SUBJECT``, of ``@MONTH``, or of ``SUBJECT@MONTH``: ``lot:12``, ``@2026-11``. Raises ``Invalid``."""
    subject, _, month = paper_id.rpartition("@") if "@" in paper_id else (paper_id, "", "")
    if not (subject or month):
        raise Invalid("an extract of nothing", "Give a subject (lot:12), a month (@2026-11), or both (lot:12@2026-11).")
    first, last = span_of(month, ZoneInfo(house_zone(database))) if month else (None, None)
    asked = EventFilter(subject=subject or None, recorded_from=first, recorded_until=min(last, at) if last else at)
    rows = audit_trail(database, asked, rows_max=EVENTS_MAX + 1)
    return AuditExtract.model_validate({
        "subject": subject, "month": month, "first": first, "last": last, "events": rows[:EVENTS_MAX],
        "is_cut": len(rows) > EVENTS_MAX,
    })  # fmt: skip


def figures_of(database: Database, paper_id: str, at: datetime) -> KpiReport:
    """Of ``SITE:MONTH`` or ``house:MONTH``. Raises ``NotFound``, ``Invalid``."""
    name, _, month = paper_id.rpartition(":")
    before = month_before(month)
    with database.transaction() as connection:
        site = site_named(connection, name)
        zone = zone_of(connection, site["name"])
        first, last = span_of(month, zone)
        then, _ = span_of(before, zone)
        until = min(last, max(at, first))
        return KpiReport.model_validate({
            "kpis": _kpis(connection, site["name"], (first, until), (then, first)),
            "site": site, "month": month, "month_before": before, "first": first, "last": min(last, max(at, first)),
            "is_over": at >= last, "now": _figures(connection, site["name"], first, min(last, max(at, first))),
            "before": _figures(connection, site["name"], then, first),
        })  # fmt: skip


def _kpis(
    connection: Connection, site: str, now: tuple[datetime, datetime], before: tuple[datetime, datetime]
) -> list[dict[str, Any]]:
    """Every key performance indicator of two times, with its formula."""
    parts, earlier = (parts_of(connection, site or None, *span) for span in (now, before))
    return [
        {
            "title": kpi.title,
            "unit": kpi.unit.value,
            "formula": kpi.formula,
            "now": kpi.of(parts),
            "before": kpi.of(earlier),
        }
        for kpi in KPIS
    ]


def _figures(connection: Connection, site: str, first: datetime, last: datetime) -> dict[str, Any]:
    asked = {"site": site or None, "first": first, "last": last}
    return {
        **queries("papers").stock_figures(connection, **asked),
        **queries("papers").order_figures(connection, **asked),
        **queries("papers").quality_figures(connection, **asked),
        **queries("papers").alert_figures(connection, **asked),
        "coverage": queries("papers").coverage(connection, **asked),
    }
