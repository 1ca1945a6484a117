"""Reserve stock for a demand, first expired first out, and end reservations, in the caller's transaction."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg

from cloud_sync.domain.fefo import Pick
from cloud_sync.errors import Conflict, NotFound
from cloud_sync.posting.reservations.fefo_allocation import (
    PlannedStock,
    PositionKey,
    key_of,
    plan_stock,
    shown_picks,
    shown_plan,
)
from cloud_sync.storage.database import Connection, Row
from cloud_sync.storage.events import add_event
from cloud_sync.storage.queries import pipeline, queries
from edge_agent.domain.stock.eligibility import Context

ATTEMPTS_MAX = 10
"""How often a plan is made anew because its stock moved meanwhile."""


def reserve(
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
    prescription: str = "",
    expires_at: datetime | None = None,
) -> dict[str, Any]:
    """Reserve what there is, in plain JSON values as :func:`allocate` returns it. The caller shares the holds and
    owns the item. ``lot_number`` and ``serial`` narrow it down, '' leaves them open. ``prescription`` is that of
    ``demand``:
    what was made for it is reserved first, what was made for another is not.

    Raises ``Conflict`` if stock moves away or is held again and again while it is being reserved.
    """
    for _ in range(ATTEMPTS_MAX):
        planned = plan_stock(
            connection, item_id, quantity, context, site, lot_number, serial, prescription=prescription
        )
        ids = _reserve(connection, planned.plan.picks, client_id, demand, actor, expires_at)
        if ids is not None:
            return reserved(planned, ids)
    raise Conflict("stock changed while it was being reserved", "Try again in a moment.")


def reservation_of(connection: Connection, reservation_id: int) -> Row:
    """One reservation as it is now. Raises ``NotFound``."""
    row: Row | None = queries("reservations").reservation_by_id(connection, reservation_id=reservation_id)
    if row is None:
        raise NotFound(f"there is no reservation {reservation_id}", "See GET /v1/reservations for those there are.")
    return row


def lock_reservation(connection: Connection, reservation_id: int) -> Row:
    """One reservation, locked until the end of the transaction. Raises ``NotFound``."""
    queries("reservations").lock_reservation(connection, reservation_id=reservation_id)
    return reservation_of(connection, reservation_id)


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


def check_open(row: Row, at: datetime) -> None:
    """Raise ``Conflict`` if the reservation has ended by ``at``."""
    if row["ended_as"] is not None:
        raise Conflict(f"reservation {row['id']} has ended already: {row['ended_as']}")
    if row["expires_at"] is not None and row["expires_at"] <= at:
        raise Conflict(f"reservation {row['id']} was not confirmed in time: expired", "Allocate again.")


def _reserve(
    connection: Connection,
    picks: Sequence[Pick],
    client_id: UUID,
    demand: str,
    actor: str,
    expires_at: datetime | None,
) -> dict[PositionKey, int] | None:
    """Ids of the new reservations, or None if the stock moved away or was held meanwhile.

    A reservation waits for scans that move its lot (the reference to the lot sees to it), and they for us from here on;
    what they moved while we waited is seen by the constraint reservation_within_position, what they held is asked for.
    """
    if not picks:
        return {}
    positions = [pick.position for pick in picks]
    try:
        made = pipeline(
            connection,
            savepoint=("SAVEPOINT reservation", {}),
            added=(
                queries("reservations").add_reservations.sql,
                {
                    "client_id": client_id,
                    "lot_ids": [position.lot_id for position in positions],
                    "serials": [position.serial for position in positions],
                    "place_ids": [position.place_id for position in positions],
                    "quantities": [pick.quantity for pick in picks],
                    "demand": demand,
                    "reserved_by": actor,
                    "expires_at": expires_at,
                },
            ),
        )
    except psycopg.errors.CheckViolation:
        connection.execute("ROLLBACK TO reservation")
        return None
    if queries("reservations").is_any_held_of(connection, client_ids=[client_id]):
        connection.execute("ROLLBACK TO reservation")
        return None
    connection.execute("RELEASE reservation")
    return {(row["lot_id"], row["place_id"], row["serial"]): row["id"] for row in made["added"]}


def reserved(planned: PlannedStock, ids: Mapping[PositionKey, int]) -> dict[str, Any]:
    """What a plan took under these ids of reservations, and what it passed over, in plain JSON values."""
    picks = planned.plan.picks
    return {
        "reservations": [
            {"id": ids[key_of(pick.position)], **taken}
            for pick, taken in zip(picks, shown_picks(planned.plan, planned.rows), strict=True)
        ],
        **shown_plan(planned),
        "missing": planned.plan.missing,
    }
