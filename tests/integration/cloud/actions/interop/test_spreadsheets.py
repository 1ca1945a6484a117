"""Old stock from a spreadsheet: asked about, tried, brought by two people, and in stock."""

from collections.abc import Iterator

import pytest

from cloud_sync.domain.roles import Role
from cloud_sync.storage.database import Database
from tests.support.console import Console
from tests.support.ledger_api import Api, api_on

PACK = "00312345678906"
STOCK = b"GTIN;Charge;Menge;Verfall\n312345678906;0815;3;31.01.2027\n312345678906;0816;2;28.02.2027\n"
ANSWERS = ["fixed:place=fridge-a", "gtin_units=packs"]


@pytest.fixture
def api(database: Database) -> Iterator[Api]:
    with api_on(database) as opened:
        opened.house()
        opened.administrator.ok("PUT", "/v1/items/insulin", json={"gtins": {PACK: 10}, "reason": "its pack"})
        yield opened


def test_opening_balances_are_asked_about_tried_and_count_once_two_people_brought_them(api: Api) -> None:
    path, why = "/v1/spreadsheets/opening-balances", {"reason": "we begin"}
    open_first = api.administrator.ok("POST", path, content=STOCK, params=why)
    assert [question["key"] for question in open_first["questions"]] == ["fixed:place"]
    then = api.administrator.ok("POST", path, content=STOCK, params={**why, "answer": ANSWERS[:1]})
    assert [question["key"] for question in then["questions"]] == ["gtin_units"]
    asked = {**why, "answer": ANSWERS}
    tried = api.administrator.ok("POST", path, content=STOCK, params={**asked, "dry_run": True})
    assert (tried["added"], tried["done"], tried["columns"][0]) == (2, False, "item")
    assert api.administrator.ok("POST", path, content=STOCK, params=asked)["waits"] is True
    assert api.reader.rows("/v1/stock") == []
    second = api.known_as("administrator-2", Role.ADMINISTRATOR)
    assert second.ok("POST", path, content=STOCK, params=asked)["done"] is True
    stock = {(row["lot_number"], row["quantity"]) for row in api.reader.rows("/v1/stock")}
    assert stock == {("0815", 30), ("0816", 20)}


def test_open_orders_and_faults_by_the_line_of_the_file(api: Api) -> None:
    orders = (
        b"Bestellnummer;Lieferant;Lieferort;Artikel;Menge\n"
        b"A-1;acme;fridge-a;insulin;12\nA-2;nobody;fridge-a;insulin;3\n"
    )
    path, why = "/v1/spreadsheets/purchase-orders", {"reason": "open at the old system"}
    answer = api.administrator.ok("POST", path, content=orders, params=why)
    assert [(fault["line"], fault["text"]) for fault in answer["faults"]] == [(3, "there is no place nobody")]
    assert api.administrator.ok("POST", path, content=orders.replace(b"nobody", b"acme"), params=why)["added"] == 2
    assert {row["number"] for row in api.reader.rows("/v1/orders")} == {"A-1", "A-2"}


def test_the_page_asks_shows_what_it_understood_and_takes_it_in(api: Api) -> None:
    console = Console(api)
    console.sign_in(api.quality)
    page = "/administration/spreadsheets"
    assert "Import a spreadsheet" in console.page(page)
    text = b"Lieferant;Status\nbolt;qualified\n"
    upload = {"file": ("suppliers.csv", text, "text/csv")}
    said = {"kind": "suppliers", "reason": "from the old system", "dry_run": "true"}
    asked = api.client.post(page, files=upload, data=said)
    assert "What does the column “Lieferant” hold?" in asked.text
    carried = asked.text.split('<textarea name="content" hidden>')[1].split("</textarea>")[0]
    answered = {**said, "content": carried, "a:column:Lieferant": "name"}
    tried = api.client.post(page, data=answered)
    assert "tried</span> 1 added" in tried.text and "<td>bolt</td>" in tried.text
    done = api.client.post(page, data={**answered, "dry_run": ""})
    assert "done</span> 1 added" in done.text
    assert any(row["name"] == "bolt" for row in api.reader.rows("/v1/suppliers"))
