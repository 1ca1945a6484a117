"""Where channels measure."""

from datetime import datetime

from cloud_sync.actions.master_data.master_data import place_named
from cloud_sync.domain.typed_times import CLOCKS_MAY_DIFFER
from cloud_sync.errors import Conflict, Invalid, NotFound
from cloud_sync.posting.monitoring.rule_tracks import assign_channel
from cloud_sync.posting.monitoring.unjudged import NOT_JUDGED, note_unjudged
from cloud_sync.storage.database import Connection, Database
from cloud_sync.storage.events import add_event
from cloud_sync.storage.queries import queries


def place_channel(
    database: Database, channel_id: int, place: str | None, *, since: datetime | None, at: datetime, actor: str
) -> None:
    """Say where a channel measures (None: nowhere) from ``since`` on; its readings are judged by the policies there.

    Without ``since``: all it ever measured if it never had a place, else from now on. Raises ``NotFound``, ``Invalid``
    for a time to come, ``Conflict`` for one before it was moved last, or by which an excursion would not have been.
    """
    if since is not None and since > at:
        raise Invalid("since is in the future", "Say it when the device has been moved.")
    with database.transaction() as connection:
        row = queries("tracks").placed(connection, channel_id=channel_id)
        if row is None:
            raise NotFound(f"no channel {channel_id}")
        place_id = None if place is None else int(place_named(connection, place)["id"])
        if since is not None and at - since > CLOCKS_MAY_DIFFER:
            list(queries("tracks").lock_channels(connection, channel_ids=[channel_id]))
            _check_nothing_is_freed(connection, channel_id, place_id, since)
        assign_channel(
            connection, channel_id, place_id, since=since or (at if row["was_placed"] else None), actor=actor
        )


def _check_nothing_is_freed(connection: Connection, channel_id: int, place_id: int | None, since: datetime) -> None:
    """A channel that is said to have been elsewhere already frees no stock by it. Raises ``Conflict``."""
    row = queries("tracks").excursion_undone_by_placing(
        connection, channel_id=channel_id, place_id=place_id, since=since
    )
    if row is not None:
        raise Conflict(
            f"this channel measured an excursion of {row['place']} from {row['began_at']:%Y-%m-%d %H:%M} UTC on "
            f"({row['rule']}), which holds stock; saying now that it measured elsewhere by then would free it",
            "Say a time after the excursion. What it holds, quality decides on: POST /v1/dispositions.",
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
