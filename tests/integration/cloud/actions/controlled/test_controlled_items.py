"""Controlled items from the receipt to the biennial inventory: counted blind by two, wasted before a witness, with
deadlines for what differs; by the API alone."""

import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from cloud_sync.domain.roles import Role
from cloud_sync.notify.controlled_due import controlled_due
from cloud_sync.storage.database import Database
from tests.support.ledger_api import NOW, Api, Somebody, api_on, movement

WHY = {"reason": "as our procedure 7 says"}
RULE = {
    "blind_count": True, "double_count": True, "witnessed_waste": True, "resolve_hours": 24, "inventory_months": 24,
    "source": "procedure 7, version 2",
}  # fmt: skip


@pytest.fixture
def api(database: Database) -> Iterator[Api]:
    with api_on(database) as api:
        api.house()
        api.place("safe", parent="main")
        api.place("ward-3", "ward", parent="main")
        item = {"title": "Morphine 10 mg", "base_unit": "ampoule", "controlled_schedule": "II", **WHY}
        api.administrator.ok("PUT", "/v1/items/morphine", json=item)
        api.administrator.ok("PUT", "/v1/controlled-rules/II", json=RULE)
        api.receive("A", 10, item="morphine", place="safe")
        api.receive("B", 3)
        yield api


def find(somebody: Somebody, number: str, quantity: int, item: str = "morphine", lot: str = "A") -> dict[str, Any]:
    found = [{"item": item, "lot_number": lot, "quantity": quantity, "place": "safe"}]
    body = {"client_id": str(uuid.uuid4()), "counted_at": NOW.isoformat(), "found": found}
    row: dict[str, Any] = somebody.ok("POST", f"/v1/counts/{number}/findings", json=body)
    return row


def test_a_count_is_blind_by_two_people_and_becomes_the_inventory(api: Api) -> None:
    bob = api.known_as("bob", Role.OPERATOR)
    opened = api.operator.ok("POST", "/v1/counts", json={"place": "safe", "number": "C-1"})
    assert opened["is_blind"] and opened["not_counted"][0]["quantity"] is None
    found = find(api.operator, "C-1", 10)
    assert [found["lines"][0][name] for name in ("counted", "expected", "difference")] == [None] * 3
    early = api.quality.post("/v1/counts/C-1/approve", WHY)
    assert early.status_code == 409 and "still goes on" in early.json()["error"]
    assert api.quality.post("/v1/counts/C-1/finish").status_code == 403
    find(bob, "C-1", 9)
    ended = bob.ok("POST", "/v1/counts/C-1/finish")
    assert (ended["finished_by"], ended["lines"][0]["expected"]) == ("bob", 10)
    late = {"client_id": str(uuid.uuid4()), "counted_at": NOW.isoformat(),
            "found": [{"item": "morphine", "lot_number": "A", "quantity": 10, "place": "safe"}]}  # fmt: skip
    assert "ended the counting" in bob.post("/v1/counts/C-1/findings", late).json()["error"]
    differ = api.quality.post("/v1/counts/C-1/approve", WHY).json()["error"]
    assert "two people did not find the same: bob 9, operator-1 10" in differ
    api.quality.ok("POST", "/v1/counts/C-1/reject", json=WHY)

    api.operator.ok("POST", "/v1/counts", json={"place": "safe", "number": "C-2"})
    find(api.operator, "C-2", 9)
    api.operator.ok("POST", "/v1/counts/C-2/finish")
    alone = api.quality.post("/v1/counts/C-2/approve", WHY).json()["error"]
    assert "morphine A in safe was counted by operator-1 alone" in alone
    api.quality.ok("POST", "/v1/counts/C-2/reject", json=WHY)
    api.operator.ok("POST", "/v1/counts", json={"place": "safe", "number": "C-3"})
    find(api.operator, "C-3", 9)
    find(bob, "C-3", 9)
    bob.ok("POST", "/v1/counts/C-3/finish")
    api.quality.ok("POST", "/v1/counts/C-3/approve", json=WHY)

    (difference,) = api.reader.rows("/v1/discrepancies")
    assert (difference["kind"], difference["schedule"], difference["resolve_hours"]) == ("count_difference", "II", 24)
    due = datetime.fromisoformat(difference["due_at"]) - datetime.fromisoformat(difference["opened_at"])
    assert due == timedelta(hours=24)
    opened_at = datetime.fromisoformat(difference["opened_at"])
    assert reminded(api, opened_at + timedelta(hours=11)) == {"place:main": "alert"}
    case = f"case:{difference['id']}"
    assert reminded(api, opened_at + timedelta(hours=13))[case] == "alert"
    assert reminded(api, opened_at + timedelta(hours=25))[case] == "action"
    (row,) = api.reader.rows("/v1/controlled-inventory", schedule="II")
    assert (row["quantity"], row["count"], row["site"]) == (9, "C-3", "main")

    asked = {"site": "main", "taken_on": NOW.date().isoformat(), "taken_when": "close", "counts": ["C-3"]}
    assert api.quality.post("/v1/controlled-inventories", {**asked, "counts": ["C-2"]}).status_code == 409
    taken = api.quality.ok("POST", "/v1/controlled-inventories", json=asked)
    (position,) = taken["positions"]
    next_due = NOW + timedelta(days=730)
    assert "place:main" not in reminded(api, next_due - timedelta(days=61))
    assert "place:main" in reminded(api, next_due - timedelta(days=59))
    assert (position["counted"], position["expected"], position["counted_by"]) == (9, 10, ["bob", "operator-1"])
    assert api.quality.post("/v1/controlled-inventories", asked).status_code == 409
    api.receive("Z", 1, item="morphine", place="fridge-a")
    missed = api.quality.post("/v1/controlled-inventories", {**asked, "taken_when": "opening"}).json()["error"]
    assert "morphine Z in fridge-a" in missed


def reminded(api: Api, at: datetime) -> dict[str, str]:
    """What somebody is reminded of at an instant, and how urgently."""
    with api.database.transaction() as connection:
        return {alert.subject: alert.severity.value for alert in controlled_due(connection, at)}


def waste(**more: Any) -> dict[str, Any]:
    return {
        "client_id": str(uuid.uuid4()), "item": "morphine", "lot_number": "A", "place": "safe",
        "reason": "ampoule broke", **more,
    }  # fmt: skip


def test_waste_leaves_stock_before_a_witness_and_stands_in_the_register(api: Api) -> None:
    bob = api.known_as("bob", Role.OPERATOR)
    other = api.operator.post("/v1/wastes", waste(item="insulin", lot_number="B", place="fridge-a"))
    assert other.status_code == 422 and "not a controlled item" in other.json()["error"]
    assert api.operator.post("/v1/wastes", waste(place="fridge-a")).status_code == 409
    body = waste()
    made = api.operator.ok("POST", "/v1/wastes", json=body)
    assert api.operator.ok("POST", "/v1/wastes", json=body)["id"] == made["id"]
    assert made["witness"] is None and stock_of(api) == 10
    assert api.operator.post(f"/v1/wastes/{made['id']}/witness").status_code == 403
    seen = bob.ok("POST", f"/v1/wastes/{made['id']}/witness")
    assert (seen["witness"], stock_of(api)) == ("bob", 9)
    assert api.known_as("cy", Role.OPERATOR).post(f"/v1/wastes/{made['id']}/witness").status_code == 409
    part = api.operator.ok("POST", "/v1/wastes", json=waste(amount="4.5", unit="mg"))
    assert [row["id"] for row in api.reader.rows("/v1/wastes", only_waiting=True)] == [part["id"]]

    line = {"item": "morphine", "lot_number": "A", "quantity": 2}
    taken = movement("dispense", "safe", "ward-3", [line], occurred_at=(NOW - timedelta(hours=2)).isoformat())
    api.operator.ok("POST", "/v1/movements", json=taken)
    later = (NOW + timedelta(days=1)).isoformat()
    told = api.reader.ok("GET", "/v1/controlled-register", params={"item": "morphine", "site": "main", "until": later})
    assert [(row["action"], row["came"], row["went"], row["balance"], row["witness"]) for row in told] == [
        ("receive", 10, None, 10, None), ("dispense", None, 2, 8, None), ("destroy", None, 1, 7, "bob"),
    ]  # fmt: skip
    assert api.reader.get("/v1/controlled-register", item="insulin", site="main").status_code == 422


def stock_of(api: Api) -> int:
    return sum(row["quantity"] for row in api.reader.rows("/v1/stock", item="morphine"))
