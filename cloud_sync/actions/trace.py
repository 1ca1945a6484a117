"""Where a lot came from and where it went, with what it went through."""

from dataclasses import dataclass
from typing import Any

from cloud_sync.actions.stock import lot_of
from cloud_sync.domain.trace import Direction, Graph, Step, graph_of
from cloud_sync.storage.database import Database, Row
from cloud_sync.storage.queries import queries

STEPS_MAX = 50_000
"""A trace with more steps than this is cut off, and says so."""


@dataclass(frozen=True, slots=True)
class Trace:
    """One lot's trace. ``is_cut`` says that there is more than ``STEPS_MAX`` steps one way."""

    lot: Row
    serial: str
    backward: Graph | None
    forward: Graph | None
    excursions: list[Row]
    is_cut: bool


def trace(
    database: Database, lot_id: int, *, serial: str = "", directions: frozenset[Direction] = frozenset(Direction)
) -> Trace:
    """Suppliers and ingredients (backward), places, customers and products (forward), and excursions on the way.

    The lot's own movements are in both. Raises ``NotFound``.
    """
    with database.transaction() as connection:
        lot = lot_of(connection, lot_id)
        steps = {
            direction: list(
                getattr(queries("trace"), _QUERY[direction])(
                    connection, lot_id=lot_id, serial=serial, rows_max=STEPS_MAX + 1
                )
            )
            for direction in directions
        }
        excursions = queries("quality").exposures(
            connection, excursion_id=None, lot_id=lot_id, rows_max=1000, rows_skipped=0
        )
        kept = [row for row in excursions if row["serial"] in ("", serial) or not serial]
    return Trace(
        lot=lot,
        serial=serial,
        backward=_graph(steps, Direction.BACKWARD),
        forward=_graph(steps, Direction.FORWARD),
        excursions=kept,
        is_cut=any(len(rows) > STEPS_MAX for rows in steps.values()),
    )


_QUERY = {Direction.BACKWARD: "upstream", Direction.FORWARD: "downstream"}


def _graph(steps: dict[Direction, list[Row]], direction: Direction) -> Graph | None:
    if direction not in steps:
        return None
    return graph_of([_step(row) for row in steps[direction][:STEPS_MAX]], direction)


def _step(row: dict[str, Any]) -> Step:
    return Step(
        lot_id=row["lot_id"],
        item=row["item"],
        lot_number=row["lot_number"],
        from_place=row["from_name"],
        from_kind=row["from_kind"],
        to_place=row["to_name"],
        to_kind=row["to_kind"],
        quantity=row["quantity"],
        movements=row["movements"],
        first_at=row["first_at"],
        last_at=row["last_at"],
    )
