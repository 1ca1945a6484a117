"""Master data over the real API: kept with history, imported whole or not at all, exported as it was."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from cloud_sync.domain.roles import Role
from cloud_sync.storage.database import Database
from tests.support.ledger_api import NOW, Api, Somebody, api_on, demand

GTIN = "00312345678906"


@pytest.fixture
def api(database: Database) -> Iterator[Api]:
    with api_on(database) as opened:
        yield opened


def sent(who: Somebody, kind: str, text: str, **query: Any) -> httpx.Response:
    params = {"reason": "first filling", **query}
    return who.request("POST", f"/v1/imports/{kind}", params=params, content=text.encode())


def imported(api: Api, kind: str, text: str, **query: Any) -> dict[str, Any]:
    who = api.quality if kind == "suppliers" else api.administrator
    response = sent(who, kind, text, **query)
    assert response.status_code == 200, (who, response.text)
    done: dict[str, Any] = response.json()
    if done["waits"]:
        colleague = api.known_as("administrator-2", Role.ADMINISTRATOR)
        done = sent(colleague, kind, text, **query).json()
    return done


def house(api: Api) -> None:
    for kind, text in (
        ("places", "name,kind,parent,zone\nmain,site,,UTC\nfridge-a,room,main,\n"),
        ("owners", "name\nclient-x\n"),
        ("items", f"name,gtins,title\ninsulin,{GTIN}=1 ,Insulin\naspirin,,\n"),
        ("suppliers", "name,status\nacme,qualified\n"),
        ("recipients", "name,kind,parent,shelf_life_days_min,item_days_min\nward-1,ward,main,30,insulin=60\n"),
        ("operators", "name,badge\namy,17\n"),
        ("reorder-levels", "item,place,supplier,reorder_point,par_level\ninsulin,main,acme,5,20\n"),
        ("opening-balances", "item,lot_number,place,quantity,expires_on\ninsulin,A,fridge-a,10,2027-01-31\n"),
    ):
        done = imported(api, kind, text)
        assert (done["done"], done["faults"]) == (True, []), kind


KINDS = ["places", "owners", "items", "suppliers", "recipients", "operators", "reorder-levels", "opening-balances"]


def test_what_was_exported_changes_nothing_when_it_is_imported_again(api: Api) -> None:
    house(api)
    for kind in KINDS:
        text = api.reader.get(f"/v1/exports/{kind}").text
        again = imported(api, kind, text)
        assert (again["added"], again["changed"], again["faults"]) == (0, 0, []), kind
        assert again["unchanged"] >= 1
        assert api.reader.get(f"/v1/exports/{kind}").text == text


def test_opening_balances_are_stock_that_can_be_reserved_once(api: Api) -> None:
    house(api)
    assert [(row["place"], row["quantity"]) for row in api.reader.rows("/v1/stock")] == [("fridge-a", 10)]
    assert api.operator.ok("POST", "/v1/allocations", json=demand(10))["missing"] == 0
    other = "item,lot_number,place,quantity,expires_on\ninsulin,A,fridge-a,12,2027-01-31\n"
    (fault,) = imported(api, "opening-balances", other)["faults"]
    assert "Correct it by a count" in fault["text"]
    assert api.reader.rows("/v1/stock")[0]["quantity"] == 10


def test_a_dry_run_finds_the_same_and_changes_nothing(api: Api) -> None:
    text = "name,kind,parent,zone\nmain,site,,UTC\nfridge-a,room,main,\n"
    dry = imported(api, "places", text, dry_run=True)
    assert (dry["added"], dry["done"]) == (2, False)
    assert api.reader.rows("/v1/places") == []
    assert imported(api, "places", text)["done"]
    bad = "item,lot_number,place,quantity\ninsulin,A,main,1\n"
    dry = imported(api, "opening-balances", bad, dry_run=True)
    assert dry["faults"] == imported(api, "opening-balances", bad)["faults"] != []


def test_a_file_with_one_bad_row_is_not_imported_at_all(api: Api) -> None:
    text = "name,kind,parent,zone\nmain,site,,UTC\nfridge-a,room,nowhere,\nfridge-b,room,main,\nx,supplier,,\n"
    done = imported(api, "places", text)
    assert [(fault["line"], fault["column"]) for fault in done["faults"]] == [(3, "parent"), (5, "kind")]
    assert (done["done"], api.reader.rows("/v1/places")) == (False, [])


@pytest.mark.parametrize(
    ("kind", "text", "column", "says"),
    [
        ("items", f"name,gtins\nother,{GTIN}=1\n", "gtins", "is item insulin already"),
        ("items", "name,gtins\ninsulin,\n", "gtins", "propose a correction"),
        ("items", f"name,gtins,base_unit\ninsulin,{GTIN}=1,box\n", "base_unit", "cannot change any more"),
        ("items", "name,substitutes\naspirin,aspirin-c\n", "substitutes", "import those first"),
        ("items", "name,storage_class\naspirin,cool\n", "storage_class", "there is no policy"),
        ("places", "name,kind\nacme,room\n", "name", "is a supplier already"),
        ("places", "name,kind,parent\nfridge-a,bin,main\n", "kind", "cannot change"),
        ("recipients", "name,kind,item_days_min\nward-2,ward,x=1\n", "item_days_min", "there is no item x"),
        ("operators", "name,badge\nbob,17\n", "badge", "is that of amy"),
        ("reorder-levels", "item,place,reorder_point,par_level\ninsulin,acme,1,2\n", "place", "is a supplier"),
        ("opening-balances", "item,lot_number,place,quantity\ninsulin,B,main,1\n", "expires_on", "must have an expiry"),
        ("opening-balances", "item,lot_number,owner,place,quantity\ninsulin,B,nobody,main,1\n", "owner", "no owner"),
    ],
)  # fmt: skip
def test_what_contradicts_the_ledger_is_told_with_its_row(
    api: Api, kind: str, text: str, column: str, says: str
) -> None:
    house(api)
    (fault,) = imported(api, kind, text)["faults"]
    assert (fault["line"], fault["column"]) == (2, column)
    assert says in fault["text"]


def test_every_change_is_an_event_with_reason_and_what_it_was_before(api: Api) -> None:
    house(api)
    body = {"title": "Insulin 100 IU/ml", "gtins": {GTIN: 1}, "reason": "name as on the label"}
    changed = api.administrator.request("PUT", "/v1/items/insulin", json=body)
    assert changed.status_code == 200, changed.text
    again = api.administrator.request("PUT", "/v1/items/insulin", json=body)
    assert (again.status_code, again.json()) == (200, changed.json())
    events = api.reader.ok("GET", "/v1/events", params={"subject": "item:insulin"})
    assert [event["kind"] for event in events] == ["item_added", "item_changed"]
    assert (events[1]["actor"], events[1]["reason"]) == ("administrator-1", "name as on the label")
    assert events[1]["data"] == {"title": {"from": "Insulin", "to": "Insulin 100 IU/ml"}}


def test_a_scan_of_an_unknown_item_is_booked_when_a_file_brings_it(api: Api) -> None:
    imported(api, "places", "name,kind,zone\nmain,site,UTC\n")
    with api.database.transaction() as connection:
        connection.execute(
            "INSERT INTO exception_case (kind, key, text, data) SELECT 'unknown_item', 'g/j/scans/1#1', '', "
            "jsonb_build_object('event', (WITH e AS (SELECT 1) SELECT 1 FROM e), 'line', jsonb_build_object("
            "'fact', 'g/j/scans/1#1', 'action', 'receive', 'at', %s::text, 'operator', 'amy', 'gtin', %s::text,"
            "'quantity', 3, 'lot', 'A', 'serial', null, 'expires_on', '2027-01-31', 'from_place', 'acme',"
            "'to_place', 'main', 'order', null, 'scanned', ''))",
            ((NOW - timedelta(days=1)).isoformat(), GTIN),
        )
    imported(api, "items", f"name,gtins\ninsulin,{GTIN}=1\n")
    assert [case["kind"] for case in api.reader.rows("/v1/cases", only_open=True)] == ["unknown_place"]
    imported(api, "suppliers", "name\nacme\n")
    assert api.reader.rows("/v1/cases", only_open=True) == []
    assert api.reader.rows("/v1/stock")[0]["quantity"] == 3


def test_only_those_who_may_change_master_data(api: Api) -> None:
    text = "name,kind,zone\nmain,site,UTC\n"
    for who in (api.reader, api.operator, api.quality):
        assert sent(who, "places", text).status_code == 403
    assert api.administrator.request("PUT", "/v1/suppliers/acme", json={"reason": "audit"}).status_code == 403
    body = {"reason": "audit of 2026-05", "status": "qualified", "qualified_until": "2027-05-31"}
    assert api.quality.request("PUT", "/v1/suppliers/acme", json=body).status_code == 201
    assert api.reader.rows("/v1/suppliers")[0]["qualified_until"] == "2027-05-31"


def test_bad_requests_are_told(api: Api) -> None:
    assert sent(api.administrator, "colours", "name\na\n").status_code == 404
    assert sent(api.administrator, "places", "name,kind,zone\nmain,site,UTC\n", reason="").status_code == 422
    raw = api.administrator.request("POST", "/v1/imports/places", params={"reason": "try"}, content=b"name\n\xff\n")
    assert (raw.status_code, "UTF-8" in raw.json()["error"]) == (422, True)
    assert api.administrator.request("PUT", "/v1/items/insulin", json={"title": "x"}).status_code == 422
    assert api.reader.get("/v1/exports/colours").status_code == 404
    assert api.quality.post("/v1/documents", {"kind": "coa", "reference": "DMS 1"}).status_code == 422


def test_a_lot_has_its_certificate(api: Api) -> None:
    house(api)
    lot = api.reader.rows("/v1/lots")[0]["id"]
    body = {"kind": "coa", "lot_id": lot, "supplier": "acme", "reference": "DMS 4711", "sha256": "ab" * 32}
    assert api.quality.post("/v1/documents", body).status_code == 201
    assert api.quality.post("/v1/documents", body | {"supplier": "main"}).status_code == 422
    (document,) = api.reader.rows("/v1/documents", lot=lot)
    assert (document["reference"], document["supplier"], document["added_by"]) == ("DMS 4711", "acme", "quality-1")


def test_a_changed_policy_judges_the_readings_of_its_place_again(api: Api) -> None:
    rule = {
        "name": "high", "metric": "temp_c", "side": "above", "limit": 8, "on_limit_is_outside": False, "delay_s": 0,
        "source": "a test",
    }  # fmt: skip
    api.administrator.ok(
        "POST", "/v1/policies", json={"name": "cool", "title": "Cool", "rules": [rule], "silence_accepted": "a test"}
    )
    imported(api, "places", "name,kind\nfridge,room\n")
    with api.database.transaction() as connection:
        connection.execute("INSERT INTO gateway (name, public_key) VALUES ('gw', sha256(''))")
        connection.execute(
            "INSERT INTO channel (gateway_id, device, metric, place_id)"
            " SELECT g.id, 'probe', 'temp_c', p.id FROM gateway g, place p"
        )
        connection.execute("SELECT make_reading_partitions(%s, %s)", (NOW - timedelta(days=1), NOW))
        connection.execute(
            "INSERT INTO reading (channel_id, at, seq, value, evidence_id) SELECT id, %s, 1, 9.5, 1 FROM channel",
            (NOW - timedelta(hours=1),),
        )
    assert api.reader.rows("/v1/excursions") == []
    assert imported(api, "places", "name,kind,policy\nfridge,room,cool\n")["changed"] == 1
    assert [row["worst"] for row in api.reader.rows("/v1/excursions")] == [9.5]


def test_an_import_tells_how_far_it_is_and_at_last_what_it_did(api: Api) -> None:
    house(api)
    text = "name,kind,parent\n" + "".join(f"bin-{n},bin,main\n" for n in range(1, 301))

    def told(body: str, **more: Any) -> list[dict[str, Any]]:
        params = {"reason": "first filling", "progress": True, **more}
        answer = api.administrator.request("POST", "/v1/imports/places", params=params, content=body.encode())
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/x-ndjson")
        return [json.loads(each) for each in answer.text.splitlines()]

    *far, last = told(text, dry_run=True)
    assert (last["added"], last["done"], last["dry_run"]) == (300, False, True)
    assert [each["rows_done"] for each in far] == sorted({each["rows_done"] for each in far})
    assert (far[-1], len(far)) == ({"rows_done": 300, "rows": 300}, 100)
    *_, last = told(text)
    assert (last["added"], last["done"], last["faults"]) == (300, True, [])
    *_, last = told("name,kind,parent\nb,bin,nowhere\n")
    assert (last["done"], last["faults"][0]["line"], last["faults"][0]["column"]) == (False, 2, "parent")
    params = {"reason": "first filling", "progress": True}
    unknown = api.administrator.request("POST", "/v1/imports/castles", params=params, content=b"name\n")
    assert (unknown.status_code, "no kind castles" in unknown.json()["error"]) == (404, True)


def test_a_fault_about_another_record_stands_in_the_column_that_names_it(api: Api) -> None:
    house(api)
    text = "item,place,reorder_point,par_level\ninsulin,nowhere,5,9\nnothing,main,5,9\n"
    params = {"reason": "first filling"}
    done = api.administrator.ok("POST", "/v1/imports/reorder-levels", params=params, content=text.encode())
    assert [(each["line"], each["column"]) for each in done["faults"]] == [(2, "place"), (3, "item")]
