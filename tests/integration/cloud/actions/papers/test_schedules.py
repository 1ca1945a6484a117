"""Papers that go out by mail: made when they are due, once, whoever makes them, and told where they cannot be made."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from cloud_sync.actions.alerts.targets import NewTarget, put_target
from cloud_sync.actions.papers.papers import PaperName, verify_paper
from cloud_sync.actions.papers.schedules import Every, list_schedules, mail_due_papers, next_after, subject_at
from cloud_sync.notify.delivery import Outbox
from cloud_sync.notify.settings import AlertSettings, MailServer
from cloud_sync.notify.worker import Alerting
from cloud_sync.storage.database import Database
from tests.support.alert_parts import PUBLIC_URL, Postbox, mail_server, text_of
from tests.support.ledger_api import NOW, Api, api_on

WAIT_S = 60


@pytest.fixture
def api(database: Database) -> Iterator[Api]:
    with api_on(database) as api:
        api.house()
        put_target(database, NewTarget("qa", "mail", "qa@example.org"), actor="test")
        yield api


@pytest.fixture
def postbox() -> Iterator[Postbox]:
    with mail_server() as opened:
        yield opened


def settings(postbox: Postbox) -> AlertSettings:
    mail = MailServer("127.0.0.1", postbox.port, "none", "lotwarden@example.org")
    return AlertSettings(mail=mail, public_url=PUBLIC_URL)


MONTHLY = {"kind": "room-report", "id": "fridge-a:{last-month}", "target": "qa", "every": "month"}


def test_a_monthly_paper_is_mailed_once_however_many_make_it(api: Api, postbox: Postbox) -> None:
    made = api.quality.ok("PUT", "/v1/paper-schedules/rooms", json=MONTHLY)
    assert (made["next_at"], made["id"]) == ("2026-07-01T06:00:00Z", "fridge-a:{last-month}")
    assert mail_due_papers(api.database, NOW, PUBLIC_URL) == 0, "it is not July yet"
    july = datetime(2026, 7, 1, 6, 1, tzinfo=UTC)
    assert [mail_due_papers(api.database, july, PUBLIC_URL) for _ in range(2)] == [1, 0]
    outbox = Outbox(api.database, settings(postbox), clock=lambda: july)
    assert outbox.deliver_due() == 1
    outbox.close()
    (mail,) = postbox.to("qa@example.org")
    assert mail["Subject"] == "Room report: fridge-a, Jun 2026"
    (attached,) = mail.iter_attachments()
    pdf = attached.get_payload(decode=True)
    assert isinstance(pdf, bytes) and attached.get_filename() == "room-report-fridge-a-2026-06.pdf"
    verdict = verify_paper(api.database, pdf)
    assert verdict.is_good and verdict.envelope.sha256 in text_of(mail)
    assert verdict.envelope.url == f"{PUBLIC_URL}/rooms/fridge-a"
    with api.database.transaction() as connection:
        kept = connection.execute("SELECT pdf FROM alert_message_paper").fetchone()
    assert kept is not None and bytes(kept["pdf"]) == b"", "what names people is not kept after it was sent"
    (row,) = list_schedules(api.database)
    assert row["next_at"] == datetime(2026, 8, 1, 6, tzinfo=UTC)
    (event,) = api.reader.ok("GET", "/v1/events", params={"kind": "paper_mailed"})
    assert event["data"]["sha256"] == verdict.envelope.sha256
    assert api.quality.request("DELETE", "/v1/paper-schedules/rooms").status_code == 204
    assert api.quality.request("DELETE", "/v1/paper-schedules/rooms").status_code == 404
    assert list_schedules(api.database) == []


def test_the_task_makes_what_is_due_and_sends_it(api: Api, postbox: Postbox) -> None:
    api.quality.ok("PUT", "/v1/paper-schedules/daily", json={**MONTHLY, "id": "fridge-a:{this-month}", "every": "day"})
    with Alerting(api.database, settings(postbox), every_s=0.05, clock=lambda: NOW + timedelta(days=1)):
        assert postbox.arrived.wait(WAIT_S)
    assert {mail["Subject"] for mail in postbox.mails} == {"Room report: fridge-a, Jun 2026"}


def test_what_cannot_be_made_is_told_at_once_or_in_the_schedule(api: Api) -> None:
    put = partial(api.quality.request, "PUT", "/v1/paper-schedules/rooms")
    assert put(json={**MONTHLY, "id": "nowhere:{last-month}"}).status_code == 404
    assert put(json={**MONTHLY, "id": "fridge-a:soon"}).status_code == 422
    assert put(json={**MONTHLY, "target": "nobody"}).status_code == 404
    put_target(api.database, NewTarget("hook", "webhook", "https://example.org/x"), actor="test")
    assert "gets no mail" in put(json={**MONTHLY, "target": "hook"}).json()["error"]
    assert put(json={**MONTHLY, "kind": "audit-extract", "id": "@{last-month}"}).status_code == 200
    facilities = api.known_as("fay", "facilities")  # type: ignore[arg-type]
    refused = facilities.request("PUT", "/v1/paper-schedules/a", json={**MONTHLY, "kind": "audit-extract", "id": "@x"})
    assert refused.status_code == 403, "whoever may not read the audit trail has it mailed to nobody"
    with api.database.transaction() as connection:
        connection.execute("UPDATE paper_schedule SET kind = 'lot-history', subject = '99', next_at = now()")
    assert mail_due_papers(api.database, datetime.now(UTC), PUBLIC_URL) == 0
    (row,) = api.reader.ok("GET", "/v1/paper-schedules")
    assert "there is no lot 99" in row["last_error"] and datetime.fromisoformat(row["next_at"]) > datetime.now(UTC)


def test_times_and_months_are_those_of_the_place() -> None:
    late = datetime(2026, 12, 1, 3, tzinfo=UTC)  # the last evening of November in Chicago
    assert subject_at("x:{this-month}:{last-month}", late, "America/Chicago") == "x:2026-11:2026-10"
    assert next_after(late, Every.DAY, "America/Chicago") == datetime(2026, 12, 1, 12, tzinfo=UTC)
    assert next_after(late, Every.WEEK, "UTC") == datetime(2026, 12, 7, 6, tzinfo=UTC)
    assert PaperName("room-report") is PaperName.ROOM
