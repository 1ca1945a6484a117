"""``cloud-sync report`` and ``verify-paper``: a paper is written, held against the ledger, and found out of date."""

from pathlib import Path

from cloud_sync.storage.database import Database
from tests.integration.cloud.commands.test_cloud_sync import config, run
from tests.support.ledger_api import api_on


def test_a_paper_is_printed_checked_and_found_out_of_date(tmp_path: Path, ledger_url: str, database: Database) -> None:
    path = config(tmp_path, 'data_dir = "nowhere"')

    def said(*arguments: str) -> tuple[int, str]:
        ended = run(*arguments, "--config", str(path), url=ledger_url)
        return ended.returncode, " ".join((ended.stdout + ended.stderr).split())

    with api_on(database) as api:
        api.house()
        lot = api.receive("L1", 10)
        paper = tmp_path / "lot.pdf"
        code, text = said("report", "lot-history", str(lot), "--out", str(paper))
        assert code == 0 and "SHA-256 of its data" in text and paper.read_bytes().startswith(b"%PDF-")
        code, text = said("report", "lot-history", str(lot), "--out", str(paper))
        assert code == 1 and "cannot be written" in text
        code, text = said("verify-paper", str(paper))
        assert (code, text.endswith("OK: the ledger knows what this paper says")) == (0, True), text
        api.quality.ok("POST", "/v1/holds", json={"lot_id": lot, "reason": "torn box"})
        code, text = said("verify-paper", str(paper))
        assert code == 1 and "torn box" in text and "the ledger knows otherwise now" in text
        assert said("report", "fairy-tale", "1")[0] == 1
        assert "ID: the number of the lot" in said("report", "list")[1]
        assert said("site-format", "set", "main", "--language", "de")[0] == 0
        assert said("site-format", "set", "main", "--language", "tlh")[0] == 1
        paper.write_bytes(b"%PDF-1.7 of somebody else")
        assert said("verify-paper", str(paper))[0] == 1
