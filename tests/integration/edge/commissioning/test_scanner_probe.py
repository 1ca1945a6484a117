"""A scanner at the bench: one scan tells whether its settings let docks work with it."""

import asyncio
import fcntl
import os
from pathlib import Path

import pytest

from edge_agent.domain.barcodes.proof_card import CARD
from edge_agent.drivers.proof_records import read_records
from edge_agent.runtime.config_loader import load_config
from edge_agent.simulators.scanner import SimulatedScanner
from tests.support.commissioning_parts import Said, config_in, edge_agent

CODE = "01003123456789061726123110ABC123\x1d21SER001"


def scanner_config(folder: Path, port: Path, suffix: str = "cr") -> Path:
    section = f'[[scanner]]\nname = "dock/s"\nport = "{port}"\nsuffix = "{suffix}"\n'
    return config_in(folder, section)


async def probed(device: SimulatedScanner, path: Path, code: str, aim: str = "]d2") -> Said:
    """What the bench says when somebody pulls the trigger until it hears it."""
    waiting = asyncio.create_task(edge_agent("probe", "dock/s", "-c", path))
    while not waiting.done():
        await device.scan(code, aim=aim)
        await asyncio.sleep(0.3)
    return await waiting


async def test_a_scan_with_identifier_and_separator_shows_that_docks_can_work_with_it(tmp_path: Path) -> None:
    with SimulatedScanner(tmp_path / "tty") as device:
        said = await probed(device, scanner_config(tmp_path, tmp_path / "tty"), CODE)
    assert said.code == 0, said.err
    assert "]d2010031234567890617261231" in said.words and "\u241d21SER001" in said.words
    assert "5d 64 32 30 31" in said.words and "(10) ABC123" in said.words and "lot and serial came apart" in said.words


@pytest.mark.parametrize(
    ("code", "aim", "advice"),
    [
        (CODE, "", "sends no AIM identifier"),
        (CODE.replace("\x1d", ""), "]d2", "separator"),
        ("hello world", "]C1", ""),
    ],
)
async def test_what_docks_cannot_work_with_is_said_with_what_to_set(
    tmp_path: Path, code: str, aim: str, advice: str
) -> None:
    with SimulatedScanner(tmp_path / "tty") as device:
        said = await probed(device, scanner_config(tmp_path, tmp_path / "tty"), code, aim)
    assert said.code == 1 and "NOT GOOD" in said.words and "Look at" in said.words and advice in said.words


async def test_a_port_that_the_agent_has_is_left_to_it(tmp_path: Path) -> None:
    with SimulatedScanner(tmp_path / "tty"):
        holder = os.open(tmp_path / "tty", os.O_RDWR | os.O_NOCTTY)
        try:
            fcntl.flock(holder, fcntl.LOCK_EX | fcntl.LOCK_NB)
            said = await edge_agent("probe", "dock/s", "-c", scanner_config(tmp_path, tmp_path / "tty"))
        finally:
            os.close(holder)
    assert said.code == 1 and "in use by another program" in said.words and "edge-agent monitor" in said.words


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("010031234567890610AB\x1d17261231", "lot and serial have not come apart yet"),
        ("010031234567890617261231", "no separator in this code"),
        ("LW.COMMIT", "no separator in this code"),
    ],
)
async def test_a_scan_that_shows_no_separator_between_lot_and_serial_proves_nothing(
    tmp_path: Path, code: str, says: str
) -> None:
    with SimulatedScanner(tmp_path / "tty") as device:
        said = await probed(device, scanner_config(tmp_path, tmp_path / "tty"), code, "]C0" if "LW" in code else "]d2")
    assert said.code == 1 and "NOT PROVEN" in said.words and says in said.words


async def test_a_separator_that_is_spelt_out_looks_like_what_it_is(tmp_path: Path) -> None:
    with SimulatedScanner(tmp_path / "tty", separator="<GS>") as device:
        said = await probed(device, scanner_config(tmp_path, tmp_path / "tty"), CODE)
    assert said.code == 1 and "NOT GOOD" in said.words and "\u241d" not in said.words
    assert "<GS>21SER001" in said.words and "the 4 characters <GS>" in said.words


async def test_the_proof_card_proves_a_scanner_in_one_scan_and_the_report_says_so(tmp_path: Path) -> None:
    path = scanner_config(tmp_path, tmp_path / "tty")
    with SimulatedScanner(tmp_path / "tty") as device:
        good = await probed(device, path, CARD)
        bad = await probed(device, path, CARD.replace("\x1d", ""))
    assert good.code == 0 and "GOOD" in good.words and "keyboard layout: proven" in good.words
    assert bad.code == 1 and "NOT GOOD" in bad.words and "the separator did not arrive" in bad.words
    records = read_records(load_config(path).gateway.data_dir)
    assert [(one.device, one.verdict) for one in records] == [("dock/s", "proven"), ("dock/s", "not good")]
