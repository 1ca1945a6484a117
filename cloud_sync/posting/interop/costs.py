"""What items cost: by supplier and day, never overwritten; what is told last of the same day counts."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from cloud_sync.storage.database import Connection
from cloud_sync.storage.queries import queries


@dataclass(frozen=True, slots=True)
class UnitCost:
    """What one base unit of an item costs. ``supplier_id`` None: wherever it is from."""

    item_id: int
    supplier_id: int | None
    valid_from: date
    cost: Decimal
    currency: str


def keep_cost(connection: Connection, new: UnitCost, *, told_by: str, document_id: int | None = None) -> bool:
    """Keep a cost; whether it is new. The same again changes nothing. ``document_id``: the kept file that says it."""
    named = {"item_id": new.item_id, "supplier_id": new.supplier_id, "valid_from": new.valid_from}
    known = queries("costs").same_cost(connection, **named)
    if known is not None and (known["cost"], known["currency"]) == (new.cost, new.currency):
        return False
    queries("costs").add_cost(
        connection, **named, cost=new.cost, currency=new.currency, told_by=told_by, document_id=document_id
    )
    return True


def costs_on(connection: Connection, item_ids: Iterable[int], day: date) -> dict[int, list[UnitCost]]:
    """By item, what its base unit costs on ``day``: one for each supplier that names a cost, one without a supplier.

    Items of which nobody told a cost are not in it: an unknown cost is not zero.
    """
    found: dict[int, list[UnitCost]] = {}
    for row in queries("costs").costs_on(connection, item_ids=sorted(set(item_ids)), day=day):
        cost = UnitCost(row["item_id"], row["supplier_id"], row["valid_from"], row["cost"], row["currency"])
        found.setdefault(cost.item_id, []).append(cost)
    return found


def cost_of(costs: Iterable[UnitCost], supplier_id: int | None) -> UnitCost | None:
    """The cost that counts for goods of a supplier: the supplier's own, else the one of no supplier, else none.

    Another supplier's price says nothing of these goods.
    """
    by_supplier = {each.supplier_id: each for each in costs}
    return by_supplier.get(supplier_id) or by_supplier.get(None)
