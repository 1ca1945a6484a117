"""The client that tests use answers as Starlette's does."""

from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from fastapi import FastAPI, Request
from fastapi.responses import RedirectResponse, Response, StreamingResponse
from fastapi.testclient import TestClient

from tests.support.quick_client import QuickClient


class BrokenError(Exception):
    """Not an answer."""


def an_app() -> FastAPI:
    app = FastAPI()

    @app.api_route("/echo/{name}", methods=["GET", "POST", "HEAD"])
    async def echo(request: Request, name: str) -> dict[str, object]:
        return {
            "name": name, "method": request.method, "url": str(request.url), "body": (await request.body()).decode(),
            "headers": sorted((key, value) for key, value in request.headers.items()),
        }  # fmt: skip

    @app.get("/cookies")
    def cookies(request: Request) -> Response:
        answer = Response(str(sorted(request.cookies.items())))
        answer.set_cookie("one", "1")
        answer.set_cookie("two", "2")
        return answer

    @app.get("/from-here")
    def moved() -> RedirectResponse:
        return RedirectResponse("/echo/there?a=b%20c", 303)

    @app.get("/stream")
    def stream() -> StreamingResponse:
        return StreamingResponse(iter([b"a", b"", b"b"]))

    @app.get("/breaks")
    def breaks() -> None:
        raise BrokenError

    return app


ASKED = [
    ("GET", "/echo/a%2Fb%20c?x=1&x=2", {}), ("POST", "/echo/a", {"json": {"n": 1}}), ("HEAD", "/echo/a", {}),
    ("POST", "/echo/a", {"data": {"n": "1"}}), ("POST", "/echo/a", {"files": {"f": b"bytes"}}), ("GET", "/cookies", {}),
    ("GET", "/cookies", {}), ("GET", "/from-here", {}), ("GET", "/stream", {}), ("GET", "/breaks", {}),
    ("GET", "/none", {}), ("DELETE", "/echo/a", {}), ("GET", "/echo/ü", {"headers": {"X-Name": "v"}}),
]  # fmt: skip


def told(answer: httpx.Response) -> tuple[object, ...]:
    kind = answer.headers.get("content-type", "")
    text = answer.text if "boundary" not in answer.text else ""
    return answer.status_code, kind, text, str(answer.url), answer.headers.get_list("set-cookie")


@pytest.mark.parametrize("base_url", ["http://testserver", "https://ledger"])
def test_it_is_answered_as_starlettes_client_is(base_url: str) -> None:
    app = an_app()
    theirs = TestClient(app, base_url=base_url, raise_server_exceptions=False)
    ours = QuickClient(app, base_url=base_url, raise_server_exceptions=False)
    for method, path, more in ASKED:
        assert told(ours.request(method, path, **more)) == told(theirs.request(method, path, **more)), (method, path)


def test_what_breaks_in_the_app_is_raised_where_it_is_asked() -> None:
    with pytest.raises(BrokenError):
        QuickClient(an_app()).get("/breaks")


def test_threads_ask_at_once() -> None:
    client = QuickClient(an_app())
    with ThreadPoolExecutor(8) as threads:
        answers = threads.map(lambda n: client.get(f"/echo/{n}").json()["name"], range(40))
        assert list(answers) == [str(n) for n in range(40)]
