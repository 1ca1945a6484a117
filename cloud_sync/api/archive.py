"""What of the readings is in the archive, and whether its files are there."""

from datetime import date
from typing import Any

from fastapi import APIRouter
from pydantic import Field

from cloud_sync.actions.monitoring.archive_status import archive_status
from cloud_sync.api.access import ApiRoute, Ledger, Reader
from cloud_sync.api.problems import answers
from cloud_sync.api.schemas.common import Schema

router = APIRouter(tags=["history"], route_class=ApiRoute, responses=answers())


class ArchivedMonthOut(Schema):
    """A month of which readings are in the archive."""

    month: date = Field(description="Its first day.")
    gateways: int
    files: int
    readings: int
    bytes: int = Field(description="Of the files, without their footers.")
    home: int = Field(description="How many of these readings are in the database again; the next run takes them away.")


class UnreadableOut(Schema):
    """A file that is missing or has another size than it had."""

    name: str
    why: str


class ArchiveOut(Schema):
    """The archive of readings."""

    store: str | None = Field(description="Folder or bucket; null if nothing was ever archived.")
    files: int
    months: list[ArchivedMonthOut]
    unreadable: list[UnreadableOut] = Field(
        description="What was measured in these files is not known until they are there again; holds stay."
    )


@router.get("/archive", summary="Show the archive of readings", response_model=ArchiveOut)
def show_archive(database: Ledger, _: Reader) -> Any:
    """Months that `cloud-sync archive DIR` moved out of the database. `cloud-sync verify` reads every byte of them."""
    return archive_status(database)
