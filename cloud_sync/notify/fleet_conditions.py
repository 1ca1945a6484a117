"""What is told of the fleet: configurations that are not the ledger's, and releases that were stopped."""

from collections.abc import Iterator
from datetime import UTC, datetime

from cloud_sync.domain.alerts import AlertKind
from cloud_sync.notify.alert import NewAlert
from cloud_sync.storage.database import Connection
from cloud_sync.storage.queries import queries


def fleet_conditions(connection: Connection, at: datetime) -> Iterator[NewAlert]:
    """What of the fleet is the case at the moment."""
    for row in queries("fleet_config").off_course(connection):
        said = row["config"]
        is_drifted = said["state"] in ("drifted", "unreadable")
        word = "edited at the gateway" if is_drifted else said["last"].replace("_", " ")
        match said["state"]:
            case "drifted":
                text = (
                    "Its configuration was edited at the gateway. The edit counts there until somebody here takes it "
                    "over or puts the ledger's back."
                )
            case "unreadable":
                text = f"Its file cannot be read any more: {said['reason']}. It would not start again like that."
            case _:
                text = f"Version {said['tried']} was {word}: {said['reason']} It runs what it ran before."
        sites = queries("alerts").sites_of_place(connection, place_id=row["place_id"]) if row["place_id"] else ()
        yield NewAlert(
            kind=AlertKind.CONFIG_DRIFT,
            subject=f"gateway:{row['name']}",
            key=f"config:{row['name']}:{said['sha256'][:16] if is_drifted else said['tried']}",
            title=f"Gateway {row['name']}: configuration {word}",
            text=text,
            path=f"/gateways/{row['name']}/config",
            occurred_at=row["at"].astimezone(UTC),
            sites=tuple(each["id"] for each in sites),
            place_id=row["place_id"],
        )
    for row in queries("releases").stopped_by_itself(connection):
        yield NewAlert(
            kind=AlertKind.ROLL_OUT_STOPPED,
            subject=f"roll_out:{row['id']}",
            key=f"roll_out:{row['id']}",
            title=f"Release {row['version']} stopped automatically",
            text=f"{row['ended_reason'][0].upper()}{row['ended_reason'][1:]}. Gateways that have it keep it; look "
            "at them, and roll out the release before if need be.",
            path="/releases",
            occurred_at=row["ended_at"].astimezone(UTC),
        )
