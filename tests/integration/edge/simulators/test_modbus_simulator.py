"""The simulated sensors, spoken to in raw bytes."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from edge_agent.drivers.modbus.profile import load_profile
from edge_agent.simulators.modbus import FaultKind, ModbusTcpSimulator, SimulatedDevice

READ_BOTH = bytes.fromhex("0001 0000 0006 01 04 0001 0002")
BOTH = bytes.fromhex("0001 0000 0007 01 04 04 0131 0222")


class Client:
    def __init__(self, simulator: ModbusTcpSimulator) -> None:
        self._at = simulator.host, simulator.port

    async def __aenter__(self) -> "Client":
        self.reader, self.writer = await asyncio.open_connection(*self._at)
        return self

    async def __aexit__(self, *_exc: object) -> None:
        self.writer.close()

    async def ask(self, request: bytes, answer_bytes: int) -> bytes:
        self.writer.write(request)
        async with asyncio.timeout(5):
            return await self.reader.readexactly(answer_bytes)


@pytest.fixture
def values() -> dict[str, float]:
    return {"temp_c": 30.5, "rh_pct": 54.6}


@pytest.fixture
async def simulator(values: dict[str, float]) -> AsyncIterator[ModbusTcpSimulator]:
    devices = [
        SimulatedDevice(load_profile("xy-md02"), 1, lambda: values),
        SimulatedDevice(load_profile("vaisala-hmp"), 240, lambda: values),
        SimulatedDevice(load_profile("comet-t3510"), 9, lambda: values, address_offset=-1, serial="14960123"),
        SimulatedDevice(load_profile("ee-ee210"), 242, lambda: values, serial="1942A00123"),
    ]
    async with ModbusTcpSimulator(devices, clients_max=2) as running:
        yield running


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        ("0001 0000 0006 01 04 0001 0002", "0001 0000 0007 01 04 04 0131 0222"),
        ("0002 0000 0006 01 04 0002 0001", "0002 0000 0005 01 04 02 0222"),
        ("0003 0000 0006 F0 03 1F00 0003", "0003 0000 0009 F0 03 06 CFC7 E666 C2F6"),
        ("0004 0000 0006 F0 03 0002 0002", "0004 0000 0007 F0 03 04 0000 41F4"),
        ("0005 0000 0006 09 03 1034 0002", "0005 0000 0007 09 03 04 1496 0123"),
        ("0006 0000 0006 09 03 0030 0002", "0006 0000 0007 09 03 04 0131 0222"),
        ("0007 0000 0006 F2 03 0000 0005", "0007 0000 000D F2 03 0A 3139 3432 4130 3031 3233"),
        ("0008 0000 0006 01 06 0101 0002", "0008 0000 0003 01 86 01"),
        ("0009 0000 0006 01 04 0003 0001", "0009 0000 0003 01 84 02"),
        ("000A 0000 0006 01 04 0001 0000", "000A 0000 0003 01 84 03"),
        ("000B 0000 0006 01 04 0001 007E", "000B 0000 0003 01 84 03"),
    ],
)
async def test_requests_get_the_bytes_that_the_makers_papers_say(
    simulator: ModbusTcpSimulator, request_: str, answer: str
) -> None:
    expected = bytes.fromhex(answer)
    async with Client(simulator) as client:
        assert await client.ask(bytes.fromhex(request_), len(expected)) == expected


async def test_a_unit_that_nobody_has_is_not_answered(simulator: ModbusTcpSimulator) -> None:
    async with Client(simulator) as client:
        assert await client.ask(READ_BOTH[:6] + b"\x07" + READ_BOTH[7:] + READ_BOTH, len(BOTH)) == BOTH


async def test_a_negative_temperature_is_twos_complement(
    simulator: ModbusTcpSimulator, values: dict[str, float]
) -> None:
    values["temp_c"] = -20.5
    async with Client(simulator) as client:
        assert (await client.ask(READ_BOTH, len(BOTH)))[9:11] == bytes.fromhex("FF33")


async def test_a_stuck_sensor_keeps_its_values(simulator: ModbusTcpSimulator, values: dict[str, float]) -> None:
    async with Client(simulator) as client:
        simulator.devices[1].misbehave(FaultKind.STUCK)
        first = await client.ask(READ_BOTH, len(BOTH))
        values["temp_c"] = 9.0
        assert await client.ask(READ_BOTH, len(BOTH)) == first
        simulator.devices[1].behave()
        assert await client.ask(READ_BOTH, len(BOTH)) != first


async def test_a_third_client_is_turned_away_as_a_comet_does(simulator: ModbusTcpSimulator) -> None:
    async with Client(simulator) as one, Client(simulator) as two:
        await one.ask(READ_BOTH, len(BOTH))
        await two.ask(READ_BOTH, len(BOTH))
        async with Client(simulator) as three:
            with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
                await three.ask(READ_BOTH, len(BOTH))


async def test_bytes_that_are_not_modbus_end_the_connection(simulator: ModbusTcpSimulator) -> None:
    async with Client(simulator) as client:
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await client.ask(b"GET / HTTP/1.1\r\n\r\n", 1)


async def test_swapped_words_change_places_in_every_32_bit_value_and_in_no_other(simulator: ModbusTcpSimulator) -> None:
    for device in simulator.devices.values():
        device.misbehave(FaultKind.SWAPPED)
    async with Client(simulator) as client:
        asked = [
            ("0001 0000 0006 F0 03 1F00 0003", "0001 0000 0009 F0 03 06 CFC7 C2F6 E666"),
            ("0002 0000 0006 F0 03 0002 0002", "0002 0000 0007 F0 03 04 41F4 0000"),
            ("0003 0000 0006 01 04 0001 0002", "0003 0000 0007 01 04 04 0131 0222"),
        ]
        for request, answer in asked:
            wanted = bytes.fromhex(answer)
            assert await client.ask(bytes.fromhex(request), len(wanted)) == wanted


async def test_the_same_seed_spoils_the_same_bytes() -> None:
    async def garbage(seed: int) -> bytes:
        device = SimulatedDevice(load_profile("xy-md02"), 1, lambda: {"temp_c": 30.5, "rh_pct": 54.6})
        device.misbehave(FaultKind.GARBAGE)
        async with ModbusTcpSimulator([device], seed=seed) as simulator, Client(simulator) as client:
            return await client.ask(READ_BOTH, 24)

    assert await garbage(7) == await garbage(7) != await garbage(8)
