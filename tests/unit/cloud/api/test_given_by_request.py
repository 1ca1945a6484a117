"""What needs only the request is asked once, before all else, and is described as ever."""

from collections import Counter
from collections.abc import Iterator
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Depends, FastAPI, HTTPException, Query, Request
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer
from fastapi.testclient import TestClient

from cloud_sync.api.late_routes import LateRoute

router = APIRouter(route_class=LateRoute)
asked: Counter[str] = Counter()
bearer = HTTPBearer(auto_error=False, scheme_name="token")
cookie = APIKeyCookie(name="session", auto_error=False, scheme_name="session")


async def clock() -> int:
    asked["clock"] += 1
    return asked["clock"]


def who(
    request: Request,
    now: Annotated[int, Depends(clock)],
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)],
    session: Annotated[str | None, Depends(cookie)],
) -> str:
    asked["who"] += 1
    if credentials is None and session is None:
        raise HTTPException(401)
    return f"{credentials.credentials if credentials else session} at {now} {request.url.path}"


Who = Annotated[str, Depends(who)]
Now = Annotated[int, Depends(clock)]


def page(name: Who, limit: Annotated[int, Query(ge=1)] = 10) -> str:
    asked["page"] += 1
    return f"{limit} for {name}"


def refuses(request: Request) -> None:
    if "x-refuse" in request.headers:
        raise HTTPException(403)


def each_time() -> int:
    asked["each time"] += 1
    return asked["each time"]


Again = Annotated[int, Depends(each_time, use_cache=False)]


@router.post("/things", dependencies=[Depends(refuses)])
def things(page: Annotated[str, Depends(page)], name: Who, now: Now, body: dict[str, int]) -> dict[str, Any]:
    return {"page": page, "who": name, "now": now, **body}


@router.get("/each")
def each(first: Again, second: Again) -> list[int]:
    return [first, second]


@pytest.fixture
def client() -> Iterator[TestClient]:
    app = FastAPI()
    app.router.routes.extend(router.routes)
    asked.clear()
    with TestClient(app) as client:
        yield client


def test_what_several_need_is_asked_once_for_a_request(client: TestClient) -> None:
    for time in (1, 2):
        answer = client.post("/things?limit=3", json={"n": 1}, headers={"Authorization": "Bearer ada"}).json()
        who = f"ada at {time} /things"
        assert answer == {"page": f"3 for {who}", "who": who, "now": time, "n": 1}
        assert asked == {"clock": time, "who": time, "page": time}


def test_who_may_not_ask_is_not_told_what_is_wrong_with_the_rest(client: TestClient) -> None:
    assert client.post("/things?limit=0", json={"n": "many"}).status_code == 401
    client.cookies.set("session", "eve")
    faults = client.post("/things?limit=0", json={"n": "many"}).json()["detail"]
    assert [fault["loc"] for fault in faults] == [["query", "limit"], ["body", "n"]]
    assert client.post("/things", json={"n": 1}).json()["who"] == "eve at 3 /things"


def test_what_gives_nothing_may_refuse(client: TestClient) -> None:
    headers = {"Authorization": "Bearer ada", "X-Refuse": "yes"}
    assert client.post("/things", json={"n": 1}, headers=headers).status_code == 403


def test_what_has_to_be_asked_each_time_is(client: TestClient) -> None:
    assert client.get("/each").json() == [1, 2]


def test_the_description_of_the_api_has_all_of_it(client: TestClient) -> None:
    client.post("/things", json={"n": 1}, headers={"Authorization": "Bearer ada"})
    told = client.get("/openapi.json").json()["paths"]["/things"]["post"]
    assert [each["name"] for each in told["parameters"]] == ["limit"]
    assert sorted(name for each in told["security"] for name in each) == ["session", "token"]
