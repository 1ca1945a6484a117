"""Signatures: by whom, of exactly what, as what; and releases that take two."""

from typing import Any

import psycopg
import pytest

from cloud_sync.actions.overview.quarantine import event
from cloud_sync.actions.people.signatures import set_rule
from cloud_sync.domain.roles import Role
from tests.support.ledger_api import NOW, Api, Somebody
from tests.support.people import PASSWORD, opened_account

WHY = "looked at the curve and the stability data"


def person(api: Api, name: str, role: Role) -> Somebody:
    opened_account(api.database, name, role)
    return api.known_as(name, role)


def signed(somebody: Somebody, kind: str, record_id: str, meaning: str, **more: Any) -> Any:
    seen = somebody.ok("GET", f"/v1/signatures/{kind}/{record_id}")["sha256"]
    said = {"kind": kind, "id": record_id, "sha256_seen": seen, "meaning": meaning, "reason": WHY, "password": PASSWORD}
    return somebody.post("/v1/signatures", {**said, **more})


def purchase(api: Api) -> str:
    body = {
        "client_id": "11111111-1111-4111-8111-111111111111", "kind": "purchase", "from_place": "acme",
        "to_place": "fridge-a", "lines": [{"item": "insulin", "quantity": 5}],
    }  # fmt: skip
    return str(api.operator.ok("POST", "/v1/orders", json=body)["number"])


def test_a_signature_says_who_signed_what_as_what_and_covers_it_until_it_changes(api: Api) -> None:
    number = purchase(api)
    amy = person(api, "amy", Role.QUALITY)
    made = signed(amy, "order", number, "approval")
    assert made.status_code == 201, made.text
    told = {key: made.json()[key] for key in ("person", "printed_name", "meaning", "covers", "intact", "proof")}
    assert told == {
        "person": "amy", "printed_name": "Amy Miller", "meaning": "approval", "covers": True, "intact": True,
        "proof": "password",
    }  # fmt: skip
    amy.ok("POST", f"/v1/orders/{number}/approve", json={"reason": "as agreed"})
    (later,) = amy.ok("GET", f"/v1/signatures/order/{number}")["signatures"]
    assert (later["covers"], later["intact"]) == (False, True)


def test_what_is_recorded_of_a_batch_after_it_was_signed_is_not_covered(api: Api) -> None:
    amy = person(api, "amy", Role.QUALITY)
    with psycopg.connect(api.database.url) as connection:
        connection.execute(
            """INSERT INTO master_formulation_record (name, version, item_id, body, drafted_by)
               SELECT 'f', 1, id, '{}', 'a' FROM item LIMIT 1;
               INSERT INTO production_batch (place_id, master_formulation_record_id, quantity, owner, planned_by)
               SELECT id, 1, 5, 'house', 'ben' FROM place WHERE name = 'fridge-b'"""
        )
    assert signed(amy, "batch", "fridge-b", "review").json()["covers"] is True
    with psycopg.connect(api.database.url) as connection:
        connection.execute(
            "INSERT INTO batch_fact (batch_id, kind, actor, occurred_at, data, event_id)"
            " SELECT b.id, 'deviation', 'ben', now(), '{}', (SELECT max(id) FROM event) FROM production_batch b"
        )
    (later,) = amy.ok("GET", "/v1/signatures/batch/fridge-b")["signatures"]
    assert later["covers"] is False


def test_an_order_takes_the_approval_of_two_by_what_its_goods_cost_and_where_nobody_knows(api: Api) -> None:
    set_rule(api.database, "order_value", 100, reason="SOP 3", actor="administrator-1")
    amy = person(api, "amy", Role.QUALITY)
    path, why = f"/v1/orders/{purchase(api)}/approve", {"reason": "as agreed"}
    unknown = amy.post(path, why)
    assert unknown.status_code == 409 and "what insulin costs is not known" in unknown.text
    with psycopg.connect(api.database.url) as connection:
        connection.execute(
            """INSERT INTO item_cost (item_id, supplier_id, valid_from, cost, currency, told_by)
               SELECT i.id, p.id, date '2026-01-01', c, 'EUR', 'erp'
               FROM item i, (VALUES ('acme', 25.5), ('st-mary', 1)) AS told (name, c) JOIN place p USING (name)"""
        )
    dear = amy.post(path, why)
    assert dear.status_code == 409 and "the goods cost 127.50 EUR" in dear.text, "as their supplier says"
    set_rule(api.database, "order_value", 200, reason="SOP 3", actor="administrator-1")
    assert amy.post(path, why).status_code == 200


def test_an_urgent_order_takes_the_approval_of_two_where_the_house_wants_it(api: Api) -> None:
    set_rule(api.database, "order_urgency", 1, reason="haste makes mistakes", actor="administrator-1")
    amy, ben = person(api, "amy", Role.QUALITY), person(api, "ben", Role.QUALITY)
    body = {
        "client_id": "11111111-1111-4111-8111-111111111111", "kind": "purchase", "from_place": "acme",
        "to_place": "fridge-a", "urgency": "urgent", "lines": [{"item": "insulin", "quantity": 5}],
    }  # fmt: skip
    order = api.operator.ok("POST", "/v1/orders", json=body)
    assert order["urgency"] == "urgent"
    path, why = f"/v1/orders/{order['number']}/approve", {"reason": "as agreed"}
    refused = amy.post(path, why)
    assert refused.status_code == 409 and "it is urgent" in refused.text
    for each in (amy, ben):
        assert signed(each, "order", order["number"], "approval").status_code == 201
    assert amy.post(path, why).status_code == 200


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"password": "wrong"}, 401),
        ({"sha256_seen": "0" * 64}, 409),
        ({"meaning": "release"}, 422),
        ({"id": "PO-999"}, 404),
    ],
)
def test_nothing_is_signed_without_proof_of_what_was_seen(api: Api, more: dict[str, Any], status: int) -> None:
    number = purchase(api)
    amy = person(api, "amy", Role.QUALITY)
    assert signed(amy, "order", number, **{"meaning": "approval", **more}).status_code == status
    assert amy.ok("GET", f"/v1/signatures/order/{number}")["signatures"] == []


def test_who_may_not_decide_does_not_sign_the_decision_but_may_review(api: Api) -> None:
    number = purchase(api)
    max_ = person(api, "max", Role.AUDITOR)
    assert signed(max_, "order", number, "approval").status_code == 403
    assert signed(max_, "order", number, "review").status_code == 201
    nobody = api.known_as("erp", Role.QUALITY)  # a token without a person who could prove anything
    assert signed(nobody, "order", number, "approval").status_code == 401


def test_a_signature_moved_to_another_record_does_not_fit(api: Api, ledger_url: str) -> None:
    lot = api.receive("A", 5)
    first, second = (
        api.quality.ok("POST", "/v1/holds", json={"lot_id": lot, "reason": "torn box"})["id"] for _ in range(2)
    )
    amy = person(api, "amy", Role.QUALITY)
    assert signed(amy, "hold", str(first), "release").status_code == 201
    with api.database.transaction() as connection, pytest.raises(psycopg.DatabaseError):
        connection.execute("UPDATE signature SET record_id = %s", (str(second),))
    with psycopg.connect(ledger_url) as owner:
        owner.execute("ALTER TABLE signature DISABLE TRIGGER USER")
        owner.execute("UPDATE signature SET record_id = %s", (str(second),))
        owner.execute("ALTER TABLE signature ENABLE TRIGGER USER")
    (moved,) = amy.ok("GET", f"/v1/signatures/hold/{second}")["signatures"]
    assert (moved["covers"], moved["intact"]) == (False, False)


def test_a_severe_excursion_is_released_by_two_who_sign(api: Api) -> None:
    lot = api.receive("A", 5)
    excursion = api.excursion("fridge-a", lot)  # an hour
    body = {"excursion_id": excursion, "lot_id": lot, "decision": "release", "reason": WHY}
    set_rule(api.database, "excursion_minutes", 60, reason="SOP 12", actor="test")
    amy, bob = (person(api, name, Role.QUALITY) for name in ("amy", "bob"))

    refused = amy.post("/v1/dispositions", body)
    assert (refused.status_code, "signed by nobody" in refused.json()["error"]) == (409, True)
    for _ in range(2):
        assert signed(amy, "exposure", f"{excursion}:{lot}", "release").status_code == 201
    refused = amy.post("/v1/dispositions", body)
    assert (refused.status_code, "signed by amy" in refused.json()["error"]) == (409, True)
    assert signed(bob, "exposure", f"{excursion}:{lot}", "review").status_code == 201
    assert amy.post("/v1/dispositions", body).status_code == 409
    assert signed(bob, "exposure", f"{excursion}:{lot}", "release").status_code == 201
    assert api.quality.post("/v1/dispositions", body).status_code == 409  # who signed nothing
    assert amy.post("/v1/dispositions", body).status_code == 201


def policy(name: str, of_rule: float | None = None, of_all: float | None = None) -> dict[str, Any]:
    high = {
        "name": "high", "metric": "temp_c", "side": "above", "limit": 8, "on_limit_is_outside": False, "delay_s": 0,
        "source": "a test", "severe_after_s": of_rule,
    }  # fmt: skip
    why = "a person looks every hour"
    return {"name": name, "title": name, "silence_accepted": why, "severe_after_s": of_all, "rules": [high]}


def test_a_storage_policy_says_itself_which_excursions_are_severe(api: Api) -> None:
    held = {}
    for name, said in {"strict": {"of_all": 3600}, "loose": {"of_all": 60, "of_rule": 7200.5}, "silent": {}}.items():
        api.administrator.ok("POST", "/v1/policies", json=policy(name, **said))
        place = {"kind": "room", "parent": "main", "policy": name, "reason": "a fridge"}
        api.administrator.ok("PUT", f"/v1/places/room-{name}", json=place)
        lot = api.receive(name, 5, place=f"room-{name}")
        held[name] = (api.excursion(f"room-{name}", lot), lot)  # an hour
    with api.database.transaction() as connection:
        connection.execute(
            "UPDATE excursion SET began_at = ended_at - interval '2 hours' WHERE id = %s", (held["loose"][0],)
        )

    def released(name: str) -> tuple[int, str]:
        body = {"excursion_id": held[name][0], "lot_id": held[name][1], "decision": "release", "reason": WHY}
        answer = api.quality.post("/v1/dispositions", body)
        return answer.status_code, str(answer.json().get("error"))

    change = {"kind": "storage_policy", "policy": policy("strict", of_all=90_000), "reason": "SOP 12, version 3"}
    made = api.quality.ok("POST", "/v1/changes", json=change)
    assert [made[when]["severe_after_s"] for when in ("before", "after")] == [3600, 90_000]
    api.administrator.ok("POST", f"/v1/changes/{made['id']}/approve", json={"reason": "as agreed"})
    status, why = released("strict")
    assert status == 409 and "the excursion lasted 60 min, severe from 60 min" in why, "it was in force then"
    (lot_of_event,) = event(api.database, held["strict"][0])["lots"]
    assert lot_of_event["why_two"] == ["the excursion lasted 60 min, severe from 60 min"]
    assert released("loose")[0] == 201, "120 min: the ledger's rule says severe, the policy does not"
    set_rule(api.database, "excursion_minutes", 60, reason="SOP 12", actor="test")
    assert "severe from 60 min" in released("silent")[1], "where the policy is silent, the ledger's rule decides"
    set_rule(api.database, "excursion_minutes", 61, reason="SOP 12", actor="test")
    assert released("silent")[0] == 201


def test_signatures_do_not_cover_evidence_that_changed(api: Api) -> None:
    lot = api.receive("A", 5)
    excursion = api.excursion("fridge-a", lot)
    set_rule(api.database, "excursion_minutes", 30, reason="SOP 12", actor="test")
    amy, bob = (person(api, name, Role.QUALITY) for name in ("amy", "bob"))
    for each in (amy, bob):
        assert signed(each, "exposure", f"{excursion}:{lot}", "release").status_code == 201
    with api.database.transaction() as connection:
        connection.execute("UPDATE excursion SET worst = 20 WHERE id = %s", (excursion,))
    body = {"excursion_id": excursion, "lot_id": lot, "decision": "release", "reason": WHY}
    assert amy.post("/v1/dispositions", body).status_code == 409
    assert not any(each["covers"] for each in amy.ok("GET", f"/v1/signatures/exposure/{excursion}:{lot}")["signatures"])


def test_short_excursions_and_rejections_need_one(api: Api) -> None:
    lot = api.receive("A", 5)
    excursion = api.excursion("fridge-a", lot)
    body = {"excursion_id": excursion, "lot_id": lot, "decision": "release", "reason": WHY}
    set_rule(api.database, "excursion_minutes", 61, reason="SOP 12", actor="test")
    assert api.quality.post("/v1/dispositions", body).status_code == 201
    set_rule(api.database, "excursion_minutes", 1, reason="SOP 13", actor="test")
    assert api.quality.post("/v1/dispositions", {**body, "decision": "reject"}).status_code == 201


def test_a_batch_a_count_and_a_case_are_shown_as_they_would_be_signed(api: Api) -> None:
    lot = api.receive("A", 5)
    case = api.operator.ok("POST", "/v1/cases", json={"lot_id": lot, "text": "the seal is broken"})["id"]
    count = api.operator.ok("POST", "/v1/counts", json={"place": "fridge-a"})["number"]
    for kind, record_id in (("case", str(case)), ("count", count)):
        assert api.reader.ok("GET", f"/v1/signatures/{kind}/{record_id}")["record"]
    for kind, record_id, status in (
        ("case", "x", 422), ("case", "9999", 404), ("exposure", "1", 422), ("batch", "B9", 404),
        ("formulation", "f:1", 404),
    ):  # fmt: skip
        assert api.reader.get(f"/v1/signatures/{kind}/{record_id}").status_code == status, kind


def keep_item(api: Api, name: str, **more: Any) -> None:
    api.administrator.ok("PUT", f"/v1/items/{name}", json={"reason": "first filling", **more})


def test_as_shipped_severe_excursions_and_releases_by_exception_take_two(api: Api) -> None:
    keep_item(api, "morphine", controlled_schedule="II")
    keep_item(api, "vaccine", allowance_minutes=30)
    plain = api.receive("A", 5)
    controlled = api.receive("M", 5, item="morphine", place="fridge-b")
    sensitive = api.receive("V", 5, item="vaccine", place="main")
    excursion = api.excursion("fridge-a", plain)  # an hour
    of = {
        plain: excursion,
        controlled: api.excursion("fridge-b", controlled),
        sensitive: api.excursion("main", sensitive),
    }

    def released(lot: int) -> tuple[int, str]:
        body = {"excursion_id": of[lot], "lot_id": lot, "decision": "release", "reason": WHY}
        answer = api.quality.post("/v1/dispositions", body)
        return answer.status_code, str(answer.json().get("error"))

    assert released(plain)[0] == 201
    status, why = released(controlled)
    assert status == 409 and "the goods are of schedule II" in why
    status, why = released(sensitive)
    assert status == 409 and "they have used up their stability allowance" in why
    with api.database.transaction() as connection:
        connection.execute("UPDATE excursion SET began_at = began_at - interval '1 hour' WHERE id = %s", (excursion,))
    status, why = released(plain)
    assert status == 409 and "the excursion lasted 120 min" in why
    rules = api.reader.ok("GET", "/v1/second-signature-rules")
    assert {row["name"]: row["changed_reason"] for row in rules}["excursion_minutes"] == "as shipped"


def test_thresholds_say_which_orders_two_people_approve(api: Api) -> None:
    set_rule(api.database, "order_units", 5, reason="SOP 30", actor="test")
    number = purchase(api)
    amy, bob = (person(api, name, Role.QUALITY) for name in ("amy", "bob"))
    approve = (f"/v1/orders/{number}/approve", {"reason": "as agreed"})
    refused = amy.post(*approve)
    assert (refused.status_code, "it is about 5 units" in refused.json()["error"]) == (409, True)
    for each in (amy, bob):
        assert amy.post(*approve).status_code == 409
        assert signed(each, "order", number, "approval").status_code == 201
    assert amy.post(*approve).status_code == 200
    set_rule(api.database, "order_units", 6, reason="SOP 31", actor="test")
    body = {
        "client_id": "22222222-2222-4222-8222-222222222222", "kind": "purchase", "from_place": "acme",
        "to_place": "fridge-a", "lines": [{"item": "insulin", "quantity": 5}],
    }  # fmt: skip
    small = api.operator.ok("POST", "/v1/orders", json=body)["number"]
    assert amy.post(f"/v1/orders/{small}/approve", {"reason": "as agreed"}).status_code == 200


def test_what_frees_controlled_goods_takes_two_who_sign(api: Api) -> None:
    keep_item(api, "morphine", controlled_schedule="II")
    lot = api.receive("M", 5, item="morphine")
    amy, bob = (person(api, name, Role.QUALITY) for name in ("amy", "bob"))
    case = api.operator.ok("POST", "/v1/cases", json={"lot_id": lot, "text": "cap loose"})["id"]
    hold = api.quality.ok("POST", "/v1/holds", json={"lot_id": lot, "reason": "torn box"})["id"]
    for kind, number, meaning, path, body in (
        ("case", case, "approval", f"/v1/cases/{case}/resolve", {"resolution": "all well", "decision": "explained"}),
        ("hold", hold, "release", f"/v1/holds/{hold}/lift", {"reason": "all well"}),
    ):
        refused = amy.post(path, body)
        assert (refused.status_code, "goods are of schedule II" in refused.json()["error"]) == (409, True)
        assert signed(amy, kind, str(number), meaning).status_code == 201
        assert amy.post(path, body).status_code == 409, "one is not two"
        assert signed(bob, kind, str(number), meaning).status_code == 201
        assert amy.post(path, body).status_code == 200
    assert "Signatures" in page_of_case(api, case)


def page_of_case(api: Api, case: int) -> str:
    api.client.post("/login/token", data={"token": api.quality.token})
    return api.client.get(f"/cases/{case}").text


def test_thresholds_say_which_adjustments_two_people_approve(api: Api) -> None:
    keep_item(api, "morphine", controlled_schedule="II")
    set_rule(api.database, "count_schedule", 2, reason="SOP 40", actor="test")
    api.receive("M", 5, item="morphine")
    number = api.operator.ok("POST", "/v1/counts", json={"place": "fridge-a"})["number"]
    line = {"item": "morphine", "lot_number": "M", "quantity": 4, "place": "fridge-a"}
    said = {"client_id": "33333333-3333-4333-8333-333333333333", "counted_at": NOW.isoformat(), "found": [line]}
    api.operator.ok("POST", f"/v1/counts/{number}/findings", json=said)
    amy, bob = (person(api, name, Role.QUALITY) for name in ("amy", "bob"))
    approve = (f"/v1/counts/{number}/approve", {"reason": "recounted"})
    refused = amy.post(*approve)
    assert (refused.status_code, "goods of schedule II" in refused.json()["error"]) == (409, True)
    for each in (amy, bob):
        assert signed(each, "count", number, "approval").status_code == 201
    assert amy.post(*approve).status_code == 200
