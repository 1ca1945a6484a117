"""Holds are on goods: they go where the goods go, stay on no empty place, and end by a decision only."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from cloud_sync.storage.database import Database
from edge_agent.domain.wire.records import Action
from tests.integration.conftest import Said
from tests.support.builders import GatewayWithKey, Ledger, ledger_with_two_fridges, line, scan
from tests.support.ledger_api import LATER, NOW, Api, api_on, demand, movement


@pytest.fixture
def ledger(database: Database, gateway: GatewayWithKey) -> Ledger:
    ledger = ledger_with_two_fridges(database, gateway)
    ledger.add_place("scrap", "scrap")
    ledger.add_place("other-wholesaler", "supplier")
    return ledger


@pytest.fixture
def api(ledger: Ledger, database: Database) -> Iterator[Api]:
    with api_on(database) as opened:
        yield opened


def held_at(api: Api) -> set[tuple[str, str | None, str | None]]:
    return {(row["lot_number"], row["kind"], row["place"]) for row in api.reader.rows("/v1/holds")}


def move(
    api: Api, action: str, source: str, target: str, quantity: int = 5, *, serial: str = "", later_s: float = 0
) -> Any:
    """Move stock of L1 by hand, ``later_s`` seconds from now."""
    said = {"item": "insulin", "lot_number": "L1", "quantity": quantity, "serial": serial}
    occurred_at = (NOW + timedelta(seconds=later_s)).isoformat()
    return api.operator.post("/v1/movements", movement(action, source, target, [said], occurred_at=occurred_at))


def receive(api: Api, quantity: int = 5, place: str = "dock", lot: str = "L1", **more: Any) -> int:
    said = {"item": "insulin", "lot_number": lot, "quantity": quantity, "expires_on": LATER, **more}
    rows = api.operator.ok("POST", "/v1/movements", json=movement("receive", "acme", place, [said]))
    return int(rows[0]["lot_id"])


def hold(api: Api, lot_id: int, place: str | None, **more: Any) -> int:
    said = {"lot_id": lot_id, "place": place, "reason": "torn box", **more}
    return int(api.operator.ok("POST", "/v1/holds", json=said)["id"])


def allocated(api: Api, quantity: int) -> set[tuple[str, int]]:
    answer = api.operator.ok("POST", "/v1/allocations", json=demand(quantity))
    return {(each["place"], each["quantity"]) for each in answer["reservations"]}


def at(minutes: float) -> Any:
    return NOW - timedelta(hours=4) + timedelta(minutes=minutes)


@pytest.mark.parametrize("put_away_first", [False, True])
def test_returned_stock_stays_held_when_it_is_put_away(api: Api, say: Said, put_away_first: bool) -> None:
    returned = scan(at(10), Action.RETURN, "st-mary", "dock", line(2))
    put_away = scan(at(15), Action.PUT_AWAY, "dock", "fridge-a", line(2))
    say(scan(at(0), Action.RECEIVE, "acme", "dock", line(2)), scan(at(5), Action.SHIP, "dock", "st-mary", line(2)))
    for said in (put_away, returned) if put_away_first else (returned, put_away):
        say(said)
    assert held_at(api) == {("L1", "manual", "fridge-a")}
    assert move(api, "ship", "fridge-a", "st-mary", 1).status_code == 409
    (placed,) = api.reader.rows("/v1/holds/placed")
    api.quality.ok("POST", f"/v1/holds/{placed['id']}/lift", json={"reason": "sealed, cold chain proven"})
    assert allocated(api, 2) == {("fridge-a", 2)}


def test_a_hold_on_a_place_goes_with_the_goods_and_does_not_wait_for_fresh_ones(api: Api) -> None:
    lot = receive(api)
    hold(api, lot, "dock")
    assert move(api, "move", "dock", "fridge-a").is_success
    assert held_at(api) == {("L1", "manual", "fridge-a")}
    assert move(api, "receive", "acme", "dock", 3, later_s=30).is_success
    assert held_at(api) == {("L1", "manual", "fridge-a")}
    assert allocated(api, 8) == {("dock", 3)}


def test_a_suspected_counterfeit_stays_held_wherever_it_is_moved_until_the_case_is_resolved(api: Api) -> None:
    lot = receive(api)
    said = {"lot_id": lot, "place": "dock", "text": "no tamper seal"}
    case = api.operator.ok("POST", "/v1/cases", json=said)["id"]
    move(api, "move", "dock", "fridge-a", 2)
    assert held_at(api) == {("L1", "exception", "dock"), ("L1", "exception", "fridge-a")}
    (placed,) = api.reader.rows("/v1/holds/placed")
    refused = api.quality.post(f"/v1/holds/{placed['id']}/lift", {"reason": "looks fine"})
    assert (refused.status_code, f"case {case}" in refused.text) == (409, True)
    api.quality.ok("POST", f"/v1/cases/{case}/resolve", json={"resolution": "the maker changed its seal"})
    assert held_at(api) == set()


def test_held_goods_that_mix_with_others_of_their_lot_hold_them_too(api: Api) -> None:
    lot = receive(api)
    receive(api, 4, "fridge-a")
    hold(api, lot, "dock")
    move(api, "move", "dock", "fridge-a", 1)
    assert held_at(api) == {("L1", "manual", "dock"), ("L1", "manual", "fridge-a")}


def test_one_serial_is_held_and_not_its_neighbours(api: Api) -> None:
    lot = receive(api, 1, serial="s1")
    receive(api, 1, serial="s2")
    hold(api, lot, None, serial="s1")
    move(api, "move", "dock", "fridge-a", 1, serial="s1")
    move(api, "move", "dock", "fridge-a", 1, serial="s2")
    assert move(api, "ship", "fridge-a", "st-mary", 1, serial="s1").status_code == 409
    assert move(api, "ship", "fridge-a", "st-mary", 1, serial="s2").is_success


def test_a_hold_goes_into_production_and_out_as_what_was_made(api: Api, say: Said) -> None:
    lot = receive(api)
    hold(api, lot, "dock")
    say(scan(at(250), Action.CONSUME, "dock", "batch-7", line(2)))
    say(scan(at(260), Action.MOVE, "batch-7", "fridge-b", line(2, "MADE")))
    assert ("MADE", "manual", "fridge-b") in held_at(api)
    texts = {row["text"] for row in api.reader.rows("/v1/holds") if row["lot_number"] == "MADE"}
    assert texts == {"torn box (made of lot L1)"}


def test_a_hold_on_a_whole_lot_goes_into_what_is_made_of_it(api: Api, say: Said) -> None:
    hold(api, receive(api), None)
    say(scan(at(250), Action.CONSUME, "dock", "batch-7", line(2)))
    say(scan(at(260), Action.MOVE, "batch-7", "fridge-b", line(2, "MADE")))
    assert {each for each in held_at(api) if each[1] == "manual"} == {
        ("L1", "manual", None),
        ("MADE", "manual", "fridge-b"),
    }


def test_a_hold_follows_to_customers_and_back(api: Api, say: Said) -> None:
    hold(api, receive(api), "dock")
    say(scan(at(250), Action.SHIP, "dock", "st-mary", line(2)))
    assert ("L1", "manual", "st-mary") in held_at(api)
    say(scan(at(260), Action.RETURN, "st-mary", "fridge-a", line(2)))
    (returned, by_hand) = sorted(
        row["text"] for row in api.reader.rows("/v1/holds") if (row["kind"], row["place"]) == ("manual", "fridge-a")
    )
    assert (returned, by_hand) == ("returned from st-mary: not decided on yet", "torn box")


@pytest.mark.parametrize("source", ["acme", "other-wholesaler"])
def test_what_comes_back_from_a_supplier_may_be_what_was_held_when_it_went(api: Api, source: str) -> None:
    hold(api, receive(api), "dock")
    assert move(api, "return", "dock", "acme").is_success
    assert held_at(api) == set()
    assert move(api, "receive", source, "fridge-a").is_success
    assert held_at(api) == {("L1", "manual", "fridge-a")}


def test_what_a_count_finds_may_be_what_was_held_and_destroyed(api: Api, say: Said) -> None:
    hold(api, receive(api), "dock")
    say(scan(NOW, Action.DESTROY, "dock", "scrap", line(5)))
    number = api.operator.ok("POST", "/v1/counts", json={"place": "fridge-a"})["number"]
    found = {"item": "insulin", "lot_number": "L1", "quantity": 5, "place": "fridge-a"}
    counted = {"client_id": demand(1)["client_id"], "counted_at": NOW.isoformat(), "found": [found]}
    api.operator.ok("POST", f"/v1/counts/{number}/findings", json=counted)
    api.quality.ok("POST", f"/v1/counts/{number}/approve", json={"reason": "behind the shelf"})
    assert ("L1", "manual", "fridge-a") in held_at(api)
    assert allocated(api, 5) == set()


def test_receipts_are_inspected_one_by_one(api: Api) -> None:
    said = {"reason": "sterile", "receipt_inspection": True, "gtins": {line().gtin: 1}}
    api.administrator.ok("PUT", "/v1/items/insulin", json=said)
    receive(api, 5, "fridge-a")
    (first,) = api.reader.rows("/v1/holds/placed")
    api.quality.ok("POST", f"/v1/holds/{first['id']}/lift", json={"reason": "inspected"})
    receive(api, 3, "fridge-b")
    assert held_at(api) == {("L1", "receipt_inspection", "fridge-b")}
    assert allocated(api, 8) == {("fridge-a", 5)}


def test_goods_that_had_left_the_place_by_a_scan_that_came_late_are_what_was_meant(api: Api, say: Said) -> None:
    """Whoever holds what the ledger shows in a place means those goods, wherever a late scan says they are by then."""
    say(scan(at(0), Action.RECEIVE, "acme", "dock", line(5)))
    (lot,) = api.reader.rows("/v1/lots")
    hold(api, lot["id"], "dock")
    say(scan(at(235), Action.MOVE, "dock", "fridge-a", line(5)))
    say(scan(at(236), Action.MOVE, "fridge-a", "fridge-b", line(2)))
    assert held_at(api) == {("L1", "manual", "fridge-a"), ("L1", "manual", "fridge-b")}


def test_what_was_in_the_place_and_becomes_known_later_is_held_too(api: Api, say: Said) -> None:
    say(scan(at(0), Action.RECEIVE, "acme", "shelf-a1", line(5)))
    (lot,) = api.reader.rows("/v1/lots")
    hold(api, lot["id"], "fridge-a")
    assert held_at(api) == {("L1", "manual", "shelf-a1")}
    say(scan(at(230), Action.RECEIVE, "acme", "fridge-a", line(3)))
    assert held_at(api) == {("L1", "manual", "shelf-a1"), ("L1", "manual", "fridge-a")}


def test_a_hold_on_nothing_is_refused_and_says_what_to_do(api: Api) -> None:
    lot = receive(api)
    for path, said in (("/v1/holds", {"reason": "torn box"}), ("/v1/cases", {"text": "no seal"})):
        refused = api.quality.post(path, {"lot_id": lot, "place": "fridge-a", **said})
        assert (refused.status_code, "Hold the whole lot" in refused.text) == (409, True)
    assert held_at(api) == set()


def test_a_reservation_of_goods_that_come_to_be_held_by_mixing_is_broken(api: Api) -> None:
    lot = receive(api)
    receive(api, 4, "fridge-a")
    hold(api, lot, "dock")
    assert allocated(api, 4) == {("fridge-a", 4)}
    move(api, "move", "dock", "fridge-a", 1)
    (row,) = api.reader.rows("/v1/reservations", only_open=False)
    assert (row["ended_as"], row["ended_reason"]) == ("broken", "torn box")
