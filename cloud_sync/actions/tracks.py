"""Judging readings: where each rule stands on each channel, and the excursions that follow.

Locks: channels first (in the order of ids), then ``own_holds``, and that only if an excursion really changes. So call
:func:`assign_channel` and :func:`judge_places` before anything else in the transaction owns the holds.
"""

import json
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from cloud_sync.actions.cases import LEDGER
from cloud_sync.actions.envelopes import Span, draw_envelopes
from cloud_sync.actions.excursions import Judged, apply_changes
from cloud_sync.actions.exposures import expose_excursions
from cloud_sync.actions.track_judging import Subject, judge_signal, judge_silent, judge_value, not_quiet
from cloud_sync.domain.judging import rules_for
from cloud_sync.errors import Conflict, NotFound
from cloud_sync.storage.database import Connection, Row
from cloud_sync.storage.events import add_event
from cloud_sync.storage.locks import own_holds
from cloud_sync.storage.queries import queries
from edge_agent.domain.excursions import Rule, SilenceRule
from edge_agent.domain.policies import Policy

POLICIES_CACHED = 256


def judge(connection: Connection, new: Mapping[int, Span]) -> None:
    """Judge the new readings of these channels (id -> first and last instant), which the caller has locked and stored.

    Excursions open, close, change or vanish as all readings that are stored now say, and stock is held or freed.
    Silence is judged by :func:`judge_silence`.
    """
    new, redrawn = draw_envelopes(connection, new)
    subjects = [each for each in _subjects(connection, new) if not isinstance(each.rule, SilenceRule)]
    found: list[Judged] = []
    for subject in not_quiet(connection, subjects, new, redrawn):
        judge_one = judge_value if subject.rule.signal is None else judge_signal
        found.append((subject, judge_one(connection, subject, new[subject.channel_id])))
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
            found.append((subject, judge_silent(connection, subject, new.get(subject.channel_id), horizon)))
    _settle(connection, found, {subject.channel_id for subject, _ in found})


def rules_of_channels(connection: Connection, channel_ids: Iterable[int]) -> dict[int, list[Rule | SilenceRule]]:
    """What each of these channels is judged by, where it has a place with a policy."""
    rules: dict[int, list[Rule | SilenceRule]] = {}
    for subject in _subjects(connection, channel_ids):
        rules.setdefault(subject.channel_id, []).append(subject.rule)
    return rules


def _settle(connection: Connection, found: list[Judged], channel_ids: Iterable[int]) -> None:
    """Store what was found, hold and free stock, and widen what rests on doubtful times of these channels."""
    touched: list[int] = []
    if any(changes.touch_holds for _, changes in found):
        own_holds(connection)
        touched = [each for subject, changes in found for each in apply_changes(connection, subject, changes)]
    for _, changes in found:
        for old, now in changes.worsened:
            queries("tracks").worsen_excursion(connection, id=old.id, worst=now.worst, longest_gap_s=now.longest_gap_s)
    for row in list(queries("tracks").channels_with_doubtful_times(connection, channel_ids=sorted(channel_ids))):
        widened = [each["id"] for each in queries("tracks").widen_reaches(connection, channel_id=row["id"])]
        if widened:
            own_holds(connection)
        touched += widened
    expose_excursions(connection, touched)


def judge_again(connection: Connection, channel_ids: Iterable[int]) -> None:
    """Judge all readings of these channels by the rules of their places as they are now."""
    ids = sorted(set(channel_ids))
    list(queries("tracks").own_channels(connection, channel_ids=ids))
    _judge_all(connection, ids)


def judge_places(connection: Connection, place_id: int) -> None:
    """Judge all readings in a place and below it again; for when its policy has changed."""
    rows = queries("tracks").channels_at_or_below(connection, place_id=place_id)
    judge_again(connection, [row["id"] for row in rows])


def assign_channel(connection: Connection, channel_id: int, place_id: int, *, actor: str = LEDGER) -> None:
    """Say where a channel is, and judge what it has measured so far.

    Raises ``NotFound``, and ``Conflict`` if it is somewhere else already: what it measured there stays true of there.
    """
    channel = next(iter(queries("tracks").own_channels(connection, channel_ids=[channel_id])), None)
    if channel is None:
        raise NotFound(f"no channel {channel_id}")
    name = f"{channel['device']}/{channel['metric']}"
    if channel["place_id"] not in (None, place_id):
        raise Conflict(f"{name} is in another place already; give the device a new name where it is now")
    if channel["place_id"] == place_id:
        return
    queries("tracks").place_channel(connection, channel_id=channel_id, place_id=place_id)
    data = {"place": place_id, "channel": name}
    add_event(connection, actor=actor, kind="channel_assigned", subject=f"channel:{channel_id}", data=data)
    _judge_all(connection, [channel_id])


def _judge_all(connection: Connection, channel_ids: list[int]) -> None:
    connection.execute("DELETE FROM track WHERE channel_id = ANY(%s)", (channel_ids,))
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


def _subjects(connection: Connection, channel_ids: Iterable[int]) -> list[Subject[Any]]:
    rows: dict[int, list[Row]] = {}
    for row in queries("tracks").policies_of_channels(connection, channel_ids=sorted(channel_ids)):
        rows.setdefault(row["channel_id"], []).append(row)
    return [
        Subject(channel_id, policies[0]["place_id"], rule)
        for channel_id, policies in rows.items()
        for rule in rules_for(policies[0]["metric"], [_policy(json.dumps(row["body"])) for row in policies])
    ]


@lru_cache(POLICIES_CACHED)
def _policy(body: str) -> Policy:
    return Policy.model_validate_json(body)
