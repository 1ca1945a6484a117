"""Stories: what was written down wrongly is put right by statements, told by the API alone."""

import uuid
from datetime import date, timedelta
from typing import Any

import pytest

from cloud_sync.actions.monitoring.policy_files import import_edited
from cloud_sync.domain.roles import Role
from cloud_sync.ingest.batches import store_batch
from cloud_sync.storage.database import Database
from edge_agent.domain.wire.records import Action
from tests.support.builders import COLD, GTIN, GatewayWithKey, Ledger, line, scan
from tests.support.ledger_api import LATER, NOW, Api, Somebody, demand, movement


@pytest.fixture
def other(api: Api) -> Somebody:
    return api.known_as("quality-2", Role.QUALITY)


def proposed(who: Somebody, **asked: Any) -> dict[str, Any]:
    answer: dict[str, Any] = who.ok("POST", "/v1/corrections", json={"reason": "checked with the maker", **asked})
    return answer


def confirmed(who: Somebody, correction: dict[str, Any]) -> Any:
    body = {"effect_digest": correction["effect_digest"], "reason": "saw the certificate"}
    return who.post(f"/v1/corrections/{correction['id']}/confirm", body)


def test_a_wrong_expiry_is_corrected_by_two_people_and_its_effect_is_shown_first(api: Api, other: Somebody) -> None:
    lot = api.receive("A", 10, expires_on="2026-05-31")  # over since yesterday, by a typing error
    correction = proposed(api.quality, kind="lot_expiry", lot_id=lot, expires_on=LATER)
    assert correction["before"]["expiry"] == "2026-05-31"
    (stock,) = correction["effect"]["stock_after"]
    assert (stock["place"], stock["quantity"], stock["expires_at"]) == ("fridge-a", 10, "2027-02-01T00:00:00Z")
    assert api.operator.ok("POST", "/v1/allocations", json=demand(1))["reservations"] == []  # nothing is done yet
    assert confirmed(api.quality, correction).status_code == 403
    done = confirmed(other, correction)
    assert (done.status_code, done.json()["decision"]) == (200, "confirmed")
    assert len(api.operator.ok("POST", "/v1/allocations", json=demand(1))["reservations"]) == 1
    (kept,) = api.reader.rows("/v1/corrections", subject=f"lot:{lot}")
    assert (kept["before"]["expiry"], kept["after"]["expiry"]) == ("2026-05-31", LATER)
    events = [e["kind"] for e in api.reader.ok("GET", "/v1/events", params={"subject": f"lot:{lot}"})]
    assert events[-2:] == ["correction_proposed", "correction_confirmed"]


def test_past_issues_are_judged_again_by_the_corrected_expiry(api: Api, other: Somebody) -> None:
    lot = api.receive("A", 10)
    line_ = [{"item": "insulin", "lot_number": "A", "quantity": 3}]
    assert api.operator.post("/v1/movements", movement("dispense", "fridge-a", "st-mary", line_)).status_code == 201
    correction = proposed(api.quality, kind="lot_expiry", lot_id=lot, expires_on="2026-05-15")
    (follows,) = correction["effect"]["follows"]
    assert follows["kind"] == "case_opened"
    assert follows["text"].startswith("dispense of 3 although expired on 2026-05-15")
    assert api.reader.rows("/v1/cases") == []
    assert confirmed(other, correction).status_code == 200
    (case,) = api.reader.rows("/v1/cases")
    assert (case["kind"], case["text"]) == ("issued_while_expired", follows["text"])
    back = proposed(api.quality, kind="lot_expiry", lot_id=lot, expires_on=LATER)
    assert confirmed(other, back).status_code == 200
    assert api.reader.rows("/v1/cases", only_open=True) == []


def test_an_effect_that_changed_meanwhile_is_shown_again_and_not_done(api: Api, other: Somebody) -> None:
    lot = api.receive("A", 10)
    correction = proposed(api.quality, kind="lot_expiry", lot_id=lot, expires_on="2026-07-31")
    api.receive("A", 5)
    assert confirmed(other, correction).status_code == 409
    (now,) = api.reader.rows("/v1/corrections", only_open=True)
    assert [row["quantity"] for row in now["effect"]["stock_after"]] == [15]
    assert confirmed(other, now).status_code == 200
    assert confirmed(other, now).status_code == 409  # once


def test_a_label_does_not_undo_a_correction_and_a_new_date_opens_a_case(
    api: Api, other: Somebody, database: Database
) -> None:
    ledger, gateway = Ledger(database), GatewayWithKey()
    gateway.register(database)
    api.item(gtins=[{"gtin": GTIN, "base_units": 1}])
    early, extended, strange = (date(2026, month, 30) for month in (6, 9, 4))

    def receive(day: int, expires_on: Any) -> None:
        box = line(10, "A", expires_on=expires_on)
        at = NOW - timedelta(days=10 - day)
        store_batch(database, gateway.batch(scan(at, Action.RECEIVE, "acme", "fridge-a", box)))

    receive(1, early)
    (lot,) = api.reader.rows("/v1/lots")
    correction = proposed(api.quality, kind="lot_expiry", lot_id=lot["id"], expires_on=extended.isoformat())
    assert confirmed(other, correction).status_code == 200
    receive(2, early)  # as printed on all boxes
    assert ledger.open_cases() == []
    assert api.reader.rows("/v1/lots")[0]["expires_on"] == extended.isoformat()
    receive(3, strange)
    assert ledger.open_cases() == ["expiry_mismatch"]
    (lot,) = api.reader.rows("/v1/lots")
    assert (lot["expires_on"], lot["held"]) == (extended.isoformat(), True)


def test_a_code_on_the_wrong_item_that_was_never_scanned_is_taken_back_at_once(api: Api) -> None:
    api.item("saline")
    api.item(gtins=[{"gtin": GTIN, "base_units": 1}])
    correction = proposed(api.administrator, kind="code", code=GTIN, item="saline", base_units=10)
    assert (correction["needs_second_person"], correction["before"]) == (False, {"item": "insulin", "base_units": 1})
    assert confirmed(api.administrator, correction).status_code == 200
    items = {row["name"]: row["gtins"] for row in api.reader.rows("/v1/items")}
    assert items == {"insulin": [], "saline": [{"gtin": GTIN, "base_units": 10}]}
    back = proposed(api.administrator, kind="code", code=GTIN)
    assert confirmed(api.administrator, back).status_code == 200
    assert all(row["gtins"] == [] for row in api.reader.rows("/v1/items"))


def test_what_was_booked_by_a_wrong_code_becomes_cases_that_hold_it(
    api: Api, other: Somebody, database: Database
) -> None:
    gateway = GatewayWithKey()
    gateway.register(database)
    api.item("saline")
    api.item(gtins=[{"gtin": GTIN, "base_units": 1}])
    carton = line(2, "S1", gtin=GTIN)
    store_batch(database, gateway.batch(scan(NOW - timedelta(days=1), Action.RECEIVE, "acme", "fridge-a", carton)))
    correction = proposed(api.administrator, kind="code", code=GTIN, item="saline", base_units=10)
    assert correction["needs_second_person"]
    assert "receive of 2 of insulin lot S1 was booked by code" in correction["effect"]["follows"][0]["text"]
    assert confirmed(api.administrator, correction).status_code == 403
    assert confirmed(other, correction).status_code == 200
    (case,) = api.reader.rows("/v1/cases", only_open=True)
    assert case["kind"] == "booked_by_corrected_code"
    assert api.operator.ok("POST", "/v1/allocations", json=demand(1))["reservations"] == []
    next_carton = line(1, "S2", gtin=GTIN)
    store_batch(database, gateway.batch(scan(NOW, Action.RECEIVE, "acme", "fridge-a", next_carton)))
    (lot,) = [row for row in api.reader.rows("/v1/stock") if row["lot_number"] == "S2"]
    assert (lot["item"], lot["quantity"]) == ("saline", 10)


def test_a_corrected_lot_number_is_reached_by_the_recall_that_names_it(api: Api, other: Somebody) -> None:
    lot = api.receive("TYPO", 10)
    recall = {"title": "Recall", "reason": "particles", "lot_numbers": [{"item": "insulin", "lot_number": "RIGHT"}]}
    opened = api.quality.post("/v1/recalls", recall)
    assert opened.status_code == 201, opened.text
    correction = proposed(api.quality, kind="lot_number", lot_id=lot, lot_number="RIGHT")
    assert {"kind": "lot_recalled", "text": ""} in correction["effect"]["follows"]
    assert confirmed(other, correction).status_code == 200
    (row,) = api.reader.rows("/v1/stock")
    assert (row["lot_number"], [r["code"] for r in row["reasons"]]) == ("RIGHT", ["held"])
    api.receive("ELSE", 1)
    clash = api.quality.post(
        "/v1/corrections", {"kind": "lot_number", "lot_id": lot, "lot_number": "ELSE", "reason": "no"}
    )
    assert (clash.status_code, "there is a lot ELSE" in clash.text) == (409, True)


def test_the_zone_of_a_site_with_stock_is_corrected_by_two_people(api: Api, other: Somebody) -> None:
    api.receive("A", 10)
    correction = proposed(api.administrator, kind="place", place="main", zone="Pacific/Auckland")
    assert [row["expires_at"] for row in correction["effect"]["stock_after"]] == ["2027-01-31T11:00:00Z"]
    assert confirmed(api.administrator, correction).status_code == 403
    assert confirmed(other, correction).status_code == 200
    assert {row["zone"] for row in api.reader.rows("/v1/places", below="main")} == {"Pacific/Auckland"}
    assert api.reader.rows("/v1/stock")[0]["expires_at"] == "2027-01-31T11:00:00Z"


def test_a_place_that_was_written_into_the_wrong_room_is_moved_with_all_that_stands_in_it(
    api: Api, other: Somebody
) -> None:
    api.place("vault", parent="main")
    api.place("shelf", "bin", parent="fridge-b")
    lot = api.receive("A", 10, place="shelf")
    api.excursion("fridge-b", lot)
    correction = proposed(api.administrator, kind="place", place="fridge-b", parent="vault")
    assert confirmed(other, correction).status_code == 200
    places = {row["name"]: row["path"] for row in api.reader.rows("/v1/places", below="vault")}
    assert places["shelf"] == ["main", "vault", "fridge-b", "shelf"]
    circle = {"kind": "place", "place": "vault", "parent": "shelf", "reason": "no"}
    assert api.administrator.post("/v1/corrections", circle).status_code in (409, 422)


def test_a_correction_may_be_rejected_and_needs_the_right_duty(api: Api) -> None:
    lot = api.receive("A", 10)
    body = {"kind": "lot_expiry", "lot_id": lot, "expires_on": LATER, "reason": "x y z"}
    assert api.operator.post("/v1/corrections", body).status_code == 403
    assert api.administrator.post("/v1/corrections", body).status_code == 403
    assert api.quality.post("/v1/corrections", body).status_code == 422  # it is known like this already
    asked = proposed(api.quality, kind="lot_expiry", lot_id=lot, expires_on="2026-12-31")
    again = api.quality.post("/v1/corrections", {**body, "expires_on": "2026-11-30"})
    assert (again.status_code, "waits already" in again.text) == (409, True)
    assert api.quality.ok("POST", f"/v1/corrections/{asked['id']}/reject", json={"reason": "misread"})["decision"] == (
        "rejected"
    )
    assert api.reader.rows("/v1/lots")[0]["expires_on"] == LATER
    missing = {"kind": "lot_expiry", "lot_id": 999, "expires_on": LATER, "reason": "x y z"}
    assert api.quality.post("/v1/corrections", missing).status_code == 404


def test_what_a_label_said_in_counting_counts_once_the_count_is_approved_and_never_if_it_is_rejected(
    api: Api, other: Somebody
) -> None:
    line_ = [{"item": "insulin", "lot_number": "A", "quantity": 10}]
    assert api.operator.post("/v1/movements", movement("receive", "acme", "fridge-a", line_)).status_code == 201

    def counted(approve: bool, expires_on: str) -> str | None:
        number = api.operator.ok("POST", "/v1/counts", json={"place": "fridge-a"})["number"]
        found = {"item": "insulin", "lot_number": "A", "quantity": 10, "place": "fridge-a", "expires_on": expires_on}
        body = {"client_id": str(uuid.uuid4()), "counted_at": NOW.isoformat(), "found": [found]}
        api.operator.ok("POST", f"/v1/counts/{number}/findings", json=body)
        assert api.reader.rows("/v1/lots")[0]["expires_on"] != expires_on  # nobody has approved it
        decision = "approve" if approve else "reject"
        api.quality.ok("POST", f"/v1/counts/{number}/{decision}", json={"reason": "checked"})
        expiry: str | None = api.reader.rows("/v1/lots")[0]["expires_on"]
        return expiry

    assert counted(approve=False, expires_on="2026-12-31") is None
    assert counted(approve=True, expires_on="2027-01-31") == "2027-01-31"
    assert counted(approve=False, expires_on="2026-05-31") == "2027-01-31"
    assert api.reader.rows("/v1/cases", only_open=True) == []


def test_what_is_reserved_of_a_lot_that_expires_by_a_correction_is_free_at_once_and_the_effect_says_so(
    api: Api, other: Somebody
) -> None:
    lot = api.receive("A", 10)
    (reserved,) = api.operator.ok("POST", "/v1/allocations", json=demand(4))["reservations"]
    correction = proposed(api.quality, kind="lot_expiry", lot_id=lot, expires_on="2026-05-15")
    assert [each["kind"] for each in correction["effect"]["follows"]] == ["reservation_expired"]
    assert len(api.reader.rows("/v1/reservations", only_open=True)) == 1  # nothing is done yet
    assert confirmed(other, correction).status_code == 200
    (ended,) = api.reader.rows("/v1/reservations")
    assert (ended["id"], ended["ended_as"]) == (reserved["id"], "expired")
    assert ended["ended_reason"].startswith("lot A expired on 2026-05-15")


def test_another_policy_of_a_place_with_stock_takes_a_second_person(api: Api) -> None:
    ledger = Ledger(api.database)
    for name in ("cold", "cool", "loose"):
        ledger.add_policy(COLD.model_copy(update={"name": name}))
    place = {"kind": "room", "parent": "main", "title": "", "reason": "as it is"}
    second = api.known_as("administrator-2", Role.ADMINISTRATOR)
    api.administrator.ok("PUT", "/v1/places/fridge-a", json={**place, "policy": "cold"})
    api.administrator.ok("PUT", "/v1/places/fridge-a", json={**place, "policy": "cool"})  # nothing stood there yet
    api.receive("A", 10)
    refused = api.administrator.request("PUT", "/v1/places/fridge-a", json={**place, "policy": "loose"})
    assert (refused.status_code, "second person" in refused.json()["error"]) == (409, True)
    correction = proposed(api.administrator, kind="place_policy", place="fridge-a", policy="loose")
    assert (correction["before"], correction["needs_second_person"]) == ({"policy": "cool"}, True)
    assert confirmed(api.administrator, correction).status_code == 403
    assert confirmed(second, correction).status_code == 200
    (now,) = [row for row in api.reader.rows("/v1/places") if row["name"] == "fridge-a"]
    assert now["policy"] == "loose"
    (was,) = ledger.rows("SELECT policy FROM place_policy_was WHERE policy = 'cool'")
    assert was["policy"] == "cool"

    edited = COLD.model_copy(update={"name": "loose", "title": "Looser still", "silence_accepted": "a test"})
    assert import_edited(api.database, [edited], at=NOW, actor="command line") == {"loose": "loose-v2"}
    (now,) = [row for row in api.reader.rows("/v1/places") if row["name"] == "fridge-a"]
    assert now["policy"] == "loose"
    (waits,) = api.reader.rows("/v1/corrections", only_open=True)
    assert (waits["after"], waits["proposed_by"]) == ({"policy": "loose-v2"}, "command line")
    assert confirmed(second, waits).status_code == 200
