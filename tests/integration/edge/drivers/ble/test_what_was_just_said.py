"""What a sensor has just said, told from what BlueZ remembers of it; and which of its probes said it."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime

import pytest

from edge_agent.config.model import BleBus
from edge_agent.domain.wire.ids import DeviceName
from edge_agent.domain.wire.records import Notice, NoticeKind, Quality, Reading, Record
from edge_agent.drivers.ble.bus import BleSource
from edge_agent.drivers.ble.listener import BleDevice
from edge_agent.simulators.ble import Advert, FakeBlueZ, Fault, VirtualSensor, private_bus
from edge_agent.timekeeping.clock import ManualClock

ADDRESS, OTHER = "C0:FF:EE:00:00:01", "C0:FF:EE:00:00:02"
POLL_S, TICK_S, DEADLINE_S = 10.0, 0.002, 10.0
GOVEE = Advert(ADDRESS, {0xEC88: bytes.fromhex("0000C8C56400")}, name="GVH5075_2762")  # 5.1 °C
LOUD, FAINT = -40, -70


class Room:
    """One adapter and a clock that moves only by hand. ``marker`` is a sensor whose reading shows that all before it
    came through."""

    def __init__(self, bluez: FakeBlueZ) -> None:
        self.bluez = bluez
        self.clock = ManualClock(datetime(2026, 3, 1, 8, 0, tzinfo=UTC))
        self.records: list[Record] = []
        self._marker = VirtualSensor("ruuvi", OTHER, lambda _: 20.0)
        self._task: asyncio.Task[None] | None = None

    async def emit(self, record: Record) -> None:
        self.records.append(record)

    async def start(self, devices: Sequence[BleDevice], bus: BleBus | None = None) -> None:
        marker = BleDevice(DeviceName("marker"), OTHER, "ruuvi", 0.1)
        source = BleSource(bus or BleBus(kind="ble", name="ble"), [*devices, marker], self.clock, tick_s=TICK_S)
        self._task = asyncio.create_task(source.run(self.emit))
        await self.until(lambda: self.bluez.is_discovering or self.bluez.is_monitoring)

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(DEADLINE_S):
            while not condition():  # noqa: ASYNC110 - the real bus is in between
                await asyncio.sleep(TICK_S)

    async def say(self, *said: Advert) -> list[Reading]:
        """Let time pass, say all, and give the readings that come of it."""
        self.clock.advance(POLL_S)
        before = len(self.records)
        for one in said:
            self.bluez.say(one)
        async with asyncio.timeout(DEADLINE_S):
            while not any(r.device == "marker" and r.quality is Quality.GOOD for r in self._readings(before)):
                marker = self._marker.said(0.0)  # again, because discovery may just be restarted
                assert marker is not None
                self.bluez.say(marker)
                await asyncio.sleep(5 * TICK_S)
        return [reading for reading in self._readings(before) if reading.device != "marker"]

    def _readings(self, before: int) -> list[Reading]:
        return [record for record in self.records[before:] if isinstance(record, Reading)]

    def notices(self, kind: NoticeKind) -> list[Notice]:
        return [record for record in self.records if isinstance(record, Notice) and record.notice is kind]


@pytest.fixture
async def room(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Room]:
    async with private_bus() as address, FakeBlueZ(address) as bluez:
        monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", address)
        room = Room(bluez)
        yield room
        await room.stop()


@pytest.fixture(autouse=True)
def _log_level(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="edge_agent")


def device(form: str = "govee", source: str | None = None, name: str = "fridge-a") -> BleDevice:
    return BleDevice(DeviceName(name), ADDRESS, form, POLL_S, source=source)


async def test_a_temperature_that_the_host_remembers_becomes_stale_and_then_lost(room: Room) -> None:
    await room.start([device()])
    for _ in range(5):
        (reading,) = await room.say(GOVEE)
        assert (reading.quality, reading.values["temp_c"]) == (Quality.GOOD, 5.1)
    qualities: list[Quality] = []
    for n in range(20):
        # The adapter no longer asks for scan responses: only the signal strength of the advertisement changes.
        advertised = Advert(ADDRESS, name="GVH5075_2762", rssi_dbm=LOUD if n % 2 else FAINT)
        qualities += [reading.quality for reading in await room.say(advertised)]
    assert Quality.GOOD not in qualities
    assert qualities[0] is Quality.STALE and qualities[-1] is Quality.TIMEOUT
    assert [notice.subject for notice in room.notices(NoticeKind.DEVICE_LOST)] == ["fridge-a"]


async def test_a_sensor_whose_firmware_changes_its_format_is_stale_and_not_good_for_ever(room: Room) -> None:
    pvvx = VirtualSensor("pvvx", ADDRESS, lambda _: 5.07)
    bthome = VirtualSensor("bthome", ADDRESS, lambda _: 9.0)
    await room.start([device("pvvx")])
    for _ in range(5):
        said = pvvx.said(0.0)
        assert said is not None
        assert [reading.quality for reading in await room.say(said)] == [Quality.GOOD]
    qualities: list[Quality] = []
    for _ in range(6):
        said = bthome.said(0.0)
        assert said is not None
        qualities += [reading.quality for reading in await room.say(said)]
    assert set(qualities) == {Quality.STALE}


async def test_what_bluez_knew_before_is_no_frame(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    assert room.bluez.remember(GOVEE)
    await room.start([device()])
    assert await room.say(Advert(ADDRESS, name="GVH5075_2762", rssi_dbm=LOUD)) == []
    (reading,) = await room.say(GOVEE)
    assert reading.values["temp_c"] == 5.1


async def test_bytes_that_are_not_of_the_format_make_no_frame_new(room: Room) -> None:
    packet = bytes.fromhex("400009015D025D0903B718")
    await room.start([device("bthome")])
    assert [r.quality for r in await room.say(Advert(ADDRESS, service_data={0xFCD2: packet}))] == [Quality.GOOD]
    for n in range(1, 10):
        replayed = Advert(ADDRESS, {0x004C: bytes((n,))}, {0xFCD2: packet})
        assert Quality.GOOD not in [reading.quality for reading in await room.say(replayed)]


async def test_scan_responses_that_stop_are_noticed_once_and_discovery_is_restarted(
    room: Room, caplog: pytest.LogCaptureFixture
) -> None:
    await room.start([device()], BleBus(kind="ble", name="ble", silence_s=30))
    sensor = VirtualSensor("govee", ADDRESS, lambda _: 5.1)
    for _ in range(5):
        said = sensor.said(0.0)
        assert said is not None
        await room.say(said)
    assert room.bluez.starts == 1
    sensor.faults.add(Fault.NO_ANSWERS)
    for _ in range(12):
        said = sensor.said(0.0)
        assert said is not None
        await room.say(said)
        await room.until(lambda: room.bluez.is_discovering)
    await room.until(lambda: room.bluez.starts >= 2)
    assert room.bluez.starts <= 3, "each time it waits longer"
    (notice,) = room.notices(NoticeKind.RADIO_RESTARTED)
    assert notice.subject == "ble" and "fridge-a" in notice.text
    assert caplog.text.count("but no scan responses") == 1
    heard = await room.say(GOVEE) + await room.say(GOVEE)
    assert heard[-1].quality is Quality.GOOD
    await room.until(lambda: "receives scan responses again" in caplog.text)


FIRST = Advert(ADDRESS, {0x0001: bytes.fromhex("010100b456640041")}, name="GV5112AC3D")
SECOND = Advert(ADDRESS, {0x0001: bytes.fromhex("010182c796640082")}, name="GV5112AC3D")


async def test_two_probes_of_one_sensor_are_two_series_at_two_places(room: Room) -> None:
    await room.start([device(source="probe-1"), device(source="probe-2", name="freezer-b")])
    for _ in range(3):
        readings = {reading.device: reading for reading in await room.say(FIRST, SECOND)}
        assert {name: reading.values["temp_c"] for name, reading in readings.items()} == {
            "fridge-a": 4.6,
            "freezer-b": -18.2,
        }
        assert "rh_pct" not in readings[DeviceName("freezer-b")].values


async def test_two_probes_under_one_name_are_never_good(room: Room) -> None:
    await room.start([device()])
    for said in (FIRST, SECOND):
        (reading,) = await room.say(said)
        assert (reading.quality, reading.values) == (Quality.FAULT, {})
        assert 'source = "probe-1" or source = "probe-2"' in reading.detail


EXTERNAL = Advert(ADDRESS, {0x0A3B: bytes.fromhex("f815018cbc6408")}, name="sps")
BUILT_IN = Advert(ADDRESS, {0x089C: bytes.fromhex("f41000ba4e6408")}, name="sps")


@pytest.mark.parametrize("source", [None, "external"])
async def test_an_external_probe_that_is_pulled_is_not_the_same_series(room: Room, source: str | None) -> None:
    await room.start([device("inkbird", source)])
    (reading,) = await room.say(EXTERNAL)
    assert (reading.quality, reading.values["temp_c"]) == (Quality.GOOD, 26.19)
    for _ in range(2):
        (reading,) = await room.say(BUILT_IN)
        assert reading.quality is Quality.FAULT
        assert "measured by the built-in sensor, not by the external one" in reading.detail
    (reading,) = await room.say(EXTERNAL)
    assert reading.quality is Quality.GOOD
    away, back = room.notices(NoticeKind.SOURCE_CHANGED)
    assert "is now measured by its built-in sensor" in away.text and "external sensor again" in back.text


async def test_the_second_temperature_of_a_frame_can_be_a_device_of_its_own(room: Room) -> None:
    both = Advert(ADDRESS, service_data={0xFCD2: bytes.fromhex("40 01 5A 02F401 02C409")})
    await room.start([device("bthome", "probe-1"), device("bthome", "probe-2", "shelf")])
    readings = {str(reading.device): reading.values for reading in await room.say(both)}
    assert readings["fridge-a"] == {"temp_c": 5.0, "battery_pct": 90, "rssi_dbm": -60}
    assert readings["shelf"] == {"temp_c": 25.0, "battery_pct": 90, "rssi_dbm": -60}


async def test_a_jump_faster_than_physics_is_suspect_until_the_next_frame_confirms_it(room: Room) -> None:
    await room.start([device("ruuvi")])
    sensor = VirtualSensor("ruuvi", ADDRESS, lambda at_s: at_s)
    outcome: list[tuple[Quality, float | None]] = []
    for temp_c in (5.0, 80.0, 5.1, 45.0, 45.5):
        said = sensor.said(temp_c)
        assert said is not None
        outcome += [(reading.quality, reading.values.get("temp_c")) for reading in await room.say(said)]
    assert outcome == [
        (Quality.GOOD, 5.0),
        (Quality.SUSPECT, None),
        (Quality.GOOD, 5.1),
        (Quality.SUSPECT, None),
        (Quality.GOOD, 45.5),
    ]


DEAD = [
    ("bthome", Advert(ADDRESS, service_data={0xFCD2: bytes.fromhex("40 02FFFF 03FFFF")})),
    ("bthome", Advert(ADDRESS, service_data={0xFCD2: bytes.fromhex("40 020000 030000")})),
    (
        "bthome",
        Advert(ADDRESS, service_data={0xFCD2: bytes.fromhex("40 0264CE")}),
    ),  # -127 °C: a DS18B20 that is cut off
    (
        "bthome",
        Advert(ADDRESS, service_data={0xFCD2: bytes.fromhex("40 026CEE 030000")}),
    ),  # an SHT3x: -45 °C and 0 %
    ("govee", Advert(ADDRESS, {0xEC88: bytes.fromhex("00FFFFFF6400")}, name="GVH5075_2762")),
    ("govee", Advert(ADDRESS, {0xEC88: bytes.fromhex("00000000006402")}, name="Govee_H5074_5FF4")),
    ("sensirion", Advert(ADDRESS, {0x06D5: bytes.fromhex("0006E2E7FFFFFFFF")})),
    ("ruuvi", Advert(ADDRESS, {0x0499: bytes.fromhex("0300000000000000000000000000")})),
    ("qingping", Advert(ADDRESS, service_data={0xFDCD: bytes.fromhex("0816 010000EEFFC0 0104FFFFFFFF")})),
]


@pytest.mark.parametrize(("form", "said"), DEAD, ids=[f"{form}-{n}" for n, (form, _) in enumerate(DEAD)])
async def test_half_a_dead_frame_is_not_believed(room: Room, form: str, said: Advert) -> None:
    await room.start([device(form)])
    (reading,) = await room.say(said)
    assert reading.quality in (Quality.FAULT, Quality.RANGE)
    assert reading.values == {}
