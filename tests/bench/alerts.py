"""How soon somebody is told: from the batch with the reading at the ledger's door to the mail at the mail server; and a
thousand alerts in one minute. Mails go to a real SMTP server in this process.

``LOTWARDEN_ALERTS`` is how many excursions are measured.
"""

import os
import re
import uuid
from functools import cache
from time import perf_counter, sleep

from cloud_sync.actions.alerts.subscriptions import NewSubscription, put_subscription
from cloud_sync.actions.alerts.targets import NewTarget, put_target
from cloud_sync.domain.alerts import Severity
from cloud_sync.ingest.batches import store_batch
from cloud_sync.ingest.receipts import BatchOutcome
from cloud_sync.notify.settings import AlertSettings, MailServer
from cloud_sync.notify.worker import Alerting
from cloud_sync.storage.database import Database
from cloud_sync.storage.events import add_event
from tests.bench.figure import Figure
from tests.bench.ledger import new_database
from tests.bench.pace import quantile
from tests.support.alert_parts import Postbox, mail_server, text_of
from tests.support.builders import GatewayWithKey, Ledger, minute, reading

EXCURSIONS = int(os.environ.get("LOTWARDEN_ALERTS", "200"))
STORM, STORM_S = 1000, 60
WAIT_S = 150


def _subscribed(database: Database) -> None:
    put_target(database, NewTarget("amy", "mail", "amy@example.org"), actor="bench")
    put_subscription(database, NewSubscription("all", "amy", Severity.ACTION), actor="bench")


def _settings(postbox: Postbox) -> AlertSettings:
    return AlertSettings(mail=MailServer("127.0.0.1", postbox.port, "none", "lotwarden@example.org"))


def _wait(postbox: Postbox, count: int) -> None:
    until = perf_counter() + WAIT_S
    while len(postbox.mails) < count:
        if perf_counter() > until:
            raise AssertionError(f"only {len(postbox.mails)} of {count} mails within {WAIT_S} s")
        postbox.arrived.wait(0.5)
        postbox.arrived.clear()


def alert_mail_p99_s() -> Figure:
    """An excursion at a time, each at another site, while the ledger does nothing else."""
    ledger = Ledger(new_database("alerts"))
    ledger.add_policy()
    _subscribed(ledger.database)
    gateways = [_site(ledger, number) for number in range(EXCURSIONS)]
    took_s = []
    with mail_server() as postbox, Alerting(ledger.database, _settings(postbox)):
        for number, gateway in enumerate(gateways):
            raw = gateway.batch(reading(minute(1), 5.0), reading(minute(2), 12.5))
            began = perf_counter()
            receipt = store_batch(ledger.database, raw)
            if receipt.outcome is not BatchOutcome.STORED:
                raise AssertionError(receipt.reason)
            _wait(postbox, number + 1)
            took_s.append(perf_counter() - began)
    took_s.sort()
    return Figure(
        "alert_mail_p99_s", quantile(took_s, 0.99), "s", target=3,
        note=f"{EXCURSIONS} excursions one by one, from the batch at the ledger to the mail; median "
        f"{quantile(took_s, 0.5):.2f} s, of which 1 s waits for alerts of the same moment",
    )  # fmt: skip


def _site(ledger: Ledger, number: int) -> GatewayWithKey:
    gateway = GatewayWithKey(name=f"gw-{number}", journal=str(uuid.uuid4()))
    gateway.register(ledger.database)
    site = ledger.add_place(f"site-{number}", "site")
    ledger.run("UPDATE gateway SET place_id = %(site)s WHERE name = %(name)s", {"site": site, "name": gateway.name})
    ledger.add_place(f"fridge-{number}", "room", f"site-{number}", "cold")
    ledger.put_probe(f"fridge-{number}", "probe-a", gateway.name)
    return gateway


@cache
def _storm() -> tuple[int, int]:
    """A thousand alerts in a minute: how many are in no mail, and in how many mails the others are."""
    database = new_database("alert_storm")
    _subscribed(database)
    with mail_server() as postbox, Alerting(database, _settings(postbox)):
        began = perf_counter()
        for number in range(STORM):
            with database.transaction() as connection:
                add_event(connection, actor="q", kind="recall_opened", subject=f"recall:{number + 1}",
                          reason=f"number <{number}>")  # fmt: skip
            sleep(max(0.0, began + (number + 1) * STORM_S / STORM - perf_counter()))
        until = perf_counter() + WAIT_S
        while (found := _numbers(postbox)) < set(range(STORM)) and perf_counter() < until:
            sleep(1)
    return STORM - len(found), len(postbox.mails)


def _numbers(postbox: Postbox) -> set[int]:
    return {int(each) for mail in list(postbox.mails) for each in re.findall(r"number <(\d+)>", text_of(mail))}


def alert_storm_lost() -> Figure:
    """Alerts that are in no mail."""
    lost, _ = _storm()
    return Figure("alert_storm_lost", lost, "alerts", target=0, note=f"{STORM} alerts in {STORM_S} s")


def alert_storm_messages() -> Figure:
    """Mails that tell of them."""
    _, messages = _storm()
    return Figure("alert_storm_messages", messages, "mails", target=10, note=f"{STORM} alerts in {STORM_S} s")


FIGURES = {
    "alert_mail_p99_s": alert_mail_p99_s,
    "alert_storm_lost": alert_storm_lost,
    "alert_storm_messages": alert_storm_messages,
}
