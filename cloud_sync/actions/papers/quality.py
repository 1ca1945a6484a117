"""What papers of quality show: excursions with their lots and decisions, and recalls to the last unit."""

from datetime import datetime, timedelta
from typing import Any

from cloud_sync.actions.monitoring.measurements import hours_of, readings_of
from cloud_sync.actions.overview.quarantine import event
from cloud_sync.actions.papers.lots import GAP_S, id_of
from cloud_sync.actions.papers.sites import place_row, site_shown
from cloud_sync.actions.quality.holds_and_dispositions import listed
from cloud_sync.actions.quality.recalls import list_impact, show_recall
from cloud_sync.actions.quality.thermal_passports import passport
from cloud_sync.console.words import rule_words
from cloud_sync.domain.room_state import LATE_S, limits_of
from cloud_sync.papers.kinds.excursion_report import ExcursionReport
from cloud_sync.papers.kinds.recall_report import RecallReport, notice_goods
from cloud_sync.storage.database import Database, Row
from cloud_sync.storage.queries import queries
from edge_agent.domain.monitoring.policies import Policy

RAW_FOR = timedelta(hours=12)
"""Longer times are shown by the hour."""
POINTS_MAX = 20_000
POINTS_SHOWN = 400
AROUND, AROUND_MIN = 1, timedelta(minutes=30)
HOUR_GAP_S = 7200.0
ROWS_MAX = 5000


def excursion_of(database: Database, paper_id: str, at: datetime) -> ExcursionReport:
    """Of the excursion with this id. Raises ``NotFound``."""
    found = event(database, id_of(paper_id, "excursion"))
    row: Row = found["excursion"]
    with database.transaction() as connection:
        place = place_row(connection, row["place"])
        told = queries("papers").rule_of_excursion(connection, excursion_id=row["id"])
        channel_id = queries("papers").channel_of_excursion(connection, excursion_id=row["id"])
    rule = told["rule"] if told else {}
    lots = [_lot(database, lot, at) for lot in found["lots"]]
    return ExcursionReport.model_validate({
        **row, "site": site_shown(place), "excursion_id": row["id"], "place_title": place["place_title"],
        "rule_text": rule_words(rule) if rule else "", "rule_source": rule.get("source", ""),
        "policy": told["policy"] if told else "", "versions": found["versions"],
        "curve": _curve(database, channel_id, row, told, at), "lots": lots,
        "decisions": listed(database, "dispositions", excursion_id=row["id"], lot_id=None, rows_max=ROWS_MAX,
                            rows_skipped=0),
        "signatures": [
            {**signature, "subject": f"{lot['item']} {lot['lot_number']}"}
            for lot in found["lots"] for signature in lot["signatures"]
        ],
    })  # fmt: skip


def _lot(database: Database, lot: Row, at: datetime) -> dict[str, Any]:
    places = lot["places"] or []
    told = passport(database, lot["lot_id"], serial="", gap_s=GAP_S, allowance_s=None, at=at)
    figures = ("lowest_c", "highest_c", "mkt_c", "outside_s", "unmeasured_s", "allowance_s", "allowance_left_s")
    return {
        **lot, **{name: told[name] for name in figures},
        "places": [f"{each['title'] or each['name']}: {each['quantity'] or 0}" for each in places],
        "quantity": sum(each["quantity"] or 0 for each in places),
    }  # fmt: skip


def _curve(database: Database, channel_id: int, row: Row, told: Row | None, at: datetime) -> dict[str, Any]:
    ended_at = row["ended_at"] or at
    around = max(AROUND * (ended_at - row["began_at"]), AROUND_MIN)
    first, last = row["began_at"] - around, min(ended_at + around, at)
    is_raw = last - first <= RAW_FOR
    find = readings_of if is_raw else hours_of
    rows = find(database, channel_id, first, last, rows_max=POINTS_MAX)
    low, high, late_s = _limits(told, row["metric"])
    gap_s = late_s if is_raw else HOUR_GAP_S
    points = thinned([(each["at"], each["lowest"], each["mean"], each["highest"]) for each in rows])
    return {"first": first, "last": last, "low": low, "high": high, "gap_s": gap_s, "points": points}


def _limits(told: Row | None, metric: str) -> tuple[float | None, float | None, float]:
    if told is None:
        return None, None, LATE_S
    policy = Policy.model_validate(told["body"])
    limits = limits_of(policy.rules_for(metric))
    return limits.low, limits.high, limits.late_after_s


Point = tuple[datetime, float, float, float]


def thinned(points: list[Point], most: int = POINTS_SHOWN) -> list[Point]:
    """At most so many points: of those that stand for several, the first instant, the extremes and the mean."""
    if len(points) <= most:
        return points
    step = -(-len(points) // most)
    groups = [points[begin : begin + step] for begin in range(0, len(points), step)]
    return [
        (group[0][0], min(p[1] for p in group), sum(p[2] for p in group) / len(group), max(p[3] for p in group))
        for group in groups
    ]  # fmt: skip


def recall_of(database: Database, paper_id: str, at: datetime) -> RecallReport:
    """Of the recall with this id. Raises ``NotFound``."""
    recall_id = id_of(paper_id, "recall")
    told = show_recall(database, recall_id)
    impact = list_impact(database, recall_id, rows_max=ROWS_MAX + 1)
    return RecallReport.model_validate({
        **told, "notices": [row | {"goods": notice_goods(row["lots"])} for row in told["notices"]],
        "impact": impact[:ROWS_MAX], "is_cut": len(impact) > ROWS_MAX,
    })  # fmt: skip
