"""What Prometheus is told, and the alert rules that listen to it."""

import re
from pathlib import Path

import pytest

from edge_agent.config.model import GatewayConfig
from edge_agent.dock.effects import Feedback, Tone
from edge_agent.dock.metrics import Metrics
from edge_agent.dock.offline_stock import OfflineStock
from edge_agent.dock.status_model import LinkStatus, MachineStatus, StatusModel
from edge_agent.domain.wire.ids import DeviceName
from edge_agent.domain.wire.records import Lane, Notice, NoticeKind, Quality, Reading
from edge_agent.timekeeping.clock import ManualClock, stamp
from tests.support.desk_parts import NOW, SITE, desk_from
from tests.support.journal_parts import open_journal, scan
from tests.support.paths import ROOT

RULES = ROOT / "config" / "prometheus" / "lotwarden.rules.yml"


@pytest.fixture
def told(tmp_path: Path) -> str:
    """By a gateway with a desk, a journal, a link, a sensor and a dock."""
    clock, known = ManualClock(NOW), OfflineStock()
    known.take(desk_from(SITE, clock))
    said = {
        "gateway": {"name": "gw-test", "data_dir": tmp_path},
        "uplink": {"url": "https://ledger.example"},
        "scanner": [{"name": "dock", "port": "/dev/null"}],
    }
    status_model = StatusModel(GatewayConfig.model_validate(said), clock, known)
    with open_journal(tmp_path / "journal", clock=clock) as journal:
        journal.append(Lane.SCANS, [scan(1)])
        machine = MachineStatus(LinkStatus(True, 5.0), journal=journal.status())
    status_model.heard(Reading(stamp(clock), DeviceName("fridge-a/probe-1"), Quality.GOOD, {"temp_c": 4.0}))
    status_model.heard(Notice(stamp(clock), NoticeKind.RADIO_RESTARTED, "ble", "no scan responses"))
    status_model.answered("dock", Feedback(Tone.BAD, "Refused"))
    return Metrics(status_model, lambda: machine).text().decode()


def test_every_metric_that_an_alert_rule_names_is_one_that_a_gateway_tells(told: str) -> None:
    named = set(re.findall(r"\blotwarden_\w+", RULES.read_text()))
    assert "lotwarden_excursion_open" in named
    assert named <= set(re.findall(r"^# TYPE (\w+) ", told, re.MULTILINE))


def test_a_refusal_at_a_dock_is_counted_by_its_tone(told: str) -> None:
    assert 'lotwarden_dock_answers_total{dock="dock",tone="bad"} 1.0' in told


def test_the_wear_of_the_disk_is_told(told: str) -> None:
    (written,) = re.findall(r"^lotwarden_journal_written_bytes_total (\S+)$", told, re.MULTILINE)
    assert float(written) > 0


def test_notices_are_counted_by_their_kind(told: str) -> None:
    assert 'lotwarden_notices_total{notice="radio_restarted"} 1.0' in told


def test_a_scanner_that_was_not_proven_is_told_until_its_card_has_passed(tmp_path: Path) -> None:
    clock = ManualClock(NOW)
    said = {
        "gateway": {"name": "gw-test", "data_dir": tmp_path},
        "uplink": {"url": "https://ledger.example"},
        "scanner": [{"name": "dock", "port": "/dev/null"}],
    }
    status_model = StatusModel(GatewayConfig.model_validate(said), clock, OfflineStock())
    status_model.scanner_proven("dock", is_proven=False)
    assert 'lotwarden_scanner_proven{dock="dock"} 0.0' in Metrics(status_model, MachineStatus).text().decode()
    assert status_model.state()["docks"][0]["is_proven"] is False
    status_model.scanner_proven("dock", is_proven=True)
    assert 'lotwarden_scanner_proven{dock="dock"} 1.0' in Metrics(status_model, MachineStatus).text().decode()
