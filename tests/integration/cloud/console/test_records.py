"""Electronic records by the forms of the console, without a browser."""

from typing import Any

from cloud_sync.domain.roles import Role
from tests.support.ledger_api import Api, Somebody
from tests.support.people import PASSWORD, opened_account

WHY = "SOP 12, version 2"
POINTS = "5; 0.12; 0.1; °C\n25; -0.2;; °C"
POLICY = """name = "cold"
title = "Refrigerator"
silence_accepted = "read by hand"
[[rules]]
name = "too-warm"
metric = "temp_c"
side = "above"
limit = 8.0
on_limit_is_outside = false
delay_s = 0
source = "USP <659>"
"""


def visit(api: Api, who: Somebody) -> None:
    api.client.cookies.clear()
    assert api.client.post("/login/token", data={"token": who.token}).status_code == 200


def sent(api: Api, path: str, **form: Any) -> None:
    answer = api.client.post(path, data={"reason": WHY, **form}, follow_redirects=False)
    assert answer.status_code == 303, answer.text


def page(api: Api, path: str) -> str:
    answer = api.client.get(path)
    assert answer.status_code == 200, answer.text
    return answer.text


def test_changes_are_proposed_and_decided_on_their_page(api: Api) -> None:
    visit(api, api.quality)
    sent(api, "/change-control", title="New limits", why="finding 3", what="tighter", risk_level="low", risk="none")
    sent(api, "/changes", kind="retention", name="readings", value="3", since="2026-07-01", record="1")
    sent(api, "/changes", kind="second_signature", name="order_units", value="50")
    for form in (
        {"kind": "storage_policy", "policy": POLICY},
        {"kind": "place_policy", "place": "fridge-a", "policy": ""},
        {"kind": "retention", "name": "readings", "value": "many"},
        {"kind": "nothing"},
    ):
        answer = api.client.post("/changes", data={"reason": WHY, **form}, follow_redirects=False)
        assert answer.status_code == (303 if form["kind"] == "storage_policy" else 422), (form, answer.text)
    broken = api.client.post("/changes", data={"reason": WHY, "kind": "storage_policy", "policy": "name ="})
    assert "he policy is not TOML" in broken.text
    shown = page(api, "/changes")
    assert "10 years" not in shown and "6 → 3" in shown and "Refrigerator" in shown
    visit(api, api.administrator)
    assert "Approve" in page(api, "/changes")
    sent(api, "/change-control/1", step="approved")
    sent(api, "/changes/1/approve")
    assert "approved" in page(api, "/changes")
    sent(api, "/changes/3/reject")
    sent(api, "/change-control/1", step="implemented", events="1, 2")
    visit(api, api.quality)
    sent(api, "/change-control/1", step="closed")
    assert "CC-1" in page(api, "/change-control?all=true") and "CC-1" not in page(api, "/change-control")
    assert "Controlled changes" in page(api, "/records")


def test_a_procedure_is_read_and_signed_on_its_page(api: Api) -> None:
    opened_account(api.database, "quinn", Role.QUALITY)
    visit(api, api.administrator)
    sent(api, "/changes", kind="sop", code="SOP-12", title="Excursions", body="First the curve.\nThen the lot.")
    visit(api, api.quality)
    sent(api, "/changes/1/approve")
    sent(api, "/changes", kind="training", role="quality", code="SOP-12", value="0")
    visit(api, api.administrator)
    sent(api, "/changes/2/approve")
    api.client.cookies.clear()
    api.client.post("/login", data={"person": "quinn", "password": PASSWORD})
    assert "your role quality waits for it" in page(api, "/training")
    assert "before the training for their role is complete" in api.client.post("/changes", data={"kind": "sop"}).text
    assert "First the curve." in page(api, "/training/SOP-12/1")
    seen = api.reader.ok("GET", "/v1/signatures/sop/SOP-12:1")["sha256"]
    form = {"kind": "sop", "id": "SOP-12:1", "sha256_seen": seen, "meaning": "responsibility", "password": PASSWORD}
    signed = api.client.post("/signatures", data={"reason": "read it", **form}, follow_redirects=False)
    assert (signed.status_code, signed.headers["location"]) == (303, "/training/SOP-12/1")
    assert "Everyone has read and signed" in page(api, "/training")
    assert api.client.post("/changes", data={"kind": "sop"}).status_code == 422
    assert api.client.get("/training/SOP-12/2").status_code == 404


def test_legal_holds_equipment_agreements_and_reviews_have_their_pages(api: Api) -> None:
    visit(api, api.quality)
    sent(api, "/legal-holds", item="insulin")
    assert "waits for approval" in page(api, "/retention")
    sent(api, "/agreements", supplier="acme", kind="quality_agreement", reference="QA-7", valid_until="2026-01-31")
    assert "quality agreement" in page(api, "/agreements") and "expired" in page(api, "/agreements")
    visit(api, api.administrator)
    sent(api, "/legal-holds/1/approved")
    sent(api, "/legal-holds/1/lift")
    assert "lift asked for" in page(api, "/retention")
    sent(api, "/equipment", name="probe-1", title="Probe 1", place="fridge-a")
    paper = {"certificate": "K-1", "laboratory": "Acme Cal", "calibrated_on": "2026-01-02", "due_on": "2027-01-02"}
    sent(
        api,
        "/calibrations",
        name="probe-1",
        **paper,
        reference="K-1.pdf",
        sha256="A" * 64,
        points=POINTS,
    )
    shown = page(api, "/equipment")
    assert "+0.12 ± 0.1 °C at 5 °C; -0.2 °C at 25 °C" in shown and "passed" in shown
    assert api.client.post("/legal-holds/1/nothing", data={"reason": WHY}).status_code == 422
    visit(api, api.reader)
    made = api.client.post(
        "/access-reviews", data={"title": "second quarter", "due_on": "2026-06-15", "next_due_on": "2026-09-15"},
        follow_redirects=False,
    )  # fmt: skip
    assert made.headers["location"] == "/access-reviews/1"
    assert "operator-1" in page(api, "/access-reviews/1") and "second quarter" in page(api, "/access-reviews")
    lines = api.reader.ok("GET", "/v1/access-reviews/1")["accesses"]
    line = next(row["id"] for row in lines if row["name"] == "operator-1")
    sent(api, f"/access-reviews/1/{line}", decision="revoked")
    assert "revoked" in page(api, "/access-reviews/1")
    assert api.operator.get("/v1/lots").status_code == 401
