"""A recall's quantities: where everything that was received has gone, to the last unit."""

from collections.abc import Iterable
from dataclasses import dataclass

from cloud_sync.domain.movements import INTERNAL
from cloud_sync.domain.trace import PRODUCTION, RECIPIENTS, SUPPLIERS

COUNTED = "count_difference"
SCRAP = "scrap"


@dataclass(frozen=True, slots=True)
class RecallFlow:
    """What went of a lot from one kind of place to another, all movements added up (base units).

    ``is_approved``: by counts, whose differences are booked once somebody else than who counted approves them.
    """

    from_kind: str
    to_kind: str
    quantity: int
    is_approved: bool = False


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """Of what was received (or made): what is on hand, with recipients, returned to suppliers, destroyed, used in
    production, and ``count_differences``, which approved counts took away (added: below 0). The ``difference`` is what
    was taken as missed without an approved count: it is not accounted for. ``came_back`` is the part that recipients
    sent back; it is on hand, destroyed or returned by now.
    """

    received: int
    on_hand: int
    with_recipients: int
    returned: int
    destroyed: int
    consumed: int
    count_differences: int
    difference: int
    came_back: int

    @property
    def accounted_pct(self) -> float:
        """How much of what was received is accounted for without a difference, in percent."""
        if self.received == 0:
            return 100.0
        return round(100.0 * (1 - abs(self.difference) / self.received), 2)

    @property
    def is_complete(self) -> bool:
        """Whether everything is accounted for, and nothing is where more left than came."""
        return self.difference == 0 and min(self.on_hand, self.with_recipients, self.destroyed, self.consumed) >= 0


def reconcile(flows: Iterable[RecallFlow]) -> Reconciliation:
    """Add up a lot's movements. What was received always equals the sum of the rest, for stock is a sum.

    >>> moved = [("supplier", "room", 10), ("room", "customer", 4), ("room", "scrap", 6)]
    >>> reconcile(RecallFlow(*each) for each in moved).destroyed
    6
    """
    each = list(flows)

    def moved(sources: Iterable[str], targets: Iterable[str]) -> int:
        wanted_sources, wanted_targets = set(sources), set(targets)
        return sum(f.quantity for f in each if f.from_kind in wanted_sources and f.to_kind in wanted_targets)

    every = {kind for flow in each for kind in (flow.from_kind, flow.to_kind)}

    def stayed(kinds: Iterable[str]) -> int:
        inside = set(kinds)
        return moved(every - inside, inside) - moved(inside, every - inside)

    def missed(is_approved: bool) -> int:
        by = [flow for flow in each if flow.is_approved is is_approved and flow.from_kind != flow.to_kind]
        return sum(f.quantity for f in by if f.to_kind == COUNTED) - sum(
            f.quantity for f in by if f.from_kind == COUNTED
        )

    # What was called missed and found again, whichever of both a count says, is missed no longer.
    approved, unapproved = missed(is_approved=True), missed(is_approved=False)
    found_again = min(abs(approved), abs(unapproved)) if approved * unapproved < 0 else 0
    sign = 1 if approved > 0 else -1
    # Production both consumes ingredients and yields products: what comes out beyond what went in was made there.
    in_production = stayed({PRODUCTION})
    return Reconciliation(
        received=moved(SUPPLIERS, every - SUPPLIERS) + max(0, -in_production),
        on_hand=stayed(INTERNAL),
        with_recipients=stayed(RECIPIENTS),
        returned=moved(every - SUPPLIERS, SUPPLIERS),
        destroyed=stayed({SCRAP}),
        consumed=max(0, in_production),
        count_differences=approved - sign * found_again,
        difference=unapproved + sign * found_again,
        came_back=moved(RECIPIENTS, every - RECIPIENTS),
    )
