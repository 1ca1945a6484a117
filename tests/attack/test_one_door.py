"""A key that was placed in a closet, and what it wants to do to the rest of the house."""

import pytest

from cloud_sync.actions.gateways.desk import place_gateway
from cloud_sync.actions.gateways.gateways import take_site
from cloud_sync.errors import Conflict, NotAllowed
from cloud_sync.ingest.batches import store_batch
from cloud_sync.ingest.dead_letter_retry import book_on_purpose, reprocess
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


def foreign_move(ledger: Ledger, closet: GatewayWithKey, at: float = 5) -> int:
    store_batch(ledger.database, closet.batch(scan(minute(at), Action.MOVE, "fridge-a", "fridge-b", operator="amy")))
    (case,) = ledger.rows("SELECT id FROM exception_case WHERE kind = 'outside_site' AND resolved_at IS NULL")
    return int(case["id"])


def test_a_second_person_books_what_another_sites_gateway_said(ledger: Ledger, closet: GatewayWithKey) -> None:
    case = foreign_move(ledger, closet)
    with pytest.raises(NotAllowed, match="amy scanned this"):
        reprocess(ledger.database, case, reason="it was me", actor="amy")
    assert ledger.balances()["L1", "", "fridge-a"] == 10
    reprocess(ledger.database, case, reason="seen in fridge B", actor="quinn")
    assert ledger.balances() == {("L1", "", "fridge-b"): 10, ("L1", "", "acme"): -10}
    assert ledger.open_cases() == []
    assert foreign_move(ledger, closet, 6) != case


def test_a_gateway_speaks_for_another_site_on_purpose_until_that_is_taken_back(
    ledger: Ledger, closet: GatewayWithKey
) -> None:
    case = foreign_move(ledger, closet)
    with pytest.raises(NotAllowed, match="amy scanned this"):
        book_on_purpose(ledger.database, case, reason="it was me", actor="amy")
    book_on_purpose(ledger.database, case, reason="its scanner goes round", actor="quinn")
    store_batch(ledger.database, closet.batch(scan(minute(7), Action.MOVE, "fridge-b", "fridge-a")))
    assert ledger.open_cases() == []
    assert ledger.balances()["L1", "", "fridge-a"] == 10
    take_site(ledger.database, "gw-closet", "site", "it stays where it is", actor="root")
    assert foreign_move(ledger, closet, 8)
    assert [
        event["actor"] for kind in ("gateway_site_given", "gateway_site_taken") for event in ledger.events(kind)
    ] == [
        "quinn",
        "root",
    ]


def test_a_count_of_another_site_is_not_booked_by_its_case(ledger: Ledger, closet: GatewayWithKey) -> None:
    store_batch(ledger.database, closet.batch(scan(minute(5), Action.COUNT, "fridge-a", None, line(3))))
    (case,) = ledger.rows("SELECT id FROM exception_case")
    with pytest.raises(Conflict, match="nothing that could be booked"):
        reprocess(ledger.database, case["id"], reason="try", actor="quinn")
