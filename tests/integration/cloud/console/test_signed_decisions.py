"""Quality signs at the console: with the password typed again, and a second person where the ledger asks for one."""

from collections.abc import Iterator

import psycopg
import pytest

from cloud_sync.actions.people.signatures import set_rule
from cloud_sync.domain.roles import Role
from cloud_sync.storage.database import Database
from tests.support.console import Console
from tests.support.ledger_api import Api, api_on
from tests.support.people import PASSWORD, opened_account


@pytest.fixture
def api(database: Database) -> Iterator[Api]:
    with api_on(database) as api:
        api.house()
        opened_account(database, "vera", Role.QUALITY)
        opened_account(database, "walter", Role.QUALITY)
        yield api


def test_a_release_that_takes_two_waits_for_the_second_signature(api: Api, console: Console) -> None:
    set_rule(api.database, "excursion_minutes", 30, reason="long excursions", actor="administrator-1")
    lot = api.receive("L1", 5)
    page = f"/quarantine/{api.excursion('fridge-a', lot)}"
    console.sign_in(api.quality)
    assert "Sign in with your name and password to sign" in console.page(page)
    console.sign_in_person("vera")
    assert "takes two signatures" in console.page(page) and "the excursion lasted 60 min" in console.page(page)
    said = {"decision": "release", "reason": "stability data", "lot": str(lot)}
    without = console.send(page, page, **said)
    assert without.status_code == 422 and "signatures of two people" in without.text
    wrong = console.send(page, page, **said, password="wrong")
    assert wrong.status_code == 422 and "This was not signed" in wrong.text
    console.does(page, page, **said, password=PASSWORD)
    shown = console.page(page)
    assert "waits for a second signature" in shown and "Vera Miller signed as release" in shown
    assert "You have signed" in shown and api.reader.rows("/v1/holds", lot=lot)
    console.does(page, page, **said, password=PASSWORD)
    assert api.reader.rows("/v1/holds", lot=lot), "twice the same person is one"
    console.sign_in_person("walter")
    console.does(page, page, **said | {"reason": "agreed"}, password=PASSWORD)
    shown = console.page(page)
    assert "Walter Miller signed as release" in shown and "released by walter" in shown
    assert api.reader.rows("/v1/holds", lot=lot) == []


def test_several_lots_are_signed_at_once_and_an_unsigned_decision_is_still_one(api: Api, console: Console) -> None:
    lots = [api.receive("L1", 5), api.receive("L2", 5)]
    page = f"/quarantine/{api.excursion('fridge-a', lots[0])}"
    console.sign_in_person("vera")
    console.does(page, page, decision="reject", reason="no data", password=PASSWORD)
    shown = console.page(page)
    assert "Vera Miller signed as rejection" in shown and "rejected by vera" in shown
    console.does(page, page, decision="destroy", reason="not wanted", lot=str(lots[0]))
    assert "to be destroyed by vera" in console.page(page)


def test_what_changed_since_it_was_shown_is_not_signed(api: Api) -> None:
    console = Console(api)
    lot = api.receive("L1", 5)
    page = f"/quarantine/{api.excursion('fridge-a', lot)}"
    console.sign_in_person("vera")
    stale = {"decision": "release", "reason": "stability data", "lot": str(lot), "password": PASSWORD}
    answer = console.send(page, page, **stale, seen=f"{page.removeprefix('/quarantine/')}:{lot}={'0' * 64}")
    assert answer.status_code == 409 and "changed since" in answer.text and "/v1/" not in answer.text
    assert api.reader.rows("/v1/holds", lot=lot)


def test_an_order_is_signed_from_its_page_and_the_signature_stands_there(api: Api, console: Console) -> None:
    console.sign_in(api.operator)
    made = {"from_place": "acme", "to_place": "fridge-a", "item": ["insulin"], "quantity": ["5"]}
    order = console.does("/new-order", "/orders", **made)
    assert "Sign it" not in console.page(order), "a token cannot sign"
    console.sign_in_person("vera")
    signed = {"meaning": "approval", "reason": "within budget", "password": PASSWORD}
    assert console.does(order, "/signatures", **signed) == order
    page = console.page(order)
    assert "Vera Miller" in page and "signs the record as it is now" in page
    console.does(order, f"{order}/approve", reason="within budget")
    page = console.page(order)
    assert "signs the record that was decided on" in page and "more was recorded since" not in page
    console.sign_in(api.operator)
    console.does(order, f"{order}/place", reason="by telephone")
    assert "more was recorded since" in console.page(order)


def test_a_signature_on_a_count_covers_what_was_decided_on(api: Api, console: Console) -> None:
    api.receive("L1", 5)
    console.sign_in(api.operator)
    count = console.does("/counts", "/counts", place="fridge-a")
    console.does(count, f"{count}/findings", quantity="4")
    console.sign_in_person("vera")
    signed = {"meaning": "approval", "reason": "counted twice", "password": PASSWORD}
    console.does(count, "/signatures", **signed)
    console.does(count, f"{count}/approve", reason="counted twice")
    assert "signs the record that was decided on" in console.page(count)


def test_a_hold_on_controlled_goods_is_signed_by_two_on_its_page_before_one_lifts_it(
    api: Api, console: Console
) -> None:
    api.item("morphine")
    lot = api.receive("M1", 5, item="morphine")
    with psycopg.connect(api.database.url) as connection:
        connection.execute("UPDATE item SET controlled_schedule = 'II' WHERE name = 'morphine'")
    hold = api.operator.ok("POST", "/v1/holds", json={"lot_id": lot, "reason": "torn box"})["id"]
    page = f"/holds/{hold}"
    console.sign_in_person("vera")
    assert page in console.page("/quarantine") and page in console.page(f"/lots/{lot}")
    refused = console.send(page, f"{page}/lift", reason="box only")
    assert refused.status_code == 409 and "the goods are of schedule II" in refused.text
    for each in ("vera", "walter"):
        console.sign_in_person(each)
        signed = {"meaning": "release", "reason": "the box only", "password": PASSWORD}
        assert console.does(page, "/signatures", **signed) == page
    console.does(page, f"{page}/lift", reason="the box only")
    assert api.reader.rows("/v1/holds", lot=lot) == []
    told = console.page(page)
    assert "Vera Miller" in told and "signs the record that was decided on" in told
