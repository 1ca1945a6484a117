"""The life of a device, as a program tells it: terms, service, a patient, a loan, a repair that ends in a swap, a
correction in the field; and who has which unit."""

import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from cloud_sync.actions.people.erasure import erase
from cloud_sync.errors import Conflict
from cloud_sync.storage.database import Database
from tests.support.ledger_api import NOW, Api, api_on, movement

TERMS = {
    "device_class": "III", "tracking": "implanted", "reason": "class III, tracked by order of the FDA",
    "warranties": [{"months": 24, "starts": "receipt"}, {"supplier": "acme", "months": 36, "starts": "first_use"}],
    "plans": [{"name": "output-check", "kind": "calibration", "every_days": 30, "starts": "receipt"}],
}  # fmt: skip


@pytest.fixture
def api(database: Database) -> Iterator[Api]:
    with api_on(database) as api:
        api.house()
        api.place("ward-1", "ward", parent="main")
        api.item("pump", serial_tracked=True, expiry_required=False)
        yield api


def received(api: Api, serial: str, days_ago: int = 60, lot: str = "P1") -> int:
    line = {"item": "pump", "lot_number": lot, "quantity": 1, "serial": serial}
    at = (NOW - timedelta(days=days_ago)).isoformat()
    moved = api.operator.ok(
        "POST", "/v1/movements", json=movement("receive", "acme", "fridge-a", [line], occurred_at=at)
    )
    return int(moved[0]["lot_id"])


def told(lot: int, serial: str, days_ago: int = 0, **more: Any) -> dict[str, Any]:
    at = (NOW - timedelta(days=days_ago)).isoformat()
    return {"lot_id": lot, "serial": serial, "at": at, "reason": "as reported", **more}


def error(answer: Any, status: int) -> str:
    assert answer.status_code == status, answer.text
    return str(answer.json()["error"])


def test_the_life_of_a_device_is_one_history_through_its_swap(api: Api) -> None:
    api.administrator.ok("PUT", "/v1/items/pump/device", json=TERMS)
    lot = received(api, "D1")
    received(api, "D2")
    shown = api.reader.ok("GET", f"/v1/units/{lot}", params={"serial": "D1"})
    assert (shown["origin"]["how"], shown["origin"]["from_place"], shown["owner"]) == ("received", "acme", "house")
    assert shown["warranty"] == {"months": 36, "starts": "first_use", "until": None, "state": "not begun"}

    due = api.reader.rows("/v1/devices/services", days=0)
    assert {(row["serial"], row["state"]) for row in due} == {("D1", "over"), ("D2", "over")}
    api.quality.ok("POST", "/v1/devices/services", json=told(lot, "D1", 5, plan="output-check", passed=True))
    assert [row["serial"] for row in api.reader.rows("/v1/devices/services", days=0)] == ["D2"]

    loan = {"client_id": str(uuid.uuid4()), "lot_id": lot, "serial": "D1", "to_place": "ward-1", "reason": "home care",
            "due_back_at": (NOW + timedelta(days=30)).isoformat(), "patient": "MRN-77"}  # fmt: skip
    lent = api.operator.ok("POST", "/v1/loans", json=loan)
    assert api.operator.ok("POST", "/v1/loans", json=loan)["id"] == lent["id"], "asked twice, lent once"
    assert "lent already" in error(api.operator.post("/v1/loans", {**loan, "client_id": str(uuid.uuid4())}), 409)
    other = told(lot, "D1", patient="MRN-88")
    assert "another patient has serial D1" in error(api.operator.post("/v1/devices/use", other), 409)
    (has,) = api.reader.rows("/v1/units", patient="MRN-77")
    assert (has["serial"], has["place"], has["patient"]) == ("D1", "ward-1", "MRN-77")
    (open_loan,) = api.reader.rows("/v1/loans")
    assert open_loan["data"]["to"] == "ward-1"

    repair = api.quality.ok("POST", "/v1/repairs", json={"lot_id": lot, "serial": "D1", "reason": "no output"})
    gone = {"outcome": "swapped", "new_lot_id": lot, "new_serial": "D9", "reason": "swapped at once"}
    assert "no unit with serial D9" in error(api.quality.post(f"/v1/repairs/{repair['id']}/end", gone), 404)
    api.quality.ok("POST", f"/v1/repairs/{repair['id']}/end", json={**gone, "new_serial": "D2"})
    rows = api.reader.rows("/v1/units", patient="MRN-77")
    assert [(row["serial"], row["patient"], row["swapped_for"]) for row in rows] == [
        ("D1", "", "D2"),
        ("D2", "MRN-77", ""),
    ]
    new = api.reader.ok("GET", f"/v1/units/{lot}", params={"serial": "D2"})
    assert [unit["serial"] for unit in new["chain"]] == ["D1", "D2"]
    assert {fact["kind"] for fact in new["facts"]} >= {"service", "lent", "repair_opened", "swapped", "patient"}
    assert {row["serial"] for row in new["custody"]} == {"D1", "D2"}
    again = api.quality.ok("POST", "/v1/repairs", json={"lot_id": lot, "serial": "D2", "reason": "rattles"})
    back = {**gone, "new_serial": "D1"}
    assert "took the place" in error(api.quality.post(f"/v1/repairs/{again['id']}/end", back), 409)

    api.operator.ok(
        "POST", f"/v1/loans/{lent['id']}/return",
        json={"client_id": str(uuid.uuid4()), "to_place": "fridge-b", "reason": "broken"},
    )  # fmt: skip
    assert api.reader.rows("/v1/loans") == []
    held = [row for row in api.reader.rows("/v1/stock", lot=lot) if row["serial"] == "D1"]
    assert any("in repair" in reason["text"] for reason in held[0]["reasons"]), "an unrepaired unit stays held"

    with pytest.raises(Conflict, match="kept until"):
        erase(api.database, "MRN-77", reason="asked for it", at=NOW, actor="ada")
    for who in ("ada", "bo"):
        erase(api.database, "MRN-77", reason="asked for it", although_signed=True, at=NOW, actor=who)
    assert api.reader.rows("/v1/units", patient="MRN-77") == []
    new = api.reader.ok("GET", f"/v1/units/{lot}", params={"serial": "D2"})
    assert new["patient"] == "erased" and "MRN-77" not in str(new)


def test_a_service_that_did_not_pass_holds_the_unit_alone(api: Api) -> None:
    api.administrator.ok("PUT", "/v1/items/pump/device", json=TERMS)
    lot = received(api, "D1", 1)
    received(api, "D2", 1)
    api.quality.ok("POST", "/v1/devices/services", json=told(lot, "D1", plan="output-check", passed=False))
    (case,) = api.reader.rows("/v1/cases", kind="service_failed")
    assert "did not pass output-check" in case["text"]
    reasons = {row["serial"]: len(row["reasons"]) for row in api.reader.rows("/v1/stock", lot=lot)}
    assert reasons == {"D1": 1, "D2": 0}
    (due,) = api.reader.rows("/v1/devices/services", days=0)
    assert (due["serial"], due["state"]) == ("D1", "failed")


def test_a_field_correction_names_where_each_unit_is_and_ends_when_all_are_done(api: Api) -> None:
    lot = received(api, "D1")
    received(api, "D2", lot="P2")
    line = {"item": "pump", "lot_number": "P1", "quantity": 1, "serial": "D1"}
    api.operator.ok("POST", "/v1/movements", json=movement("ship", "fridge-a", "st-mary", [line]))
    said = {"item": "pump", "title": "Battery of firmware 2.1", "instructions": "Update it", "serials": ["D1", "X7"]}
    opened = api.quality.ok("POST", "/v1/field-corrections", json=said)
    units = {unit["serial"]: (unit["lot_id"], unit["place"]) for unit in opened["units"]}
    assert units == {"D1": (lot, "st-mary"), "X7": (None, None)}
    path = f"/v1/field-corrections/{opened['id']}"
    assert "not corrected yet" in error(api.quality.post(f"{path}/close", {"reason": "all done"}), 409)
    wrong = told(received(api, "D3"), "D3")
    assert "does not name serial D3" in error(api.quality.post(f"{path}/units", wrong), 409)
    api.quality.ok("POST", f"{path}/units", json=told(lot, "D1"))
    closed = api.quality.ok("POST", f"{path}/close", json={"reason": "all done"})
    assert (closed["done"], closed["closed_by"]) == (1, "quality-1")
    (held_by,) = api.reader.rows("/v1/units", holder="st-mary")
    assert (held_by["serial"], held_by["place_kind"]) == ("D1", "customer")
    tracked = {**TERMS, "warranties": [], "plans": []}
    assert "not serial-tracked" in error(
        api.administrator.request("PUT", "/v1/items/insulin/device", json=tracked), 409
    )
