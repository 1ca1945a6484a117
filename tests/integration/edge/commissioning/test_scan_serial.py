"""Searching real pseudo-terminals: several units on one line, and ports that cannot be asked."""

import fcntl
import os
from pathlib import Path

from edge_agent.simulators.modbus import FaultKind
from edge_agent.simulators.modbus_line import ModbusLineSimulator
from tests.support.commissioning_parts import config_in, edge_agent
from tests.support.running_bus import sensor


async def test_several_units_on_one_port_are_found_and_a_dead_one_between_them_costs_none(tmp_path: Path) -> None:
    dead = sensor("xy-md02", 2, 5.0)
    dead.misbehave(FaultKind.DEAD)
    devices = [sensor("xy-md02", 1, 5.2), dead, sensor("vaisala-hmp", 3, 5.3), sensor("ee-ee310", 4, 5.4)]
    port = tmp_path / "tty"
    async with ModbusLineSimulator(port, devices):
        said = await edge_agent("scan", "--serial-port", port, "--units", "1-4", "--timeout-s", 0.1, "--json")
    assert said.code == 0, said.err
    found = {one["unit"]: one["candidates"][0]["profile"] for one in said.data["modbus"]}
    assert found == {1: "xy-md02", 3: "vaisala-hmp", 4: "ee-ee310"}
    assert "Traceback" not in said.err


async def test_a_line_whose_units_answer_garbage_is_searched_to_its_end(tmp_path: Path) -> None:
    broken = sensor("xy-md02", 1, 5.0)
    broken.misbehave(FaultKind.CORRUPT)
    port = tmp_path / "tty"
    async with ModbusLineSimulator(port, [broken, sensor("vaisala-hmp", 2, 5.3)], echoes=True):
        said = await edge_agent("scan", "--serial-port", port, "--units", "1-2", "--timeout-s", 0.1, "--json")
    assert [one["unit"] for one in said.data["modbus"]] == [2]


async def test_the_command_to_add_leaves_out_what_the_model_has_as_delivered_and_works(tmp_path: Path) -> None:
    path = config_in(tmp_path)
    port = tmp_path / "tty"
    async with ModbusLineSimulator(port, [sensor("vaisala-hmp", 3, 5.3)]):
        said = await edge_agent("scan", "--serial-port", port, "--units", "3", "--timeout-s", 0.1, "--baudrate", 19200)
        assert f"edge-agent add NAME --serial-port {port} --unit 3 --profile vaisala-hmp" in said.words
        added = await edge_agent(
            "add", "a/b", "--serial-port", port, "--unit", 3, "--profile", "vaisala-hmp", "-c", path, "--yes"
        )
    assert added.code == 0, added.err
    assert 'kind = "modbus-rtu"' in path.read_text()


async def test_a_port_that_is_not_there_or_is_none_is_named_once_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "plain").touch()
    missing = await edge_agent("scan", "--serial-port", tmp_path / "nothing")
    plain = await edge_agent("scan", "--serial-port", tmp_path / "plain")
    assert missing.words.count("is not there") == 1 and "/dev/serial/by-id/" in missing.words
    assert plain.words.count("is no serial port") == 1
    for said in (missing, plain):
        assert "Traceback" not in said.err and "asked" not in said.words


async def test_a_port_that_another_program_has_is_left_to_it(tmp_path: Path) -> None:
    port = tmp_path / "tty"
    async with ModbusLineSimulator(port, [sensor("xy-md02", 1, 5.2)]) as simulator:
        # As the agent, and pyserial with `exclusive`, hold theirs.
        holder = os.open(port, os.O_RDWR | os.O_NOCTTY)
        try:
            fcntl.flock(holder, fcntl.LOCK_EX | fcntl.LOCK_NB)
            scan = await edge_agent("scan", "--serial-port", port)
            probe = await edge_agent("probe", "--serial-port", port, "--profile", "xy-md02")
        finally:
            os.close(holder)
        assert not simulator.requests
    for said in (scan, probe):
        assert "is in use by another program" in said.words
        assert "sudo systemctl stop edge-agent" in said.words and "edge-agent monitor" in said.words
    assert scan.words.count("is in use by another program") == 1 and probe.code == 1
