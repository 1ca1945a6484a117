"""All that is worked out for a request is worked out in one thread."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from threading import get_ident
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Depends, FastAPI, Form, Request, UploadFile
from fastapi.responses import StreamingResponse
from fastapi.testclient import TestClient

from cloud_sync.api.late_routes import LateRoute
from cloud_sync.api.one_thread import in_thread
from cloud_sync.storage.database import ACTING_FOR

router = APIRouter(route_class=LateRoute)
seen: dict[str, int] = {}


def note(what: str) -> int:
    seen[what] = get_ident()
    return seen[what]


def who() -> str:
    note("who")
    return "ada"


class May:
    """Who asks, and for whom."""

    async def __call__(self, request: Request, who: Annotated[str, Depends(who)]) -> str:
        note("may")
        await in_thread(note, "looked up")
        ACTING_FOR.set(request.query_params.get("owner"))
        return who


Asking = Annotated[str, Depends(May())]


def opened() -> Iterator[str]:
    yield "open"


async def waits() -> None:
    await asyncio.sleep(0)


@router.post("/plain")
def plain(asking: Asking, body: dict[str, int]) -> dict[str, Any]:
    note("endpoint")
    return {"who": asking, "owner": ACTING_FOR.get(), **body}


@router.post("/form")
def form(asking: Asking, n: Annotated[int, Form()]) -> dict[str, Any]:
    return {"who": asking, "n": n}


@router.post("/file")
def file(asking: Asking, n: UploadFile) -> dict[str, Any]:
    return {"who": asking, "bytes": len(n.file.read())}


@router.get("/coroutine")
async def coroutine(asking: Asking) -> str:
    note("endpoint")
    return asking


@router.get("/stream")
def stream(_: Asking) -> StreamingResponse:
    async def lines() -> AsyncIterator[str]:
        yield f"for {ACTING_FOR.get()}"

    return StreamingResponse(lines())


@router.get("/defect")
def defect(_: Asking) -> None:
    raise LookupError


@router.get("/generator")
def generator(state: Annotated[str, Depends(opened)]) -> str:
    return state


@router.get("/waits")
def waiting(_: Annotated[None, Depends(waits)]) -> None:
    """It depends on what waits."""


@pytest.fixture
def client() -> Iterator[TestClient]:
    app = FastAPI()
    app.router.routes.extend(router.routes)

    @app.exception_handler(LookupError)
    async def told(_request: Request, _error: Exception) -> StreamingResponse:
        return StreamingResponse(iter([f"for {ACTING_FOR.get()}"]), 500)

    seen.clear()
    with TestClient(app) as client:
        yield client


def test_who_asks_and_the_endpoint_share_a_thread_that_is_not_the_loops(client: TestClient) -> None:
    assert client.post("/plain?owner=acme", json={"n": 3}).json() == {"who": "ada", "owner": "acme", "n": 3}
    assert len({seen[what] for what in ("who", "may", "looked up", "endpoint")}) == 1
    plain_at = seen["endpoint"]
    assert client.get("/coroutine").json() == "ada"
    assert seen["may"] == seen["endpoint"] != plain_at
    assert seen["endpoint"] not in (seen["who"], seen["looked up"])


def test_a_body_that_is_none_is_told_as_ever(client: TestClient) -> None:
    assert client.post("/plain", content=b"{", headers={"content-type": "application/json"}).status_code == 422
    assert client.post("/plain", json={"n": "many"}).status_code == 422


def test_forms_and_large_files_are_read_as_ever(client: TestClient) -> None:
    assert client.post("/form", data={"n": "3"}).json() == {"who": "ada", "n": 3}
    assert client.post("/form", json={"n": 3}).status_code == 422
    large = b"1" * 3_000_000  # put aside by a thread
    assert client.post("/file", files={"n": ("n.csv", large)}).json() == {"who": "ada", "bytes": len(large)}
    assert client.post("/plain", files={"n": ("n.csv", large)}).status_code == 422


def test_what_is_streamed_or_told_later_is_read_as_whoever_asked(client: TestClient) -> None:
    assert client.get("/stream?owner=acme").text == "for acme"
    assert client.get("/stream").text == "for None"
    assert client.get("/defect?owner=acme").text == "for acme"


def test_what_opens_and_closes_something_is_left_to_fastapi(client: TestClient) -> None:
    assert client.get("/generator").json() == "open"


def test_whoever_waits_for_the_loop_there_is_told_so(client: TestClient) -> None:
    with pytest.raises(RuntimeError, match="waits for the loop"):
        client.get("/waits")
