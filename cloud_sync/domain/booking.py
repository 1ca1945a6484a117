"""From what an operator scanned to movements: which place stock leaves and which it enters.

Physical facts are never refused. A line that cannot be booked yet becomes a reason, and the line itself, whole, goes
with it, so that it can be booked later as if everything had been known.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, time
from enum import StrEnum
from typing import Any

from edge_agent.domain.barcodes.item_codes import keys_of_scan, named, package_in, serial_of_unit
from edge_agent.domain.stock.eligibility import ISSUING
from edge_agent.domain.wire.records import Action, ScanTransaction

HOUSE = "house"
"""The owner of stock that nobody else owns."""
QUANTITY_MAX = 10**12
"""Base units of one line; more is a misread label, and sums of them must not overflow."""


@dataclass(frozen=True, slots=True)
class BookingRoute:
    """The places of an action: from where the operator scanned to where. None: the ledger's own place of that kind."""

    moves: bool
    to_kind: str | None = None


SCRAP = "scrap"
UNPACKED = "unpacked"
"""Where opened cases end and what was in them comes from."""
OWN_PLACES: dict[str, tuple[str, str]] = {SCRAP: ("Destroyed", "scrap"), UNPACKED: ("Opened cases", "unpacking")}
"""Places that the ledger makes itself when it needs them: title and kind."""
ROUTES: dict[Action, BookingRoute] = {
    Action.RECEIVE: BookingRoute(moves=True),
    Action.PUT_AWAY: BookingRoute(moves=True),
    Action.MOVE: BookingRoute(moves=True),
    Action.PICK: BookingRoute(moves=True),
    Action.SHIP: BookingRoute(moves=True),
    Action.DISPENSE: BookingRoute(moves=True),
    Action.RETURN: BookingRoute(moves=True),
    Action.CONSUME: BookingRoute(moves=True),
    Action.OPEN_CASE: BookingRoute(moves=True, to_kind=UNPACKED),
    Action.DESTROY: BookingRoute(moves=True, to_kind=SCRAP),  # the operator names only where the boxes are
    # What was counted says nothing about what moved: the difference depends on everything else that is known, so a
    # movement made of it would depend on the order of arrival. It is kept as an event for the count to be decided on.
    Action.COUNT: BookingRoute(moves=False),
    Action.ALLOCATE: BookingRoute(moves=False),
}
"""What each action does to stock. Where ``to_kind`` is given, it stands in for a place that was not scanned."""


@dataclass(frozen=True, slots=True)
class NewMovement:
    """A movement to book. ``fact`` makes booking it twice harmless; ``quantity`` is in base units.

    ``serial`` is '' for stock without one, else as ``serial_of_unit`` makes it. ``occurred_at`` is aware UTC.
    """

    fact: str
    lot_id: int
    quantity: int
    from_place: int
    to_place: int
    occurred_at: datetime
    action: str
    serial: str = ""
    operator: str = ""
    order_ref: str = ""
    latest_at: datetime | None = None
    """A person typed ``occurred_at`` afterwards: it may have been as late as this."""


LabelExpiry = tuple[date, time | None]
"""The day that a label says, and the hour of it if it names one."""


@dataclass(frozen=True, slots=True)
class Label:
    """The lot that a label names. ``expires_on`` is None where the label does not say, ``expires_hour`` where it says
    a day only.
    """

    item_id: int
    lot_number: str
    owner: str
    expires_on: date | None
    expires_hour: time | None = None

    @property
    def expiry(self) -> LabelExpiry | None:
        """What the label says of its expiry."""
        return None if self.expires_on is None else (self.expires_on, self.expires_hour)


@dataclass(frozen=True, slots=True)
class BookingLine:
    """One line of a scan transaction with all that is needed to book it, now or later."""

    fact: str
    action: Action
    at: datetime
    operator: str
    gtin: str
    quantity: int
    lot: str | None
    serial: str | None
    expires_on: date | None
    from_place: str | None
    to_place: str | None
    order: str | None
    scanned: str
    codes: tuple[str, ...] = ()
    expires_hour: time | None = None
    in_base_units: bool = False
    """``quantity`` counts base units, whatever the code stands for."""
    owner: str | None = None
    """Whose stock it is, where whoever tells of it says so."""
    latest_at: datetime | None = None
    """Told afterwards, by another system: it may have been as late as this."""

    @property
    def names(self) -> tuple[str, ...]:
        """All that the label calls its item: the GTIN first."""
        return (self.gtin, *self.codes) if self.gtin else self.codes

    @property
    def keys(self) -> tuple[str, ...]:
        """What the item is looked up by, the surest first."""
        return keys_of_scan(self.names)

    def as_data(self) -> dict[str, Any]:
        """As JSON, for an exception case to hold."""
        return {
            **asdict(self),
            "at": self.at.isoformat(),
            "expires_on": self.expires_on.isoformat() if self.expires_on else None,
            "expires_hour": self.expires_hour.isoformat() if self.expires_hour else None,
            "latest_at": self.latest_at.isoformat() if self.latest_at else None,
        }

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> "BookingLine":
        """The line that :meth:`as_data` gave."""
        expires_on, hour, latest_at = data["expires_on"], data.get("expires_hour"), data.get("latest_at")
        return cls(
            **{
                **data,
                "action": Action(data["action"]),
                "at": datetime.fromisoformat(data["at"]),
                "expires_on": date.fromisoformat(expires_on) if expires_on else None,
                "expires_hour": time.fromisoformat(hour) if hour else None,
                "codes": tuple(data.get("codes", ())),
                "latest_at": datetime.fromisoformat(latest_at) if latest_at else None,
            }
        )


@dataclass(frozen=True, slots=True)
class KnownItem:
    """What a key of a code stands for."""

    item_id: int
    base_units: int
    name: str


@dataclass(frozen=True, slots=True)
class KnownCode:
    """The master data that lines are decided by: items by the keys of their codes and ids of places by name."""

    items: Mapping[str, KnownItem]
    places: Mapping[str, int]

    @classmethod
    def of(cls, items: Iterable[Mapping[str, Any]], places: Mapping[str, int] | None = None) -> "KnownCode":
        """From rows of ``key``, ``item_id``, ``base_units`` and ``name``."""
        known = {row["key"]: KnownItem(row["item_id"], row["base_units"], row["name"]) for row in items}
        return cls(known, places or {})

    def items_of(self, keys: Iterable[str]) -> list[KnownItem]:
        """The items that these keys stand for, each once, the surest first."""
        found: dict[int, KnownItem] = {}
        for key in keys:
            if key in self.items:
                found.setdefault(self.items[key].item_id, self.items[key])
        return list(found.values())


class Why(StrEnum):
    """Why a line cannot be booked; the kind of its exception case."""

    UNKNOWN_ITEM = "unknown_item"
    DIFFERENT_ITEMS = "different_items"
    UNKNOWN_PLACE = "unknown_place"
    MISSING_LOT = "missing_lot"
    MISSING_PLACE = "missing_place"
    SAME_PLACE = "same_place"
    IMPLAUSIBLE_QUANTITY = "implausible_quantity"
    OUTSIDE_SITE = "outside_site"
    GATEWAY_WITHOUT_PLACE = "gateway_without_place"
    UNKNOWN_PACKAGE = "unknown_package"


CURABLE = (
    Why.UNKNOWN_ITEM,
    Why.UNKNOWN_PLACE,
    Why.DIFFERENT_ITEMS,
    Why.IMPLAUSIBLE_QUANTITY,
    Why.GATEWAY_WITHOUT_PLACE,
)
"""What new master data can cure."""
OPENED = "/opened"
"""Ends the fact of what comes out of a case; without it, it is the fact of the case itself."""


@dataclass(frozen=True, slots=True)
class NotBooked:
    """A line that cannot be booked as things are. ``text`` says what to do."""

    line: BookingLine
    why: Why
    text: str


@dataclass(frozen=True, slots=True)
class Decided:
    """A line that can be booked, but for the id of its lot."""

    line: BookingLine
    label: Label
    quantity: int
    from_place: int
    to_place: int
    serial: str = ""

    def movements(self, lot_id: int) -> tuple[NewMovement, ...]:
        """The movements, of the lot that the label turned out to be.

        One, as a rule. Opening is two: the case goes out of stock, and what it contained comes in: without serials, or
        the one unit whose label was scanned. A case without a serial was loose stock before.
        """
        moved = NewMovement(
            fact=self.line.fact,
            lot_id=lot_id,
            quantity=self.quantity,
            from_place=self.from_place,
            to_place=self.to_place,
            occurred_at=self.line.at,
            action=self.line.action.value,
            serial=self.serial,
            operator=self.line.operator,
            order_ref=self.line.order or "",
            latest_at=self.line.latest_at,
        )
        if self.line.action is not Action.OPEN_CASE:
            return (moved,)
        if not self.serial:
            return ()
        is_case = self.serial != self.line.serial
        inside = replace(
            moved,
            fact=f"{moved.fact}{OPENED}",
            serial="" if is_case else self.serial,
            from_place=moved.to_place,
            to_place=moved.from_place,
        )
        return (moved if is_case else replace(moved, serial=""), inside)


def lines_of(scan: ScanTransaction, said_at: str) -> tuple[BookingLine, ...]:
    """The lines of ``scan`` that move stock. ``said_at`` is where it was said: gateway/journal/lane/seq."""
    route = ROUTES[scan.action]
    if not route.moves:
        return ()
    return tuple(
        BookingLine(
            fact=f"{said_at}#{number}",
            action=scan.action,
            at=scan.stamp.at,
            operator=scan.operator,
            gtin=line.gtin,
            quantity=line.quantity,
            lot=line.lot,
            serial=line.serial,
            expires_on=line.expires_on,
            from_place=scan.from_place,
            to_place=scan.to_place or route.to_kind,
            order=scan.order,
            scanned=line.scanned,
            codes=line.codes,
            expires_hour=line.expires_hour,
        )
        for number, line in enumerate(scan.lines, start=1)
    )


def decide(line: BookingLine, known: KnownCode, owner: str = HOUSE) -> Decided | NotBooked:
    """What to book for ``line``, or why it cannot be booked."""
    problem = _problem_of(line, known)
    if problem is not None:
        return NotBooked(line, *problem)
    assert line.lot and line.from_place and line.to_place  # noqa: S101 - _problem_of has seen to it
    item = known.items_of(line.keys)[0]
    units = 1 if line.in_base_units else item.base_units
    return Decided(
        line,
        Label(item.item_id, line.lot, line.owner or owner, line.expires_on, line.expires_hour),
        line.quantity * units,
        known.places[line.from_place],
        known.places[line.to_place],
        serial_of_unit(line.names, line.serial, units),
    )


def is_issue(line: BookingLine) -> bool:
    """Whether the line hands stock out, which a hold forbids."""
    return line.action in ISSUING


def as_counts(labels: Sequence[Label]) -> Label:
    """One label for labels of the same lot, with the expiry that counts (``counting_of``)."""
    if all(label.expiry == labels[0].expiry for label in labels):
        return labels[0]
    day, hour = counting_of(label.expiry for label in labels if label.expiry is not None) or (None, None)
    return replace(labels[0], expires_on=day, expires_hour=hour)


def counting_of(expiries: Iterable[LabelExpiry]) -> LabelExpiry | None:
    """What counts of what labels of a lot say, whichever came first: where they contradict each other, the last.

    One wrong label can so neither let a lot expire nor judge what was issued of it; the lot is held by a case until
    somebody has decided. An hour of a day counts before the whole day.
    """
    return max(expiries, key=lambda each: (each[0], each[1] is not None, each[1] or time.min), default=None)


def earliest_of(expiries: Iterable[LabelExpiry]) -> LabelExpiry | None:
    """The earliest of what labels say; an hour of a day comes before its end."""
    return min(expiries, key=_order_of_expiry, default=None)


def expiries_differ(expiries: Iterable[LabelExpiry]) -> bool:
    """Whether labels contradict each other: they name several days, or several hours. A day alone has all its hours."""
    said = set(expiries)
    return len({day for day, _ in said}) > 1 or len({hour for _, hour in said if hour is not None}) > 1


def expiry_text(expiry: LabelExpiry) -> str:
    """As on the label: ``2027-02-28``, or ``2027-02-28 14:30``."""
    day, hour = expiry
    return day.isoformat() if hour is None else f"{day} {hour:%H:%M}"


def expiry_of(text: str) -> LabelExpiry:
    """What ``expiry_text`` wrote.

    >>> expiry_of("2027-02-28 14:30")
    (datetime.date(2027, 2, 28), datetime.time(14, 30))
    """
    day, _, hour = text.partition(" ")
    return date.fromisoformat(day), time.fromisoformat(hour) if hour else None


def _order_of_expiry(expiry: LabelExpiry) -> tuple[date, bool, time]:
    day, hour = expiry
    return day, hour is None, hour or time.max


def _problem_of(line: BookingLine, known: KnownCode) -> tuple[Why, str] | None:
    places = (line.from_place, line.to_place)
    called = named(line.names)
    if None in places:
        missing = "it comes from" if line.from_place is None else "it went to"
        return Why.MISSING_PLACE, f"{line.action} of {called} does not say where {missing}"
    if line.from_place == line.to_place:
        return Why.SAME_PLACE, f"{line.action} of {called} starts and ends at {line.from_place}"
    if package := package_in(line.names):
        what_to_do = "send for its EPCIS aggregation events, or scan the boxes in it one by one"
        return Why.UNKNOWN_PACKAGE, f"the content of package SSCC {package} is unknown: {what_to_do}"
    if not line.lot:
        return Why.MISSING_LOT, f"the label {line.scanned!r} names no lot: find it out and book the movement by hand"
    items = known.items_of(line.keys)
    if not items:
        return Why.UNKNOWN_ITEM, f"no item has {called}: add it, and the movement is booked"
    if len(items) > 1:
        names = " and ".join(item.name for item in items)
        return Why.DIFFERENT_ITEMS, f"the codes of this label, {called}, name {names}: find out which it is"
    unknown = [place for place in places if place not in known.places]
    if unknown:
        return Why.UNKNOWN_PLACE, f"no place is named {' or '.join(map(str, unknown))}: add it, and it is booked"
    quantity = line.quantity * (1 if line.in_base_units else items[0].base_units)
    if quantity > QUANTITY_MAX:
        return Why.IMPLAUSIBLE_QUANTITY, f"{quantity} base units of {called} in one line cannot be right"
    if line.serial and line.quantity != 1:
        return Why.IMPLAUSIBLE_QUANTITY, f"serial {line.serial} of {called} is one unit, not {line.quantity}"
    return None
