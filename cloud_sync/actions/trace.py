"""Where a lot came from and where it went, with what it went through."""

from dataclasses import dataclass

from psycopg.rows import tuple_row

from cloud_sync.actions.stock import lot_of
from cloud_sync.domain.trace import Direction, Graph, Step, graph_of
from cloud_sync.storage.database import Connection, Database, Row
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
        steps = {direction: _steps(connection, direction, lot_id, serial) for direction in directions}
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


def _graph(steps: dict[Direction, list[Step]], direction: Direction) -> Graph | None:
    if direction not in steps:
        return None
    return graph_of(steps[direction][:STEPS_MAX], direction)


def _steps(connection: Connection, direction: Direction, lot_id: int, serial: str) -> list[Step]:
    """Rows as tuples, and names looked up once each: a trace has thousands of steps among few lots and places."""
    sql = getattr(queries("trace"), _QUERY[direction]).sql
    with connection.cursor(row_factory=tuple_row) as cursor:
        rows = cursor.execute(sql, {"lot_id": lot_id, "serial": serial, "rows_max": STEPS_MAX + 1}).fetchall()
    lots = {
        row["id"]: (row["item"], row["lot_number"])
        for row in queries("trace").named_lots(connection, lot_ids=list({row[0] for row in rows}))
    }
    ids = {row[1] for row in rows} | {row[2] for row in rows}
    places = {
        row["id"]: (row["name"], row["kind"]) for row in queries("trace").named_places(connection, place_ids=list(ids))
    }
    return [
        Step(lot, *lots[lot], *places[from_place], *places[to_place], quantity, movements, first_at, last_at)
        for lot, from_place, to_place, quantity, movements, first_at, last_at in rows
    ]
