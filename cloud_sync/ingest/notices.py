"""What gateways say about themselves, kept for people and for later judging."""

from collections.abc import Sequence

from psycopg.types.json import Jsonb

from cloud_sync.ingest.clock_correction import correct_times
from cloud_sync.ingest.lane_progress import SequenceGap, declare_gaps
from cloud_sync.ingest.provenance import RecordSource, Sourced
from cloud_sync.posting.cases import Case, count_case, open_case
from cloud_sync.posting.monitoring.envelopes import Span, joined
from cloud_sync.posting.monitoring.rule_tracks import judge, judge_silence
from cloud_sync.storage.database import Connection
from cloud_sync.storage.queries import queries
from edge_agent.domain.wire.journal_gaps import LOST_BY_RESTORE
from edge_agent.domain.wire.records import Notice

LOST_SERIAL = "lost_serial"
"""By which a dock says that it refused a unit of the list of lost serials."""
LOST_SERIAL_SEEN = "lost_serial_seen"
LOST_WITH_RESTORE = "lost_with_restore"
"""The kind of the cases of what a restored ledger gets from nobody any more."""


def store_notices(connection: Connection, source: RecordSource, said: Sequence[Sourced[Notice]]) -> None:
    """Keep the notices of a batch."""
    if not said:
        return
    queries("ingest").add_notice(
        connection,
        [
            {
                "evidence_id": source.evidence_id,
                "seq": each.seq,
                "gateway_id": source.gateway_id,
                "at": each.record.stamp.at,
                "kind": each.record.notice.value,
                "subject": each.record.subject,
                "text": each.record.text,
                "data": Jsonb(each.record.data),
            }
            for each in said
        ],
    )
    apply_notices(connection, source, said)


def apply_notices(connection: Connection, source: RecordSource, said: Sequence[Sourced[Notice]]) -> None:
    """Let notices that are kept count: what is lost, and how far off clocks were.

    Those of a doubted journal say nothing of other journals, nor of the gateway's clock.
    """
    gaps = declare_gaps(connection, source, said)
    for each in said:
        if each.record.data.get("because") == LOST_BY_RESTORE and not source.is_doubted:
            _open_case_of_loss(connection, source, each.record)
        if LOST_SERIAL in str(each.record.data.get("codes", "")).split(","):
            _open_case_of_lost_serial(connection, source, each.record)
    if gaps:
        list(queries("tracks").lock_channels_of_gateway(connection, gateway_id=source.gateway_id))
        # Alone: a clock notice beside it may judge the past again.
        judge(connection, _told_by_envelopes(connection, source, gaps), alone=True)
        judge_silence(connection, source.gateway_id, {}, journal=source.doubted_journal, alone=True)
    if not source.is_doubted:
        correct_times(connection, source, said)


def _open_case_of_loss(connection: Connection, source: RecordSource, notice: Notice) -> None:
    data = {name: notice.data.get(name) for name in ("journal", "lane", "first", "count")}
    text = (
        f"gateway {source.gateway}: {notice.text}. Look at the papers and at the checkpoints kept elsewhere for what "
        "happened then, and book it by hand; what nobody can know counts as not measured"
    )
    key = f"{source.gateway}/{data['journal']}/{data['lane']}/{data['first']}"
    open_case(connection, Case(LOST_WITH_RESTORE, key, text, evidence_id=source.evidence_id, data=data))


def _open_case_of_lost_serial(connection: Connection, source: RecordSource, notice: Notice) -> None:
    """A dock had a lost unit in hand and refused it: however often it is scanned, it is one case."""
    told = {name: notice.data.get(name) for name in ("item", "lot", "serial", "action", "operator", "from", "to")}
    text = (
        f"a dock refused a unit of the list of lost serials: serial {told['serial']} ({told['item']}), scanned by "
        f"{told['operator'] or 'somebody'} at {source.gateway} on {notice.stamp.at:%Y-%m-%d %H:%M} UTC. See that it is "
        "set apart, and find out where it came from"
    )
    key = f"{notice.data.get('gtin')}/{told['serial']}"
    count_case(connection, Case(LOST_SERIAL_SEEN, key, text, evidence_id=source.evidence_id, data=told))


def _told_by_envelopes(connection: Connection, source: RecordSource, gaps: Sequence[SequenceGap]) -> dict[int, Span]:
    """Where envelopes came before the word on which readings they stand for."""
    spans: dict[int, Span] = {}
    for first, last in {gap.by for gap in gaps if gap.by is not None}:
        rows = queries("envelopes").envelopes_told(
            connection, gateway_id=source.gateway_id, journal=source.journal, first=first, last=last
        )
        spans = joined(spans, {row["channel_id"]: (row["first"], row["last"]) for row in rows})
    return spans
