"""Who may do what, and how errors are told."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from cloud_sync.actions.access import revoke_token
from cloud_sync.app import create_app
from cloud_sync.storage.database import Database
from tests.support.ledger_api import Api, api_on, movement
from tests.support.quick_client import QuickClient


@pytest.fixture
def api(database: Database) -> Iterator[Api]:
    with api_on(database) as opened:
        yield opened


def test_every_endpoint_but_those_for_gateways_and_health_needs_a_token(api: Api) -> None:
    open_paths = {
        "/v1/batches", "/v1/enrolments", "/v1/heartbeats", "/v1/seal/cosignatures", "/healthz",  # of gateways; health
        "/v1/authority",  # a certificate
        "/v1/sessions", "/v1/sessions/security-key", "/v1/sessions/security-key/question",  # where one signs in
        "/fhir/{release}/metadata",  # what is spoken here, as FHIR wants it
    }  # fmt: skip
    for path, methods in api.client.get("/openapi.json").json()["paths"].items():
        for method in methods:
            status = api.client.request(method, re.sub(r"{[^}]*}", "1", path), json={}).status_code
            assert (status == 401) is (path not in open_paths), (method, path, status)


@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic YTpi"}])
def test_without_a_known_token_the_answer_is_401_and_says_how_to_get_one(api: Api, header: dict[str, str]) -> None:
    response = api.client.get("/v1/stock", headers=header)
    assert (response.status_code, response.headers["www-authenticate"]) == (401, "Bearer")
    assert "cloud-sync token create" in response.json()["what_to_do"]


def test_a_revoked_token_is_refused_at_once(api: Api) -> None:
    assert api.reader.get("/v1/stock").status_code == 200
    revoke_token(api.database, "reader-1")
    assert api.reader.get("/v1/stock").status_code == 401


def test_the_ledger_keeps_no_token(api: Api) -> None:
    with api.database.transaction() as connection:
        kept = connection.execute("SELECT (SELECT json_agg(t) FROM api_token t)::text"
                                  " || (SELECT json_agg(e) FROM event e)::text AS all").fetchone()  # fmt: skip
    assert kept is not None
    assert "reader-1" in kept["all"]
    assert api.reader.token not in kept["all"]


def test_every_change_is_an_event_with_its_actor(api: Api) -> None:
    api.house()
    (event,) = api.reader.ok("GET", "/v1/events", params={"subject": "place:fridge-a"})
    assert (event["actor"], event["kind"], event["data"]["parent"]) == ("administrator-1", "place_added", "main")


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ({"name": "a b", "kind": "room"}, "body.name"),
        ({"name": "a", "kind": "cave"}, "body.kind"),
        ({"name": "a", "kind": "room", "colour": "red"}, "body.colour"),
        ({"name": "a", "kind": "room", "title": "nul\x00"}, "body.title"),
        ([], "body"),
    ],
)
def test_a_request_that_is_not_well_formed_names_its_fields(api: Api, body: Any, fault: str) -> None:
    response = api.administrator.post("/v1/places", body)
    assert response.status_code == 422
    assert fault in response.json()["error"]
    assert response.json()["what_to_do"]


@pytest.mark.parametrize("body", [b"{", b"\xff\xfe", b'{"name": "\\ud800", "kind": "room"}'])
def test_what_is_not_json_is_422_and_not_a_breakdown(api: Api, body: bytes) -> None:
    headers = {"Authorization": f"Bearer {api.administrator.token}", "Content-Type": "application/json"}
    response = api.client.post("/v1/places", content=body, headers=headers)
    assert response.status_code in (400, 422)
    assert set(response.json()) == {"error", "what_to_do"}


def test_ids_beyond_what_the_database_holds_are_422(api: Api) -> None:
    assert api.reader.get(f"/v1/lots/{2**63}/trace").status_code == 422
    assert api.reader.get("/v1/stock", lot=2**64).status_code == 422
    assert api.reader.get("/v1/stock", limit=0).status_code == 422


def test_unknown_addresses_and_methods_answer_in_the_same_shape(api: Api) -> None:
    assert api.client.get("/nothing").json() == {
        "error": "Not Found", "what_to_do": "See /docs for the addresses there are.",
    }  # fmt: skip
    assert api.client.delete("/v1/stock").status_code == 405


def test_a_body_that_is_too_large_is_413(api: Api) -> None:
    large = json.dumps({"name": "a", "kind": "room", "title": "x" * (1 << 20)})
    headers = {"Authorization": f"Bearer {api.administrator.token}"}
    assert api.client.post("/v1/places", content=large, headers=headers).status_code == 413
    pieces = (b"x" * 1000 for _ in range(2000))  # chunked: no length is reserved
    assert api.client.post("/v1/places", content=pieces, headers=headers).status_code == 413


def test_the_description_of_the_api_works_without_internet(api: Api) -> None:
    page = api.client.get("/docs")
    assert page.status_code == 200
    for part in page.text.replace("'", '"').split('"'):
        assert not part.startswith(("http:", "https:", "//")), part
    (script,) = [part for part in page.text.split('"') if part.endswith("bundle.js")]
    assert "SwaggerUIBundle" in api.client.get(script).text


def test_every_operation_is_described_and_its_errors_too(api: Api) -> None:
    description = api.client.get("/openapi.json").json()
    names = set()
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            names.add(operation["operationId"])
            assert operation["summary"] and operation["description"], (method, path)
            assert "503" in operation["responses"], (method, path)
    assert len(names) == sum(len(methods) for methods in description["paths"].values())


def test_a_database_that_went_away_is_503_with_retry_after(database: Database) -> None:
    with QuickClient(create_app(database)) as client:
        assert client.get("/healthz").json()["status"] == "ok"
        database.close()
        response = client.get("/healthz")
    assert (response.status_code, response.headers["retry-after"]) == (503, "5")
    assert "Nothing was stored" in response.json()["what_to_do"]


def test_the_rest_of_a_move_is_not_booked_when_one_line_is_wrong(api: Api) -> None:
    api.house()
    good = {"item": "insulin", "lot_number": "A", "quantity": 1}
    body = movement("receive", "acme", "fridge-a", [good, {**good, "item": "unknown"}])
    assert api.operator.post("/v1/movements", body).status_code == 404
    assert api.reader.rows("/v1/lots") == []
