"""The validation protocol on a real ledger: what it finds, what it does not let pass, and the paper of it."""

from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import psycopg
import pytest
from pypdf import PdfReader

from cloud_sync.actions.papers.papers import PaperName, make_paper, verify_paper
from cloud_sync.config import load_config
from cloud_sync.storage.database import Database
from cloud_sync.validation import operation
from cloud_sync.validation.installation import Installation
from cloud_sync.validation.protocol import Run, operated, validate
from cloud_sync.validation.requirements import requirements
from cloud_sync.validation.results import Outcome, Step, execute


def now() -> datetime:
    return datetime.now(UTC)


def installation(database: Database, folder: Path, more: str = "") -> Installation:
    path = folder / "ledger.toml"
    path.write_text(f'[database]\nurl = "{database.url}"\n{more}')
    path.chmod(0o640)
    return Installation(path, load_config(path), database, now())


def text_of(pdf: bytes) -> str:
    return " ".join(" ".join(page.extract_text() for page in PdfReader(BytesIO(pdf)).pages).split())


def test_a_run_checks_all_and_is_kept_signed_on_paper(database: Database, postgres_url: str, tmp_path: Path) -> None:
    run = validate(database, installation(database, tmp_path), clock=now, actor="vera", server_url=postgres_url)
    failed = {each.id: each.found for each in run.results if each.outcome is Outcome.FAILED}
    assert failed == {}
    assert {each.id for each in run.results if each.outcome is Outcome.PASSED} >= {
        *(f"OQ-{number:02}" for number in range(1, 13)), "IQ-01", "IQ-03", "IQ-07", "IQ-08", "IQ-09",
    }  # fmt: skip
    assert {check for each in requirements() for check in each.checks} <= {each.id for each in run.results}
    paper = make_paper(database, PaperName.VALIDATION, str(run.number), at=now(), actor="vera", public_url="https://l")
    text = text_of(paper.pdf)
    for said in ("PASSED", "OQ-11", "Approved by (quality)", "URS-01", "signature is genuine", "lotwarden_runtime"):
        assert said in text, said
    assert verify_paper(database, paper.pdf).is_good
    what_was_changed_afterwards_shows(database, run)


def what_was_changed_afterwards_shows(database: Database, run: Run) -> None:
    with psycopg.connect(database.url) as owner:
        owner.execute("SET LOCAL session_replication_role = replica")
        owner.execute("UPDATE validation_run SET body = jsonb_set(body, '{results,0,found}', '\"nicer\"')")
    paper = make_paper(database, PaperName.VALIDATION, str(run.number), at=now(), actor="vera", public_url="https://l")
    assert "signature DOES NOT FIT" in text_of(paper.pdf)


def test_what_is_not_as_it_must_be_is_a_deviation(database: Database, tmp_path: Path) -> None:
    looked = installation(database, tmp_path)
    (tmp_path / "ledger.toml").chmod(0o666)
    with psycopg.connect(database.url) as owner:
        owner.execute("ALTER TABLE event DISABLE TRIGGER ALL; DROP TRIGGER IF EXISTS none ON event")
        owner.execute("UPDATE alembic_version SET version_num = '0001'")
        owner.execute("ALTER TABLE lot NO FORCE ROW LEVEL SECURITY")
    outcomes = {each.id: each for each in execute(looked.steps(), now)}
    for check, words in (("IQ-04", "mode 666"), ("IQ-08", "schema 0001"), ("IQ-09", "not separated: lot")):
        assert outcomes[check].outcome is Outcome.FAILED and words in outcomes[check].found, outcomes[check]


def test_a_check_that_breaks_is_a_deviation_and_the_others_go_on() -> None:
    def breaks() -> str:
        raise ZeroDivisionError("no")

    results = list(execute((Step("A", "a", "e", breaks), Step("B", "b", "e", lambda: "fine")), now))
    assert [each.outcome for each in results] == [Outcome.FAILED, Outcome.PASSED]
    assert "ZeroDivisionError" in results[0].found


def test_a_ledger_that_issues_held_stock_does_not_pass(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The protocol itself can fail: with a rule switched off, the check that is about it does."""
    monkeypatch.setattr(operation, "move", lambda *_args, **_more: [])
    outcomes = {each.id: each.outcome for each in operated(postgres_url, now)}
    assert outcomes["OQ-02"] is outcomes["OQ-03"] is Outcome.FAILED
    assert outcomes["OQ-04"] is Outcome.PASSED
