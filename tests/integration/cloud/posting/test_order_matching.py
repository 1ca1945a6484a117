"""Scans that name an order: the fact is booked whatever it is, reservations are kept by it, and mismatches are told."""

import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import psycopg
import pytest

from cloud_sync.domain.booking import NewMovement
from cloud_sync.ingest.batches import store_batch
from cloud_sync.ingest.receipts import BatchOutcome
from cloud_sync.posting.movements import book
from cloud_sync.storage.events import add_event
from edge_agent.domain.wire.records import Action, ScanTransaction
from tests.integration.conftest import Said
from tests.support.builders import GatewayWithKey, Ledger, line, minute, scan
from tests.support.ledger_api import NOW, Api, api_on

OTHER_GTIN = "00312345678906"
WHY = {"reason": "as agreed"}


@pytest.fixture
def api(ledger: Ledger) -> Iterator[Api]:
    ledger.add_item("aspirin", OTHER_GTIN)
    ledger.add_place("staging", "bin", "site")
    with api_on(ledger.database) as opened:
        yield opened


def ordered(api: Api, kind: str, source: str, target: str, quantity: int = 10, **line: Any) -> str:
    body = {
        "client_id": str(uuid.uuid4()), "kind": kind, "from_place": source, "to_place": target,
        "lines": [{"item": "insulin", "quantity": quantity, **line}],
    }  # fmt: skip
    number = str(api.operator.ok("POST", "/v1/orders", json=body)["number"])
    if kind == "purchase":
        api.quality.ok("POST", f"/v1/orders/{number}/approve", json=WHY)
        api.operator.ok("POST", f"/v1/orders/{number}/place", json=WHY)
    return number


def allocated(api: Api, quantity: int = 10) -> str:
    number = ordered(api, "requisition", "site", "st-mary", quantity)
    api.operator.ok("POST", f"/v1/orders/{number}/allocate", json={"client_id": str(uuid.uuid4())})
    return number


def states(api: Api, number: str) -> dict[str, int]:
    found: dict[str, int] = api.reader.ok("GET", f"/v1/orders/{number}")["lines"][0]["states"]
    return found


def codes(api: Api, number: str) -> list[str]:
    return sorted(each["code"] for each in api.reader.ok("GET", f"/v1/orders/{number}")["discrepancies"])


def reserved(api: Api) -> dict[str, int]:
    return {row["place"]: row["reserved"] for row in api.reader.rows("/v1/stock") if row["reserved"]}


def test_a_scanned_receipt_fills_its_order(api: Api, say: Said) -> None:
    number = ordered(api, "purchase", "acme", "dock")
    say(scan(minute(0), Action.RECEIVE, "acme", "dock", line(4), order=number))
    assert (states(api, number), codes(api, number)) == ({"received": 4, "ordered": 6}, [])
    say(scan(minute(1), Action.RECEIVE, "acme", "dock", line(7, "L2"), order=number))
    assert (states(api, number), codes(api, number)) == ({"received": 10, "over": 1}, ["over_delivery"])


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        ([line(4, gtin=OTHER_GTIN)], "unexpected_item"),
        ([line(4, expires_on=date(2026, 2, 1))], "expired"),
        ([line(4), line(7, "L2")], "over_delivery"),
    ],
)
def test_a_mismatch_is_booked_and_becomes_a_case_with_its_evidence(
    api: Api, ledger: Ledger, say: Said, lines: list[Any], code: str
) -> None:
    number = ordered(api, "purchase", "acme", "dock")
    say(scan(minute(0), Action.RECEIVE, "acme", "dock", *lines, order=number))
    assert codes(api, number) == [code]
    assert sum(units for (_, _, place), units in ledger.balances().items() if place == "dock") == sum(
        each.quantity for each in lines
    )
    (case,) = ledger.rows("SELECT evidence_id FROM exception_case")
    assert case["evidence_id"] is not None


@pytest.mark.parametrize(
    ("until", "held"), [("2026-03-01", set()), ("2026-02-28", {("L1", "", "dock")}), (None, set())]
)
def test_a_scanned_receipt_is_held_for_a_supplier_whose_qualification_ended(
    api: Api, ledger: Ledger, say: Said, until: str | None, held: set[Any]
) -> None:
    said = {"reason": "audit", "status": "qualified", "qualified_until": until}
    assert api.quality.request("PUT", "/v1/suppliers/acme", json=said).status_code == 200
    say(scan(minute(0), Action.RECEIVE, "acme", "dock"))
    assert ledger.held("supplier") == held


def test_a_receipt_for_an_order_that_nobody_knows_or_placed_is_a_case(api: Api, ledger: Ledger, say: Said) -> None:
    say(scan(minute(0), Action.RECEIVE, "acme", "dock", line(4), order="PO-77"))
    assert ledger.open_cases() == ["order_mismatch"]
    body = {
        "client_id": str(uuid.uuid4()), "kind": "purchase", "from_place": "acme", "to_place": "dock",
        "lines": [{"item": "insulin", "quantity": 4}],
    }  # fmt: skip
    number = api.operator.ok("POST", "/v1/orders", json=body)["number"]
    say(scan(minute(1), Action.RECEIVE, "acme", "dock", line(4), order=number))
    assert codes(api, number) == ["not_allowed"]


def test_a_batch_that_comes_twice_is_matched_once(api: Api, ledger: Ledger, gateway: GatewayWithKey) -> None:
    number = ordered(api, "purchase", "acme", "dock", 3)
    raw = gateway.batch(scan(minute(0), Action.RECEIVE, "acme", "dock", line(4), order=number))
    assert [store_batch(ledger.database, raw).outcome for _ in range(2)] == [
        BatchOutcome.STORED,
        BatchOutcome.DUPLICATE,
    ]
    assert codes(api, number) == ["over_delivery"]


def test_a_scanned_pick_keeps_the_reservation_and_what_is_gathered_stays_reserved(api: Api, say: Said) -> None:
    say(scan(minute(0), Action.RECEIVE, "acme", "fridge-a", line(20)))
    number = allocated(api)
    say(scan(minute(1), Action.PICK, "fridge-a", "staging", line(6), order=number))
    assert reserved(api) == {"fridge-a": 4, "staging": 6}
    assert states(api, number) == {"allocated": 10}
    say(scan(minute(2), Action.SHIP, "staging", "st-mary", line(6), order=number))
    assert (states(api, number), reserved(api)) == ({"shipped": 6, "allocated": 4}, {"fridge-a": 4})
    say(scan(minute(3), Action.DISPENSE, "fridge-a", "st-mary", line(4), order=number))
    assert (states(api, number), reserved(api), codes(api, number)) == ({"shipped": 6, "dispensed": 4}, {}, [])
    ended = {row["ended_as"] for row in api.reader.rows("/v1/reservations", demand=number)}
    assert ended == {"picked"}


def test_another_lot_than_the_reserved_one_is_booked_and_told_and_the_reservation_is_freed(api: Api, say: Said) -> None:
    say(scan(minute(0), Action.RECEIVE, "acme", "fridge-a", line(10, "FIRST", expires_on=date(2026, 9, 1))))
    say(scan(minute(0), Action.RECEIVE, "acme", "fridge-a", line(10, "SECOND")))
    number = allocated(api)
    say(scan(minute(1), Action.SHIP, "fridge-a", "st-mary", line(10, "SECOND"), order=number))
    assert (states(api, number), reserved(api)) == ({"shipped": 10}, {})
    assert codes(api, number) == ["other_lot"]


def test_more_than_was_asked_for_is_told(api: Api, say: Said) -> None:
    say(scan(minute(0), Action.RECEIVE, "acme", "fridge-a", line(20)))
    number = allocated(api)
    say(scan(minute(1), Action.SHIP, "fridge-a", "st-mary", line(12), order=number))
    assert (states(api, number), codes(api, number)) == ({"shipped": 10, "over": 2}, ["over"])


def test_a_reservation_to_a_demand_without_an_order_is_kept_by_a_scan(api: Api, ledger: Ledger, say: Said) -> None:
    say(scan(minute(0), Action.RECEIVE, "acme", "fridge-a", line(20)))
    body = {"client_id": str(uuid.uuid4()), "item": "insulin", "quantity": 5, "demand": "RX-1"}
    api.operator.ok("POST", "/v1/allocations", json=body)
    say(scan(minute(1), Action.DISPENSE, "fridge-a", "st-mary", line(5), order="RX-1"))
    assert (reserved(api), ledger.open_cases()) == ({}, [])


def test_a_reservation_is_kept_once_by_scan_and_command_together(
    api: Api, ledger: Ledger, gateway: GatewayWithKey
) -> None:
    store_batch(ledger.database, gateway.batch(scan(minute(0), Action.RECEIVE, "acme", "fridge-a", line(10))))
    number = allocated(api)
    raw = gateway.batch(scan(minute(1), Action.SHIP, "fridge-a", "st-mary", line(10), order=number))
    with ThreadPoolExecutor(2) as pool:
        scanned = pool.submit(lambda: store_batch(ledger.database, raw).outcome)
        issued = pool.submit(lambda: api.operator.post(f"/v1/orders/{number}/issue", {"action": "ship"}).status_code)
        assert (scanned.result(), issued.result()) in {(BatchOutcome.STORED, 200), (BatchOutcome.STORED, 409)}
    # Both happened or one did: the scan is a fact, the command was refused if it came second.
    shipped = ledger.balances()["L1", "", "st-mary"]
    assert (shipped, codes(api, number)) in [(10, []), (20, ["over"])]
    assert reserved(api) == {}


def test_reserved_stock_that_is_moved_keeps_its_reservation_where_it_is_then(api: Api, say: Said) -> None:
    say(scan(minute(0), Action.RECEIVE, "acme", "fridge-a", line(10)))
    number = allocated(api, 6)
    say(scan(minute(1), Action.MOVE, "fridge-a", "fridge-b", line(3)))
    assert reserved(api) == {"fridge-a": 6}
    say(scan(minute(2), Action.MOVE, "fridge-a", "fridge-b", line(5)))
    assert (reserved(api), states(api, number)) == ({"fridge-a": 2, "fridge-b": 4}, {"allocated": 6})


def test_reserved_stock_that_somebody_else_takes_breaks_the_reservation(api: Api, say: Said) -> None:
    say(scan(minute(0), Action.RECEIVE, "acme", "fridge-a", line(10)))
    number = allocated(api, 6)
    say(scan(minute(1), Action.SHIP, "fridge-a", "st-mary", line(8)))
    assert (reserved(api), states(api, number)) == ({"fridge-a": 2}, {"allocated": 2, "requested": 4})
    ended = {row["ended_as"] for row in api.reader.rows("/v1/reservations", demand=number)}
    assert ended == {"broken", None}


def test_stock_that_leaves_while_it_is_being_reserved_is_not_reserved(api: Api, ledger: Ledger, say: Said) -> None:
    say(scan(minute(0), Action.RECEIVE, "acme", "fridge-a", line(10)))
    (lot,) = ledger.rows("SELECT id FROM lot")
    places = {row["name"]: row["id"] for row in ledger.rows("SELECT id, name FROM place")}
    leaving = NewMovement("slow/1", lot["id"], 8, places["fridge-a"], places["st-mary"], minute(1), "ship")
    body = {"client_id": str(uuid.uuid4()), "item": "insulin", "quantity": 5, "demand": "RX-1"}
    with ThreadPoolExecutor(1) as pool:
        with ledger.database.transaction() as connection:
            event_id = add_event(connection, actor="amy", kind="moved", subject="lot:1")
            book(connection, [leaving], event_id=event_id)
            asked = pool.submit(api.operator.ok, "POST", "/v1/allocations", json=body)
            # It has seen ten, and waits for the lot.
            waiting = "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
            # As the owner of the database: the ledger at work does not see what other connections wait for.
            with psycopg.connect(ledger.database.url, autocommit=True) as owner:
                while not owner.execute(waiting).fetchall():
                    assert not asked.done()
        answer = asked.result()
    assert (sum(each["quantity"] for each in answer["reservations"]), answer["missing"]) == (2, 3)
    assert reserved(api) == {"fridge-a": 2}


def test_what_is_scanned_back_is_held_where_it_is_put(api: Api, ledger: Ledger, say: Said) -> None:
    say(scan(minute(0), Action.RECEIVE, "acme", "fridge-a", line(10)))
    say(scan(minute(1), Action.SHIP, "fridge-a", "st-mary", line(10)))
    say(scan(minute(2), Action.RETURN, "st-mary", "staging", line(2)))
    assert ledger.held("manual") == {("L1", "", "staging")}
    assert [row["states"] for row in api.reader.rows("/v1/states", place="staging")] == [{"returned": 2}]


def test_destroying_without_approval_is_booked_and_told(api: Api, say: Said) -> None:
    say(scan(minute(0), Action.RECEIVE, "acme", "fridge-a", line(10)))
    number = ordered(api, "destruction", "fridge-a", "scrap", lot_number="L1")
    say(scan(minute(1), Action.DESTROY, "fridge-a", None, line(10), order=number))
    assert (states(api, number), codes(api, number)) == ({"destroyed": 10}, ["not_allowed"])


def texts(api: Api, code: str) -> list[str]:
    return [row["text"] for row in api.reader.rows("/v1/cases") if row["data"].get("code") == code]


def test_why_an_order_was_not_to_be_carried_out_is_told_with_the_case(api: Api, say: Said) -> None:
    say(scan(minute(0), Action.RECEIVE, "acme", "fridge-a", line(10)))
    number = ordered(api, "destruction", "fridge-a", "scrap", lot_number="L1")
    say(scan(minute(1), Action.DESTROY, "fridge-a", None, line(10), order=number))
    assert texts(api, "not_allowed") == [f"destroy for {number}, but it is not approved yet"]


def test_a_move_within_the_house_that_names_an_order_does_not_carry_it_out(api: Api, say: Said) -> None:
    say(scan(minute(0), Action.RECEIVE, "acme", "fridge-a", line(10)))
    number = ordered(api, "destruction", "fridge-a", "scrap", lot_number="L1")
    say(scan(minute(1), Action.MOVE, "fridge-a", "staging", line(10), order=number))
    assert codes(api, number) == []


def test_what_an_order_does_not_ask_for_is_booked_and_told(api: Api, ledger: Ledger, say: Said) -> None:
    say(scan(minute(0), Action.RECEIVE, "acme", "fridge-a", line(20)))
    say(scan(minute(0), Action.RECEIVE, "acme", "fridge-a", line(5, "ASA", gtin=OTHER_GTIN)))
    number = allocated(api)
    say(scan(minute(1), Action.SHIP, "fridge-a", "st-mary", line(5, "ASA", gtin=OTHER_GTIN), order=number))
    assert ledger.balances()["ASA", "", "st-mary"] == 5
    assert codes(api, number) == ["unexpected_item"]
    assert texts(api, "unexpected_item") == [f"ship of aspirin lot ASA for {number}, which does not ask for it"]


def test_what_is_scanned_back_is_held_against_the_order_of_return(api: Api, say: Said) -> None:
    say(scan(minute(0), Action.RECEIVE, "acme", "fridge-a", line(20)))
    number = allocated(api)
    say(scan(minute(1), Action.SHIP, "fridge-a", "st-mary", line(10), order=number))
    back = {
        "client_id": str(uuid.uuid4()), "kind": "return", "from_place": "st-mary", "to_place": "staging",
        "returns_order": number, "lines": [{"item": "insulin", "quantity": 4}],
    }  # fmt: skip
    returned = str(api.operator.ok("POST", "/v1/orders", json=back)["number"])
    say(scan(minute(2), Action.RETURN, "st-mary", "staging", line(4), order=returned))
    assert codes(api, returned) == []
    say(scan(minute(3), Action.RETURN, "st-mary", "staging", line(1), order=returned))
    assert codes(api, returned) == ["over"]
    say(scan(minute(4), Action.RETURN, "st-mary", "staging", line(1, "ASA", gtin=OTHER_GTIN), order=returned))
    assert codes(api, returned) == ["over", "unexpected_item"]


def test_one_scan_keeps_every_reservation_of_its_stock(api: Api, say: Said) -> None:
    say(scan(minute(0), Action.RECEIVE, "acme", "fridge-a", line(20)))
    for quantity in (2, 1):
        body = {"client_id": str(uuid.uuid4()), "item": "insulin", "quantity": quantity, "demand": "RX-1"}
        api.operator.ok("POST", "/v1/allocations", json=body)
    assert reserved(api) == {"fridge-a": 3}
    say(scan(minute(1), Action.DISPENSE, "fridge-a", "st-mary", line(3), order="RX-1"))
    assert reserved(api) == {}


# Counts


def counted(quantity: int, at: float = 5, *, operator: str = "amy", place: str = "fridge-a") -> ScanTransaction:
    return scan(minute(at), Action.COUNT, place, None, line(quantity), operator=operator)


def test_a_scanned_count_waits_for_somebody_else_and_then_corrects_the_balance(
    api: Api, ledger: Ledger, say: Said
) -> None:
    say(scan(minute(0), Action.RECEIVE, "acme", "fridge-a", line(10)))
    say(counted(8, operator="quality-1"))
    (count,) = api.reader.rows("/v1/counts", only_open=True)
    shown = api.reader.ok("GET", f"/v1/counts/{count['number']}")
    assert [(each["counted"], each["expected"], each["difference"]) for each in shown["lines"]] == [(8, 10, -2)]
    assert ledger.balances()["L1", "", "fridge-a"] == 10
    assert api.quality.post(f"/v1/counts/{count['number']}/approve", WHY).status_code == 403
    done = api.operator.ok("POST", f"/v1/counts/{count['number']}/approve", json=WHY)
    assert (done["decision"], done["decided_by"]) == ("approved", "operator-1")
    assert ledger.balances()["L1", "", "fridge-a"] == 8
    (row,) = api.reader.rows("/v1/states", place="fridge-a")
    assert (row["states"], row["reconciled_at"] is not None) == ({"available": 8}, True)
    assert api.operator.post(f"/v1/counts/{count['number']}/approve", WHY).status_code == 409
    say(scan(minute(6), Action.MOVE, "fridge-a", "dock", line(1)))
    assert api.reader.rows("/v1/states", place="fridge-a")[0]["reconciled_at"] is None


def test_a_difference_is_that_of_the_instant_of_counting_however_late_facts_arrive(
    api: Api, ledger: Ledger, say: Said
) -> None:
    say(counted(8), scan(minute(9), Action.MOVE, "fridge-a", "dock", line(3)))
    say(scan(minute(0), Action.RECEIVE, "acme", "fridge-a", line(10)))
    (count,) = api.reader.rows("/v1/counts")
    api.operator.ok("POST", f"/v1/counts/{count['number']}/approve", json=WHY)
    assert ledger.balances()["L1", "", "fridge-a"] == 5


def test_a_count_is_written_down_by_hand_and_counting_again_replaces_it(api: Api, ledger: Ledger, say: Said) -> None:
    say(scan(minute(0), Action.RECEIVE, "acme", "fridge-a", line(10)), scan(minute(0), Action.RECEIVE, "acme", "dock"))
    number = api.operator.ok("POST", "/v1/counts", json={"place": "fridge-a", "number": "YEAR-END"})["number"]
    assert [row["lot_number"] for row in api.reader.ok("GET", f"/v1/counts/{number}")["not_counted"]] == ["L1"]
    found = {"item": "insulin", "lot_number": "L1", "quantity": 12, "place": "fridge-a"}
    said = {"client_id": str(uuid.uuid4()), "counted_at": minute(3).isoformat(), "found": [found]}
    first = api.operator.ok("POST", f"/v1/counts/{number}/findings", json=said)
    assert api.operator.ok("POST", f"/v1/counts/{number}/findings", json=said) == first
    say(counted(11, 4))
    (row,) = api.reader.ok("GET", f"/v1/counts/{number}")["lines"]
    assert (row["counted"], row["counted_by"]) == (11, "amy")
    assert api.operator.post(f"/v1/counts/{number}/approve", WHY).status_code == 403
    assert api.quality.ok("POST", f"/v1/counts/{number}/reject", json=WHY)["decision"] == "rejected"
    assert ledger.balances()["L1", "", "fridge-a"] == 10
    assert (
        api.operator.post(f"/v1/counts/{number}/findings", said | {"client_id": str(uuid.uuid4())}).status_code == 409
    )


def test_a_count_that_makes_no_sense_is_refused(api: Api) -> None:
    assert api.operator.post("/v1/counts", {"place": "acme"}).status_code == 422
    assert api.operator.post("/v1/counts", {"place": "nowhere"}).status_code == 404
    assert api.reader.post("/v1/counts", {"place": "dock"}).status_code == 403
    number = api.operator.ok("POST", "/v1/counts", json={"place": "dock"})["number"]
    assert api.quality.post(f"/v1/counts/{number}/approve", WHY).status_code == 409
    found = {"item": "insulin", "lot_number": "L1", "quantity": 2, "place": "dock"}
    for change, status in (
        ({"place": "fridge-a"}, 422),
        ({"item": "nothing"}, 404),
        ({"owner": "nobody"}, 404),
        ({"quantity": -1}, 422),
        ({"serial": "S1"}, 422),
    ):
        said = {"client_id": str(uuid.uuid4()), "counted_at": minute(3).isoformat(), "found": [found | change]}
        assert api.operator.post(f"/v1/counts/{number}/findings", said).status_code == status, change
    future = {"client_id": str(uuid.uuid4()), "counted_at": "2030-01-01T00:00:00Z", "found": [found]}
    assert api.operator.post(f"/v1/counts/{number}/findings", future).status_code == 422


def test_a_count_of_what_nobody_knows_becomes_a_case(ledger: Ledger, say: Said) -> None:
    say(scan(minute(0), Action.COUNT, "fridge-a", None, line(3, gtin="19501101530000"), line(2)))
    assert ledger.open_cases() == ["count_not_read"]
    say(counted(2, place="nowhere"))
    assert ledger.open_cases() == ["count_not_read", "count_not_read"]
    say(counted(2, place="acme"))
    assert ledger.open_cases() == ["count_not_read", "count_not_read", "outside_site"]


@pytest.mark.parametrize("action", [Action.MOVE, Action.PUT_AWAY, Action.RECEIVE, Action.RETURN])
def test_what_came_in_from_outside_is_held_whatever_the_scan_called_it(api: Api, say: Said, action: Action) -> None:
    said = {"reason": "sterile", "receipt_inspection": True, "gtins": {line().gtin: 1}}
    api.administrator.ok("PUT", "/v1/items/insulin", json=said)
    say(scan(minute(0), action, "acme", "fridge-a", line(5, "A")))
    say(scan(minute(1), action, "st-mary", "fridge-b", line(2, "B")))
    held = {(row["lot_number"], row["kind"], row["place"]) for row in api.reader.rows("/v1/holds/placed")}
    assert held == {("A", "receipt_inspection", "fridge-a"), ("B", "manual", "fridge-b")}


def test_what_comes_of_a_transfer_is_held_against_what_was_shipped_not_what_was_asked_for(api: Api, say: Said) -> None:
    api.place("annex", "site")
    say(scan(minute(0), Action.RECEIVE, "acme", "fridge-a", line(20)))
    number = ordered(api, "transfer", "site", "annex")
    path = f"/v1/orders/{number}"
    line_of = api.operator.ok("POST", f"{path}/allocate", json={"client_id": str(uuid.uuid4())})["lines"][0]
    api.place(f"transit.{number}", "transit")
    part = {"to_place": f"transit.{number}", "action": "ship", "quantity": 6}
    api.operator.ok("POST", f"/v1/reservations/{line_of['reservations'][0]['id']}/pick", json=part)

    def arrives(quantity: int) -> list[str]:
        came = {"item": "insulin", "lot_number": "L1", "quantity": quantity, "expires_on": None}
        said = {"client_id": str(uuid.uuid4()), "occurred_at": NOW.isoformat(), "lines": [came]}
        answer = api.operator.ok("POST", f"{path}/receive", json=said)
        return [each["code"] for each in answer["discrepancies"]]

    assert arrives(4) == []
    assert arrives(3) == ["over_delivery"], "7 came of 6 that were shipped; 10 were asked for"
