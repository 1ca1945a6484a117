"""Labels of what the ledger holds: asked for, read back from their pixels, and scanned into the same record again."""

from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pypdfium2
import pytest
from PIL import Image

from cloud_sync.domain.roles import Role
from cloud_sync.labels.printer import address_of
from cloud_sync.labels.settings import LabelSettings, Printer
from cloud_sync.storage.database import Database
from edge_agent.dock.label_joining import line_of
from edge_agent.domain.barcodes.command_codes import Badge, ChoosePlace
from edge_agent.domain.barcodes.scanned import Scanned
from edge_agent.domain.wire.ids import PlaceName
from edge_agent.domain.wire.records import Action
from tests.integration.cloud.actions.compounding.test_compounding import Pharmacy, hour
from tests.support.builders import scan
from tests.support.label_printer import LabelPrinter, label_printer
from tests.support.label_reading import at_the_dock, pages_of, printed_from, scans_in
from tests.support.ledger_api import NOW, Api, Somebody, api_on

TRICKY = 'A(1)/"_1>8%'
GTIN = "00614141000012"
LABEL = {
    "strength": "10 mg/mL", "contents": "10 mL syringe", "handling": "Keep at 2 to 8 °C",
    "warnings": ["FOR INTRAVENOUS USE ONLY"],
}  # fmt: skip


@pytest.fixture
def printer() -> Iterator[LabelPrinter]:
    with label_printer() as opened:
        yield opened


@pytest.fixture
def api(database: Database, printer: LabelPrinter) -> Iterator[Api]:
    settings = LabelSettings("0614141", 1, "St. Mary's Pharmacy", {"dock": Printer(address_of(printer.address))})
    with api_on(database, label_settings=settings) as opened:
        yield opened


def read(who: Somebody, kind: str, thing: str | int, **query: Any) -> Scanned | Any:
    """The one code of a label, from the pixels of its page, as a gateway reads it."""
    (page,) = pages_of(file_of(who, kind, id=thing, **query))
    return at_the_dock(scans_in(page)[0], NOW.date())


def elements_of(code: str) -> object:
    scanned = at_the_dock(code, NOW.date())
    assert isinstance(scanned, Scanned)
    return scanned.elements


def file_of(who: Somebody, kind: str, **query: Any) -> bytes:
    response = who.get(f"/v1/labels/{kind}", **query)
    assert response.is_success, response.text
    return response.content


def refused(who: Somebody, kind: str, thing: str | int, **query: Any) -> tuple[int, str]:
    response = who.get(f"/v1/labels/{kind}", id=thing, **query)
    return response.status_code, response.json()["error"]


def test_labels_of_goods_and_places_lead_back_to_what_they_are_of(api: Api) -> None:
    api.house()
    packs = [{"gtin": GTIN, "base_units": 10}, {"gtin": "00312345678906"}]
    api.item("tablets", title="Amoxicillin 500 mg", gtins=packs)
    lot_id = api.receive(TRICKY, 5, item="tablets")
    item = read(api.reader, "item", "tablets", gtin=GTIN)
    assert (item.gtin, item.lot) == (GTIN, None)
    for name in (lot_id, f"tablets/{TRICKY}"):
        lot = read(api.reader, "lot", name)
        assert (lot.gtin, str(lot.expires_on)) == ("00312345678906", "2027-01-31")
        found = api.reader.rows("/v1/lots", item="tablets", lot_number=lot.lot)
        assert [row["id"] for row in found] == [lot_id]
    assert read(api.reader, "place", "fridge-a") == ChoosePlace(PlaceName("fridge-a"))
    picture = Image.open(BytesIO(file_of(api.reader, "lot", id=lot_id, format="png", size="100x50")))
    assert picture.size == (800, 400) and len(scans_in(picture)) == 1
    assert refused(api.reader, "lot", 999)[0] == 404
    assert refused(api.reader, "item", "insulin") == (409, "insulin has no GTIN")
    assert refused(api.reader, "serial", f"{lot_id}/S1")[0] == 404
    assert refused(api.reader, "lot", lot_id, size="10x10")[0] == 422
    assert refused(api.reader, "container", lot_id)[1] == f"lot {TRICKY} was not compounded here"


def test_one_unit_of_a_lot_has_a_label_once_it_is_known(api: Api) -> None:
    api.house()
    api.item("pen", serial_tracked=True, gtins=[{"gtin": GTIN}])
    lot_id = api.receive("P1", 1, item="pen", serial="S(21)7")
    unit = read(api.reader, "serial", f"{lot_id}/S(21)7")
    assert (unit.gtin, unit.lot, unit.serial) == (GTIN, "P1", "S(21)7")


def test_a_badge_is_printed_by_who_manages_them_and_signs_its_operator_in(api: Api) -> None:
    api.administrator.ok("PUT", "/v1/operators/amy", json={"badge": "amy-7", "active": True})
    response = api.administrator.get("/v1/labels/badge", operator="amy")
    (page,) = pages_of(response.content)
    assert at_the_dock(scans_in(page)[0], NOW.date()) == Badge("amy-7")
    assert api.operator.get("/v1/labels/badge", operator="amy").status_code == 403
    api.administrator.ok("PUT", "/v1/operators/amy", json={"badge": "amy-7", "active": False})
    withdrawn = api.administrator.get("/v1/labels/badge", operator="amy")
    assert (withdrawn.status_code, withdrawn.json()["error"]) == (409, "the badge of amy is withdrawn")


def test_a_tote_gets_a_number_that_no_other_has_and_its_label_leads_to_it(api: Api) -> None:
    api.house()
    first = api.operator.ok("POST", "/v1/totes", json={"note": "1 of 2"})
    second = api.operator.ok("POST", "/v1/totes", json={"note": "2 of 2"})
    assert first["sscc"] != second["sscc"] and first["sscc"].startswith("10614141")
    ((page),) = pages_of(file_of(api.reader, "tote", id=first["sscc"]))
    codes = scans_in(page)
    assert [code[:3] for code in codes] == ["]C1", "]d2"]
    for code in codes:
        scanned = at_the_dock(code, NOW.date())
        assert isinstance(scanned, Scanned)
        assert api.reader.ok("GET", f"/v1/totes/{scanned.sscc}")["note"] == "1 of 2"
    assert [row["note"] for row in api.reader.rows("/v1/totes")] == ["2 of 2", "1 of 2"]
    assert api.operator.post("/v1/orders/SO-9/totes", {}).status_code == 404


def test_without_a_company_prefix_totes_get_no_number(database: Database) -> None:
    with api_on(database) as api:
        answer = api.operator.post("/v1/totes", {})
        assert answer.status_code == 409 and "gs1_company_prefix" in answer.json()["what_to_do"]


def test_a_compounded_container_is_scanned_back_to_its_lot_to_the_minute(
    api: Api, database: Database, printer: LabelPrinter
) -> None:
    pharmacy = Pharmacy(api, database)
    api.administrator.ok("PUT", "/v1/items/syringe", json={"gtins": {GTIN: 1}, "compounding": "503B", "reason": "GTIN"})
    pharmacy.master_record(label=LABEL)
    pharmacy.plan()
    pharmacy.measure((-1, 5.0), (0.5, 5.2), (1.5, 4.8), (3, 5.0))
    pharmacy.run()
    (lot,) = api.reader.rows("/v1/lots", lot_number="P1")
    scanned = read(api.reader, "container", lot["id"])
    assert (scanned.gtin, scanned.lot) == (GTIN, "P1")
    assert (str(scanned.expires_on), str(scanned.expires_hour)) == (lot["expires_on"], lot["expires_hour"])
    assert pharmacy.release().is_success
    pharmacy.say(scan(hour(4), Action.MOVE, "store", "cool-room", line_of(scanned, None)))
    moved = api.reader.rows("/v1/movements", lot_id=lot["id"], place="cool-room")
    assert [row["quantity"] for row in moved if row["action"] == "move"] == [1]
    assert api.reader.rows("/v1/cases", state="open") == []

    api.operator.ok("POST", "/v1/labels/container/print", json={"printer": "dock", "id": str(lot["id"]), "copies": 98})
    assert printer.done.wait(10)
    ((image, copies),) = printed_from(printer.jobs[0])
    assert copies == 98 and elements_of(scans_in(image)[0]) == scanned.elements
    events = api.reader.ok("GET", "/v1/events", params={"subject": f"lot:{lot['id']}", "limit": 1000})
    assert [row["data"]["copies"] for row in events if row["kind"] == "labels_printed"] == [98]
    unknown = api.operator.post("/v1/labels/container/print", {"printer": "127.0.0.1", "id": str(lot["id"])})
    assert unknown.status_code == 404 and "Known are: dock" in unknown.json()["what_to_do"]


def test_a_patient_s_name_is_printed_and_kept_nowhere(api: Api, database: Database) -> None:
    pharmacy = Pharmacy(api, database)
    api.item("drops", gtins=[{"gtin": GTIN}])
    api.administrator.ok("PUT", "/v1/items/drops/compounding", json={"kind": "503A"})
    pharmacy.master_record("drops", label=LABEL)
    pharmacy.plan(item="drops", prescription="RX-77")
    pharmacy.measure((-1, 5.0), (3, 5.0))
    pharmacy.consume(hour(0))
    assert pharmacy.take_out(hour(1)).is_success
    (lot,) = api.reader.rows("/v1/lots", lot_number="P1")
    wanted = {"id": str(lot["id"]), "patient": "Jane Q. Doe"}
    response = api.operator.post("/v1/labels/container/file", wanted)
    assert response.is_success and response.headers["Cache-Control"] == "no-store"
    text = pypdfium2.PdfDocument(response.content)[0].get_textpage().get_text_range().replace("\N{NO-BREAK SPACE}", " ")
    for words in ("Name: Jane Q. Doe", "Rx RX-77", "10 mg/mL", "FOR INTRAVENOUS USE ONLY", "Keep at 2 to 8 °C"):
        assert words in text
    dumped = api.known_as("auditor-9", Role.AUDITOR).get("/v1/events", limit=1000).text
    assert "Jane" not in dumped
    pharmacy.do("reject", {"reason": "cloudy"}, who=api.quality)
    assert refused(api.reader, "container", lot["id"]) == (409, "batch B1 was rejected")
