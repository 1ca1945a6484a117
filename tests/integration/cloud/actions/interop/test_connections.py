"""Connections: who sets them up, where they may lead, and what their keys open."""

from collections.abc import Iterator

import pytest

from cloud_sync.domain.connections import ConnectionSettings
from cloud_sync.storage.database import Database
from tests.support.ledger_api import Api, Somebody, api_on


@pytest.fixture
def api(database: Database) -> Iterator[Api]:
    with api_on(database, connection_settings=ConnectionSettings()) as opened:
        yield opened


def key_of(api: Api, **said: object) -> Somebody:
    api.administrator.ok("PUT", "/v1/connections/erp", json=said)
    return Somebody(api.client, api.administrator.ok("POST", "/v1/connections/erp/key")["key"])


def test_nothing_may_go_to_a_private_address_or_without_tls(api: Api) -> None:
    for url in ("https://10.1.2.3/hook", "https://localhost/hook", "http://erp.example.org/", "ftp://erp.example.org/"):
        refused = api.administrator.request("PUT", "/v1/connections/erp", json={"url": url})
        assert refused.status_code == 422, url
    assert api.reader.ok("GET", "/v1/connections") == []
    api.administrator.ok("PUT", "/v1/connections/erp", json={"url": "https://amy:pw@erp.example.org/hook/0815"})
    (shown,) = api.reader.ok("GET", "/v1/connections")
    assert shown["shown"] == "https://erp.example.org/…"


def test_a_key_opens_what_its_scopes_say_and_nothing_else(api: Api) -> None:
    erp = key_of(api, scopes=["feed"])
    assert erp.get("/v1/feed").status_code == 200
    for path in ("/v1/stock", "/v1/connections", "/v1/events"):
        assert erp.get(path).status_code in (403, 404), path
    assert erp.request("PUT", "/v1/connections/erp", json={"scopes": ["orders"]}).status_code == 403
    api.administrator.ok("PUT", "/v1/connections/erp", json={"scopes": []})
    refused = erp.get("/v1/feed")
    assert refused.status_code == 403
    assert refused.json()["error"] == "connection erp may not use this: it has no scope feed"


def test_a_connection_that_asks_too_often_is_told_to_wait(api: Api) -> None:
    erp = key_of(api, scopes=["feed"], requests_per_minute=3)
    assert [erp.get("/v1/feed").status_code for _ in range(4)] == [200, 200, 200, 429]


def test_the_key_before_is_good_for_a_day_and_none_is_once_it_is_switched_off(api: Api) -> None:
    before = key_of(api, scopes=["feed"])
    now = Somebody(api.client, api.administrator.ok("POST", "/v1/connections/erp/key")["key"])
    assert before.get("/v1/feed").status_code == now.get("/v1/feed").status_code == 200
    api.administrator.ok("POST", "/v1/connections/erp/off", json={"reason": "the contract ended"})
    assert before.get("/v1/feed").status_code == now.get("/v1/feed").status_code == 401
