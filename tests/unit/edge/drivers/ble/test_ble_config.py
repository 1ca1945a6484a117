"""What the configuration may say about Bluetooth sensors, and what it is told when it says something else."""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from edge_agent.config.model import BleDeviceSection, GatewayConfig
from edge_agent.drivers.ble import formats
from edge_agent.drivers.ble.bus import ble_sources, key_in_file
from edge_agent.drivers.ble.format import Scan
from edge_agent.drivers.ble.registry import FORMATS, format_names, patterns_for, scan_for
from edge_agent.errors import ConfigError
from edge_agent.timekeeping.clock import ManualClock

CLOCK = ManualClock(datetime(2026, 3, 1, 8, 0, tzinfo=UTC))
KEY = "231d39c1d7cc1ab1aee224cd096db932"


def device(**changes: Any) -> dict[str, Any]:
    return {
        "name": "fridge-a/probe-1",
        "bus": "ble",
        "format": "pvvx",
        "address": "a4:c1:38:02:83:f4",
        "poll_s": 10,
        **changes,
    }


def config(*devices: dict[str, Any]) -> GatewayConfig:
    return GatewayConfig.model_validate(
        {
            "gateway": {"name": "gw", "data_dir": "/var/lib/gw"},
            "uplink": {"url": "https://ledger"},
            "bus": [{"kind": "ble", "name": "ble"}, {"kind": "modbus-tcp", "name": "rack", "host": "10.0.0.5"}],
            "device": list(devices),
        }
    )


def faults_of(*devices: dict[str, Any]) -> str:
    with pytest.raises(ConfigError) as caught:
        ble_sources(config(*devices), CLOCK)
    return str(caught.value)


def test_a_device_with_address_and_format_is_a_bluetooth_sensor_and_others_stay_what_they_are() -> None:
    loaded = config(device(), {"name": "rack/t", "bus": "rack", "profile": "xy-md02", "unit": 1, "poll_s": 5})
    assert isinstance(loaded.device[0], BleDeviceSection)
    assert loaded.device[0].address == "A4:C1:38:02:83:F4"
    assert not isinstance(loaded.device[1], BleDeviceSection)
    assert [source.name for source in ble_sources(loaded, CLOCK)] == ["ble"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"address": "a4c1380283f4"}, "address"),
        ({"format": "nonsense"}, "write one of"),
        ({"bindkey": "1234"}, "32 hexadecimal digits"),
        ({"bindkey": KEY, "bindkey_file": "/etc/key"}, "not both"),
        ({"format": "govee", "bindkey": KEY}, "never encrypted"),
    ],
)
def test_each_fault_of_a_sensor_is_named(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError) as caught:
        config(device(**changes))
    assert said in str([(fault["loc"], fault["msg"]) for fault in caught.value.errors()])


def test_a_bindkey_does_not_show_when_the_configuration_is_printed() -> None:
    loaded = config(device(bindkey=KEY))
    assert KEY not in repr(loaded)
    assert KEY not in loaded.model_dump_json()


def test_all_faults_between_sensors_are_named_at_once(tmp_path: Path) -> None:
    said = faults_of(
        device(bus="rack"),
        device(name="a", address="00:00:00:00:00:01"),
        device(name="b", address="00:00:00:00:00:01"),
        device(name="c", address="00:00:00:00:00:02", bindkey_file=str(tmp_path / "absent")),
    )
    assert "fridge-a/probe-1: bus rack is not a [[bus]] of kind ble" in said
    assert "device b: address 00:00:00:00:00:01 is already that of a" in said
    assert "device c: bindkey_file" in said


def test_a_bindkey_file_holds_32_digits_and_its_text_is_never_repeated(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text(KEY + "\n")
    assert key_in_file(path).hex() == KEY
    for text in (KEY[:-1], KEY + "00", "zz" * 16, "é" * 16):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(ValueError, match="32 hexadecimal digits") as caught:
            key_in_file(path)
        assert text not in str(caught.value)


def test_one_format_that_needs_active_scanning_makes_all_of_an_adapter_active() -> None:
    assert scan_for(("ruuvi", "bthome"))[0] is Scan.PASSIVE
    mode, why = scan_for(("ruuvi", "govee"))
    assert mode is Scan.ACTIVE
    assert "govee" in why
    assert patterns_for(("ruuvi", "pvvx", "atc1441")) == ((0xFF, b"\x99\x04"), (0x16, b"\x1a\x18"))


def test_a_passive_scan_that_could_not_hear_a_device_is_a_fault() -> None:
    loaded = config(device(), device(name="b", format="govee", address="00:00:00:00:00:01"))
    passive = loaded.model_copy(update={"bus": (loaded.bus[0].model_copy(update={"scan": "passive"}),)})
    with pytest.raises(ConfigError, match='bus ble: scan = "passive" cannot receive govee') as caught:
        ble_sources(passive, CLOCK)
    assert len(caught.value.faults) == 1


def test_every_module_of_the_formats_is_a_format_that_may_be_configured() -> None:
    modules = {path.stem for path in Path(formats.__file__).parent.glob("[a-z]*.py")}
    assert {name.replace("-", "_") for name in format_names()} == modules
    assert {config(device(format=name)).device[0].format for name in format_names()} == set(FORMATS)  # type: ignore[union-attr]


def test_a_gateway_loads_no_format_that_it_does_not_use() -> None:
    program = (
        "import sys; import edge_agent.config.model; from edge_agent.drivers.ble.registry import FORMATS;"
        "FORMATS['pvvx']; print(*[name for name in sys.modules if '.ble.formats.' in name])"
    )
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert {name.rpartition(".")[2] for name in loaded.split()} == {"pvvx", "_atc"}


def test_every_passive_format_has_a_pattern() -> None:
    assert all(form.patterns for form in FORMATS.values() if form.scan is Scan.PASSIVE)


def test_two_probes_of_one_sensor_are_two_devices_and_each_says_which(tmp_path: Path) -> None:
    probe = {"format": "govee", "address": "00:00:00:00:00:01"}
    (source,) = ble_sources(
        config(device(name="a", source="probe-1", **probe), device(name="b", source="probe-2", **probe)), CLOCK
    )
    assert source.name == "ble"
    said = faults_of(
        device(name="a", source="probe-1", **probe),
        device(name="b", source="probe-1", **probe),
        device(name="c", **probe),
    )
    assert "device b: probe-1 of 00:00:00:00:00:01 is already a device" in said
    assert "device c: address 00:00:00:00:00:01 is already that of a; if it has several probes, write source" in said


def test_a_probe_that_no_such_sensor_has_is_named() -> None:
    with pytest.raises(ValidationError, match="format ruuvi has no source 'probe-2'; it has none: leave it out"):
        config(device(format="ruuvi", source="probe-2"))


def test_a_sensor_that_an_active_scan_would_hide_wants_an_adapter_of_its_own() -> None:
    disc = device(name="disc", format="bluemaestro", address="00:00:00:00:00:01")
    assert ble_sources(config(device(), disc), CLOCK)
    said = faults_of(disc, device(name="tag", format="govee"))
    assert "bus ble: bluemaestro needs a passive scan" in said and "which format govee rules out" in said
