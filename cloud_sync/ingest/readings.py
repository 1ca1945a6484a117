"""Readings of batches: good values by channel, the others with what was wrong, and then judged."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cloud_sync.actions.monitoring.retention import make_months
from cloud_sync.ingest.binary_copy import END, HEADER, Doubt, plain_row, row, row_end, row_start
from cloud_sync.ingest.clock_correction import Times, true_times
from cloud_sync.ingest.envelopes import PlacedEnvelope, as_unusable, keep_envelopes, placed, without_those_told
from cloud_sync.ingest.fast_parser import EPOCH, PlainReading, since_epoch_us
from cloud_sync.ingest.provenance import RecordSource, Sourced
from cloud_sync.ingest.time_window import note_implausible
from cloud_sync.posting.monitoring.channel_versions import add_versions, versions_of
from cloud_sync.posting.monitoring.envelopes import Span, joined
from cloud_sync.posting.monitoring.rule_tracks import judge, judge_silence
from cloud_sync.posting.monitoring.unjudged import note_new_channels
from cloud_sync.storage.database import Connection
from cloud_sync.storage.queries import queries
from edge_agent.domain.wire.records import Envelope, Lane, Quality, Reading, Stamp

ROWS_AT_ONCE = 2_000
"""Of one message to the server: it stores them while the next ones are made."""

Good = tuple[int, int, PlainReading, Doubt | None]
"""A good reading: its evidence, its number in its lane, what it says with its true time, and what is doubtful."""


@dataclass(frozen=True, slots=True)
class Unusable:
    """A reading without a usable value: its evidence, its number in its lane, and its time if a notice corrects it."""

    evidence_id: int
    seq: int
    record: Reading
    true_at: datetime | None = None

    @property
    def at(self) -> datetime:
        """When it was, as far as is known."""
        return self.true_at or self.record.stamp.at


def store_readings(
    connection: Connection,
    source: RecordSource,
    said: Sequence[Sourced[Reading]],
    envelopes: Sequence[Sourced[Envelope]] = (),
) -> None:
    """Keep the readings of a batch, and the envelopes of those that were thinned, and judge those of channels whose
    place has a policy.

    A batch of the readings' lane of which none is left (all were told under other numbers, or none can be read) still
    closes a hole in the journal: silence is judged as far as that is known now. The caller has advanced the lane.
    """
    new = without_those_told(connection, source, said)
    # One of an envelope's readings fewer is here than was thought: it is drawn anew around what is told again.
    here = {each.seq for each in new}
    again = [each for each in said if each.seq not in here and each.record.was is not None]
    said = [*new, *as_unusable(envelopes)]
    if not said and not envelopes and source.lane is not Lane.READINGS:
        return
    stamps = [each.record.stamp for each in [*said, *again]]
    stamps += [stamp for each in envelopes for stamp in (each.record.since, each.record.stamp)]
    times = true_times(connection, source, stamps)
    believed = {stamp for stamp in stamps if _is_believed(source, stamp, times)}
    note_implausible(
        connection, source.gateway, source.evidence_id, (stamp.at for stamp in stamps if stamp not in believed)
    )
    said = [each for each in said if each.record.stamp in believed]
    again = [each for each in again if each.record.stamp in believed]
    envelopes = [each for each in envelopes if {each.record.since, each.record.stamp} <= believed]
    good = [_good(source, each, times) for each in said if each.record.quality is Quality.GOOD and each.record.values]
    unusable = [
        Unusable(source.evidence_id, each.seq, each.record, times.get(each.record.stamp))
        for each in said
        if each.record.quality is not Quality.GOOD
    ]
    keep_readings(
        connection,
        source.gateway_id,
        good,
        unusable,
        placed(source, envelopes, times),
        again=[_good(source, each, times) for each in again if each.record.quality is Quality.GOOD],
        doubted_journal=source.doubted_journal,
    )


def _is_believed(source: RecordSource, stamp: Stamp, times: Times) -> bool:
    return source.window.has(times.get(stamp, stamp.at), synced=stamp.synced or stamp in times)


def keep_readings(
    connection: Connection,
    gateway_id: int,
    good: Sequence[Good],
    unusable: Sequence[Unusable],
    envelopes: Sequence[PlacedEnvelope] = (),
    *,
    again: Sequence[Good] = (),
    doubted_journal: str | None = None,
) -> None:
    """Keep readings of a gateway, good and unusable, and judge the good ones and the silence between. ``again``: good
    ones that are here already under their old number.

    A channel that was never heard before is registered without a place. Readings from before the gateway's clock was
    synchronised count at the time that a clock notice gives them, or else as they were said, and are marked. Those of a
    doubted journal are of versions of the channels (``posting.monitoring.channel_versions``).
    """
    keep_unusable(connection, gateway_id, unusable)
    judges_silence: bool = queries("tracks").has_silence_rule(connection, gateway_id=gateway_id)
    if not good and not again and not envelopes and not judges_silence:
        return
    names = {(reading[2], metric) for _, _, reading, _ in [*good, *again] for metric, _ in reading[3]}
    names.update(name for each in envelopes for name in each.names)
    channels = _lock_channels(connection, gateway_id, names, doubted_journal, all_of_them=judges_silence)
    spans = joined(_copy_good(connection, good, channels), keep_envelopes(connection, envelopes, channels))
    spans = joined(spans, _spans_of(again, channels))
    judge(connection, spans)
    if judges_silence:
        judge_silence(connection, gateway_id, spans_with_unusable(spans, channels, unusable), journal=doubted_journal)


def keep_unusable(connection: Connection, gateway_id: int, unusable: Sequence[Unusable]) -> None:
    """Keep readings that are not good, each with its evidence, and what was wrong."""
    if not unusable:
        return
    with connection.cursor() as cursor, cursor.copy(queries("ingest").copy_unusable.sql) as copy:
        for each in unusable:
            record, stamp = each.record, each.record.stamp
            doubt = (None, None, None) if stamp.synced else (each.true_at and stamp.at, stamp.boot, stamp.mono_ms)
            said = (gateway_id, record.device, each.at, each.seq, record.quality.value, record.detail)
            copy.write_row((*said, each.evidence_id, *doubt))


def spans_with_unusable(
    spans: dict[int, Span], channels: dict[tuple[str, str], int], unusable: Sequence[Unusable]
) -> dict[int, Span]:
    """``spans`` of good readings, and the news that unusable ones are: the first may be one of them."""
    of_device: dict[str, Span] = {}
    for each in unusable:
        at = each.at
        first, last = of_device.get(each.record.device, (at, at))
        of_device[each.record.device] = (min(first, at), max(last, at))
    found = dict(spans)
    for (device, _), channel_id in channels.items():
        if device in of_device:
            first, last = of_device[device]
            known = found.get(channel_id, (first, last))
            found[channel_id] = (min(first, known[0]), max(last, known[1]))
    return found


def _copy_good(connection: Connection, good: Sequence[Good], channels: dict[tuple[str, str], int]) -> dict[int, Span]:
    if not good:
        return {}
    _make_months(connection, good)
    spans: dict[int, tuple[int, int]] = {}
    with connection.cursor() as cursor, cursor.copy(queries("ingest").copy_readings.sql) as copy:
        copy.write(HEADER)
        for start in range(0, len(good), ROWS_AT_ONCE):
            copy.write(b"".join(_rows(good[start : start + ROWS_AT_ONCE], channels, spans)))
        copy.write(END)
    doubtful = {channels[said[2], metric] for _, _, said, doubt in good if doubt is not None for metric, _ in said[3]}
    if doubtful:
        queries("tracks").note_doubtful_times(connection, channel_ids=sorted(doubtful))
    return {channel_id: _span(span) for channel_id, span in spans.items()}


def _spans_of(good: Sequence[Good], channels: dict[tuple[str, str], int]) -> dict[int, Span]:
    spans: dict[int, Span] = {}
    for _, _, (at_us, _, device, values), _ in good:
        at = _span((at_us, at_us))
        spans = joined(spans, {channels[device, metric]: at for metric, _ in values})
    return spans


def _rows(
    good: Iterable[Good], channels: dict[tuple[str, str], int], spans: dict[int, tuple[int, int]]
) -> Iterator[bytes]:
    for evidence_id, seq, (at_us, synced, device, values), doubt in good:
        for metric, value in values:
            channel_id = channels[device, metric]
            span = spans.get(channel_id)
            if span is None:
                spans[channel_id] = (at_us, at_us)
            elif at_us > span[1]:
                spans[channel_id] = (span[0], at_us)
            elif at_us < span[0]:
                spans[channel_id] = (at_us, span[1])
            if doubt is None:
                yield plain_row(row_start(channel_id), at_us, 8, seq, 8, value, row_end(evidence_id, synced=synced))
            else:
                yield row(channel_id, at_us, seq, value, synced, evidence_id, doubt)


def _good(source: RecordSource, said: Sourced[Reading], times: Times) -> Good:
    """With the time that a clock notice gives it, or else as it was said."""
    record, stamp = said.record, said.record.stamp
    at = times.get(stamp, stamp.at)
    doubt: Doubt | None = None
    if not stamp.synced:
        doubt = (since_epoch_us(stamp.at) if stamp in times else None, stamp.boot, stamp.mono_ms)
    plain = (since_epoch_us(at), stamp.synced, record.device, tuple(record.values.items()))
    return source.evidence_id, said.seq, plain, doubt


def _span(span: tuple[int, int]) -> Span:
    first, last = span
    return EPOCH + timedelta(microseconds=first), EPOCH + timedelta(microseconds=last)


def _make_months(connection: Connection, good: Sequence[Good]) -> None:
    """The months that these readings fall in. Not all from the first to the last: a clock may have been far off."""
    days = {reading[0] // 86_400_000_000 for _, _, reading, _ in good}
    months = {(day.year, day.month): day for day in (EPOCH + timedelta(days=number) for number in days)}
    for _, day in sorted(months.items()):
        make_months(connection, day, day)


def _lock_channels(
    connection: Connection,
    gateway_id: int,
    names: Iterable[tuple[str, str]],
    doubted_journal: str | None,
    *,
    all_of_them: bool,
) -> dict[tuple[str, str], int]:
    """Ids by device and metric. Made before they are locked, and all locked in one order, so that nobody deadlocks."""
    in_order = sorted(names)
    devices = [device for device, _ in in_order]
    metrics = [metric for _, metric in in_order]
    if queries("tracks").add_channels(connection, gateway_id=gateway_id, devices=devices, metrics=metrics):
        note_new_channels(connection, gateway_id, devices, metrics)
    if doubted_journal is not None:
        add_versions(connection, gateway_id, doubted_journal, devices, metrics)
    if all_of_them or doubted_journal is not None:
        rows = queries("tracks").lock_channels_of_gateway(connection, gateway_id=gateway_id)
    else:
        rows = queries("tracks").lock_channels_of_devices(connection, gateway_id=gateway_id, devices=devices)
    locked = {(row["device"], row["metric"]): row["id"] for row in rows}
    if doubted_journal is None:
        return locked
    return versions_of(connection, gateway_id, doubted_journal)
