"""The way out of an excursion whose device died: quality says, by evidence, when the place was back within limits."""

from datetime import datetime
from typing import Any

from cloud_sync.errors import Conflict, Invalid, NotFound
from cloud_sync.posting.monitoring.rule_tracks import judge, judge_silence
from cloud_sync.storage.database import Connection, Database, Row
from cloud_sync.storage.events import add_event
from cloud_sync.storage.queries import queries


def end_excursion(
    database: Database, excursion_id: int, *, ended_at: datetime, reason: str, evidence: str, at: datetime, actor: str
) -> Row:
    """End an open excursion at ``ended_at``, because somebody saw then that the place was within its limits.

    It counts as if each device that keeps the excursion open had measured something well within then: what was measured
    later, or comes late, is judged as ever. Raises ``NotFound``, ``Invalid`` for a time to come, ``Conflict`` if it has
    ended or if a device says otherwise.
    """
    if ended_at > at:
        raise Invalid("ended_at is in the future", "Say it once somebody has seen it.")
    with database.transaction() as connection:
        excursion = _open_excursion(connection, excursion_id)
        names = {"place_id": excursion["place_id"], "rule": excursion["rule"]}
        ids = [row["channel_id"] for row in queries("excursions").open_probes(connection, **names)]
        list(queries("tracks").lock_channels(connection, channel_ids=ids))
        excursion = _open_excursion(connection, excursion_id)
        probes = [row for row in queries("excursions").open_probes(connection, **names) if row["channel_id"] in ids]
        _check_time(excursion, probes, ended_at)
        said: dict[str, Any] = {"reason": reason, "evidence": evidence, "said_by": actor}
        queries("excursions").add_seen_within(
            connection, channel_ids=ids, at=ended_at, excursion_id=excursion_id, **said
        )
        data = {"ended_at": ended_at.isoformat(), "evidence": evidence, "channels": ids}
        subject = f"excursion:{excursion_id}"
        add_event(
            connection, actor=actor, kind="excursion_ended_by_evidence", subject=subject, reason=reason, data=data
        )
        spans = dict.fromkeys(ids, (ended_at, ended_at))
        judge(connection, spans)
        for gateway_id in sorted({row["gateway_id"] for row in probes}):
            judge_silence(connection, gateway_id, spans)
        rows: list[Row] = list(queries("quality").excursion_row(connection, excursion_id=excursion_id))
        return rows[0]


def _open_excursion(connection: Connection, excursion_id: int) -> Row:
    row: Row | None = queries("excursions").excursion_by_id(connection, excursion_id=excursion_id)
    if row is None:
        raise NotFound(f"there is no excursion {excursion_id}", "See GET /v1/excursions for those there are.")
    if row["ended_at"] is not None:
        raise Conflict(f"excursion {excursion_id} ended at {row['ended_at']:%Y-%m-%d %H:%M:%S} UTC")
    return row


def _check_time(excursion: Row, probes: list[Row], ended_at: datetime) -> None:
    if ended_at <= excursion["began_at"]:
        raise Conflict(
            f"excursion {excursion['id']} began at {excursion['began_at']:%Y-%m-%d %H:%M:%S} UTC, not before this",
            "Say a later time.",
        )
    for row in probes:
        if row["last_at"] is not None and row["last_at"] >= ended_at:
            raise Conflict(
                f"{row['name']} measured {row['last_value']:g} at {row['last_at']:%Y-%m-%d %H:%M:%S} UTC, after that",
                "A device that still measures ends it by its own values. If it is wrong, say that it is out of use.",
            )
