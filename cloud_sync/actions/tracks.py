"""Judging readings: where each rule stands on each channel, and the excursions that follow.

Locks: channels first (in the order of ids), then ``own_holds``, and that only if an excursion really changes. So call
:func:`assign_channel` and :func:`judge_places` before anything else in the transaction owns the holds.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from cloud_sync.actions.cases import LEDGER
from cloud_sync.actions.exposures import expose_excursions, free_excursions
from cloud_sync.domain.judging import Changes, Found, Stored, compare, fold, rules_for
from cloud_sync.errors import Conflict, NotFound
from cloud_sync.storage.database import Connection, Row
from cloud_sync.storage.events import add_event
from cloud_sync.storage.locks import own_holds
from cloud_sync.storage.queries import queries
from edge_agent.domain.excursions import NORMAL, Rule, Side, Track
from edge_agent.domain.policies import Policy

Span = tuple[datetime, datetime]
"""The first and the last instant of the readings that are new on a channel."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A rule on a channel in a place."""

    channel_id: int
    place_id: int
    rule: Rule


@dataclass(frozen=True, slots=True)
class Window:
    """What is judged again: instants after ``after`` (None: from the first on) up to ``until`` (None: to the last)."""

    start: Track
    after: datetime | None
    until: datetime | None = None


def judge(connection: Connection, new: Mapping[int, Span]) -> None:
    """Judge the new readings of these channels (id -> first and last instant), which the caller has locked and stored.

    Excursions open, close, change or vanish as all readings that are stored now say, and stock is held or freed.
    """
    found: list[tuple[Subject, Changes]] = []
    for subject in _not_quiet(connection, _subjects(connection, new), new):
        changes = _judge_one(connection, subject, new[subject.channel_id])
        found.append((subject, changes))
    if any(changes.touch_holds for _, changes in found):
        own_holds(connection)
        touched = [each for subject, changes in found for each in _apply(connection, subject, changes)]
        expose_excursions(connection, touched)
    for _, changes in found:
        for old, now in changes.worsened:
            queries("tracks").worsen_excursion(connection, id=old.id, worst=now.worst)


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
        "SELECT channel_id, min(at) AS first, max(at) AS last FROM reading WHERE channel_id = ANY(%s) GROUP BY 1",
        (channel_ids,),
    ).fetchall()
    judge(connection, {row["channel_id"]: (row["first"], row["last"]) for row in spans})


def _subjects(connection: Connection, channel_ids: Iterable[int]) -> list[Subject]:
    rows: dict[int, list[Row]] = {}
    for row in queries("tracks").policies_of_channels(connection, channel_ids=sorted(channel_ids)):
        rows.setdefault(row["channel_id"], []).append(row)
    return [
        Subject(channel_id, policies[0]["place_id"], rule)
        for channel_id, policies in rows.items()
        for rule in rules_for(policies[0]["metric"], [Policy.model_validate(row["body"]) for row in policies])
    ]


def _not_quiet(connection: Connection, subjects: list[Subject], new: Mapping[int, Span]) -> list[Subject]:
    """Those whose new readings can change anything; the tracks of the others are moved on.

    Nothing changes where all values are well within the limit from the reading before the new ones up to the one after
    them: no excursion reaches into that time then, and none begins or ends in it.
    """
    ids = sorted({subject.channel_id for subject in subjects})
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
    loud: list[Subject] = []
    quiet: list[Subject] = []
    for subject in subjects:
        rule, track = subject.rule, tracks.get((subject.channel_id, subject.rule.name))
        if track is None or track["definition"] != asdict(rule):
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


def _judge_one(connection: Connection, subject: Subject, span: Span) -> Changes:
    window = _window(connection, subject, span)
    last_at = span[1]

    def instants() -> Iterable[tuple[datetime, float]]:
        # A cursor on the server: all that a channel ever measured need not fit into memory.
        nonlocal last_at
        with connection.cursor(name="instants") as cursor:
            sql = queries("tracks").instants.sql
            parameters = {"after": window.after, "until": window.until, **_of_rule(subject)}
            for row in cursor.execute(sql, parameters):
                last_at = max(last_at, row["at"])
                yield row["at"], row["value"]

    track, found = fold(window.start, instants(), subject.rule)
    if window.until is None:
        _keep_track(connection, subject, track, last_at)
    return compare(_stored(connection, subject, window), found)


def _window(connection: Connection, subject: Subject, span: Span) -> Window:
    row = queries("tracks").track(connection, channel_id=subject.channel_id, rule=subject.rule.name)
    if row is None or row["definition"] != asdict(subject.rule):
        return Window(NORMAL, after=None)
    first, last = span
    if first > row["last_at"]:
        return Window(Track(row["outside_since"], row["opened"], row["worst"]), after=row["last_at"])
    after = queries("tracks").last_back_before(connection, at=first, **_of_rule(subject))
    return Window(NORMAL, after, queries("tracks").first_back_after(connection, at=last, **_of_rule(subject)))


def _stored(connection: Connection, subject: Subject, window: Window) -> list[Stored]:
    """The excursions of the window. One that lasts into it began at ``outside_since``."""
    rows = queries("tracks").excursions_between(
        connection, channel_id=subject.channel_id, rule=subject.rule.name, after=window.after, until=window.until
    )
    stored = [Stored(row["id"], row["began_at"], row["ended_at"], row["worst"]) for row in rows]
    if window.start.opened:
        lasting = connection.execute(
            "SELECT id, began_at, ended_at, worst FROM excursion WHERE channel_id = %s AND rule = %s AND began_at = %s",
            (subject.channel_id, subject.rule.name, window.start.outside_since),
        ).fetchall()
        stored = [Stored(row["id"], row["began_at"], row["ended_at"], row["worst"]) for row in lasting] + stored
    return stored


def _keep_track(connection: Connection, subject: Subject, track: Track, last_at: datetime) -> None:
    queries("tracks").keep_track(
        connection,
        channel_id=subject.channel_id,
        rule=subject.rule.name,
        definition=Jsonb(asdict(subject.rule)),
        last_at=last_at,
        outside_since=track.outside_since,
        opened=track.opened,
        worst=track.worst,
    )


def _apply(connection: Connection, subject: Subject, changes: Changes) -> list[int]:
    """Store the changes, say so in the event log, and give the excursions whose exposure has to be redone."""
    for old in changes.withdrawn:
        _withdraw(connection, subject, old)
    touched = []
    for old, now in changes.amended:
        version = queries("tracks").amend_excursion(
            connection, id=old.id, began_at=now.began_at, ended_at=now.ended_at, worst=now.worst
        )
        is_end = (old.began_at, old.ended_at) == (now.began_at, None) and now.ended_at is not None
        data = {**_told(subject, now), "version": version, "before": _interval(old)}
        _tell(connection, "excursion_closed" if is_end else "excursion_amended", old.id, data)
        touched.append(old.id)
    for now in changes.opened:
        excursion_id = queries("tracks").add_excursion(
            connection,
            channel_id=subject.channel_id,
            place_id=subject.place_id,
            rule=subject.rule.name,
            began_at=now.began_at,
            ended_at=now.ended_at,
            worst=now.worst,
        )
        _tell(connection, "excursion_opened", excursion_id, _told(subject, now))
        touched.append(excursion_id)
    return touched


def _withdraw(connection: Connection, subject: Subject, old: Stored) -> None:
    decisions = list(queries("tracks").dispositions_of(connection, excursion_id=old.id))
    _tell(connection, "excursion_withdrawn", old.id, {**_told(subject, old), "dispositions": decisions})
    free_excursions(connection, [old.id])
    queries("tracks").withdraw_excursion(connection, id=old.id)


def _tell(connection: Connection, kind: str, excursion_id: int, data: dict[str, Any]) -> None:
    add_event(connection, actor=LEDGER, kind=kind, subject=f"excursion:{excursion_id}", data=data)


def _told(subject: Subject, excursion: Found | Stored) -> dict[str, Any]:
    names = {"channel": subject.channel_id, "place": subject.place_id, "rule": subject.rule.name}
    return {**names, **_interval(excursion)}


def _interval(excursion: Found | Stored) -> dict[str, Any]:
    return {
        "began_at": excursion.began_at.isoformat(),
        "ended_at": excursion.ended_at.isoformat() if excursion.ended_at else None,
        "worst": excursion.worst,
    }


def _of_rule(subject: Subject) -> dict[str, Any]:
    return {
        "channel_id": subject.channel_id,
        "is_above": subject.rule.side is Side.ABOVE,
        "limit": subject.rule.limit,
        "hysteresis": subject.rule.hysteresis,
        "on_limit_is_outside": subject.rule.on_limit_is_outside,
    }
