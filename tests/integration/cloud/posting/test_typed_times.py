"""What people type about when something happened may hold stock at once; what it would free, quality decides."""

import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from cloud_sync.app import create_app
from cloud_sync.domain.roles import Role
from cloud_sync.domain.typed_times import TYPED_TIMES, TypedTimes
from cloud_sync.storage.database import Database
from edge_agent.domain.wire.records import Action
from tests.integration.conftest import Said
from tests.support.builders import Ledger, line, reading, scan
from tests.support.ledger_api import LATER, NOW, Api, api_on, movement
from tests.support.quick_client import QuickClient


@pytest.fixture
def api(ledger: Ledger, database: Database) -> Iterator[Api]:
    with api_on(database, TYPED_TIMES) as opened:
        yield opened


def at(minutes: float) -> datetime:
    return NOW - timedelta(hours=2) + timedelta(minutes=minutes)


def move(api: Api, action: str, source: str, target: str, when: datetime, lot: str = "L1", **more: Any) -> Any:
    said = {"item": "insulin", "lot_number": lot, "quantity": 4, **more}
    return api.operator.post("/v1/movements", movement(action, source, target, [said], occurred_at=when.isoformat()))


def held(api: Api) -> set[tuple[str, str | None]]:
    return {(row["kind"], row["place"]) for row in api.reader.rows("/v1/holds")}


def exposed(say: Said) -> None:
    """Ten of L1 in fridge A, which is too warm from minute 30 to minute 40."""
    say(scan(at(0), Action.RECEIVE, "acme", "fridge-a", line(10)))
    say(reading(at(30), 9.0), reading(at(40), 5.0))


def case(api: Api, kind: str) -> dict[str, Any]:
    (row,) = api.reader.rows("/v1/cases", kind=kind)
    return row


def test_a_typed_departure_before_the_excursion_frees_nothing_until_quality_accepts_it(
    api: Api, ledger: Ledger, say: Said
) -> None:
    exposed(say)
    assert move(api, "move", "fridge-a", "fridge-b", at(10)).is_success
    assert held(api) == {("exposure", "fridge-a"), ("exposure", "fridge-b")}
    doubt = case(api, "typed_time")
    assert doubt["data"]["typed"]["left_at"] == at(10).isoformat()
    assert doubt["data"]["recorded"]["held_since"] == at(30).isoformat()
    said = {"decision": "accepted", "resolution": "camera shows it"}
    api.quality.ok("POST", f"/v1/cases/{doubt['id']}/resolve", json=said)
    assert held(api) == {("exposure", "fridge-a")}


@pytest.mark.parametrize("decision", ["rejected", "explained", "corrected"])
def test_a_typed_time_that_quality_does_not_accept_never_counts(api: Api, say: Said, decision: str) -> None:
    exposed(say)
    move(api, "move", "fridge-a", "fridge-b", at(10))
    said = {"decision": decision, "resolution": "nobody saw it"}
    api.quality.ok("POST", f"/v1/cases/{case(api, 'typed_time')['id']}/resolve", json=said)
    say(scan(at(50), Action.MOVE, "fridge-b", "dock", line(1)))
    assert held(api) == {("exposure", "fridge-a"), ("exposure", "fridge-b"), ("exposure", "dock")}
    assert api.reader.rows("/v1/cases", kind="typed_time") == []


def test_it_does_not_help_to_type_it_before_the_readings_arrive(api: Api, say: Said) -> None:
    say(scan(at(0), Action.RECEIVE, "acme", "fridge-a", line(10)))
    assert move(api, "move", "fridge-a", "fridge-b", at(10)).is_success
    say(reading(at(30), 9.0), reading(at(40), 5.0))
    assert held(api) == {("exposure", "fridge-a"), ("exposure", "fridge-b")}
    assert case(api, "typed_time")["data"]["recorded"]["excursions"]


def test_a_departure_that_the_gateway_recorded_decides_whenever_it_arrives(api: Api, ledger: Ledger, say: Said) -> None:
    exposed(say)
    say(scan(at(10), Action.MOVE, "fridge-a", "fridge-b", line(10)))
    assert held(api) == set()
    assert ledger.events("lots_freed")
    assert api.reader.rows("/v1/cases", kind="typed_time") == []


def test_a_typed_time_before_a_hold_does_not_take_goods_out_of_it(api: Api, say: Said) -> None:
    say(scan(at(0), Action.RECEIVE, "acme", "dock", line(10)))
    (lot,) = api.reader.rows("/v1/lots")
    api.operator.ok("POST", "/v1/holds", json={"lot_id": lot["id"], "place": "dock", "reason": "torn box"})
    assert move(api, "move", "dock", "fridge-b", at(10)).is_success
    assert held(api) == {("manual", "dock"), ("manual", "fridge-b")}


def test_a_typed_receipt_widens_at_once(api: Api, say: Said) -> None:
    """It came before the excursion, by its typed time, or while it lasted: it is held."""
    say(reading(at(30), 9.0), reading(at(40), 5.0))
    assert move(api, "receive", "acme", "fridge-a", at(20), lot="L2", expires_on=LATER).is_success
    assert held(api) == {("exposure", "fridge-a")}


@pytest.mark.parametrize(("days", "status"), [(6, 201), (8, 422), (180_000, 422)])
def test_how_far_back_a_time_is_typed_is_bounded(api: Api, days: int, status: int) -> None:
    when = NOW - timedelta(days=days)
    answer = move(api, "receive", "acme", "dock", when, lot="L2", expires_on=LATER)
    assert (answer.status_code, "typed_times" in answer.text) == (status, status == 422)


def test_the_bound_is_a_setting_of_each_role(ledger: Ledger, database: Database) -> None:
    limits = TypedTimes({Role.OPERATOR: timedelta(hours=1)})
    app = create_app(database, clock=lambda: NOW, typed_times=limits)
    with QuickClient(app, raise_server_exceptions=False) as client:
        api = Api(client, database)
        for minutes, status in ((50, 201), (90, 422)):
            when = NOW - timedelta(minutes=minutes)
            assert move(api, "receive", "acme", "dock", when, lot="L2", expires_on=LATER).status_code == status


def test_use_before_expiry_may_be_booked_late_and_quality_hears_of_it(api: Api) -> None:
    yesterday = (NOW - timedelta(days=1)).date().isoformat()
    before = NOW - timedelta(days=1)
    assert move(api, "receive", "acme", "dock", before, lot="OLD", expires_on=yesterday, quantity=8).is_success
    assert move(api, "dispense", "dock", "st-mary", NOW, lot="OLD").status_code == 409
    used_at = NOW - timedelta(hours=20)
    assert move(api, "dispense", "dock", "st-mary", used_at, lot="OLD").is_success
    text = case(api, "issued_while_expired")["text"]
    assert f"{used_at:%Y-%m-%d %H:%M} UTC was typed at {NOW:%Y-%m-%d %H:%M} UTC" in text
    after = NOW - timedelta(hours=11)
    assert move(api, "dispense", "dock", "st-mary", after, lot="OLD").status_code == 409


def test_a_count_typed_back_before_the_excursion_does_not_take_goods_out_of_it(api: Api, say: Said) -> None:
    exposed(say)
    for found, place, minutes in ((0, "fridge-a", 10), (10, "fridge-b", 119)):
        number = api.operator.ok("POST", "/v1/counts", json={"place": place})["number"]
        each = {"item": "insulin", "lot_number": "L1", "quantity": found, "place": place}
        said = {"client_id": str(uuid.uuid4()), "counted_at": at(minutes).isoformat(), "found": [each]}
        api.operator.ok("POST", f"/v1/counts/{number}/findings", json=said)
        api.quality.ok("POST", f"/v1/counts/{number}/approve", json={"reason": "counted twice"})
    assert ("exposure", "fridge-b") in held(api)
