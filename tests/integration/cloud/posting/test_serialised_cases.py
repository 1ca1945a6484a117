"""A serialised case is a unit of its own that contains many; opening is a fact; one click books what could not be."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from cloud_sync.actions.quality.thermal_passports import passport
from cloud_sync.actions.quality.trace import TraceSearch, trace_found
from cloud_sync.errors import Conflict
from cloud_sync.ingest.dead_letter_retry import reprocess
from edge_agent.domain.wire.records import Action, ScanLine
from tests.integration.conftest import Said
from tests.support.builders import GTIN, Ledger, line, minute, reading, scan

CASE_GTIN = "19501101530000"
S1 = f"(01){CASE_GTIN}(21)S1"
S2 = f"(01){CASE_GTIN}(21)S2"


@pytest.fixture
def tens(ledger: Ledger) -> Ledger:
    """The ledger knows a case of ten."""
    ledger.run("INSERT INTO item_gtin SELECT %(g)s, id, 10 FROM item", {"g": CASE_GTIN})
    return ledger


def case_of_ten(serial: str = "S1", quantity: int = 1) -> ScanLine:
    return line(quantity, gtin=CASE_GTIN, serial=serial)


def test_a_case_is_received_and_moved_as_one_unit_of_ten(tens: Ledger, say: Said) -> None:
    say(scan(minute(0), Action.RECEIVE, "acme", "dock", case_of_ten("S1"), case_of_ten("S2")))
    say(scan(minute(1), Action.PUT_AWAY, "dock", "fridge-a", case_of_ten("S1")))
    assert tens.open_cases() == []
    there = {key: units for key, units in tens.balances().items() if units and key[2] != "acme"}
    assert there == {("L1", S1, "fridge-a"): 10, ("L1", S2, "dock"): 10}


def test_a_unit_and_a_case_with_the_same_serial_are_two_units(tens: Ledger, say: Said) -> None:
    say(scan(minute(0), Action.RECEIVE, "acme", "dock", case_of_ten("S1"), line(1, serial="S1")))
    say(scan(minute(1), Action.MOVE, "dock", "fridge-a", line(1, serial="S1")))
    assert tens.open_cases() == []
    assert tens.balances()["L1", S1, "dock"] == 10
    assert tens.balances()["L1", "S1", "fridge-a"] == 1


def test_two_of_one_serial_are_no_quantity_of_a_case_either(tens: Ledger, say: Said) -> None:
    say(scan(minute(0), Action.RECEIVE, "acme", "dock", case_of_ten("S1", 2)))
    assert tens.open_cases() == ["implausible_quantity"]


def test_the_same_case_in_two_places_is_a_case_to_look_at(tens: Ledger, say: Said) -> None:
    say(scan(minute(0), Action.RECEIVE, "acme", "dock", case_of_ten()))
    say(scan(minute(1), Action.RECEIVE, "acme", "fridge-a", case_of_ten()))
    assert "duplicate_serial" in tens.open_cases()


@pytest.mark.parametrize("opened_first", [False, True])
def test_opening_turns_the_case_into_loose_stock_in_any_order_of_arrival(
    tens: Ledger, say: Said, opened_first: bool
) -> None:
    facts = [
        scan(minute(0), Action.RECEIVE, "acme", "dock", case_of_ten()),
        scan(minute(5), Action.OPEN_CASE, "dock", None, case_of_ten()),
    ]
    for fact in reversed(facts) if opened_first else facts:
        say(fact)
    assert tens.open_cases() == []
    assert tens.balances()["L1", "", "dock"] == 10
    assert ("L1", S1, "dock") not in tens.balances()
    say(scan(minute(6), Action.DISPENSE, "dock", "st-mary", line(4)))
    assert tens.open_cases() == []
    assert tens.balances()["L1", "", "dock"] == 6


def test_units_scanned_while_opening_are_followed_by_their_own_serials(tens: Ledger, say: Said) -> None:
    say(scan(minute(0), Action.RECEIVE, "acme", "dock", case_of_ten()))
    say(scan(minute(5), Action.OPEN_CASE, "dock", None, case_of_ten(), line(1, serial="U1"), line(1, serial="U2")))
    assert tens.open_cases() == []
    there = {key: units for key, units in tens.balances().items() if units > 0 and key[2] == "dock"}
    assert there == {("L1", "", "dock"): 8, ("L1", "U1", "dock"): 1, ("L1", "U2", "dock"): 1}


@pytest.mark.parametrize("late", [False, True])
def test_what_was_in_an_exposed_case_is_held_after_it_was_opened(tens: Ledger, say: Said, late: bool) -> None:
    warm = [reading(minute(1), 9.0), reading(minute(2), 5.0)]
    facts = [
        scan(minute(0), Action.RECEIVE, "acme", "fridge-a", case_of_ten("S1")),
        scan(minute(0), Action.RECEIVE, "acme", "dock", case_of_ten("S2")),
        scan(minute(5), Action.MOVE, "fridge-a", "dock", case_of_ten("S1")),
        scan(minute(6), Action.OPEN_CASE, "dock", None, case_of_ten("S1")),
        scan(minute(7), Action.MOVE, "dock", "fridge-b", line(10)),
    ]
    for said in ([*facts], warm) if late else (warm, [*facts]):
        say(*said)
    held = {(serial, place) for _, serial, place in tens.held()}
    assert ("", "fridge-b") in held
    assert all(serial != S2 for serial, _ in held)


def test_a_receipt_of_cases_fills_its_order_and_is_no_duplicate(tens: Ledger, say: Said) -> None:
    say(scan(minute(0), Action.RECEIVE, "acme", "dock", case_of_ten("S1"), case_of_ten("S2")))
    assert [kind for kind in tens.open_cases() if kind in ("receipt_discrepancy", "duplicate_serial")] == []


def test_by_a_clock_that_nobody_trusts_both_halves_of_an_opening_move_together(tens: Ledger, say: Said) -> None:
    opened = scan(minute(5), Action.OPEN_CASE, "dock", None, case_of_ten())
    say(scan(minute(0), Action.RECEIVE, "acme", "dock", case_of_ten()))
    say(replace(opened, stamp=replace(opened.stamp, synced=False)))
    rows = tens.rows("SELECT earliest_at, latest_at FROM movement WHERE action = 'open_case' ORDER BY id")
    assert len(rows) == 2 and rows[0] == rows[1] and rows[0]["earliest_at"] is not None


def test_a_scan_that_could_not_be_booked_is_booked_by_one_click_once_the_cause_is_gone(
    ledger: Ledger, say: Said
) -> None:
    say(scan(minute(0), Action.RECEIVE, "acme", "dock", line(1, gtin=CASE_GTIN)))
    (case,) = ledger.rows("SELECT id FROM exception_case")
    with pytest.raises(Conflict, match="still cannot be booked: no item has"):
        reprocess(ledger.database, case["id"], reason="try", actor="quinn")
    ledger.run("INSERT INTO item_gtin SELECT %(g)s, id, 10 FROM item", {"g": CASE_GTIN})
    closed = reprocess(ledger.database, case["id"], reason="pack added", actor="quinn")
    assert (closed["resolved_by"], closed["resolution"]) == ("quinn", "booked again: pack added")
    assert ledger.balances()["L1", "", "dock"] == 10
    with pytest.raises(Conflict, match="closed"):
        reprocess(ledger.database, case["id"], reason="again", actor="quinn")
    assert ledger.balances()["L1", "", "dock"] == 10


def test_a_case_that_holds_nothing_to_book_says_so(ledger: Ledger, say: Said) -> None:
    say(scan(minute(5), Action.SHIP, "dock", "st-mary", line(4)))
    (case,) = ledger.rows("SELECT id FROM exception_case")
    with pytest.raises(Conflict, match="holds nothing that could be booked"):
        reprocess(ledger.database, case["id"], reason="try", actor="quinn")


def test_reserved_stock_stays_reserved_when_its_case_is_opened(tens: Ledger, say: Said) -> None:
    say(scan(minute(0), Action.RECEIVE, "acme", "dock", case_of_ten()))
    tens.run(
        "INSERT INTO reservation (client_id, lot_id, serial, place_id, quantity, demand, reserved_by) "
        "SELECT gen_random_uuid(), l.id, %(s)s, p.id, 4, 'SO-1', 'amy' FROM lot l, place p WHERE p.name = 'dock'",
        {"s": S1},
    )
    say(scan(minute(5), Action.OPEN_CASE, "dock", None, case_of_ten()))
    rows = tens.rows("SELECT serial, quantity, demand FROM reservation WHERE ended_at IS NULL")
    assert rows == [{"serial": "", "quantity": 4, "demand": "SO-1"}]


def test_opened_cases_are_no_stay_of_the_thermal_history(tens: Ledger, say: Said) -> None:
    say(scan(minute(0), Action.RECEIVE, "acme", "dock", case_of_ten()))
    say(scan(minute(5), Action.OPEN_CASE, "dock", None, case_of_ten()))
    at = datetime(2026, 3, 2, tzinfo=UTC)
    found = passport(tens.database, 1, serial="", gap_s=300.0, allowance_s=None, at=at)
    assert {stay["place"] for stay in found["stays"]} == {"dock"}


def test_the_gtin_of_a_single_unit_keeps_its_serial_as_printed(tens: Ledger, say: Said) -> None:
    say(scan(minute(0), Action.RECEIVE, "acme", "dock", line(1, gtin=GTIN, serial="U7")))
    assert tens.balances()["L1", "U7", "dock"] == 1


def test_the_trace_of_a_case_goes_on_with_what_left_after_its_opening_and_not_before(tens: Ledger, say: Said) -> None:
    say(scan(minute(0), Action.RECEIVE, "acme", "dock", case_of_ten("S1"), line(5)))
    say(scan(minute(1), Action.DISPENSE, "dock", "st-mary", line(2)))
    say(scan(minute(2), Action.OPEN_CASE, "dock", None, case_of_ten("S1"), line(1, serial="U1")))
    say(scan(minute(3), Action.PUT_AWAY, "dock", "fridge-a", line(4)))
    say(scan(minute(4), Action.DISPENSE, "fridge-a", "st-mary", line(3)))
    say(scan(minute(5), Action.DISPENSE, "dock", "st-mary", line(1, serial="U1")))

    def ends(serial: str, way: str) -> set[tuple[str, str, int]]:
        found = json.loads(trace_found(tens.database, TraceSearch(serial=serial))[way].ends)
        return {(end["from_place"], end["to_place"], end["quantity"]) for end in found}

    assert ends(S1, "forward") == {("fridge-a", "st-mary", 3), ("dock", "st-mary", 1)}
    assert ends(S1, "backward") == {("acme", "dock", 10)}
    assert ends("U1", "forward") == {("dock", "st-mary", 1)}
    assert ends("U1", "backward") == {("acme", "dock", 10)}
