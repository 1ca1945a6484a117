"""A key that was placed in a closet, and what it wants to do to the rest of the house."""

import pytest

from cloud_sync.actions.gateways.desk import place_gateway
from cloud_sync.ingest.batches import store_batch
from edge_agent.domain.wire.records import Action
from tests.integration.conftest import Said
from tests.support.builders import GatewayWithKey, Ledger, line, minute, scan


@pytest.fixture
def closet(ledger: Ledger, say: Said) -> GatewayWithKey:
    """Another site's gateway; stock of ours stands in fridge-a, and some of theirs in the closet."""
    say(scan(minute(0), Action.RECEIVE, "acme", "fridge-a"))
    ledger.add_place("annex", "site")
    ledger.add_place("closet", "room", "annex")
    gateway = GatewayWithKey("gw-closet", "22222222-2222-4222-8222-222222222222")
    gateway.register(ledger.database)
    place_gateway(ledger.database, "gw-closet", "closet", actor="test")
    return gateway


@pytest.mark.parametrize(
    ("action", "from_place", "to_place"),
    [
        (Action.MOVE, "fridge-a", "fridge-b"),
        (Action.MOVE, "fridge-a", "closet"),
        (Action.MOVE, "closet", "fridge-a"),
        (Action.SHIP, "fridge-a", "st-mary"),
        (Action.DISPENSE, "fridge-a", "st-mary"),
        (Action.DESTROY, "fridge-a", None),
        (Action.RECEIVE, "acme", "fridge-a"),
        (Action.RETURN, "st-mary", "acme"),
        (Action.CONSUME, "fridge-a", "batch-7"),
    ],
)
def test_what_a_gateway_says_of_another_site_is_evidence_and_a_case_without_effect(
    ledger: Ledger, closet: GatewayWithKey, action: Action, from_place: str, to_place: str | None
) -> None:
    before = ledger.balances()
    assert store_batch(ledger.database, closet.batch(scan(minute(5), action, from_place, to_place))).outcome == "stored"
    assert ledger.balances() == before
    assert ledger.open_cases() == ["outside_site"]
    (case,) = ledger.rows("SELECT text, lot_id, data FROM exception_case")
    assert "outside its own site" in case["text"] and case["lot_id"] is None
    assert case["data"]["line"]["from_place"] == from_place


def test_a_count_of_another_site_is_a_case_and_opens_no_count(ledger: Ledger, closet: GatewayWithKey) -> None:
    store_batch(ledger.database, closet.batch(scan(minute(5), Action.COUNT, "fridge-a", None, line(0x0F))))
    assert ledger.rows("SELECT FROM stock_count") == []
    assert ledger.open_cases() == ["outside_site"]


def test_in_its_own_site_it_works(ledger: Ledger, closet: GatewayWithKey) -> None:
    store_batch(ledger.database, closet.batch(scan(minute(5), Action.RECEIVE, "acme", "closet", line(3, "L2"))))
    assert ledger.balances()["L2", "", "closet"] == 3
    assert ledger.open_cases() == []


def test_a_gateway_that_stands_nowhere_is_waited_for(ledger: Ledger) -> None:
    gateway = GatewayWithKey("gw-new", "33333333-3333-4333-8333-333333333333")
    gateway.register(ledger.database)
    ledger.run("UPDATE gateway SET place_id = NULL WHERE name = 'gw-new'")
    store_batch(ledger.database, gateway.batch(scan(minute(0), Action.RECEIVE, "acme", "dock")))
    assert ledger.open_cases() == ["gateway_without_place"]
    assert ("L1", "", "dock") not in ledger.balances()
    place_gateway(ledger.database, "gw-new", "dock", actor="test")
    assert ledger.balances()["L1", "", "dock"] == 10
    assert ledger.open_cases() == []


def test_the_event_says_who_told_who_it_was(ledger: Ledger, say: Said) -> None:
    say(scan(minute(0), Action.RECEIVE, "acme", "fridge-a", operator="amy"))
    assert [event["actor"] for event in ledger.events("scan_receive")] == ["amy as told by gw-1"]
