"""Booking: movements go in, and everything that follows from them is right again before the transaction ends."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import psycopg

from cloud_sync.domain.booking import (
    CURABLE,
    HOUSE,
    OWN_PLACES,
    BookingLine,
    Decided,
    KnownCode,
    NewMovement,
    NotBooked,
    Why,
    decide,
    is_issue,
)
from cloud_sync.posting.cases import Case, close_case, open_case
from cloud_sync.posting.counts import Stock, as_movements, recount
from cloud_sync.posting.holds import reach_lots
from cloud_sync.posting.interop.concealed import check_counted
from cloud_sync.posting.interop.packages import is_told, unpacked
from cloud_sync.posting.lots import LotKey, key_of, receive, received_lots
from cloud_sync.posting.monitoring.exposures import expose_lots
from cloud_sync.posting.order_matching import match_orders, may_hold
from cloud_sync.posting.position_cases import sync_duplicate_serials, sync_negative_balances
from cloud_sync.posting.quality_control.gates import Consumed, tell_consumption
from cloud_sync.posting.recall_scope import reach_recalls, redo_reaches
from cloud_sync.posting.reservations.broken_reservations import break_reservations
from cloud_sync.posting.reservations.reservation_moves import move_reservations
from cloud_sync.posting.serials.theft import check_moved
from cloud_sync.posting.site_scope import out_of_scope
from cloud_sync.posting.typed_times import doubt_typed_times
from cloud_sync.storage.columns import Column
from cloud_sync.storage.database import Connection, Row
from cloud_sync.storage.locks import lock_holds, lock_lots, lock_orders, share_holds, share_rooms
from cloud_sync.storage.queries import queries
from edge_agent.domain.wire.records import Action

BY_NAME = "item:"
"""Begins what is no code on a label, but the name of an item."""
FOR_A_PATIENT = frozenset({Action.PICK, Action.DISPENSE})
"""What may be done with stock made for one prescription, for an order with it."""


@dataclass(frozen=True, slots=True)
class EventLine:
    """A scanned line, the event it belongs to, the evidence it was read from, and whether its time is known."""

    line: BookingLine
    event_id: int
    evidence_id: int | None = None
    is_timed: bool = True


def lock_for_booking(connection: Connection, *, lot_ids: Iterable[int], place_ids: Iterable[int]) -> None:
    """Take the lock on holds that booking these lots between these places needs, before anything is decided on.

    Shared as a rule. Alone where production is involved: there the exposure of one lot decides on that of others, which
    a booking beside us could be moving.
    """
    lots, places = list(lot_ids), list(place_ids)
    _share_or_own(
        connection,
        lambda: queries("movements").lots_touch_production(connection, place_ids=places, lot_ids=lots),
    )
    share_rooms(connection, place_ids=places)


def book(connection: Connection, movements: Iterable[NewMovement], *, event_id: int) -> frozenset[str]:
    """Book ``movements`` and bring balances, residencies, exposures and negative-balance cases up to date.

    Gives the facts that were new; one that was booked before is left as it is. Takes the locks it needs; a caller that
    decides on holds first calls :func:`lock_for_booking` before that.
    """
    return _book(connection, [(movement, event_id) for movement in movements])


def book_each(connection: Connection, movements: Sequence[tuple[NewMovement, int]]) -> frozenset[str]:
    """Like :func:`book`, for movements that each have an event of their own."""
    return _book(connection, movements)


def book_lines(
    connection: Connection, lines: Sequence[EventLine], *, owner: str = HOUSE, is_confirmed: bool = False
) -> None:
    """Book scanned lines; those that cannot be booked become exception cases that hold the whole line."""
    if not lines:
        return
    lines = _unpacked(connection, lines)
    _share_or_own(
        connection, lambda: _touch_production(connection, lines) or may_hold(connection, [each.line for each in lines])
    )
    share_rooms(
        connection,
        place_names={place for each in lines for place in (each.line.from_place, each.line.to_place) if place},
    )
    lock_orders(connection, [each.line.order or "" for each in lines])
    _ensure_own_places(connection, lines)
    known = _known(connection, [each.line for each in lines])
    decided: list[tuple[Decided, EventLine]] = []
    for each, decision in zip(
        lines, _decided(connection, [each.line for each in lines], known, owner, is_confirmed), strict=True
    ):
        if isinstance(decision, NotBooked):
            open_case(connection, _case_of(decision, each))
        else:
            decided.append((decision, each))
    evidence: dict[LotKey, int | None] = {}
    received_at: dict[LotKey, datetime] = {}
    for decision, each in decided:
        key = key_of(decision.label)
        evidence[key] = each.evidence_id
        received_at[key] = min(each.line.at, received_at.get(key, each.line.at))
    lots = received_lots(
        connection, [decision.label for decision, _ in decided], evidence=evidence, received_at=received_at
    )
    movements = [
        (movement, each)
        for decision, each in decided
        for movement in decision.movements(lots.ids[key_of(decision.label)])
    ]
    book_told(connection, movements)
    receive(connection, lots.made)


def book_told(connection: Connection, movements: Sequence[tuple[NewMovement, EventLine]]) -> frozenset[str]:
    """Book what happened, also where it contradicts the ledger: that becomes cases. Gives the facts that were new.

    The caller owns the orders and what :func:`lock_for_booking` locks.
    """
    at_fault = _faults_at_issue(connection, movements)
    booked = _book(connection, [(movement, each.event_id) for movement, each in movements])
    for case in at_fault:
        if case.key in booked:
            open_case(connection, case)
    tell_consumption(connection, [_consumed(*each) for each in movements if _is_consumed(*each, booked)])
    new = [(movement, each.evidence_id) for movement, each in movements if movement.fact in booked]
    match_orders(connection, new)
    return booked


def _is_consumed(movement: NewMovement, each: EventLine, booked: frozenset[str]) -> bool:
    return movement.action == Action.CONSUME and movement.fact in booked


def _consumed(movement: NewMovement, each: EventLine) -> Consumed:
    return Consumed(
        movement.fact, movement.lot_id, movement.to_place, movement.operator, movement.occurred_at, each.evidence_id
    )


def _unpacked(connection: Connection, lines: Sequence[EventLine]) -> list[EventLine]:
    """Packages replaced by what is in them."""
    return [
        each if line is each.line else replace(each, line=line)
        for each in lines
        for line in unpacked(connection, each.line)
    ]


def rebook_packages(connection: Connection, *, actor: str) -> int:
    """Book the packages that waited for somebody to tell what is in them; gives how many.

    Call it in the transaction that keeps the partner's events, after keeping them.
    """
    if not queries("epcis").packages_wait(connection):
        return 0
    lock_holds(connection)
    cases = list(queries("cases").open_cases_of_kinds(connection, kinds=[Why.UNKNOWN_PACKAGE.value]))
    told = [
        (case, line)
        for case, line, _ in _decided_again(connection, cases, HOUSE)
        if is_told(line.line, unpacked(connection, line.line))
    ]
    for case, _ in told:
        close_case(connection, case["id"], actor=actor, resolution="its sender has told what is in it")
    book_lines(connection, [line for _, line in told])
    return len(told)


def known_codes(connection: Connection, keys: Iterable[str]) -> KnownCode:
    """What these keys of codes stand for. ``item:NAME``, as other systems say it, is the item of that name."""
    wanted = sorted(set(keys))
    items = list(queries("movements").known_items(connection, keys=wanted))
    if names := [key.removeprefix(BY_NAME) for key in wanted if key.startswith(BY_NAME)]:
        items += queries("movements").items_by_name(connection, names=names)
    return KnownCode.of(items)


def ensure_own_place(connection: Connection, name: str) -> int:
    """The id of a place that the ledger makes itself when it needs it."""
    title, kind = OWN_PLACES[name]
    queries("movements").add_own_place(connection, name=name, title=title, kind=kind)
    (row,) = queries("movements").known_places(connection, names=[name])
    return int(row["id"])


def rebook_cases(connection: Connection, *, actor: str, owner: str = HOUSE) -> int:
    """Book the lines that waited for an item, a GTIN or a place, as if it had always been known; gives how many.

    Call it in the transaction that adds the master data, after adding it: it waits for scans under way, so that none of
    them slips through between.
    """
    lock_holds(connection)
    cases = list(queries("cases").open_cases_of_kinds(connection, kinds=[why.value for why in CURABLE]))
    cured = [
        (case, line)
        for case, line, decision in _decided_again(connection, cases, owner)
        if not (isinstance(decision, NotBooked) and decision.why.value == case["kind"])
    ]
    for case, _ in cured:
        close_case(connection, case["id"], actor=actor, resolution="what was unknown has been added")
    book_lines(connection, [line for _, line in cured], owner=owner)
    return len(cured)


def book_line_of_case(connection: Connection, case: Row, *, owner: str = HOUSE) -> str:
    """Book the scanned line that an open case holds, with what is known now; gives why that is not possible, or ''.

    Whoever asks confirms it where its gateway may not speak for the place. The caller closes the case if it was booked.
    """
    lock_holds(connection)
    is_confirmed = case["kind"] == Why.OUTSIDE_SITE
    ((_, line, decision),) = _decided_again(connection, [case], owner, is_confirmed)
    if isinstance(decision, NotBooked):
        return decision.text
    book_lines(connection, [line], owner=owner, is_confirmed=is_confirmed)
    return ""


def _decided_again(
    connection: Connection, cases: Sequence[Row], owner: str, is_confirmed: bool = False
) -> list[tuple[Row, EventLine, Decided | NotBooked]]:
    """What these cases hold and what would be decided on it now."""
    said = [BookingLine.from_data(case["data"]["line"]) for case in cases]
    times = queries("clocks").true_times(connection, facts=[line.fact for line in said])
    true_at = {row["fact"]: row["at"] for row in times}
    lines = [replace(line, at=true_at.get(line.fact) or line.at) for line in said]
    known = _known(connection, lines)
    found: list[tuple[Row, EventLine, Decided | NotBooked]] = []
    for case, line, decision in zip(cases, lines, _decided(connection, lines, known, owner, is_confirmed), strict=True):
        is_timed = line.fact not in true_at or true_at[line.fact] is not None
        said_line = EventLine(line, case["data"]["event"], case["evidence_id"], is_timed)
        found.append((case, said_line, decision))
    return found


def _decided(
    connection: Connection, lines: Sequence[BookingLine], known: KnownCode, owner: str, is_confirmed: bool
) -> list[Decided | NotBooked]:
    decisions = [decide(line, known, owner) for line in lines]
    if is_confirmed:
        return decisions
    silenced = out_of_scope(connection, [each.line for each in decisions if not isinstance(each, NotBooked)])
    return [silenced.get(each.line.fact, each) for each in decisions]


def retime(connection: Connection, wrong: Iterable[Row]) -> None:
    """Let movements (``id``, ``lot_id``, ``serial``, places) have happened at ``at``, and all that follows.

    Where that is not known, ``earliest_at`` and ``latest_at`` say between which instants it was.
    """
    moved = list(wrong)
    if not moved:
        return
    lock_holds(connection)
    lock_lots(connection, {row["lot_id"] for row in moved})
    queries("clocks").correct_movements(
        connection,
        ids=[row["id"] for row in moved],
        **{name: [row[name] for row in moved] for name in ("at", "earliest_at", "latest_at")},
    )
    _follow(connection, moved)
    redo_reaches(connection)


def settle_counts(connection: Connection, positions: Sequence[Stock]) -> None:
    """Let an approved count of these positions be true, and all that follows. The caller owns the lots."""
    if not positions:
        return
    rows = [
        {"lot_id": lot, "serial": serial, "from_place": place, "to_place": place} for lot, serial, place in positions
    ]
    _follow(connection, rows)
    reach_recalls(connection, {lot for lot, _, _ in positions})


def _share_or_own(connection: Connection, touches_production: Callable[[], bool]) -> None:
    if not touches_production():
        with connection.transaction() as attempt:
            share_holds(connection)
            if not touches_production():
                return
            # Somebody made it so while we waited. Rolling back gives the shared lock back, so that we never wait for
            # the other one with it in our hands.
            raise psycopg.Rollback(attempt)
    lock_holds(connection)


def _touch_production(connection: Connection, lines: Sequence[EventLine]) -> bool:
    touches: bool = queries("movements").lines_touch_production(
        connection,
        place_names=Column({place for each in lines for place in (each.line.from_place, each.line.to_place) if place}),
        keys=Column({key for each in lines for key in each.line.keys}),
        lot_numbers=Column({each.line.lot for each in lines if each.line.lot}),
    )
    return touches


def _ensure_own_places(connection: Connection, lines: Sequence[EventLine]) -> None:
    for name in sorted({each.line.to_place or "" for each in lines} & OWN_PLACES.keys()):
        ensure_own_place(connection, name)


def _known(connection: Connection, lines: Sequence[BookingLine]) -> KnownCode:
    known = known_codes(connection, {key for line in lines for key in line.keys})
    names = {place for line in lines for place in (line.from_place, line.to_place) if place}
    places = queries("movements").known_places(connection, names=sorted(names))
    return replace(known, places={row["name"]: row["id"] for row in places})


def _case_of(decision: NotBooked, each: EventLine) -> Case:
    data = {"line": decision.line.as_data(), "event": each.event_id}
    return Case(decision.why.value, decision.line.fact, decision.text, evidence_id=each.evidence_id, data=data)


def _faults_at_issue(connection: Connection, movements: Sequence[tuple[NewMovement, EventLine]]) -> list[Case]:
    """Cases for stock that was handed out though it was held or expired then.

    By what the ledger knows now, before this booking: unlike everything else here, this depends on what came first.
    """
    issues = [(movement, each) for movement, each in movements if is_issue(each.line)]
    if not issues:
        return []
    rows = queries("movements").faults_at_issue(
        connection,
        lot_ids=[movement.lot_id for movement, _ in issues],
        serials=[movement.serial for movement, _ in issues],
        place_ids=[movement.from_place for movement, _ in issues],
        at=[movement.occurred_at if each.is_timed else None for movement, each in issues],
        dispensed_for=[each.line.order if each.line.action in FOR_A_PATIENT else None for _, each in issues],
    )
    cases = []
    for row in rows:
        movement, each = issues[row["number"] - 1]
        text = f"{movement.action} of {movement.quantity} although {row['text']}"
        data = {"operator": movement.operator, "order": movement.order_ref, "fault": row["text"]}
        cases.append(Case(row["kind"], movement.fact, text, movement.lot_id, each.evidence_id, data))
    return cases


def _book(connection: Connection, movements: Sequence[tuple[NewMovement, int]]) -> frozenset[str]:
    if not movements:
        return frozenset()
    lot_ids = {movement.lot_id for movement, _ in movements}
    place_ids = {place for movement, _ in movements for place in (movement.from_place, movement.to_place)}
    lock_for_booking(connection, lot_ids=lot_ids, place_ids=place_ids)
    lock_lots(connection, lot_ids)
    new = list(queries("movements").add_movements(connection, **_columns(movements)))
    if not new:
        return frozenset()
    movement_ids = [row["id"] for row in new]
    queries("movements").add_to_positions(connection, movement_ids=movement_ids)
    _follow(connection, new)
    # What comes out of production is a product that nobody has released, unless it went in before.
    made = queries("movements").lots_from_production(connection, movement_ids=movement_ids)
    break_reservations(connection, [row["lot_id"] for row in made])
    reach_recalls(connection, lot_ids)
    return frozenset(row["fact"] for row in new)


def _follow(connection: Connection, moved: Sequence[Row]) -> None:
    """Everything that follows from when these movements happened."""
    positions = {(row["lot_id"], row["serial"], row[side]) for row in moved for side in ("from_place", "to_place")}
    recounted = recount(connection, positions)
    check_counted(connection, recounted)
    positions |= {(row["lot_id"], row["serial"], row["difference_place"]) for row in recounted}
    touched = sorted(positions)
    columns = {
        "lot_ids": Column(lot_id for lot_id, _, _ in touched),
        "serials": Column(serial for _, serial, _ in touched),
        "place_ids": Column(place_id for _, _, place_id in touched),
    }
    queries("movements").redo_residencies(connection, **columns)
    expose_lots(connection, {row["lot_id"] for row in moved})
    reach_lots(connection, {row["lot_id"] for row in moved})
    doubt_typed_times(connection, lot_ids={row["lot_id"] for row in moved})
    sync_negative_balances(connection, list(queries("movements").negative_balances(connection, **columns)))
    if any(columns["serials"]):
        stays = queries("movements").serials_in_places(
            connection, lot_ids=columns["lot_ids"], serials=columns["serials"]
        )
        sync_duplicate_serials(connection, list(stays))
        check_moved(connection, moved)
    move_reservations(connection, as_movements(recounted))


def _columns(movements: Sequence[tuple[NewMovement, int]]) -> dict[str, Column]:
    each = [movement for movement, _ in movements]
    return {
        "facts": Column(movement.fact for movement in each),
        "lot_ids": Column(movement.lot_id for movement in each),
        "serials": Column(movement.serial for movement in each),
        "quantities": Column(movement.quantity for movement in each),
        "from_places": Column(movement.from_place for movement in each),
        "to_places": Column(movement.to_place for movement in each),
        "occurred_at": Column(movement.occurred_at for movement in each),
        "actions": Column(movement.action for movement in each),
        "operators": Column(movement.operator for movement in each),
        "order_refs": Column(movement.order_ref for movement in each),
        "event_ids": Column(event_id for _, event_id in movements),
        "latest_at": Column(movement.latest_at for movement in each),
    }
