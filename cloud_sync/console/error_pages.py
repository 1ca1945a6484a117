"""Errors as pages: what happened, what to do, and the way on."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from fastapi import Request, Response
from starlette.concurrency import run_in_threadpool

from cloud_sync.api.request_log import SCOPE_ID
from cloud_sync.api.same_origin import READING
from cloud_sync.console.advice import for_people, text_for_people
from cloud_sync.console.navigation import entry_at
from cloud_sync.console.rendering import render
from cloud_sync.console.visitor import actor_who_looks
from cloud_sync.errors import DatabaseDown, LedgerError, Overtaken, StoredOrNot
from cloud_sync.storage.database import Database

NO_PAGE = "there is no such page"
LOOK_UP = "Check the address, or look it up in the list."


IF_IT_LASTS = "Tell the administrator if it lasts."
DEFECT = "the ledger has a defect"
TRY_AGAIN = "Try it again. If this comes back, show the administrator the number below."


def told(
    request: Request, status: int, error: str, what_to_do: str, *, field: str = "", is_in_doubt: bool = False,
    retry_s: int | None = None, detail: str = "",
) -> Response:  # fmt: skip
    """An error as a page. ``field``: the name of that of the form which is wrong. ``is_in_doubt``: what was sent may
    have been stored all the same. ``retry_s``: after how long to look whether it is over; ``detail``: what it looks
    like to whoever mends it."""
    is_read, section = request.method in READING, entry_at(request.url.path)
    otherwise = LOOK_UP if is_read else "Go back and check what you entered."
    number = request.scope.get(SCOPE_ID, "") if status == 500 else ""
    if number:
        error, what_to_do = DEFECT, TRY_AGAIN if is_read else what_to_do
    if is_read:  # nothing was to be stored
        what_to_do = what_to_do.removeprefix("Nothing was stored. ")
    advice = text_for_people(for_people(what_to_do, otherwise))
    if is_read and retry_s:
        advice = IF_IT_LASTS  # the page tries again itself
    if advice == LOOK_UP and section is None:
        advice = "Check the address."
    page = render(
        request, "error.html", status, error=text_for_people(error), what_to_do=advice, status_code=status,
        back=back_of(request), again=_asked(request), is_read=is_read, section=section, field=field,
        is_in_doubt=not is_read and (is_in_doubt or status == 500), retry_s=retry_s, detail=detail, number=number,
    )  # fmt: skip
    if retry_s is not None:
        page.headers["Retry-After"] = str(retry_s)
    return page


def told_unavailable(request: Request, error: LedgerError, status: int, what_to_do: str, retry_s: int) -> Response:
    """What is over in a moment: the page says when it looks again."""
    words, detail = str(error), ""
    if isinstance(error, Overtaken):
        words = "somebody else was changing the same at this moment"
    elif isinstance(error, DatabaseDown):
        words, detail = "the ledger's database does not answer", str(error)
    is_in_doubt = isinstance(error, StoredOrNot)
    return told(request, status, words, what_to_do, is_in_doubt=is_in_doubt, retry_s=retry_s, detail=detail)


async def told_to_browser(request: Request, status: int, error: str, what_to_do: str) -> Response:
    """The same for what no page has answered; with the menu, if somebody is signed in."""
    if status in (404, 405):
        error, what_to_do = NO_PAGE, LOOK_UP
    if getattr(request.state, "actor", None) is None and status < 500:
        database: Database = request.app.state.database
        clock: Callable[[], datetime] = request.app.state.clock
        try:
            request.state.actor = await run_in_threadpool(actor_who_looks, request, database, clock())
        except LedgerError:
            request.state.actor = None
    return told(request, status, error, what_to_do)


def back_of(request: Request) -> str:
    """The page that the visitor was on, with what it was asked for, if it is one of ours."""
    came_from = urlsplit(request.headers.get("referer", ""))
    if came_from.netloc != request.headers.get("host") or came_from.path in ("", "/login"):
        return "/"
    return _here(came_from.path, came_from.query)


def address_of(request: Request) -> str:
    """Where whoever has to sign in first wants to be: the page they asked for, or the one that their form is on."""
    if request.method not in READING:
        return back_of(request)
    return _asked(request)


def _asked(request: Request) -> str:
    return _here(request.url.path, request.url.query)


def _here(path: str, query: str) -> str:
    """An address of this ledger: two slashes in front, of either kind, would name another one.

    >>> _here("//elsewhere.example/page", "n=1")
    '/elsewhere.example/page?n=1'
    """
    return "/" + path.lstrip("/\\") + (f"?{query}" if query else "")


def install_pages(state: Any) -> None:
    """Let errors outside of all pages be told to browsers as pages."""
    state.tell_browser = told_to_browser
