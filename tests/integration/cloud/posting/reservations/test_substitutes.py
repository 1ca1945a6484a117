"""What is short is never replaced silently: substitutes are offered with reasons, and a person takes one."""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from cloud_sync.storage.database import Database
from tests.support.ledger_api import SOON, Api, api_on

WHY = {"reason": "prescriber agreed by telephone"}


@pytest.fixture
def api(database: Database) -> Iterator[Api]:
    with api_on(database) as opened:
        opened.house()
        opened.item("insulin-pen")
        opened.item("aspirin")
        said = {"reason": "formulary", "substitutes": ["insulin-pen", "aspirin"]}
        assert opened.administrator.request("PUT", "/v1/items/insulin", json=said).status_code in (200, 201)
        opened.receive("A", 4)
        opened.receive("PEN", 10, item="insulin-pen")
        yield opened


def demanded(api: Api, quantity: int = 10) -> str:
    body = {"client_id": str(uuid.uuid4()), "kind": "requisition", "from_place": "main", "to_place": "st-mary",
            "lines": [{"item": "insulin", "quantity": quantity}]}  # fmt: skip
    return str(api.operator.ok("POST", "/v1/orders", json=body)["number"])


def allocated(api: Api, number: str) -> list[dict[str, Any]]:
    said = {"client_id": str(uuid.uuid4())}
    lines: list[dict[str, Any]] = api.operator.ok("POST", f"/v1/orders/{number}/allocate", json=said)["lines"]
    return lines


def taken(line: int = 1, item: str = "insulin-pen", quantity: int = 6, instead_of: int = 6) -> dict[str, Any]:
    asked = {"line": line, "item": item, "quantity": quantity, "instead_of": instead_of}
    return {"client_id": str(uuid.uuid4()), **asked, **WHY}


def test_what_is_missing_is_offered_from_substitutes_and_nothing_of_it_reserved(api: Api) -> None:
    (line,) = allocated(api, demanded(api))
    assert (line["missing"], [each["lot_number"] for each in line["reservations"]]) == (6, ["A"])
    pen, aspirin = line["substitutes"]
    assert (pen["item"], pen["quantity"], [(s["lot_number"], s["quantity"]) for s in pen["stock"]]) == (
        "insulin-pen", 6, [("PEN", 6)],
    )  # fmt: skip
    assert pen["text"] == "6 of insulin are missing; insulin-pen may be given instead, 6 are there"
    assert (aspirin["quantity"], aspirin["stock"]) == (0, [])
    assert {each["item"] for each in api.reader.rows("/v1/reservations")} == {"insulin"}


def test_an_offer_tells_all_reasons_against_stock_of_a_substitute(api: Api) -> None:
    pen = api.receive("PEN-2", 3, item="insulin-pen", expires_on=SOON)
    api.quality.ok("POST", "/v1/holds", json={"lot_id": pen, "reason": "carton torn"})
    (line,) = allocated(api, demanded(api))
    offered = line["substitutes"][0]
    assert [(each["lot_number"], [reason["code"] for reason in each["reasons"]]) for each in offered["skipped"]] == [
        ("PEN-2", ["held"])
    ]


def test_nothing_is_offered_where_nothing_is_missing(api: Api) -> None:
    (line,) = allocated(api, demanded(api, 4))
    assert (line["missing"], line["substitutes"]) == (0, [])


def test_an_allocation_without_an_order_offers_substitutes_too(api: Api) -> None:
    body = {"client_id": str(uuid.uuid4()), "item": "insulin", "quantity": 5, "demand": "RX-1"}
    answer = api.operator.ok("POST", "/v1/allocations", json=body)
    assert [(each["item"], each["quantity"]) for each in answer["substitutes"]] == [("insulin-pen", 1), ("aspirin", 0)]


def test_a_person_takes_a_substitute_and_the_order_says_so(api: Api) -> None:
    number = demanded(api)
    allocated(api, number)
    order = api.operator.ok("POST", f"/v1/orders/{number}/substitute", json=taken())
    first, second = order["lines"]
    assert (first["states"], first["open"]) == ({"allocated": 4, "cancelled": 6}, 4)
    assert (second["item"], second["quantity"], second["instead_of"]) == ("insulin-pen", 6, 1)
    lines = allocated(api, number)
    assert [each["lot_number"] for each in lines[1]["reservations"]] == ["PEN"]
    moved = api.operator.ok("POST", f"/v1/orders/{number}/issue", json={"action": "ship"})
    assert {each["item"] for each in moved} == {"insulin", "insulin-pen"}
    assert api.reader.ok("GET", f"/v1/orders/{number}")["discrepancies"] == []
    events = api.reader.ok("GET", "/v1/events", params={"subject": f"order:{number}"})
    (event,) = [each for each in events if each["kind"] == "order_substituted"]
    assert (event["reason"], event["data"]["item"], event["data"]["substitute"]) == (
        WHY["reason"], "insulin", "insulin-pen",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (taken(item="st-mary"), 404),
        (taken(line=7), 404),
        (taken(instead_of=11), 409),
        (taken() | {"reason": ""}, 422),
    ],
)
def test_a_substitution_that_makes_no_sense_is_refused(api: Api, said: dict[str, Any], status: int) -> None:
    number = demanded(api)
    assert api.operator.post(f"/v1/orders/{number}/substitute", said).status_code == status
    assert len(api.reader.ok("GET", f"/v1/orders/{number}")["lines"]) == 1


def test_only_what_master_data_name_is_a_substitute_and_once(api: Api) -> None:
    api.item("heparin")
    number = demanded(api)
    refused = api.operator.post(f"/v1/orders/{number}/substitute", taken(item="heparin"))
    assert (refused.status_code, "no substitute" in refused.text) == (409, True)
    api.operator.ok("POST", f"/v1/orders/{number}/substitute", json=taken())
    assert api.operator.post(f"/v1/orders/{number}/substitute", taken(instead_of=1)).status_code == 409


def test_a_substitute_that_is_taken_twice_under_one_client_id_is_taken_once(api: Api) -> None:
    number, said = demanded(api), taken()
    first = api.operator.ok("POST", f"/v1/orders/{number}/substitute", json=said)
    assert api.operator.ok("POST", f"/v1/orders/{number}/substitute", json=said) == first
    assert [line["quantity"] for line in first["lines"]] == [10, 6]
    refused = api.operator.post(f"/v1/orders/{number}/substitute", said | {"quantity": 5})
    assert (refused.status_code, "was used for another request" in refused.json()["error"]) == (409, True)


def test_a_part_that_is_cancelled_twice_under_one_client_id_is_cancelled_once(api: Api) -> None:
    number = demanded(api)
    said = {"client_id": str(uuid.uuid4()), "reason": "fewer beds", "lines": [{"line": 1, "quantity": 3}]}
    first = api.operator.ok("POST", f"/v1/orders/{number}/cancel", json=said)
    assert api.operator.ok("POST", f"/v1/orders/{number}/cancel", json=said) == first
    assert first["lines"][0]["open"] == 7
    again = {"client_id": str(uuid.uuid4()), "reason": "fewer beds"}
    gone = api.operator.ok("POST", f"/v1/orders/{number}/cancel", json=again)
    assert api.operator.ok("POST", f"/v1/orders/{number}/cancel", json=again) == gone
    refused = api.operator.post(f"/v1/orders/{number}/cancel", said | {"reason": "another"})
    assert refused.status_code == 409
