"""Plans of what to take of the stock that is there, first expired first out."""

from collections.abc import Sequence
from typing import Any

from cloud_sync.domain.fefo import AllocationPlan, Position, plan
from cloud_sync.posting.positions import identity_of, position_of, told
from cloud_sync.storage.database import Connection, Row
from cloud_sync.storage.queries import pipeline, queries
from edge_agent.domain.stock.eligibility import Context

FIRST_LOOK = 16
"""Positions looked at first; most demands are covered by them. Each further look takes eight times as many."""
POSITIONS_MAX = 100_000
"""A plan that has to pass over more positions than this stays partial."""
PositionKey = tuple[int, int, str]
"""Lot id, place id, serial."""
Rows = dict[PositionKey, Row]
"""Positions with what blocks them."""


def plan_stock(
    connection: Connection,
    item_id: int,
    quantity: int,
    context: Context,
    site: str | None,
    lot_number: str = "",
    serial: str = "",
    *,
    prescription: str = "",
) -> tuple[AllocationPlan, Rows]:
    """What to take of an item at and below ``site``, and the rows it was decided on. Nothing is reserved by it.

    ``lot_number`` and ``serial`` narrow it down, '' leaves them open. What was made for ``prescription`` comes first;
    what was made for another is passed over.
    """
    narrowed = {"item_id": item_id, "owner": context.owner, "site": site, "lot_number": lot_number, "serial": serial}
    rows_max = FIRST_LOOK
    while True:
        asked = {**narrowed, "rows_max": rows_max}
        sql = queries("availability").positions_in_fefo_order.sql
        # Planned for these very values (pipeline): quick only if the planner knows how few rows are wanted.
        of_the_patient = {"made_for_it": (sql, {**asked, "made_for": prescription})} if prescription else {}
        found_by = pipeline(
            connection,
            **of_the_patient,
            anything=(sql, {**asked, "made_for": ""}),
            # For holds_on: whatever may block stock makes it a long query, which takes longer to plan than to run.
            planning=("SET LOCAL plan_cache_mode = force_generic_plan", {}),
        )
        own = [{**row, "is_made_for_it": True} for row in found_by.get("made_for_it", [])]
        anything = found_by["anything"]
        known = {_key_of_row(row) for row in own}
        found = [*own, *(row for row in anything if _key_of_row(row) not in known)]
        holds = _holds_on(connection, found, prescription)
        connection.execute("SET LOCAL plan_cache_mode = auto")
        rows = {_key_of_row(row): {**row, "holds": holds.get(number, [])} for number, row in enumerate(found, start=1)}
        planned = plan(map(position_of, rows.values()), quantity, context)
        is_covered = planned.missing == 0 and len(own) < rows_max  # not by other stock before all of its own was seen
        if is_covered or len(anything) < rows_max or rows_max >= POSITIONS_MAX:
            return planned, rows
        rows_max = min(rows_max * 8, POSITIONS_MAX)


def shown_picks(planned: AllocationPlan, rows: Rows) -> list[dict[str, Any]]:
    """What a plan takes, in plain JSON values."""
    return [{**identity_of(rows[key_of(pick.position)]), "quantity": pick.quantity} for pick in planned.picks]


def shown_skipped(planned: AllocationPlan, rows: Rows) -> list[dict[str, Any]]:
    """What a plan passes over and all reasons for it, in plain JSON values."""
    return [
        {
            **identity_of(rows[key_of(skipped.position)]),
            "quantity": skipped.position.stock.quantity,
            "reasons": told(skipped.reasons),
        }
        for skipped in planned.skipped
    ]


def key_of(position: Position) -> PositionKey:
    """What identifies a position among ``Rows``."""
    return position.lot_id, position.place_id, position.serial


def _key_of_row(row: Row) -> PositionKey:
    return row["lot_id"], row["place_id"], row["serial"]


def _holds_on(connection: Connection, rows: Sequence[Row], prescription: str) -> dict[int, list[Row]]:
    """What blocks the positions of these rows for this prescription, by their number from 1."""
    if not rows:
        return {}
    stock = {
        "lot_ids": [row["lot_id"] for row in rows],
        "place_ids": [row["place_id"] for row in rows],
        "serials": [row["serial"] for row in rows],
        "made_for": prescription,
    }
    asked = connection.execute(queries("availability").holds_on.sql, stock, prepare=True)
    return {row["number"]: row["holds"] for row in asked}
