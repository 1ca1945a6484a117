"""What was booked, held against the orders it names: reservations are kept, discrepancies become holds and cases.

The physical fact stands whatever comes out here. Call :func:`match_orders` in the transaction that books, after it.
Locks: the caller owns the orders that the movements name (``locks.lock_orders``) and the lots; reservations are
locked here.
"""

from collections.abc import Sequence
from datetime import date, timedelta, tzinfo

from cloud_sync.domain.booking import BookingLine, NewMovement
from cloud_sync.domain.movements import INTERNAL
from cloud_sync.domain.orders import OrderKind, fault_of_performing
from cloud_sync.domain.trace import RECIPIENTS, SUPPLIERS
from cloud_sync.posting.cases import LEDGER, Case, open_case
from cloud_sync.posting.governance.agreements import agreements_of, expired_on, note_receipt
from cloud_sync.posting.holds import hold_what_came, reach_holds
from cloud_sync.posting.interop.loggers import reasons_by_logger
from cloud_sync.posting.interop.partners import traced_items, why_not
from cloud_sync.posting.interop.receipt_checks import tell_duplicate
from cloud_sync.posting.interop.tracing import trace_movements
from cloud_sync.posting.reservations.order_state import OrderNow, orders_now
from cloud_sync.posting.reservations.reservation_moves import (
    end_part,
    move_reservation,
    move_reservations,
    release_excess,
)
from cloud_sync.storage.columns import Column
from cloud_sync.storage.database import Connection, Row
from cloud_sync.storage.events import add_event
from cloud_sync.storage.queries import queries
from edge_agent.domain.stock.expiry import day_of, zone_named
from edge_agent.domain.stock.receiving import (
    Delivered,
    Expected,
    Finding,
    FindingCode,
    ItemFacts,
    OrderFacts,
    findings_of,
)
from edge_agent.domain.wire.records import Action

MISMATCH = "order_mismatch"

DISCREPANCY = "receipt_discrepancy"

EAST_MAX = timedelta(hours=14)
"""No place on earth is further ahead of UTC."""

RETURN = "return"
"""Origin of holds on returned stock."""

TRADING = "trading_partner"
"""Origin of holds on what came from a partner that is not authorised (DSCSA)."""

Booked = Sequence[tuple[NewMovement, int | None]]
"""Movements that were new, and the evidence each was read from."""

_ABOUT_ORDER = frozenset(
    {FindingCode.NO_SUCH_ORDER, FindingCode.UNEXPECTED_ITEM, FindingCode.WRONG_LOT, FindingCode.OVER_DELIVERY}
)

_HOLDS_LOT = frozenset(
    {FindingCode.UNEXPECTED_ITEM, FindingCode.WRONG_LOT, FindingCode.DUPLICATE_SERIAL, FindingCode.MISSING_SERIAL}
)
"""Findings whose case names the lot, and so holds it until a person has resolved it."""

_TOLD_OTHERWISE = frozenset({FindingCode.MISSING_EXPIRY, FindingCode.WRONG_EXPIRY, FindingCode.SUPPLIER_NOT_QUALIFIED})
"""Findings that show elsewhere: stock without expiry may not be issued, there is a case of its own for labels that
disagree, and a hold for the supplier."""

_HELD_WHEN_IT_COMES_IN = RECIPIENTS | SUPPLIERS

_LEAVING = frozenset({Action.PICK, Action.SHIP, Action.DISPENSE, Action.CONSUME})


def may_hold(connection: Connection, lines: Sequence[BookingLine]) -> bool:
    """Whether booking these lines may place a hold, for which the transaction has to own the holds."""
    from_places = {line.from_place for line in lines if line.from_place}
    to_places = {line.to_place for line in lines if line.to_place}
    return bool(from_places) and bool(
        queries("orders").lines_may_hold(
            connection,
            keys=Column({key for line in lines for key in line.keys}),
            from_places=sorted(from_places),
            to_places=sorted(to_places),
            last_day=day_of(max(line.at for line in lines) + EAST_MAX),
        )
    )


def match_orders(connection: Connection, booked: Booked) -> None:
    """Keep reservations that ``booked`` movements fulfil, hold what has to be looked at, open cases for what is wrong.

    Reservations of stock that was moved within the house go with it; those of stock that left are broken.
    """
    place_ids = {place for movement, _ in booked for place in (movement.from_place, movement.to_place)}
    places = {row["id"]: row for row in queries("orders").place_facts(connection, place_ids=sorted(place_ids))}
    concerned = [each for each in booked if _is_concerned(each[0], places[each[0].from_place]["kind"])]
    held = _match(connection, concerned, places) if concerned else []
    _note_agreements(connection, concerned, places)
    reach_holds(connection, held)
    move_reservations(connection, [movement for movement, _ in booked])
    trace_movements(connection, [movement for movement, _ in booked], places)


def _note_agreements(connection: Connection, concerned: Booked, places: dict[int, Row]) -> None:
    """Open a case for each agreement that was over when goods of its supplier came in."""
    came = [(movement, places[movement.to_place]) for movement, _ in concerned
            if places[movement.from_place]["kind"] in SUPPLIERS]  # fmt: skip
    if not came:
        return
    rows = agreements_of(connection, sorted({movement.from_place for movement, _ in came}))
    for movement, to_place in came if rows else ():
        day = day_of(movement.occurred_at, zone_named(to_place["zone"]))
        for row in expired_on((each for each in rows if each["supplier_id"] == movement.from_place), day):
            note_receipt(connection, row)


def _is_concerned(movement: NewMovement, from_kind: str) -> bool:
    return bool(
        movement.order_ref or movement.action in (Action.RECEIVE, Action.RETURN) or from_kind in _HELD_WHEN_IT_COMES_IN
    )


def _match(connection: Connection, concerned: Booked, places: dict[int, Row]) -> list[int]:
    """Gives the holds that were placed, or got more goods."""
    numbers = sorted({movement.order_ref for movement, _ in concerned if movement.order_ref})
    orders = orders_now(connection, numbers)
    lots = _lots(connection, [movement.lot_id for movement, _ in concerned])
    # The orders count all of these movements already; an over-delivery shows from the first that is too much.
    later = _quantities(concerned, lots)
    held: list[int] = []
    facts = _receipt_facts(connection, [movement for movement, _ in concerned], places)
    untraded = _not_authorised(connection, [movement for movement, _ in concerned], lots, places)
    for number, (movement, evidence_id) in enumerate(concerned):
        later[movement.order_ref, movement.action, lots[movement.lot_id]["item_id"]] -= movement.quantity
        order = orders.get(movement.order_ref)
        matching = _Matching(
            connection, movement, evidence_id, order, places, lots[movement.lot_id], facts.get(number),
            untraded.get(number, ""),
        )  # fmt: skip
        if movement.action == Action.RECEIVE:
            matching.receive(later[movement.order_ref, movement.action, lots[movement.lot_id]["item_id"]])
        elif movement.action == Action.RETURN:
            matching.take_back()
        elif movement.action in _LEAVING:
            matching.fulfil_reservations()
        elif movement.action == Action.DESTROY and order is not None:
            matching.check_allowed()
        held += matching.hold_what_came_in()
    return held


class _Matching:
    """One movement, and all that is needed to judge it."""

    def __init__(
        self,
        connection: Connection,
        movement: NewMovement,
        evidence_id: int | None,
        order: OrderNow | None,
        places: dict[int, Row],
        lot: Row,
        receipt_facts: Row | None,
        not_authorised: str,
    ) -> None:
        self.connection = connection
        self.movement = movement
        self.evidence_id = evidence_id
        self.order = order
        self.from_place = places[movement.from_place]
        self.to_place = places[movement.to_place]
        self.lot = lot
        self.receipt_facts = receipt_facts
        self.not_authorised = not_authorised
        self.held: list[int] = []

    def receive(self, counted_later: int) -> None:
        """Check a receipt."""
        movement, facts = self.movement, self._facts
        self.check_allowed()
        delivered = Delivered(
            item=facts["item"],
            quantity=movement.quantity,
            lot=facts["lot_number"],
            serial=movement.serial or None,
            expires_on=facts["expires_on"],
            expires_at=facts["expires_at"],
        )
        expected = self._expected(facts, counted_later)
        for finding in findings_of(delivered, expected, at=movement.occurred_at, zone=self._zone):
            self._tell(finding)

    def hold_what_came_in(self) -> list[int]:
        """Hold what quality has to see first: receipts, and what came back. By its places, whatever it was called.

        Gives the holds.
        """
        movement, from_kind = self.movement, self.from_place["kind"]
        if from_kind in RECIPIENTS and self.to_place["kind"] in INTERNAL:
            text = f"returned from {self.from_place['name']}: not decided on yet"
            self._hold("manual", text, RETURN)
        if from_kind not in SUPPLIERS:
            return self.held
        facts = self._facts
        if self.order is not None:
            for reason, origin in reasons_by_logger(self.connection, self.order.number, facts["item_id"]):
                self._hold("exception", reason, origin)
        if facts["receipt_inspection"]:
            self._hold("receipt_inspection", f"received from {facts['from_place']}: not inspected yet")
        if not _is_qualified(facts, day_of(movement.occurred_at, self._zone)):
            self._hold("supplier", f"supplier {facts['from_place']} is not qualified: {_why_not(facts)}")
        if self.not_authorised:
            text = f"{facts['from_place']} is not an authorised trading partner: {self.not_authorised}"
            self._hold("supplier", text, TRADING)
        return self.held

    def take_back(self) -> None:
        """Check a return."""
        if self.order is not None:
            self.check_allowed()
            self._check_asked_for(Action.RETURN)

    def fulfil_reservations(self) -> None:
        """End the reservations that the movement fulfils; reserve picked stock for the same demand where it is now."""
        movement = self.movement
        left = movement.quantity
        reservations = list(queries("orders").lock_reservations_of(self.connection, demand=movement.order_ref))
        for reservation in reservations:
            if left == 0:
                break
            here = (reservation["lot_id"], reservation["place_id"], reservation["serial"])
            if here != (movement.lot_id, movement.from_place, movement.serial):
                continue
            taken = min(left, reservation["quantity"])
            left -= taken
            text = f"{movement.action} to {self.to_place['name']} by {movement.operator}"
            end_part(self.connection, reservation, taken, "picked", text, actor=LEDGER)
            if self.to_place["kind"] in INTERNAL:
                move_reservation(self.connection, reservation, taken, self.to_place["id"])
        if self.order is not None and self.order.kind is not OrderKind.PURCHASE:
            self._check_issue(left, reservations)

    def check_allowed(self) -> None:
        """A case if the order was not to be carried out, or not by this person."""
        if self.order is None:
            return
        fault = fault_of_performing(self.order.kind, self.order.taken, self.movement.operator)
        if fault is not None:
            self._case(MISMATCH, "not_allowed", f"{self.movement.action} for {self.order.number}, but {fault[0]}")

    def _check_issue(self, unreserved: int, reservations: list[Row]) -> None:
        assert self.order is not None  # noqa: S101
        self._check_asked_for(Action(self.movement.action))
        elsewhere = sorted(
            f"{reservation['quantity']} of lot {reservation['lot_number']}"
            for reservation in reservations
            if reservation["item_id"] == self.lot["item_id"]
            and (reservation["lot_id"], reservation["place_id"]) != (self.movement.lot_id, self.movement.from_place)
        )
        if unreserved and elsewhere:
            text = (
                f"{self.movement.action} of {unreserved} of lot {self.lot['lot_number']} from "
                f"{self.from_place['name']} for {self.order.number}, which was reserved {', '.join(elsewhere)}"
            )
            self._case(MISMATCH, "other_lot", text)
        now = orders_now(self.connection, [self.order.number])[self.order.number]
        release_excess(self.connection, now, actor=LEDGER, reason=f"{self.order.number} was filled otherwise")

    def _check_asked_for(self, action: Action) -> None:
        """A case if the order does not ask for this lot, or not for so much."""
        assert self.order is not None  # noqa: S101
        lot, number = self.lot, self.order.number
        about = [
            line for line in self.order.lines if line.is_about(lot["item_id"], lot["lot_number"], self.movement.serial)
        ]
        if not about or lot["owner"] != self.order.row["owner"]:
            text = f"{action} of {lot['item']} lot {lot['lot_number']} for {number}, which does not ask for it"
            self._case(MISMATCH, "unexpected_item", text)
            return
        over = sum(max(0, self.order.filled.by_line[line.line].get(action, 0) - line.wanted) for line in about)
        if over:
            self._case(MISMATCH, "over", f"{action} for {number}: {over} of {lot['item']} more than it asks for")

    @property
    def _facts(self) -> Row:
        assert self.receipt_facts is not None  # noqa: S101 - it is a receipt
        return self.receipt_facts

    @property
    def _zone(self) -> tzinfo:
        """What counts where the goods came to."""
        return zone_named(self.to_place["zone"])

    def _expected(self, facts: Row, counted_later: int) -> Expected:
        number = self.movement.order_ref
        order = None
        if number:
            asked = [line for line in self.order.lines if line.item_id == facts["item_id"]] if self.order else []
            lots = {line.lot_number for line in asked}
            done = (
                sum(self.order.filled.by_line[line.line].get(Action.RECEIVE, 0) for line in asked) if self.order else 0
            )
            wanted = sum(line.wanted for line in asked)
            if self.order and self.order.kind is OrderKind.TRANSFER:
                wanted = sum(self.order.filled.by_line[line.line].get(Action.SHIP, 0) for line in asked)
            order = OrderFacts(
                number=number,
                asks_for_item=bool(asked),
                open_quantity=wanted - (done - counted_later - self.movement.quantity),
                lots=frozenset(lots) if "" not in lots else frozenset(),
            )
        elsewhere = facts["units_of_serial"] > self.movement.quantity
        return Expected(
            item=ItemFacts(facts["item"], facts["expiry_required"], facts["serial_tracked"], facts["receipt_days_min"]),
            supplier=facts["from_place"],
            order=order,
            order_known=self.order is not None,
            serial_at="the house" if elsewhere else None,
        )

    def _tell(self, finding: Finding) -> None:
        if finding.code in _TOLD_OTHERWISE:
            return
        kind = MISMATCH if finding.code in _ABOUT_ORDER else DISCREPANCY
        self._case(kind, finding.code.value, finding.text, holds_lot=finding.code in _HOLDS_LOT)

    def _case(self, kind: str, code: str, text: str, *, holds_lot: bool = False) -> None:
        movement = self.movement
        data = {
            "code": code,
            "order": movement.order_ref,
            "lot": movement.lot_id,
            "serial": movement.serial,
            "quantity": movement.quantity,
            "operator": movement.operator,
        }
        lot_id = movement.lot_id if holds_lot else None
        case = Case(kind, f"{movement.fact}/{code}", text, lot_id, self.evidence_id, data)
        case_id = open_case(self.connection, case)
        if case_id is not None and code == FindingCode.DUPLICATE_SERIAL and self.from_place["kind"] in SUPPLIERS:
            tell_duplicate(self.connection, case_id, movement, self.lot, self.from_place)

    def _hold(self, kind: str, reason: str, origin: str = "receipt") -> None:
        hold_id, is_new = hold_what_came(
            self.connection,
            kind=kind,
            fact=self.movement.fact,
            place_id=self.to_place["id"],
            reason=reason,
            origin=origin,
        )
        self.held.append(hold_id)
        if is_new:
            subject, data = f"lot:{self.movement.lot_id}", {"hold": hold_id, "kind": kind}
            add_event(self.connection, actor=LEDGER, kind="hold_placed", subject=subject, reason=reason, data=data)


def _receipt_facts(connection: Connection, movements: Sequence[NewMovement], places: dict[int, Row]) -> dict[int, Row]:
    """What those of these movements are checked against that are receipts, by their number from 0."""
    receipts = [
        (number, each)
        for number, each in enumerate(movements)
        if each.action == Action.RECEIVE or places[each.from_place]["kind"] in SUPPLIERS
    ]
    if not receipts:
        return {}
    rows = queries("orders").receipt_facts(
        connection,
        lot_ids=Column(each.lot_id for _, each in receipts),
        serials=Column(each.serial for _, each in receipts),
        from_places=Column(each.from_place for _, each in receipts),
        zones=Column(places[each.to_place]["zone"] for _, each in receipts),
    )
    return {receipts[row["number"] - 1][0]: row for row in rows}


def _not_authorised(
    connection: Connection, movements: Sequence[NewMovement], lots: dict[int, Row], places: dict[int, Row]
) -> dict[int, str]:
    """Why those of these movements, by their number from 0, that bring traced products come from no authorised
    partner."""
    came = [(number, each) for number, each in enumerate(movements) if places[each.from_place]["kind"] in SUPPLIERS]
    traced = traced_items(connection, (lots[each.lot_id]["item_id"] for _, each in came))
    faults: dict[date, dict[int, str]] = {}
    found: dict[int, str] = {}
    for number, each in came:
        if lots[each.lot_id]["item_id"] not in traced:
            continue
        day = day_of(each.occurred_at, zone_named(places[each.to_place]["zone"]))
        if day not in faults:
            faults[day] = why_not(connection, {other.from_place for _, other in came}, day)
        found[number] = faults[day][each.from_place]
    return found


def _lots(connection: Connection, lot_ids: Sequence[int]) -> dict[int, Row]:
    rows = queries("orders").items_of_lots(connection, lot_ids=sorted(set(lot_ids)))
    return {row["id"]: row for row in rows}


def _quantities(booked: Booked, lots: dict[int, Row]) -> dict[tuple[str, str, int], int]:
    total: dict[tuple[str, str, int], int] = {}
    for movement, _ in booked:
        key = (movement.order_ref, movement.action, lots[movement.lot_id]["item_id"])
        total[key] = total.get(key, 0) + movement.quantity
    return total


def _is_qualified(facts: Row, day: date) -> bool:
    if facts["status"] is None:
        return True  # nobody keeps this supplier's qualification here
    until = facts["qualified_until"]
    return facts["status"] == "qualified" and (until is None or day <= until)


def _why_not(facts: Row) -> str:
    if facts["status"] != "qualified":
        return f"{facts['status']}{': ' + facts['note'] if facts['note'] else ''}"
    return f"its qualification ended on {facts['qualified_until']}"
