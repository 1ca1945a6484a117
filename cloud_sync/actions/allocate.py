"""Promise stock to a demand, first expired first out, and take promises back."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg

from cloud_sync.actions.fefo_plans import PositionKey, Rows, key_of, plan_stock, shown_picks, shown_skipped
from cloud_sync.actions.master_data import item_named, place_named
from cloud_sync.actions.requests import answer_in, answering, asking
from cloud_sync.actions.substitutes import offers
from cloud_sync.domain.fefo import Pick, Plan
from cloud_sync.errors import Conflict, NotFound
from cloud_sync.storage.database import Connection, Database, Row
from cloud_sync.storage.events import LEDGER, add_event
from cloud_sync.storage.locks import SHARE_HOLDS, own_item_named
from cloud_sync.storage.queries import in_one_go, queries
from edge_agent.domain.eligibility import Context

EXPIRED_AT_ONCE_MAX = 1000
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
    pending_minutes: int | None = None,
    at: datetime,
    actor: str,
) -> dict[str, Any]:
    """Reserve up to ``quantity`` base units for ``demand``; gives reservations, skipped stock with reasons, missing,
    and for what is missing the substitutes there are, of which nothing is reserved.

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
    if pending_minutes is not None:
        request["pending_minutes"] = pending_minutes
    with database.transaction() as connection:
        _, said, found, made_for, _, _ = in_one_go(
            connection,
            *asking(client_id),
            (queries("master_data").item_by_name.sql, {"name": item}),
            (queries("compounding").prescription_of.sql, {"demand": demand}),
            SHARE_HOLDS,
            own_item_named(item),
        )
        if before := answer_in(said, "allocated", client_id, request):
            return dict(before)
        item_id: int = (found[0] if found else item_named(connection, item))["id"]
        if site is not None:
            place_named(connection, site)
        context = Context(at=at, owner=owner, shelf_life_min=timedelta(days=shelf_life_min_days))
        prescription: str = made_for[0]["prescription"]
        result = promise(
            connection,
            item_id,
            quantity,
            context,
            site=site,
            demand=demand,
            client_id=client_id,
            actor=actor,
            prescription=prescription,
            expires_at=None if pending_minutes is None else at + timedelta(minutes=pending_minutes),
        )
        result["substitutes"] = offers(
            connection, item_id, result["missing"], lambda _: context, site, prescription=prescription
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
    prescription: str = "",
    expires_at: datetime | None = None,
) -> dict[str, Any]:
    """Promise what there is, in plain JSON values as :func:`allocate` gives it. The caller shares the holds and owns
    the item. ``lot_number`` and ``serial`` narrow it down, '' leaves them open. ``prescription`` is that of ``demand``:
    what was made for it is promised first, what was made for another is not.

    Raises ``Conflict`` if stock moves away or is held again and again while it is being promised.
    """
    for _ in range(ATTEMPTS_MAX):
        planned, rows = plan_stock(
            connection, item_id, quantity, context, site, lot_number, serial, prescription=prescription
        )
        ids = _reserve(connection, planned.picks, client_id, demand, actor, expires_at)
        if ids is not None:
            return _answer(planned, rows, ids)
    raise Conflict("stock moves while it is being promised", "Ask again in a moment.")


def void_reservation(database: Database, reservation_id: int, reason: str, *, actor: str) -> None:
    """Take a promise back; twice is harmless. Raises ``NotFound``, and ``Conflict`` if it ended otherwise."""
    with database.transaction() as connection:
        row = own_reservation(connection, reservation_id)
        if row["ended_as"] == "void":
            return
        if row["ended_as"] is not None:
            raise Conflict(f"reservation {row['id']} has ended already: {row['ended_as']}")
        end_reservation(connection, row, "void", reason, actor=actor)


def confirm_reservation(database: Database, reservation_id: int, *, at: datetime, actor: str) -> None:
    """Make a pending promise a firm one; twice is harmless. Raises ``NotFound``, ``Conflict`` if it has ended."""
    with database.transaction() as connection:
        row = own_reservation(connection, reservation_id)
        check_open(row, at)
        if row["expires_at"] is None:
            return
        queries("reservations").confirm_reservation(connection, reservation_id=reservation_id)
        data = {"reservation": row["id"], "demand": row["demand"], "quantity": row["quantity"]}
        add_event(connection, actor=actor, kind="reservation_confirmed", subject=f"lot:{row['lot_id']}", data=data)


def end_unconfirmed(database: Database, *, at: datetime) -> int:
    """End pending promises that nobody confirmed by ``at``; gives how many. Harmless at any time, from any worker."""
    with database.transaction() as connection:
        ended = list(queries("reservations").end_unconfirmed(connection, at=at, rows_max=EXPIRED_AT_ONCE_MAX))
        for row in ended:
            data = {"reservation": row["id"], "demand": row["demand"], "quantity": row["quantity"]}
            add_event(connection, actor=LEDGER, kind="reservation_expired", subject=f"lot:{row['lot_id']}", data=data)
    return len(ended)


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


def check_open(row: Row, at: datetime) -> None:
    """Raise ``Conflict`` if the reservation has ended by ``at``."""
    if row["ended_as"] is not None:
        raise Conflict(f"reservation {row['id']} has ended already: {row['ended_as']}")
    if row["expires_at"] is not None and row["expires_at"] <= at:
        raise Conflict(f"reservation {row['id']} was not confirmed in time: expired", "Allocate again.")


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


def _reserve(
    connection: Connection,
    picks: Sequence[Pick],
    client_id: UUID,
    demand: str,
    actor: str,
    expires_at: datetime | None,
) -> dict[PositionKey, int] | None:
    """Ids of the new reservations, or None if the stock moved away or was held meanwhile.

    A promise waits for scans that move its lot (the reference to the lot sees to it), and they for us from here on;
    what they moved while we waited is seen by the constraint reservation_within_position, what they held is asked for.
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
                    "expires_at": expires_at,
                },
            ),
            ("SET LOCAL plan_cache_mode = force_generic_plan", {}),  # for is_any_held, as for holds_on in fefo_plans
        )
    except psycopg.errors.CheckViolation:
        connection.execute("ROLLBACK TO promise")
        return None
    asked = connection.execute(queries("reservations").is_any_held.sql, {"client_id": client_id}, prepare=True)
    if any(row["held"] for row in asked):
        connection.execute("ROLLBACK TO promise")
        return None
    in_one_go(connection, ("RELEASE promise", {}), ("SET LOCAL plan_cache_mode = auto", {}))
    return {(row["lot_id"], row["place_id"], row["serial"]): row["id"] for row in added}


def _answer(planned: Plan, rows: Rows, ids: dict[PositionKey, int]) -> dict[str, Any]:
    return {
        "reservations": [
            {"id": ids[key_of(pick.position)], **taken}
            for pick, taken in zip(planned.picks, shown_picks(planned, rows), strict=True)
        ],
        "skipped": shown_skipped(planned, rows),
        "missing": planned.missing,
    }
