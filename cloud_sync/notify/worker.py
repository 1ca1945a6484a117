"""The task that makes and sends alerts, and what goes to other systems, in every process of the ledger; the one that
leads does it."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Event, Thread
from typing import Self

from cloud_sync.actions.billing.reconciliation import reconcile_due
from cloud_sync.actions.interop.epcis_subscriptions import tell_subscribers
from cloud_sync.actions.papers.schedules import mail_due_papers
from cloud_sync.actions.planning.anomalies import look_for_anomalies
from cloud_sync.domain.connections import ConnectionSettings
from cloud_sync.errors import DatabaseDown, Overtaken
from cloud_sync.notify.conditions import look_once
from cloud_sync.notify.delivery import Outbox, Send
from cloud_sync.notify.escalation import escalate_once
from cloud_sync.notify.exchange import ConnectionOutbox, follow_connections
from cloud_sync.notify.following import follow_once
from cloud_sync.notify.outside import NotDelivered, post
from cloud_sync.notify.settings import AlertSettings
from cloud_sync.storage.database import Database

EVERY_S = 0.25
"""How long what is committed may wait before it is followed."""
LOOK_S = 1.0
LOOK_EVERY = timedelta(seconds=15)
"""How often silence and the like are looked for."""
ESCALATE_EVERY = timedelta(seconds=5)
CHARGES_EVERY = timedelta(hours=6)
"""How often charges of the last days are held against stock."""
ANOMALIES_EVERY = timedelta(days=1)
"""How often use, counts and sensors are looked through for what is unusual."""
PAPERS_EVERY = timedelta(minutes=1)
"""How often scheduled papers are looked for."""

NO_CONNECTIONS = ConnectionSettings()

log = logging.getLogger(__name__)


class Alerting:
    """A thread that tells people what happens, if its process leads. Any number of ledgers may each have one."""

    def __init__(
        self,
        database: Database,
        settings: AlertSettings,
        connections: ConnectionSettings = NO_CONNECTIONS,
        *,
        every_s: float = EVERY_S,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        leads: Callable[[], bool] = lambda: True,
        send: Send | None = None,
    ) -> None:
        self._database = database
        self._settings = settings
        self._clock = clock
        self._leads = leads
        self._outbox = Outbox(database, settings, clock=clock, send=send)
        self._to_systems = ConnectionOutbox(database, connections, clock=clock)
        self._last: dict[str, datetime] = {}
        self._trouble: dict[str, str] = {}
        self._stop = Event()
        self._threads = [
            Thread(target=self._run, args=(self.round, every_s), name="alerting", daemon=True),
            # Apart: what happens is told at once, however long it takes to look through all that there is.
            Thread(target=self._run, args=(self.look, LOOK_S), name="conditions", daemon=True),
            # Other systems may be slow, and they are no alerts.
            Thread(target=self._run, args=(self.exchange, every_s), name="exchange", daemon=True),
            # A paper of a month takes seconds to draw.
            Thread(target=self._run, args=(self.print_due, LOOK_S), name="papers", daemon=True),
        ]
        self._heart = Thread(target=self._beat, name="heartbeat", daemon=True)
        self._is_well = Event()

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        if self._settings.heartbeat_url:
            self._heart.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()
        self._outbox.close()
        self._to_systems.close()

    def round(self) -> None:
        """Follow, and begin to send. Raises what these raise."""
        follow_once(self._database, self._clock())
        self._outbox.start_due()

    def look(self) -> None:
        """Look for what is the case, and for what nobody acknowledged. Raises what these raise."""
        now = self._clock()
        if self._is_time("look", LOOK_EVERY, now):
            look_once(self._database, self._settings, now)
        if self._is_time("anomalies", ANOMALIES_EVERY, now):
            look_for_anomalies(self._database, at=now)
        if self._is_time("charges", CHARGES_EVERY, now):
            reconcile_due(self._database, at=now)
        if self._is_time("escalate", ESCALATE_EVERY, now):
            escalate_once(self._database, now)

    def exchange(self) -> None:
        """Queue what other systems are to be told, and begin to send it. Raises what these raise."""
        follow_connections(self._database)
        tell_subscribers(self._database, self._clock())
        self._to_systems.start_due()

    def print_due(self) -> None:
        """Make scheduled papers and put them into the outbox. Raises what that raises."""
        now = self._clock()
        if self._is_time("papers", PAPERS_EVERY, now):
            mail_due_papers(self._database, now, self._settings.public_url)

    def _run(self, once: Callable[[], None], every_s: float) -> None:
        while not self._stop.wait(every_s):
            if not self._leads():
                self._is_well.clear()
                continue
            try:
                once()
            except Overtaken:
                continue
            except DatabaseDown:
                self._is_well.clear()  # told by the database itself
            except Exception as error:  # noqa: BLE001 - the next round tries again; nobody must wait for alerts for ever
                self._is_well.clear()
                self._say(once.__name__, f"alerts wait: {type(error).__name__}: {error}")
            else:
                self._say(once.__name__, "")
                if not any(self._trouble.values()):
                    self._is_well.set()

    def _beat(self) -> None:
        """Tell a watchman outside that all is well; if that stops, he calls."""
        was_told = True
        while not self._stop.wait(self._settings.heartbeat_every.total_seconds()):
            if not self._is_well.is_set():
                continue
            try:
                post(self._settings.heartbeat_url, b"", {}, self._settings.private_hosts)
            except NotDelivered as error:
                if was_told:
                    log.warning("the heartbeat is not received: %s", error)
                was_told = False
            else:
                was_told = True

    def _is_time(self, what: str, every: timedelta, now: datetime) -> bool:
        # A clock that was set back must not keep it from happening.
        if what in self._last and abs(now - self._last[what]) < every:
            return False
        self._last[what] = now
        return True

    def _say(self, what: str, trouble: str) -> None:
        before = self._trouble.get(what, "")
        if trouble and trouble != before:
            log.error("%s", trouble)
        elif before and not trouble:
            log.warning("alerts go on")
        self._trouble[what] = trouble
