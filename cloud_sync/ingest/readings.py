"""Readings of batches: good values by channel, the others with what was wrong, and then judged."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from struct import Struct

from cloud_sync.actions.retention import make_months
from cloud_sync.actions.tracks import Span, judge
from cloud_sync.ingest.plain import EPOCH, PlainReading
from cloud_sync.ingest.source import Said, Source
from cloud_sync.storage.database import Connection
from cloud_sync.storage.queries import queries
from edge_agent.domain.records import Quality, Reading

COPY_GOOD = "COPY reading (channel_id, at, seq, value, synced, evidence_id) FROM STDIN (FORMAT binary)"
COPY_UNUSABLE = "COPY unusable_reading (gateway_id, device, at, seq, quality, detail, evidence_id) FROM STDIN"
ROWS_AT_ONCE = 2_000
"""Of one message to the server: it stores them while the next ones are made."""

# PostgreSQL's binary COPY: header; per row the number of fields and each with its length; the end.
_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_ROW = Struct(">hiqiqiqidi?iq").pack
_END = b"\xff\xff"
_MICROSECOND = timedelta(microseconds=1)


Good = tuple[int, int, PlainReading]
"""A good reading: its evidence, its number in its lane, and what it says."""


def store_readings(connection: Connection, source: Source, said: Sequence[Said[Reading]]) -> None:
    """Keep the readings of a batch and judge those of channels whose place has a policy."""
    good = [
        (source.evidence_id, each.seq, _plain(each.record))
        for each in said
        if each.record.quality is Quality.GOOD and each.record.values
    ]
    unusable = [(source.evidence_id, each) for each in said if each.record.quality is not Quality.GOOD]
    keep_readings(connection, source.gateway_id, good, unusable)


def keep_readings(
    connection: Connection,
    gateway_id: int,
    good: Sequence[Good],
    unusable: Sequence[tuple[int, Said[Reading]]],
) -> None:
    """Keep readings of a gateway, ``unusable`` with their evidence, and judge the good ones.

    A channel that was never heard before is registered without a place. Readings from before the gateway's clock was
    synchronised count like others and are marked.
    """
    _copy_unusable(connection, gateway_id, unusable)
    if not good:
        return
    channels = _own_channels(connection, gateway_id, good)
    _make_months(connection, good)
    spans: dict[int, tuple[int, int]] = {}
    with connection.cursor() as cursor, cursor.copy(COPY_GOOD) as copy:
        copy.write(_HEADER)
        for start in range(0, len(good), ROWS_AT_ONCE):
            copy.write(b"".join(_rows(good[start : start + ROWS_AT_ONCE], channels, spans)))
        copy.write(_END)
    judge(connection, {channel_id: _span(span) for channel_id, span in spans.items()})


def _rows(
    good: Iterable[Good], channels: dict[tuple[str, str], int], spans: dict[int, tuple[int, int]]
) -> Iterator[bytes]:
    for evidence_id, seq, (at_us, synced, device, values) in good:
        for metric, value in values:
            channel_id = channels[device, metric]
            span = spans.get(channel_id)
            if span is None:
                spans[channel_id] = (at_us, at_us)
            elif at_us > span[1]:
                spans[channel_id] = (span[0], at_us)
            elif at_us < span[0]:
                spans[channel_id] = (at_us, span[1])
            yield _ROW(6, 8, channel_id, 8, at_us, 8, seq, 8, value, 1, synced, 8, evidence_id)


def _plain(record: Reading) -> PlainReading:
    at_us = (record.stamp.at - EPOCH) // _MICROSECOND
    return at_us, record.stamp.synced, record.device, tuple(record.values.items())


def _span(span: tuple[int, int]) -> Span:
    first, last = span
    return EPOCH + timedelta(microseconds=first), EPOCH + timedelta(microseconds=last)


def _make_months(connection: Connection, good: Sequence[Good]) -> None:
    """The months that these readings fall in. Not all from the first to the last: a clock may have been far off."""
    days = {reading[0] // 86_400_000_000 for _, _, reading in good}
    months = {(day.year, day.month): day for day in (EPOCH + timedelta(days=number) for number in days)}
    for _, day in sorted(months.items()):
        make_months(connection, day, day)


def _own_channels(connection: Connection, gateway_id: int, good: Sequence[Good]) -> dict[tuple[str, str], int]:
    """Ids by device and metric. Made before they are locked, and all locked in one order, so that nobody deadlocks."""
    names = sorted({(reading[2], metric) for _, _, reading in good for metric, _ in reading[3]})
    devices = [device for device, _ in names]
    metrics = [metric for _, metric in names]
    queries("tracks").add_channels(connection, gateway_id=gateway_id, devices=devices, metrics=metrics)
    rows = queries("tracks").own_channels_of_devices(connection, gateway_id=gateway_id, devices=devices)
    return {(row["device"], row["metric"]): row["id"] for row in rows}


def _copy_unusable(connection: Connection, gateway_id: int, unusable: Sequence[tuple[int, Said[Reading]]]) -> None:
    if not unusable:
        return
    with connection.cursor() as cursor, cursor.copy(COPY_UNUSABLE) as copy:
        for evidence_id, each in unusable:
            record = each.record
            at, quality = record.stamp.at, record.quality.value
            copy.write_row((gateway_id, record.device, at, each.seq, quality, record.detail, evidence_id))
