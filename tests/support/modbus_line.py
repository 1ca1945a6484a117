"""What the tests of serial buses share: a bus on a simulated line, and the frames that crossed it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from edge_agent.config.model import GatewayConfig
from edge_agent.simulators.modbus import SimulatedDevice
from edge_agent.simulators.modbus_line import ModbusLineSimulator
from tests.support.running_bus import POLL_S, Running, config_for

TIMEOUT_S = 0.5


def line_config(path: Path, devices: Sequence[dict[str, Any]], kind: str = "modbus-rtu", **more: Any) -> GatewayConfig:
    whole = config_for(1, []).model_dump()
    bus = {"kind": kind, "name": "line-1", "port": str(path), "timeout_s": TIMEOUT_S, "retry_max_s": 0.4}
    settings = {"baudrate": 19200, "parity": "none", "stopbits": 1}
    whole["bus"] = [{**bus, **settings, **more}]
    whole["device"] = [{"bus": "line-1", "poll_s": POLL_S, **device} for device in devices]
    return GatewayConfig.model_validate(whole)


def on_line(simulator: ModbusLineSimulator[SimulatedDevice], **bus: Any) -> Running:
    """A bus with one device for each simulated one, called ``u<unit>``."""
    devices = [
        {
            "name": f"u{device.unit}",
            "profile": device.profile.name,
            "unit": device.unit,
            **({"address_offset": device.address_offset} if device.profile.link.address_offset_choices else {}),
        }
        for device in simulator.devices.values()
    ]
    return Running(line_config(simulator.path, devices, f"modbus-{simulator.framing}", **bus))
