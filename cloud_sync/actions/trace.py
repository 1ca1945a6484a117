"""Where a lot came from and where it went, with what it went through."""

from csv import writer
from dataclasses import asdict, dataclass
from io import StringIO
from typing import Any

from psycopg.rows import tuple_row

from cloud_sync.actions.sources import attributed
from cloud_sync.actions.stock import lot_of
from cloud_sync.domain.trace import Direction, EdgeKind, Graph, Step, graph_of, shares_of
from cloud_sync.errors import Invalid, NotFound
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


LOTS_MAX = 50
"""A search that means more lots than this has to be narrowed."""


@dataclass(frozen=True, slots=True)
class Search:
    """What to trace; all that is given has to hold. ``recipient`` is a customer or ward, ``batch`` a place of
    production."""

    serial: str | None = None
    lot_number: str | None = None
    supplier: str | None = None
    order: str | None = None
    recipient: str | None = None
    batch: str | None = None


def trace_found(
    database: Database, search: Search, directions: frozenset[Direction] = frozenset(Direction)
) -> dict[str, Any]:
    """All that the search means, traced together: ``lots``, ``backward`` and ``forward`` graphs, ``recipients`` and
    ``sources`` (:func:`cloud_sync.actions.sources.attributed`).

    A recipient's ``of_lots`` is how many base units of the lots that were searched for are in what it got, by quantity.
    Raises ``Invalid`` for an empty or too wide search, ``NotFound``.
    """
    given = {name: value for name, value in asdict(search).items() if value is not None}
    if not given:
        raise Invalid("nothing to trace", "Give a lot number, serial, supplier, order, recipient or batch.")
    with database.transaction() as connection:
        rows = queries("trace").lots_of(
            connection,
            serial=search.serial,
            lot_number=search.lot_number,
            supplier=search.supplier,
            order_ref=search.order,
            recipient=search.recipient,
            batch=search.batch,
            rows_max=LOTS_MAX + 1,
        )
        lot_ids = [row["lot_id"] for row in rows]
        if not lot_ids:
            raise NotFound(f"no lot fits {', '.join(f'{k} {v}' for k, v in given.items())}", "Check the spelling.")
        if len(lot_ids) > LOTS_MAX:
            raise Invalid(f"more than {LOTS_MAX} lots fit", "Narrow the search, or trace lot by lot.")
        steps: dict[Direction, list[Step]] = {}
        for direction in directions:
            found: dict[tuple[int, str, str], Step] = {}
            for lot_id in lot_ids:
                for step in _steps(connection, direction, lot_id, search.serial or ""):
                    found.setdefault((step.lot_id, step.from_place, step.to_place), step)
                if len(found) > STEPS_MAX:
                    break
            steps[direction] = sorted(found.values(), key=lambda step: (step.first_at, step.lot_id, step.to_place))
        lots = [lot_of(connection, lot_id) for lot_id in lot_ids]
        sources = None
        if Direction.BACKWARD in steps:
            sources = attributed(
                connection,
                lot_ids,
                {step.lot_id for step in steps[Direction.BACKWARD]},
                serial=search.serial,
                order=search.order,
                recipient=search.recipient,
            )
    graphs = {way: graph_of(steps[way][:STEPS_MAX], way) if way in steps else None for way in Direction}
    forward = graphs[Direction.FORWARD]
    shares = shares_of(steps.get(Direction.FORWARD, []), lot_ids)
    return {
        "lots": lots,
        "backward": graphs[Direction.BACKWARD],
        "forward": forward,
        "recipients": [
            {**asdict(step), "of_lots": round(step.quantity * shares.get(step.lot_id, 0.0), 3)}
            for step in (forward.ends if forward else ())
        ],
        "sources": sources,
        "is_cut": any(len(each) > STEPS_MAX for each in steps.values()),
    }


def drawn(traced: dict[str, Any]) -> dict[str, Any]:
    """A trace as one graph of plain ``nodes`` (id, label, kind, place) and ``edges`` (source, target, label)."""
    nodes: dict[str, dict[str, Any]] = {}
    edges: dict[tuple[str, str, str], dict[str, Any]] = {}
    for graph in (traced["backward"], traced["forward"]):
        for node in graph.nodes if graph else ():
            label = f"{node.item} {node.lot_number}"
            nodes.setdefault(node.key, {"id": node.key, "label": label, "place": node.place, "kind": node.place_kind})
        for edge in graph.edges if graph else ():
            label = f"{edge.quantity} {'into' if edge.kind is EdgeKind.MADE_INTO else 'moved'}"
            edges.setdefault(
                (edge.kind, edge.source, edge.target),
                {"source": edge.source, "target": edge.target, "kind": edge.kind.value, "label": label},
            )
    return {"nodes": list(nodes.values()), "edges": list(edges.values())}


def as_csv(traced: dict[str, Any]) -> str:
    """A trace as CSV: one line for each edge, both ways."""
    text = StringIO()
    table = writer(text, lineterminator="\n")
    table.writerow(["direction", "kind", "item", "lot_number", "from", "to", "quantity", "first_at", "last_at"])
    for direction in Direction:
        graph: Graph | None = traced[direction.value]
        nodes = {node.key: node for node in graph.nodes} if graph else {}
        for edge in graph.edges if graph else ():
            source, target = nodes[edge.source], nodes[edge.target]
            to = target.place if edge.kind is EdgeKind.MOVED else f"{target.item} {target.lot_number}"
            cells = [source.item, source.lot_number, source.place, to]
            table.writerow(
                [direction.value, edge.kind.value, *(_plain(cell) for cell in cells), edge.quantity,
                 edge.first_at.isoformat(), edge.last_at.isoformat()]
            )  # fmt: skip
    return text.getvalue()


def _plain(cell: str) -> str:
    """A spreadsheet takes a cell that begins like this for a formula."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@")) else cell


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
