"""One person who wants to be two."""

from collections.abc import Iterator
from typing import Any

import pytest

from cloud_sync.actions.access import create_token, revoke_token
from cloud_sync.actions.master_data import records
from cloud_sync.domain.master_records_csv import read_csv, write_csv
from cloud_sync.domain.roles import Role
from cloud_sync.storage.database import Database
from tests.support.builders import GatewayWithKey, minute, scan
from tests.support.ledger_api import NOW, Api, Somebody, api_on, movement

WHY = {"reason": "as agreed"}
OPENINGS = "place,item,lot_number,owner,quantity,expires_on\nfridge-a,insulin,L9,house,500,2027-01-31\n"


@pytest.fixture
def api(database: Database) -> Iterator[Api]:
    with api_on(database) as opened:
        opened.house()
        yield opened


def token_of(api: Api, person: str, name: str, role: Role = Role.OPERATOR) -> Somebody:
    return Somebody(api.client, create_token(api.database, name, role, person=person))


def events(api: Api, kind: str) -> list[dict[str, Any]]:
    with api.database.transaction() as connection:
        return connection.execute("SELECT * FROM event WHERE kind = %s ORDER BY id", (kind,)).fetchall()


def test_a_token_that_was_revoked_and_made_again_does_not_approve_its_own_order(api: Api) -> None:
    first = token_of(api, "amy", "amy-1")
    body = {
        "client_id": "11111111-1111-4111-8111-111111111111", "kind": "purchase", "from_place": "acme",
        "to_place": "fridge-a", "lines": [{"item": "insulin", "quantity": 5}],
    }  # fmt: skip
    number = first.ok("POST", "/v1/orders", json=body)["number"]
    revoke_token(api.database, "amy-1")
    again = token_of(api, "amy", "amy-2", Role.QUALITY)
    refused = again.post(f"/v1/orders/{number}/approve", WHY)
    assert (refused.status_code, "amy requested it" in refused.json()["error"]) == (403, True)
    assert token_of(api, "bob", "bob-1").post(f"/v1/orders/{number}/approve", WHY).status_code == 200


def test_a_count_under_a_badge_is_not_approved_by_a_token_of_the_same_person(api: Api) -> None:
    from cloud_sync.ingest.batches import store_batch
    from edge_agent.domain.wire.records import Action
    from tests.support.builders import GTIN, line

    api.administrator.ok("POST", "/v1/items", json={"name": "insulin", "gtins": [{"gtin": GTIN}]})
    gateway = GatewayWithKey()
    gateway.register(api.database)
    said = scan(minute(0), Action.COUNT, "fridge-a", None, line(7), operator="amy")
    assert store_batch(api.database, gateway.batch(said)).outcome == "stored"
    (count,) = api.reader.rows("/v1/counts")
    refused = token_of(api, "amy", "op1").post(f"/v1/counts/{count['number']}/approve", WHY)
    assert refused.status_code == 403, refused.text


def test_who_reported_a_suspicion_does_not_resolve_it(api: Api) -> None:
    lot = api.receive("A", 5)
    amy = token_of(api, "amy", "amy-q", Role.QUALITY)
    case = amy.ok("POST", "/v1/cases", json={"lot_id": lot, "text": "the seal is broken"})
    said = {"resolution": "looked at it again"}
    assert amy.post(f"/v1/cases/{case['id']}/resolve", said).status_code == 403
    assert token_of(api, "amy", "amy-q2", Role.QUALITY).post(f"/v1/cases/{case['id']}/resolve", said).status_code == 403
    assert api.quality.post(f"/v1/cases/{case['id']}/resolve", said).status_code == 200


def test_nobody_destroys_stock_by_a_plain_movement(api: Api) -> None:
    api.receive("A", 5)
    api.place("scrap", "scrap")
    lines = [{"item": "insulin", "lot_number": "A", "quantity": 5}]
    for more in ({}, {"order_ref": "none"}):
        body = movement("destroy", "fridge-a", "scrap", lines, **more)
        assert api.operator.post("/v1/movements", body).status_code in (409, 422)
    assert api.reader.rows("/v1/stock")[0]["quantity"] == 5
    assert api.destroy("fridge-a", "A", 5).status_code == 200


def test_opening_balances_need_a_second_person(api: Api) -> None:
    def brought_by(actor: str) -> records.Imported:
        return records.import_csv(
            api.database, "opening-balances", OPENINGS, dry_run=False, reason="start", at=NOW, actor=actor
        )

    for _ in range(2):
        done = brought_by("amy")
        assert (done.waits, done.done, done.faults) == (True, False, [])
    assert api.reader.rows("/v1/stock") == []
    assert brought_by("bob").done
    assert api.reader.rows("/v1/stock")[0]["quantity"] == 500
    assert [event["actor"] for event in events(api, "opening_proposed")] == ["amy", "amy"]


def test_refusals_leave_events_but_not_without_end(api: Api) -> None:
    for _ in range(30):
        assert api.client.get("/v1/stock").status_code == 401
        assert api.reader.post("/v1/owners", {"name": "me"}).status_code == 403
    told = [(event["actor"], event["data"]["request"]) for event in events(api, "refused")]
    assert told == [("somebody unknown", "GET /v1/stock"), ("reader-1", "POST /v1/owners")]


def test_exports_leave_events_with_who_took_them(api: Api) -> None:
    assert api.reader.get("/v1/exports/items").status_code == 200
    assert [(event["actor"], event["subject"]) for event in events(api, "exported")] == [("reader-1", "export:items")]


@pytest.mark.parametrize("title", ["=1+1", "+cmd", "-2+3", "@SUM(A1)", "\t=1", "'=1", "''@x", "-20", "it's", "'", "=5"])
def test_cells_that_spreadsheets_would_execute_are_text_and_come_back_as_they_were(title: str) -> None:
    sheet = read_csv("owners", f'name,title\nacme,"{title}"\n')
    before = [record for _, record in sheet.records]
    text = "".join(write_csv("owners", before))
    cell = text.splitlines()[1].split(",", 1)[1].strip('"')
    assert cell[0] not in "=+@\t\r" and (cell[0] != "-" or cell == "-20")
    assert [record for _, record in read_csv("owners", text).records] == before
