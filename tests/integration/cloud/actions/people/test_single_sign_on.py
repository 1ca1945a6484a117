"""Sign-in by an identity provider: it says who somebody is, and everything else stays the ledger's."""

import json
import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc.jwk import OctKey, RSAKey

from cloud_sync.app import create_app
from cloud_sync.config import load_config
from cloud_sync.domain.roles import Role
from cloud_sync.errors import ConfigError
from cloud_sync.storage.database import Database
from tests.support.identity_provider import SECRET, Provider, identity_provider
from tests.support.people import PASSWORD, Browser, Clock, Telephone, opened_account
from tests.support.quick_client import QuickClient
from tests.support.software_key import SoftwareKey

HOME = "https://ledger"
OTHER_KEY = RSAKey.generate_key(2048)


class House:
    """A ledger and its provider, and a browser at both."""

    def __init__(self, database: Database, clock: Clock, provider: Provider) -> None:
        self.database, self.clock, self.provider = database, clock, provider
        settings = provider.settings(f"{HOME}/login/oidc/back")
        self.app = create_app(database, clock=clock, oidc=settings)
        self.client = self.new_client()

    def new_client(self) -> QuickClient:
        return QuickClient(self.app, base_url=HOME, follow_redirects=False)

    def sent(self) -> str:
        """To the provider and back: where that leads."""
        off = self.client.get("/login/oidc", params={"next": "/lots"})
        assert off.status_code == 303, off.text
        cookie = off.headers["set-cookie"].lower()
        assert "httponly" in cookie and "samesite=lax" in cookie and "secure" in cookie
        back: str = httpx.get(off.headers["location"]).headers["location"]
        assert back.startswith(f"{HOME}/login/oidc/back?")
        return back

    def came_back(self) -> Any:
        return self.client.get(self.sent())

    def linked(self, person: str = "amy") -> Any:
        self.came_back()
        return self.client.post("/login/oidc/link", data={"person": person, "password": PASSWORD})

    def person(self) -> str | None:
        answer = self.client.get("/v1/me")
        return str(answer.json()["person"]) if answer.status_code == 200 else None


@pytest.fixture
def house(database: Database) -> Iterator[House]:
    clock = Clock()
    with identity_provider(lambda: clock.now.timestamp()) as provider:
        opened_account(database, "amy", Role.QUALITY)
        yield House(database, clock, provider)


def test_an_identity_is_linked_by_the_accounts_password_once_and_signs_in_from_then_on(house: House) -> None:
    assert "House sign-on" in house.client.get("/login").text
    first = house.came_back()
    assert "linked to no account yet" in first.text and house.person() is None, "a mail alike links nobody"
    wrong = house.client.post("/login/oidc/link", data={"person": "amy", "password": "wrong"})
    assert (wrong.status_code, house.person()) == (401, None)
    done = house.client.post("/login/oidc/link", data={"person": "amy", "password": PASSWORD})
    assert (done.status_code, house.person()) == (200, "amy")
    house.client = house.new_client()
    again = house.came_back()
    assert 'url=/lots"' in again.text and house.person() == "amy"
    assert house.client.get("/lots").status_code == 200
    with house.database.transaction() as connection:
        rows = connection.execute("SELECT data ->> 'by' AS by FROM event WHERE kind = 'signed_in'").fetchall()
    assert [row["by"] for row in rows] == [house.provider.issuer] * 2
    opened_account(house.database, "bob", Role.QUALITY)
    house.client = house.new_client()
    house.came_back()
    refused = house.client.post("/login/oidc/link", data={"person": "bob", "password": PASSWORD})
    assert (refused.status_code, house.person()) == (401, "amy"), "it is amy's, and signed her in"


def test_the_second_factor_stays_ours_and_so_do_locks(house: House) -> None:
    house.linked()
    browser = Browser(house.client)
    browser.csrf = house.client.get("/v1/me").json()["csrf_token"]
    offer = browser.post("/v1/me/second-factor", {"password": PASSWORD})
    telephone = Telephone(offer.json()["uri"])
    confirmed = browser.post("/v1/me/second-factor/confirm", {"code": telephone.code(house.clock.now)})
    assert confirmed.status_code == 200
    house.clock.passes(minutes=1)
    house.client = house.new_client()
    asks = house.came_back()
    assert "Code of your second factor" in asks.text and house.person() is None
    assert house.client.post("/login/oidc/code", data={"code": "000000"}).status_code == 401
    done = house.client.post("/login/oidc/code", data={"code": telephone.code(house.clock.now)})
    assert (done.status_code, house.person()) == (200, "amy")
    with house.database.transaction() as connection:
        connection.execute("UPDATE account SET locked_at = now() WHERE person = 'amy'")
    house.client = house.new_client()
    assert "this account is locked" in house.came_back().text.lower() and house.person() is None


def test_the_security_key_of_whoever_came_back_signs_them_in(house: House) -> None:
    house.linked()
    browser = Browser(house.client)
    browser.csrf = house.client.get("/v1/me").json()["csrf_token"]
    origin = str(house.client.base_url).rstrip("/")
    key, other = SoftwareKey(origin), SoftwareKey(origin)
    asked = browser.post("/v1/me/security-keys/question", {"password": PASSWORD}).json()
    assert browser.post("/v1/me/security-keys", {"name": "k", "credential": key.create(asked)}).status_code == 201
    house.client = house.new_client()
    for right, answering in ((False, other), (True, key)):
        (question,) = re.findall('data-question="([^"]+)"', house.came_back().text)
        answer = json.dumps(answering.get(json.loads(unescape(question))))
        done = house.client.post("/login/oidc/key", data={"credential": answer})
        assert (done.status_code == 200, house.person()) == ((True, "amy") if right else (False, None))


@pytest.mark.parametrize(
    ("claims", "why"),
    [
        ({"nonce": "another"}, "another question"),
        ({"aud": "somebody-else"}, "for somebody else"),
        ({"aud": ["lotwarden", "other"], "azp": "other"}, "given to somebody else"),
        ({"iss": "https://evil.example"}, "of another issuer"),
        ({"exp": 1}, "it is over"),
        ({"exp": None}, "it is over"),
        ({"iat": 1}, "compare the clocks"),
        ({"sub": ""}, "names nobody"),
    ],
)
def test_what_the_provider_says_has_to_be_of_now_for_us_and_to_our_question(
    house: House, claims: dict[str, Any], why: str
) -> None:
    house.linked()
    house.client = house.new_client()
    house.provider.claims = claims
    answer = house.came_back()
    assert (answer.status_code, why in answer.text) == (401, True), answer.text
    assert house.person() is None


@pytest.mark.parametrize(("key", "algorithm"), [(OTHER_KEY, "RS256"), (OctKey.import_key(SECRET), "HS256")])
def test_only_the_providers_own_key_counts(house: House, key: Any, algorithm: str) -> None:
    house.linked()
    house.client = house.new_client()
    house.provider.key, house.provider.algorithm = key, algorithm
    answer = house.came_back()
    assert (answer.status_code, "not signed by it" in answer.text) == (401, True)
    assert house.person() is None


def test_an_answer_counts_once_in_time_and_in_the_browser_that_asked(house: House) -> None:
    house.linked()
    house.client = house.new_client()
    back = house.sent()
    own, house.client = house.client, house.new_client()
    assert (house.client.get(back).status_code, house.person()) == (401, None), "another browser's"
    house.client = own
    assert (own.get(back).status_code, house.person()) == (401, None), "it was used up by that"
    back = house.sent()
    house.clock.passes(minutes=11)
    assert (own.get(back).status_code, house.person()) == (401, None), "too late"
    assert own.get("/login/oidc/back", params={"error": "access_denied", "state": "x"}).status_code == 401
    assert own.post("/login/oidc/link", data={"person": "amy", "password": PASSWORD}).status_code == 401
    house.clock.passes(minutes=1)
    house.provider.issuer += "/elsewhere"
    assert "another one" in own.get("/login/oidc").text


def test_an_administrator_unlinks_and_without_a_provider_nothing_is_there(house: House) -> None:
    house.linked()
    opened_account(house.database, "ada", Role.ADMINISTRATOR)
    ada = Browser(house.new_client())
    ada.sign_in("ada")
    assert ada.post("/v1/accounts/amy/identities/unlink", {"reason": "she left"}).status_code == 204
    house.client = house.new_client()
    assert "linked to no account yet" in house.came_back().text
    plain = QuickClient(create_app(house.database, clock=house.clock), base_url=HOME)
    assert (plain.get("/login/oidc").status_code, "oidc" in plain.get("/login").text) == (404, False)


def test_the_clients_secret_is_in_a_file_that_nobody_else_reads(tmp_path: Path) -> None:
    secret, file = tmp_path / "oidc.secret", tmp_path / "ledger.toml"
    secret.write_text(f"{SECRET}\n")
    secret.chmod(0o600)
    text = '[database]\ndata_dir = "d"\n[oidc]\nissuer = "{}"\nclient_id = "lotwarden"\n'
    text += 'client_secret_file = "oidc.secret"\npublic_url = "https://ledger.example.org:8443"\n'
    file.write_text(text.format("https://login.example.org"))
    loaded = load_config(file).oidc
    assert loaded is not None
    settings = loaded.as_settings()
    assert settings.redirect_url == "https://ledger.example.org:8443/login/oidc/back"
    assert settings.client_secret == SECRET and SECRET not in repr(settings)
    secret.chmod(0o640)
    with pytest.raises(ConfigError, match="chmod 600"):
        loaded.as_settings()
    file.write_text(text.format("http://login.example.org"))
    with pytest.raises(ConfigError, match="without TLS"):
        load_config(file)
