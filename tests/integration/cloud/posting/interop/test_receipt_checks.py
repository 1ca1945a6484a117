"""Scanned goods and told data: what is held does not depend on what came first; what is unpacked is compared."""

import json
import uuid
from datetime import date, timedelta
from itertools import permutations
from typing import Any

from cloud_sync.actions.interop import partners, transactions
from cloud_sync.storage.database import Database
from edge_agent.domain.wire.records import Action
from tests.integration.conftest import Said
from tests.support.builders import GTIN, GatewayWithKey, ledger_with_two_fridges, line, minute, scan
from tests.support.dscsa_parts import ACME, PRODUCT, information, receive, tell, trading_house, waiting
from tests.support.dscsa_parts import GTIN as TRADED
from tests.support.dscsa_parts import line as told_line
from tests.support.ledger_api import LATER, NOW, Api, api_on, movement

NOTHING = dict.fromkeys(partners.FIELDS, "") | {"country": "US", "verification_token": ""}
CASE = "10361414567891"


def standing_after(database: Database, order: tuple[str, ...]) -> Any:
    """Open discrepancies and what is held, after data and scans came in this order."""
    gateway = GatewayWithKey()
    ledger = ledger_with_two_fridges(database, gateway)
    say = Said(ledger, gateway)
    partners.keep_product(database, "insulin", **PRODUCT, ingredients="", container_units=1, actor="q")
    partners.keep_partner(database, "acme", **{**NOTHING, **ACME}, actor="q")
    partners.add_licence(
        database, "acme", kind="manufacturer", number="1", state="", valid_until=date(2030, 1, 1),
        verified_with="the FDA's list", at=minute(0), actor="q",
    )  # fmt: skip

    def tell_data() -> None:
        lines = [told_line("L1", 2, ("s1", "s2"), gtin=GTIN), told_line("L2", 4, gtin=GTIN)]
        content = json.dumps(information("ASN-1", *lines)).encode()
        transactions.tell_transaction(database, "acme", content, at=minute(9), actor="q")

    do = {
        "data": tell_data,
        "serials": lambda: say(
            scan(minute(1), Action.RECEIVE, "acme", "dock", line(1, "L1", serial="s1"), line(1, "L1", serial="s9"))
        ),
        "lots": lambda: say(scan(minute(2), Action.RECEIVE, "acme", "dock", line(5, "L2"), line(3, "L3"))),
    }
    for each in order:
        do[each]()
    cases = ledger.rows(
        "SELECT data ->> 'code' AS code, data ->> 'lot_number' AS lot, data ->> 'quantity' AS quantity,"
        " data -> 'serials' AS serials FROM exception_case WHERE resolved_at IS NULL AND kind = 'transaction_mismatch'"
    )
    return sorted(map(str, cases)), ledger.held("exception")


def test_any_order_of_data_and_goods_gives_the_same_cases_and_holds(databases: Any) -> None:
    found = []
    for order in list(permutations(("data", "serials", "lots")))[::2]:
        with databases.lent() as url:
            found.append(standing_after(databases.open(url), order))
    assert found[0] == found[1] == found[2]
    cases, held = found[0]
    assert [each.split("'code': '")[1].split("'")[0] for each in cases] == ["no_data", "overage", "serial_differs"]
    assert held == {("L1", "s9", None), ("L2", None, None), ("L3", None, None)}


def test_a_serial_in_an_opened_case_that_nobody_told_of_is_a_concealed_overage(database: Database) -> None:
    with api_on(database) as api:
        trading_house(api)
        gtins = {"gtins": {TRADED: 1, CASE: 2}, "ndc": "61414-5678-9", "reason": "cases come, too"}
        api.administrator.ok("PUT", "/v1/items/insulin", json=gtins)
        tell(api, "ASN-1", told_line("A1", 2, ("s1", "s2")))
        _receive_case(api)
        assert waiting(api) == {}
        opening = {
            "client_id": str(uuid.uuid4()), "item": "insulin", "lot_number": "A1", "serial": f"(01){CASE}(21)c1",
            "place": "fridge-a", "occurred_at": (NOW - timedelta(hours=1)).isoformat(), "reason": "unpacked",
            "units": ["s1", "s9"],
        }  # fmt: skip
        api.operator.ok("POST", "/v1/cases-of-goods/open", json=opening)
        assert waiting(api)["concealed_overage"]["data"]["serials"] == ["s9"]
        receive(api, "B1", 1)
        assert set(waiting(api)) == {"concealed_overage", "no_data"}


def _receive_case(api: Api) -> None:
    stock = {"item": "insulin", "lot_number": "A1", "expires_on": LATER, "quantity": 2, "serial": f"(01){CASE}(21)c1"}
    api.operator.ok("POST", "/v1/movements", json=movement("receive", "acme", "fridge-a", [stock]))
