"""Serials given by us, as a program asks for them: a pattern, units that get theirs with labels, ranges for others."""

import uuid
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pytest
from pypdf import PdfReader

from cloud_sync.storage.database import Database
from tests.support.ledger_api import Api, api_on, demand

GTIN = "09501101530003"


@pytest.fixture
def api(database: Database) -> Iterator[Api]:
    with api_on(database) as api:
        api.house()
        api.administrator.ok("PUT", "/v1/items/insulin", json={"gtins": {GTIN: 1}, "reason": "labelled here"})
        yield api


def asked(lot: int, quantity: int, **more: Any) -> dict[str, Any]:
    return {"client_id": str(uuid.uuid4()), "lot_id": lot, "place": "fridge-a", "quantity": quantity,
            "reason": "came without", **more}  # fmt: skip


def refused(answer: Any, status: int) -> str:
    assert answer.status_code == status, answer.text
    return str(answer.json()["error"])


def test_units_get_serials_that_nobody_has_and_their_labels_at_once(api: Api) -> None:
    put = {"pattern": "LW{yy}{n:4}", "given_at": "receipt"}
    api.administrator.ok("PUT", "/v1/items/insulin/serial-pattern", json=put)
    lot = api.receive("A", 10)
    (waits,) = api.reader.rows("/v1/serials/waiting")
    assert (waits["lot_number"], waits["quantity"], waits["place"]) == ("A", 10, "fridge-a")

    wanted = asked(lot, 3)
    given = api.operator.ok("POST", "/v1/serials/assign", json=wanted)
    assert given["serials"] == ["LW260000", "LW260001", "LW260002"]
    assert api.operator.ok("POST", "/v1/serials/assign", json=wanted) == given, "asked twice, given once"
    stock = {row["serial"]: row["quantity"] for row in api.reader.rows("/v1/stock", lot=lot)}
    assert stock == {"": 7, "LW260000": 1, "LW260001": 1, "LW260002": 1}
    labels = api.reader.get(f"/v1/serial-ranges/{given['id']}/labels")
    assert len(PdfReader(BytesIO(labels.content)).pages) == 3
    zpl = api.reader.get(f"/v1/serial-ranges/{given['id']}/labels", format="zpl").text
    assert zpl.count("^XZ") == 3

    events = api.reader.ok("GET", "/epcis/events", params={"EQ_bizStep": "commissioning"})
    told = events["epcisBody"]["queryResults"]["resultsBody"]["eventList"]
    assert [event["epcList"][0].rpartition("/")[2] for event in told if event.get("action") == "ADD"] == given[
        "serials"
    ]

    api.operator.ok("POST", "/v1/allocations", json=demand(7))
    assert "reserved" in refused(api.operator.post("/v1/serials/assign", asked(lot, 1)), 409)


def test_a_serial_is_never_given_twice_and_a_range_never_overlaps(api: Api) -> None:
    api.administrator.ok("PUT", "/v1/items/insulin/serial-pattern", json={"pattern": "S{n:2}", "given_at": "request"})
    api.receive("FOREIGN", 1, serial="S02")
    lot = api.receive("A", 60)
    allotted = {
        "item": "insulin",
        "first_serial": "S05",
        "last_serial": "S09",
        "allotted_to": "CMO",
        "reason": "line 2",
    }
    api.administrator.ok("POST", "/v1/serial-ranges", json=allotted)

    first = api.operator.ok("POST", "/v1/serials/assign", json=asked(lot, 2))
    assert first["serials"] == ["S00", "S01"]
    second = api.operator.ok("POST", "/v1/serials/assign", json=asked(lot, 3))
    assert second["serials"] == ["S10", "S11", "S12"], "behind the one that exists and the range of the other"

    said = refused(api.operator.post("/v1/serials/assign", asked(lot, 1, first_serial="S02")), 409)
    assert "S02 of insulin exists already, in lot FOREIGN" in said
    said = refused(api.operator.post("/v1/serials/assign", asked(lot, 3, first_serial="S08")), 409)
    assert "overlaps S05 to S09 of insulin, which was allotted to CMO" in said
    wider = {**allotted, "first_serial": "S01", "last_serial": "S04"}
    assert "overlaps S00 to S01" in refused(api.administrator.post("/v1/serial-ranges", wider), 409)
    used = {**allotted, "first_serial": "S02", "last_serial": "S04"}
    assert "S02 of insulin exists already" in refused(api.administrator.post("/v1/serial-ranges", used), 409)
    crooked = {**allotted, "first_serial": "S9", "last_serial": "T50"}
    assert "running numbers of the same length" in refused(api.administrator.post("/v1/serial-ranges", crooked), 422)
    bad = {"pattern": "A B{n:2}", "given_at": "receipt"}
    assert "cannot carry" in refused(
        api.administrator.request("PUT", "/v1/items/insulin/serial-pattern", json=bad), 422
    )
    api.item("bare")
    bad = {"pattern": "B{n:2}", "given_at": "receipt"}
    assert "no GTIN" in refused(api.administrator.request("PUT", "/v1/items/bare/serial-pattern", json=bad), 409)
