"""May this stock be issued? The one answer, the same at the dock and at the ledger, with every reason.

Issuing is blocked by holds, expiry, too short a remaining shelf life, another owner and reservations for others.
Moving, counting, returning and destroying are always allowed: blocked stock has to be dealt with somehow.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from enum import StrEnum

from edge_agent.domain.stock.expiry import expired_text, last_day, life_left
from edge_agent.domain.wire.records import Action

ISSUING = frozenset({Action.ALLOCATE, Action.PICK, Action.SHIP, Action.DISPENSE, Action.CONSUME})


class HoldKind(StrEnum):
    """Why stock is held."""

    EXPOSURE = "exposure"
    MANUAL = "manual"
    SUPPLIER = "supplier"
    RECALL = "recall"
    RECEIPT_INSPECTION = "receipt_inspection"
    EXCEPTION = "exception"
    UNRELEASED = "unreleased"  # made here, and quality has not released the batch
    PATIENT = "patient"  # made for one patient's prescription: dispensed for it, and nothing else


BLOCKS: dict[HoldKind, frozenset[Action]] = {
    **dict.fromkeys(HoldKind, ISSUING),
    HoldKind.PATIENT: ISSUING - {Action.DISPENSE},
}
"""What each kind of hold blocks."""


class ReasonCode(StrEnum):
    """Why stock may not be used for an action."""

    HELD = "held"
    EXPIRED = "expired"
    NO_EXPIRY = "no_expiry"
    SHORT_DATED = "short_dated"
    OTHER_OWNER = "other_owner"
    RESERVED = "reserved"
    NO_STOCK = "no_stock"


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason, for machines (``code``) and people (``text``)."""

    code: ReasonCode
    text: str


@dataclass(frozen=True, slots=True)
class HoldFact:
    """A hold on the stock in question, as eligibility needs it."""

    kind: HoldKind
    text: str


@dataclass(frozen=True, slots=True)
class Stock:
    """Stock of one lot (or one serial of it) in one place.

    ``expires_at`` is the first instant at which it may no longer be used where it is, None if the item has no expiry;
    ``expires_on`` the day that its label says, if that is known, and ``zone`` what counts where it is.
    ``quantity`` and ``reserved`` are base units; ``reserved`` counts reservations for others than the asker.
    """

    lot: str
    owner: str
    quantity: int
    reserved: int
    expires_at: datetime | None
    expiry_required: bool
    holds: tuple[HoldFact, ...]
    expires_on: date | None = None
    zone: tzinfo = UTC

    @property
    def last_day(self) -> date | None:
        """The last day on which it may be used."""
        if self.expires_on is not None or self.expires_at is None:
            return self.expires_on
        return last_day(self.expires_at, self.zone)


@dataclass(frozen=True, slots=True)
class Context:
    """Who asks and when. ``shelf_life_min`` is the remaining life that the receiver demands at ``at``, by the calendar
    and wall clock where the stock is: a day counts as a day when the clocks change.
    """

    at: datetime
    owner: str
    shelf_life_min: timedelta = timedelta(0)


def reasons_not_to(action: Action, stock: Stock, context: Context) -> tuple[Reason, ...]:
    """All reasons why ``action`` may not be done with ``stock``; empty when it may."""
    held = tuple(Reason(ReasonCode.HELD, hold.text) for hold in stock.holds if action in BLOCKS[hold.kind])
    if action not in ISSUING:
        return held
    return held + _expiry_reasons(stock, context) + _ownership_reasons(stock, context) + _quantity_reasons(stock)


def _expiry_reasons(stock: Stock, context: Context) -> tuple[Reason, ...]:
    if stock.expires_at is None:
        if not stock.expiry_required:
            return ()
        return (Reason(ReasonCode.NO_EXPIRY, f"lot {stock.lot} has no expiry date on record"),)
    if stock.expires_at <= context.at:
        return (Reason(ReasonCode.EXPIRED, f"lot {stock.lot} {expired_text(stock.expires_at, stock.zone)}"),)
    left = life_left(stock.expires_at, context.at, stock.zone)
    if left < context.shelf_life_min:
        days = left.days
        wanted = context.shelf_life_min.days
        words = f"lot {stock.lot} has {days} days of shelf life left; {wanted} required"
        return (Reason(ReasonCode.SHORT_DATED, words),)
    return ()


def _ownership_reasons(stock: Stock, context: Context) -> tuple[Reason, ...]:
    if stock.owner == context.owner:
        return ()
    return (Reason(ReasonCode.OTHER_OWNER, f"lot {stock.lot} belongs to {stock.owner}, not to {context.owner}"),)


def _quantity_reasons(stock: Stock) -> tuple[Reason, ...]:
    if stock.quantity <= 0:
        return (Reason(ReasonCode.NO_STOCK, f"no stock of lot {stock.lot} here"),)
    if stock.reserved >= stock.quantity:
        return (Reason(ReasonCode.RESERVED, f"all {stock.quantity} of lot {stock.lot} are reserved"),)
    return ()
