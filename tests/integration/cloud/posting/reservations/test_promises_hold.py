"""What was reserved is there and may be issued, whatever happens to it in between. Found by the machine."""

import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import psycopg
import pytest

from cloud_sync.actions.orders.fulfilment import replan_broken
from cloud_sync.posting.cases import Case, open_case
from cloud_sync.posting.reservations.broken_reservations import expire_reservations
from cloud_sync.storage.locks import lock_lots, share_holds
from edge_agent.domain.wire.records import Action, Notice, NoticeKind
from tests.integration.conftest import Said
from tests.support.builders import BOOT, Ledger, line, minute, reading, scan, stamp
from tests.support.ledger_api import NOW, Api, api_on, movement

OTHER_GTIN = "00312345678906"
WHY = {"reason": "as agreed"}


@pytest.fixture
def api(ledger: Ledger) -> Iterator[Api]:
    ledger.add_item("aspirin", OTHER_GTIN)
    with api_on(ledger.database) as opened:
        yield opened


def reserved(api: Api, quantity: int = 6, **more: Any) -> str:
    body = {"client_id": str(uuid.uuid4()), "kind": "requisition", "from_place": "site", "to_place": "st-mary",
            "lines": [{"item": "insulin", "quantity": quantity}]}  # fmt: skip
    number = str(api.operator.ok("POST", "/v1/orders", json=body | more)["number"])
    api.operator.ok("POST", f"/v1/orders/{number}/allocate", json={"client_id": str(uuid.uuid4())})
    return number


def open_reservations(api: Api) -> dict[tuple[str, str], int]:
    rows = api.reader.rows("/v1/reservations", only_open=True)
    return {(row["lot_number"], row["place"]): row["quantity"] for row in rows}


def test_a_reservation_does_not_follow_its_stock_into_an_excursion(api: Api, say: Said) -> None:
    say(scan(minute(0), Action.RECEIVE, "acme", "dock", line(10)))
    say(reading(minute(1), 12.0))
    reserved(api)
    say(scan(minute(2), Action.MOVE, "dock", "fridge-a", line(10)))
    assert open_reservations(api) == {}
    (row,) = api.reader.rows("/v1/reservations", demand=api.reader.rows("/v1/orders")[0]["number"], only_open=False)[1:]
    assert (row["ended_as"], "too-warm" in row["ended_reason"]) == ("broken", True)


def test_a_reservation_that_is_gathered_where_its_lot_is_held_is_broken_there(api: Api, say: Said) -> None:
    say(scan(minute(0), Action.RECEIVE, "acme", "dock", line(10)))
    number = reserved(api)
    (lot,) = api.reader.rows("/v1/lots")
    say(scan(minute(1), Action.RECEIVE, "acme", "fridge-b", line(1)))
    api.quality.ok("POST", "/v1/holds", json={"lot_id": lot["id"], "place": "fridge-b", "reason": "pests found"})
    api.operator.ok("POST", f"/v1/orders/{number}/pick", json={"to_place": "shelf-a1"})
    assert open_reservations(api) == {("L1", "shelf-a1"): 6}
    api.operator.ok("POST", f"/v1/orders/{number}/pick", json={"to_place": "fridge-b"})
    assert open_reservations(api) == {}
    assert replan_broken(api.database, at=NOW) == [number]
    assert open_reservations(api) == {("L1", "dock"): 4}


def test_an_approved_count_that_finds_less_breaks_what_was_reserved_of_it(api: Api, say: Said) -> None:
    say(scan(minute(0), Action.RECEIVE, "acme", "dock", line(10)))
    reserved(api, 9)
    say(scan(minute(5), Action.COUNT, "dock", None, line(4)))
    (count,) = api.reader.rows("/v1/counts", only_open=True)
    api.quality.ok("POST", f"/v1/counts/{count['number']}/approve", json=WHY)
    assert open_reservations(api) == {("L1", "dock"): 4}


def test_a_lot_that_turns_out_to_be_a_product_nobody_released_is_reserved_to_nobody(
    api: Api, ledger: Ledger, say: Said
) -> None:
    ledger.add_place("room-7", "room", "site")
    api.administrator.ok("PUT", "/v1/items/aspirin/compounding", json={"kind": "503B"})
    body = {"quantity": 1, "preparation": "category_2_aseptic_untested", "storage": "refrigerator",
               "ingredients": [{"item": "insulin", "quantity": 1}], "steps": [{"text": "mix"}],
               "yield_min_pct": 0, "yield_max_pct": 100}  # fmt: skip
    api.administrator.ok(
        "POST", "/v1/master-formulation-records", json={"name": "mix", "item": "aspirin", "body": body}
    )
    api.quality.ok("POST", "/v1/master-formulation-records/mix/1/approve", json=WHY)
    api.operator.ok("POST", "/v1/production-batches", json={"number": "B1", "master_formulation_record": "mix",
                                                            "room": "room-7", "quantity": 1})  # fmt: skip
    say(scan(minute(0), Action.RECEIVE, "acme", "dock", line(10)))
    reserved(api)
    say(scan(minute(1), Action.MOVE, "B1", "dock", line(2)))
    assert open_reservations(api) == {}


def test_stock_that_is_held_while_it_is_being_reserved_is_not_reserved(api: Api, ledger: Ledger, say: Said) -> None:
    say(scan(minute(0), Action.RECEIVE, "acme", "dock", line(10)))
    (lot,) = api.reader.rows("/v1/lots")
    answer = allocated_while_it_is_held(api, ledger, lot["id"])
    assert (answer["reservations"], answer["missing"]) == ([], 5)
    assert "labels disagree" in answer["skipped"][0]["reasons"][0]["text"]


def test_other_stock_is_reserved_instead_of_what_is_held_meanwhile(api: Api, ledger: Ledger, say: Said) -> None:
    say(scan(minute(0), Action.RECEIVE, "acme", "dock", line(10, "SOON", expires_on=date(2026, 6, 2))))
    say(scan(minute(0), Action.RECEIVE, "acme", "dock", line(10, "LATE")))
    lot_ids = {row["lot_number"]: row["id"] for row in api.reader.rows("/v1/lots")}
    answer = allocated_while_it_is_held(api, ledger, lot_ids["SOON"])
    assert [(each["lot_number"], each["quantity"]) for each in answer["reservations"]] == [("LATE", 5)]
    assert "labels disagree" in answer["skipped"][0]["reasons"][0]["text"]
    assert open_reservations(api) == {("LATE", "dock"): 5}


def allocated_while_it_is_held(api: Api, ledger: Ledger, lot_id: int) -> dict[str, Any]:
    body = {"client_id": str(uuid.uuid4()), "item": "insulin", "quantity": 5, "demand": "RX-1"}
    with ThreadPoolExecutor(1) as pool:
        with ledger.database.transaction() as connection:
            share_holds(connection)
            lock_lots(connection, [lot_id])
            open_case(connection, Case("expiry_mismatch", f"lot:{lot_id}", "labels disagree", lot_id=lot_id))
            asked = pool.submit(api.operator.ok, "POST", "/v1/allocations", json=body)
            wait_for_lock(ledger, lambda: asked.done())
        answer: dict[str, Any] = asked.result()
    return answer


def test_a_reservation_of_stock_that_expires_ends_and_other_stock_is_reserved(api: Api, say: Said) -> None:
    say(scan(minute(0), Action.RECEIVE, "acme", "dock", line(10, "SOON", expires_on=date(2026, 6, 2))))
    say(scan(minute(0), Action.RECEIVE, "acme", "dock", line(10, "LATE")))
    number = reserved(api)
    assert (expire_reservations(api.database, at=NOW), open_reservations(api)) == (0, {("SOON", "dock"): 6})
    assert expire_reservations(api.database, at=NOW + timedelta(days=2)) == 1
    (row,) = api.reader.rows("/v1/reservations", demand=number)
    assert (row["ended_as"], row["ended_reason"]) == ("expired", "lot SOON expired on 2026-06-02")
    assert replan_broken(api.database, at=NOW + timedelta(days=2)) == [number]
    assert open_reservations(api) == {("LATE", "dock"): 6}


def test_stock_that_a_ward_has_is_not_dispensed_or_shipped_on_while_it_is_held(api: Api, say: Said) -> None:
    say(scan(minute(0), Action.RECEIVE, "acme", "dock", line(10)))
    say(scan(minute(1), Action.SHIP, "dock", "st-mary", line(10)))
    api.administrator.ok("POST", "/v1/places", json={"name": "ward-3", "kind": "ward", "parent": "site"})
    (lot,) = api.reader.rows("/v1/lots")
    line_of = {"item": "insulin", "lot_number": "L1", "quantity": 2}
    api.operator.ok("POST", "/v1/movements", json=movement("dispense", "st-mary", "ward-3", [line_of]))
    api.quality.ok("POST", "/v1/recalls", json={"title": "cracked vials", "reason": "letter", "lots": [lot["id"]]})
    refused = api.operator.post("/v1/movements", movement("dispense", "st-mary", "ward-3", [line_of]))
    assert (refused.status_code, "cracked vials" in refused.json()["error"]) == (409, True)
    refused = api.operator.post("/v1/movements", movement("ship", "ward-3", "st-mary", [line_of | {"quantity": 3}]))
    assert (refused.status_code, "ward-3 has 2" in refused.json()["error"]) == (409, True)


def test_a_recall_reaches_what_a_corrected_clock_shows_to_be_made_of_the_lot_and_lets_go_of_the_rest(
    api: Api, ledger: Ledger, say: Said
) -> None:
    """The product was scanned out by a clock an hour behind: as said before the lot went in, in truth after it."""
    say(scan(minute(0), Action.RECEIVE, "acme", "dock", line(10)))
    say(scan(minute(10), Action.CONSUME, "dock", "batch-7", line(5)))
    (lot,) = api.reader.rows("/v1/lots")
    api.quality.ok("POST", "/v1/recalls", json={"title": "cracked vials", "reason": "letter", "lots": [lot["id"]]})
    out = scan(minute(20), Action.MOVE, "batch-7", "dock", line(2, "P1", gtin=OTHER_GTIN))
    early = scan(minute(5), Action.MOVE, "batch-7", "dock", line(2, "P2", gtin=OTHER_GTIN))
    behind, ahead = timedelta(hours=-1), timedelta(hours=1)
    other_boot = "00000000-0000-4000-8000-000000000002"
    say(replace(out, stamp=replace(out.stamp, at=out.stamp.at + behind, synced=False)))
    say(replace(early, stamp=replace(early.stamp, at=early.stamp.at + ahead, boot=other_boot, synced=False)))
    assert ledger.held("recall") == {("L1", None, None), ("P2", None, None)}
    for boot, offset_ms in ((BOOT, 3_600_000), (other_boot, -3_600_000)):
        data: dict[str, str | int | float | None] = {"cause": "synced", "boot": boot, "offset_ms": offset_ms}
        say(Notice(stamp(minute(30)), NoticeKind.CLOCK, "clock", "synchronised", data))
    assert ledger.held("recall") == {("L1", None, None), ("P1", None, None)}


def wait_for_lock(ledger: Ledger, is_done: Any) -> None:
    """Until somebody waits for a lock."""
    waiting = "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    # As the owner of the database: the ledger at work does not see what other connections wait for.
    with psycopg.connect(ledger.database.url, autocommit=True) as connection:
        while not connection.execute(waiting).fetchall():
            assert not is_done()
