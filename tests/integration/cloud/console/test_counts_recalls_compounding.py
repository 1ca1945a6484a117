"""Counts, recalls and compounding at the console, by hand, each with its second person."""

import csv
import json
import re
from collections.abc import Iterator
from io import StringIO

import pytest

from cloud_sync.actions.access import create_token
from cloud_sync.domain.roles import Role
from cloud_sync.storage.database import Database
from tests.support.console import Console
from tests.support.ledger_api import Api, Somebody, api_on
from tests.support.people import PASSWORD, opened_account
from tests.support.software_key import SoftwareKey


@pytest.fixture
def api(database: Database) -> Iterator[Api]:
    with api_on(database) as api:
        api.house()
        yield api


STATES = ("planned", "in process", "held", "finished", "released", "rejected")


def in_state(console: Console, state: str) -> bool:
    """Whether the database finds the one batch in this state and in no other."""
    found = {each: len(rows(console, f"/compounding?csv=batches&state={each.replace(' ', '+')}")) for each in STATES}
    return found == {each: int(each == state) for each in STATES}


def lot_of(api: Api, number: str) -> int:
    return int(next(row["id"] for row in api.reader.rows("/v1/lots") if row["lot_number"] == number))


def rows(console: Console, path: str) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(console.page(path))))


def test_a_count_differs_is_decided_by_another_and_a_late_movement_explains_it(api: Api, console: Console) -> None:
    api.receive("L1", 10)
    api.receive("L2", 4)
    console.sign_in(api.operator)
    assert "No counts yet" in console.page("/counts")
    count = console.does("/counts", "/counts", place="fridge-a", number="C-1")
    console.does(count, f"{count}/findings", quantity=["8", "", "2"], item=["insulin", "insulin", "insulin"],
                 lot_number=["L1", "L2", "NEW"], place=["fridge-a", "fridge-a", "fridge-a"])  # fmt: skip
    found = {row["Lot"]: row["Difference now"] for row in rows(console, f"{count}?csv=findings")}
    assert found == {"L1": "-2", "NEW": "2"}
    page = console.page(count)
    assert "counted it, so somebody else has to decide" in page and "lot L2" in page
    console.sign_in(api.quality)
    console.does(count, f"{count}/approve", reason="box was broken")
    line = {"item": "insulin", "lot_number": "L1", "quantity": 2}
    late = {"action": "move", "from_place": "fridge-a", "to_place": "fridge-b", "lines": [line]}
    booked = {"client_id": "11111111-1111-4111-8111-111111111111", "occurred_at": "2026-06-01T11:00:00Z"}
    api.operator.ok("POST", "/v1/movements", json=late | booked)
    (first, _) = rows(console, f"{count}?csv=findings")
    assert (first["Difference when decided"], first["Difference now"]) == ("-2", "0")
    assert "box was broken" in console.page(count) and "approved" in console.page("/counts?state=approved")


def test_a_recall_finds_who_got_it_and_is_closed_by_another_once_all_is_accounted_for(
    api: Api, console: Console
) -> None:
    lot = api.receive("AB12", 10)
    reserved = {"client_id": "11111111-1111-4111-8111-111111111111", "item": "insulin", "quantity": 3, "demand": "SO-9"}
    made = api.operator.ok("POST", "/v1/allocations", json=reserved)
    ship = {"to_place": "st-mary", "action": "ship"}
    api.operator.ok("POST", f"/v1/reservations/{made['reservations'][0]['id']}/pick", json=ship)
    console.sign_in(api.quality)
    assert "No recalls yet" in console.page("/recalls")
    said = {"title": "Acme recalls AB12", "reason": "particles found", "lots": "insulin, AB12"}
    recall = console.does("/new-recall", "/recalls", **said)
    assert api.reader.rows("/v1/holds", lot=lot)
    page = console.page(recall)
    assert "You opened it" in page and "st-mary" in page and "not yet" not in page
    (told,) = rows(console, f"{recall}?csv=recipients")
    assert (told["Recipient"], told["Received"], told["State"]) == ("st-mary", "3 insulin AB12", "to send")
    notice = page.split(f"{recall}/notices/")[1].split("/")[0]
    console.does(recall, f"{recall}/notices/{notice}/sent", reason="letter by courier")
    console.does(recall, f"{recall}/notices/{notice}/acknowledged", reason="3 set aside")
    assert "3 set aside" in console.page(recall)
    console.sign_in(api.known_as("quality-2", Role.QUALITY))
    assert "7 recalled units are still on hand" in console.page(recall)
    refused = console.send(recall, f"{recall}/close", outcome="completed", reason="done")
    assert refused.status_code == 409 and "still on hand" in refused.text
    assert api.destroy("fridge-a", "AB12", 7).status_code == 200
    console.does(recall, f"{recall}/close", outcome="completed", reason="all destroyed")
    assert "all destroyed" in console.page(recall)
    (row,) = rows(console, "/recalls?csv=recalls")
    assert row["State"] == "completed"


def approved_record(api: Api, console: Console) -> None:
    console.sign_in(api.administrator)
    record = console.does(
        "/new-formulation", "/master-formulation-records", name="syringe-10", item="syringe", quantity="10",
        preparation="category_1", storage="refrigerator", ingredients="saline, 100, 5",
        steps="* Draw up saline\nLabel", equipment="balance", tests="visual inspection",
        strength="0.9 %", contents="10 mL syringe", warnings="For flushing only\n",
    )  # fmt: skip
    page = console.page(record)
    assert "0.9 % · 10 mL syringe" in page and "<b>For flushing only</b>" in page
    console.sign_in(api.quality)
    console.does(record, f"{record}/approve", reason="reviewed against USP 797")


def test_production_at_one_site_makes_its_batches_and_touches_no_others(api: Api, console: Console) -> None:
    api.place("north", "site")
    for name, parent in (("suite", "main"), ("suite-n", "north")):
        api.place(name, parent=parent)
    for item in ("syringe", "saline"):
        api.item(item)
    api.administrator.ok("PUT", "/v1/items/syringe/compounding", json={"kind": "503B"})
    api.receive("SAL-1", 100, item="saline", place="suite")
    api.receive("SAL-2", 200, item="saline", place="suite-n")
    approved_record(api, console)
    console.sign_in(api.operator)
    ours = console.does("/compounding", "/production-batches", number="B-1", room="suite", quantity="10")
    console.sign_in(Somebody(api.client, create_token(api.database, "north-p", Role.PRODUCTION, site="north")))
    assert (
        console.send("/compounding", "/production-batches", number="B-2", room="suite", quantity="9").status_code == 403
    )
    batch = console.does("/compounding", "/production-batches", number="B-3", room="suite-n", quantity="10")
    page = console.page(batch)
    assert "SAL-2" in page and "SAL-1" not in page, "what lies at another site is not offered"
    console.does(batch, f"{batch}/consume", quantity="100")
    console.does(batch, f"{batch}/steps", step="1", note="done slowly")
    console.does(batch, f"{batch}/equipment", serial="BAL-7")
    refused = Console(api).send(batch, f"{batch}/consume", places="suite", lot_number="SAL-1", quantity="1")
    assert (refused.status_code, "your own site only" in refused.text) == (403, True)
    for what in ({"steps": {"step": "1"}}, {"equipment": {"equipment": "balance", "serial": "BAL-7"}}):
        for word, form in what.items():
            assert console.api.client.post(f"{ours}/{word}", data=form).status_code == 403


def test_a_batch_from_the_record_to_its_release_by_somebody_who_did_not_make_it(api: Api, console: Console) -> None:
    api.place("suite", parent="main")
    for item in ("syringe", "saline"):
        api.item(item)
    api.administrator.ok("PUT", "/v1/items/syringe/compounding", json={"kind": "503B"})
    api.receive("SAL-1", 100, item="saline", place="suite")
    approved_record(api, console)
    console.sign_in(api.operator)
    batch = console.does("/compounding", "/production-batches", number="B-1", room="suite", quantity="10")
    assert in_state(console, "planned")
    console.does(batch, f"{batch}/consume", quantity="100")
    console.does(batch, f"{batch}/steps", step="1", note="done slowly")
    console.does(batch, f"{batch}/steps", step="2")
    assert in_state(console, "in process")
    console.does(batch, f"{batch}/equipment", serial="BAL-7")
    assert "a second person checks it" in console.page(batch)
    console.sign_in(api.known_as("operator-2", Role.OPERATOR))
    console.does(batch, f"{batch}/checks", step="1")
    console.sign_in(api.operator)
    console.does(batch, f"{batch}/yields", lot_number="SYR-1", quantity="10", to_place="suite")
    console.does(batch, f"{batch}/finish")
    assert in_state(console, "finished")
    assert "02 Jun 2026" in console.page(batch), "24 hours in the refrigerator"
    assert "/labels/container?id=" in console.page(batch)
    console.sign_in(api.quality)
    page = console.page(batch)
    assert "Open points before release" in page and "no result" in page
    console.does(batch, f"{batch}/tests", test="visual inspection", result="clear", passed="true")
    assert "Open points before release" not in console.page(batch)
    opened_account(api.database, "vera", Role.QUALITY)
    console.sign_in_person("vera")
    wrong = console.send(batch, f"{batch}/decide", meaning="release", reason="all as it should be", password="wrong")
    assert wrong.status_code == 422 and "This was not signed" in wrong.text
    key = SoftwareKey("https://testserver")
    asked = api.client.post("/account/keys/question", data={"password": PASSWORD}).json()
    added = api.client.post("/account/keys", data={"name": "blue", "credential": json.dumps(key.create(asked))})
    assert "Keep these recovery codes" in added.text and "blue" in console.page("/account")
    said = {"meaning": "release", "reason": "all as it should be"}
    (seen, *_) = re.findall('name="sha256_seen" value="([0-9a-f]+)"', console.page(batch))
    shown = {"kind": "batch", "id": "B-1", "sha256_seen": seen}
    question = api.client.post("/signatures/question", data=said | shown).json()
    Console(api).does(batch, f"{batch}/decide", **said, credential=json.dumps(key.get(question)))
    page = console.page(batch)
    assert "Vera Miller" in page and "all as it should be" in page and "released</b> by vera" in page
    assert in_state(console, "released")
    (row,) = rows(console, "/compounding?csv=batches")
    assert (row["Batch"], row["Made"], row["State"]) == ("B-1", "10", "released")
    held = api.operator.ok("POST", "/v1/holds", json={"lot_id": lot_of(api, "SYR-1"), "reason": "torn box"})
    assert held["id"] and in_state(console, "held")
