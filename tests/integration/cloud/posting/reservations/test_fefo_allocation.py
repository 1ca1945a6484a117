"""The order in which stock leaves is decided by ``fefo_key``; the database only narrows down to its first rows."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cloud_sync.actions.orders.allocation_group import SURELY
from cloud_sync.domain.fefo import Position, fefo_key, plan
from cloud_sync.posting.positions import position_of
from cloud_sync.posting.reservations import fefo_allocation
from cloud_sync.posting.reservations.fefo_allocation import key_of
from cloud_sync.storage.database import Connection, Database
from cloud_sync.storage.locks import ROOMS
from cloud_sync.storage.queries import queries
from edge_agent.domain.stock.eligibility import Context
from tests.support.builders import NOON, Ledger
from tests.support.recycled_databases import RecycledDatabases, empty

HOURS = (None, None, time(0), time(9), time(15, 30))
DAYS = (None, NOON + timedelta(days=30), NOON + timedelta(days=60), NOON - timedelta(days=1), NOON + timedelta(days=1))
RECEIVED = (None, NOON - timedelta(days=2), NOON - timedelta(days=1))
SERIALS = ("", "a", "B", "b", "_", "ä", "10", "9")


@dataclass(frozen=True)
class Kept:
    """Stock of one lot: ``made_for`` is the prescription of the batch it came out of, '' for bought stock."""

    expires_at: datetime | None
    expires_hour: time | None
    received_at: datetime | None
    made_for: str
    where: tuple[tuple[str, str, int], ...]
    """Place, serial, quantity."""


lots = st.builds(
    Kept,
    st.sampled_from(DAYS),
    st.sampled_from(HOURS),
    st.sampled_from(RECEIVED),
    st.sampled_from(["", "", "", "RX-1", "RX-2"]),
    st.lists(
        st.tuples(st.sampled_from(["bin-1", "bin-2"]), st.sampled_from(SERIALS), st.integers(1, 4)),
        min_size=1, max_size=4, unique_by=lambda each: each[:2],
    ).map(tuple),
)  # fmt: skip


@pytest.fixture(scope="module")
def shared(databases: RecycledDatabases) -> Iterator[Database]:
    with databases.lent() as url:
        opened = databases.open(url)
        yield opened


@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.lists(lots, min_size=1, max_size=6), st.integers(1, 30), st.sampled_from(["", "RX-1"]))
def test_the_database_narrows_down_in_the_order_that_is_decided_by(
    shared: Database, kept: list[Kept], quantity: int, prescription: str
) -> None:
    ledger = _ledger(shared, kept)
    item_id = ledger.rows("SELECT id FROM item")[0]["id"]
    asked = {"item_id": item_id, "owner": "house", "site": None, "lot_number": "", "serial": "", "exposed": None}
    page = {"rows_max": 1000, "rows_skipped": 0}
    context = Context(at=NOON, owner="house")
    with shared.transaction() as connection:
        rows = list(queries("availability").positions_in_fefo_order(connection, **asked, **page, made_for=""))
        found = [position_of({**row, "holds": []}) for row in rows]
        assert found == sorted(found, key=fefo_key)

        narrowed = fefo_allocation.plan_stock(
            connection, item_id, quantity, context, None, prescription=prescription
        ).plan
        first = _first_positions(connection, wanted=10**9)
        assert {key_of(each) for each in first} == {key_of(each) for each in found[:8]}
        for wanted in (1, 2, 5, quantity):
            few = _first_positions(connection, wanted)  # a plan does not come to what is left out
            assert plan(few, wanted, context) == plan(first, wanted, context)
        whole, held = _all_that_is_there(connection, rows, prescription)
    assert narrowed.picks == plan(whole, quantity, context).picks
    assert {pick.position.lot_id for pick in narrowed.picks} & held == set()


def _first_positions(connection: Connection, wanted: int, demands: int = 1) -> list[Position]:
    rows = queries("availability").first_positions(
        connection, items=["insulin"] * demands, owners=["house"] * demands, sites=[None] * demands,
        units_wanted=[wanted] * demands, lasting_until=[NOON + SURELY] * demands, rooms_key=ROOMS,
    )  # fmt: skip
    return [position_of({**row, "holds": row["holds"] or []}) for row in rows]


def test_only_what_may_be_needed_is_read_of_stock_that_nothing_is_against(shared: Database) -> None:
    ledger = _ledger(shared, [Kept(DAYS[2], None, None, "", (("bin-1", "", 5),)) for _ in range(6)])
    with shared.transaction() as connection:
        first = _first_positions(connection, wanted=10**9)
        assert len(first) == 6
        for wanted, needed in ((1, 1), (5, 1), (6, 2), (30, 6)):
            assert len(_first_positions(connection, wanted)) == needed
        assert len(_first_positions(connection, wanted=6, demands=3)) == 3 * 2
    ledger.run("""
        INSERT INTO reservation (client_id, lot_id, serial, place_id, quantity, demand, reserved_by)
        SELECT gen_random_uuid(), lot_id, serial, place_id, 4, 'SO-1', 'amy' FROM position WHERE quantity > 0""")
    with shared.transaction() as connection:
        assert len(_first_positions(connection, wanted=5)) == 5  # of each, one is free


def test_more_stock_of_its_own_than_the_first_look_shows_still_goes_first(shared: Database) -> None:
    own = [Kept(DAYS[2], None, None, "RX-1", (("bin-1", "", 1),)) for _ in range(fefo_allocation.FIRST_LOOK + 4)]
    others = [Kept(DAYS[1], None, None, "", (("bin-2", "", 5),))]
    ledger = _ledger(shared, [*others, *own])
    item_id = ledger.rows("SELECT id FROM item")[0]["id"]
    context = Context(at=NOON, owner="house")
    with shared.transaction() as connection:
        planned = fefo_allocation.plan_stock(connection, item_id, len(own) + 2, context, None, prescription="RX-1")
    assert [pick.position.is_made_for_it for pick in planned.plan.picks] == [True] * len(own) + [False]


def _all_that_is_there(connection: psycopg.Connection, rows: list, prescription: str) -> tuple[list, set[int]]:  # type: ignore[type-arg]
    """All positions as one plan over everything sees them, and the lots that were made for others."""
    made = {
        row["lot_id"]: row["prescription"]
        for row in connection.execute(
            "SELECT p.lot_id, b.prescription FROM batch_product p JOIN production_batch b ON b.id = p.batch_id"
        )
    }
    for_others = {lot_id for lot_id, prescribed in made.items() if prescribed != prescription}
    block = [{"kind": "patient", "text": "made for another"}]
    return [
        position_of(
            {
                **row,
                "holds": block if row["lot_id"] in for_others else [],
                "is_made_for_it": bool(prescription) and made.get(row["lot_id"]) == prescription,
            }
        )
        for row in rows
    ], for_others


def _ledger(database: Database, kept: list[Kept]) -> Ledger:
    """A ledger with this stock; lots made for a prescription came out of a released batch for it."""
    empty(database.url)
    ledger = Ledger(database)
    ledger.add_item()
    ledger.add_place("site", "site")
    places = {name: ledger.add_place(name, "bin", "site") for name in ("bin-1", "bin-2")}
    ledger.add_place("south", "site")
    ledger.run("UPDATE place SET zone = 'Pacific/Auckland' WHERE name IN ('south', 'bin-2')")
    ledger.run("INSERT INTO event (actor, kind, subject) VALUES ('t', 't', 't')")
    ledger.run(
        "INSERT INTO master_formulation_record (name, version, item_id, body, drafted_by) "
        "SELECT 'f', 1, id, '{}', 'a' FROM item"
    )
    batches = {}
    for prescription in sorted({each.made_for for each in kept} - {""}):
        batches[prescription] = ledger.add_place(f"batch-{prescription}", "production", "site")
        sql = """
            WITH b AS (
                INSERT INTO production_batch (place_id, master_formulation_record_id, quantity, prescription, owner,
                                              planned_by)
                SELECT %(place)s, id, 1, %(prescription)s, 'house', 'a' FROM master_formulation_record RETURNING id)
            INSERT INTO batch_fact (batch_id, kind, actor, occurred_at, event_id)
            SELECT id, 'released', 'q', now(), 1 FROM b"""
        ledger.run(sql, {"place": batches[prescription], "prescription": prescription})
    for number, each in enumerate(kept):
        sql = """
            INSERT INTO lot (item_id, lot_number, owner, expires_on, expires_hour)
            SELECT id, %(number)s, 'house', %(at)s::timestamptz::date, %(hour)s FROM item RETURNING id"""
        hour = each.expires_hour if each.expires_at else None
        lot_id = ledger.rows(sql, {"number": f"L{number}", "at": each.expires_at, "hour": hour})[0]["id"]
        for place, serial, quantity in each.where:
            values = {"lot": lot_id, "place": places[place], "serial": serial, "quantity": quantity}
            ledger.run("INSERT INTO position VALUES (%(lot)s, %(serial)s, %(place)s, %(quantity)s)", values)
        if each.received_at is not None:
            ledger.run(
                "INSERT INTO residency VALUES (%(lot)s, '', %(place)s, %(at)s, NULL)",
                {"lot": lot_id, "place": places["bin-1"], "at": each.received_at},
            )
        if each.made_for:
            sql = """
                INSERT INTO movement (fact, lot_id, quantity, from_place, to_place, occurred_at, action, event_id)
                VALUES (%(fact)s, %(lot)s, 1, %(batch)s, %(bin)s, now(), 'receive', 1)"""
            values = {"fact": f"f{number}", "lot": lot_id, "batch": batches[each.made_for], "bin": places["bin-1"]}
            ledger.run(sql, values)
    return ledger


def test_the_first_of_thousands_that_expire_on_one_day_are_found_without_looking_at_the_others(
    shared: Database,
) -> None:
    item_id = _ledger_of_one_day(shared, lots=3000)
    asked = {"item_id": item_id, "owner": "house", "site": None, "lot_number": "", "serial": "", "made_for": ""}
    page = {"exposed": False, "rows_max": 16, "rows_skipped": 0}
    narrowed = queries("availability").positions_in_fefo_order.sql
    together = queries("availability").first_positions.sql
    with shared.transaction() as connection:
        assert _lots_looked_at(connection, narrowed, {**asked, **page}) < 100
        connection.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        of_one = {
            "items": ["insulin"], "owners": ["house"], "sites": [None], "units_wanted": [20], "lasting_until": [NOON],
            "rooms_key": ROOMS,
        }  # fmt: skip
        assert _lots_looked_at(connection, together, of_one) < 100


def _ledger_of_one_day(database: Database, lots: int) -> int:
    """In a zone that has none of an item, all would be looked at."""
    ledger = _ledger(database, [])
    ledger.run("UPDATE place SET zone = 'UTC'")
    ledger.run(f"""
        WITH lots AS (
            INSERT INTO lot (item_id, lot_number, owner, expires_on)
            SELECT item.id, 'D' || k, 'house', '2030-01-01' FROM item, generate_series(1, {lots}) AS k RETURNING id)
        INSERT INTO position (lot_id, serial, place_id, quantity)
        SELECT lots.id, '', place.id, 1 FROM lots, place WHERE place.name = 'bin-1'""")
    ledger.run(
        "INSERT INTO residency (lot_id, serial, place_id, began_at) SELECT lot_id, '', place_id, now() FROM position"
    )
    with psycopg.connect(database.url, autocommit=True) as owner:
        owner.execute("ANALYZE")
    return int(ledger.rows("SELECT id FROM item")[0]["id"])


def _lots_looked_at(connection: psycopg.Connection, sql: str, asked: dict[str, object]) -> int:
    (row,) = connection.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", asked).fetchall()
    return sum(
        round(node["Actual Rows"] * node["Actual Loops"] + node.get("Rows Removed by Filter", 0))
        for node in _nodes(row["QUERY PLAN"][0]["Plan"])
        if node.get("Relation Name") == "lot"
    )


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from _nodes(child)
