"""Labels in the console: looked at, taken as a file, printed; what cannot be made says why."""

from collections.abc import Iterator
from io import BytesIO

import pypdfium2
import pytest
from PIL import Image

from cloud_sync.domain.roles import Role
from cloud_sync.labels.printer import address_of
from cloud_sync.labels.settings import LabelSettings, Printer
from cloud_sync.storage.database import Database
from edge_agent.domain.barcodes.command_codes import Badge
from edge_agent.domain.barcodes.scanned import Scanned
from tests.support.console import Console
from tests.support.label_printer import LabelPrinter, label_printer
from tests.support.label_reading import at_the_dock, pages_of, printed_from, scans_in
from tests.support.ledger_api import NOW, Api, api_on
from tests.support.people import PASSWORD, opened_account

GTIN = "00614141000012"


@pytest.fixture
def printer() -> Iterator[LabelPrinter]:
    with label_printer() as opened:
        yield opened


@pytest.fixture
def api(database: Database, printer: LabelPrinter) -> Iterator[Api]:
    settings = LabelSettings("0614141", 1, "", {"dock": Printer(address_of(printer.address))})
    opened_account(database, "otto", Role.OPERATOR)
    opened_account(database, "ada", Role.ADMINISTRATOR)
    with api_on(database, label_settings=settings) as opened:
        opened.house()
        opened.item("tablets", title="Amoxicillin 500 mg", gtins=[{"gtin": GTIN}])
        yield opened


def sign_in(api: Api, person: str) -> None:
    api.client.post("/login", data={"person": person, "password": PASSWORD})


def test_a_lot_s_label_is_looked_at_taken_and_printed(api: Api, printer: LabelPrinter) -> None:
    lot_id = api.receive("A(1)", 5, item="tablets")
    sign_in(api, "otto")
    assert f'href="/labels/lot?id={lot_id}"' in api.client.get(f"/lots/{lot_id}").text
    page = api.client.get(f"/labels/lot?id={lot_id}").text
    assert "As it will look" in page and "Print on dock" in page
    picture = Image.open(BytesIO(api.client.get(f"/labels/lot/picture?id={lot_id}&size=57x32").content))
    pdf = api.client.post("/labels/lot", data={"id": lot_id, "size": "a4-7160", "copies": "3", "skip": "1"}).content
    (paper,) = pages_of(pdf, dpi=300)
    assert len(scans_in(paper)) == 3
    told = api.client.post("/labels/lot", data={"id": lot_id, "size": "57x32", "copies": "2", "to": "printer:dock"})
    assert "2 sent to dock." in told.text
    assert printer.done.wait(10)
    ((image, copies),) = printed_from(printer.jobs[0])
    assert copies == 2
    for one in (picture, image):
        read = at_the_dock(scans_in(one)[0], NOW.date())
        assert isinstance(read, Scanned) and (read.gtin, read.lot) == (GTIN, "A(1)")


def test_a_label_that_does_not_fit_says_so_and_other_sizes_are_offered(api: Api) -> None:
    lot_id = api.receive("A1", 5, item="tablets")
    sign_in(api, "otto")
    small = api.client.get(f"/labels/lot?id={lot_id}&size=12x12")
    assert small.status_code == 422 and "does not fit on a label of 12 x 12 mm" in small.text
    assert "57 × 32 mm" in small.text and "<img" not in small.text.split("<main")[1]
    without = api.client.get("/labels/item?id=insulin")
    assert without.status_code == 409 and "insulin has no gtin" in without.text.lower()


def test_a_tote_of_an_order_gets_its_number_at_the_order_and_its_label_names_where_it_goes(api: Api) -> None:
    api.receive("L1", 10)
    console = Console(api)
    console.sign_in(api.operator)
    out = {"from_place": "main", "to_place": "st-mary", "item": ["insulin"], "quantity": ["5"]}
    order = console.does("/new-order?kind=requisition", "/orders", **out)
    label = console.does(order, f"{order}/totes", note="1 of 2")
    sscc = label.rpartition("=")[2]
    assert f'href="{label}"' in console.page(order)
    assert api.reader.ok("GET", f"/v1/totes/{sscc}")["order"] == order.removeprefix("/orders/")
    pdf = console.send(label, "/labels/tote").content
    text = pypdfium2.PdfDocument(pdf)[0].get_textpage().get_text_range()
    for words in ("To st-mary", "From main", "1 of 2", f"(00){sscc}"):
        assert words in text
    (page,) = pages_of(pdf)
    for scan in scans_in(page):
        read = at_the_dock(scan, NOW.date())
        assert isinstance(read, Scanned) and read.sscc == sscc


def test_a_badge_is_for_those_who_manage_badges(api: Api) -> None:
    api.administrator.ok("PUT", "/v1/operators/amy", json={"badge": "amy-7", "active": True})
    sign_in(api, "otto")
    assert api.client.get("/labels/badge?id=amy").status_code == 403
    assert "Print the badge" not in api.client.get("/administration/operators/amy").text
    api.client.cookies.clear()
    sign_in(api, "ada")
    assert "/labels/badge?id=amy" in api.client.get("/administration/operators/amy").text
    assert "amy-7" not in api.client.get("/labels/badge?id=amy").text
    (page,) = pages_of(api.client.post("/labels/badge", data={"id": "amy", "size": "76x51"}).content)
    assert at_the_dock(scans_in(page)[0], NOW.date()) == Badge("amy-7")
