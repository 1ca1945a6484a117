"""One product from the requisition to the patient and back, with a recall: only the public API and signed batches."""

import base64
import uuid
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import pytest

from cloud_sync.actions.access import create_token
from cloud_sync.app import create_app
from cloud_sync.domain.roles import Role
from cloud_sync.storage.database import Database
from edge_agent.domain.wire.records import Action, Record
from edge_agent.domain.wire.wire import join_units
from tests.support.builders import GatewayWithKey, line, reading, scan
from tests.support.ledger_api import Somebody
from tests.support.quick_client import QuickClient

GTIN = "00312345678906"
START = datetime(2026, 3, 1, 12, tzinfo=UTC)
WHY = {"reason": "as agreed"}
FILES = {
    "places": "name,kind,parent,policy,zone\nmain,site,,,UTC\ndock,room,main,,\nfridge,room,main,cool,\n"
    "gathered,bin,main,,\nreturns,bin,main,,\n",
    "items": f"name,title,base_unit,gtins,ndc,storage_class,receipt_inspection,receipt_days_min\n"
    f"insulin,Insulin 100 IU/ml,vial,{GTIN}=1,0002-8215-01,cool,true,90\n",
    "suppliers": "name,status,qualified_until\nacme,qualified,2027-12-31\n",
    "recipients": "name,kind,parent,shelf_life_days_min\nward-3,ward,main,30\n",
    "operators": "name,badge\namy,1001\nbob,1002\n",
    "reorder-levels": "item,place,supplier,reorder_point,par_level\ninsulin,main,acme,5,20\n",
}
POLICY = {
    "name": "cool", "title": "2 to 8 °C",
    "rules": [{"name": "high", "metric": "temp_c", "side": "above", "limit": 8, "on_limit_is_outside": False,
               "delay_s": 0, "source": "USP <659>"}],
    "silence_accepted": "a test",
}  # fmt: skip


class House:
    """People with tokens, a gateway with a key, and a clock."""

    def __init__(self, client: httpx.Client, database: Database) -> None:
        self.client = client
        self.database = database
        self.buyer = Somebody(client, create_token(database, "buyer", Role.OPERATOR))
        self.pharmacist = Somebody(client, create_token(database, "pharmacist", Role.OPERATOR))
        self.quality = Somebody(client, create_token(database, "quality", Role.QUALITY))
        self.second_quality = Somebody(client, create_token(database, "second-quality", Role.QUALITY))
        self.administrator = Somebody(client, create_token(database, "administrator", Role.ADMINISTRATOR))
        self.gateway = GatewayWithKey()

    def say(self, *records: Record) -> None:
        message = join_units([self.gateway.batch(*records)])
        (receipt,) = self.client.post("/v1/batches", content=message).json()["receipts"]
        assert receipt["outcome"] == "stored", receipt

    def order(self, number: str) -> dict[str, Any]:
        order: dict[str, Any] = self.buyer.ok("GET", f"/v1/orders/{number}")
        return order

    def stock_states(self, place: str) -> list[dict[str, int]]:
        return [row["states"] for row in self.buyer.rows("/v1/states", place=place)]


@pytest.fixture
def house(database: Database) -> Iterator[House]:
    now = START + timedelta(days=1)
    with QuickClient(create_app(database, clock=lambda: now), raise_server_exceptions=False) as client:
        yield House(client, database)


def test_from_requisition_to_patient_and_back(house: House) -> None:
    settle(house)
    purchase = buy(house)
    receive(house, purchase)
    demand = dispense(house)
    lot = come_back(house, demand)
    number = recall(house, lot, demand)
    reconcile(house, lot)
    close_recall(house, number)
    every_step_is_told(house, purchase, demand)


def settle(house: House) -> None:
    """Master data from files; a dry run first."""
    house.administrator.ok("POST", "/v1/policies", json=POLICY)
    for kind, text in FILES.items():
        for dry_run in (True, False):
            params = {"reason": "first filling", "dry_run": dry_run}
            who = house.quality if kind == "suppliers" else house.administrator
            done = who.ok("POST", f"/v1/imports/{kind}", params=params, content=text.encode())
            assert (done["faults"], done["done"]) == ([], not dry_run), kind
    key = base64.b64encode(house.gateway.public_key).decode()
    house.administrator.ok("POST", "/v1/gateways", json={"name": house.gateway.name, "public_key": key})
    house.administrator.ok("PUT", f"/v1/gateways/{house.gateway.name}/place", json={"place": "dock"})
    with house.database.transaction() as connection:  # it has been there since the story begins
        connection.execute("UPDATE gateway SET registered_at = %s", (START,))
    house.say(reading(START, 5.0, "probe"))
    (channel,) = house.buyer.rows("/v1/channels")
    house.administrator.ok("PUT", f"/v1/channels/{channel['id']}/place", json={"place": "fridge"})


def buy(house: House) -> str:
    """The shelf is empty, so a requisition is proposed; somebody else approves it, and it is ordered."""
    (proposal,) = house.buyer.ok("GET", "/v1/replenishment")
    assert (proposal["usable"], proposal["propose"]) == (0, 20)
    body = {"client_id": str(uuid.uuid4())}
    (requisition,) = house.buyer.ok("POST", "/v1/replenishment/requisitions", json=body)
    number = str(requisition["number"])
    assert requisition["state"] == "requested"
    assert house.buyer.post(f"/v1/orders/{number}/approve", WHY).status_code == 403
    assert house.pharmacist.ok("POST", f"/v1/orders/{number}/approve", json=WHY)["state"] == "approved"
    assert house.buyer.ok("POST", f"/v1/orders/{number}/place", json=WHY)["state"] == "ordered"
    return number


def receive(house: House, purchase: str) -> None:
    """Scanned at the dock, held for inspection, put away, released."""
    boxes = (
        line(12, "L1", gtin=GTIN, expires_on=date(2026, 9, 30)), line(8, "L2", gtin=GTIN, expires_on=date(2027, 3, 31)),
    )  # fmt: skip
    house.say(scan(START + timedelta(minutes=10), Action.RECEIVE, "acme", "main", *boxes, order=purchase))
    order = house.order(purchase)
    assert (order["state"], order["discrepancies"]) == ("received", [])
    house.say(scan(START + timedelta(minutes=15), Action.PUT_AWAY, "main", "fridge", *boxes))
    assert house.stock_states("fridge") == [{"quarantined": 12}, {"quarantined": 8}]
    for hold in house.quality.rows("/v1/holds/placed", only_open=True):
        assert hold["kind"] == "receipt_inspection"
        paper = {"kind": "coa", "lot_id": hold["lot_id"], "supplier": "acme", "reference": "DMS 4711"}
        house.quality.ok("POST", "/v1/documents", json=paper)
        house.quality.ok("POST", f"/v1/holds/{hold['id']}/lift", json={"reason": "inspected, certificate is good"})
    assert house.stock_states("fridge") == [{"available": 12}, {"available": 8}]


def dispense(house: House) -> str:
    """A prescription is allocated first expired first out, gathered and dispensed by scanner."""
    body = {
        "client_id": str(uuid.uuid4()), "kind": "requisition", "from_place": "main", "to_place": "ward-3",
        "patient_ref": "RX-2026-0815", "lines": [{"item": "insulin", "quantity": 5}],
    }  # fmt: skip
    number = str(house.pharmacist.ok("POST", "/v1/orders", json=body)["number"])
    said = {"client_id": str(uuid.uuid4())}
    (allocated,) = house.pharmacist.ok("POST", f"/v1/orders/{number}/allocate", json=said)["lines"]
    assert [(each["lot_number"], each["quantity"]) for each in allocated["reservations"]] == [("L1", 5)]
    box = line(5, "L1", gtin=GTIN, expires_on=date(2026, 9, 30))
    house.say(scan(START + timedelta(hours=1), Action.PICK, "fridge", "gathered", box, order=number, operator="bob"))
    assert house.stock_states("gathered") == [{"allocated": 5}]
    box = line(5, "L1", gtin=GTIN, expires_on=date(2026, 9, 30))
    at = START + timedelta(hours=2)
    house.say(scan(at, Action.DISPENSE, "gathered", "ward-3", box, order=number, operator="bob"))
    order = house.order(number)
    assert (order["state"], order["patient_ref"], order["discrepancies"]) == ("dispensed", "RX-2026-0815", [])
    return number


def come_back(house: House, demand: str) -> int:
    """The ward sends two vials back: held until quality has decided."""
    body = {
        "client_id": str(uuid.uuid4()), "kind": "return", "from_place": "ward-3", "to_place": "returns",
        "returns_order": demand, "lines": [{"item": "insulin", "quantity": 2}],
    }  # fmt: skip
    number = str(house.pharmacist.ok("POST", "/v1/orders", json=body)["number"])
    box = line(2, "L1", gtin=GTIN, expires_on=date(2026, 9, 30))
    house.say(scan(START + timedelta(hours=3), Action.RETURN, "ward-3", "returns", box, order=number))
    assert house.order(number)["state"] == "returned"
    assert house.order(demand)["lines"][0]["states"] == {"dispensed": 3, "returned": 2}
    (row,) = house.buyer.rows("/v1/states", place="returns")
    assert row["states"] == {"returned": 2}
    return int(row["lot_id"])


def recall(house: House, lot: int, demand: str) -> int:
    """The maker recalls the lot: it is blocked everywhere, and the ledger knows who has it."""
    opened = {"title": "insulin L1", "reason": "recalled by the maker, letter of 2026-03-02", "lots": [lot]}
    number_of_recall = int(house.quality.ok("POST", "/v1/recalls", json=opened)["id"])
    (notice,) = house.quality.ok("GET", f"/v1/recalls/{number_of_recall}")["notices"]
    assert notice["place"] == "ward-3"
    path = f"/v1/recalls/{number_of_recall}/notices/{notice['id']}"
    house.quality.ok("POST", f"{path}/sent", json={"reason": "by telephone to the head nurse"})
    house.quality.ok("POST", f"{path}/acknowledged", json={"reason": "three vials left, on their way"})
    body = {
        "client_id": str(uuid.uuid4()), "kind": "requisition", "from_place": "main", "to_place": "ward-3",
        "lines": [{"item": "insulin", "quantity": 9}],
    }  # fmt: skip
    number = house.pharmacist.ok("POST", "/v1/orders", json=body)["number"]
    said = {"client_id": str(uuid.uuid4())}
    (allocated,) = house.pharmacist.ok("POST", f"/v1/orders/{number}/allocate", json=said)["lines"]
    assert ([each["lot_number"] for each in allocated["reservations"]], allocated["missing"]) == (["L2"], 1)
    assert any("insulin L1" in reason["text"] for each in allocated["skipped"] for reason in each["reasons"])
    forward = house.quality.ok("GET", f"/v1/lots/{lot}/trace", params={"direction": "forward"})["forward"]
    assert [(end["to_place"], end["quantity"]) for end in forward["ends"]] == [("ward-3", 5)]
    backward = house.quality.ok("GET", f"/v1/lots/{lot}/trace", params={"direction": "backward"})["backward"]
    assert [(end["from_place"], end["quantity"]) for end in backward["ends"]] == [("acme", 12)]
    # The ward sends the rest back.
    box = line(3, "L1", gtin=GTIN, expires_on=date(2026, 9, 30))
    house.say(scan(START + timedelta(hours=5), Action.RETURN, "ward-3", "returns", box))
    assert house.order(demand)["patient_ref"] == "RX-2026-0815"
    return number_of_recall


def close_recall(house: House, number: int) -> None:
    """Every vial of the recalled lot is accounted for; a second quality person closes the recall."""
    (lot,) = house.quality.ok("GET", f"/v1/recalls/{number}")["reconciliation"]
    assert (lot["received"], lot["destroyed"], lot["accounted_pct"], lot["is_complete"]) == (12, 12, 100.0, True)
    body = {"outcome": "completed", "reason": "all twelve vials destroyed with a witness"}
    assert house.quality.post(f"/v1/recalls/{number}/close", body).status_code == 403
    house.second_quality.ok("POST", f"/v1/recalls/{number}/close", json=body)


def reconcile(house: House, lot: int) -> None:
    """All twelve vials are accounted for: destroyed with a witness, the shelf counted."""
    for place, quantity in (("returns", 5), ("fridge", 7)):
        body = {
            "client_id": str(uuid.uuid4()), "kind": "destruction", "from_place": place, "to_place": "scrap",
            "lines": [{"item": "insulin", "quantity": quantity, "lot_number": "L1"}],
        }  # fmt: skip
        number = house.pharmacist.ok("POST", "/v1/orders", json=body)["number"]
        house.quality.ok("POST", f"/v1/orders/{number}/approve", json=WHY)
        house.buyer.ok("POST", f"/v1/orders/{number}/witness", json=WHY)
        assert house.buyer.post(f"/v1/orders/{number}/destroy", {"client_id": str(uuid.uuid4())}).status_code == 403
        said = {"client_id": str(uuid.uuid4())}
        assert house.pharmacist.ok("POST", f"/v1/orders/{number}/destroy", json=said)["state"] == "destroyed"
    rows = house.buyer.rows("/v1/states", lot=lot)
    assert {row["place"]: row["states"] for row in rows if row["states"]} == {"scrap": {"destroyed": 12}}
    box = line(8, "L2", gtin=GTIN, expires_on=date(2027, 3, 31))
    house.say(scan(START + timedelta(hours=6), Action.COUNT, "fridge", None, box, operator="amy"))
    (count,) = house.buyer.rows("/v1/counts", only_open=True)
    done = house.buyer.ok("POST", f"/v1/counts/{count['number']}/approve", json=WHY)
    assert [each["difference"] for each in done["lines"]] == [0]
    (row,) = house.buyer.rows("/v1/states", place="fridge")
    assert (row["states"], row["reconciled_at"] is not None) == ({"allocated": 8}, True)


def every_step_is_told(house: House, purchase: str, demand: str) -> None:
    """The event log has who did what, and no case is open."""
    steps = house.order(purchase)["steps"]
    assert [(step["step"], step["by_whom"]) for step in steps] == [("approved", "pharmacist"), ("ordered", "buyer")]
    events = house.quality.ok("GET", "/v1/events", params={"subject": f"order:{purchase}"})
    assert [event["kind"] for event in events] == ["order_added", "order_approved", "order_ordered"]
    assert house.quality.rows("/v1/cases", only_open=True) == []
