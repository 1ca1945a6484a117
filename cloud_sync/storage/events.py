"""The append-only event log."""

from typing import Any

from psycopg.types.json import Jsonb

from cloud_sync.storage.database import Connection
from cloud_sync.storage.queries import Statement, queries

LEDGER = "ledger"
"""The actor of what the ledger does by itself."""


def add_event(
    connection: Connection, *, actor: str, kind: str, subject: str, reason: str = "", data: dict[str, Any] | None = None
) -> int:
    """Append an event in the caller's transaction and give its id.

    ``subject`` is ``<table>:<name or id>``, e.g. ``lot:12`` or ``place:fridge-a``.
    """
    event_id: int = queries("events").add_event(
        connection, actor=actor, kind=kind, subject=subject, reason=reason, data=Jsonb(data or {})
    )
    return event_id


def adding_event(
    *, actor: str, kind: str, subject: str, reason: str = "", data: dict[str, Any] | None = None
) -> Statement:
    """:func:`add_event` as a statement, to be sent with others."""
    values = {"actor": actor, "kind": kind, "subject": subject, "reason": reason, "data": Jsonb(data or {})}
    return queries("events").add_event.sql, values
