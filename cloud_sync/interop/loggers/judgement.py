"""Whether what a logger measured kept to a storage policy: the same rules as for a gateway, in the same fold.

Beside it stands what the device itself made of it, with its own limits, and in words why the two differ.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from itertools import pairwise
from zoneinfo import ZoneInfo

from cloud_sync.domain.excursion_detection import DetectionState, FoundExcursion, fold, lasting
from cloud_sync.interop.loggers.model import TEMP_C, DaySummary, DeviceAlarm, LoggerFile, Spell, at_utc
from edge_agent.domain.monitoring.excursions import Rule, Severity, Side, SilenceRule
from edge_agent.domain.monitoring.policies import Policy
from edge_agent.domain.monitoring.signals import Instant, SignalKind, derive

STEP_C = 0.1
"""How finely these devices measure."""


@dataclass(frozen=True, slots=True)
class BrokenRule:
    """A rule of the policy that was broken. Times are UTC; ``ended_at`` None: it lasted to the end of the file."""

    rule: str
    source: str
    metric: str
    severity: Severity
    began_at: datetime
    ended_at: datetime | None
    worst: float
    text: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """What our rules make of a file. ``broken`` in the order of time; ``unjudged``: metrics without any rule."""

    policy: str
    broken: tuple[BrokenRule, ...]
    unjudged: tuple[str, ...]
    explanation: str

    @property
    def holds(self) -> bool:
        """Whether goods that travelled with it are held."""
        return any(each.severity is Severity.ACTION for each in self.broken)


def judge_file(
    file: LoggerFile,
    policy: Policy,
    zone: ZoneInfo | timezone,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Judgement:
    """Judge all that a file says, or what it says from ``since`` to ``until`` (UTC).

    A logger that keeps only the extremes of a day is taken to have been there all day: nobody knows better. Raises
    ``NotUnderstood`` for times that its zone makes uncertain.
    """
    broken: list[BrokenRule] = []
    unjudged = []
    for metric in dict.fromkeys([*(each.metric for each in file.readings), *([TEMP_C] if file.days else [])]):
        rules = policy.rules_for(metric)
        if not rules:
            unjudged.append(metric)
        for rule in rules:
            instants = [
                (at, value) for at, value in _instants(file, metric, rule, zone)
                if (since is None or at >= since) and (until is None or at <= until)
            ]  # fmt: skip
            broken += [_told(rule, metric, each) for each in _found(rule, instants)]
    broken.sort(key=lambda each: each.began_at)
    found = Judgement(policy.name, tuple(broken), tuple(unjudged), "")
    return replace(found, explanation=_explained(file, found, policy))


def _found(rule: Rule | SilenceRule, instants: list[Instant]) -> Iterator[FoundExcursion]:
    if isinstance(rule, SilenceRule):
        for (before, _), (after, _) in pairwise(instants):
            seconds = (after - before).total_seconds()
            if seconds >= rule.after_s:
                yield FoundExcursion(before, after, seconds, seconds)
        return
    if rule.start_delay_s and instants:
        begin = instants[0][0] + timedelta(seconds=rule.start_delay_s)
        instants = [each for each in instants if each[0] >= begin]
    state = DetectionState()
    for now, ended in fold(state, instants if rule.signal is None else derive(rule.signal, instants), rule):
        state = now
        yield from ended
    yield from lasting(state)


def _instants(file: LoggerFile, metric: str, rule: Rule | SilenceRule, zone: ZoneInfo | timezone) -> Iterator[Instant]:
    if file.readings:
        for each in file.good:
            if each.metric == metric and each.value is not None:
                yield at_utc(each.at, zone), each.value
        return
    if isinstance(rule, SilenceRule):
        yield from _heard(file.days, rule, zone)
        return
    is_above = _looks_up(rule)
    days = _without_short_spells(file.days, rule)
    for day in days:
        value = day.greatest if is_above else day.least
        extreme_at = day.greatest_at if is_above else day.least_at
        for at in sorted({day.first, min(max(extreme_at, day.first), day.last), day.last}):
            yield at_utc(at, zone), value


def _heard(days: Sequence[DaySummary], rule: SilenceRule, zone: ZoneInfo | timezone) -> Iterator[Instant]:
    """The ends of days: within one the device measured on, but for the time that it counts itself."""
    for day in days:
        yield at_utc(day.first, zone), day.mean
        at = day.first + timedelta(seconds=rule.after_s / 2)
        while day.gap_minutes * 60 < rule.after_s and at < day.last:
            yield at_utc(at, zone), day.mean
            at += timedelta(seconds=rule.after_s / 2)
        yield at_utc(day.last, zone), day.mean


def _without_short_spells(days: Sequence[DaySummary], rule: Rule) -> list[DaySummary]:
    """Days as they are, but for those of which the device itself counted that the rule's delay was not reached.

    It counts minutes beyond its own limits: where one of them is that of the rule, days in a row with less than the
    delay in all cannot have broken it, and their extremes say nothing.
    """
    kept: list[DaySummary] = []
    run: list[DaySummary] = []

    def end() -> None:
        minutes = sum(_counted(day, rule) or 0 for day in run)
        kept.extend(_within(day, rule) if minutes * 60 < rule.delay_s else day for day in run)
        run.clear()

    for day in days:
        counted = _counted(day, rule)
        if counted:
            run.append(day)
            continue
        end()
        kept.append(day)
    end()
    return kept


def _counted(day: DaySummary, rule: Rule) -> int | None:
    """How many minutes the device counted beyond the very limit of the rule; None if it has no such limit."""
    if rule.signal is not None:
        return None
    return next((minutes for side, limit, minutes in day.outside if (side, limit) == (rule.side, rule.limit)), None)


def _within(day: DaySummary, rule: Rule) -> DaySummary:
    """A day without what went beyond the limit: it did so for too short."""
    if rule.side is Side.ABOVE:
        return replace(day, greatest=min(day.mean, rule.limit - STEP_C))
    return replace(day, least=max(day.mean, rule.limit + STEP_C))


def _looks_up(rule: Rule | SilenceRule) -> bool:
    if isinstance(rule, SilenceRule):
        return True
    if rule.signal is not None and rule.signal.kind is SignalKind.SECONDS_OUTSIDE:
        return rule.signal.is_above
    return rule.side is Side.ABOVE


def _told(rule: Rule | SilenceRule, metric: str, found: FoundExcursion) -> BrokenRule:
    end = found.ended_at
    minutes = None if end is None else round((end - found.began_at).total_seconds() / 60)
    lasted = f"{minutes} min" if minutes is not None else "to the end of the file"
    if isinstance(rule, SilenceRule):
        text = f"no value for {round(found.worst / 60)} min, {rule.after_s / 60:g} min at most"
    else:
        text = f"{_limit(rule)}: worst {found.worst:.1f}, {lasted}"
    return BrokenRule(rule.name, rule.source, metric, rule.severity, found.began_at, end, found.worst, text)


def _limit(rule: Rule) -> str:
    word = "above" if rule.side is Side.ABOVE else "below"
    if rule.signal is None:
        return f"{word} {rule.limit:g} for {rule.delay_s / 60:g} min" if rule.delay_s else f"{word} {rule.limit:g}"
    if rule.signal.kind is SignalKind.SECONDS_OUTSIDE:
        side = "above" if rule.signal.is_above else "below"
        return f"{side} {rule.signal.edge:g} for {rule.limit / 60:g} min in all"
    if rule.signal.kind is SignalKind.KINETIC:
        return f"mean kinetic temperature above {rule.limit:g}"
    return f"change of {rule.limit:g} or more"


def _explained(file: LoggerFile, found: Judgement, policy: Policy) -> str:
    """Why the device and the policy say the same, or do not."""
    if file.verdict == "":
        return "The file has no verdict of the device."
    device_says = file.verdict == "alarm"
    if device_says == bool(found.broken):
        return "The device and the policy say the same: " + (
            "limits were broken." if found.broken else "no limit was broken."
        )
    if found.broken:
        return " ".join(dict.fromkeys(_why_silent(file, each, policy) for each in found.broken))
    fired = [alarm for alarm in file.alarms if alarm.is_alarm]
    return " ".join(_why_alarmed(alarm, policy) for alarm in fired)


def _why_silent(file: LoggerFile, broken: BrokenRule, policy: Policy) -> str:
    rule = next((each for each in policy.rules_for(broken.metric) if each.name == broken.rule), None)
    if not isinstance(rule, Rule):
        return "The device gives no alarm for missing values; the policy does."
    above = _looks_up(rule)
    same_side = [alarm for alarm in file.alarms if (alarm.side is Side.ABOVE) is above]
    side = "above" if above else "below"
    if not same_side:
        return f"The device has no limit {side}; the policy holds {_limit(rule)}."
    limits = " and ".join(str(alarm) for alarm in same_side)
    text = f"The device alarms {limits}; the policy holds {_limit(rule)}."
    if file.days:
        counted = sum(alarm.outside_minutes for alarm in same_side)
        text += (
            f" The device counted {counted} min beyond its limit; it keeps only the extremes of each day, and the "
            "policy takes the whole day for what they allow."
        )
    return text


def _why_alarmed(alarm: DeviceAlarm, policy: Policy) -> str:
    rules = [
        rule for rule in policy.rules_for(TEMP_C)
        if isinstance(rule, Rule) and _looks_up(rule) is (alarm.side is Side.ABOVE)
    ]  # fmt: skip
    ours = " and ".join(_limit(rule) for rule in rules) or "nothing on that side"
    how = "added up" if alarm.spell is Spell.CUMULATIVE else "in one piece"
    return (
        f"The device alarmed at {alarm.alarmed_at:%Y-%m-%d %H:%M} by its clock: {alarm} "
        f"({alarm.outside_minutes} min, {how}). "
        f"The policy {policy.name} holds {ours}: that was not reached."
    )
