"""The control tower: key performance indicators by site and month, and what of them is worse than good."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from cloud_sync.actions.papers.months import site_named, span_of
from cloud_sync.actions.papers.sites import zone_of
from cloud_sync.actions.planning.kpis import parts_of
from cloud_sync.planning.kpi import KPIS, ExceptionScore, exception_scores, figures
from cloud_sync.storage.database import Database
from cloud_sync.storage.queries import queries


def kpis_of(database: Database, site: str, month: str, *, at: datetime) -> dict[str, Any]:
    """Every figure of a site (or ``house``) in a month (``2026-11``) with the parts it is made of; those up to now
    if the month is not over. Raises ``NotFound``, ``Invalid``."""
    with database.transaction() as connection:
        named = site_named(connection, site)
        zone = zone_of(connection, named["name"])
        first, last = span_of(month, zone)
        parts = parts_of(connection, named["name"] or None, first, min(last, max(at, first)))
    return {"site": site, "month": month, "is_over": at >= last, "parts": parts, "figures": figures(parts)}


def tower(
    database: Database, month: str, *, at: datetime
) -> tuple[dict[str, Mapping[str, float | None]], list[ExceptionScore]]:
    """The parts of every site in a month, and what is worse than good anywhere, the worst first."""
    by_site: dict[str, Mapping[str, float | None]] = {}
    with database.transaction() as connection:
        for row in queries("kpi").sites(connection):
            first, last = span_of(month, ZoneInfo(row["zone"]))
            by_site[row["name"]] = parts_of(connection, row["name"], first, min(last, max(at, first)))
    return by_site, exception_scores(by_site)


def definitions() -> list[dict[str, Any]]:
    """Every figure with its formula."""
    return [
        {"name": kpi.name, "title": kpi.title, "unit": kpi.unit.value, "formula": kpi.formula,
         "better": kpi.better.value,
         "good": kpi.good, "worst": kpi.worst}
        for kpi in KPIS
    ]  # fmt: skip
