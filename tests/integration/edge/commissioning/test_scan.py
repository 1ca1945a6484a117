"""Searching real sockets: what answers is found and named, what was not asked for is left alone."""

import asyncio
import os
import signal
import sys
from pathlib import Path

from edge_agent.commissioning.ports import probably
from edge_agent.simulators.modbus import ModbusTcpSimulator
from tests.support.commissioning_parts import config_in, edge_agent
from tests.support.running_bus import sensor


async def test_units_behind_a_gateway_are_found_with_their_models_and_the_command_to_add_them() -> None:
    devices = [sensor("xy-md02", 3, 5.2), sensor("vaisala-hmp", 9, 5.3)]
    async with ModbusTcpSimulator(devices) as simulator:
        host = f"127.0.0.1:{simulator.port}"
        said = await edge_agent("scan", "--host", host, "--timeout-s", 0.1)
        as_json = await edge_agent("scan", "--host", host, "--timeout-s", 0.1, "--units", "3,9", "--json")
    assert said.code == 0
    assert f"edge-agent add NAME --host {host} --unit 3 --profile xy-md02" in said.words
    found = {one["unit"]: one["candidates"][0] for one in as_json.data["modbus"]}
    assert {unit: best["profile"] for unit, best in found.items()} == {3: "xy-md02", 9: "vaisala-hmp"}
    assert (found[3]["sense"], found[9]["sense"]) == ("plausible", "proven")


async def test_only_the_units_that_were_named_are_asked() -> None:
    async with ModbusTcpSimulator([sensor("xy-md02", 5, 5.2)]) as simulator:
        await edge_agent("scan", "--host", f"127.0.0.1:{simulator.port}", "--units", "4-6", "--timeout-s", 0.1)
        assert {asked.unit for asked in simulator.requests} == {4, 5, 6}


async def test_a_device_that_answers_to_any_unit_id_is_shown_once() -> None:
    async with ModbusTcpSimulator([sensor("vaisala-hmp", 1, 5.2)]) as simulator:
        simulator.devices = AnyUnit(simulator.devices)
        said = await edge_agent("scan", "--host", f"127.0.0.1:{simulator.port}", "--timeout-s", 0.2, "--json")
    (one,) = said.data["modbus"]
    assert (one["unit"], one["note"]) == (1, "answers to any unit id")


class AnyUnit(dict):  # type: ignore[type-arg]
    """A device that does not look at the unit id, as sensors with Ethernet of their own do."""

    def get(self, _unit: object, _default: object = None) -> object:
        return next(iter(self.values()))


async def test_without_a_name_no_network_and_no_bus_is_asked(tmp_path: Path) -> None:
    async with ModbusTcpSimulator([sensor("xy-md02", 1, 5.2)]) as simulator:
        bus = f'[[bus]]\nkind = "modbus-tcp"\nname = "line"\nhost = "127.0.0.1"\nport = {simulator.port}\n'
        said = await edge_agent("scan", "--no-ble", "--config", config_in(tmp_path, bus))
        assert said.code == 0 and simulator.connections_made == 0
        await edge_agent("scan", "--bus", "line", "--units", "1", "--config", tmp_path / "gateway.toml")
        assert simulator.connections_made == 1


async def test_a_small_network_is_searched_only_where_it_takes_connections() -> None:
    async with ModbusTcpSimulator([sensor("xy-md02", 1, 5.2)]) as simulator:
        said = await edge_agent(
            "scan", "--subnet", "127.0.0.0/29", "--port", simulator.port, "--units", "1", "--timeout-s", 0.2, "--json"
        )
    assert [one["endpoint"] for one in said.data["modbus"]] == [f"127.0.0.1:{simulator.port}"]
    assert any("1 of 6 addresses take connections" in note for note in said.data["notes"])


async def test_a_large_network_and_nonsense_are_refused() -> None:
    said = await edge_agent("scan", "--subnet", "10.0.0.0/16")
    assert said.code == 1 and "256 are the most" in said.words
    said = await edge_agent("scan", "--host", "127.0.0.1", "--units", "1-999")
    assert said.code == 1 and "write numbers from 1 to 247" in said.words


async def test_a_search_ends_with_its_budget_and_says_where_to_go_on() -> None:
    async with ModbusTcpSimulator([sensor("xy-md02", 1, 5.2)]) as simulator:
        host = f"127.0.0.1:{simulator.port}"
        said = await edge_agent("scan", "--host", host, "--units", "1-247", "--timeout-s", 0.2, "--budget-s", 4)
    assert "time is up at unit" in said.words and "xy-md02" in said.words


async def test_ctrl_c_shows_what_was_found_so_far() -> None:
    async with ModbusTcpSimulator([sensor("xy-md02", 1, 5.2)]) as simulator:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "edge_agent", "scan", "--host", f"127.0.0.1:{simulator.port}", "--units", "1-247",
            stdout=asyncio.subprocess.PIPE, env={**os.environ, "COLUMNS": "200"},
        )  # fmt: skip
        async with asyncio.timeout(30):
            while not any(asked.unit == 2 for asked in simulator.requests):  # noqa: ASYNC110 - another process asks
                await asyncio.sleep(0.02)
            process.send_signal(signal.SIGINT)
            out, _ = await process.communicate()
    assert "unit 1 at" in out.decode() and "broken off" in out.decode()


def test_a_port_is_named_by_its_words_before_its_chip() -> None:
    assert probably(0x0403, 0x6001, "FTDI FT232R") == "FTDI adapter: RS-485 or RS-232"
    assert probably(0x0403, 0x6001, "USB-RS485 Cable") == "RS-485 adapter"
    assert probably(0x1234, 0x1, "Acme Barcode Reader") == "a scanner"
    assert probably(None, None, "ttyS0") == "a port of the board itself"
