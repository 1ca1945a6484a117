"""An owner sees their own stock and nothing of anybody else's, through every endpoint and below them."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import psycopg
import pytest

from cloud_sync.actions.access import create_token
from cloud_sync.actions.people.accounts import add_account
from cloud_sync.api.access import see_as
from cloud_sync.console.visitor import TOKEN_COOKIE
from cloud_sync.domain.roles import Actor, Role
from cloud_sync.storage.database import ACTING_FOR, Database
from cloud_sync.storage.owners import OF_ANY_OWNER, OPEN_TO_OWNERS
from tests.support.ledger_api import LATER, NOW, Api, Somebody, api_on, demand, movement

THEIRS = "BOLT"
"""In every name of what belongs to bolt: none of it may reach acme-co."""


@pytest.fixture
def api(database: Database) -> Iterator[Api]:
    with api_on(database) as opened:
        opened.house()
        for owner in ("acme-co", "bolt"):
            opened.administrator.ok("POST", "/v1/owners", json={"name": owner})
        for owner, lot, place in (
            ("acme-co", "MINE", "fridge-a"), ("bolt", f"{THEIRS}-1", "fridge-b"), ("house", f"{THEIRS}-2", "main")
        ):  # fmt: skip
            lot_id = opened.receive(lot, 10, owner=owner, place=place)
            opened.operator.ok("POST", "/v1/allocations", json=demand(2, demand=f"SO-{lot}", owner=owner))
            opened.quality.ok("POST", "/v1/holds", json={"lot_id": lot_id, "place": place, "reason": f"of {lot}"})
            opened.excursion(place, lot_id)
        yield opened


@pytest.fixture
def owner(api: Api) -> Somebody:
    return Somebody(api.client, create_token(api.database, "portal", Role.OWNER, owner="acme-co"))


def test_an_owner_sees_their_stock_as_the_house_sees_it(api: Api, owner: Somebody) -> None:
    (lot,) = owner.rows("/v1/lots")
    assert (lot["lot_number"], lot["owner"], lot["held"]) == ("MINE", "acme-co", True)
    for path in ("/v1/lots", "/v1/stock", "/v1/movements", "/v1/reservations"):
        seen = api.reader.rows(path)
        mine = [row for row in seen if THEIRS not in str(row)]
        assert len(mine) < len(seen)
        assert owner.rows(path) == mine, path
    trace = f"/v1/lots/{lot['id']}/trace"
    assert owner.ok("GET", trace) == api.reader.ok("GET", trace)


def test_an_owner_follows_a_lot_into_no_product_of_anybody_else(api: Api, owner: Somebody) -> None:
    api.place("north", "site")
    api.place("fridge-c", parent="north")
    api.place("batch-7", "production")
    for source, target, lot, of, hours_ago in (
        ("acme", "fridge-c", "INTO", "acme-co", 9), ("fridge-c", "batch-7", "INTO", "acme-co", 8),
        ("batch-7", "fridge-c", f"{THEIRS}-3", "bolt", 7),
    ):  # fmt: skip
        action = "consume" if target == "batch-7" else "receive"
        line = {"item": "insulin", "lot_number": lot, "quantity": 5, "expires_on": LATER, "owner": of}
        at = (NOW - timedelta(hours=hours_ago)).isoformat()
        api.operator.ok("POST", "/v1/movements", json=movement(action, source, target, [line], occurred_at=at))
    (lot_id,) = {row["id"] for row in owner.rows("/v1/lots") if row["lot_number"] == "INTO"}
    for way, whole in (("", True), ("?direction=forward", False)):
        ours, mine = (who.ok("GET", f"/v1/lots/{lot_id}/trace{way}") for who in (api.reader, owner))
        assert THEIRS in str(ours["forward"]) and THEIRS not in str(mine)
        assert {node["place"] for node in mine["forward"]["nodes"]} == {"acme", "fridge-c", "batch-7"}
        assert (mine["backward"] is not None) is whole


def addresses(api: Api, values: tuple[object, ...]) -> Iterator[str]:
    """Everything that can be read, endpoints and pages, with each of the values in place of what an address names."""
    for route in api.client.app.routes:  # type: ignore[attr-defined]
        inside = getattr(route, "effective_route_contexts", None)
        for one in inside() if inside else (route,):
            if "GET" in (getattr(one, "methods", None) or ()):
                yield from {re.sub(r"{[^}]*}", str(value), one.path) for value in values}


def test_no_endpoint_and_no_page_tells_an_owner_of_what_is_others(api: Api, owner: Somebody) -> None:
    others = [row["id"] for row in api.reader.rows("/v1/lots") if row["owner"] != "acme-co"]
    order = api.operator.ok(
        "POST",
        "/v1/orders",
        json={
            "client_id": "11111111-1111-4111-8111-111111111111", "kind": "purchase", "from_place": "acme",
            "to_place": "fridge-a", "owner": "bolt", "lines": [{"item": "insulin", "quantity": 5}],
        },
    )["number"]  # fmt: skip
    tried = answered = refused = 0
    for address in addresses(api, (*others, order, "fridge-b", f"{THEIRS}-1")):
        if address in ("/live", "/openapi.json"):  # one never ends, the other is of nobody
            continue
        for query in ({}, {"lot": others[0]}, {"owner": "bolt"}, {"lot_number": f"{THEIRS}-1"}):
            for answer in (owner.get(address, **query), as_visitor(api, owner, address, query)):
                assert answer.status_code < 500, (address, query, answer.text)
                told = answer.text.replace(f"{THEIRS}-1", "") if THEIRS in f"{address}{query}" else answer.text
                assert THEIRS not in told, (address, query)
                tried += 1
                answered += answer.status_code == 200
                refused += answer.status_code in (403, 404)
    assert answered >= 16 and refused >= 100 and tried > 400


def as_visitor(api: Api, owner: Somebody, address: str, query: dict[str, Any]) -> httpx.Response:
    """With the cookie of the console in place of the header."""
    return api.client.get(address, params=query, headers={"Cookie": f"{TOKEN_COOKIE}={owner.token}"})


def test_an_owner_who_signs_in_sees_what_their_token_sees(api: Api, owner: Somebody) -> None:
    add_account(api.database, "olga", "Olga Owner", [Role.OWNER], at=NOW, owner="acme-co")
    with api.database.transaction() as connection:
        assert connection.execute("SELECT owner FROM account WHERE person = 'olga'").fetchone() == {"owner": "acme-co"}
    olga = Actor("olga", (Role.OWNER,), owner="acme-co")
    see_as(olga)
    try:
        with api.database.transaction() as connection:
            assert [row["lot_number"] for row in connection.execute("SELECT lot_number FROM lot")] == ["MINE"]
        see_as(Actor("olga", (Role.OWNER,)))  # whose owner somebody forgot
        with api.database.transaction() as connection:
            assert connection.execute("SELECT lot_number FROM lot").fetchall() == []
    finally:
        ACTING_FOR.set(None)


def test_an_owner_changes_nothing(api: Api, owner: Somebody) -> None:
    assert owner.post("/v1/allocations", demand(1, owner="acme-co")).status_code == 403
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        as_owner(api.database, "acme-co", "UPDATE lot SET owner = 'acme-co'")


def as_owner(database: Database, owner: str, sql: str) -> list[Any]:
    token = ACTING_FOR.set(owner)
    try:
        with database.transaction() as connection:
            return connection.execute(sql.encode()).fetchall()
    finally:
        ACTING_FOR.reset(token)


def test_a_forgotten_owner_sees_nothing(api: Api) -> None:
    for table, only_where in OPEN_TO_OWNERS.items():
        with api.database.transaction() as connection:
            connection.execute("SELECT set_config('role', 'lotwarden_client', true)")
            assert connection.execute(f"SELECT * FROM {table}").fetchall() == [], table
        as_nobody = as_owner(api.database, "nobody", f"SELECT * FROM {table}")
        assert only_where == OF_ANY_OWNER or table == "place" or as_nobody == [], table


def test_queries_below_the_endpoints_are_bound_as_well(api: Api) -> None:
    for sql in (
        "SELECT lot_id FROM active_hold",
        "SELECT lot_id FROM position",
        "SELECT lot_id FROM movement WHERE quantity > 0",
        "SELECT m.lot_id FROM movement m JOIN lot l ON true WHERE l.owner = 'bolt'",
    ):
        mine = {row["lot_id"] for row in as_owner(api.database, "acme-co", sql)}
        assert len(mine) == (0 if "bolt" in sql else 1), sql
    for closed in ("event", "api_token", "account", "stock_count", "reading", "evidence"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            as_owner(api.database, "acme-co", f"SELECT * FROM {closed}")


def test_everything_that_names_an_owner_or_a_lot_and_is_open_has_a_condition(api: Api) -> None:
    with api.database.transaction() as connection:
        rows = connection.execute(
            """
            SELECT c.relname, c.relrowsecurity AND c.relforcerowsecurity AS is_bound, c.relkind,
                   'security_invoker=true' = ANY(c.reloptions) AS looks_as_who_asks
            FROM pg_class c
            WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v')
              AND (c.relkind = 'v' OR has_table_privilege('lotwarden_client', c.oid, 'SELECT'))
              AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname IN ('owner', 'lot_id'))
            """
        ).fetchall()
    assert {row["relname"] for row in rows} >= {"lot", "position", "movement", "active_hold"}
    for row in rows:
        assert row["looks_as_who_asks"] if row["relkind"] == "v" else row["is_bound"], row["relname"]


def test_what_everybody_may_run_with_more_rights_than_theirs_is_closed_to_owners(api: Api) -> None:
    with api.database.transaction() as connection:
        functions = connection.execute(
            """
            SELECT p.proname, p.prorettype = 'trigger'::regtype AS is_trigger,
                   has_function_privilege('lotwarden_client', p.oid, 'EXECUTE') AS may_run
            FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace AND p.prosecdef
            """
        ).fetchall()
        partitions = connection.execute(
            """
            SELECT c.relname FROM pg_class c
            WHERE c.relnamespace = 'public'::regnamespace AND c.relispartition AND c.relkind = 'r'
              AND (has_table_privilege('lotwarden_client', c.oid, 'SELECT')
                   OR has_table_privilege('lotwarden_runtime', c.oid, 'SELECT'))
            """
        ).fetchall()
    assert len(functions) > 10
    assert [row["proname"] for row in functions if row["may_run"] and not row["is_trigger"]] == []
    assert partitions == []


def test_a_ledger_that_may_not_pass_by_policies_sees_everything_all_the_same(api: Api) -> None:
    with psycopg.connect(api.database.url) as administrator:
        administrator.execute("CREATE ROLE plain_app; GRANT lotwarden_runtime TO plain_app; SET ROLE plain_app")
        assert administrator.execute("SELECT count(*) FROM lot").fetchone() == (3,)
        assert administrator.execute("SELECT count(DISTINCT lot_id) FROM position").fetchone() == (3,)
        administrator.execute("SET ROLE lotwarden_client")
        assert administrator.execute("SELECT count(*) FROM lot").fetchone() == (0,)
        administrator.rollback()


def test_only_owners_pay_for_what_binds_them(api: Api) -> None:
    queries = ("SELECT * FROM active_hold WHERE lot_id = 1", "SELECT * FROM position p JOIN lot l ON l.id = p.lot_id")
    with psycopg.connect(api.database.url) as administrator:

        def plans() -> list[object]:
            administrator.execute("SET LOCAL ROLE lotwarden_runtime")
            told = [administrator.execute(f"EXPLAIN (COSTS off) {query}").fetchall() for query in queries]
            administrator.execute("RESET ROLE")
            return told

        bound = plans()
        for table, only_where in OPEN_TO_OWNERS.items():
            if only_where:
                administrator.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
        assert plans() == bound
        administrator.rollback()
