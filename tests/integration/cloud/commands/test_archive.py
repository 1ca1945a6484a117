"""``cloud-sync archive``: old readings to a folder; verify, the pages and the API name what is not there."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from typer.testing import CliRunner, Result

from cloud_sync.__main__ import app
from cloud_sync.actions.monitoring.archiving import archive_readings
from cloud_sync.archive.stores import FolderStore
from cloud_sync.config import DATABASE_URL
from edge_agent.domain.wire.records import Action
from tests.integration.cloud.commands.test_cloud_sync import config
from tests.integration.conftest import Said
from tests.support.builders import Ledger, minute, reading, scan
from tests.support.ledger_api import NOW, api_on


def run(*arguments: str, url: str) -> Result:
    return CliRunner().invoke(app, arguments, env={DATABASE_URL: url, "COLUMNS": "300"})


def test_old_months_go_to_a_folder_and_a_missing_file_is_named_everywhere(
    tmp_path: Path, ledger: Ledger, say: Said
) -> None:
    path, folder, url = str(config(tmp_path, 'data_dir = "nowhere"')), tmp_path / "archive", ledger.database.url
    say(*(reading(minute(0) + timedelta(hours=n), 5.0) for n in range(50)), reading(datetime.now(UTC), 5.0))
    empty = run("archive", "--config", path, url=url)
    assert (empty.exit_code, "no readings are archived yet" in empty.output) == (0, True), empty.output
    done = run("archive", str(folder), "--months", "2", "--config", path, url=url)
    assert done.exit_code == 0 and "2026-03: 49 readings in 1 files" in done.output, done.output
    fine = run("verify", "--config", path, url=url)
    assert "1 files of the archive" in fine.output.replace("\n", " ") and "OK" in fine.output, fine.output
    (file,) = folder.glob("readings/*/*.parquet")
    file.unlink()
    for command in ("archive", "verify"):
        lost = run(command, "--config", path, url=url)
        assert lost.exit_code == 1 and file.name in lost.output.replace("\n", ""), lost.output
    with api_on(ledger.database) as api:
        told = api.reader.ok("GET", "/v1/archive")
        assert (told["months"][0]["readings"], len(told["unreadable"])) == (49, 1)
        span = {"from": minute(0).isoformat(), "until": minute(600).isoformat()}
        answer = api.reader.get("/v1/channels/1/readings", **span)
        assert answer.status_code == 503 and file.name in answer.json()["error"], answer.text
        api.client.post("/login/token", data={"token": api.reader.token})
        page = api.client.get("/administration/archive").text
        assert file.name in page and "the file is missing" in page and "2026-03" in page


def test_pages_of_a_room_and_a_lot_are_there_and_say_what_cannot_be_read(
    tmp_path: Path, ledger: Ledger, say: Said
) -> None:
    say(scan(minute(30), Action.RECEIVE, "acme", "fridge-a"))
    say(*(reading(minute(0) + timedelta(hours=n), 5.0) for n in range(50)), reading(NOW - timedelta(hours=1), 5.0))
    done = archive_readings(ledger.database, FolderStore(tmp_path), months=1, at=NOW, actor="amy")
    assert sum(each.readings for each in done) == 49
    with api_on(ledger.database) as api:
        lot = ledger.rows("SELECT id FROM lot")[0]["id"]
        hours = int((NOW - minute(0)) / timedelta(hours=1)) + 1
        api.client.post("/login/token", data={"token": api.reader.token})

        def pages() -> tuple[str, str]:
            room, shown = (api.client.get(each) for each in (f"/rooms/fridge-a?hours={hours}", f"/lots/{lot}"))
            assert (room.status_code, shown.status_code) == (200, 200)
            return room.text, shown.text

        assert not any("cannot be read" in page for page in pages())
        (file,) = tmp_path.glob("readings/*/*.parquet")
        file.unlink()
        for page in pages():
            assert file.name in page and "the file is missing" in page and "cloud-sync verify" in page
            assert "2026-" in page or "Mar" in page
        series = api.client.get(f"/rooms/fridge-a/series?hours={hours}").json()
        assert len(series["channels"][0]["at"]) == 18, "by three hours all of it is there"
        refused = api.reader.get(f"/v1/lots/{lot}/passport")
        assert refused.status_code == 503 and "readings up to 2026-" in refused.json()["error"], refused.text
