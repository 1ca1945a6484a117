"""What tests of the ledger share."""

from collections.abc import Iterator

import pytest

from cloud_sync.storage.database import Database
from tests.support.ledger_api import Api, api_on


@pytest.fixture
def api(database: Database) -> Iterator[Api]:
    """The ledger's HTTP face, with a small house behind it."""
    with api_on(database) as opened:
        opened.house()
        yield opened
