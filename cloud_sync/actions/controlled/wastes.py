"""Waste of controlled items: one person throws away, another one sees it. Whole units leave stock only then."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID, uuid5

from cloud_sync.actions.master_data.master_data import place_named
from cloud_sync.actions.stock.movements import MovementLine, Transfer, move_in
from cloud_sync.domain.booking import SCRAP
from cloud_sync.errors import Conflict, Invalid, NotAllowed, NotFound
from cloud_sync.posting.controlled.wastes import NewWaste, keep_waste
from cloud_sync.posting.idempotency import answer, answered_before
from cloud_sync.posting.movements import ensure_own_place
from cloud_sync.storage.database import Connection, Database, Row
from cloud_sync.storage.events import add_event
from cloud_sync.storage.queries import queries
from edge_agent.domain.wire.records import Action

WASTES = UUID("5f0d3b52-7b0e-5d3f-9a53-0f6b2a1f7c11")
"""The name space of the movements that waste becomes."""


def record_waste(
    database: Database,
    line: MovementLine,
    place: str,
    *,
    amount: Decimal | None,
    unit: str,
    reason: str,
    client_id: UUID,
    at: datetime,
    actor: str,
) -> Row:
    """Say that an opened or broken unit (``amount`` None), or what was left of one, is thrown away; gives it.

    It waits for a witness. The same under the same ``client_id`` again changes nothing. Raises ``NotFound``,
    ``Invalid`` for an item that is not controlled, ``Conflict`` where the unit is not there.
    """
    request = {
        "item": line.item, "lot_number": line.lot_number, "owner": line.owner, "serial": line.serial, "place": place,
        "amount": None if amount is None else str(amount), "unit": unit, "reason": reason,
    }  # fmt: skip
    if (amount is None) != (not unit):
        raise Invalid("an amount needs its unit, and a unit its amount", "Give both, or none for a whole unit.")
    with database.transaction() as connection:
        if before := answered_before(connection, "waste_recorded", client_id, request):
            return _shown(connection, before)
        lot = queries("availability").lot_by_number(
            connection, item=line.item, lot_number=line.lot_number, owner=line.owner
        )
        if lot is None:
            raise NotFound(f"there is no lot {line.lot_number} of {line.item} owned by {line.owner}")
        if not any(row["name"] == line.item for row in queries("controlled").controlled_items(connection)):
            raise Invalid(f"{line.item} is not a controlled item", "Have it destroyed: order a destruction.")
        place_id = place_named(connection, place)["id"]
        if amount is None:
            _check_there(connection, lot["id"], line, place, place_id)
        waste_id = keep_waste(
            connection,
            NewWaste(lot["id"], place_id, reason, actor, at, line.serial, amount=amount, unit=unit),
            how="ledger",
        )
        answer(connection, "waste_recorded", client_id, request, waste_id, actor=actor)
        return _shown(connection, waste_id)


def _check_there(connection: Connection, lot_id: int, line: MovementLine, place: str, place_id: int) -> None:
    there = queries("controlled").quantity_there(connection, lot_id=lot_id, serial=line.serial, place_id=place_id) or 0
    if there < 1:
        raise Conflict(
            f"{place} has {there} of lot {line.lot_number} ({line.item})",
            "Check lot and place; if it is there, count it.",
        )


def witness_waste(database: Database, waste_id: int, *, at: datetime, actor: str) -> Row:
    """Say that one saw it; a whole unit leaves stock now. Gives it.

    Raises ``NotFound``, ``NotAllowed`` for whoever threw it away, ``Conflict`` if it was witnessed before or the unit
    is not there any more.
    """
    with database.transaction() as connection:
        row = queries("controlled").lock_waste(connection, waste_id=waste_id)
        if row is None:
            raise NotFound(f"there is no waste {waste_id}", "See GET /v1/wastes for those there are.")
        if row["witnessed_at"] is not None:
            if row["witness"] == actor:
                return _shown(connection, waste_id)
            raise Conflict(f"{row['witness']} witnessed it before")
        if row["wasted_by"] == actor:
            raise NotAllowed(f"{actor} threw it away", "Somebody else has to have seen it.")
        fact = row["fact"]
        if row["takes_unit"] and fact is None:
            ensure_own_place(connection, SCRAP)
            transfer = Transfer(Action.DESTROY, row["place"], SCRAP, at)
            line = MovementLine(row["item"], row["lot_number"], 1, row["owner"], row["serial"])
            (moved,) = move_in(
                connection, transfer, (line,), client_id=uuid5(WASTES, str(waste_id)), at=at, actor=row["wasted_by"]
            )
            fact = moved["fact"]
        queries("controlled").witness_waste(connection, waste_id=waste_id, witness=actor, witnessed_at=at, fact=fact)
        add_event(connection, actor=actor, kind="waste_witnessed", subject=f"waste:{waste_id}", data={"fact": fact})
        return _shown(connection, waste_id)


def list_wastes(database: Database, *, only_waiting: bool = False, rows_max: int, rows_skipped: int = 0) -> list[Row]:
    """What was thrown away of controlled items, the newest first."""
    with database.transaction() as connection:
        return list(
            queries("controlled").wastes(
                connection, waste_id=None, only_waiting=only_waiting, rows_max=rows_max, rows_skipped=rows_skipped
            )
        )


def _shown(connection: Connection, waste_id: int | None) -> Row:
    (row,) = queries("controlled").wastes(connection, waste_id=waste_id, only_waiting=False, rows_max=1, rows_skipped=0)
    return dict(row)
