"""Plans that a connection keeps are those for large tables, however small these were when the plans were made."""

import uuid
from collections.abc import Iterator

import psycopg
import pytest

from cloud_sync.actions.orders.allocate import allocate
from cloud_sync.ingest.batches import store_batches
from cloud_sync.ingest.receipts import BatchOutcome
from cloud_sync.storage.database import Connection, Database, Row
from cloud_sync.storage.queries import queries
from edge_agent.domain.wire.records import Action
from tests.conftest import database_url
from tests.integration.conftest import Said
from tests.support.builders import GatewayWithKey, Ledger, line, minute, reading, scan

UNTIL_KEPT = 7
"""Times that something has to be asked until its plan is kept for good."""
KEPT_BY_PSYCOPG = 4096
"""Characters of a query: a longer one is taken apart anew each time, which takes as long as to send it."""
OF_ALLOCATIONS = [
    queries("availability").first_positions.sql,
    queries("reservations").is_any_held_of.sql,
    queries("reservations").any_needs_more.sql,
]


@pytest.fixture
def analysed(ledger: Ledger, say: Said, postgres_url: str) -> Iterator[Ledger]:
    """A ledger with some stock, analysed while nothing was held or reserved; its connections are new, and one of each
    kind."""
    say(scan(minute(0), Action.RECEIVE, "acme", "fridge-a", line(1000, "A")))
    with psycopg.connect(ledger.database.url) as own:
        name = own.info.dbname
    with psycopg.connect(database_url(postgres_url, name), autocommit=True) as owner:
        owner.execute("VACUUM ANALYZE")  # of what another test left, too
    with Database.at_url(ledger.database.url) as database:
        yield Ledger(database)


@pytest.mark.parametrize("number", range(len(OF_ALLOCATIONS)), ids=["stock", "held since", "asked before"])
def test_an_allocation_goes_by_index_although_nothing_was_held_or_reserved_when_its_plan_was_made(
    analysed: Ledger, number: int
) -> None:
    """In a storm, each allocation read all twenty thousand exposures eight times."""
    for _ in range(UNTIL_KEPT):
        _allocate(analysed)
    with analysed.database.transaction(is_warm=True) as connection:
        connection.execute(queries("plans").plan_once.sql)
        plan = _kept_plan(connection, OF_ALLOCATIONS[number])
    assert "Index" in plan
    assert "Seq Scan" not in plan, plan


def test_what_allocations_ask_is_not_taken_apart_each_time() -> None:
    assert max(map(len, OF_ALLOCATIONS)) <= KEPT_BY_PSYCOPG


def test_plans_are_made_anew_once_there_are_rows(analysed: Ledger) -> None:
    """Of the indexes of an empty table PostgreSQL takes any."""
    for _ in range(UNTIL_KEPT):
        _allocate(analysed)
    with analysed.database.transaction(is_warm=True) as connection:
        before = _kept_plan(connection, OF_ALLOCATIONS[0])
    analysed.run_as_owner(
        """INSERT INTO reservation (client_id, lot_id, serial, place_id, quantity, demand, reserved_by, ended_at,
                                    ended_as)
           SELECT gen_random_uuid(), lot_id, serial, place_id, 1, 'W-2', 'amy', now(), 'void'
           FROM reservation, generate_series(1, 300)"""
    )
    with analysed.database.transaction(is_warm=True) as connection:
        assert _kept_plan(connection, OF_ALLOCATIONS[0]) == before
    _allocate(analysed)
    with analysed.database.transaction(is_warm=True) as connection:
        assert _kept_plan(connection, OF_ALLOCATIONS[0]) != before


def test_plans_are_kept_although_somebody_asks_for_what_was_asked_before(analysed: Ledger) -> None:
    """psycopg forgets all of them when a transaction is taken back, and the next allocation takes as long as five."""
    client_id = uuid.uuid4()
    for _ in range(UNTIL_KEPT):
        _allocate(analysed)
    _allocate(analysed, client_id)
    _allocate(analysed, client_id)
    with analysed.database.transaction(is_warm=True) as connection:
        assert len(_kept(connection, OF_ALLOCATIONS[0])) == 1


def test_what_was_just_reserved_is_found_among_all_that_is_reserved(analysed: Ledger) -> None:
    """Before statistics are taken, PostgreSQL believes one of two hundred reservations to be open."""
    for _ in range(UNTIL_KEPT):
        _allocate(analysed)
    analysed.run_as_owner(
        """INSERT INTO reservation (client_id, lot_id, serial, place_id, quantity, demand, reserved_by)
           SELECT gen_random_uuid(), lot_id, serial, place_id, 1, 'W-2', 'amy'
           FROM reservation, generate_series(1, 130)"""
    )
    _allocate(analysed)
    with analysed.database.transaction(is_warm=True) as connection:
        plan = _kept_plan(connection, queries("reservations").is_any_held_of.sql)
    assert "reservation_client" in plan
    assert "reservation_open" not in plan


def test_so_does_the_function_that_finds_what_holds_lots(analysed: Ledger) -> None:
    """Its plan is its own, and kept from when anybody first asks."""
    with analysed.database.transaction() as connection:
        for _ in range(UNTIL_KEPT):
            before = _scans(connection)
            connection.execute("SELECT count(*) FROM holds_of_lots(ARRAY[1]::bigint[])")
        after = _scans(connection)
    read_whole = {name for name, (whole, _) in after.items() if whole > before[name][0]}
    by_index = {name for name, (_, index) in after.items() if index > before[name][1]}
    assert not read_whole
    assert {"exposure", "hold", "recall_lot"} <= by_index


def test_what_a_gateway_kept_is_stored_with_plans_for_large_tables(analysed: Ledger, gateway: GatewayWithKey) -> None:
    """Planned anew each time, or by what was there at the start, a region that comes back took a third longer."""
    measured = [gateway.batch(reading(minute(n), celsius)) for n, celsius in enumerate((5.0, 5.0, 9.5, 9.5))]
    assert {each.outcome for each in store_batches(analysed.database, measured)} == {BatchOutcome.STORED}
    with analysed.database.transaction() as connection, analysed.database.transaction() as other:
        kept = next(each for each in (connection, other) if _kept(each, queries("exposure").expose.sql))
        assert "Seq Scan" not in _kept_plan(kept, queries("exposure").expose.sql)
        assert kept.execute("SHOW enable_seqscan").fetchone() == {"enable_seqscan": "on"}
        assert kept.prepare_threshold


def test_lots_are_looked_at_again_by_their_ids_however_few_are_exposed(analysed: Ledger) -> None:
    """The index of those that are exposed is the shortest while there are none; in a storm it has thousands soon."""
    analysed.run_as_owner(
        """INSERT INTO lot (item_id, lot_number, owner, expires_on)
           SELECT item_id, 'X' || n, owner, expires_on FROM lot, generate_series(1, 3000) n WHERE lot_number = 'A'"""
    )
    analysed.run_as_owner("ANALYZE lot")
    with analysed.database.transaction() as connection:
        connection.execute("UPDATE residency SET ended_at = ended_at")  # a trigger looks at its lot
        used = connection.execute(
            """SELECT indexrelid::regclass::text AS index FROM pg_index
               WHERE indrelid = 'lot'::regclass AND pg_stat_get_xact_numscans(indexrelid) > 0"""
        ).fetchall()
    assert used == [{"index": "lot_pkey"}]


def _allocate(ledger: Ledger, client_id: uuid.UUID | None = None) -> None:
    answer = allocate(
        ledger.database, client_id=client_id or uuid.uuid4(), item="insulin", owner="house", quantity=1, demand="W-1",
        site=None, shelf_life_min_days=0, at=minute(1), actor="amy",
    )  # fmt: skip
    assert answer["reservations"]


def _scans(connection: Connection) -> dict[str, tuple[int, int]]:
    """Of each table, how often it was read as a whole and by index, as far as this connection has not told yet."""
    rows = connection.execute("SELECT relname, seq_scan, idx_scan FROM pg_stat_xact_user_tables").fetchall()
    return {row["relname"]: (row["seq_scan"] or 0, row["idx_scan"] or 0) for row in rows}


def _kept(connection: Connection, sql: str) -> list[Row]:
    beginning = " ".join(sql.split("%")[0].split())
    kept = connection.execute("SELECT name, statement, parameter_types FROM pg_prepared_statements").fetchall()
    return [row for row in kept if " ".join(row["statement"].split()).startswith(beginning)]


def _kept_plan(connection: Connection, sql: str) -> str:
    """Of allocations there is only one warm connection, so that it is the one that was used."""
    (found,) = _kept(connection, sql)
    values = ", ".join("NULL" for _ in found["parameter_types"])
    lines = connection.execute(f'EXPLAIN EXECUTE "{found["name"]}" ({values})'.encode()).fetchall()
    return "\n".join(row["QUERY PLAN"] for row in lines)
