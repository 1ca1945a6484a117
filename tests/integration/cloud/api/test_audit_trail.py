"""The audit trail: found by person, kind, place, period and gateway record; with old and new values; as CSV."""

from collections.abc import Iterator
from csv import DictReader
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest

from cloud_sync.actions.access import create_token
from cloud_sync.actions.people.signatures import set_rule
from cloud_sync.app import create_app
from cloud_sync.domain.roles import Role
from tests.integration.cloud import test_requisition_to_patient as story
from tests.integration.cloud.seal.test_verification import tell_story
from tests.support.ledger_api import Somebody
from tests.support.quick_client import QuickClient
from tests.support.recycled_databases import RecycledDatabases

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def auditor(databases: RecycledDatabases) -> Iterator[Somebody]:
    with databases.lent() as url:
        database = databases.open(url)
        tell_story(database)
        set_rule(database, "excursion_minutes", 240, reason="SOP 12", actor="command line")
        set_rule(database, "excursion_minutes", 60, reason="SOP 12, version 2", actor="command line")
        with QuickClient(create_app(database, clock=lambda: story.START)) as client:
            administrator = Somebody(client, create_token(database, "ada", Role.ADMINISTRATOR))
            place = {"kind": "room", "parent": "main", "title": "Fridge in the back", "policy": "cool"}
            administrator.ok("PUT", "/v1/places/fridge", json={**place, "reason": "it was moved"})
            yield Somebody(client, create_token(database, "inspector", Role.AUDITOR))


def events(auditor: Somebody, **asked: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = auditor.ok("GET", "/v1/events", params=asked)
    return found


def test_each_filter_finds_what_it_says_and_nothing_else(auditor: Somebody) -> None:
    everything = events(auditor)
    assert len(everything) > 60 and [row["id"] for row in everything] == sorted(row["id"] for row in everything)

    by_amy = events(auditor, person="amy")
    assert {row["actor"] for row in by_amy} == {"amy", "amy as told by gw-1"}
    assert len(by_amy) == sum(row["actor"].startswith("amy") for row in everything)
    lifted = events(auditor, kind="hold_lifted")
    assert lifted == [row for row in everything if row["kind"] == "hold_lifted"] != []
    assert {row["subject"] for row in events(auditor, subject="recall:1")} == {"recall:1"}

    (received,) = events(auditor, kind="scan_receive")
    record = received["gateway_record"]
    assert record.startswith("gw-1/") and events(auditor, gateway_record=record) == [received]
    assert events(auditor, gateway_record=record[:-1] + "99") == []

    of_ward = events(auditor, place="ward-3")
    assert {row["kind"] for row in of_ward} >= {"scan_dispense", "scan_return", "order_requested"}
    assert received not in of_ward and received in events(auditor, place="main")
    assert {row["id"] for row in events(auditor, place="fridge")} < {row["id"] for row in events(auditor, place="main")}
    assert auditor.get("/v1/events", place="nowhere").status_code == 404


def test_when_it_happened_and_when_it_was_recorded_are_told_apart(auditor: Somebody) -> None:
    happened = events(auditor, happened_from=NOON.isoformat(), happened_until=(NOON + timedelta(hours=1)).isoformat())
    assert [row["kind"] for row in happened] == ["scan_receive", "scan_put_away"]
    assert happened[0]["happened_at"] == "2026-03-01T12:10:00Z" < happened[0]["at"]
    everything = events(auditor)
    first, last = everything[0]["at"], everything[-1]["at"]
    assert events(auditor, recorded_from=first, recorded_until=last) == [row for row in everything if row["at"] < last]
    assert events(auditor, recorded_until=NOON.isoformat()) == []


def test_old_and_new_values_are_shown(auditor: Somebody) -> None:
    (changed,) = events(auditor, kind="place_changed")
    assert changed["changes"] == {"title": {"old": "", "new": "Fridge in the back"}}
    assert (changed["actor"], changed["reason"]) == ("ada", "it was moved")
    rules = events(auditor, kind="second_signature_rule_set")
    assert rules[-1]["changes"] == {"from_value": {"old": 240.0, "new": 60}}


def test_it_is_read_page_by_page_and_as_one_file(auditor: Somebody) -> None:
    everything, pages, after = events(auditor), [], 0
    while page := events(auditor, after=after, limit=20):
        pages += page
        after = page[-1]["id"]
    assert pages == everything
    answer = auditor.get("/v1/events", form="csv", person="amy")
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(DictReader(StringIO(answer.text)))
    assert [int(row["id"]) for row in rows] == [row["id"] for row in events(auditor, person="amy")]
    assert {"recorded_at", "happened_at", "gateway_record", "changes"} <= rows[0].keys()
