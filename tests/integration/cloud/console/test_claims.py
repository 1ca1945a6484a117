"""A complaint at the console, from the page of its lot to the claim."""

import re
from collections.abc import Iterator

import pytest

from cloud_sync.storage.database import Database
from tests.support.console import Console
from tests.support.ledger_api import Api, api_on


@pytest.fixture
def api(database: Database) -> Iterator[Api]:
    with api_on(database) as api:
        api.house()
        yield api


def test_a_complaint_is_about_the_lot_from_whose_page_it_was_opened(api: Api, console: Console) -> None:
    lot = api.receive("L1", 10)
    api.receive("FIRST", 5, expires_on="2026-06-20")
    console.sign_in(api.operator)
    assert f"/new-complaint?lot={lot}" in console.page(f"/lots/{lot}")
    assert re.search(r'<input id="lot"[^>]* value=""', console.page("/new-complaint")), "none is chosen for somebody"
    complaint = console.does(
        f"/new-complaint?lot={lot}", "/claims/complaints", kind="damage", quantity="2", description="carton crushed"
    )
    page = console.page(complaint)
    assert "carton crushed" in page and "L1" in page and "FIRST" not in page
    assert "damage" in console.page("/claims")
    console.does(
        "/new-complaint", "/claims/complaints", lot="FIRST", kind="damage", quantity="1", description="by number"
    )
