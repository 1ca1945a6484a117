"""The status model follows the configuration, and forgets what is no longer in it."""

from pathlib import Path
from typing import Any

from edge_agent.config.model import GatewayConfig
from edge_agent.dock.effects import Feedback, Tone
from edge_agent.dock.offline_stock import OfflineStock
from edge_agent.dock.session_state import SessionState
from edge_agent.dock.status_model import StatusModel
from edge_agent.domain.wire.ids import DeviceName
from edge_agent.domain.wire.records import Notice, NoticeKind, Quality, Reading
from edge_agent.timekeeping.clock import ManualClock, stamp
from tests.support.desk_parts import NOW


def config(tmp_path: Path, *scanners: str, probes: tuple[str, ...] = ()) -> GatewayConfig:
    said: dict[str, Any] = {
        "gateway": {"name": "gw-test", "data_dir": tmp_path},
        "uplink": {"url": "https://ledger.example"},
        "scanner": [{"name": name, "port": f"/dev/{number}"} for number, name in enumerate(scanners)],
        "contact": [
            {"name": name, "pin": f"GPIO{number + 1}", "poll_s": 10, "open_when": "contact_open"}
            for number, name in enumerate(probes)
        ],
    }
    return GatewayConfig.model_validate(said)


def status_model_of(wanted: GatewayConfig) -> tuple[StatusModel, ManualClock]:
    clock = ManualClock(NOW)
    return StatusModel(wanted, clock, OfflineStock()), clock


def docks(status_model: StatusModel) -> list[tuple[str, str | None]]:
    return [(dock["name"], dock["operator"]) for dock in status_model.state()["docks"]]


def test_a_dock_that_stays_keeps_its_operator_and_one_that_goes_is_not_shown_again(tmp_path: Path) -> None:
    status_model, _ = status_model_of(config(tmp_path, "one", "two"))
    status_model.stands("one", SessionState(operator="amy"))
    status_model.follow(config(tmp_path, "one", "three"))
    status_model.answered("two", Feedback(Tone.BAD, "NOT BOOKED: what was open when the dock was taken away"))
    status_model.stands("two", SessionState(operator="ben"))
    assert docks(status_model) == [("one", "amy"), ("three", None)]


def test_a_device_that_was_taken_out_is_neither_shown_nor_missed(tmp_path: Path) -> None:
    status_model, clock = status_model_of(config(tmp_path, probes=("door-a", "door-b")))
    for name in ("door-a", "door-b"):
        status_model.heard(Reading(stamp(clock), DeviceName(name), Quality.GOOD, {"open": 0.0}))
        status_model.heard(Notice(stamp(clock), NoticeKind.DEVICE_LOST, name, f"{name} is lost"))
    status_model.follow(config(tmp_path, probes=("door-b",)))
    assert [device["device"] for device in status_model.devices()] == ["door-b"]
    assert [alarm["text"] for alarm in status_model.alarms()] == ["door-b is lost"]
