"""Who waits for whom: a hold waits for what has to do with its own goods, and for nothing else."""

import re
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from cloud_sync.ingest.batches import store_batch
from cloud_sync.posting.movements import lock_for_booking
from cloud_sync.storage import locks
from cloud_sync.storage.database import Connection
from edge_agent.domain.intervals import Interval
from edge_agent.domain.wire.records import Action
from tests.integration.conftest import Said
from tests.support.builders import NOON, GatewayWithKey, Ledger, line, minute, reading, scan
from tests.support.ledger_api import api_on

ORDER = ("lock_judged_places", "share_holds", "share_rooms", "lock_orders", "lock_items", "lock_lots")


@pytest.fixture
def stocked(ledger: Ledger, say: Said) -> Ledger:
    """Lot A in fridge-a, lot B in fridge-b."""
    say(scan(minute(0), Action.RECEIVE, "acme", "fridge-a", line(10, "A")))
    say(scan(minute(0), Action.RECEIVE, "acme", "fridge-b", line(10, "B")))
    return ledger


@contextmanager
def held_open(ledger: Ledger, place: str) -> Iterator[Connection]:
    """A transaction that holds what is in a place, and is not done yet."""
    place_id = ledger.rows("SELECT id FROM place WHERE name = %(name)s", {"name": place})[0]["id"]
    with ledger.database.transaction() as connection:
        locks.lock_exposed(connection, {place_id: Interval(NOON, None)})
        yield connection


def waits(ledger: Ledger, do: Callable[[], Any], place: str) -> bool:
    """Whether ``do`` has to wait for who holds what is in the place."""
    with ThreadPoolExecutor(1) as pool:
        with held_open(ledger, place):
            asked = pool.submit(do)
            _wait(ledger, asked.done)
            had_to = not asked.done()
        asked.result()
    return had_to


def _wait(ledger: Ledger, is_done: Callable[[], bool]) -> None:
    """Until it is done, or somebody waits for a lock."""
    waiting = "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    with psycopg.connect(ledger.database.url, autocommit=True) as owner:
        while not is_done() and not owner.execute(waiting).fetchall():
            pass


def test_who_holds_the_stock_of_a_room_keeps_others_from_that_room_alone(
    stocked: Ledger, gateway: GatewayWithKey
) -> None:
    def put(to_place: str, lot: str) -> Callable[[], Any]:
        raw = gateway.batch(scan(minute(5), Action.RECEIVE, "acme", to_place, line(1, lot)))
        return lambda: store_batch(stocked.database, raw)

    assert waits(stocked, put("fridge-a", "NEW-1"), "fridge-a")
    assert not waits(stocked, put("fridge-b", "NEW-2"), "fridge-a")


def test_goods_that_were_in_the_room_wait_wherever_they_are_moved(
    stocked: Ledger, say: Said, gateway: GatewayWithKey
) -> None:
    say(scan(minute(1), Action.MOVE, "fridge-a", "dock", line(10, "A")))
    raws = [
        gateway.batch(scan(minute(2), Action.MOVE, "dock", "fridge-b", line(1, "A"))),
        gateway.batch(scan(minute(2), Action.MOVE, "fridge-b", "dock", line(1, "B"))),
    ]
    assert waits(stocked, lambda: store_batch(stocked.database, raws[0]), "fridge-a")
    assert not waits(stocked, lambda: store_batch(stocked.database, raws[1]), "fridge-a")


def test_an_allocation_waits_for_goods_that_are_being_held_only_where_there_are_no_others(stocked: Ledger) -> None:
    with api_on(stocked.database) as api:

        def ask(number: int, quantity: int) -> dict[str, Any]:
            body = {"client_id": f"{number:08}-0000-4000-8000-000000000000", "item": "insulin", "quantity": quantity,
                    "demand": "W-1"}  # fmt: skip
            answer: dict[str, Any] = api.operator.ok("POST", "/v1/allocations", json=body)
            return answer

        assert not waits(stocked, lambda: ask(1, 1), "fridge-a")  # lot A would leave first, but there is lot B
        assert {row["lot_number"] for row in api.reader.rows("/v1/reservations")} == {"B"}
        assert not waits(stocked, lambda: ask(2, 1), "fridge-b")
        assert waits(stocked, lambda: ask(3, 15), "fridge-a")


def test_two_rooms_that_break_their_limits_at_the_same_time_do_not_wait_for_each_other(
    stocked: Ledger, gateway: GatewayWithKey
) -> None:
    store_batch(stocked.database, gateway.batch(reading(minute(1), 5.0, "probe-b")))
    raw = gateway.batch(reading(minute(2), 9.0, "probe-b"))
    assert not waits(stocked, lambda: store_batch(stocked.database, raw), "fridge-a")
    assert {lot for lot, _, _ in stocked.held()} == {"B"}


def test_production_waits_for_every_hold(stocked: Ledger) -> None:
    made = stocked.add_place("B1", "production")
    dock = stocked.rows("SELECT id FROM place WHERE name = 'dock'")[0]["id"]

    def book() -> None:
        with stocked.database.transaction() as connection:
            lock_for_booking(connection, lot_ids=[], place_ids=[made, dock])

    assert waits(stocked, book, "fridge-a")


def test_locks_are_taken_in_the_order_that_is_written_down() -> None:
    written = locks.__doc__ or ""
    places = [written.index(f"``{name}``") for name in ORDER]
    assert places == sorted(places)
    assert set(re.findall(r"``(lock_\w+|share_\w+)``", written)) <= set(vars(locks))


@pytest.mark.parametrize("first", ["booking", "hold"])
def test_whoever_comes_second_sees_what_the_first_one_did(stocked: Ledger, gateway: GatewayWithKey, first: str) -> None:
    """A booking into a room and the hold of that room meet: what came is held, whoever was first."""
    raws = {
        "hold": gateway.batch(reading(minute(2), 9.0, "probe-a")),
        "booking": gateway.batch(scan(minute(1), Action.MOVE, "fridge-b", "fridge-a", line(4, "B"))),
    }
    second = "hold" if first == "booking" else "booking"
    asked: Future[Any]
    with ThreadPoolExecutor(2) as pool:
        with stocked.database.transaction() as connection:  # stops both at the lots
            locks.lock_lots(connection, [row["id"] for row in stocked.rows("SELECT id FROM lot")])
            begun = pool.submit(store_batch, stocked.database, raws[first])
            _wait(stocked, lambda: False)
            asked = pool.submit(store_batch, stocked.database, raws[second])
        begun.result()
        asked.result()
    assert {lot for lot, _, _ in stocked.held()} == {"A", "B"}
