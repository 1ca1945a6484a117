"""``cloud-sync init`` and ``account``: secrets are printed once and alone."""

from pathlib import Path

import pytest

from tests.integration.cloud.commands.test_cloud_sync import config, run


def test_the_first_administrator_is_made_once_and_adds_the_others(tmp_path: Path, ledger_url: str) -> None:
    path = str(config(tmp_path, 'data_dir = "nowhere"'))
    made = run("init", "amy", "--name", "Amy Miller", "--config", path, url=ledger_url)
    assert (made.returncode, len(made.stdout.strip())) == (0, 23), made.stderr
    again = run("init", "eve", "--name", "Eve Stone", "--config", path, url=ledger_url)
    assert (again.returncode, "administrator already" in again.stderr) == (1, True)
    added = run("account", "add", "bob", "--name", "Bob Lee", "--role", "quality", "--config", path, url=ledger_url)
    assert added.returncode == 0, added.stderr
    shared = run("account", "add", "shift", "--name", "Us", "--role", "operator", "--config", path, url=ledger_url)
    assert (shared.returncode, "one person" in shared.stderr) == (1, True)
    reset = run("account", "reset", "bob", "--config", path, url=ledger_url)
    assert reset.stdout.strip() not in ("", added.stdout.strip())
    listed = run("account", "list", "--config", path, url=ledger_url).stdout
    assert "amy" in listed and "quality" in listed and made.stdout.strip() not in listed


def test_two_people_erase_words(tmp_path: Path, ledger_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = str(config(tmp_path, 'data_dir = "nowhere"'))

    def said(*arguments: str) -> str:
        ended = run(*arguments, "--config", path, url=ledger_url)
        return ended.stdout + ended.stderr

    said("account", "add", "bob", "--name", "Bob Lee", "--role", "quality")
    said("account", "lock", "bob", "--reason", "Mrs Smith complained of him")
    words = ("erase-words", "--words", "mrs smith")
    assert "account" in said(*words, "--look") and "nothing was asked for" in said(*words)
    monkeypatch.setenv("SUDO_UID", "4001")
    for _ in range(2):
        assert "when somebody else asks for the same" in said(*words, "--reason", "she asked for it")
    monkeypatch.setenv("SUDO_UID", "4002")
    done = said(*words, "--reason", "she asked for it")
    assert "erasure 1: 2 rows are changed, as command line (4001) had asked" in done
    assert "these words stand in no free text" in said(*words, "--reason", "she asked for it")
    assert "cannot be erased" in said("erase-words", "--words", "it", "--look")


def test_two_people_erase_a_third(tmp_path: Path, ledger_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = str(config(tmp_path, 'data_dir = "nowhere"'))

    def said(*arguments: str) -> str:
        ended = run(*arguments, "--config", path, url=ledger_url)
        return ended.stdout + ended.stderr

    said("account", "add", "bob", "--name", "Bob Lee", "--role", "quality")
    monkeypatch.setenv("SUDO_UID", "4001")
    for _ in range(2):
        assert "when somebody else says the same" in said("erase", "bob", "--reason", "he left")
    monkeypatch.setenv("SUDO_UID", "4002")
    assert "1 values of bob are erased, as command line (4001) had asked" in said("erase", "bob", "--reason", "he left")
    assert "erased" in said("account", "list") and "Bob Lee" not in said("account", "list")
    assert "nothing is kept of rob" in said("erase", "rob", "--reason", "he left")
