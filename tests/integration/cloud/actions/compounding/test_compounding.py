"""Compounding over HTTP: master formulation records, batches, records, environment and release."""

import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from cloud_sync.actions.people.erasure import erase
from cloud_sync.actions.people.signatures import set_rule
from cloud_sync.domain.personal_data import TOKEN
from cloud_sync.domain.roles import Role
from cloud_sync.ingest.batches import store_batch
from cloud_sync.ingest.receipts import BatchOutcome
from cloud_sync.posting.reservations.broken_reservations import break_reservations
from cloud_sync.posting.reservations.fefo_allocation import FIRST_LOOK
from cloud_sync.storage.database import Database
from edge_agent.domain.wire.records import Action, Reading, Record
from tests.support.builders import COLD, GatewayWithKey, Ledger, line, reading, scan
from tests.support.ledger_api import NOW, Api, Somebody, api_on, movement

BASE_GTIN = "00312345678906"
MASTER_RECORD: dict[str, Any] = {
    "quantity": 100,
    "preparation": "category_2_aseptic_untested",
    "storage": "refrigerator",
    "ingredients": [
        {"item": "drug", "quantity": 10, "tolerance_pct": 5},
        {"item": "diluent", "quantity": 100, "tolerance_pct": 5},
    ],
    "steps": [{"text": "weigh", "second_check": True}, {"text": "mix"}],
    "equipment": ["balance"],
    "tests": ["appearance"],
    "yield_min_pct": 90,
    "yield_max_pct": 105,
}
AGO = timedelta(hours=6)


def hour(number: float) -> datetime:
    """That many hours after the run begins, six hours before now."""
    return NOW - AGO + timedelta(hours=number)


class Pharmacy:
    """A clean room below a site, ingredients in a store, a master formulation record that quality has approved."""

    def __init__(self, api: Api, database: Database) -> None:
        self.api = api
        self.ledger = Ledger(database)
        self.gateway = GatewayWithKey()
        self.gateway.register(database)
        self.second = api.known_as("operator-2", Role.OPERATOR)
        self.other_quality = api.known_as("quality-2", Role.QUALITY)
        self.ledger.add_policy(COLD)
        api.place("acme", "supplier")
        api.place("main", "site")
        self.ledger.run("UPDATE gateway SET place_id = (SELECT id FROM place WHERE name = 'main')")
        api.place("store", parent="main")
        api.place("cool-room", parent="main", policy="cold")
        api.place("ward-3", "ward", parent="main")
        self.ledger.put_probe("cool-room")
        api.item("drug", gtins=[{"gtin": BASE_GTIN}])
        api.item("diluent")
        api.item("syringe")
        self.receive("drug", "D1", 100, "2027-01-31")
        self.receive("diluent", "W1", 1000, "2027-06-30")
        api.administrator.ok("PUT", "/v1/items/syringe/compounding", json={"kind": "503B"})

    def receive(self, item: str, lot: str, quantity: int, expires_on: str) -> None:
        lines = [{"item": item, "lot_number": lot, "quantity": quantity, "expires_on": expires_on}]
        self.api.operator.ok("POST", "/v1/movements", json=movement("receive", "acme", "store", lines))

    def master_record(self, item: str = "syringe", **changes: Any) -> None:
        body = {"name": f"{item}-record", "item": item, "body": MASTER_RECORD | changes}
        drafted = self.api.administrator.ok("POST", "/v1/master-formulation-records", json=body)
        path = f"/v1/master-formulation-records/{item}-record/{drafted['version']}/approve"
        self.api.quality.ok("POST", path, json={"reason": "checked against USP <797>"})

    def plan(self, number: str = "B1", item: str = "syringe", **more: Any) -> dict[str, Any]:
        body = {
            "number": number,
            "master_formulation_record": f"{item}-record",
            "room": "cool-room",
            "quantity": 100,
            **more,
        }
        planned: dict[str, Any] = self.api.operator.ok("POST", "/v1/production-batches", json=body)
        return planned

    def do(self, what: str, body: dict[str, Any], *, who: Somebody | None = None, number: str = "B1") -> httpx.Response:
        return (who or self.api.operator).post(f"/v1/production-batches/{number}/{what}", body)

    def done(self, what: str, body: dict[str, Any], *, who: Somebody | None = None, number: str = "B1") -> Any:
        response = self.do(what, body, who=who, number=number)
        assert response.is_success, response.text
        return response.json()

    def consume(self, at: datetime, *, drug: int = 10, diluent: int = 100, number: str = "B1") -> None:
        lines = [
            {"item": "drug", "lot_number": "D1", "quantity": drug},
            {"item": "diluent", "lot_number": "W1", "quantity": diluent},
        ]
        body = {"client_id": str(uuid.uuid4()), "from_place": "store", "occurred_at": at.isoformat(), "lines": lines}
        self.done("consume", body, number=number)

    def work(self, number: str = "B1") -> None:
        self.done("steps", {"step": 1}, number=number)
        self.done("checks", {"step": 1}, who=self.second, number=number)
        self.done("steps", {"step": 2}, number=number)
        self.done("equipment", {"equipment": "balance", "serial": "BAL-7"}, number=number)

    def take_out(self, at: datetime, *, to_place: str = "store", number: str = "B1", **more: Any) -> httpx.Response:
        body = {"client_id": str(uuid.uuid4()), "lot_number": "P1", "quantity": 98, "to_place": to_place,
                "occurred_at": at.isoformat(), **more}  # fmt: skip
        return self.do("yields", body, number=number)

    def finish(self, at: datetime, number: str = "B1") -> Any:
        return self.done("finish", {"occurred_at": at.isoformat()}, number=number)

    def run(self, *, began: float = 0, out: float = 1, finished: float = 2, number: str = "B1") -> None:
        self.consume(hour(began), number=number)
        self.work(number)
        assert self.take_out(hour(out), number=number).is_success
        self.finish(hour(finished), number)
        self.done("tests", {"test": "appearance", "result": "clear", "passed": True}, who=self.api.quality,
                  number=number)  # fmt: skip

    def say(self, *records: Record) -> None:
        receipt = store_batch(self.ledger.database, self.gateway.batch(*records))
        assert receipt.outcome is BatchOutcome.STORED, receipt.reason

    def measure(self, *values: tuple[float, float]) -> None:
        """(hour, temperature) in the clean room."""
        self.say(*(reading(hour(at), temp_c) for at, temp_c in values))

    def record(self, number: str = "B1") -> dict[str, Any]:
        record: dict[str, Any] = self.api.reader.ok("GET", f"/v1/production-batches/{number}")
        return record

    def release(self, who: Somebody | None = None, number: str = "B1") -> httpx.Response:
        return self.do("release", {"reason": "all in order"}, who=who or self.api.quality, number=number)

    def held_lots(self) -> set[tuple[str, str | None]]:
        return {(row["lot_number"], row["place"]) for row in self.api.reader.rows("/v1/holds")
                if row["kind"] == "exposure"}  # fmt: skip


@pytest.fixture
def pharmacy(database: Database) -> Iterator[Pharmacy]:
    with api_on(database) as api:
        opened = Pharmacy(api, database)
        opened.master_record()
        opened.plan()
        yield opened


GOOD = [(-1, 5.0), (0.5, 5.2), (1.5, 4.8), (3, 5.0)]


def test_a_batch_goes_from_plan_to_release_and_its_product_may_be_issued_then(pharmacy: Pharmacy) -> None:
    assert pharmacy.record()["state"] == "planned"
    pharmacy.measure(*GOOD)
    pharmacy.consume(hour(0))
    assert pharmacy.record()["state"] == "in_process"
    pharmacy.work()
    assert pharmacy.take_out(hour(1)).is_success
    record = pharmacy.finish(hour(2))
    assert (record["state"], record["made"], record["made_pct"]) == ("finished", 98, 98.0)
    assert record["products"][0]["expires_at"] == (hour(0) + timedelta(days=10)).isoformat().replace("+00:00", "Z")
    assert [(part["item"], part["consumed"], part["used"], part["left"]) for part in record["components"]] == [
        ("diluent", 100, 100, 0),
        ("drug", 10, 10, 0),
    ]
    (channel,) = record["environment"]
    assert (channel["readings"], channel["lowest"], channel["highest"]) == (2, 4.8, 5.2)
    demand = {"client_id": str(uuid.uuid4()), "item": "syringe", "quantity": 5, "demand": "SO-1"}
    refused = pharmacy.api.operator.ok("POST", "/v1/allocations", json=demand)
    assert (refused["missing"], "not released" in refused["skipped"][0]["reasons"][0]["text"]) == (5, True)
    assert "no result of appearance" in pharmacy.release().json()["error"]
    pharmacy.done("tests", {"test": "appearance", "result": "clear", "passed": True}, who=pharmacy.api.quality)
    assert pharmacy.release().json()["state"] == "released"
    given = pharmacy.api.operator.ok("POST", "/v1/allocations", json=demand | {"client_id": str(uuid.uuid4())})
    assert given["missing"] == 0


def test_who_made_a_batch_does_not_release_it_and_roles_are_kept(pharmacy: Pharmacy) -> None:
    pharmacy.measure(*GOOD)
    pharmacy.run()
    assert pharmacy.release(pharmacy.api.operator).status_code == 403
    assert pharmacy.release(pharmacy.api.administrator).status_code == 403
    assert pharmacy.do("steps", {"step": 1}, who=pharmacy.api.quality).status_code == 403
    # Somebody whose token later got another role is still the one who made it.
    pharmacy.ledger.run_as_owner("UPDATE api_token SET role = 'quality' WHERE name = 'operator-2'")
    refused = pharmacy.release(pharmacy.second)
    assert (refused.status_code, "had a hand" in refused.json()["error"]) == (403, True)
    assert pharmacy.release().status_code == 200
    assert pharmacy.release().status_code == 409


def test_a_master_formulation_record_is_approved_by_another_person_and_never_changes(pharmacy: Pharmacy) -> None:
    body = {"name": "second", "item": "syringe", "body": MASTER_RECORD}
    assert pharmacy.api.operator.post("/v1/master-formulation-records", body).status_code == 403
    assert pharmacy.api.administrator.ok("POST", "/v1/master-formulation-records", json=body)["version"] == 1
    plan = {"number": "B2", "master_formulation_record": "second", "room": "cool-room", "quantity": 10}
    assert "no version" in pharmacy.api.operator.post("/v1/production-batches", plan).json()["error"]
    pharmacy.ledger.run_as_owner("UPDATE api_token SET role = 'quality' WHERE name = 'administrator-1'")
    why = {"reason": "fine by me"}
    assert pharmacy.api.administrator.post("/v1/master-formulation-records/second/1/approve", why).status_code == 403
    assert pharmacy.api.quality.post("/v1/master-formulation-records/second/1/approve", why).status_code == 200
    assert pharmacy.api.quality.post("/v1/master-formulation-records/second/1/approve", why).status_code == 409
    with pytest.raises(Exception, match="only approved_by, approved_at may change"):
        pharmacy.ledger.run("UPDATE master_formulation_record SET body = '{}' WHERE name = 'second'")
    unknown = MASTER_RECORD | {"ingredients": [{"item": "unobtainium", "quantity": 1}]}
    body = {"name": "third", "item": "syringe", "body": unknown}
    pharmacy.ledger.run_as_owner("UPDATE api_token SET role = 'administrator' WHERE name = 'administrator-1'")
    assert pharmacy.api.administrator.post("/v1/master-formulation-records", body).status_code == 404


def test_a_step_that_wants_a_second_person_is_not_checked_by_the_first(pharmacy: Pharmacy) -> None:
    assert pharmacy.do("checks", {"step": 1}, who=pharmacy.second).status_code == 409
    pharmacy.done("steps", {"step": 1})
    assert pharmacy.do("steps", {"step": 1}).status_code == 409
    assert pharmacy.do("checks", {"step": 1}).status_code == 403
    assert pharmacy.do("steps", {"step": 3}).status_code == 404
    assert "step 1 was not checked" in "; ".join(pharmacy.record()["open_points"])
    pharmacy.done("checks", {"step": 1}, who=pharmacy.second)
    assert "step 1" not in "; ".join(pharmacy.record()["open_points"])


def test_held_stock_may_not_be_consumed_by_command_and_a_scan_of_it_is_a_case(pharmacy: Pharmacy) -> None:
    (lot,) = pharmacy.api.reader.rows("/v1/lots", item="drug")
    pharmacy.api.quality.ok("POST", "/v1/holds", json={"lot_id": lot["id"], "reason": "torn box"})
    lines = [{"item": "drug", "lot_number": "D1", "quantity": 10}]
    body = {"client_id": str(uuid.uuid4()), "from_place": "store", "occurred_at": hour(0).isoformat(), "lines": lines}
    refused = pharmacy.do("consume", body)
    assert (refused.status_code, "torn box" in refused.json()["error"]) == (409, True)
    assert pharmacy.record()["components"] == []
    scanned = line(10, "D1", gtin=BASE_GTIN)
    pharmacy.ledger.run_as_owner(f"UPDATE hold SET since = '{hour(-1).isoformat()}'")
    pharmacy.say(scan(hour(0), Action.CONSUME, "store", "B1", scanned))
    assert "issued_while_held" in pharmacy.ledger.open_cases()
    record = pharmacy.record()
    assert (record["state"], record["components"][0]["consumed"]) == ("held", 10)


def test_what_the_master_formulation_record_does_not_name_is_refused_and_wrong_quantities_need_a_deviation(
    pharmacy: Pharmacy,
) -> None:
    pharmacy.measure(*GOOD)
    lines = [{"item": "syringe", "lot_number": "D1", "quantity": 10}]
    body = {"client_id": str(uuid.uuid4()), "from_place": "store", "occurred_at": hour(0).isoformat(), "lines": lines}
    assert pharmacy.do("consume", body).status_code == 422
    pharmacy.consume(hour(0), drug=12)
    pharmacy.work()
    assert pharmacy.take_out(hour(1), quantity=50).is_success
    pharmacy.finish(hour(2))
    pharmacy.done("tests", {"test": "appearance", "result": "clear", "passed": True}, who=pharmacy.api.quality)
    error = pharmacy.release().json()["error"]
    assert "12 of drug were used" in error and "50.0 % is not between" in error
    for number, topic in enumerate(("ingredient", "yield"), start=1):
        pharmacy.done("deviations", {"topic": topic, "text": "spilled some"})
        assert f"deviation {number} is not assessed" in pharmacy.release().json()["error"]
        pharmacy.done(f"deviations/{number}/assess", {"conclusion": "no effect"}, who=pharmacy.api.quality)
    assert pharmacy.release().status_code == 200


def test_leftovers_go_back_and_the_rest_is_reconciled(pharmacy: Pharmacy) -> None:
    pharmacy.measure(*GOOD)
    pharmacy.consume(hour(0), drug=15)
    lines = [{"item": "drug", "lot_number": "D1", "quantity": 5}]
    back = movement("return", "B1", "store", lines, occurred_at=hour(0.5).isoformat())
    pharmacy.api.operator.ok("POST", "/v1/movements", json=back)
    pharmacy.work()
    assert pharmacy.take_out(hour(1)).is_success
    parts = {part["item"]: part for part in pharmacy.finish(hour(2))["components"]}
    assert {key: parts["drug"][key] for key in ("consumed", "returned", "used", "left")} == {
        "consumed": 15, "returned": 5, "used": 10, "left": 0,
    }  # fmt: skip
    assert [product["lot_number"] for product in pharmacy.record()["products"]] == ["P1"]
    # A consumption that was scanned in time and comes late is not accounted for.
    pharmacy.say(scan(hour(1.5), Action.CONSUME, "store", "B1", line(3, "D1", gtin=BASE_GTIN, expires_on=None)))
    assert "3 of lot D1 (drug) are not accounted for" in pharmacy.record()["open_points"]


@pytest.mark.parametrize(
    ("excursion", "held"),
    [
        ((0.5, 0.7), True),  # while it was made
        ((-3, 0.7), True),  # began before the ingredients arrived
        ((1.2, 1.5), True),  # after the product left, by a typed time: it may have left when that was typed
        ((-3, -1), False),  # over before the ingredients came
        ((2.5, 2.7), True),  # long after, by a time that was typed
    ],
)
def test_an_excursion_in_the_room_holds_what_was_made_in_it_meanwhile(
    pharmacy: Pharmacy, excursion: tuple[float, float], held: bool
) -> None:
    began, ended = excursion
    set_rule(pharmacy.api.database, "excursion_minutes", None, reason="one signature here", actor="test")
    pharmacy.run()
    pharmacy.measure((-4, 5.0), (began, 9.5), (ended, 5.0), (1.9, 5.0), (3, 5.0))
    assert (("P1", "store") in pharmacy.held_lots()) is held
    record = pharmacy.record()
    assert record["state"] == ("held" if held else "finished")
    assert len(record["excursions"]) == (1 if began < 2 and ended > 0 else 0)
    answer = pharmacy.release()
    assert answer.status_code == (409 if held else 200)
    if held:
        (excursion_row,) = pharmacy.api.reader.rows("/v1/excursions")
        lot = record["products"][0]["lot_id"]
        body = {"excursion_id": excursion_row["id"], "lot_id": lot, "decision": "release", "reason": "12 min at 9.5 °C"}
        pharmacy.api.quality.ok("POST", "/v1/dispositions", json=body)
        assert pharmacy.release().json()["state"] == "released"


def test_a_batch_in_process_is_held_while_the_room_is_out(pharmacy: Pharmacy) -> None:
    pharmacy.consume(hour(0))
    pharmacy.measure((-1, 5.0), (0.5, 9.5))
    assert pharmacy.record()["state"] == "held"
    assert pharmacy.held_lots() == {("D1", "B1"), ("W1", "B1")}  # and not what is left of them in the store


def test_what_is_consumed_and_taken_out_at_one_instant_of_an_excursion_is_held(pharmacy: Pharmacy) -> None:
    pharmacy.measure((-1, 5.0), (-0.5, 9.5), (0.5, 5.0))
    pharmacy.consume(hour(0))
    assert pharmacy.take_out(hour(0)).is_success
    pharmacy.finish(hour(0))
    assert pharmacy.held_lots() == {("P1", "store")}
    assert pharmacy.record()["state"] == "held"


def test_what_is_consumed_and_taken_out_at_one_instant_is_held_when_the_readings_come_last(pharmacy: Pharmacy) -> None:
    pharmacy.consume(hour(0))
    assert pharmacy.take_out(hour(0)).is_success
    pharmacy.finish(hour(0))
    assert pharmacy.held_lots() == set()
    pharmacy.measure((-1, 5.0), (-0.5, 9.5), (0.5, 5.0))
    assert pharmacy.held_lots() == {("P1", "store")}


def test_evidence_that_comes_after_the_release_holds_the_product_again(pharmacy: Pharmacy) -> None:
    pharmacy.measure(*GOOD)
    pharmacy.run()
    assert pharmacy.release().status_code == 200
    pharmacy.measure((0.6, 9.5))
    assert pharmacy.record()["state"] == "held"
    demand = {"client_id": str(uuid.uuid4()), "item": "syringe", "quantity": 5, "demand": "SO-1"}
    assert pharmacy.api.operator.ok("POST", "/v1/allocations", json=demand)["missing"] == 5


def test_a_run_that_nobody_measured_is_not_released_without_a_deviation(pharmacy: Pharmacy) -> None:
    pharmacy.run()
    assert "no readings from the run" in pharmacy.release().json()["error"]
    pharmacy.done("deviations", {"topic": "environment", "text": "logger was off"})
    pharmacy.done("deviations/1/assess", {"conclusion": "second logger was fine"}, who=pharmacy.api.quality)
    assert pharmacy.release().status_code == 200


def test_a_rejected_batch_stays_blocked_and_may_be_destroyed(pharmacy: Pharmacy) -> None:
    pharmacy.run()
    pharmacy.done("tests", {"test": "appearance", "result": "cloudy", "passed": False}, who=pharmacy.api.quality)
    assert "appearance failed" in pharmacy.release().json()["error"]
    done = pharmacy.do("reject", {"reason": "cloudy"}, who=pharmacy.api.quality)
    assert done.json()["state"] == "rejected"
    texts = [row["text"] for row in pharmacy.api.reader.rows("/v1/holds")]
    assert any("was rejected: cloudy" in text for text in texts)
    assert pharmacy.api.destroy("store", "P1", 98, item="syringe").status_code == 200


def test_a_beyond_use_date_is_never_after_a_component_nor_after_the_table(pharmacy: Pharmacy) -> None:
    pharmacy.receive("drug", "D2", 10, (NOW + timedelta(days=2)).date().isoformat())
    lines = [{"item": "drug", "lot_number": "D2", "quantity": 10}]
    body = {"client_id": str(uuid.uuid4()), "from_place": "store", "occurred_at": hour(0).isoformat(), "lines": lines}
    pharmacy.done("consume", body)
    given = {"beyond_use_at": (hour(0) + timedelta(days=9)).isoformat(), "beyond_use_reason": "we tested it"}
    assert pharmacy.take_out(hour(1), **given).status_code == 409
    assert pharmacy.take_out(hour(1), beyond_use_at=given["beyond_use_at"]).status_code == 422
    assert pharmacy.take_out(hour(1)).is_success
    (product,) = pharmacy.record()["products"]
    assert product["expires_at"].startswith((NOW + timedelta(days=3)).date().isoformat())


def test_where_the_table_has_no_date_a_person_gives_it_with_a_reason(pharmacy: Pharmacy) -> None:
    pharmacy.master_record(preparation="other")
    pharmacy.plan("B2")
    pharmacy.consume(hour(0), number="B2")
    refused = pharmacy.take_out(hour(1), number="B2")
    assert (refused.status_code, "beyond_use_at" in refused.json()["what_to_do"]) == (409, True)
    given = {"beyond_use_at": hour(36).isoformat(), "beyond_use_reason": "stability study 12-7"}
    assert pharmacy.take_out(hour(1), number="B2", **given).is_success
    facts = [fact["data"] for fact in pharmacy.record("B2")["facts"] if fact["kind"] == "yield"]
    assert facts[0]["source"] == "stability study 12-7"


@pytest.mark.parametrize("storage", ["room", "freezer"])
def test_where_the_chapter_has_no_such_storage_nobody_gives_a_date(pharmacy: Pharmacy, storage: str) -> None:
    pharmacy.master_record(preparation="nonsterile_aqueous_unpreserved", storage=storage)
    pharmacy.plan("B2")
    pharmacy.consume(hour(0), number="B2")
    given = {"beyond_use_at": hour(36).isoformat(), "beyond_use_reason": "stability study 12-7"}
    for said in ({}, given):
        refused = pharmacy.take_out(hour(1), number="B2", **said)
        assert (refused.status_code, "store it otherwise" in refused.text) == (409, True), refused.text
    assert pharmacy.record("B2")["products"] == []


def test_asking_twice_for_a_yield_books_it_once(pharmacy: Pharmacy) -> None:
    pharmacy.consume(hour(0))
    client_id = str(uuid.uuid4())
    for _ in range(2):
        assert pharmacy.take_out(hour(1), client_id=client_id).is_success
    assert pharmacy.record()["made"] == 98
    assert pharmacy.take_out(hour(1), client_id=client_id, quantity=97).status_code == 409


def test_asking_twice_for_ingredients_books_them_once_also_when_the_batch_was_finished_since(
    pharmacy: Pharmacy,
) -> None:
    pharmacy.measure(*GOOD)
    line_of = {"item": "drug", "lot_number": "D1", "quantity": 10}
    body = {"client_id": str(uuid.uuid4()), "from_place": "store", "occurred_at": hour(0).isoformat(),
            "lines": [line_of]}  # fmt: skip
    first = pharmacy.done("consume", body)
    pharmacy.finish(hour(1))
    assert pharmacy.done("consume", body) == first
    assert pharmacy.do("consume", body | {"client_id": str(uuid.uuid4())}).status_code == 409


def test_a_hold_on_what_was_made_keeps_its_batch_from_release_wherever_it_is(pharmacy: Pharmacy) -> None:
    pharmacy.measure(*GOOD)
    pharmacy.run()
    (lot,) = pharmacy.api.reader.rows("/v1/lots", item="syringe")
    body = {"lot_id": lot["id"], "place": "store", "reason": "stopper dust in the room"}
    hold = pharmacy.api.quality.ok("POST", "/v1/holds", json=body)
    assert "stopper dust" in pharmacy.release().json()["error"]
    pharmacy.done("tests", {"test": "appearance", "result": "clear", "passed": True}, who=pharmacy.api.quality)
    pharmacy.other_quality.ok("POST", f"/v1/holds/{hold['id']}/lift", json={"reason": "looked at it"})
    assert pharmacy.release().is_success


def test_what_is_made_for_one_patient_needs_a_prescription_and_is_stock_for_nobody(pharmacy: Pharmacy) -> None:
    api = pharmacy.api
    api.item("eye-drops")
    api.administrator.ok("PUT", "/v1/items/eye-drops/compounding", json={"kind": "503A"})
    assert api.administrator.request("PUT", "/v1/items/eye-drops/compounding", json={"kind": "503B"}).status_code == 409
    pharmacy.master_record("eye-drops", tests=[])
    plan = {"number": "RXB", "master_formulation_record": "eye-drops-record", "room": "cool-room", "quantity": 100}
    assert api.operator.post("/v1/production-batches", plan).status_code == 422
    pharmacy.plan("RXB", "eye-drops", prescription="RX-1")
    other = {"number": "B9", "master_formulation_record": "syringe-record", "prescription": "RX-1"}
    assert api.operator.post("/v1/production-batches", plan | other).status_code == 422
    pharmacy.measure(*GOOD)
    pharmacy.run(number="RXB")
    lines = [{"item": "eye-drops", "lot_number": "P1", "quantity": 98}]

    def dispense(order: str) -> httpx.Response:
        return api.operator.post("/v1/movements", movement("dispense", "store", "ward-3", lines, order=order,
                                                           occurred_at=hour(4).isoformat()))  # fmt: skip

    assert "not released" in dispense("RX-1").json()["error"]
    assert pharmacy.release(number="RXB").status_code == 200
    demand = {"client_id": str(uuid.uuid4()), "item": "eye-drops", "quantity": 5, "demand": "RX-2"}
    assert api.operator.ok("POST", "/v1/allocations", json=demand)["missing"] == 5
    assert "made for prescription RX-1, not for RX-2" in dispense("RX-2").json()["error"]
    assert dispense("RX-1").status_code == 201


def test_what_is_made_for_one_patient_is_dispensed_for_an_order_with_that_prescription(pharmacy: Pharmacy) -> None:
    api = pharmacy.api
    api.item("eye-drops", gtins=[{"gtin": "09501101530003"}])
    api.administrator.ok("PUT", "/v1/items/eye-drops/compounding", json={"kind": "503A"})
    pharmacy.master_record("eye-drops", tests=[])
    pharmacy.plan("RXB", "eye-drops", prescription="RX-1")
    pharmacy.measure(*GOOD)
    pharmacy.run(number="RXB")
    assert pharmacy.release(number="RXB").status_code == 200
    numbers = {}
    for prescription in ("RX-1", "RX-2"):
        asked = {"client_id": str(uuid.uuid4()), "kind": "requisition", "from_place": "main", "to_place": "ward-3",
                 "patient_ref": prescription, "lines": [{"item": "eye-drops", "quantity": 20}]}  # fmt: skip
        numbers[prescription] = api.operator.ok("POST", "/v1/orders", json=asked)["number"]
    lines = [{"item": "eye-drops", "lot_number": "P1", "quantity": 20}]

    def dispense(order: str) -> httpx.Response:
        return api.operator.post("/v1/movements", movement("dispense", "store", "ward-3", lines, order=order,
                                                           occurred_at=hour(4).isoformat()))  # fmt: skip

    assert "made for prescription RX-1" in dispense(numbers["RX-2"]).json()["error"]
    assert dispense(numbers["RX-1"]).status_code == 201
    assert api.reader.ok("GET", f"/v1/orders/{numbers['RX-1']}")["state"] == "dispensed"

    # Planned when the run began, not by the clock of the machine.
    pharmacy.ledger.run_as_owner(f"UPDATE production_batch SET planned_at = '{hour(0).isoformat()}'")

    def told(action: Action, minutes: int, order: str | None) -> list[str]:
        at = hour(4.5) + timedelta(minutes=minutes)
        pharmacy.say(scan(at, action, "store", "ward-3", line(1, "P1", expires_on=None), order=order))
        return [row["text"] for row in api.reader.rows("/v1/cases", kind="issued_while_held")]

    assert told(Action.DISPENSE, 1, "RX-1") == []
    assert told(Action.DISPENSE, 2, numbers["RX-1"]) == []
    wrong = "dispense of 1 although held: made for one prescription alone"
    assert told(Action.DISPENSE, 3, numbers["RX-2"]) == [wrong]
    assert sorted(told(Action.DISPENSE, 4, None)) == [wrong, wrong]
    assert "ship of 1 although held: made for one prescription alone" in told(Action.SHIP, 5, None)


DROPS_GTIN = "09501101530003"


@pytest.fixture
def drops(pharmacy: Pharmacy) -> Pharmacy:
    """98 eye drops (P1) made for prescription RX-1 alone and released, and 50 of the maker's (M1, sooner out)."""
    api = pharmacy.api
    api.item("eye-drops", gtins=[{"gtin": DROPS_GTIN}])
    api.administrator.ok("PUT", "/v1/items/eye-drops/compounding", json={"kind": "503A"})
    pharmacy.master_record("eye-drops", tests=[])
    pharmacy.plan("RXB", "eye-drops", prescription="RX-1")
    pharmacy.measure(*GOOD)
    pharmacy.run(number="RXB")
    assert pharmacy.release(number="RXB").is_success
    # Planned when the run began, not by the clock of the machine.
    pharmacy.ledger.run_as_owner(f"UPDATE production_batch SET planned_at = '{hour(0).isoformat()}'")
    pharmacy.receive("eye-drops", "M1", 50, (NOW + timedelta(days=2)).date().isoformat())
    return pharmacy


def test_a_prescription_is_erased_from_its_batch_and_two_that_are_erased_are_not_one(drops: Pharmacy) -> None:
    for prescription in ("RX-1", "RX-9"):
        number = drops_order(drops, prescription, 5)
        for actor in ("ada", "ben"):
            erase(drops.api.database, prescription, reason="asked for", although_signed=True, at=NOW, actor=actor)
    with drops.api.database.transaction() as connection:
        rows = connection.execute("SELECT prescription FROM production_batch WHERE prescription <> ''").fetchall()
    assert [TOKEN.fullmatch(row["prescription"]) is not None for row in rows] == [True]
    assert drops.api.reader.ok("GET", "/v1/production-batches/RXB")["prescription"] == "erased"
    assert allocated(drops, number)["taken"] == [("M1", 5)], "made for another prescription, erased like this one"


def drops_order(pharmacy: Pharmacy, prescription: str, quantity: int) -> str:
    asked = {"client_id": str(uuid.uuid4()), "kind": "requisition", "from_place": "main", "to_place": "ward-3",
             "patient_ref": prescription, "lines": [{"item": "eye-drops", "quantity": quantity}]}  # fmt: skip
    return str(pharmacy.api.operator.ok("POST", "/v1/orders", json=asked)["number"])


def allocated(pharmacy: Pharmacy, number: str) -> dict[str, Any]:
    path, asked = f"/v1/orders/{number}/allocate", {"client_id": str(uuid.uuid4())}
    (line,) = pharmacy.api.operator.ok("POST", path, json=asked)["lines"]
    return {
        "taken": [(each["lot_number"], each["quantity"]) for each in line["reservations"]],
        "skipped": {each["lot_number"]: [reason["text"] for reason in each["reasons"]] for each in line["skipped"]},
        "missing": line["missing"],
    }


def open_reservations(pharmacy: Pharmacy, number: str) -> list[tuple[str, str, int]]:
    rows = pharmacy.api.reader.rows("/v1/reservations", demand=number, only_open=True)
    return [(row["lot_number"], row["place"], row["quantity"]) for row in rows]


def test_what_is_made_for_a_prescription_is_reserved_to_its_order_first_and_then_ordinary_stock(
    drops: Pharmacy,
) -> None:
    given = allocated(drops, drops_order(drops, "RX-1", 100))
    assert (given["taken"], given["skipped"], given["missing"]) == ([("P1", 98), ("M1", 2)], {}, 0)


@pytest.mark.parametrize("prescription", ["RX-2", ""])
def test_what_is_made_for_a_prescription_is_reserved_to_nobody_else(drops: Pharmacy, prescription: str) -> None:
    given = allocated(drops, drops_order(drops, prescription, 60))
    assert (given["taken"], given["missing"]) == ([("M1", 50)], 10)
    assert given["skipped"] == {"P1": ["made for prescription RX-1 alone"]}


def test_stock_for_a_prescription_is_found_behind_any_number_of_lots_that_expire_sooner(drops: Pharmacy) -> None:
    for number in range(FIRST_LOOK + 4):
        drops.receive("eye-drops", f"S{number}", 1, (NOW + timedelta(days=3)).date().isoformat())
    assert allocated(drops, drops_order(drops, "RX-1", 5))["taken"] == [("P1", 5)]


def test_an_allocation_by_the_number_of_an_order_or_by_the_prescription_reservations_what_was_made_for_it(
    drops: Pharmacy,
) -> None:
    for demand in (drops_order(drops, "RX-1", 5), "RX-1"):
        asked = {"client_id": str(uuid.uuid4()), "item": "eye-drops", "quantity": 5, "demand": demand}
        (taken,) = drops.api.operator.ok("POST", "/v1/allocations", json=asked)["reservations"]
        assert (taken["lot_number"], taken["quantity"]) == ("P1", 5)


def test_a_reservation_of_what_was_made_for_a_prescription_lasts_until_another_hold_breaks_it(drops: Pharmacy) -> None:
    number = drops_order(drops, "RX-1", 20)
    allocated(drops, number)
    (lot,) = (row for row in drops.api.reader.rows("/v1/lots", item="eye-drops") if row["lot_number"] == "P1")
    with drops.api.database.transaction() as connection:
        break_reservations(connection, [lot["id"]])
    assert open_reservations(drops, number) == [("P1", "store", 20)]
    drops.api.quality.ok("POST", "/v1/holds", json={"lot_id": lot["id"], "reason": "leaking"})
    assert open_reservations(drops, number) == []
    given = allocated(drops, number)
    assert given["taken"] == [("M1", 20)]
    assert given["skipped"] == {"P1": ["leaking"]}


def test_reserved_stock_for_a_prescription_is_gathered_and_dispensed_by_its_order(drops: Pharmacy) -> None:
    drops.api.place("counter", parent="main")
    number = drops_order(drops, "RX-1", 20)
    allocated(drops, number)
    drops.api.operator.ok("POST", f"/v1/orders/{number}/pick", json={"to_place": "counter"})
    assert open_reservations(drops, number) == [("P1", "counter", 20)]
    drops.api.operator.ok("POST", f"/v1/orders/{number}/issue", json={"action": "dispense"})
    assert drops.api.reader.ok("GET", f"/v1/orders/{number}")["state"] == "dispensed"


def test_a_scanned_pick_of_stock_for_a_prescription_is_a_case_unless_it_is_for_its_order(drops: Pharmacy) -> None:
    drops.api.place("counter", parent="main")
    mine, other = drops_order(drops, "RX-1", 20), drops_order(drops, "RX-2", 20)
    allocated(drops, mine)
    for minutes, number in enumerate((mine, other)):
        picked = line(10, "P1", gtin=DROPS_GTIN, expires_on=None)
        at = hour(4) + timedelta(minutes=minutes)
        drops.say(scan(at, Action.PICK, "store", "counter", picked, order=number))
        if number == mine:
            assert drops.api.reader.rows("/v1/cases", kind="issued_while_held") == []
            assert sorted(open_reservations(drops, mine)) == [("P1", "counter", 10), ("P1", "store", 10)]
    (case,) = drops.api.reader.rows("/v1/cases", kind="issued_while_held")
    assert case["text"] == "pick of 10 although held: made for one prescription alone"


def test_a_product_that_was_only_scanned_out_is_blocked_and_needs_a_beyond_use_date(pharmacy: Pharmacy) -> None:
    api = pharmacy.api
    api.item("other-syringe", gtins=[{"gtin": "09501101530003"}])
    pharmacy.consume(hour(0))
    pharmacy.say(scan(hour(1), Action.MOVE, "B1", "store", line(98, "S1", expires_on=None)))
    kinds = {row["kind"] for row in api.reader.rows("/v1/holds") if row["lot_number"] == "S1"}
    assert "unreleased" in kinds
    assert "lot S1 has no beyond-use date: book it as a yield" in pharmacy.record()["open_points"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"room": "nowhere"}, 404),
        ({"room": "main"}, 422),
        ({"number": "B1"}, 409),
        ({"master_formulation_record": "none"}, 409),
        ({"version": 7}, 404),
        ({"quantity": 0}, 422),
        ({"owner": "nobody"}, 404),
    ],
)
def test_a_plan_that_cannot_be_is_refused(pharmacy: Pharmacy, body: dict[str, Any], status: int) -> None:
    plan = {"number": "B2", "master_formulation_record": "syringe-record", "room": "cool-room", "quantity": 10} | body
    assert pharmacy.api.operator.post("/v1/production-batches", plan).status_code == status
    assert [row["number"] for row in pharmacy.api.reader.rows("/v1/production-batches")] == ["B1"]


def test_nothing_is_yielded_or_finished_before_anything_went_in(pharmacy: Pharmacy) -> None:
    assert pharmacy.take_out(hour(1)).status_code == 409
    assert pharmacy.do("finish", {"occurred_at": hour(1).isoformat()}).status_code == 409
    pharmacy.consume(hour(0))
    assert pharmacy.take_out(hour(-1)).status_code == 422
    assert pharmacy.take_out(hour(1), to_place="ward-3").status_code == 422
    assert pharmacy.do("finish", {"occurred_at": hour(-1).isoformat()}).status_code == 422
    assert pharmacy.do("steps", {"step": 1}, number="B9").status_code == 404


def test_particles_in_the_room_hold_the_batch_in_process_and_its_product(pharmacy: Pharmacy) -> None:
    metric = "particles_5_um_count"
    rule = {"kind": "particles", "name": "iso-7-action", "metric": metric, "limit": 2930, "on_limit_is_outside": False,
            "litres_per_sample": 28.3168, "window_s": 7200, "source": "ISO 14644-1"}  # fmt: skip
    policy = {"name": "iso-7", "title": "ISO 7", "rules": [rule], "silence_accepted": "a test"}
    pharmacy.api.administrator.ok("POST", "/v1/policies", json=policy)
    pharmacy.ledger.run("UPDATE place SET policy = 'iso-7' WHERE name = 'cool-room'")
    pharmacy.ledger.put_probe("cool-room", "counter-1", pharmacy.gateway.name, metric)
    pharmacy.consume(hour(0))

    def count(at: float, particles: float) -> Reading:
        return replace(reading(hour(at), 0.0, "counter-1"), values={metric: particles})

    pharmacy.say(*(count(0.1 + n / 60, 90.0) for n in range(40)))  # 90 in 28.3 l are 3178 in 1 m3
    assert pharmacy.record()["state"] == "held"
    pharmacy.work()
    assert pharmacy.take_out(hour(1)).is_success
    assert {("D1", "B1"), ("W1", "B1"), ("P1", "store")} <= pharmacy.held_lots()
    pharmacy.finish(hour(2))
    assert [each["rule"] for each in pharmacy.record()["excursions"]] == ["iso-7-action"]
    assert pharmacy.release().status_code == 409


def test_how_an_item_is_compounded_is_one_policy_in_files_and_by_command(pharmacy: Pharmacy) -> None:
    api = pharmacy.api
    said = {"reason": "new product", "compounding": "503A"}
    assert api.administrator.request("PUT", "/v1/items/drops", json=said).is_success
    pharmacy.master_record("drops")
    body = {"number": "B2", "master_formulation_record": "drops-record", "room": "cool-room", "quantity": 1}
    assert api.operator.post("/v1/production-batches", body).status_code == 422, "503A needs a prescription"
    assert api.administrator.request("PUT", "/v1/items/drops/compounding", json={"kind": "503B"}).status_code == 409
    changed = api.administrator.request("PUT", "/v1/items/drops", json={"reason": "typo", "compounding": "503B"})
    assert (changed.status_code, "cannot change" in changed.text) == (409, True)
    assert "503B" in next(row for row in api.reader.get("/v1/exports/items").text.splitlines() if "syringe" in row)
