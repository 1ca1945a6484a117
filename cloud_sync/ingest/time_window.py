"""Which times of readings are believed: of what lies outside, nothing is judged, and no month of it is made.

A month of readings is a partition, and a query that cannot tell which months it needs locks all of them. A gateway that
says times without end would so stop every ledger there is; and no clock that is any good says them.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cloud_sync.domain.records import TIME_MAX, TIME_MIN
from cloud_sync.posting.cases import Case, count_case
from cloud_sync.storage.database import Connection, Row

IMPLAUSIBLE = "implausible_time"
"""The kind of the cases."""
AHEAD = timedelta(days=1)
"""How far a clock may be ahead of the ledger's."""
BEFORE_REGISTRATION = timedelta(days=92)
"""How long a gateway may have kept readings before the ledger knew it."""
UNSET_CLOCKS_FROM = datetime(2020, 1, 1, tzinfo=UTC)
"""A clock that nobody has set says the day on which its system was built, or the last one that it saved."""


@dataclass(frozen=True, slots=True)
class TimeWindow:
    """From the first month of a gateway, and what it may have kept before, until a day ahead of now."""

    first_at: datetime
    end_at: datetime

    @property
    def now(self) -> datetime:
        """What time it is at the ledger."""
        return self.end_at - AHEAD

    @classmethod
    def of(cls, gateway: Row) -> "TimeWindow":
        """Of a row with ``registered_at`` and the ledger's ``now``."""
        first: datetime = gateway["registered_at"] - BEFORE_REGISTRATION
        first = first.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        return cls(first, gateway["now"] + AHEAD)

    def has(self, at: datetime, *, synced: bool) -> bool:
        """Whether a reading may be of this time. ``synced``: its clock was synchronised, or has been corrected."""
        return (self.first_at if synced else min(self.first_at, UNSET_CLOCKS_FROM)) <= at <= self.end_at


EVER = TimeWindow(TIME_MIN, TIME_MAX)
"""Every time that can be kept."""


def note_implausible(
    connection: Connection, gateway: str, evidence_id: int, times: Iterable[datetime], what: str = "readings"
) -> None:
    """Tell people of what was kept as evidence only, on one case for each gateway that counts them."""
    said = sorted(times)
    if not said:
        return
    text = (
        f"gateway {gateway} sent {what} from {said[0]:%Y-%m-%d %H:%M} to {said[-1]:%Y-%m-%d %H:%M} UTC, which cannot "
        "be: they are kept as evidence and not judged. Check the gateway's clock"
    )
    data = {"first": said[0].isoformat(), "last": said[-1].isoformat(), "evidence": evidence_id}
    count_case(connection, Case(IMPLAUSIBLE, f"gateway:{gateway}", text, evidence_id=evidence_id, data=data), len(said))
