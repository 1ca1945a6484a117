"""Any request that the API's own description allows, and many that it does not, from everybody: never a 5xx but 503,
and never an answer of which the description says nothing.

Each operation is asked by the roles that may use it in turn, and once by somebody who may not and by nobody. What fails
is shown with a request that can be sent again. ``./dev deep`` tries many more requests of each operation.
"""

import json
import os
from collections.abc import Iterator
from http.cookiejar import DefaultCookiePolicy
from itertools import chain, cycle
from typing import TYPE_CHECKING

import hypothesis
import pytest

from cloud_sync.domain.roles import Role
from cloud_sync.storage.database import Database
from cloud_sync.storage.queries import queries
from tests.support.builders import GatewayWithKey
from tests.support.ledger_api import Api, api_on
from tests.support.recycled_databases import RecycledDatabases

if TYPE_CHECKING:
    import schemathesis
    from schemathesis.python.asgi import ASGIClient

EXAMPLES = os.environ.get("LOTWARDEN_EXAMPLES")
EXAMPLES_EACH = int(EXAMPLES or 3)
PARTS = 5
ONLY_503 = {503}


@pytest.fixture
def api(database: Database) -> Iterator[Api]:
    """With something of everything, so that requests get past the first look-up."""
    with api_on(database) as opened:
        opened.house()
        lot = opened.receive("A", 10)
        opened.excursion("fridge-a", lot)
        GatewayWithKey().register(database)
        yield opened


@pytest.fixture(scope="module")
def description(databases: RecycledDatabases) -> str:
    """What the ledger says of its operations: the same for every part, and long to work out."""
    with databases.lent() as url, api_on(databases.open(url)) as opened:
        return opened.client.get("/openapi.json").text


@pytest.fixture
def client(api: Api) -> Iterator["ASGIClient"]:
    """One for all requests, which keeps no cookies: to make one starts a thread, and it would look for proxies."""
    from schemathesis.python import asgi  # takes a second to load: by whoever asks, not by whoever looks for tests

    with asgi.get_client(api.client.app) as client:  # type: ignore[attr-defined]
        client.trust_env = False
        client.cookies.set_policy(DefaultCookiePolicy(allowed_domains=()))
        yield client


@pytest.mark.parametrize("part", range(PARTS))
def test_nobody_is_answered_with_a_server_error_or_with_what_is_not_documented(
    api: Api, client: "ASGIClient", description: str, part: int
) -> None:
    import schemathesis

    with api.database.transaction() as connection:
        may = {Role(row["role"]): set(row["permissions"]) for row in queries("access").role_table(connection)}
    headers = {role: {"Authorization": f"Bearer {api.known_as(f'anybody-{role}', role).token}"} for role in Role}
    schema = schemathesis.openapi.from_dict(json.loads(description))
    schema.app, schema.location = api.client.app, "/openapi.json"  # type: ignore[attr-defined]
    bad: list[str] = []
    undocumented: set[str] = set()
    tried = 0
    for operation in [result.ok() for result in schema.get_all_operations()][part::PARTS]:
        documented = operation.definition.raw["responses"]
        permission = operation.definition.raw.get("x-permission")
        allowed = [headers[role] for role in Role if permission is None or permission in may[role]]
        others = [headers[role] for role in Role if permission is not None and permission not in may[role]]
        askers = chain([[allowed[0], {}, *others[:1]]], ([one] for one in cycle(allowed[1:] + allowed[:1])))

        @hypothesis.given(case=operation.as_strategy())
        @hypothesis.settings(
            max_examples=EXAMPLES_EACH, deadline=None, database=None, derandomize=EXAMPLES is None,
            phases=[hypothesis.Phase.generate], suppress_health_check=list(hypothesis.HealthCheck),
        )  # fmt: skip
        def ask(case: "schemathesis.Case") -> None:
            nonlocal tried
            for who in next(askers):  # noqa: B023 - it is called before the next operation
                tried += 1
                response = case.call(headers=who, session=client)
                if response.status_code >= 500 and response.status_code not in ONLY_503:
                    bad.append(f"{response.status_code} {case.as_curl_command(who)[:600]}")
                if str(response.status_code) not in documented:  # noqa: B023
                    undocumented.add(f"{case.method} {case.path}: {response.status_code}")

        ask()
    print(f"machine tried: requests {tried}")
    assert not bad, "\n".join(bad[:20])
    assert not undocumented, "\n".join(sorted(undocumented))
    assert tried > 100, tried
