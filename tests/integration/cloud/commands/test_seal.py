"""``cloud-sync verify``, ``checkpoint`` and ``export --evidence``, as an inspector uses them."""

import subprocess
import sys
import zipfile
from pathlib import Path

import psycopg

from cloud_sync.actions.gateways.ledger_keys import ledger_keys
from cloud_sync.storage.database import Database
from tests.integration.cloud.commands.test_cloud_sync import config, run
from tests.integration.cloud.seal.test_evidence_walk import excursion_to_release, seal_all


def test_an_inspector_checks_the_ledger_and_takes_its_evidence_along(tmp_path: Path, database: Database) -> None:
    path = str(config(tmp_path, 'data_dir = "nowhere"'))
    evidence, kept = tmp_path / "case.zip", tmp_path / "kept"
    case = f"excursion:{excursion_to_release(database)}"
    url = database.url

    printed = run("checkpoint", "--config", path, url=url)
    assert printed.returncode == 0 and printed.stdout.startswith("lotwarden"), printed.stderr
    kept.write_text(printed.stdout)
    fine = run("verify", "--kept", str(kept), "--config", path, url=url)
    assert fine.returncode == 0, fine.stderr
    assert "OK: the ledger is what was sealed" in fine.stdout and "1 signatures of gateways" in fine.stdout

    exported = run("export", "--evidence", case, "--to", str(evidence), "--config", path, url=url)
    assert exported.returncode == 0, exported.stderr
    key = ledger_keys(database).public_key
    assert f"python3 verify.py {evidence} --key {key}" in exported.stdout.replace("\n", " ")
    assert evidence.stat().st_size > 10_000
    again = run("export", "--evidence", case, "--to", str(evidence), "--config", path, url=url)
    assert (again.returncode, "another name" in again.stderr) == (1, True)
    unknown = run("export", "--evidence", "excursion:999", "--config", path, url=url)
    assert unknown.returncode == 1 and "999" in unknown.stderr
    with zipfile.ZipFile(evidence) as archive:
        archive.extract("verify.py", tmp_path)
    offline = [sys.executable, "-I", "-S", str(tmp_path / "verify.py"), str(evidence), "--key", key]
    assert subprocess.run(offline, capture_output=True, env={}, timeout=120).returncode == 0

    with psycopg.connect(url) as administrator:
        administrator.execute("SET session_replication_role = replica")
        administrator.execute("UPDATE disposition SET reason = 'all well' WHERE id = 1")
    seal_all(database)
    found = run("verify", "--config", path, url=url)
    assert (found.returncode, "disposition 1: it is not what was sealed" in found.stdout) == (1, True), found.stdout
    assert "this ledger is not what was sealed" in found.stderr
    unread = run("verify", "--kept", str(tmp_path / "nothing"), "--config", path, url=url)
    assert unread.returncode == 1 and "cannot be read" in unread.stderr
