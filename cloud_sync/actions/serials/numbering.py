"""Serials given by us: the pattern of an item, units that get theirs here, and ranges allotted to others."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from cloud_sync.actions.master_data.master_data import item_named, place_named
from cloud_sync.actions.stock.checks import check_stock
from cloud_sync.domain.booking import UNPACKED, NewMovement
from cloud_sync.domain.movements import INTERNAL
from cloud_sync.domain.serial_numbers import (
    ASSIGNED_MAX,
    SerialFault,
    SerialRange,
    next_range,
    parse_pattern,
    range_between,
)
from cloud_sync.errors import Conflict, Invalid, NotFound
from cloud_sync.posting.idempotency import answer, answered_before
from cloud_sync.posting.movements import book, ensure_own_place, lock_for_booking
from cloud_sync.posting.positions import lot_of
from cloud_sync.storage.database import Connection, Database, Row
from cloud_sync.storage.events import add_event
from cloud_sync.storage.locks import lock_items, lock_lots
from cloud_sync.storage.queries import queries
from edge_agent.domain.wire.records import Action

COMMISSION = "commission"
"""How movements are called by which loose stock becomes units with serials."""
RANGES_MAX = 1000
TRIES_MAX = 20
"""How often serials that came from elsewhere are passed over before somebody has to choose another pattern."""


def keep_pattern(database: Database, item: str, pattern: str, given_at: str, *, at: datetime, actor: str) -> Row:
    """Give an item its pattern of serials. Raises ``NotFound``, ``Invalid``, and ``Conflict`` for an item without a
    GTIN: its labels could not carry serials."""
    try:
        parse_pattern(pattern)
    except SerialFault as fault:
        raise Invalid(str(fault), "An example: LW{yy}{n:6} gives LW26000001 and on.") from fault
    with database.transaction() as connection:
        row = item_named(connection, item)
        if not row["gtins"]:
            raise Conflict(f"{item} has no GTIN, so no label can carry its serials", "Add a GTIN to the item first.")
        before = queries("serials").pattern_of(connection, item_id=row["id"])
        queries("serials").keep_pattern(
            connection, item_id=row["id"], pattern=pattern, given_at=given_at, actor=actor, at=at
        )
        data = {"pattern": pattern, "given_at": given_at, "before": before}
        add_event(connection, actor=actor, kind="serial_pattern_kept", subject=f"item:{item}", data=data)
        return {"item": item, "title": row["title"], "pattern": pattern, "given_at": given_at, "set_by": actor,
                "set_at": at}  # fmt: skip


def list_patterns(database: Database, *, rows_max: int, rows_skipped: int = 0) -> list[Row]:
    """Items whose serials are given here."""
    with database.transaction() as connection:
        return list(queries("serials").patterns(connection, rows_max=rows_max, rows_skipped=rows_skipped))


def assign(
    database: Database,
    *,
    lot_id: int,
    place: str,
    quantity: int,
    first_serial: str = "",
    reason: str,
    client_id: UUID,
    at: datetime,
    actor: str,
) -> Row:
    """Give serials to loose units of a lot in a place: the next ones of the item's pattern, or those from
    ``first_serial`` on. The same under the same ``client_id`` again gives no others.

    Raises ``NotFound``, ``Invalid``, and ``Conflict`` for serials that exist and for stock that is not there.
    """
    request = {"lot_id": lot_id, "place": place, "quantity": quantity, "first_serial": first_serial, "reason": reason}
    with database.transaction() as connection:
        if before := answered_before(connection, "serials_assigned", client_id, request):
            return _shown(connection, before["range"])
        lot, where = lot_of(connection, lot_id), place_named(connection, place)
        if where["kind"] not in INTERNAL:
            raise Invalid(f"{place} is a {where['kind']}: serials are given in a site, room or bin")
        item_id = int(item_named(connection, lot["item"])["id"])
        lock_for_booking(connection, lot_ids=[lot_id], place_ids=[where["id"]])
        source = ensure_own_place(connection, UNPACKED)
        lock_items(connection, [item_id])
        lock_lots(connection, [lot_id])
        _check_loose(connection, lot, where, quantity, at)
        given = _chosen(connection, item_id, lot["item"], first_serial, quantity, at)
        range_id = _keep(
            connection, item_id, given, lot_id=lot_id, place_id=where["id"], reason=reason, actor=actor, at=at
        )
        moved = list(_movements(f"serials/{range_id}", given, lot_id, (where["id"], source), at, actor))
        event_id = answer(connection, "serials_assigned", client_id, request, {"range": range_id}, actor=actor)
        book(connection, moved, event_id=event_id)
        return _shown(connection, range_id)


def allot(
    database: Database, *, item: str, first_serial: str, last_serial: str, allotted_to: str, reason: str, at: datetime,
    actor: str,
) -> Row:  # fmt: skip
    """Allot a range to somebody who marks goods elsewhere, such as a contract manufacturer: nobody else gets a serial
    of it. Raises ``NotFound``, ``Invalid``, and ``Conflict`` for a range that overlaps another or a serial that is
    used."""
    try:
        wanted = range_between(first_serial, last_serial)
    except SerialFault as fault:
        raise Invalid(str(fault), "Write both ends of the range in full.") from fault
    with database.transaction() as connection:
        item_id = int(item_named(connection, item)["id"])
        lock_items(connection, [item_id])
        _check_free(connection, item_id, item, wanted)
        if used := queries("serials").serials_within(connection, item_id=item_id, **_window(wanted)):
            raise Conflict(
                f"serial {used['serial']} of {item} exists already, in lot {used['lot_number']}",
                "Choose a range in which no serial was ever used.",
            )
        range_id = _keep(connection, item_id, wanted, allotted_to=allotted_to, reason=reason, actor=actor, at=at)
        data = {"first": first_serial, "last": last_serial, "to": allotted_to}
        add_event(connection, actor=actor, kind="serials_allotted", subject=f"item:{item}", reason=reason, data=data)
        return _shown(connection, range_id)


def list_ranges(database: Database, *, item: str | None = None, rows_max: int, rows_skipped: int = 0) -> list[Row]:
    """Ranges that were given, the newest first, each with its first and last serial."""
    with database.transaction() as connection:
        rows = queries("serials").ranges(connection, item=item, rows_max=rows_max, rows_skipped=rows_skipped)
        return [_with_ends(row) for row in rows]


def show_range(database: Database, range_id: int) -> Row:
    """One range with its serials, if it was given to a lot. Raises ``NotFound``."""
    with database.transaction() as connection:
        return _shown(connection, range_id)


def waiting_for_serials(database: Database, *, rows_max: int, rows_skipped: int = 0) -> list[Row]:
    """Stock that came in or was made without serials, of items that get theirs then."""
    with database.transaction() as connection:
        return list(queries("serials").waiting_for_serials(connection, rows_max=rows_max, rows_skipped=rows_skipped))


def _check_loose(connection: Connection, lot: Row, where: Row, quantity: int, at: datetime) -> None:
    if not 1 <= quantity <= ASSIGNED_MAX:
        raise Invalid(f"{quantity} serials cannot be given at once", f"Give 1 to {ASSIGNED_MAX}, then the next ones.")
    check_stock(connection, Action.OPEN_CASE, where, lot["id"], "", quantity, at)
    row = queries("reservations").position_to_issue(
        connection, lot_id=lot["id"], serial="", place_id=where["id"], but_reservation=None, but_demand=None,
        picked_for=None,
    )  # fmt: skip
    free = row["quantity"] - row["reserved"]
    if free < quantity:
        raise Conflict(
            f"{row['reserved']} of {row['quantity']} of lot {lot['lot_number']} in {where['name']} are reserved",
            f"Give serials to {max(free, 0)} units, or end the reservations first.",
        )


def _chosen(
    connection: Connection, item_id: int, item: str, first_serial: str, quantity: int, at: datetime
) -> SerialRange:
    pattern = queries("serials").pattern_of(connection, item_id=item_id)
    if first_serial:
        return _from_first(connection, item_id, item, first_serial, quantity)
    if pattern is None:
        raise Conflict(
            f"{item} has no pattern of serials", "Set one under Serials, or PUT /v1/items/NAME/serial-pattern."
        )
    window = parse_pattern(pattern["pattern"]).window(at.date())
    last = queries("serials").last_given(connection, item_id=item_id, **_window(window))
    window = replace(window, first=window.first if last is None else last + 1)
    used: list[SerialRange] = []
    for _ in range(TRIES_MAX):
        ranges = queries("serials").ranges_in(connection, item_id=item_id, **_window(window), rows_max=RANGES_MAX)
        found = next_range(window, [*map(_range_of, ranges), *used], quantity) if window.count > 0 else None
        if found is None:
            raise Conflict(
                f"the pattern {pattern['pattern']} of {item} has fewer than {quantity} serials left",
                "Give the item a pattern with more digits, or another beginning.",
            )
        known = queries("serials").serials_known(connection, item_id=item_id, serials=list(found.serials()))
        met = [range_between(row["serial"], row["serial"]) for row in known]
        if not met:
            return found
        used += met
    raise Conflict(
        f"too many serials behind {used[0].first_serial} came from elsewhere already",
        "Give the item a pattern that nobody else uses.",
    )


def _from_first(connection: Connection, item_id: int, item: str, first_serial: str, quantity: int) -> SerialRange:
    try:
        one = range_between(first_serial, first_serial)
        wanted = range_between(first_serial, one.serial(one.first + quantity - 1))
    except SerialFault as fault:
        raise Invalid(str(fault), "Write the first serial in full, ending in its running number.") from fault
    _check_free(connection, item_id, item, wanted)
    known = list(queries("serials").serials_known(connection, item_id=item_id, serials=list(wanted.serials())))
    if known:
        raise Conflict(
            f"serial {known[0]['serial']} of {item} exists already, in lot {known[0]['lot_number']}",
            "Begin with a serial that was never used.",
        )
    return wanted


def _check_free(connection: Connection, item_id: int, item: str, wanted: SerialRange) -> None:
    for row in queries("serials").ranges_in(connection, item_id=item_id, **_window(wanted), rows_max=1):
        other = _range_of(row)
        whose = f"allotted to {row['allotted_to']}" if row["allotted_to"] else f"given to lot {row['lot_number']}"
        raise Conflict(
            f"{wanted.first_serial} to {wanted.last_serial} overlaps {other.first_serial} to {other.last_serial} of "
            f"{item}, which was {whose}",
            "A serial is never given twice: choose a range beside it.",
        )


def _keep(
    connection: Connection, item_id: int, given: SerialRange, *, lot_id: int | None = None, place_id: int | None = None,
    allotted_to: str = "", reason: str, actor: str, at: datetime,
) -> int:  # fmt: skip
    range_id: int = queries("serials").add_range(
        connection, item_id=item_id, **_window(given), lot_id=lot_id, place_id=place_id, allotted_to=allotted_to,
        reason=reason, actor=actor, at=at,
    )  # fmt: skip
    return range_id


def _movements(
    fact: str, given: SerialRange, lot_id: int, ends: tuple[int, int], at: datetime, actor: str
) -> Iterator[NewMovement]:
    """Loose units leave, and come back with their serials."""
    place, source = ends

    def moved(number: int, serial: str, quantity: int, from_place: int, to_place: int) -> NewMovement:
        return NewMovement(
            fact=f"{fact}#{number}", lot_id=lot_id, serial=serial, quantity=quantity, from_place=from_place,
            to_place=to_place, occurred_at=at, action=COMMISSION, operator=actor,
        )  # fmt: skip

    yield moved(0, "", given.count, place, source)
    for number, serial in enumerate(given.serials(), start=1):
        yield moved(number, serial, 1, source, place)


def _window(given: SerialRange) -> dict[str, Any]:
    return {
        "prefix": given.prefix, "digits": given.digits, "first_number": given.first, "last_number": given.last
    }  # fmt: skip


def _range_of(row: Row) -> SerialRange:
    return SerialRange(row["prefix"], row["digits"], row["first_number"], row["last_number"])


def _with_ends(row: Row) -> Row:
    given = _range_of(row)
    return {**row, "first_serial": given.first_serial, "last_serial": given.last_serial, "count": given.count}


def _shown(connection: Connection, range_id: int) -> Row:
    row: Row | None = queries("serials").range_by_id(connection, range_id=range_id)
    if row is None:
        raise NotFound(f"there is no range of serials {range_id}", "See GET /v1/serial-ranges for those there are.")
    given = _range_of(row)
    return {**_with_ends(row), "serials": list(given.serials()) if row["lot_id"] else []}
