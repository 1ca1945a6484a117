"""Stories: what may mean two things is refused and asked back, told by the API alone."""

from typing import Any

import pytest

from tests.support.ledger_api import LATER, Api, demand, movement

CARTON = "10312345678903"


def test_a_serial_is_one_unit_and_five_of_it_are_refused(api: Api) -> None:
    lines = [{"item": "insulin", "lot_number": "A", "serial": "S1", "quantity": 5, "expires_on": LATER}]
    answer = api.operator.post("/v1/movements", movement("receive", "acme", "fridge-a", lines))
    assert answer.status_code == 422
    assert "serial S1 of insulin is one base unit, not 5" in answer.text


@pytest.mark.parametrize("expires_on", [1801440000, "1801440000", 20270131, "20270131", "31.01.2027"])
def test_a_number_is_no_date(api: Api, expires_on: Any) -> None:
    lines = [{"item": "insulin", "lot_number": "A", "quantity": 1, "expires_on": expires_on}]
    answer = api.operator.post("/v1/movements", movement("receive", "acme", "fridge-a", lines))
    assert (answer.status_code, "write it as 2027-01-31" in answer.text) == (422, True), answer.text


@pytest.mark.parametrize("quantity", ["1.000", "1", 1.0, 1.5, True])
def test_a_quantity_is_a_whole_number_and_no_text(api: Api, quantity: Any) -> None:
    lines = [{"item": "insulin", "lot_number": "A", "quantity": quantity, "expires_on": LATER}]
    answer = api.operator.post("/v1/movements", movement("receive", "acme", "fridge-a", lines))
    assert answer.status_code == 422, answer.text


@pytest.mark.parametrize("number", ["A!\"%&'()*+,-./:;<=>?_a", "LOT 7 B", "L#1@$", "(21)X"])
def test_lot_numbers_may_hold_all_that_labels_may(api: Api, number: str) -> None:
    lot = api.receive(number, 10)
    (row,) = api.reader.rows("/v1/lots", lot_number=number)
    assert (row["id"], row["lot_number"]) == (lot, number)
    assert api.operator.ok("POST", "/v1/allocations", json=demand(1))["reservations"][0]["lot_number"] == number


@pytest.mark.parametrize("number", ["", " A", "A ", "A\n", "Ä"])
def test_what_no_label_may_hold_is_no_lot_number(api: Api, number: str) -> None:
    lines = [{"item": "insulin", "lot_number": number, "quantity": 1, "expires_on": LATER}]
    assert api.operator.post("/v1/movements", movement("receive", "acme", "fridge-a", lines)).status_code == 422


def test_a_recall_by_number_catches_the_lot_that_comes_later_and_no_other(api: Api) -> None:
    recall = {"title": "Glass", "reason": "particles", "lot_numbers": [{"item": "insulin", "lot_number": "L 7"}]}
    api.quality.ok("POST", "/v1/recalls", json=recall)
    api.receive("L 7", 10)
    api.receive("L 8", 10)
    answer = api.operator.ok("POST", "/v1/allocations", json=demand(20))
    assert [each["lot_number"] for each in answer["reservations"]] == ["L 8"]
    assert "recall" in answer["skipped"][0]["reasons"][0]["text"]


def test_stock_is_allocated_in_packs(api: Api) -> None:
    api.item(gtins=[{"gtin": CARTON, "base_units": 10}])
    api.receive("A", 45)
    asked = demand(3, pack=CARTON)
    answer = api.operator.ok("POST", "/v1/allocations", json=asked)
    assert [each["quantity"] for each in answer["reservations"]] == [30]
    assert api.operator.ok("POST", "/v1/allocations", json=asked) == answer  # the same again
    answer = api.operator.ok("POST", "/v1/allocations", json=demand(2, pack=CARTON))
    assert ([each["quantity"] for each in answer["reservations"]], answer["missing"]) == ([15], 5)
    wrong = api.operator.post("/v1/allocations", demand(1, pack="00312345678906"))
    assert (wrong.status_code, "is not a pack of insulin" in wrong.text) == (422, True)
