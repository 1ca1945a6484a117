"""The task that runs in the ledger: real time, real mail, many alerts, two leaders, and the heartbeat."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from threading import Event

import psycopg
import pytest

from cloud_sync.actions.alerts.subscriptions import NewSubscription, put_subscription
from cloud_sync.actions.alerts.targets import NewTarget, put_target
from cloud_sync.domain.alerts import Severity
from cloud_sync.notify.following import follow_once
from cloud_sync.notify.message import Message
from cloud_sync.notify.settings import AlertSettings, MailServer
from cloud_sync.notify.worker import Alerting
from cloud_sync.storage.database import Database, Row
from cloud_sync.storage.events import add_event
from tests.integration.conftest import Said
from tests.support.alert_parts import AlertHouse, Postbox, mail_server, text_of, webhook_receiver
from tests.support.builders import Ledger, minute, reading
from tests.support.people import Clock

WAIT_S = 30


@pytest.fixture
def postbox() -> Iterator[Postbox]:
    with mail_server() as opened:
        yield opened


def subscribed(database: Database) -> None:
    put_target(database, NewTarget("amy", "mail", "amy@example.org"), actor="test")
    put_subscription(database, NewSubscription("all", "amy", Severity.INFO), actor="test")


def settings(postbox: Postbox) -> AlertSettings:
    mail = MailServer("127.0.0.1", postbox.port, "none", "lotwarden@example.org")
    return AlertSettings(mail=mail, private_hosts=frozenset({"localhost"}))


def test_the_task_tells_of_an_excursion_by_mail_and_beats_outside(ledger: Ledger, say: Said, postbox: Postbox) -> None:
    subscribed(ledger.database)
    with webhook_receiver() as watchman:
        beats = {"heartbeat_url": watchman.url, "heartbeat_every": timedelta(milliseconds=50)}
        with Alerting(ledger.database, replace(settings(postbox), **beats), every_s=0.02):
            say(reading(minute(1), 5.0), reading(minute(2), 12.5))
            assert postbox.arrived.wait(WAIT_S)
            assert watchman.arrived.wait(WAIT_S)
    assert any("too warm, 12.5 °C" in text_of(mail) for mail in postbox.mails)


def test_a_process_that_does_not_lead_tells_nothing(ledger: Ledger, say: Said, postbox: Postbox) -> None:
    subscribed(ledger.database)
    say(reading(minute(1), 5.0), reading(minute(2), 12.5))
    asked = Event()

    def leads() -> bool:
        asked.set()
        return False

    with Alerting(ledger.database, settings(postbox), every_s=0.01, leads=leads):
        assert asked.wait(WAIT_S)
    assert postbox.mails == []


def test_an_event_that_commits_late_with_an_early_number_is_not_missed_and_none_is_told_twice(
    ledger: Ledger, postbox: Postbox
) -> None:
    subscribed(ledger.database)
    with psycopg.connect(ledger.database.url) as slow:
        slow.execute(
            "INSERT INTO event (actor, kind, subject, reason)"
            " VALUES ('amy', 'recall_opened', 'recall:1', 'the early one')"
        )
        with ledger.database.transaction() as connection:
            add_event(connection, actor="bo", kind="recall_opened", subject="recall:2", reason="the late one")
        assert follow_once(ledger.database, minute(0)) == 1
        assert follow_once(ledger.database, minute(1)) == 0
        slow.commit()
    assert follow_once(ledger.database, minute(2)) == 1
    titles = [row["title"] for row in ledger.rows("SELECT title FROM alert ORDER BY id")]
    assert titles == ["Recall opened: the late one", "Recall opened: the early one"]
    ledger.run("UPDATE alert_watermark SET seen = '999999999:999999999:'")  # restored on a server that is younger
    with ledger.database.transaction() as connection:
        add_event(connection, actor="bo", kind="recall_opened", subject="recall:3", reason="after the move")
    assert [follow_once(ledger.database, minute(3)) for _ in range(2)] == [1, 0]


def test_a_thousand_alerts_of_one_minute_arrive_in_few_messages_and_none_is_lost(
    ledger: Ledger, postbox: Postbox
) -> None:
    clock = Clock()
    clock.now = minute(0)
    house = AlertHouse(ledger.database, postbox, clock)
    subscribed(ledger.database)
    for second in range(0, 60, 5):
        with ledger.database.transaction() as connection:
            for number in range(100 if second else 0):
                add_event(connection, actor="q", kind="recall_opened", subject=f"recall:{second * 100 + number + 1}",
                          reason=f"number {second}-{number}.")  # fmt: skip
        house.passes(seconds=5)
    house.passes(seconds=60)
    house.outbox.close()
    told = "".join(text_of(mail) for mail in postbox.mails)
    assert all(f"number {second}-{number}." in told for second in range(5, 60, 5) for number in range(100))
    assert len(postbox.mails) <= 8


def test_two_leaders_send_each_message_once(ledger: Ledger, say: Said, postbox: Postbox) -> None:
    subscribed(ledger.database)
    say(reading(minute(1), 5.0), reading(minute(2), 12.5))
    clock = Clock()
    clock.now = minute(3)
    sent: list[int] = []
    meanwhile: list[int] = []

    def send(message: Message, _: Row) -> None:
        if not sent:
            sent.append(message.id)
            meanwhile.append(other.passes(seconds=0))
        else:
            sent.append(message.id)

    other = AlertHouse(ledger.database, postbox, clock, send)
    first = AlertHouse(ledger.database, postbox, clock, send)
    first.passes(seconds=0)
    first.passes(seconds=2)
    assert meanwhile == [0]
    assert len(sent) == len(set(sent)) == 1
    for each in (first, other):
        each.outbox.close()
