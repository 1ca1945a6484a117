"""The key performance indicators of a site and month, each defined once: its formula in words, and as a sum of parts.

The ledger gives the parts (``storage/kpi.sql``); a figure is ``parts[numerator] / parts[denominator]``, or a part
itself. Parts of several sites are added before they are divided, so the figure of the house is that of all its facts,
never the mean of means.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

Parts = Mapping[str, float | None]


class Better(StrEnum):
    """Which way is better."""

    MORE = "more"
    LESS = "less"
    NEITHER = "neither"


class Unit(StrEnum):
    """What a figure counts."""

    SHARE = "share"
    DAYS = "days"
    HOURS = "hours"
    UNITS = "units"
    MONEY = "money"
    TIMES = "times"
    COUNT = "count"


@dataclass(frozen=True, slots=True)
class Kpi:
    """A figure: ``numerator`` over ``denominator`` ('' for none); ``worst`` is where an exception score is 1."""

    name: str
    title: str
    unit: Unit
    formula: str
    numerator: str
    denominator: str = ""
    better: Better = Better.NEITHER
    good: float | None = None
    worst: float | None = None
    page: str = "/control-tower"

    def of(self, parts: Parts) -> float | None:
        """The figure; None where there was nothing to measure."""
        top = parts.get(self.numerator)
        if top is None or not self.denominator:
            return top
        under = parts.get(self.denominator)
        return float(top) / float(under) if under else None

    def score(self, value: float | None) -> float:
        """How bad it is, 0 (good, or nothing to measure) to 1 (``worst`` or beyond)."""
        if value is None or self.good is None or self.worst is None:
            return 0.0
        return min(1.0, max(0.0, (value - self.good) / (self.worst - self.good)))


KPIS: tuple[Kpi, ...] = (
    Kpi("inventory_accuracy", "Inventory accuracy", Unit.SHARE,
        "positions counted that were as expected / positions counted, of counts decided in the month",
        "positions_as_expected", "positions_counted", Better.MORE, 0.99, 0.90, "/counts"),
    Kpi("stock_out_days", "Stock-out days", Unit.DAYS,
        "days of the site on which nothing of an item with a reorder level could be issued, summed over items",
        "stock_out_days", better=Better.LESS, good=0, worst=30, page="/shortages"),
    Kpi("stock_out_rate", "Stock-out frequency", Unit.SHARE,
        "stock-out days / (items with a reorder level x days)",
        "stock_out_days", "level_days", Better.LESS, 0.005, 0.05, "/shortages"),
    Kpi("expired_units", "Expiry write-offs, units", Unit.UNITS,
        "base units destroyed after their expiry", "expired_units", better=Better.LESS, page="/expiry"),
    Kpi("expired_value", "Expiry write-offs, value", Unit.MONEY,
        "base units destroyed after their expiry x actual unit cost of their lots (receipts, else the item's "
        "cost then)",
        "expired_value", better=Better.LESS, page="/expiry"),
    Kpi("expired_share", "Expiry write-offs of what was issued", Unit.SHARE,
        "value destroyed after expiry / value issued to recipients",
        "expired_value", "issued_value", Better.LESS, 0.01, 0.06, "/expiry"),
    Kpi("receiving_hours", "Receiving to available", Unit.HOURS,
        "hours from the receipt of a lot to the first time that none of it was on hold, mean over lots received in the "
        "month and available by now", "available_after_h", "lots_available", Better.LESS, 8, 120, "/receiving"),
    Kpi("shortage_response_hours", "Shortage response time", Unit.HOURS,
        "hours from opening a shortage to the approval of its shares, mean over shortages approved in the month",
        "shortage_response_h", "shortages_approved", Better.LESS, 4, 72, "/shortages"),
    Kpi("transfer_hours", "Transfer lead time", Unit.HOURS,
        "hours from the request of a transfer to its first receipt, mean over transfers received in the month",
        "transfer_h", "transfers_received", Better.LESS, 24, 168, "/transfers"),
    Kpi("supplier_fill_rate", "Supplier fill rate", Unit.SHARE,
        "base units received / base units ordered, of purchases first received in the month",
        "purchased_received", "purchased_ordered", Better.MORE, 0.97, 0.80, "/planning"),
    Kpi("supplier_quality", "Supplier quality", Unit.SHARE,
        "receipts of the month without a discrepancy case / receipts of purchases",
        "receipts_clean", "receipts", Better.MORE, 0.98, 0.85, "/cases"),
    Kpi("standard_share", "Share of transactions by standard workflow", Unit.SHARE,
        "movements of receipt, shipment, dispensing and return that name an order / all of them",
        "standard_movements", "workflow_movements", Better.MORE, 0.95, 0.60, "/orders"),
    Kpi("excursions", "Excursions", Unit.COUNT, "excursions that began in the month", "excursions",
        better=Better.LESS, good=0, worst=10, page="/quarantine"),
    Kpi("outside_hours", "Hours outside limits", Unit.HOURS,
        "hours of excursions within the month, summed over places", "outside_h", better=Better.LESS, good=0, worst=48,
        page="/quarantine"),
    Kpi("quarantine_hours", "Time on hold", Unit.HOURS,
        "hours from placing to lifting a hold, or from the end of an excursion to the decision on a lot, mean "
        "over those "
        "ended in the month", "quarantine_h", "holds_ended", Better.LESS, 24, 240, "/quarantine"),
    Kpi("turns", "Inventory turns a year", Unit.TIMES,
        "value issued to recipients in the month x 12 / mean of the stock's value at its beginning and end",
        "issued_value_year", "stock_value", Better.MORE, 8, 2, "/planning"),
    Kpi("stock_value", "Inventory value", Unit.MONEY,
        "base units in the house x actual unit cost of their lots, mean of beginning and end of the month",
        "stock_value", page="/planning"),
)  # fmt: skip

BY_NAME: Mapping[str, Kpi] = {kpi.name: kpi for kpi in KPIS}


def figures(parts: Parts) -> dict[str, float | None]:
    """Every figure of these parts by its name."""
    return {kpi.name: kpi.of(parts) for kpi in KPIS}


@dataclass(frozen=True, slots=True)
class ExceptionScore:
    """How urgently somebody should look at a figure: 0 to 1, with what it is and where to look."""

    kpi: Kpi
    site: str
    value: float
    score: float


def exception_scores(by_site: Mapping[str, Parts]) -> list[ExceptionScore]:
    """Figures that are worse than good, the worst first.

    >>> found = exception_scores({"main": {"positions_as_expected": 90.0, "positions_counted": 100.0}})
    >>> [(each.kpi.name, each.score) for each in found]
    [('inventory_accuracy', 1.0)]
    """
    found = []
    for site, parts in sorted(by_site.items()):
        for kpi in KPIS:
            value = kpi.of(parts)
            if value is not None and (score := round(kpi.score(value), 3)) > 0:
                found.append(ExceptionScore(kpi, site, float(value), score))
    return sorted(found, key=lambda each: (-each.score, each.kpi.name, each.site))
