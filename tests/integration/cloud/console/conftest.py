"""The console as the tests of workflows use it: each story once by forms alone, and once by hand in a browser."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.support.console import Console
from tests.support.console_browser import chromium, console_in
from tests.support.ledger_api import Api


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture(params=["without scripts", "in a browser"])
def console(api: Api, request: pytest.FixtureRequest) -> Iterator[Console]:
    if request.param == "without scripts":
        yield Console(api)
        return
    with console_in(request.getfixturevalue("browser"), api) as in_browser:
        yield in_browser
