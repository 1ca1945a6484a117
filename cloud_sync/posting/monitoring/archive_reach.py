"""Which judging looks back across the border of the archive, and so needs readings that have left the database.

Most never does: new readings are newer than whatever has left, and a reading before them is always here, for the last
one of a channel never leaves. What does look back, late readings, rules that are new, windows that reach far, has all
readings of the channel brought home first. Where a file cannot be read, the channel is judged from its border on alone.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from cloud_sync.posting.monitoring.archived_readings import borders_of, bring_home, measured_between
from cloud_sync.posting.monitoring.envelopes import Span
from cloud_sync.posting.monitoring.rule_evaluation import Subject, is_defined_by, of_rule
from cloud_sync.posting.monitoring.subjects import subjects_of
from cloud_sync.storage.database import Connection, Row
from cloud_sync.storage.queries import queries
from edge_agent.domain.intervals import Interval
from edge_agent.domain.monitoring.excursions import SilenceRule

_JUST_AFTER = timedelta(microseconds=1)
Borders = Mapping[int, datetime]
"""By channel, the last reading that is away."""


def bring_home_for(connection: Connection, new: Mapping[int, Span]) -> Borders:
    """Bring back what judging these new readings will look at; gives the borders of channels of which it cannot be
    read."""
    borders = borders_of(connection, new)
    if not borders:
        return {}
    tracks = _tracks(connection, borders)
    needed = {each for each, border in borders.items() if _is_across(connection, each, new[each], border)}
    for subject in subjects_of(connection, set(borders) - needed):
        border = borders[subject.channel_id]
        if not isinstance(subject.rule, SilenceRule) and _looks_back(
            connection, subject, new[subject.channel_id], border, tracks.get((subject.channel_id, subject.track_name))
        ):
            needed.add(subject.channel_id)
    return bring_home(connection, needed)


def bring_home_for_silence(
    connection: Connection, channel_ids: Iterable[int], new: Mapping[int, Span], horizon: datetime
) -> Borders:
    """The same for judging silence: it looks back to the last good reading, or since ever where a rule is new."""
    borders = borders_of(connection, channel_ids)
    if not borders:
        return {}
    tracks = _tracks(connection, borders)
    needed = set()
    for subject in subjects_of(connection, borders):
        border, span = borders[subject.channel_id], new.get(subject.channel_id)
        if not isinstance(subject.rule, SilenceRule) or subject.in_force.first > border:
            continue
        track = tracks.get((subject.channel_id, subject.track_name))
        if track is None or not is_defined_by(subject.rule, track["definition"]):
            needed.add(subject.channel_id)
        elif subject.is_former:
            if span is not None and span[0] < subject.in_force.last:
                needed.add(subject.channel_id)
        else:
            since = min(track["last_at"], span[0]) if span else track["last_at"]
            if since <= border or not measured_between(connection, subject.channel_id, border, since):
                needed.add(subject.channel_id)
    return bring_home(connection, needed)


def sighted(subjects: Iterable[Subject[Any]], blind: Borders) -> list[Subject[Any]]:
    """Rules, on channels whose archive cannot be read from the border on alone: what was decided before it stands."""
    found = []
    for each in subjects:
        if each.channel_id in blind:
            seen = each.in_force.cut(Interval(blind[each.channel_id] + _JUST_AFTER))
            if seen.is_empty:
                continue
            found.append(replace(each, in_force=seen))
        else:
            found.append(each)
    return found


def _tracks(connection: Connection, channel_ids: Iterable[int]) -> dict[tuple[int, str], Row]:
    rows = queries("tracks").tracks_of(connection, channel_ids=sorted(channel_ids))
    return {(row["channel_id"], row["rule"]): row for row in rows}


def _is_across(connection: Connection, channel_id: int, span: Span, border: datetime) -> bool:
    """Whether new readings are of a time that has left, or follow on it at once."""
    return span[0] <= border or not measured_between(connection, channel_id, border, span[0])


def _looks_back(connection: Connection, subject: Subject[Any], span: Span, border: datetime, track: Row | None) -> bool:
    """Whether judging a rule by readings newer than the border looks at what is older."""
    first, last = span
    rule, in_force = subject.rule, subject.in_force
    if in_force.first > border or not (last >= in_force.first and first < in_force.last):
        return False
    if subject.is_former or track is None or not is_defined_by(rule, track["definition"]):
        return True
    reach = timedelta(seconds=rule.signal.reach_s if rule.signal is not None else 0.0)
    if track["last_at"] <= border or first - reach <= border:
        return True
    if first > track["last_at"]:
        return False
    if rule.signal is None:
        back = queries("tracks").last_back_before(connection, at=first, **of_rule(subject))
        return back is None or back <= border
    covering = queries("tracks").excursion_covering(
        connection, channel_id=subject.channel_id, place_id=subject.place_id, rule=rule.name, at=first
    )
    return covering is not None and covering["began_at"] - reach <= border
