"""One rule on one channel: where it stands, and the excursions that its readings make.

Nothing is stored here but where the rule stands; see :mod:`cloud_sync.posting.monitoring.place_judgement` for the rest.
"""

import json
from collections.abc import Generator, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Generic, TypeVar

from psycopg.rows import tuple_row
from psycopg.types.json import Jsonb

from cloud_sync.domain.excursion_detection import (
    Changes,
    DetectionState,
    FoundExcursion,
    Stored,
    compare,
    fold,
    known_missing,
    lasting,
)
from cloud_sync.posting.monitoring.envelopes import Span
from cloud_sync.storage.database import Connection, Row
from cloud_sync.storage.queries import queries
from edge_agent.domain.intervals import ALWAYS, Interval
from edge_agent.domain.monitoring.excursions import Rule, Side, SilenceRule, Track
from edge_agent.domain.monitoring.signals import Instant, Signal, SignalKind, derive

INSTANTS_AT_ONCE = 2_000
"""Of one answer of the server; if there are more, they are read one answer after another."""
DEFINITIONS_CACHED = 1024
_JUST_AFTER = timedelta(microseconds=1)
R = TypeVar("R", Rule, SilenceRule, Rule | SilenceRule)


@dataclass(frozen=True, slots=True)
class Subject(Generic[R]):
    """A rule on a channel in a place, while it is or was in force.

    ``started_at``: when the channel began to measure there, for a rule that judges only some time after that.
    ``statement``: somebody said afterwards that the channel was there, and quality has not decided on it.
    """

    channel_id: int
    place_id: int
    rule: R
    in_force: Interval = ALWAYS
    started_at: datetime | None = None
    statement: int | None = None

    @property
    def is_former(self) -> bool:
        """Whether the rule is no longer in force."""
        return self.in_force.ends is not None

    @property
    def track_name(self) -> str:
        """Under which its track is kept: a rule that is no longer in force has one of its own."""
        until = self.in_force.ends
        said = "" if self.statement is None else f", statement {self.statement}"
        return self.rule.name if until is None else f"{self.rule.name} until {until.isoformat()}{said}"


@dataclass(frozen=True, slots=True)
class Window:
    """What is judged again: instants after ``after`` (None: from the first on) up to ``until`` (None: to the last)."""

    start: DetectionState
    after: datetime | None
    until: datetime | None = None

    @property
    def beginnings(self) -> Interval:
        """When excursions begin that are found in it: one found after a gap begins with the last instant before it."""
        return Interval(self.start.track.outside_since or self.after, self.until)


def not_quiet(
    connection: Connection, subjects: list[Subject[Rule]], new: Mapping[int, Span], redrawn: frozenset[int]
) -> list[Subject[Rule]]:
    """Those whose new readings can change anything; the tracks of the others are moved on.

    Only of rules on the values themselves can this be told so. Nothing changes where all values are well within the
    limit from the reading before the new ones up to the one after them: no excursion reaches into that time then, and
    none begins or ends in it. Where envelopes are read differently now (``redrawn``), that is not enough.
    """
    ids = sorted({subject.channel_id for subject in subjects if subject.rule.signal is None})
    tracks = {(row["channel_id"], row["rule"]): row for row in queries("tracks").tracks_of(connection, channel_ids=ids)}
    known = sorted({channel_id for channel_id, _ in tracks})
    around = {
        row["channel_id"]: row
        for row in queries("tracks").extremes_around(
            connection,
            channel_ids=known,
            firsts=[new[channel_id][0] for channel_id in known],
            lasts=[new[channel_id][1] for channel_id in known],
        )
    }
    loud: list[Subject[Rule]] = []
    quiet: list[Subject[Rule]] = []
    for subject in subjects:
        rule, track = subject.rule, tracks.get((subject.channel_id, subject.rule.name))
        is_new = track is None or not is_defined_by(rule, track["definition"])
        if rule.signal is not None or is_new or subject.channel_id in redrawn:
            loud.append(subject)
            continue
        extremes = around[subject.channel_id]
        furthest = extremes["highest"] if rule.side is Side.ABOVE else extremes["lowest"]
        (quiet if rule.is_back(furthest) else loud).append(subject)
    queries("tracks").move_tracks_on(
        connection,
        channel_ids=[subject.channel_id for subject in quiet],
        rules=[subject.rule.name for subject in quiet],
        last_ats=[new[subject.channel_id][1] for subject in quiet],
    )
    return loud


@lru_cache(DEFINITIONS_CACHED)
def is_defined_by(rule: Rule | SilenceRule, definition: str) -> bool:
    """Whether the rule is still the one of which the track tells. Asked of all tracks of a gateway again and again."""
    return bool(json.loads(definition) == asdict(rule))


def judge_value(connection: Connection, subject: Subject[Rule], span: Span, horizon: datetime | None = None) -> Changes:
    """Judge a rule on the values themselves, from where it stands or the last quiet moment before ``span``.

    ``horizon``: up to when it is known what was measured, for a rule whose delay runs on while nothing is.
    """
    track = _track(connection, subject)
    window = _window(connection, subject, span, track)
    instants = _telling_instants(connection, subject, window.after, window.until)
    state, found = window.start, list[FoundExcursion]()
    for now, ended in fold(window.start, instants, subject.rule):
        state, found = now, [*found, *ended] if ended else found
    if window.until is None:
        _keep_track(connection, subject, state, last_at=max(span[1], state.last_at or span[1]))
        state = known_missing(state, subject.rule, horizon)
    found += lasting(state)
    return compare(_stored(connection, subject, window.beginnings), found)


def judge_missing(connection: Connection, subject: Subject[Rule], horizon: datetime) -> Changes:
    """Judge a rule whose delay runs on while nothing is measured, now that it is known up to ``horizon``."""
    track = _track(connection, subject)
    if track is None or track["opened"] or track["outside_since"] is None:
        return compare((), ())
    found = lasting(known_missing(_state(track), subject.rule, horizon))
    return compare(_stored(connection, subject, Interval(track["outside_since"])), found)


def _window(connection: Connection, subject: Subject[Rule], span: Span, track: Row | None) -> Window:
    if track is None:
        return Window(DetectionState(), after=None)
    first, last = span
    if first > track["last_at"]:
        return Window(_state(track), after=track["last_at"])
    after = queries("tracks").last_back_before(connection, at=first, **of_rule(subject))
    if after is not None and after not in subject.in_force:
        after = None
    until = queries("tracks").first_back_after(connection, at=last, **of_rule(subject))
    return Window(DetectionState(last_at=after), after, until)


def judge_signal(connection: Connection, subject: Subject[Rule], span: Span) -> Changes:
    """Judge a rule on a signal derived from a window of values."""
    rule, (first, last) = subject.rule, span
    assert rule.signal is not None  # noqa: S101 - the caller has looked
    reach = timedelta(seconds=rule.signal.reach_s)
    track = _track(connection, subject)
    last_out_at = _last_out(connection, subject, rule.signal, span if track else None, track)
    is_newest = track is not None and first > track["last_at"]
    if track is not None and is_newest and not track["opened"] and _is_quiet(rule.signal, last_out_at, first - reach):
        _keep_track(connection, subject, DetectionState(), last_at=last, last_out_at=last_out_at)
        return compare((), ())
    covering: Row | None = None
    state, begin = DetectionState(), first
    if track is None:
        begin = datetime.min.replace(tzinfo=first.tzinfo)
    elif is_newest:
        state = _state(track)
    else:
        covering = queries("tracks").excursion_covering(
            connection, channel_id=subject.channel_id, place_id=subject.place_id, rule=rule.name, at=first
        )
        if covering is not None and covering["began_at"] not in subject.in_force:
            covering = None
        begin = covering["began_at"] if covering else first
    stored = _stored(connection, subject, Interval(None if track is None else state.track.outside_since or begin))
    load_after = None if track is None else begin - reach - _JUST_AFTER
    raw = _instants(connection, subject, load_after, None)
    derived = ((at, value) for at, value in derive(rule.signal, raw) if at >= begin)
    found, until = list[FoundExcursion](), None
    for now, ended in fold(state, derived, rule):
        state, found = now, [*found, *ended] if ended else found
        at = now.last_at
        assert at is not None  # noqa: S101 - it has just been folded
        is_beyond = track is not None and not is_newest and at > last + reach
        if is_beyond and now.track.outside_since is None and not any(at in old.interval for old in stored):
            until = at
            raw.close()
            break
    found += lasting(state)
    if until is None:
        last_at = max(last, track["last_at"]) if track else last
        _keep_track(connection, subject, state, last_at=last_at, last_out_at=last_out_at)
        return compare(stored, found)
    queries("tracks").note_last_out(connection, channel_id=subject.channel_id, rule=rule.name, last_out_at=last_out_at)
    return compare([old for old in stored if old.began_at <= until], found)


def _is_quiet(signal: Signal, last_out_at: datetime | None, since: datetime) -> bool:
    """Whether the signal cannot be beyond its limit, because no single value of its window is."""
    watches_edge = signal.kind in (SignalKind.SECONDS_OUTSIDE, SignalKind.KINETIC)
    return watches_edge and (last_out_at is None or last_out_at < since)


def _last_out(
    connection: Connection, subject: Subject[Rule], signal: Signal, span: Span | None, track: Row | None
) -> datetime | None:
    if signal.kind not in (SignalKind.SECONDS_OUTSIDE, SignalKind.KINETIC):
        return None
    first, last = span or (None, None)
    first = subject.in_force.not_before(first)
    found: datetime | None = queries("tracks").last_beyond(
        connection,
        channel_id=subject.channel_id,
        first=first,
        last=last,
        is_above=signal.is_above,
        edge=signal.edge,
        on_edge_is_outside=signal.on_edge_is_outside,
    )
    return max((at for at in (found, track["last_out_at"] if track else None) if at is not None), default=None)


def judge_silent(
    connection: Connection, subject: Subject[SilenceRule], span: Span | None, horizon: datetime
) -> Changes:
    """What is new are readings, and that the journals are known further than before (``track.last_at``).

    ``track.outside_since`` is the last good value up to there.
    """
    track = _track(connection, subject)
    if track is not None and span is None:
        is_due = horizon >= track["outside_since"] + timedelta(seconds=subject.rule.after_s)
        if horizon <= track["last_at"] or not is_due:
            return compare((), ())
    last: datetime | None = None
    since = datetime.min.replace(tzinfo=horizon.tzinfo)
    if track is not None:
        since = min(track["last_at"], span[0]) if span else track["last_at"]
        if span is not None and span[1] < track["last_at"] == horizon:
            last = queries("tracks").first_good_after(connection, channel_id=subject.channel_id, at=track["last_at"])
    begin = queries("tracks").silence_start(connection, channel_id=subject.channel_id, at=since)
    begin = begin and subject.in_force.not_before(begin)
    if begin is None or begin > horizon:
        return compare((), ())
    rows = queries("tracks").silences(
        connection,
        channel_id=subject.channel_id,
        first=begin,
        last=last,
        after_s=subject.rule.after_s,
        horizon=horizon,
    )
    found = [FoundExcursion(row["began_at"], row["ended_at"], row["seconds"], row["seconds"]) for row in rows]
    stored = _stored(connection, subject, Interval(None if track is None else min(begin, since), last))
    last_good_at = (
        queries("tracks").last_good_reading(connection, channel_id=subject.channel_id, horizon=horizon) or begin
    )
    _keep_track(connection, subject, DetectionState(Track(outside_since=last_good_at)), last_at=horizon)
    return compare(stored, found)


def judge_former(connection: Connection, subject: Subject[Rule]) -> Changes:
    """Judge all readings taken while a rule was in force that no longer is; what lasted then ended with it."""
    until = subject.in_force.ends
    assert until is not None  # noqa: S101 - else it is in force
    instants: Iterable[Instant]
    if subject.rule.signal is None:
        instants = _telling_instants(connection, subject, None, None)
    else:
        instants = derive(subject.rule.signal, _instants(connection, subject, None, None))
    state, found = DetectionState(), list[FoundExcursion]()
    for now, ended in fold(state, instants, subject.rule):
        state, found = now, [*found, *ended] if ended else found
    state = known_missing(state, subject.rule, until)
    found += [replace(each, ended_at=until) for each in lasting(state)]
    return compare(_stored(connection, subject, ALWAYS), found)


def judge_former_silence(
    connection: Connection, subject: Subject[SilenceRule], span: Span | None, horizon: datetime
) -> Changes:
    """Judge silence while a rule was in force that no longer is, as far as the journals are known."""
    until = subject.in_force.ends
    assert until is not None  # noqa: S101 - else it is in force
    track = _track(connection, subject)
    known_until = min(horizon, until)
    if track is not None and span is None and track["last_at"] >= known_until:
        return compare((), ())
    first_known_at = queries("tracks").silence_start(
        connection, channel_id=subject.channel_id, at=subject.in_force.first
    )
    begin = subject.in_force.not_before(first_known_at)
    if first_known_at is None or begin is None or begin >= known_until:
        return compare((), ())
    rows = queries("tracks").silences(
        connection,
        channel_id=subject.channel_id,
        first=begin,
        last=None,
        after_s=subject.rule.after_s,
        horizon=known_until,
    )
    found = []
    for row in rows:
        ended_at = row["ended_at"]
        if known_until == until:
            ended_at = min(ended_at or until, until)
        if row["began_at"] < until:
            seconds = ((ended_at or known_until) - row["began_at"]).total_seconds()
            found.append(FoundExcursion(row["began_at"], ended_at, seconds, seconds))
    _keep_track(connection, subject, DetectionState(Track(outside_since=begin)), last_at=known_until)
    return compare(_stored(connection, subject, ALWAYS), found)


def _instants(
    connection: Connection, subject: Subject[Rule], after: datetime | None, until: datetime | None
) -> Generator[Instant, None, None]:
    """What was measured after one instant, up to another, while the rule was in force."""
    return _read(connection, queries("tracks").instants.sql, subject, after, until)


def _telling_instants(
    connection: Connection, subject: Subject[Rule], after: datetime | None, until: datetime | None
) -> Generator[Instant, None, None]:
    """As ``_instants``, of a rule on the values themselves, without those that change nothing."""
    return _read(connection, queries("tracks").telling_instants.sql, subject, after, until)


def _read(
    connection: Connection, sql: str, subject: Subject[Rule], after: datetime | None, until: datetime | None
) -> Generator[Instant, None, None]:
    wanted = subject.in_force.cut(Interval(after and after + _JUST_AFTER, until and until + _JUST_AFTER))
    said = {"first": wanted.begins, "before": wanted.ends, **of_rule(subject)}
    with connection.cursor(row_factory=tuple_row) as few:
        rows = few.execute(sql, {**said, "at_most": INSTANTS_AT_ONCE + 1}).fetchall()
    if len(rows) <= INSTANTS_AT_ONCE:
        yield from rows
        return
    # A cursor on the server: all that a channel ever measured need not fit into memory.
    with connection.cursor(name="instants", row_factory=tuple_row) as cursor:
        cursor.itersize = INSTANTS_AT_ONCE
        yield from cursor.execute(sql, {**said, "at_most": None})


def _track(connection: Connection, subject: Subject[Any]) -> Row | None:
    """Where the rule stands; None where it never stood or was another rule then."""
    row: Row | None = queries("tracks").track(connection, channel_id=subject.channel_id, rule=subject.track_name)
    return row if row is not None and row["definition"] == asdict(subject.rule) else None


def _state(track: Row) -> DetectionState:
    stands = Track(track["outside_since"], track["opened"], track["worst"])
    return DetectionState(stands, track["last_at"], track["longest_gap_s"])


def _stored(connection: Connection, subject: Subject[Any], beginnings: Interval) -> list[Stored]:
    """The channel's excursions by the rule that began meanwhile, while it was in force."""
    wanted = subject.in_force.cut(beginnings)
    rows = queries("tracks").excursions_between(
        connection,
        channel_id=subject.channel_id,
        place_id=subject.place_id,
        rule=subject.rule.name,
        first=wanted.begins,
        before=wanted.ends,
    )
    return [as_stored(row) for row in rows]


def as_stored(row: Row) -> Stored:
    """An excursion of a channel from its row."""
    return Stored(row["began_at"], row["ended_at"], row["worst"], row["longest_gap_s"], id=row["id"])


def _keep_track(
    connection: Connection,
    subject: Subject[Any],
    state: DetectionState,
    *,
    last_at: datetime,
    last_out_at: datetime | None = None,
) -> None:
    queries("tracks").keep_track(
        connection,
        channel_id=subject.channel_id,
        rule=subject.track_name,
        definition=Jsonb(asdict(subject.rule)),
        last_at=last_at,
        outside_since=state.track.outside_since,
        opened=state.track.opened,
        worst=state.track.worst,
        last_out_at=last_out_at,
        longest_gap_s=state.longest_gap_s,
    )


def of_rule(subject: Subject[Rule]) -> dict[str, Any]:
    """The parameters by which queries look at readings as a rule does."""
    signal = subject.rule.signal
    return {
        "channel_id": subject.channel_id,
        "is_above": subject.rule.side is Side.ABOVE if signal is None else signal.is_above,
        "limit": subject.rule.limit,
        "hysteresis": subject.rule.hysteresis,
        "on_limit_is_outside": subject.rule.on_limit_is_outside,
    }
