"""From the lines of a batch to rows for the database in one go, for readings as gateways nearly always write them.

What makes this quick: a line is taken apart by one pattern, and the part of it that names boot, clock, device and
metric is the same from one reading of a device to the next. It is read with care when first seen, and then known.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cloud_sync.domain.records import fault_in
from cloud_sync.ingest.binary_copy import plain_row, plain_rows_of_two, row_end, row_start
from cloud_sync.ingest.fast_parser import (
    EPOCH,
    MILLIS,
    MINUTE,
    MONO_MS,
    NUMBER,
    SECOND,
    PlainReading,
    minute_us,
    plain_reading,
    since_epoch_us,
)
from cloud_sync.ingest.provenance import Sourced
from cloud_sync.ingest.time_window import EVER, TimeWindow
from cloud_sync.posting.monitoring.envelopes import Span
from edge_agent.domain.wire.records import Quality, Reading
from edge_agent.domain.wire.wire import Batch, WireError, decode_record

_FAST = re.compile(
    rb'\{"stamp":\{"at":"(%s):(%s)\.(%s)Z","mono_ms":%s'
    rb'(,"boot":"[^"]*","synced":true\},"device":"[^"]*","quality":"good","values":\{"[^"]*":)(%s)'
    rb'(?:(,"[^"]*":)(%s))?\},"kind":"reading"\}' % (MINUTE, SECOND, MILLIS, MONO_MS, NUMBER, NUMBER)
).fullmatch


class NotPlain(Exception):
    """The batch has something in it that has to be looked at alone."""


@dataclass(frozen=True, slots=True)
class Made:
    """The rows of a batch, its readings that are not good, and the latest time in it (microseconds since 2000)."""

    rows: bytes
    unusable: tuple[Sourced[Reading], ...]
    last_us: int


@dataclass(slots=True)
class _Shape:
    """What all readings of a device with the same metrics share: their channels, and so the starts of their rows. And
    when they were taken."""

    channel_ids: tuple[int, ...]
    starts: tuple[bytes, ...]
    first_us: int = 2**63
    last_us: int = -(2**63)


@dataclass(slots=True)
class _Work:
    """A batch while it is taken apart, with the ``end`` of all its rows. ``taken`` has the time of each reading, and
    its shape if it has rows."""

    end: bytes
    rows: list[bytes] = field(default_factory=list)
    taken: list[tuple[_Shape | None, int]] = field(default_factory=list)
    unusable: list[Sourced[Reading]] = field(default_factory=list)
    is_waiting: bool = False


@dataclass
class RowMaker:
    """Makes rows for the channels (device, metric) and months (``2026_03``) that are there, and says what is wanted.

    What is not of a time in ``window`` is not plain.
    """

    channels: Mapping[tuple[str, str], int]
    months: Collection[str]
    window: TimeWindow = EVER
    wanted_channels: set[tuple[str, str]] = field(default_factory=set)
    wanted_months: set[str] = field(default_factory=set)
    _shapes: dict[tuple[str, ...], _Shape] = field(default_factory=dict)
    _known: dict[tuple[bytes, bytes | None], _Shape] = field(default_factory=dict)
    _minutes_us: dict[bytes, int] = field(default_factory=dict)

    def made_of(self, batch: Batch, evidence_id: int) -> Made | None:
        """The rows of a batch; None if it wants channels or months that are not there.

        Raises ``NotPlain`` if anything but readings is in it, or a time that a clock notice may correct.
        """
        work = _Work(row_end(evidence_id))
        end = work.end
        rows, taken, known, minutes_us = work.rows, work.taken, self._known, self._minutes_us
        for seq, line in enumerate(batch.lines, start=batch.header.first):
            match = _FAST(line)
            if match is None:
                self._read(line, seq, work)
                continue
            minute, second, millis, said, number, more, number_2 = match.groups()
            shape, since_us = known.get((said, more)), minutes_us.get(minute)
            if shape is not None and since_us is None:
                since_us = self._plain_minute(minute)
            if shape is None or since_us is None:
                self._get_to_know(minute, (said, more), self._read(line, seq, work))
                continue
            at_us = since_us + int(second) * 1_000_000 + int(millis) * 1_000
            taken.append((shape, at_us))
            starts = shape.starts
            rows.append(
                plain_row(starts[0], at_us, 8, seq, 8, float(number), end)
                if more is None
                else plain_rows_of_two(
                    starts[0], at_us, 8, seq, 8, float(number), end, starts[1], at_us, 8, seq, 8, float(number_2), end
                )
            )
        if work.is_waiting:
            return None
        last_us = 0
        for shape, at_us in taken:
            if at_us > last_us:
                last_us = at_us
            if shape is None:
                continue
            if at_us > shape.last_us:
                shape.last_us = at_us
            if at_us < shape.first_us:
                shape.first_us = at_us
        return Made(b"".join(rows), tuple(work.unusable), last_us)

    def spans(self) -> dict[int, Span]:
        """From the first to the last row that was made of each channel."""
        spans: dict[int, Span] = {}
        for shape in self._shapes.values():
            if shape.first_us > shape.last_us:
                continue
            first, last = _at(shape.first_us), _at(shape.last_us)
            for channel_id in shape.channel_ids:
                before = spans.get(channel_id, (first, last))
                spans[channel_id] = (min(first, before[0]), max(last, before[1]))
        return spans

    def _read(self, line: bytes, seq: int, work: _Work) -> _Shape | None:
        """The careful way, for any reading; its shape if others like it can be taken the fast way."""
        plain = plain_reading(line)
        at_us, synced, device, values = plain or _carefully(line, seq, work)
        if not synced or not self.window.has(_at(at_us), synced=True):
            raise NotPlain
        shape = self._shape(device, tuple(metric for metric, _ in values)) if values else None
        work.taken.append((shape, at_us))
        has_month = not values or self._has_month(at_us)
        if not has_month or (values and shape is None):
            work.is_waiting = True
            return None
        for start, (_, value) in zip(shape.starts if shape else (), values, strict=True):
            work.rows.append(plain_row(start, at_us, 8, seq, 8, value, work.end))
        return shape if plain else None

    def _get_to_know(self, minute: bytes, said: tuple[bytes, bytes | None], shape: _Shape | None) -> None:
        """A metric that is said twice has one channel only: such lines are always read with care."""
        if shape is not None and len(shape.channel_ids) == 1 + (said[1] is not None):
            self._known[said] = shape
            self._plain_minute(minute)

    def _plain_minute(self, minute: bytes) -> int | None:
        """Its beginning; None if lines of it are read with care: it reaches out of the window, or its month is not
        there."""
        since_us = minute_us(minute)
        if since_us is None or not self._has_month(since_us):
            return None
        if self.window.has(_at(since_us + 60_000_000), synced=True) and self.window.has(_at(since_us), synced=True):
            self._minutes_us[minute] = since_us
            return since_us
        return None

    def _shape(self, device: str, metrics: tuple[str, ...]) -> _Shape | None:
        shape = self._shapes.get((device, *metrics))
        if shape is None:
            missing = {(device, metric) for metric in metrics} - self.channels.keys()
            if missing:
                self.wanted_channels |= missing
                return None
            ids = tuple(self.channels[device, each] for each in metrics)
            shape = self._shapes[device, *metrics] = _Shape(ids, tuple(map(row_start, ids)))
        return shape

    def _has_month(self, at_us: int) -> bool:
        month = f"{_at(at_us):%Y_%m}"
        if month not in self.months:
            self.wanted_months.add(month)
        return month in self.months


def _carefully(line: bytes, seq: int, work: _Work) -> PlainReading:
    """Any reading that is no doubt one. One that is not good has no values, and is kept as unusable."""
    try:
        record = decode_record(line)
    except WireError as error:
        raise NotPlain from error
    if not isinstance(record, Reading) or record.was is not None or fault_in(record) is not None:
        raise NotPlain
    if record.quality is not Quality.GOOD:
        work.unusable.append(Sourced(seq, record))
    values = record.values if record.quality is Quality.GOOD else {}
    return since_epoch_us(record.stamp.at), record.stamp.synced, record.device, tuple(values.items())


def _at(at_us: int) -> datetime:
    return EPOCH + timedelta(microseconds=at_us)
