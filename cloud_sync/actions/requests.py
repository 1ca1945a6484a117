"""Asking twice is harmless: what was asked under a client id, and what was answered, is an event."""

from typing import Any
from uuid import UUID

from cloud_sync.errors import Conflict
from cloud_sync.storage.database import Connection
from cloud_sync.storage.events import add_event
from cloud_sync.storage.queries import queries


def answered_before(connection: Connection, kind: str, client_id: UUID, request: dict[str, Any]) -> Any | None:
    """The answer to the same request under this client id, None if it is new. Call it first in the transaction.

    Whoever asks at the same moment under the same id waits. Raises ``Conflict`` if it was another request.
    """
    subject = _subject(client_id)
    queries("reservations").own_request(connection, key=subject)
    said = queries("reservations").said(connection, subject=subject)
    if said is None:
        return None
    if said["kind"] != kind or said["data"]["request"] != request:
        raise Conflict(
            f"client_id {client_id} was used for another request before",
            "Make a new UUID for each new request; repeat the old one only to send the very same again.",
        )
    return said["data"]["answer"]


def answer(
    connection: Connection, kind: str, client_id: UUID, request: dict[str, Any], result: Any, *, actor: str
) -> int:
    """Keep what was answered, as an event of the client id; gives its id."""
    data = {"request": request, "answer": result}
    return add_event(connection, actor=actor, kind=kind, subject=_subject(client_id), data=data)


def _subject(client_id: UUID) -> str:
    return f"request:{client_id}"
