"""Sharing what there is when supply falls short: by care priority, then by days of cover, in whole base units.

Classes of priority are served one after the other (1 first). Within a class everybody is brought to the same number of
days of cover, as far as it goes: whoever has least gets first. Nobody gets more than they want. What is left over by
rounding goes to whoever has the fewest days then. Everything that decided is in the explanation.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from heapq import heapify, heapreplace
from math import floor

from cloud_sync.domain.care_priority import CARE_PRIORITIES


@dataclass(frozen=True, slots=True)
class Claim:
    """What a recipient (or site) wants until the next supply: ``wanted`` base units; it has ``stock`` and uses
    ``rate`` a day."""

    name: str
    priority: int
    rate: float
    stock: int
    wanted: int


@dataclass(frozen=True, slots=True)
class Share:
    """What is proposed for a claim; ``cover_days`` it will have then (None: it uses nothing)."""

    name: str
    priority: int
    wanted: int
    share: int
    cover_days: float | None
    why: str


def shares(supply: int, claims: Sequence[Claim]) -> list[Share]:
    """How ``supply`` base units are shared; the sum is the supply, or all that is wanted if that is less.

    >>> [(each.name, each.share) for each in shares(10, [Claim("icu", 1, 1, 0, 6), Claim("ward", 3, 1, 0, 9)])]
    [('icu', 6), ('ward', 4)]
    """
    left = max(0, supply)
    found = {}
    for priority in sorted({claim.priority for claim in claims}):
        same = [claim for claim in claims if claim.priority == priority]
        given = _level(left, same)
        before = left
        left -= sum(given)
        for claim, units in zip(same, given, strict=True):
            found[claim.name] = _told(claim, units, before, same)
    return [found[claim.name] for claim in claims]


def _level(supply: int, claims: Sequence[Claim]) -> list[int]:
    """Everybody of a class brought to the same days of cover, at most to what they want."""
    wanted = [max(0, claim.wanted) for claim in claims]
    if sum(wanted) <= supply:
        return wanted
    low, high = 0.0, max((claim.stock + claim.wanted) / _rate(claim) for claim in claims)
    for _ in range(60):
        days = (low + high) / 2
        needed = sum(_up_to(claim, days) for claim in claims)
        low, high = (days, high) if needed <= supply else (low, days)
    given = [floor(_up_to(claim, low) + 1e-9) for claim in claims]
    heap = [
        ((claim.stock + units) / _rate(claim), claim.name, at)
        for at, (claim, units) in enumerate(zip(claims, given, strict=True))
        if units < wanted[at]
    ]
    heapify(heap)
    for _ in range(supply - sum(given)):
        if not heap:
            break
        _, name, at = heap[0]
        given[at] += 1
        full = given[at] >= wanted[at]
        heapreplace(heap, (float("inf") if full else (claims[at].stock + given[at]) / _rate(claims[at]), name, at))
    return given


def _rate(claim: Claim) -> float:
    return max(claim.rate, 1e-6)


def _up_to(claim: Claim, days: float) -> float:
    """Base units that bring a claim to so many days of cover."""
    return min(float(max(0, claim.wanted)), max(0.0, days * _rate(claim) - claim.stock))


def _told(claim: Claim, share: int, left: int, same: Sequence[Claim]) -> Share:
    cover = (claim.stock + share) / claim.rate if claim.rate > 0 else None
    label = CARE_PRIORITIES[claim.priority]
    had = f"has {claim.stock}, uses {claim.rate:.1f} a day"
    if share >= claim.wanted:
        why = f"priority {claim.priority} ({label}): {had}; all of {claim.wanted} is given"
    elif left <= 0:
        why = f"priority {claim.priority} ({label}): {had}; nothing is left after higher priorities"
    else:
        others = "" if len(same) == 1 else f" among {len(same)} of this priority, all brought to the same days of cover"
        why = (
            f"priority {claim.priority} ({label}): {had}; {left} left for "
            f"{sum(each.wanted for each in same)} wanted{others}"
        )
    return Share(claim.name, claim.priority, claim.wanted, share, cover, why)


def is_short(supply: float, wanted: float, *, threshold: float = 1.0) -> bool:
    """Whether what will be there is less than a share ``threshold`` of what will be wanted."""
    return wanted > 0 and supply < threshold * wanted
