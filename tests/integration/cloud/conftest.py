"""What tests of the ledger share."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from cloud_sync.storage.database import Database
from tests.support.ledger_api import Api, api_on
from tests.support.recycled_databases import Filled, RecycledDatabases


@dataclass(frozen=True)
class StandingHouse:
    """The small house as it was built once, with whom it knows."""

    rows: Filled
    tokens: dict[str, str]


@pytest.fixture(scope="session")
def standing_house(databases: RecycledDatabases) -> StandingHouse:
    """A supplier, two refrigerators in a site, a customer and an item; nobody changes what tests get of it."""
    with databases.lent() as url, api_on(databases.open(url)) as api:
        api.house()
        return StandingHouse(databases.filled(url), api.tokens)


@pytest.fixture
def api(
    databases: RecycledDatabases, ledger_url: str, database: Database, standing_house: StandingHouse
) -> Iterator[Api]:
    """The ledger's HTTP face, with the small house behind it."""
    databases.fill(ledger_url, standing_house.rows)
    with api_on(database, tokens=standing_house.tokens) as opened:
        yield opened
