"""What happens in the house reaches who has to know: by real mail and real webhooks, with a clock that is moved."""

from collections.abc import Iterator
from datetime import time

import pytest

from cloud_sync.actions.alerts.alerts import acknowledge, acknowledge_by_link, alerts_by_link, list_alerts
from cloud_sync.actions.alerts.subscriptions import EscalationStep
from cloud_sync.actions.alerts.targets import NewTarget, list_targets, put_target
from cloud_sync.domain.alerts import AlertKind, Severity
from cloud_sync.domain.standard_webhooks import NotSigned, check_signature
from cloud_sync.notify.channels.mail import send_mail
from cloud_sync.notify.links import LinkNotGood
from cloud_sync.notify.message import Message
from cloud_sync.storage.database import Row
from edge_agent.domain.wire.records import Action
from tests.integration.conftest import Said
from tests.support.alert_parts import AlertHouse, Postbox, mail_server, text_of, webhook_receiver
from tests.support.builders import Ledger, line, minute, reading, scan
from tests.support.people import Clock


@pytest.fixture
def postbox() -> Iterator[Postbox]:
    with mail_server() as opened:
        yield opened


@pytest.fixture
def house(ledger: Ledger, postbox: Postbox) -> Iterator[AlertHouse]:
    clock = Clock()
    clock.now = minute(0)
    made = AlertHouse(ledger.database, postbox, clock)
    for name in ("amy", "bo"):
        made.mail_to(name)
    yield made
    made.outbox.close()


def link_in(text: str) -> str:
    return text.split("/alerts/by-link/")[1].split()[0]


def test_an_excursion_is_mailed_at_once_and_its_end_and_who_got_it_acknowledges_by_the_link(
    house: AlertHouse, ledger: Ledger, say: Said, postbox: Postbox
) -> None:
    house.subscribe("everything", "amy")
    say(scan(minute(0), Action.RECEIVE, "acme", "fridge-a", line(10, "L<7>")))
    say(reading(minute(1), 5.0), reading(minute(2), 12.5))
    assert house.passes(seconds=0) == 0, "messages of the same second go together"
    assert house.passes(seconds=1) == 1
    (mail,) = postbox.to("amy@example.org")
    text = text_of(mail)
    assert mail["Subject"] == "[ACTION] 2 alerts at site: 1 × excursion began, 1 × hold placed"
    assert "ACTION: fridge-a: too warm, 12.5 °C" in text
    assert "Since 01 Mar 2026 12:02 (UTC), by probe-a at gateway gw-1." in text
    assert "1 lot on hold: insulin L<7>" in text
    assert "insulin L&lt;7&gt;" in text_of(mail, "html")

    code = link_in(text)
    assert alerts_by_link(ledger.database, code, house.clock())[0] == "amy"
    assert len(list_alerts(ledger.database, only_open=True, kind=None, rows_max=9)) == 2, "looking acknowledges nothing"
    assert len(acknowledge_by_link(ledger.database, code, "on my way", house.clock())) == 2
    assert [(each["actor"], each["reason"]) for each in ledger.events("alert_acknowledged")] == [
        ("amy (by link)", "on my way")
    ] * 2
    assert acknowledge_by_link(ledger.database, code, "again", house.clock()) == []
    for wrong in (code[:-1] + ("A" if code[-1] != "A" else "B"), "1.2", code.replace(code.split(".")[0], "999", 1)):
        with pytest.raises(LinkNotGood):
            alerts_by_link(ledger.database, wrong, house.clock())

    say(reading(minute(5), 5.0))
    house.passes(seconds=0)
    assert house.passes(seconds=2) == 1
    ended = postbox.to("amy@example.org")[1]
    assert ended["Subject"] == "[INFO] fridge-a: too warm ended"
    assert "\nFrom 01 Mar 2026 12:02 (UTC) to 01 Mar 2026 12:05 (UTC), worst value 12.5 °C" in text_of(ended)
    house.clock.passes(days=8)
    with pytest.raises(LinkNotGood, match="expired"):
        alerts_by_link(ledger.database, code, house.clock())


def test_nobody_acknowledges_so_it_goes_to_the_next_one(house: AlertHouse, say: Said, postbox: Postbox) -> None:
    house.subscribe("cold", "amy", Severity.ACTION, escalation=(EscalationStep(10, "bo"), EscalationStep(20, "amy")))
    say(reading(minute(1), 5.0), reading(minute(2), 12.5))
    house.passes(seconds=0)
    house.passes(seconds=2)
    house.passes(minutes=9)
    assert (len(postbox.to("amy@example.org")), len(postbox.to("bo@example.org"))) == (1, 0)
    house.passes(minutes=1)
    house.passes(seconds=2)
    (mail,) = postbox.to("bo@example.org")
    assert mail["Subject"] == "[NOT ACKNOWLEDGED] fridge-a: too warm, 12.5 °C"
    (alert,) = list_alerts(house.database, only_open=True, kind=None, rows_max=9)
    acknowledge(house.database, [alert["id"]], "door was open", house.clock(), actor="bo")
    house.passes(minutes=15)
    house.passes(seconds=2)
    assert len(postbox.mails) == 2, "what is acknowledged is escalated no further"


def test_a_dead_target_holds_up_nobody_is_told_of_and_gets_everything_once_it_works(
    house: AlertHouse, say: Said, postbox: Postbox
) -> None:
    house.subscribe("amy", "amy", Severity.ACTION, escalation=(EscalationStep(60, "bo"),))
    house.subscribe("bo", "bo", kinds=(AlertKind.NO_DATA, AlertKind.UNDELIVERED))
    postbox.refuses.add("amy@example.org")
    say(reading(minute(1), 5.0), reading(minute(2), 12.5))
    house.passes(seconds=0)
    for _ in range(12):
        house.passes(seconds=15)
    assert postbox.to("amy@example.org") == []
    told = {str(mail["Subject"]) for mail in postbox.to("bo@example.org")}
    assert told == {"[ACTION] Alerts to amy are not delivered", "[NOT ACKNOWLEDGED] fridge-a: too warm, 12.5 °C"}
    (row,) = [each for each in list_targets(house.database) if each["name"] == "amy"]
    assert row["unsent"] == 1 and "550 5.1.1 no such user" in row["last_error"]
    postbox.refuses.clear()
    house.passes(minutes=20)
    assert [mail["Subject"] for mail in postbox.to("amy@example.org")] == ["[ACTION] fridge-a: too warm, 12.5 °C"]
    assert all(each["unsent"] == 0 and each["failing_since"] is None for each in list_targets(house.database))


def test_a_power_cut_in_a_building_is_one_message_with_a_list(
    house: AlertHouse, ledger: Ledger, postbox: Postbox
) -> None:
    house.subscribe("everything", "amy")
    for number in range(40):
        ledger.run(
            "INSERT INTO gateway (name, public_key, place_id, last_seen_at)"
            " SELECT %(name)s::text, sha256(%(name)s::text::bytea), id, %(at)s FROM place WHERE name = 'site'",
            {"name": f"room-{number:02}", "at": minute(number / 600)},
        )
    house.passes(minutes=16)
    assert postbox.mails == []
    house.passes(seconds=10)
    house.passes(seconds=11)
    (mail,) = postbox.mails
    assert mail["Subject"] == "[ALERT] 40 alerts at site: 40 × gateway silent"
    assert all(f"Gateway room-{number:02} silent" in text_of(mail) for number in range(40))
    ledger.run("UPDATE gateway SET last_seen_at = %(at)s", {"at": house.clock()})
    house.passes(seconds=1)
    house.passes(seconds=21)
    assert [mail["Subject"] for mail in postbox.mails[1:]] == ["[INFO] 40 alerts at site: 40 × gateway back"]


def test_quiet_hours_mute_no_product_risk(house: AlertHouse, ledger: Ledger, say: Said, postbox: Postbox) -> None:
    quiet = {"quiet_from": time(11), "quiet_until": time(14), "zone": "UTC"}
    house.subscribe("everything", "amy", **quiet)
    ledger.run("UPDATE gateway SET last_seen_at = %(at)s", {"at": minute(0)})
    house.passes(minutes=16)
    say(reading(minute(17), 5.0), reading(minute(18), 12.5))
    house.passes(seconds=0)
    house.passes(seconds=30)
    assert [mail["Subject"] for mail in postbox.mails] == ["[ACTION] fridge-a: too warm, 12.5 °C"]
    house.passes(minutes=100)
    assert len(postbox.mails) == 1
    house.passes(minutes=10)
    (mail,) = postbox.mails[1:]
    assert "ALERT: Gateway gw-1 silent" in text_of(mail), "what waited comes as one list"


def test_what_comes_and_goes_is_a_list_every_quarter_of_an_hour(house: AlertHouse, say: Said, postbox: Postbox) -> None:
    house.subscribe("begins", "amy", kinds=(AlertKind.EXCURSION_BEGAN,))
    for number in range(12):
        say(reading(minute(2 * number + 1), 12.5), reading(minute(2 * number + 2), 5.0))
        house.passes(seconds=1)
        house.passes(seconds=59)
    assert len(postbox.mails) == 3
    house.passes(minutes=7)
    assert len(postbox.mails) == 4
    assert "comes and goes" in text_of(postbox.mails[3])
    assert text_of(postbox.mails[3]).count("too warm, 12.5 °C") == 9, "nothing is lost"


def test_a_leader_killed_between_sending_and_marking_sends_again_and_loses_nothing(
    house: AlertHouse, say: Said, postbox: Postbox
) -> None:
    house.subscribe("everything", "amy", Severity.ACTION)
    say(reading(minute(1), 5.0), reading(minute(2), 12.5))
    house.passes(seconds=0)
    house.clock.passes(seconds=2)

    class KilledError(BaseException):
        """As a kill: nothing after it runs."""

    def killed(message: Message, row: Row) -> None:
        send_mail(message, row["address"], house.settings.mail, house.clock())
        raise KilledError

    with pytest.raises(KilledError):
        AlertHouse(house.database, postbox, house.clock, killed).outbox.deliver_due()
    assert house.passes(seconds=30) == 0, "as long as the claim lasts, nobody else sends it"
    assert house.passes(seconds=61) == 1
    first, second = postbox.mails
    assert first["Message-ID"] == second["Message-ID"], "a mail program shows it once"
    assert house.passes(minutes=10) == 0


def test_a_webhook_is_signed_and_goes_to_no_private_address_that_is_not_allowed(house: AlertHouse, say: Said) -> None:
    with webhook_receiver() as receiver:
        secret = put_target(house.database, NewTarget("pager", "webhook", receiver.url), actor="test")
        private = receiver.url.replace("localhost", "127.0.0.1")
        put_target(house.database, NewTarget("inside", "webhook", private), actor="test")
        house.subscribe("pager", "pager", Severity.ACTION)
        house.subscribe("inside", "inside", Severity.ACTION)
        say(reading(minute(1), 5.0), reading(minute(2), 12.5))
        house.passes(seconds=0)
        receiver.status = 302
        house.passes(seconds=2)
        assert len(receiver.requests) == 1, "no redirect is followed"
        receiver.status = 200
        house.passes(seconds=10)
        (_, (headers, body)) = receiver.requests
        assert check_signature(secret, headers, body, at=house.clock()) == receiver.requests[0][0]["webhook-id"]
        for wrong in (headers | {"webhook-id": "msg_9"}, headers | {"webhook-signature": "v1,AAAA"}, {}):
            with pytest.raises(NotSigned):
                check_signature(secret, wrong, body, at=house.clock())
        with pytest.raises(NotSigned, match="more than"):
            check_signature(secret, headers, body, at=minute(30))
        assert receiver.bodies()[1]["data"]["alerts"][0]["title"] == "fridge-a: too warm, 12.5 °C"
        rows = {row["name"]: row for row in list_targets(house.database)}
        assert "private" in rows["inside"]["last_error"] or "without TLS" in rows["inside"]["last_error"]
        assert "/hook" not in str(rows) and secret not in str(rows)
