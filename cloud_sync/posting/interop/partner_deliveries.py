"""What partners are told goes out by their connection, if they have one, in the transaction that it follows from."""

import json
from datetime import datetime

from cloud_sync.errors import NotFound
from cloud_sync.posting.interop.deliveries import queue_delivery
from cloud_sync.storage.database import Connection, Row
from cloud_sync.storage.events import LEDGER
from cloud_sync.storage.queries import queries

TRANSACTION = "dscsa_transaction"
MESSAGE = "dscsa_message"


def send_to_partner(connection: Connection, partner_id: int, kind: str, content: bytes) -> str:
    """Queue something for a partner; gives by which connection, '' if it has none that works: then a person sends
    it."""
    partner: Row | None = queries("trading_partners").partner_by_place(connection, place_id=partner_id)
    name = str(partner["connection"] or "") if partner else ""
    if not name:
        return ""
    try:
        queue_delivery(connection, name, kind, content, "application/json")
    except NotFound:  # it was switched off since
        return ""
    return name


def send_message(connection: Connection, message_id: int, at: datetime) -> None:
    """Queue a message to a partner and note it as sent, if its connection takes it."""
    row: Row = queries("transactions").message_by_id(connection, message_id=message_id)
    body = {
        "id": row["id"],
        "kind": row["kind"],
        "subject": row["subject"],
        "body": row["body"],
        "data": row["data"],
        "made_at": row["made_at"].isoformat(),
        "due_at": row["due_at"].isoformat() if row["due_at"] else None,
    }
    name = send_to_partner(connection, row["partner_id"], MESSAGE, json.dumps(body, sort_keys=True).encode())
    if name:
        queries("transactions").note_sent(
            connection, message_id=message_id, sent_by=LEDGER, sent_at=at, sent_how=f"by connection {name}"
        )
