"""Probing and adding Bluetooth sensors: the real bleak against a byte-level BlueZ on a private D-Bus."""

import asyncio
import tomllib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from edge_agent.drivers.ble.formats.gatt_ess import HUMIDITY_UUID, TEMPERATURE_UUID
from edge_agent.runtime.config_loader import load_config
from edge_agent.runtime.source_supervisor import plan_sources
from edge_agent.simulators.ble import Advert, FakeBlueZ, Fault, VirtualSensor, private_bus
from edge_agent.timekeeping.clock import SystemClock
from tests.support.commissioning_parts import config_in, edge_agent

ADDRESS = "C0:FF:EE:00:00:01"
KEY = bytes(range(16))
SHORT = ("--ble-s", 2)


def sensor(kind: str, celsius: float = 5.0, **more: object) -> VirtualSensor:
    return VirtualSensor(kind, ADDRESS, lambda at_s: celsius + at_s / 100, **more)  # type: ignore[arg-type]


@asynccontextmanager
async def in_range(monkeypatch: pytest.MonkeyPatch, *sensors: VirtualSensor | Advert) -> AsyncIterator[FakeBlueZ]:
    """Sensors that speak five times a second, on a BlueZ that the commands find."""
    async with private_bus() as address, FakeBlueZ(address) as bluez:
        monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", address)
        speaking = asyncio.create_task(_speak(bluez, sensors))
        try:
            yield bluez
        finally:
            speaking.cancel()
            with suppress(asyncio.CancelledError):
                await speaking


async def _speak(bluez: FakeBlueZ, sensors: tuple[VirtualSensor | Advert, ...]) -> None:
    at_s = 0.0
    served = set()
    while True:
        at_s += 0.2
        for one in sensors:
            said = one if isinstance(one, Advert) else one.said(at_s)
            is_heard = said is not None and bluez.say(said)
            if is_heard and isinstance(one, VirtualSensor) and one.kind == "gatt-ess" and one.address not in served:
                served.add(one.address)
                bluez.serve(one.address, {TEMPERATURE_UUID: lambda: b"\xf4\x01", HUMIDITY_UUID: lambda: b"\x94\x11"})
        await asyncio.sleep(0.2)


def key_file(folder: Path, key: bytes = KEY) -> Path:
    path = folder / f"{key[:2].hex()}.key"
    path.write_text(key.hex() + "\n")
    return path


async def test_a_sensor_in_range_is_shown_with_its_bytes_its_values_and_how_often_it_speaks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with in_range(monkeypatch, sensor("ruuvi")):
        said, data = await asyncio.gather(edge_agent("probe", ADDRESS.lower()), edge_agent("probe", ADDRESS, "--json"))
    assert said.code == 0, said.err
    assert "company 0x0499 05 0" in said.words and "temp_c" in said.words and "UNDERSTOOD" in said.words
    assert "new values every" in said.words and "dBm" in said.words
    heard = data.data
    assert (heard["verdict"], heard["format"], heard["values"]["rh_pct"]) == ("understood", "ruuvi", 45.0)
    assert heard["interval_s"] is not None and heard["values"]["battery_v"] == pytest.approx(2.977)
    assert -76 < heard["rssi_dbm"]["last"] < -54
    assert heard["said"][-1]["hex"].startswith("05 ") and "temp_c" in heard["said"][-1]["means"]


async def test_a_device_that_is_not_heard_comes_with_what_to_look_at(monkeypatch: pytest.MonkeyPatch) -> None:
    async with in_range(monkeypatch, sensor("ruuvi")):
        said = await edge_agent("probe", "C0:FF:EE:00:00:99", *SHORT)
    assert said.code == 1 and "SILENT" in said.words
    assert "hci0 works (1 other device received)" in said.words
    assert "--ble-s 120" in said.words and "edge-agent scan --ble" in said.words


async def test_nothing_heard_at_all_points_to_the_adapter(monkeypatch: pytest.MonkeyPatch) -> None:
    async with in_range(monkeypatch):
        silent = await edge_agent("probe", ADDRESS, "--ble-s", 1)
        deaf = await edge_agent("probe", ADDRESS, "--adapter", "hci7", "--ble-s", 1)
    assert silent.code == deaf.code == 1
    assert "hci0 received nothing at all" in silent.words
    assert "NO BLUETOOTH" in deaf.words and "bluetoothctl power on" in deaf.words
    assert "Traceback" not in silent.err + deaf.err


async def test_an_encrypted_sensor_wants_its_key_and_is_believed_only_with_the_right_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    right, wrong = key_file(tmp_path), key_file(tmp_path, bytes(16))
    bad = tmp_path / "bad.key"
    bad.write_text("secret")
    async with in_range(monkeypatch, sensor("bthome", key=KEY)):
        sealed, with_wrong, with_right = await asyncio.gather(
            edge_agent("probe", ADDRESS, *SHORT),
            edge_agent("probe", ADDRESS, *SHORT, "--bindkey-file", wrong),
            edge_agent("probe", ADDRESS, *SHORT, "--bindkey-file", right),
        )
        no_key = await edge_agent("probe", ADDRESS, "--bindkey-file", bad)
    assert sealed.code == 1 and "ENCRYPTED" in sealed.words and "--bindkey-file FILE" in sealed.words
    assert with_wrong.code == 1 and "WRONG KEY" in with_wrong.words and "key belongs to this device" in with_wrong.words
    assert with_right.code == 0 and "decrypted with its key" in with_right.words
    assert no_key.code == 1 and "32 hexadecimal digits" in no_key.words and "secret" not in no_key.words


async def test_plain_speech_of_a_sensor_that_has_a_key_is_not_believed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async with in_range(monkeypatch, sensor("pvvx")):
        said = await edge_agent("probe", ADDRESS, *SHORT, "--bindkey-file", key_file(tmp_path))
    assert said.code == 1 and "sends unencrypted data although a key was given" in said.words


async def test_a_sensor_of_another_family_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    async with in_range(monkeypatch, sensor("govee")):
        said = await edge_agent("probe", ADDRESS, *SHORT, "--format", "ruuvi")
    assert said.code == 1 and "ANOTHER FORMAT" in said.words and "--format govee" in said.words


async def test_two_firmwares_that_share_a_service_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    async with in_range(monkeypatch, sensor("atc1441")):
        said = await edge_agent("probe", ADDRESS, *SHORT, "--json")
    assert (said.data["verdict"], said.data["format"]) == ("understood", "atc1441")
    assert [one["format"] for one in said.data["fits"]] == ["atc1441"]


async def test_what_is_heard_and_not_understood_comes_with_what_it_may_be(monkeypatch: pytest.MonkeyPatch) -> None:
    async with in_range(monkeypatch, Advert(ADDRESS, {0x0499: b"\x03\x29\x1a\x1e"}, rssi_dbm=-93)):
        probed = await edge_agent("probe", ADDRESS, *SHORT)
    assert probed.code == 1 and "UNKNOWN" in probed.words
    assert "update it with Ruuvi Station" in probed.words and "signal is weak (-93 dBm" in probed.words


async def test_impossible_values_are_odd_and_never_shown_as_values(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = sensor("ruuvi")
    broken.faults.add(Fault.IMPOSSIBLE)
    async with in_range(monkeypatch, broken):
        said = await edge_agent("probe", ADDRESS, *SHORT, "--json")
    assert (said.code, said.data["verdict"], said.data["values"]) == (1, "odd", {})
    assert "is outside" in said.data["reasons"][0]


async def test_environmental_sensing_is_read_over_a_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    async with in_range(monkeypatch, sensor("gatt-ess")) as bluez:
        said = await edge_agent("probe", ADDRESS)
        scan = await edge_agent("scan", "--ble", "--ble-s", 1)
        assert bluez.connections == 1 and not bluez.is_connected(ADDRESS)
    assert said.code == 0, said.err
    assert "temperature f4 01" in said.words and "humidity 94 11" in said.words and "temp_c 5" in said.words
    assert "gatt-ess" in scan.words


async def test_a_sensor_that_is_understood_is_added_with_its_bus_and_the_agent_would_listen_to_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = config_in(tmp_path)
    before = path.read_text()
    key = key_file(tmp_path)
    async with in_range(monkeypatch, sensor("bthome", key=KEY)):
        add = ("add", "fridge-a/tag-1", "--address", ADDRESS, "-c", path, "--yes")
        refused = await edge_agent(*add, *SHORT, "--unproven", "it is ours, honestly")
        assert refused.code == 1 and "no reason can override that" in refused.words and path.read_text() == before
        said = await edge_agent(*add, "--bindkey-file", key, "--json")
        again = await edge_agent("add", "fridge-a/tag-2", "--address", ADDRESS.lower(), "-c", path, "--yes")
        same = await edge_agent("add", "fridge-a/tag-1", "--address", "C0:FF:EE:00:00:02", "-c", path, "--yes")
        probed = await edge_agent("probe", "fridge-a/tag-1", "-c", path)
    assert said.code == 0, said.err
    assert said.data["verdict"] == "understood" and "+[[device]]" in said.data["diff"]
    config = tomllib.loads(path.read_text())
    assert config["bus"] == [{"kind": "ble", "name": "ble", "adapter": "hci0"}]
    assert config["device"] == [
        {"name": "fridge-a/tag-1", "bus": "ble", "format": "bthome", "address": ADDRESS, "bindkey_file": str(key),
         "poll_s": 60}
    ]  # fmt: skip
    assert path.read_text().startswith(before.rstrip()) and "# Heard 2" in path.read_text()
    assert KEY.hex() not in path.read_text() + said.out
    plan_sources(load_config(path), SystemClock())
    assert "is already fridge-a/tag-1" in again.words and "is there already" in same.words
    assert probed.code == 0 and "decrypted with its key" in probed.words


PROBES = [
    Advert(ADDRESS, {0x0001: bytes.fromhex(frame)}, name="GV5112AC3D")
    for frame in ("010100b456640041", "010182c796640082")
]


async def test_two_probes_of_one_sensor_are_added_one_by_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = config_in(tmp_path)
    about = ("--address", ADDRESS, "-c", path, "--yes")
    async with in_range(monkeypatch, *PROBES):
        open_ = await edge_agent("add", "fridge-a", *about, *SHORT)
        first = await edge_agent("add", "fridge-a", *about, "--source", "probe-1")
        second = await edge_agent("add", "freezer-b", *about, "--source", "probe-2")
        again = await edge_agent("add", "freezer-c", *about, "--source", "probe-2")
    assert open_.code == 1 and "--source probe-1 or --source probe-2" in open_.words
    assert (first.code, second.code) == (0, 0), first.err + second.err
    assert again.code == 1 and "is already freezer-b" in again.words
    devices = tomllib.loads(path.read_text())["device"]
    assert [(one["name"], one["source"]) for one in devices] == [("fridge-a", "probe-1"), ("freezer-b", "probe-2")]
    assert "temp_c 4.6" in path.read_text() and "temp_c -18.2" in path.read_text()
    plan_sources(load_config(path), SystemClock())


async def test_the_probe_that_measured_is_written_down(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = config_in(tmp_path)
    async with in_range(monkeypatch, Advert(ADDRESS, {0x0A3B: bytes.fromhex("f815018cbc6408")}, name="sps")):
        said = await edge_agent("add", "fridge-a", "--address", ADDRESS, "-c", path, "--yes")
    assert said.code == 0, said.err
    assert tomllib.loads(path.read_text())["device"][0]["source"] == "external"


OTHERS = {
    "18 bytes of another maker": Advert(
        ADDRESS, {0x1234: bytes.fromhex("00000000f401c2012d00000000000000")}, name="LOGGER"
    ),
    "16 bytes of another maker": Advert(ADDRESS, {0x1234: bytes.fromhex("00000000f401c2012d0000000000")}),
    "a curtain motor": Advert(
        ADDRESS, {0x0969: bytes.fromhex("AABBCCDDEEFF0F0006983500")}, {0xFD3D: b"c\xd0\x64\x00\x11\x04"}
    ),
    "a meter without its type": Advert(ADDRESS, {0x0969: bytes.fromhex("D7C17D5DEB43DE03069835")}),
    "a Govee without its name": Advert(ADDRESS, {0x0001: bytes.fromhex("0101031abc025800")}),
}


@pytest.mark.parametrize("name", OTHERS)
async def test_a_frame_of_another_model_is_shown_byte_for_byte_and_never_understood(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    said = OTHERS[name]
    async with in_range(monkeypatch, said):
        probed = await edge_agent("probe", ADDRESS, *SHORT)
    assert probed.code == 1 and "UNKNOWN" in probed.words and "UNDERSTOOD" not in probed.words
    assert next(iter(said.manufacturer_data.values())).hex(" ") in probed.words


async def test_a_format_that_does_not_exist_comes_with_those_that_do(monkeypatch: pytest.MonkeyPatch) -> None:
    said = await edge_agent("probe", ADDRESS, "--format", "nonsense")
    assert said.code == 1 and "choose one of aranet, atc1441" in said.words


async def test_a_bus_that_scans_passively_cannot_take_what_answers_in_scan_responses(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = config_in(tmp_path, '[[bus]]\nkind = "ble"\nname = "air"\nscan = "passive"\n')
    before = path.read_text()
    async with in_range(monkeypatch, sensor("govee")):
        said = await edge_agent("add", "a/b", "--address", ADDRESS, "-c", path, "--yes")
    assert said.code == 1 and 'scan = "auto"' in said.words
    assert path.read_text() == before


async def test_a_silent_sensor_is_added_ahead_only_with_a_format_and_a_reason(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = config_in(tmp_path)
    add = ("add", "a/b", "--address", ADDRESS, "-c", path, "--yes", "--ble-s", 1)
    async with in_range(monkeypatch):
        refused = await edge_agent(*add)
        unknown = await edge_agent(*add, "--unproven", "comes with the next delivery")
        said = await edge_agent(*add, "--unproven", "comes with the next delivery", "--format", "ela")
    assert refused.code == 1 and "not added: no frame was received" in refused.words
    assert unknown.code == 1 and "--format" in unknown.words
    assert said.code == 0 and "# NOT PROVEN" in path.read_text()


async def test_what_is_no_address_or_two_things_at_once_is_refused(tmp_path: Path) -> None:
    path = config_in(tmp_path)
    short = await edge_agent("add", "a/b", "--address", "C0:FF:EE", "-c", path, "--yes")
    both = await edge_agent("add", "a/b", "--address", ADDRESS, "--profile", "xy-md02", "-c", path, "--yes")
    neither = await edge_agent("add", "a/b", "-c", path, "--yes")
    assert "write six bytes" in short.words and "not both" in both.words
    assert "or --address for a Bluetooth sensor" in neither.words
