"""Every kind of alert comes from what really happens: by the API, by batches of gateways, and by looking."""

import uuid
from datetime import date, timedelta
from typing import Any

import pytest

from cloud_sync.actions.governance.equipment import add_calibration, keep_equipment
from cloud_sync.domain.alerts import AlertKind
from cloud_sync.notify.channels.apprise_urls import send_by_apprise
from cloud_sync.notify.conditions import look_once
from cloud_sync.notify.following import follow_once
from cloud_sync.notify.message import Message
from cloud_sync.notify.outside import NotDelivered
from cloud_sync.notify.settings import AlertSettings
from cloud_sync.posting.cases import Case, open_case
from cloud_sync.storage.database import Database
from edge_agent.domain.monitoring.policies import NoDataRule
from edge_agent.domain.wire.records import Notice, NoticeKind
from tests.integration.conftest import Said
from tests.support.alert_parts import webhook_receiver
from tests.support.builders import COLD, Ledger, minute, reading, stamp
from tests.support.ledger_api import NOW, Api, movement

SILENT = NoDataRule(kind="no_data", name="silent", metric="temp_c", after_s=600, source="test")


def told(database: Database) -> dict[str, tuple[str, str]]:
    """By kind, the title and severity of the newest alert."""
    with database.transaction() as connection:
        rows = connection.execute("SELECT kind, title, severity FROM alert ORDER BY id").fetchall()
    return {row["kind"]: (row["title"], row["severity"]) for row in rows}


def test_what_people_do_is_told(api: Api) -> None:
    lot = api.receive("B", 5)
    follow_once(api.database, NOW)
    assert told(api.database) == {}
    api.quality.ok("POST", "/v1/holds", json={"lot_id": lot, "place": "fridge-a", "reason": "torn box"})
    assert follow_once(api.database, NOW) == 1, "one hold is one alert, though the log has two events of it"
    move = {"item": "insulin", "lot_number": "B", "quantity": 5}
    api.operator.ok("POST", "/v1/movements", json=movement("move", "fridge-a", "fridge-b", [move]))
    follow_once(api.database, NOW)
    assert "hold_widened" not in told(api.database), "goods on hold stay on hold wherever they go: that is no news"
    api.quality.ok("POST", "/v1/recalls", json={"title": "cracked vials", "reason": "letter of acme", "lots": [lot]})
    order = {"client_id": str(uuid.uuid4()), "kind": "requisition", "from_place": "fridge-a", "to_place": "st-mary"}
    api.operator.ok("POST", "/v1/orders", json={**order, "lines": [{"item": "insulin", "quantity": 1}]})
    follow_once(api.database, NOW)
    assert told(api.database) == {
        "hold_placed": ("1 lot on hold: insulin B", "action"),
        "case_opened": ("Exception: typed time", "alert"),
        "recall_opened": ("Recall opened: letter of acme", "action"),
        "approval_waiting": ("Requisition order SO-1 waits for approval", "info"),
    }


def test_a_contradiction_is_told(ledger: Ledger, say: Said) -> None:
    say(Notice(stamp(minute(1)), NoticeKind.STARTED, "gateway", "started"))
    with ledger.database.transaction() as connection:
        open_case(connection, Case("unknown_item", "gtin:1", "0123 is not in the item master", place_id=1))
    follow_once(ledger.database, minute(2))
    assert told(ledger.database)["case_opened"] == ("Exception: unknown item", "alert")


def test_silence_of_a_room_and_its_end_are_told(ledger: Ledger, say: Said) -> None:
    ledger.add_policy(COLD.model_copy(update={"name": "watched", "rules": (*COLD.rules, SILENT)}))
    ledger.run("UPDATE place SET policy = 'watched' WHERE name = 'fridge-a'")
    say(reading(minute(0), 5.0), reading(minute(30), 5.0))
    follow_once(ledger.database, minute(31))
    found = told(ledger.database)
    assert found["no_data"][0].startswith("fridge-a: no data") and found["no_data"][1] == "action"


def test_what_is_ahead_is_told_once(api: Api) -> None:
    api.receive("OLD", 5, expires_on=str(date(2026, 6, 20)))
    api.receive("NEW", 5)
    level = {"reason": "new contract", "supplier": "acme", "reorder_point": 40, "par_level": 90}
    api.administrator.ok("PUT", "/v1/reorder-levels/insulin/main", json=level)
    assert [look_once(api.database, AlertSettings(), NOW + timedelta(minutes=each)) for each in range(2)] == [2, 0]
    assert told(api.database) == {
        "expiry_ahead": ("insulin OLD expires on 20 Jun 2026", "info"),
        "low_stock": ("insulin at main: 10 left", "info"),
    }


def test_what_gateways_report_of_themselves_is_told(ledger: Ledger, say: Said) -> None:
    full = {"used_bytes": 90, "bytes_max": 100}
    say(
        Notice(stamp(minute(1)), NoticeKind.CALIBRATION_DUE, "probe-a", "calibration of probe-a is due on 2026-03-20"),
        Notice(stamp(minute(1)), NoticeKind.CERTIFICATE_EXPIRES, "tls.crt", "tls.crt expires on 2026-03-09"),
        Notice(stamp(minute(1)), NoticeKind.STATISTICS, "journal", "90 records wait", full),
    )
    assert look_once(ledger.database, AlertSettings(), minute(2)) == 3
    assert {AlertKind(kind) for kind in told(ledger.database)} == {
        AlertKind.CALIBRATION_DUE, AlertKind.CERTIFICATE_DUE, AlertKind.DISK_FULL,
    }  # fmt: skip
    assert told(ledger.database)["certificate_due"] == ("Gateway gw-1: certificate due, tls.crt", "alert")


def test_a_certificate_that_is_filed_silences_the_reminder_of_the_gateway(ledger: Ledger, say: Said) -> None:
    due = Notice(stamp(minute(1)), NoticeKind.CALIBRATION_DUE, "probe-a", "calibration of probe-a is due on 2026-03-20")
    say(due)
    name, day = "thermometer-a", minute(0).date()
    keep_equipment(ledger.database, name, gateway="gw-1", device="probe-a", reason="first filling", actor="fay")
    paper = {"laboratory": "Acme Cal", "passed": True, "points": [], "reference": "K.pdf", "sha256": "a" * 64}
    add_calibration(ledger.database, name, certificate="K-1", calibrated_on=day - timedelta(days=400),
                    due_on=day + timedelta(days=9), **paper, at=minute(1), actor="fay")  # fmt: skip
    assert look_once(ledger.database, AlertSettings(), minute(2)) == 1, "gateway and ledger mean the same device"
    add_calibration(ledger.database, name, certificate="K-2", calibrated_on=day, due_on=day + timedelta(days=365),
                    **paper, at=minute(2), actor="fay")  # fmt: skip
    assert look_once(ledger.database, AlertSettings(), minute(3)) == 0
    with ledger.database.transaction() as connection:
        assert connection.execute("SELECT FROM alert_condition").fetchall() == [], "it is the case no longer"


def test_a_worn_disk_is_told_by_the_settings_thresholds_and_a_silent_one_never(ledger: Ledger, say: Said) -> None:
    sd_card = {"disk": "mmcblk1", "disk_kind": "SD", "disk_written_bytes_a_day": 30_000_000_000}
    emmc = {"disk": "mmcblk0", "disk_kind": "MMC", "disk_life_used_pct": 80, "disk_pre_eol": "normal"}
    at = [minute(each) for each in range(9)]

    def look(data: dict[str, Any], number: int, **more: Any) -> int:
        say(Notice(stamp(at[number]), NoticeKind.STATISTICS, "journal", "0 records wait", data))
        return look_once(ledger.database, AlertSettings(**more), at[number + 1])

    assert look(sd_card, 1) == 0, "no threshold of written bytes is set, and it says nothing of its life"
    assert look(emmc, 2, disk_life_used_pct=90) == 0
    assert look(emmc, 3) == 1
    assert told(ledger.database)["disk_wear"] == ("Gateway gw-1: disk wear, mmcblk0", "alert")
    assert look(emmc, 4) == 0, "once"
    assert look(sd_card, 5, disk_written_gb_a_day_max=20) == 1
    assert told(ledger.database)["disk_wear"][0] == "Gateway gw-1: disk wear, mmcblk1"
    assert look(emmc | {"disk_life_used_pct": 20, "disk_pre_eol": "urgent"}, 6) == 1


def test_by_apprise_nothing_in_angle_brackets_is_lost_and_a_refusal_is_noticed() -> None:
    alert = {
        "kind": "hold_placed", "severity": "action", "title": "1 lot on hold: insulin <LOT-7>", "text": "a <b> c",
        "site": None, "site_title": None, "path": "/", "occurred_at": NOW, "zone": "UTC", "acknowledged_at": None,
    }  # fmt: skip
    message = Message(7, "alert", "alert:1", NOW, [alert], "", "")
    with webhook_receiver() as receiver:
        url = f"ntfy://localhost:{receiver.port}/topic?priority=high"
        with pytest.raises(NotDelivered, match="private"):
            send_by_apprise(message, url, frozenset())
        receiver.status = 200
        send_by_apprise(message, url, frozenset({"localhost"}))
        assert "insulin <LOT-7>" in str(receiver.bodies()[0]) and "a <b> c\\n" in str(receiver.bodies()[0])
        receiver.status = 500
        with pytest.raises(NotDelivered, match="ntfy did not take it"):
            send_by_apprise(message, url, frozenset({"localhost"}))
