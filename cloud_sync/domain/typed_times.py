"""Times that people type afterwards. They may widen what is held at once; what they would free, quality decides."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from cloud_sync.domain.roles import Role

CLOCKS_MAY_DIFFER = timedelta(minutes=1)
"""A command may not say that stock will move later; clocks of clients may be this far off."""


def latest_of(occurred_at: datetime, at: datetime) -> datetime | None:
    """What is typed ``at`` that time to have been at ``occurred_at`` may have been as late as this; None: it was then.

    >>> latest_of(datetime(2026, 3, 1, 12), datetime(2026, 3, 1, 12, 0, 30)) is None
    True
    """
    return at if at - occurred_at > CLOCKS_MAY_DIFFER else None


@dataclass(frozen=True, slots=True)
class TypedTimes:
    """How far back each role may type a time; roles that are not named may not type one in the past."""

    back_max: Mapping[Role, timedelta]

    def fault_of(self, roles: Iterable[Role], occurred_at: datetime, at: datetime) -> str | None:
        """What is wrong with a time that somebody with these roles types ``at`` that time, or None."""
        back_max = max((self.back_max.get(role, timedelta(0)) for role in roles), default=timedelta(0))
        back_max += CLOCKS_MAY_DIFFER
        if at - occurred_at <= back_max:
            return None
        return (
            f"{occurred_at:%Y-%m-%d %H:%M} UTC is more than {back_max.days} days back, "
            f"which is as far as this role may type a time"
        )


_WHO_BOOKS = (Role.RECEIVER, Role.OPERATOR, Role.PHARMACIST, Role.PRODUCTION)
TYPED_TIMES = TypedTimes(
    {
        **dict.fromkeys(_WHO_BOOKS, timedelta(days=7)),
        Role.QUALITY: timedelta(days=30),
        Role.ADMINISTRATOR: timedelta(days=30),
    }
)
"""Where the ledger's configuration says nothing else (``[typed_times]``)."""
