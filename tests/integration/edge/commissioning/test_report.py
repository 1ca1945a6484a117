"""The commissioning report says what was proven, when and by whom, and what was not."""

import asyncio
from pathlib import Path

import pypdfium2

from edge_agent.commissioning.checks import CheckState
from edge_agent.commissioning.checks_proofs import check_proofs
from edge_agent.dock.scanner_proof import settings_fingerprint
from edge_agent.domain.barcodes.proof_card import CARD
from edge_agent.drivers.proof_records import ProofRecord, append_record, read_records
from edge_agent.runtime.config_loader import load_config
from edge_agent.simulators.modbus import ModbusTcpSimulator
from edge_agent.simulators.scanner import SimulatedScanner
from tests.support.commissioning_parts import config_in, edge_agent
from tests.support.running_bus import sensor

NEVER = '[[scanner]]\nname = "dock/s"\nport = "/dev/serial/by-id/none"\n'


def text_of(pdf: Path) -> str:
    return " ".join(
        " ".join(page.get_textpage().get_text_range().split()) for page in pypdfium2.PdfDocument(pdf.read_bytes())
    )


async def test_the_pdf_has_each_device_with_its_proof_and_what_was_never_probed(tmp_path: Path) -> None:
    config = config_in(tmp_path, NEVER)
    async with ModbusTcpSimulator([sensor("vaisala-hmp", 240, 5.2)]) as simulator:
        where = ("--host", f"127.0.0.1:{simulator.port}", "--profile", "vaisala-hmp")
        added = await edge_agent("add", "fridge-a/probe", *where, "-c", config, "--by", "Amy Stein", "-y")
    assert added.code == 0, added.err
    pdf = tmp_path / "report.pdf"
    said = await edge_agent("report", "--to", pdf, "-c", config)
    assert said.code == 1 and "1 of 2 proven" in said.words and "dock/s: never probed" in said.words
    text = text_of(pdf)
    assert "fridge-a/probe proven" in text and "by Amy Stein: proven" in text
    assert "test integer -12345" in text and "temp_c 5.2" in text and "unit 240 at 127.0.0.1" in text
    assert "dock/s NEVER PROBED" in text
    assert (await edge_agent("report", "--to", pdf, "-c", config)).code == 1, "a report is not overwritten"


def test_a_torn_or_foreign_line_is_left_out_and_the_rest_is_read(tmp_path: Path) -> None:
    record = ProofRecord("2026-11-28T10:00:00Z", "amy", "probe", "a/b", "unit 1", "xy-md02", "proven")
    append_record(tmp_path, record)
    with (tmp_path / "commissioning.ndjson").open("a") as file:
        file.write('{"at": "2026"}\n[1]\n{torn')
    assert read_records(tmp_path) == (record,)
    assert "cannot be written" in append_record(tmp_path / "nowhere", record)


async def test_a_scanner_is_added_once_the_proof_card_has_passed(tmp_path: Path) -> None:
    config = config_in(tmp_path)
    port = tmp_path / "tty"
    with SimulatedScanner(port) as device:
        for code, expected in ((CARD.replace("\x1d", ""), 1), (CARD, 0)):
            waiting = asyncio.create_task(
                edge_agent("add", "dock/s", "--scanner", port, "--by", "Ben", "-c", config, "-y")
            )
            while not waiting.done():
                await device.scan(code)
                await asyncio.sleep(0.3)
            said = await waiting
            assert said.code == expected, said.words + said.err
    text = config.read_text()
    assert f'[[scanner]]\nkind = "serial"\nname = "dock/s"\nport = "{port}"\n' in text and "# Proven" in text
    report = await edge_agent("report", "--to", tmp_path / "r.pdf", "-c", config, "--json")
    assert (report.code, report.data["devices"][0]["record"]["by"]) == (0, "Ben")
    again = await edge_agent("add", "dock/t", "--scanner", port, "-c", config, "-y")
    assert again.code == 1 and "is that of scanner dock/s already" in again.err
    strange = await edge_agent("add", "dock/t", "--scanner", "/dev/ttyS9", "--layout", "de", "-c", config, "-y")
    assert strange.code == 1 and "--layout is for scanners that play a keyboard" in strange.err


async def test_the_doctor_counts_what_was_proven_and_names_what_was_changed_since(tmp_path: Path) -> None:
    assert list(check_proofs(load_config(config_in(tmp_path)))) == []
    config = config_in(tmp_path, NEVER)
    (never,) = check_proofs(load_config(config))
    assert (never.state, never.fix) == (CheckState.WARN, "edge-agent probe dock/s")
    assert "0 of 1" in never.says and "dock/s (never probed)" in never.says
    (scanner,) = load_config(config).scanner
    settings = settings_fingerprint(scanner)
    record = ProofRecord("2026-11-28T10:00:00Z", "amy", "probe", "dock/s", "", "scanner", "proven", profile=settings)
    append_record(tmp_path / "data", record)
    (proven,) = check_proofs(load_config(config))
    assert (proven.state, proven.says) == (CheckState.OK, "1 of 1 devices and scanners verified")
    config = config_in(tmp_path, NEVER.replace("none", "another"))
    (changed,) = check_proofs(load_config(config))
    assert changed.state is CheckState.WARN and "dock/s (changed since)" in changed.says
