"""What goes to other systems: queued in the transaction that it follows from, and sent by the outbox.

Queued with the fact, a delivery is lost neither by a crash nor by a connection that is down; sent until its receipt is
known, with the same message id each time, it is harmless to be sent twice.
"""

from cloud_sync.errors import NotFound
from cloud_sync.posting.interop.documents import keep_document
from cloud_sync.storage.database import Connection
from cloud_sync.storage.queries import queries


def queue_delivery(connection: Connection, to: str, kind: str, content: bytes, media_type: str) -> int:
    """Queue ``content`` for the connection named ``to`` and give the id of its delivery.

    ``kind`` says what it is (``epcis``, ``dscsa_ti``); it is the ``type`` of the message. The same content of the same
    kind is queued once. Raises ``NotFound`` for a connection that there is not.
    """
    row = queries("connections").connection(connection, name=to)
    if row is None or not row["active"]:
        raise NotFound(f"there is no connection {to}", "See GET /v1/connections for those there are, or set it up.")
    document = keep_document(connection, kind, content, media_type, told_by="ledger")
    message_id = f"doc_{document.id}_{kind}"
    queued = {"connection": to, "message_id": message_id}
    delivery_id = queries("connections").queue_document(
        connection, **queued, kind=kind, document_id=document.id, media_type=media_type
    )
    return int(delivery_id or queries("connections").delivery_of(connection, **queued))


def queue_events(connection: Connection, to: str, after: int, until: int, rows_max: int) -> int:
    """Queue the events of a connection's kinds between two leaves of the seal's tree; gives up to which all are queued.

    The caller owns the connection.
    """
    row = queries("connections").connection(connection, name=to)
    kinds = None if "*" in row["event_kinds"] else row["event_kinds"]
    events = list(queries("connections").feed(connection, after=after, until=until, kinds=kinds, rows_max=rows_max))
    queries("connections").queue_events(
        connection,
        connection=to,
        event_ids=[event["id"] for event in events],
        kinds=[event["kind"] for event in events],
        positions=[event["position"] for event in events],
    )
    return int(events[-1]["position"]) if len(events) == rows_max else until
