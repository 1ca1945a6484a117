"""Times that were said before a gateway's clock was synchronised, and the notices that correct them.

What was said is never rewritten: it stays in the evidence, and beside the derived time. Notices and records may come in
any order. A record without a notice is shown at the time that was said, but its time is an interval, and the wider
reading of it counts: excursions that rest on such times reach as far as the times around them allow
(``widen_reaches`` in ``tracks.sql``), and stock came as early and left as late as it may have
(``possible_times`` and ``movement.came_at`` in the schema).
"""

from collections.abc import Sequence
from datetime import datetime

import psycopg

from cloud_sync.actions.monitoring.retention import make_months
from cloud_sync.ingest.provenance import RecordSource, Sourced
from cloud_sync.ingest.time_window import note_implausible
from cloud_sync.posting.monitoring.envelopes import correct_envelopes
from cloud_sync.posting.monitoring.rule_tracks import judge_again
from cloud_sync.posting.movements import retime
from cloud_sync.storage.database import Connection
from cloud_sync.storage.queries import queries
from edge_agent.domain.wire.records import Notice, NoticeKind, Stamp

Times = dict[Stamp, datetime]
"""True times of doubtful stamps that a notice corrects."""


def true_times(connection: Connection, source: RecordSource, stamps: Sequence[Stamp]) -> Times:
    """What is known by now. Nobody else corrects times of this gateway until the end of the transaction."""
    doubtful = sorted({each for each in stamps if not each.synced}, key=lambda each: (each.at, each.boot, each.mono_ms))
    if not doubtful:
        return {}
    queries("clocks").lock_clock(connection, gateway=source.gateway)
    rows = queries("clocks").corrected(
        connection,
        gateway_id=source.gateway_id,
        boots=[each.boot for each in doubtful],
        mono_ms=[each.mono_ms for each in doubtful],
        said_at=[each.at for each in doubtful],
    )
    pairs = zip(doubtful, rows, strict=True)
    return {each: row["at"] for each, row in pairs if row["at"] is not None}


def correct_times(connection: Connection, source: RecordSource, said: Sequence[Sourced[Notice]]) -> None:
    """Apply the clock notices of a batch to everything that was said before."""
    boots: list[str] = []
    for each in said:
        notice = each.record
        data = notice.data
        offset_ms, wall_minus_mono_ms = data.get("offset_ms"), data.get("wall_minus_mono_ms")
        # A step of an unsynchronised clock corrects nothing: the synchronisation that follows counts from before it.
        if notice.notice is not NoticeKind.CLOCK or data.get("cause", "synced") != "synced":
            continue
        if not isinstance(offset_ms, int):
            continue
        by_mono_ms, boot = data.get("by_mono_ms"), str(data.get("boot") or notice.stamp.boot)
        queries("clocks").lock_clock(connection, gateway=source.gateway)
        offset = {
            "gateway_id": source.gateway_id,
            "boot": boot,
            "by_mono_ms": by_mono_ms if isinstance(by_mono_ms, int) else notice.stamp.mono_ms,
            "offset_ms": offset_ms,
            "wall_minus_mono_ms": wall_minus_mono_ms if isinstance(wall_minus_mono_ms, int) else None,
        }
        if _is_kept(connection, source, offset):
            boots.append(boot)
    if not boots:
        return
    list(queries("tracks").lock_channels_of_gateway(connection, gateway_id=source.gateway_id))
    for row in list(queries("clocks").true_months(connection, gateway_id=source.gateway_id, boots=boots)):
        make_months(connection, row["began_at"], row["began_at"])
    moved = queries("clocks").correct_readings(connection, gateway_id=source.gateway_id, boots=boots)
    unheard = queries("clocks").correct_unusable(connection, gateway_id=source.gateway_id, boots=boots)
    corrected = {row["channel_id"] for row in (*moved, *unheard)}
    judge_again(connection, corrected | {*correct_envelopes(connection, source.gateway_id, boots)})
    retime(connection, queries("clocks").mistimed_of_boots(connection, gateway_id=source.gateway_id, boots=boots))


def _is_kept(connection: Connection, source: RecordSource, offset: dict[str, object]) -> bool:
    """Keep what a notice says, unless it would move something to a time that cannot be: that is a case."""
    with connection.transaction() as attempt:
        queries("clocks").add_offset(connection, **offset)
        span = queries("clocks").corrected_span(connection, gateway_id=source.gateway_id, boot=offset["boot"])
        times = [at for at in (span["first_at"], span["last_at"]) if at is not None]
        absurd = [at for at in times if not source.window.has(at, synced=True)]
        if not absurd:
            return True
        raise psycopg.Rollback(attempt)
    note_implausible(connection, source.gateway, source.evidence_id, absurd, "a clock notice that moves what was said")
    return False


def bound_times(connection: Connection, source: RecordSource, first_seq: int, last_seq: int) -> None:
    """Let doubtful scans around a new batch with trusted times have been before or after it, as their journal says.

    Call it before anything is booked: it may own the holds.
    """
    queries("clocks").lock_clock(connection, gateway=source.gateway)
    around = {"journal": source.journal, "first_seq": first_seq, "last_seq": last_seq}
    retime(connection, queries("clocks").mistimed_around(connection, gateway_id=source.gateway_id, **around))
