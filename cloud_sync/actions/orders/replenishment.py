"""What to order: items of which less can be used than their reorder point, up to their par level."""

from collections.abc import Sequence
from datetime import datetime
from math import ceil
from uuid import UUID, uuid5

from cloud_sync.actions.orders.orders import Asked, NewOrder, request_in, shown_order
from cloud_sync.domain.orders import OrderKind
from cloud_sync.posting.idempotency import answer, answered_before
from cloud_sync.posting.reservations.order_state import orders_now
from cloud_sync.storage.database import Connection, Database, Row
from cloud_sync.storage.queries import queries


def proposals(database: Database, *, at: datetime) -> list[Row]:
    """What should be ordered now: usable stock and what is on its way, against reorder point and par level.

    Usable is what is neither held, expired nor reserved. ``propose`` is in base units and more than 0.
    """
    with database.transaction() as connection:
        return _proposals(connection, at)


def request_proposed(
    database: Database, *, supplier: str | None, client_id: UUID, at: datetime, actor: str
) -> list[Row]:
    """Make a purchase requisition of the proposals for each supplier and place, or of those for one supplier.

    Somebody else has to approve them. The same ``client_id`` again gives the same requisitions.
    """
    request = {"supplier": supplier}
    with database.transaction() as connection:
        before = answered_before(connection, "replenishment_requested", client_id, request)
        if before is not None:
            return [shown_order(connection, number) for number in before]
        proposed = [row for row in _proposals(connection, at) if row["supplier"] is not None]
        made = []
        for name, place in sorted({(row["supplier"], row["place"]) for row in proposed}):
            if supplier not in (None, name):
                continue
            mine = [row for row in proposed if (row["supplier"], row["place"]) == (name, place)]
            lines = tuple(Asked(row["item"], row["propose"]) for row in mine)
            new = NewOrder(OrderKind.PURCHASE, name, place, lines, note="proposed by replenishment")
            made.append(request_in(connection, new, client_id=uuid5(client_id, f"{name}/{place}"), actor=actor))
        numbers = [order["number"] for order in made]
        answer(connection, "replenishment_requested", client_id, request, numbers, actor=actor)
        return made


def _proposals(connection: Connection, at: datetime) -> list[Row]:
    rows = list(queries("orders").replenishment(connection, at=at))
    coming = on_order(connection, [row["item_id"] for row in rows])
    shown = []
    for row in rows:
        open_units = sum(
            units for (item_id, ancestors), units in coming.items()
            if item_id == row["item_id"] and row["place_id"] in ancestors
        )  # fmt: skip
        if row["usable"] + open_units > row["reorder_point"]:
            continue
        kept = {
            key: value
            for key, value in row.items()
            if not key.endswith("_id") and key not in ("pack_size", "order_min")
        }
        short = max(row["par_level"] - row["usable"] - open_units, row["order_min"])
        shown.append({**kept, "on_order": open_units, "propose": ceil(short / row["pack_size"]) * row["pack_size"]})
    return shown


def on_order(connection: Connection, item_ids: Sequence[int]) -> dict[tuple[int, tuple[int, ...]], int]:
    """Base units of items that purchases and transfers still have open, by item and the places (ancestors) they go
    to."""
    found: dict[tuple[int, tuple[int, ...]], int] = {}
    wanted = sorted(set(item_ids))
    coming = {row["number"]: row for row in queries("orders").orders_coming(connection, item_ids=wanted)}
    for number, order in orders_now(connection, coming).items():
        for line in order.lines:
            key = (line.item_id, tuple(coming[number]["ancestors"]))
            found[key] = found.get(key, 0) + order.open_of(line)
    return found
