"""Which backups were made of the ledger."""

from datetime import datetime
from typing import Any, Literal

from fastapi import APIRouter
from pydantic import Field

from cloud_sync.actions.backups import backups
from cloud_sync.api.access import ApiRoute, Ledger, Reader
from cloud_sync.api.problems import answers
from cloud_sync.api.schemas.common import Schema

router = APIRouter(tags=["history"], route_class=ApiRoute, responses=answers())


class BackupOut(Schema):
    """A backup that was written and checked."""

    made_at: datetime = Field(description="The instant that it holds.")
    finished_at: datetime
    made_by: str
    name: str
    bytes: int
    sha256: str
    row_count: int
    sealed_size: int = Field(description="Rows in the sealed tree; -1 where the key to look was elsewhere.")
    read_back: Literal["decrypted", "compared"] = Field(description="How it was checked after writing.")


@router.get("/backups", summary="List backups", response_model=list[BackupOut])
def list_backups(database: Ledger, _: Reader) -> Any:
    """The latest 50, the newest first. They are made by `cloud-sync backup DIR`."""
    return backups(database)
