"""What a doubted journal says of a gateway's channels: versions of them, each judged alone.

A version is a channel of its own, where the channel is; what it finds out of limits counts for the place, and what it
finds within limits ends nothing of what the channel itself says. The caller decides on the journal.
"""

from collections.abc import Sequence

from cloud_sync.posting.monitoring.archived_readings import archived_channels_in, bring_home
from cloud_sync.posting.monitoring.rule_tracks import forget_versions, judge_again
from cloud_sync.storage.database import Connection
from cloud_sync.storage.queries import queries


def add_versions(
    connection: Connection, gateway_id: int, journal: str, devices: Sequence[str], metrics: Sequence[str]
) -> None:
    """Make those of these channels that are not there yet; the channels are."""
    queries("journals").add_versions(
        connection, gateway_id=gateway_id, journal=journal, devices=devices, metrics=metrics
    )


def versions_of(connection: Connection, gateway_id: int, journal: str) -> dict[tuple[str, str], int]:
    """Ids of versions by the device and metric of their channels."""
    rows = queries("journals").versions(connection, gateway_id=gateway_id, journal=journal)
    return {(row["device"], row["metric"]): row["id"] for row in rows}


def part_versions(connection: Connection, gateway_id: int, journal: str) -> None:
    """Take what a journal measured out of the channels, into versions of them, and judge both."""
    list(queries("tracks").lock_channels_of_gateway(connection, gateway_id=gateway_id))
    bring_home(connection, archived_channels_in(connection, gateway_id))
    queries("journals").add_versions_of_all(connection, gateway_id=gateway_id, journal=journal)
    list(queries("tracks").lock_channels_of_gateway(connection, gateway_id=gateway_id))
    queries("journals").readings_to_versions(connection, gateway_id=gateway_id, journal=journal)
    queries("journals").envelopes_to_versions(connection, gateway_id=gateway_id, journal=journal)
    rows = list(queries("journals").versions(connection, gateway_id=gateway_id, journal=journal))
    judge_again(connection, [row[side] for row in rows for side in ("id", "version_of")])


def join_versions(connection: Connection, gateway_id: int, journal: str) -> None:
    """Let what a journal measured be of the channels themselves, and judge them by all of it."""
    list(queries("tracks").lock_channels_of_gateway(connection, gateway_id=gateway_id))
    rows = list(queries("journals").versions(connection, gateway_id=gateway_id, journal=journal))
    queries("journals").readings_to_channels(connection, gateway_id=gateway_id, journal=journal)
    queries("journals").envelopes_to_channels(connection, gateway_id=gateway_id, journal=journal)
    queries("tracks").note_doubtful_times(
        connection, channel_ids=[row["version_of"] for row in rows if row["has_doubtful_times"]]
    )
    forget_versions(connection, [row["id"] for row in rows], [row["version_of"] for row in rows])


def drop_versions(connection: Connection, gateway_id: int, journal: str) -> None:
    """Let what a journal measured count for nothing; it is kept."""
    list(queries("tracks").lock_channels_of_gateway(connection, gateway_id=gateway_id))
    rows = list(queries("journals").versions(connection, gateway_id=gateway_id, journal=journal))
    forget_versions(connection, [row["id"] for row in rows], [])
