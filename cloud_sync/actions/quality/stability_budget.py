"""The stability budget of lots: time outside limits, added up across all places, against the allowance of the item.

An alarm of its own: no single excursion need have been long. A lot whose allowance is used up is a case that holds it.
"""

from datetime import datetime

from cloud_sync.actions.quality.thermal_passports import passport
from cloud_sync.posting.cases import Case, latest_case, open_case
from cloud_sync.storage.database import Database
from cloud_sync.storage.locks import lock_holds, lock_lots
from cloud_sync.storage.queries import queries

USED_UP = "stability_budget_used_up"
GAP_S = 1800.0
"""For how long a value stands at most."""
LOTS_AT_ONCE = 500


def judge_budgets(database: Database, at: datetime) -> list[int]:
    """Open a case for each lot in stock that has used up its item's allowance; gives their ids.

    A case that was resolved comes back only if the lot was outside for longer since, or warmer.
    """
    found, after = [], 0
    while True:
        with database.transaction() as connection:
            rows = list(queries("passport").lots_with_allowance(connection, after_lot_id=after, rows_max=LOTS_AT_ONCE))
        found += [row["id"] for row in rows if _judge(database, row["id"], at)]
        if len(rows) < LOTS_AT_ONCE:
            return found
        after = rows[-1]["id"]


def _judge(database: Database, lot_id: int, at: datetime) -> bool:
    known = passport(database, lot_id, serial="", gap_s=GAP_S, allowance_s=None, at=at)
    outside_s, allowance_s, highest_c = known["outside_s"], known["allowance_s"], known["highest_c"]
    if allowance_s is None or known["allowance_left_s"] > 0 or outside_s <= 0:
        return False
    text = f"outside its limits for {outside_s / 60:.0f} min in all; the item allows {allowance_s / 60:.0f} min"
    if known["allowance_c_max"] is not None:
        text += f" up to {known['allowance_c_max']:g} °C (highest {highest_c:g} °C)"
    with database.transaction() as connection:
        lock_holds(connection)
        lock_lots(connection, [lot_id])
        before = latest_case(connection, USED_UP, f"lot:{lot_id}")
        if before is not None and before["resolved_at"] is None:
            return False
        if before is not None:
            told = before["data"]
            if outside_s <= told["outside_s"] and (highest_c or 0.0) <= (told["highest_c"] or 0.0):
                return False
        data = {"outside_s": outside_s, "allowance_s": allowance_s, "highest_c": highest_c}
        return open_case(connection, Case(USED_UP, f"lot:{lot_id}", text, lot_id, data=data)) is not None
