"""The archive of readings: which months are in it, and what of it is missing."""

from typing import Any

from fastapi import APIRouter, Request

from cloud_sync.actions.monitoring.archive_status import archive_status
from cloud_sync.api.access import Ledger
from cloud_sync.console.page_route import PageRoute, Visitor
from cloud_sync.console.table import Column, Show, list_page, table

router = APIRouter(route_class=PageRoute)


@router.get("/administration/archive")
def archive_page(request: Request, database: Ledger, _: Visitor) -> Any:
    """Months that have left the database, and files that are not there."""
    archive = archive_status(database)
    return list_page(
        request, "archive.html", archive=archive, months=table(request, "months", MONTHS, archive["months"]),
        unreadable=table(request, "unreadable", UNREADABLE, archive["unreadable"]),
    )  # fmt: skip


MONTHS = (
    Column("month", "Month", value=lambda row: f"{row['month']:%Y-%m}"),
    Column("gateways", "Gateways", Show.NUMBER),
    Column("files", "Files", Show.NUMBER),
    Column("readings", "Readings", Show.NUMBER),
    Column("megabytes", "MB", Show.NUMBER, value=lambda row: round(row["bytes"] / 1_000_000, 1)),
    Column("home", "Back in the database", Show.NUMBER),
)
UNREADABLE = (Column("name", "File"), Column("why", "What is wrong"))
