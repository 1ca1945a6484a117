"""FHIR R4 and R5: what the ledger gives is valid by another library's models and by FHIR's own rules."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from fhir.resources.bundle import Bundle as BundleR5
from fhir.resources.capabilitystatement import CapabilityStatement as CapabilityStatementR5
from fhir.resources.R4B.bundle import Bundle as BundleR4
from fhir.resources.R4B.capabilitystatement import CapabilityStatement as CapabilityStatementR4

from cloud_sync.actions.access import create_token
from cloud_sync.domain.roles import Role
from cloud_sync.interop.hospital.fhir_rules import Release, faults_of
from cloud_sync.interop.hospital.fhir_search import OFFERED
from cloud_sync.storage.database import Database
from tests.support.ledger_api import NOW, Api, Somebody, api_on, movement

BUNDLES = {Release.R4: BundleR4, Release.R5: BundleR5}
STATEMENTS = {Release.R4: CapabilityStatementR4, Release.R5: CapabilityStatementR5}


@pytest.fixture
def api(database: Database) -> Iterator[Api]:
    with api_on(database) as opened:
        opened.house()
        opened.place("ward-3", "ward", parent="main")
        yield opened


def dispense(api: Api, lot: str, **more: Any) -> dict[str, Any]:
    place = place_id(api, "fridge-a")
    return {
        "resourceType": "MedicationDispense",
        "identifier": [{"system": "urn:pharmacy", "value": "RX-1"}],
        "status": "completed",
        "contained": [
            {
                "resourceType": "Medication",
                "id": "m1",
                "code": {"coding": [{"system": "urn:x-lotwarden:item", "code": "insulin"}]},
                "batch": {"lotNumber": lot, "expirationDate": "2027-01-31"},
            }
        ],
        "medicationReference": {"reference": "#m1"},
        "subject": {"identifier": {"system": "urn:mrn", "value": "77"}},
        "quantity": {"value": 3, "unit": "each"},
        "whenHandedOver": NOW.isoformat(),
        "location": {"reference": f"Location/{place}"},
        "destination": {"identifier": {"value": "ward-3"}},
        **more,
    }


def place_id(api: Api, name: str) -> int:
    return int(api.reader.ok("GET", "/fhir/R4/Location", params={"identifier": name})["entry"][0]["resource"]["id"])


def found(somebody: Somebody, release: str, type_: str, **query: Any) -> list[dict[str, Any]]:
    """All resources of a search, page by page; each page valid by both judges."""
    path: str | None = f"/fhir/{release}/{type_}"
    resources: list[dict[str, Any]] = []
    while path:
        page = somebody.ok("GET", path, params=query or None)
        assert faults_of(page, Release(release)) == []
        BUNDLES[Release(release)].model_validate(page)
        resources += [entry["resource"] for entry in page.get("entry", [])]
        path = next((link["url"] for link in page["link"] if link["relation"] == "next"), None)
        query = {}
    return resources


def test_all_that_there_is_is_valid_in_both_releases(api: Api) -> None:
    lot = api.receive("A&B", 10)
    line = {"item": "insulin", "lot_number": "A&B", "quantity": 2}
    for action, target in (("move", "fridge-b"), ("ship", "st-mary"), ("dispense", "ward-3")):
        api.operator.ok("POST", "/v1/movements", json=movement(action, "fridge-a", target, [line]))
    api.operator.ok("POST", "/v1/orders", json=order("requisition"))
    api.quality.ok("POST", "/v1/holds", json={"lot_id": lot, "place": "fridge-b", "reason": "torn box"})
    for release in Release:
        for type_, offered in OFFERED.items():
            if release in offered.releases:
                by_one = found(api.reader, release, type_, _count=1)
                assert by_one == found(api.reader, release, type_), type_
                for each in by_one:
                    one = api.reader.ok("GET", f"/fhir/{release}/{type_}/{each['id']}")
                    assert one == each
        statement = api.client.get(f"/fhir/{release}/metadata").json()
        assert faults_of(statement, release) == []
        STATEMENTS[release].model_validate(statement)
    assert [each["type"]["text"] for each in found(api.reader, "R4", "SupplyDelivery")] == ["receive", "move", "ship"]
    (report,) = found(api.reader, "R5", "InventoryReport", identifier="fridge-b")
    (held,) = report["inventoryListing"]
    assert (held["itemStatus"]["text"], held["item"][0]["quantity"]) == ("held", {"value": 2, "unit": "each"})
    (given,) = found(api.reader, "R4", "MedicationDispense")
    assert given["contained"][0]["batch"] == {"lotNumber": "A&B", "expirationDate": "2027-01-31"}
    (asked,) = found(api.reader, "R5", "SupplyRequest")
    assert (asked["status"], asked["identifier"][0]["value"]) == ("active", "SO-77")


def order(kind: str) -> dict[str, Any]:
    return {
        "client_id": "7d1d3e9e-7a3b-4d5e-9a63-0f5d3d0c9a10", "kind": kind, "number": "SO-77", "from_place": "fridge-a",
        "to_place": "ward-3", "lines": [{"item": "insulin", "quantity": 4}], "patient_ref": "77",
    }  # fmt: skip


def test_a_dispense_that_others_did_is_booked_once(api: Api) -> None:
    api.receive("L1", 10)
    body = dispense(api, "L1")
    first, again = (api.operator.post("/fhir/R4/MedicationDispense", body) for _ in range(2))
    assert (first.status_code, again.status_code, first.json() == again.json()) == (201, 200, True), first.text
    made = first.json()
    assert first.headers["location"].endswith(f"/fhir/R4/MedicationDispense/{made['id']}")
    assert (made["quantity"]["value"], made["subject"]["identifier"]["value"]) == (3, "77")
    (row,) = found(api.reader, "R4", "MedicationDispense", whenhandedover="2026-06-01")
    assert row == made
    assert found(api.reader, "R4", "MedicationDispense", whenhandedover="lt2026-06-01") == []
    other = api.operator.post("/fhir/R4/MedicationDispense", {**body, "quantity": {"value": 4}})
    assert (other.status_code, other.json()["issue"][0]["code"]) == (409, "conflict")
    r5 = {key: value for key, value in body.items() if key != "medicationReference"}
    r5 |= {"medication": {"reference": {"reference": "#m1"}}, "identifier": [{"value": "RX-2"}]}
    assert api.operator.post("/fhir/R5/MedicationDispense", r5).status_code == 201


def test_what_contradicts_the_ledger_is_an_exception_and_not_refused(api: Api) -> None:
    lot = api.receive("L1", 10)
    api.quality.ok("POST", "/v1/holds", json={"lot_id": lot, "reason": "torn box"})
    assert api.operator.post("/fhir/R4/MedicationDispense", dispense(api, "L1")).status_code == 201
    unknown = json.loads(json.dumps(dispense(api, "L1")).replace('"insulin"', '"epo"').replace("RX-1", "RX-2"))
    told = api.operator.post("/fhir/R4/MedicationDispense", unknown)
    assert (told.status_code, "no item has ITEM epo" in told.json()["issue"][0]["details"]["text"]) == (202, True)
    assert faults_of(told.json(), Release.R4) == []
    kinds = {row["kind"] for row in api.reader.rows("/v1/cases")}
    assert kinds == {"issued_while_held", "unknown_item"}


def test_what_fhir_forbids_is_refused_with_every_fault(api: Api) -> None:
    api.receive("L1", 10)
    for change, code, text in (
        ({"status": "done"}, "code-invalid", "required value set"),
        ({"status": "in-progress"}, "business-rule", "only completed is booked"),
        ({"quantity": {"value": 0.5}}, "value", "no whole quantity"),
        ({"quantity": {"value": 3, "comparator": "<"}}, "invariant", "sqq-1"),
        ({"whenPrepared": "2027-01-01T00:00:00Z"}, "invariant", "mdd-1"),
        ({"whenHandedOver": "yesterday"}, "value", "is no time"),
        ({"note": []}, "invariant", "ele-1"),
        ({"identifier": None}, "structure", "null is no value"),
        ({"location": {"display": "somewhere"}}, "required", "refer to a Location"),
        ({"medicationCodeableConcept": {"text": "x"}}, "structure", "only one of"),
    ):
        refused = api.operator.post("/fhir/R4/MedicationDispense", {**dispense(api, "L1"), **change})
        issues = refused.json()["issue"]
        assert (refused.status_code, faults_of(refused.json(), Release.R4)) == (422, []), refused.text
        assert any(each["code"] == code and text in each["details"]["text"] for each in issues), (change, issues)
    wrong_unit = api.operator.post(
        "/fhir/R4/MedicationDispense", {**dispense(api, "L1"), "quantity": {"value": 3, "unit": "mL"}}
    )
    assert "is counted in each" in wrong_unit.text
    assert found(api.reader, "R4", "MedicationDispense") == []


def test_a_request_is_a_requisition(api: Api) -> None:
    asked = {
        "resourceType": "SupplyRequest",
        "identifier": [{"system": "urn:ward", "value": "W-5"}],
        "status": "active",
        "itemCodeableConcept": {"coding": [{"system": "urn:x-lotwarden:item", "code": "insulin"}]},
        "quantity": {"value": 4},
        "deliverFrom": {"reference": f"Location/{place_id(api, 'fridge-a')}"},
        "deliverTo": {"identifier": {"value": "ward-3"}},
    }
    first, again = (api.operator.post("/fhir/R4/SupplyRequest", asked) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 200), first.text
    assert api.reader.ok("GET", "/v1/orders/W-5")["kind"] == "requisition"
    assert first.json()["status"] == "active"


def test_errors_are_operation_outcomes(api: Api) -> None:
    for answer, status in (
        (api.reader.get("/fhir/R4/SupplyDelivery", colour="red"), 400),
        (api.reader.get("/fhir/R4/Patient"), 404),
        (api.reader.get("/fhir/R4/InventoryItem"), 404),
        (api.reader.get("/fhir/R4/SupplyDelivery/99"), 404),
        (api.reader.get("/fhir/R3/SupplyDelivery"), 422),
        (api.client.get("/fhir/R4/SupplyDelivery"), 401),
        (api.reader.post("/fhir/R4/MedicationDispense", {}), 403),
        (api.reader.get("/fhir/R4/SupplyDelivery", _count="none"), 400),
    ):
        told = answer.json()
        assert (answer.status_code, told["resourceType"], faults_of(told, Release.R4)) == (
            status,
            "OperationOutcome",
            [],
        )
        assert answer.headers["content-type"].startswith("application/fhir+json")
    lenient = api.reader.request("GET", "/fhir/R4/SupplyDelivery?colour=red")
    assert lenient.status_code == 400


def test_an_owner_sees_their_own_and_a_site_is_bound(api: Api) -> None:
    api.receive("L1", 10)
    api.administrator.ok("POST", "/v1/owners", json={"name": "clinic", "title": "Clinic"})
    theirs = Somebody(api.client, create_token(api.database, "clinic-1", Role.OWNER, owner="clinic"))
    assert len(found(api.reader, "R4", "SupplyDelivery")) == 1
    for type_ in ("SupplyDelivery", "MedicationDispense", "SupplyRequest", "InventoryItem"):
        assert found(theirs, "R5", type_) == [], type_
    api.place("north", "site")
    north = Somebody(api.client, create_token(api.database, "north-1", Role.OPERATOR, site="north"))
    refused = north.post("/fhir/R4/MedicationDispense", dispense(api, "L1"))
    assert (refused.status_code, "your own site only" in refused.text) == (403, True)


def test_a_dispense_of_an_owners_goods_is_booked_of_theirs(api: Api) -> None:
    api.administrator.ok("POST", "/v1/owners", json={"name": "acme-co"})
    api.receive("L1", 10)
    api.receive("L1", 10, owner="acme-co")
    owned = dispense(api, "L1", extension=[{"url": "urn:x-lotwarden:owner", "valueString": "acme-co"}])
    made = api.operator.post("/fhir/R4/MedicationDispense", owned)
    assert (made.status_code, made.json()["extension"]) == (201, owned["extension"]), made.text
    left = {row["owner"]: row["quantity"] for row in api.reader.rows("/v1/stock", place="fridge-a")}
    assert left == {"house": 10, "acme-co": 7}
    owner = Somebody(api.client, create_token(api.database, "portal", Role.OWNER, owner="acme-co"))
    assert [row["id"] for row in found(owner, "R4", "MedicationDispense")] == [made.json()["id"]]
    nobody = {**owned, "identifier": [{"value": "RX-9"}], "extension": [{**owned["extension"][0], "valueString": "x"}]}
    assert api.operator.post("/fhir/R4/MedicationDispense", nobody).status_code == 404
