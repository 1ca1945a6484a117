"""Buy and bill: a table with its source, a dose and its waste, charges that go out once, reversals, and the daily
comparison with stock; by the API alone."""

import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from cloud_sync.actions.billing.reconciliation import reconcile_due
from cloud_sync.domain.roles import Role
from cloud_sync.seal.sealing import seal_once
from cloud_sync.storage.database import Database
from tests.support.ledger_api import NOW, Api, api_on, movement

WHY = {"reason": "as agreed"}
HEAD = (
    "ndc,hcpcs,description,dose_unit,dose_per_base_unit,dose_per_billing_unit,ndc_unit,ndc_units_per_base_unit,"
    "container,rounding,valid_from,valid_until\n"
)
ROW = "0002-8215-01,J9999,made up,mg,100,10,ML,4,single_dose,none,2026-01-01,\n"
SOURCE = {"title": "Made-up crosswalk 2026", "source": "this test; no such table was published"}
TODAY = NOW.date().isoformat()


@pytest.fixture
def api(database: Database) -> Iterator[Api]:
    with api_on(database) as api:
        api.house()
        api.place("ward-3", "ward", parent="main")
        item = {"title": "A drug", "base_unit": "vial", "ndc": "0002-8215-01", **WHY}
        api.administrator.ok("PUT", "/v1/items/drug", json=item)
        api.receive("A", 10, item="drug")
        yield api


def bring(api: Api, text: str = HEAD + ROW) -> Any:
    return api.administrator.ok("POST", "/v1/billing-tables", params=SOURCE, content=text)


def given(quantity: int = 1, **more: Any) -> dict[str, Any]:
    return {
        "client_id": str(uuid.uuid4()), "item": "drug", "lot_number": "A", "quantity": quantity,
        "from_place": "fridge-a", "to_place": "ward-3", "given_at": (NOW - timedelta(hours=1)).isoformat(),
        "patient": "MRN-4711", **more,
    }  # fmt: skip


def dose(amount: str, wasted: str = "0", unit: str = "mg") -> dict[str, str]:
    return {"given": amount, "wasted": wasted, "unit": unit}


def bought(api: Api) -> None:
    api.administrator.ok("PUT", "/v1/payer-classes/house", json={"payer_class": "340B", **WHY})


def refused(api: Api, status: int, body: dict[str, Any]) -> str:
    answer = api.operator.post("/v1/administrations", body)
    assert answer.status_code == status, answer.text
    (stock,) = api.reader.rows("/v1/stock", item="drug")
    assert stock["quantity"] == 10, "nothing is moved by what is refused"
    return str(answer.json()["error"])


def test_what_cannot_be_charged_is_refused_before_anything_moves(api: Api) -> None:
    assert "no conversion table knows drug" in refused(api, 409, given())
    assert api.administrator.request("POST", "/v1/billing-tables", params=SOURCE, content=HEAD).status_code == 422
    wrong = HEAD + ROW.replace("J9999", "J99") + ROW.replace("single_dose", "vial") + ROW + ROW
    faults = api.administrator.request("POST", "/v1/billing-tables", params=SOURCE, content=wrong).json()["error"]
    assert "line 2: 'J99' is no HCPCS code" in faults and "line 3: container" in faults and "two rows" in faults
    assert bring(api)["source"] == SOURCE["source"]
    assert "the owner house has no payer class" in refused(api, 409, given())
    bought(api)
    assert "are 7.3 units of J9999" in refused(api, 422, given(dose=dose("73", "27")))
    assert "are not the 100 mg" in refused(api, 422, given(dose=dose("70", "20")))
    assert "the table converts mg" in refused(api, 422, given(dose=dose("4", unit="mL")))
    assert "not 11" in refused(api, 409, given(11))
    assert "nobody says for whom it is" in refused(api, 422, given(patient=""))


def test_a_dose_is_charged_once_reversed_and_charged_again(api: Api, database: Database) -> None:
    bring(api)
    bought(api)
    seen = api.reader.ok("GET", "/v1/administrations/preview?item=drug&given=70&wasted=30&unit=mg")
    assert [(line["part"], line["units"], line["modifier"]) for line in seen["lines"]] == [
        ("given", "7", ""), ("wasted", "3", "JW"),
    ]  # fmt: skip
    body = given(dose=dose("70", "30"))
    made = api.operator.ok("POST", "/v1/administrations", json=body)
    assert api.operator.ok("POST", "/v1/administrations", json=body)["id"] == made["id"]
    assert (made["patient"], made["payer_class"], made["expires_on"], made["state"]) == (
        "MRN-4711", "340B", "2027-01-31", "charged",
    )  # fmt: skip
    assert [(c["hcpcs"], float(c["units"]), c["modifier"], float(c["ndc_units"])) for c in made["charges"]] == [
        ("J9999", 7, "", 2.8), ("J9999", 3, "JW", 1.2),
    ]  # fmt: skip
    assert made["charges"][0]["table_source"] == SOURCE["source"]
    seal_once(database)
    feed = api.reader.ok("GET", "/v1/erp/charges")
    assert [(row["kind"], row["patient"]) for row in feed["rows"]] == [("charge", "MRN-4711")] * 2

    path = f"/v1/administrations/{made['id']}"
    assert api.quality.post(f"{path}/charge", WHY).status_code == 409
    taken_back = api.quality.ok("POST", f"{path}/reverse", json={"reason": "80 mg were given"})
    assert taken_back["state"] == "reversed" and [c["kind"] for c in taken_back["charges"]][2:] == ["reversal"] * 2
    assert api.quality.post(f"{path}/reverse", WHY).status_code == 409
    again = api.quality.ok("POST", f"{path}/charge", json={"dose": dose("80", "20"), "reason": "as written"})
    assert [float(c["units"]) for c in again["charges"] if not c["is_reversed"] and c["kind"] == "charge"] == [8, 2]
    seal_once(database)
    rest = api.reader.ok("GET", "/v1/erp/charges", params={"after": feed["next"]})
    assert [row["kind"] for row in rest["rows"]] == ["reversal", "reversal", "charge", "charge"]
    assert api.reader.ok("GET", "/v1/erp/charges", params={"after": rest["next"]})["rows"] == []

    whole = api.operator.ok("POST", "/v1/administrations", json=given())
    assert [(float(c["units"]), c["modifier"]) for c in whole["charges"]] == [(10, "JZ")]
    # The patient is a reference, kept apart, and erasable by two people.
    with database.transaction() as connection:
        kept = [
            str(row) for table in ("event", "administration") for row in connection.execute(f"SELECT * FROM {table}")
        ]
    assert any("charge_made" in row for row in kept) and not any("MRN-4711" in row for row in kept)
    for person in (api.administrator, api.known_as("second", Role.ADMINISTRATOR)):
        erased = person.ok("POST", "/v1/accounts/MRN-4711/erase", json={"reason": "asked to", "although_signed": True})
    assert erased["state"] == "erased"
    assert api.reader.ok("GET", path)["patient"] == "erased"


def test_charges_are_held_against_stock_day_by_day(api: Api) -> None:
    bring(api)
    bought(api)
    api.operator.ok("POST", "/v1/administrations", json=given())
    line = {"item": "drug", "lot_number": "A", "quantity": 2}
    taken = movement("dispense", "fridge-a", "ward-3", [line], occurred_at=(NOW - timedelta(hours=2)).isoformat())
    api.operator.ok("POST", "/v1/movements", json=taken)

    def compared(day: str = TODAY) -> tuple[int, int, list[str]]:
        row = api.quality.ok("POST", "/v1/charge-reconciliations", json={"site": "main", "day": day})
        cases = api.reader.rows("/v1/cases", only_open=True)
        return row["dispensed"], row["charged"], [c["text"] for c in cases if c["kind"] == "charge_difference"]

    dispensed, charged, cases = compared()
    assert (dispensed, charged, len(cases)) == (3, 1, 1) and "2 of lot A of drug at main" in cases[0]
    assert compared()[2] == cases, "it is one case however often it is looked at"
    (stock,) = [row for row in api.reader.rows("/v1/stock", item="drug") if row["place"] == "fridge-a"]
    assert stock["reasons"] == [], "a difference of charges holds nothing"
    back = movement("return", "ward-3", "fridge-a", [line], occurred_at=(NOW - timedelta(minutes=30)).isoformat())
    api.operator.ok("POST", "/v1/movements", json=back)
    assert compared() == (1, 1, [])
    (made,) = api.reader.rows("/v1/administrations", patient="MRN-4711")
    api.quality.ok("POST", f"/v1/administrations/{made['id']}/reverse", json=WHY)
    # The ledger itself compares the last days, and keeps what changed.
    assert [reconcile_due(api.database, at=NOW + timedelta(days=1)) for _ in range(2)] == [1, 0]
    assert "1 of lot A" in compared()[2][0]
    assert api.quality.post("/v1/charge-reconciliations", {"site": "main", "day": "2026-06-02"}).status_code == 422


def test_what_a_patient_brought_is_given_and_not_charged(api: Api) -> None:
    bring(api)
    api.administrator.ok("POST", "/v1/owners", json={"name": "patient", "title": "Patients' own"})
    api.administrator.ok("PUT", "/v1/payer-classes/patient", json={"payer_class": "patient_owned", **WHY})
    api.receive("P", 1, item="drug", owner="patient")
    made = api.operator.ok("POST", "/v1/administrations", json=given(lot_number="P", owner="patient"))
    assert (made["state"], made["charges"], made["payer_class"]) == ("not_charged", [], "patient_owned")
    row = api.quality.ok("POST", "/v1/charge-reconciliations", json={"site": "main", "day": TODAY})
    assert (row["dispensed"], row["differences"]) == (0, [])
