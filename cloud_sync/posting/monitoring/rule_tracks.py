"""Judging readings: where each rule stands on each channel, and the excursions that follow.

Locks: channels first (in the order of ids), then the holds, and that only if an excursion really changes: new readings
own what was in their places then (``locks.lock_exposed``), whatever judges the past again owns all holds
(``locks.lock_holds``). So call :func:`assign_channel` and :func:`judge_places` before anything else in the transaction
owns the holds.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from cloud_sync.errors import Conflict, NotFound
from cloud_sync.posting.cases import LEDGER
from cloud_sync.posting.monitoring.archive_reach import Borders, bring_home_for, bring_home_for_silence, sighted
from cloud_sync.posting.monitoring.archived_readings import bring_home
from cloud_sync.posting.monitoring.envelopes import Span, draw_envelopes
from cloud_sync.posting.monitoring.place_judgement import (
    Judged,
    PlaceRule,
    judge_places_touched,
    keep_probe_changes,
    touch,
)
from cloud_sync.posting.monitoring.rule_evaluation import (
    Subject,
    judge_former,
    judge_former_silence,
    judge_missing,
    judge_signal,
    judge_silent,
    judge_value,
    not_quiet,
)
from cloud_sync.posting.monitoring.subjects import subjects_of
from cloud_sync.posting.monitoring.unjudged import note_unjudged
from cloud_sync.storage.database import Connection, Row
from cloud_sync.storage.events import add_event
from cloud_sync.storage.queries import queries
from edge_agent.domain.intervals import Interval
from edge_agent.domain.monitoring.excursions import Rule, SilenceRule


def judge(connection: Connection, new: Mapping[int, Span], *, alone: bool = False) -> None:
    """Judge the new readings of these channels (id -> first and last instant), which the caller has locked and stored.

    Excursions open, close, change or vanish as all readings that are stored now say, and stock is held or freed.
    Silence is judged by :func:`judge_silence`. ``alone``: for a transaction that will need to own all holds later.
    """
    begun_earlier = _judge(connection, new, alone=alone)
    if begun_earlier:
        _judge_all(connection, begun_earlier, alone=alone)


def _judge(
    connection: Connection, new: Mapping[int, Span], *, alone: bool, known_blind: Borders | None = None
) -> list[int]:
    """Gives the channels of which all has to be judged again: they turn out to have begun to measure earlier."""
    blind = bring_home_for(connection, new) if known_blind is None else known_blind
    new, redrawn = draw_envelopes(connection, new)
    every = sighted(subjects_of(connection, new), blind)
    subjects = [each for each in every if not isinstance(each.rule, SilenceRule)]
    subjects = [each for each in subjects if _is_touched(each, new[each.channel_id])]
    found: list[Judged] = []
    for subject in not_quiet(connection, [each for each in subjects if not each.is_former], new, redrawn):
        first, last = new[subject.channel_id]
        span = subject.in_force.not_before(first) or first, last
        if subject.rule.signal is not None:
            found.append((subject, judge_signal(connection, subject, span)))
        else:
            horizon = _horizon_of(connection, subject) if subject.rule.missing_counts else None
            found.append((subject, judge_value(connection, subject, span, horizon)))
    found += [(each, judge_former(connection, each)) for each in subjects if each.is_former]
    _settle(connection, found, {subject.channel_id for subject in subjects}, _heard_together(every, new), alone=alone)
    return sorted({each.channel_id for each in every if each.started_at == new[each.channel_id][0]})


def judge_silence(
    connection: Connection,
    gateway_id: int,
    new: Mapping[int, Span],
    *,
    journal: str | None = None,
    alone: bool = False,
) -> None:
    """Judge where nobody measured, as far as the gateway's journals are known without a hole.

    ``new`` are the spans of new readings, good or not. ``journal``: a doubted one, which is judged alone. The caller
    has locked all channels of the gateway.
    """
    horizon = queries("tracks").horizon(connection, gateway_id=gateway_id, journal=journal)
    if horizon is None:
        return
    channels = queries("tracks").channels_of_gateway(connection, gateway_id=gateway_id, journal=journal)
    ids = [row["id"] for row in channels]
    blind = bring_home_for_silence(connection, ids, new, horizon)
    found: list[Judged] = []
    for subject in sighted(subjects_of(connection, ids), blind):
        if isinstance(subject.rule, SilenceRule):
            judge_one = judge_former_silence if subject.is_former else judge_silent
            span = new.get(subject.channel_id)
            # Of any time before, too: what was heard first, and so what may be called silence, can be of then.
            if span is not None and subject.is_former and span[0] >= subject.in_force.last:
                span = None
            found.append((subject, judge_one(connection, subject, span, horizon)))
        elif subject.rule.missing_counts and not subject.is_former:
            found.append((subject, judge_missing(connection, subject, horizon)))
    _settle(connection, found, {subject.channel_id for subject, _ in found}, {}, alone=alone)


def _heard_together(subjects: Iterable[Subject[Any]], new: Mapping[int, Span]) -> dict[PlaceRule, Interval]:
    """Where new readings may change who has a say, by rules that ask for several devices of a place."""
    touched: dict[PlaceRule, Interval] = {}
    for each in subjects:
        if each.rule.sensors != "any":
            first, last = new[each.channel_id]
            gap_s = None if isinstance(each.rule, SilenceRule) else each.rule.gap_s
            until = None if gap_s is None else last + timedelta(seconds=gap_s)
            touch(touched, (each.place_id, each.rule.name), Interval(first, until))
    return touched


def _horizon_of(connection: Connection, subject: Subject[Any]) -> datetime | None:
    found: datetime | None = queries("tracks").horizon_of_channel(connection, channel_id=subject.channel_id)
    return found


def rules_over(
    connection: Connection, channel_ids: Iterable[int], first: datetime, last: datetime
) -> dict[tuple[int, int], list[Rule | SilenceRule]]:
    """By what these channels are judged that was in force between two instants, by (id of channel, id of its place)."""
    rules: dict[tuple[int, int], list[Rule | SilenceRule]] = {}
    for subject in subjects_of(connection, channel_ids):
        known = rules.setdefault((subject.channel_id, subject.place_id), [])
        if _is_touched(subject, (first, last)) and subject.rule not in known:
            known.append(subject.rule)
    return rules


def reaches_of_channels(connection: Connection, channel_ids: Iterable[int]) -> dict[int, float]:
    """How many seconds back the rules of each channel look from one reading, where any looks back at all."""
    reaches: dict[int, float] = {}
    for subject in subjects_of(connection, channel_ids):
        signal = None if isinstance(subject.rule, SilenceRule) else subject.rule.signal
        if signal is not None:
            reaches[subject.channel_id] = max(signal.reach_s, reaches.get(subject.channel_id, 0.0))
    return reaches


def _is_touched(subject: Subject[Any], span: Span) -> bool:
    """Whether any of these instants is of the time in which the rule is or was in force."""
    first, last = span
    return last >= subject.in_force.first and first < subject.in_force.last


def _settle(
    connection: Connection,
    found: list[Judged],
    channel_ids: Iterable[int],
    touched: dict[PlaceRule, Interval],
    *,
    alone: bool,
) -> None:
    """Store what was found, hold and free stock, and widen what rests on doubtful times of these channels."""
    for key, extent in keep_probe_changes(connection, found).items():
        touch(touched, key, extent)
    for row in list(queries("tracks").channels_with_doubtful_times(connection, channel_ids=sorted(channel_ids))):
        for each in list(queries("tracks").widen_reaches(connection, channel_id=row["id"])):
            touch(touched, (each["place_id"], each["rule"]), Interval(each["began_at"], each["ended_at"]))
    judge_places_touched(connection, touched, alone=alone)


def judge_again(connection: Connection, channel_ids: Iterable[int]) -> None:
    """Judge all readings of these channels by the rules of their places as they are now."""
    ids = sorted(set(channel_ids))
    list(queries("tracks").lock_channels(connection, channel_ids=ids))
    _judge_all(connection, ids, alone=True)


def judge_places(connection: Connection, place_id: int) -> None:
    """Judge all readings in a place and below it again, by what was in force; for when its policy has changed."""
    rows = queries("tracks").channels_at_or_below(connection, place_id=place_id)
    ids = [row["id"] for row in rows]
    judge_again(connection, ids)
    note_unjudged(connection, ids)


def assign_channel(
    connection: Connection,
    channel_id: int,
    place_id: int | None,
    *,
    since: datetime | None = None,
    actor: str = LEDGER,
) -> None:
    """Say where a channel is (None: nowhere) from ``since`` on, and judge what it has measured by that.

    What it measured before stays true of where it was then. ``since`` None: all that it ever measured, which can be
    said only as long as nothing else was. Raises ``NotFound``, ``Conflict``.
    """
    ids = [row["id"] for row in queries("tracks").with_versions(connection, channel_ids=[channel_id])]
    locked = {row["id"]: row for row in queries("tracks").lock_channels(connection, channel_ids=ids)}
    channel = locked.get(channel_id)
    if channel is None:
        raise NotFound(f"no channel {channel_id}")
    name, before = f"{channel['device']}/{channel['metric']}", channel["place_id"]
    if before == place_id:
        return
    changed_at = queries("tracks").last_assigned(connection, channel_id=channel_id)
    if since is None and (before is not None or changed_at is not None):
        raise Conflict(f"{name} is or was in another place already", "Say since when it is in this one.")
    if since is not None and changed_at is not None and since <= changed_at:
        raise Conflict(
            f"{name} has been moved at {changed_at:%Y-%m-%d %H:%M:%S} UTC, which is not before this",
            "Send a later time: the earlier location history is not changed.",
        )
    if since is not None:
        queries("tracks").place_was(connection, channel_id=channel_id, place_id=before, until=since)
    queries("tracks").place_channel(connection, channel_id=channel_id, place_id=place_id)
    queries("unjudged").not_on_purpose(connection, channel_id=channel_id)
    data = {"place": place_id, "before": before, "channel": name, "since": since.isoformat() if since else None}
    add_event(connection, actor=actor, kind="channel_assigned", subject=f"channel:{channel_id}", data=data)
    _judge_all(connection, ids, alone=True)
    note_unjudged(connection, [channel_id])


def forget_versions(connection: Connection, version_ids: list[int], channel_ids: list[int]) -> None:
    """Let versions of channels say nothing any more, and judge all readings of these channels again.

    The caller has locked all of them.
    """
    touched: dict[PlaceRule, Interval] = {}
    for version_id in version_ids:
        for row in list(queries("tracks").excursions_of_channel(connection, channel_id=version_id)):
            queries("excursions").withdraw_probe_excursion(connection, id=row["id"])
            touch(touched, (row["place_id"], row["rule"]), Interval(row["began_at"], row["ended_at"]))
    queries("tracks").forget_tracks(connection, channel_ids=version_ids)
    if channel_ids:
        _judge_all(connection, sorted(set(channel_ids)), alone=True)
    judge_places_touched(connection, touched, alone=True)


def _judge_all(connection: Connection, channel_ids: list[int], *, alone: bool) -> None:
    blind = bring_home(connection, channel_ids)
    queries("tracks").forget_tracks(connection, channel_ids=channel_ids)
    _withdraw_strays(connection, [each for each in channel_ids if each not in blind], alone=alone)
    rows = list(queries("tracks").spans_of_channels(connection, channel_ids=channel_ids))
    spans = {row["channel_id"]: (row["first"], row["last"]) for row in rows}
    _judge(connection, spans, alone=alone, known_blind=blind)
    for row in list(queries("tracks").gateways_of_channels(connection, channel_ids=channel_ids)):
        judge_silence(connection, row["gateway_id"], {}, journal=row["journal"], alone=alone)


def _withdraw_strays(connection: Connection, channel_ids: list[int], *, alone: bool) -> None:
    """Withdraw excursions by rules that were not in force there and then: nothing judges them any more."""
    subjects = subjects_of(connection, channel_ids)
    touched: dict[PlaceRule, Interval] = {}
    for channel_id in channel_ids:
        for row in list(queries("tracks").excursions_of_channel(connection, channel_id=channel_id)):
            if not any(_was_in_force(each, row) for each in subjects):
                queries("excursions").withdraw_probe_excursion(connection, id=row["id"])
                touch(touched, (row["place_id"], row["rule"]), Interval(row["began_at"], row["ended_at"]))
    judge_places_touched(connection, touched, alone=alone)


def _was_in_force(subject: Subject[Any], excursion: Row) -> bool:
    names = (subject.channel_id, subject.place_id, subject.rule.name)
    of_excursion = (excursion["channel_id"], excursion["place_id"], excursion["rule"])
    return names == of_excursion and excursion["began_at"] in subject.in_force
