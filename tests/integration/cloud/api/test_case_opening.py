"""A serialised case by command: received, moved, opened, taken from, counted, and traced through its opening."""

import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from cloud_sync.storage.database import Database
from tests.support.ledger_api import LATER, NOW, Api, api_on, demand, movement

CODE = "19501101530000"
S1, S2 = f"(01){CODE}(21)S1", f"(01){CODE}(21)S2"


@pytest.fixture
def api(database: Database) -> Iterator[Api]:
    with api_on(database) as opened:
        for name, kind in (("acme", "supplier"), ("other", "supplier"), ("main", "site"), ("st-mary", "customer")):
            opened.place(name, kind)
        for name in ("fridge-a", "fridge-b"):
            opened.place(name, parent="main")
        opened.place("ward-3", "ward")
        opened.item(gtins=[{"gtin": "09501101530003", "base_units": 1}, {"gtin": CODE, "base_units": 10}])
        yield opened


def go(api: Api, action: str, source: str, target: str, quantity: int, hours_ago: float, serial: str = "") -> int:
    line = {"item": "insulin", "lot_number": "A", "quantity": quantity, "serial": serial, "expires_on": LATER}
    at = (NOW - timedelta(hours=hours_ago)).isoformat()
    return int(
        api.operator.ok("POST", "/v1/movements", json=movement(action, source, target, [line], occurred_at=at))[0][
            "lot_id"
        ]
    )


def opening(serial: str = S1, place: str = "fridge-a", hours_ago: float = 5, **more: Any) -> dict[str, Any]:
    return {
        "client_id": str(uuid.uuid4()), "item": "insulin", "lot_number": "A", "serial": serial, "place": place,
        "occurred_at": (NOW - timedelta(hours=hours_ago)).isoformat(), "reason": "four for ward 3", **more,
    }  # fmt: skip


def open_it(api: Api, *said: Any, **more: Any) -> httpx.Response:
    return api.operator.post("/v1/cases-of-goods/open", opening(*said, **more))


def stock(api: Api) -> dict[tuple[str, str], int]:
    return {(row["serial"], row["place"]): row["quantity"] for row in api.reader.rows("/v1/stock")}


def ends(graph: dict[str, Any]) -> set[tuple[str, str, int]]:
    return {(end["from_place"], end["to_place"], end["quantity"]) for end in graph["ends"]}


def test_a_case_is_received_moved_and_opened_by_command(api: Api) -> None:
    go(api, "receive", "acme", "fridge-a", 10, 9, S1)
    go(api, "move", "fridge-a", "fridge-b", 10, 8, S1)
    said = opening(place="fridge-b", units=["U1", "U2"])
    response = api.operator.post("/v1/cases-of-goods/open", said)
    assert response.status_code == 201, response.text
    assert {(row["serial"], row["quantity"], row["from_place"]) for row in response.json()} == {
        (S1, 10, "fridge-b"), ("U1", 1, "unpacked"), ("U2", 1, "unpacked"), ("", 8, "unpacked"),
    }  # fmt: skip
    assert stock(api) == {("", "fridge-b"): 8, ("U1", "fridge-b"): 1, ("U2", "fridge-b"): 1}
    (event,) = api.quality.ok("GET", "/v1/events", params={"subject": f"request:{said['client_id']}"})
    assert (event["actor"], event["data"]["request"]["reason"]) == ("operator-1", "four for ward 3")


def test_opening_twice_under_one_client_id_changes_nothing(api: Api) -> None:
    go(api, "receive", "acme", "fridge-a", 10, 9, S1)
    said = opening()
    first = api.operator.ok("POST", "/v1/cases-of-goods/open", json=said)
    assert api.operator.ok("POST", "/v1/cases-of-goods/open", json=said) == first
    assert stock(api) == {("", "fridge-a"): 10}
    other = api.operator.post("/v1/cases-of-goods/open", said | {"reason": "another reason"})
    assert (other.status_code, "another request" in other.text) == (409, True)
    again = open_it(api)
    assert (again.status_code, "has 0 of lot A" in again.text) == (409, True)


def test_a_label_gives_the_code_of_the_case_beside_its_serial(api: Api) -> None:
    go(api, "receive", "acme", "fridge-a", 10, 9, S1)
    assert open_it(api, "S1", code=CODE).status_code == 201
    assert stock(api) == {("", "fridge-a"): 10}


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ({"serial": "S1"}, "is no serial of a case"),
        ({"serial": "(01)19501101530999(21)S1"}, "is not a pack of insulin"),
        ({"place": "st-mary"}, "opened in a site, room or bin"),
        ({"units": ["U1", "U1"]}, "stands there twice"),
        ({"units": [f"U{n}" for n in range(11)]}, "11 serials were found in a case of 10"),
        ({"units": [S2]}, "no base unit"),
        ({"hours_ago": -2}, "is in the future"),
        ({"reason": ""}, "reason"),
    ],
)
def test_what_cannot_be_an_opening_is_refused_and_changes_nothing(api: Api, said: dict[str, Any], text: str) -> None:
    go(api, "receive", "acme", "fridge-a", 10, 9, S1)
    response = open_it(api, **said)
    assert (response.status_code, text in response.text) == (422, True), response.text
    assert stock(api) == {(S1, "fridge-a"): 10}


def test_who_only_reads_opens_nothing(api: Api) -> None:
    assert api.reader.post("/v1/cases-of-goods/open", opening()).status_code == 403


def test_a_part_of_a_sealed_case_is_not_taken(api: Api) -> None:
    go(api, "receive", "acme", "fridge-a", 10, 9, S1)
    line: dict[str, Any] = {"item": "insulin", "lot_number": "A", "quantity": 4, "serial": S1}
    response = api.operator.post("/v1/movements", movement("move", "fridge-a", "fridge-b", [line]))
    assert (response.status_code, "is sealed and holds 10, not 4" in response.text) == (409, True)
    line["expires_on"] = LATER
    response = api.operator.post("/v1/movements", movement("receive", "acme", "fridge-b", [{**line, "serial": S2}]))
    assert (response.status_code, "is a case of 10, not 4" in response.text) == (422, True)
    assert stock(api) == {(S1, "fridge-a"): 10}


def test_a_part_that_is_reserved_of_a_case_is_picked_once_it_is_open(api: Api) -> None:
    go(api, "receive", "acme", "fridge-a", 10, 9, S1)
    (reserved,) = api.operator.ok("POST", "/v1/allocations", json=demand(4))["reservations"]
    pick = {"to_place": "st-mary", "action": "ship"}
    sealed = api.operator.post(f"/v1/reservations/{reserved['id']}/pick", pick)
    assert (sealed.status_code, "is sealed and holds 10, not 4" in sealed.text) == (409, True)
    assert open_it(api).status_code == 201
    (loose,) = api.reader.rows("/v1/reservations", only_open=True)
    assert (loose["serial"], loose["quantity"]) == ("", 4)
    api.operator.ok("POST", f"/v1/reservations/{loose['id']}/pick", json=pick)
    assert stock(api) == {("", "fridge-a"): 6}


def test_what_is_reserved_of_a_case_is_reserved_of_all_that_came_out_of_it(api: Api) -> None:
    go(api, "receive", "acme", "fridge-a", 10, 9, S1)
    api.operator.ok("POST", "/v1/allocations", json=demand(10))
    assert open_it(api, units=["U1", "U2"]).status_code == 201
    reserved = {row["serial"]: row["quantity"] for row in api.reader.rows("/v1/reservations", only_open=True)}
    assert reserved == {"": 8, "U1": 1, "U2": 1}


def test_what_was_in_a_held_case_stays_held(api: Api) -> None:
    lot = go(api, "receive", "acme", "fridge-a", 10, 9, S1)
    go(api, "receive", "acme", "fridge-b", 10, 9, S2)
    api.quality.ok("POST", "/v1/holds", json={"lot_id": lot, "place": "fridge-a", "reason": "torn seal"})
    assert open_it(api, hours_ago=0).status_code == 201
    rows = {(row["serial"], row["place"]): bool(row["reasons"]) for row in api.reader.rows("/v1/stock")}
    assert rows == {("", "fridge-a"): True, (S2, "fridge-b"): False}


def test_a_case_is_counted_as_one_that_is_there_or_not(api: Api) -> None:
    go(api, "receive", "acme", "fridge-a", 10, 9, S1)
    number = api.operator.ok("POST", "/v1/counts", json={"place": "fridge-a"})["number"]
    found = {"item": "insulin", "lot_number": "A", "serial": S1, "place": "fridge-a"}
    body: dict[str, Any] = {"client_id": str(uuid.uuid4()), "counted_at": NOW.isoformat()}
    wrong = api.operator.post(f"/v1/counts/{number}/findings", {**body, "found": [{**found, "quantity": 4}]})
    assert (wrong.status_code, "there (10) or not (0)" in wrong.text) == (422, True)
    right = api.operator.ok(
        "POST", f"/v1/counts/{number}/findings", json={**body, "found": [{**found, "quantity": 10}]}
    )
    assert [line["difference"] for line in right["lines"]] == [0]


def test_a_case_is_traced_on_through_its_opening_to_who_got_what_was_in_it(api: Api) -> None:
    go(api, "receive", "acme", "fridge-a", 10, 9, S1)
    go(api, "receive", "other", "fridge-b", 10, 9, S2)
    open_it(api, units=["U1"])
    open_it(api, S2, "fridge-b")
    go(api, "ship", "fridge-a", "st-mary", 1, 3, "U1")
    go(api, "ship", "fridge-a", "st-mary", 4, 2)
    go(api, "ship", "fridge-b", "ward-3", 10, 2)
    traced = api.reader.ok("GET", "/v1/trace", params={"serial": S1})
    assert ends(traced["forward"]) == {("fridge-a", "st-mary", 5)}
    assert ends(traced["backward"]) == {("acme", "fridge-a", 10)}
    assert [(each["from_place"], each["least"], each["most"]) for each in traced["sources"]] == [("acme", 10, 10)]
    same = api.reader.ok("GET", "/v1/trace", params={"serial": "S1", "code": CODE})
    assert same == traced


def test_a_unit_is_traced_back_through_the_case_it_was_in_to_its_supplier(api: Api) -> None:
    go(api, "receive", "acme", "fridge-a", 10, 9, S1)
    go(api, "move", "fridge-a", "fridge-b", 10, 8, S1)
    go(api, "receive", "other", "fridge-b", 10, 8, S2)
    open_it(api, place="fridge-b", units=["U1"])
    open_it(api, S2, "fridge-b", hours_ago=4, units=["U2"])
    go(api, "ship", "fridge-b", "st-mary", 1, 3, "U1")
    traced = api.reader.ok("GET", "/v1/trace", params={"serial": "U1"})
    assert ends(traced["backward"]) == {("acme", "fridge-a", 10)}
    assert ends(traced["forward"]) == {("fridge-b", "st-mary", 1)}
    assert [(each["from_place"], each["least"], each["most"]) for each in traced["sources"]] == [("acme", 1, 1)]


def test_the_trace_of_a_whole_lot_goes_through_openings_as_before(api: Api) -> None:
    lot = go(api, "receive", "acme", "fridge-a", 10, 9, S1)
    open_it(api)
    go(api, "ship", "fridge-a", "st-mary", 4, 2)
    trace = api.reader.ok("GET", f"/v1/lots/{lot}/trace")
    assert (ends(trace["forward"]), ends(trace["backward"])) == (
        {("fridge-a", "st-mary", 4)},
        {("acme", "fridge-a", 10)},
    )
