"""Who gives how much to whom, so that the most is saved: a transport problem, solved to the optimum.

Minimum-cost flow by successive shortest augmenting paths (Busacker and Gowen; potentials after Edmonds and Karp
1972), in whole units. It is exact, and quick for the hundreds of lots and places of one item.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from heapq import heappop, heappush


@dataclass(frozen=True, slots=True)
class Arc:
    """Units may go from a giver to a taker (positions in their lists), each worth ``value`` (more than 0)."""

    giver: int
    taker: int
    value: int


def assign(given: Sequence[int], wanted: Sequence[int], arcs: Sequence[Arc]) -> list[int]:
    """Units on each arc, so that the sum of their values is the largest possible."""
    source, sink = len(given) + len(wanted), len(given) + len(wanted) + 1
    graph = _Graph(sink + 1)
    for giver, units in enumerate(given):
        graph.add(source, giver, units, 0)
    numbers = [graph.add(arc.giver, len(given) + arc.taker, given[arc.giver], -arc.value) for arc in arcs]
    for taker, units in enumerate(wanted):
        graph.add(len(given) + taker, sink, units, 0)
    graph.settle(source)
    while graph.augment(source, sink):
        pass
    return [graph.flow(number) for number in numbers]


class _Graph:
    """Edges in pairs: each with the one that takes its flow back."""

    def __init__(self, nodes: int) -> None:
        self._from: list[list[int]] = [[] for _ in range(nodes)]
        self._to: list[int] = []
        self._left: list[int] = []
        self._cost: list[int] = []
        self._potential = [0] * nodes

    def add(self, start: int, end: int, capacity: int, cost: int) -> int:
        number = len(self._to)
        for node, target, units, price in ((start, end, capacity, cost), (end, start, 0, -cost)):
            self._from[node].append(len(self._to))
            self._to.append(target)
            self._left.append(units)
            self._cost.append(price)
        return number

    def flow(self, number: int) -> int:
        return self._left[number ^ 1]

    def settle(self, source: int) -> None:
        """Potentials that make no edge cheaper than nothing; the graph has no circle yet."""
        distance = self._distances_any(source)
        self._potential = [each if each is not None else 0 for each in distance]

    def _distances_any(self, source: int) -> list[int | None]:
        distance: list[int | None] = [None] * len(self._from)
        distance[source] = 0
        changed = True
        while changed:
            changed = False
            for node, edges in enumerate(self._from):
                here = distance[node]
                for edge in edges if here is not None else ():
                    there = distance[self._to[edge]]
                    if self._left[edge] and (there is None or here + self._cost[edge] < there):  # type: ignore[operator]
                        distance[self._to[edge]] = here + self._cost[edge]  # type: ignore[operator]
                        changed = True
        return distance

    def augment(self, source: int, sink: int) -> bool:
        """Send what one cheapest path takes; False where no path is worth it."""
        distance: dict[int, int] = {source: 0}
        came_by: dict[int, int] = {}
        heap = [(0, source)]
        done: set[int] = set()
        while heap:
            far, node = heappop(heap)
            if node in done:
                continue
            done.add(node)
            for edge in self._from[node]:
                end = self._to[edge]
                if not self._left[edge]:
                    continue
                length = far + self._cost[edge] + self._potential[node] - self._potential[end]
                if length < distance.get(end, length + 1):
                    distance[end] = length
                    came_by[end] = edge
                    heappush(heap, (length, end))
        if sink not in distance or distance[sink] + self._potential[sink] - self._potential[source] >= 0:
            return False
        longest = max(distance.values())
        for node in range(len(self._potential)):
            self._potential[node] += distance.get(node, longest)
        path, node = [], sink
        while node != source:
            path.append(came_by[node])
            node = self._to[came_by[node] ^ 1]
        units = min(self._left[edge] for edge in path)
        for edge in path:
            self._left[edge] -= units
            self._left[edge ^ 1] += units
        return True
