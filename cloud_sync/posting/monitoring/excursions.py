"""Excursions as they are stored: opened, amended, closed and withdrawn, each as an event and a version."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from cloud_sync.domain.excursion_detection import Changes, FoundExcursion, Stored
from cloud_sync.posting.cases import LEDGER, Case, count_case
from cloud_sync.posting.monitoring.exposures import free_excursions
from cloud_sync.posting.monitoring.rule_evaluation import Subject
from cloud_sync.storage.database import Connection, Row
from cloud_sync.storage.events import add_event
from cloud_sync.storage.queries import queries
from edge_agent.domain.monitoring.excursions import Severity

ALERT = "excursion_alert"

Judged = tuple[Subject[Any], Changes]


def apply_changes(connection: Connection, subject: Subject[Any], changes: Changes) -> list[int]:
    """Store the changes, say so in the event log, and give the excursions whose exposure has to be redone."""
    for old in changes.withdrawn:
        _withdraw(connection, subject, old)
    touched = []
    for old, now in changes.amended:
        version = queries("tracks").amend_excursion(
            connection,
            id=old.id,
            began_at=now.began_at,
            ended_at=now.ended_at,
            worst=now.worst,
            longest_gap_s=now.longest_gap_s,
        )
        is_end = (old.began_at, old.ended_at) == (now.began_at, None) and now.ended_at is not None
        change = "closed" if is_end else "amended"
        _keep_version(connection, subject, old.id, version, change, now)
        data = {**_told(subject, now), "version": version, "before": _interval(old)}
        _tell(connection, f"excursion_{change}", old.id, data)
        touched.append(old.id)
    for now in changes.opened:
        excursion_id = queries("tracks").add_excursion(
            connection,
            channel_id=subject.channel_id,
            place_id=subject.place_id,
            rule=subject.rule.name,
            severity=subject.rule.severity.value,
            began_at=now.began_at,
            ended_at=now.ended_at,
            worst=now.worst,
            longest_gap_s=now.longest_gap_s,
        )
        _keep_version(connection, subject, excursion_id, 1, "opened", now)
        _tell(connection, "excursion_opened", excursion_id, _told(subject, now))
        if subject.rule.severity is Severity.ALERT:
            _alert(connection, subject, excursion_id, now)
        touched.append(excursion_id)
    return touched


@dataclass(frozen=True, slots=True)
class _FormerRule:
    """A rule of which only its name is left."""

    name: str


def withdraw_strays(connection: Connection, rows: Iterable[Row]) -> None:
    """Withdraw excursions (rows of ``excursions_of_channel``) by rules that were not in force there and then.

    The caller owns the holds.
    """
    for row in rows:
        old = Stored(row["id"], row["began_at"], row["ended_at"], row["worst"], row["longest_gap_s"])
        rule: Any = _FormerRule(row["rule"])
        _withdraw(connection, Subject(row["channel_id"], row["place_id"], rule), old)


def _withdraw(connection: Connection, subject: Subject[Any], old: Stored) -> None:
    decisions = list(queries("tracks").dispositions_of(connection, excursion_id=old.id))
    _tell(connection, "excursion_withdrawn", old.id, {**_told(subject, old), "dispositions": decisions})
    free_excursions(connection, [old.id])
    version = queries("tracks").withdraw_excursion(connection, id=old.id)
    _keep_version(connection, subject, old.id, version + 1, "withdrawn", old)


def _keep_version(
    connection: Connection,
    subject: Subject[Any],
    excursion_id: int,
    version: int,
    change: str,
    now: FoundExcursion | Stored,
) -> None:
    queries("tracks").add_version(
        connection,
        excursion_id=excursion_id,
        version=version,
        change=change,
        channel_id=subject.channel_id,
        place_id=subject.place_id,
        rule=subject.rule.name,
        began_at=now.began_at,
        ended_at=now.ended_at,
        worst=now.worst,
    )


def _alert(connection: Connection, subject: Subject[Any], excursion_id: int, found: FoundExcursion) -> None:
    """One case for each channel and rule, however often it happens until somebody has looked."""
    text = f"alert level {subject.rule.name} reached at {found.began_at:%Y-%m-%d %H:%M:%S} UTC (worst {found.worst:g})"
    key = f"channel:{subject.channel_id}/{subject.rule.name}"
    count_case(connection, Case(ALERT, key, text, data={"excursion": excursion_id, **_told(subject, found)}))


def _tell(connection: Connection, kind: str, excursion_id: int, data: dict[str, Any]) -> None:
    add_event(connection, actor=LEDGER, kind=kind, subject=f"excursion:{excursion_id}", data=data)


def _told(subject: Subject[Any], excursion: FoundExcursion | Stored) -> dict[str, Any]:
    names = {"channel": subject.channel_id, "place": subject.place_id, "rule": subject.rule.name}
    return {**names, **_interval(excursion)}


def _interval(excursion: FoundExcursion | Stored) -> dict[str, Any]:
    return {
        "began_at": excursion.began_at.isoformat(),
        "ended_at": excursion.ended_at.isoformat() if excursion.ended_at else None,
        "worst": excursion.worst,
    }
