"""Commands that move stock. Unlike scans, which are facts, a command that breaks a rule is refused with its reasons."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from cloud_sync.actions.master_data.master_data import item_named, place_named
from cloud_sync.actions.stock.checks import check_not_ahead, check_partner, check_prescriptions, check_stock
from cloud_sync.domain.booking import NewMovement, expiry_text
from cloud_sync.domain.movements import INTERNAL, fault_of
from cloud_sync.domain.orders import OrderKind, fault_of_performing
from cloud_sync.domain.typed_times import latest_of
from cloud_sync.errors import Conflict, Invalid, NotAllowed, NotFound
from cloud_sync.posting.idempotency import answer, answered_before
from cloud_sync.posting.item_codes import units_of_serial
from cloud_sync.posting.lots import judge_issues_again
from cloud_sync.posting.movements import book, lock_for_booking
from cloud_sync.posting.order_matching import match_orders
from cloud_sync.posting.reservations.order_state import orders_now
from cloud_sync.posting.reservations.reservation_moves import end_part, move_reservation
from cloud_sync.posting.reservations.reservations import check_open, lock_reservation, reservation_of
from cloud_sync.storage.database import Connection, Database, Row
from cloud_sync.storage.events import add_event
from cloud_sync.storage.locks import lock_holds, lock_items, lock_lots, lock_orders
from cloud_sync.storage.queries import queries
from edge_agent.domain.stock.eligibility import ISSUING
from edge_agent.domain.wire.records import Action


@dataclass(frozen=True, slots=True)
class MovementLine:
    """Stock to move: ``quantity`` base units (> 0) of a lot, told by item, number and owner.

    ``expires_on`` is what the label says, ``expires_hour`` the hour of it; the day is needed when the lot is new.
    ``serial`` is "" for what has none.
    """

    item: str
    lot_number: str
    quantity: int
    owner: str = "house"
    serial: str = ""
    expires_on: date | None = None
    expires_hour: time | None = None


@dataclass(frozen=True, slots=True)
class Transfer:
    """Where lines go from and to, by which action and for which order, and when (aware UTC)."""

    action: Action
    from_place: str
    to_place: str
    occurred_at: datetime
    order: str = ""


def move(
    database: Database,
    transfer: Transfer,
    lines: tuple[MovementLine, ...],
    *,
    client_id: UUID,
    at: datetime,
    actor: str,
) -> list[Row]:
    """Book ``lines`` and give the movements. The same under the same ``client_id`` again changes nothing.

    Raises ``NotFound``, ``Invalid``, and ``Conflict`` with all reasons when stock may not be issued or is not there.
    """
    with database.transaction() as connection:
        if transfer.action is Action.DESTROY:
            _check_destruction(connection, transfer, actor)
        return move_in(connection, transfer, lines, client_id=client_id, at=at, actor=actor)


def _check_destruction(connection: Connection, transfer: Transfer, actor: str) -> None:
    """Nobody destroys stock alone: somebody else has approved it, and a third has seen it."""
    ask = "Order it (POST /v1/orders, kind destruction), have it approved and witnessed, and carry it out."
    order = orders_now(connection, [transfer.order]).get(transfer.order)
    if order is None or order.kind is not OrderKind.DESTRUCTION:
        raise Conflict("stock is destroyed for a destruction order only", ask)
    if fault := fault_of_performing(order.kind, order.taken, actor):
        text, is_about_who = fault
        raise (NotAllowed if is_about_who else Conflict)(f"order {transfer.order}: {text}", ask)


def move_in(
    connection: Connection,
    transfer: Transfer,
    lines: tuple[MovementLine, ...],
    *,
    client_id: UUID,
    at: datetime,
    actor: str,
) -> list[Row]:
    """:func:`move` in the caller's transaction, which has taken no locks yet or owns the holds."""
    if before := moved_before(connection, transfer, lines, client_id=client_id):
        return before
    request = _request(transfer, lines)
    from_place, to_place = _checked_places(connection, transfer, at)
    _check_serials(connection, lines, from_place)
    if transfer.action in (Action.RECEIVE, Action.RETURN):
        lock_holds(connection)  # what comes in may have to be held
    item_ids = {line.item: item_named(connection, line.item)["id"] for line in lines}
    known = [lot["id"] for line in lines if (lot := _known_lot(connection, line))]
    lock_for_booking(connection, lot_ids=known, place_ids=[from_place["id"], to_place["id"]])
    lock_orders(connection, [transfer.order])
    if from_place["kind"] in INTERNAL:
        lock_items(connection, item_ids.values())
    lots = [_lot(connection, item_ids[line.item], line, from_place, actor) for line in lines]
    lock_lots(connection, lots)
    check_prescriptions(connection, transfer.action, transfer.order, lots)
    check_partner(connection, to_place, lots, at)
    quantities = Counter[tuple[int, str]]()
    for lot_id, line in zip(lots, lines, strict=True):
        quantities[lot_id, line.serial] += line.quantity
    # Use before expiry may be booked late; quality hears of it below.
    used_at = at if (latest_at := latest_of(transfer.occurred_at, at)) is None else transfer.occurred_at
    for (lot_id, serial), quantity in quantities.items():
        order = transfer.order or None
        check_stock(
            connection,
            transfer.action,
            from_place,
            lot_id,
            serial,
            quantity,
            used_at,
            but_demand=order,
            picked_for=order,
        )
    facts = [f"api/{client_id}#{number}" for number in range(1, len(lines) + 1)]
    event_id = answer(connection, "moved", client_id, request, facts, actor=actor)
    movements = [
        replace(
            _movement(fact, lot_id, line.serial, line.quantity, from_place, to_place, transfer, actor),
            latest_at=latest_at,
        )
        for fact, lot_id, line in zip(facts, lots, lines, strict=True)
    ]
    book(connection, movements, event_id=event_id)
    if latest_at is not None and transfer.action in ISSUING:
        for lot_id in sorted(set(lots)):
            judge_issues_again(connection, lot_id=lot_id)
    match_orders(connection, [(movement, None) for movement in movements])
    return movements_of(connection, facts)


def moved_before(
    connection: Connection, transfer: Transfer, lines: tuple[MovementLine, ...], *, client_id: UUID
) -> list[Row] | None:
    """The movements if this very command was obeyed before, None if it is new. Raises as ``answered_before``."""
    before = answered_before(connection, "moved", client_id, _request(transfer, lines))
    return movements_of(connection, before) if before else None


def pick(
    database: Database,
    reservation_id: int,
    *,
    to_place: str,
    action: Action,
    quantity: int | None = None,
    at: datetime,
    actor: str,
) -> list[Row]:
    """Keep a reservation: move the reserved stock, or ``quantity`` of it, to ``to_place``, and end it as picked.

    What is picked within the house stays reserved where it is then. Picking twice gives the same movement. Raises
    ``Conflict`` with all reasons if the stock is blocked by now.
    """
    with database.transaction() as connection:
        reserved = reservation_of(connection, reservation_id)
        return fulfil_reservations(
            connection, [reserved], to_place=to_place, action=action, quantity=quantity, at=at, actor=actor
        )


def fulfil_reservations(
    connection: Connection,
    reserved: Sequence[Row],
    *,
    to_place: str,
    action: Action,
    quantity: int | None = None,
    at: datetime,
    actor: str,
) -> list[Row]:
    """Fulfil these reservations (rows of ``reservation_of``), all or none; returns the movements."""
    reserved = sorted(reserved, key=lambda row: int(row["id"]))
    routes = {
        row["id"]: (transfer, *_checked_places(connection, transfer, at))
        for row in reserved
        for transfer in (Transfer(action, row["place"], to_place, at, row["demand"]),)
    }
    lot_ids = {row["lot_id"] for row in reserved}
    place_ids = {place["id"] for _, source, target in routes.values() for place in (source, target)}
    # Holds, lots, reservations: whoever places a hold owns the first and then breaks the last, and scans that keep
    # reservations own the lots before them.
    lock_for_booking(connection, lot_ids=lot_ids, place_ids=place_ids)
    lock_lots(connection, lot_ids)
    for _, _, target in routes.values():
        check_partner(connection, target, lot_ids, at)
    facts = []
    for before in reserved:
        row = lock_reservation(connection, before["id"])
        transfer, source, target = routes[row["id"]]
        fact = f"reservation/{row['id']}"
        facts.append(fact)
        if row["ended_as"] == "picked":
            if not movements_of(connection, [fact]):
                raise Conflict(f"reservation {row['id']} was already fulfilled by a scan", "See GET /v1/movements.")
            continue
        check_open(row, at)
        wanted = quantity or row["quantity"]
        if wanted > row["quantity"]:
            raise Conflict(f"reservation {row['id']} is for {row['quantity']}, not {wanted}")
        check_stock(
            connection,
            action,
            source,
            row["lot_id"],
            row["serial"],
            wanted,
            at,
            but_reservation=row["id"],
            picked_for=row["demand"],
        )
        event_id = add_event(
            connection,
            actor=actor,
            kind="moved",
            subject=f"lot:{row['lot_id']}",
            reason=f"picked for {row['demand']}",
            data={"reservation": row["id"], "to_place": to_place, "quantity": wanted},
        )
        movement = _movement(fact, row["lot_id"], row["serial"], wanted, source, target, transfer, actor)
        end_part(connection, row, wanted, "picked", f"moved to {to_place}", actor=actor)
        book(connection, [movement], event_id=event_id)
        if target["kind"] in INTERNAL:
            move_reservation(connection, row, wanted, target["id"])
    return movements_of(connection, facts)


def _request(transfer: Transfer, lines: tuple[MovementLine, ...]) -> dict[str, Any]:
    return {
        "action": transfer.action.value,
        "from_place": transfer.from_place,
        "to_place": transfer.to_place,
        "occurred_at": transfer.occurred_at.isoformat(),
        "order": transfer.order,
        "lines": [
            {
                "item": line.item,
                "lot_number": line.lot_number,
                "owner": line.owner,
                "serial": line.serial,
                "quantity": line.quantity,
                "expires_on": line.expires_on.isoformat() if line.expires_on else None,
                **({"expires_hour": line.expires_hour.isoformat()} if line.expires_hour else {}),
            }
            for line in lines
        ],
    }


def _check_serials(connection: Connection, lines: tuple[MovementLine, ...], from_place: Row) -> None:
    """A serial is one base unit, or a case: of what its code stands for, or in the house of what was booked into it."""
    for number, line in enumerate(lines, start=1):
        units = units_of_serial(connection, line.item, line.serial)
        if not line.serial or line.quantity == units or (units > 1 and from_place["kind"] in INTERNAL):
            continue
        is_unit = "one base unit" if units == 1 else f"a case of {units}"
        raise Invalid(
            f"line {number}: serial {line.serial} of {line.item} is {is_unit}, not {line.quantity}",
            f"Write one line with quantity {units} for each serial.",
        )


def _checked_places(connection: Connection, transfer: Transfer, at: datetime) -> tuple[Row, Row]:
    if transfer.from_place == transfer.to_place:
        raise Invalid(f"stock moves from {transfer.from_place} to itself", "Name two different places.")
    check_not_ahead(transfer.occurred_at, at)
    from_place = place_named(connection, transfer.from_place)
    to_place = place_named(connection, transfer.to_place)
    source, target = ((place["name"], place["kind"]) for place in (from_place, to_place))
    if fault := fault_of(transfer.action, source, target):
        raise Invalid(fault)
    return from_place, to_place


def _known_lot(connection: Connection, line: MovementLine) -> Row | None:
    row: Row | None = queries("availability").lot_by_number(
        connection, item=line.item, lot_number=line.lot_number, owner=line.owner
    )
    return row


def _lot(connection: Connection, item_id: int, line: MovementLine, from_place: Row, actor: str) -> int:
    known = _known_lot(connection, line)
    if known is None and from_place["kind"] in INTERNAL:
        raise NotFound(f"there is no lot {line.lot_number} of {line.item} owned by {line.owner}")
    if known is None:
        return _new_lot(connection, item_id, line, actor)
    if line.expires_on is not None and _differs(line, known):
        known_as = expiry_text((known["expires_on"], known["expires_hour"])) if known["expires_on"] else "no known day"
        said = expiry_text((line.expires_on, line.expires_hour))
        raise Conflict(
            f"lot {line.lot_number} of {line.item} expires on {known_as}, not on {said}",
            "Check the label. Leave expires_on out to move the lot as it is known, or propose a correction of the lot.",
        )
    return int(known["id"])


def _differs(line: MovementLine, known: Row) -> bool:
    return line.expires_on != known["expires_on"] or line.expires_hour not in (None, known["expires_hour"])


def _new_lot(connection: Connection, item_id: int, line: MovementLine, actor: str) -> int:
    if queries("master_data").owner_by_name(connection, name=line.owner) is None:
        raise NotFound(f"there is no owner {line.owner}", "See GET /v1/owners for those there are, or create it.")
    is_new = queries("availability").add_lot(
        connection,
        item_id=item_id,
        lot_number=line.lot_number,
        owner=line.owner,
        expires_on=line.expires_on,
        expires_hour=line.expires_hour,
        expires_exactly=None,
    )
    lot = _known_lot(connection, line)
    assert lot is not None  # noqa: S101 - just made, if it was not there
    lot_id = int(lot["id"])
    if is_new:
        data = {"item": line.item, "expires_on": line.expires_on.isoformat() if line.expires_on else None}
        add_event(connection, actor=actor, kind="lot_added", subject=f"lot:{lot_id}", data=data)
    return lot_id


def _movement(
    fact: str,
    lot_id: int,
    serial: str,
    quantity: int,
    from_place: Row,
    to_place: Row,
    transfer: Transfer,
    actor: str,
) -> NewMovement:
    """The one place that knows the shape of a booking."""
    return NewMovement(
        fact=fact,
        lot_id=lot_id,
        serial=serial,
        quantity=quantity,
        from_place=from_place["id"],
        to_place=to_place["id"],
        occurred_at=transfer.occurred_at,
        action=transfer.action.value,
        operator=actor,
        order_ref=transfer.order,
    )


def movements_of(connection: Connection, facts: list[str]) -> list[Row]:
    """These movements, as they are shown."""
    return list(queries("availability").moved(connection, facts=facts))
