"""What is wrong with a delivery: the checks of a receipt, the same at the dock and at the ledger.

========================== ======== =============================================================================
code                       severity when
========================== ======== =============================================================================
unknown_item               warn     its codes are not in the item master; the boxes are here all the same
no_such_order              warn     the order may be newer than what is known here
unexpected_item            refuse   the order does not ask for this item
wrong_lot                  refuse   the order asks for other lots of the item
missing_lot                refuse   the label names no lot
missing_expiry             refuse   the item must have an expiry date and the label has none
wrong_expiry               refuse   the lot is known with another expiry date
missing_serial             refuse   units of the item are followed one by one and the label has no serial
duplicate_serial           refuse   the serial is in the house already
expired                    refuse   by its label it may no longer be used
short_dated                warn     less shelf life is left than a receipt of the item should have
over_delivery              warn     more than the order has open
supplier_unknown           warn     the supplier has no qualification on record
supplier_not_qualified     refuse   quality has not approved the supplier
========================== ======== =============================================================================

What is refused stays out of stock until somebody has looked at it; a warning goes with the receipt.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from enum import StrEnum

from edge_agent.domain.stock.expiry import life_left


class Severity(StrEnum):
    """What a finding does to a scan."""

    REFUSE = "refuse"
    WARN = "warn"


class FindingCode(StrEnum):
    """What is wrong with a receipt."""

    UNKNOWN_ITEM = "unknown_item"
    NO_SUCH_ORDER = "no_such_order"
    UNEXPECTED_ITEM = "unexpected_item"
    WRONG_LOT = "wrong_lot"
    MISSING_LOT = "missing_lot"
    MISSING_EXPIRY = "missing_expiry"
    WRONG_EXPIRY = "wrong_expiry"
    MISSING_SERIAL = "missing_serial"
    DUPLICATE_SERIAL = "duplicate_serial"
    EXPIRED = "expired"
    SHORT_DATED = "short_dated"
    OVER_DELIVERY = "over_delivery"
    SUPPLIER_UNKNOWN = "supplier_unknown"
    SUPPLIER_NOT_QUALIFIED = "supplier_not_qualified"


SEVERITY: dict[FindingCode, Severity] = {
    FindingCode.UNKNOWN_ITEM: Severity.WARN,
    FindingCode.NO_SUCH_ORDER: Severity.WARN,
    FindingCode.UNEXPECTED_ITEM: Severity.REFUSE,
    FindingCode.WRONG_LOT: Severity.REFUSE,
    FindingCode.MISSING_LOT: Severity.REFUSE,
    FindingCode.MISSING_EXPIRY: Severity.REFUSE,
    FindingCode.WRONG_EXPIRY: Severity.REFUSE,
    FindingCode.MISSING_SERIAL: Severity.REFUSE,
    FindingCode.DUPLICATE_SERIAL: Severity.REFUSE,
    FindingCode.EXPIRED: Severity.REFUSE,
    FindingCode.SHORT_DATED: Severity.WARN,
    FindingCode.OVER_DELIVERY: Severity.WARN,
    FindingCode.SUPPLIER_UNKNOWN: Severity.WARN,
    FindingCode.SUPPLIER_NOT_QUALIFIED: Severity.REFUSE,
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, for machines (``code``) and people (``text``)."""

    code: FindingCode
    text: str

    @property
    def severity(self) -> Severity:
        """Whether it keeps the boxes out."""
        return SEVERITY[self.code]


@dataclass(frozen=True, slots=True)
class Delivered:
    """What the label says, and the quantity in base units. ``item`` is what to call it if nobody knows it.

    ``expires_at`` is the first instant at which it may no longer be used, by the label.
    """

    item: str
    quantity: int
    lot: str | None
    serial: str | None
    expires_on: date | None
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class ItemFacts:
    """What a receipt of an item must have."""

    name: str
    expiry_required: bool
    serial_tracked: bool
    receipt_days_min: int | None = None


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """What an order has open for the item of this receipt, in base units, and the lots if it names any.

    ``asks_for_item`` is false when no line of the order is about the item.
    """

    number: str
    asks_for_item: bool
    open_quantity: int = 0
    lots: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Expected:
    """What is known beforehand. ``item`` None: the GTIN is unknown. ``order`` None: the receipt names none.

    ``order_known`` is false if it names one that nobody here knows. ``supplier_qualified`` None: nobody has said;
    ``supplier_checked`` false: no list of suppliers is kept, so nothing is found about any.
    ``lot_expires_on`` is the expiry the lot is known with, ``serial_at`` where the serial is already.
    """

    item: ItemFacts | None
    supplier: str
    order: OrderFacts | None = None
    order_known: bool = True
    supplier_checked: bool = False
    supplier_qualified: bool | None = None
    supplier_text: str = ""
    lot_known: bool = False
    lot_expires_on: date | None = None
    serial_at: str | None = None


def findings_of(delivered: Delivered, expected: Expected, *, at: datetime, zone: tzinfo = UTC) -> tuple[Finding, ...]:
    """Everything that is wrong with receiving ``delivered`` at ``at`` where ``zone`` counts; empty when all is well."""
    return (
        *_about_supplier(expected),
        *_about_item(delivered, expected),
        *_about_order(delivered, expected),
        *_about_dates(delivered, expected, at, zone),
    )


def _about_supplier(expected: Expected) -> tuple[Finding, ...]:
    if not expected.supplier_checked or expected.supplier_qualified:
        return ()
    if expected.supplier_qualified is None:
        text = f"supplier {expected.supplier} has no qualification on record"
        return (Finding(FindingCode.SUPPLIER_UNKNOWN, text),)
    why = f": {expected.supplier_text}" if expected.supplier_text else ""
    text = f"supplier {expected.supplier} is not qualified{why}"
    return (Finding(FindingCode.SUPPLIER_NOT_QUALIFIED, text),)


def _about_item(delivered: Delivered, expected: Expected) -> tuple[Finding, ...]:
    found: list[Finding] = []
    item = expected.item
    if item is None:
        found.append(Finding(FindingCode.UNKNOWN_ITEM, f"unknown item: {delivered.item} is not in the item master"))
    if delivered.lot is None:
        found.append(Finding(FindingCode.MISSING_LOT, f"the label of {delivered.item} has no lot number"))
    if item is not None and item.serial_tracked and delivered.serial is None:
        text = f"units of {item.name} are tracked by serial number, and this label has none"
        found.append(Finding(FindingCode.MISSING_SERIAL, text))
    if delivered.serial is not None and expected.serial_at is not None:
        text = f"serial {delivered.serial} is already in stock in {expected.serial_at}"
        found.append(Finding(FindingCode.DUPLICATE_SERIAL, text))
    return tuple(found)


def _about_order(delivered: Delivered, expected: Expected) -> tuple[Finding, ...]:
    order = expected.order
    if order is None or expected.item is None:
        return ()
    if not expected.order_known:
        return (Finding(FindingCode.NO_SUCH_ORDER, f"order {order.number} is not open, or not known here yet"),)
    if not order.asks_for_item:
        text = f"order {order.number} does not include {expected.item.name}"
        return (Finding(FindingCode.UNEXPECTED_ITEM, text),)
    if order.lots and delivered.lot is not None and delivered.lot not in order.lots:
        text = f"order {order.number} is for lot {' or '.join(sorted(order.lots))}, not {delivered.lot}"
        return (Finding(FindingCode.WRONG_LOT, text),)
    if delivered.quantity > order.open_quantity:
        open_now = f"{max(0, order.open_quantity)} of {expected.item.name} outstanding"
        text = f"order {order.number} has {open_now}, not {delivered.quantity}"
        return (Finding(FindingCode.OVER_DELIVERY, text),)
    return ()


def _about_dates(delivered: Delivered, expected: Expected, at: datetime, zone: tzinfo) -> tuple[Finding, ...]:
    item, lot = expected.item, delivered.lot or delivered.item
    if delivered.expires_on is None or delivered.expires_at is None:
        if item is None or not item.expiry_required:
            return ()
        return (Finding(FindingCode.MISSING_EXPIRY, f"the label of lot {lot} has no expiry date"),)
    found: list[Finding] = []
    if expected.lot_known and expected.lot_expires_on not in (None, delivered.expires_on):
        text = f"lot {lot} is recorded with expiry {expected.lot_expires_on}; this label says {delivered.expires_on}"
        found.append(Finding(FindingCode.WRONG_EXPIRY, text))
    days_left = life_left(delivered.expires_at, at, zone).days
    if delivered.expires_at <= at:
        found.append(Finding(FindingCode.EXPIRED, f"lot {lot} expired on {delivered.expires_on}"))
    elif item is not None and item.receipt_days_min is not None and days_left < item.receipt_days_min:
        text = f"lot {lot} has {days_left} days left, a receipt should have {item.receipt_days_min}"
        found.append(Finding(FindingCode.SHORT_DATED, text))
    return tuple(found)
