"""The pages of the Drug Supply Chain Security Act, as people use them: without scripts."""

import json
from collections.abc import Iterator

import pytest

from cloud_sync.domain.roles import Role
from cloud_sync.storage.database import Database
from tests.support.console import Console
from tests.support.dscsa_parts import GTIN, held, information, line, receive, tell, trading_house, waiting
from tests.support.ledger_api import Api, api_on


@pytest.fixture
def api(database: Database) -> Iterator[Api]:
    with api_on(database) as opened:
        trading_house(opened, licences=False)
        yield opened


def test_partners_data_suspicions_and_requests_are_worked_on_from_the_pages(api: Api, console: Console) -> None:
    console.sign_in(api.quality)
    assert "not authorised" in console.page("/trading-partners")
    console.does(
        "/trading-partners/acme", "/trading-partners/acme/licences", number="W-1", state="tx",
        valid_until="2027-12-31", verified_with="state register",
    )  # fmt: skip
    console.does("/trading-partners/acme", "/trading-partners/acme/business", contact="Amy Miller")
    assert "Amy Miller" in console.page("/trading-partners/acme")
    console.sign_in(api.operator)
    told = json.dumps(information("ASN-1", line("A1", 5)))
    at = console.does("/transaction-data", "/transaction-data", supplier="acme", told=told)
    lot = receive(api, "A1", 3)
    console.does(at, f"{at}/finish")
    assert "less product than data" in console.page("/transaction-data").lower()
    report = {"classification": "stolen", "description": "boxes were opened"}
    unknown = console.send("/suspects", "/suspects", lot="A9", **report)
    assert (unknown.status_code, "no lot A9" in unknown.text) == (422, True)
    assert f'value="insulin A1 #{lot}"' in console.page(f"/suspects?lot={lot}")
    suspect = console.does("/suspects", "/suspects", lot="A1", **report)
    assert held(api, lot) == {None}
    console.sign_in(api.quality)
    message = waiting(api)["shortage"]["id"]
    console.does("/transaction-data", f"/transaction-data/messages/{message}", reason="by telephone")
    console.does(suspect, f"{suspect}/determine", determination="illegitimate", reason="police report 7")
    page = console.page(suspect)
    assert "notifying" in page and "Form FDA 3911" in page
    console.does(suspect, f"{suspect}/fda", reason="by mail", incident="INC-7")
    (row,) = waiting(api).values()
    assert console.does(suspect, f"/transaction-data/messages/{row['id']}", reason="by mail") == suspect
    console.does(suspect, f"{suspect}/terminate", reason="agreed with the FDA")
    assert "terminated" in console.page(suspect)
    console.does("/tracing-requests", "/tracing-requests", asked_by="FDA", gtin=GTIN, asked_at="2026-05-31T09:00")
    answer = Console(api).send("/tracing-requests", "/tracing-requests/1/answer")  # a file, which is no page
    assert answer.status_code == 200 and answer.content[:2] == b"PK"
    assert "2026" in console.page("/tracing-requests")


def test_who_only_looks_sees_no_forms(api: Api) -> None:
    console = Console(api)
    tell(api, "ASN-1", line("A1", 5))
    console.sign_in(api.known_as("ann", Role.AUDITOR))
    for path in ("/trading-partners/acme", "/transaction-data", "/transaction-data/1", "/suspects", "/verification"):
        assert f'method="post" action="{path}' not in console.page(path), path
