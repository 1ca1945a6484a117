"""What there is, and whether it may be issued: every reason, by the same function as at the dock."""

from datetime import datetime

from cloud_sync.actions.master_data.master_data import place_named
from cloud_sync.posting.positions import shown
from cloud_sync.storage.database import Database, Row
from cloud_sync.storage.queries import queries


def list_lots(
    database: Database,
    *,
    item: str | None = None,
    owner: str | None = None,
    lot_number: str | None = None,
    rows_max: int,
    rows_skipped: int = 0,
) -> list[Row]:
    """Lots, earliest expiry first."""
    with database.transaction() as connection:
        return list(
            queries("availability").lots(
                connection, item=item, owner=owner, lot_number=lot_number, rows_max=rows_max, rows_skipped=rows_skipped
            )
        )


def lot_of_id(database: Database, lot_id: int) -> list[Row]:
    """That lot alone; nothing if there is none."""
    with database.transaction() as connection:
        row = queries("availability").lot_by_id(connection, lot_id=lot_id)
    return [] if row is None else [row]


def list_stock(
    database: Database,
    *,
    at: datetime,
    item: str | None = None,
    place: str | None = None,
    lot_id: int | None = None,
    everywhere: bool = False,
    rows_max: int,
    rows_skipped: int = 0,
) -> list[Row]:
    """Positions, each with quantity, reserved, expiry and all reasons not to issue it at ``at``."""
    with database.transaction() as connection:
        if place is not None:
            place_named(connection, place)
        rows = queries("availability").positions(
            connection,
            item=item,
            place=place,
            lot_id=lot_id,
            everywhere=everywhere,
            rows_max=rows_max,
            rows_skipped=rows_skipped,
        )
        return [shown(row, at) for row in rows]


def list_movements(
    database: Database, *, lot_id: int | None = None, place: str | None = None, rows_max: int, rows_skipped: int = 0
) -> list[Row]:
    """Movements of a lot or through a place, the latest first."""
    with database.transaction() as connection:
        return list(
            queries("availability").movements(
                connection, lot_id=lot_id, place=place, rows_max=rows_max, rows_skipped=rows_skipped
            )
        )
