"""Orders over the real API: who may do what, what is booked, and in which state every quantity is."""

import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event
from typing import Any

import pytest

from cloud_sync.actions.orders.fulfilment import replan_broken
from cloud_sync.actions.orders.reallocation_worker import Replanning
from cloud_sync.domain.roles import Role
from cloud_sync.storage.database import Database
from tests.support.ledger_api import LATER, NOW, SOON, Api, api_on

WHY = {"reason": "as agreed"}


@pytest.fixture
def api(database: Database) -> Iterator[Api]:
    with api_on(database) as opened:
        opened.house()
        opened.place("annex", "site")
        opened.place("returns", "bin", parent="main")
        opened.place("staging", "bin", parent="main")
        yield opened


def asked(kind: str, source: str, target: str, *lines: tuple[str, int] | dict[str, Any], **more: Any) -> dict[str, Any]:
    said = [line if isinstance(line, dict) else {"item": line[0], "quantity": line[1]} for line in lines]
    return {
        "client_id": str(uuid.uuid4()), "kind": kind, "from_place": source, "to_place": target,
        "lines": said or [{"item": "insulin", "quantity": 10}], **more,
    }  # fmt: skip


def ordered(api: Api, body: dict[str, Any]) -> str:
    return str(api.operator.ok("POST", "/v1/orders", json=body)["number"])


def placed(api: Api, *lines: tuple[str, int] | dict[str, Any]) -> str:
    number = ordered(api, asked("purchase", "acme", "fridge-a", *lines))
    api.quality.ok("POST", f"/v1/orders/{number}/approve", json=WHY)
    api.operator.ok("POST", f"/v1/orders/{number}/place", json=WHY)
    return number


def came(lot: str, quantity: int, *, item: str = "insulin", expires_on: str | None = LATER, **more: Any) -> Any:
    return {"item": item, "lot_number": lot, "quantity": quantity, "expires_on": expires_on, **more}


def receipt(*lines: Any, **more: Any) -> dict[str, Any]:
    at = (NOW - timedelta(hours=1)).isoformat()
    return {"client_id": str(uuid.uuid4()), "occurred_at": at, "lines": list(lines), **more}


def again() -> dict[str, str]:
    return {"client_id": str(uuid.uuid4())}


def states(api: Api, number: str, line: int = 1) -> dict[str, int]:
    found: dict[str, int] = api.reader.ok("GET", f"/v1/orders/{number}")["lines"][line - 1]["states"]
    return found


def codes(api: Api, number: str) -> list[str]:
    return sorted(each["code"] for each in api.reader.ok("GET", f"/v1/orders/{number}")["discrepancies"])


def holds(api: Api) -> set[tuple[str, str]]:
    return {(row["lot_number"], row["kind"]) for row in api.reader.rows("/v1/holds")}


# Purchases


def test_a_purchase_goes_from_request_to_receipt_and_nobody_approves_alone(api: Api) -> None:
    number = ordered(api, asked("purchase", "acme", "fridge-a"))
    path = f"/v1/orders/{number}"
    assert states(api, number) == {"requested": 10}
    assert api.operator.post(f"{path}/place", WHY).status_code == 409
    assert api.operator.post(f"{path}/approve", WHY).status_code == 403
    assert api.reader.post(f"{path}/approve", WHY).status_code == 403
    assert states(api, number) == {"requested": 10}
    colleague = api.known_as("operator-2", Role.OPERATOR)
    assert colleague.ok("POST", f"{path}/approve", json=WHY)["state"] == "approved"
    assert api.operator.post(f"{path}/receive", receipt(came("A", 1))).status_code == 409
    assert api.operator.ok("POST", f"{path}/place", json=WHY)["state"] == "ordered"
    first = receipt(came("A", 4))
    order = api.operator.ok("POST", f"{path}/receive", json=first)
    assert (order["state"], order["lines"][0]["states"]) == ("partly received", {"received": 4, "ordered": 6})
    assert api.operator.ok("POST", f"{path}/receive", json=first) == order
    order = api.operator.ok("POST", f"{path}/receive", json=receipt(came("B", 6)))
    assert (order["state"], order["discrepancies"]) == ("received", [])
    assert [step["by_whom"] for step in order["steps"]] == ["operator-2", "operator-1"]
    assert sum(row["quantity"] for row in api.reader.rows("/v1/stock", place="fridge-a")) == 10


def test_a_rejected_request_goes_no_further(api: Api) -> None:
    number = ordered(api, asked("purchase", "acme", "fridge-a"))
    assert api.quality.ok("POST", f"/v1/orders/{number}/reject", json=WHY)["state"] == "rejected"
    assert api.quality.post(f"/v1/orders/{number}/approve", WHY).status_code == 409
    assert api.operator.post(f"/v1/orders/{number}/place", WHY).status_code == 409


@pytest.mark.parametrize(
    ("line", "code", "held"),
    [
        (came("A", 12), "over_delivery", set()),
        (came("A", 5, item="aspirin"), "unexpected_item", {("A", "exception")}),
        (came("A", 5, expires_on="2026-05-01"), "expired", set()),
        (came("A", 5, expires_on="2026-06-20"), "short_dated", set()),
    ],
)
def test_what_comes_otherwise_is_booked_and_told(api: Api, line: Any, code: str, held: set[tuple[str, str]]) -> None:
    api.item("aspirin")
    said = {"reason": "as agreed", "receipt_days_min": 90}
    assert api.administrator.request("PUT", "/v1/items/insulin", json=said).status_code == 200
    number = placed(api, ("insulin", 10))
    order = api.operator.ok("POST", f"/v1/orders/{number}/receive", json=receipt(line))
    assert [each["code"] for each in order["discrepancies"]] == [code]
    assert sum(row["quantity"] for row in api.reader.rows("/v1/stock")) == line["quantity"]
    assert holds(api) == held


def test_another_lot_than_ordered_is_held_until_somebody_looked_at_it(api: Api) -> None:
    number = placed(api, {"item": "insulin", "quantity": 10, "lot_number": "A"})
    api.operator.ok("POST", f"/v1/orders/{number}/receive", json=receipt(came("B", 10)))
    assert codes(api, number) == ["wrong_lot"]
    assert holds(api) == {("B", "exception")}
    (case,) = api.reader.rows("/v1/cases", only_open=True)
    api.quality.ok("POST", f"/v1/cases/{case['id']}/resolve", json={"resolution": "supplier confirmed the swap"})
    assert holds(api) == set()


def test_a_serial_that_comes_twice_is_held(api: Api) -> None:
    number = placed(api, ("insulin", 10))
    api.operator.ok("POST", f"/v1/orders/{number}/receive", json=receipt(came("A", 1, serial="S1")))
    assert codes(api, number) == []
    api.operator.ok("POST", f"/v1/orders/{number}/receive", json=receipt(came("A", 1, serial="S1")))
    assert codes(api, number) == ["duplicate_serial"]
    assert holds(api) == {("A", "exception")}


def test_receipts_are_held_for_inspection_and_for_suppliers_that_are_not_qualified(api: Api) -> None:
    supplier = {"reason": "audit", "status": "qualified", "qualified_until": "2026-05-31"}
    number = placed(api, ("insulin", 10))
    assert api.quality.request("PUT", "/v1/suppliers/acme", json=supplier).status_code == 200
    item = {"reason": "sterile", "receipt_inspection": True}
    api.administrator.ok("PUT", "/v1/items/insulin", json=item)
    api.operator.ok("POST", f"/v1/orders/{number}/receive", json=receipt(came("A", 5)))
    api.operator.ok("POST", f"/v1/orders/{number}/receive", json=receipt(came("A", 5)))
    assert holds(api) == {("A", "supplier"), ("A", "receipt_inspection")}
    (row,) = api.reader.rows("/v1/states", place="main")
    assert row["states"] == {"quarantined": 10}
    for hold in api.reader.rows("/v1/holds/placed", only_open=True):
        api.quality.ok("POST", f"/v1/holds/{hold['id']}/lift", json={"reason": "inspected, certificate is good"})
    assert api.reader.rows("/v1/states", place="main")[0]["states"] == {"available": 10}


def test_nothing_is_ordered_from_a_supplier_that_is_not_qualified(api: Api) -> None:
    api.quality.ok("PUT", "/v1/suppliers/acme", json={"reason": "audit failed", "status": "suspended"})
    number = ordered(api, asked("purchase", "acme", "fridge-a"))
    api.quality.ok("POST", f"/v1/orders/{number}/approve", json=WHY)
    response = api.operator.post(f"/v1/orders/{number}/place", WHY)
    assert (response.status_code, "suspended" in response.json()["error"]) == (409, True)


def test_two_receipts_of_one_line_at_once_show_what_is_too_much_once(api: Api) -> None:
    number = placed(api, ("insulin", 10))
    with ThreadPoolExecutor(4) as pool:
        bodies = [receipt(came(f"L{n}", 5)) for n in range(4)]
        answers = list(pool.map(lambda body: api.operator.post(f"/v1/orders/{number}/receive", body), bodies))
    assert {answer.status_code for answer in answers} == {200}
    assert states(api, number) == {"received": 10, "over": 10}
    assert codes(api, number) == ["over_delivery", "over_delivery"]


def test_the_rest_of_a_short_delivery_is_cancelled(api: Api) -> None:
    number = placed(api, ("insulin", 10))
    api.operator.ok("POST", f"/v1/orders/{number}/receive", json=receipt(came("A", 7)))
    too_much = {"reason": "out of stock", "lines": [{"line": 1, "quantity": 4}]}
    assert api.operator.post(f"/v1/orders/{number}/cancel", too_much).status_code == 409
    nowhere = {"reason": "out of stock", "lines": [{"line": 2, "quantity": 1}]}
    assert api.operator.post(f"/v1/orders/{number}/cancel", nowhere).status_code == 404
    order = api.operator.ok("POST", f"/v1/orders/{number}/cancel", json={"reason": "out of stock"})
    assert (order["state"], order["lines"][0]["states"]) == ("received", {"received": 7, "cancelled": 3})
    assert [each["code"] for each in order["discrepancies"]] == ["short"]
    assert api.operator.post(f"/v1/orders/{number}/cancel", {"reason": "again"}).status_code == 409


# Demands


def stocked(api: Api) -> None:
    api.receive("SOON", 6, expires_on=SOON)
    api.receive("LATE", 10)


def test_a_requisition_is_allocated_picked_and_shipped(api: Api) -> None:
    stocked(api)
    number = ordered(api, asked("requisition", "main", "st-mary", patient_ref="RX-77"))
    path = f"/v1/orders/{number}"
    reserved = api.operator.ok("POST", f"{path}/allocate", json=again())["lines"][0]
    assert [(each["lot_number"], each["quantity"]) for each in reserved["reservations"]] == [("SOON", 6), ("LATE", 4)]
    assert states(api, number) == {"allocated": 10}
    api.operator.ok("POST", f"{path}/pick", json={"to_place": "staging"})
    assert states(api, number) == {"allocated": 10}
    # What was gathered is reserved still: nobody else gets it.
    other = ordered(api, asked("requisition", "main", "st-mary"))
    assert api.operator.ok("POST", f"/v1/orders/{other}/allocate", json=again())["lines"][0]["missing"] == 4
    moved = api.operator.ok("POST", f"{path}/issue", json={"action": "ship"})
    assert {(each["from_place"], each["to_place"], each["order_ref"]) for each in moved} == {
        ("staging", "st-mary", number)
    }
    assert states(api, number) == {"shipped": 10}
    assert api.operator.post(f"{path}/issue", {"action": "ship"}).status_code == 409
    assert codes(api, number) == []


def test_a_recipient_gets_only_what_lasts_as_long_as_it_demands(api: Api) -> None:
    stocked(api)
    said = {"reason": "contract", "kind": "customer", "shelf_life_days_min": 10, "item_days_min": {"insulin": 90}}
    assert api.administrator.request("PUT", "/v1/recipients/st-mary", json=said).status_code == 200
    number = ordered(api, asked("requisition", "main", "st-mary"))
    line = api.operator.ok("POST", f"/v1/orders/{number}/allocate", json=again())["lines"][0]
    assert [each["lot_number"] for each in line["reservations"]] == ["LATE"]
    assert [reason["code"] for each in line["skipped"] for reason in each["reasons"]] == ["short_dated"]


def test_a_part_is_shipped_and_the_rest_cancelled(api: Api) -> None:
    stocked(api)
    number = ordered(api, asked("requisition", "main", "st-mary"))
    path = f"/v1/orders/{number}"
    soon, late = api.operator.ok("POST", f"{path}/allocate", json=again())["lines"][0]["reservations"]
    api.operator.ok("POST", f"{path}/issue", json={"action": "dispense", "reservations": [soon["id"]]})
    part = {"to_place": "st-mary", "action": "ship", "quantity": 1}
    api.operator.ok("POST", f"/v1/reservations/{late['id']}/pick", json=part)
    assert states(api, number) == {"dispensed": 6, "shipped": 1, "allocated": 3}
    api.operator.ok("POST", f"{path}/cancel", json={"reason": "went home", "lines": [{"line": 1, "quantity": 2}]})
    assert states(api, number) == {"dispensed": 6, "shipped": 1, "allocated": 1, "cancelled": 2}
    api.operator.ok("POST", f"{path}/cancel", json={"reason": "went home"})
    assert states(api, number) == {"dispensed": 6, "shipped": 1, "cancelled": 3}
    assert sum(row["reserved"] for row in api.reader.rows("/v1/stock")) == 0
    too_much = {"to_place": "st-mary", "action": "ship", "quantity": 5}
    assert (
        api.operator.post(f"/v1/reservations/{late['id']}/pick", too_much).json()
        == api.operator.post(f"/v1/reservations/{late['id']}/pick", part).json()
    )  # picked before: the same movement again


def test_a_reservation_that_many_pick_at_once_is_kept_once(api: Api) -> None:
    api.receive("A", 10)
    number = ordered(api, asked("requisition", "main", "st-mary"))
    api.operator.ok("POST", f"/v1/orders/{number}/allocate", json=again())
    with ThreadPoolExecutor(6) as pool:
        answers = list(
            pool.map(lambda _: api.operator.post(f"/v1/orders/{number}/issue", {"action": "ship"}), range(6))
        )
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert 200 in {answer.status_code for answer in answers}
    assert api.reader.rows("/v1/stock") == []
    assert states(api, number) == {"shipped": 10}
    assert api.reader.rows("/v1/cases") == []


def test_a_broken_reservation_is_planned_again_from_other_stock(api: Api) -> None:
    stocked(api)
    number = ordered(api, asked("requisition", "main", "st-mary", ("insulin", 5)))
    first = api.operator.ok("POST", f"/v1/orders/{number}/allocate", json=again())["lines"][0]["reservations"]
    api.quality.ok("POST", "/v1/holds", json={"lot_id": first[0]["lot_id"], "reason": "torn box"})
    assert states(api, number) == {"requested": 5}
    assert replan_broken(api.database, at=NOW) == [number]
    assert states(api, number) == {"allocated": 5}
    (now,) = api.reader.rows("/v1/reservations", demand=number, only_open=True)
    assert now["lot_number"] == "LATE"
    assert replan_broken(api.database, at=NOW) == []
    kinds = [event["kind"] for event in api.reader.ok("GET", "/v1/events", params={"subject": f"order:{number}"})]
    assert kinds == ["order_added", "order_replanned"]


def test_a_running_ledger_plans_broken_reservations_again_by_itself(api: Api) -> None:
    stocked(api)
    number = ordered(api, asked("requisition", "main", "st-mary", ("insulin", 5)))
    first = api.operator.ok("POST", f"/v1/orders/{number}/allocate", json=again())["lines"][0]["reservations"]
    planned = Event()
    with Replanning(api.database, every_s=0.01, clock=lambda: NOW):
        api.quality.ok("POST", "/v1/holds", json={"lot_id": first[0]["lot_id"], "reason": "torn box"})
        for _ in range(3000):  # half a minute at most; the condition ends it
            if states(api, number) == {"allocated": 5}:
                planned.set()
                break
            planned.wait(0.01)
    assert planned.is_set()


def test_a_reservation_that_cannot_be_replaced_stays_missing_and_is_not_planned_for_ever(api: Api) -> None:
    lot = api.receive("ONLY", 5)
    number = ordered(api, asked("requisition", "main", "st-mary", ("insulin", 5)))
    api.operator.ok("POST", f"/v1/orders/{number}/allocate", json=again())
    api.quality.ok("POST", "/v1/holds", json={"lot_id": lot, "reason": "torn box"})
    assert replan_broken(api.database, at=NOW) == [number]
    assert replan_broken(api.database, at=NOW) == []
    assert states(api, number) == {"requested": 5}


def test_an_order_ships_only_what_is_still_eligible(api: Api) -> None:
    lot = api.receive("A", 10)
    number = ordered(api, asked("requisition", "main", "st-mary"))
    api.operator.ok("POST", f"/v1/orders/{number}/allocate", json=again())
    api.excursion("fridge-a", lot)
    response = api.operator.post(f"/v1/orders/{number}/issue", {"action": "ship"})
    assert (response.status_code, "exposed since" in response.json()["error"]) == (409, True)
    assert api.reader.rows("/v1/stock")[0]["quantity"] == 10


# Transfers, returns, destruction


def test_a_transfer_is_on_its_way_until_it_is_received(api: Api) -> None:
    api.receive("A", 10)
    number = ordered(api, asked("transfer", "main", "annex"))
    path = f"/v1/orders/{number}"
    assert api.operator.post(f"{path}/receive", receipt(came("A", 1))).status_code == 200  # it came, whatever we know
    (case,) = [each["kind"] for each in api.reader.rows("/v1/cases", only_open=True) if "negative" in each["kind"]]
    assert case == "negative_balance"


def test_a_transfer_is_shipped_and_received(api: Api) -> None:
    api.receive("A", 10)
    number = ordered(api, asked("transfer", "main", "annex"))
    path = f"/v1/orders/{number}"
    api.operator.ok("POST", f"{path}/allocate", json=again())
    api.operator.ok("POST", f"{path}/issue", json={"action": "ship"})
    assert states(api, number) == {"shipped": 10}
    assert api.reader.rows("/v1/stock") == []
    assert [
        row["states"] for row in api.reader.rows("/v1/states", item="insulin") if row["place_kind"] == "transit"
    ] == [{"shipped": 10}]
    order = api.operator.ok("POST", f"{path}/receive", json=receipt(came("A", 9, expires_on=None), **at_now()))
    assert order["lines"][0]["states"] == {"received": 9, "shipped": 1}
    assert order["discrepancies"] == []
    assert [(row["place"], row["quantity"]) for row in api.reader.rows("/v1/stock")] == [("annex", 9)]


def at_now() -> dict[str, str]:
    return {"occurred_at": NOW.isoformat()}


def test_what_comes_back_is_held_until_it_is_decided(api: Api) -> None:
    api.receive("A", 10)
    number = ordered(api, asked("requisition", "main", "st-mary"))
    api.operator.ok("POST", f"/v1/orders/{number}/allocate", json=again())
    api.operator.ok("POST", f"/v1/orders/{number}/issue", json={"action": "ship"})
    back = ordered(api, asked("return", "st-mary", "returns", ("insulin", 4), returns_order=number))
    said = receipt(came("A", 4, expires_on=None), **at_now())
    assert api.operator.ok("POST", f"/v1/orders/{back}/receive", json=said)["lines"][0]["states"] == {"returned": 4}
    assert states(api, number) == {"shipped": 6, "returned": 4}
    (row,) = api.reader.rows("/v1/states", place="returns")
    assert row["states"] == {"returned": 4}
    other = ordered(api, asked("requisition", "main", "st-mary", ("insulin", 4)))
    assert api.operator.ok("POST", f"/v1/orders/{other}/allocate", json=again())["lines"][0]["missing"] == 4
    (hold,) = api.reader.rows("/v1/holds/placed", only_open=True)
    api.quality.ok("POST", f"/v1/holds/{hold['id']}/lift", json={"reason": "sealed, cold chain proven"})
    assert api.reader.rows("/v1/states", place="returns")[0]["states"] == {"available": 4}


def test_stock_is_destroyed_by_two_people_after_a_third_approved(api: Api) -> None:
    lot = api.receive("A", 10, expires_on="2026-05-01")
    assert api.reader.rows("/v1/states", lot=lot, place="main")[0]["states"] == {"expired": 10}
    line = {"item": "insulin", "quantity": 8, "lot_number": "A"}
    assert api.operator.post("/v1/orders", asked("destruction", "fridge-a", "scrap", ("insulin", 8))).status_code == 422
    number = ordered(api, asked("destruction", "fridge-a", "scrap", line))
    path = f"/v1/orders/{number}"
    assert api.operator.post(f"{path}/approve", WHY).status_code == 403
    assert api.operator.post(f"{path}/witness", WHY).status_code == 409
    api.quality.ok("POST", f"{path}/approve", json=WHY)
    assert api.operator.post(f"{path}/destroy", again()).status_code == 409
    colleague = api.known_as("operator-2", Role.OPERATOR)
    colleague.ok("POST", f"{path}/witness", json=WHY)
    assert colleague.post(f"{path}/destroy", again()).status_code == 403
    once = again()
    assert api.operator.ok("POST", f"{path}/destroy", json=once)["state"] == "destroyed"
    assert api.operator.ok("POST", f"{path}/destroy", json=once)["lines"][0]["states"] == {"destroyed": 8}
    assert api.reader.rows("/v1/stock")[0]["quantity"] == 2


# Bad input


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"kind": "gift"}, 422),
        ({"from_place": "fridge-a"}, 422),
        ({"from_place": "nowhere"}, 404),
        ({"owner": "nobody"}, 404),
        ({"lines": []}, 422),
        ({"lines": [{"item": "insulin", "quantity": 0}]}, 422),
        ({"lines": [{"item": "nothing", "quantity": 1}]}, 404),
        ({"lines": [{"item": "insulin", "quantity": 1}, {"item": "insulin", "quantity": 2}]}, 422),
        ({"returns_order": "SO-9"}, 404),
        ({"number": "with space"}, 422),
        ({"colour": "red"}, 422),
    ],
)
def test_an_order_that_makes_no_sense_is_refused(api: Api, change: dict[str, Any], status: int) -> None:
    response = api.operator.post("/v1/orders", asked("purchase", "acme", "fridge-a") | change)
    assert (response.status_code, set(response.json())) == (status, {"error", "what_to_do"})
    assert api.reader.rows("/v1/orders") == []


def test_the_same_request_again_gives_the_same_order_and_another_under_its_id_is_refused(api: Api) -> None:
    body = asked("purchase", "acme", "fridge-a", number="PO-2026-1")
    first = api.operator.ok("POST", "/v1/orders", json=body)
    assert api.operator.ok("POST", "/v1/orders", json=body) == first
    assert api.operator.post("/v1/orders", body | {"note": "other"}).status_code == 409
    assert api.operator.post("/v1/orders", asked("purchase", "acme", "fridge-a", number="PO-2026-1")).status_code == 409
    assert [row["number"] for row in api.reader.rows("/v1/orders", kind="purchase", place="acme")] == ["PO-2026-1"]


def test_only_those_who_may_order(api: Api) -> None:
    for who in (api.reader, api.quality, api.administrator):
        assert who.post("/v1/orders", asked("purchase", "acme", "fridge-a")).status_code == 403
    for step in ("approve", "reject", "place", "witness", "cancel"):
        assert api.administrator.post(f"/v1/orders/PO-1/{step}", WHY).status_code == 403
        if step in ("place", "cancel"):
            assert api.operator.post(f"/v1/orders/PO-1/{step}", WHY).status_code == 404
    assert api.reader.get("/v1/orders/PO-1").status_code == 404


# Replenishment


def test_what_runs_low_is_proposed_requested_and_then_no_longer_proposed(api: Api) -> None:
    level = {"reason": "new contract", "supplier": "acme", "reorder_point": 10, "par_level": 40}
    assert api.administrator.request("PUT", "/v1/reorder-levels/insulin/main", json=level).status_code == 201
    held = api.receive("A", 20)
    api.receive("B", 12)
    assert api.reader.ok("GET", "/v1/replenishment") == []
    api.quality.ok("POST", "/v1/holds", json={"lot_id": held, "reason": "torn box"})
    assert api.reader.ok("GET", "/v1/replenishment") == []
    api.operator.ok("POST", f"/v1/orders/{ordered(api, asked('requisition', 'main', 'st-mary', ('insulin', 2)))}/allocate", json=again())  # fmt: skip  # noqa: E501
    (proposal,) = api.reader.ok("GET", "/v1/replenishment")
    assert (proposal["usable"], proposal["on_order"], proposal["propose"]) == (10, 0, 30)
    said = again()
    (order,) = api.operator.ok("POST", "/v1/replenishment/requisitions", json=said)
    assert (order["state"], order["lines"][0]["quantity"], order["from_place"]) == ("requested", 30, "acme")
    assert api.operator.ok("POST", "/v1/replenishment/requisitions", json=said)[0]["number"] == order["number"]
    assert api.reader.ok("GET", "/v1/replenishment") == []
