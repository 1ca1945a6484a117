"""What gateways say about themselves, kept for people and for later judging."""

from collections.abc import Sequence

from psycopg.types.json import Jsonb

from cloud_sync.actions.tracks import judge_silence
from cloud_sync.ingest.clocks import correct_times
from cloud_sync.ingest.progress import declare_gaps
from cloud_sync.ingest.source import Said, Source
from cloud_sync.storage.database import Connection
from cloud_sync.storage.queries import queries
from edge_agent.domain.records import Notice


def store_notices(connection: Connection, source: Source, said: Sequence[Said[Notice]]) -> None:
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
    if declare_gaps(connection, source, said) and queries("tracks").has_silence_rule(
        connection, gateway_id=source.gateway_id
    ):
        list(queries("tracks").own_channels_of_gateway(connection, gateway_id=source.gateway_id))
        judge_silence(connection, source.gateway_id, {})
    correct_times(connection, source, said)
