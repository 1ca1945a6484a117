"""Alerts as people look at them, and that somebody takes care of one."""

from collections.abc import Sequence
from datetime import datetime

from cloud_sync.errors import NotFound
from cloud_sync.notify.links import Linker
from cloud_sync.storage.database import Database, Row
from cloud_sync.storage.events import add_events
from cloud_sync.storage.queries import queries


def list_alerts(
    database: Database, *, only_open: bool, kind: str | None, words: str = "", rows_max: int, rows_skipped: int = 0
) -> list[Row]:
    """Alerts, the newest first; open: those that wait to be acknowledged; with all of these words."""
    with database.transaction() as connection:
        return list(
            queries("alerts").alerts(
                connection,
                only_open=only_open,
                kind=kind,
                words=words.lower().split(),
                rows_max=rows_max,
                rows_skipped=rows_skipped,
            )
        )


def acknowledge(database: Database, alert_ids: Sequence[int], comment: str, at: datetime, *, actor: str) -> list[int]:
    """Say that somebody takes care of these; gives those that nobody had acknowledged before.

    Each is an event, and is escalated no further. Raises ``NotFound`` if there is one that is not there.
    """
    with database.transaction() as connection:
        for alert_id in alert_ids:
            if not queries("alerts").alert_exists(connection, id=alert_id):
                raise NotFound(f"there is no alert {alert_id}", "See GET /v1/alerts for those there are.")
        rows = queries("alerts").acknowledge(
            connection, ids=sorted(set(alert_ids)), at=at, actor=actor, comment=comment
        )
        done = sorted(row["id"] for row in rows)
        add_events(
            connection,
            [
                {"actor": actor, "kind": "alert_acknowledged", "subject": f"alert:{each}", "reason": comment}
                for each in done
            ],
        )
        return done


def alerts_by_link(database: Database, code: str, at: datetime) -> tuple[str, list[Row]]:
    """To whom the message of a link went, and the alerts it tells of. Raises ``NotAllowed`` for a bad link."""
    message_id = Linker.of(database).message_of(code, at)
    with database.transaction() as connection:
        message = queries("alerts").message_state(connection, id=message_id)
        if message is None:
            raise NotFound("this message is no longer there", "Sign in at the console, and see Alerts.")
        return message["target"], list(queries("alerts").alerts_of_message(connection, message_id=message_id))


def acknowledge_by_link(database: Database, code: str, comment: str, at: datetime) -> list[int]:
    """The same as :func:`acknowledge`, by whoever got the message. Raises ``NotAllowed`` for a bad link."""
    target, rows = alerts_by_link(database, code, at)
    ids = [row["id"] for row in rows if row["needs_acknowledgement"]]
    return acknowledge(database, ids, comment, at, actor=f"{target} (by link)")
