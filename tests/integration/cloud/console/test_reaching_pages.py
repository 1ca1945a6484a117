"""Every page is reached by at most three clicks from Now, by somebody who may do what it is for."""

import re
from collections import deque
from html import unescape

import httpx
from starlette.routing import Match, Route

from cloud_sync.actions.quality.holds_and_dispositions import place_hold
from cloud_sync.console.build import PAGES
from cloud_sync.domain.roles import Role
from cloud_sync.seal.sealing import seal_once
from cloud_sync.storage.database import Database
from tests.browser.console_house import a_house
from tests.browser.console_quality import quality_control
from tests.browser.console_records import electronic_records
from tests.browser.console_work import work
from tests.support.builders import minute
from tests.support.people import PASSWORD

CLICKS_MAX = 3
NO_PAGES = {
    "/choices/items": "what a field proposes",
    "/choices/owners": "what a field proposes",
    "/choices/places": "what a field proposes",
    "/choices/verifiers": "what a field proposes",
    "/live": "the stream of the page Now",
    "/login": "before Now",
    "/login/oidc": "before Now",
    "/login/oidc/back": "before Now",
    "/alerts/by-link/{code}": "from a message",
    "/labels/{kind}/picture": "a picture on the page of a label",
    "/labels/badge/picture": "a picture on the page of a badge",
    "/labels/badge": "from the page of an operator, of whom this house has none",
    "/transaction-data/{record_id}/file": "a file on the page of transaction data",
    "/loggers/{file_id}": "of a file of a logger, of which this house has none",
    "/serials/ranges/{range_id}/labels": "a file of a range of serials, of which this house has none",
    "/administration/erasures/{erasure_id}": "of an erasure, of which this house has none",
    "/papers/of-month": "the paper that the form of the page Papers asks for",
}
"""What is got by other ways."""
ROUTES = [
    route for page in PAGES for route in page.router.routes if isinstance(route, Route) and "GET" in route.methods
]


def route_of(address: str) -> Route | None:
    scope = {"type": "http", "method": "GET", "path": address.partition("?")[0]}
    return next((route for route in ROUTES if route.matches(scope)[0] is Match.FULL), None)


def reached_by(client: httpx.Client) -> set[str]:
    """Routes of the pages that somebody gets to, one address of each."""
    clicks = {"/": 0}
    todo = deque(["/"])
    while todo:
        at = todo.popleft()
        answer = client.get(at)
        assert answer.status_code in (200, 303, 403), (at, answer.text[:500])
        assert "built-in method" not in answer.text, (at, "a dict has a method of the name that the template shows")
        here = route_of(at)
        assert here is not None
        if clicks[here.path] == CLICKS_MAX or answer.status_code != 200:
            continue
        for link in re.findall(r'href="(/[^"#]*)"', answer.text):
            route = route_of(unescape(link))
            if route is not None and route.path not in clicks:
                clicks[route.path] = clicks[here.path] + 1
                todo.append(unescape(link))
    return set(clicks)


def test_every_page_is_at_most_three_clicks_from_now(database: Database) -> None:
    people = {"operator-1": (Role.OPERATOR, Role.QUALITY)}
    reached: set[str] = set()
    with a_house(database, Role.ADMINISTRATOR, people=people) as house:
        work(house.ledger, minute(60))
        electronic_records(database, minute(60))
        quality_control(database, minute(60), lot_id=2, place="fridge-a", chamber="fridge-b")
        place_hold(database, lot_id=3, place=None, reason="torn box", at=minute(60), actor="amy")
        while seal_once(database):  # evidence is given out when it is sealed
            pass
        for person in ("operator-1", "administrator-1"):
            with httpx.Client(base_url=house.url, timeout=60) as client:
                client.post("/login", data={"person": person, "password": PASSWORD})
                reached |= reached_by(client)
    pages = {
        route.path for route in ROUTES
        if not route.path.endswith(("/series", ".csv", "/graph")) and route.path not in NO_PAGES
    }  # fmt: skip
    assert pages - reached == set()
