"""Where channels measure."""

from cloud_sync.actions.master_data import place_named
from cloud_sync.actions.tracks import assign_channel
from cloud_sync.storage.database import Database


def place_channel(database: Database, channel_id: int, place: str, *, actor: str) -> None:
    """Say where a channel measures; its readings so far are judged by the policies there.

    Raises ``NotFound``, and ``Conflict`` if it measures somewhere else already.
    """
    with database.transaction() as connection:
        assign_channel(connection, channel_id, place_named(connection, place)["id"], actor=actor)
