"""Decisions on exposures: what they cover, who may take them, and what later evidence does to them."""

from datetime import date

import pytest

from cloud_sync.actions.quality.holds_and_dispositions import decide
from cloud_sync.domain.dispositions import Decision
from cloud_sync.domain.roles import Role
from edge_agent.domain.wire.records import Action
from tests.integration.conftest import Said
from tests.support.builders import Ledger, line, minute, reading, scan
from tests.support.ledger_api import Api, api_on, demand


def exposed(say: Said) -> None:
    say(scan(minute(0), Action.RECEIVE, "acme", "fridge-a"))
    say(reading(minute(6), 9.0), reading(minute(8), 5.0))


def release(ledger: Ledger, *places: str, decision: Decision = Decision.RELEASE, actor: str = "qa") -> None:
    (row,) = ledger.rows("SELECT e.id, l.id AS lot FROM excursion e, lot l")
    decide(ledger.database, excursion_id=row["id"], lot_id=row["lot"], decision=decision, reason="test",
           actor=actor, places=places)  # fmt: skip


def test_moving_released_stock_on_does_not_bring_the_hold_back(ledger: Ledger, say: Said) -> None:
    exposed(say)
    release(ledger)
    say(scan(minute(20), Action.MOVE, "fridge-a", "dock", line(4)))
    assert ledger.held() == set()


def test_a_longer_stay_in_the_excursion_than_was_known_brings_the_hold_back(ledger: Ledger, say: Said) -> None:
    say(scan(minute(7), Action.RECEIVE, "acme", "fridge-a", line(3)))
    say(reading(minute(6), 9.0), reading(minute(8), 5.0))
    release(ledger)
    assert ledger.held() == set()
    say(scan(minute(5), Action.RECEIVE, "acme", "fridge-a", line(3)))
    (row,) = ledger.rows("SELECT text FROM active_hold")
    assert row["text"].endswith("evidence changed after disposition")


def test_a_stay_in_another_place_of_the_excursion_brings_the_hold_back(ledger: Ledger, say: Said) -> None:
    exposed(say)
    release(ledger)
    say(scan(minute(1), Action.RECEIVE, "acme", "shelf-a1", line(2)))
    assert ledger.held() == {("L1", "", "fridge-a"), ("L1", "", "shelf-a1")}


def test_a_release_for_some_places_covers_the_stock_that_is_there(ledger: Ledger, say: Said) -> None:
    exposed(say)
    say(scan(minute(20), Action.MOVE, "fridge-a", "fridge-b", line(4)))
    release(ledger, "fridge-b")
    assert ledger.held() == {("L1", "", "fridge-a")}
    release(ledger, "fridge-a", decision=Decision.DESTROY)
    (row,) = ledger.rows("SELECT text FROM active_hold")
    assert row["text"].endswith("; to be destroyed: test")
    assert ledger.held() == {("L1", "", "fridge-a")}


def test_a_decision_on_an_excursion_that_is_withdrawn_stays_in_history(ledger: Ledger, say: Said) -> None:
    slow = "UPDATE policy SET body = jsonb_set(body, '{rules,0,delay_s}', '120') WHERE name = 'cold'"
    ledger.run_as_owner(slow)
    say(scan(minute(0), Action.RECEIVE, "acme", "fridge-a"))
    say(reading(minute(1), 9.0), reading(minute(3), 9.0), reading(minute(4), 5.0))
    release(ledger)
    say(reading(minute(2), 5.0))
    assert ledger.excursions() == set()
    (row,) = ledger.rows("SELECT decision, evidence FROM disposition")
    assert row["decision"] == "release"
    versions = ledger.rows("SELECT change FROM excursion_version ORDER BY version")
    assert [version["change"] for version in versions] == ["opened", "withdrawn"]


def test_a_decision_is_never_changed(ledger: Ledger, say: Said) -> None:
    exposed(say)
    release(ledger)
    with pytest.raises(Exception, match="append-only"):
        ledger.run("UPDATE disposition SET reason = 'better'")


def test_who_holds_a_lot_by_hand_does_not_release_it_alone(api: Api) -> None:
    lot = api.receive("A", 5)
    excursion = api.excursion("fridge-a", lot)
    api.quality.ok("POST", "/v1/holds", json={"lot_id": lot, "reason": "torn box"})
    body = {"excursion_id": excursion, "lot_id": lot, "decision": "release", "reason": "stability data"}
    assert api.quality.post("/v1/dispositions", body).status_code == 403
    assert api.known_as("quality-2", Role.QUALITY).post("/v1/dispositions", body).status_code == 201
    assert api.operator.post("/v1/dispositions", body).status_code == 403


def test_a_disposition_tells_its_places_and_evidence(api: Api) -> None:
    lot = api.receive("A", 5)
    body = {"excursion_id": api.excursion("fridge-a", lot), "lot_id": lot, "decision": "release",
            "reason": "stability data", "places": ["fridge-a"]}  # fmt: skip
    told = api.quality.ok("POST", "/v1/dispositions", json=body)
    assert (told["places"], len(told["evidence"]), told["same_evidence"]) == (["fridge-a"], 64, True)
    assert api.quality.post("/v1/dispositions", body).status_code == 200
    assert api.quality.post("/v1/dispositions", {**body, "places": ["nowhere"]}).status_code == 404


def test_reservations_of_stock_that_turns_out_exposed_are_broken_at_once(ledger: Ledger, say: Said) -> None:
    say(scan(minute(0), Action.RECEIVE, "acme", "fridge-a"), scan(minute(0), Action.RECEIVE, "acme", "fridge-b"))
    with api_on(ledger.database) as api:
        told = api.operator.ok("POST", "/v1/allocations", json=demand(12))
        assert sum(each["quantity"] for each in told["reservations"]) == 12
        say(reading(minute(6), 9.0))
        ended = {(row["place"], row["ended_as"]) for row in api.reader.rows("/v1/reservations")}
    assert ended == {("fridge-a", "broken"), ("fridge-b", None)}
    assert [event["data"]["quantity"] for event in ledger.events("replan_needed")] == [10]


def test_reservations_of_a_lot_with_a_case_are_broken(ledger: Ledger, say: Said) -> None:
    say(scan(minute(0), Action.RECEIVE, "acme", "fridge-b"))
    with api_on(ledger.database) as api:
        api.operator.ok("POST", "/v1/allocations", json=demand(3))
        say(scan(minute(1), Action.RECEIVE, "acme", "dock", line(1, expires_on=date(2027, 6, 30))))
        (row,) = api.reader.rows("/v1/reservations")
    assert (row["ended_as"], ledger.open_cases()) == ("broken", ["expiry_mismatch"])


def test_a_late_scan_that_exposes_a_lot_breaks_its_reservations(ledger: Ledger, say: Said) -> None:
    say(reading(minute(6), 9.0), reading(minute(8), 5.0))
    say(scan(minute(20), Action.RECEIVE, "acme", "fridge-b"))
    with api_on(ledger.database) as api:
        api.operator.ok("POST", "/v1/allocations", json=demand(3))
        say(
            scan(minute(5), Action.RECEIVE, "acme", "fridge-a", line(1)),
            scan(minute(30), Action.MOVE, "fridge-a", "fridge-b", line(1)),
        )
        (row,) = api.reader.rows("/v1/reservations")
    assert row["ended_as"] == "broken"
