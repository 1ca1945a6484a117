"""How long suppliers take and how much of what was ordered they bring, from the ledger's own orders.

Each order counts once by its first receipt. Where a supplier has few orders, what is known of all suppliers stands in:
as if :data:`PRIOR_ORDERS` of its orders had been like the average one.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import fmean

PRIOR_ORDERS = 3
UNKNOWN_DAYS, UNKNOWN_SPREAD_DAYS = 7.0, 3.0
"""What is assumed where no order has ever been received; the plan says so."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One order: days from placing to the first receipt, what was ordered and what has come, in base units."""

    supplier: str
    days: float
    ordered: int
    received: int


@dataclass(frozen=True, slots=True)
class LeadTime:
    """Days that a supplier takes (mean and standard deviation), the share of ordered units that comes, of how many
    orders."""

    days: float
    spread_days: float
    fill_rate: float
    orders: int

    @property
    def is_measured(self) -> bool:
        """Whether any order of this supplier is behind it."""
        return self.orders > 0


def lead_times(deliveries: Iterable[Delivery]) -> Mapping[str, LeadTime]:
    """Lead time and fill rate of each supplier; under '' what stands in for one that has delivered nothing yet."""
    by_supplier: dict[str, list[Delivery]] = {}
    for each in deliveries:
        by_supplier.setdefault(each.supplier, []).append(each)
    every = [each for known in by_supplier.values() for each in known]
    overall = _measured(every, UNKNOWN_DAYS, UNKNOWN_SPREAD_DAYS, 1.0)
    found = {
        supplier: _measured(known, overall.days, overall.spread_days, overall.fill_rate)
        for supplier, known in sorted(by_supplier.items())
    }
    found[""] = LeadTime(overall.days, overall.spread_days, overall.fill_rate, 0)
    return found


def _measured(known: list[Delivery], days: float, spread: float, fill: float) -> LeadTime:
    if not known:
        return LeadTime(days, spread, fill, 0)
    n, weight = len(known), len(known) + PRIOR_ORDERS
    mean = (sum(each.days for each in known) + PRIOR_ORDERS * days) / weight
    own = fmean(each.days for each in known)
    squares = sum((each.days - own) ** 2 for each in known)
    variance = (squares + PRIOR_ORDERS * spread**2 + n * PRIOR_ORDERS / weight * (own - days) ** 2) / weight
    ordered = sum(each.ordered for each in known)
    came = sum(min(each.received, each.ordered) for each in known)
    own_fill = came / ordered if ordered else fill
    return LeadTime(mean, variance**0.5, (n * own_fill + PRIOR_ORDERS * fill) / weight, n)
