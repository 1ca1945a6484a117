"""Demand from the movement log: what was dispensed and shipped of an item at a place, by week of the site's days.

Returns, counts, transfers, destruction and what a batch consumes are no demand of a recipient (what is compounded is
planned with its product). A day on which nothing of the item could be issued, because it was out or on hold, is
*censored*: more may have been wanted.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import sha256

from edge_agent.domain.wire.records import Action

ACTIONS = frozenset({Action.DISPENSE, Action.SHIP})
"""What is demand, if it goes to a recipient; on its way to a site of the house it is a transfer."""
RECIPIENT_KINDS = frozenset({"customer", "ward"})
WEEKS_MAX = 156


@dataclass(frozen=True, slots=True)
class Use:
    """Base units that were issued to recipients at a place: on ``first_day`` for the first time, and ``units`` of each
    of ``weeks_ago`` (0: the week that ends with the last day)."""

    first_day: date
    weeks_ago: tuple[int, ...]
    units: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Weeks:
    """Use by week, oldest first; the last week ends with ``last_day``."""

    last_day: date
    used: tuple[int, ...]
    censored: tuple[bool, ...]

    @property
    def digest(self) -> str:
        """What identifies it."""
        text = f"{self.last_day}|{','.join(map(str, self.used))}|{''.join(str(int(each)) for each in self.censored)}"
        return sha256(text.encode()).hexdigest()


def is_demand(action: str, from_kind: str, to_kind: str) -> bool:
    """Whether a movement is demand.

    >>> is_demand("ship", "room", "customer"), is_demand("ship", "room", "transit"), is_demand("return", "ward", "room")
    (True, False, False)
    """
    return action in ACTIONS and to_kind in RECIPIENT_KINDS and from_kind not in RECIPIENT_KINDS


def weeks_of(uses: Sequence[Use], days_out: Iterable[date], last_day: date) -> Weeks:
    """Whole weeks up to ``last_day``, at most :data:`WEEKS_MAX`, since the first use.

    A week is censored if on any of its days nothing could be issued.
    """
    began = min((use.first_day for use in uses), default=last_day)
    count = min(WEEKS_MAX, (last_day - began).days // 7 + 1) if uses else 0
    used, censored = [0] * count, [False] * count
    for use in uses:
        for weeks_ago, units in zip(use.weeks_ago, use.units, strict=True):
            if weeks_ago < count:
                used[count - 1 - weeks_ago] += units
    for day in days_out:
        if day <= last_day and (week := count - 1 - (last_day - day).days // 7) >= 0:
            censored[week] = True
    return Weeks(last_day, tuple(used), tuple(censored))


@dataclass(frozen=True, slots=True)
class Spell:
    """Days from ``first`` to ``last`` during which some of an item could be issued at a place."""

    first: date
    last: date


def days_without(spells: Sequence[Spell], first: date, last: date) -> list[date]:
    """Days from ``first`` to ``last`` that no spell covers.

    >>> days_without([Spell(date(2026, 1, 1), date(2026, 1, 3))], date(2026, 1, 2), date(2026, 1, 5))
    [datetime.date(2026, 1, 4), datetime.date(2026, 1, 5)]
    """
    missing = []
    day = first
    for spell in sorted(spells, key=lambda each: each.first):
        while day < spell.first and day <= last:
            missing.append(day)
            day += timedelta(days=1)
        day = max(day, spell.last + timedelta(days=1))
    while day <= last:
        missing.append(day)
        day += timedelta(days=1)
    return missing
