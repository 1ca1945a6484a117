"""From a complaint to the money: investigated, claimed with evidence, credited or replaced; by the API alone."""

import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from cloud_sync.domain.roles import Role
from cloud_sync.storage.database import Database
from tests.support.ledger_api import NOW, Api, api_on

JPEG = b"\xff\xd8\xff\xe0" + b"a photograph of a crushed carton"
WHY = {"reason": "as agreed with the supplier"}


@pytest.fixture
def api(database: Database) -> Iterator[Api]:
    with api_on(database) as api:
        api.house()
        yield api


def complained(api: Api, lot: int, **more: Any) -> dict[str, Any]:
    body = {
        "client_id": str(uuid.uuid4()), "lot": lot, "kind": "damage", "quantity": 4, "place": "fridge-a",
        "description": "four vials are broken", "observed_at": (NOW - timedelta(hours=3)).isoformat(), **more,
    }  # fmt: skip
    made: dict[str, Any] = api.operator.ok("POST", "/v1/complaints", json=body)
    assert api.operator.ok("POST", "/v1/complaints", json=body)["id"] == made["id"]
    return made


def claim(quantity: int, wants: str = "credit", **more: Any) -> dict[str, Any]:
    return {"client_id": str(uuid.uuid4()), "wants": wants, "quantity": quantity, **more}


def confirmed(api: Api, lot: int, **more: Any) -> str:
    path = f"/v1/complaints/{complained(api, lot, **more)['id']}"
    api.quality.ok("POST", f"{path}/finding", json={"is_confirmed": True, "reason": "seen by two"})
    return path


def test_a_complaint_becomes_a_claim_with_evidence_and_ends_in_money(api: Api) -> None:
    lot = api.receive("A", 10)
    assert api.operator.post("/v1/complaints", complaint_of(lot, quantity=11)).status_code == 409
    path = f"/v1/complaints/{complained(api, lot)['id']}"
    early = api.quality.post(f"{path}/claims", claim(4, amount="80.00", currency="USD"))
    assert early.status_code == 409 and "not confirmed" in early.json()["error"]
    found = api.quality.ok("POST", f"{path}/finding", json={"is_confirmed": True, "reason": "carton crushed"})
    assert (found["supplier"], found["state"], found["investigated_by"]) == ("acme", "confirmed", "quality-1")

    unknown = api.quality.post(f"{path}/claims", claim(4))
    assert unknown.status_code == 422 and "the cost of insulin of this supplier is not known" in unknown.json()["error"]
    costs = "item,supplier,valid_from,cost,currency\ninsulin,acme,2026-01-01,12.50,USD\n"
    api.administrator.ok("POST", "/v1/erp/catalogue/costs", params={"reason": "price list"}, content=costs)
    made = api.quality.ok("POST", f"{path}/claims", json=claim(4))
    assert (made["amount"], made["currency"], made["state"]) == ("50.00", "USD", "draft")
    too_much = api.quality.post(f"{path}/claims", claim(1))
    assert too_much.status_code == 409 and "4 are claimed" in too_much.json()["error"]

    bare = api.quality.post(f"/v1/claims/{made['id']}/sent", WHY)
    assert bare.status_code == 409 and "without evidence" in bare.json()["error"]
    api.operator.ok("POST", f"{path}/evidence/passport")
    photo = f"{path}/evidence/file?title=The+carton"
    api.operator.ok("POST", photo, content=JPEG)
    assert api.operator.request("POST", photo, content=b"<svg/>").status_code == 422
    shown = api.reader.ok("GET", path)
    assert [each["kind"] for each in shown["evidence"]] == ["thermal_passport", "photo"]
    kept = api.reader.get(f"{path}/evidence/{shown['evidence'][1]['id']}")
    assert (kept.content, kept.headers["content-type"]) == (JPEG, "image/jpeg")

    sent = api.quality.ok("POST", f"/v1/claims/{made['id']}/sent", json={"reason": "by mail to claims@acme"})
    assert sent["state"] == "sent" and len(sent["evidence_sha256"]) == 64
    credit = {"amount": "30.00", "currency": "USD", "reference": "CN-77"}
    other = api.quality.post(f"/v1/claims/{made['id']}/credit", {**credit, "currency": "EUR"})
    assert other.status_code == 422
    part = api.quality.ok("POST", f"/v1/claims/{made['id']}/credit", json=credit)
    assert (part["state"], part["open_amount"]) == ("sent", "20.00")
    assert api.quality.post(f"/v1/claims/{made['id']}/credit", {**credit, "reference": "CN-78"}).status_code == 409
    done = api.quality.ok(
        "POST", f"/v1/claims/{made['id']}/credit", json={**credit, "amount": "20", "reference": "CN-78"}
    )
    assert (done["state"], done["open_amount"], done["closed_by"]) == ("settled", "0", "quality-1")
    assert api.reader.ok("GET", path)["state"] == "closed"


def complaint_of(lot: int, **more: Any) -> dict[str, Any]:
    return {
        "client_id": str(uuid.uuid4()), "lot": lot, "kind": "defect", "quantity": 1, "place": "fridge-a",
        "description": "cloudy", "observed_at": NOW.isoformat(), **more,
    }  # fmt: skip


def test_replacements_refusals_and_trends(api: Api) -> None:
    lot = api.receive("A", 10)
    path = confirmed(api, lot, quantity=3)
    api.quality.ok("POST", f"{path}/evidence/file?title=Report", content=b"%PDF-1.7 report")
    money = {"amount": "100.00", "currency": "USD"}
    made = api.quality.ok("POST", f"{path}/claims", json=claim(3, "replacement", **money))
    claims = f"/v1/claims/{made['id']}"
    assert api.quality.post(f"{claims}/end", {"ended": "refused", **WHY}).status_code == 409
    api.quality.ok("POST", f"{claims}/sent", json=WHY)
    one = api.quality.ok("POST", f"{claims}/replacement", json={"quantity": 1, "reference": "PO-9"})
    assert one["settled_amount"] == "33.33"
    assert api.quality.post(f"{claims}/replacement", {"quantity": 3, "reference": "PO-10"}).status_code == 409
    rest = api.quality.ok("POST", f"{claims}/replacement", json={"quantity": 2, "reference": "PO-10"})
    assert (rest["state"], rest["settled_amount"]) == ("settled", "100.00")

    second = confirmed(api, lot, quantity=2, kind="temperature")
    api.quality.ok("POST", f"{second}/evidence/passport")
    other = api.quality.ok("POST", f"{second}/claims", json=claim(2, amount="10", currency="EUR"))
    api.quality.ok("POST", f"/v1/claims/{other['id']}/sent", json=WHY)
    ended = api.quality.ok("POST", f"/v1/claims/{other['id']}/end", json={"ended": "refused", **WHY})
    assert (ended["state"], ended["age_days"]) == ("refused", 0)
    (of_supplier,) = api.reader.rows("/v1/claims/trends")
    assert (of_supplier["supplier"], of_supplier["complaints"], of_supplier["confirmed"]) == ("acme", 2, 2)
    assert of_supplier["claims"] == 2 and of_supplier["deliveries"] == 1 and of_supplier["mean_days"] == 0
    assert {each["currency"]: each["settled"] for each in of_supplier["money"]} == {"EUR": 0, "USD": 100.0}
    (of_lot,) = api.reader.rows("/v1/claims/trends", by="lot")
    assert (of_lot["lot_number"], of_lot["units"]) == ("A", 5)
    assert [row["id"] for row in api.reader.rows("/v1/complaints", only_open=True)] == []


def test_three_complaints_on_one_lot_are_a_case_that_holds_it(api: Api) -> None:
    lot = api.receive("A", 10)
    first = complained(api, lot, quantity=1)
    own = api.known_as("vera", Role.QUALITY)
    body = {"is_confirmed": False, "reason": "dropped here"}
    path = f"/v1/complaints/{own.ok('POST', '/v1/complaints', json=complaint_of(lot))['id']}"
    assert own.post(f"{path}/finding", body).status_code == 403
    api.quality.ok("POST", f"{path}/finding", json=body)
    complained(api, lot, quantity=1)

    def cases() -> list[dict[str, Any]]:
        return [row for row in api.reader.rows("/v1/cases", only_open=True) if row["kind"] == "complaints_on_lot"]

    assert cases() == []
    third = complained(api, lot, quantity=1)
    (case,) = cases()
    assert case["lot_id"] == lot and f"{first['id']}" in case["text"] and f"{third['id']}" in case["text"]
    (stock,) = api.reader.rows("/v1/stock")
    assert any("complaints about lot A" in reason["text"] for reason in stock["reasons"])
