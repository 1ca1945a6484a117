"""Judge readings by the policies of their places."""

from cloud_sync.errors import NotFound
from cloud_sync.storage.database import Connection
from cloud_sync.storage.events import add_event


def assign_channel(connection: Connection, channel_id: int, place_id: int, *, actor: str) -> None:
    """Say where a channel is. Raises ``NotFound``."""
    if not connection.execute("UPDATE channel SET place_id = %s WHERE id = %s", (place_id, channel_id)).rowcount:
        raise NotFound(f"no channel {channel_id}")
    add_event(connection, actor=actor, kind="channel_placed", subject=f"channel:{channel_id}", data={"place": place_id})
