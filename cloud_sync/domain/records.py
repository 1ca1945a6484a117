"""Whether a record that can be read can also be kept: within the bounds of the ledger, and of reason."""

import math
from collections.abc import Iterator
from datetime import UTC, datetime

from edge_agent.domain.barcodes.item_codes import named
from edge_agent.domain.wire.records import Envelope, Notice, Reading, Record, ScanTransaction, Spread

TIME_MIN = datetime(2000, 1, 1, tzinfo=UTC)
TIME_MAX = datetime(2200, 1, 1, tzinfo=UTC)
NAME_CHARACTERS_MAX = 200
"""Of any name or number on a label; GS1 allows 90 at most. Longer ones cannot be indexed."""
TEXT_CHARACTERS_MAX = 20_000
QUANTITY_MAX = 10**12


def fault_in(record: Record) -> str | None:
    """What keeps ``record`` from being stored, or None."""
    at = record.stamp.at
    if at.tzinfo is None:
        return f"time {at.isoformat()} has no time zone"
    if not TIME_MIN <= at < TIME_MAX:
        return f"time {at.isoformat()} is not between {TIME_MIN.year} and {TIME_MAX.year}"
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
        for metric, value in _values(record):
            if not math.isfinite(value):
                return f"{metric} is {value}"
    elif isinstance(record, ScanTransaction):
        for line in record.lines:
            if not 0 < line.quantity <= QUANTITY_MAX:
                return f"quantity {line.quantity} of {named(line.names)} is not between 1 and {QUANTITY_MAX}"
            if line.expires_on is not None and not TIME_MIN.year - 100 <= line.expires_on.year < TIME_MAX.year:
                return f"expiry {line.expires_on} of {named(line.names)} is not a date of our time"
    else:
        for name, number in record.data.items():
            if isinstance(number, float) and not math.isfinite(number):
                return f"{name} is {number}"
    return None


def _values(record: Reading | Envelope) -> Iterator[tuple[str, float]]:
    for metric, value in record.values.items():
        for number in (value.least, value.mean, value.greatest) if isinstance(value, Spread) else (value,):
            yield metric, number


def _names(record: Record) -> Iterator[tuple[str, str]]:
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
