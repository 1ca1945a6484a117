"""The pages of other systems: connections with their keys, and purchase orders and the value of stock for finance."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from tests.support.console import Console
from tests.support.ledger_api import Api


def test_a_connection_is_set_up_paused_resumed_and_switched_off_by_forms(api: Api) -> None:
    console = Console(api)
    console.sign_in(api.administrator)
    assert "No other system is connected" in console.page("/connections")
    said = {"name": "erp", "url": "https://erp.example.org/hook", "event_kinds": "hold_placed moved", "scope": "feed"}
    secret = console.send("/connections", "/connections", **said)
    assert "whsec_" in secret.text
    text = console.page("/connections")
    assert "Receives hold placed, moved at https://erp.example.org/…" in text
    assert "May read the feed of events, 600 times a minute at most" in text
    assert "It has no key yet" in text and "whsec_" not in text
    assert "lwc_" in console.send("/connections", "/connections/erp/key").text
    console.does("/connections", "/connections/erp/pause", reason="their system is moved")
    assert "<b>erp is paused</b>" in console.page("/connections")
    console.does("/connections", "/connections/erp/resume", reason="it was moved")
    console.does("/connections", "/connections/erp/replay", after="0", reason="they lost theirs")
    console.does("/connections", "/connections/erp/off", reason="the contract ended")
    assert "switched off" in console.page("/connections")
    console.sign_in(api.reader)
    assert "Add or change" not in console.page("/connections")


def test_purchase_orders_are_tried_and_taken_in_and_stock_has_its_value(api: Api) -> None:
    console = Console(api)
    console.sign_in(api.operator)
    text = "order,supplier,to_place,item,quantity\n4711,acme,fridge-a,insulin,5\n"
    tried = console.send("/finance/purchase-orders", "/finance/purchase-orders", text=text, dry_run="true")
    assert "tried</span> 1 new" in tried.text
    done = console.send("/finance/purchase-orders", "/finance/purchase-orders", text=text, dry_run="")
    assert '<a href="/orders/4711">' in done.text
    api.receive("L1", 8)
    assert "without a cost" in console.page("/finance")
    costs = "item,supplier,valid_from,cost,currency\ninsulin,acme,2026-01-01,1250.5,EUR\n"
    api.administrator.ok("POST", "/v1/imports/costs", content=costs.encode(), params={"reason": "price list"})
    assert "<b>10,004.00 EUR</b> in stock" in console.page("/finance")


@contextmanager
def much_stock(url: str) -> Iterator[None]:
    """The database believes that it has; the next test gets it as it was."""
    believes = "UPDATE pg_class SET reltuples = %s WHERE oid = 'position'::regclass"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(believes, (60_000,))
        try:
            yield
        finally:
            connection.execute(believes, (-1,))


def test_where_there_is_much_stock_the_page_is_there_at_once_and_the_rest_comes_after(
    api: Api, console: Console
) -> None:
    api.receive("L1", 8)
    costs = "item,supplier,valid_from,cost,currency\ninsulin,,2026-01-01,2.5,EUR\n"
    api.administrator.ok("POST", "/v1/imports/costs", content=costs.encode(), params={"reason": "price list"})
    console.sign_in(api.operator)
    assert "being added up" not in console.page("/finance")
    with much_stock(api.database.url):
        for path, comes in (("/finance", "<b>20.00 EUR</b> in stock"), ("/control-tower", "Inventory value")):
            frame = Console(api).page(path)
            assert "being added up" in frame and comes not in frame
            whole = console.whole_page(path)
            assert comes in whole and "being added up" not in whole
    assert "L1" in console.page("/finance?csv=finance")
