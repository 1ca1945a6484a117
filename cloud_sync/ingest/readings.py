"""Readings of a batch: good values by channel, the others with what was wrong, and then judged."""

from collections.abc import Sequence

from cloud_sync.actions.tracks import Span, judge, judge_silence
from cloud_sync.ingest.clocks import true_times
from cloud_sync.ingest.source import Said, Source
from cloud_sync.storage.database import Connection
from cloud_sync.storage.queries import queries
from edge_agent.domain.records import Quality, Reading

COPY_GOOD = "COPY reading (channel_id, at, seq, value, synced, evidence_id, said_at, boot, mono_ms) FROM STDIN"
COPY_UNUSABLE = "COPY unusable_reading (gateway_id, device, at, seq, quality, detail, evidence_id) FROM STDIN"


def store_readings(connection: Connection, source: Source, said: Sequence[Said[Reading]]) -> None:
    """Keep the readings of a batch and judge those of channels whose place has a policy.

    A channel that was never heard before is registered without a place. Readings from before the gateway's clock was
    synchronised count at the time that a clock notice gives them, or else as they were said, and are marked.
    """
    if not said:
        return
    times = true_times(connection, source, [each.record.stamp for each in said])
    unusable = [each for each in said if each.record.quality is not Quality.GOOD]
    _copy_unusable(connection, source, unusable)
    good = [each for each in said if each.record.quality is Quality.GOOD and each.record.values]
    judges_silence: bool = queries("tracks").has_silence_rule(connection, gateway_id=source.gateway_id)
    channels = _own_channels(connection, source, good, all_of_them=judges_silence)
    spans: dict[int, Span] = {}
    with connection.cursor() as cursor, cursor.copy(COPY_GOOD) as copy:
        for each in good:
            stamp = each.record.stamp
            at = times.get(stamp, stamp.at)
            said_at = stamp.at if stamp in times else None
            boot, mono_ms = (None, None) if stamp.synced else (stamp.boot, stamp.mono_ms)
            for metric, value in each.record.values.items():
                channel_id = channels[each.record.device, metric]
                copy.write_row(
                    (channel_id, at, each.seq, value, stamp.synced, source.evidence_id, said_at, boot, mono_ms)
                )
                first, last = spans.get(channel_id, (at, at))
                spans[channel_id] = (min(first, at), max(last, at))
    judge(connection, spans)
    if judges_silence:
        _judge_silence(connection, source, spans, channels, unusable)


def _judge_silence(
    connection: Connection,
    source: Source,
    spans: dict[int, Span],
    channels: dict[tuple[str, str], int],
    unusable: Sequence[Said[Reading]],
) -> None:
    """An unusable reading is news, too: it may be the first that was ever heard of a device."""
    heard = dict(spans)
    for each in unusable:
        at = each.record.stamp.at
        for (device, _), channel_id in channels.items():
            if device == each.record.device:
                first, last = heard.get(channel_id, (at, at))
                heard[channel_id] = (min(first, at), max(last, at))
    judge_silence(connection, source.gateway_id, heard)


def _own_channels(
    connection: Connection, source: Source, said: Sequence[Said[Reading]], *, all_of_them: bool
) -> dict[tuple[str, str], int]:
    """Ids by device and metric. Made before they are locked, and all locked in one order, so that nobody deadlocks."""
    names = sorted({(each.record.device, metric) for each in said for metric in each.record.values})
    devices = [device for device, _ in names]
    metrics = [metric for _, metric in names]
    queries("tracks").add_channels(connection, gateway_id=source.gateway_id, devices=devices, metrics=metrics)
    if all_of_them:
        rows = queries("tracks").own_channels_of_gateway(connection, gateway_id=source.gateway_id)
    else:
        rows = queries("tracks").own_channels_of_devices(connection, gateway_id=source.gateway_id, devices=devices)
    return {(row["device"], row["metric"]): row["id"] for row in rows}


def _copy_unusable(connection: Connection, source: Source, said: Sequence[Said[Reading]]) -> None:
    if not said:
        return
    with connection.cursor() as cursor, cursor.copy(COPY_UNUSABLE) as copy:
        for each in said:
            record = each.record
            at, quality = record.stamp.at, record.quality.value
            copy.write_row((source.gateway_id, record.device, at, each.seq, quality, record.detail, source.evidence_id))
