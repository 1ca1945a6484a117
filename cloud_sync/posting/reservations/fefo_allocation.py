"""Plans of what to take of the stock that is there, first expired first out."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cloud_sync.domain.fefo import AllocationPlan, Position, Skipped, plan
from cloud_sync.posting.positions import identity_of, position_of, told
from cloud_sync.storage.database import Connection, Row
from cloud_sync.storage.queries import pipeline, queries
from edge_agent.domain.stock.eligibility import Context, ReasonCode, reasons_not_to
from edge_agent.domain.wire.records import Action

EXPLAINED_MAX = 8
"""What is passed over is explained one by one up to so many positions; the others are counted by reason."""
FIRST_LOOK = 16
"""Positions looked at first; most demands are covered by them. Each further look takes eight times as many."""
POSITIONS_MAX = 100_000
"""A plan that has to pass over more positions than this stays partial."""
PositionKey = tuple[int, int, str]
"""Lot id, place id, serial."""
Rows = dict[PositionKey, Row]
"""Positions with what blocks them."""


@dataclass(frozen=True, slots=True)
class PlannedStock:
    """A plan, the rows it was decided on, and how many more lots are marked as wholly exposed than are among them."""

    plan: AllocationPlan
    rows: Rows
    exposed_more: int = 0


def plan_stock(
    connection: Connection,
    item_id: int,
    quantity: int,
    context: Context,
    site: str | None,
    lot_number: str = "",
    serial: str = "",
    *,
    prescription: str = "",
) -> PlannedStock:
    """What to take of an item at and below ``site``. Nothing is reserved by it.

    ``lot_number`` and ``serial`` narrow it down, '' leaves them open. What was made for ``prescription`` comes first;
    what was made for another is passed over.
    """
    narrowed = {"item_id": item_id, "owner": context.owner, "site": site, "lot_number": lot_number, "serial": serial}
    sql = queries("availability").positions_in_fefo_order.sql
    # Planned for these very values (pipeline): quick only if the planner knows how few rows are wanted.
    asked = {**narrowed, "made_for": "", "exposed": True, "rows_max": EXPLAINED_MAX, "rows_skipped": 0}
    marked = pipeline(
        connection,
        stock=(sql, asked),
        lots=(queries("availability").wholly_exposed.sql, {key: narrowed[key] for key in narrowed if key != "serial"}),
        planning=(queries("plans").plan_once.sql, {}),  # holds_on
    )
    exposed_more = marked["lots"][0]["count"] - len({row["lot_id"] for row in marked["stock"]})
    rows_max = FIRST_LOOK
    while True:
        asked = {**narrowed, "exposed": False, "rows_max": rows_max, "rows_skipped": 0}
        of_the_patient = (
            {"made_for_it": (sql, {**asked, "exposed": None, "made_for": prescription})} if prescription else {}
        )
        found_by = pipeline(connection, **of_the_patient, anything=(sql, {**asked, "made_for": ""}))
        own = [{**row, "is_made_for_it": True} for row in found_by.get("made_for_it", [])]
        anything = found_by["anything"]
        known = {_key_of_row(row) for row in own}
        found = [*own, *(row for row in (*anything, *marked["stock"]) if _key_of_row(row) not in known)]
        rows = with_holds(connection, found, prescription)
        planned = plan(map(position_of, rows.values()), quantity, context)
        is_covered = planned.missing == 0 and len(own) < rows_max  # not by other stock before all of its own was seen
        if is_covered or len(anything) < rows_max or rows_max >= POSITIONS_MAX:
            connection.execute(queries("plans").plan_for_values.sql)
            return PlannedStock(planned, rows, max(0, exposed_more))
        rows_max = min(rows_max * 8, POSITIONS_MAX)


def with_holds(connection: Connection, found: Sequence[Row], prescription: str) -> Rows:
    """These rows of positions with what blocks them for whoever asks for this prescription ('': none)."""
    holds = _holds_on(connection, found, prescription)
    return {_key_of_row(row): {**row, "holds": holds.get(number, [])} for number, row in enumerate(found, start=1)}


def shown_plan(planned: PlannedStock) -> dict[str, Any]:
    """What was passed over, the first of it with all reasons, and how many more lots by reason, in plain values."""
    explained, rest = planned.plan.skipped[:EXPLAINED_MAX], planned.plan.skipped[EXPLAINED_MAX:]
    told_of = {each.position.lot_id for each in explained}
    reason_of = {each.position.lot_id: each.reasons[0].code.value for each in rest}
    more = Counter(reason for lot_id, reason in reason_of.items() if lot_id not in told_of)
    if planned.exposed_more:
        more[ReasonCode.HELD.value] += planned.exposed_more
    return {"skipped": shown_skipped(explained, planned.rows), "skipped_more": dict(sorted(more.items()))}


def blocked_stock(
    connection: Connection,
    item_id: int,
    context: Context,
    site: str | None,
    *,
    prescription: str,
    rows_max: int,
    rows_skipped: int,
) -> list[dict[str, Any]]:
    """Of these rows of an item's stock in FEFO order those that may not be taken, with all reasons, in plain values."""
    asked = {"item_id": item_id, "owner": context.owner, "site": site, "lot_number": "", "serial": "", "made_for": ""}
    page = {"exposed": None, "rows_max": rows_max, "rows_skipped": rows_skipped}
    sql = queries("availability").positions_in_fefo_order.sql
    rows = with_holds(connection, pipeline(connection, stock=(sql, {**asked, **page}))["stock"], prescription)
    blocked = [
        Skipped(position, reasons)
        for position in map(position_of, rows.values())
        if (reasons := reasons_not_to(Action.ALLOCATE, position.stock, context))
    ]
    return shown_skipped(blocked, rows)


def shown_picks(planned: AllocationPlan, rows: Rows) -> list[dict[str, Any]]:
    """What a plan takes, in plain JSON values."""
    return [{**identity_of(rows[key_of(pick.position)]), "quantity": pick.quantity} for pick in planned.picks]


def shown_skipped(passed_over: Sequence[Skipped], rows: Rows) -> list[dict[str, Any]]:
    """What is passed over and all reasons for it, in plain JSON values."""
    return [
        {
            **identity_of(rows[key_of(skipped.position)]),
            "quantity": skipped.position.stock.quantity,
            "reasons": told(skipped.reasons),
        }
        for skipped in passed_over
    ]


def key_of(position: Position) -> PositionKey:
    """What identifies a position among ``Rows``."""
    return position.lot_id, position.place_id, position.serial


def _key_of_row(row: Row) -> PositionKey:
    return row["lot_id"], row["place_id"], row["serial"]


def _holds_on(connection: Connection, rows: Sequence[Row], prescription: str) -> dict[int, list[Row]]:
    """What blocks the positions of these rows for this prescription, by their number from 1."""
    if not rows:
        return {}
    stock = {
        "lot_ids": [row["lot_id"] for row in rows],
        "place_ids": [row["place_id"] for row in rows],
        "serials": [row["serial"] for row in rows],
        "made_for": prescription,
    }
    asked = connection.execute(queries("availability").holds_on.sql, stock, prepare=True)
    return {row["number"]: row["holds"] for row in asked}
