"""Stories: a label's day ends where the goods are, told by the API alone."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import pytest

from cloud_sync.actions.master_data.zones import ask_for_missing_zones
from cloud_sync.app import create_app
from cloud_sync.ingest.batches import store_batch
from cloud_sync.posting.reservations.broken_reservations import expire_reservations
from cloud_sync.storage.database import Database
from edge_agent.domain.wire.records import Action
from tests.support.builders import GTIN, GatewayWithKey, Ledger, line, scan
from tests.support.ledger_api import Api, demand
from tests.support.quick_client import QuickClient

At = Callable[[str], Api]


@dataclass
class Clock:
    now: datetime


@pytest.fixture
def at(database: Database) -> At:
    """The API at an instant, as ``at("2027-03-01T00:30+13:00")``."""
    clock = Clock(datetime.fromisoformat("2027-01-01T00:00Z"))
    api = Api(QuickClient(create_app(database, clock=lambda: clock.now), raise_server_exceptions=False), database)

    def at_instant(text: str) -> Api:
        clock.now = datetime.fromisoformat(text)
        return api

    at_instant("2027-01-01T00:00Z")
    api.place("acme", "supplier")
    api.place("st-mary", "customer")
    for site, zone in (("auckland", "Pacific/Auckland"), ("la", "America/Los_Angeles")):
        api.place(site, "site", zone=zone)
        api.place(f"{site}-fridge", parent=site)
    api.item()
    return at_instant


def moved(
    api: Api, action: str, source: str, target: str, when: str, quantity: int = 10, lot: str = "A", **more: Any
) -> Any:
    line = {"item": "insulin", "lot_number": lot, "quantity": quantity, **more}
    body = {
        "client_id": str(uuid.uuid4()), "action": action, "from_place": source, "to_place": target,
        "occurred_at": when, "lines": [line],
    }  # fmt: skip
    return api.operator.post("/v1/movements", body)


def received(api: Api, place: str, when: str = "2026-12-31T00:00Z", **more: Any) -> None:
    answer = moved(api, "receive", "acme", place, when, expires_on="2027-02-28", **more)
    assert answer.status_code == 201, answer.text


def reserved(api: Api, site: str, **more: Any) -> int:
    answer = api.operator.ok("POST", "/v1/allocations", json=demand(1, site=site, **more))
    return len(answer["reservations"])


def test_auckland_stops_at_its_own_midnight_and_los_angeles_goes_on_to_its_own(at: At) -> None:
    received(at("2027-01-01T00:00Z"), "auckland-fridge")
    received(at("2027-01-01T00:00Z"), "la-fridge")
    assert reserved(at("2027-02-28T23:59:59+13:00"), "auckland") == 1
    assert reserved(at("2027-03-01T00:00:01+13:00"), "auckland") == 0
    assert reserved(at("2027-02-28T18:30-08:00"), "la") == 1
    now = "2027-02-28T18:30-08:00"
    assert moved(at(now), "dispense", "la-fridge", "st-mary", now, 1).status_code == 201
    assert reserved(at("2027-03-01T00:00:01-08:00"), "la") == 0
    late = "2027-03-01T00:00:01-08:00"
    refused = moved(at(late), "dispense", "la-fridge", "st-mary", late, 1)
    assert refused.status_code == 409
    assert "lot A expired on 2027-02-28" in refused.text


def test_rows_tell_the_label_s_day_and_the_instant_where_the_stock_is(at: At) -> None:
    api = at("2027-01-01T00:00Z")
    received(api, "auckland-fridge")
    received(api, "la-fridge")
    rows = {row["place"]: row for row in api.reader.rows("/v1/stock")}
    assert {place: row["expires_on"] for place, row in rows.items()} == {
        "auckland-fridge": "2027-02-28", "la-fridge": "2027-02-28"
    }  # fmt: skip
    assert rows["auckland-fridge"]["expires_at"] == "2027-02-28T11:00:00Z"
    assert rows["la-fridge"]["expires_at"] == "2027-03-01T08:00:00Z"
    (lot,) = api.reader.rows("/v1/lots")
    assert (lot["expires_on"], lot["expires_hour"], lot["expires_at"]) == ("2027-02-28", None, "2027-02-28T11:00:00Z")


def test_goods_that_move_between_zones_take_the_day_of_where_they_are(at: At) -> None:
    received(at("2027-01-01T00:00Z"), "auckland-fridge")
    now = "2027-03-01T09:00+13:00"  # over in Auckland; in Los Angeles it is noon of 28 February
    assert reserved(at(now), "auckland") == 0
    assert moved(at(now), "move", "auckland-fridge", "la-fridge", now, 4).status_code == 201
    assert reserved(at(now), "la") == 1
    there = {row["place"]: [r["code"] for r in row["reasons"]] for row in at(now).reader.rows("/v1/stock")}
    assert there == {"auckland-fridge": ["expired"], "la-fridge": []}


def test_first_expired_is_by_day_and_then_by_where_it_ends_first(at: At) -> None:
    api = at("2027-01-01T00:00Z")
    for place, lot, day in (
        ("la-fridge", "LA-28", "2027-02-28"), ("auckland-fridge", "AK-28", "2027-02-28"),
        ("auckland-fridge", "AK-27", "2027-02-27"), ("la-fridge", "LA-01", "2027-03-01"),
    ):  # fmt: skip
        assert moved(api, "receive", "acme", place, "2026-12-31T00:00Z", lot=lot, expires_on=day).status_code == 201
    answer = api.operator.ok("POST", "/v1/allocations", json=demand(40))
    assert [each["lot_number"] for each in answer["reservations"]] == ["AK-27", "AK-28", "LA-28", "LA-01"]


def test_minimum_life_is_in_whole_days_also_when_the_clocks_change(at: At) -> None:
    """On 14 March 2027 the clocks in Los Angeles go forward: two days from the 13th are 47 hours."""
    api = at("2027-01-01T00:00Z")
    answer = moved(api, "receive", "acme", "la-fridge", "2026-12-31T00:00Z", expires_on="2027-03-14")
    assert answer.status_code == 201
    midnight = "2027-03-13T00:00-08:00"
    assert reserved(at(midnight), "la", shelf_life_min_days=2) == 1
    answer = at("2027-03-13T00:01-08:00").operator.ok(
        "POST", "/v1/allocations", json=demand(1, site="la", shelf_life_min_days=2)
    )
    (skipped,) = answer["skipped"]
    assert skipped["reasons"][0]["text"] == "lot A has 1 days of shelf life left; 2 required"


def test_an_hour_on_the_label_is_booked_and_ends_the_use_on_that_day(at: At) -> None:
    received(at("2027-01-01T00:00Z"), "la-fridge", expires_hour="14:30")
    (row,) = at("2027-01-01T00:00Z").reader.rows("/v1/stock")
    assert row["expires_at"] == "2027-02-28T22:30:00Z"
    assert reserved(at("2027-02-28T14:29-08:00"), "la") == 1
    now = "2027-02-28T14:31-08:00"
    refused = moved(at(now), "dispense", "la-fridge", "st-mary", now, 1)
    assert "lot A expired at 2027-02-28 14:30 (America/Los_Angeles)" in refused.text


def test_reservations_of_stock_end_when_the_day_ends_there(at: At) -> None:
    received(at("2027-01-01T00:00Z"), "auckland-fridge")
    api = at("2027-02-28T00:00+13:00")
    assert reserved(api, "auckland") == 1
    before, after = (datetime.fromisoformat(f"2027-02-28T{time}Z") for time in ("10:59:59", "11:00:00"))
    assert expire_reservations(api.database, at=before) == 0
    assert expire_reservations(api.database, at=after) == 1
    (row,) = api.reader.rows("/v1/reservations")
    assert (row["ended_as"], row["ended_reason"]) == ("expired", "lot A expired on 2027-02-28")


def test_a_site_is_asked_for_its_zone_and_utc_is_never_assumed(at: At) -> None:
    api = at("2027-01-01T00:00Z")
    refused = api.administrator.post("/v1/places", {"name": "north", "kind": "site"})
    assert refused.status_code == 422
    assert "needs a time zone" in refused.text
    wrong = api.administrator.post("/v1/places", {"name": "north", "kind": "site", "zone": "CET+1"})
    assert (wrong.status_code, "is not a time zone" in wrong.text) == (422, True)
    inside = {"name": "vault", "kind": "room", "parent": "la", "zone": "UTC"}
    assert "stands in la and has its time zone" in api.administrator.post("/v1/places", inside).text
    made = api.administrator.ok("POST", "/v1/places", json={"name": "north", "kind": "site", "zone": "Asia/Kathmandu"})
    assert (made["zone"], made["is_zone_known"]) == ("Asia/Kathmandu", True)
    assert api.place("cold", parent="north")["zone"] == "Asia/Kathmandu"


def test_a_site_from_before_asks_loudly_and_its_past_is_judged_again_once_it_has_a_zone(at: At) -> None:
    api = at("2027-01-01T00:00Z")
    Ledger(api.database).add_place("old", "site")
    Ledger(api.database).add_place("old-fridge", "room", "old")
    received(api, "old-fridge")
    assert api.reader.ok("GET", "/v1/sites-without-zone") == ["old"]
    assert ask_for_missing_zones(api.database) == ["old"]  # as serve does when it starts
    (case,) = api.reader.rows("/v1/cases", kind="site_without_time_zone")
    assert "its days end at midnight UTC" in case["text"]
    now = "2027-03-01T00:30+13:00"  # 28 February still, by UTC
    assert moved(at(now), "dispense", "old-fridge", "st-mary", now, 1).status_code == 201
    zone = {"zone": "Pacific/Auckland", "reason": "asked the pharmacy"}
    assert at(now).administrator.ok("POST", "/v1/places/old/zone", json=zone)["zone"] == "Pacific/Auckland"
    (case,) = api.reader.rows("/v1/cases", kind="issued_while_expired")
    assert case["text"] == "dispense of 1 although expired on 2027-02-28"
    assert api.reader.ok("GET", "/v1/sites-without-zone") == []
    assert api.reader.rows("/v1/cases", kind="site_without_time_zone") == []
    other = {"zone": "UTC", "reason": "changed my mind"}
    assert at(now).administrator.post("/v1/places/old/zone", other).status_code == 409


def test_a_case_that_was_none_where_the_goods_were_is_closed_when_the_zone_is_set(at: At) -> None:
    """Los Angeles was stopped at 16:00 as long as UTC applied: a scan at 18:30 had opened a case."""
    api = at("2027-01-01T00:00Z")
    ledger, gateway = Ledger(api.database), GatewayWithKey()
    gateway.register(api.database)
    ledger.add_place("west", "site")
    ledger.add_place("west-fridge", "room", "west")
    ledger.run("UPDATE gateway SET place_id = (SELECT id FROM place WHERE name = 'west')")
    api.administrator.ok("POST", "/v1/items", json={"name": "vaccine", "gtins": [{"gtin": GTIN, "base_units": 1}]})
    boxes = line(5, "V", expires_on=date(2027, 2, 28))
    for when, action, source, target in (
        ("2027-01-02T00:00+00:00", Action.RECEIVE, "acme", "west-fridge"),
        ("2027-03-01T02:30+00:00", Action.DISPENSE, "west-fridge", "st-mary"),
    ):
        store_batch(api.database, gateway.batch(scan(datetime.fromisoformat(when), action, source, target, boxes)))
    assert "issued_while_expired" in ledger.open_cases()
    zone = {"zone": "America/Los_Angeles", "reason": "asked the pharmacy"}
    api.administrator.ok("POST", "/v1/places/west/zone", json=zone)
    assert "issued_while_expired" not in ledger.open_cases()
