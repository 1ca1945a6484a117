"""Keeping less of what is dear and ordering it more often, so that the same value of stock serves more.

A house that says what it is *worth*, in money, that an item does not run out in an order cycle gets service levels by
value: the risk of running out is value of an order / worth. And order cycles by value: the square root of economic
order quantities (Harris 1913), scaled so that there are as many orders in all. ``service_level`` stays the least.
"""

from collections.abc import Iterable
from dataclasses import replace
from math import sqrt

from cloud_sync.planning.plan import Terms

CYCLE_DAYS_MIN, CYCLE_DAYS_MAX = 7, 28


def usual_value(values_a_day: Iterable[float]) -> float:
    """The value a day of an item that is ordered in the usual cycle, so that orders stay as many.

    >>> usual_value([1.0, 4.0, 9.0])
    4.0
    """
    known = [sqrt(value) for value in values_a_day if value > 0]
    return (sum(known) / len(known)) ** 2 if known else 0.0


def by_value(terms: Terms, unit_value: float | None, units_a_day: float, *, worth: float, usual: float) -> Terms:
    """Terms of an item by what it is worth; the same where nobody has said what it costs, or it is not used.

    >>> found = by_value(Terms(), 40.0, 1.0, worth=2000, usual=10.0)
    >>> found.cycle_days, found.unit_value
    (7, 40.0)
    """
    if not unit_value or units_a_day <= 0 or usual <= 0:
        return terms
    days = terms.cycle_days * sqrt(usual / (unit_value * units_a_day))
    least, most = min(CYCLE_DAYS_MIN, terms.cycle_days), max(CYCLE_DAYS_MAX, terms.cycle_days)
    return replace(terms, cycle_days=round(min(most, max(least, days))), unit_value=unit_value, worth=worth)
