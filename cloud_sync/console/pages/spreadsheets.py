"""Spreadsheets: bring a file as it is, answer what it leaves open, look at what it says, and confirm."""

import base64
import binascii
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, UploadFile
from starlette.concurrency import run_in_threadpool

from cloud_sync.actions.interop import spreadsheets
from cloud_sync.api.access import Ledger, Now
from cloud_sync.console.forms import Field, Why, reason_of
from cloud_sync.console.page_route import PageRoute, RecordKeeper, let_in
from cloud_sync.console.pages.administration import kinds_kept
from cloud_sync.console.rendering import render
from cloud_sync.domain.roles import keeps
from cloud_sync.errors import Invalid

router = APIRouter(route_class=PageRoute)


@router.get("/administration/spreadsheets")
async def spreadsheets_page(request: Request, database: Ledger, actor: RecordKeeper, kind: str = "") -> Any:
    """The form for a file; nothing changes before it was looked at."""
    kinds = await kinds_kept(request, database, actor, spreadsheets.IMPORTED)
    return render(
        request,
        "spreadsheets.html",
        kinds=kinds,
        kind=next(each for each in (kind, "opening-balances", kinds[0]) if each in kinds),
        done=None,
        content="",
        answers={},
        reason="",
    )


@router.post("/administration/spreadsheets")
async def spreadsheet_page(
    request: Request, database: Ledger, now: Now, actor: RecordKeeper, kind: Field, file: UploadFile | None = None,
    content: Annotated[str, Form()] = "", reason: Why = "", dry_run: Annotated[bool, Form()] = False,
) -> Any:  # fmt: skip
    """Read the file with the answers so far; try it, or take it in."""
    await let_in(request, database, actor, keeps(kind))
    kinds = [each for each in spreadsheets.IMPORTED if actor.may(keeps(each))]
    form = await request.form()
    answers = {
        name.removeprefix("a:"): text.strip()
        for name, text in form.items()
        if isinstance(text, str) and name.startswith("a:") and text.strip()
    }
    raw = await _content_of(file, content)
    why = reason_of(reason, "an import")
    done = await run_in_threadpool(
        spreadsheets.bring_spreadsheet, database, kind, raw, "application/octet-stream", answers, dry_run=dry_run,
        reason=why, at=now, actor=actor.name,
    )  # fmt: skip
    return render(
        request, "spreadsheets.html", 422 if done.faults else 200, kinds=kinds, kind=kind, done=done,
        content=base64.b64encode(raw).decode(), answers=answers, reason=why,
    )  # fmt: skip


async def _content_of(file: UploadFile | None, encoded: str) -> bytes:
    if encoded:
        try:
            return base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError) as error:
            raise Invalid("the file did not come through", "Go back and choose it again.") from error
    content = await file.read() if file is not None and file.filename else b""
    if not content:
        raise Invalid("no file was chosen", "Go back and choose a workbook or a CSV file.")
    return content
