"""Quality control by API alone: stability, raw materials, media fills, plates, clearance, labels, reports."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import httpx
import pytest

from cloud_sync.actions.quality_control.due import list_due
from cloud_sync.app import create_app
from cloud_sync.domain.roles import Role
from cloud_sync.notify.conditions import look_once
from cloud_sync.notify.settings import AlertSettings
from cloud_sync.storage.database import Database
from edge_agent.domain.wire.records import Action
from tests.integration.cloud.actions.compounding.test_compounding import BASE_GTIN, GOOD, Pharmacy, hour
from tests.integration.cloud.api.test_signatures import person, signed
from tests.support.builders import line, scan
from tests.support.ledger_api import ANY_TIME, NOW, Api, Somebody, movement
from tests.support.people import Clock
from tests.support.quick_client import QuickClient

WHY = {"reason": "SOP 21, version 3"}
SOURCE = "SOP 21, version 3"


class Facility(Pharmacy):
    """The pharmacy of the compounding tests, with a clock, more quality people and plans."""

    def __init__(self, api: Api, database: Database, clock: Clock) -> None:
        super().__init__(api, database)
        self.clock = clock
        self.database = database
        self.amy = person(api, "amy", Role.QUALITY)
        self.ben = person(api, "ben", Role.QUALITY)

    def approved(self, kind: str, **asked: Any) -> Any:
        change = self.api.quality.ok("POST", "/v1/changes", json={"kind": kind, **WHY, **asked})
        return self.api.administrator.ok("POST", f"/v1/changes/{change['id']}/approve", json=WHY)

    def post(self, path: str, who: Somebody | None = None, **body: Any) -> httpx.Response:
        return (who or self.api.operator).post(f"/v1/{path}", body)

    def ok(self, path: str, who: Somebody | None = None, **body: Any) -> Any:
        response = self.post(path, who, **body)
        assert response.is_success, response.text
        return response.json()

    def once(self, path: str, who: Somebody | None = None, **body: Any) -> httpx.Response:
        return self.post(path, who, client_id=str(uuid.uuid4()), **body)

    def passed(self, sample: int, **results: float | bool) -> Any:
        """Results by one of quality, accepted by another."""
        for test, value in results.items():
            given = {"conforms": value} if isinstance(value, bool) else {"value": value}
            self.ok(f"quality-samples/{sample}/results", self.amy, test=test, **given)
        return self.ok(f"quality-samples/{sample}/decide", self.api.quality, decision="accepted", **WHY)

    def lot(self, item: str) -> int:
        return int(self.api.reader.rows("/v1/lots", item=item)[0]["id"])

    def cases(self) -> dict[str, dict[str, Any]]:
        return {row["kind"]: row for row in self.api.reader.rows("/v1/cases") if row["resolved_at"] is None}


@contextmanager
def opened(database: Database) -> Iterator[Facility]:
    clock = Clock()
    app = create_app(database, clock=clock, typed_times=ANY_TIME)
    with QuickClient(app, raise_server_exceptions=False) as client:
        yield Facility(Api(client, database), database, clock)


@pytest.fixture
def facility(database: Database) -> Iterator[Facility]:
    with opened(database) as it:
        it.master_record()
        it.plan()
        yield it


def refused(answer: httpx.Response, status: int, words: str) -> None:
    assert (answer.status_code, words in answer.json().get("error", "")) == (status, True), answer.text


def assay(**more: Any) -> dict[str, Any]:
    return {"name": "assay", "unit": "%", "low": 90, "high": 110, "source": "method 7, validated", **more}


MATERIAL = {"kind": "material", "item": "drug", "units": 5, "retest_days": 90, "after_exposure": True, "source": SOURCE,
            "tests": [{"name": "identity", "source": "monograph"}, assay()]}  # fmt: skip
PROTOCOL = {
    "kind": "stability", "item": "syringe", "storage": "refrigerator", "window_days": 2, "lots_min": 1,
    "source": SOURCE, "pulls": [{"day": 0, "units": 3}, {"day": 20, "units": 4}, {"day": 40, "units": 5}],
    "tests": [assay()],
}  # fmt: skip
FILL = {
    "kind": "qualification", "preparations": ["category_2_aseptic_untested"], "units_min": 30, "valid_days": 180,
    "tests": [{"name": "contaminated units", "high": 0, "source": SOURCE}], "source": SOURCE,
}  # fmt: skip
ROOM = {
    "kind": "environment", "place": "cool-room", "every_days": 7, "source": SOURCE,
    "points": [
        {"name": "bench", "method": "settle_plate", "alert": 1, "action": 3, "source": SOURCE},
        {"name": "glove", "method": "gloved_fingertip", "action": 1, "source": SOURCE},
    ],
}  # fmt: skip


def test_a_raw_material_is_used_once_it_is_tested_and_again_after_its_retest_day_and_after_an_exposure(
    facility: Facility,
) -> None:
    facility.measure(*GOOD)
    facility.consume(hour(0))  # nobody asked for tests yet
    change = facility.api.quality.ok(
        "POST", "/v1/changes", json={"kind": "quality_plan", "name": "drug-tests", "plan": MATERIAL, **WHY}
    )
    refused(facility.api.quality.post(f"/v1/changes/{change['id']}/approve", WHY), 403, "proposed change")
    facility.api.administrator.ok("POST", f"/v1/changes/{change['id']}/approve", json=WHY)
    lot = facility.lot("drug")
    more = {"from_place": "store", "occurred_at": NOW.isoformat(),
            "lines": [{"item": "drug", "lot_number": "D1", "quantity": 1}]}  # fmt: skip
    refused(facility.once("production-batches/B1/consume", **more), 409, "is not yet sampled, tested and accepted")
    refused(facility.once("material-samples", lot_id=lot, from_place="cool-room"), 409, "has 0 of lot D1")
    request = {"client_id": str(uuid.uuid4()), "lot_id": lot, "from_place": "store", "note": "top of the drum"}
    sample = facility.ok("material-samples", **request)
    assert facility.ok("material-samples", **request)["id"] == sample["id"], "the same again changes nothing"
    assert [row["quantity"] for row in facility.api.reader.rows("/v1/stock", item="drug", place="store")] == [85]
    path = f"quality-samples/{sample['id']}"
    refused(facility.post(f"{path}/results", facility.amy, test="assay", conforms=True), 422, "give its value")
    refused(facility.post(f"{path}/results", facility.amy, test="colour", value=1), 404, "has no test colour")
    refused(facility.post(f"{path}/decide", facility.amy, decision="accepted", **WHY), 409, "no result of identity")
    assert facility.passed(sample["id"], identity=True, assay=99.5)["state"] == "accepted"
    refused(facility.post(f"{path}/results", facility.amy, test="assay", value=99), 409, "was accepted by")
    assert facility.once("production-batches/B1/consume", **more).is_success
    (material,) = facility.api.reader.ok("GET", "/v1/materials")
    assert (material["state"], material["retest_at"][:10]) == ("usable", f"{NOW + timedelta(days=90):%Y-%m-%d}")
    exposed = facility.api.excursion("store", lot)
    facility.ledger.run_as_owner("UPDATE excursion SET began_at = now() + interval '9 years', ended_at = null")
    (material,) = facility.api.reader.ok("GET", "/v1/materials")
    assert material["fault"] == "was exposed to an excursion since it was tested", exposed
    facility.ledger.run_as_owner("DELETE FROM exposure")
    facility.clock.passes(days=80)
    assert [row["kind"] for row in facility.api.reader.ok("GET", "/v1/quality-due")][:1] == ["retest"]
    facility.clock.passes(days=10)
    refused(facility.once("production-batches/B1/consume", **more), 409, "was to be tested again by")


def test_what_is_due_is_read_before_its_transaction_ends(database: Database, caplog: pytest.LogCaptureFixture) -> None:
    """A connection that went back to the pool is another request's: nothing may be asked on it any more."""
    with caplog.at_level("WARNING", logger="psycopg.pool"):
        for _ in range(2):
            assert list_due(database, at=NOW) == []
            with database.transaction():
                pass  # takes the connection that was given back
    assert caplog.messages == []


def test_what_is_out_of_specification_holds_its_lot_and_is_accepted_by_exception_by_two_people_only(
    facility: Facility,
) -> None:
    facility.approved("quality_plan", name="drug-tests", plan=MATERIAL)
    sample = facility.once("material-samples", lot_id=facility.lot("drug"), from_place="store").json()["id"]
    path = f"quality-samples/{sample}"
    facility.ok(f"{path}/results", facility.amy, test="identity", conforms=True)
    failed = facility.ok(f"{path}/results", facility.amy, test="assay", value=88.0, note="HPLC 3")
    assert (failed["state"], failed["results"][1]["verdict"]) == ("failed", "fail")
    case = facility.cases()["out_of_specification"]
    assert "assay 88 %, 90 to 110 %" in case["text"]
    holds = facility.api.reader.rows("/v1/holds", lot=facility.lot("drug"))
    assert any("out_of_specification" in row["text"] for row in holds), "the lot is held while the case is open"
    again = facility.ok(f"{path}/results", facility.amy, test="assay", value=97.0, note="HPLC 3, again")
    assert again["faults"] == ["assay is out of specification: 88 %, 90 to 110 %"], "nobody tests until it passes"
    refused(facility.post(f"{path}/decide", facility.ben, decision="accepted", **WHY), 409, "out of specification")
    exception = {"decision": "accepted", "by_exception": True, **WHY}
    refused(facility.post(f"{path}/decide", facility.ben, **exception), 409, "signatures of two people")
    for each in (facility.amy, facility.ben):
        assert signed(each, "sample", str(sample), "release").status_code == 201
    assert facility.ok(f"{path}/decide", facility.ben, **exception)["by_exception"] is True
    resolve = {"resolution": "the column was worn: laboratory error", "decision": "explained"}
    refused(facility.post(f"cases/{case['id']}/resolve", facility.amy, **resolve), 403, "reported this")
    facility.ok(f"cases/{case['id']}/resolve", facility.ben, **resolve)
    shown = facility.api.reader.ok("GET", f"/v1/{path}")
    assert [row["is_void"] for row in shown["results"]] == [False, True, False]


def test_a_dock_that_takes_in_what_was_not_tested_or_by_whom_is_not_qualified_makes_cases(facility: Facility) -> None:
    facility.approved("quality_plan", name="drug-tests", plan=MATERIAL)
    facility.approved("quality_plan", name="aseptic", plan=FILL)
    facility.say(scan(hour(0), Action.CONSUME, "store", "B1", line(10, "D1", gtin=BASE_GTIN)))
    cases = facility.cases()
    assert {"untested_material", "unqualified_operator"} <= cases.keys()
    assert "has no media fill for aseptic" in cases["unqualified_operator"]["text"]
    record = facility.record()
    assert record["components"][0]["consumed"] == 10, "it happened, so it is booked"
    assert "has no media fill for aseptic" in "; ".join(record["open_points"])


def made(facility: Facility, **more: Any) -> int:
    """A batch from its plan to its release; gives the lot's id."""
    facility.measure(*GOOD)
    facility.run(**more)
    assert facility.release().is_success
    return facility.lot("syringe")


def alerts(database: Database) -> list[str]:
    with database.transaction() as connection:
        rows = connection.execute("SELECT title FROM alert WHERE kind = 'quality_due' ORDER BY id").fetchall()
    return [row["title"] for row in rows]


def test_a_stability_study_keeps_samples_as_stock_reminds_of_its_pulls_and_alone_extends_a_beyond_use_date(
    facility: Facility,
) -> None:
    lot = made(facility)
    api, path = facility.api, "stability-studies"
    facility.api.place("chamber", parent="main", policy="cold")
    facility.approved("quality_plan", name="syringe-stability", plan=PROTOCOL)
    start = {"client_id": str(uuid.uuid4()), "plan": "syringe-stability", "lot_id": lot, "from_place": "store"}
    refused(facility.post(path, **start, to_place="ward-3"), 422, "is a ward")
    study = facility.ok(path, **start, to_place="chamber")
    assert facility.ok(path, **start, to_place="chamber")["id"] == study["id"]
    stock = {row["place"]: row for row in api.reader.rows("/v1/stock", item="syringe")}
    assert (stock["chamber"]["quantity"], stock["store"]["quantity"]) == (12, 86)
    assert "samples of stability study" in stock["chamber"]["reasons"][0]["text"] and not stock["store"]["reasons"]
    assert [(pull["day"], pull["state"]) for pull in study["pulls"]] == [(0, "due"), (20, "planned"), (40, "planned")]
    pulls = f"{path}/{study['id']}/pulls"
    refused(facility.once(pulls, day=20), 409, "is not before")
    refused(facility.once(pulls, day=10), 404, "has no pull point on day 10")
    facility.passed(facility.once(pulls, day=0).json()["id"], assay=100)
    refused(facility.once(pulls, day=0), 409, "was pulled already")
    facility.clock.passes(days=10)
    look_once(facility.database, AlertSettings(), facility.clock.now)
    assert alerts(facility.database) == [f"Pull 4 of lot P1 (syringe) for day 20 of ST-{study['id']}"]
    facility.clock.passes(days=10)
    facility.passed(facility.once(pulls, day=20).json()["id"], assay=99)
    assert api.reader.ok("GET", f"/v1/{path}/{study['id']}")["units_left"] == 5

    change = {"kind": "beyond_use", "plan": "syringe-stability", **WHY}
    refused(api.quality.post("/v1/changes", {**change, "days": 40}), 409, "support 20 days, not 40")
    correction = {"lot_id": lot, "expires_on": f"{hour(0) + timedelta(days=20):%Y-%m-%d}", "kind": "lot_expiry"}
    refused(api.quality.post("/v1/corrections", {**correction, **WHY}), 409, "refused")
    facility.plan("B2")
    facility.consume(hour(0), number="B2")
    longer = {"beyond_use_at": (hour(0) + timedelta(days=19)).isoformat(), "beyond_use_reason": "stability data"}
    late = facility.take_out(hour(1), number="B2", lot_number="P2", **longer)
    refused(late, 409, "the latest")
    facility.approved("beyond_use", plan="syringe-stability", days=20)
    assert facility.take_out(hour(1), number="B2", lot_number="P2", **longer).is_success
    assert [row["days"] for row in api.reader.ok("GET", "/v1/beyond-use")] == [20]
    facility.clock.passes(days=20)
    failed = facility.once(pulls, day=40).json()
    facility.ok(f"quality-samples/{failed['id']}/results", facility.amy, test="assay", value=80)
    assert "day 40: assay 80 %" in facility.cases()["out_of_specification"]["text"]
    rejected = facility.ok(f"quality-samples/{failed['id']}/decide", api.quality, decision="rejected", **WHY)
    assert rejected["state"] == "rejected"
    assert {"out_of_specification", "sample_rejected"} <= facility.cases().keys()


def test_who_has_not_passed_a_media_fill_does_not_compound_and_whoever_fails_one_stops(facility: Facility) -> None:
    facility.measure(*GOOD)
    facility.approved("quality_plan", name="aseptic", plan=FILL)
    refused(facility.do("steps", {"step": 1}), 403, "operator-1 has no media fill for aseptic")
    fill = {"plan": "aseptic", "person": "operator-1", "place": "cool-room"}
    refused(facility.once("media-fills", units=20, **fill), 422, "asks for 30")
    sample = facility.once("media-fills", facility.second, units=30, **fill).json()["id"]
    facility.ok(f"quality-samples/{sample}/results", facility.amy, test="contaminated units", value=0)
    (standing,) = facility.api.reader.ok("GET", "/v1/qualifications")
    assert standing["state"] == "in_test"
    refused(facility.do("steps", {"step": 1}), 403, "has no media fill")
    facility.ok(f"quality-samples/{sample}/decide", facility.api.quality, decision="accepted", **WHY)
    facility.done("steps", {"step": 1})
    (standing,) = facility.api.reader.ok("GET", "/v1/qualifications")
    assert (standing["state"], standing["until"][:10]) == ("qualified", f"{NOW + timedelta(days=180):%Y-%m-%d}")
    facility.clock.passes(days=170)
    look_once(facility.database, AlertSettings(), facility.clock.now)
    assert "operator-1 needs another media fill for aseptic" in alerts(facility.database)[0]
    again = facility.once("media-fills", facility.second, units=30, **fill).json()["id"]
    facility.ok(f"quality-samples/{again}/results", facility.amy, test="contaminated units", value=1)
    refused(facility.do("steps", {"step": 2}), 403, "did not pass the media fill")
    facility.ok(f"quality-samples/{again}/decide", facility.api.quality, decision="rejected", **WHY)
    assert "batches since the last one that passed: B1" in facility.cases()["media_fill_failed"]["text"]


CONTROL = {
    "name": "fill weight",
    "unit": "g",
    "low": 9.5,
    "high": 10.5,
    "samples": 3,
    "accept_max": 0,
    "source": SOURCE,
}
CONTROLLED = {
    "line_clearance": True, "controls": [CONTROL], "label_reconciliation": {"tolerance_pct": 1, "source": SOURCE},
    "environment_plan": "cool-room-plates",
}  # fmt: skip


def test_clearance_controls_labels_and_plates_keep_a_batch_from_release_or_two_people_release_it_by_exception(
    facility: Facility,
) -> None:
    facility.measure(*GOOD)
    facility.approved("quality_plan", name="cool-room-plates", plan=ROOM)
    facility.master_record(**CONTROLLED)
    facility.plan("B2")
    do = "production-batches/B2"
    refused(facility.do("steps", {"step": 1}, number="B2"), 409, "the line for batch B2 is not cleared")
    facility.consume(hour(0), number="B1")
    refused(facility.post(f"{do}/line-clearances"), 409, "batch B1 is still made in cool-room")
    facility.finish(hour(0.1), number="B1")
    facility.ok(f"{do}/line-clearances", note="bench empty")
    refused(facility.post(f"{do}/line-clearances/confirm"), 403, "cleared the line")
    facility.ok(f"{do}/line-clearances/confirm", facility.second)

    session = facility.ok("environment-sessions", plan="cool-room-plates", place="cool-room", batch="B2")["id"]
    plates = f"environment-sessions/{session}/plates"
    bench = facility.once(plates, point="bench", code="PL-1").json()["id"]
    refused(facility.once(plates, point="bench", code="PL-2"), 409, "has a plate at bench already")
    refused(facility.once(plates, point="glove", code="PL-1", person="operator-1"), 409, "was exposed before")
    refused(facility.once(plates, point="floor", code="PL-3"), 404, "has no point floor")
    glove = facility.once(plates, point="glove", code="PL-2", person="operator-1").json()["id"]
    count = {"test": "viable count", "note": "Staphylococcus"}
    assert (
        facility.ok(f"quality-samples/{bench}/results", facility.amy, **count, value=2)["results"][0]["verdict"]
        == "alert"
    )
    facility.ok(f"quality-samples/{glove}/results", facility.amy, **count, value=2)
    assert "glove: viable count 2 CFU, at most 1 CFU" in facility.cases()["action_level"]["text"]

    facility.run(number="B2")
    refused(facility.post(f"{do}/controls", control="fill weight", values=[10.0]), 422, "asks for 3")
    refused(facility.post(f"{do}/controls", control="colour", values=[10.0]), 404, "no in-process control colour")
    facility.ok(f"{do}/controls", control="fill weight", values=[10.0, 10.6, 9.9])
    facility.ok(f"{do}/controls", control="fill weight", values=[10.0, 10.1, 9.9])
    refused(facility.post(f"{do}/labels", used=98), 422, "no labels were issued")
    record = facility.ok(f"{do}/labels", issued=100, used=97, destroyed=1)
    assert record["labels"] == {"issued": 100, "used": 97, "returned": 0, "destroyed": 1, "missing": 2}
    assert record["open_points"] == [
        "fill weight: 1 of 3 are out of limits, 0 are accepted",
        "2 of 100 labels are missing; 1 % are tolerated",
        f"glove is above its action level in session {session}: 2",
    ]
    refused(facility.release(facility.amy, "B2"), 409, "2 of 100 labels are missing")
    facility.ok(f"{do}/labels", returned=2)
    for number, topic in enumerate(("in_process", "environment"), start=1):
        facility.done("deviations", {"topic": topic, "text": "see the investigation"}, number="B2")
        facility.done(f"deviations/{number}/assess", {"conclusion": "no effect"}, who=facility.api.quality, number="B2")
    assert len(facility.record("B2")["exceptions"]) == 2
    refused(facility.release(facility.amy, "B2"), 409, "signatures of two people")
    for each in (facility.amy, facility.ben):
        assert signed(each, "batch", "B2", "release").status_code == 201
    assert facility.release(facility.amy, "B2").json()["state"] == "released"


def test_products_are_reported_twice_a_year_as_data_with_what_is_missing(facility: Facility) -> None:
    made(facility)
    since, until = f"{NOW - timedelta(days=100):%Y-%m-%d}", f"{NOW + timedelta(days=1):%Y-%m-%d}"
    shown = facility.api.reader.ok("GET", "/v1/product-reports/preview", params={"since": since, "until": until})
    (product,) = shown["products"]
    assert (product["item"], product["units_made"], product["units_released"], product["batches"]) == (
        "syringe", 98, 98, ["B1"],
    )  # fmt: skip
    assert [(each["item"], each["lots"], each["suppliers"]) for each in product["ingredients"]] == [
        ("diluent", ["W1"], ["acme"]), ("drug", ["D1"], ["acme"]),
    ]  # fmt: skip
    assert {"its strength", "a code (NDC or GTIN)", "a code of diluent"} <= set(product["missing"])
    report = facility.ok("product-reports", facility.amy, since=since, until=until)
    assert facility.api.reader.ok("GET", f"/v1/product-reports/{report['id']}") == report
    left_out = {"since": f"{NOW + timedelta(days=2):%Y-%m-%d}", "until": f"{NOW + timedelta(days=9):%Y-%m-%d}"}
    refused(facility.post("product-reports", facility.amy, **left_out), 422, "is not over")
    facility.clock.passes(days=180)
    refused(facility.post("product-reports", facility.amy, **left_out), 409, "are not reported")
    refused(facility.post("product-reports", facility.amy, since=until, until=since), 422, "is no period")


def test_what_is_made_for_one_patient_gets_a_prescription_label_and_goes_to_nobody_else(facility: Facility) -> None:
    api = facility.api
    api.item("eye-drops", title="Eye drops", gtins=[{"gtin": "00312345678913"}])
    api.place("clinic", "customer")
    api.administrator.ok("PUT", "/v1/items/eye-drops/compounding", json={"kind": "503A"})
    facility.master_record("eye-drops", label={"strength": "0.5 %", "warnings": ["For the eyes only"]})
    plan = {"number": "RX", "master_formulation_record": "eye-drops-record", "room": "cool-room", "quantity": 100}
    refused(facility.post("production-batches", **plan), 422, "is made for one patient at a time (503A)")
    plan |= {"prescription": "RX-1"}
    stock = plan | {"number": "ST", "master_formulation_record": "syringe-record"}
    refused(facility.post("production-batches", **stock), 422, "is made for stock (503B)")
    facility.ok("production-batches", **plan)
    facility.measure(*GOOD)
    facility.run(number="RX")
    lot = facility.lot("eye-drops")
    use = {"id": str(lot), "format": "png", "patient": "Jane Doe", "directions": "One drop in each eye at night"}
    refused(facility.post("labels/prescription/file", **use), 409, "is not released")
    assert facility.release(number="RX").is_success
    label = facility.post("labels/prescription/file", **use, prescriber="Dr. Roe", quantity=1)
    assert (label.status_code, label.content[:4]) == (200, b"\x89PNG")
    refused(facility.post("labels/prescription/file", **(use | {"directions": ""})), 422, "")
    with facility.database.transaction() as connection:
        kept = connection.execute("SELECT count(*) AS n FROM event WHERE data::text LIKE '%%Jane%%'").fetchone()
    assert kept == {"n": 0}, "the patient is printed and kept nowhere"
    lines = [{"item": "eye-drops", "lot_number": "P1", "quantity": 1}]
    for action, to_place, order in (("dispense", "ward-3", "RX-2"), ("ship", "clinic", ""), ("dispense", "ward-3", "")):
        moved = movement(action, "store", to_place, lines, order=order, occurred_at=NOW.isoformat())
        refused(api.operator.post("/v1/movements", moved), 409, "prescription RX-1")
    moved = movement("dispense", "store", "ward-3", lines, order="RX-1", occurred_at=NOW.isoformat())
    assert api.operator.post("/v1/movements", moved).status_code == 201
    syringe = facility.ok("production-batches", number="B9", master_formulation_record="syringe-record",
                          room="cool-room", quantity=100)  # fmt: skip
    assert syringe["prescription"] == ""
    facility.clock.passes(days=11)
    refused(facility.post("labels/prescription/file", **use), 409, "past its beyond-use date")
