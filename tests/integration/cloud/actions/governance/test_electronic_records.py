"""Electronic records by API alone: controlled changes, retention, legal holds, training, equipment, reviews."""

import uuid
from datetime import timedelta
from typing import Any

import pytest

from cloud_sync.actions.governance.controlled_changes import apply_due
from cloud_sync.actions.governance.retention_rules import readings_kept_months
from cloud_sync.actions.people.erasure import erase
from cloud_sync.domain.roles import Role
from cloud_sync.errors import Conflict
from cloud_sync.notify.conditions import look_once
from cloud_sync.notify.following import follow_once
from cloud_sync.notify.settings import AlertSettings
from cloud_sync.seal.sealing import seal_once
from cloud_sync.seal.verification import verify
from cloud_sync.storage.database import Database
from tests.integration.cloud.api.test_signatures import person, signed
from tests.support.builders import COLD
from tests.support.ledger_api import NOW, Api, Somebody, api_on, movement
from tests.support.people import Clock, browser_at, opened_account

WHY = {"reason": "SOP 12, version 2"}
LATER = NOW + timedelta(days=10)
GUARDED = COLD.model_copy(update={"silence_accepted": "read by hand each morning"})


def refused(answer: Any, status: int, words: str) -> None:
    assert (answer.status_code, words in answer.json()["error"]) == (status, True), answer.text


def proposed(by: Somebody, kind: str, **asked: Any) -> Any:
    return by.ok("POST", "/v1/changes", json={"kind": kind, **WHY, **asked})


def decided(by: Somebody, change: Any, decision: str = "approve") -> Any:
    return by.ok("POST", f"/v1/changes/{change['id']}/{decision}", json=WHY)


def titles(database: Database, kind: str) -> list[str]:
    with database.transaction() as connection:
        rows = connection.execute("SELECT title FROM alert WHERE kind = %s ORDER BY id", (kind,)).fetchall()
    return [row["title"] for row in rows]


def kept(api: Api) -> dict[str, int]:
    return {row["name"]: row["years"] for row in api.reader.ok("GET", "/v1/retention")}


def test_retention_is_six_years_and_shorter_only_by_two_people(api: Api) -> None:
    quality, colleague = api.quality, api.administrator
    assert kept(api) == {"signed_names": 6, "prescriptions": 6, "readings": 6, "transaction_data": 6}
    assert readings_kept_months(api.database, configured=13) == 72, "a configuration file does not shorten it"
    longer = proposed(quality, "retention", name="readings", years=10)
    assert (longer["decision"], longer["decided_by"], kept(api)["readings"]) == ("approved", "quality-1", 10)
    shorter = proposed(quality, "retention", name="readings", years=2, effective_from=LATER.isoformat())
    assert (shorter["decision"], shorter["needs_second_person"], kept(api)["readings"]) == (None, True, 10)
    refused(quality.post("/v1/changes", {"kind": "retention", "name": "readings", "years": 3, **WHY}), 409, "waits")
    refused(quality.post(f"/v1/changes/{shorter['id']}/approve", WHY), 403, "quality-1 proposed change")
    follow_once(api.database, NOW)
    assert "A controlled change waits for approval: retention rule readings" in titles(api.database, "approval_waiting")
    assert decided(colleague, shorter)["applied_at"] is None
    assert (apply_due(api.database, NOW), kept(api)["readings"]) == (0, 10), "it is in force from its day on"
    assert (apply_due(api.database, LATER), apply_due(api.database, LATER), kept(api)["readings"]) == (1, 0, 2)
    past = {"kind": "retention", "name": "readings", "years": 9, **WHY, "effective_from": "2025-01-01T00:00:00Z"}
    refused(quality.post("/v1/changes", past), 422, "from now on or later")
    events = api.reader.ok("GET", "/v1/events", params={"subject": "retention_rule:readings"})
    assert [event["kind"].removeprefix("controlled_change_") for event in events] == [
        "proposed", "approved", "in_force", "proposed", "approved", "in_force",
    ]  # fmt: skip
    assert (events[-1]["actor"], events[-2]["data"]["before"]) == ("ledger", {"years": 10})


def test_policies_and_rules_change_by_approval_from_a_day_on(api: Api) -> None:
    api.administrator.ok("POST", "/v1/policies", json=GUARDED.model_dump(mode="json"))
    api.administrator.ok("PUT", "/v1/places/fridge-a", json={"kind": "room", "parent": "main", "policy": "cold", **WHY})
    api.receive("A", 5)
    body = GUARDED.model_dump(mode="json") | {"title": "tighter"}
    change = proposed(api.quality, "storage_policy", policy=body, effective_from=LATER.isoformat())
    assert (change["before"]["title"], change["after"]["title"]) == (GUARDED.title, "tighter")
    decided(api.administrator, change)
    place = {row["name"]: row["policy"] for row in api.reader.rows("/v1/places")}
    assert place["fridge-a"] == "cold"
    apply_due(api.database, LATER)
    place = {row["name"]: row["policy"] for row in api.reader.rows("/v1/places")}
    assert place["fridge-a"] == "cold-v2"
    back = decided(api.quality, proposed(api.administrator, "place_policy", place="fridge-a", policy="cold"))
    assert back["applied_at"] is not None
    place = {row["name"]: row["policy"] for row in api.reader.rows("/v1/places")}
    assert place["fridge-a"] == "cold"
    looser = proposed(api.administrator, "second_signature", name="excursion_minutes", from_value=None)
    rules = {row["name"]: row["from_value"] for row in api.reader.ok("GET", "/v1/second-signature-rules")}
    assert (looser["needs_second_person"], rules["excursion_minutes"]) == (True, 120)
    decided(api.quality, looser, "reject")
    tighter = proposed(api.administrator, "second_signature", name="order_units", from_value=50)
    assert tighter["applied_at"] is not None, "a rule where there was none only adds care"
    stale = proposed(api.administrator, "second_signature", name="order_units", from_value=80)
    with api.database.transaction() as connection:
        connection.execute("UPDATE second_signature_rule SET from_value = 60 WHERE name = 'order_units'")
    refused(api.quality.post(f"/v1/changes/{stale['id']}/approve", WHY), 409, "has changed since")


def test_a_legal_hold_blocks_erasure_and_retention_and_two_people_set_and_lift_it(api: Api) -> None:
    amy = person(api, "amy", Role.QUALITY)
    lot = api.receive("A", 5)
    hold = api.quality.ok("POST", "/v1/holds", json={"lot_id": lot, "reason": "torn box"})["id"]
    assert signed(amy, "hold", str(hold), "release").status_code == 201
    asked = api.quality.ok("POST", "/v1/legal-holds", json={"item": "insulin", "reason": "law suit 7"})
    assert asked["state"] == "waits for approval"
    refused(api.quality.post("/v1/legal-holds", {"item": "insulin", **WHY}), 409, "already")
    assert api.quality.post("/v1/legal-holds", {"item": "insulin", "lot_id": lot, **WHY}).status_code == 422
    path = f"/v1/legal-holds/{asked['id']}"
    for _ in range(2):  # from when it was asked for
        with pytest.raises(Conflict, match=r"under legal hold .*law suit 7"):
            erase(api.database, "amy", reason="she left", although_signed=True, at=NOW, actor="ada")
        if _ == 0:
            refused(api.quality.post(f"{path}/decide", {"decision": "approved", **WHY}), 403, "asked for")
            api.administrator.ok("POST", f"{path}/decide", json={"decision": "approved", **WHY})
    assert api.quality.ok("POST", f"{path}/lift", json=WHY)["state"] == "lift asked for"
    refused(api.quality.post(f"{path}/lift", WHY), 403, "asked to lift")
    assert api.administrator.ok("POST", f"{path}/lift", json=WHY)["state"] == "lifted"
    erase(api.database, "amy", reason="she left", although_signed=True, at=NOW, actor="ada")
    done = erase(api.database, "amy", reason="she left", although_signed=True, at=NOW, actor="bo")
    assert done["state"] == "erased"
    while seal_once(api.database):
        pass
    assert verify(api.database).findings == []


def test_a_role_waits_until_its_procedure_is_read_and_signed(database: Database) -> None:
    clock = Clock()
    opened_account(database, "quinn", Role.QUALITY)
    with api_on(database) as api, browser_at(database, clock) as browser:
        api.house()
        lot = api.receive("A", 5)
        browser.sign_in("quinn")

        def holds(reason: str) -> Any:
            return browser.post("/v1/holds", {"lot_id": lot, "reason": reason})

        sop = {"code": "SOP-12", "title": "Excursions", "body": "Look at the curve first."}
        decided(api.administrator, proposed(api.quality, "sop", **sop))
        assert holds("torn box").status_code == 201, "nobody asks for it yet"
        training = {"role": "quality", "code": "SOP-12", "grace_days": 14}
        decided(api.administrator, proposed(api.quality, "training", **training))
        assert holds("torn box 2").status_code == 201, "there are days of grace"
        (missing,) = browser.get("/v1/training").json()
        assert (missing["person"], missing["version"], missing["is_late"]) == ("quinn", 1, False)
        clock.passes(days=15)
        browser.sign_in("quinn")
        refused(holds("torn box 3"), 403, "before the training for their role is complete (quality: SOP-12 version 1)")
        browser.client.post("/login", data={"person": "quinn", "password": "grey heron over the mill"})
        page = browser.client.get("/quarantine")
        assert page.status_code == 200, "to look is allowed"
        browser.sign_in("quinn")
        assert sign_sop(browser, "SOP-12:1").status_code == 201
        assert holds("torn box 3").status_code == 201
        ahead = clock.now + timedelta(days=30)
        change = api.quality.ok("POST", "/v1/changes", json={
            "kind": "sop", **sop, "body": "Look at the lot first.", "effective_from": ahead.isoformat(), **WHY,
        })  # fmt: skip
        decided(api.administrator, change)
        assert [row["version"] for row in browser.get("/v1/sops").json()] == [2, 1], "it can be read before its day"
        clock.passes(days=31)
        browser.sign_in("quinn")
        assert holds("torn box 4").status_code == 201, "who read the one before has the days of grace of the new one"
        clock.passes(days=14)
        browser.sign_in("quinn")
        refused(holds("torn box 5"), 403, "SOP-12 version 2")
        assert sign_sop(browser, "SOP-12:2").status_code == 201
        assert holds("torn box 5").status_code == 201
        assert browser.get("/v1/training").json() == []


def sign_sop(browser: Any, record_id: str) -> Any:
    shown = browser.get(f"/v1/signatures/sop/{record_id}").json()
    proof = {"password": "grey heron over the mill", "meaning": "responsibility", "reason": "read and understood"}
    return browser.post("/v1/signatures", {"kind": "sop", "id": record_id, "sha256_seen": shown["sha256"], **proof})


def test_a_change_goes_from_its_reason_to_its_events(api: Api) -> None:
    record = api.administrator.ok("POST", "/v1/change-controls", json={
        "title": "Longer retention", "why": "a court asks for more", "what": "readings are kept for 10 years",
        "risk_level": "low", "risk": "the database grows by a third",
    })  # fmt: skip
    path = f"/v1/change-controls/{record['id']}"
    change = proposed(api.administrator, "second_signature", name="excursion_minutes", from_value=90,
                      change_control=record["id"])  # fmt: skip
    refused(api.quality.post(f"/v1/changes/{change['id']}/approve", WHY), 409, "not approved yet")
    refused(api.administrator.post(f"{path}/decide", {"decision": "approved", **WHY}), 403, "opened")
    refused(api.quality.post(f"{path}/implement", {"text": "done as written"}), 409, "not approved yet")
    api.quality.ok("POST", f"{path}/decide", json={"decision": "approved", **WHY})
    decided(api.quality, change)
    (event, *_) = api.reader.ok("GET", "/v1/events", params={"kind": "place_added"})
    done = api.administrator.ok("POST", f"{path}/implement", json={"text": "done as written", "events": [event["id"]]})
    kinds = [each["kind"] for each in done["events"]]
    assert set(kinds) >= {"place_added", "controlled_change_approved", "controlled_change_in_force"}
    assert [each["subject"] for each in done["changes"]] == ["second_signature_rule:excursion_minutes"]
    refused(api.administrator.post(f"{path}/close", {"text": "works as meant"}), 403, "implemented")
    closed = api.quality.ok("POST", f"{path}/close", json={"text": "works as meant"})
    assert (closed["closed_by"], api.reader.rows("/v1/change-controls", only_open=True)) == ("quality-1", [])


def test_a_calibration_has_its_certificate_and_is_told_of_before_it_ends(api: Api) -> None:
    facilities = api.known_as("facilities-1", Role.FACILITIES)
    probe = {"title": "Probe 1", "serial_number": "4711", "place": "fridge-a", **WHY}
    facilities.ok("PUT", "/v1/equipment/probe-1", json=probe)
    paper = {
        "certificate": "K-2026-1", "laboratory": "Acme Cal", "calibrated_on": "2025-06-10", "due_on": "2026-06-10",
        "passed": True, "reference": "share/K-2026-1.pdf", "sha256": "a" * 64,
        "points": [{"at": 5.0, "deviation": 0.12, "uncertainty": 0.1, "unit": "°C"}],
    }  # fmt: skip
    filed = facilities.ok("POST", "/v1/equipment/probe-1/calibrations", json=paper)
    assert (filed["points"][0]["deviation"], filed["recorded_by"]) == (0.12, "facilities-1")
    refused(facilities.post("/v1/equipment/probe-1/calibrations", paper), 409, "filed already")
    future = paper | {"certificate": "K-9", "calibrated_on": "2027-06-10", "due_on": "2028-06-10"}
    assert facilities.post("/v1/equipment/probe-1/calibrations", future).status_code == 422
    look_once(api.database, AlertSettings(), NOW)
    assert titles(api.database, "calibration_due") == ["Calibration of Probe 1 is due on 10 Jun 2026"]
    newer = paper | {"certificate": "K-2026-2", "calibrated_on": "2026-06-01", "due_on": "2027-06-01", "passed": False}
    facilities.ok("POST", "/v1/equipment/probe-1/calibrations", json=newer)
    (case,) = api.reader.rows("/v1/cases", kind="calibration_failed")
    assert "since 2025-06-10 is in doubt" in case["text"]
    (shown,) = api.reader.ok("GET", "/v1/equipment")
    assert (shown["certificate"], shown["passed"], shown["due_on"]) == ("K-2026-2", False, "2027-06-01")
    assert len(api.reader.ok("GET", "/v1/calibrations", params={"equipment": "probe-1"})) == 2


def test_an_agreement_that_is_over_refuses_orders_and_goods_still_come_in(api: Api) -> None:
    paper = {"supplier": "acme", "kind": "quality_agreement", "reference": "QA-7", "valid_until": "2026-05-20"}
    api.quality.ok("POST", "/v1/documents", json=paper)
    order = {"client_id": str(uuid.uuid4()), "kind": "purchase", "from_place": "acme", "to_place": "fridge-a"}
    number = api.operator.ok("POST", "/v1/orders", json={**order, "lines": [{"item": "insulin", "quantity": 5}]})[
        "number"
    ]
    api.quality.ok("POST", f"/v1/orders/{number}/approve", json=WHY)
    why = "quality agreement with acme ended on 2026-05-20"
    refused(api.operator.post(f"/v1/orders/{number}/place", WHY), 409, why)
    api.receive("A", 5)
    api.receive("B", 5)
    (case,) = api.reader.rows("/v1/cases", kind="agreement_expired")
    assert case["text"] == "goods came in although the quality agreement with acme ended on 2026-05-20"
    look_once(api.database, AlertSettings(), NOW)
    assert titles(api.database, "agreement_due") == ["The quality agreement with acme ended on 20 May 2026"]
    api.quality.ok("POST", "/v1/documents", json=paper | {"valid_until": "2028-05-20"})
    api.operator.ok("POST", f"/v1/orders/{number}/place", json=WHY)
    (row,) = api.reader.ok("GET", "/v1/agreements")
    assert (row["kind"], row["valid_until"]) == ("quality_agreement", "2028-05-20")


def test_accesses_are_reviewed_by_somebody_else_and_what_is_revoked_ends(api: Api) -> None:
    opened_account(api.database, "amy", Role.OPERATOR)
    opened_account(api.database, "ada", Role.ADMINISTRATOR)
    reviewer = api.reader
    asked = {"title": "second quarter", "due_on": "2026-06-15", "next_due_on": "2026-09-15"}
    review = reviewer.ok("POST", "/v1/access-reviews", json=asked)
    refused(reviewer.post("/v1/access-reviews", asked), 409, "open already")
    lines = {(row["kind"], row["name"]): row for row in review["accesses"]}
    assert lines["account", "amy"]["roles"] == ["operator"]

    def decide(by: Somebody, kind: str, name: str, decision: str) -> Any:
        return by.post(f"/v1/access-reviews/lines/{lines[kind, name]['id']}", {"decision": decision, **WHY})

    refused(decide(reviewer, "token", "reader-1", "confirmed"), 403, "their own access")
    assert decide(reviewer, "account", "amy", "revoked").status_code == 200
    refused(decide(reviewer, "account", "amy", "confirmed"), 409, "amy was revoked by reader-1")
    assert decide(reviewer, "token", "operator-1", "revoked").status_code == 200
    assert api.operator.get("/v1/lots").status_code == 401
    with browser_at(api.database, Clock()) as browser:
        assert browser.sign_in("amy").status_code == 401
    look_once(api.database, AlertSettings(), NOW)
    assert titles(api.database, "access_review_due") == []
    look_once(api.database, AlertSettings(), NOW + timedelta(days=15))
    assert titles(api.database, "access_review_due") == ["Review of accesses second quarter is overdue"]
    others = [key for key in lines if key not in {("account", "amy"), ("token", "operator-1"), ("token", "reader-1")}]
    assert all(decide(reviewer, *key, "confirmed").status_code == 200 for key in others)
    assert decide(api.administrator, "token", "reader-1", "confirmed").status_code == 200
    (done,) = reviewer.ok("GET", "/v1/access-reviews")
    assert (done["waiting"], done["closed_by"]) == (0, "administrator-1")
    look_once(api.database, AlertSettings(), NOW + timedelta(days=108))
    assert "followed by none" in titles(api.database, "access_review_due")[-1]


def test_movement_of_a_person_belongs_to_a_legal_hold_on_the_lot(api: Api) -> None:
    opened_account(api.database, "operator-1", Role.OPERATOR)
    lot = api.receive("A", 5)
    api.operator.ok("POST", "/v1/movements", json=movement("move", "fridge-a", "fridge-b", [
        {"item": "insulin", "lot_number": "A", "quantity": 1}]))  # fmt: skip
    api.quality.ok("POST", "/v1/legal-holds", json={"lot_id": lot, "reason": "law suit 8"})
    with pytest.raises(Conflict, match="law suit 8"):
        erase(api.database, "operator-1", reason="left", at=NOW, actor="ada")
