"""The outbox of alerts: messages about one alert or many, to mail addresses, webhooks, and what apprise reaches."""

from collections.abc import Callable
from datetime import datetime
from random import random

from cloud_sync.domain.alerts import retry_after
from cloud_sync.notify.channels.apprise_urls import send_by_apprise
from cloud_sync.notify.channels.mail import send_mail
from cloud_sync.notify.channels.webhooks import send_webhook
from cloud_sync.notify.links import Linker
from cloud_sync.notify.message import Message, PaperFile
from cloud_sync.notify.outbox import CLAIM, DurableOutbox, Sending
from cloud_sync.notify.settings import AlertSettings
from cloud_sync.storage.database import Connection, Database, Row
from cloud_sync.storage.queries import queries

Send = Callable[[Message, Row], None]
"""Hand a message over to the target of a claimed row. Raises ``NotDelivered``."""


class Outbox(DurableOutbox):
    """Sends what is due. ``clock`` gives aware UTC; ``send`` may be another way than the channels'."""

    what, many = "alert message", "alerts"

    def __init__(
        self,
        database: Database,
        settings: AlertSettings,
        *,
        clock: Callable[[], datetime],
        send: Send | None = None,
        spread: Callable[[], float] = random,
    ) -> None:
        super().__init__(database, clock=clock, spread=spread)
        self._settings = settings
        self._send = send or self._by_channel
        self._linker: Linker | None = None

    def due_in(self, connection: Connection, at: datetime, busy: list[str]) -> list[Row]:
        """The oldest unsent message of each target."""
        return list(queries("alerts").due_messages(connection, at=at, busy=busy))

    def claim_in(self, connection: Connection, message_id: int, at: datetime) -> tuple[Row, Sending] | None:
        """Take it with the alerts that it tells of, and its paper."""
        row = queries("alerts").claim_message(connection, id=message_id, at=at, until=at + CLAIM)
        if row is None:
            return None
        alerts = list(queries("alerts").alerts_of_message(connection, message_id=message_id))
        paper = queries("papers").paper_of_message(connection, message_id=message_id)
        return row, lambda: self._send(self._message(row, alerts, paper, at), row)

    def note_success_in(self, connection: Connection, row: Row, at: datetime) -> datetime | None:
        """Its paper is not needed any more."""
        queries("alerts").note_sent(connection, id=row["id"], at=at)
        queries("papers").forget_paper(connection, message_id=row["id"])
        failed_since: datetime | None = queries("alerts").note_target_well(connection, name=row["target"], at=at)
        return failed_since

    def note_failure_in(self, connection: Connection, row: Row, reason: str, at: datetime) -> int:
        """The target is left alone, longer each time."""
        queries("alerts").note_not_sent(connection, id=row["id"], last_error=reason)
        failures: int = queries("alerts").note_target_failed(connection, name=row["target"], at=at, last_error=reason)
        until = at + retry_after(failures, self._spread())
        queries("alerts").leave_target_alone(connection, name=row["target"], until=until)
        return failures

    def _message(self, row: Row, alerts: list[Row], paper: Row | None, at: datetime) -> Message:
        url = self._settings.public_url
        link = ""
        if url and any(each["needs_acknowledgement"] for each in alerts):
            self._linker = self._linker or Linker.of(self._database)
            link = f"{url}/alerts/by-link/{self._linker.code(row['id'], at)}"
        file = PaperFile(**{**paper, "pdf": bytes(paper["pdf"])}) if paper else None
        return Message(row["id"], row["reason"], row["bundle"], row["made_at"], alerts, url, link, file)

    def _by_channel(self, message: Message, row: Row) -> None:
        settings = self._settings
        if row["channel"] == "mail":
            send_mail(message, row["address"], settings.mail, self._clock())
        elif row["channel"] == "webhook":
            send_webhook(message, row["address"], row["secret"], settings.private_hosts, self._clock())
        else:
            send_by_apprise(message, row["address"], settings.private_hosts)
