"""The filled ledger of the measurements is what booking would have made of its movements."""

import psycopg

from cloud_sync.domain.booking import NewMovement
from cloud_sync.posting.movements import book
from cloud_sync.storage.database import Database
from tests.bench.ledger_data import MOVEMENTS_PER_LOT, fill
from tests.support.builders import Ledger


def test_the_filled_ledger_is_what_booking_would_have_made(database: Database) -> None:
    fill(database.url, 12, cold_lots=5, with_graph=False)
    ledger = Ledger(database)
    filled = ledger.balances(), ledger.residencies()
    movements = ledger.rows(
        """SELECT fact, lot_id, quantity, from_place, to_place, occurred_at, action, serial, operator, order_ref
           FROM movement"""
    )
    assert len(movements) == 12 * MOVEMENTS_PER_LOT + 5
    with psycopg.connect(database.url) as connection:  # as the owner of the database: the ledger itself may not
        connection.execute("SET LOCAL session_replication_role = replica")
        connection.execute("TRUNCATE movement, position, residency CASCADE")
    with database.transaction() as connection:
        book(connection, [NewMovement(**row) for row in movements], event_id=1)
    assert (ledger.balances(), ledger.residencies()) == filled
