"""As much of a trace as a person can look at: from the lot outwards, with what is too wide folded. Pure.

Nodes and edges are those of ``cloud_sync.actions.quality.trace.Graph``.
"""

from collections import defaultdict, deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

FOLD_OVER = 8
"""Of a node with more neighbours than this so many are drawn, until somebody opens it."""
OPEN_MAX = 120
"""Of an opened node, so many."""
WAY_MAX = 30
"""After so many nodes of a way all that follows is folded, until somebody opens it: more cannot be read at once."""
NODES_MAX = 400
"""Drawn at once, whatever is opened; the table has all of them."""

Node = Mapping[str, Any]
Edge = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class TraceView:
    """What is drawn. A node that stands for several has ``folded``, how many, and ``of``, the node that opens them."""

    nodes: list[dict[str, Any]]
    edges: list[dict[str, Any]]
    nodes_in_all: int


@dataclass(frozen=True, slots=True)
class _Way:
    """One direction of a trace: its neighbours, from where it starts, and which end of an edge is farther out."""

    nodes: Mapping[str, Node]
    out: Mapping[str, list[Edge]]
    near: str
    far: str

    @classmethod
    def of(cls, nodes: Iterable[Node], edges: Iterable[Edge], *, is_forward: bool) -> "_Way":
        near, far = ("source", "target") if is_forward else ("target", "source")
        out: dict[str, list[Edge]] = defaultdict(list)
        for edge in sorted(edges, key=lambda edge: (str(edge["first_at"]), edge["source"], edge["target"])):
            out[edge[near]].append(edge)
        return cls({node["key"]: node for node in nodes}, out, near, far)

    @property
    def starts(self) -> list[str]:
        """Nodes that nothing of this way leads to."""
        reached = {edge[self.far] for edges in self.out.values() for edge in edges}
        return [key for key in self.nodes if key not in reached] or list(self.nodes)[:1]


def view_of(
    backward: tuple[Sequence[Node], Sequence[Edge]],
    forward: tuple[Sequence[Node], Sequence[Edge]],
    opened: Collection[str] = (),
) -> TraceView:
    """Both ways, nearest first, ``WAY_MAX`` nodes or some more of each; those in ``opened`` show their neighbours."""
    nodes: dict[str, dict[str, Any]] = {}
    edges: dict[tuple[str, str, str], dict[str, Any]] = {}
    for (its_nodes, its_edges), is_forward in ((forward, True), (backward, False)):
        _walk(_Way.of(its_nodes, its_edges, is_forward=is_forward), opened, nodes, edges)
    in_all = {node["key"] for node in (*backward[0], *forward[0])}
    return TraceView(list(nodes.values()), list(edges.values()), len(in_all))


def _walk(
    way: _Way,
    opened: Collection[str],
    nodes: dict[str, dict[str, Any]],
    edges: dict[tuple[str, str, str], dict[str, Any]],
) -> None:
    # The other way may show some of these already, and have folded others: they are not drawn once more.
    todo = deque([key for key in nodes if key in way.nodes] or way.starts[:OPEN_MAX])
    for key in todo:
        nodes.setdefault(key, _shown(way.nodes[key]))
    seen = set(todo)
    drawn_before = len(nodes)
    while todo:
        key = todo.popleft()
        out = way.out.get(key, [])
        is_full = len(nodes) - drawn_before >= WAY_MAX
        most = OPEN_MAX if key in opened else 0 if is_full else FOLD_OVER
        most = len(out) if len(out) == most + 1 else most  # folding one would hide it for nothing
        most = 0 if len(nodes) >= NODES_MAX else most
        for edge in out[:most]:
            far = edge[way.far]
            nodes.setdefault(far, _shown(way.nodes[far]))
            edges[edge["source"], edge["target"], edge["kind"]] = dict(edge)
            if far not in seen:
                seen.add(far)
                todo.append(far)
        if folded := [edge for edge in out[most:] if edge[way.far] not in nodes]:
            _fold(way, key, folded, nodes, edges)


def _fold(
    way: _Way,
    key: str,
    folded: Sequence[Edge],
    nodes: dict[str, dict[str, Any]],
    edges: dict[tuple[str, str, str], dict[str, Any]],
) -> None:
    bundle = f"more {way.far} {key}"
    nodes[bundle] = {"key": bundle, "folded": len({edge[way.far] for edge in folded}), "of": key}
    ends = {way.near: key, way.far: bundle}
    edges[ends["source"], ends["target"], "folded"] = {
        **ends, "kind": "folded", "quantity": sum(edge["quantity"] for edge in folded),
    }  # fmt: skip


def _shown(node: Node) -> dict[str, Any]:
    return dict(node)
