"""Reserve stock for a demand, first expired first out, and take reservations back."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from cloud_sync.actions.master_data.master_data import item_named, place_named
from cloud_sync.actions.orders.allocation_group import ALLOCATED, AllocationRequest, allocate_with_others
from cloud_sync.errors import Conflict
from cloud_sync.posting.idempotency import answer_in, answering, asking
from cloud_sync.posting.item_codes import units_of_pack
from cloud_sync.posting.reservations.fefo_allocation import blocked_stock
from cloud_sync.posting.reservations.reservations import check_open, end_reservation, lock_reservation, reserve
from cloud_sync.posting.reservations.substitutes import offers
from cloud_sync.storage.database import Database, Row
from cloud_sync.storage.events import LEDGER, add_event
from cloud_sync.storage.locks import SHARE_HOLDS, lock_item_named
from cloud_sync.storage.queries import pipeline, queries
from cloud_sync.storage.standbys import await_standbys
from edge_agent.domain.stock.eligibility import Context

EXPIRED_AT_ONCE_MAX = 1000


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
    pack: str | None = None,
    at: datetime,
    actor: str,
) -> dict[str, Any]:
    """Reserve up to ``quantity`` base units (or packs that the code ``pack`` names) for ``demand``; gives reservations,
    skipped stock with reasons, missing, and for what is missing the substitutes there are, of which nothing is
    reserved.

    The same request under the same ``client_id`` gives the same answer and reserves nothing more. Never reserves held
    or expired stock, nor more than is there, however many ask at once. Raises ``NotFound``, ``Conflict``.
    """
    request = {
        "item": item, "owner": owner, "quantity": quantity, "demand": demand, "site": site,
        "shelf_life_min_days": shelf_life_min_days,
    }  # fmt: skip
    if pending_minutes is not None:
        request["pending_minutes"] = pending_minutes
    if pack is not None:
        request["pack"] = pack
    expires_at = None if pending_minutes is None else at + timedelta(minutes=pending_minutes)
    if pack is None:
        asked = AllocationRequest(
            client_id, item, owner, quantity, demand, site, shelf_life_min_days, expires_at, at, actor, request
        )
        if answer := allocate_with_others(database, asked):
            return answer
    return _allocate_alone(
        database,
        request,
        client_id=client_id,
        quantity=quantity,
        context=Context(at=at, owner=owner, shelf_life_min=timedelta(days=shelf_life_min_days)),
        expires_at=expires_at,
        actor=actor,
    )


def _allocate_alone(
    database: Database,
    request: dict[str, Any],
    *,
    client_id: UUID,
    quantity: int,
    context: Context,
    expires_at: datetime | None,
    actor: str,
) -> dict[str, Any]:
    item, demand, site, pack = request["item"], request["demand"], request["site"], request.get("pack")
    with database.transaction() as connection:
        asked = pipeline(
            connection,
            **asking(client_id),
            item=(queries("master_data").item_by_name.sql, {"name": item}),
            prescription=(queries("compounding").prescription_of.sql, {"demand": demand}),
            holds=SHARE_HOLDS,
            lock_item=lock_item_named(item),
        )
        if before := answer_in(asked["said"], ALLOCATED, client_id, request):
            await_standbys(connection)
            return dict(before)
        item_id: int = (asked["item"][0] if asked["item"] else item_named(connection, item))["id"]
        if pack is not None:
            quantity *= units_of_pack(connection, item, pack)
        if site is not None:
            place_named(connection, site)
        prescription: str = asked["prescription"][0]["prescription"]
        result = reserve(
            connection,
            item_id,
            quantity,
            context,
            site=site,
            demand=demand,
            client_id=client_id,
            actor=actor,
            prescription=prescription,
            expires_at=expires_at,
        )
        result["substitutes"] = offers(
            connection, item_id, result["missing"], lambda _: context, site, prescription=prescription
        )
        pipeline(
            connection, answer=answering(ALLOCATED, client_id, request, result, actor=actor), commit=("COMMIT", {})
        )
        return result


def explain(
    database: Database,
    *,
    item: str,
    owner: str,
    demand: str,
    site: str | None,
    shelf_life_min_days: int,
    at: datetime,
    rows_max: int,
    rows_skipped: int = 0,
) -> list[dict[str, Any]]:
    """All stock of an item that could not be taken now for a demand, in FEFO order, with all reasons, in plain JSON
    values: ``rows_skipped`` and ``rows_max`` count stock whether it could be taken or not. Raises ``NotFound``.
    """
    context = Context(at=at, owner=owner, shelf_life_min=timedelta(days=shelf_life_min_days))
    with database.transaction() as connection:
        if site is not None:
            place_named(connection, site)
        item_id = item_named(connection, item)["id"]
        (row,) = queries("compounding").prescription_of(connection, demand=demand)
        return blocked_stock(
            connection,
            item_id,
            context,
            site,
            prescription=row["prescription"],
            rows_max=rows_max,
            rows_skipped=rows_skipped,
        )


def void_reservation(database: Database, reservation_id: int, reason: str, *, actor: str) -> None:
    """Take a reservation back; twice is harmless. Raises ``NotFound``, and ``Conflict`` if it ended otherwise."""
    with database.transaction() as connection:
        row = lock_reservation(connection, reservation_id)
        if row["ended_as"] == "void":
            return
        if row["ended_as"] is not None:
            raise Conflict(f"reservation {row['id']} has ended already: {row['ended_as']}")
        end_reservation(connection, row, "void", reason, actor=actor)


def confirm_reservation(database: Database, reservation_id: int, *, at: datetime, actor: str) -> None:
    """Make a pending reservation a firm one; twice is harmless. Raises ``NotFound``, ``Conflict`` if it has ended."""
    with database.transaction() as connection:
        row = lock_reservation(connection, reservation_id)
        check_open(row, at)
        if row["expires_at"] is None:
            return
        queries("reservations").confirm_reservation(connection, reservation_id=reservation_id)
        data = {"reservation": row["id"], "demand": row["demand"], "quantity": row["quantity"]}
        add_event(connection, actor=actor, kind="reservation_confirmed", subject=f"lot:{row['lot_id']}", data=data)


def end_unconfirmed(database: Database, *, at: datetime) -> int:
    """End reservations that were not confirmed by ``at``; returns how many. Any worker may call it at any time."""
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
    """Reservations by demand and lot, open and ended."""
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
