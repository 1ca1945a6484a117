"""Times that nobody knows: where a clock was not trusted and nothing trusted around it bounds them."""

from datetime import UTC, datetime

NO_EARLIEST = datetime(1, 1, 1, tzinfo=UTC)
NO_LATEST = datetime(9999, 12, 31, tzinfo=UTC)
"""What the database keeps for them (function ``possible_times``): the widest reading there is."""


def is_unbounded(time: datetime) -> bool:
    """Whether ``time`` only stands for one that nobody knows.

    >>> is_unbounded(NO_EARLIEST), is_unbounded(NO_LATEST), is_unbounded(datetime(2026, 3, 1, tzinfo=UTC))
    (True, True, False)
    """
    return time <= NO_EARLIEST or time >= NO_LATEST
