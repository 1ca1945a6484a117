"""People who sign in at a browser, as tests need them."""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from cloud_sync.actions.people.accounts import add_account
from cloud_sync.app import create_app
from cloud_sync.domain.roles import Role
from cloud_sync.domain.totp import hotp, step_at
from cloud_sync.storage.database import Database
from tests.support.ledger_api import NOW
from tests.support.quick_client import QuickClient

PASSWORD = "grey heron over the mill"


class Clock:
    """The ledger's clock, moved by hand."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def passes(self, **time: float) -> None:
        self.now += timedelta(**time)


class Browser:
    """Keeps its cookie, and sends the header that changes need."""

    def __init__(self, client: QuickClient) -> None:
        self.client = client
        self.csrf = ""

    def sign_in(self, person: str, password: str = PASSWORD, **more: Any) -> httpx.Response:
        response: httpx.Response = self.client.post(
            "/v1/sessions", json={"person": person, "password": password, **more}
        )
        if response.status_code == 201:
            self.csrf = response.json()["csrf_token"]
        return response

    def request(self, method: str, path: str, **more: Any) -> httpx.Response:
        response: httpx.Response = self.client.request(method, path, headers={"X-CSRF-Token": self.csrf}, **more)
        return response

    def get(self, path: str, **query: Any) -> httpx.Response:
        return self.request("GET", path, params=query)

    def post(self, path: str, body: Any = None) -> httpx.Response:
        return self.request("POST", path, json=body)


@contextmanager
def browser_at(database: Database, clock: Clock) -> Iterator[Browser]:
    with QuickClient(create_app(database, clock=clock), base_url="https://ledger", raise_server_exceptions=False) as it:
        yield Browser(it)


def opened_account(database: Database, person: str, *roles: Role, password: str = PASSWORD, **more: Any) -> None:
    """An account whose person has chosen a password."""
    from cloud_sync.actions.people.accounts import change_password

    add_account(database, person, f"{person.title()} Miller", roles, at=NOW, **more)
    change_password(database, person, password, at=NOW)


class Telephone:
    """An authenticator app."""

    def __init__(self, uri: str) -> None:
        shown = parse_qs(urlsplit(uri).query)["secret"][0]
        self.secret = base64.b32decode(shown)

    def code(self, at: datetime) -> str:
        return hotp(self.secret, step_at(at))
