"""Any request that the API's own description allows, and many that it does not, from everybody: never a 5xx but 503,
and never an answer of which the description says nothing.

Bounded by time: each role gets so many seconds, and goes through the operations in an order of its own. What fails is
shown with a request that can be sent again.
"""

import os
from collections.abc import Iterator
from time import monotonic

import hypothesis
import pytest
import schemathesis
from schemathesis.specs.openapi.checks import positive_data_acceptance

from cloud_sync.domain.roles import Role
from cloud_sync.storage.database import Database
from tests.support.builders import GatewayWithKey
from tests.support.ledger_api import Api, api_on

SECONDS_EACH = float(os.environ.get("LOTWARDEN_SCHEMATHESIS_S", "8"))
EXAMPLES_EACH = 6
ONLY_503 = {503}

assert positive_data_acceptance  # what is good but contradicts the ledger is refused: that is no fault of the schema


@pytest.fixture
def api(database: Database) -> Iterator[Api]:
    """With something of everything, so that requests get past the first look-up."""
    with api_on(database) as opened:
        opened.house()
        lot = opened.receive("A", 10)
        opened.excursion("fridge-a", lot)
        GatewayWithKey().register(database)
        yield opened


@pytest.mark.parametrize("role", [None, *Role])
def test_nobody_is_answered_with_a_server_error_or_with_what_is_not_documented(api: Api, role: Role | None) -> None:
    schema = schemathesis.openapi.from_asgi("/openapi.json", api.client.app)  # type: ignore[attr-defined]
    who = api.known_as(f"anybody-{role}", role) if role else None
    headers = {"Authorization": f"Bearer {who.token}"} if who else {}
    until_s = monotonic() + SECONDS_EACH
    operations = [result.ok() for result in schema.get_all_operations()]
    start = (list(Role).index(role) + 1 if role else 0) * len(operations) // (len(Role) + 1)
    bad: list[str] = []
    undocumented: set[str] = set()
    tried = 0
    for operation in operations[start:] + operations[:start]:
        if monotonic() > until_s:
            break
        tried += 1
        documented = operation.definition.raw["responses"]

        @hypothesis.given(case=operation.as_strategy())
        @hypothesis.settings(
            max_examples=EXAMPLES_EACH, deadline=None, database=None, derandomize=True,
            phases=[hypothesis.Phase.generate], suppress_health_check=list(hypothesis.HealthCheck),
        )  # fmt: skip
        def ask(case: schemathesis.Case) -> None:
            response = case.call(headers=headers)
            if response.status_code >= 500 and response.status_code not in ONLY_503:
                bad.append(f"{response.status_code} {case.as_curl_command(headers)[:600]}")
            if str(response.status_code) not in documented:  # noqa: B023 - it is called before the next operation
                undocumented.add(f"{case.method} {case.path}: {response.status_code}")

        ask()
    assert not bad, "\n".join(bad[:20])
    assert not undocumented, "\n".join(sorted(undocumented))
    assert tried > 5, tried
