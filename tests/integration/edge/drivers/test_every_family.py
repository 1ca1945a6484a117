"""The real agent beside the simulator of every family of devices with a wire: the ledger gets the right values."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import date
from pathlib import Path
from typing import Literal

import gpiozero
import pytest
import serial_asyncio_fast
from gpiozero.pins.mock import MockFactory

from edge_agent.agent import run
from edge_agent.config.model import GatewayConfig
from edge_agent.dock.feedback import LogLines
from edge_agent.dock.session import DockSession
from edge_agent.domain.wire.records import Quality, Reading, Record, ScanTransaction
from edge_agent.domain.wire.wire import decode_record
from edge_agent.drivers.base import Source
from edge_agent.drivers.modbus.profile import load_profile
from edge_agent.drivers.scanners.hid import HidScanner
from edge_agent.runtime.source_supervisor import Plan, plan_sources
from edge_agent.simulators.modbus import ModbusTcpSimulator, SimulatedDevice
from edge_agent.simulators.modbus_line import ModbusLineSimulator
from edge_agent.simulators.particle_counter import SimulatedCounter
from edge_agent.simulators.particle_sensor import SimulatedPms5003, SimulatedSps30
from edge_agent.simulators.pty import SerialEnd
from edge_agent.simulators.scanner import SimulatedScanner, label
from edge_agent.timekeeping.clock import SystemClock
from edge_agent.uplink.identity import Identity
from tests.integration.edge.drivers.scanners.test_hid import Keyboard
from tests.support.gateway_process import GatewayProcess, section
from tests.support.small_ledger import Ledger

FLOW = 28.3168
COUNTER = {"sizes_um": [0.5, 5.0], "flow_l_per_min": FLOW, "sample_s": 60}
SERIAL = {"baudrate": 19200, "parity": "none", "stopbits": 1}
RECEIVE = ("LW.BADGE.amy", "LW.ACTION.RECEIVE", "LW.PLACE.acme", "LW.PLACE.dock-1")
BOX = label("00312345678906", "ABC123", date(2027, 12, 31), "SER001")


def sensor(profile: str, unit: int, *, offset: int = 0, **values: float) -> SimulatedDevice:
    return SimulatedDevice(load_profile(profile), unit, lambda: values, address_offset=offset)


def counter(profile: str, unit: int, word_order: Literal["low_first", "high_first"] | None = None) -> SimulatedCounter:
    device = SimulatedCounter(load_profile(profile), unit, lambda: int(time.time()), FLOW, word_order)
    device.finish((100, 1))
    return device


def polled(name: str, bus: str, device: SimulatedDevice | SimulatedCounter, **more: object) -> str:
    return section("device", name=name, bus=bus, profile=device.profile.name, unit=device.unit, poll_s=0.5, **more)


@asynccontextmanager
async def device_server(port: Path) -> AsyncIterator[int]:
    """A serial device server: passes the bytes of a line on over TCP, as they are. Gives its TCP port."""

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(256):
            writer.write(data)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line_reader, line_writer = await serial_asyncio_fast.open_serial_connection(url=str(port), baudrate=9600)
        back = asyncio.create_task(pump(line_reader, writer))
        await pump(reader, line_writer)
        back.cancel()
        line_writer.close()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


SENSORS = [
    (sensor("xy-md02", 1, temp_c=-20.5, rh_pct=54.6), {}),
    (sensor("ee-ee210", 2, temp_c=24.270019, rh_pct=30.56), {}),
    (sensor("ee-ee160", 3, temp_c=5.25, rh_pct=41.5), {}),
    (sensor("ee-ee310", 4, temp_c=26.953624, rh_pct=33.0), {}),
    (sensor("vaisala-hmp", 5, temp_c=5.481, rh_pct=30.56), {}),
    (sensor("vaisala-hmt330", 6, temp_c=-8.75, rh_pct=12.5), {}),
    (sensor("vaisala-hmw90", 7, temp_c=7.25, rh_pct=99.0), {}),
    (sensor("vaisala-hmdw110", 8, temp_c=2.5, rh_pct=60.25), {}),
    (sensor("comet-t3311", 9, temp_c=-20.5, rh_pct=54.6), {}),
    (sensor("sentera-spd", 10, offset=1, dp_pa=15), {"address_offset": 1}),
]
"""Transmitters that share one RS-485 line, and what else their configuration says."""
BROKEN = sensor("vaisala-hmp", 11, temp_c=-123.45, rh_pct=30.56)
"""Its temperature is none that the sensor can measure."""


async def test_one_gateway_with_a_device_of_every_wired_family_tells_the_ledger_right_values(tmp_path: Path) -> None:
    lines = {name: tmp_path / name for name in ("line", "served", "ascii", "metone", "pms", "sps", "scanner")}
    comet = sensor("comet-t3510", 1, offset=-1, temp_c=-20.5, rh_pct=54.6)
    querx = sensor("egnite-querx-th", 2, temp_c=21.4, rh_pct=47)
    served = [sensor("xy-md02", 1, temp_c=30.5, rh_pct=54.6), sensor("vaisala-hmp", 240, temp_c=4.5, rh_pct=30.56)]
    lighthouse, airnet = counter("lighthouse", 1), counter("pms-airnet2", 1)
    metone = counter("metone-6000", 31, "low_first")
    async with AsyncExitStack() as stack:
        office = await stack.enter_async_context(ModbusTcpSimulator([comet, querx]))
        filling = await stack.enter_async_context(ModbusTcpSimulator([airnet]))
        transmitters = [BROKEN, *(device for device, _ in SENSORS)]
        await stack.enter_async_context(ModbusLineSimulator(lines["line"], transmitters))
        await stack.enter_async_context(ModbusLineSimulator(lines["served"], served))
        server_port = await stack.enter_async_context(device_server(lines["served"]))
        await stack.enter_async_context(ModbusLineSimulator(lines["ascii"], [lighthouse], "ascii", lower_case=True))
        await stack.enter_async_context(ModbusLineSimulator(lines["metone"], [metone]))
        pms = SimulatedPms5003(lines["pms"], (1200, 340, 55, 6, 1, 0), period_s=0.2)
        await stack.enter_async_context(pms)
        await stack.enter_async_context(SimulatedSps30(lines["sps"], (1, 2, 3, 4, 5, 6, 7, 8, 9, 0.5)))
        scanner = stack.enter_context(SimulatedScanner(lines["scanner"], suffix="etx"))
        tcp = {"kind": "modbus-tcp", "host": "127.0.0.1"}
        sections = [
            section("bus", name="office", port=office.port, **tcp),
            section("bus", name="filling", port=filling.port, **tcp),
            section("bus", name="served", port=server_port, framer="rtu", **tcp),
            section("bus", name="line", kind="modbus-rtu", port=lines["line"], **SERIAL),
            section("bus", name="ascii", kind="modbus-ascii", port=lines["ascii"], **SERIAL),
            section("bus", name="metone", kind="modbus-rtu", port=lines["metone"], **SERIAL),
            polled("comet", "office", comet, address_offset=-1),
            polled("querx", "office", querx),
            polled("airnet", "filling", airnet, counter=COUNTER),
            *(polled(f"served-{device.unit}", "served", device) for device in served),
            *(polled(f"u{device.unit}", "line", device, **more) for device, more in SENSORS),
            polled("broken", "line", BROKEN),
            polled("lighthouse", "ascii", lighthouse, counter=COUNTER, proven=["record-registers"]),
            polled(
                "metone", "metone", metone, counter=COUNTER, word_order="low_first",
                proven=["record-status", "record-times"],
            ),
            section("particle_sensor", name="pms", model="pms5003", port=lines["pms"], poll_s=1),
            section("particle_sensor", name="sps", model="sps30", port=lines["sps"], poll_s=1),
            section("contact", name="room-1/door", pin="GPIO4", open_when="contact_open", poll_s=1),
            section("scanner", name="dock/scanner", port=lines["scanner"], suffix="etx"),
        ]  # fmt: skip
        devices = ["comet", "querx", "airnet", "lighthouse", "metone", "pms", "sps", "room-1/door"]
        devices += [f"served-{device.unit}" for device in served] + [f"u{device.unit}" for device, _ in SENSORS]
        mock_pins = {"GPIOZERO_PIN_FACTORY": "mock"}
        async with GatewayProcess(tmp_path, "".join(sections), mock_pins) as gateway:
            await scanner.scan_until_answered(RECEIVE[0], aim="]C0")
            for code in (*RECEIVE[1:], BOX, "LW.COMMIT"):
                await scanner.scan(code, aim="]C0" if code.startswith("LW.") else None)
                assert await scanner.hear(10), code
            await gateway.until_good(*devices)
            await gateway.until(lambda g: bool(g.readings("broken", Quality.RANGE)), "the one that is out of range")
            await gateway.until(lambda g: bool(g.transactions()), "the receipt")

    for sold, _ in SENSORS:
        wanted = {metric.name: sold.values()[metric.name] for metric in sold.profile.metric}
        assert gateway.good(f"u{sold.unit}")[0] == pytest.approx(wanted, abs=2e-6), sold.profile.name
    assert not any("temp_c" in reading.values for reading in gateway.readings("broken"))
    assert gateway.good("comet")[0] == {"temp_c": -20.5, "rh_pct": 54.6}
    assert gateway.good("querx")[0] == {"temp_c": 21.4, "rh_pct": 47}
    assert gateway.good("served-1")[0] == {"temp_c": 30.5, "rh_pct": 54.6}
    assert gateway.good("served-240")[0] == pytest.approx({"temp_c": 4.5, "rh_pct": 30.56}, abs=2e-6)
    for name in ("lighthouse", "airnet", "metone"):
        (values,) = gateway.good(name)
        assert values["particles_0_5_um_count"] == 100 and values["particles_5_um_count"] == 1
        assert values["particles_0_5_um_per_m3"] == pytest.approx(3531.473, abs=0.001)
    assert "calibration_left_d" in gateway.good("metone")[0]
    assert gateway.good("pms")[0]["indicative_particles_0_5_um_per_m3"] == 3_400_000
    assert gateway.good("sps")[0]["indicative_particles_below_0_5_um_per_m3"] == 5_000_000
    assert gateway.good("room-1/door")[0] == {"door_open": 1}
    (booked,) = gateway.transactions()
    (box,) = booked.lines
    assert (booked.operator, box.lot, box.serial, box.expires_on) == ("amy", "ABC123", "SER001", date(2027, 12, 31))


PRINTED = {
    "01 04 00 01 00 01 60 0A": "01 04 02 01 31 79 74",
    "01 04 00 02 00 01 90 0A": "01 04 02 02 22 38 49",
    "E7 03 03 EA 00 02 F3 BD": "E7 03 04 A1 06 41 D7 CE 0E",
    "41 03 03 EA 00 02 EB 7B": "41 03 04 38 5F 41 D5 0A E3",
}
"""What makers print, the answer of the EE660's manual with its wrong checksum among it."""
RIGHT = {
    "01 04 00 01 00 01 60 0A": "01 04 02 FF 33 B8 D5",
    "01 04 00 02 00 01 90 0A": "01 04 02 02 22 38 49",
    "41 03 03 EA 00 02 EB 7B": "41 03 04 38 5F 41 D5 77 4A",
}
"""The same requests on another line: a temperature below zero, and the answer of the EE660 with its right checksum."""


class PrintedLine:
    """A line on which each printed request is answered as it is printed, and nothing else is answered at all."""

    def __init__(self, path: Path, answers: dict[str, str]) -> None:
        self._answers = {bytes.fromhex(request): bytes.fromhex(answer) for request, answer in answers.items()}
        self._end = SerialEnd(path, self._heard)
        self._pending = b""

    async def __aenter__(self) -> "PrintedLine":
        self._end.plug()
        return self

    async def __aexit__(self, *_exc: object) -> None:
        self._end.unplug()

    def _heard(self, data: bytes) -> None:
        self._pending += data
        while len(self._pending) >= 8:
            request, self._pending = self._pending[:8], self._pending[8:]
            self._end.send(self._answers.get(request, b""))


ALONE = """
name = "{name}"
title = "one register for each request, as the makers print it"
notes = "firmware_notes/xy-md02.md"
[link]
function = {function}
unit = 1
registers_max = {words}
word_order = "low_first"
"""


def metric(name: str, address: int, kind: str, scale: float) -> str:
    return section("metric", name=name, address=address, type=kind, scale=scale, min=-40, max=100)


async def test_frames_as_the_makers_print_them_are_asked_and_read_by_the_agent(tmp_path: Path) -> None:
    both = metric("temp_c", 1, "int16", 0.1) + metric("rh_pct", 2, "int16", 0.1)
    (tmp_path / "md02-alone.toml").write_text(ALONE.format(name="md02-alone", function=4, words=1) + both)
    alone = ALONE.format(name="ee-alone", function=3, words=2) + metric("temp_c", 0x3EA, "float32", 1)
    (tmp_path / "ee-alone.toml").write_text(alone)
    lines = {"printed": PRINTED, "right": RIGHT}
    units = {
        "printed": {1: "md02-alone", 0xE7: "ee-alone", 0x41: "ee-alone"},
        "right": {1: "md02-alone", 0x41: "ee-alone"},
    }
    sections = [section("bus", name=name, kind="modbus-rtu", port=tmp_path / name, **SERIAL) for name in lines]
    sections += [
        section("device", name=f"{name}/{unit}", bus=name, profile=profile, unit=unit, poll_s=0.3)
        for name, profiles in units.items()
        for unit, profile in profiles.items()
    ]
    async with (
        PrintedLine(tmp_path / "printed", PRINTED),
        PrintedLine(tmp_path / "right", RIGHT),
        GatewayProcess(tmp_path, "".join(sections)) as gateway,
    ):
        await gateway.until_good("printed/1", "printed/231", "right/1", "right/65")
        await gateway.until(lambda g: bool(g.readings("printed/65")), "the answer with a wrong checksum")
    assert gateway.good("printed/1")[0] == {"temp_c": 30.5, "rh_pct": 54.6}
    assert gateway.good("printed/231")[0] == {"temp_c": pytest.approx(26.953624, abs=2e-6)}
    assert gateway.good("right/1")[0] == {"temp_c": -20.5, "rh_pct": 54.6}
    assert gateway.good("right/65")[0] == {"temp_c": pytest.approx(26.652524, abs=2e-6)}
    refused = gateway.readings("printed/65")
    assert {(reading.quality, len(reading.values)) for reading in refused} <= {(Quality.CRC, 0), (Quality.TIMEOUT, 0)}
    assert refused[0].quality is Quality.CRC


@pytest.fixture
def pins() -> Iterator[MockFactory]:
    before, factory = gpiozero.Device.pin_factory, MockFactory()
    gpiozero.Device.pin_factory = factory
    yield factory
    factory.reset()
    gpiozero.Device.pin_factory = before


async def test_a_door_that_closes_and_a_scanner_that_plays_a_keyboard_reach_the_ledger(
    tmp_path: Path, pins: MockFactory
) -> None:
    """Pins and input devices exist in this process only, so the agent is put together here as its command does it."""
    clock, keyboard, stop = SystemClock(), Keyboard(), asyncio.Event()
    ledger = await Ledger(Identity.load_or_make(tmp_path).verify).start()
    config = GatewayConfig.model_validate(
        {
            "gateway": {"name": "gw-1", "data_dir": tmp_path},
            "uplink": {"url": ledger.url},
            "journal": {"readings_commit_s": 0.1},
            "contact": [{"name": "room-1/door", "pin": "GPIO4", "open_when": "contact_open", "poll_s": 60}],
        }
    )
    dock = DockSession(
        HidScanner("dock/wedge", "kbd", clock, layout="us", open_device=keyboard.open), clock, (LogLines("dock/wedge"),)
    )
    sources: list[Source | Plan] = [*plan_sources(config, clock), dock]
    agent = asyncio.create_task(run(config, clock, sources, stop=stop, random=random.Random(1).random))

    def told(lane: str) -> list[Record]:
        return [decode_record(line) for line in ledger.lines(lane)]

    def doors() -> list[dict[str, float]]:
        return [record.values for record in told("readings") if isinstance(record, Reading)]

    async with asyncio.timeout(30):
        await keyboard.until_opened()
        for code in (*RECEIVE, "]d2" + BOX, "LW.COMMIT"):
            keyboard.scan(code)
        while not doors():
            await asyncio.wait([agent], timeout=0.02)
        pins.pin("GPIO4").drive_low()
        while len(doors()) < 2 or not any(isinstance(record, ScanTransaction) for record in told("scans")):
            await asyncio.wait([agent], timeout=0.02)
        stop.set()
        await agent
    await ledger.stop()
    assert doors()[:2] == [{"door_open": 1}, {"door_open": 0}]
    (booked,) = [record for record in told("scans") if isinstance(record, ScanTransaction)]
    assert [(line.lot, line.serial) for line in booked.lines] == [("ABC123", "SER001")]
