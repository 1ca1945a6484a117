"""What a trace says: which way it goes, and how much of a lot is in what was made of it.

Pure. The walk itself, its nodes and its edges are one query (``storage/trace.sql``).
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

RECIPIENTS = frozenset({"customer", "ward"})
SUPPLIERS = frozenset({"supplier"})
PRODUCTION = "production"


class Direction(StrEnum):
    """Which way to follow a lot."""

    BACKWARD = "backward"
    FORWARD = "forward"


class EdgeKind(StrEnum):
    """``moved``: the same lot went to another place. ``made_into``: one lot went into the making of another."""

    MOVED = "moved"
    MADE_INTO = "made_into"


@dataclass(frozen=True, slots=True)
class BatchFlow:
    """Base units of one lot that went into a place of production, or came out of it."""

    lot_id: int
    place_id: int
    quantity: int
    is_put_in: bool


def shares_of(flows: Iterable[BatchFlow], lot_ids: Iterable[int]) -> dict[int, float]:
    """How many base units of these lots are in one base unit of each lot downstream of them.

    By quantity: what went into a place of production is spread evenly over all that came out of it. A place that
    consumes its own product is followed once around, no further.
    """
    roots = set(lot_ids)
    share = dict.fromkeys(roots, 1.0)
    put_in: dict[int, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    made: dict[int, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for flow in flows:
        (put_in if flow.is_put_in else made)[flow.place_id][flow.lot_id] += flow.quantity
    for _ in range(len(made) + 1):
        before = dict(share)
        products: dict[int, list[tuple[float, int]]] = defaultdict(list)
        for place, outputs in made.items():
            of_roots = sum(before.get(lot, 0.0) * quantity for lot, quantity in put_in[place].items())
            total = sum(quantity for lot, quantity in outputs.items() if lot not in roots)
            for lot, quantity in outputs.items():
                if lot not in roots and total:
                    products[lot].append((of_roots / total, quantity))
        for lot, parts in products.items():
            share[lot] = sum(each * quantity for each, quantity in parts) / sum(quantity for _, quantity in parts)
        if share == before:
            break
    return share
