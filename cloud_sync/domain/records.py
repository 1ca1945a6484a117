"""Whether a record that can be read can also be kept: within the bounds of the ledger, and of reason."""

from collections.abc import Iterator
from datetime import UTC, datetime

from edge_agent.domain.barcodes.item_codes import named
from edge_agent.domain.wire.records import (
    SEQ_END,
    Envelope,
    Notice,
    NoticeKind,
    Reading,
    Record,
    ScanTransaction,
    Spread,
)

TIME_MIN = datetime(2000, 1, 1, tzinfo=UTC)
TIME_MAX = datetime(2200, 1, 1, tzinfo=UTC)
NAME_CHARACTERS_MAX = 200
"""Of any name or number on a label; GS1 allows 90 at most. Longer ones cannot be indexed."""
TEXT_CHARACTERS_MAX = 20_000
QUANTITY_MAX = 10**12
VALUE_MAX = 1e15
"""Of what a sensor measures, either way: sums of a month of them are finite."""
COUNTER_MAX = 2**53
"""Of milliseconds since a boot and readings in an envelope: more than a JSON number says exactly."""
INTEGER_MAX = 2**62
"""Of a number in a notice."""
CLOCK_OFFSET_MS_MAX = 366 * 200 * 86_400_000
"""What a clock can be off by between two times of ours."""


def fault_in(record: Record) -> str | None:
    """What keeps ``record`` from being stored, or None."""
    at = record.stamp.at
    if at.tzinfo is None:
        return f"time {at.isoformat()} has no time zone"
    if not TIME_MIN <= at < TIME_MAX:
        return f"time {at.isoformat()} is not between {TIME_MIN.year} and {TIME_MAX.year}"
    if abs(record.stamp.mono_ms) > COUNTER_MAX:
        return f"mono_ms {record.stamp.mono_ms} is no monotonic time"
    for name, value in _names(record):
        if len(value) > NAME_CHARACTERS_MAX:
            return f"{name} has {len(value)} characters, more than {NAME_CHARACTERS_MAX}"
        if "\x00" in value:
            return f"{name} has a NUL character"
    for name, value in _texts(record):
        if len(value) > TEXT_CHARACTERS_MAX:
            return f"{name} has {len(value)} characters, more than {TEXT_CHARACTERS_MAX}"
        if "\x00" in value:
            return f"{name} has a NUL character"
    return _fault_in_numbers(record)


def _fault_in_numbers(record: Record) -> str | None:
    if isinstance(record, Reading | Envelope):
        return _fault_in_values(record)
    if isinstance(record, ScanTransaction):
        for line in record.lines:
            if not 0 < line.quantity <= QUANTITY_MAX:
                return f"quantity {line.quantity} of {named(line.names)} is not between 1 and {QUANTITY_MAX}"
            if line.expires_on is not None and not TIME_MIN.year - 100 <= line.expires_on.year < TIME_MAX.year:
                return f"expiry {line.expires_on} of {named(line.names)} is not a date of our time"
        return None
    return _fault_in_notice(record)


def _fault_in_values(record: Reading | Envelope) -> str | None:
    for metric, value in _values(record):
        if not abs(value) <= VALUE_MAX:  # neither is NaN
            return f"{metric} is {value}"
    if isinstance(record, Reading):
        if record.was is not None and not 0 < record.was < SEQ_END:
            return f"was {record.was} is no sequence number"
        return None
    if not 0 < record.count <= COUNTER_MAX:
        return f"{record.count} readings in one envelope"
    if abs(record.since.mono_ms) > COUNTER_MAX:
        return f"mono_ms {record.since.mono_ms} is no monotonic time"
    if record.gap_ms is not None and not 0 <= record.gap_ms <= COUNTER_MAX:
        return f"gap_ms {record.gap_ms} is no length of time"
    return None


def _fault_in_notice(notice: Notice) -> str | None:
    for name, number in notice.data.items():
        if isinstance(number, int | float) and not abs(number) <= INTEGER_MAX:
            return f"{name} is {number:.3g}" if isinstance(number, float) else f"{name} is larger than {INTEGER_MAX}"
    if notice.notice is not NoticeKind.CLOCK:
        return None
    for name, largest in (("offset_ms", CLOCK_OFFSET_MS_MAX), ("wall_minus_mono_ms", COUNTER_MAX)):
        number = notice.data.get(name)
        if isinstance(number, int) and abs(number) > largest:
            return f"{name} {number} is more than a clock can be off by"
    wall, mono = notice.data.get("wall_minus_mono_ms"), notice.data.get("by_mono_ms", notice.stamp.mono_ms)
    if isinstance(mono, int) and abs(mono) > COUNTER_MAX:
        return f"by_mono_ms {mono} is no monotonic time"
    if isinstance(wall, int) and isinstance(mono, int):
        at_ms = wall + mono
        if not TIME_MIN.timestamp() * 1000 <= at_ms < TIME_MAX.timestamp() * 1000:
            return f"wall_minus_mono_ms {wall} is not a time between {TIME_MIN.year} and {TIME_MAX.year}"
    return None


def _values(record: Reading | Envelope) -> Iterator[tuple[str, float]]:
    for metric, value in record.values.items():
        for number in (value.least, value.mean, value.greatest) if isinstance(value, Spread) else (value,):
            yield metric, number


def _names(record: Record) -> Iterator[tuple[str, str]]:
    yield "boot", record.stamp.boot
    if isinstance(record, Reading | Envelope):
        yield "device", record.device
        for metric in record.values:
            yield "metric", metric
    elif isinstance(record, Notice):
        yield "subject", record.subject
    else:
        yield "transaction", record.transaction
        yield "scanner", record.scanner
        yield "operator", record.operator
        yield "from_place", record.from_place or ""
        yield "to_place", record.to_place or ""
        yield "order", record.order or ""
        for line in record.lines:
            yield "gtin", line.gtin
            for code in line.codes:
                yield "code", code
            yield "lot", line.lot or ""
            yield "serial", line.serial or ""


def _texts(record: Record) -> Iterator[tuple[str, str]]:
    if isinstance(record, Reading | Envelope):
        yield "detail", record.detail
    elif isinstance(record, Notice):
        yield "text", record.text
        for name, value in record.data.items():
            yield "data", name
            if isinstance(value, str):
                yield name, value
    else:
        for verdict in record.verdicts:
            yield "verdict", verdict
        for line in record.lines:
            yield "scanned", line.scanned
