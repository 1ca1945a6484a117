"""``cloud-sync dscsa answer``: everything that was told of a product, in one command."""

import zipfile
from pathlib import Path

from cloud_sync.actions.papers.papers import verify_paper
from cloud_sync.storage.database import Database
from tests.integration.cloud.commands.test_cloud_sync import config, run
from tests.support.dscsa_parts import GTIN, line, receive, tell, trading_house
from tests.support.ledger_api import api_on


def test_a_regulator_is_answered_in_one_command(tmp_path: Path, ledger_url: str, database: Database) -> None:
    path, out = config(tmp_path, 'data_dir = "nowhere"'), tmp_path / "answer.zip"

    def said(*arguments: str) -> tuple[int, str]:
        ended = run("dscsa", "answer", *arguments, "--config", str(path), url=ledger_url)
        return ended.returncode, " ".join((ended.stdout + ended.stderr).split())

    with api_on(database) as api:
        trading_house(api)
        told = tell(api, "ASN-1", line("A1", 5))
        receive(api, "A1", 5)
        ask = ("--gtin", GTIN, "--lot", "A1", "--asked-by", "FDA, J. Doe", "--out", str(out))
        code, text = said(*ask)
        assert code == 0 and "to be answered by" in text, text
        with zipfile.ZipFile(out) as file:
            assert f"transactions/in-{told['id']}.json" in file.namelist()
        (row,) = api.reader.rows("/v1/dscsa/requests")
        pdf = out.with_suffix(".pdf").read_bytes()
        verdict = verify_paper(database, pdf)
        assert (verdict.envelope.id, verdict.is_good) == (str(row["id"]), True), verdict
        assert (row["asked_by"], row["lot_number"]) == ("FDA, J. Doe", "A1") and row["answered_at"]
        code, text = said("--gtin", "00000000000000", "--asked-by", "FDA")
        assert code == 1 and "is of no item here" in text
