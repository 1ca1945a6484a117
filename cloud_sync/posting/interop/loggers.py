"""Holds by the logger of a shipment: also of what is received after its file was brought."""

from cloud_sync.storage.database import Connection
from cloud_sync.storage.queries import queries


def hold_reason(file_id: int, serial: str, policy: str, what: str) -> str:
    """Why goods are held that came with a logger."""
    return f"logger {serial} of the shipment broke {policy}: {what} (logger file {file_id})"


def origin_of(file_id: int) -> str:
    """The origin of holds by a file."""
    return f"logger:{file_id}"


def reasons_by_logger(connection: Connection, order: str, item_id: int) -> list[tuple[str, str]]:
    """Why what comes of an item for an order is held because of loggers that travelled with it: reason and origin."""
    found: dict[int, str] = {}
    for row in queries("loggers").broken_loggers_of_order(connection, number=order):
        for broken in row["broken"]:
            if item_id in broken["items"] and broken["severity"] == "action":
                reason = hold_reason(row["id"], row["serial"], broken["policy"], broken["text"])
                found.setdefault(row["id"], reason)
    return [(reason, origin_of(file_id)) for file_id, reason in found.items()]
