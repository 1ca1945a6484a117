"""What a booking is."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo


@dataclass(frozen=True, slots=True)
class NewMovement:
    """A movement to book. ``fact`` makes booking it twice harmless; ``quantity`` is in base units.

    ``serial`` is '' for stock without one. ``occurred_at`` is aware UTC.
    """

    fact: str
    lot_id: int
    quantity: int
    from_place: int
    to_place: int
    occurred_at: datetime
    action: str
    serial: str = ""
    operator: str = ""
    order_ref: str = ""


def expires_at(expires_on: date | None, zone: tzinfo = UTC) -> datetime | None:
    """The first instant at which a lot labelled ``expires_on`` may no longer be used: the end of that day."""
    if expires_on is None:
        return None
    next_day = expires_on + timedelta(days=1)
    return datetime(next_day.year, next_day.month, next_day.day, tzinfo=zone).astimezone(UTC)
