"""From configuration to buses: every fault at once."""

import re
from pathlib import Path
from typing import Any

import pytest

from edge_agent.config.model import GatewayConfig
from edge_agent.drivers.build import build_buses
from edge_agent.errors import ConfigError
from edge_agent.timekeeping.clock import SystemClock

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


LINE = {"kind": "modbus-rtu", "name": "line-1", "port": "/dev/ttyUSB0"}
COUNTER = {"sizes_um": [0.5, 5.0], "flow_l_per_min": 28.3, "sample_s": 60}
LIGHTHOUSE = {**DEVICE, "profile": "lighthouse", "proven": ["record-registers"], "counter": COUNTER}


def test_serial_settings_come_from_the_profiles_if_they_agree() -> None:
    devices = [{**DEVICE, "profile": "ee-ee210"}, {**DEVICE, "name": "b", "profile": "ee-ee310"}]
    assert len(build_buses(config([LINE], devices), SystemClock())) == 1


def test_serial_settings_that_the_profiles_do_not_agree_on_have_to_be_written() -> None:
    devices = [{**DEVICE, "profile": "ee-ee210"}, {**DEVICE, "name": "b", "profile": "comet-t3311"}]
    faults = faults_of([LINE], devices)
    assert "bus line-1: parity: its devices leave the factory with even or none; set them all to one" in faults
    assert "bus line-1: stopbits: its devices leave the factory with 1 or 2" in faults
    assert len(faults.splitlines()) == 2
    written = {**LINE, "parity": "even", "stopbits": 1}
    assert len(build_buses(config([written], devices), SystemClock())) == 1


def test_serial_settings_that_no_profile_tells_have_to_be_written() -> None:
    faults = faults_of([LINE], [{**DEVICE, "profile": "vaisala-hmt330"}])
    assert "bus line-1: baudrate: is missing, and no profile of its devices tells it" in faults


def test_a_port_that_is_used_twice_is_a_fault() -> None:
    other = {**DEVICE, "name": "b", "bus": "line-2"}
    faults = faults_of([LINE, {**LINE, "name": "line-2"}], [DEVICE, other])
    assert faults == "port /dev/ttyUSB0: is used twice; put all devices of one line on one bus"


def test_a_doubt_has_to_be_settled_on_the_unit() -> None:
    faults = faults_of([LINE], [{**LIGHTHOUSE, "proven": []}])
    assert "leaves open whether a record's time is at 30001" in faults
    assert 'write proven = ["record-registers"]' in faults
    assert "has no doubt 'weather'" in faults_of([LINE], [{**LIGHTHOUSE, "proven": ["record-registers", "weather"]}])
    assert len(build_buses(config([LINE], [LIGHTHOUSE]), SystemClock())) == 1


def test_a_word_order_that_is_open_has_to_be_written() -> None:
    met_one = {**LIGHTHOUSE, "profile": "metone-6000", "proven": ["record-status", "record-times"]}
    line = {**LINE, "baudrate": 9600, "parity": "none", "stopbits": 1}
    assert 'word_order = "low_first" or "high_first", whichever shows the right numbers' in faults_of([line], [met_one])
    assert len(build_buses(config([line], [{**met_one, "word_order": "high_first"}]), SystemClock())) == 1


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"counter": None}, "counter: is missing; write [device.counter] with sizes_um"),
        ({"counter": {**COUNTER, "sizes_um": [5.0, 0.5]}}, "counter.sizes_um: write each size once, smallest first"),
        ({"counter": {**COUNTER, "sizes_um": [0.1 * n for n in range(1, 10)]}}, "the model has 8 channels at most"),
        ({"poll_s": 61}, "poll_s: must not be longer than counter.sample_s"),
        ({"profile": "xy-md02", "proven": []}, "counter: profile xy-md02 is no particle counter; remove the section"),
    ],
)
def test_what_a_counter_lacks_is_said(changes: dict[str, Any], fault: str) -> None:
    assert fault in faults_of([LINE], [{**LIGHTHOUSE, **changes}])


def test_a_queue_that_cannot_be_emptied_in_time_is_a_fault() -> None:
    airnet = {**LIGHTHOUSE, "profile": "pms-airnet2", "proven": [], "counter": {**COUNTER, "sample_s": 15}}
    assert "its queue has one sample every 20 s" in faults_of([BUS], [airnet])
    assert len(build_buses(config([BUS], [{**airnet, "poll_s": 5}]), SystemClock())) == 1
