"""Verdicts at the dock from what the gateway knows, by the same rules as the ledger's."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta, tzinfo

from edge_agent.buffer.desk_store import said_age
from edge_agent.dock.offline_stock import (
    LotNow,
    OfflineStock,
    best_of,
    blocks_at,
    lot_by_label,
    reserved_at,
    with_earlier_expiry,
)
from edge_agent.dock.verdicts import Described, Doing, Verdict
from edge_agent.domain.barcodes.item_codes import named, package_in
from edge_agent.domain.stock.desk import DeskItem, DeskOrder, DeskPlace, DeskSupplier
from edge_agent.domain.stock.eligibility import ISSUING, Context, HoldFact, Reason, ReasonCode, Stock, reasons_not_to
from edge_agent.domain.stock.expiry import day_of, expiry_of
from edge_agent.domain.stock.receiving import (
    Delivered,
    Expected,
    FindingCode,
    ItemFacts,
    OrderFacts,
    Severity,
    findings_of,
)
from edge_agent.domain.wire.records import Action, ScanLine, Stamp
from edge_agent.timekeeping.clock import Clock

REFUSES: dict[ReasonCode, bool] = {
    ReasonCode.HELD: True,
    ReasonCode.EXPIRED: True,
    ReasonCode.NO_EXPIRY: True,
    ReasonCode.SHORT_DATED: True,
    ReasonCode.OTHER_OWNER: True,
    ReasonCode.RESERVED: True,
    # The boxes are in the operator's hands: it is the records that are wrong, and the ledger opens a case for it.
    ReasonCode.NO_STOCK: False,
}
"""Which reasons of the shared rules keep stock from leaving at the dock."""

LocalHolds = Callable[[LotNow, tuple[str, ...]], tuple[HoldFact, ...]]
"""A lot and the path of the place it is taken from -> what this gateway itself holds against it."""


PlaceAlarm = Callable[[str], str]
"""A place -> why nothing may be put there now, '' if it may."""
SafePlace = Callable[[str], DeskPlace | None]
"""A place -> another one for the same goods that is measured and within its limits now."""
PUTS = frozenset({Action.PUT_AWAY, Action.MOVE, Action.PICK})
"""What can be done elsewhere as well is refused into a place in alarm. A delivery or a return is warned of."""


MAY_BE_LOST = frozenset({Action.MOVE, Action.COUNT})
"""What may be done with a unit of the list of lost serials: set it apart and count it. The rest is refused."""


STAYS_HELD = frozenset({Action.MOVE, Action.PUT_AWAY})
"""What is done with held goods as with others; they are held afterwards, too."""


def no_alarm(_place: str) -> str:
    """Nothing is measured."""
    return ""


def no_safe_place(_place: str) -> DeskPlace | None:
    """None is known."""
    return None


def no_local_holds(_lot: LotNow, _path: tuple[str, ...]) -> tuple[HoldFact, ...]:
    """This gateway measures nothing."""
    return ()


class DeskJudge:
    """Judges by the desk, what was committed here since, and alarms of this gateway's own sensors."""

    def __init__(
        self,
        known: OfflineStock,
        clock: Clock,
        *,
        old_after_s: float,
        local_holds: LocalHolds = no_local_holds,
        alarm_at: PlaceAlarm = no_alarm,
        safe_place: SafePlace = no_safe_place,
    ) -> None:
        self._known = known
        self._clock = clock
        self._old_after_s = old_after_s
        self._local_holds = local_holds
        self._alarm_at = alarm_at
        self._safe_place = safe_place

    def badge(self, badge: str) -> tuple[str, tuple[Verdict, ...]]:
        """Whose badge it is. A badge that was withdrawn is refused; one that nobody knows only warns: it may be new."""
        if not self._known.keeps_operators:
            return badge, ()
        operator = self._known.operator(badge)
        if operator is None:
            return badge, (Verdict(False, "unknown_badge", f"badge {badge} is not registered{self._by_age()}"),)
        if not operator.active:
            if operator.why_not:
                text = f"the badge of {operator.name} does not count yet: {operator.why_not}{self._by_age()}"
                return operator.name, (Verdict(True, "badge_untrained", text),)
            text = f"the badge of {operator.name} has been withdrawn{self._by_age()}"
            return operator.name, (Verdict(True, "badge_withdrawn", text),)
        return operator.name, ()

    def pin(self, badge: str) -> str | None:
        """The PIN of a badge that is known, as it is kept; None if the badge is enough."""
        operator = self._known.operator(badge)
        return operator.pin if operator else None

    def place(self, place: str) -> tuple[Verdict, ...]:
        """Whether the place is registered. One that is not only warns: it may be new."""
        if self._known.desk is None or self._known.place(place) is not None:
            return ()
        return (Verdict(False, "unknown_place", f"location {place} is not registered{self._by_age()}"),)

    def destination(self, doing: Doing) -> tuple[Verdict, ...]:
        """Whether goods would be harmed where they are put: a place in alarm, with the one to take instead."""
        alarm = self._alarm_at(doing.to_place or "")
        if not alarm:
            return ()
        safe = self._safe_place(doing.to_place or "")
        instead = f"use {safe.title or safe.name} ({safe.name})" if safe else "no safe location is known: call quality"
        return (Verdict(doing.action in PUTS, "place_in_alarm", f"{alarm}: {instead}"),)

    def describe(self, line: ScanLine) -> Described:
        """The item by its title, and its pack."""
        found = self._known.item_of(line)
        if found is None:
            return Described(named(line.names))
        item, units = found
        return Described(item.title or item.name, units, "unit" if item.base_unit == "each" else item.base_unit)

    def line(self, doing: Doing, line: ScanLine, before: Sequence[ScanLine], stamp: Stamp) -> tuple[Verdict, ...]:
        """All reasons against ``line``, worst first; each ends with the age of the desk if that is old.

        If nothing speaks against it by an old desk, that is said, too.
        """
        at = self._known.desk.not_before(self._clock) if self._known.desk else stamp.at
        lost = self._known.why_lost(line)
        if lost:
            return (Verdict(doing.action not in MAY_BE_LOST, "lost_serial", f"{lost}{self._by_age()}"),)
        if doing.action in ISSUING:
            verdicts = self._issuing(doing, line, before, at)
        elif doing.action is Action.RECEIVE:
            verdicts = self._receiving(doing, line, before, at)
        else:
            is_unclear = self._known.desk is not None and self._known.item_of(line) is None
            verdicts = [self._no_item(line, doing.action)] if is_unclear else self._held_on_the_way(doing, line)
            if not verdicts:
                return ()
        age = self._by_age()
        if age and not verdicts:
            verdicts = [Verdict(False, "old_desk", "no hold is known", quiet=True)]
        aged = [v if v.tells_age else replace(v, text=v.text + age) for v in verdicts]
        return tuple(sorted(aged, key=lambda verdict: not verdict.refuses))

    def _held_on_the_way(self, doing: Doing, line: ScanLine) -> list[Verdict]:
        """Held goods may be moved, to quarantine first of all; whoever does it is told, for the hold goes with them."""
        found = self._known.item_of(line) if doing.action in STAYS_HELD else None
        serial = self._known.serial_of(line)
        lots = self._known.lots_of(found[0].name, line.lot, serial) if found else []
        if not lots:
            return []
        lot = best_of(lots, doing.from_place, serial)
        if not (holds := self._holds(lot, doing, serial)):
            return []
        reasons = "; ".join(dict.fromkeys(hold.text for hold in holds))
        return [
            Verdict(False, "held", f"lot {lot.lot.number} is on hold: {reasons}. It stays on hold wherever it is put")
        ]

    def _by_age(self) -> str:
        desk = self._known.desk
        if desk is None:
            return ""
        age_s = desk.age_s(self._clock)
        if age_s is not None and age_s <= self._old_after_s:
            return ""
        return f" ({said_age(desk, self._clock)})"

    def _issuing(self, doing: Doing, line: ScanLine, before: Sequence[ScanLine], at: datetime) -> list[Verdict]:
        found = self._known.item_of(line)
        units = self._known.base_units(line)
        verdicts = []
        serial = self._known.serial_of(line)
        lots = self._known.lots_of(found[0].name, line.lot, serial) if found else []
        if found is None:
            verdicts.append(self._no_item(line, doing.action))
        elif not any(lot.is_vouched for lot in lots):
            verdicts.append(self._unknown("unknown_lot", f"lot {line.lot or line.serial} of {found[0].name}"))
        item = found[0] if found else None
        lot = (
            best_of(lots, doing.from_place, serial) if lots else _by_label(item, line, serial, units, doing.from_place)
        )
        order = self._known.order(doing.order) if doing.order else None
        taken = units + sum(self._known.base_units(other) for other in before if self._is_same_stock(other, line))
        for reason in self._reasons(doing, lot, line, item, order, at):
            verdicts.append(Verdict(REFUSES[reason.code], reason.code.value, reason.text))
        there = lot.quantity_at(doing.from_place, serial)
        if lots and serial is None and lot.quantity_at(doing.from_place, "") < taken <= there:
            text = f"lot {lot.lot.number} in {doing.from_place} is in closed cases. Scan OPEN CASE and the case first"
            verdicts.append(Verdict(False, "in_closed_cases", text))
        if lots and 0 < there < taken:
            text = f"only {there} of lot {lot.lot.number} are on record in {doing.from_place}, not {taken}"
            verdicts.append(Verdict(False, "more_than_known", text))
        if doing.order and order is None and self._known.desk is not None:
            verdicts.append(Verdict(False, "no_such_order", f"order {doing.order} is not open, or not known here yet"))
        if order is not None and item is not None and item.name not in {ol.item for ol in order.lines}:
            verdicts.append(Verdict(False, "not_ordered", f"order {order.number} does not include {item.name}"))
        return verdicts

    def _reasons(
        self, doing: Doing, lot: LotNow, line: ScanLine, item: DeskItem | None, order: DeskOrder | None, at: datetime
    ) -> tuple[Reason, ...]:
        zone = self._known.zone_of(doing.from_place)
        dated = with_earlier_expiry(lot.lot, line, zone)
        serial = self._known.serial_of(line)
        stock = Stock(
            lot=lot.lot.number,
            owner=lot.lot.owner,
            quantity=lot.quantity_at(doing.from_place, serial),
            reserved=reserved_at(lot, doing.from_place, serial, doing.order),
            expires_at=dated.expires_at,
            expiry_required=item is not None and item.expiry_required,
            holds=self._holds(lot, doing, serial),
            expires_on=dated.expires_on,
            zone=zone,
        )
        demanded = timedelta(days=order.shelf_life_days_min if order else 0)
        return reasons_not_to(doing.action, stock, Context(at, stock.owner, demanded))

    def _holds(self, lot: LotNow, doing: Doing, serial: str | None) -> tuple[HoldFact, ...]:
        path = self._known.path_of(doing.from_place)
        known = (HoldFact(block.kind, block.text) for block in blocks_at(lot, path[-1], serial))
        return (*known, *self._local_holds(lot, path))

    def _receiving(self, doing: Doing, line: ScanLine, before: Sequence[ScanLine], at: datetime) -> list[Verdict]:
        if package_in(line.names):
            return [Verdict(False, "package", f"{named(line.names)}: the ledger books what its sender says is in it")]
        found = self._known.item_of(line)
        not_one = [self._no_item(line, doing.action)] if found is None and self._says_more(line) else []
        item = found[0] if found else None
        same = sum(self._known.base_units(other) for other in before if self._is_same_item(other, line))
        zone = self._known.zone_of(doing.to_place)
        expiry = expiry_of(line.expires_on, line.expires_hour)
        delivered = Delivered(
            item=named(line.names),
            quantity=self._known.base_units(line) + same,
            lot=line.lot,
            serial=line.serial,
            expires_on=line.expires_on,
            expires_at=expiry.at(zone) if expiry else None,
        )
        findings = findings_of(delivered, self._expected(doing, line, item, at, zone), at=at, zone=zone)
        return not_one + [
            Verdict(finding.severity is Severity.REFUSE, finding.code.value, finding.text)
            for finding in findings
            if not (not_one and finding.code is FindingCode.UNKNOWN_ITEM)
        ]

    def _expected(self, doing: Doing, line: ScanLine, item: DeskItem | None, at: datetime, zone: tzinfo) -> Expected:
        lots = self._known.lots_of(item.name, line.lot) if item and line.lot else []
        supplier = self._known.supplier(doing.from_place or "")
        serial = self._known.serial_of(line)
        order = self._known.order(doing.order) if doing.order else None
        return Expected(
            item=ItemFacts(item.name, item.expiry_required, item.serial_tracked, item.receipt_days_min)
            if item
            else None,
            supplier=doing.from_place or "",
            order=self._order_facts(doing.order, order, item, line) if doing.order else None,
            order_known=order is not None,
            supplier_checked=self._known.keeps_suppliers,
            supplier_qualified=_is_qualified(supplier, at, zone) if supplier else None,
            supplier_text=supplier.text if supplier else "",
            lot_known=bool(lots),
            lot_expires_on=lots[0].lot.expires_on if lots else None,
            serial_at=self._known.serial_at(item.name, serial) if item and serial else None,
        )

    def _order_facts(self, number: str, order: DeskOrder | None, item: DeskItem | None, line: ScanLine) -> OrderFacts:
        if order is None or item is None:
            return OrderFacts(number, asks_for_item=False)
        lines = [order_line for order_line in order.lines if order_line.item == item.name]
        named = [order_line for order_line in lines if order_line.lot is not None]
        return OrderFacts(
            number=number,
            asks_for_item=bool(lines),
            open_quantity=sum(ol.quantity - ol.done for ol in lines) - self._known.done_since(number, item.name),
            lots=frozenset(ol.lot for ol in named if ol.lot) if len(named) == len(lines) else frozenset(),
        )

    def _says_more(self, line: ScanLine) -> bool:
        """Whether there is more to say about a label without one item than that nobody knows it."""
        return self._known.desk is None or len(self._known.items_of(line)) > 1

    def _no_item(self, line: ScanLine, action: Action) -> Verdict:
        if self._known.desk is None:
            return Verdict(False, "no_desk", "no data from the ledger yet: nothing could be checked")
        items = [item.name for item, _ in self._known.items_of(line)]
        if len(items) > 1:
            text = f"the barcodes on this label name different items: {' and '.join(items)}"
            return Verdict(True, "different_items", text)
        if action in ISSUING:
            return self._unknown("unknown_item", f"the item {named(line.names)}")
        return Verdict(False, "unknown_item", f"unknown item: {named(line.names)} is not in the item master")

    def _unknown(self, code: str, what: str) -> Verdict:
        """What the ledger has never heard of, or has not told yet, may be held: it stays until a desk knows it."""
        age = said_age(self._known.desk, self._clock)
        text = f"{what} is not in the {age}: it may be moved or counted, but not issued until newer data has it"
        return Verdict(True, code, text, tells_age=True)

    def _is_same_item(self, one: ScanLine, other: ScanLine) -> bool:
        a, b = self._known.item_of(one), self._known.item_of(other)
        return one.names == other.names or (a is not None and b is not None and a[0].name == b[0].name)

    def _is_same_stock(self, one: ScanLine, other: ScanLine) -> bool:
        return (one.lot, one.serial) == (other.lot, other.serial) and self._is_same_item(one, other)


def _is_qualified(supplier: DeskSupplier, at: datetime, zone: tzinfo) -> bool:
    until = supplier.qualified_until
    return supplier.qualified and (until is None or day_of(at, zone) <= until)


def _by_label(item: DeskItem | None, line: ScanLine, serial: str | None, units: int, place: str | None) -> LotNow:
    """What the label alone says. Its quantity is what is in the operator's hands: of that nobody knows better."""
    lot = lot_by_label(item.name if item else named(line.names), line.lot or line.serial or "", line)
    return LotNow(lot, {(place or "", serial or ""): units})
