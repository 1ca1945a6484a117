"""Plain readings, read fast: lines exactly as gateways write them for good values, which is nearly all there ever is.

What does not match to the letter is no error: it is read the careful way (``edge_agent.domain.wire.decode_record``),
and what matches here means the same there. A test holds the two against each other.
"""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from cloud_sync.domain.records import NAME_CHARACTERS_MAX, TIME_MAX, TIME_MIN

EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
"""PostgreSQL counts microseconds from here."""
_MICROSECOND = timedelta(microseconds=1)


PlainReading = tuple[int, bool, str, tuple[tuple[str, float], ...]]
"""A good reading: microseconds since ``EPOCH``, whether the clock was synchronised, device, (metric, number) each.

A plain tuple: there are millions, and a class of its own would take as long to make as everything else in it.
"""


def plain_reading(line: bytes) -> PlainReading | None:
    """The reading in ``line``, None if it has to be read the careful way."""
    match = _PLAIN(line)
    if match is None:
        return None
    minute, seconds, millis, synced, device, metric, number, metric_2, number_2, more = match.groups()
    since_us = minute_us(minute)
    if since_us is None:
        return None
    values: tuple[tuple[str, float], ...]
    if metric_2 is None:
        values = ((_text(metric), float(number)),)
    elif more is None and metric != metric_2:
        values = ((_text(metric), float(number)), (_text(metric_2), float(number_2)))
    else:
        # Of a metric said twice the last counts, as everywhere in JSON.
        pairs = [(metric, number), (metric_2, number_2), *_MORE(more or b"")]
        values = tuple({_text(name): float(text) for name, text in pairs}.items())
    return since_us + int(seconds) * 1_000_000 + int(millis) * 1_000, synced == b"true", _text(device), values


MINUTE = rb"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}"
SECOND = rb"[0-5][0-9]"
MILLIS = rb"[0-9]{3}"
MONO_MS = rb"(?:0|[1-9][0-9]{0,17})"
NUMBER = rb"-?(?:0|[1-9][0-9]{0,15})(?:\.[0-9]{1,20})?"
"""No exponent and no more digits than any sensor has: never infinite."""
# Printable ASCII but quote and backslash: nothing to unescape, and no way out of the string.
_TEXT = rb"[ !#-\[\]-~]{1,%d}" % NAME_CHARACTERS_MAX
# The same without comma and colon, which separate values here.
_METRIC = rb"[ !#-+\--9;-\[\]-~]{1,%d}" % NAME_CHARACTERS_MAX
_VALUE = rb'"(%s)":(%s)' % (_METRIC, NUMBER)
_FURTHER = rb'(?:,"%s":%s)' % (_METRIC, NUMBER)
_MORE = re.compile(_VALUE).findall
_PLAIN = re.compile(
    rb'\{"stamp":\{"at":"(%s):(%s)\.(%s)Z",'
    rb'"mono_ms":%s,"boot":"%s","synced":(true|false)\},'
    rb'"device":"(%s)","quality":"good","values":\{%s(?:,%s(%s+)?)?\},"kind":"reading"\}'
    % (MINUTE, SECOND, MILLIS, MONO_MS, _TEXT, _TEXT, _VALUE, _VALUE, _FURTHER)
).fullmatch


def since_epoch_us(at: datetime) -> int:
    """Microseconds since ``EPOCH``, exactly."""
    return (at - EPOCH) // _MICROSECOND


@lru_cache(maxsize=4096)
def minute_us(minute: bytes) -> int | None:
    """Microseconds from ``EPOCH`` to ``2026-03-01T12:00``; None if there is no such minute, or not in our time."""
    try:
        at = datetime.fromisoformat(minute.decode() + ":00+00:00")
    except ValueError:
        return None
    if not TIME_MIN <= at < TIME_MAX:
        return None
    return since_epoch_us(at)


@lru_cache(maxsize=4096)
def _text(raw: bytes) -> str:
    return raw.decode()
