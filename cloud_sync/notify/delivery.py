"""The outbox: messages are claimed, sent, and marked as sent. At least once, each target in its own time.

A message is claimed in a transaction of its own, so that of several processes one sends it. Whoever dies between
sending and marking leaves the claim to run out, and the message goes out again, with the same id.
"""

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timedelta
from random import random

from cloud_sync.domain.alerts import retry_after
from cloud_sync.errors import DatabaseDown
from cloud_sync.notify.channels.apprise_urls import send_by_apprise
from cloud_sync.notify.channels.mail import send_mail
from cloud_sync.notify.channels.webhooks import send_webhook
from cloud_sync.notify.links import Linker
from cloud_sync.notify.message import Message, PaperFile
from cloud_sync.notify.outside import NotDelivered
from cloud_sync.notify.settings import AlertSettings
from cloud_sync.storage.database import Database, Row
from cloud_sync.storage.queries import queries

CLAIM = timedelta(seconds=90)
"""Longer than any sending takes; so long a message waits whose sender was killed."""
AT_ONCE = 16
"""Targets that are sent to at the same time."""

log = logging.getLogger(__name__)

Send = Callable[[Message, Row], None]
"""Hand a message over to the target of a claimed row. Raises ``NotDelivered``."""


class Outbox:
    """Sends what is due. ``clock`` gives aware UTC; ``send`` may be another way than the channels'."""

    def __init__(
        self,
        database: Database,
        settings: AlertSettings,
        *,
        clock: Callable[[], datetime],
        send: Send | None = None,
        spread: Callable[[], float] = random,
    ) -> None:
        self._database = database
        self._settings = settings
        self._clock = clock
        self._send = send or self._by_channel
        self._spread = spread
        self._linker: Linker | None = None
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="alerts")
        self._busy: dict[str, Future[bool]] = {}

    def close(self) -> None:
        """Wait for what is being sent."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def start_due(self) -> int:
        """Begin to send what is due, without waiting for it: one message to each target at a time. Gives how many."""
        self._busy = {target: future for target, future in self._busy.items() if not future.done()}
        due = self._due(list(self._busy))
        for row in due:
            self._busy[row["target"]] = self._pool.submit(self.deliver, row["id"])
        return len(due)

    def deliver_due(self) -> int:
        """Send all that is due, one after another, and what it leaves due; gives how many messages were handed over."""
        handed_over = 0
        while due := self._due([]):
            handed_over += sum([self.deliver(row["id"]) for row in due])
        return handed_over

    def deliver(self, message_id: int) -> bool:
        """Send one message, if nobody else does; whether it was handed over."""
        try:
            return self._deliver(message_id)
        except DatabaseDown:
            return False  # told by the database itself; the claim runs out
        except Exception:  # one message must not end the thread that sends the others
            log.exception("alert message %d could not be sent", message_id)
            return False

    def _due(self, busy: list[str]) -> list[Row]:
        with self._database.transaction() as connection:
            return list(queries("alerts").due_messages(connection, at=self._clock(), busy=busy))

    def _deliver(self, message_id: int) -> bool:
        at = self._clock()
        with self._database.transaction() as connection:
            row = queries("alerts").claim_message(connection, id=message_id, at=at, until=at + CLAIM)
            if row is None:
                return False
            alerts = list(queries("alerts").alerts_of_message(connection, message_id=message_id))
            paper = queries("papers").paper_of_message(connection, message_id=message_id)
        try:
            self._send(self._message(row, alerts, paper, at), row)
        except NotDelivered as error:
            self._note_failure(row, str(error))
            return False
        except Exception as error:
            self._note_failure(row, f"a defect of the ledger: {type(error).__name__}")
            raise
        self._note_success(row)
        return True

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

    def _note_success(self, row: Row) -> None:
        at = self._clock()
        with self._database.transaction() as connection:
            queries("alerts").note_sent(connection, id=row["id"], at=at)
            queries("papers").forget_paper(connection, message_id=row["id"])
            failed_since = queries("alerts").note_target_well(connection, name=row["target"], at=at)
        if failed_since is not None:
            log.warning("alerts reach %s again, after %.0f s", row["target"], (at - failed_since).total_seconds())

    def _note_failure(self, row: Row, reason: str) -> None:
        at = self._clock()
        with suppress(DatabaseDown), self._database.transaction() as connection:
            queries("alerts").note_not_sent(connection, id=row["id"], last_error=reason)
            failures = queries("alerts").note_target_failed(connection, name=row["target"], at=at, last_error=reason)
            until = at + retry_after(failures, self._spread())
            queries("alerts").leave_target_alone(connection, name=row["target"], until=until)
            if failures == 1:
                log.warning("alerts do not reach %s: %s", row["target"], reason)
