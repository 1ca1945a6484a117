"""A count states what stood in a place; facts from before it explain its difference, whatever arrived first."""

import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import permutations
from typing import Any

import pytest

from cloud_sync.storage.database import Database
from edge_agent.domain.wire.records import Action, ScanTransaction
from tests.integration.conftest import Said
from tests.support.builders import Ledger, line, scan
from tests.support.ledger_api import NOW, Api, api_on


@pytest.fixture
def api(ledger: Ledger, database: Database) -> Iterator[Api]:
    with api_on(database) as opened:
        yield opened


def at(minutes: float) -> datetime:
    return NOW - timedelta(hours=2) + timedelta(minutes=minutes)


def counted(api: Api, quantity: int, minutes: float, place: str = "fridge-a") -> str:
    """A count that somebody else approved; gives its number."""
    number = str(api.operator.ok("POST", "/v1/counts", json={"place": place})["number"])
    found = {"item": "insulin", "lot_number": "L1", "quantity": quantity, "place": place}
    said = {"client_id": str(uuid.uuid4()), "counted_at": at(minutes).isoformat(), "found": [found]}
    api.operator.ok("POST", f"/v1/counts/{number}/findings", json=said)
    api.quality.ok("POST", f"/v1/counts/{number}/approve", json={"reason": "counted twice"})
    return number


def stock(api: Api, place: str = "fridge-a") -> int:
    return sum(row["quantity"] for row in api.reader.rows("/v1/stock", place=place))


def differences(api: Api, number: str) -> tuple[Any, ...]:
    (row,) = api.reader.ok("GET", f"/v1/counts/{number}")["lines"]
    return row["expected_then"], row["difference_then"], row["expected"], row["difference"]


def unexplained(api: Api) -> list[tuple[int, bool]]:
    """The difference of every case on a count, and whether it is open."""
    rows = api.reader.rows("/v1/cases", kind="count_difference", only_open=False)
    return [(row["data"]["difference"], row["resolved_at"] is None) for row in rows]


RECEIPT = scan(at(0), Action.RECEIVE, "acme", "fridge-a", line(10))
DISPENSE = scan(at(20), Action.DISPENSE, "fridge-a", "st-mary", line(2))


def test_a_dispense_from_before_the_count_that_arrives_after_it_is_not_taken_off_twice(api: Api, say: Said) -> None:
    say(RECEIPT)
    number = counted(api, 8, 30)
    assert (stock(api), differences(api, number)) == (8, (10, -2, 10, -2))
    assert unexplained(api) == [(-2, True)]
    say(DISPENSE)
    assert (stock(api), differences(api, number)) == (8, (10, -2, 8, 0))
    assert unexplained(api) == [(-2, False)]


def test_a_receipt_from_before_the_count_that_arrives_after_it_is_not_added_twice(api: Api, say: Said) -> None:
    number = counted(api, 10, 30)
    assert (stock(api), unexplained(api)) == (10, [(10, True)])
    say(RECEIPT)
    assert (stock(api), differences(api, number)) == (10, (0, 10, 10, 0))
    assert unexplained(api) == [(10, False)]


def test_what_left_after_the_count_is_taken_off(api: Api, say: Said) -> None:
    say(RECEIPT)
    number = counted(api, 8, 30)
    say(scan(at(40), Action.DISPENSE, "fridge-a", "st-mary", line(3)))
    assert (stock(api), differences(api, number)) == (5, (10, -2, 10, -2))


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_counts_and_facts_in_any_order_of_arrival_give_the_same(api: Api, say: Said, order: tuple[int, ...]) -> None:
    happened: list[ScanTransaction | tuple[int, int]] = [RECEIPT, DISPENSE, (7, 30), (6, 60)]
    numbers: dict[int, str] = {}
    for each in (happened[number] for number in order):
        if isinstance(each, ScanTransaction):
            say(each)
        else:
            numbers[each[0]] = counted(api, *each)
    assert stock(api) == 6
    assert differences(api, numbers[7])[2:] == (8, -1)
    assert differences(api, numbers[6])[2:] == (7, -1)
    assert sorted(each for each in unexplained(api) if each[1]) == [(-1, True), (-1, True)]


def test_a_count_that_is_rejected_changes_nothing_and_keeps_what_was_known(api: Api, say: Said) -> None:
    say(RECEIPT)
    number = str(api.operator.ok("POST", "/v1/counts", json={"place": "fridge-a"})["number"])
    found = {"item": "insulin", "lot_number": "L1", "quantity": 1, "place": "fridge-a"}
    said = {"client_id": str(uuid.uuid4()), "counted_at": at(30).isoformat(), "found": [found]}
    api.operator.ok("POST", f"/v1/counts/{number}/findings", json=said)
    api.quality.ok("POST", f"/v1/counts/{number}/reject", json={"reason": "wrong shelf"})
    say(DISPENSE)
    assert (stock(api), differences(api, number)) == (8, (10, -9, 8, -7))


def test_no_more_than_was_counted_is_reserved_once_a_late_receipt_explains_it(api: Api, say: Said) -> None:
    counted(api, 10, 30)
    asked = {"client_id": str(uuid.uuid4()), "item": "insulin", "quantity": 10, "demand": "SO-1"}
    say(RECEIPT)
    answer = api.operator.ok("POST", "/v1/allocations", json=asked)
    assert sum(each["quantity"] for each in answer["reservations"]) == 10
    again = {**asked, "client_id": str(uuid.uuid4()), "quantity": 1}
    assert api.operator.ok("POST", "/v1/allocations", json=again)["missing"] == 1


def test_what_a_count_found_and_later_facts_explain_is_not_held_for_it(api: Api, ledger: Ledger, say: Said) -> None:
    """Found stock may be any of its lot that is held elsewhere; once it is explained, it is what it always was."""
    say(scan(at(1), Action.RECEIVE, "acme", "dock", line(4)))
    counted(api, 10, 30)
    (lot,) = api.reader.rows("/v1/lots")
    api.operator.ok("POST", "/v1/holds", json={"lot_id": lot["id"], "place": "dock", "reason": "torn box"})
    held = {row["place"] for row in api.reader.rows("/v1/holds")}
    say(RECEIPT)
    assert {row["place"] for row in api.reader.rows("/v1/holds")} == {"dock"} <= held
