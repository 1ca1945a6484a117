"""Plans that a connection keeps are those for large tables, however small these were when the plans were made."""

import uuid

import psycopg
import pytest

from cloud_sync.actions.orders.allocate import allocate
from cloud_sync.storage.database import Connection
from cloud_sync.storage.queries import queries
from edge_agent.domain.wire.records import Action
from tests.conftest import database_url
from tests.integration.conftest import Said
from tests.support.builders import Ledger, line, minute, scan

UNTIL_KEPT = 7
"""Times that something has to be asked until its plan is kept for good."""
OF_ALLOCATIONS = [
    queries("availability").first_positions.sql,
    queries("reservations").is_any_held_of.sql,
    queries("reservations").any_needs_more.sql,
]


@pytest.mark.parametrize("number", range(len(OF_ALLOCATIONS)), ids=["stock", "held since", "asked before"])
def test_an_allocation_goes_by_index_although_nothing_was_held_or_reserved_when_its_plan_was_made(
    ledger: Ledger, say: Said, postgres_url: str, number: int
) -> None:
    """In a storm, each allocation read all twenty thousand exposures eight times."""
    say(scan(minute(0), Action.RECEIVE, "acme", "fridge-a", line(1000, "A")))
    with psycopg.connect(ledger.database.url) as own:
        name = own.info.dbname
    with psycopg.connect(database_url(postgres_url, name), autocommit=True) as owner:
        owner.execute("ANALYZE")
    for _ in range(UNTIL_KEPT):
        answer = allocate(
            ledger.database, client_id=uuid.uuid4(), item="insulin", owner="house", quantity=1, demand="W-1",
            site=None, shelf_life_min_days=0, at=minute(1), actor="amy",
        )  # fmt: skip
        assert answer["reservations"]
    with ledger.database.transaction() as connection:
        connection.execute(queries("reservations").plan_once.sql)
        plan = _kept_plan(connection, OF_ALLOCATIONS[number])
    assert "Index" in plan
    assert "Seq Scan" not in plan, plan


def _kept_plan(connection: Connection, sql: str) -> str:
    """Of the only connection that there is, so that it is the one that was used."""
    beginning = " ".join(sql.split("%")[0].split())
    kept = connection.execute("SELECT name, statement, parameter_types FROM pg_prepared_statements").fetchall()
    (found,) = [row for row in kept if " ".join(row["statement"].split()).startswith(beginning)]
    values = ", ".join("NULL" for _ in found["parameter_types"])
    lines = connection.execute(f'EXPLAIN EXECUTE "{found["name"]}" ({values})'.encode()).fetchall()
    return "\n".join(row["QUERY PLAN"] for row in lines)
