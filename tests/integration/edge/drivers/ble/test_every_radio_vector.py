"""Every published Bluetooth frame on the air of a byte-level BlueZ, and what the real agent reports to the ledger."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from edge_agent.domain.wire.records import Quality
from edge_agent.drivers.ble.formats.gatt_ess import HUMIDITY_UUID, TEMPERATURE_UUID
from edge_agent.drivers.ble.registry import FORMATS
from edge_agent.simulators.ble import Advert, FakeBlueZ, private_bus
from tests.support.ble_pages import PublishedFrame, published_frames
from tests.support.gateway_process import GatewayProcess, section

SPOKEN = [frame for frame in published_frames() if frame.model != "none"]
SILENT = [frame for frame in published_frames() if frame.model == "none"]
KEY = "231d39c1d7cc1ab1aee224cd096db932"
Rounds = list[list[tuple[str, str, PublishedFrame]]]


def rounds(frames: list[PublishedFrame]) -> Rounds:
    """(device, address, frame), split so that no two of a round have one address: some have it in their bytes."""
    split: Rounds = []
    for number, frame in enumerate(frames):
        address = frame.address or f"C0:FF:EE:00:{number // 256:02X}:{number % 256:02X}"
        row = (f"n{number}", address, frame)
        free = next((one for one in split if address not in {taken for _, taken, _ in one}), None)
        if free is None:
            split.append([row])
        else:
            free.append(row)
    return split


@pytest.fixture
async def air() -> AsyncIterator[tuple[FakeBlueZ, str]]:
    async with private_bus() as address, FakeBlueZ(address) as bluez:
        yield bluez, address


@pytest.mark.parametrize("number", range(len(rounds(SPOKEN))))
async def test_published_frames_reach_the_ledger_as_their_makers_say(
    number: int, tmp_path: Path, air: tuple[FakeBlueZ, str]
) -> None:
    bluez, bus_address = air
    spoken = rounds(SPOKEN)[number]
    sections = [section("bus", name="air", kind="ble"), section("bus", name="quiet", kind="ble", scan="passive")]
    for name, address, frame in spoken:
        more = {"bindkey": frame.key.hex()} if frame.key else {}
        more |= {"source": frame.source} if frame.source else {}
        (form,) = frame.formats
        bus = "quiet" if FORMATS[form].is_passive_only else "air"
        sections.append(section("device", name=name, bus=bus, format=form, address=address, poll_s=0.1, **more))
    for silent, frame in enumerate(SILENT if number == 0 else ()):
        address = f"C0:FF:EE:FF:00:{silent:02X}"
        about = {"bus": "air", "format": frame.formats[0], "address": address, "poll_s": 0.1}
        sections.append(section("device", name=f"silent{silent}", **about))
    async with GatewayProcess(tmp_path, "".join(sections), {"DBUS_SYSTEM_BUS_ADDRESS": bus_address}) as gateway:
        quiet = any(FORMATS[frame.formats[0]].is_passive_only for _, _, frame in spoken)
        await gateway.until(lambda _: bluez.is_discovering or (bluez.is_monitoring and not quiet), "a scan")
        await gateway.until(lambda _: bluez.is_monitoring or not quiet, "a passive scan")
        for silent, frame in enumerate(SILENT if number == 0 else ()):
            bluez.say(frame.said(f"C0:FF:EE:FF:00:{silent:02X}"))
        for _, address, frame in spoken:
            assert bluez.say(frame.said(address))
        await gateway.until(_has({name for name, _, _ in spoken}), "a reading of every device")
        assert not [n for n in range(len(SILENT)) if gateway.readings(f"silent{n}")]
        for name, _, frame in spoken:
            reading = gateway.readings(name)[0]
            assert reading.quality is frame.quality, (frame.model, reading.detail)
            if reading.quality is Quality.GOOD:
                assert reading.values == pytest.approx({**frame.values, "rssi_dbm": -61}, abs=0.006), frame.model
                assert reading.values.keys() == {*frame.values, "rssi_dbm"}


def _has(devices: set[str]) -> Callable[[GatewayProcess], bool]:
    return lambda gateway: all(gateway.readings(name) for name in devices)


async def test_an_encrypted_frame_that_is_played_again_is_dropped(tmp_path: Path, air: tuple[FakeBlueZ, str]) -> None:
    bluez, bus_address = air
    address = "54:48:E6:8F:80:A5"
    device = section("device", name="tag", bus="air", format="bthome", address=address, poll_s=0.1, bindkey=KEY)
    frames = [
        "41 E445F3C9962B 33221100 6C7C4519",
        "41 723D3035FB88 32221100 9E7414C0",  # an older number
        "41 3E932CC7175F 34221100 553876AF",
    ]
    sections = section("bus", name="air", kind="ble") + device
    async with GatewayProcess(tmp_path, sections, {"DBUS_SYSTEM_BUS_ADDRESS": bus_address}) as gateway:
        await gateway.until(lambda _: bluez.is_discovering or bluez.is_monitoring, "a scan")
        for wanted, frame in zip((1, 1, 2), frames, strict=True):
            assert bluez.say(Advert(address, service_data={0xFCD2: bytes.fromhex(frame)}, rssi_dbm=-61))
            await gateway.until(lambda g, wanted=wanted: len(g.readings("tag")) >= wanted, frame)
    assert gateway.good("tag") == [{"temp_c": 25.06, "rh_pct": 50.55, "rssi_dbm": -61}] * 2
    assert "old sequence number was dropped" in gateway.said


async def test_characteristics_of_an_environmental_sensing_service_reach_the_ledger(
    tmp_path: Path, air: tuple[FakeBlueZ, str]
) -> None:
    bluez, bus_address = air
    address = "C0:FF:EE:00:00:01"
    # The second is so far from the first that it is asked again before it counts.
    temperatures = iter(bytes.fromhex(value) for value in ("F401", "2EFB", "2EFB"))
    unknown = bytes.fromhex("0080")
    device = section("device", name="ess", bus="air", format="gatt-ess", address=address, poll_s=0.3)
    sections = section("bus", name="air", kind="ble") + device
    async with GatewayProcess(tmp_path, sections, {"DBUS_SYSTEM_BUS_ADDRESS": bus_address}) as gateway:
        await gateway.until(lambda _: bluez.is_discovering, "a scan")
        # The service is there before the device is heard for the first time: what is heard is connected to at once.
        said = Advert(address, name="ESS", services=(0x181A,), rssi_dbm=-61)
        assert bluez.say(said)
        bluez.serve(address, {
            TEMPERATURE_UUID: lambda: next(temperatures, unknown), HUMIDITY_UUID: lambda: bytes.fromhex("9411"),
        })  # fmt: skip
        await gateway.until(lambda g: bool(g.readings("ess", Quality.FAULT)), "the temperature that is not known")
    both = {"rh_pct": 45.0, "rssi_dbm": -61}
    assert gateway.good("ess") == [{"temp_c": 5.0, **both}, {"temp_c": -12.34, **both}]
