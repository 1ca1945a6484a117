"""What goes to other systems: events of the log as signed webhooks, and documents, by the same outbox as alerts.

Events are queued from the seal's tree, which has them in the order of their commits: a number or a time that was given
early and committed late is not passed over. Receivers may get messages in another order, after a failure; ``position``
in each gives the right one.
"""

import json
from collections.abc import Callable
from datetime import datetime
from random import random
from typing import Any

from cloud_sync.domain.alerts import retry_after
from cloud_sync.domain.connections import ConnectionSettings, is_to_be_paused
from cloud_sync.domain.standard_webhooks import signed_headers
from cloud_sync.notify.outbox import CLAIM, DurableOutbox, Sending
from cloud_sync.notify.outside import post
from cloud_sync.posting.interop.deliveries import queue_events
from cloud_sync.storage.database import Connection, Database, Row
from cloud_sync.storage.events import LEDGER, add_event
from cloud_sync.storage.queries import queries

EVENTS_AT_ONCE = 500
LEAVES_AT_ONCE = 64 * 256
"""Of the tree in one transaction: most leaves are no events."""
SETTING = "connections.private_hosts"


def follow_connections(database: Database) -> int:
    """Queue for each connection what happened since the last time; gives how many were not up to date."""
    with database.transaction() as connection:
        size = queries("connections").tree_size(connection)
        behind = [row["name"] for row in queries("connections").connections_behind(connection, size=size)]
    for name in behind:
        with database.transaction() as connection:
            row = queries("connections").lock_connection(connection, name=name)
            if row is None:
                continue  # somebody else is at it
            until = min(size, row["followed_to"] + LEAVES_AT_ONCE)
            followed_to = queue_events(connection, name, row["followed_to"], until, EVENTS_AT_ONCE)
            queries("connections").follow_connection(connection, name=name, followed_to=followed_to)
    return len(behind)


class ConnectionOutbox(DurableOutbox):
    """Sends deliveries as signed webhooks (Standard Webhooks 1.0), and pauses connections where nobody seems to be."""

    what, many = "delivery", "deliveries"

    def __init__(
        self,
        database: Database,
        settings: ConnectionSettings,
        *,
        clock: Callable[[], datetime],
        spread: Callable[[], float] = random,
    ) -> None:
        super().__init__(database, clock=clock, spread=spread)
        self._settings = settings

    def due_in(self, connection: Connection, at: datetime, busy: list[str]) -> list[Row]:
        """The first undelivered message of each connection; what failed before goes behind what was not tried."""
        return list(queries("connections").due_deliveries(connection, at=at, busy=busy))

    def claim_in(self, connection: Connection, message_id: int, at: datetime) -> tuple[Row, Sending] | None:
        """Take it with what it says."""
        row = queries("connections").claim_delivery(connection, id=message_id, at=at, until=at + CLAIM)
        if row is None:
            return None
        if row["event_id"] is not None:
            event = queries("connections").event_to_send(connection, id=row["event_id"])
            body = event_body(event, row["position"])
        else:
            body = bytes(queries("interop").document(connection, id=row["document_id"])["content"])
        headers = {"content-type": row["media_type"], "user-agent": "lotwarden", "lotwarden-kind": row["kind"]}
        headers |= _signatures(row, body, at)
        return row, lambda: post(row["url"], body, headers, self._settings.private_hosts, setting=SETTING)

    def note_success_in(self, connection: Connection, row: Row, at: datetime) -> datetime | None:
        """It works."""
        queries("connections").note_delivered(connection, id=row["id"], at=at)
        failed_since: datetime | None = queries("connections").note_connection_well(
            connection, name=row["target"], at=at
        )
        return failed_since

    def note_failure_in(self, connection: Connection, row: Row, reason: str, at: datetime) -> int:
        """The connection is left alone, longer each time, and paused after long."""
        name = row["target"]
        queries("connections").note_not_delivered(connection, id=row["id"], last_error=reason)
        standing = queries("connections").note_connection_failed(connection, name=name, at=at, last_error=reason)
        until = at + retry_after(standing["failures"], self._spread())
        queries("connections").leave_connection_alone(connection, name=name, until=until)
        if is_to_be_paused(standing["failing_since"], at, self._settings.pause_after):
            why = f"not reached since {standing['failing_since']:%Y-%m-%d %H:%M} UTC: {reason}"
            pause_in(connection, name, why, at)
        return int(standing["failures"])


def pause_in(connection: Connection, name: str, why: str, at: datetime, *, actor: str = LEDGER) -> bool:
    """Send nothing to a connection until somebody resumes it; whether it was not paused before."""
    if not queries("connections").pause_connection(connection, name=name, at=at, why=why):
        return False
    add_event(connection, actor=actor, kind="connection_paused", subject=f"connection:{name}", reason=why)
    return True


def event_body(event: Row, position: int) -> bytes:
    """An event as receivers get it: ``type``, ``timestamp`` and ``data``, as Standard Webhooks recommends."""
    return json.dumps(
        {"type": event["kind"], "timestamp": event["at"].isoformat(), "data": event_json(event, position)},
        ensure_ascii=False,
        separators=(",", ":"),
    ).encode()


def event_json(event: Row, position: int) -> dict[str, Any]:
    """What an event says, for programs."""
    said = {name: event[name] for name in ("actor", "kind", "subject", "reason", "data")}
    return {"position": position, "id": event["id"], "at": event["at"].isoformat(), **said}


def _signatures(row: Row, body: bytes, at: datetime) -> dict[str, str]:
    """Of the secret, and of the one before it for a while after a change: receivers need not change at the moment."""
    headers = signed_headers(row["secret"], row["message_id"], at, body)
    until = row["previous_secret_until"]
    if row["previous_secret"] and until is not None and at < until:
        before = signed_headers(row["previous_secret"], row["message_id"], at, body)["webhook-signature"]
        headers["webhook-signature"] += f" {before}"
    return headers
