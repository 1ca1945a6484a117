"""Theft and counterfeit, as a program tells the facts: signals are cases, whatever order the facts arrive in."""

import uuid
from collections.abc import Iterator
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest

from cloud_sync.actions.serials import theft
from cloud_sync.ingest.batches import store_batch
from cloud_sync.ingest.receipts import BatchOutcome
from cloud_sync.storage.database import Database
from edge_agent.domain.wire.records import Action, Notice, NoticeKind
from tests.integration.cloud.actions.serials.told import GTIN, commissioned
from tests.integration.conftest import Said
from tests.support.builders import GatewayWithKey, Ledger, line, minute, scan, stamp
from tests.support.ledger_api import LATER, NOW, Api, api_on, movement


@pytest.fixture
def api(database: Database) -> Iterator[Api]:
    with api_on(database) as api:
        api.house()
        api.place("north", "site")
        api.place("fridge-n", parent="north")
        api.administrator.ok("PUT", "/v1/items/insulin", json={"gtins": {GTIN: 1}, "reason": "new"})
        yield api


def unit(serial: str, lot: str = "A") -> dict[str, Any]:
    return {"item": "insulin", "lot_number": lot, "quantity": 1, "serial": serial, "expires_on": LATER}


def moved(api: Api, action: str, source: str, target: str, line: dict[str, Any], minutes: int) -> None:
    at = (NOW - timedelta(days=2) + timedelta(minutes=minutes)).isoformat()
    api.operator.ok("POST", "/v1/movements", json=movement(action, source, target, [line], occurred_at=at))


def signals(api: Api) -> set[tuple[str, str]]:
    return {(row["signal"], row["serial"]) for row in api.reader.rows("/v1/theft-signals")}


def test_a_lost_serial_is_refused_by_every_dock_and_is_a_case_if_it_is_seen(api: Api) -> None:
    said = {"item": "insulin", "serial": "S1", "why": "stolen", "description": "van was broken into"}
    lost = api.quality.ok("POST", "/v1/lost-serials", json={**said, "lost_at": (NOW - timedelta(days=3)).isoformat()})
    assert api.quality.post("/v1/lost-serials", said).status_code == 409
    moved(api, "receive", "acme", "fridge-a", unit("S1"), 0)
    ((signal, _),) = signals(api)
    assert signal == "reported_lost"
    (case,) = api.reader.rows("/v1/cases", kind="theft_signal")
    assert "reported as lost" in case["text"]
    (stock,) = api.reader.rows("/v1/stock")
    assert any("reported as lost" in reason["text"] for reason in stock["reasons"]), "it is held"
    api.quality.ok("POST", f"/v1/lost-serials/{lost['id']}/found", json={"reason": "the driver had them"})
    assert signals(api) == set()
    assert api.reader.rows("/v1/lost-serials") == []


def test_a_dock_that_refused_a_lost_serial_opens_a_case(ledger: Ledger, say: Said) -> None:
    data: dict[str, str | int | float | None] = {
        "action": "receive", "operator": "amy", "from": "acme", "to": "dock", "gtin": GTIN, "item": f"GTIN {GTIN}",
        "lot": "A", "serial": "S7", "codes": "lost_serial",
    }  # fmt: skip
    for number in (1, 2):
        say(Notice(stamp(minute(number)), NoticeKind.SCAN_REFUSED, "scanner-1", "it was stolen", data))
    (case,) = ledger.rows("SELECT text, data FROM exception_case WHERE kind = 'lost_serial_seen'")
    assert "serial S7" in case["text"] and "scanned by amy" in case["text"] and case["data"]["count"] == 2


def test_what_makers_never_told_of_is_a_signal_until_they_do(api: Api) -> None:
    moved(api, "receive", "acme", "fridge-a", unit("G1"), 0)
    moved(api, "receive", "acme", "fridge-a", unit("F1"), 0)
    moved(api, "receive", "acme", "fridge-a", unit("X1", lot="NEVER"), 0)
    assert signals(api) == set(), "silence proves nothing"
    commissioned(api.database, "A", "G1", "G2")
    api.administrator.ok("PUT", "/v1/items/insulin/complete-maker", json={"is_complete": True})
    assert signals(api) == {("not_commissioned", "F1"), ("lot_never_made", "X1")}
    commissioned(api.database, "NEVER", "X1", "F1")
    assert signals(api) == set(), "the maker told late"
    commissioned(api.database, "A", "G1", step="decommissioning", at="2026-05-02")
    assert signals(api) == {("after_decommissioning", "G1")}


def test_the_same_facts_give_the_same_signals_in_any_order(ledger: Ledger, gateway: GatewayWithKey) -> None:
    """Scans of two sites: the same serial under two lots; a customer's return that never went there, and came too fast.

    A second facts-only ledger is not needed: the case of each signal is opened and closed as the facts come.
    """
    north = GatewayWithKey("gw-2", journal="22222222-2222-4222-8222-222222222222")
    north.register(ledger.database)
    ledger.add_place("north", "site")
    ledger.add_place("fridge-n", "room", "north")
    ledger.add_place("st-john", "customer")
    ledger.run("UPDATE gateway SET place_id = (SELECT id FROM place WHERE name = 'north') WHERE name = 'gw-2'")
    theft.keep_travel(ledger.database, "site", "north", 120, at=minute(0), actor="amy")
    serials = iter("ABCDEF")
    orders = list(permutations(range(5)))[::24]
    assert len(orders) == 5
    for order, mark in zip(orders, serials, strict=False):
        one, two = f"{mark}1", f"{mark}2"
        story = (
            (gateway, scan(minute(0), Action.RECEIVE, "acme", "fridge-a", line(1, serial=one))),
            (gateway, scan(minute(5), Action.RECEIVE, "acme", "fridge-b", line(1, f"OTHER-{mark}", serial=one))),
            (gateway, scan(minute(0), Action.RECEIVE, "acme", "fridge-a", line(1, serial=two))),
            (gateway, scan(minute(60), Action.SHIP, "fridge-a", "st-mary", line(1, serial=two))),
            (north, scan(minute(70), Action.RETURN, "st-john", "fridge-n", line(1, serial=two))),
        )
        for number in order:
            who, said = story[number]
            receipt = store_batch(ledger.database, who.batch(said))
            assert receipt.outcome is BatchOutcome.STORED, receipt.reason
        found = theft.list_signals(ledger.database, only_open=True, rows_max=100)
        assert {(row["signal"], row["serial"]) for row in found if row["serial"].startswith(mark)} == {
            ("seen_twice", one), ("where_it_never_went", two), ("impossible_travel", two)
        }, order  # fmt: skip
    travel = next(row for row in found if row["signal"] == "impossible_travel")
    assert "10 minutes later; the way takes at least 120" in travel["text"]


def test_missing_stock_is_told_by_place_and_by_person_on_duty(api: Api) -> None:
    api.receive("A", 10)
    api.operator.ok("POST", "/v1/counts", json={"place": "fridge-a", "number": "C-1"})
    found = {"item": "insulin", "lot_number": "A", "quantity": 7, "place": "fridge-a"}
    said = {"client_id": str(uuid.uuid4()), "counted_at": NOW.isoformat(), "found": [found]}
    api.operator.ok("POST", "/v1/counts/C-1/findings", json=said)
    api.quality.ok("POST", "/v1/counts/C-1/approve", json={"reason": "counted twice"})
    span = {"since": (NOW - timedelta(days=30)).isoformat(), "until": (NOW + timedelta(days=30)).isoformat()}
    told = api.reader.ok("GET", "/v1/missing-stock", params={**span, "place": "main"})
    (missed,) = told["lines"]
    assert (missed["place"], missed["lot_number"], missed["quantity"], missed["count"]) == ("fridge-a", "A", 3, "C-1")
    assert told["by_place"] == [{"place": "fridge-a", "quantity": 3}]
    assert told["by_person"] == [{"person": "operator-1", "quantity": 3, "times": 1}]
