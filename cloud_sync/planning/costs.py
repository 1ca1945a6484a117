"""What stock is worth: each lot at its actual cost, by what its receipts cost, else by the item's cost at the time."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class ReceiptCost:
    """What a receipt of a lot cost: base units and the cost of one, at the time it was said."""

    lot_id: int
    quantity: int
    unit_cost: Decimal
    said_at: datetime


@dataclass(frozen=True, slots=True)
class ItemCost:
    """A cost of one base unit of an item, from an instant on."""

    item_id: int
    unit_cost: Decimal
    since: datetime


def lot_costs(receipts: Iterable[ReceiptCost]) -> Mapping[int, Decimal]:
    """The cost of a base unit of each lot: the mean of its receipts, weighted by their base units."""
    totals: dict[int, tuple[Decimal, int]] = {}
    for each in receipts:
        value, units = totals.get(each.lot_id, (Decimal(0), 0))
        totals[each.lot_id] = (value + each.unit_cost * each.quantity, units + each.quantity)
    return {lot_id: value / units for lot_id, (value, units) in totals.items() if units}


def item_cost_at(history: Sequence[ItemCost], at: datetime) -> Decimal | None:
    """The cost of an item that held at an instant; the first one known for what was before it. None without any."""
    ordered = sorted(history, key=lambda each: each.since)
    before = [each for each in ordered if each.since <= at]
    return before[-1].unit_cost if before else ordered[0].unit_cost if ordered else None
