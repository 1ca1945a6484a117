"""Every error as ``{"error": ..., "what_to_do": ...}`` with the status that clients expect."""

import re
from typing import Any

import psycopg
from fastapi import FastAPI, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import Field
from starlette.exceptions import HTTPException

from cloud_sync.api import fhir_answers
from cloud_sync.api.request_log import SCOPE_ID
from cloud_sync.api.same_origin import READING
from cloud_sync.api.schemas.common import Schema
from cloud_sync.api.security_headers import secure
from cloud_sync.errors import (
    ArchiveUnreadable,
    Busy,
    Conflict,
    DatabaseDown,
    Invalid,
    LedgerError,
    NotAllowed,
    NotFound,
    NotKnown,
    StoredOrNot,
    TooLarge,
    TooMany,
)
from cloud_sync.storage.database import ACTING_FOR

RETRY_AFTER_S = 5
RETRY_AFTER_TOO_MANY_S = 60

STATUS: dict[type[LedgerError], int] = {
    Invalid: 422,
    Conflict: 409,
    NotFound: 404,
    NotAllowed: 403,
    NotKnown: 401,
    TooLarge: 413,
    TooMany: 429,
    DatabaseDown: 503,
    ArchiveUnreadable: 503,
    Busy: 503,
}

HEADERS: dict[type[LedgerError], dict[str, str]] = {
    NotKnown: {"WWW-Authenticate": "Bearer"},
    DatabaseDown: {"Retry-After": str(RETRY_AFTER_S)},
    Busy: {"Retry-After": str(RETRY_AFTER_S)},
    TooMany: {"Retry-After": str(RETRY_AFTER_TOO_MANY_S)},
}

AFTER_A_DEFECT = (
    "See whether it was recorded before you do it again. If this comes back, show the administrator the number."
)

_MEMBER = re.compile(r"<\w+\.\w+: ('[^']*')>")
"""How Python writes a member of an enumeration; people only need the word in quotes."""

_OF_HTTP = {
    404: "See /docs for the addresses there are.",
    405: "See /docs for what this address takes.",
    413: "Send less at once.",
}


class Problem(Schema):
    """Why a request was not done."""

    error: str = Field(description="What is wrong.", examples=["there is no place fridge-x"])
    what_to_do: str = Field(description="How to go on.", examples=["See GET /v1/places for those there are."])


def answers(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """``responses`` of an endpoint for OpenAPI: those every endpoint has, and ``statuses``."""
    titles = {
        400: "The message is cut short",
        401: "No token, or an unknown one",
        403: "The role may not do this",
        404: "No such thing",
        409: "It contradicts what the ledger holds",
        413: "Too large",
        422: "The request is not well-formed or breaks a rule",
        429: "Asked too often",
        503: "The database does not answer; nothing was stored, unless what_to_do says otherwise",
    }
    return {status: {"model": Problem, "description": titles[status]} for status in (401, 403, 422, 503, *statuses)}


def also(status: int, model: Any) -> dict[int | str, dict[str, Any]]:
    """``responses`` of an endpoint that adds what is new (201) and finds what is there already (200)."""
    titles = {200: "It was there already", 201: "It is new"}
    return {status: {"model": model, "description": titles[status]}}


def install(app: FastAPI) -> None:
    """Let ``app`` answer errors this way."""
    app.add_exception_handler(LedgerError, _ledger_error)
    app.add_exception_handler(RequestValidationError, _not_well_formed)
    app.add_exception_handler(psycopg.DataError, _not_to_be_kept)
    app.add_exception_handler(psycopg.errors.InsufficientPrivilege, _not_for_owners)
    app.add_exception_handler(UnicodeEncodeError, _not_to_be_kept)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(Exception, _fault)


def problem(status: int, error: str, what_to_do: str, headers: dict[str, str] | None = None) -> JSONResponse:
    """The answer itself. What was asked may be quoted in it, lone surrogates and all: they are written out."""
    said = {"error": error, "what_to_do": what_to_do}
    content = {name: text.encode(errors="backslashreplace").decode() for name, text in said.items()}
    return JSONResponse(content, status, headers)


async def _ledger_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, LedgerError)  # noqa: S101 - registered for it
    if isinstance(error, fhir_answers.FhirRefused):
        return fhir_answers.refused_by_fhir(error)
    if isinstance(error, NotAllowed):
        await run_in_threadpool(note_refusal, request, str(error))
    kind = next((kind for kind in type(error).__mro__ if kind in STATUS), None)
    if kind is None:
        raise error
    return await told(request, STATUS[kind], str(error), advice_after(error, request), HEADERS.get(kind))


def advice_after(error: LedgerError, request: Request) -> str:
    """What to do; where nothing was to be stored, none of it can be in doubt."""
    if isinstance(error, StoredOrNot) and request.method in READING:
        return DatabaseDown.what_to_do
    return error.what_to_do


async def told(
    request: Request, status: int, error: str, what_to_do: str, headers: dict[str, str] | None = None
) -> Response:
    """An error in the words of the door that was asked at; whoever sits at a browser gets a page."""
    if _shows_pages(request):
        page: Response = await request.app.state.tell_browser(request, status, error, what_to_do)
        page.headers.update(headers or {})
        return page
    tell = fhir_answers.refused if request.scope["path"].startswith(fhir_answers.PREFIX) else problem
    return tell(status, error, what_to_do, headers)


_OF_PROGRAMS = ("/v1/", fhir_answers.PREFIX)


def _shows_pages(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "") and not request.scope["path"].startswith(_OF_PROGRAMS)


def note_refusal(request: Request, reason: str) -> None:
    """Leave an event of it."""
    ACTING_FOR.set(None)  # it is the ledger's own note
    actor = getattr(request.state, "actor", None)
    address = request.client.host if request.client is not None else ""
    asked = f"{request.method} {request.url.path}"[:300].replace("\x00", "")
    request.app.state.refusals.note(
        actor=actor.name if actor is not None else None,
        address=address,
        request=asked.encode(errors="backslashreplace").decode(),
        reason=reason.encode(errors="backslashreplace").decode().replace("\x00", ""),
    )


async def _not_well_formed(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for it
    faults = [f"{'.'.join(str(key) for key in fault['loc'])}: {fault['msg']}" for fault in error.errors()[:20]]
    return await told(request, 422, _MEMBER.sub(r"\1", "; ".join(faults)), Invalid.what_to_do)


async def _not_to_be_kept(request: Request, error: Exception) -> Response:
    """A value that the database refuses: NUL, half a character, a number beyond its bounds. Nothing was stored."""
    return await told(request, 422, f"a value cannot be kept: {str(error).splitlines()[0]}", Invalid.what_to_do)


async def _not_for_owners(request: Request, error: Exception) -> Response:
    """Something that is closed to owners; for everybody else it is a defect."""
    actor = getattr(request.state, "actor", None)
    if actor is None or actor.owner is None:
        raise error
    return await told(request, 403, "this is not part of what an owner sees", "Ask the pharmacy for it.")


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for it
    what_to_do = _OF_HTTP.get(error.status_code, Invalid.what_to_do)
    return await told(request, error.status_code, error.detail, what_to_do, dict(error.headers or {}))


async def _fault(request: Request, error: Exception) -> Response:
    """A defect: it is in the log, with the number of the request."""
    number = request.scope.get(SCOPE_ID, "")
    answer = await told(request, 500, f"the ledger has a defect; its log has it as request {number}", AFTER_A_DEFECT)
    secure(answer.headers, request.url.scheme)
    return answer
