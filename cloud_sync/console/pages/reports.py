"""Reports: the lists that the ledger can produce now, to be printed or taken along as CSV."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from fastapi import APIRouter, Request

from cloud_sync.actions.overview.lists import cases_listed, excursions_listed, movements_listed, stock_listed
from cloud_sync.actions.overview.rooms import house_zone
from cloud_sync.actions.quality.holds_and_dispositions import listed
from cloud_sync.api.access import Ledger, Now
from cloud_sync.console.page_route import PageRoute, Visitor
from cloud_sync.console.rendering import render, value
from cloud_sync.console.table import Column, Show, Source, list_page, table
from cloud_sync.domain.list_request import ListRequest
from cloud_sync.errors import NotFound
from cloud_sync.storage.database import Database, Row
from edge_agent.domain.monitoring.quantity_words import unit_of

router = APIRouter(route_class=PageRoute)
SEARCHED_MAX = 20_000
"""A search looks through as many rows."""
Read = Callable[[Database, datetime, ListRequest], list[Row]]


@dataclass(frozen=True, slots=True)
class Report:
    """A list: what it answers, its columns, how it is read, what it is sorted by, and if it searches itself."""

    title: str
    answers: str
    columns: tuple[Column, ...]
    read: Read
    sorts: tuple[str, ...] = ()
    searches: bool = True


def _lot(row: Row) -> str:
    return f"/lots/{row['lot_id']}"


def _event(row: Row) -> str | None:
    return f"/quarantine/{row['excursion_id']}" if row["excursion_id"] else None


def _lasted(row: Row) -> timedelta | None:
    return row["ended_at"] - row["began_at"] if row["ended_at"] else None


def _minutes(row: Row) -> int | None:
    lasted = _lasted(row)
    return None if lasted is None else round(lasted.total_seconds() / 60)


def _stock(database: Database, at: datetime, wanted: ListRequest) -> list[Row]:
    return stock_listed(database, wanted, at=at)


def _excursions(database: Database, _: datetime, wanted: ListRequest) -> list[Row]:
    return excursions_listed(database, wanted)


def _decisions(database: Database, _: datetime, wanted: ListRequest) -> list[Row]:
    return listed(database, "dispositions", excursion_id=None, lot_id=None, **wanted.page)


def _holds(database: Database, _: datetime, wanted: ListRequest) -> list[Row]:
    return listed(database, "holds_now", lot_id=None, place=None, **wanted.page)


def _cases(database: Database, _: datetime, wanted: ListRequest) -> list[Row]:
    return cases_listed(database, wanted, only_open=False)


def _movements(database: Database, _: datetime, wanted: ListRequest) -> list[Row]:
    return movements_listed(database, wanted)


ITEM, LOT = Column("item", "Item", filters=False), Column("lot_number", "Lot", link=_lot)
REPORTS = {
    "stock": Report(
        "Stock on hand", "Current stock by place, and whether it may be issued.",
        (
            ITEM, LOT, Column("owner", "Owner"), Column("expires_on", "Expires", Show.DAY), Column("place", "Place"),
            Column("serial", "Serial"), Column("quantity", "Quantity", Show.NUMBER),
            Column("reserved", "Reserved", Show.NUMBER),
            Column("reasons", "Why it may not be issued", value=lambda row: [each["text"] for each in row["reasons"]]),
        ), _stock, ("place",),
    ),
    "holds": Report(
        "Stock on hold", "Every hold that is in force now, and why.",
        (
            ITEM, LOT, Column("serial", "Serial"), Column("place", "Where"), Column("kind", "Kind", Show.WORDS),
            Column("text", "Why"), Column("excursion_id", "Event", link=_event),
        ), _holds, searches=False,
    ),
    "excursions": Report(
        "Excursions", "When rooms left their limits, for how long, and how many lots were there.",
        (
            Column("began_at", "Began", Show.WHEN, link=_event), Column("ended_at", "Ended", Show.WHEN),
            Column("minutes", "Minutes", Show.NUMBER, value=_minutes), Column("place", "Place"), Column("rule", "Rule"),
            Column("severity", "Severity"),
            Column("worst", "Worst", Show.NUMBER,
                   html=lambda row: f"{value(row['worst'], row['metric'])} {unit_of(row['metric'])}"),
            Column("lots_exposed", "Lots", Show.NUMBER), Column("gateway", "Gateway"), Column("device", "Device"),
        ), _excursions, ("began_at", "place", "rule", "severity", "minutes"),
    ),
    "decisions": Report(
        "Decisions on exposures", "Who released, rejected or ordered the destruction of what, and on what grounds.",
        (
            Column("decided_at", "When", Show.WHEN), Column("decided_by", "Who"),
            Column("decision", "Decision", Show.TAG), ITEM, LOT, Column("places", "Places"),
            Column("reason", "Grounds"),
            Column("excursion_id", "Event", link=_event),
            Column("same_evidence", "Evidence is the same", value=lambda row: "yes" if row["same_evidence"] else "no"),
        ), _decisions, searches=False,
    ),
    "movements": Report(
        "Movements", "What went where, when and by whom, the latest first.",
        (
            Column("occurred_at", "When", Show.WHEN), Column("action", "What", Show.WORDS), ITEM, LOT,
            Column("serial", "Serial"), Column("quantity", "Quantity", Show.NUMBER), Column("from_place", "From"),
            Column("to_place", "To"), Column("operator", "Who"),
        ), _movements, ("occurred_at",),
    ),
    "exceptions": Report(
        "Exceptions", "Facts that contradicted the ledger, and how each was closed.",
        (
            Column("opened_at", "Opened", Show.WHEN), Column("kind", "Kind", Show.WORDS), Column("text", "What"),
            Column("place", "Place"), Column("resolved_at", "Closed", Show.WHEN), Column("resolved_by", "By"),
            Column("decision", "Decision", Show.WORDS), Column("resolution", "What was found"),
        ), _cases, ("opened_at", "kind", "place"),
    ),
}  # fmt: skip


@router.get("/reports")
def reports_page(request: Request, _: Visitor) -> Any:
    """What can be produced."""
    return render(request, "reports.html", reports=REPORTS)


@router.get("/reports/{name}")
def report_page(name: str, request: Request, database: Ledger, _: Visitor, now: Now) -> Any:
    """One list, as a page that prints, or as CSV."""
    if name not in REPORTS:
        raise NotFound(f"there is no report {name}", "See the page Reports.")
    report = REPORTS[name]
    zone = house_zone(database)
    return list_page(
        request, "report.html", report=report, now=now, zone=zone,
        rows=table(request, name, report.columns, source=_source(report, database, now), sorts=report.sorts, zone=zone),
    )  # fmt: skip


def _source(report: Report, database: Database, now: datetime) -> Source:
    """What is not searched where it lies is looked through as it comes, as far as the page takes."""

    def read(wanted: ListRequest) -> list[Row]:
        if report.searches or not wanted.words:
            return report.read(database, now, wanted)
        words = wanted.words.casefold().split()
        rows = report.read(database, now, ListRequest(SEARCHED_MAX))
        texts = [" ".join(column.text(row) for column in report.columns).casefold() for row in rows]
        fitting = [row for row, text in zip(rows, texts, strict=True) if all(word in text for word in words)]
        return fitting[wanted.rows_skipped : wanted.rows_skipped + wanted.rows_max]

    return read
