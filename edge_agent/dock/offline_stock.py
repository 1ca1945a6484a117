"""What this gateway knows about stock: the ledger's desk, and on top of it what was committed here since."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, tzinfo

from edge_agent.buffer.desk_store import Desk
from edge_agent.domain.barcodes.item_codes import keys_of_scan, serial_of_unit
from edge_agent.domain.monitoring.excursions import Rule
from edge_agent.domain.monitoring.judged import Judged, judged_by, policy_for
from edge_agent.domain.monitoring.policies import Policy
from edge_agent.domain.monitoring.quantities import is_about
from edge_agent.domain.stock.badges import badge_digest
from edge_agent.domain.stock.desk import (
    DeskBalance,
    DeskBlock,
    DeskCase,
    DeskItem,
    DeskLot,
    DeskOperator,
    DeskOrder,
    DeskPlace,
    DeskSupplier,
)
from edge_agent.domain.stock.expiry import earlier, expiry_of
from edge_agent.domain.wire.records import Action, ScanLine, ScanTransaction

SINCE_MAX = 5_000
"""Transactions remembered on top of the desk; of more than these the oldest are forgotten."""
HOUSE = "house"
HOUSE_KINDS = frozenset({"site", "room", "bin"})
STAYS = frozenset({Action.COUNT, Action.ALLOCATE})
"""What moves nothing."""

LotKey = tuple[str, str, str]
"""Item, lot number, owner."""


@dataclass(slots=True)
class LotNow:
    """A lot as far as it is known here. ``arrived`` names the places that it came to since the desk was taken.

    ``is_vouched`` is whether the desk names it, or a receipt here since: a lot that was only moved is not.
    """

    lot: DeskLot
    quantities: dict[tuple[str, str], int] = field(default_factory=dict)  # (place, serial) -> base units
    arrived: set[str] = field(default_factory=set)
    is_vouched: bool = True

    @property
    def key(self) -> LotKey:
        """What identifies it."""
        return self.lot.item, self.lot.number, self.lot.owner

    def quantity_at(self, place: str | None, serial: str | None) -> int:
        """Base units in ``place``: of one serial, or of all."""
        return sum(
            units
            for (where, which), units in self.quantities.items()
            if where == place and (serial is None or which == serial)
        )


class OfflineStock:
    """Look-ups over the desk and what happened here since. Built anew for each desk; bounded."""

    def __init__(self, policies: Iterable[Policy] = ()) -> None:
        """``policies`` came with the ledger's configuration; the desk's own word on one of them goes before."""
        self.desk: Desk | None = None
        self._handed_out = tuple(policies)
        self._since: dict[str, ScanTransaction] = {}
        self.take(None)

    def take(self, desk: Desk | None, *, contained: Collection[str] = ()) -> None:
        """Use ``desk`` from now on. ``contained`` are transactions that the ledger had booked when it was taken."""
        self.desk = desk
        for name in contained:
            self._since.pop(name, None)
        self._index()
        for transaction in self._since.values():
            self._apply(transaction)

    def use_policies(self, policies: Iterable[Policy]) -> None:
        """These came with the ledger's configuration now."""
        self._handed_out = tuple(policies)
        self._index_policies()

    def confirm(self, desk: Desk) -> None:
        """The same content with a new age."""
        self.desk = desk

    def add(self, transaction: ScanTransaction) -> None:
        """Something was committed here that the desk cannot contain yet."""
        if transaction.transaction in self._since:
            return
        self._since[transaction.transaction] = transaction
        while len(self._since) > SINCE_MAX:
            del self._since[next(iter(self._since))]
        self._apply(transaction)

    @property
    def since(self) -> frozenset[str]:
        """The transactions on top of the desk."""
        return frozenset(self._since)

    def items_of(self, line: ScanLine) -> list[tuple[DeskItem, int]]:
        """The items that the codes of the label name, and the base units that one of it holds; the surest first."""
        found: dict[str, tuple[DeskItem, int]] = {}
        for key in keys_of_scan(line.names):
            if key in self._items:
                item, units = self._items[key]
                found.setdefault(item.name, (item, units))
        return list(found.values())

    def item_named(self, name: str) -> DeskItem | None:
        """An item by name."""
        return self._by_name.get(name)

    def item_of(self, line: ScanLine) -> tuple[DeskItem, int] | None:
        """The one item that the label names, and the base units that one of it holds; None if it is none or several."""
        found = self.items_of(line)
        return found[0] if len(found) == 1 else None

    def lots_of(self, item: str, number: str | None, serial: str | None = None) -> list[LotNow]:
        """Lots of ``item`` with this number, of any owner; without a number those that hold the serial."""
        if number is not None:
            return [self._lots[key] for key in self._by_number.get((item, number), ())]
        key = self._serials.get((item, serial or ""))
        return [self._lots[key[0]]] if key else []

    def lots_in(self, place: str) -> list[LotNow]:
        """Lots with stock in ``place`` or in what stands in it."""
        return [
            lot
            for lot in self._lots.values()
            if any(units > 0 and place in self.path_of(where) for (where, _), units in lot.quantities.items())
        ]

    def lots(self) -> tuple[LotNow, ...]:
        """Every lot that is known here."""
        return tuple(self._lots.values())

    def why_lost(self, line: ScanLine) -> str:
        """Why every dock refuses this unit; '' if none does."""
        found, serial = self.item_of(line), self.serial_of(line)
        return self._lost.get((found[0].name, serial), "") if found and serial else ""

    def serial_at(self, item: str, serial: str) -> str | None:
        """The place in the house where this unit is, None if it is not here."""
        found = self._serials.get((item, serial))
        return found[1] if found else None

    def path_of(self, place: str | None) -> tuple[str, ...]:
        """The place and all that it stands in, outermost first; itself alone if it is not known."""
        known = self._places.get(place or "")
        return known.path if known else (place or "",)

    def place(self, name: str) -> DeskPlace | None:
        """A place by name."""
        return self._places.get(name)

    def zone_of(self, place: str | None) -> tzinfo:
        """The time zone that counts in a place: that of this gateway's site where nobody knows the place."""
        known = self._places.get(place or "")
        if known is None and self.desk is not None:
            known = self._places.get(self.desk.snapshot.site)
        return known.tz if known is not None else UTC

    def places(self) -> tuple[DeskPlace, ...]:
        """Every place that the desk names."""
        return tuple(self._places.values())

    def order(self, number: str) -> DeskOrder | None:
        """An open order by number."""
        return self._orders.get(number)

    def done_since(self, order: str, item: str) -> int:
        """Base units of ``item`` that were committed here for ``order`` since the desk was taken."""
        return self._done[(order, item)]

    def supplier(self, place: str) -> DeskSupplier | None:
        """A supplier by its place."""
        return self._suppliers.get(place)

    @property
    def keeps_suppliers(self) -> bool:
        """Whether the ledger keeps a list of suppliers at all."""
        return bool(self._suppliers)

    def operator(self, badge: str) -> DeskOperator | None:
        """Whose badge it is."""
        if self.desk is None or not self._operators:
            return None
        return self._operators.get(badge_digest(badge, self.desk.snapshot.badge_salt))

    @property
    def keeps_operators(self) -> bool:
        """Whether the ledger keeps a list of operators at all."""
        return bool(self._operators)

    def policies_over(self, place: str | None) -> tuple[Policy, ...]:
        """The policies of a place and of what it stands in, its own first."""
        names = [known.policy for name in reversed(self.path_of(place)) if (known := self._places.get(name))]
        return tuple(self._policies[name] for name in names if name in self._policies)

    def limits_on(self, device: str, metric: str) -> tuple[Rule, ...]:
        """The limits that a gateway judges by itself and that hold stock, for a channel where it measures."""
        policy = policy_for(metric, self.policies_over(self.place_of_channel(device, metric)))
        return tuple(rule for rule in policy.holding_limits if is_about(rule.metric, metric)) if policy else ()

    def judged(self, device: str, metric: str) -> Judged:
        """Whether anything judges a channel, by what the ledger says. Without a desk nobody knows, and nothing does."""
        if (device, metric) in self._on_purpose:
            return Judged.NOT_NEEDED
        place = self.place_of_channel(device, metric)
        return judged_by(metric, place, self.policies_over(place))

    def place_of_channel(self, device: str, metric: str) -> str | None:
        """Where a channel of this gateway measures."""
        return self._channels.get((device, metric))

    def channels(self) -> tuple[tuple[str, str], ...]:
        """Every (device, metric) of this gateway that the ledger has placed."""
        return tuple(self._channels)

    def place_of_device(self, device: str) -> str:
        """Where the first channel of a device measures, '' if nobody has said."""
        return next((place for (name, _), place in self._channels.items() if name == device), "")

    def base_units(self, line: ScanLine) -> int:
        """The line's quantity in base units; as scanned if the item is not known."""
        found = self.item_of(line)
        return line.quantity * (found[1] if found else 1)

    def serial_of(self, line: ScanLine) -> str | None:
        """The serial by which the ledger follows this unit: that of a case has the code of the case in it."""
        found = self.item_of(line)
        return serial_of_unit(line.names, line.serial, found[1] if found else 1) or None

    @property
    def not_booked(self) -> tuple[DeskCase, ...]:
        """Scans of this gateway that the ledger could not book."""
        return self.desk.snapshot.not_booked if self.desk else ()

    def _index(self) -> None:
        snapshot = self.desk.snapshot if self.desk else None
        self._items = {
            key: (item, units)
            for item in (snapshot.items if snapshot else ())
            for codes in (item.gtins, item.codes)
            for key, units in codes.items()
        }
        self._by_name = {item.name: item for item in (snapshot.items if snapshot else ())}
        # First policies, then places, then channels: the journal's thread may ask which policy holds where meanwhile.
        self._index_policies()
        self._places = {place.name: place for place in (snapshot.places if snapshot else ())}
        channels = snapshot.channels if snapshot else ()
        self._channels = {(c.device, c.metric): c.place for c in channels if c.place}
        self._on_purpose = {(c.device, c.metric) for c in channels if c.not_judged_because}
        self._orders = {order.number: order for order in (snapshot.orders if snapshot else ())}
        self._suppliers = {supplier.place: supplier for supplier in (snapshot.suppliers if snapshot else ())}
        self._operators = {operator.badge: operator for operator in (snapshot.operators if snapshot else ())}
        self._lost = {(each.item, each.serial): each.text for each in (snapshot.lost if snapshot else ())}
        self._lots: dict[LotKey, LotNow] = {}
        self._by_number: dict[tuple[str, str], list[LotKey]] = defaultdict(list)
        self._serials: dict[tuple[str, str], tuple[LotKey, str]] = {}
        self._done: dict[tuple[str, str], int] = defaultdict(int)
        for lot in snapshot.lots if snapshot else ():
            self._add_lot(lot)

    def _index_policies(self) -> None:
        desk = self.desk.snapshot.policies if self.desk else ()
        self._policies = {policy.name: policy for policy in (*self._handed_out, *desk)}

    def _add_lot(self, lot: DeskLot) -> LotNow:
        now = LotNow(lot, {(b.place, b.serial): b.quantity for b in lot.balances})
        self._lots[now.key] = now
        self._by_number[(lot.item, lot.number)].append(now.key)
        for balance in lot.balances:
            if balance.serial and balance.quantity > 0 and self._is_in_house(balance.place):
                self._serials[(lot.item, balance.serial)] = (now.key, balance.place)
        return now

    def _apply(self, transaction: ScanTransaction) -> None:
        for line in transaction.lines:
            found = self.item_of(line)
            if found is None or transaction.action in STAYS:
                continue
            item, units = found
            if transaction.order:
                self._done[(transaction.order, item.name)] += line.quantity * units
            lot = self._lot_for(item, line, transaction.from_place)
            if lot is None:
                continue
            serial = self.serial_of(line) or ""
            if transaction.action is Action.OPEN_CASE:
                self._open_case(lot, serial, line, str(transaction.from_place))
                continue
            lot.is_vouched = lot.is_vouched or transaction.action is Action.RECEIVE
            self._move(lot, serial, line.quantity * units, transaction)

    def _open_case(self, lot: LotNow, serial: str, line: ScanLine, place: str) -> None:
        """A case becomes loose stock; a unit out of it, loose until then, has its own serial."""
        units = self.base_units(line)
        is_case = serial != line.serial
        for key, change in ((serial, -units), ("", units)) if is_case else (("", -units), (serial, units)):
            lot.quantities[(place, key)] = lot.quantities.get((place, key), 0) + change
        if is_case:
            self._serials.pop((lot.lot.item, serial), None)
        else:
            self._serials[(lot.lot.item, serial)] = (lot.key, place)

    def _lot_for(self, item: DeskItem, line: ScanLine, from_place: str | None) -> LotNow | None:
        serial = self.serial_of(line)
        lots = self.lots_of(item.name, line.lot, serial)
        if lots:
            return best_of(lots, from_place, serial)
        if line.lot is None:
            return None
        lot = self._add_lot(lot_by_label(item.name, line.lot, line))
        lot.is_vouched = False
        return lot

    def _move(self, lot: LotNow, serial: str, units: int, transaction: ScanTransaction) -> None:
        item = lot.lot.item
        if transaction.from_place is not None:
            where = (str(transaction.from_place), serial)
            lot.quantities[where] = lot.quantities.get(where, 0) - units
            if serial and self._serials.get((item, serial), (None, None))[1] == transaction.from_place:
                del self._serials[(item, serial)]
        if transaction.to_place is not None:
            where = (str(transaction.to_place), serial)
            lot.quantities[where] = lot.quantities.get(where, 0) + units
            lot.arrived.add(str(transaction.to_place))
            if serial and self._is_in_house(str(transaction.to_place)):
                self._serials[(item, serial)] = (lot.key, str(transaction.to_place))

    def _is_in_house(self, place: str) -> bool:
        known = self._places.get(place)
        return known is None or known.kind in HOUSE_KINDS


def best_of(lots: Iterable[LotNow], place: str | None, serial: str | None) -> LotNow:
    """Of lots with the same number but other owners, the one that has stock in ``place``."""
    return max(lots, key=lambda lot: lot.quantity_at(place, serial))


def lot_by_label(item: str, number: str, line: ScanLine) -> DeskLot:
    """A lot of the house as its label says it."""
    return DeskLot(item, number, HOUSE, line.expires_on, expires_hour=line.expires_hour)


def blocks_at(lot: LotNow, place: str, serial: str | None) -> list[DeskBlock]:
    """The holds that count for stock of ``lot`` taken from this place.

    A hold is on goods in the very place where they are, or on the whole lot. If the ledger knows no stock of the lot
    there, or it came there since, then it is not known which of the lot's stock this is: every hold counts.
    """
    is_sure = lot.quantity_at(place, None) > 0 and place not in lot.arrived
    found = []
    for block in lot.lot.blocks:
        is_here = block.place in (None, place) or not is_sure
        is_this_unit = block.serial is None or serial is None or block.serial == serial
        if is_here and is_this_unit:
            found.append(block)
    return found


def reserved_at(lot: LotNow, place: str | None, serial: str | None, demand: str | None) -> int:
    """Base units in ``place`` that are reserved for others than ``demand``."""

    def counts(balance: DeskBalance) -> bool:
        return balance.place == place and (serial is None or balance.serial == serial)

    return sum(
        reservation.quantity
        for balance in lot.lot.balances
        if counts(balance)
        for reservation in balance.reservations
        if reservation.demand != demand
    )


def with_earlier_expiry(lot: DeskLot, line: ScanLine, zone: tzinfo) -> DeskLot:
    """The lot with the earlier of its own expiry and that of a label, and the instant of it where ``zone`` counts."""
    by_label = expiry_of(line.expires_on, line.expires_hour)
    # What a label repeats of a lot that ends at one instant was written where that is another hour than here.
    repeats = line.expires_on == lot.expires_on and line.expires_hour in (None, lot.expires_hour)
    expiry = lot.expiry if repeats else earlier(lot.expiry, by_label, zone)
    if expiry is None:
        return lot
    # Never later than the ledger itself says: an older one knows instants only, and its tables of zones may differ.
    ends_at = min(each for each in (expiry.at(zone), lot.expires_at) if each is not None)
    return replace(
        lot,
        expires_on=expiry.on,
        expires_hour=expiry.hour,
        expires_exactly=expiry.exactly,
        expires_at=ends_at,
    )
