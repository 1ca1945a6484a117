"""Time zones of places: only those that this program and the database server both know."""

import zoneinfo
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import pytest

from cloud_sync.errors import Invalid
from cloud_sync.posting.zones import check_zone
from cloud_sync.storage.database import Database


@pytest.fixture
def zone_only_here(tmp_path: Path) -> Iterator[str]:
    """The name of a time zone that this program has data for, and the server has not."""
    (tmp_path / "Utopia").mkdir()
    data = resources.files("tzdata").joinpath("zoneinfo", "Asia", "Tokyo").read_bytes()
    (tmp_path / "Utopia" / "Amaurot").write_bytes(data)
    before = zoneinfo.TZPATH
    zoneinfo.reset_tzpath([str(tmp_path), *before])
    yield "Utopia/Amaurot"
    zoneinfo.reset_tzpath(before)


def test_a_zone_that_the_server_does_not_know_is_refused_and_the_transaction_goes_on(
    database: Database, zone_only_here: str
) -> None:
    with database.transaction() as connection:
        connection.execute("INSERT INTO item (name) VALUES ('insulin')")
        with pytest.raises(Invalid, match=f"does not know the time zone {zone_only_here}: update its time zone data"):
            check_zone(connection, zone_only_here)
        for known in ("UTC", "Europe/Berlin", "Etc/GMT+5", "America/Argentina/Buenos_Aires"):
            check_zone(connection, known)
        assert connection.execute("SELECT name FROM item").fetchone() == {"name": "insulin"}


def test_a_zone_that_nobody_knows_is_refused(database: Database) -> None:
    with database.transaction() as connection, pytest.raises(Invalid, match="Europe/Atlantis"):
        check_zone(connection, "Europe/Atlantis")
