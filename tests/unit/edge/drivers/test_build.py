"""From configuration to buses: every fault at once."""

import re
from pathlib import Path
from typing import Any

import pytest

from edge_agent.clock import SystemClock
from edge_agent.config import GatewayConfig
from edge_agent.drivers.build import build_buses
from edge_agent.errors import ConfigError

BUS = {"kind": "modbus-tcp", "name": "line-1", "host": "10.0.0.5"}
DEVICE = {"name": "fridge-a/probe-1", "bus": "line-1", "profile": "xy-md02", "poll_s": 10}


def config(buses: list[dict[str, Any]], devices: list[dict[str, Any]], **gateway: Any) -> GatewayConfig:
    whole = {
        "gateway": {"name": "gw-1", "data_dir": "/nowhere", **gateway},
        "uplink": {"url": "https://ledger.example"},
        "bus": buses,
        "device": devices,
    }
    return GatewayConfig.model_validate(whole)


def faults_of(buses: list[dict[str, Any]], devices: list[dict[str, Any]], **gateway: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        build_buses(config(buses, devices, **gateway), SystemClock())
    return "\n".join(caught.value.faults)


def test_one_source_for_each_bus_with_devices() -> None:
    buses = [BUS, {**BUS, "name": "line-2"}, {**BUS, "name": "spare"}]
    devices = [DEVICE, {**DEVICE, "name": "fridge-b/probe-1", "bus": "line-2", "profile": "vaisala-hmp"}]
    assert [bus.name for bus in build_buses(config(buses, devices), SystemClock())] == ["line-1", "line-2"]


def test_all_faults_are_told_at_once() -> None:
    devices = [
        {**DEVICE, "bus": "line-9"},
        {**DEVICE, "name": "b", "profile": "xymd02"},
        {**DEVICE, "name": "c", "profile": "comet-t3510"},
        {**DEVICE, "name": "c"},
        {**DEVICE, "name": "d", "profile": "vaisala-hmp", "address_offset": -1},
    ]
    faults = faults_of([BUS, BUS], devices)
    assert "bus line-1: name: is there twice" in faults
    assert "device c: name: is there twice" in faults
    assert "device fridge-a/probe-1: bus: no bus 'line-9'; there are line-1" in faults
    assert re.search(r"device b: profile 'xymd02' is not in .*; did you mean 'xy-md02'\?", faults)
    assert "device c: address_offset: profile comet-t3510 leaves it open; write address_offset = 0 or" in faults
    assert "firmware_notes/comet-t3510.md says how" in faults
    assert "device d: address_offset: -1 moves rh_pct out of 0..0xFFFF" in faults
    assert len(faults.splitlines()) == 6


def test_a_comet_is_accepted_once_its_offset_was_proven() -> None:
    for offset in (0, -1):
        device = {**DEVICE, "profile": "comet-t3510", "address_offset": offset}
        assert len(build_buses(config([BUS], [device]), SystemClock())) == 1
    assert "write address_offset = 0 or address_offset = -1" in faults_of(
        [BUS], [{**DEVICE, "profile": "comet-t3510", "address_offset": 1}]
    )


def test_a_broken_profile_of_the_site_is_told_with_the_device_that_uses_it(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text('name = "own"\n')
    faults = faults_of([BUS], [{**DEVICE, "profile": "own"}], profiles_dir=tmp_path)
    assert f"device fridge-a/probe-1: {tmp_path}/own.toml: link: is missing" in faults
