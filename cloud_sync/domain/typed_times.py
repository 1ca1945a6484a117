"""Times that people type afterwards. They may widen what is held at once; what they would free, quality decides."""

from datetime import datetime, timedelta

CLOCKS_MAY_DIFFER = timedelta(minutes=1)
"""A command may not say that stock will move later; clocks of clients may be this far off."""


def latest_of(occurred_at: datetime, at: datetime) -> datetime | None:
    """What is typed ``at`` that time to have been at ``occurred_at`` may have been as late as this; None: it was then.

    >>> latest_of(datetime(2026, 3, 1, 12), datetime(2026, 3, 1, 12, 0, 30)) is None
    True
    """
    return at if at - occurred_at > CLOCKS_MAY_DIFFER else None
