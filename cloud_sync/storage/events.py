"""The append-only event log."""

from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from cloud_sync.storage.columns import Column
from cloud_sync.storage.database import Connection, Row
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


def add_events(connection: Connection, events: Sequence[Mapping[str, Any]]) -> list[int]:
    """Append several events, each with the names of :func:`add_event`, in this order; gives their ids."""
    return [row["id"] for row in adding_events(connection, events)]


def adding_events(connection: Connection, events: Sequence[Mapping[str, Any]]) -> "psycopg.Cursor[Row]":
    """:func:`add_events`, to be sent with others (``connection.pipeline()``)."""
    return connection.execute(
        queries("events").add_events.sql,
        {
            "actors": Column(each["actor"] for each in events),
            "kinds": Column(each["kind"] for each in events),
            "subjects": Column(each["subject"] for each in events),
            "reasons": Column(each.get("reason", "") for each in events),
            "data": [Jsonb(each.get("data") or {}) for each in events],
        },
    )


def adding_event(
    *, actor: str, kind: str, subject: str, reason: str = "", data: dict[str, Any] | None = None
) -> Statement:
    """:func:`add_event` as a statement, to be sent with others."""
    values = {"actor": actor, "kind": kind, "subject": subject, "reason": reason, "data": Jsonb(data or {})}
    return queries("events").add_event.sql, values
