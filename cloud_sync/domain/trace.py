"""The graph of where stock came from and went: stock of a lot in a place is a node, movements are edges.

Pure: turns the steps that the ledger found into nodes and edges, and links what went into a production place with
what came out of it.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

RECIPIENTS = frozenset({"customer", "ward"})
SUPPLIERS = frozenset({"supplier"})
PRODUCTION = "production"


class Direction(StrEnum):
    """Which way to follow a lot."""

    BACKWARD = "backward"
    FORWARD = "forward"


@dataclass(frozen=True, slots=True)
class Step:
    """All movements of one lot from one place to another, added up. Quantities are base units of the item."""

    lot_id: int
    item: str
    lot_number: str
    from_place: str
    from_kind: str
    to_place: str
    to_kind: str
    quantity: int
    movements: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Node:
    """A lot in a place. ``key`` is unique in the graph."""

    key: str
    lot_id: int
    item: str
    lot_number: str
    place: str
    place_kind: str


class EdgeKind(StrEnum):
    """``moved``: the same lot went to another place. ``made_into``: one lot went into the making of another."""

    MOVED = "moved"
    MADE_INTO = "made_into"


@dataclass(frozen=True, slots=True)
class Edge:
    """Stock went from node ``source`` to node ``target``. For ``made_into``, ``quantity`` is what went in."""

    kind: EdgeKind
    source: str
    target: str
    quantity: int
    movements: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Graph:
    """A trace one way. ``ends`` are the steps at its rim: from suppliers (backward) or to recipients (forward)."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    ends: tuple[Step, ...]


def graph_of(steps: Sequence[Step], direction: Direction) -> Graph:
    """Nodes and edges of ``steps``, in their order; production links last."""
    nodes: dict[tuple[int, str], Node] = {}
    moved = []
    for step in steps:
        source = _node(nodes, step, step.from_place, step.from_kind)
        target = _node(nodes, step, step.to_place, step.to_kind)
        moved.append(
            Edge(EdgeKind.MOVED, source.key, target.key, step.quantity, step.movements, step.first_at, step.last_at)
        )
    edges = (*moved, *_made_into(steps))
    return Graph(tuple(nodes.values()), edges, tuple(_ends(steps, direction)))


def _key(lot_id: int, place: str) -> str:
    return f"{lot_id}@{place}"


def _node(nodes: dict[tuple[int, str], Node], step: Step, place: str, kind: str) -> Node:
    """The node of a step's lot in a place, made where it is met first."""
    node = nodes.get((step.lot_id, place))
    if node is None:
        node = Node(_key(step.lot_id, place), step.lot_id, step.item, step.lot_number, place, kind)
        nodes[step.lot_id, place] = node
    return node


def _made_into(steps: Iterable[Step]) -> Iterator[Edge]:
    inputs: dict[str, list[Step]] = defaultdict(list)
    outputs: dict[str, list[Step]] = defaultdict(list)
    for step in steps:
        if step.to_kind == PRODUCTION:
            inputs[step.to_place].append(step)
        if step.from_kind == PRODUCTION:
            outputs[step.from_place].append(step)
    for place, ingredients in inputs.items():
        # Several steps of a product leave one place: it is still made once of each ingredient.
        made_at: dict[int, datetime] = {}
        for output in outputs[place]:
            made_at[output.lot_id] = max(output.last_at, made_at.get(output.lot_id, output.last_at))
        for ingredient in ingredients:
            for product, at in made_at.items():
                if product != ingredient.lot_id and ingredient.first_at <= at:
                    yield Edge(
                        EdgeKind.MADE_INTO,
                        _key(ingredient.lot_id, place),
                        _key(product, place),
                        ingredient.quantity,
                        ingredient.movements,
                        ingredient.first_at,
                        at,
                    )


def _ends(steps: Iterable[Step], direction: Direction) -> Iterator[Step]:
    for step in steps:
        if direction is Direction.BACKWARD and step.from_kind in SUPPLIERS:
            yield step
        if direction is Direction.FORWARD and step.to_kind in RECIPIENTS:
            yield step
