"""Promise stock to a demand, first expired first out, and take promises back."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg

from cloud_sync.actions.master_data import item_named, place_named
from cloud_sync.actions.requests import answer_in, answering, asking
from cloud_sync.actions.stock import identity_of, position_of, told
from cloud_sync.domain.fefo import Pick, Plan, Position, plan
from cloud_sync.errors import Conflict, NotFound
from cloud_sync.storage.database import Connection, Database, Row
from cloud_sync.storage.events import add_event
from cloud_sync.storage.locks import SHARE_HOLDS, own_item_named
from cloud_sync.storage.queries import in_one_go, queries
from edge_agent.domain.eligibility import Context

FIRST_LOOK = 16
"""Positions looked at first; most demands are covered by them. Each further look takes eight times as many."""
POSITIONS_MAX = 100_000
"""A plan that has to pass over more positions than this stays partial."""

PositionKey = tuple[int, int, str]
"""Lot id, place id, serial."""

ATTEMPTS_MAX = 10
"""How often a plan is made anew because its stock moved meanwhile."""


def allocate(
    database: Database,
    *,
    client_id: UUID,
    item: str,
    owner: str,
    quantity: int,
    demand: str,
    site: str | None,
    shelf_life_min_days: int,
    at: datetime,
    actor: str,
) -> dict[str, Any]:
    """Reserve up to ``quantity`` base units for ``demand``; gives reservations, skipped stock with reasons, missing.

    The same request under the same ``client_id`` gives the same answer and reserves nothing more. Never promises held
    or expired stock, nor more than is there, however many ask at once. Raises ``NotFound``, ``Conflict``.
    """
    request = {
        "item": item,
        "owner": owner,
        "quantity": quantity,
        "demand": demand,
        "site": site,
        "shelf_life_min_days": shelf_life_min_days,
    }
    with database.transaction() as connection:
        _, said, found, _, _ = in_one_go(
            connection,
            *asking(client_id),
            (queries("master_data").item_by_name.sql, {"name": item}),
            SHARE_HOLDS,
            own_item_named(item),
        )
        if before := answer_in(said, "allocated", client_id, request):
            return dict(before)
        item_id: int = (found[0] if found else item_named(connection, item))["id"]
        if site is not None:
            place_named(connection, site)
        context = Context(at=at, owner=owner, shelf_life_min=timedelta(days=shelf_life_min_days))
        result = promise(
            connection, item_id, quantity, context, site=site, demand=demand, client_id=client_id, actor=actor
        )
        in_one_go(connection, answering("allocated", client_id, request, result, actor=actor), ("COMMIT", {}))
        return result


def promise(
    connection: Connection,
    item_id: int,
    quantity: int,
    context: Context,
    *,
    site: str | None,
    demand: str,
    client_id: UUID,
    actor: str,
    lot_number: str = "",
    serial: str = "",
) -> dict[str, Any]:
    """Promise what there is, in plain JSON values as :func:`allocate` gives it. The caller shares the holds and owns
    the item. ``lot_number`` and ``serial`` narrow it down, '' leaves them open.

    Raises ``Conflict`` if stock moves away again and again while it is being promised.
    """
    for _ in range(ATTEMPTS_MAX):
        planned, rows = _plan(connection, item_id, context, quantity, site, lot_number, serial)
        ids = _reserve(connection, planned.picks, client_id, demand, actor)
        if ids is not None:
            return _answer(planned, rows, ids)
    raise Conflict("stock moves while it is being promised", "Ask again in a moment.")


def void_reservation(database: Database, reservation_id: int, reason: str, *, actor: str) -> None:
    """Take a promise back; twice is harmless. Raises ``NotFound``, and ``Conflict`` if it ended otherwise."""
    with database.transaction() as connection:
        row = own_reservation(connection, reservation_id)
        if row["ended_as"] == "void":
            return
        check_open(row)
        end_reservation(connection, row, "void", reason, actor=actor)


def list_reservations(
    database: Database,
    *,
    demand: str | None = None,
    lot_id: int | None = None,
    only_open: bool = False,
    rows_max: int,
    rows_skipped: int = 0,
) -> list[Row]:
    """Promises by demand and lot, open and ended."""
    with database.transaction() as connection:
        return list(
            queries("reservations").reservations(
                connection,
                demand=demand,
                lot_id=lot_id,
                only_open=only_open,
                rows_max=rows_max,
                rows_skipped=rows_skipped,
            )
        )


def reservation_of(connection: Connection, reservation_id: int) -> Row:
    """One reservation as it is now. Raises ``NotFound``."""
    row: Row | None = queries("reservations").reservation_by_id(connection, reservation_id=reservation_id)
    if row is None:
        raise NotFound(f"there is no reservation {reservation_id}", "See GET /v1/reservations for those there are.")
    return row


def own_reservation(connection: Connection, reservation_id: int) -> Row:
    """One reservation, locked until the end of the transaction. Raises ``NotFound``."""
    queries("reservations").own_reservation(connection, reservation_id=reservation_id)
    return reservation_of(connection, reservation_id)


def check_open(row: Row) -> None:
    """Raise ``Conflict`` if the reservation has ended."""
    if row["ended_as"] is not None:
        raise Conflict(f"reservation {row['id']} has ended already: {row['ended_as']}")


def end_reservation(connection: Connection, row: Row, ended_as: str, reason: str, *, actor: str) -> None:
    """End an open reservation in the caller's transaction."""
    queries("reservations").end_reservation(
        connection, reservation_id=row["id"], ended_as=ended_as, ended_reason=reason
    )
    add_event(
        connection,
        actor=actor,
        kind=f"reservation_{ended_as}",
        subject=f"lot:{row['lot_id']}",
        reason=reason,
        data={"reservation": row["id"], "demand": row["demand"], "quantity": row["quantity"]},
    )


def _plan(
    connection: Connection,
    item_id: int,
    context: Context,
    quantity: int,
    site: str | None,
    lot_number: str,
    serial: str,
) -> tuple[Plan, dict[PositionKey, Row]]:
    narrowed = {"item_id": item_id, "owner": context.owner, "site": site, "lot_number": lot_number, "serial": serial}
    rows_max = FIRST_LOOK
    while True:
        # Planned for these very values (in_one_go): quick only if the planner knows how few rows are wanted.
        found, _ = in_one_go(
            connection,
            (queries("availability").positions_in_fefo_order.sql, {**narrowed, "rows_max": rows_max}),
            # For holds_on: whatever may block stock makes it a long query, which takes longer to plan than to run.
            ("SET LOCAL plan_cache_mode = force_generic_plan", {}),
        )
        holds = _holds_on(connection, found)
        connection.execute("SET LOCAL plan_cache_mode = auto")
        rows = {
            (row["lot_id"], row["place_id"], row["serial"]): {**row, "holds": holds.get(number, [])}
            for number, row in enumerate(found, start=1)
        }
        planned = plan(map(position_of, rows.values()), quantity, context)
        if planned.missing == 0 or len(rows) < rows_max or rows_max >= POSITIONS_MAX:
            return planned, rows
        rows_max = min(rows_max * 8, POSITIONS_MAX)


def _holds_on(connection: Connection, rows: Sequence[Row]) -> dict[int, list[Row]]:
    """What blocks the positions of these rows, by their number from 1."""
    if not rows:
        return {}
    stock = {
        "lot_ids": [row["lot_id"] for row in rows],
        "place_ids": [row["place_id"] for row in rows],
        "serials": [row["serial"] for row in rows],
    }
    asked = connection.execute(queries("availability").holds_on.sql, stock, prepare=True)
    return {row["number"]: row["holds"] for row in asked}


def _reserve(
    connection: Connection, picks: Sequence[Pick], client_id: UUID, demand: str, actor: str
) -> dict[PositionKey, int] | None:
    """Ids of the new reservations, or None if the stock moved away meanwhile.

    A promise waits for scans that move its lot (the reference to the lot sees to it), and they for us from here on;
    what they moved while we waited is seen by the constraint reservation_within_position.
    """
    if not picks:
        return {}
    positions = [pick.position for pick in picks]
    try:
        _, added, _ = in_one_go(
            connection,
            ("SAVEPOINT promise", {}),
            (
                queries("reservations").add_reservations.sql,
                {
                    "client_id": client_id,
                    "lot_ids": [position.lot_id for position in positions],
                    "serials": [position.serial for position in positions],
                    "place_ids": [position.place_id for position in positions],
                    "quantities": [pick.quantity for pick in picks],
                    "demand": demand,
                    "reserved_by": actor,
                },
            ),
            ("RELEASE promise", {}),
        )
    except psycopg.errors.CheckViolation:
        connection.execute("ROLLBACK TO promise")
        return None
    return {(row["lot_id"], row["place_id"], row["serial"]): row["id"] for row in added}


def _answer(planned: Plan, rows: dict[PositionKey, Row], ids: dict[PositionKey, int]) -> dict[str, Any]:
    return {
        "reservations": [
            {"id": ids[_key(pick.position)], **identity_of(rows[_key(pick.position)]), "quantity": pick.quantity}
            for pick in planned.picks
        ],
        "skipped": [
            {
                **identity_of(rows[_key(skipped.position)]),
                "quantity": skipped.position.stock.quantity,
                "reasons": told(skipped.reasons),
            }
            for skipped in planned.skipped
        ],
        "missing": planned.missing,
    }


def _key(position: Position) -> PositionKey:
    return position.lot_id, position.place_id, position.serial
