"""The real bleak on a real private D-Bus, with a byte-level BlueZ and virtual sensors behind it."""

import asyncio
import contextlib
import logging
import signal
import struct
import sys
import tomllib
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime

import pytest

from edge_agent.config.model import BleBus, GatewayConfig
from edge_agent.domain.wire.ids import DeviceName
from edge_agent.domain.wire.records import Notice, NoticeKind, Quality, Reading, Record
from edge_agent.drivers.ble.bus import FIND_S, BleSource, ble_sources
from edge_agent.drivers.ble.formats.gatt_ess import HUMIDITY_UUID, TEMPERATURE_UUID
from edge_agent.drivers.ble.listener import BleDevice
from edge_agent.drivers.ble.registry import FORMATS
from edge_agent.drivers.ble.staleness import LOST_GAPS, UNHEARD_S
from edge_agent.errors import JournalFull
from edge_agent.simulators.ble import Advert, FakeBlueZ, Fault, Measured, VirtualSensor, private_bus
from edge_agent.timekeeping.clock import ManualClock, SystemClock

ADDRESS = "C0:FF:EE:00:00:01"
OTHER = "C0:FF:EE:00:00:02"
KEY = bytes(range(16))
POLL_S = 10.0
TICK_S = 0.002
DEADLINE_S = 10.0


class Bench:
    """A gateway's Bluetooth side against one fake BlueZ, on a clock that moves only by hand."""

    def __init__(self, bluez: FakeBlueZ) -> None:
        self.bluez = bluez
        self.clock = ManualClock(datetime(2026, 3, 1, 8, 0, tzinfo=UTC))
        self.records: list[Record] = []
        self._task: asyncio.Task[None] | None = None

    async def emit(self, record: Record) -> None:
        self.records.append(record)

    def start(self, *devices: BleDevice, bus: BleBus | None = None) -> None:
        source = BleSource(bus or BleBus(kind="ble", name="ble"), devices, self.clock, tick_s=TICK_S)
        self._task = asyncio.create_task(source.run(self.emit))

    async def listening(self) -> None:
        await self.until(lambda: self.bluez.is_discovering or self.bluez.is_monitoring)

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def until(self, condition: Callable[[], bool], advancing_s: float = 0.0) -> None:
        """Wait, for real, until something happened; fail after a generous deadline.

        ``advancing_s`` moves the clock with each look, where it depends on the other process how often it is tried.
        """
        async with asyncio.timeout(DEADLINE_S):
            while not condition():
                self.clock.advance(advancing_s)
                await asyncio.sleep(TICK_S)
        assert self._task is None or not self._task.done()

    async def next_reading(self, after: int) -> Reading:
        """The first reading beyond the first ``after`` ones."""
        await self.until(lambda: len(self.readings()) > after)
        return self.readings()[after]

    async def hears(self, sensor: VirtualSensor, at_s: float = 0.0) -> Reading:
        """Let the sensor speak once, a poll later than before, and give the reading that follows."""
        self.clock.advance(POLL_S)
        before = len(self.readings())
        said = sensor.said(at_s)
        assert said is not None
        assert self.bluez.say(said)
        return await self.next_reading(before)

    async def hears_again(self, sensor: VirtualSensor) -> Reading:
        """Let a sensor that was lost speak until it is heard; polls that come before may still say that it is lost."""
        said = sensor.said(0.0)
        assert said is not None
        return await self.good_while_saying(said)

    async def good_while_saying(self, said: Advert) -> Reading:
        """The first good reading, saying this with each poll: discovery may just be restarted when it is said."""
        async with asyncio.timeout(DEADLINE_S):
            while True:
                self.bluez.say(said)
                self.clock.advance(POLL_S)
                reading = await self.next_reading(len(self.readings()))
                if reading.quality is Quality.GOOD:
                    return reading

    def readings(self) -> list[Reading]:
        return [record for record in self.records if isinstance(record, Reading)]

    def notices(self) -> list[tuple[NoticeKind, str]]:
        return [(record.notice, record.subject) for record in self.records if isinstance(record, Notice)]


@pytest.fixture
async def address(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    async with private_bus() as bus_address:
        monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", bus_address)
        yield bus_address


@pytest.fixture
async def bench(address: str) -> AsyncIterator[Bench]:
    async with FakeBlueZ(address) as bluez:
        bench = Bench(bluez)
        yield bench
        await bench.stop()


def sensor_of(kind: str, temp_c: float = 5.0, key: bytes | None = None) -> VirtualSensor:
    return VirtualSensor(kind, ADDRESS, lambda at_s: temp_c + at_s, key=key)


def device_of(kind: str, key: bytes | None = None, address: str = ADDRESS) -> BleDevice:
    return BleDevice(DeviceName(f"fridge-a/{kind}"), address, kind, POLL_S, key)


LISTENED: list[tuple[str, bytes | None]] = [
    *((kind, None) for kind in FORMATS if kind != "gatt-ess"),
    ("atc1441", KEY),
    ("bthome", KEY),
    ("mibeacon", KEY),
    ("pvvx", KEY),
]


@pytest.mark.parametrize(
    ("kind", "key"), LISTENED, ids=[f"{kind}{'-encrypted' if key else ''}" for kind, key in LISTENED]
)
async def test_each_maker_is_heard_through_bluez(bench: Bench, kind: str, key: bytes | None) -> None:
    sensor = sensor_of(kind, key=key)
    bench.start(device_of(kind, key))
    await bench.listening()
    for at_s in (0.0, max(-12.0, FORMATS[kind].coldest_c - 5.0), 2.5):
        reading = await bench.hears(sensor, at_s)
        assert (reading.device, reading.quality) == (f"fridge-a/{kind}", Quality.GOOD), reading.detail
        assert reading.values["temp_c"] == pytest.approx(5.0 + at_s, abs=0.01)
        assert reading.values["rh_pct"] == pytest.approx(45.0, abs=0.01)
        assert -80 < reading.values["rssi_dbm"] < -50
        assert reading.stamp.mono_ms == int(bench.clock.mono_s() * 1000)


@pytest.mark.parametrize("kind", [kind for kind in FORMATS if kind != "gatt-ess"])
async def test_an_impossible_value_is_never_good(bench: Bench, kind: str) -> None:
    sensor = sensor_of(kind)
    sensor.faults.add(Fault.IMPOSSIBLE)
    bench.start(device_of(kind))
    await bench.listening()
    reading = await bench.hears(sensor)
    assert (reading.quality, reading.values) == (Quality.RANGE, {})
    assert "temp_c" in reading.detail


@pytest.mark.parametrize("kind", ["bthome", "mibeacon", "pvvx"])
@pytest.mark.parametrize(
    ("fault", "quality", "said"),
    [(Fault.WRONG_KEY, Quality.CRC, "wrong bindkey"), (Fault.PLAIN, Quality.FAULT, "unencrypted data")],
)
async def test_what_does_not_come_with_the_right_key_is_not_believed(
    bench: Bench, kind: str, fault: Fault, quality: Quality, said: str
) -> None:
    sensor = sensor_of(kind, key=KEY)
    sensor.faults.add(fault)
    bench.start(device_of(kind, KEY))
    await bench.listening()
    reading = await bench.hears(sensor)
    assert (reading.quality, reading.values) == (quality, {})
    assert said in reading.detail


@pytest.mark.parametrize(("kind", "key"), [("inkbird", None), ("bthome", KEY), ("pvvx", KEY)])
async def test_a_frame_corrupted_on_the_way_is_not_believed(bench: Bench, kind: str, key: bytes | None) -> None:
    sensor = VirtualSensor(kind, ADDRESS, lambda at_s: 5.0 + at_s, key=key)
    bench.start(device_of(kind, key))
    await bench.listening()
    assert (await bench.hears(sensor)).quality is Quality.GOOD
    sensor.faults.add(Fault.CORRUPT)
    assert (await bench.hears(sensor, 1.0)).quality is Quality.CRC
    sensor.faults.clear()
    assert (await bench.hears(sensor, 2.0)).values["temp_c"] == 7.0


async def test_at_most_one_reading_is_made_of_many_advertisements_and_it_is_the_newest(bench: Bench) -> None:
    sensor, marker = sensor_of("ruuvi"), VirtualSensor("ruuvi", OTHER, lambda _: 20.0)
    bench.start(device_of("ruuvi"), BleDevice(DeviceName("marker"), OTHER, "ruuvi", 0.1))
    await bench.listening()
    await bench.hears(sensor)
    for n in range(1, 6):
        bench.clock.advance(1.0)
        for speaker in (sensor, marker):  # the marker's reading shows that the frame before it went through
            said = speaker.said(float(n))
            assert said is not None
            bench.bluez.say(said)
        assert (await bench.next_reading(n)).device == "marker"
    bench.clock.advance(POLL_S - 5.0)
    reading = await bench.next_reading(6)
    assert (reading.device, reading.values["temp_c"]) == ("fridge-a/ruuvi", 10.0)


async def test_silence_makes_stale_readings_then_one_loss_then_one_return(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    sensor = sensor_of("ruuvi")
    bench.start(device_of("ruuvi"))
    await bench.listening()
    for _ in range(5):
        await bench.hears(sensor)
    qualities: list[Quality] = []
    while (NoticeKind.DEVICE_LOST, "fridge-a/ruuvi") not in bench.notices() or len(qualities) < LOST_GAPS + 3:
        before = len(bench.readings())
        bench.clock.advance(POLL_S)
        if bench.clock.mono_s() > (5 + 4) * POLL_S + 1:
            qualities.append((await bench.next_reading(before)).quality)
    assert qualities[0] is Quality.STALE
    assert qualities[-1] is Quality.TIMEOUT
    assert set(qualities) == {Quality.STALE, Quality.TIMEOUT}
    await bench.listening()  # the watchdog may be restarting discovery
    await bench.hears_again(sensor)
    assert (await bench.hears(sensor)).quality is Quality.GOOD
    assert bench.notices() == [
        (NoticeKind.DEVICE_LOST, "fridge-a/ruuvi"),
        (NoticeKind.DEVICE_BACK, "fridge-a/ruuvi"),
    ]
    assert caplog.text.count("fridge-a/ruuvi is lost") == 1
    assert caplog.text.count("fridge-a/ruuvi is back") == 1


async def test_a_replayed_frame_never_becomes_a_reading(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    sensor = sensor_of("bthome", key=KEY)
    bench.start(device_of("bthome", KEY))
    await bench.listening()
    recorded = sensor.said(25.0)
    assert recorded is not None
    for at_s in (0.0, 1.0, 2.0, 3.0):
        await bench.hears(sensor, at_s)
    for rssi_dbm in (-40, -41, -42):
        bench.clock.advance(POLL_S / 5)
        bench.bluez.say(Advert(ADDRESS, service_data=recorded.service_data, rssi_dbm=rssi_dbm))
        await bench.until(lambda: "old sequence number was dropped" in caplog.text)
    reading = await bench.hears(sensor, 4.0)
    assert reading.values["temp_c"] == 9.0
    assert [r.values["temp_c"] for r in bench.readings()] == [5.0, 6.0, 7.0, 8.0, 9.0]
    assert caplog.text.count("old sequence number was dropped") == 1


async def test_an_inkbird_that_returns_to_an_earlier_temperature_is_right(bench: Bench) -> None:
    sensor = sensor_of("inkbird")
    bench.start(device_of("inkbird"))
    await bench.listening()
    for at_s in (0.0, 1.0, 0.0, -9.0, 0.0):
        assert (await bench.hears(sensor, at_s)).values["temp_c"] == 5.0 + at_s


async def test_of_all_company_ids_that_bluez_keeps_of_an_inkbird_the_one_that_changed_counts(bench: Bench) -> None:
    bench.start(device_of("inkbird"))
    await bench.listening()
    bench.bluez.filter.pop("DuplicateData")  # as when another program had set the filter
    for n, (temp_c, rh_pct) in enumerate(((5.0, 45.0), (6.0, 45.0), (5.0, 46.0), (6.0, 47.0))):
        bench.clock.advance(POLL_S)
        bench.bluez.say(FORMATS["inkbird"].encode(Measured(ADDRESS, temp_c, rh_pct, 90, n)))
        reading = await bench.next_reading(n)
        assert (reading.values["temp_c"], reading.values["rh_pct"]) == (temp_c, rh_pct)


async def test_that_bluez_forgets_a_signal_strength_is_no_advertisement(bench: Bench) -> None:
    bench.start(device_of("govee"), BleDevice(DeviceName("marker"), OTHER, "ruuvi", POLL_S))
    await bench.listening()
    await bench.hears(sensor_of("govee"))
    bench.clock.advance(POLL_S)
    bench.bluez.forget_rssi(ADDRESS)
    marker = VirtualSensor("ruuvi", OTHER, lambda _: 20.0).said(0.0)
    assert marker is not None
    bench.bluez.say(marker)
    assert (await bench.next_reading(1)).device == "marker"
    bench.clock.advance(1.0)
    await bench.hears(VirtualSensor("ruuvi", OTHER, lambda _: 21.0))
    assert [reading.device for reading in bench.readings()] == ["fridge-a/govee", "marker", "marker"]


async def test_devices_that_are_not_configured_are_not_reported(bench: Bench) -> None:
    bench.start(device_of("ruuvi"))
    await bench.listening()
    stranger = VirtualSensor("ruuvi", OTHER, lambda _: 30.0)
    said = stranger.said(0.0)
    assert said is not None
    assert bench.bluez.say(said)
    await bench.hears(sensor_of("ruuvi"))
    assert [reading.values["temp_c"] for reading in bench.readings()] == [5.0]


async def test_what_the_journal_raises_comes_out_as_it_is(bench: Bench) -> None:
    async def full(_: Record) -> None:
        raise JournalFull("no room")

    source = BleSource(BleBus(kind="ble", name="ble"), [device_of("ruuvi")], bench.clock, tick_s=TICK_S)
    bench.clock.advance(UNHEARD_S + 1)
    async with asyncio.timeout(DEADLINE_S):
        with pytest.raises(JournalFull):
            await source.run(full)


async def test_a_device_that_was_never_heard_is_told_once_with_what_to_look_at(bench: Bench) -> None:
    bench.start(device_of("ruuvi"))
    await bench.listening()
    bench.clock.advance(UNHEARD_S + 1)
    assert (await bench.next_reading(0)).quality is Quality.TIMEOUT
    bench.clock.advance(POLL_S)
    await bench.next_reading(1)
    (notice,) = [record for record in bench.records if isinstance(record, Notice)]
    assert notice.notice is NoticeKind.DEVICE_LOST
    assert ADDRESS in notice.text
    assert "battery" in notice.text


class TestScanning:
    """Which scan is used, and what brings it back to life."""

    async def test_formats_that_allow_it_are_listened_to_passively(self, bench: Bench) -> None:
        bench.start(device_of("ruuvi"))
        await bench.until(lambda: bench.bluez.is_monitoring)
        assert not bench.bluez.is_discovering
        assert (await bench.hears(sensor_of("ruuvi"))).quality is Quality.GOOD

    async def test_one_format_that_needs_a_scan_response_makes_it_active(self, bench: Bench) -> None:
        bench.start(device_of("ruuvi"), device_of("govee", address=OTHER))
        await bench.until(lambda: bench.bluez.is_discovering)
        assert not bench.bluez.is_monitoring
        assert bench.bluez.filter["DuplicateData"] is True
        assert bench.bluez.filter["Transport"] == "le"

    async def test_a_bluez_that_cannot_scan_passively_is_told_to_scan_actively_with_one_line(
        self, address: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        async with FakeBlueZ(address, passive=False) as bluez:
            bench = Bench(bluez)
            bench.start(device_of("ruuvi"))
            await bench.until(lambda: bluez.is_discovering)
            assert (await bench.hears(sensor_of("ruuvi"))).quality is Quality.GOOD
            bench.clock.advance(70.0)
            await bench.until(lambda: bluez.starts == 2)
            assert caplog.text.count("BlueZ refuses passive scanning") == 1
            await bench.stop()

    async def test_silence_of_all_devices_restarts_discovery_and_is_told_once(
        self, bench: Bench, caplog: pytest.LogCaptureFixture
    ) -> None:
        bench.start(device_of("govee"), bus=BleBus(kind="ble", name="ble", silence_s=30))
        await bench.until(lambda: bench.bluez.starts == 1)
        for starts, silent_s in ((2, 31), (3, 61), (4, 121)):
            bench.clock.advance(silent_s)
            await bench.until(lambda starts=starts: bench.bluez.starts == starts)
        assert caplog.text.count("receives none of its devices") == 1
        await bench.hears_again(sensor_of("govee"))
        await bench.until(lambda: "receives its devices again" in caplog.text)

    async def test_devices_that_talk_keep_discovery_as_it_is(self, bench: Bench) -> None:
        bench.start(device_of("govee"), bus=BleBus(kind="ble", name="ble", silence_s=30))
        await bench.listening()
        sensor = sensor_of("govee")
        for _ in range(10):
            await bench.hears(sensor)
        assert bench.bluez.starts == 1

    async def test_an_adapter_that_is_switched_off_is_told_once_and_used_again_when_it_is_on(
        self, bench: Bench, caplog: pytest.LogCaptureFixture
    ) -> None:
        bench.start(device_of("govee"))
        await bench.listening()
        bench.bluez.power(False)
        bench.clock.advance(61)
        await bench.until(lambda: "ble (hci0) lost" in caplog.text)
        for refusals in range(2, 6):
            await bench.until(lambda refusals=refusals: bench.bluez.refusals >= refusals, advancing_s=5.0)
        bench.bluez.power(True)
        await bench.until(lambda: bench.bluez.is_discovering, advancing_s=1.0)
        await bench.hears_again(sensor_of("govee"))
        assert caplog.text.count("ble (hci0) lost") == 1
        assert caplog.text.count("ble (hci0) back") == 1
        assert "bluetoothctl power on" in caplog.text

    async def test_an_adapter_that_is_pulled_out_is_used_again_when_it_is_back(
        self, bench: Bench, caplog: pytest.LogCaptureFixture
    ) -> None:
        bench.start(device_of("ruuvi"))
        await bench.listening()
        bench.bluez.unplug()
        bench.clock.advance(61)
        await bench.until(lambda: "adapter 'hci0' not found" in caplog.text)
        bench.bluez.plug_in()
        await bench.until(lambda: "ble (hci0) back" in caplog.text, advancing_s=1.0)
        await bench.listening()
        await bench.hears_again(sensor_of("ruuvi"))

    async def test_a_bluetoothd_that_starts_later_is_found(
        self, address: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        async with FakeBlueZ(address, adapter="hci1") as early:
            bench = Bench(early)
            bench.start(device_of("ruuvi"))
            await bench.until(lambda: "ble (hci0) lost" in caplog.text)
            await bench.stop()
        async with FakeBlueZ(address) as bluez:
            bench = Bench(bluez)
            bench.start(device_of("ruuvi"))
            await bench.listening()
            assert (await bench.hears(sensor_of("ruuvi"))).quality is Quality.GOOD
            await bench.stop()

    async def test_without_any_bus_the_source_waits_and_says_so_once(
        self, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent/bus")
        bench = Bench(FakeBlueZ("unix:path=/nonexistent/bus"))
        bench.start(device_of("ruuvi"))
        await bench.until(lambda: "ble (hci0) lost" in caplog.text)
        bench.clock.advance(UNHEARD_S)
        for n in range(5):  # each time the adapter is tried again, too
            bench.clock.advance(60)
            assert (await bench.next_reading(n)).quality is Quality.TIMEOUT
        assert caplog.text.count("ble (hci0) lost") == 1
        await bench.stop()


class TestConnected:
    """Sensors that have to be connected to."""

    ADVERT = Advert(ADDRESS, name="ESS")

    def serve(self, bench: Bench, temperature: Callable[[], bytes], humidity: bool = True) -> None:
        assert bench.bluez.say(self.ADVERT)
        values = {TEMPERATURE_UUID: temperature}
        if humidity:
            values[HUMIDITY_UUID] = lambda: struct.pack("<H", 4512)
        bench.bluez.serve(ADDRESS, values)

    async def test_its_characteristics_are_read_each_poll_and_the_connection_is_closed(self, bench: Bench) -> None:
        bench.start(device_of("gatt-ess"))
        await bench.listening()
        self.serve(bench, lambda: struct.pack("<h", -1234))
        for n in range(3):
            reading = await bench.next_reading(n)
            assert reading.values == {"temp_c": -12.34, "rh_pct": 45.12, "rssi_dbm": -60}
            assert bench.bluez.connections == n + 1
            assert not bench.bluez.is_connected(ADDRESS)
            bench.clock.advance(POLL_S)

    async def test_one_without_humidity_gives_temperature_alone(self, bench: Bench) -> None:
        bench.start(device_of("gatt-ess"))
        await bench.listening()
        self.serve(bench, lambda: struct.pack("<h", 500), humidity=False)
        assert (await bench.next_reading(0)).values == {"temp_c": 5.0, "rssi_dbm": -60}

    async def test_a_jump_is_read_again_at_once_and_counts_only_if_it_is_confirmed(self, bench: Bench) -> None:
        answers = iter((500, 8500, 510, 8500, -4000, 8500, 8500))
        bench.start(device_of("gatt-ess"))
        await bench.listening()
        self.serve(bench, lambda: struct.pack("<h", next(answers)), humidity=False)
        outcome: list[tuple[Quality, float | None]] = []
        for n in range(4):
            reading = await bench.next_reading(n)
            outcome.append((reading.quality, reading.values.get("temp_c")))
            bench.clock.advance(POLL_S)
        assert outcome == [
            (Quality.GOOD, 5.0), (Quality.GOOD, 5.1), (Quality.SUSPECT, None), (Quality.GOOD, 85.0),
        ]  # fmt: skip

    async def test_a_temperature_that_the_device_does_not_know_is_a_fault(self, bench: Bench) -> None:
        bench.start(device_of("gatt-ess"))
        await bench.listening()
        self.serve(bench, lambda: struct.pack("<h", -0x8000))
        assert (await bench.next_reading(0)).quality is Quality.FAULT

    async def test_one_that_does_not_answer_is_lost_once_and_back_once(self, bench: Bench) -> None:
        bench.start(device_of("gatt-ess"))
        await bench.listening()
        bench.clock.advance(FIND_S)
        for n in range(5):
            assert (await bench.next_reading(n)).quality is Quality.TIMEOUT
            bench.clock.advance(POLL_S)
        await bench.next_reading(5)
        await bench.listening()
        self.serve(bench, lambda: struct.pack("<h", 500))
        await bench.good_while_saying(self.ADVERT)
        assert bench.notices() == [
            (NoticeKind.DEVICE_LOST, "fridge-a/gatt-ess"),
            (NoticeKind.DEVICE_BACK, "fridge-a/gatt-ess"),
        ]


async def test_the_simulator_prints_a_configuration_that_hears_it(monkeypatch: pytest.MonkeyPatch) -> None:
    command = "import typer; from edge_agent.simulators.ble import ble; typer.run(ble)"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", command, "--sensor", "pvvx", "--sensor", "gatt-ess", "--bindkey", KEY.hex(),
        "--interval-s", "0.1", stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    printed = b""
    async with asyncio.timeout(DEADLINE_S):
        while printed.count(b"poll_s") < 2:
            line = await process.stdout.readline()
            assert line, "the simulator ended"
            printed += line
    try:
        monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", printed.decode().splitlines()[0].partition("ADDRESS=")[2])
        rest = {"gateway": {"name": "gw", "data_dir": "/tmp"}, "uplink": {"url": "https://ledger"}}
        config = GatewayConfig.model_validate({**rest, **tomllib.loads(printed.decode())})
        heard: set[str] = set()
        all_heard = asyncio.Event()

        async def emit(record: Record) -> None:
            if isinstance(record, Reading) and record.quality is Quality.GOOD:
                heard.add(record.device)
            if heard == {"sim/pvvx", "sim/gatt-ess"}:
                all_heard.set()

        (source,) = ble_sources(config, SystemClock())
        task = asyncio.create_task(source.run(emit))
        await asyncio.wait_for(all_heard.wait(), DEADLINE_S)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
    finally:
        process.send_signal(signal.SIGINT)
        assert await asyncio.wait_for(process.wait(), DEADLINE_S) == 0


@pytest.fixture(autouse=True)
def _log_level(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="edge_agent")
