"""``cloud-sync backup-key``, ``backup``, ``restore``, ``doctor`` and ``status``, as an administrator uses them."""

import json
from pathlib import Path

from cloud_sync.seal.sealing import seal_once
from cloud_sync.storage.database import Database
from cloud_sync.storage.events import add_event
from tests.integration.cloud.commands.test_cloud_sync import config, run


def test_an_administrator_backs_up_loses_the_disk_and_restores(tmp_path: Path, database: Database) -> None:
    path = str(config(tmp_path, 'data_dir = "nowhere"'))
    url, key, folder = database.url, str(tmp_path / "backup.key"), str(tmp_path / "backups")
    with database.transaction() as connection:
        add_event(connection, actor="amy", kind="tried", subject="lot:1")
    while seal_once(database):
        pass
    made = run("backup-key", key, "--help", url=url)
    assert made.returncode == 0
    made = run("backup-key", key, url=url)
    assert made.returncode == 0 and "age1" in made.stdout, made.stderr
    assert run("backup-key", key, url=url).returncode == 1, "a key is never overwritten"

    none = run("backup", folder, "-c", path, url=url)
    assert (none.returncode, "no key to encrypt" in none.stderr) == (1, True)
    cloud = run("backup", "s3://bucket/x", "--key-file", key, "-c", path, url=url)
    assert (cloud.returncode, "no credentials for the object storage" in cloud.stderr) == (1, True)
    done = run("backup", folder, "--key-file", key, "-c", path, url=url)
    assert done.returncode == 0 and "every row counted and compared" in done.stdout, done.stderr
    (file,) = Path(folder).glob("*.age")
    listed = run("backup", "-c", path, url=url)
    assert "decrypted" in listed.stdout and listed.returncode == 0

    checked = run("restore", str(file), "--key-file", key, "--only-check", "-c", path, url=url)
    assert checked.returncode == 0 and "good" in checked.stdout, checked.stderr
    full = run("restore", str(file), "--key-file", key, "--reason", "test", "-c", path, url=url)
    assert (full.returncode, "Nothing was changed" in full.stderr) == (1, True)
    (tmp_path / "new").mkdir()
    fresh = str(config(tmp_path / "new", 'data_dir = "data"'))
    unsaid = run("restore", str(file), "--key-file", key, "-c", fresh)
    assert (unsaid.returncode, "needs a reason" in unsaid.stderr) == (1, True)
    restored = run("restore", str(file), "--key-file", key, "--reason", "disk failed", "-c", fresh)
    assert restored.returncode == 0 and "goes on as lotwarden.ledger/" in restored.stdout, restored.stderr
    verified = run("verify", "-c", fresh)
    assert verified.returncode == 0 and "restored from a backup" in verified.stdout, verified.stderr


def test_the_doctor_names_what_is_wrong_and_what_mends_it(tmp_path: Path, database: Database) -> None:
    path = str(config(tmp_path, 'data_dir = "nowhere"'))
    found = run("doctor", "-c", path, "--json", url=database.url)
    checks = {each["name"]: each for each in json.loads(found.stdout)}
    assert found.returncode == 0, found.stderr
    assert [checks[name]["state"] for name in ("configuration", "database", "rights", "clock")] == ["ok"] * 4
    assert checks["backup"]["state"] == "warn" and "cloud-sync backup" in checks["backup"]["fix"]
    assert checks["ledger"]["says"] == "no process keeps house"
    status = run("status", "-c", path, url=database.url)
    assert status.returncode == 0 and "none was ever made" in status.stdout, status.stderr

    (tmp_path / "broken").mkdir()
    broken = config(tmp_path / "broken", 'data_dir = "nowhere"')
    broken.write_text(f'{broken.read_text()}\n[backup]\nkey_file = "gone.key"\noverdue = 3\n')
    told = run("doctor", "-c", str(broken))
    assert told.returncode == 1 and "overdue" in told.stdout and "sudoedit" in told.stdout
    broken.write_text(broken.read_text().replace("overdue = 3\n", ""))
    told = run("doctor", "-c", str(broken))
    assert told.returncode == 1 and "there is no ledger in it" in told.stdout, told.stdout
    told = run("doctor", "-c", str(broken), "--json", url=database.url)
    assert {each["name"]: each["state"] for each in json.loads(told.stdout)}["backup key"] == "fail"
