"""Which receipts, and how much of each, may be in units of a lot: bounds, for stock that mixes cannot be told apart.

Pure. What went into a place of production is spread evenly over what came out of it; which of several lots of an
ingredient is in which unit of the product, and of which receipt of a lot a unit is, nobody can say. So every amount is
an interval: the least that must be in there, because all else would not suffice, and the most that can be.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AttributedAmount:
    """Between ``least`` and ``most`` base units."""

    least: float
    most: float

    def __add__(self, other: "AttributedAmount") -> "AttributedAmount":
        return AttributedAmount(self.least + other.least, self.most + other.most)

    def times(self, factor: float) -> "AttributedAmount":
        """So many times as much."""
        return AttributedAmount(self.least * factor, self.most * factor)

    def at_most(self, quantity: float) -> "AttributedAmount":
        """No more than there was."""
        return AttributedAmount(min(self.least, quantity), min(self.most, quantity))


@dataclass(frozen=True, slots=True)
class AttributionFlow:
    """What a place of production took of a lot and gave of it again, in base units of the item."""

    place_id: int
    lot_id: int
    item_id: int
    put_in: int
    came_out: int

    @property
    def is_product(self) -> bool:
        """Whether the lot was made there."""
        return self.put_in == 0

    @property
    def stayed(self) -> int:
        """How much of it is in the products."""
        return max(0, self.put_in - self.came_out)


@dataclass(frozen=True, slots=True)
class Origin:
    """So many base units of a lot came into the house, or out of production, from a place."""

    lot_id: int
    place_id: int
    quantity: int


def parts_of(amount: AttributedAmount, whole: Mapping[int, int]) -> dict[int, AttributedAmount]:
    """How much of each part may be in ``amount`` taken from all parts mixed (key -> base units).

    >>> parts_of(AttributedAmount(20, 20), {1: 60, 2: 10})
    {1: AttributedAmount(least=10, most=20), 2: AttributedAmount(least=0, most=10)}
    """
    total = sum(whole.values())
    return {
        key: AttributedAmount(max(0, amount.least - (total - quantity)), min(quantity, amount.most))
        for key, quantity in whole.items()
    }


def sources_of(
    wanted: Mapping[int, int], flows: Iterable[AttributionFlow], origins: Iterable[Origin]
) -> dict[tuple[int, int], AttributedAmount]:
    """Amounts by (lot, place it came from) that may be in ``wanted`` (lot -> base units).

    ``origins`` are all ways in which lots came to be: from suppliers, count differences, places of production. A lot
    that goes into its own making is followed once around, no further.
    """
    by_place: dict[int, list[AttributionFlow]] = defaultdict(list)
    for flow in flows:
        by_place[flow.place_id].append(flow)
    came: dict[int, dict[int, int]] = defaultdict(dict)
    for origin in origins:
        came[origin.lot_id][origin.place_id] = came[origin.lot_id].get(origin.place_id, 0) + origin.quantity
    amounts = {lot: AttributedAmount(quantity, quantity) for lot, quantity in wanted.items()}
    found: dict[tuple[int, int], AttributedAmount] = {}
    for lot_id in _products_first(wanted, by_place, came):
        amount = amounts.get(lot_id)
        if amount is None:
            continue
        for place_id, part in parts_of(amount, came[lot_id]).items():
            found[lot_id, place_id] = part
            for ingredient, used in _ingredients(part, lot_id, by_place.get(place_id, ())).items():
                amounts[ingredient] = amounts.get(ingredient, AttributedAmount(0, 0)) + used
    return found


def _ingredients(part: AttributedAmount, product: int, flows: Sequence[AttributionFlow]) -> dict[int, AttributedAmount]:
    made = sum(flow.came_out for flow in flows if flow.is_product)
    if not made or not any(flow.lot_id == product and flow.is_product for flow in flows):
        return {}
    of_item: dict[int, dict[int, int]] = defaultdict(dict)
    for flow in flows:
        if not flow.is_product and flow.stayed:
            of_item[flow.item_id][flow.lot_id] = flow.stayed
    found: dict[int, AttributedAmount] = {}
    for lots in of_item.values():
        total = sum(lots.values())
        found |= parts_of(part.times(total / made).at_most(total), lots)
    return found


def _products_first(
    wanted: Iterable[int], by_place: Mapping[int, Sequence[AttributionFlow]], came: Mapping[int, Mapping[int, int]]
) -> list[int]:
    """The lots upstream of ``wanted``, each after everything that was made of it."""
    done: list[int] = []
    seen: set[int] = set()
    for root in wanted:
        stack: list[tuple[int, bool]] = [(root, False)]
        while stack:
            lot_id, is_left = stack.pop()
            if is_left:
                done.append(lot_id)
                continue
            if lot_id in seen:
                continue
            seen.add(lot_id)
            stack.append((lot_id, True))
            for place_id in came.get(lot_id, {}):
                stack += [(flow.lot_id, False) for flow in by_place.get(place_id, ()) if not flow.is_product]
    return done[::-1]
