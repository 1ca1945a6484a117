"""First expired, first out: which positions to take for a demand, and why the others were passed over.

Pure. Positions that may not be issued are skipped with every reason; they never stop the plan. What cannot be
covered is said, not refused: the caller decides whether a part is enough.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime

from edge_agent.domain.stock.eligibility import Context, Reason, Stock, reasons_not_to
from edge_agent.domain.wire.records import Action

_LAST = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Position:
    """Stock of one lot (or one serial of it) in one place. ``received_at``: when the first of the lot came anywhere,
    None where nobody knows.

    ``is_made_for_it``: it was made for the very prescription that is to be covered, and leaves before other stock.
    """

    lot_id: int
    place_id: int
    serial: str
    received_at: datetime | None
    stock: Stock
    is_made_for_it: bool = False

    @property
    def free(self) -> int:
        """Base units that nobody has been reserved; never below 0."""
        return max(0, self.stock.quantity - self.stock.reserved)


@dataclass(frozen=True, slots=True)
class Pick:
    """Take ``quantity`` base units from ``position``."""

    position: Position
    quantity: int


@dataclass(frozen=True, slots=True)
class Skipped:
    """A position whose turn it was, and all reasons why it was passed over."""

    position: Position
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class AllocationPlan:
    """What to take, what was passed over on the way (both in FEFO order), and base units that are ``missing``."""

    picks: tuple[Pick, ...]
    skipped: tuple[Skipped, ...]
    missing: int


def plan(
    positions: Iterable[Position], quantity: int, context: Context, action: Action = Action.ALLOCATE
) -> AllocationPlan:
    """Cover ``quantity`` (> 0 base units) from ``positions``; those behind the last pick are not looked at."""
    if quantity <= 0:
        raise ValueError(f"quantity is {quantity}: a demand has at least 1 base unit")
    picks: list[Pick] = []
    skipped: list[Skipped] = []
    missing = quantity
    for position in sorted(positions, key=fefo_key):
        if missing == 0:
            break
        reasons = reasons_not_to(action, position.stock, context)
        if reasons:
            skipped.append(Skipped(position, reasons))
            continue
        take = min(position.free, missing)
        picks.append(Pick(position, take))
        missing -= take
    return AllocationPlan(tuple(picks), tuple(skipped), missing)


def fefo_key(position: Position) -> tuple[bool, bool, date, datetime, bool, datetime, int, int, str]:
    """Order of issue, here and nowhere else: what was made for the demand first, then by the day and instant of expiry
    where it is and by receipt (unknown ones last), lot, place and serial, so that equals always come the same way.

    ``positions_in_fefo_order`` in ``availability.sql`` narrows down to the first rows of this order. Of the stock of
    one time zone, what labels say and the receipt decide: so an index finds the first of ten thousand lots.
    """
    expires_at, received_at = position.stock.expires_at, position.received_at
    return (
        not position.is_made_for_it,
        expires_at is None,
        position.stock.last_day or date.max,
        expires_at or _LAST,
        received_at is None,
        received_at or _LAST,
        position.lot_id,
        position.place_id,
        position.serial,
    )
