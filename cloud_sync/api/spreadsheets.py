"""Old stock, suppliers, items and open orders from spreadsheets as people have them."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from fastapi.concurrency import run_in_threadpool

from cloud_sync.actions.interop import spreadsheets
from cloud_sync.api.access import Administrator, ApiRoute, Ledger, Now, Qualifier
from cloud_sync.api.loggers import AnswerList, answers_in, asked
from cloud_sync.api.problems import answers
from cloud_sync.api.schemas.common import Reason
from cloud_sync.api.schemas.spreadsheet import BroughtOut
from cloud_sync.domain.roles import SUPPLIERS
from cloud_sync.errors import Invalid
from cloud_sync.storage.database import Database

router = APIRouter(tags=["master data"], route_class=ApiRoute, responses=answers(404, 409))

_FILE = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}


_BODY = {"requestBody": {"required": True, "description": "A workbook (.xlsx) or CSV.", "content": _FILE}}
Why = Annotated[Reason, Query(description="Why; the event log keeps it.")]
DryRun = Annotated[bool, Query(description="Say what would happen, and change nothing.")]


@router.post(
    "/spreadsheets/suppliers",
    summary="Bring a spreadsheet of suppliers",
    response_model=BroughtOut,
    openapi_extra=_BODY,
)
async def bring_suppliers(
    request: Request, database: Ledger, now: Now, actor: Qualifier, reason: Why,
    answer: AnswerList = [], dry_run: DryRun = False,  # noqa: B006
) -> Any:  # fmt: skip
    """As any other kind of spreadsheet. Whether a supplier is qualified is for quality to decide: a file of many needs
    the same permission as one of them."""
    return await _bring(request, database, SUPPLIERS, now, actor.name, answer, reason=reason, dry_run=dry_run)


@router.post("/spreadsheets/{kind}", summary="Bring a spreadsheet", response_model=BroughtOut, openapi_extra=_BODY)
async def bring_spreadsheet(
    kind: Annotated[str, Path(pattern=r"^[a-z-]{1,40}$", examples=["opening-balances", "purchase-orders"])],
    request: Request, database: Ledger, now: Now, actor: Administrator, reason: Why,
    answer: AnswerList = [], dry_run: DryRun = False,  # noqa: B006
) -> Any:  # fmt: skip
    """Any separator, encoding, decimal sign and order of dates, workbooks with real dates or numbers for them.

    What can be understood in two ways is a question: send the same file again with `answer=KEY=VALUE` for each. All
    rows are taken in, or none. Kinds are those of imports, and `purchase-orders`.
    """
    return await _bring(request, database, kind, now, actor.name, answer, reason=reason, dry_run=dry_run)


async def _bring(
    request: Request, database: Database, kind: str, now: datetime, actor: str, answer: list[str], *, reason: str,
    dry_run: bool,
) -> BroughtOut:  # fmt: skip
    content = await request.body()
    if not content:
        raise Invalid("there is no file", "Send the file as the body of the request.")
    media_type = request.headers.get("content-type", "application/octet-stream")[:100]
    brought = await run_in_threadpool(
        spreadsheets.bring_spreadsheet, database, kind, content, media_type, answers_in(answer), dry_run=dry_run,
        reason=reason, at=now, actor=actor,
    )  # fmt: skip
    return BroughtOut(
        kind=kind, dry_run=dry_run, done=brought.done, added=brought.added, changed=brought.changed,
        unchanged=brought.unchanged, waits=brought.waits, questions=asked(brought.questions),
        faults=[{"line": each.line, "column": each.column, "text": each.text} for each in brought.faults],
        columns=list(brought.columns), rows=[list(row) for row in brought.rows],
    )  # fmt: skip
