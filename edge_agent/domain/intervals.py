"""Intervals of time: half-open, maybe without a beginning or an end.

An interval holds its first instant and not its last, so that what follows another touches it and does not overlap.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

_EVER, _NEVER = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Interval:
    """From ``begins`` (None: since ever) up to, but not including, ``ends`` (None: without end).

    >>> noon, one = datetime(2026, 3, 1, 12, tzinfo=UTC), datetime(2026, 3, 1, 13, tzinfo=UTC)
    >>> noon in Interval(noon, one), one in Interval(noon, one), one in Interval(noon)
    (True, False, True)
    """

    begins: datetime | None = None
    ends: datetime | None = None

    def __contains__(self, at: datetime) -> bool:
        """Whether ``at`` lies in it."""
        return self.first <= at and (self.ends is None or at < self.ends)

    @property
    def first(self) -> datetime:
        """``begins``, or the earliest time there is."""
        return self.begins if self.begins is not None else _EVER

    @property
    def last(self) -> datetime:
        """``ends``, or the latest time there is."""
        return self.ends if self.ends is not None else _NEVER

    @property
    def is_empty(self) -> bool:
        """Whether nothing lies in it."""
        return self.last <= self.first

    def overlaps(self, other: "Interval") -> bool:
        """Whether the two have an instant in common; to touch is not enough."""
        return self.first < other.last and other.first < self.last

    def covers(self, other: "Interval") -> bool:
        """Whether all of ``other`` lies in it."""
        return self.first <= other.first and other.last <= self.last

    def cut(self, other: "Interval") -> "Interval":
        """What the two have in common; empty if nothing."""
        begins = self.begins if other.first <= self.first else other.begins
        ends = self.ends if self.last <= other.last else other.ends
        return Interval(begins, ends)

    def hull(self, other: "Interval") -> "Interval":
        """The shortest interval that covers both."""
        begins = self.begins if self.first <= other.first else other.begins
        ends = self.ends if other.last <= self.last else other.ends
        return Interval(begins, ends)

    def not_before(self, at: datetime | None) -> datetime | None:
        """``at`` (None: ever), or where the interval begins if that is later."""
        return max((each for each in (at, self.begins) if each is not None), default=None)


ALWAYS = Interval()


def components(intervals: Iterable[Interval]) -> list[Interval]:
    """The hulls of what overlaps, one after the other in the order of time.

    >>> day = [datetime(2026, 3, n, tzinfo=UTC) for n in range(1, 6)]
    >>> found = components([Interval(day[3], day[4]), Interval(day[0], day[2]), Interval(day[1], day[3])])
    >>> [(each.first.day, each.last.day) for each in found]
    [(1, 4), (4, 5)]
    """
    found: list[Interval] = []
    for each in sorted(intervals, key=lambda each: (each.first, each.last)):
        if found and found[-1].overlaps(each):
            found[-1] = found[-1].hull(each)
        else:
            found.append(each)
    return found
