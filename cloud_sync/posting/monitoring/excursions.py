"""Excursions of places as they are stored: opened, amended, closed and withdrawn, each as an event and a version."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cloud_sync.domain.excursion_detection import Changes, FoundExcursion, Stored
from cloud_sync.domain.place_excursions import ProbeExcursion
from cloud_sync.posting.cases import LEDGER, Case, count_case
from cloud_sync.posting.monitoring.exposures import free_excursions
from cloud_sync.storage.database import Connection
from cloud_sync.storage.events import add_event
from cloud_sync.storage.queries import queries
from edge_agent.domain.monitoring.excursions import Severity

ALERT = "excursion_alert"


@dataclass(frozen=True, slots=True)
class PlaceFinding:
    """What has to change of the excursions of a place by a rule, and the channels' excursions that say so."""

    place_id: int
    rule: str
    changes: Changes
    probes: Sequence[ProbeExcursion] = ()


def apply_changes(connection: Connection, finding: PlaceFinding) -> list[int]:
    """Store the changes, say so in the event log, and give the excursions whose exposure has to be redone."""
    for old in finding.changes.withdrawn:
        _withdraw(connection, finding, old)
    return [
        *(_amend(connection, finding, old, now) for old, now in finding.changes.amended),
        *(_open(connection, finding, now) for now in finding.changes.opened),
    ]


def worsen(connection: Connection, finding: PlaceFinding) -> None:
    """Store how far out the excursions are by now that go on as they were: this frees and holds nothing."""
    for old, now in finding.changes.worsened:
        queries("excursions").worsen_excursion(
            connection, id=old.id, channel_id=now.channel_id, worst=now.worst, longest_gap_s=now.longest_gap_s
        )


def _open(connection: Connection, finding: PlaceFinding, now: FoundExcursion) -> int:
    excursion_id: int = queries("excursions").add_excursion(
        connection,
        place_id=finding.place_id,
        rule=finding.rule,
        severity=now.severity.value,
        **_columns(now),
    )
    _keep_version(connection, finding, excursion_id, 1, "opened", now)
    _tell(connection, "excursion_opened", excursion_id, _told(finding, now))
    if now.severity is Severity.ALERT:
        _alert(connection, finding, excursion_id, now)
    return excursion_id


def _amend(connection: Connection, finding: PlaceFinding, old: Stored, now: FoundExcursion) -> int:
    is_version = (old.interval, old.worst, old.longest_gap_s) != (now.interval, now.worst, now.longest_gap_s)
    version = queries("excursions").amend_excursion(connection, id=old.id, is_version=is_version, **_columns(now))
    if is_version:
        is_end = (old.began_at, old.ended_at) == (now.began_at, None) and now.ended_at is not None
        change = "closed" if is_end else "amended"
        _keep_version(connection, finding, old.id, version, change, now)
        data = {**_told(finding, now), "version": version, "before": _interval(old)}
        _tell(connection, f"excursion_{change}", old.id, data)
    return old.id


def _withdraw(connection: Connection, finding: PlaceFinding, old: Stored) -> None:
    decisions = list(queries("excursions").dispositions_of(connection, excursion_id=old.id))
    _tell(connection, "excursion_withdrawn", old.id, {**_told(finding, old), "dispositions": decisions})
    free_excursions(connection, [old.id])
    version = queries("excursions").withdraw_excursion(connection, id=old.id)
    _keep_version(connection, finding, old.id, version + 1, "withdrawn", old)


def _columns(now: FoundExcursion) -> dict[str, Any]:
    return {
        "channel_id": now.channel_id,
        "began_at": now.began_at,
        "ended_at": now.ended_at,
        "worst": now.worst,
        "longest_gap_s": now.longest_gap_s,
        "reach_from": now.reach and now.reach.begins,
        "reach_until": now.reach and now.reach.ends,
    }


def _keep_version(
    connection: Connection, finding: PlaceFinding, excursion_id: int, version: int, change: str, now: FoundExcursion
) -> None:
    queries("excursions").add_version(
        connection,
        excursion_id=excursion_id,
        version=version,
        change=change,
        channel_id=now.channel_id,
        place_id=finding.place_id,
        rule=finding.rule,
        began_at=now.began_at,
        ended_at=now.ended_at,
        worst=now.worst,
    )


def _alert(connection: Connection, finding: PlaceFinding, excursion_id: int, found: FoundExcursion) -> None:
    """One case for each place and rule, however often it happens until somebody has looked."""
    at = f"{found.began_at:%Y-%m-%d %H:%M:%S} UTC"
    text = f"alert level {finding.rule} reached at {at} (worst {found.worst:g})"
    key = f"place:{finding.place_id}/{finding.rule}"
    count_case(connection, Case(ALERT, key, text, data={"excursion": excursion_id, **_told(finding, found)}))


def _tell(connection: Connection, kind: str, excursion_id: int, data: dict[str, Any]) -> None:
    add_event(connection, actor=LEDGER, kind=kind, subject=f"excursion:{excursion_id}", data=data)


def _told(finding: PlaceFinding, excursion: FoundExcursion) -> dict[str, Any]:
    names = {"place": finding.place_id, "rule": finding.rule, "channel": excursion.channel_id}
    probes = sorted({each.channel_id for each in finding.probes if each.interval.overlaps(excursion.interval)})
    return {**names, "channels": probes, **_interval(excursion)}


def _interval(excursion: FoundExcursion) -> dict[str, Any]:
    return {
        "began_at": excursion.began_at.isoformat(),
        "ended_at": excursion.ended_at.isoformat() if excursion.ended_at else None,
        "worst": excursion.worst,
    }
