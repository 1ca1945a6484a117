"""Other systems, loggers and spreadsheets at a terminal: keys, what a file leaves open, and what stock is worth."""

from datetime import datetime
from pathlib import Path

from cloud_sync.storage.database import Database
from tests.integration.cloud.commands.test_cloud_sync import config, run
from tests.support.ledger_api import api_on
from tests.support.logger_files import q_tag


def test_files_of_others_are_asked_about_and_taken_in_and_a_connection_gets_its_key(
    tmp_path: Path, ledger_url: str, database: Database
) -> None:
    path = config(tmp_path, 'data_dir = "nowhere"')
    with api_on(database) as api:
        api.house()
        api.receive("L1", 8)

    def said(*arguments: str) -> tuple[int, str]:
        ended = run(*arguments, "--config", str(path), url=ledger_url)
        return ended.returncode, ended.stdout + ended.stderr

    costs = tmp_path / "prices.csv"
    costs.write_text("Artikel;Preis;Währung;Gültig ab\ninsulin;2,50;EUR;31.01.2026\n")
    assert said("bring", "costs", str(costs)) == (0, "costs: 1 added, 0 changed, 0 unchanged\n")
    code, text = said("erp", "stock-value", "--on", "2026-06-01")
    assert code == 0 and "insulin,L1,house,main,2027-01-31,false,8,each,2.5" in text
    assert "20.00 EUR; 0 rows without a cost" in text
    stock = tmp_path / "stock.csv"
    stock.write_text("item,lot,qty,expiry\ninsulin,L2,5,03/04/2027\n")
    code, text = said("bring", "opening-balances", str(stock))
    assert code == 1 and '--answer "date_order:expires_on=..."' in text and '--answer "fixed:place=..."' in text
    logger = tmp_path / "logger.txt"
    logger.write_bytes(q_tag([5.0, 9.0], first=datetime(2026, 5, 30, 8, 0)))  # noqa: DTZ001 - its own clock
    ended = run("logger", "look", str(logger), "--answer", "zone=+02:00", url=ledger_url)
    assert "Q-tag CLm doc LR RCPJ00099" in ended.stdout and "the device says: ok" in ended.stdout
    assert said("connection", "put", "erp", "--scope", "feed")[0] == 0
    assert said("connection", "key", "erp")[1].startswith("lwc_")
