"""The page of alerts, by its forms; and the page that a link in a message opens, for somebody who is not signed in."""

from datetime import timedelta

from cloud_sync.notify.following import follow_once
from cloud_sync.notify.links import Linker
from tests.support.console import Console
from tests.support.ledger_api import NOW, Api


def test_alerts_are_set_up_tried_and_acknowledged_by_forms(api: Api, console: Console) -> None:
    console.sign_in(api.administrator)
    assert "No alerts are delivered yet" in console.page("/alerts")
    console.does("/alerts", "/alerts/targets", name="amy", channel="mail", address="amy@example.org")
    console.does("/alerts", "/alerts/targets/amy/test")
    form = {"name": "all", "goes_to": "amy", "severity_min": "info", "quiet_from": "22:00", "quiet_until": "06:00"}
    console.does("/alerts", "/alerts/subscriptions", **form, after_minutes=["10", "", ""], escalate_to=["amy", "", ""])
    text = console.page("/alerts")
    assert "Quiet from 22:00 to 06:00 (UTC), except for severity action. Not acknowledged after 10 min: amy." in text
    secret = console.send("/alerts", "/alerts/targets", name="hook", channel="webhook", address="https://example.org/x")
    assert "whsec_" in secret.text and "whsec_" not in console.page("/alerts")

    lot = api.receive("B", 5)
    api.quality.ok("POST", "/v1/holds", json={"lot_id": lot, "reason": "torn <b>box</b>"})
    follow_once(api.database, NOW)
    text = console.page("/alerts")
    assert "torn &lt;b&gt;box" in text
    (alert,) = api.reader.rows("/v1/alerts")
    console.does("/alerts", "/alerts/acknowledge", alert=str(alert["id"]), comment="boxed again")
    assert "No open alerts" in console.page("/alerts")
    assert "boxed again" in console.page("/alerts?all=true")
    console.sign_in(api.reader)
    text = console.page("/alerts?all=true")
    assert "Add or change" not in text and "/test" not in text


def test_whoever_got_a_message_acknowledges_it_without_signing_in(api: Api) -> None:
    boss = api.administrator
    boss.ok("PUT", "/v1/alert-targets/amy", json={"channel": "mail", "address": "amy@example.org"})
    boss.ok("PUT", "/v1/alert-subscriptions/all", json={"goes_to": "amy", "severity_min": "info"})
    lot = api.receive("B", 5)
    api.quality.ok("POST", "/v1/holds", json={"lot_id": lot, "reason": "torn box"})
    follow_once(api.database, NOW)
    message = api.reader.rows("/v1/alert-messages")[0]["id"]
    linker = Linker.of(api.database)
    path = f"/alerts/by-link/{linker.code(message, NOW)}"
    page = api.client.get(path)
    assert page.status_code == 200 and "1 lot on hold: insulin B" in page.text
    assert api.reader.rows("/v1/alerts")[0]["acknowledged_at"] is None, "mail scanners open every link"
    assert api.client.post(path, data={"comment": ""}).status_code == 422
    assert "Thank you" in api.client.post(path, data={"comment": "on my way"}).text
    assert api.reader.rows("/v1/alerts")[0]["acknowledged_by"] == "amy (by link)"
    assert "already" in api.client.post(path, data={"comment": "on my way"}).text
    for bad in ("1.2.3", linker.code(message, NOW - timedelta(days=8)), linker.code(message, NOW)[:-2]):
        assert api.client.get(f"/alerts/by-link/{bad}").status_code == 403
