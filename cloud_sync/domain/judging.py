"""From stored readings to excursions, in whatever order the readings came.

The state of a track after a value that is back within its limit is normal, whatever was before. So readings that come
late can only change what lies between the last such value before them and the first one after them: that window is
judged again, and nothing else.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from edge_agent.domain.excursions import Change, ExcursionChange, Rule, Track, evaluate
from edge_agent.domain.policies import Policy

Instant = tuple[datetime, float]
"""A time, and of the values measured then the one that is furthest out."""


@dataclass(frozen=True, slots=True)
class Found:
    """An excursion as the readings show it. ``ended_at`` is None while it lasts."""

    began_at: datetime
    ended_at: datetime | None
    worst: float


@dataclass(frozen=True, slots=True)
class Stored:
    """An excursion as the ledger has it."""

    id: int
    began_at: datetime
    ended_at: datetime | None
    worst: float


@dataclass(frozen=True, slots=True)
class Changes:
    """What has to change for the stored excursions to be those that were found."""

    opened: tuple[Found, ...]
    amended: tuple[tuple[Stored, Found], ...]
    withdrawn: tuple[Stored, ...]
    worsened: tuple[tuple[Stored, Found], ...]
    """Still open, and further out than before: this frees and holds nothing."""

    @property
    def touch_holds(self) -> bool:
        """Whether stock may be held or freed by them."""
        return bool(self.opened or self.amended or self.withdrawn)


def fold(track: Track, instants: Iterable[Instant], rule: Rule) -> tuple[Track, tuple[Found, ...]]:
    """The track after ``instants`` (in the order of time), and the excursions that ended in them or still last."""
    found: list[Found] = []
    for at, value in instants:
        track, changes = evaluate(track, at, value, rule)
        found += [_as_found(change) for change in changes if change.change is Change.CLOSED]
    if track.opened and track.outside_since is not None and track.worst is not None:
        found.append(Found(track.outside_since, None, track.worst))
    return track, tuple(found)


def compare(stored: Sequence[Stored], found: Sequence[Found]) -> Changes:
    """What to change. An excursion keeps its identity where it began, or else where it overlaps the one of before."""
    by_beginning = {each.began_at: each for each in stored}
    pairs = [(by_beginning[each.began_at], each) for each in found if each.began_at in by_beginning]
    paired = {old.id for old, _ in pairs}
    left = [old for old in stored if old.id not in paired]
    opened = []
    for each in found:
        if each.began_at in by_beginning:
            continue
        same = next((old for old in left if _overlap(old, each)), None)
        if same is None:
            opened.append(each)
        else:
            left.remove(same)
            pairs.append((same, each))
    changed = [(old, new) for old, new in pairs if (old.began_at, old.ended_at, old.worst) != _facts(new)]
    worsened = [(old, new) for old, new in changed if _both_last(old, new)]
    return Changes(
        opened=tuple(opened),
        amended=tuple(pair for pair in changed if pair not in worsened),
        withdrawn=tuple(left),
        worsened=tuple(worsened),
    )


def rules_for(metric: str, policies: Iterable[Policy]) -> tuple[Rule, ...]:
    """The rules that a channel of ``metric`` is judged by: those of the first policy that has any for it.

    ``policies`` are those of its place and of the places above it, nearest first.
    """
    for policy in policies:
        rules = tuple(each.as_rule() for each in policy.rules if each.metric == metric)
        if rules:
            return rules
    return ()


def _as_found(change: ExcursionChange) -> Found:
    return Found(change.began_at, change.ended_at, change.worst)


def _facts(found: Found) -> tuple[datetime, datetime | None, float]:
    return found.began_at, found.ended_at, found.worst


def _both_last(old: Stored, new: Found) -> bool:
    return old.began_at == new.began_at and old.ended_at is None and new.ended_at is None


def _overlap(old: Stored, new: Found) -> bool:
    starts_before_end = new.ended_at is None or old.began_at < new.ended_at
    return starts_before_end and (old.ended_at is None or new.began_at < old.ended_at)
