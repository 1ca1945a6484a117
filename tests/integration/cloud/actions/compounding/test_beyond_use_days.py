"""Beyond-use dates where the batch is made: the very day of a component, and one day for one instant."""

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from cloud_sync.storage.database import Database
from tests.integration.cloud.actions.compounding.test_compounding import Pharmacy, hour
from tests.support.builders import Ledger
from tests.support.ledger_api import NOW, api_on

AUCKLAND = "Pacific/Auckland"


@pytest.fixture
def pharmacy(database: Database) -> Iterator[Pharmacy]:
    with api_on(database) as opened:
        made = Pharmacy(opened, database)
        Ledger(database).run("UPDATE place SET zone = 'Pacific/Auckland', is_zone_known = true")
        made.master_record()
        made.plan()
        made.measure((-1, 5.0), (0.5, 5.0), (1.5, 5.0), (3, 5.0))
        yield made


def yielded(pharmacy: Pharmacy, **more: Any) -> dict[str, Any]:
    pharmacy.work()
    answer = pharmacy.take_out(hour(1), **more)
    assert answer.is_success, answer.text
    (product,) = answer.json()["products"]
    (lot,) = pharmacy.api.reader.rows("/v1/lots", lot_number="P1")
    assert (lot["expires_on"], lot["expires_at"]) == (product["expires_on"], product["expires_at"])
    return lot


def consumed(pharmacy: Pharmacy, expires_on: str) -> None:
    pharmacy.receive("drug", "SHORT", 10, expires_on)
    lines = [
        {"item": "drug", "lot_number": "SHORT", "quantity": 10},
        {"item": "diluent", "lot_number": "W1", "quantity": 100},
    ]
    body = {
        "client_id": str(uuid.uuid4()), "from_place": "store", "occurred_at": hour(0).isoformat(), "lines": lines,
    }  # fmt: skip
    pharmacy.done("consume", body)


def test_a_product_bounded_by_a_component_s_day_gets_that_very_day(pharmacy: Pharmacy) -> None:
    day = (NOW + timedelta(days=3)).date()
    consumed(pharmacy, day.isoformat())
    lot = yielded(pharmacy)
    assert (lot["expires_on"], lot["expires_hour"]) == (day.isoformat(), None)
    assert lot["expires_at"] == f"{day}T12:00:00Z"  # the end of that day in Auckland, in winter
    # It is a day, not an instant: elsewhere it ends with the day there.
    (row,) = Ledger(pharmacy.api.database).rows(
        "SELECT expires_exactly, expires_at(expires_on, expires_hour, expires_exactly, 'UTC') AS by_utc"
        " FROM lot WHERE lot_number = 'P1'"
    )
    assert (row["expires_exactly"], row["by_utc"].date()) == (None, day + timedelta(days=1))


@pytest.mark.parametrize("offset_h", [12, 0, -8])
def test_one_instant_has_one_day_however_its_offset_is_written(pharmacy: Pharmacy, offset_h: int) -> None:
    end = datetime(2026, 6, 4, 12, tzinfo=UTC)  # midnight after 4 June in Auckland
    written = end.astimezone(timezone(timedelta(hours=offset_h))).isoformat()
    pharmacy.consume(hour(0))
    lot = yielded(pharmacy, beyond_use_at=written, beyond_use_reason="stability study")
    assert (lot["expires_on"], lot["expires_hour"], lot["expires_at"]) == ("2026-06-04", None, "2026-06-04T12:00:00Z")


def test_a_beyond_use_date_in_hours_has_the_hour_of_where_it_was_made(pharmacy: Pharmacy) -> None:
    pharmacy.consume(hour(0))
    lot = yielded(pharmacy, beyond_use_at="2026-06-04T02:30:00Z", beyond_use_reason="stability study")
    assert (lot["expires_on"], lot["expires_hour"], lot["expires_at"]) == (
        "2026-06-04", "14:30:00", "2026-06-04T02:30:00Z"
    )  # fmt: skip


def test_a_date_that_is_refused_is_told_by_the_wall_clock_there(pharmacy: Pharmacy) -> None:
    consumed(pharmacy, (NOW + timedelta(days=3)).date().isoformat())
    pharmacy.work()
    answer = pharmacy.take_out(hour(1), beyond_use_at="2026-06-05T00:01:00+12:00", beyond_use_reason="wish")
    assert answer.status_code == 409
    assert f"2026-06-05 00:01 ({AUCKLAND}) is beyond 2026-06-05 00:00 ({AUCKLAND})" in answer.text
