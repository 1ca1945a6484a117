"""``cloud-sync hl7``, and the door that ``serve`` opens: a message comes in over MLLP and is booked."""

import re
from datetime import UTC, datetime
from pathlib import Path

from hl7.client import MLLPClient

from cloud_sync.storage.database import Database
from tests.integration.cloud.commands.test_cloud_sync import config, run, serving
from tests.support.builders import Ledger
from tests.support.hl7_messages import rds, rxd
from tests.support.paths import ROOT

MAP = ROOT / "config/hl7/pharmacy-rds.toml"


def test_a_map_is_tried_on_a_message_before_anything_is_booked(tmp_path: Path) -> None:
    good, unclear = tmp_path / "good.hl7", tmp_path / "unclear.hl7"
    good.write_bytes(b"\x0b" + rds("C1", rxd(r"A\T\B")) + b"\x1c\r")
    unclear.write_bytes(rds("C1", rxd("L1", unit="AMP")))
    told = run("hl7", "try", str(MAP), str(good))
    assert (told.returncode, told.stdout.strip()) == (
        0,
        "dispense: 3 base units of ITEM insulin, lot A&B, expires 2027-01-31, from fridge-a to ward-3, "
        "at 2026-06-01 11:59:30 UTC",
    ), told.stderr
    for arguments, says in (
        ((str(MAP), str(unclear)), "RXD-5: the map does not say what the unit AMP is"),
        ((str(ROOT / "pyproject.toml"),), "pyproject.toml: title: Field required; add it"),
        ((str(MAP), str(tmp_path / "none.hl7")), "cannot be read"),
    ):
        told = run("hl7", "try", *arguments)
        assert (told.returncode, says in told.stderr) == (1, True), told.stderr
    assert "RDS^O13 becomes dispense" in run("hl7", "try", str(MAP)).stdout


def test_a_message_over_mllp_is_booked(tmp_path: Path, ledger_url: str, database: Database) -> None:
    ledger = Ledger(database)
    ledger.add_place("main", "site", None)
    ledger.add_place("fridge-a", "room", "main")
    ledger.add_place("ward-3", "ward", "main")
    ledger.add_item("insulin", "00312345678906")
    path = config(tmp_path, 'data_dir = "nowhere"')
    sender = f'[hl7.senders.pharmacy]\naddresses = ["127.0.0.1"]\nmap_file = "{MAP}"\nsite = "main"\n'
    path.write_text(f"{path.read_text()}[hl7]\nport = 0\n{sender}")
    with serving(path, ledger_url) as ledger_process:
        (port,) = [int(found[1]) for said in ledger_process.said if (found := re.search(r"HL7 .* port (\d+)", said))]
        sent = rds("C1", rxd("L1", at=f"{datetime.now(UTC):%Y%m%d%H%M%S}+0000"))
        with MLLPClient("127.0.0.1", port) as client:
            answers = [client.send(b"\x0b" + sent + b"\x1c\r") for _ in range(2)]
        assert all(b"\rMSA|AA|C1|" in answer for answer in answers), answers
        code, err = ledger_process.stop()
        assert (code, err) == (0, "")
    with database.transaction() as connection:
        rows = connection.execute("SELECT quantity, action, operator FROM movement").fetchall()
    assert rows == [{"quantity": 3, "action": "dispense", "operator": "amy as told by pharmacy"}]
