"""What expires when, what of it will not be used in time, and where it is needed."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from cloud_sync.actions.orders.replenishment import proposals
from cloud_sync.domain.expiry_outlook import Need, Stock, Transfer, left_over, transfers
from cloud_sync.storage.database import Database, Row
from cloud_sync.storage.queries import queries
from edge_agent.domain.stock.expiry import zone_named

USED_OVER = timedelta(days=90)
"""How things were used lately says how they will be."""
LOTS_MAX = 2000


@dataclass(frozen=True, slots=True)
class Outlook:
    """``rows``: stock by lot and place with ``days_left``, ``per_day`` (None: not used lately) and ``left_over``;
    ``transfers``: proposals from where it would expire to where it is short."""

    rows: list[Row]
    transfers: list[Transfer]
    is_cut: bool


def outlook(database: Database, *, within: timedelta, at: datetime) -> Outlook:
    """Stock in the house that expires within some time, or has, that which expires first first."""
    with database.transaction() as connection:
        found = list(queries("overview").stock_to_expire(connection, until=(at + within).date(), rows_max=LOTS_MAX))
        item_ids = sorted({row["item_id"] for row in found})
        used = queries("overview").used_of_items(connection, item_ids=item_ids, since=at - USED_OVER)
        per_day_of = {row["item_id"]: row["used"] / USED_OVER.days for row in used}
    per_day = {row["item"]: per_day_of[row["item_id"]] for row in found if row["item_id"] in per_day_of}
    stock = [
        Stock(row["item"], row["lot_id"], row["place"], row["expires_on"], row["quantity"])
        for row in found
        if not row["is_held"]
    ]
    left = left_over(stock, per_day, at.date())
    wanted = proposals(database, at=at) if any(left.values()) else []  # nothing is suggested where nothing is left over
    needs = [Need(row["item"], row["place"], row["propose"]) for row in wanted]
    rows = [
        {
            **row, "days_left": (row["expires_on"] - at.astimezone(zone_named(row["zone"])).date()).days,
            "per_day": per_day.get(row["item"]), "left_over": left.get((row["lot_id"], row["place"]), 0),
        }
        for row in found
    ]  # fmt: skip
    return Outlook(rows, transfers(stock, left, needs), len({row["lot_id"] for row in found}) >= LOTS_MAX)
