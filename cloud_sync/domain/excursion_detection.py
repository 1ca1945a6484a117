"""From stored readings to excursions, in whatever order the readings came.

Readings that come late can only change so much; that window is judged again, and nothing else. Where it begins and
ends depends on what is limited:

- The value itself: the state of a track after a value that is back within its limit is normal, whatever was before. So
  the window lies between the last such value before the late ones and the first one after them.
- A signal over a window of length W: it is what it was before the late readings, and again W after them. The window
  begins with the excursion that lasted then, if any, and ends with the first instant more than W after them at which
  neither the old nor the new excursions last.
- Silence: every good value ends one. The window lies between the good value before the late readings, or before what
  was newly learnt to be complete, and the one after.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from edge_agent.domain.intervals import ALWAYS, Interval
from edge_agent.domain.monitoring.excursions import (
    NORMAL,
    Change,
    Rule,
    Severity,
    SilenceRule,
    Track,
    evaluate,
    opened_if_due,
)
from edge_agent.domain.monitoring.policies import Policy
from edge_agent.domain.monitoring.signals import Instant


@dataclass(frozen=True, slots=True)
class FoundExcursion:
    """An excursion as the readings show it. ``ended_at`` is None while it lasts.

    ``longest_gap_s`` is the longest time within it in which nothing was measured. The excursion reaches across it,
    because nobody saw the channel come back; nobody saw it outside there either. The rest is told of excursions of
    places only: which channel was furthest out, how far it may reach where clocks were in doubt, and what it does.
    """

    began_at: datetime
    ended_at: datetime | None
    worst: float
    longest_gap_s: float = 0.0
    channel_id: int | None = None
    reach: Interval | None = None
    severity: Severity = Severity.ACTION

    @property
    def interval(self) -> Interval:
        """From when to when."""
        return Interval(self.began_at, self.ended_at)


@dataclass(frozen=True, slots=True)
class Stored(FoundExcursion):
    """An excursion as the ledger has it."""

    id: int = 0


@dataclass(frozen=True, slots=True)
class DetectionState:
    """A track, and what it takes to know the gaps in it: the last instant, and the longest gap since it went out."""

    track: Track = NORMAL
    last_at: datetime | None = None
    longest_gap_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Changes:
    """What has to change for the stored excursions to be those that were found."""

    opened: tuple[FoundExcursion, ...]
    amended: tuple[tuple[Stored, FoundExcursion], ...]
    withdrawn: tuple[Stored, ...]
    worsened: tuple[tuple[Stored, FoundExcursion], ...]
    """Still open, and further out than before: this frees and holds nothing."""

    @property
    def touch_holds(self) -> bool:
        """Whether stock may be held or freed by them."""
        return bool(self.opened or self.amended or self.withdrawn)


def fold(
    state: DetectionState, instants: Iterable[Instant], rule: Rule
) -> Iterator[tuple[DetectionState, tuple[FoundExcursion, ...]]]:
    """The state after each of ``instants`` (in the order of time), and what ended there."""
    for at, value in instants:
        if state.track is NORMAL and not rule.is_outside(value):  # as nearly always
            state = DetectionState(NORMAL, at)
            yield state, ()
            continue
        track, changes = evaluate(state.track, at, value, rule, last_at=state.last_at)
        was_out = state.track.outside_since is not None or (track.outside_since or at) < at
        gap_s = 0.0
        if was_out and state.last_at is not None:
            gap_s = max(state.longest_gap_s, (at - state.last_at).total_seconds())
        ended = tuple(
            FoundExcursion(change.began_at, change.ended_at, change.worst, gap_s)
            for change in changes
            if change.change is Change.CLOSED
        )
        state = DetectionState(track, at, gap_s if track.outside_since is not None else 0.0)
        yield state, ended


def lasting(state: DetectionState) -> tuple[FoundExcursion, ...]:
    """The excursion that still lasts, if any."""
    track = state.track
    if not track.opened or track.outside_since is None or track.worst is None:
        return ()
    return (FoundExcursion(track.outside_since, None, track.worst, state.longest_gap_s),)


def known_missing(state: DetectionState, rule: Rule, horizon: datetime | None) -> DetectionState:
    """The state once it is known that nothing was measured up to ``horizon``, where the rule's delay runs on then."""
    track = state.track
    if not rule.missing_counts or horizon is None or track.outside_since is None or horizon < track.outside_since:
        return state
    return DetectionState(opened_if_due(track, horizon, rule)[0], state.last_at, state.longest_gap_s)


def compare(stored: Sequence[Stored], found: Sequence[FoundExcursion]) -> Changes:
    """What to change. An excursion keeps its identity where it began, or else where it overlaps the one of before."""
    by_beginning = {each.began_at: each for each in stored}
    pairs = [(by_beginning[each.began_at], each) for each in found if each.began_at in by_beginning]
    paired = {old.id for old, _ in pairs}
    left = [old for old in stored if old.id not in paired]
    opened = []
    for each in found:
        if each.began_at in by_beginning:
            continue
        same = next((old for old in left if old.interval.overlaps(each.interval)), None)
        if same is None:
            opened.append(each)
        else:
            left.remove(same)
            pairs.append((same, each))
    changed = [(old, new) for old, new in pairs if _facts(old) != _facts(new)]
    worsened = [(old, new) for old, new in changed if _both_last(old, new)]
    return Changes(
        opened=tuple(opened),
        amended=tuple(pair for pair in changed if pair not in worsened),
        withdrawn=tuple(left),
        worsened=tuple(worsened),
    )


def rules_for(metric: str, policies: Iterable[Policy]) -> tuple[Rule | SilenceRule, ...]:
    """The rules that a channel of ``metric`` is judged by: those of the first policy that has any for it.

    ``policies`` are those of its place and of the places above it, nearest first.
    """
    return next((rules for policy in policies if (rules := policy.rules_for(metric))), ())


@dataclass(frozen=True, slots=True)
class PolicySpell:
    """A policy over a channel while that was in ``place_id``."""

    place_id: int
    policy: Policy
    in_force: Interval = ALWAYS


@dataclass(frozen=True, slots=True)
class RuleSpell:
    """A rule that a channel in ``place_id`` is judged by."""

    place_id: int
    rule: Rule | SilenceRule
    in_force: Interval = ALWAYS


def rule_spells(metric: str, spells: Sequence[PolicySpell]) -> list[RuleSpell]:
    """By which rules a channel was and is judged, where its place or the policies over it have changed.

    ``spells`` have the nearest place first. A rule that a change leaves as it was goes on across it.
    """
    bounds = sorted({at for each in spells for at in (each.in_force.begins, each.in_force.ends) if at is not None})
    found: list[RuleSpell] = []
    for since, until in zip([None, *bounds], [*bounds, None], strict=True):
        here = [each for each in spells if each.in_force.covers(Interval(since, until))]
        for rule in rules_for(metric, [each.policy for each in here]):
            before = next((each for each in found if each.in_force.ends == since is not None and each.rule == rule
                           and each.place_id == here[0].place_id), None)  # fmt: skip
            if before is not None:
                found.remove(before)
            began = before.in_force.begins if before is not None else since
            found.append(RuleSpell(here[0].place_id, rule, Interval(began, until)))
    return found


def _facts(each: FoundExcursion) -> tuple[object, ...]:
    return each.began_at, each.ended_at, each.worst, each.longest_gap_s, each.channel_id, each.reach


def _both_last(old: FoundExcursion, new: FoundExcursion) -> bool:
    is_same_extent = (old.began_at, old.reach) == (new.began_at, new.reach)
    return is_same_extent and old.ended_at is None and new.ended_at is None
