"""What speaks for theft, diversion or counterfeit of a serialised unit: a pure function of all facts about it.

Whatever order the facts arrive in, the same facts give the same signals. A unit is an item and a serial: the GTIN and
the serial of a genuine package are never twice in the world, whatever lot its label names.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from itertools import pairwise

HOUSE = frozenset({"site", "room", "bin"})
GONE = frozenset({"scrap", "used_up"})
ORIGINS = frozenset({"supplier", "production", "unpacking", "count_difference", "transit", *GONE})
"""Kinds of places that units come from for the first time, or that say nothing of where they were. What comes back from
scrap is another signal."""


class SignalKind(StrEnum):
    """What is suspicious."""

    SEEN_TWICE = "seen_twice"
    AFTER_DECOMMISSIONING = "after_decommissioning"
    NEVER_WENT = "where_it_never_went"
    NOT_COMMISSIONED = "not_commissioned"
    LOT_NEVER_MADE = "lot_never_made"
    IMPOSSIBLE_TRAVEL = "impossible_travel"
    REPORTED_LOST = "reported_lost"


@dataclass(frozen=True, slots=True)
class UnitMoved:
    """A movement of the unit. ``from_site`` and ``to_site`` are names of sites, '' outside of the house."""

    fact: str
    at: datetime
    lot_id: int
    lot_number: str
    action: str
    from_place: str
    from_kind: str
    from_site: str
    to_place: str
    to_kind: str
    to_site: str
    operator: str = ""


@dataclass(frozen=True, slots=True)
class UnitSeen:
    """Somebody counted the unit in a place."""

    fact: str
    at: datetime
    place: str
    site: str


@dataclass(frozen=True, slots=True)
class MakerSaid:
    """What the maker's events say. ``lots``: every lot of the item that it commissioned, with how many units it named;
    ``serials``: whether this unit is among those of its lot; ``ended_at``: when it was decommissioned, and by whom.

    ``is_complete``: somebody has set that the maker tells all that it makes; else silence proves nothing.
    """

    is_complete: bool = False
    lots: Mapping[str, int] = field(default_factory=dict)
    commissioned_in: frozenset[str] = frozenset()
    ended_at: datetime | None = None
    ended_by: str = ""


@dataclass(frozen=True, slots=True)
class Signal:
    """Something suspicious. ``facts``: the movements and counts that show it; ``at``: of the last of them."""

    kind: SignalKind
    text: str
    lot_id: int
    facts: tuple[str, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class UnitFacts:
    """All that is known of a unit. ``made_lots``: ids of lots that came out of production here; ``is_made_here``: the
    item is; ``lost_at``: since when it is reported as lost; ``minutes_between``: the least time between two sites."""

    serial: str
    moved: Sequence[UnitMoved]
    seen: Sequence[UnitSeen] = ()
    maker: MakerSaid = MakerSaid()
    is_made_here: bool = False
    made_lots: frozenset[int] = frozenset()
    lost_at: datetime | None = None
    minutes_between: Mapping[frozenset[str], int] = field(default_factory=dict)


def signals_of(unit: UnitFacts) -> tuple[Signal, ...]:
    """All signals, in the order of :class:`SignalKind`."""
    moved = sorted(unit.moved, key=lambda each: (each.at, each.to_kind in GONE, each.fact))
    if not moved:
        return ()
    rules = (_twice, _decommissioned, _never_went, _not_commissioned, _never_made, _travel, _lost)
    return tuple(signal for rule in rules if (signal := rule(unit, moved)) is not None)


def _twice(unit: UnitFacts, moved: Sequence[UnitMoved]) -> Signal | None:
    """In two lots at once. In two places as the same lot is a case of its own (duplicate_serial)."""
    balance: dict[tuple[int, str], int] = {}
    last: dict[tuple[int, str], UnitMoved] = {}
    for each in moved:
        for place, change in ((each.from_place, -1), (each.to_place, 1)):
            balance[each.lot_id, place] = balance.get((each.lot_id, place), 0) + change
            last[each.lot_id, place] = each
    there = sorted({key for key, count in balance.items() if count > 0})
    if len({lot_id for lot_id, _ in there}) < 2:
        return None
    shown = [last[key] for key in there]
    where = " and ".join(f"as lot {each.lot_number} in {key[1]}" for key, each in zip(there, shown, strict=True))
    return _signal(SignalKind.SEEN_TWICE, f"serial {unit.serial} is there {where} at once", shown)


def _decommissioned(unit: UnitFacts, moved: Sequence[UnitMoved]) -> Signal | None:
    ended = next((each for each in moved if each.to_kind in GONE), None)
    if ended is not None:
        after = [each for each in moved if each.at > ended.at and each.from_kind not in GONE]
        if after:
            text = (
                f"serial {unit.serial} went to {ended.to_place} on {_at(ended.at)} and was seen again: {_what(after)}"
            )
            return _signal(SignalKind.AFTER_DECOMMISSIONING, text, [ended, *after])
    if unit.maker.ended_at is not None:
        after = [each for each in moved if each.at > unit.maker.ended_at]
        if after:
            text = (
                f"{unit.maker.ended_by} decommissioned serial {unit.serial} on {_at(unit.maker.ended_at)}, and it was "
                f"seen again: {_what(after)}"
            )
            return _signal(SignalKind.AFTER_DECOMMISSIONING, text, after)
    return None


def _never_went(unit: UnitFacts, moved: Sequence[UnitMoved]) -> Signal | None:
    for each in moved:
        if each.from_kind in ORIGINS:
            continue
        came = any(other.to_place == each.from_place and other.at <= each.at for other in moved if other is not each)
        if not came:
            text = (
                f"serial {unit.serial} left {each.from_place} on {_at(each.at)}, where it never went: {_what([each])}"
            )
            return _signal(SignalKind.NEVER_WENT, text, [each])
    return None


def _not_commissioned(unit: UnitFacts, moved: Sequence[UnitMoved]) -> Signal | None:
    first = moved[0]
    named = unit.maker.lots.get(first.lot_number, 0)
    if not unit.maker.is_complete or not named or unit.maker.commissioned_in:
        return None
    text = (
        f"the maker's events name {named} units of lot {first.lot_number}, and serial {unit.serial} is not one of them"
    )
    return _signal(SignalKind.NOT_COMMISSIONED, text, [first])


def _never_made(unit: UnitFacts, moved: Sequence[UnitMoved]) -> Signal | None:
    first = moved[0]
    told = unit.maker.is_complete and first.lot_number not in unit.maker.lots
    ours = unit.is_made_here and first.lot_id not in unit.made_lots
    if not told and not ours:
        return None
    who = "the maker's events name no" if told else "no batch here made a"
    text = f"{who} lot {first.lot_number}, which serial {unit.serial} bears"
    return _signal(SignalKind.LOT_NEVER_MADE, text, [first])


def _travel(unit: UnitFacts, moved: Sequence[UnitMoved]) -> Signal | None:
    places = sorted(_sightings(unit, moved), key=lambda each: each[0])
    for (before, before_site, one), (after, after_site, other) in pairwise(places):
        least = unit.minutes_between.get(frozenset((before_site, after_site)))
        took = (after - before).total_seconds() / 60
        if before_site == after_site or one == other or least is None or took >= least:
            continue
        text = (
            f"serial {unit.serial} was at {before_site} on {_at(before)} and at {after_site} on {_at(after)}, "
            f"{took:.0f} minutes later; the way takes at least {least}"
        )
        return Signal(SignalKind.IMPOSSIBLE_TRAVEL, text, moved[0].lot_id, (one, other), after)
    return None


def _lost(unit: UnitFacts, moved: Sequence[UnitMoved]) -> Signal | None:
    if unit.lost_at is None:
        return None
    after = [each for each in moved if each.at > unit.lost_at]
    if not after:
        return None
    text = f"serial {unit.serial} was reported as lost on {_at(unit.lost_at)} and is seen again: {_what(after)}"
    return _signal(SignalKind.REPORTED_LOST, text, after)


def _sightings(unit: UnitFacts, moved: Iterable[UnitMoved]) -> Iterator[tuple[datetime, str, str]]:
    for each in moved:
        if each.from_site:
            yield each.at, each.from_site, each.fact
        if each.to_site and each.to_site != each.from_site:
            yield each.at, each.to_site, each.fact
    for seen in unit.seen:
        if seen.site:
            yield seen.at, seen.site, seen.fact


def _signal(kind: SignalKind, text: str, shown: Sequence[UnitMoved]) -> Signal:
    last = max(shown, key=lambda each: each.at)
    return Signal(kind, text, last.lot_id, tuple(each.fact for each in shown), last.at)


def _what(moved: Sequence[UnitMoved]) -> str:
    each = moved[0]
    more = f" and {len(moved) - 1} more" if len(moved) > 1 else ""
    return f"{each.action.replace('_', ' ')} from {each.from_place} to {each.to_place} on {_at(each.at)}{more}"


def _at(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
