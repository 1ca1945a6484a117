"""Spreadsheets as people have them."""

from pydantic import Field

from cloud_sync.api.schemas.common import Schema
from cloud_sync.api.schemas.erp import RowFaultOut
from cloud_sync.api.schemas.logger import QuestionOut


class BroughtOut(Schema):
    """What became of a spreadsheet: with questions it was not read yet, with faults nothing was taken in."""

    kind: str
    dry_run: bool
    done: bool = Field(description="The ledger holds it now.")
    added: int
    changed: int
    unchanged: int
    waits: bool = Field(description="Another person has to bring the same file before anything of it counts.")
    questions: list[QuestionOut]
    faults: list[RowFaultOut]
    columns: list[str] = Field(description="How the file was understood.")
    rows: list[list[str]] = Field(description="The first rows.")
