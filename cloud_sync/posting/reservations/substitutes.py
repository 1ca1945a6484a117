"""What may be given instead of an item that is short. It is offered; a person decides."""

from collections.abc import Callable
from typing import Any

from cloud_sync.posting.reservations.fefo_allocation import plan_stock, shown_picks, shown_plan
from cloud_sync.storage.database import Connection
from cloud_sync.storage.queries import queries
from edge_agent.domain.stock.eligibility import Context


def offers(
    connection: Connection,
    item_id: int,
    missing: int,
    context_of: Callable[[int], Context],
    site: str | None,
    *,
    prescription: str = "",
) -> list[dict[str, Any]]:
    """The substitutes of an item of which ``missing`` base units are short, the best first, in plain JSON values.

    Each with the stock that could be taken now, up to as many base units of it, and with all reasons why other stock of
    it could not. ``context_of`` says what is demanded of stock of an item. Nothing is reserved.
    """
    if missing <= 0:
        return []
    found = []
    for row in list(queries("reservations").substitutes_of(connection, item_id=item_id)):
        context = context_of(row["item_id"])
        planned = plan_stock(connection, row["item_id"], missing, context, site, prescription=prescription)
        found.append(
            {
                "item": row["item"],
                "rank": row["rank"],
                "quantity": missing - planned.plan.missing,
                "stock": shown_picks(planned.plan, planned.rows),
                **shown_plan(planned),
                "text": f"{missing} of {row['instead_of']} are missing; {row['item']} may be given instead, "
                f"{missing - planned.plan.missing} are there",
            }
        )
    return found
