"""Follows the event log: what was committed since the last look becomes alerts and messages, in one transaction.

As the seal does it, what is new is asked by snapshots: an event that commits late, with an early number, is not missed.
A round that fails is rolled back with its watermark and done again; ``alert.event_id`` lets no event be told twice.
"""

import logging
from collections.abc import Iterator
from datetime import datetime

from cloud_sync.notify.alert import NewAlert
from cloud_sync.notify.routing import Router
from cloud_sync.notify.wording import TELLERS, alert_of
from cloud_sync.storage.database import Connection, Database, Row
from cloud_sync.storage.queries import queries

ROWS_AT_ONCE = 1000

log = logging.getLogger(__name__)


def follow_once(database: Database, at: datetime) -> int:
    """Make alerts and messages of all that was committed since the last time; gives how many alerts there are."""
    with database.transaction() as connection:
        mark = queries("alerts").lock_watermark(connection)
        if mark is None:
            return 0
        alerts = [alert for event in _new_events(connection, mark) if (alert := _told(connection, event)) is not None]
        told = Router(connection, at).route(alerts) if alerts else 0
        queries("alerts").move_watermark(connection, snapshot=mark["snapshot"], at=at)
        return told


def _told(connection: Connection, event: Row) -> NewAlert | None:
    try:
        with connection.transaction():
            return alert_of(connection, event)
    except (KeyError, ValueError, TypeError, AttributeError):
        # A defect of ours in the words for one event must not silence all others.
        log.exception("event %d cannot be told as an alert", event["id"])
        return None


def _new_events(connection: Connection, mark: Row) -> Iterator[Row]:
    asked = {"kinds": list(TELLERS), "rows_max": ROWS_AT_ONCE}
    after_id = 0
    if mark["is_another_server"]:
        after_id = queries("alerts").last_event_told(connection)
        log.warning("the ledger was restored on another database server: alerts go on after event %d", after_id)
    while True:
        if mark["is_another_server"]:
            rows = list(queries("alerts").events_since(connection, after_id=after_id, **asked))
        else:
            seen = {"seen": mark["seen"], "snapshot": mark["snapshot"]}
            rows = list(queries("alerts").new_events(connection, after_id=after_id, **seen, **asked))
        yield from rows
        if len(rows) < ROWS_AT_ONCE:
            return
        after_id = rows[-1]["id"]
