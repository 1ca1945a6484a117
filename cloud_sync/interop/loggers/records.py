"""What a logger's file says, as the records and batches of a gateway: so that a room's readings are judged like any.

The ledger signs these batches itself, with a key that stands for the logger: what proves them is the kept file.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timezone
from zoneinfo import ZoneInfo

from cloud_sync.interop.loggers.model import TEMP_C, LoggerFile, at_utc
from edge_agent.domain.wire.ids import BootId, DeviceName, GatewayName, JournalId
from edge_agent.domain.wire.records import Envelope, Lane, Quality, Reading, Record, Spread, Stamp
from edge_agent.domain.wire.wire import NO_PREVIOUS, BatchHeader, digest_of, encode_batch, encode_record

RECORDS_AT_ONCE = 5_000
Known = frozenset[tuple[str, datetime]]
"""Metric and instant of what is stored of a logger already; of a day, the instant at which it ends."""


def records_of(file: LoggerFile, zone: ZoneInfo | timezone, boot: str, known: Known) -> list[Record]:
    """Readings and days of a file that are not known yet, in the order of time. Raises ``NotUnderstood`` for times."""
    return sorted(
        [*_readings(file, zone, boot, known), *_days(file, zone, boot, known)], key=lambda each: each.stamp.at
    )


def batches_of(
    records: Sequence[Record],
    *,
    gateway: str,
    journal: str,
    first: int,
    previous: str | None,
    sign: Callable[[bytes], bytes],
) -> list[bytes]:
    """Signed batches of the readings' lane, going on after ``first - 1`` and the batch with the digest ``previous``."""
    raws = []
    digest = previous or NO_PREVIOUS
    for start in range(0, len(records), RECORDS_AT_ONCE):
        lines = [encode_record(each) for each in records[start : start + RECORDS_AT_ONCE]]
        header = BatchHeader(
            gateway=GatewayName(gateway), journal=JournalId(journal), lane=Lane.READINGS, first=first, count=len(lines),
            previous=digest,
        )  # fmt: skip
        raw = encode_batch(header, lines, sign)
        raws.append(raw)
        first += len(lines)
        digest = digest_of(raw)
    return raws


def _readings(file: LoggerFile, zone: ZoneInfo | timezone, boot: str, known: Known) -> Iterator[Record]:
    by_time: dict[datetime, dict[str, float | None]] = {}
    for each in file.readings:
        by_time.setdefault(at_utc(each.at, zone), {})[each.metric] = each.value
    for at, values in by_time.items():
        good = {metric: value for metric, value in values.items() if value is not None and (metric, at) not in known}
        if good:
            yield Reading(_stamp(at, boot), DeviceName(file.serial), Quality.GOOD, good)
        elif all(value is None for value in values.values()) and ("", at) not in known:
            yield Reading(_stamp(at, boot), DeviceName(file.serial), Quality.FAULT, detail="the logger has no value")


def _days(file: LoggerFile, zone: ZoneInfo | timezone, boot: str, known: Known) -> Iterator[Record]:
    for day in file.days:
        first, last = at_utc(day.first, zone), at_utc(day.last, zone)
        if (TEMP_C, last) in known:
            continue
        spread = Spread(day.least, min(max(day.mean, day.least), day.greatest), day.greatest)
        minutes = max(1, round((last - first).total_seconds() / 60))
        yield Envelope(
            _stamp(last, boot), _stamp(first, boot), DeviceName(file.serial), Quality.GOOD, minutes, {TEMP_C: spread},
            gap_ms=day.gap_minutes * 60_000,
        )  # fmt: skip


def _stamp(at: datetime, boot: str) -> Stamp:
    return Stamp(at, int(at.timestamp() * 1000), BootId(boot), True)


def spans_of(records: Iterable[Record]) -> tuple[datetime, datetime] | None:
    """The first and the last instant of records; None of none."""
    times = [each.stamp.at for each in records]
    return (min(times), max(times)) if times else None
