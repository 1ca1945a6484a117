"""A request finds the endpoint that it found when every route was tried."""

from fastapi import FastAPI
from fastapi.testclient import TestClient
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from cloud_sync.api.by_address import ByAddress

PATHS = (
    "/", "/lots", "/lots/{lot}", "/lots/open", "/lots/{lot}/holds", "/lots/open/holds/", "/v1/lots.csv", "/{page}",
    "/{page}/holds/{number:int}", "/files/{path:path}", "/files/list", "/v1/places/{name}/rooms", "/v1/places/",
)  # fmt: skip
ASKED = (
    *PATHS, "", "/lots/", "/lots/7", "/lots/7/", "/lots/7/holds", "/lots/open/", "/lots/open/holds", "/v1/lots.csv/",
    "/any", "/any/", "/any/holds/3", "/any/holds/three", "/files/list", "/files/a/b/c", "/files", "/v1/places",
    "/v1/places/x/rooms", "/v1/places/x/rooms/", "/v1//places", "//lots", "/lots//7", "/static/app.css", "/static",
    "/static/none", "/nothing/at/all", "/lots%2F7", "/v1/places/a%2Frooms", "/docs", "/openapi.json",
)  # fmt: skip


def an_app(*, is_by_address: bool) -> FastAPI:
    app = FastAPI()
    for path in PATHS:
        for method in ("GET", "POST") if path == "/lots/{lot}" else ("GET",):

            def answer(path: str = path, method: str = method) -> str:
                return f"{method} {path}"

            app.add_api_route(path, answer, methods=[method], name=f"{method} {path}")
    app.mount("/static", Starlette(routes=[Route("/app.css", lambda _: PlainTextResponse("styles"))]))
    if is_by_address:
        app.router.middleware_stack = ByAddress(app.router)
    return app


def test_every_address_is_answered_as_by_a_router_that_tries_all() -> None:
    for root in ("", "/ledger"):
        one, other = (
            TestClient(an_app(is_by_address=by_address), follow_redirects=False, root_path=root)
            for by_address in (False, True)
        )
        for path in ASKED:
            for method in ("GET", "POST", "HEAD", "DELETE"):
                expected, answer = (client.request(method, root + path) for client in (one, other))
                assert (answer.status_code, answer.content, answer.headers) == (
                    expected.status_code, expected.content, expected.headers,
                ), (method, root, path)  # fmt: skip


def test_a_route_that_is_added_later_is_found() -> None:
    app = an_app(is_by_address=True)
    client = TestClient(app)
    assert client.get("/v1/units").status_code == 404
    app.add_api_route("/v1/units", lambda: "found")
    assert client.get("/v1/units").json() == "found"


def test_only_routes_that_begin_like_the_address_are_tried() -> None:
    tried: list[str] = []

    class Watched(Route):
        def matches(self, scope):  # type: ignore[no-untyped-def]
            tried.append(self.path)
            return super().matches(scope)

    app = FastAPI()
    app.router.routes.extend(Watched(f"/v1/{kind}/{{name}}", lambda _: PlainTextResponse("")) for kind in ("a", "b"))
    app.router.middleware_stack = ByAddress(app.router)
    assert TestClient(app).get("/v1/b/1").status_code == 200
    assert tried == ["/v1/b/{name}"]
