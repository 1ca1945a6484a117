"""People sign in: once with a secret, then with a password and a code; and out again, by themselves or by the clock."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread

import pytest

from cloud_sync.actions.access import create_token, rotate_token
from cloud_sync.actions.people import accounts
from cloud_sync.actions.people.sessions import sign_in
from cloud_sync.domain.accounts import ATTEMPTS_FREE, SESSION_IDLE_MAX, SESSION_MAX, SESSIONS_MAX
from cloud_sync.domain.roles import Role
from cloud_sync.errors import Conflict, Invalid, NotKnown, TooMany
from cloud_sync.storage.database import Database
from tests.support.ledger_api import NOW, Somebody
from tests.support.people import PASSWORD, Browser, Clock, Telephone, browser_at, opened_account

OWNER = {"name": "acme"}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def browser(database: Database, clock: Clock) -> Iterator[Browser]:
    with browser_at(database, clock) as opened:
        yield opened


def kept(database: Database, table: str) -> str:
    with database.transaction() as connection:
        row = connection.execute(f"SELECT json_agg(t)::text AS all FROM {table} t").fetchone()
    assert row is not None
    return str(row["all"])


def test_the_first_administrator_signs_in_once_with_a_secret_and_chooses_a_password(
    database: Database, browser: Browser
) -> None:
    secret = accounts.init(database, "amy", "Amy Miller", at=NOW)
    refused = browser.sign_in("amy", secret)
    assert (refused.status_code, "new_password" in refused.json()["what_to_do"]) == (422, True)
    assert browser.sign_in("amy", secret, new_password="amy").status_code == 422
    assert browser.sign_in("amy", secret, new_password=PASSWORD).status_code == 201
    assert browser.sign_in("amy", secret).status_code == 401
    assert browser.sign_in("amy").status_code == 201
    me = browser.get("/v1/me").json()
    assert (me["person"], me["printed_name"]) == ("amy", "Amy Miller")
    assert me["roles"] == [{"role": "administrator", "site": None}]
    with pytest.raises(Conflict, match="administrator already"):
        accounts.init(database, "eve", "Eve Stone", at=NOW)


def test_a_one_time_secret_that_nobody_used_ends(database: Database, browser: Browser, clock: Clock) -> None:
    secret = accounts.add_account(database, "amy", "Amy Miller", [Role.OPERATOR], at=NOW)
    clock.passes(hours=73)
    refused = browser.sign_in("amy", secret, new_password=PASSWORD)
    assert (refused.status_code, "too old" in refused.json()["error"]) == (401, True)


def test_the_ledger_keeps_neither_password_nor_cookie(database: Database, browser: Browser) -> None:
    opened_account(database, "amy", Role.OPERATOR)
    browser.sign_in("amy")
    everything = kept(database, "account") + kept(database, "account_session") + kept(database, "event")
    assert "$argon2id$" in everything
    assert PASSWORD not in everything
    assert browser.client.cookies["lotwarden_session"] not in everything


def test_the_cookie_is_for_this_site_and_no_script(database: Database, browser: Browser) -> None:
    opened_account(database, "amy", Role.OPERATOR)
    cookie = browser.sign_in("amy").headers["set-cookie"]
    assert {"HttpOnly", "Secure", "SameSite=strict", "Path=/"} <= {part.strip() for part in cookie.split(";")}


def test_any_process_answers_a_session_and_signing_out_ends_it_everywhere(
    database: Database, browser: Browser, clock: Clock
) -> None:
    opened_account(database, "amy", Role.OPERATOR)
    browser.sign_in("amy")
    with browser_at(database, clock) as other:
        other.client.cookies.update(browser.client.cookies)
        other.csrf = browser.csrf
        assert other.get("/v1/stock").status_code == 200
        assert other.request("DELETE", "/v1/sessions/current").status_code == 204
    assert browser.get("/v1/stock").status_code == 401


def test_a_session_ends_when_nothing_is_asked_and_after_a_day_of_work(
    database: Database, browser: Browser, clock: Clock
) -> None:
    opened_account(database, "amy", Role.OPERATOR)
    browser.sign_in("amy")
    for _ in range(int(SESSION_MAX / (SESSION_IDLE_MAX / 2)) - 1):
        clock.passes(seconds=SESSION_IDLE_MAX.total_seconds() / 2)
        assert browser.get("/v1/me").status_code == 200
    clock.passes(seconds=SESSION_IDLE_MAX.total_seconds() / 2)
    assert browser.get("/v1/me").status_code == 401
    browser.sign_in("amy")
    clock.passes(seconds=SESSION_IDLE_MAX.total_seconds())
    assert browser.get("/v1/me").status_code == 401


def test_wrong_passwords_make_the_next_one_wait_ever_longer_whether_the_name_exists_or_not(
    database: Database, browser: Browser, clock: Clock
) -> None:
    opened_account(database, "amy", Role.OPERATOR)
    for name in ("amy", "nobody-here"):
        for _ in range(ATTEMPTS_FREE):
            assert browser.sign_in(name, "wrong").status_code == 401
        for wait_s in (30, 60, 120, 240):
            clock.passes(seconds=wait_s - 1)
            refused = browser.sign_in(name, "wrong")
            assert (refused.status_code, "Wait 1 s" in refused.json()["what_to_do"]) == (429, True)
            clock.passes(seconds=1)
            assert browser.sign_in(name, "wrong").status_code == 401
    assert browser.sign_in("AMY").status_code == 429
    accounts.unlock_account(database, "amy", reason="she called")
    assert browser.sign_in("amy").status_code == 201


def test_guesses_at_once_are_no_more_than_one_after_the_other(database: Database) -> None:
    opened_account(database, "amy", Role.OPERATOR)
    answers: list[str] = []
    start = Barrier(12)

    def guess() -> None:
        start.wait()
        try:
            sign_in(database, "amy", "wrong", address="192.0.2.7", at=NOW)
        except (NotKnown, TooMany) as refused:
            answers.append(type(refused).__name__)

    threads = [Thread(target=guess) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == ["NotKnown"] * ATTEMPTS_FREE + ["TooMany"] * (12 - ATTEMPTS_FREE)


def test_locked_and_expired_accounts_end_with_their_sessions(
    database: Database, browser: Browser, clock: Clock
) -> None:
    opened_account(database, "amy", Role.OPERATOR)
    opened_account(database, "bob", Role.OPERATOR, expires_at=NOW + timedelta(minutes=10))
    for name, end in (
        ("amy", lambda: accounts.lock_account(database, "amy", reason="left", at=clock.now)),
        ("bob", lambda: clock.passes(minutes=10)),
    ):
        assert browser.sign_in(name).status_code == 201
        assert browser.get("/v1/stock").status_code == 200
        end()
        assert browser.get("/v1/stock").status_code == 401
        assert browser.sign_in(name).status_code == 401


def test_nobody_shares_an_account(database: Database, browser: Browser, clock: Clock) -> None:
    opened_account(database, "amy", Role.OPERATOR)
    for name, error in (("Amy", Conflict), ("nightshift", Invalid), ("quality", Invalid), ("Admin", Invalid)):
        with pytest.raises(error):
            accounts.add_account(database, name, "Some Body", [Role.OPERATOR], at=NOW)
    browser.sign_in("amy")
    first = browser.client.cookies["lotwarden_session"]
    for _ in range(SESSIONS_MAX):
        clock.passes(seconds=1)
        browser.sign_in("amy")
    browser.client.cookies.clear()
    assert browser.client.get("/v1/me", headers={"Cookie": f"lotwarden_session={first}"}).status_code == 401


def test_a_change_by_cookie_comes_from_our_own_page(database: Database, browser: Browser) -> None:
    opened_account(database, "amy", Role.ADMINISTRATOR)
    good = {"X-CSRF-Token": browser.sign_in("amy").json()["csrf_token"]}
    for headers, is_refused in (
        ({}, True),
        ({"X-CSRF-Token": "wrong"}, True),
        (good, False),
        ({**good, "Sec-Fetch-Site": "same-origin"}, False),
        ({**good, "Sec-Fetch-Site": "cross-site"}, True),
        ({**good, "Sec-Fetch-Site": "same-site"}, True),
        ({**good, "Origin": "https://ledger"}, False),
        ({**good, "Origin": "https://evil"}, True),
        ({**good, "Origin": "null"}, True),
    ):
        status = browser.client.post("/v1/owners", json=OWNER, headers=headers).status_code
        assert (status == 403) is is_refused, headers
    assert browser.client.get("/v1/owners", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 200


def test_another_site_signs_nobody_in(database: Database, browser: Browser) -> None:
    opened_account(database, "amy", Role.OPERATOR)
    said = {"person": "amy", "password": PASSWORD}
    refused = browser.client.post("/v1/sessions", json=said, headers={"Sec-Fetch-Site": "cross-site"})
    assert refused.status_code == 403


def test_with_a_second_factor_the_password_alone_does_not_sign_in(
    database: Database, browser: Browser, clock: Clock
) -> None:
    opened_account(database, "amy", Role.QUALITY)
    browser.sign_in("amy")
    proof = {"password": PASSWORD}
    assert browser.post("/v1/me/second-factor", {"password": "wrong"}).status_code == 401
    telephone = Telephone(browser.post("/v1/me/second-factor", proof).json()["uri"])
    assert browser.post("/v1/me/second-factor/confirm", {"code": "000000"}).status_code == 422
    confirmed = browser.post("/v1/me/second-factor/confirm", {"code": telephone.code(clock.now)})
    codes = confirmed.json()["recovery_codes"]

    assert browser.sign_in("amy").status_code == 401
    assert browser.sign_in("amy", code=telephone.code(clock.now)).status_code == 401  # used when it was confirmed
    clock.passes(seconds=30)
    assert browser.sign_in("amy", code=telephone.code(clock.now)).status_code == 201
    assert browser.sign_in("amy", code=telephone.code(clock.now)).status_code == 401
    assert browser.sign_in("amy", code=codes[0]).status_code == 201
    assert browser.sign_in("amy", code=codes[0]).status_code == 401
    assert browser.sign_in("amy", code=codes[1].upper()).status_code == 201
    assert browser.get("/v1/me").json()["has_second_factor"] is True

    assert browser.post("/v1/me/second-factor/remove", {**proof}).status_code == 401
    assert browser.post("/v1/me/second-factor/remove", {**proof, "code": codes[2]}).status_code == 204
    assert browser.sign_in("amy").status_code == 201


def test_changing_the_password_needs_the_old_one_and_ends_other_sessions(
    database: Database, browser: Browser, clock: Clock
) -> None:
    opened_account(database, "amy", Role.OPERATOR)
    with browser_at(database, clock) as other:
        other.sign_in("amy")
        browser.sign_in("amy")
        new = "seven wet umbrellas"
        said = {"password": "wrong", "new_password": new}
        assert browser.request("PUT", "/v1/me/password", json=said).status_code == 401
        said["password"] = PASSWORD
        assert browser.request("PUT", "/v1/me/password", json=said).status_code == 204
        assert browser.get("/v1/me").status_code == 200
        assert other.get("/v1/me").status_code == 401
    assert browser.sign_in("amy").status_code == 401
    assert browser.sign_in("amy", new).status_code == 201


def test_a_reset_ends_password_factor_and_sessions(database: Database, browser: Browser, clock: Clock) -> None:
    opened_account(database, "amy", Role.QUALITY)
    browser.sign_in("amy")
    telephone = Telephone(browser.post("/v1/me/second-factor", {"password": PASSWORD}).json()["uri"])
    browser.post("/v1/me/second-factor/confirm", {"code": telephone.code(clock.now)})
    secret = accounts.reset_account(database, "amy", at=NOW)
    assert browser.get("/v1/me").status_code == 401
    assert browser.sign_in("amy").status_code == 401
    assert browser.sign_in("amy", secret, new_password=PASSWORD).status_code == 201


def test_a_person_has_the_duties_of_all_their_roles(database: Database, browser: Browser) -> None:
    opened_account(database, "amy", Role.AUDITOR)
    browser.sign_in("amy")
    assert browser.post("/v1/owners", OWNER).status_code == 403
    accounts.grant_role(database, "amy", Role.ADMINISTRATOR)
    assert browser.post("/v1/owners", OWNER).status_code == 201
    accounts.withdraw_role(database, "amy", Role.ADMINISTRATOR)
    assert browser.post("/v1/owners", {"name": "bolt"}).status_code == 403


def test_every_step_of_an_account_is_an_event(database: Database, browser: Browser) -> None:
    opened_account(database, "amy", Role.OPERATOR)
    browser.sign_in("amy")
    browser.request("DELETE", "/v1/sessions/current")
    accounts.lock_account(database, "amy", reason="left", at=NOW)
    with database.transaction() as connection:
        rows = connection.execute("SELECT kind FROM event WHERE subject = 'account:amy' ORDER BY id").fetchall()
    assert [row["kind"] for row in rows] == [
        "account_added", "password_changed", "signed_in", "signed_out", "account_locked",
    ]  # fmt: skip


def test_a_token_ends_when_it_is_over_and_its_old_secret_a_while_after_a_rotation(
    database: Database, browser: Browser
) -> None:
    real_now = datetime.now(UTC)
    day = timedelta(days=1)
    first = Somebody(browser.client, create_token(database, "erp", Role.AUDITOR, expires_at=real_now + day))
    over = Somebody(browser.client, create_token(database, "old", Role.AUDITOR, expires_at=real_now - day))
    assert first.get("/v1/stock").status_code == 200
    assert over.get("/v1/stock").status_code == 401
    second = Somebody(browser.client, rotate_token(database, "erp", old_until=real_now + timedelta(hours=1)))
    assert [each.get("/v1/stock").status_code for each in (first, second)] == [200, 200]
    third = Somebody(browser.client, rotate_token(database, "erp", old_until=real_now - timedelta(hours=1)))
    assert [each.get("/v1/stock").status_code for each in (first, second, third)] == [401, 401, 200]
