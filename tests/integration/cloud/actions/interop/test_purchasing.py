"""What purchasing and finance exchange with the ledger: orders in, receipts out, prices, and what stock is worth."""

from collections.abc import Iterator

import pytest

from cloud_sync.seal.sealing import seal_once
from cloud_sync.storage.database import Database
from tests.support.ledger_api import Api, Somebody, api_on, movement

PACK = "00312345678906"
ORDERS = f"""order,supplier,to_place,gtin,item,quantity,note
4500017,acme,fridge-a,{PACK},,3,week 22
4500017,acme,fridge-a,,insulin,5,week 22
4500018,acme,fridge-b,,insulin,7,
"""
COSTS = """item,supplier,valid_from,cost,currency
insulin,,2026-01-01,2.50,EUR
insulin,acme,2026-05-01,2.125,EUR
insulin,acme,2026-07-01,9,EUR
"""


@pytest.fixture
def api(database: Database) -> Iterator[Api]:
    with api_on(database) as opened:
        opened.house()
        opened.administrator.ok("PUT", "/v1/items/insulin", json={"gtins": {PACK: 10}, "reason": "its pack"})
        yield opened


def erp_of(api: Api) -> Somebody:
    scopes = ["orders", "receipts", "catalogue", "stock-value"]
    api.administrator.ok("PUT", "/v1/connections/erp", json={"scopes": scopes})
    return Somebody(api.client, api.administrator.ok("POST", "/v1/connections/erp/key")["key"])


def csv(somebody: Somebody, path: str, text: str, **query: str) -> dict[str, list[object]]:
    answer: dict[str, list[object]] = somebody.ok("POST", path, content=text.encode(), params=query)
    return answer


def test_orders_come_in_wait_for_approval_and_what_is_received_for_them_goes_out(api: Api) -> None:
    erp = erp_of(api)
    tried = csv(erp, "/v1/erp/purchase-orders/csv", ORDERS, dry_run="true")
    assert tried["added"] == ["4500017", "4500018"]
    assert api.reader.rows("/v1/orders") == []
    csv(erp, "/v1/erp/purchase-orders/csv", ORDERS)
    assert csv(erp, "/v1/erp/purchase-orders/csv", ORDERS)["unchanged"] == ["4500017", "4500018"]
    (line,) = api.reader.ok("GET", "/v1/orders/4500017")["lines"]
    assert line["quantity"] == 35
    assert api.reader.ok("GET", "/v1/orders/4500017")["requested_by"] == "connection erp"
    other = {
        "number": "4500018",
        "supplier": "acme",
        "to_place": "fridge-b",
        "lines": [{"item": "insulin", "quantity": 8}],
    }
    answer = erp.ok("POST", "/v1/erp/purchase-orders", json={"orders": [other]})
    assert "was sent before with other content" in answer["faults"][0]["text"]
    for step in ("approve", "place"):
        api.quality.request("POST", f"/v1/orders/4500018/{step}", json={"reason": "as agreed"})
    came = {"item": "insulin", "lot_number": "L1", "quantity": 7, "expires_on": "2027-01-31"}
    moved = movement("receive", "acme", "fridge-b", [came], order="4500018")
    api.operator.ok("POST", "/v1/movements", json=moved)
    seal_once(api.database)
    receipts = erp.ok("GET", "/v1/erp/receipts")
    (row,) = receipts["rows"]
    assert (row["order"], row["lot_number"], row["quantity"], row["supplier"]) == ("4500018", "L1", 7, "acme")
    assert erp.ok("GET", f"/v1/erp/receipts?after={receipts['next']}")["rows"] == []
    text = erp.get("/v1/erp/receipts/csv")
    assert text.headers["lotwarden-next"] == str(receipts["next"])
    assert "4500018,insulin,L1,house,2027-01-31" in text.text


def test_a_file_with_a_fault_changes_nothing_and_names_each_line(api: Api) -> None:
    lines = ("A,acme,fridge-a,,insulin,5", "A,bolt,fridge-a,,insulin,1.000", f"B,acme,fridge-a,{PACK[:-1]}7,,2",
             "C,acme,nowhere,,insulin,2")  # fmt: skip
    wrong = "\n".join(("order,supplier,to_place,gtin,item,quantity", *lines))
    answer = csv(api.operator, "/v1/erp/purchase-orders/csv", wrong)
    assert answer["added"] == []
    faults = {(fault["line"], fault["column"]) for fault in answer["faults"]}  # type: ignore[index]
    assert faults == {(3, "quantity")}
    answer = csv(api.operator, "/v1/erp/purchase-orders/csv", wrong.replace("1.000", "1").replace("bolt", "acme"))
    assert {fault["line"] for fault in answer["faults"]} == {4, 5}  # type: ignore[index]
    assert api.reader.rows("/v1/orders") == []


def test_stock_is_worth_what_its_own_supplier_asks_on_the_day_and_what_nobody_told_is_not_zero(api: Api) -> None:
    erp = erp_of(api)
    assert csv(erp, "/v1/erp/catalogue/costs", COSTS, reason="price list")["added"] == 3
    assert csv(erp, "/v1/erp/catalogue/costs", COSTS, reason="price list")["unchanged"] == 3
    api.receive("L1", 8)
    api.item("saline")
    line = {"item": "saline", "lot_number": "S1", "quantity": 4, "expires_on": "2027-01-31"}
    api.operator.ok("POST", "/v1/movements", json=movement("receive", "acme", "fridge-b", [line]))
    value = erp.ok("GET", "/v1/erp/stock-value?on=2026-06-01")
    rows = {row["item"]: row for row in value["rows"]}
    assert float(rows["insulin"]["value"]) == 17.0
    assert rows["saline"]["value"] is None
    assert (value["unknown"], {name: float(total) for name, total in value["totals"].items()}) == (1, {"EUR": 17.0})
    assert float(erp.ok("GET", "/v1/erp/stock-value?on=2026-02-01")["totals"]["EUR"]) == 20.0
    corrected = COSTS.replace("2.125", "2.25")
    assert csv(api.administrator, "/v1/imports/costs", corrected, reason="they sent another")["changed"] == 1
    assert float(erp.ok("GET", "/v1/erp/stock-value?on=2026-06-01")["totals"]["EUR"]) == 18.0
    history = api.reader.rows("/v1/items/insulin/costs")
    assert len(history) == 4
    assert all(row["document_id"] for row in history)
    assert "insulin,L1,house,main,2027-01-31,false,8,each,2.25" in erp.get("/v1/erp/stock-value/csv?on=2026-06-01").text


def test_a_catalogue_changes_what_it_says_and_leaves_the_rest(api: Api) -> None:
    before = next(row for row in api.reader.rows("/v1/items") if row["name"] == "insulin")
    text = "name,title,gtins\ninsulin,Insulin 10 ml,10312345678903=100\nsaline,Saline 0.9 %,\n"
    answer = csv(erp_of(api), "/v1/erp/catalogue/items", text, reason="catalogue of June")
    assert (answer["added"], answer["changed"]) == (1, 1)
    after = next(row for row in api.reader.rows("/v1/items") if row["name"] == "insulin")
    assert after["title"] == "Insulin 10 ml"
    assert {code["gtin"] for code in after["gtins"]} > {code["gtin"] for code in before["gtins"]}
