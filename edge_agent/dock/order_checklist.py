"""An order as a checklist at the dock: what is done, with the boxes that are scanned and not committed yet. Pure."""

from collections.abc import Iterable
from typing import Any

from edge_agent.dock.offline_stock import OfflineStock
from edge_agent.domain.wire.records import ScanLine


def checklist(known: OfflineStock, number: str | None, open_items: Iterable[ScanLine]) -> dict[str, Any] | None:
    """``{number, lines: [{item, lot, unit, done, wanted}]}`` in the order's own units; None without a known order."""
    order = known.order(number) if number else None
    if order is None:
        return None
    scanned: dict[str, int] = {}
    for line in open_items:
        found = known.item_of(line)
        if found is not None:
            scanned[found[0].name] = scanned.get(found[0].name, 0) + line.quantity * found[1]
    lines: list[dict[str, Any]] = []
    for wanted in order.lines:
        # What was done since the desk was taken is counted by item; it fills the first line of the item first.
        since = scanned.pop(wanted.item, 0) + known.done_since(order.number, wanted.item) * (
            wanted.item not in {line["name"] for line in lines}
        )
        item = known.item_named(wanted.item)
        lines.append({
            "name": wanted.item,
            "item": (item.title if item else "") or wanted.item,
            "lot": wanted.lot,
            "unit": item.base_unit if item and item.base_unit != "each" else "units",
            "done": wanted.done + since,
            "wanted": wanted.quantity,
        })  # fmt: skip
    return {"number": order.number, "lines": lines}


def units_scanned(known: OfflineStock, open_items: Iterable[ScanLine]) -> int:
    """How many base units are scanned and not committed yet."""
    return sum(known.base_units(line) for line in open_items)
