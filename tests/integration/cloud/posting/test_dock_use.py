"""What a dock dispenses to patients and throws away: administrations, charges, waste with its witness, and cases."""

import base64
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from cloud_sync.domain.roles import Role
from cloud_sync.storage.database import Database
from edge_agent.domain.wire.records import Action, Record, ScanLine
from edge_agent.domain.wire.wire import join_units
from tests.support.builders import GatewayWithKey, line, scan
from tests.support.ledger_api import NOW, Api, api_on

GTIN = "00312345678906"
WHY = {"reason": "as agreed"}
RULE = {
    "blind_count": True, "double_count": True, "witnessed_waste": True, "resolve_hours": 24, "inventory_months": 24,
    "source": "procedure 7",
}  # fmt: skip
TABLE = (
    "ndc,hcpcs,description,dose_unit,dose_per_base_unit,dose_per_billing_unit,ndc_unit,ndc_units_per_base_unit,"
    "container,rounding,valid_from,valid_until\n0002-8215-01,J9999,made up,mg,10,1,ML,1,single_dose,none,2020-01-01,\n"
)


class Dock:
    """A dock of the house whose gateway signs what it says."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.gateway = GatewayWithKey()
        key = base64.b64encode(self.gateway.public_key).decode()
        api.administrator.ok("POST", "/v1/gateways", json={"name": self.gateway.name, "public_key": key})
        api.administrator.ok("PUT", f"/v1/gateways/{self.gateway.name}/place", json={"place": "main"})

    def say(self, *records: Record) -> None:
        message = join_units([self.gateway.batch(*records)])
        (receipt,) = self.api.client.post("/v1/batches", content=message).json()["receipts"]
        assert receipt["outcome"] == "stored", receipt


@pytest.fixture
def dock(database: Database) -> Iterator[Dock]:
    with api_on(database) as api:
        api.house()
        api.place("ward-3", "ward", parent="main")
        item = {"base_unit": "ampoule", "ndc": "0002-8215-01", "controlled_schedule": "II", "gtins": {GTIN: 1}, **WHY}
        api.administrator.ok("PUT", "/v1/items/morphine", json=item)
        api.administrator.ok("PUT", "/v1/controlled-rules/II", json=RULE)
        source = {"title": "made up", "source": "this test"}
        api.administrator.ok("POST", "/v1/billing-tables", params=source, content=TABLE)
        api.administrator.ok("PUT", "/v1/payer-classes/house", json={"payer_class": "purchased", **WHY})
        api.receive("A", 10, item="morphine")
        yield Dock(api)


def box(quantity: int = 1, wasted: str = "") -> ScanLine:
    return replace(line(quantity, "A", gtin=GTIN, expires_on=date(2027, 1, 31)), wasted=wasted)


def cases(api: Api, kind: str) -> list[dict[str, Any]]:
    return [row for row in api.reader.rows("/v1/cases", only_open=True) if row["kind"] == kind]


def test_a_dose_of_the_dock_is_charged_and_its_waste_has_two_people(dock: Dock) -> None:
    api = dock.api
    body = {
        "client_id": str(uuid.uuid4()), "kind": "requisition", "from_place": "main", "to_place": "ward-3",
        "patient_ref": "MRN-1", "lines": [{"item": "morphine", "quantity": 5}],
    }  # fmt: skip
    order = str(api.operator.ok("POST", "/v1/orders", json=body)["number"])
    at = NOW - timedelta(hours=2)
    given = scan(at, Action.DISPENSE, "fridge-a", "ward-3", box(wasted="4"), order=order)
    dock.say(replace(given, witness="bob"))
    (made,) = api.reader.rows("/v1/administrations")
    assert (made["patient"], made["state"], made["witness"], made["given_by"]) == ("MRN-1", "charged", "bob", "amy")
    assert [(float(c["units"]), c["modifier"]) for c in made["charges"]] == [(6, ""), (4, "JW")]
    (waste,) = api.reader.rows("/v1/wastes")
    assert (float(waste["amount"]), waste["unit"], waste["witness"], waste["witnessed_how"]) == (4, "mg", "bob", "dock")

    # Physical facts are never refused: what does not convert, and what nobody saw, are cases.
    dock.say(scan(at + timedelta(minutes=5), Action.DISPENSE, "fridge-a", "ward-3", box(wasted="3.5"), order=order))
    (not_charged,) = cases(api, "charge_not_made")
    assert "6.5 mg are 6.5 units of J9999" in not_charged["text"]
    (unseen,) = cases(api, "waste_not_witnessed")
    assert "amy threw away morphine, lot A" in unseen["text"]
    due = {row["kind"]: row["state"] for row in api.reader.rows("/v1/discrepancies")}
    assert set(due) == {"charge_not_made", "waste_not_witnessed"}
    dose = {"given": "7", "wasted": "3", "unit": "mg"}
    path = f"/v1/administrations/{api.reader.rows('/v1/administrations')[0]['id']}"
    assert api.reader.ok("GET", path)["state"] == "to_charge"
    assert api.quality.ok("POST", f"{path}/charge", json={"dose": dose, **WHY})["state"] == "charged"
    (stock,) = [row for row in api.reader.rows("/v1/stock", item="morphine") if row["place"] == "fridge-a"]
    assert stock["quantity"] == 8


def test_what_a_dock_destroys_of_controlled_items_stands_with_its_witness(dock: Dock) -> None:
    api = dock.api
    at = NOW - timedelta(hours=2)
    dock.say(replace(scan(at, Action.DESTROY, "fridge-a", None, box()), witness="bob"))
    dock.say(replace(scan(at + timedelta(minutes=1), Action.DESTROY, "fridge-a", None, box()), witness="amy"))
    alone, seen = api.reader.rows("/v1/wastes")
    assert (seen["witness"], seen["takes_unit"], alone["witness"]) == ("bob", True, None)
    (case,) = cases(api, "waste_not_witnessed")
    assert case["lot_id"] is None, "who did not look holds no stock"
    bob = api.known_as("bob", Role.OPERATOR)
    assert bob.ok("POST", f"/v1/wastes/{alone['id']}/witness")["witness"] == "bob"
    (stock,) = [row for row in api.reader.rows("/v1/stock", item="morphine") if row["place"] == "fridge-a"]
    assert stock["quantity"] == 8, "the dock took it out of stock, once"


def test_two_people_count_at_the_dock_each_alone_and_it_is_one_blind_count(dock: Dock) -> None:
    api = dock.api
    at = NOW - timedelta(hours=2)
    dock.say(scan(at, Action.COUNT, "fridge-a", None, box(9)))
    (count,) = api.reader.rows("/v1/counts", only_open=True)
    path = f"/v1/counts/{count['number']}"
    shown = api.reader.ok("GET", path)
    assert shown["is_blind"] and [line["counted"] for line in shown["lines"]] == [None]
    api.operator.ok("POST", f"{path}/finish")
    assert "counted by amy alone" in api.quality.post(f"{path}/approve", WHY).json()["error"]
    api.quality.ok("POST", f"{path}/reject", json=WHY)
    dock.say(scan(at + timedelta(minutes=5), Action.COUNT, "fridge-a", None, box(9)))
    dock.say(scan(at + timedelta(minutes=9), Action.COUNT, "fridge-a", None, box(9), operator="bob"))
    (count,) = api.reader.rows("/v1/counts", only_open=True)
    path = f"/v1/counts/{count['number']}"
    api.operator.ok("POST", f"{path}/finish")
    done = api.quality.ok("POST", f"{path}/approve", json=WHY)
    assert (done["decision"], done["lines"][0]["expected_then"], done["lines"][0]["counted"]) == ("approved", 10, 9)
