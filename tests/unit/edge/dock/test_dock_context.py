"""What all docks of a gateway share: a new desk tells of scans that the ledger could not book."""

from dataclasses import replace
from pathlib import Path

import pytest
from gpiozero.pins.mock import MockFactory

from edge_agent.config.dock_sections import OutputSection
from edge_agent.config.model import GatewayConfig
from edge_agent.dock.dock_context import DockContext
from edge_agent.dock.lamps import Lamps
from edge_agent.dock.metrics import Metrics
from edge_agent.dock.status_model import MachineStatus
from edge_agent.domain.stock.desk import DeskCase
from edge_agent.drivers.gpio import Outputs
from edge_agent.timekeeping.clock import ManualClock
from tests.support.desk_parts import NOW, SITE, desk_from

REFUSED = DeskCase(17, "unknown_item", "no item has GTIN 05012345678900: add it", NOW, "amy")


def config(tmp_path: Path) -> GatewayConfig:
    said = {"gateway": {"name": "gw-test", "data_dir": tmp_path}, "uplink": {"url": "https://ledger.example"}}
    return GatewayConfig.model_validate(said)


def test_what_the_ledger_could_not_book_is_on_the_page_the_lamp_and_in_the_metrics_until_it_is_booked(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    outputs = Outputs((OutputSection(name="red", pin="GPIO17", shows="alarm"),), MockFactory())
    clock = ManualClock(NOW)
    dock_context = DockContext(config(tmp_path), clock, Lamps(outputs))
    dock_context.take(desk_from(replace(SITE, not_booked=(REFUSED,)), clock), ())
    (alarm,) = dock_context.status_model.alarms()
    assert alarm["kind"] == "not_booked" and outputs.is_alarm
    assert (
        "NOT BOOKED" in alarm["text"] and "no item has GTIN 05012345678900" in alarm["text"] and "17" in alarm["text"]
    )
    assert b"lotwarden_scans_not_booked 1.0" in Metrics(dock_context.status_model, MachineStatus).text()
    dock_context.take(desk_from(replace(SITE, not_booked=(REFUSED,), site="north-2"), clock), ())
    assert [record.levelname for record in caplog.records if "case 17" in record.message] == ["ERROR"]
    dock_context.take(desk_from(SITE, clock), ())
    assert dock_context.status_model.alarms() == [] and not outputs.is_alarm


def test_a_restart_remembers_what_is_not_booked(tmp_path: Path) -> None:
    clock = ManualClock(NOW)
    DockContext(config(tmp_path), clock).store.keep(desk_from(replace(SITE, not_booked=(REFUSED,)), clock))
    outputs = Outputs((OutputSection(name="red", pin="GPIO17", shows="alarm"),), MockFactory())
    dock_context = DockContext(config(tmp_path), clock, Lamps(outputs))
    assert [alarm["kind"] for alarm in dock_context.status_model.alarms()] == ["not_booked"] and outputs.is_alarm
