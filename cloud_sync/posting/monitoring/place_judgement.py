"""From excursions of channels to those of their places, and to the stock that was there.

The caller has locked the channels. A place is judged by one transaction at a time (:func:`locks.lock_judged_places`).
"""

from collections.abc import Iterable, Mapping
from functools import reduce
from typing import Any

from cloud_sync.domain.excursion_detection import Changes, FoundExcursion, Stored, compare
from cloud_sync.domain.place_excursions import ProbeExcursion, Speaking, combine
from cloud_sync.errors import ArchiveUnreadable
from cloud_sync.posting.monitoring.archived_readings import reaches_across, recalled
from cloud_sync.posting.monitoring.excursions import PlaceFinding, apply_changes, worsen
from cloud_sync.posting.monitoring.exposures import expose_excursions
from cloud_sync.posting.monitoring.rule_evaluation import Subject
from cloud_sync.posting.monitoring.subjects import subjects_of
from cloud_sync.storage.database import Connection, Row
from cloud_sync.storage.locks import lock_exposed, lock_holds, lock_judged_places
from cloud_sync.storage.queries import queries
from edge_agent.domain.intervals import Interval
from edge_agent.domain.monitoring.excursions import Sensors, Severity, Side, SilenceRule

Judged = tuple[Subject[Any], Changes]
PlaceRule = tuple[int, str]
"""The id of a place, and the name of a rule."""
Touched = Mapping[PlaceRule, Interval]
"""In which extent the excursions of places may have changed."""


def keep_probe_changes(connection: Connection, found: Iterable[Judged]) -> dict[PlaceRule, Interval]:
    """Store what changed of the excursions of channels; gives the extent of what changed by place and rule."""
    touched: dict[PlaceRule, Interval] = {}
    for subject, changes in found:
        for old in changes.withdrawn:
            queries("excursions").withdraw_probe_excursion(connection, id=old.id)
        for old, now in (*changes.amended, *changes.worsened):
            queries("excursions").amend_probe_excursion(connection, id=old.id, **_columns(now))
        for now in changes.opened:
            queries("excursions").add_probe_excursion(
                connection,
                channel_id=subject.channel_id,
                place_id=subject.place_id,
                rule=subject.rule.name,
                severity=subject.rule.severity.value,
                sensors=str(subject.rule.sensors),
                is_high_worse=isinstance(subject.rule, SilenceRule) or subject.rule.side is Side.ABOVE,
                **_columns(now),
            )
        pairs = [each for pair in (*changes.amended, *changes.worsened) for each in pair]
        for each in (*changes.withdrawn, *changes.opened, *pairs):
            touch(touched, (subject.place_id, subject.rule.name), each.interval)
    return touched


def touch(touched: dict[PlaceRule, Interval], key: PlaceRule, extent: Interval) -> None:
    """Note that something changed there."""
    touched[key] = touched[key].hull(extent) if key in touched else extent


def judge_places_touched(connection: Connection, touched: Touched, *, alone: bool) -> None:
    """Bring the excursions of these places up to date with those of their channels; hold and free stock.

    ``alone``: the transaction owns all holds from there on, and not only the stock that was in these places.
    """
    if not touched:
        return
    lock_judged_places(connection, {place_id for place_id, _ in touched})
    findings = [_finding(connection, key, extent) for key, extent in sorted(touched.items())]
    affected: list[int] = []
    if any(each.changes.touch_holds for each in findings):
        if alone:
            lock_holds(connection)
        else:
            lock_exposed(connection, _extents(findings))
        affected = [excursion_id for each in findings for excursion_id in apply_changes(connection, each)]
    for each in findings:
        worsen(connection, each)
    expose_excursions(connection, affected)


def _extents(findings: Iterable[PlaceFinding]) -> dict[int, Interval]:
    """From when to when stock may have been exposed in each place, as was known before and as is known now."""
    extents: dict[int, Interval] = {}
    for each in findings:
        changes = each.changes
        for found in (*changes.opened, *changes.withdrawn, *(one for pair in changes.amended for one in pair)):
            for interval in (found.interval, found.reach):
                if interval is not None:
                    before = extents.get(each.place_id)
                    extents[each.place_id] = interval if before is None else before.hull(interval)
    return extents


def _finding(connection: Connection, key: PlaceRule, extent: Interval) -> PlaceFinding:
    """What is to change: all that overlaps, and overlaps what overlaps, is looked at together."""
    while True:
        probes, stored = _probes_over(connection, key, extent), _stored_over(connection, key, extent)
        intervals = [*(each.interval for each in probes), *(each.interval for each in stored)]
        wider = reduce(Interval.hull, intervals, extent)
        if wider == extent:
            break
        extent = wider
    found = combine(probes, _speaking(connection, key, extent, probes))
    return PlaceFinding(*key, compare(stored, found), probes)


def _speaking(
    connection: Connection, key: PlaceRule, extent: Interval, probes: list[ProbeExcursion]
) -> Speaking | None:
    """When the channels of the place spoke, where the rule asks for more than one of them."""
    if all(each.sensors == "any" for each in probes):
        return None
    place_id, rule = key
    ids = [row["id"] for row in queries("excursions").channels_that_were_at(connection, place_id=place_id)]
    speaking: dict[int, list[Interval]] = {}
    for subject in subjects_of(connection, ids):
        if (subject.place_id, subject.rule.name) == (place_id, rule) and subject.statement is None:
            covered = _times_covered(connection, subject, extent)
            if isinstance(subject.rule, SilenceRule):  # to be silent is what it has to say
                covered += [each.interval for each in probes if each.channel_id == subject.channel_id]
            speaking.setdefault(subject.channel_id, []).extend(covered)
    return speaking


def _times_covered(connection: Connection, subject: Subject[Any], extent: Interval) -> list[Interval]:
    """Across the border of the archive; a channel whose file cannot be read speaks for nothing."""
    gap_s = None if isinstance(subject.rule, SilenceRule) else subject.rule.gap_s
    try:
        ids = [subject.channel_id] if reaches_across(connection, subject.channel_id, extent.first) else []
        with recalled(connection, ids, extent.first, extent.last, before=True):
            rows = list(
                queries("excursions").covered_by_good_readings(
                    connection, channel_id=subject.channel_id, first=extent.begins, before=extent.ends, gap_s=gap_s
                )
            )
    except ArchiveUnreadable:
        return []
    spells = [Interval(row["began_at"], row["ended_at"]).cut(subject.in_force) for row in rows]
    return [each for each in spells if not each.is_empty]


def _probes_over(connection: Connection, key: PlaceRule, extent: Interval) -> list[ProbeExcursion]:
    rows = queries("excursions").probes_over(
        connection, place_id=key[0], rule=key[1], first=extent.begins, before=extent.ends
    )
    return [_probe(row) for row in rows]


def _probe(row: Row) -> ProbeExcursion:
    sensors: Sensors = row["sensors"] if row["sensors"] in ("any", "all") else int(row["sensors"])
    return ProbeExcursion(
        row["channel_id"],
        (row["gateway"], row["device"], row["metric"]),
        Interval(row["began_at"], row["ended_at"]),
        row["worst"],
        row["longest_gap_s"],
        _reach(row),
        sensors,
        row["is_high_worse"],
        Severity(row["severity"]),
        row["is_doubted"],
    )


def _stored_over(connection: Connection, key: PlaceRule, extent: Interval) -> list[Stored]:
    rows = queries("excursions").excursions_over(
        connection, place_id=key[0], rule=key[1], first=extent.begins, before=extent.ends
    )
    return [
        Stored(
            row["began_at"], row["ended_at"], row["worst"], row["longest_gap_s"], row["channel_id"], _reach(row),
            id=row["id"],
        )
        for row in rows
    ]  # fmt: skip


def _reach(row: Row) -> Interval | None:
    return None if row["reach_from"] is None else Interval(row["reach_from"], row["reach_until"])


def _columns(now: FoundExcursion) -> dict[str, object]:
    return {
        "began_at": now.began_at,
        "ended_at": now.ended_at,
        "worst": now.worst,
        "longest_gap_s": now.longest_gap_s,
    }
