"""Plans of what to take of the stock that is there, first expired first out."""

from typing import Any

from cloud_sync.actions.stock import identity_of, position_of, told
from cloud_sync.domain.fefo import Plan, Position, plan
from cloud_sync.storage.database import Connection, Row
from cloud_sync.storage.queries import queries
from edge_agent.domain.eligibility import Context

FIRST_LOOK = 64
"""Positions looked at first; most demands are covered by them. Each further look takes eight times as many."""
POSITIONS_MAX = 100_000
"""A plan that has to pass over more positions than this stays partial."""
Rows = dict[tuple[int, int, str], Row]
"""Positions by lot, place and serial."""


def plan_stock(
    connection: Connection,
    item_id: int,
    quantity: int,
    context: Context,
    site: str | None,
    lot_number: str = "",
    serial: str = "",
) -> tuple[Plan, Rows]:
    """What to take of an item at and below ``site``, and the rows it was decided on. Nothing is promised by it.

    ``lot_number`` and ``serial`` narrow it down, '' leaves them open.
    """
    rows_max = FIRST_LOOK
    while True:
        found = list(
            queries("availability").positions_in_fefo_order(
                connection, item_id=item_id, owner=context.owner, site=site, rows_max=rows_max
            )
        )
        rows = {
            (row["lot_id"], row["place_id"], row["serial"]): row
            for row in found
            if lot_number in ("", row["lot_number"]) and serial in ("", row["serial"])
        }
        planned = plan(map(position_of, rows.values()), quantity, context)
        if planned.missing == 0 or len(found) < rows_max or rows_max >= POSITIONS_MAX:
            return planned, rows
        rows_max = min(rows_max * 8, POSITIONS_MAX)


def shown_picks(planned: Plan, rows: Rows) -> list[dict[str, Any]]:
    """What a plan takes, in plain JSON values."""
    return [{**identity_of(rows[_key(pick.position)]), "quantity": pick.quantity} for pick in planned.picks]


def shown_skipped(planned: Plan, rows: Rows) -> list[dict[str, Any]]:
    """What a plan passes over and all reasons for it, in plain JSON values."""
    return [
        {
            **identity_of(rows[_key(skipped.position)]),
            "quantity": skipped.position.stock.quantity,
            "reasons": told(skipped.reasons),
        }
        for skipped in planned.skipped
    ]


def _key(position: Position) -> tuple[int, int, str]:
    return position.lot_id, position.place_id, position.serial
