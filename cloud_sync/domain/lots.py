"""What a label's expiry date means."""

from datetime import UTC, date, datetime, time, timedelta


def first_instant_after(expires_on: date) -> datetime:
    """The first instant at which a lot that expires on this date may no longer be used: the end of that day, UTC."""
    return datetime.combine(expires_on + timedelta(days=1), time(), tzinfo=UTC)
