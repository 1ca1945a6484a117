"""Where channels measure."""

from datetime import datetime

from cloud_sync.actions.master_data.master_data import place_named
from cloud_sync.domain.typed_times import CLOCKS_MAY_DIFFER
from cloud_sync.errors import Invalid, NotFound
from cloud_sync.posting.monitoring.channel_statements import state_earlier
from cloud_sync.posting.monitoring.rule_tracks import assign_channel
from cloud_sync.posting.monitoring.unjudged import NOT_JUDGED, note_unjudged
from cloud_sync.storage.database import Database
from cloud_sync.storage.events import add_event
from cloud_sync.storage.queries import queries

UNJUDGED = ("no_place", "no_policy", "no_rule")
"""Why nothing judges a channel."""


def place_channel(
    database: Database, channel_id: int, place: str | None, *, since: datetime | None, at: datetime, actor: str
) -> None:
    """Say where a channel measures (None: nowhere) from ``since`` on; its readings are judged by the policies there.

    Without ``since``: all it ever measured if it never had a place, else from now on. That one that had a place has
    been elsewhere for some time is a statement: what it measured meanwhile is judged in both places, so that it may
    hold more and frees nothing, until quality closes the case. Raises ``NotFound``, ``Invalid`` for a time to come.
    """
    if since is not None and since > at:
        raise Invalid("since is in the future", "Say it when the device has been moved.")
    with database.transaction() as connection:
        row = queries("tracks").placed(connection, channel_id=channel_id)
        if row is None:
            raise NotFound(f"no channel {channel_id}")
        place_id = None if place is None else int(place_named(connection, place)["id"])
        if since is not None and row["was_placed"] and at - since > CLOCKS_MAY_DIFFER:
            state_earlier(connection, channel_id, place_id, since=since, at=at, actor=actor)
            return
        assign_channel(
            connection, channel_id, place_id, since=since or (at if row["was_placed"] else None), actor=actor
        )


def note_unjudged_channels(database: Database) -> None:
    """Open a case for every channel that nothing judges: also those from before that was noticed."""
    with database.transaction() as connection:
        note_unjudged(connection)


def say_on_purpose(database: Database, channel_id: int, reason: str, *, actor: str) -> None:
    """A channel need not be judged, for this reason, as long as it stays where it is. Raises ``NotFound``."""
    with database.transaction() as connection:
        if queries("tracks").placed(connection, channel_id=channel_id) is None:
            raise NotFound(f"no channel {channel_id}", "See GET /v1/channels for those there are.")
        queries("unjudged").say_on_purpose(connection, channel_id=channel_id, reason=reason, said_by=actor)
        subject = f"channel:{channel_id}"
        add_event(connection, actor=actor, kind="channel_unjudged_on_purpose", subject=subject, reason=reason)
        note_unjudged(connection, [channel_id])


def count_unjudged(database: Database) -> dict[str, int]:
    """How many channels nothing judges, by why."""
    with database.transaction() as connection:
        rows = queries("unjudged").open_counts(connection, kinds=[NOT_JUDGED])
        return {row["why"]: row["open"] for row in rows}
