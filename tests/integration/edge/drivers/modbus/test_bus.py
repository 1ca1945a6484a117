"""A Modbus TCP bus through the real pymodbus against byte-level devices: right values, and every way to misbehave."""

import asyncio
import logging

import pytest

from edge_agent.domain.wire.records import NoticeKind, Quality
from edge_agent.simulators.link import CutMode, Relay
from edge_agent.simulators.modbus import FaultKind, ModbusTcpSimulator
from tests.support.running_bus import POLL_S, TIMEOUT_S, Running, against, config_for, sensor

UNANSWERED = [FaultKind.DEAD, FaultKind.NO_PATH, FaultKind.CLOSE]
NO_ANSWER = [
    FaultKind.CORRUPT,
    FaultKind.GARBAGE,
    FaultKind.SHORT,
    FaultKind.WRONG_TRANSACTION,
    FaultKind.WRONG_UNIT,
]


async def test_each_family_gives_the_values_that_its_sensor_has() -> None:
    devices = [
        sensor("xy-md02", 1, -20.5, 54.6),
        sensor("vaisala-hmp", 240, 5.25, 40.5),
        sensor("ee-ee210", 242, 24.270019, 0.0),
        sensor("comet-t3510", 9, 2.1, 99.9, address_offset=-1),
    ]
    async with ModbusTcpSimulator(devices) as simulator, against(simulator) as heard:
        await heard.until(lambda h: all(h.good(f"u{device.unit}") for device in devices))
    assert heard.good("u1")[0] == {"temp_c": -20.5, "rh_pct": 54.6}
    assert heard.good("u240")[0] == {"temp_c": 5.25, "rh_pct": 40.5}
    assert heard.good("u242")[0] == pytest.approx({"temp_c": 24.270019, "rh_pct": 0.0}, abs=2e-6)
    assert heard.good("u9")[0] == {"temp_c": 2.1, "rh_pct": 99.9}
    assert {(r.unit, r.function, r.address, r.count) for r in simulator.requests} == {
        (1, 4, 1, 2),
        (240, 3, 0, 4),
        (240, 3, 0x1F00, 1),  # its proof registers, when it starts
        (240, 3, 0x1F01, 2),
        (242, 3, 0x19, 4),
        (9, 3, 0x30, 2),
    }
    assert simulator.connections_made == 1


@pytest.mark.parametrize("kind", UNANSWERED)
async def test_a_device_that_does_not_answer_is_lost_once_and_back_once(
    kind: FaultKind, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    broken, healthy = sensor("xy-md02", 1, 4.0), sensor("xy-md02", 2, 6.0)
    async with ModbusTcpSimulator([broken, healthy]) as simulator, against(simulator) as heard:
        await heard.until(lambda h: bool(h.good("u1")))
        broken.misbehave(kind)
        await heard.until(lambda h: len(h.readings("u1", Quality.TIMEOUT)) >= 4)
        assert len(heard.notices(NoticeKind.DEVICE_LOST)) == 1
        broken.behave()
        good_before = len(heard.good("u1"))
        await heard.until(lambda h: len(h.good("u1")) > good_before + 2)
    assert [notice.subject for notice in heard.notices(NoticeKind.DEVICE_LOST)] == ["u1"]
    (back,) = heard.notices(NoticeKind.DEVICE_BACK)
    assert back.subject == "u1" and float(back.data["lost_s"] or 0) > 0
    assert [line for line in caplog.messages if line.startswith("u1 lost: ")] == caplog.messages[:1]
    assert len(caplog.messages) == 2 and caplog.messages[1].startswith("u1 back after ")
    assert heard.readings("u2", Quality.GOOD) == heard.readings("u2")
    assert all(reading.values == {} and reading.detail for reading in heard.readings("u1", Quality.TIMEOUT))


@pytest.mark.parametrize("kind", NO_ANSWER)
async def test_bytes_that_are_no_answer_are_never_values_and_disturb_nobody(kind: FaultKind) -> None:
    broken, healthy = sensor("xy-md02", 1, 4.0), sensor("vaisala-hmp", 2, 6.0)
    async with ModbusTcpSimulator([broken, healthy]) as simulator:
        broken.misbehave(kind, times=3)
        async with against(simulator) as heard:
            await heard.until(lambda h: len(h.good("u1")) >= 2)
    assert len(heard.readings("u1", Quality.CRC)) == 3
    assert {reading.quality for reading in heard.readings("u1")} == {Quality.CRC, Quality.GOOD}
    assert all(values == {"temp_c": 4.0, "rh_pct": 50.0} for values in heard.good("u1"))
    assert len(heard.good("u2")) == len(heard.readings("u2")) > 0


async def test_a_bad_frame_fails_at_once_and_does_not_wait_for_the_time_out() -> None:
    broken = sensor("xy-md02", 1, 4.0)
    broken.misbehave(FaultKind.CORRUPT)
    async with ModbusTcpSimulator([broken]) as simulator, against(simulator, timeout_s=30) as heard:
        await heard.until(lambda h: len(h.readings("u1", Quality.CRC)) >= 2, within_s=5)


async def test_a_device_that_says_no_is_a_fault_and_not_lost() -> None:
    broken, healthy = sensor("xy-md02", 1, 4.0), sensor("xy-md02", 2, 6.0)
    broken.misbehave(FaultKind.EXCEPTION, code=2)
    async with ModbusTcpSimulator([broken, healthy]) as simulator, against(simulator) as heard:
        await heard.until(lambda h: len(h.readings("u1", Quality.FAULT)) >= 4)
    assert "illegal data address: the profile, or address_offset" in heard.readings("u1")[0].detail
    assert not heard.notices(NoticeKind.DEVICE_LOST)
    assert heard.good("u2") and not heard.good("u1")


async def test_a_nan_is_a_fault_and_the_other_metric_stays_good(caplog: pytest.LogCaptureFixture) -> None:
    values = {"temp_c": float("nan"), "rh_pct": 44.0}
    device = sensor("vaisala-hmp", 240, 0.0)
    device.values = lambda: values
    async with ModbusTcpSimulator([device]) as simulator, against(simulator) as heard:
        await heard.until(lambda h: len(h.readings("u240", Quality.FAULT)) >= 3)
        values["temp_c"] = 5.0
        await heard.until(lambda h: {"temp_c": 5.0, "rh_pct": 44.0} in h.good("u240"))
    assert heard.good("u240")[0] == {"rh_pct": 44.0}
    assert "temp_c: the device has no value" in heard.readings("u240", Quality.FAULT)[0].detail
    assert [line[:24] for line in caplog.messages] == ["u240 reports invalid val", "u240 reports good values"]


@pytest.mark.parametrize(("profile", "quality"), [("vaisala-hmp", Quality.FAULT), ("xy-md02", Quality.RANGE)])
async def test_a_sensor_without_values_gives_none(profile: str, quality: Quality) -> None:
    device = sensor(profile, 1, 5.0)
    device.misbehave(FaultKind.NAN)
    async with ModbusTcpSimulator([device]) as simulator, against(simulator) as heard:
        await heard.until(lambda h: len(h.readings("u1")) >= 3)
    assert {reading.quality for reading in heard.readings("u1")} == {quality}


@pytest.mark.parametrize("kind", [FaultKind.SPLIT, FaultKind.DELAY, FaultKind.STUCK])
async def test_a_slow_or_split_answer_is_an_answer(kind: FaultKind) -> None:
    device = sensor("ee-ee210", 1, 5.0)
    device.misbehave(kind, delay_s=TIMEOUT_S / 3)
    async with ModbusTcpSimulator([device]) as simulator, against(simulator) as heard:
        await heard.until(lambda h: len(h.good("u1")) >= 3)
    assert len(heard.readings("u1")) == len(heard.good("u1"))


@pytest.mark.parametrize("kind", [FaultKind.LATE, FaultKind.HALF])
async def test_a_late_answer_never_becomes_the_value_of_the_next_device(kind: FaultKind) -> None:
    late, others = sensor("xy-md02", 1, 77.7), [sensor("xy-md02", unit, float(unit)) for unit in (2, 3, 4)]
    late.misbehave(kind, delay_s=TIMEOUT_S * 1.2)
    for other in others:  # slow enough for the late answer to arrive while they are being asked
        other.misbehave(FaultKind.DELAY, delay_s=TIMEOUT_S / 3)
    async with ModbusTcpSimulator([late, *others]) as simulator, against(simulator) as heard:
        await heard.until(lambda h: len(h.readings("u1", Quality.TIMEOUT)) >= 4 and len(h.good("u4")) >= 6)
    assert not heard.good("u1")
    for unit in (2, 3, 4):
        assert {values["temp_c"] for values in heard.good(f"u{unit}")} == {float(unit)}
        assert len(heard.good(f"u{unit}")) == len(heard.readings(f"u{unit}"))


async def test_a_late_answer_never_becomes_the_next_value_of_the_same_device() -> None:
    temperatures = iter(range(1, 80))
    device = sensor("xy-md02", 1, 0.0)
    device.values = lambda: {"temp_c": float(next(temperatures)), "rh_pct": 50.0}
    async with ModbusTcpSimulator([device]) as simulator, against(simulator) as heard:
        device.misbehave(FaultKind.LATE, delay_s=TIMEOUT_S * 1.5, times=1)
        await heard.until(lambda h: len(h.good("u1")) >= 3)
    assert heard.readings("u1")[0].quality is Quality.TIMEOUT
    assert [values["temp_c"] for values in heard.good("u1")][:3] == [2.0, 3.0, 4.0]


async def test_dead_slaves_never_make_the_connection_close_for_a_living_one() -> None:
    dead, healthy = [sensor("xy-md02", unit, 4.0) for unit in range(1, 7)], sensor("xy-md02", 7, 6.0)
    for device in dead:
        device.misbehave(FaultKind.DEAD)
    async with ModbusTcpSimulator([*dead, healthy]) as simulator, against(simulator, retry_max_s=0.1) as heard:
        await heard.until(lambda h: len(h.readings("u6", Quality.TIMEOUT)) >= 2)
    assert simulator.connections_made == 1
    assert len(heard.good("u7")) == len(heard.readings("u7")) >= 1


async def test_a_dead_slave_is_asked_less_and_less_often() -> None:
    dead, healthy = sensor("xy-md02", 1, 4.0), sensor("xy-md02", 2, 6.0)
    dead.misbehave(FaultKind.DEAD)
    async with ModbusTcpSimulator([dead, healthy]) as simulator, against(simulator, retry_max_s=60) as heard:
        await heard.until(lambda h: len(h.good("u2")) >= 25)
    tries = sum(request.unit == 1 for request in simulator.requests)
    assert tries == len(heard.readings("u1", Quality.TIMEOUT)) <= 5


async def test_a_device_that_restarts_is_connected_to_again() -> None:
    devices = [sensor("xy-md02", 1, 4.0), sensor("xy-md02", 2, 6.0)]
    async with ModbusTcpSimulator(devices) as simulator, against(simulator) as heard:
        await heard.until(lambda h: bool(h.good("u2")))
        simulator.drop_connections()
        before = len(heard.good("u2"))
        await heard.until(lambda h: len(h.good("u2")) > before + 2)
    assert simulator.connections_made == 2
    assert not heard.notices(NoticeKind.DEVICE_LOST)


async def test_a_device_that_lost_power_without_a_word_is_connected_to_again() -> None:
    config = [{"name": "u1", "profile": "xy-md02", "unit": 1}]
    async with (
        ModbusTcpSimulator([sensor("xy-md02", 1, 4.0)]) as simulator,
        Relay(simulator.host, simulator.port) as cable,
        Running(config_for(cable.port, config)) as heard,
    ):
        await heard.until(lambda h: bool(h.good("u1")))
        cable.forget_connections()
        before = len(heard.good("u1"))
        await heard.until(lambda h: len(h.good("u1")) > before + 2)
    assert simulator.connections_made == 2


@pytest.mark.parametrize("mode", CutMode)
async def test_a_pulled_cable_loses_every_device_once_and_brings_each_back_once(mode: CutMode) -> None:
    devices = [sensor("xy-md02", unit, float(unit)) for unit in (1, 2, 3)]
    config = [{"name": f"u{unit}", "profile": "xy-md02", "unit": unit} for unit in (1, 2, 3)]
    async with (
        ModbusTcpSimulator(devices) as simulator,
        Relay(simulator.host, simulator.port) as cable,
        Running(config_for(cable.port, config)) as heard,
    ):
        await heard.until(lambda h: all(h.good(f"u{unit}") for unit in (1, 2, 3)))
        await cable.cut(mode)
        await heard.until(lambda h: len(h.notices(NoticeKind.DEVICE_LOST)) == 3)
        await heard.until(lambda h: all(len(h.readings(f"u{u}", Quality.TIMEOUT)) >= 4 for u in (1, 2, 3)))
        await cable.mend()
        await heard.until(lambda h: len(h.notices(NoticeKind.DEVICE_BACK)) == 3)
    assert len(heard.notices(NoticeKind.DEVICE_LOST)) == 3
    for unit in (1, 2, 3):
        assert {values["temp_c"] for values in heard.good(f"u{unit}")} == {float(unit)}


@pytest.mark.parametrize("cut_after", [1, 5, 12, 13, 20, 24])
async def test_a_cable_cut_in_the_middle_of_a_frame_gives_no_wrong_value(cut_after: int) -> None:
    devices = [sensor("xy-md02", 1, 4.0)]
    config = [{"name": "u1", "profile": "xy-md02", "unit": 1}]
    async with ModbusTcpSimulator(devices) as simulator, Relay(simulator.host, simulator.port) as cable:
        cable.cut_after(cut_after)
        async with Running(config_for(cable.port, config)) as heard:
            await heard.until(lambda h: bool(h.notices(NoticeKind.DEVICE_LOST)))
            assert not heard.good("u1") and cable.bytes_up + cable.bytes_down == cut_after
            await cable.mend()
            await heard.until(lambda h: bool(h.good("u1")))


async def test_an_endpoint_that_is_not_there_is_told_once_with_what_to_check(
    caplog: pytest.LogCaptureFixture, unused_tcp_port: int
) -> None:
    config = [{"name": f"u{unit}", "profile": "xy-md02", "unit": unit} for unit in (1, 2)]
    async with Running(config_for(unused_tcp_port, config)) as heard:
        await heard.until(lambda h: all(len(h.readings(f"u{unit}")) >= 4 for unit in (1, 2)))
    assert len(caplog.messages) == 2
    assert all("check power, cable and address" in line for line in caplog.messages)


async def test_stopping_the_bus_closes_its_connection() -> None:
    async with ModbusTcpSimulator([sensor("xy-md02", 1, 4.0)]) as simulator:
        async with against(simulator) as heard:
            await heard.until(lambda h: bool(h.good("u1")))
            assert simulator.connections == 1
        async with asyncio.timeout(5):
            await simulator.all_gone.wait()
        assert simulator.connections == 0


async def test_a_stuck_sensor_is_stale_after_the_time_that_the_site_allows_and_good_when_it_moves_again() -> None:
    swing = iter(range(1, 10_000))
    stuck = sensor("xy-md02", 1, 5.0)
    stuck.values = lambda: {"temp_c": 5.0 + next(swing) % 50 / 10, "rh_pct": 50.0}
    healthy = sensor("xy-md02", 2, 6.0)
    async with ModbusTcpSimulator([stuck, healthy]) as simulator:
        devices = [
            {"name": "u1", "profile": "xy-md02", "unit": 1, "stale_after_s": 10 * POLL_S},
            {"name": "u2", "profile": "xy-md02", "unit": 2},
        ]
        async with Running(config_for(simulator.port, devices)) as heard:
            await heard.until(lambda h: len(h.good("u1")) > 3)
            stuck.misbehave(FaultKind.STUCK)
            await heard.until(lambda h: bool(h.readings("u1", Quality.STALE)))
            (first, *_) = heard.readings("u1", Quality.STALE)
            assert first.values == {} and "no register has changed for" in first.detail
            stuck.behave()
            good_before = len(heard.good("u1"))
            await heard.until(lambda h: len(h.good("u1")) > good_before)
    assert not heard.readings("u2", Quality.STALE)
