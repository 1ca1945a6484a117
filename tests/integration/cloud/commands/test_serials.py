"""``cloud-sync serial``: a unit found, numbers given, a serial that every dock refuses."""

from pathlib import Path

from cloud_sync.storage.database import Database
from tests.integration.cloud.commands.test_cloud_sync import config, run
from tests.support.ledger_api import api_on


def test_units_are_numbered_found_and_lost_at_the_command_line(
    tmp_path: Path, ledger_url: str, database: Database
) -> None:
    path = config(tmp_path, 'data_dir = "nowhere"')

    def said(*arguments: str) -> tuple[int, str]:
        ended = run("serial", *arguments, "--config", str(path), url=ledger_url)
        return ended.returncode, " ".join((ended.stdout + ended.stderr).split())

    with api_on(database) as api:
        api.house()
        api.administrator.ok("PUT", "/v1/items/insulin", json={"gtins": {"09501101530003": 1}, "reason": "new"})
        pattern = {"pattern": "LW{n:4}", "given_at": "receipt"}
        api.administrator.ok("PUT", "/v1/items/insulin/serial-pattern", json=pattern)
        lot = api.receive("A", 3)
        pdf = tmp_path / "labels.pdf"
        code, text = said("assign", str(lot), "fridge-a", "2", "--reason", "came without", "--pdf", str(pdf))
        assert (code, pdf.read_bytes()[:4]) == (0, b"%PDF") and "LW0000 to LW0001" in text, text
        code, text = said("find", "LW0001")
        assert code == 0 and "insulin lot A serial LW0001: fridge-a" in text, text
        assert said("find", "NEVER")[0] == 1
        assert said("lost", "insulin", "LW0001", "--why", "stolen", "--description", "van broken into")[0] == 0
        (lost,) = api.reader.rows("/v1/lost-serials")
        assert (lost["serial"], lost["why"]) == ("LW0001", "stolen")
