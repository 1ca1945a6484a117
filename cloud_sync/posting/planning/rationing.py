"""What a recipient may still ask for of an item that is short."""

from collections import defaultdict
from collections.abc import Iterable

from cloud_sync.errors import Conflict
from cloud_sync.storage.database import Connection
from cloud_sync.storage.queries import queries


def check_rations(connection: Connection, from_place: int, to_place: int, wanted: Iterable[tuple[int, int]]) -> None:
    """Raise ``Conflict`` if a requisition of these (item id, base units) goes beyond an approved share.

    In the transaction that adds the order; the shortage's share may be overridden with a reason.
    """
    by_item: dict[int, int] = defaultdict(int)
    for item_id, units in wanted:
        by_item[item_id] += units
    if not list(queries("shortages").lock_rationed(connection, item_ids=sorted(by_item))):
        return
    rows = queries("shortages").rations(connection, item_ids=sorted(by_item), from_place=from_place, to_place=to_place)
    for row in rows:
        left = max(0, row["share"] - row["asked"])
        if by_item[row["item_id"]] > left:
            raise Conflict(
                f"{row['item']} is short at {row['site']} until {row['until_day']}: {left} of a share of "
                f"{row['share']} "
                f"are left for this recipient, not {by_item[row['item_id']]}",
                "Order a substitute, or have the share overridden with a reason (Shortages).",
            )
