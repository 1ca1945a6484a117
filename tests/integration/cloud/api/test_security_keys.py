"""Security keys: a second factor, and what people sign with; whoever has no such key, or another page, gets nowhere."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from cloud_sync.actions.people import accounts, erased_words
from cloud_sync.domain.roles import Role
from cloud_sync.seal.sealing import seal_once
from cloud_sync.seal.verification import verify
from cloud_sync.storage.database import Database
from tests.integration.cloud.actions.people.test_erasure import everything
from tests.support.ledger_api import NOW
from tests.support.people import PASSWORD, Browser, Clock, browser_at, opened_account
from tests.support.software_key import SoftwareKey

PROOF = {"password": PASSWORD}
LEDGER = "https://ledger"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def browser(database: Database, clock: Clock) -> Iterator[Browser]:
    opened_account(database, "amy", Role.QUALITY)
    with browser_at(database, clock) as opened:
        opened.client.headers["origin"] = LEDGER
        opened.sign_in("amy")
        yield opened


def added(browser: Browser, key: SoftwareKey) -> Any:
    question = browser.post("/v1/me/security-keys/question", PROOF).json()
    return browser.post("/v1/me/security-keys", {"name": "blue key", "credential": key.create(question)})


def asked(browser: Browser) -> Any:
    return browser.post("/v1/sessions/security-key/question", {"person": "amy", "password": PASSWORD})


def signed_in(browser: Browser, answer: dict[str, Any]) -> int:
    response = browser.post("/v1/sessions/security-key", {"credential": answer})
    if response.status_code == 201:
        browser.csrf = response.json()["csrf_token"]
    return int(response.status_code)


def test_a_key_is_the_second_factor_and_answers_each_question_once(browser: Browser, clock: Clock) -> None:
    key = SoftwareKey()
    assert asked(browser).status_code == 409
    made = added(browser, key)
    assert made.status_code == 201 and len(made.json()["recovery_codes"]) == 10
    assert added(browser, key).status_code == 409
    without = browser.sign_in("amy")
    assert without.status_code == 401 and "security key is missing" in without.text
    answer = key.get(asked(browser).json())
    assert signed_in(browser, answer) == 201
    assert browser.get("/v1/me").json()["has_second_factor"] is True
    assert signed_in(browser, answer) == 401, "an answer is good once"
    late = key.get(asked(browser).json())
    clock.passes(minutes=6)
    assert signed_in(browser, late) == 401
    copied = SoftwareKey(credential_id=key.credential_id, private_key=key.private_key)
    assert signed_in(browser, copied.get(asked(browser).json())) == 401, "a copy counts behind"
    assert browser.sign_in("amy", code=made.json()["recovery_codes"][0]).status_code == 201
    (row,) = browser.get("/v1/me/security-keys").json()
    assert (row["name"], row["domain"]) == ("blue key", "ledger")
    gone = browser.post(f"/v1/me/security-keys/{row['id']}/remove", PROOF)
    assert gone.status_code == 204, gone.text
    assert browser.sign_in("amy").status_code == 201


def test_another_key_or_the_key_at_another_page_signs_nobody_in(browser: Browser, database: Database) -> None:
    key = SoftwareKey()
    added(browser, key)
    stranger = SoftwareKey(credential_id=key.credential_id)
    elsewhere = SoftwareKey("https://ledger.evil.example", private_key=key.private_key, credential_id=key.credential_id)
    for wrong in (SoftwareKey(), stranger, elsewhere):
        assert signed_in(browser, wrong.get(asked(browser).json())) == 401
    assert asked(browser).status_code == 200
    assert browser.post("/v1/sessions/security-key/question", {"person": "amy", "password": "x"}).status_code == 401
    accounts.reset_account(database, "amy", at=NOW)
    assert asked(browser).status_code == 401


def question_of(browser: Browser, seen: str, **more: Any) -> Any:
    said = {
        "kind": "sop",
        "id": "SOP-1:1",
        "sha256_seen": seen,
        "meaning": "responsibility",
        "reason": "I have read it",
    }
    return said | more, browser.post("/v1/signatures/question", said | more).json()


def test_what_is_signed_is_the_hash_of_what_was_shown_and_cannot_be_moved(browser: Browser, database: Database) -> None:
    with psycopg.connect(database.url) as connection:
        connection.execute(
            "INSERT INTO sop (code, version, title, reference, sha256, body, effective_from, proposed_by, approved_by)"
            " SELECT 'SOP-' || n, 1, 't', '', '', 'Wash.', now(), 'a', 'b' FROM generate_series(1, 2) n"
        )
    key, lazy = SoftwareKey(), SoftwareKey(verifies=False)
    added(browser, key)
    added(browser, lazy)
    seen = browser.get("/v1/signatures/sop/SOP-1:1").json()["sha256"]
    said, question = question_of(browser, seen)
    other = {**said, "reason": "I have not read it", "credential": key.get(question)}
    assert browser.post("/v1/signatures", other).status_code == 409
    said, question = question_of(browser, seen)
    assert browser.post("/v1/signatures", {**said, "credential": lazy.get(question)}).status_code == 401
    assert browser.post("/v1/signatures", {**said, "password": PASSWORD}).status_code == 401, "a key is asked for"
    said, question = question_of(browser, seen)
    made = browser.post("/v1/signatures", {**said, "credential": key.get(question)})
    assert made.status_code == 201, made.text
    assert (made.json()["proof"], made.json()["intact"], made.json()["covers"]) == ("security key", True, True)
    with psycopg.connect(database.url) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("UPDATE signature_by_key SET shown = replace(shown, 'SOP-1:1', 'SOP-2:1')")
    (row,) = browser.get("/v1/signatures/sop/SOP-1:1").json()["signatures"]
    assert row["intact"] is False


def test_words_are_erased_from_what_a_key_signed_and_that_it_signed_stays(browser: Browser, database: Database) -> None:
    with psycopg.connect(database.url) as connection:
        connection.execute(
            "INSERT INTO sop (code, version, title, reference, sha256, body, effective_from, proposed_by, approved_by)"
            " VALUES ('SOP-1', 1, 't', '', '', 'Ask Mrs Smith.', now(), 'a', 'b')"
        )
    key = SoftwareKey()
    added(browser, key)
    seen = browser.get("/v1/signatures/sop/SOP-1:1").json()["sha256"]
    said, question = question_of(browser, seen, reason="read with Mrs Smith")
    assert browser.post("/v1/signatures", {**said, "credential": key.get(question)}).status_code == 201
    why = {"reason": "she asked for it", "at": NOW}
    number = erased_words.ask(database, "Mrs Smith", actor="ada", **why)["id"]
    erased_words.approve(database, number, actor="bea", **why)
    assert "Mrs Smith" not in everything(database) and seen not in everything(database)
    (row,) = browser.get("/v1/signatures/sop/SOP-1:1").json()["signatures"]
    assert (row["reason"], row["intact"], row["erasure"]) == ("read with [erased]", True, number)
    assert (row["covers"], row["otherwise_as_signed"]) == (False, True)
    seal_once(database)
    assert verify(database).findings == []
    with psycopg.connect(database.url) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("UPDATE signature_by_key SET key_signature = set_byte(key_signature, 20, 0)")
    (row,) = browser.get("/v1/signatures/sop/SOP-1:1").json()["signatures"]
    assert row["intact"] is False
