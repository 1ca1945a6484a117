"""Goods at the console from the request to the end, by hand, with a second person where one is needed."""

import csv
from collections.abc import Iterator
from io import StringIO

import httpx
import pytest

from cloud_sync.domain.roles import Role
from cloud_sync.storage.database import Database
from tests.support.builders import GTIN
from tests.support.console import Console
from tests.support.ledger_api import LATER, SOON, Api, Somebody, api_on


@pytest.fixture
def api(database: Database) -> Iterator[Api]:
    with api_on(database) as api:
        api.house()
        yield api


@pytest.fixture
def colleague(api: Api) -> Somebody:
    return api.known_as("operator-2", Role.OPERATOR)


def rows(console: Console, path: str) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(console.page(path))))


def test_a_purchase_from_request_to_closed_receipt_with_what_was_wrong(
    api: Api, console: Console, colleague: Somebody
) -> None:
    api.item("saline")
    console.sign_in(api.operator)
    assert "No purchase orders yet" in console.page("/receiving")
    order = console.does(
        "/new-order", "/orders", from_place="acme", to_place="fridge-a", item=["insulin"], quantity=["20"],
        lines="item;quantity\nsaline; 5\n",
    )  # fmt: skip
    assert "You may not" not in console.page(order)
    assert "operator-1 requested it, so somebody else has to approve it" in console.page(order).lower()
    assert console.api.client.post(f"{order}/approve", data={"reason": "my own"}).status_code == 403
    console.sign_in(colleague)
    assert "to approve" in console.page("/receiving?next=to+approve")
    console.does(order, f"{order}/approve", reason="within budget")
    console.does(order, f"{order}/place", reason="ordered by telephone")
    came = {"item": ["insulin", "insulin", ""], "lot_number": ["L1", "OLD", ""], "quantity": ["12", "3", ""]}
    console.does(order, f"{order}/receive", **came, expires_on=[LATER, "2026-01-01", ""], serial=["", "", ""])
    page = console.page(order)
    assert "15 received" in page and "expired" in page and "open case" in page
    assert "OLD" in console.page("/receiving")
    console.does(order, f"{order}/cancel", reason="supplier has no more")
    page = console.page(order)
    assert "Nothing is left to do." in page and "the rest was cancelled" in page and "supplier has no more" in page
    (row,) = rows(console, "/receiving?csv=purchases")
    assert (row["Order"], row["Open"], row["Next"]) == (order.removeprefix("/orders/"), "0", "done")


def test_a_label_is_scanned_into_the_row_that_arrived(api: Api, console: Console, colleague: Somebody) -> None:
    api.item("saline")
    api.item("vaccine", gtins=[{"gtin": GTIN, "base_units": 1}])
    console.sign_in(api.operator)
    order = console.does(
        "/new-order", "/orders", from_place="acme", to_place="fridge-a", item=["vaccine", "saline"], quantity=["9", "5"]
    )
    console.sign_in(colleague)
    console.does(order, f"{order}/approve", reason="within budget")
    console.does(order, f"{order}/place", reason="ordered by telephone")

    def booked(lots: list[str], days: list[str], items: list[str]) -> httpx.Response:
        came = {"item": items, "lot_number": lots, "expires_on": days, "quantity": ["9", "5", "2"], "serial": [""] * 3}
        return console.send(order, f"{order}/receive", **came)

    label, both = f"]d201{GTIN}1727013110AB-7", ["vaccine", "saline", ""]
    for lots, days, told in (
        (["", "", ""], [""] * 3, "No lot number was entered"),
        (["L1", "", ""], ["", LATER, ""], "The lot number of saline is missing"),
        (["L1", label, ""], [""] * 3, "The label of vaccine is in the row of saline"),
        (["]d20109501101530997" + "10X", "", ""], [""] * 3, "GTIN 09501101530997 belongs to no item"),
    ):
        refused = booked(lots, days, both)
        assert refused.status_code == 422 and told in refused.text
    assert booked([label, "", f"(01){GTIN}(17)280131(10)10AB"], [""] * 3, both).status_code == 303
    lots = {row["Lot"]: (row["Item"], row["Expires"]) for row in rows(console, "/lots?csv=lots")}
    assert lots["AB-7"] == ("vaccine", "2027-01-31") and lots["10AB"] == ("vaccine", "2028-01-31")


def test_a_requisition_is_allocated_first_expired_first_out_picked_and_shipped(api: Api, console: Console) -> None:
    api.receive("LATE", 10, expires_on=LATER)
    api.receive("SOON", 4, expires_on=SOON)
    held = api.receive("HELD", 6, expires_on="2026-06-20")
    api.operator.ok("POST", "/v1/holds", json={"lot_id": held, "reason": "torn box"})
    console.sign_in(api.operator)
    made = {"from_place": "main", "to_place": "st-mary", "item": ["insulin"], "quantity": ["6"]}
    order = console.does("/new-order?kind=requisition", "/orders", **made)
    assert "to allocate" in console.page("/picks")
    console.does(order, f"{order}/allocate")
    page = console.page(order)
    assert "torn box" in page and "Passed over, and why" in page
    picked = {row["Lot"]: row["Quantity"] for row in rows(console, "/picks?csv=pick-list")}
    assert picked == {"SOON": "4", "LATE": "2"}
    console.does(order, f"{order}/pick", to_place="fridge-b")
    assert {row["Place"] for row in rows(console, "/picks?csv=pick-list")} == {"fridge-b"}
    console.does(order, f"{order}/issue", action="ship")
    page = console.page(order)
    assert "6 shipped" in page and "Nothing is left to do." in page


def test_what_was_held_since_it_was_reserved_does_not_leave_and_the_page_says_why(api: Api, console: Console) -> None:
    lot = api.receive("L1", 10)
    console.sign_in(api.operator)
    made = {"from_place": "main", "to_place": "st-mary", "item": ["insulin"], "quantity": ["6"]}
    order = console.does("/new-order?kind=requisition", "/orders", **made)
    console.does(order, f"{order}/allocate")
    before = console.page(order)
    reservation = before.split('name="reservation" value="')[1].split('"')[0]
    api.quality.ok("POST", "/v1/holds", json={"lot_id": lot, "reason": "colour changed"})
    answer = api.client.post(f"{order}/issue", data={"action": "ship", "reservation": reservation})
    assert answer.status_code == 409 and "v1" not in answer.text
    page = console.page(order)
    assert "colour changed" in page and "broken" in page and "0 shipped" not in page


def test_a_transfer_is_shipped_and_received_on_the_other_side(api: Api, console: Console) -> None:
    api.receive("L1", 10)
    console.sign_in(api.operator)
    made = {"from_place": "fridge-a", "to_place": "fridge-b", "item": ["insulin"], "quantity": ["8"]}
    order = console.does("/new-order?kind=transfer", "/orders", **made)
    console.does(order, f"{order}/allocate")
    console.does(order, f"{order}/issue", action="ship")
    (row,) = rows(console, "/transfers?csv=transfers")
    assert (row["On the way"], row["Next"]) == ("8", "to receive")
    console.does(order, f"{order}/receive")
    assert "8 received" in console.page(order)
    assert {row["place"]: row["quantity"] for row in api.reader.rows("/v1/stock") if row["quantity"]} == {
        "fridge-a": 2, "fridge-b": 8,
    }  # fmt: skip


def test_what_a_customer_sends_back_is_held_until_quality_decides(api: Api, console: Console) -> None:
    lot = api.receive("L1", 10)
    console.sign_in(api.operator)
    out = {"from_place": "main", "to_place": "st-mary", "item": ["insulin"], "quantity": ["5"]}
    shipped = console.does("/new-order?kind=requisition", "/orders", **out)
    console.does(shipped, f"{shipped}/allocate")
    console.does(shipped, f"{shipped}/issue", action="ship")
    back = {"from_place": "st-mary", "to_place": "fridge-b", "item": ["insulin"], "quantity": ["2"]}
    number = shipped.removeprefix("/orders/")
    order = console.does(f"/new-order?kind=return&returns={number}", "/orders", **back)
    console.does(order, f"{order}/receive", lot_number=["L1", ""])
    page = console.page("/returns")
    assert f'<a href="/lots/{lot}">L1</a>' in page and "None." not in page
    assert "2 returned" in console.page(shipped)


def test_a_destruction_takes_one_who_approves_one_who_witnesses_and_another_who_does_it(
    api: Api, console: Console, colleague: Somebody
) -> None:
    api.receive("OLD", 10, expires_on="2026-01-31")
    console.sign_in(api.operator)
    page = console.page("/destruction")
    assert "expired" in page and "No destructions yet" in page
    link = page.split('<a href="/new-order?')[1].split('"')[0].replace("&amp;", "&")
    order = console.does(f"/new-order?{link}", "/orders")
    console.sign_in(api.quality)
    console.does(order, f"{order}/approve", reason="expired in January")
    console.sign_in(colleague)
    console.does(order, f"{order}/witness", reason="present")
    assert "so somebody else has to do it" in console.page(order)
    assert api.client.post(f"{order}/destroy", data={"client_id": str(api.reader.rows)}).status_code == 422
    console.sign_in(api.operator)
    console.does(order, f"{order}/destroy")
    page = console.page(order)
    assert "10 destroyed" in page and "present" in page and "expired in January" in page
    assert "No stock is rejected" in console.page("/destruction")


def test_what_was_entered_wrong_is_told_in_words(api: Api, console: Console) -> None:
    console.sign_in(api.operator)
    made = {"from_place": "acme", "to_place": "fridge-a", "item": ["insulin"]}
    for wrong, told in (
        ({"quantity": ["two"]}, "the quantity in line 1: “two” is not a whole number"),
        ({"item": [""], "quantity": [""]}, "this order asks for nothing"),
        ({"item": ["nothing"], "quantity": ["1"]}, "there is no item nothing"),
    ):
        answer = console.send("/new-order", "/orders", **made | wrong)
        assert answer.status_code in (404, 422), answer.text
        assert told in answer.text.lower() and "/v1/" not in answer.text, answer.text
    assert "No orders yet" in console.page("/orders")


def test_an_empty_list_says_who_begins_it_to_whoever_may_not(api: Api) -> None:
    console = Console(api)
    for person, told in ((api.operator, ">Request the first</a>"), (api.reader, "Ask somebody with the role operator")):
        console.sign_in(person)
        assert told in console.page("/orders")


def test_what_no_form_offers_is_refused_in_words(api: Api) -> None:
    console = Console(api)
    console.sign_in(api.operator)
    made = {"from_place": "st-mary", "to_place": "fridge-a", "item": ["insulin"], "quantity": ["1"]}
    answer = console.send("/new-order", "/orders", **made)
    assert answer.status_code == 422 and "a purchase comes from a supplier" in answer.text.lower()
