"""The page's board follows the configuration, and forgets what is no longer in it."""

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


def board_of(wanted: GatewayConfig) -> tuple[StatusModel, ManualClock]:
    clock = ManualClock(NOW)
    return StatusModel(wanted, clock, OfflineStock()), clock


def docks(board: StatusModel) -> list[tuple[str, str | None]]:
    return [(dock["name"], dock["operator"]) for dock in board.state()["docks"]]


def test_a_dock_that_stays_keeps_its_operator_and_one_that_goes_is_not_shown_again(tmp_path: Path) -> None:
    board, _ = board_of(config(tmp_path, "one", "two"))
    board.stands("one", SessionState(operator="amy"))
    board.follow(config(tmp_path, "one", "three"))
    board.answered("two", Feedback(Tone.BAD, "NOT BOOKED: what was open when the dock was taken away"))
    board.stands("two", SessionState(operator="ben"))
    assert docks(board) == [("one", "amy"), ("three", None)]


def test_a_device_that_was_taken_out_is_neither_shown_nor_missed(tmp_path: Path) -> None:
    board, clock = board_of(config(tmp_path, probes=("door-a", "door-b")))
    for name in ("door-a", "door-b"):
        board.heard(Reading(stamp(clock), DeviceName(name), Quality.GOOD, {"open": 0.0}))
        board.heard(Notice(stamp(clock), NoticeKind.DEVICE_LOST, name, f"{name} is lost"))
    board.follow(config(tmp_path, probes=("door-b",)))
    assert [device["device"] for device in board.devices()] == ["door-b"]
    assert [alarm["text"] for alarm in board.alarms()] == ["door-b is lost"]
