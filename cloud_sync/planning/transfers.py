"""What would expire unused at one site and is needed at another: the transfers that save the most.

A lot can serve what the other site would want, and has not, between the day it arrives and the last day on which it may
be given. Wants are counted in spans of days: what a site wants in a span and its own stock does not cover. Which lot
goes where is a transport problem (``assignment``): the value of what is saved less what each transfer is charged.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from math import floor

from cloud_sync.planning.assignment import Arc, assign

SPAN_DAYS = 7
SPANS_MAX = 26


@dataclass(frozen=True, slots=True)
class Surplus:
    """Base units of a lot that would expire unused; it may be given for ``days_left`` more days. ``value`` of a
    unit."""

    lot_id: int
    site: str
    quantity: int
    days_left: int
    value: int = 100


@dataclass(frozen=True, slots=True)
class Want:
    """Base units that a site wants in a span of days (0: the first :data:`SPAN_DAYS`), and does not have."""

    site: str
    span: int
    quantity: int


@dataclass(frozen=True, slots=True)
class Advice:
    """So many base units of a lot from one site to another, used up within so many days."""

    lot_id: int
    from_site: str
    to_site: str
    quantity: int
    used_within_days: int


def wants_of(site: str, rate: float, position: float, *, arrives_after_days: int = 0) -> list[Want]:
    """What a site wants beyond what it has, by span: at ``rate`` a day, with a ``position`` that serves it first.

    >>> [want.quantity for want in wants_of("north", 2.0, 20.0)[:3]]
    [0, 8, 14]
    """
    found, before = [], 0
    for span in range(SPANS_MAX):
        until = floor(max(0.0, rate * SPAN_DAYS * (span + 1) - max(0.0, position)))
        found.append(Want(site, span, until - before if (span + 1) * SPAN_DAYS > arrives_after_days else 0))
        before = until
    return found


def advise(
    surplus: Sequence[Surplus],
    wants: Sequence[Want],
    travel_days: int,
    *,
    min_quantity: int = 1,
    min_days_left: int = 0,
) -> list[Advice]:
    """The transfers that save the most value; a unit that is used sooner is worth a little more than a later one.

    ``min_days_left``: a site takes nothing that expires sooner after it has arrived. ``min_quantity``: less is not
    worth a transfer, and is left out.
    """
    arcs = [
        Arc(giver, taker, each.value * (SPANS_MAX + 1) - want.span)
        for giver, each in enumerate(surplus)
        for taker, want in enumerate(wants)
        if want.quantity > 0 and each.site != want.site and each.value > 0
        and _can_serve(each, want, travel_days, min_days_left)
    ]  # fmt: skip
    units = assign([each.quantity for each in surplus], [max(0, want.quantity) for want in wants], arcs)
    moved = sorted(
        (surplus[arc.giver].lot_id, surplus[arc.giver].site, wants[arc.taker].site, wants[arc.taker].span, amount)
        for arc, amount in zip(arcs, units, strict=True)
        if amount
    )
    found = []
    for (lot_id, source, target), rows in groupby(moved, key=lambda row: row[:3]):
        parts = list(rows)
        quantity = sum(row[4] for row in parts)
        if quantity >= min_quantity:
            found.append(Advice(lot_id, source, target, quantity, (parts[-1][3] + 1) * SPAN_DAYS))
    return found


def _can_serve(surplus: Surplus, want: Want, travel_days: int, min_days_left: int) -> bool:
    """Whether it is there before the span ends, and the span ends before it expires."""
    end = (want.span + 1) * SPAN_DAYS
    return travel_days < end <= surplus.days_left + 1 and surplus.days_left - travel_days >= min_days_left
