"""Asking twice is harmless: what was asked under a client id, and what was answered, is an event."""

from typing import Any
from uuid import UUID

from cloud_sync.errors import Conflict
from cloud_sync.storage.database import Connection, Row
from cloud_sync.storage.events import add_event, adding_event
from cloud_sync.storage.queries import Statement, pipeline, queries
from cloud_sync.storage.standbys import await_standbys


def answered_before(connection: Connection, kind: str, client_id: UUID, request: dict[str, Any]) -> Any | None:
    """The answer to the same request under this client id, None if it is new. Call it first in the transaction.

    Whoever asks at the same moment under the same id waits. Raises ``Conflict`` if it was another request.
    """
    before = answer_in(pipeline(connection, **asking(client_id))["said"], kind, client_id, request)
    if before is not None:
        await_standbys(connection)
    return before


def asking(client_id: UUID) -> dict[str, Statement]:
    """The statements of :func:`answered_before`, to be sent with others; :func:`answer_in` reads those of ``said``."""
    subject = subject_of(client_id)
    own, said = queries("reservations").lock_request.sql, queries("reservations").said.sql
    return {"own": (own, {"key": subject}), "said": (said, {"subject": subject})}


def answer_in(said: list[Row], kind: str, client_id: UUID, request: dict[str, Any]) -> Any | None:
    """As :func:`answered_before` gives and raises it; who gives the answer again has it wait (``await_standbys``)."""
    if not said:
        return None
    if said[0]["kind"] != kind or said[0]["data"]["request"] != request:
        raise Conflict(
            f"client_id {client_id} was used for another request before",
            "Make a new UUID for each new request; repeat the old one only to send the very same again.",
        )
    return said[0]["data"]["answer"]


def answer(
    connection: Connection, kind: str, client_id: UUID, request: dict[str, Any], result: Any, *, actor: str
) -> int:
    """Keep what was answered, as an event of the client id; gives its id."""
    return add_event(connection, **answer_event(kind, client_id, request, result, actor=actor))


def answering(kind: str, client_id: UUID, request: dict[str, Any], result: Any, *, actor: str) -> Statement:
    """:func:`answer` as a statement, to be sent with others."""
    return adding_event(**answer_event(kind, client_id, request, result, actor=actor))


def answer_event(kind: str, client_id: UUID, request: dict[str, Any], result: Any, *, actor: str) -> dict[str, Any]:
    """The event of :func:`answer`, as ``add_event`` takes it."""
    data = {"request": request, "answer": result}
    return {"actor": actor, "kind": kind, "subject": subject_of(client_id), "data": data}


def subject_of(client_id: UUID) -> str:
    """What the events of a client id are about."""
    return f"request:{client_id}"
