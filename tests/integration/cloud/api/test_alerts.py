"""Who gets which alerts, by the API: set, tried, shown without secrets, and switched off."""

from collections.abc import Iterator

import pytest

from cloud_sync.notify.delivery import Outbox
from cloud_sync.notify.following import follow_once
from cloud_sync.notify.settings import AlertSettings, MailServer
from tests.support.alert_parts import Postbox, mail_server, text_of
from tests.support.ledger_api import NOW, Api
from tests.support.people import Clock

SECRET = "tgram://123456789:abcdefghijklmnopqrstuvwxyz/12315544/"


@pytest.fixture
def postbox() -> Iterator[Postbox]:
    with mail_server() as opened:
        yield opened


def send(api: Api, postbox: Postbox, **later: float) -> int:
    clock = Clock()
    clock.passes(**later)
    mail = MailServer("127.0.0.1", postbox.port, "none", "lotwarden@example.org")
    follow_once(api.database, NOW)
    outbox = Outbox(api.database, AlertSettings(mail=mail), clock=clock)
    handed_over = outbox.deliver_due()
    outbox.close()
    return handed_over


def test_five_minutes_from_nothing_to_an_alert_that_somebody_acknowledges(api: Api, postbox: Postbox) -> None:
    boss = api.administrator
    made = boss.ok("PUT", "/v1/alert-targets/amy", json={"channel": "mail", "address": "amy@example.org"})
    assert made == {"name": "amy", "secret": ""}
    message = boss.ok("POST", "/v1/alert-targets/amy/test")["message"]
    assert send(api, postbox) == 1
    assert postbox.mails[0]["Subject"] == "[TEST] Lotwarden can reach you"
    assert (
        api.reader.rows("/v1/alert-messages")[0] | {"id": message, "last_error": "", "sent_at": "2026-06-01T12:00:00Z"}
        == (api.reader.rows("/v1/alert-messages")[0])
    )
    boss.ok("PUT", "/v1/alert-subscriptions/all", json={"goes_to": "amy", "severity_min": "action", "site": "main"})
    lot = api.receive("B", 5)
    api.quality.ok("POST", "/v1/holds", json={"lot_id": lot, "reason": "torn box"})
    send(api, postbox)
    assert send(api, postbox, seconds=1) == 1
    assert "Manual hold by quality-1: torn box." in text_of(postbox.mails[1])
    (alert,) = api.reader.rows("/v1/alerts", only_open=True)
    assert (alert["title"], alert["sent"]) == ("1 lot on hold: insulin B", 1)
    path = f"/v1/alerts/{alert['id']}/acknowledge"
    assert api.reader.post(path, {"comment": "seen it"}).status_code == 403
    assert api.operator.post(path, {"comment": "boxed again"}).status_code == 204
    assert api.reader.rows("/v1/alerts", only_open=True) == []
    (done,) = api.reader.rows("/v1/alerts")
    assert (done["acknowledged_by"], done["acknowledged_comment"]) == ("operator-1", "boxed again")
    assert api.operator.post("/v1/alerts/999/acknowledge", {"comment": "boxed again"}).status_code == 404


def test_what_is_secret_of_a_target_is_shown_nowhere(api: Api) -> None:
    boss = api.administrator
    boss.ok("PUT", "/v1/alert-targets/chat", json={"channel": "apprise", "address": SECRET})
    hook = "https://hooks.example.org/T0/sesame"
    made = boss.ok("PUT", "/v1/alert-targets/hook", json={"channel": "webhook", "address": hook})
    assert made["secret"].startswith("whsec_")
    shown = boss.ok("GET", "/v1/alert-targets")
    assert {row["name"]: row["shown"] for row in shown} == {"chat": "tgram://…", "hook": "https://hooks.example.org/…"}
    with api.database.transaction() as connection:
        events = str(connection.execute("SELECT * FROM event WHERE kind LIKE 'alert%'").fetchall())
    assert "alert_target_put" in events
    for text in (str(shown), events):
        assert not any(secret in text for secret in ("abcdef", "sesame", made["secret"]))


@pytest.mark.parametrize(
    "target",
    [
        {"channel": "mail", "address": "amy"},
        {"channel": "mail", "address": "a@b.org\r\nBcc: c@d.org"},
        {"channel": "webhook", "address": "ftp://example.org/x"},
        {"channel": "apprise", "address": "json://example.org"},
        {"channel": "apprise", "address": "syslog://"},
        {"channel": "apprise", "address": "nonsense"},
    ],
)
def test_what_is_no_address_is_refused(api: Api, target: dict[str, str]) -> None:
    answer = api.administrator.request("PUT", "/v1/alert-targets/x", json=target)
    assert answer.status_code == 422, answer.text


def test_a_rota_hands_over_and_nobody_takes_a_target_away_that_is_in_use(api: Api) -> None:
    boss = api.administrator
    for name in ("amy", "bo", "cy"):
        boss.ok("PUT", f"/v1/alert-targets/{name}", json={"channel": "mail", "address": f"{name}@example.org"})
    rota = {"members": ["amy", "bo"], "handover": "08:00", "zone": "Europe/Berlin", "first_day": "2026-05-25"}
    boss.ok("PUT", "/v1/alert-rotas/night", json=rota)
    assert boss.ok("GET", "/v1/alert-rotas")[0]["on_call"] == "bo"
    cover = {"target": "cy", "begins_at": "2026-06-01T10:00:00Z", "ends_at": "2026-06-01T20:00:00Z"}
    boss.ok("POST", "/v1/alert-rotas/night/covers", json=cover)
    assert boss.ok("GET", "/v1/alert-rotas")[0]["on_call"] == "cy"
    boss.ok("PUT", "/v1/alert-subscriptions/n", json={"goes_to": "rota:night", "severity_min": "info"})
    why = {"reason": "left us"}
    assert boss.post("/v1/alert-targets/bo/off", why).status_code == 409
    assert boss.request("DELETE", "/v1/alert-rotas/night").status_code == 409
    boss.ok("DELETE", "/v1/alert-subscriptions/n")
    boss.ok("DELETE", "/v1/alert-rotas/night")
    assert boss.post("/v1/alert-targets/bo/off", why).status_code == 204
    for body in (
        {"goes_to": "nobody", "severity_min": "info"},
        {"goes_to": "amy", "severity_min": "info", "quiet_from": "22:00"},
        {"goes_to": "amy", "severity_min": "info", "zone": "Mars/Base"},
        {"goes_to": "amy", "severity_min": "info", "site": "fridge-a"},
    ):
        assert boss.request("PUT", "/v1/alert-subscriptions/x", json=body).status_code in (404, 422), body
