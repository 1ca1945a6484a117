"""Somebody with a token, or a key, tries to get held goods free without a decision of quality."""

import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from cloud_sync.ingest.batches import store_batch
from cloud_sync.ingest.receipts import BatchOutcome
from cloud_sync.storage.database import Database
from edge_agent.domain.wire.records import Action, Record
from tests.support.builders import GatewayWithKey, Ledger, ledger_with_two_fridges, line, reading, scan
from tests.support.ledger_api import NOW, Api, api_on, movement


@pytest.fixture
def gateway() -> GatewayWithKey:
    return GatewayWithKey()


@pytest.fixture
def ledger(database: Database, gateway: GatewayWithKey) -> Ledger:
    """Ten of L1 in fridge A, which was too warm while they were there."""
    ledger = ledger_with_two_fridges(database, gateway)
    for name, kind in (("scrap", "scrap"), ("other-wholesaler", "supplier")):
        ledger.add_place(name, kind)
    said: list[Record] = [scan(at(0), Action.RECEIVE, "acme", "fridge-a", line(10))]
    for records in (said, [reading(at(30), 9.0), reading(at(40), 5.0)]):
        assert store_batch(database, gateway.batch(*records)).outcome is BatchOutcome.STORED
    return ledger


@pytest.fixture
def api(ledger: Ledger, database: Database) -> Iterator[Api]:
    with api_on(database) as opened:
        yield opened


def at(minutes: float) -> datetime:
    return NOW - timedelta(hours=2) + timedelta(minutes=minutes)


def move(api: Api, action: str, source: str, target: str, when: datetime = NOW, quantity: int = 10) -> None:
    lines = [{"item": "insulin", "lot_number": "L1", "quantity": quantity}]
    said = movement(action, source, target, lines, occurred_at=when.isoformat())
    api.operator.ok("POST", "/v1/movements", json=said)


def counted(api: Api, place: str, quantity: int, when: datetime = NOW) -> None:
    number = api.operator.ok("POST", "/v1/counts", json={"place": place})["number"]
    found = {"item": "insulin", "lot_number": "L1", "quantity": quantity, "place": place}
    said = {"client_id": str(uuid.uuid4()), "counted_at": when.isoformat(), "found": [found]}
    api.operator.ok("POST", f"/v1/counts/{number}/findings", json=said)
    api.quality.ok("POST", f"/v1/counts/{number}/approve", json={"reason": "counted twice"})


def free(api: Api) -> int:
    """Base units that anybody could be given now."""
    asked: dict[str, Any] = {"client_id": str(uuid.uuid4()), "item": "insulin", "quantity": 100, "demand": "SO-1"}
    return sum(each["quantity"] for each in api.operator.ok("POST", "/v1/allocations", json=asked)["reservations"])


@pytest.mark.parametrize("wholesaler", ["acme", "other-wholesaler"])
def test_an_operator_returns_exposed_stock_to_the_supplier_and_receives_it_again(api: Api, wholesaler: str) -> None:
    move(api, "return", "fridge-a", "acme")
    move(api, "receive", wholesaler, "dock")
    assert free(api) == 0


def test_an_operator_destroys_exposed_stock_and_lets_a_count_find_it(api: Api, gateway: GatewayWithKey) -> None:
    said = gateway.batch(scan(at(60), Action.DESTROY, "fridge-a", "scrap", line(10)))
    assert store_batch(api.database, said).outcome is BatchOutcome.STORED
    counted(api, "dock", 10)
    assert free(api) == 0


def test_an_operator_lets_a_count_miss_exposed_stock_and_another_find_it(api: Api) -> None:
    counted(api, "fridge-a", 0)
    counted(api, "dock", 10)
    assert free(api) == 0


def test_an_operator_counts_exposed_stock_away_before_it_was_exposed(api: Api) -> None:
    counted(api, "fridge-a", 0, at(10))
    counted(api, "dock", 10)
    assert free(api) == 0


@pytest.mark.parametrize("minutes", [1, 10, 29, 31])
def test_an_operator_backdates_a_move_out_of_the_warm_fridge(api: Api, minutes: float) -> None:
    move(api, "move", "fridge-a", "dock", at(minutes))
    assert free(api) == 0


def test_an_operator_backdates_a_way_over_several_places(api: Api) -> None:
    move(api, "move", "fridge-a", "dock", at(5))
    move(api, "move", "dock", "shelf-a1", at(6))
    move(api, "move", "shelf-a1", "fridge-b", at(7))
    assert free(api) == 0


def test_an_operator_walks_a_hold_on_a_place_away(api: Api) -> None:
    (lot,) = api.reader.rows("/v1/lots")
    (excursion,) = api.reader.rows("/v1/excursions")
    said = {
        "excursion_id": excursion["id"],
        "lot_id": lot["id"],
        "decision": "release",
        "reason": "the maker allows it",
    }
    api.quality.ok("POST", "/v1/dispositions", json=said)
    api.quality.ok("POST", "/v1/holds", json={"lot_id": lot["id"], "place": "fridge-a", "reason": "torn box"})
    for source, target in (("fridge-a", "dock"), ("dock", "fridge-b"), ("fridge-b", "shelf-a1")):
        move(api, "move", source, target)
    assert free(api) == 0


def state(api: Api, ledger: Ledger, place: str | None, since: datetime, device: str = "probe-a") -> None:
    (channel,) = ledger.rows("SELECT id FROM channel WHERE device = %(d)s", {"d": device})
    said = {"place": place, "since": since.isoformat()}
    response = api.administrator.request("PUT", f"/v1/channels/{channel['id']}/place", json=said)
    assert response.status_code == 204, response.text


def decide(api: Api, decision: str) -> None:
    (case,) = api.quality.rows("/v1/cases", kind="channel_statement")
    found = {"decision": decision, "resolution": "the log book was read"}
    api.quality.ok("POST", f"/v1/cases/{case['id']}/resolve", json=found)


@pytest.mark.parametrize("minutes", [20, 35, 60])
@pytest.mark.parametrize("place", ["fridge-b", None])
def test_an_administrator_says_that_the_probe_was_elsewhere_by_then(
    api: Api, ledger: Ledger, place: str | None, minutes: float
) -> None:
    state(api, ledger, place, at(minutes))
    assert free(api) == 0
    (case,) = api.quality.rows("/v1/cases", kind="channel_statement")
    assert (case["data"]["recorded"]["place"], case["data"]["stated"]["place"]) == ("fridge-a", place)


def test_a_warm_reading_that_comes_later_is_held_where_the_probe_was_before(
    api: Api, ledger: Ledger, gateway: GatewayWithKey
) -> None:
    state(api, ledger, "fridge-b", at(50))
    later: list[Record] = [reading(at(60), 9.0), reading(at(65), 5.0)]
    assert store_batch(api.database, gateway.batch(*later)).outcome is BatchOutcome.STORED
    began = {(row["place"], row["began_at"]) for row in api.reader.rows("/v1/excursions")}
    assert {place for place, when in began if datetime.fromisoformat(when) == at(60)} == {"fridge-a", "fridge-b"}


def test_a_statement_holds_what_is_in_the_place_that_it_names(api: Api, ledger: Ledger) -> None:
    move(api, "receive", "acme", "fridge-b", at(10), quantity=5)
    assert free(api) == 5
    state(api, ledger, "fridge-b", at(20))
    assert free(api) == 0


def test_quality_accepts_that_the_probe_was_elsewhere(api: Api, ledger: Ledger) -> None:
    state(api, ledger, "fridge-b", at(20))
    decide(api, "accepted")
    assert {row["place"] for row in api.reader.rows("/v1/excursions")} == {"fridge-b"}
    assert free(api) == 10


def test_quality_rejects_that_the_probe_was_elsewhere(api: Api, ledger: Ledger) -> None:
    move(api, "receive", "acme", "fridge-b", at(10), quantity=5)
    state(api, ledger, "fridge-b", at(20))
    decide(api, "rejected")
    assert {row["place"] for row in api.reader.rows("/v1/excursions")} == {"fridge-a"}
    assert free(api) == 5


def test_an_earlier_place_is_stated_though_the_probe_was_moved_since(api: Api, ledger: Ledger) -> None:
    state(api, ledger, "dock", at(60))
    decide(api, "accepted")
    state(api, ledger, "fridge-b", at(20))
    assert free(api) == 0
    decide(api, "accepted")
    assert {row["place"] for row in api.reader.rows("/v1/excursions")} == {"fridge-b"}


def test_the_statement_is_accepted_or_rejected(api: Api, ledger: Ledger) -> None:
    state(api, ledger, "fridge-b", at(20))
    (case,) = api.quality.rows("/v1/cases", kind="channel_statement")
    found = {"decision": "explained", "resolution": "whatever"}
    response = api.quality.request("POST", f"/v1/cases/{case['id']}/resolve", json=found)
    assert response.status_code == 422, response.text
