"""How the ledger itself is: figures for monitoring systems, rules and a dashboard that name only those there are."""

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest

from cloud_sync.actions.overview.health import health, metrics_text
from cloud_sync.notify.conditions import look_once
from cloud_sync.notify.settings import AlertSettings
from cloud_sync.posting.cases import Case, open_case
from cloud_sync.seal.sealing import seal_once
from cloud_sync.storage.events import add_event
from cloud_sync.storage.leadership import Leadership
from cloud_sync.storage.queries import queries
from tests.integration.conftest import Said
from tests.support.builders import Ledger, minute, reading
from tests.support.paths import ROOT

RULES = ROOT / "config/prometheus/ledger.rules.yml"
DASHBOARD = ROOT / "config/grafana/lotwarden-ledger.json"


def figures(ledger: Ledger) -> dict[str, float]:
    text = metrics_text(health(ledger.database)).decode()
    return {name: float(value) for name, value in re.findall(r"^lotwarden_ledger_(\S+) (\S+)$", text, re.MULTILINE)}


def test_the_figures_follow_what_happens(ledger: Ledger, say: Said) -> None:
    before = figures(ledger)
    assert (before["leaders"], before["sealed_size"], before["records_in_order"]) == (0, 0, 0)
    say(*(reading(minute(each), 12.0) for each in range(30)))
    with ledger.database.transaction() as connection:
        open_case(connection, Case("unknown_item", "gtin:1", "0123 is not in the item master"))
    while seal_once(ledger.database):
        pass
    with ledger.database.transaction() as connection:
        add_event(connection, actor="amy", kind="tried", subject="lot:1")
    with Leadership(ledger.database) as leadership:
        assert leadership.wait(20)
        after = figures(ledger)
    assert after["records_in_order"] == 30
    assert after["excursions_open"] == 1
    assert after['cases_open{kind="unknown_item"}'] == 1
    assert (after["leaders"], after["workers"]) == (1, 1)
    assert after["sealed_size"] > 0 and after["unsealed_seconds"] > 0
    assert after["database_bytes"] > 1e6 and 0 < after["connections"] <= after["connections_max"]
    assert 0 <= after['gateway_silent_seconds{gateway="gw-1"}'] < 600


@pytest.mark.parametrize("path", [RULES, DASHBOARD], ids=lambda path: path.name)
def test_rules_and_dashboard_name_only_figures_that_there_are(ledger: Ledger, say: Said, path: Path) -> None:
    say(reading(minute(0), 5.0))
    text = metrics_text(health(ledger.database)).decode()
    there = set(re.findall(r"^# TYPE (\S+) gauge$", text, re.MULTILINE))
    named = set(re.findall(r"\blotwarden_\w+", path.read_text())) - {"lotwarden_ledger"}
    assert "lotwarden_ledger_backup_age_seconds" in named
    assert named - {"lotwarden_ledger_rules"} <= there


def test_the_dashboard_can_be_read_and_has_no_two_panels_in_one_place() -> None:
    board = json.loads(DASHBOARD.read_text())
    places = [(each["gridPos"]["x"], each["gridPos"]["y"]) for each in board["panels"]]
    assert len(set(places)) == len(places) and len({each["id"] for each in board["panels"]}) == len(places)
    assert all(target["expr"] for each in board["panels"] for target in each["targets"])


def test_an_overdue_backup_is_told_once_and_again_after_the_next_one(ledger: Ledger) -> None:
    settings = AlertSettings(backup_overdue=timedelta(hours=26))
    with ledger.database.transaction() as connection:
        began = queries("backup").backup_standing(connection)["first_event_at"]
    assert look_once(ledger.database, settings, began + timedelta(hours=25)) == 0
    assert look_once(ledger.database, AlertSettings(), began + timedelta(hours=99)) == 0
    assert [look_once(ledger.database, settings, began + timedelta(hours=each)) for each in (27, 28)] == [1, 0]
    with ledger.database.transaction() as connection:
        queries("backup").add_backup(
            connection, made_at=began + timedelta(hours=30), made_by="amy", name="b", bytes=1, sha256=b"x", row_count=1,
            sealed_size=1, read_back="decrypted",
        )  # fmt: skip
    assert [look_once(ledger.database, settings, began + timedelta(hours=each)) for each in (31, 57, 58)] == [0, 1, 0]
    texts = [row["text"] for row in ledger.rows("SELECT text FROM alert WHERE kind = 'backup_overdue' ORDER BY id")]
    assert texts[0].startswith("None was ever made") and texts[1].startswith("The last good one is of")
