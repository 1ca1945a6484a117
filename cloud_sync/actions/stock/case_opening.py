"""Opening a serialised case by command: it goes out of stock, and what it held is stock of its own from then on."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from cloud_sync.actions.master_data.master_data import item_named, place_named
from cloud_sync.actions.stock.checks import check_not_ahead, check_stock
from cloud_sync.actions.stock.movements import movements_of
from cloud_sync.domain.booking import OPENED, UNPACKED, NewMovement
from cloud_sync.domain.movements import INTERNAL
from cloud_sync.domain.typed_times import latest_of
from cloud_sync.errors import Invalid, NotFound
from cloud_sync.posting.idempotency import answer, answered_before
from cloud_sync.posting.item_codes import units_of_serial
from cloud_sync.posting.movements import book, ensure_own_place, lock_for_booking
from cloud_sync.posting.order_matching import match_orders
from cloud_sync.storage.database import Connection, Database, Row
from cloud_sync.storage.locks import lock_items, lock_lots
from cloud_sync.storage.queries import queries
from edge_agent.domain.barcodes.item_codes import code_of_case
from edge_agent.domain.wire.records import Action


@dataclass(frozen=True, slots=True)
class CaseOpening:
    """Which case was opened: ``serial`` as stock shows it, (01)code(21)serial; in which place and when (aware UTC).

    ``units`` are serials that were found inside; what is left of its content has none.
    """

    item: str
    lot_number: str
    serial: str
    place: str
    occurred_at: datetime
    reason: str
    owner: str = "house"
    units: tuple[str, ...] = ()


def open_case_of_goods(
    database: Database, opening: CaseOpening, *, client_id: UUID, at: datetime, actor: str
) -> list[Row]:
    """Book the opening and give its movements. The same under the same ``client_id`` again changes nothing.

    Held, expired and reserved cases may be opened: holds and reservations go on with what was inside. Raises
    ``NotFound``, ``Invalid``, and ``Conflict`` if the case is not there.
    """
    request = _request(opening)
    with database.transaction() as connection:
        if before := answered_before(connection, "goods_opened", client_id, request):
            return movements_of(connection, before)
        check_not_ahead(opening.occurred_at, at)
        item_id, lot_id, place = _looked_up(connection, opening)
        lock_for_booking(connection, lot_ids=[lot_id], place_ids=[place["id"]])
        to_place = ensure_own_place(connection, UNPACKED)
        lock_items(connection, [item_id])
        lock_lots(connection, [lot_id])
        held = _content(connection, opening, lot_id, place)
        fact = f"api/{client_id}"
        movements = list(_movements(opening, fact, held, lot_id, (place["id"], to_place), at, actor))
        facts = [each.fact for each in movements]
        event_id = answer(connection, "goods_opened", client_id, request, facts, actor=actor)
        book(connection, movements, event_id=event_id)
        match_orders(connection, [(movement, None) for movement in movements])
        return movements_of(connection, facts)


def _request(opening: CaseOpening) -> dict[str, Any]:
    return {
        "item": opening.item,
        "lot_number": opening.lot_number,
        "owner": opening.owner,
        "serial": opening.serial,
        "place": opening.place,
        "occurred_at": opening.occurred_at.isoformat(),
        "reason": opening.reason,
        "units": list(opening.units),
    }


def _looked_up(connection: Connection, opening: CaseOpening) -> tuple[int, int, Row]:
    """Ids of the item and the lot, and the place."""
    item_id = int(item_named(connection, opening.item)["id"])
    if code_of_case(opening.serial) is None:
        raise Invalid(
            f"{opening.serial} is no serial of a case of {opening.item}",
            "Write it as (01)code(21)serial, like GET /v1/stock shows it, or give the case's code beside its serial.",
        )
    units_of_serial(connection, opening.item, opening.serial)
    place = place_named(connection, opening.place)
    if place["kind"] not in INTERNAL:
        raise Invalid(f"{opening.place} is a {place['kind']}: cases are opened in a site, room or bin")
    lot = queries("availability").lot_by_number(
        connection, item=opening.item, lot_number=opening.lot_number, owner=opening.owner
    )
    if lot is None:
        raise NotFound(f"there is no lot {opening.lot_number} of {opening.item} owned by {opening.owner}")
    return item_id, int(lot["id"]), place


def _content(connection: Connection, opening: CaseOpening, lot_id: int, place: Row) -> int:
    """How many base units are in it, by what was booked."""
    row = queries("reservations").position_to_issue(
        connection,
        lot_id=lot_id,
        serial=opening.serial,
        place_id=place["id"],
        but_reservation=None,
        but_demand=None,
        picked_for=None,
    )
    quantity = int(row["quantity"]) if row and row["quantity"] > 0 else 1  # one that is not there is refused below
    check_stock(connection, Action.OPEN_CASE, place, lot_id, opening.serial, quantity, opening.occurred_at)
    if len(set(opening.units)) < len(opening.units):
        raise Invalid("units: one serial stands there twice", "Write each serial once.")
    if len(opening.units) > quantity:
        raise Invalid(
            f"{len(opening.units)} serials were found in a case of {quantity}",
            "Check the code of the case: GET /v1/items shows what it holds.",
        )
    if any(code_of_case(unit) is not None for unit in opening.units):
        raise Invalid("units: a case in a case is no base unit", "Write the serials of single units only.")
    return quantity


def _movements(
    opening: CaseOpening,
    fact: str,
    held: int,
    lot_id: int,
    ends: tuple[int, int],
    at: datetime,
    actor: str,
) -> Iterator[NewMovement]:
    place, unpacked = ends

    def moved(fact: str, serial: str, quantity: int, from_place: int, to_place: int) -> NewMovement:
        return NewMovement(
            fact=fact,
            lot_id=lot_id,
            serial=serial,
            quantity=quantity,
            from_place=from_place,
            to_place=to_place,
            occurred_at=opening.occurred_at,
            action=Action.OPEN_CASE.value,
            operator=actor,
            latest_at=latest_of(opening.occurred_at, at),
        )

    yield moved(f"{fact}#1", opening.serial, held, place, unpacked)
    for number, unit in enumerate(opening.units, start=2):
        yield moved(f"{fact}#{number}{OPENED}", unit, 1, unpacked, place)
    if loose := held - len(opening.units):
        yield moved(f"{fact}#1{OPENED}", "", loose, unpacked, place)
