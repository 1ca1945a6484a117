"""Who may do what: every endpoint of the API with every role, as the table in the database says."""

import re
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from cloud_sync.actions.access import create_token
from cloud_sync.actions.people.site_scope import NAMES, OF_FIELD, OF_PATH
from cloud_sync.domain.roles import OF_ACTION, Permission, Role
from cloud_sync.storage.database import Database
from cloud_sync.storage.queries import queries
from tests.support.ledger_api import Api, Somebody, api_on, movement
from tests.support.paths import ROOT

ONE_SELF = "about the person who signed in"
OPEN = {
    ("post", "/v1/batches"): "signed by a gateway",
    ("get", "/v1/desk"): "signed by a gateway",
    ("post", "/v1/enrolments"): "by a code",
    ("get", "/v1/authority"): "a certificate is public",
    ("post", "/v1/heartbeats"): "signed by a gateway",
    ("get", "/v1/release-files"): "signed by a gateway",
    ("get", "/v1/journals/missing"): "signed by a gateway",
    ("get", "/v1/seal/witness"): "signed by a gateway",
    ("post", "/v1/seal/cosignatures"): "signed by a gateway",
    ("post", "/v1/sessions"): "by a password",
    ("post", "/v1/sessions/security-key/question"): "by a password",
    ("post", "/v1/sessions/security-key"): "by a security key",
    ("get", "/healthz"): "says nothing of the ledger",
    ("get", "/fhir/{release}/metadata"): "says nothing of the ledger",
    ("delete", "/v1/sessions/current"): ONE_SELF,
    ("get", "/v1/me"): ONE_SELF,
    ("put", "/v1/me/password"): ONE_SELF,
    ("post", "/v1/me/second-factor"): ONE_SELF,
    ("post", "/v1/me/second-factor/confirm"): ONE_SELF,
    ("post", "/v1/me/second-factor/remove"): ONE_SELF,
    ("get", "/v1/me/security-keys"): ONE_SELF,
    ("post", "/v1/me/security-keys"): ONE_SELF,
    ("post", "/v1/me/security-keys/question"): ONE_SELF,
    ("post", "/v1/me/security-keys/{key_id}/remove"): ONE_SELF,
}
"""Endpoints that need no role, and why. An endpoint that is not here names a permission."""
OF_THE_HOUSE = {
    "access-reviews", "accounts", "alert-rotas", "alert-targets", "anomalies", "billing-tables", "change-controls",
    "changes", "claims", "connections", "controlled-rules", "devices", "documents", "dscsa", "epcis", "equipment",
    "erp", "field-corrections", "gateways", "hospital-messages", "imports", "items", "legal-holds", "logger-files",
    "lost-serials", "master-formulation-records",
    "operators", "owners", "paper-schedules", "payer-classes", "planning", "policies",
    "product-reports", "recalls", "releases", "repairs", "replenishment", "roll-outs", "serial-ranges", "shortages",
    "site-travel", "spreadsheets", "suppliers", "totes", "word-erasures",
}  # fmt: skip
"""What belongs to no site: whoever works at one site alone does not change it."""
LOOKS_ITSELF = {"signatures", "labels", "fhir"}
"""What finds out itself of which places a change is, or changes nothing."""


@pytest.fixture
def api(database: Database) -> Iterator[Api]:
    with api_on(database) as opened:
        yield opened


def permissions_of(database: Database) -> dict[str, set[str]]:
    with database.transaction() as connection:
        return {row["role"]: set(row["permissions"]) for row in queries("access").role_table(connection)}


def operations(api: Api) -> list[tuple[str, str, str | None]]:
    paths = api.client.get("/openapi.json").json()["paths"]
    return [
        (method, path, operation.get("x-permission"))
        for path, methods in paths.items()
        for method, operation in methods.items()
    ]


def test_every_endpoint_names_a_permission_or_says_why_it_needs_none(api: Api) -> None:
    unnamed = {(method, path) for method, path, permission in operations(api) if permission is None}
    assert unnamed == OPEN.keys()


def test_every_endpoint_with_every_role(api: Api) -> None:
    may = permissions_of(api.database)
    assert set(may) == set(Role)
    people = {role: api.known_as(f"any-{role}", role) for role in Role}
    for method, path, permission in operations(api):
        if permission is None:
            continue
        filled = path.replace("{", "").replace("}", "")
        for role, somebody in people.items():
            status = somebody.request(method, filled, json={}).status_code
            assert (status != 403) is (permission in may[role]), (method, path, role, status)


def test_the_table_keeps_duties_apart(database: Database) -> None:
    may = permissions_of(database)
    apart = (
        {Permission.MOVE, Permission.DECIDE},
        {Permission.MOVE, Permission.ACCESS},
        {Permission.MOVE, Permission.GRANT},
        {Permission.DECIDE, Permission.GRANT},
        {Permission.DECIDE, Permission.ACCESS},
        {Permission.DECIDE, Permission.ADMINISTER},
        {Permission.DRAFT, Permission.APPROVE_FORMULATION},
        {Permission.PREPARE, Permission.RELEASE},
        {Permission.GATEWAYS, Permission.DECIDE},
    )
    for role, permissions in may.items():
        for both in apart:
            assert not both <= permissions, role
    assert may[Role.AUDITOR] == {Permission.SEE_STOCK, Permission.READ, Permission.AUDIT, Permission.ACCESS}
    assert may[Role.OWNER] <= {Permission.SEE_STOCK}
    assert set().union(*may.values()) == set(Permission)


def test_the_readme_shows_the_table(database: Database) -> None:
    may = permissions_of(database)
    text = (ROOT / "cloud_sync/README.md").read_text(encoding="utf-8")
    header, _, *rows = text.split("<!-- roles -->")[1].split("<!-- /roles -->")[0].strip().splitlines()
    roles = [cell.strip() for cell in header.strip("|").split("|")][1:]
    shown: dict[str, set[str]] = {role: set() for role in roles}
    for row in rows:
        permission, *cells = [cell.strip() for cell in row.strip("|").split("|")]
        for role, cell in zip(roles, cells, strict=True):
            shown[role] |= {permission} if cell else set()
    assert shown == may


def test_a_receiver_takes_in_and_does_not_issue(api: Api) -> None:
    api.house()
    receiver = api.known_as("rita", Role.RECEIVER)
    line = {"item": "insulin", "lot_number": "A", "quantity": 5, "expires_on": "2027-01-31"}
    assert receiver.post("/v1/movements", movement("receive", "acme", "fridge-a", [line])).status_code == 201
    refused = receiver.post("/v1/movements", movement("ship", "fridge-a", "st-mary", [{**line, "quantity": 1}]))
    assert (refused.status_code, "may not issue stock" in refused.json()["error"]) == (403, True)
    assert set(OF_ACTION.values()) == {Permission.RECEIVE, Permission.ISSUE}


def at_north(api: Api, role: Role) -> Somebody:
    return Somebody(api.client, create_token(api.database, f"north-{role}", role, site="north"))


def test_a_role_at_one_site_does_nothing_at_another(api: Api) -> None:
    api.house()
    api.place("north", "site")
    api.place("fridge-n", parent="north")
    line = {"item": "insulin", "lot_number": "A", "quantity": 5, "expires_on": "2027-01-31"}
    operator, quality = at_north(api, Role.OPERATOR), at_north(api, Role.QUALITY)

    def moved(source: str, target: str, action: str = "move", **more: Any) -> int:
        body = movement(action, source, target, [{**line, "quantity": 1, **more}])
        return int(operator.post("/v1/movements", body).status_code)

    assert moved("acme", "fridge-n", "receive", quantity=5) == 201
    assert moved("acme", "fridge-a", "receive") == 403
    assert moved("fridge-n", "fridge-a") == 403
    assert moved("fridge-n", "north") == 201
    api.receive("B", 5)
    assert operator.post("/v1/counts", {"place": "fridge-a"}).status_code == 403
    lot = api.reader.rows("/v1/lots", lot_number="B")[0]["id"]
    assert quality.post("/v1/holds", {"lot_id": lot, "place": "fridge-a", "reason": "torn box"}).status_code == 403
    refused = quality.post("/v1/holds", {"lot_id": lot, "reason": "torn box"})
    assert (refused.status_code, "of the whole house" in refused.json()["error"]) == (403, True)
    hold = api.quality.ok("POST", "/v1/holds", json={"lot_id": lot, "place": "fridge-a", "reason": "torn box"})
    assert quality.post(f"/v1/holds/{hold['id']}/lift", {"reason": "all well"}).status_code == 403
    assert quality.post(f"/v1/excursions/{api.excursion('fridge-a', lot)}/end", {}).status_code == 403


def test_what_an_address_names_is_found_by_a_query_that_there_is() -> None:
    for query, _ in (*OF_FIELD.values(), *OF_PATH.values()):
        assert hasattr(queries("access"), query)


def fields_of(schema: Any, schemas: dict[str, Any]) -> set[str]:
    """Names of the fields of a body, at any depth."""
    found: set[str] = set()
    if isinstance(schema, dict):
        if reference := schema.get("$ref"):
            return fields_of(schemas[reference.rpartition("/")[2]], schemas)
        found |= set(schema.get("properties", {}))
        for each in schema.values():
            found |= fields_of(each, schemas)
    if isinstance(schema, list):
        for each in schema:
            found |= fields_of(each, schemas)
    return found


def test_of_every_change_the_places_are_found_or_it_is_of_the_whole_house(api: Api) -> None:
    described = api.client.get("/openapi.json").json()
    lost = []
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            rest = path.removeprefix("/v1").removeprefix("/")
            word = rest.split("/")[0]
            if method == "get" or (method, path) in OPEN or word in LOOKS_ITSELF | {"places"}:
                continue
            is_found = any(rest.startswith(f"{of}/") and f"{{{parameter}}}" in rest for of, parameter in OF_PATH)
            is_found = is_found or any(f"{{{name}}}" in rest for name in NAMES)
            body = operation.get("requestBody", {})
            if not is_found and not fields_of(body, described["components"]["schemas"]) & (NAMES | OF_FIELD.keys()):
                lost.append((word, method, path))
    assert {word for word, _, _ in lost} == OF_THE_HOUSE, lost


def test_quality_at_one_site_decides_on_what_happened_there(api: Api) -> None:
    api.house()
    site = api.reader.rows("/v1/places", kind="site")[0]["name"]
    lot = api.receive("L1", 5)
    excursion = api.excursion("fridge-a", lot)
    api.place("north", "site")
    said = {"excursion_id": excursion, "lot_id": lot, "decision": "release", "reason": "stability data"}
    here = Somebody(api.client, create_token(api.database, "here-q", Role.QUALITY, site=site))
    assert at_north(api, Role.QUALITY).post("/v1/dispositions", said).status_code == 403
    assert here.post("/v1/dispositions", said).status_code == 201


def test_a_form_of_the_console_is_bound_to_the_site_as_well(api: Api) -> None:
    api.house()
    api.place("north", "site")
    lot = api.receive("B", 5)
    hold = api.quality.ok("POST", "/v1/holds", json={"lot_id": lot, "place": "fridge-a", "reason": "torn box"})
    token = create_token(api.database, "north-q", Role.QUALITY, site="north")
    api.client.post("/login/token", data={"token": token})
    for path, form in (
        (f"/lots/{lot}/hold", {"reason": "torn box", "place": "fridge-a"}),
        (f"/lots/{lot}/hold", {"reason": "torn box", "place": ""}),
        ("/recalls", {"title": "all of it", "reason": "letter", "lots": "insulin, B"}),
        (f"/holds/{hold['id']}/lift", {"reason": "all well"}),
        (f"/quarantine/{api.excursion('fridge-a', lot)}", {"decision": "release", "reason": "all well"}),
    ):
        answer = api.client.post(path, data=form)
        assert (answer.status_code, "your own site only" in answer.text) == (403, True), path
    assert api.client.get("/quarantine").status_code == 200
    api.client.post("/login/token", data={"token": create_token(api.database, "north-o", Role.OPERATOR, site="north")})
    order = {
        "client_id": str(uuid.uuid4()),
        "kind": "transfer",
        "to_place": "north",
        "item": "insulin",
        "quantity": "1",
    }
    asked = api.operator.ok("POST", "/v1/counts", json={"place": "fridge-a"})
    number = api.operator.ok("POST", "/v1/orders", json=purchase())["number"]
    for path, form in (
        ("/orders", order | {"from_place": "fridge-a", "quantity": "1"}),
        (f"/orders/{number}/approve", {"reason": "all well"}),
        ("/counts", {"place": "fridge-a"}),
        (f"/counts/{asked['number']}/findings", {"client_id": str(uuid.uuid4()), "place": ["", "north"]}),
    ):
        answer = api.client.post(path, data=form)
        assert (answer.status_code, "your own site only" in answer.text) == (403, True), (path, answer.text)


def purchase() -> dict[str, object]:
    line = {"item": "insulin", "quantity": 5}
    named = {"kind": "purchase", "from_place": "acme", "to_place": "fridge-a", "lines": [line]}
    return {"client_id": str(uuid.uuid4()), **named}


def test_the_console_asks_for_permissions_that_there_are() -> None:
    asked = {
        name
        for path in (ROOT / "cloud_sync/console/templates").glob("*.html")
        for name in re.findall(r'\.may\("([^"]+)"\)', path.read_text(encoding="utf-8"))
    }
    assert asked and asked <= {permission.value for permission in Permission}
