"""Judging readings: where each rule stands on each channel, and the excursions that follow.

Locks: channels first (in the order of ids), then ``lock_holds``, and that only if an excursion really changes. So call
:func:`assign_channel` and :func:`judge_places` before anything else in the transaction owns the holds.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from cloud_sync.domain.excursion_detection import PolicySpell, rule_spells, rules_for
from cloud_sync.errors import Conflict, NotFound
from cloud_sync.posting.cases import LEDGER
from cloud_sync.posting.monitoring.envelopes import Span, draw_envelopes
from cloud_sync.posting.monitoring.excursions import Judged, apply_changes, withdraw_strays
from cloud_sync.posting.monitoring.exposures import expose_excursions
from cloud_sync.posting.monitoring.rule_evaluation import (
    Subject,
    judge_former,
    judge_former_silence,
    judge_signal,
    judge_silent,
    judge_value,
    not_quiet,
)
from cloud_sync.storage.database import Connection, Row
from cloud_sync.storage.events import add_event
from cloud_sync.storage.locks import lock_holds
from cloud_sync.storage.queries import queries
from edge_agent.domain.monitoring.excursions import Rule, SilenceRule
from edge_agent.domain.monitoring.policies import Policy

POLICIES_CACHED = 256


def judge(connection: Connection, new: Mapping[int, Span]) -> None:
    """Judge the new readings of these channels (id -> first and last instant), which the caller has locked and stored.

    Excursions open, close, change or vanish as all readings that are stored now say, and stock is held or freed.
    Silence is judged by :func:`judge_silence`.
    """
    new, redrawn = draw_envelopes(connection, new)
    subjects = [each for each in _subjects(connection, new) if not isinstance(each.rule, SilenceRule)]
    subjects = [each for each in subjects if _is_touched(each, new[each.channel_id])]
    found: list[Judged] = []
    for subject in not_quiet(connection, [each for each in subjects if each.until is None], new, redrawn):
        judge_one = judge_value if subject.rule.signal is None else judge_signal
        first, last = new[subject.channel_id]
        found.append((subject, judge_one(connection, subject, (subject.not_before(first) or first, last))))
    found += [(each, judge_former(connection, each)) for each in subjects if each.until is not None]
    _settle(connection, found, {subject.channel_id for subject in subjects})


def judge_silence(connection: Connection, gateway_id: int, new: Mapping[int, Span]) -> None:
    """Judge where nobody measured, as far as the gateway's journals are known without a hole.

    ``new`` are the spans of new readings, good or not. The caller has locked all channels of the gateway.
    """
    horizon = queries("tracks").horizon(connection, gateway_id=gateway_id)
    if horizon is None:
        return
    channels = connection.execute("SELECT id FROM channel WHERE gateway_id = %s", (gateway_id,)).fetchall()
    found: list[Judged] = []
    for subject in _subjects(connection, [row["id"] for row in channels]):
        if isinstance(subject.rule, SilenceRule):
            judge_one = judge_silent if subject.until is None else judge_former_silence
            span = new.get(subject.channel_id)
            # Of any time before, too: what was heard first, and so what may be called silence, can be of then.
            if span is not None and subject.until is not None and span[0] >= subject.until:
                span = None
            found.append((subject, judge_one(connection, subject, span, horizon)))
    _settle(connection, found, {subject.channel_id for subject, _ in found})


def rules_over(
    connection: Connection, channel_ids: Iterable[int], first: datetime, last: datetime
) -> dict[tuple[int, int], list[Rule | SilenceRule]]:
    """By what these channels are judged that was in force between two instants, by (id of channel, id of its place)."""
    rules: dict[tuple[int, int], list[Rule | SilenceRule]] = {}
    for subject in _subjects(connection, channel_ids):
        known = rules.setdefault((subject.channel_id, subject.place_id), [])
        if _is_touched(subject, (first, last)) and subject.rule not in known:
            known.append(subject.rule)
    return rules


def reaches_of_channels(connection: Connection, channel_ids: Iterable[int]) -> dict[int, float]:
    """How many seconds back the rules of each channel look from one reading, where any looks back at all."""
    reaches: dict[int, float] = {}
    for subject in _subjects(connection, channel_ids):
        signal = None if isinstance(subject.rule, SilenceRule) else subject.rule.signal
        if signal is not None:
            reaches[subject.channel_id] = max(signal.reach_s, reaches.get(subject.channel_id, 0.0))
    return reaches


def _is_touched(subject: Subject[Any], span: Span) -> bool:
    """Whether any of these instants is of the time in which the rule is or was in force."""
    first, last = span
    return (subject.since is None or last >= subject.since) and (subject.until is None or first < subject.until)


def _settle(connection: Connection, found: list[Judged], channel_ids: Iterable[int]) -> None:
    """Store what was found, hold and free stock, and widen what rests on doubtful times of these channels."""
    touched: list[int] = []
    if any(changes.touch_holds for _, changes in found):
        lock_holds(connection)
        touched = [each for subject, changes in found for each in apply_changes(connection, subject, changes)]
    for _, changes in found:
        for old, now in changes.worsened:
            queries("tracks").worsen_excursion(connection, id=old.id, worst=now.worst, longest_gap_s=now.longest_gap_s)
    for row in list(queries("tracks").channels_with_doubtful_times(connection, channel_ids=sorted(channel_ids))):
        widened = [each["id"] for each in queries("tracks").widen_reaches(connection, channel_id=row["id"])]
        if widened:
            lock_holds(connection)
        touched += widened
    expose_excursions(connection, touched)


def judge_again(connection: Connection, channel_ids: Iterable[int]) -> None:
    """Judge all readings of these channels by the rules of their places as they are now."""
    ids = sorted(set(channel_ids))
    list(queries("tracks").lock_channels(connection, channel_ids=ids))
    _judge_all(connection, ids)


def judge_places(connection: Connection, place_id: int) -> None:
    """Judge all readings in a place and below it again, by what was in force; for when its policy has changed."""
    rows = queries("tracks").channels_at_or_below(connection, place_id=place_id)
    judge_again(connection, [row["id"] for row in rows])


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
    channel = next(iter(queries("tracks").lock_channels(connection, channel_ids=[channel_id])), None)
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
            "Say a later time: what was said about its places before stays.",
        )
    if since is not None:
        queries("tracks").place_was(connection, channel_id=channel_id, place_id=before, until=since)
    queries("tracks").place_channel(connection, channel_id=channel_id, place_id=place_id)
    data = {"place": place_id, "before": before, "channel": name, "since": since.isoformat() if since else None}
    add_event(connection, actor=actor, kind="channel_assigned", subject=f"channel:{channel_id}", data=data)
    _judge_all(connection, [channel_id])


def _judge_all(connection: Connection, channel_ids: list[int]) -> None:
    connection.execute("DELETE FROM track WHERE channel_id = ANY(%s)", (channel_ids,))
    _withdraw_strays(connection, channel_ids)
    spans = connection.execute(
        "SELECT channel_id, min(at) AS first, max(at) AS last FROM heard WHERE channel_id = ANY(%s) GROUP BY 1",
        (channel_ids,),
    ).fetchall()
    judge(connection, {row["channel_id"]: (row["first"], row["last"]) for row in spans})
    gateways = connection.execute(
        "SELECT DISTINCT gateway_id FROM channel WHERE id = ANY(%s) ORDER BY 1", (channel_ids,)
    ).fetchall()
    for row in gateways:
        judge_silence(connection, row["gateway_id"], {})


def _withdraw_strays(connection: Connection, channel_ids: list[int]) -> None:
    """Withdraw excursions by rules that were not in force there and then: nothing judges them any more."""
    subjects = _subjects(connection, channel_ids)
    strays: list[Row] = []
    for channel_id in channel_ids:
        rows = list(queries("tracks").excursions_of_channel(connection, channel_id=channel_id))
        strays += [row for row in rows if not any(_was_in_force(each, row) for each in subjects)]
    if strays:
        lock_holds(connection)
        withdraw_strays(connection, strays)


def _was_in_force(subject: Subject[Any], excursion: Row) -> bool:
    names = (subject.channel_id, subject.place_id, subject.rule.name)
    began_at = excursion["began_at"]
    return (
        names == (excursion["channel_id"], excursion["place_id"], excursion["rule"])
        and (subject.since is None or began_at >= subject.since)
        and (subject.until is None or began_at < subject.until)
    )


def _subjects(connection: Connection, channel_ids: Iterable[int]) -> list[Subject[Any]]:
    ids = sorted(channel_ids)
    dated = [row["id"] for row in queries("tracks").dated_channels(connection, channel_ids=ids)]
    rows: dict[int, list[Row]] = {}
    for row in queries("tracks").policies_of_channels(connection, channel_ids=sorted(set(ids) - set(dated))):
        rows.setdefault(row["channel_id"], []).append(row)
    subjects = [
        Subject(channel_id, policies[0]["place_id"], rule)
        for channel_id, policies in rows.items()
        for rule in rules_for(policies[0]["metric"], [_policy(row["body"]) for row in policies])
    ]
    return subjects + _dated_subjects(connection, dated) if dated else subjects


def _dated_subjects(connection: Connection, channel_ids: list[int]) -> list[Subject[Any]]:
    rows: dict[int, list[Row]] = {}
    for row in queries("tracks").policy_spells_of_channels(connection, channel_ids=channel_ids):
        rows.setdefault(row["channel_id"], []).append(row)
    subjects = []
    for channel_id, spells in rows.items():
        policies = [PolicySpell(row["place_id"], _policy(row["body"]), row["since"], row["until"]) for row in spells]
        for each in rule_spells(spells[0]["metric"], policies):
            subjects.append(Subject(channel_id, each.place_id, each.rule, each.since, each.until))
    return subjects


@lru_cache(POLICIES_CACHED)
def _policy(body: str) -> Policy:
    return Policy.model_validate_json(body)
