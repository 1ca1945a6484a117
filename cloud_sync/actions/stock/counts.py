"""Counting stock: what was found, how it differs from what the ledger says, and who decides on the difference.

What was found never moves anything. Once somebody else approves the count, it states what stood there at the instant of
counting: each difference is a movement from or to the place of count differences, redone whenever more becomes known of
the time before (``posting.counts``).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from cloud_sync.actions.master_data.master_data import item_named, place_named
from cloud_sync.actions.master_data.records import ensure_difference_place
from cloud_sync.domain.booking import HOUSE, KnownCode, Label, Why
from cloud_sync.domain.controlled import Found, fault_of_double_count, schedules_asking
from cloud_sync.domain.movements import INTERNAL
from cloud_sync.domain.orders import fault_of_count_decision
from cloud_sync.domain.signatures import RecordKind
from cloud_sync.domain.typed_times import CLOCKS_MAY_DIFFER, latest_of
from cloud_sync.errors import Conflict, Invalid, NotAllowed, NotFound
from cloud_sync.posting.cases import Case, open_case
from cloud_sync.posting.idempotency import answer, answered_before
from cloud_sync.posting.item_codes import units_of_serial
from cloud_sync.posting.lots import lots_of
from cloud_sync.posting.movements import lock_for_booking, settle_counts
from cloud_sync.posting.signatures import check_two_approve
from cloud_sync.posting.site_scope import count_fault
from cloud_sync.storage.database import Connection, Database, Row
from cloud_sync.storage.events import add_event
from cloud_sync.storage.locks import lock_lots
from cloud_sync.storage.queries import queries
from edge_agent.domain.barcodes.item_codes import keys_of_scan, serial_of_unit
from edge_agent.domain.wire.records import ScanTransaction

NOT_COUNTED_MAX = 1000


@dataclass(frozen=True, slots=True)
class CountFinding:
    """What somebody found in a place: ``quantity`` base units (0 or more) of a lot, or of a serial of it."""

    item: str
    lot_number: str
    quantity: int
    place: str
    owner: str = HOUSE
    serial: str = ""
    expires_on: date | None = None


def open_count(database: Database, *, place: str, number: str | None, is_blind: bool = False, actor: str) -> Row:
    """A new count of a place and what stands in it. Raises ``NotFound``, ``Invalid``, ``Conflict``.

    A blind one shows nobody what is expected before the counting ends; controlled items are counted so by their rule.
    """
    with database.transaction() as connection:
        count_id = _open(connection, place_named(connection, place), number, actor)
        if is_blind:
            queries("controlled").make_blind(connection, count_id=count_id)
        return _shown(connection, count_id)


def finish_count(database: Database, number: str, *, at: datetime, actor: str) -> Row:
    """End the counting: nothing more is written down, and a blind count shows what was expected. Raises ``NotFound``,
    ``Conflict`` if nothing was counted."""
    with database.transaction() as connection:
        count_id = _lock_open(connection, number)
        row = queries("counts").count_by_id(connection, count_id=count_id)
        if row["finished_at"] is not None:
            return _shown(connection, count_id)
        if not list(queries("counts").counted_by(connection, count_id=count_id)):
            raise Conflict(f"nothing was counted for {number}", "Count first, or reject the count.")
        queries("controlled").finish_count(connection, count_id=count_id, finished_by=actor, finished_at=at)
        add_event(connection, actor=actor, kind="count_finished", subject=f"count:{number}")
        return _shown(connection, count_id)


def add_findings(
    database: Database,
    number: str,
    found: Sequence[CountFinding],
    *,
    client_id: UUID,
    counted_at: datetime,
    at: datetime,
    actor: str,
) -> Row:
    """Write down what was found; a later finding about the same lot and place counts instead of the earlier.

    The same under the same ``client_id`` again changes nothing. Raises ``NotFound``, ``Invalid``, ``Conflict``.
    """
    if counted_at > at + CLOCKS_MAY_DIFFER:
        raise Invalid(f"counted_at {counted_at:%Y-%m-%d %H:%M:%S} UTC is in the future", "Check the client's clock.")
    said = [
        [f.item, f.lot_number, f.quantity, f.place, f.owner, f.serial, f.expires_on and f.expires_on.isoformat()]
        for f in found
    ]
    request = {"count": number, "found": said, "counted_at": counted_at.isoformat()}
    with database.transaction() as connection:
        if answered_before(connection, "counted", client_id, request):
            return _shown(connection, _id_of(connection, number))
        places = {each.place: _place_in(connection, number, each.place) for each in found}
        lots = lots_of(connection, [_label(connection, each) for each in found])
        count_id = _lock_open(connection, number)
        _check_goes_on(connection, count_id)
        for line, each in enumerate(found, start=1):
            queries("counts").add_count_line(
                connection,
                fact=f"api/{client_id}#{line}",
                count_id=count_id,
                lot_id=lots[item_named(connection, each.item)["id"], each.lot_number, each.owner],
                serial=each.serial,
                place_id=places[each.place],
                quantity=each.quantity,
                counted_by=actor,
                counted_at=counted_at,
                latest_at=latest_of(counted_at, at),
                expires_on=each.expires_on,
                expires_hour=None,
            )
        answer(connection, "counted", client_id, request, number, actor=actor)
        return _shown(connection, count_id)


def store_count_scan(
    connection: Connection,
    scan: ScanTransaction,
    said_at: str,
    evidence_id: int,
    *,
    gateway: str,
    owner: str = HOUSE,
) -> None:
    """Write down what was scanned in counting: into the open count that it names or that is about its place.

    If there is none, one is opened. What cannot be told apart becomes an exception case.
    """
    if fault := count_fault(connection, gateway, scan.from_place):
        open_case(connection, Case(Why.OUTSIDE_SITE, said_at, fault, evidence_id=evidence_id))
        return
    places = list(queries("movements").known_places(connection, names=[scan.from_place or ""]))
    keys = sorted({key for line in scan.lines for key in keys_of_scan(line.names)})
    known = KnownCode.of(queries("movements").known_items(connection, keys=keys))
    found = [(number, line, known.items_of(keys_of_scan(line.names))) for number, line in enumerate(scan.lines, 1)]
    lines = [(number, line, items[0]) for number, line, items in found if len(items) == 1 and line.lot]
    if places and places[0]["kind"] not in INTERNAL:
        places = []
    if len(lines) < len(scan.lines) or not places:
        text = (
            f"count of {scan.from_place or 'no place'} by {scan.operator}: not all of it names a place of the house, "
            "an item and a lot that are known; add what is missing and count again, or add the findings by hand"
        )
        open_case(connection, Case("count_not_read", said_at, text, evidence_id=evidence_id))
    if not lines or not places:
        return
    place = places[0]
    labels = [Label(item.item_id, line.lot or "", owner, None) for _, line, item in lines]
    lots = lots_of(connection, labels)
    count_id = queries("counts").open_count_of(connection, number=scan.order, place_id=place["id"])
    if count_id is None:
        count_id = _open(connection, place, None, scan.operator)
    for (number, line, item), label in zip(lines, labels, strict=True):
        queries("counts").add_count_line(
            connection,
            fact=f"{said_at}#{number}",
            count_id=count_id,
            lot_id=lots[label.item_id, label.lot_number, label.owner],
            serial=serial_of_unit(line.names, line.serial, item.base_units),
            place_id=place["id"],
            quantity=line.quantity * item.base_units,
            counted_by=scan.operator,
            counted_at=scan.stamp.at,
            latest_at=None,
            expires_on=line.expires_on,
            expires_hour=line.expires_hour,
        )


def decide_count(database: Database, number: str, *, approve: bool, reason: str, actor: str) -> Row:
    """Approve a count, which books the differences, or reject it, which changes nothing.

    Raises ``NotFound``, ``Conflict`` if it was decided or there is nothing to approve, ``NotAllowed`` to who counted.
    """
    with database.transaction() as connection:
        difference = ensure_difference_place(connection) if approve else 0
        lines = list(queries("counts").count_lines(connection, count_id=_id_of(connection, number)))
        if approve:
            place_ids = {difference, *(line["place_id"] for line in lines)}
            lock_for_booking(connection, lot_ids=[line["lot_id"] for line in lines], place_ids=place_ids)
            lock_lots(connection, [line["lot_id"] for line in lines])
        count_id = _lock_open(connection, number)
        count = queries("counts").count_by_id(connection, count_id=count_id)
        counters = frozenset(row["counted_by"] for row in queries("counts").counted_by(connection, count_id=count_id))
        if fault := fault_of_count_decision(count["opened_by"], counters, actor):
            raise NotAllowed(f"count {number}: {fault}", "Ask a colleague who did not count.")
        if approve and not counters:
            raise Conflict(f"nothing was counted for {number}", "Count first, or reject the count.")
        again = list(queries("counts").count_lines(connection, count_id=count_id))
        if {line["lot_id"] for line in again} != {line["lot_id"] for line in lines}:
            raise Conflict(f"count {number} is still going on", "Read what was found, and decide again.")
        if approve:
            _check_counted_as_asked(connection, count, again)
            _check_two_approve(connection, number, again, counters | {count["opened_by"]})
        add_event(
            connection,
            actor=actor,
            kind="count_approved" if approve else "count_rejected",
            subject=f"count:{number}",
            reason=reason,
            data={"differences": {_position(line): line["counted"] - line["expected"] for line in again}},
        )
        decision = "approved" if approve else "rejected"
        queries("counts").decide_count(
            connection, count_id=count_id, decision=decision, decided_by=actor, reason=reason
        )
        _keep_results(connection, count_id, again)
        if approve:
            found = queries("counts").labels_found(connection, count_id=count_id)
            lots_of(connection, [Label(**row) for row in found])  # what the labels said counts from now on
            settle_counts(connection, [(line["lot_id"], line["serial"], line["place_id"]) for line in again])
        return _shown(connection, count_id)


def _check_goes_on(connection: Connection, count_id: int) -> None:
    row = queries("counts").count_by_id(connection, count_id=count_id)
    if row["finished_at"] is not None:
        raise Conflict(f"{row['finished_by']} has ended the counting of {row['number']}", "Open another count.")


def _check_counted_as_asked(connection: Connection, count: Row, lines: Sequence[Row]) -> None:
    """Blind counts end before they are approved, and what the house has counted by two, two have found alike."""
    if count["is_blind"] and count["finished_at"] is None:
        raise Conflict(
            f"the blind count {count['number']} still goes on",
            "End the counting first; then what was expected is shown.",
        )
    schedules = schedules_asking(queries("controlled").rules(connection), "double_count")
    rows = queries("controlled").findings_of_controlled(connection, count_id=count["id"], schedules=sorted(schedules))
    found = [
        Found((row["lot_id"], row["place_id"], row["serial"]), f"{row['item']} {row['lot_number']} in {row['place']}",
              row["counted_by"], row["quantity"]) for row in rows
    ]  # fmt: skip
    approved = {(line["lot_id"], line["place_id"], line["serial"]): line["counted"] for line in lines}
    if fault := fault_of_double_count(found, approved):
        raise Conflict(
            f"count {count['number']} is of controlled items: {fault}",
            "Two people count each position, each alone, until two find the same; or reject it and open another.",
        )


def _check_two_approve(connection: Connection, number: str, lines: Sequence[Row], but: frozenset[str]) -> None:
    lot_ids = [line["lot_id"] for line in lines]
    rows = queries("signatures").schedules_of_lots(connection, lot_ids=lot_ids)
    items = {row["lot_id"]: row for row in rows}
    goods = [{**items[line["lot_id"]], "units": line["counted"] - line["expected"]} for line in lines]
    counted_at = max(line["counted_at"] for line in lines)
    check_two_approve(connection, RecordKind.COUNT, number, goods, at=counted_at, but=but)


def count_now(database: Database, number: str) -> Row:
    """A count with what was found, what was expected, and what nobody has counted. Raises ``NotFound``."""
    with database.transaction() as connection:
        return _shown(connection, _id_of(connection, number))


def list_counts(
    database: Database, *, only_open: bool, place: str | None, rows_max: int, rows_skipped: int = 0
) -> list[Row]:
    """Counts, the latest first."""
    with database.transaction() as connection:
        return list(
            queries("counts").counts(
                connection, only_open=only_open, place=place, rows_max=rows_max, rows_skipped=rows_skipped
            )
        )


def _open(connection: Connection, place: Row, number: str | None, actor: str) -> int:
    if place["kind"] not in INTERNAL:
        raise Invalid(f"{place['name']} is a {place['kind']}: stock is counted in a site, room or bin")
    count_id: int | None = queries("counts").add_count(connection, number=number, place_id=place["id"], opened_by=actor)
    if count_id is None:
        raise Conflict(f"there is a count {number} already", "Choose another number, or leave it out.")
    row = queries("counts").count_by_id(connection, count_id=count_id)
    blind = schedules_asking(queries("controlled").rules(connection), "blind_count")
    if blind and blind & {
        each["schedule"] for each in queries("controlled").schedules_at(connection, place_id=place["id"])
    }:
        queries("controlled").make_blind(connection, count_id=count_id)
    add_event(
        connection, actor=actor, kind="count_opened", subject=f"count:{row['number']}", data={"place": place["name"]}
    )
    return count_id


def _lock_open(connection: Connection, number: str) -> int:
    count_id: int | None = queries("counts").lock_count(connection, number=number)
    if count_id is None:
        raise NotFound(f"there is no count {number}", "See GET /v1/counts for those there are.")
    row = queries("counts").count_by_id(connection, count_id=count_id)
    if row["decision"] is not None:
        raise Conflict(f"count {number} was {row['decision']} by {row['decided_by']}", "Open another count.")
    return count_id


def _id_of(connection: Connection, number: str) -> int:
    count_id: int | None = queries("counts").count_id(connection, number=number)
    if count_id is None:
        raise NotFound(f"there is no count {number}", "See GET /v1/counts for those there are.")
    return count_id


def _place_in(connection: Connection, number: str, name: str) -> int:
    count = queries("counts").count_by_id(connection, count_id=_id_of(connection, number))
    place = place_named(connection, name)
    if count["place_id"] not in place["ancestors"]:
        raise Invalid(f"{name} is not in {count['place']}, which is what {number} counts")
    return int(place["id"])


def _label(connection: Connection, found: CountFinding) -> Label:
    units = units_of_serial(connection, found.item, found.serial)
    if found.serial and found.quantity not in (0, units):
        raise Invalid(f"serial {found.serial} was found {found.quantity} times: it is there ({units}) or not (0)")
    if queries("master_data").owner_by_name(connection, name=found.owner) is None:
        raise NotFound(f"there is no owner {found.owner}", "See GET /v1/owners for those there are.")
    return Label(item_named(connection, found.item)["id"], found.lot_number, found.owner, None)


def _keep_results(connection: Connection, count_id: int, lines: Sequence[Row]) -> None:
    queries("counts").add_count_results(
        connection,
        count_id=count_id,
        lot_ids=[line["lot_id"] for line in lines],
        serials=[line["serial"] for line in lines],
        place_ids=[line["place_id"] for line in lines],
        counted=[line["counted"] for line in lines],
        expected=[line["expected"] for line in lines],
    )


def _position(line: Row) -> str:
    return f"lot:{line['lot_id']}/{line['serial']}/place:{line['place_id']}"


def _shown(connection: Connection, count_id: int) -> Row:
    row: Row = queries("counts").count_by_id(connection, count_id=count_id)
    lines = [
        {**line, "difference": line["counted"] - line["expected"]}
        for line in queries("counts").count_lines(connection, count_id=count_id)
    ]
    left = list(queries("counts").not_counted(connection, count_id=count_id, rows_max=NOT_COUNTED_MAX))
    if row["is_blind"] and row["finished_at"] is None and row["decision"] is None:
        lines = [{**line, "counted": None, "expected": None, "difference": None} for line in lines]
        left = [{**each, "quantity": None} for each in left]
    return {**row, "lines": lines, "not_counted": left}
