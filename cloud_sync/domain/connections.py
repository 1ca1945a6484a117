"""Connections to other systems: what they may ask for, and when one that does not answer is left alone."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Scope(StrEnum):
    """What a connection's key may ask for. An endpoint that names no scope is closed to connections."""

    FEED = "feed"
    ORDERS = "orders"
    RECEIPTS = "receipts"
    CHARGES = "charges"
    CATALOGUE = "catalogue"
    STOCK_VALUE = "stock-value"
    LOGGERS = "loggers"
    EPCIS_CAPTURE = "epcis-capture"
    EPCIS_QUERY = "epcis-query"
    DSCSA = "dscsa"
    FHIR = "fhir"


EVERY_KIND = "*"
"""Of events: all of them, also those that a later version brings."""
EVENT_KIND = re.compile(r"[a-z][a-z0-9_]{0,99}")
PAUSE_AFTER = timedelta(hours=72)
"""How long a connection may fail before it is paused."""
SECRET_OVERLAP = timedelta(hours=24)
"""How long the secret and the key before a change are good beside the new ones."""
REQUESTS_PER_MINUTE = 600


@dataclass(frozen=True, slots=True)
class ConnectionSettings:
    """What the configuration says of connections. ``private_hosts``: hosts whose private addresses may be reached."""

    private_hosts: frozenset[str] = frozenset()
    pause_after: timedelta = PAUSE_AFTER


def takes_kind(event_kinds: Iterable[str], kind: str) -> bool:
    """Whether a connection with these kinds gets events of ``kind``.

    >>> takes_kind(["moved", "hold_placed"], "moved"), takes_kind(["*"], "moved"), takes_kind([], "moved")
    (True, True, False)
    """
    kinds = set(event_kinds)
    return EVERY_KIND in kinds or kind in kinds


def is_to_be_paused(failing_since: datetime | None, at: datetime, pause_after: timedelta) -> bool:
    """Whether a connection has failed for so long that nobody seems to be there."""
    return failing_since is not None and at - failing_since >= pause_after


def requests_left(left: float, since: datetime, at: datetime, per_minute: int) -> float:
    """How many requests a connection may make at once: a minute's worth at most, refilled evenly.

    >>> from datetime import UTC
    >>> noon = datetime(2026, 3, 1, 12, tzinfo=UTC)
    >>> requests_left(0.0, noon, noon + timedelta(seconds=30), per_minute=600)
    300.0
    """
    elapsed_s = max(0.0, (at - since).total_seconds())
    return min(float(per_minute), left + elapsed_s * per_minute / 60)
