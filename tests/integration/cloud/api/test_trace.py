"""Where a lot came from and where it went, through production, and back and forth without end."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from cloud_sync.api.schemas.trace import TraceOut
from cloud_sync.api.traces import DrawnOut, FoundTraceOut
from cloud_sync.storage.database import Database
from cloud_sync.storage.queries import queries
from tests.support.ledger_api import LATER, NOW, Api, api_on, movement


@pytest.fixture
def api(database: Database) -> Iterator[Api]:
    with api_on(database) as opened:
        opened.house()
        opened.place("other-supplier", "supplier")
        opened.place("ward-3", "ward")
        opened.place("batch-7", "production")
        opened.item("syringe")
        yield opened


def go(api: Api, action: str, source: str, target: str, lot: str, hours_ago: int, **more: Any) -> int:
    line = {"item": "insulin", "lot_number": lot, "quantity": 1, "expires_on": LATER, **more}
    at = (NOW - timedelta(hours=hours_ago)).isoformat()
    body = movement(action, source, target, [line], occurred_at=at)
    return int(api.operator.ok("POST", "/v1/movements", json=body)[0]["lot_id"])


def compounded(api: Api) -> tuple[int, int, int]:
    """Lots A and B go into a batch; P comes out of it and goes to a ward and a customer."""
    a = go(api, "receive", "acme", "fridge-a", "A", 9, quantity=10)
    b = go(api, "receive", "other-supplier", "fridge-b", "B", 9, quantity=10)
    go(api, "consume", "fridge-a", "batch-7", "A", 8, quantity=6)
    go(api, "consume", "fridge-b", "batch-7", "B", 8, quantity=2)
    p = go(api, "receive", "batch-7", "fridge-a", "P", 6, item="syringe", quantity=5)
    go(api, "dispense", "fridge-a", "ward-3", "P", 5, item="syringe", quantity=2)
    go(api, "ship", "fridge-a", "st-mary", "P", 4, item="syringe", quantity=1)
    go(api, "ship", "fridge-a", "st-mary", "A", 4, quantity=1)
    return a, b, p


def ends(graph: dict[str, Any]) -> set[tuple[str, str, str, int]]:
    return {(e["lot_number"], e["from_place"], e["to_place"], e["quantity"]) for e in graph["ends"]}


def test_a_product_is_traced_back_to_the_suppliers_of_all_its_ingredients(api: Api) -> None:
    _, _, p = compounded(api)
    trace = api.reader.ok("GET", f"/v1/lots/{p}/trace")
    assert ends(trace["backward"]) == {("A", "acme", "fridge-a", 10), ("B", "other-supplier", "fridge-b", 10)}
    made = {(e["source"], e["target"], e["quantity"]) for e in trace["backward"]["edges"] if e["kind"] == "made_into"}
    assert {quantity for _, _, quantity in made} == {6, 2}
    assert not any(node["place"] == "st-mary" and node["lot_number"] == "A" for node in trace["backward"]["nodes"])


def test_an_ingredient_is_traced_forward_to_everybody_who_got_any_of_it(api: Api) -> None:
    a, _, p = compounded(api)
    trace = api.reader.ok("GET", f"/v1/lots/{a}/trace", params={"direction": "forward"})
    assert ends(trace["forward"]) == {
        ("A", "fridge-a", "st-mary", 1), ("P", "fridge-a", "ward-3", 2), ("P", "fridge-a", "st-mary", 1),
    }  # fmt: skip
    assert trace["backward"] is None
    assert {node["lot_id"] for node in trace["forward"]["nodes"]} == {a, p}


def test_an_ingredient_is_not_made_of_what_it_was_mixed_with(api: Api) -> None:
    a, b, _ = compounded(api)
    trace = api.reader.ok("GET", f"/v1/lots/{a}/trace", params={"direction": "backward"})
    assert b not in {node["lot_id"] for node in trace["backward"]["nodes"]}


def test_stock_that_goes_in_circles_is_traced_to_an_end(api: Api) -> None:
    a = go(api, "receive", "acme", "fridge-a", "A", 9, quantity=3)
    for hours in range(8, 2, -2):
        go(api, "move", "fridge-a", "fridge-b", "A", hours, quantity=3)
        go(api, "move", "fridge-b", "fridge-a", "A", hours - 1, quantity=3)
    trace = api.reader.ok("GET", f"/v1/lots/{a}/trace")
    there = next(e for e in trace["forward"]["edges"] if e["target"] == f"{a}@fridge-b")
    assert (there["quantity"], there["movements"]) == (9, 3)


def test_a_batch_that_consumes_its_own_product_is_traced_to_an_end(api: Api) -> None:
    _, _, p = compounded(api)
    go(api, "consume", "fridge-a", "batch-7", "P", 3, item="syringe", quantity=1)
    go(api, "receive", "batch-7", "fridge-b", "P2", 2, item="syringe", quantity=1)
    trace = api.reader.ok("GET", f"/v1/lots/{p}/trace")
    assert {node["lot_number"] for node in trace["forward"]["nodes"]} == {"P", "P2"}
    assert {node["lot_number"] for node in trace["backward"]["nodes"]} == {"P", "A", "B"}


def test_what_a_batch_consumed_after_the_product_had_left_is_not_in_it(api: Api) -> None:
    _, _, p = compounded(api)
    go(api, "receive", "acme", "fridge-a", "LATE", 4)
    go(api, "consume", "fridge-a", "batch-7", "LATE", 3)
    trace = api.reader.ok("GET", f"/v1/lots/{p}/trace", params={"direction": "backward"})
    assert "LATE" not in {node["lot_number"] for node in trace["backward"]["nodes"]}


def test_what_went_into_a_batch_in_parts_is_linked_once_to_each_product_with_all_of_it(api: Api) -> None:
    a, b, p = compounded(api)
    go(api, "move", "fridge-a", "fridge-b", "A", 8, quantity=1)
    go(api, "consume", "fridge-b", "batch-7", "A", 7, quantity=1)
    go(api, "receive", "batch-7", "fridge-b", "P", 6, item="syringe", quantity=1)
    trace = api.reader.ok("GET", f"/v1/lots/{p}/trace", params={"direction": "backward"})
    made = [e for e in trace["backward"]["edges"] if e["kind"] == "made_into"]
    assert sorted((e["source"], e["target"], e["quantity"], e["movements"]) for e in made) == [
        (f"{a}@batch-7", f"{p}@batch-7", 7, 2), (f"{b}@batch-7", f"{p}@batch-7", 2, 1),
    ]  # fmt: skip


def test_a_lot_in_a_place_is_one_node_and_edges_join_nodes(api: Api) -> None:
    a, _, _ = compounded(api)
    go(api, "return", "st-mary", "fridge-a", "A", 2)
    for graph in (api.reader.ok("GET", f"/v1/lots/{a}/trace")[way] for way in ("backward", "forward")):
        keys = [node["key"] for node in graph["nodes"]]
        assert len(set(keys)) == len(keys)
        assert {end for edge in graph["edges"] for end in (edge["source"], edge["target"])} == set(keys)


def test_the_text_of_a_trace_is_what_the_api_describes(api: Api) -> None:
    """It is not checked when it is served: names that need escaping, and every field, are checked here."""
    api.item("vial")
    lot = go(api, "receive", "acme", "fridge-a", '"L\\1', 9, item="vial", quantity=2)
    go(api, "ship", "fridge-a", "st-mary", '"L\\1', 4, item="vial")
    a, _, p = compounded(api)
    api.excursion("fridge-a", lot)
    for lot_id in (lot, a, p):
        said = api.reader.get(f"/v1/lots/{lot_id}/trace").json()
        told = TraceOut.model_validate(said).model_dump(mode="json")
        assert keys_of(told) == keys_of(said)
    found = api.reader.get("/v1/trace", lot_number='"L\\1').json()
    assert keys_of(FoundTraceOut.model_validate(found).model_dump(mode="json")) == keys_of(found)
    assert found["forward"]["nodes"][0]["lot_number"] == '"L\\1'
    drawn = api.reader.get("/v1/trace", lot_number='"L\\1', form="graph").json()
    assert keys_of(DrawnOut.model_validate(drawn).model_dump(mode="json")) == keys_of(drawn)


def keys_of(value: Any) -> Any:
    """The shape of a JSON value: keys of objects, down to the leaves."""
    if isinstance(value, dict):
        return {key: keys_of(each) for key, each in value.items()}
    return [keys_of(each) for each in value] if isinstance(value, list) else None


def test_a_trace_that_is_longer_than_the_limit_is_cut_and_says_so(api: Api, database: Database) -> None:
    a, _, _ = compounded(api)
    with database.transaction() as connection:
        walk = {"lot_ids": [a], "serial": "", "is_forward": True}
        whole = queries("trace").graph(connection, **walk, rows_max=100)
        cut = queries("trace").graph(connection, **walk, rows_max=2)
    edges, moved = json.loads(whole["edges"]), [e for e in json.loads(cut["edges"]) if e["kind"] == "moved"]
    assert (whole["is_cut"], cut["is_cut"], len(moved)) == (False, True, 2)
    assert {e["first_at"] for e in moved} == set(sorted(e["first_at"] for e in edges if e["kind"] == "moved")[:2])


def test_one_serial_is_traced_alone(api: Api) -> None:
    for serial in ("S1", "S2"):
        lot = go(api, "receive", "acme", "fridge-a", "A", 9, serial=serial)
    go(api, "ship", "fridge-a", "st-mary", "A", 5, serial="S1")
    go(api, "dispense", "fridge-a", "ward-3", "A", 4, serial="S2")
    trace = api.reader.ok("GET", f"/v1/lots/{lot}/trace", params={"serial": "S1"})
    assert {end["to_place"] for end in trace["forward"]["ends"]} == {"st-mary"}
    assert {node["place"] for node in trace["forward"]["nodes"]} == {"acme", "fridge-a", "st-mary"}


def test_a_trace_tells_the_excursions_the_lot_went_through(api: Api) -> None:
    lot = api.receive("A", 5)
    excursion = api.excursion("fridge-a", lot)
    trace = api.reader.ok("GET", f"/v1/lots/{lot}/trace")
    assert [(e["excursion_id"], e["rule"], e["worst"]) for e in trace["excursions"]] == [(excursion, "high", 12.5)]
    assert (trace["lot"]["lot_number"], trace["is_cut"]) == ("A", False)


def test_a_lot_that_does_not_exist_has_no_trace(api: Api) -> None:
    assert api.reader.get("/v1/lots/999/trace").status_code == 404
