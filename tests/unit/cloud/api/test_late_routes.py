"""Routes that are worked out when they are first asked for."""

import warnings
from concurrent.futures import ThreadPoolExecutor
from inspect import unwrap
from typing import Any, get_type_hints

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.testclient import TestClient
from pydantic import BaseModel

from cloud_sync.api.late_routes import LateRoute
from cloud_sync.app import ROOMS

worked_out: list[str] = []


class Noted(LateRoute):
    """Notes that it was worked out."""

    def work_out(self, settings: dict[str, Any]) -> None:
        worked_out.append(self.path)
        super().work_out(settings)


def an_app() -> FastAPI:
    worked_out.clear()
    router = APIRouter(route_class=Noted, tags=["stock"])

    @router.get("/lots/{lot}")
    def lot(lot: int) -> dict[str, int]:
        return {"lot": lot}

    @router.post("/lots")
    def more(lot: int) -> None:
        """Another one."""

    app = FastAPI()
    app.router.routes.extend(route.under("/v1") for route in router.routes if isinstance(route, Noted))
    return app


def test_only_what_is_asked_for_is_worked_out_and_once() -> None:
    client = TestClient(an_app())
    assert worked_out == []
    assert client.get("/v1/lots/3").json() == {"lot": 3}
    assert client.get("/v1/lots/4").json() == {"lot": 4}
    assert client.get("/v1/lots/many").status_code == 422
    assert client.get("/v1/places").status_code == 404
    assert client.post("/v1/lots/3").status_code == 405
    assert worked_out == ["/v1/lots/{lot}"]


def test_the_description_has_all_of_them_under_their_addresses() -> None:
    paths = an_app().openapi()["paths"]
    assert {(path, *methods) for path, methods in paths.items()} == {("/v1/lots/{lot}", "get"), ("/v1/lots", "post")}
    assert paths["/v1/lots"]["post"]["tags"] == ["stock"]
    assert paths["/v1/lots"]["post"]["description"] == "Another one."


def test_threads_that_ask_at_once_find_one_route() -> None:
    (route,) = [each for each in an_app().router.routes if isinstance(each, Noted) and each.methods == {"POST"}]
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda _: id(route.app), range(8)))
    assert len(set(found)) == 1 and worked_out == ["/v1/lots"]


def test_a_route_may_be_worked_out_ahead_and_is_not_again() -> None:
    app = an_app()
    for route in app.router.routes:
        if isinstance(route, Noted):
            route.work_out_ahead()
    assert worked_out == ["/v1/lots/{lot}", "/v1/lots"]
    assert TestClient(app).get("/v1/lots/3").json() == {"lot": 3} and len(worked_out) == 2


def test_what_a_route_does_not_have_is_told() -> None:
    with pytest.raises(AttributeError, match="a Noted has no colour"):
        _ = Noted("/lots", lambda: None).colour


def test_a_route_that_was_asked_for_stays_where_it_is() -> None:
    route = Noted("/lots", lambda: None)
    assert route.app
    with pytest.raises(RuntimeError, match="asked for before it was put under /v1"):
        route.under("/v1")


def test_no_body_of_a_request_makes_pydantic_warn() -> None:
    """A validator that is put off is made where FastAPI does not keep pydantic quiet about what FastAPI does itself."""
    tried = 0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for route in (route for room in ROOMS for route in room.router.routes):
            assert isinstance(route, LateRoute)
            hints = get_type_hints(unwrap(route.endpoint)).values()
            if any(isinstance(each, type) and issubclass(each, BaseModel) for each in hints):
                for body in route.under("").dependant.body_params:
                    body.validate({}, loc=("body",))
                    tried += 1
    assert tried > 100
