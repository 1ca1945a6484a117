"""What goes to other systems: every kind of event, signed, once and again, whatever fails between."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from threading import Event
from typing import Any

import psycopg
import pytest

from cloud_sync.actions.interop.connections import prune_deliveries
from cloud_sync.domain.connections import ConnectionSettings
from cloud_sync.domain.standard_webhooks import check_signature
from cloud_sync.notify.exchange import ConnectionOutbox, follow_connections
from cloud_sync.notify.following import follow_once
from cloud_sync.notify.settings import AlertSettings
from cloud_sync.notify.worker import Alerting
from cloud_sync.posting.interop.deliveries import queue_delivery
from cloud_sync.seal.sealing import seal_once
from cloud_sync.storage.database import Database
from cloud_sync.storage.events import add_event
from tests.support.alert_parts import Receiver, webhook_receiver
from tests.support.ledger_api import NOW, Api, api_on
from tests.support.people import Clock

WAIT_S = 30
SETTINGS = ConnectionSettings(private_hosts=frozenset({"localhost"}))


@dataclass
class Exchange:
    """A ledger with an outbox, and a system that receives."""

    api: Api
    database: Database
    receiver: Receiver
    clock: Clock
    outbox: ConnectionOutbox
    secret: str = ""

    def connect(self, *kinds: str, **more: Any) -> None:
        said = {"url": self.receiver.url, "event_kinds": list(kinds), **more}
        self.secret = self.api.administrator.ok("PUT", "/v1/connections/erp", json=said)["secret"] or self.secret

    def passes(self, **time: float) -> None:
        self.clock.now += timedelta(**time)
        seal_once(self.database)
        while follow_connections(self.database):
            pass
        self.outbox.deliver_due()

    def got(self) -> list[tuple[str, str]]:
        """Message ids, as their signatures prove them, and kinds."""
        return [
            (check_signature(self.secret, headers, body, at=self.clock.now), headers["lotwarden-kind"])
            for headers, body in self.receiver.requests
        ]

    def happens(self, kind: str, number: int) -> None:
        with self.database.transaction() as connection:
            add_event(connection, actor="test", kind=kind, subject=f"test:{number}")

    @property
    def state(self) -> dict[str, Any]:
        (row,) = self.api.reader.ok("GET", "/v1/connections")
        found: dict[str, Any] = row
        return found


@pytest.fixture
def exchange(database: Database) -> Iterator[Exchange]:
    clock = Clock()
    clock.now = NOW
    with api_on(database, connection_settings=SETTINGS) as api, webhook_receiver() as receiver:
        outbox = ConnectionOutbox(database, SETTINGS, clock=lambda: clock.now, spread=lambda: 0.5)
        yield Exchange(api, database, receiver, clock, outbox)
        outbox.close()


def test_every_kind_of_event_arrives_signed_and_nothing_is_lost_while_nobody_answers(exchange: Exchange) -> None:
    exchange.connect("*")
    exchange.api.house()
    exchange.api.receive("L1", 5)
    exchange.passes(seconds=1)
    ids = [message_id for message_id, _ in exchange.got()]
    kinds = {kind for _, kind in exchange.got()}
    assert {"connection_put", "place_added", "item_added", "moved"} <= kinds
    assert len(set(ids)) == len(ids)
    exchange.passes(seconds=1)  # what the ledger said while it sealed: it made its key
    exchange.receiver.status = 503
    exchange.happens("hold_placed", 1)
    exchange.happens("hold_placed", 2)
    for _ in range(3):
        exchange.passes(seconds=30)
    waiting = exchange.api.reader.rows("/v1/connections/erp/deliveries", only_unsent=True)
    assert [row["kind"] for row in waiting] == ["hold_placed", "hold_placed"]
    assert exchange.state["last_error"] == "localhost answered 503"
    exchange.receiver.status = 204
    exchange.receiver.requests.clear()
    exchange.passes(minutes=1)
    assert [kind for _, kind in exchange.got()] == ["hold_placed", "hold_placed"]
    assert exchange.state["unsent"] == 0
    assert exchange.state["failing_since"] is None


def test_what_is_sent_again_has_the_id_that_it_had_and_a_connection_that_comes_late_gets_all_from_the_start(
    exchange: Exchange,
) -> None:
    for number in range(3):
        exchange.happens("hold_placed", number)
    exchange.happens("moved", 4)
    exchange.passes(seconds=1)
    exchange.connect("hold_placed")
    exchange.happens("hold_placed", 5)
    exchange.passes(seconds=1)
    assert len(exchange.got()) == 1  # from now on
    exchange.receiver.requests.clear()
    exchange.api.administrator.ok("POST", "/v1/connections/erp/replay", json={"after": 0, "reason": "a new receiver"})
    exchange.passes(seconds=1)
    first = exchange.got()
    assert [kind for _, kind in first] == ["hold_placed"] * 4
    exchange.receiver.requests.clear()
    exchange.api.administrator.ok("POST", "/v1/connections/erp/replay", json={"after": 0, "reason": "again"})
    exchange.passes(seconds=1)
    assert sorted(exchange.got()) == sorted(first)


def test_the_feed_has_what_was_committed_late_behind_what_was_committed_before(exchange: Exchange) -> None:
    with psycopg.connect(exchange.database.url) as slow:
        slow.execute("INSERT INTO event (actor, kind, subject) VALUES ('amy', 'moved', 'test:1')")
        exchange.happens("moved", 2)
        seal_once(exchange.database)
        feed = exchange.api.reader.ok("GET", "/v1/feed?kind=moved")
        assert [row["subject"] for row in feed["rows"]] == ["test:2"]
        slow.commit()
    seal_once(exchange.database)
    later = exchange.api.reader.ok("GET", f"/v1/feed?kind=moved&after={feed['next']}")
    assert [row["subject"] for row in later["rows"]] == ["test:1"]
    assert later["rows"][0]["id"] < feed["rows"][0]["id"]
    one_by_one, after = [], 0
    while True:
        page = exchange.api.reader.ok("GET", f"/v1/feed?limit=1&after={after}")
        one_by_one += page["rows"]
        after = page["next"]
        if not page["more"]:
            break
    assert one_by_one == exchange.api.reader.ok("GET", "/v1/feed?limit=1000")["rows"]


def test_a_connection_that_fails_for_days_is_paused_with_an_alert_and_resumed_it_gets_everything(
    exchange: Exchange,
) -> None:
    exchange.connect("hold_placed")
    exchange.receiver.status = 500
    exchange.happens("hold_placed", 1)
    exchange.passes(seconds=1)
    exchange.passes(hours=71)
    assert exchange.state["paused_at"] is None
    exchange.passes(hours=2)
    assert exchange.state["paused_at"] is not None
    follow_once(exchange.database, exchange.clock.now)
    (alert,) = exchange.api.reader.rows("/v1/alerts", kind="connection_paused")
    assert alert["title"] == "Connection erp is paused"
    tried = len(exchange.receiver.requests)
    exchange.receiver.status = 204
    exchange.happens("hold_placed", 2)
    exchange.passes(hours=1)
    assert len(exchange.receiver.requests) == tried
    exchange.api.administrator.ok("POST", "/v1/connections/erp/resume", json={"reason": "it was repaired"})
    exchange.passes(seconds=1)
    assert len(exchange.receiver.requests) == tried + 2
    assert exchange.state["unsent"] == 0


def test_a_document_goes_out_byte_for_byte_and_queued_twice_goes_out_once(exchange: Exchange) -> None:
    exchange.connect()
    content = b'<?xml version="1.0"?><epcis/>\n'
    for _ in range(2):
        with exchange.database.transaction() as connection:
            queue_delivery(connection, "erp", "epcis", content, "application/xml")
    exchange.passes(seconds=1)
    ((headers, body),) = exchange.receiver.requests
    assert body == content
    assert headers["content-type"] == "application/xml"
    exchange.got()  # it is signed


def test_for_a_day_after_a_new_secret_messages_carry_both_signatures(exchange: Exchange) -> None:
    exchange.connect("hold_placed")
    before = exchange.secret
    exchange.secret = exchange.api.administrator.ok("POST", "/v1/connections/erp/secret")["secret"]
    for hours in (1, 25):
        exchange.receiver.requests.clear()
        exchange.happens("hold_placed", hours)
        exchange.passes(hours=hours)
        exchange.got()
        ((headers, _),) = exchange.receiver.requests
        assert len(headers["webhook-signature"].split()) == (2 if hours == 1 else 1)
    assert before != exchange.secret


def test_the_task_that_runs_in_the_ledger_sends_what_is_committed_and_only_where_it_leads(exchange: Exchange) -> None:
    exchange.connect("hold_placed")
    exchange.happens("hold_placed", 1)
    seal_once(exchange.database)
    asked = Event()

    def leads() -> bool:
        asked.set()
        return False

    with Alerting(exchange.database, AlertSettings(), SETTINGS, every_s=0.02, leads=leads):
        assert asked.wait(WAIT_S)
    assert exchange.receiver.requests == []
    with Alerting(exchange.database, AlertSettings(), SETTINGS, every_s=0.02):
        assert exchange.receiver.arrived.wait(WAIT_S)
    ((headers, _),) = exchange.receiver.requests
    assert headers["lotwarden-kind"] == "hold_placed"


def test_old_deliveries_are_taken_away_and_what_waits_is_not(exchange: Exchange) -> None:
    exchange.connect("tried")
    exchange.happens("tried", 1)
    exchange.passes(seconds=1)
    sent_at = exchange.clock.now
    exchange.receiver.status = 503
    exchange.happens("tried", 2)
    exchange.passes(days=1)

    def known() -> list[bool]:
        rows = exchange.api.reader.rows("/v1/connections/erp/deliveries")
        return sorted(row["sent_at"] is not None for row in rows)

    assert known() == [False, True]
    assert prune_deliveries(exchange.database, sent_at) == 0
    assert prune_deliveries(exchange.database, sent_at + timedelta(hours=1)) == 1
    assert known() == [False]
    assert prune_deliveries(exchange.database, exchange.clock.now + timedelta(days=999)) == 0
