"""Recalls: what is frozen, who got it, and whether every unit is accounted for."""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from cloud_sync.domain.roles import Role
from cloud_sync.ingest.batches import store_batch
from cloud_sync.ingest.receipts import BatchOutcome
from cloud_sync.storage.database import Database
from edge_agent.domain.wire.records import Action
from tests.support.builders import GatewayWithKey, Ledger, line, scan
from tests.support.ledger_api import LATER, NOW, Api, api_on, demand, movement


@pytest.fixture
def api(database: Database) -> Iterator[Api]:
    with api_on(database) as opened:
        opened.house()
        opened.place("batch-7", "production", parent="main")
        opened.item("syringe")
        yield opened


def go(api: Api, action: str, source: str, target: str, lot: str, quantity: int, item: str = "insulin") -> int:
    line = {"item": item, "lot_number": lot, "quantity": quantity, "expires_on": LATER}
    return int(api.operator.ok("POST", "/v1/movements", json=movement(action, source, target, [line]))[0]["lot_id"])


def recall(api: Api, **more: Any) -> int:
    body = {"title": "cracked vials", "reason": "maker's letter of today", **more}
    return int(api.quality.ok("POST", "/v1/recalls", json=body)["id"])


def held(api: Api) -> set[str]:
    return {row["lot_number"] for row in api.reader.rows("/v1/holds") if row["kind"] == "recall"}


def destroy(api: Api, lot: str, quantity: int) -> None:
    assert api.destroy("fridge-a", lot, quantity).status_code == 200


def test_a_recall_freezes_the_lot_and_breaks_its_reservations(api: Api) -> None:
    lot = api.receive("A", 10)
    reserved = api.operator.ok("POST", "/v1/allocations", json=demand(4))["reservations"]
    assert len(reserved) == 1
    recall(api, lots=[lot])
    (reservation,) = api.reader.rows("/v1/reservations")
    assert (reservation["ended_as"], "cracked vials" in reservation["ended_reason"]) == ("broken", True)
    assert held(api) == {"A"}
    events = api.reader.ok("GET", "/v1/events", params={"subject": "demand:SO-1"})
    assert [event["kind"] for event in events] == ["replan_needed"]


def test_a_lot_of_a_recalled_supplier_or_item_that_arrives_later_is_frozen_too(api: Api) -> None:
    api.receive("A", 10)
    recall(api, suppliers=["acme"])
    api.receive("B", 5)
    assert held(api) == {"A", "B"}
    recall(api, items=["syringe"])
    go(api, "receive", "acme", "fridge-a", "S", 1, "syringe")
    assert held(api) == {"A", "B", "S"}


def test_what_is_made_of_a_recalled_lot_is_frozen_whenever_it_is_made(api: Api) -> None:
    lot = api.receive("A", 10)
    go(api, "consume", "fridge-a", "batch-7", "A", 4)
    go(api, "receive", "batch-7", "fridge-b", "P", 2, "syringe")
    number = recall(api, lots=[lot])
    assert held(api) == {"A", "P"}
    go(api, "receive", "batch-7", "fridge-b", "P2", 2, "syringe")
    assert held(api) == {"A", "P", "P2"}
    impact = api.reader.rows(f"/v1/recalls/{number}/impact")
    assert {row["lot_number"] for row in impact if row["is_product"]} == {"P", "P2"}


def test_a_mock_recall_holds_nothing_and_its_clock_stops_when_all_is_accounted_for(api: Api) -> None:
    lot = api.receive("A", 10)
    go(api, "ship", "fridge-a", "st-mary", "A", 4)
    number = recall(api, lots=[lot], is_mock=True)
    assert held(api) == set()
    shown = api.reader.ok("GET", f"/v1/recalls/{number}")
    assert shown["reconciled_after_s"] <= shown["elapsed_s"]
    assert [(n["place"], n["lots"][0]["quantity"]) for n in shown["notices"]] == [("st-mary", 4)]


def count_missing(api: Api, lot: str, found: int) -> None:
    """One counts, another approves."""
    number = api.operator.ok("POST", "/v1/counts", json={"place": "fridge-a"})["number"]
    line = {"item": "insulin", "lot_number": lot, "quantity": found, "place": "fridge-a"}
    said = {"client_id": str(uuid.uuid4()), "counted_at": NOW.isoformat(), "found": [line]}
    api.operator.ok("POST", f"/v1/counts/{number}/findings", json=said)
    somebody_else = api.known_as("operator-2", Role.OPERATOR)
    somebody_else.ok("POST", f"/v1/counts/{number}/approve", json={"reason": "counted twice"})


def test_every_unit_is_accounted_for_or_the_difference_is_named(api: Api) -> None:
    lot = api.receive("A", 10)
    go(api, "ship", "fridge-a", "st-mary", "A", 4)
    count_missing(api, "A", 5)
    destroy(api, "A", 2)
    number = recall(api, lots=[lot])
    (row,) = api.reader.ok("GET", f"/v1/recalls/{number}")["reconciliation"]
    parts = ("on_hand", "with_recipients", "returned", "destroyed", "consumed", "count_differences", "difference")
    assert row["received"] == sum(row[part] for part in parts) == 10
    # Two were destroyed the day before the count, and five stood there then: one more than the rest accounts for.
    assert (row["count_differences"], row["difference"]) == (-1, 0)
    assert (row["accounted_pct"], row["is_complete"]) == (100.0, True)


def test_a_recall_with_an_approved_count_loss_is_closed_as_completed(api: Api) -> None:
    lot = api.receive("A", 10)
    number = recall(api, lots=[lot])
    destroy(api, "A", 7)
    other = api.known_as("quality-2", Role.QUALITY)
    path, body = f"/v1/recalls/{number}/close", {"outcome": "completed", "reason": "7 destroyed, 3 lost"}
    refused = other.post(path, body)
    assert (refused.status_code, "have the count approved" in refused.text) == (409, True)
    count_missing(api, "A", 0)
    assert other.ok("POST", path, json=body)["outcome"] == "completed"
    (row,) = api.reader.ok("GET", f"/v1/recalls/{number}")["reconciliation"]
    assert (row["destroyed"], row["count_differences"], row["accounted_pct"]) == (7, 3, 100.0)


def test_a_unit_that_a_scan_calls_missed_is_not_accounted_for(api: Api) -> None:
    api.item("pen", gtins=[{"gtin": "09501101530003"}])
    go(api, "receive", "acme", "fridge-a", "A", 10, "pen")
    Ledger(api.database).add_place("count-difference", "count_difference")
    gateway = GatewayWithKey()
    gateway.register(api.database)
    said = scan(NOW, Action.MOVE, "fridge-a", "count-difference", line(2, "A", gtin="09501101530003", expires_on=None))
    assert store_batch(api.database, gateway.batch(said)).outcome is BatchOutcome.STORED
    number = recall(api, items=["pen"])
    (row,) = api.reader.ok("GET", f"/v1/recalls/{number}")["reconciliation"]
    assert (row["count_differences"], row["difference"], row["is_complete"]) == (0, 2, False)


def test_a_recall_is_closed_by_somebody_else_and_only_when_nothing_is_left(api: Api) -> None:
    lot = api.receive("A", 10)
    number = recall(api, lots=[lot])
    path, body = f"/v1/recalls/{number}/close", {"outcome": "completed", "reason": "all found"}
    assert api.quality.post(path, body).status_code == 403
    other = api.known_as("quality-2", Role.QUALITY)
    assert other.post(path, body).status_code == 409
    destroy(api, "A", 10)
    assert other.ok("POST", path, json=body)["outcome"] == "completed"
    assert other.post(path, body).status_code == 409
    api.receive("A", 1)
    assert held(api) == {"A"}


def test_a_lifted_recall_frees_everything(api: Api) -> None:
    number = recall(api, lots=[api.receive("A", 10)])
    other = api.known_as("quality-2", Role.QUALITY)
    other.ok("POST", f"/v1/recalls/{number}/close", json={"outcome": "lifted", "reason": "wrong lot in the letter"})
    assert held(api) == set()


def test_notices_are_sent_and_acknowledged_once(api: Api) -> None:
    lot = api.receive("A", 10)
    go(api, "ship", "fridge-a", "st-mary", "A", 4)
    number = recall(api, lots=[lot])
    (notice,) = api.reader.ok("GET", f"/v1/recalls/{number}")["notices"]
    path = f"/v1/recalls/{number}/notices/{notice['id']}"
    assert api.quality.post(f"{path}/acknowledged", {"reason": "4 found"}).status_code == 409
    assert api.quality.ok("POST", f"{path}/sent", json={"reason": "letter"})["sent_by"] == "quality-1"
    assert api.quality.post(f"{path}/sent", {"reason": "letter"}).status_code == 409
    assert api.quality.ok("POST", f"{path}/acknowledged", json={"reason": "4 found"})["acknowledged_text"] == "4 found"
    assert api.quality.post(f"/v1/recalls/{number}/notices/999/sent", {"reason": "letter"}).status_code == 404


def test_only_quality_recalls_and_never_nothing(api: Api) -> None:
    body = {"title": "cracked vials", "reason": "letter", "items": ["insulin"]}
    for somebody in (api.reader, api.operator, api.administrator):
        assert somebody.post("/v1/recalls", body).status_code == 403
    assert api.quality.post("/v1/recalls", {**body, "items": []}).status_code == 422
    assert api.quality.post("/v1/recalls", {**body, "suppliers": ["st-mary"]}).status_code == 422
    assert api.quality.post("/v1/recalls", {**body, "items": ["nothing"]}).status_code == 404


def test_returned_product_is_held_where_it_lies_until_quality_decides(api: Api) -> None:
    api.receive("A", 10)
    go(api, "ship", "fridge-a", "st-mary", "A", 4)
    go(api, "return", "st-mary", "fridge-b", "A", 1)
    (hold,) = api.reader.rows("/v1/holds")
    assert hold["place"] == "fridge-b"
    (placed,) = api.reader.rows("/v1/holds/placed")
    api.quality.ok("POST", f"/v1/holds/{placed['id']}/lift", json={"reason": "sealed, cold chain proven"})
    assert api.reader.rows("/v1/holds") == []


def test_suspicious_product_is_reported_assigned_and_found_by_its_age_and_owner(api: Api) -> None:
    lot = api.receive("A", 10)
    body = {"lot_id": lot, "text": "print differs"}
    case = api.operator.ok("POST", "/v1/cases", json=body)
    assert api.operator.post("/v1/cases", body).status_code == 409
    api.quality.ok("POST", f"/v1/cases/{case['id']}/assign", json={"assignee": "paula"})
    (row,) = api.reader.rows("/v1/cases", assignee="paula", kind="suspicious_product")
    assert row["age_s"] >= 0
    assert api.reader.rows("/v1/cases", assignee="nobody") == []
    assert api.reader.rows("/v1/cases", older_than="2020-01-01T00:00:00Z") == []


def test_a_serial_in_two_places_is_a_case_that_later_facts_close(api: Api) -> None:
    line = {"item": "insulin", "lot_number": "A", "quantity": 1, "expires_on": LATER, "serial": "S1"}
    for place in ("fridge-a", "fridge-b"):
        api.operator.ok("POST", "/v1/movements", json=movement("receive", "acme", place, [line]))
    (case,) = api.reader.rows("/v1/cases", kind="duplicate_serial")
    assert case["data"]["places"] == ["fridge-a", "fridge-b"]
    api.operator.ok("POST", "/v1/movements", json=movement("return", "fridge-b", "acme", [line]))
    assert api.reader.rows("/v1/cases", kind="duplicate_serial") == []


def test_a_hold_at_a_place_covers_the_places_below_it(api: Api) -> None:
    api.place("shelf", "bin", parent="fridge-a")
    lot = api.receive("A", 5, place="shelf")
    api.quality.ok("POST", "/v1/holds", json={"lot_id": lot, "place": "fridge-a", "reason": "torn box"})
    line = {"item": "insulin", "lot_number": "A", "quantity": 1}
    refused = api.operator.post("/v1/movements", movement("ship", "shelf", "st-mary", [line]))
    assert refused.status_code == 409
    with api.database.transaction() as connection:
        from cloud_sync.storage.queries import queries

        place = connection.execute("SELECT id FROM place WHERE name = 'shelf'").fetchone()
        now = connection.execute("SELECT clock_timestamp() AS now").fetchone()
        assert place is not None and now is not None
        rows = list(
            queries("movements").faults_at_issue(
                connection,
                lot_ids=[lot],
                serials=[""],
                place_ids=[place["id"]],
                at=[now["now"]],
                dispensed_for=[None],
            )
        )
    assert len(rows) == 1
