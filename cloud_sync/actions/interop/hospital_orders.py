"""Orders of a hospital's systems (HL7 RDE, FHIR SupplyRequest) become requisitions, and their cancellations take
them back."""

from collections.abc import Sequence
from uuid import NAMESPACE_URL, uuid5

from cloud_sync.actions.orders.orders import Asked, NewOrder, cancel_in, request_in
from cloud_sync.domain.booking import KnownCode
from cloud_sync.domain.orders import OrderKind
from cloud_sync.errors import Conflict, Invalid, NotFound
from cloud_sync.interop.hospital.facts import LABEL_NUMBER, HospitalOrder
from cloud_sync.posting.interop.hospital import MessageSource, keep_patient
from cloud_sync.posting.movements import known_codes
from cloud_sync.posting.reservations.order_state import orders_now
from cloud_sync.storage.database import Connection, Row
from cloud_sync.storage.queries import queries
from edge_agent.domain.barcodes.item_codes import keys_of_scan, named


def take_orders(connection: Connection, source: MessageSource, orders: Sequence[HospitalOrder]) -> list[str]:
    """Request what a message asks for; gives the numbers. Lines with one number are one order.

    Raises ``NotFound``, ``Invalid``, ``Conflict``: an order is no fact yet, so that one that is wrong is not kept.
    """
    by_number: dict[str, list[HospitalOrder]] = {}
    for order in orders:
        by_number.setdefault(order.number, []).append(order)
    for place, order in enumerate(orders, start=1):
        keep_patient(connection, source.fact(place), order.patient)
    for number, lines in by_number.items():
        if any(line.is_cancelled for line in lines):
            _cancel(connection, source, number)
        else:
            _request(connection, source, number, lines)
    return list(by_number)


def _request(connection: Connection, source: MessageSource, number: str, lines: Sequence[HospitalOrder]) -> None:
    if not LABEL_NUMBER.fullmatch(number):
        raise Invalid(
            f"{number[:40]!r} is no number of an order", "Printable ASCII of at most 100 characters is needed."
        )
    known = known_codes(connection, [key for line in lines for key in keys_of_scan(line.codes)])
    first = lines[0]
    if any((line.from_place, line.to_place) != (first.from_place, first.to_place) for line in lines):
        raise Invalid(f"order {number} goes between different places", "Order them apart.")
    new = NewOrder(
        kind=OrderKind.REQUISITION,
        from_place=first.from_place,
        to_place=first.to_place,
        lines=tuple(_asked(line, known) for line in lines),
        number=number,
        owner=source.owner,
        patient_ref=next((line.patient for line in lines if line.patient), ""),
        note=f"from {source.connection}",
    )
    _check_scope(connection, source, (first.from_place, first.to_place))
    client_id = uuid5(NAMESPACE_URL, f"lotwarden:hospital-message:{source.message_id}:{number}")
    request_in(connection, new, client_id=client_id, actor=source.connection)


def _asked(line: HospitalOrder, known: KnownCode) -> Asked:
    items = known.items_of(keys_of_scan(line.codes))
    if len(items) != 1:
        called = named(line.codes)
        raise NotFound(
            f"no item has {called}"
            if not items
            else f"the codes {called} name {' and '.join(item.name for item in items)}",
            "Add the item or correct its codes, and let the message be read again.",
        )
    return Asked(items[0].name, line.quantity * (items[0].base_units if line.in_packs else 1))


def _cancel(connection: Connection, source: MessageSource, number: str) -> None:
    order = orders_now(connection, [number]).get(number)
    if order is None:
        raise NotFound(f"there is no order {number} to cancel", "Let the message be read again once it is there.")
    if order.row["requested_by"] != source.connection or order.row["owner"] != source.owner:
        raise Conflict(f"order {number} was not requested by {source.connection}", "Cancel it by hand if it is meant.")
    if any(order.open_of(line) for line in order.lines):
        cancel_in(connection, number, None, f"cancelled by {source.connection}", actor=source.connection)


def _check_scope(connection: Connection, source: MessageSource, places: Sequence[str]) -> None:
    outside: list[Row] = list(
        queries("hospital").places_outside_scope(connection, message_id=source.message_id, names=list(places))
    )
    if outside:
        raise Conflict(
            f"{source.connection} speaks for its own site, and {outside[0]['name']} is not there",
            "Widen its site in [hl7.senders], or request the order by hand.",
        )
