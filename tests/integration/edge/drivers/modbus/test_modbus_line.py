"""Modbus RTU and ASCII on a real pseudo-terminal against byte-level units: right values, and every way to misbehave."""

import asyncio
from pathlib import Path

import pytest

from edge_agent.domain.wire.records import NoticeKind, Quality
from edge_agent.drivers.build import link_of
from edge_agent.drivers.modbus.pdu import Request
from edge_agent.errors import BadFrame, DeviceLost
from edge_agent.simulators.modbus import FaultKind
from edge_agent.simulators.modbus_line import ModbusLineSimulator
from tests.support.modbus_line import TIMEOUT_S, line_config, on_line
from tests.support.running_bus import Running, config_for, sensor

UNANSWERED = [FaultKind.DEAD, FaultKind.NO_PATH]
NO_ANSWER = [
    FaultKind.CORRUPT,
    FaultKind.GARBAGE,
    FaultKind.SHORT,
    FaultKind.WRONG_TRANSACTION,
    FaultKind.WRONG_UNIT,
    FaultKind.HALF,
]
TOO_SHORT = [FaultKind.SHORT, FaultKind.WRONG_UNIT]
"""In RTU, which has no mark at a frame's end: fewer bytes than asked for, and unit 0, which is taken for noise."""
FRAMINGS = ("rtu", "ascii")
STALL_S = 5.0
"""A time-out that no stop of a busy machine reaches: bus and units share a process, and what arrives while it stands
still is late, though it was sent at once."""


@pytest.fixture
def port(tmp_path: Path) -> Path:
    return tmp_path / "adapter"


@pytest.mark.parametrize("framing", FRAMINGS)
async def test_units_of_several_makers_share_a_line(port: Path, framing: str) -> None:
    devices = [
        sensor("xy-md02", 1, -20.5, 54.6),
        sensor("vaisala-hmp", 240, 5.25, 40.5),
        sensor("ee-ee310", 231, 26.953624, 33.0),
        sensor("comet-t3311", 9, 2.1, 99.9),
        sensor("vaisala-hmw90", 2, 7.25, 12.5),
    ]
    async with ModbusLineSimulator(port, devices, framing, lower_case=True) as line, on_line(line) as heard:  # type: ignore[arg-type]
        await heard.until(lambda h: all(h.good(f"u{device.unit}") for device in devices))
    assert heard.good("u1")[0] == {"temp_c": -20.5, "rh_pct": 54.6}
    assert heard.good("u240")[0] == {"temp_c": 5.25, "rh_pct": 40.5}
    assert heard.good("u231")[0] == pytest.approx({"temp_c": 26.953624, "rh_pct": 33.0}, abs=2e-6)
    assert heard.good("u9")[0] == {"temp_c": 2.1, "rh_pct": 99.9}
    assert heard.good("u2")[0] == {"temp_c": 7.25, "rh_pct": 12.5}
    assert {(r.unit, r.function, r.address, r.count) for r in line.requests} == {
        (1, 4, 1, 2),
        (240, 3, 0, 4),
        (240, 3, 0x1F00, 1),  # its proof registers, when it starts
        (240, 3, 0x1F01, 2),
        (231, 3, 0x3EA, 2),
        (231, 3, 0x3FC, 2),
        (9, 3, 0x30, 2),
        (2, 3, 0x101, 2),
        (2, 3, 0x200, 2),
    }


@pytest.mark.parametrize("kind", UNANSWERED)
async def test_a_unit_that_does_not_answer_is_lost_once_and_back_once(port: Path, kind: FaultKind) -> None:
    broken, healthy = sensor("xy-md02", 1, 4.0), sensor("xy-md02", 2, 6.0)
    async with ModbusLineSimulator(port, [broken, healthy]) as line, on_line(line) as heard:
        await heard.until(lambda h: bool(h.good("u1")))
        broken.misbehave(kind)
        await heard.until(lambda h: len(h.readings("u1", Quality.TIMEOUT)) >= 4)
        broken.behave()
        good_before = len(heard.good("u1"))
        await heard.until(lambda h: len(h.good("u1")) > good_before + 2)
    assert [notice.subject for notice in heard.notices(NoticeKind.DEVICE_LOST)] == ["u1"]
    assert [notice.subject for notice in heard.notices(NoticeKind.DEVICE_BACK)] == ["u1"]
    assert heard.readings("u2", Quality.GOOD) == heard.readings("u2")


@pytest.mark.parametrize("framing", FRAMINGS)
@pytest.mark.parametrize("kind", NO_ANSWER)
async def test_bytes_that_are_no_answer_are_never_values_and_disturb_nobody(
    port: Path, kind: FaultKind, framing: str
) -> None:
    broken, healthy = sensor("xy-md02", 1, 4.0), sensor("vaisala-hmp", 2, 6.0)
    is_waited_for = kind is FaultKind.HALF or (framing == "rtu" and kind in TOO_SHORT)
    timeout_s = 3 * TIMEOUT_S if is_waited_for else STALL_S
    broken.misbehave(kind, delay_s=timeout_s * 1.5, times=3)
    simulator = ModbusLineSimulator(port, [broken, healthy], framing)  # type: ignore[arg-type]
    async with simulator as line, on_line(line, timeout_s=timeout_s, budget_s=60) as heard:
        await heard.until(lambda h: len(h.good("u1")) >= 2, within_s=30)
    assert len(heard.readings("u1", Quality.CRC)) == 3
    assert {values["temp_c"] for values in heard.good("u1")} == {4.0}
    assert heard.readings("u2", Quality.GOOD) == heard.readings("u2")


async def test_an_answer_in_pieces_is_put_together(port: Path) -> None:
    device = sensor("xy-md02", 1, 4.0)
    device.misbehave(FaultKind.SPLIT)
    async with ModbusLineSimulator(port, [device]) as line, on_line(line) as heard:
        await heard.until(lambda h: len(h.good("u1")) >= 2)
    assert heard.readings("u1", Quality.GOOD) == heard.readings("u1")


@pytest.mark.parametrize("framing", FRAMINGS)
async def test_a_late_answer_never_becomes_the_value_of_the_next_unit(port: Path, framing: str) -> None:
    late, others = sensor("xy-md02", 1, 77.7), [sensor("xy-md02", unit, float(unit)) for unit in (2, 3, 4)]
    late.misbehave(FaultKind.LATE, delay_s=TIMEOUT_S * 1.2)
    for other in others:  # slow enough for the late answer to arrive while they are being asked
        other.misbehave(FaultKind.DELAY, delay_s=TIMEOUT_S / 3)
    async with ModbusLineSimulator(port, [late, *others], framing) as line, on_line(line) as heard:  # type: ignore[arg-type]
        await heard.until(lambda h: len(h.readings("u1", Quality.TIMEOUT)) >= 4 and len(h.good("u4")) >= 6)
    assert not heard.good("u1")
    for unit in (2, 3, 4):
        assert {values["temp_c"] for values in heard.good(f"u{unit}")} == {float(unit)}
        assert {reading.quality for reading in heard.readings(f"u{unit}")} <= {Quality.GOOD, Quality.TIMEOUT}


async def test_a_late_answer_never_becomes_the_next_value_of_the_same_unit(port: Path) -> None:
    temperatures = iter(range(1, 80))
    device = sensor("xy-md02", 1, 0.0)
    device.values = lambda: {"temp_c": float(next(temperatures)), "rh_pct": 50.0}
    device.misbehave(FaultKind.LATE, delay_s=TIMEOUT_S * 1.5, times=1)
    async with ModbusLineSimulator(port, [device]):
        link = link_of(line_config(port, []).bus[0])
        await link.open()
        with pytest.raises(DeviceLost, match="did not answer within"):
            await link.read(1, Request(4, 1, 2))
        assert await link.read(1, Request(4, 1, 2)) == (20, 500)
        link.close()


@pytest.mark.parametrize("framing", FRAMINGS)
async def test_an_adapter_that_hears_itself_and_a_noisy_line_are_seen_through(port: Path, framing: str) -> None:
    devices = [sensor("xy-md02", 1, 4.0), sensor("vaisala-hmp", 2, 6.0)]
    simulator = ModbusLineSimulator(port, devices, framing, echoes=True, noise=b"\x00\xff")  # type: ignore[arg-type]
    async with simulator as line, on_line(line) as heard:
        await heard.until(lambda h: len(h.good("u1")) >= 2 and len(h.good("u2")) >= 2)
    assert all(heard.readings(unit, Quality.GOOD) == heard.readings(unit) for unit in ("u1", "u2"))


async def test_a_dead_unit_behind_an_adapter_that_hears_itself_is_named_so(port: Path) -> None:
    async with ModbusLineSimulator(port, [sensor("xy-md02", 1, 4.0)], echoes=True):
        link = link_of(line_config(port, []).bus[0])
        await link.open()
        with pytest.raises(DeviceLost, match="the adapter received its own transmission"):
            await link.read(9, Request(4, 1, 1))
        link.close()


async def test_an_adapter_that_is_pulled_out_loses_every_unit_and_brings_all_back(
    port: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with ModbusLineSimulator(port, [sensor("xy-md02", u, float(u)) for u in (1, 2)]) as line, on_line(line) as h:
        await h.until(lambda h: bool(h.good("u1") and h.good("u2")))
        line.unplug()
        await h.until(lambda h: len(h.notices(NoticeKind.DEVICE_LOST)) == 2)
        line.plug()
        await h.until(lambda h: len(h.notices(NoticeKind.DEVICE_BACK)) == 2)
    assert any("is not there: plug it in" in reading.detail for reading in h.readings("u1", Quality.TIMEOUT))
    assert sum("lost: " in line for line in caplog.messages) == 2


async def test_a_port_that_is_not_there_says_what_to_do(port: Path) -> None:
    async with Running(line_config(port, [{"name": "u1", "profile": "xy-md02"}])) as heard:
        await heard.until(lambda h: bool(h.readings("u1")))
    assert "is not there: plug it in, or correct `port`" in heard.readings("u1")[0].detail


async def test_a_port_in_use_says_so(port: Path) -> None:
    async with ModbusLineSimulator(port, [sensor("xy-md02", 1, 4.0)]):
        first, second = (link_of(line_config(port, []).bus[0]) for _ in range(2))
        await first.open()
        with pytest.raises(DeviceLost, match="in use by another program"):
            await second.open()
        first.close()


async def test_dead_units_never_make_the_port_close_for_a_living_one(port: Path) -> None:
    dead, healthy = [sensor("xy-md02", unit, 4.0) for unit in range(1, 7)], sensor("xy-md02", 7, 6.0)
    for device in dead:
        device.misbehave(FaultKind.DEAD)
    async with ModbusLineSimulator(port, [*dead, healthy]) as line, on_line(line, retry_max_s=0.1) as heard:
        await heard.until(lambda h: len(h.readings("u6", Quality.TIMEOUT)) >= 2)
    assert len(heard.good("u7")) == len(heard.readings("u7")) >= 1


async def test_a_babbling_line_is_no_answer_and_ends_in_time(port: Path) -> None:
    async with ModbusLineSimulator(port, []) as line:
        link = link_of(line_config(port, []).bus[0])
        await link.open()

        async def babble() -> None:
            while True:
                line.send(b"\x42" * 64)
                await asyncio.sleep(0.005)

        noise = asyncio.create_task(babble())
        async with asyncio.timeout(10 * TIMEOUT_S):
            with pytest.raises(BadFrame):
                await link.read(1, Request(4, 1, 2))
        noise.cancel()
        link.close()


async def test_the_bytes_on_the_line_are_those_of_the_makers_and_can_be_watched(port: Path) -> None:
    seen: list[tuple[bool, str]] = []
    device = sensor("xy-md02", 1, 30.5, 54.6)
    async with ModbusLineSimulator(port, [device]):
        config = line_config(port, [])
        link = link_of(config.bus[0], trace=lambda sent, data: seen.append((sent, data.hex(" ").upper())))
        await link.open()
        assert await link.read(1, Request(4, 1, 2)) == (305, 546)
        link.close()
    assert seen[0] == (True, "01 04 00 01 00 02 20 0B")
    assert " ".join(data for sent, data in seen if not sent) == "01 04 04 01 31 02 22 2A CE"


async def test_rtu_through_a_device_server_on_tcp(port: Path) -> None:
    device = sensor("xy-md02", 1, 30.5, 54.6)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert (await reader.readexactly(8)).hex() == "010400010002200b"
        writer.write(bytes.fromhex("01 04 04 01 31 02 22 2A CE"))
        await reader.read()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    tcp_port = server.sockets[0].getsockname()[1]
    config = config_for(tcp_port, [{"name": "u1", "profile": device.profile.name, "unit": 1}], framer="rtu")
    async with server, Running(config) as heard:
        await heard.until(lambda h: bool(h.good("u1")))
    assert heard.good("u1")[0] == {"temp_c": 30.5, "rh_pct": 54.6}
