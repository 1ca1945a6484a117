"""Where a lot came from and where it went, with what it went through."""

import json
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import asdict, dataclass
from typing import Any

from cloud_sync.domain.csv_text import csv_text
from cloud_sync.domain.trace import BatchFlow, Direction, EdgeKind, shares_of
from cloud_sync.errors import Invalid, NotFound
from cloud_sync.posting.attribution import attributed
from cloud_sync.posting.positions import lot_of
from cloud_sync.storage.database import Connection, Database, Row
from cloud_sync.storage.queries import queries

STEPS_MAX = 50_000
"""A trace with more edges than this one way is cut off, and says so."""


@dataclass(frozen=True, slots=True)
class Graph:
    """A trace one way, as the database wrote it: JSON texts of arrays of objects.

    There may be tens of thousands of nodes and edges, which most callers only pass on. A node is a lot in a place:
    ``key``, ``lot_id``, ``item``, ``lot_number``, ``place``, ``place_kind``. An edge goes from node ``source`` to node
    ``target``: ``kind`` (``EdgeKind``), ``quantity`` and ``movements`` added up, ``first_at``, ``last_at``. ``ends`` is
    where it meets the world, edges from suppliers (backward) or to recipients (forward): ``lot_id``, ``item``,
    ``lot_number``, ``from_place``, ``to_place``, ``quantity``, ``first_at``, ``last_at``.
    """

    nodes: str
    edges: str
    ends: str

    @property
    def text(self) -> str:
        """The whole of it as one JSON object."""
        return f'{{"nodes":{self.nodes},"edges":{self.edges},"ends":{self.ends}}}'


@dataclass(frozen=True, slots=True)
class Trace:
    """One lot's trace. ``is_cut`` says that there are more than ``STEPS_MAX`` edges one way."""

    lot: Row
    serial: str
    backward: Graph | None
    forward: Graph | None
    excursions: list[Row]
    is_cut: bool


def trace(
    database: Database,
    lot_id: int,
    *,
    serial: str = "",
    directions: frozenset[Direction] = frozenset(Direction),
    lot: Row | None = None,
) -> Trace:
    """Suppliers and ingredients (backward), places, customers and products (forward), and excursions on the way.

    The lot's own movements are in both. ``lot``: its row, where the caller has it. Raises ``NotFound``.
    """
    with database.transaction() as connection:
        lot = lot or lot_of(connection, lot_id)
        excursions = queries("quality").exposures(
            connection, excursion_id=None, lot_id=lot_id, rows_max=1000, rows_skipped=0
        )
        kept = [row for row in excursions if row["serial"] in ("", serial) or not serial]
    walks = _walks(database, directions, [lot_id], serial)
    return Trace(
        lot=lot,
        serial=serial,
        backward=_graph(walks, Direction.BACKWARD),
        forward=_graph(walks, Direction.FORWARD),
        excursions=kept,
        is_cut=any(walk["is_cut"] for walk in walks.values()),
    )


def ends_of(database: Database, lot_id: int) -> tuple[list[Row], list[Row]]:
    """Where a trace of a lot ends, as the ``ends`` of :class:`Graph`: at suppliers, and at recipients.

    Most lots go into no production and come out of none: their own movements are all of it.
    """
    with database.transaction() as connection:
        own = list(queries("trace").own_ends(connection, lot_id=lot_id))
        sources, recipients = (
            json.loads(_walk(connection, direction, [lot_id], "")["ends"])
            if any(row[kind] == "production" for row in own)
            else [row for row in own if row[kind] in ends]
            for direction, kind, ends in (
                (Direction.BACKWARD, "from_kind", ("supplier",)), (Direction.FORWARD, "to_kind", ("customer", "ward")),
            )
        )  # fmt: skip
    return sources, recipients


LOTS_MAX = 50
"""A search that means more lots than this has to be narrowed."""


@dataclass(frozen=True, slots=True)
class TraceSearch:
    """What to trace; all that is given has to hold. ``serial`` of a case is as stock shows it, ``recipient`` a customer
    or ward, ``batch`` a place of production."""

    serial: str | None = None
    lot_number: str | None = None
    supplier: str | None = None
    order: str | None = None
    recipient: str | None = None
    batch: str | None = None


def trace_found(
    database: Database, search: TraceSearch, directions: frozenset[Direction] = frozenset(Direction)
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
            raise NotFound(f"no lot matches {', '.join(f'{k} {v}' for k, v in given.items())}", "Check the spelling.")
        if len(lot_ids) > LOTS_MAX:
            raise Invalid(f"more than {LOTS_MAX} lots match", "Narrow the search, or trace lot by lot.")
        lots = [lot_of(connection, lot_id) for lot_id in lot_ids]
    walks = _walks(database, directions, lot_ids, search.serial or "")
    sources = None
    if Direction.BACKWARD in walks:
        backward = json.loads(walks[Direction.BACKWARD]["nodes"])
        with database.transaction() as connection:
            sources = attributed(
                connection,
                lot_ids,
                {node["lot_id"] for node in backward},
                serial=search.serial,
                serials=walks[Direction.BACKWARD]["serials"] if search.serial else None,
                order=search.order,
                recipient=search.recipient,
            )
    return {
        "lots": lots,
        "backward": _graph(walks, Direction.BACKWARD),
        "forward": _graph(walks, Direction.FORWARD),
        "recipients": _recipients(walks[Direction.FORWARD], lot_ids) if Direction.FORWARD in walks else [],
        "sources": sources,
        "is_cut": any(walk["is_cut"] for walk in walks.values()),
    }


def drawn(traced: dict[str, Any]) -> dict[str, Any]:
    """A trace as one graph of plain ``nodes`` (id, label, kind, place) and ``edges`` (source, target, kind, label)."""
    nodes: dict[str, dict[str, Any]] = {}
    edges: dict[tuple[str, str, str], dict[str, Any]] = {}
    for graph in (traced["backward"], traced["forward"]):
        for node in json.loads(graph.nodes) if graph else ():
            key, label = node["key"], f"{node['item']} {node['lot_number']}"
            nodes.setdefault(key, {"id": key, "label": label, "place": node["place"], "kind": node["place_kind"]})
        for edge in json.loads(graph.edges) if graph else ():
            ends = {"source": edge["source"], "target": edge["target"], "kind": edge["kind"]}
            label = f"{edge['quantity']} {'into' if edge['kind'] == EdgeKind.MADE_INTO else 'moved'}"
            edges.setdefault((edge["kind"], edge["source"], edge["target"]), {**ends, "label": label})
    return {"nodes": list(nodes.values()), "edges": list(edges.values())}


def as_csv(traced: dict[str, Any]) -> str:
    """A trace as CSV: one line for each edge, both ways, the earliest first."""
    rows: list[list[object]] = [
        ["direction", "kind", "item", "lot_number", "from", "to", "quantity", "first_at", "last_at"]
    ]
    for direction in Direction:
        graph: Graph | None = traced[direction.value]
        nodes = {node["key"]: node for node in json.loads(graph.nodes)} if graph else {}
        edges = json.loads(graph.edges) if graph else []
        for edge in sorted(edges, key=lambda edge: (edge["first_at"], edge["source"], edge["target"])):
            source, target = nodes[edge["source"]], nodes[edge["target"]]
            is_moved = edge["kind"] == EdgeKind.MOVED
            to = target["place"] if is_moved else f"{target['item']} {target['lot_number']}"
            cells = [source["item"], source["lot_number"], source["place"], to]
            rows.append([direction.value, edge["kind"], *cells, edge["quantity"], edge["first_at"], edge["last_at"]])
    return csv_text(rows, line_end="\n")


def _walks(
    database: Database, directions: frozenset[Direction], lot_ids: list[int], serial: str
) -> dict[Direction, Row]:
    """Both ways at the same time, each on a connection of its own; nobody holds one who waits for another."""

    def walk(direction: Direction) -> Row:
        with database.transaction() as connection:
            return _walk(connection, direction, lot_ids, serial)

    first, *others = sorted(directions)
    if not others:
        return {first: walk(first)}
    with ThreadPoolExecutor(len(others), "trace") as threads:
        walking = {each: threads.submit(copy_context().run, walk, each) for each in others}
        return {first: walk(first), **{each: walked.result() for each, walked in walking.items()}}


def _walk(connection: Connection, direction: Direction, lot_ids: list[int], serial: str) -> Row:
    row: Row = queries("trace").graph(
        connection,
        lot_ids=lot_ids,
        serial=serial,
        is_forward=direction is Direction.FORWARD,
        rows_max=STEPS_MAX,
    )
    return row


def _graph(walks: dict[Direction, Row], direction: Direction) -> Graph | None:
    walk = walks.get(direction)
    return Graph(walk["nodes"], walk["edges"], walk["ends"]) if walk else None


def _recipients(walk: Row, lot_ids: list[int]) -> list[Row]:
    shares = shares_of([BatchFlow(**flow) for flow in json.loads(walk["production"])], lot_ids)
    return [
        {**end, "of_lots": round(end["quantity"] * shares.get(end["lot_id"], 0.0), 3)}
        for end in json.loads(walk["ends"])
    ]
