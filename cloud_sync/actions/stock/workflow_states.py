"""In which state of the workflow stock is. Derived, never stored."""

from datetime import datetime

from cloud_sync.actions.master_data.master_data import place_named
from cloud_sync.domain.orders import stock_states
from cloud_sync.storage.database import Database, Row
from cloud_sync.storage.queries import queries

SHOWN = ("lot_id", "item", "lot_number", "owner", "serial", "place", "place_kind", "quantity", "reconciled_at")


def list_states(
    database: Database,
    *,
    at: datetime,
    item: str | None = None,
    place: str | None = None,
    lot_id: int | None = None,
    rows_max: int,
    rows_skipped: int = 0,
) -> list[Row]:
    """Positions everywhere, each with how many base units of it are in which state at ``at``."""
    with database.transaction() as connection:
        if place is not None:
            place_named(connection, place)
        rows = queries("orders").stock_states(
            connection, item=item, place=place, lot_id=lot_id, at=at, rows_max=rows_max, rows_skipped=rows_skipped
        )
        return [{**{key: row[key] for key in SHOWN}, "states": _states(row)} for row in rows]


def _states(row: Row) -> dict[str, int]:
    states = stock_states(
        row["place_kind"],
        row["quantity"],
        row["reserved"],
        expired=row["expired"],
        held=row["held"],
        returned=row["returned"],
    )
    return {state.value: quantity for state, quantity in states.items()}
