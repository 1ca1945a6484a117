"""Every kind of paper of one pharmacy: drawn twice, read back, scanned, looked through, and held against the ledger."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import pypdfium2
import pytest
import zxingcpp
from pypdf import PdfReader, PdfWriter
from pypdf.generic import StreamObject

from cloud_sync.actions.papers.papers import KINDS, Paper, PaperName, make_paper, verify_paper
from cloud_sync.actions.papers.sites import set_site_format
from cloud_sync.domain.site_formats import Language, PageSize, TemperatureUnit
from cloud_sync.errors import Invalid, NotFound
from cloud_sync.papers.reading import envelope_of
from cloud_sync.storage.database import Database
from tests.support.ledger_api import NOW, Api, api_on
from tests.support.paper_house import furnished
from tests.support.paths import ROOT

KEPT = ROOT / "build" / "papers"
"""The papers of this story, for people to look at."""
URL = "https://ledger.example.org"

SAYS: dict[PaperName, tuple[str, ...]] = {
    PaperName.EXCURSION: (
        "Excursion report", "2 lots wait for a decision", "AB12-0O", "released", "above 8 °C", "USP <659>",
        "Vera Miller (vera)", "12 h up to 25 °C are covered", "probe-a",
    ),
    PaperName.HISTORY: ("Insulin glargine 100 IU/mL", "AB12-0O", "0002-8215-01", "acme", "st-mary", "operator-1"),
    PaperName.PASSPORT: ("OUTSIDE LIMITS", "CD34", "10.7 °C", "Mean kinetic temperature", "too-warm"),
    PaperName.RECALL: ("ACME recalls lot EF56", "Visible particles", "100.00 %", "fridge-b", "Quality:"),
    PaperName.BATCH: (
        "Batch record (503B)", "RELEASED", "Draw up 10 mL", "two syringes discarded", "operator-2", "BAL-7",
        "Two syringes were dropped", "No influence", "clear, no particles", "Quinn Miller (quinn)",
    ),
    PaperName.RELEASE: ("Certificate of release", "section 503B", "SYR-1", "It is certified", "Quinn Miller (quinn)"),
    PaperName.DISCREPANCY: ("PO-1 from ACME Pharma, Inc.", "1 discrepancy waits", "+3", "EF56", "OPEN"),
    PaperName.COUNT: ("C-1, Refrigerator B", "EF56", "Initials", "Counted by:"),
    PaperName.CONTROLLED: (
        "Hilltop Clinic", "AS IN THE BOOKS", "Schedules I and II", "Morphine 10 mg/mL", "MO-1", "Second counter:",
    ),
    PaperName.PICK: ("1 position, 12 base units", "Refrigerator A (fridge-a)", "AB12-0O", "CD34", "recall 1"),
    PaperName.PACKING: (
        "Lakeside Hospital Pharmacy", "St. Mary Clinic", "0002-8215-01", "00312345678906", "AB12-0O", "5 vial",
    ),
    PaperName.ROOM: ("Refrigerator A", "May 2026", "MEASURED IN PART", "2.0 to 8.0 °C", "37.8 %", "MKT"),
    PaperName.DESTRUCTION: ("DESTROYED", "GH78", "4 vial", "quality-1", "Witness:"),
    PaperName.AUDIT: ("lot:1, all times", "exposure decided", "vera"),
    PaperName.CALIBRATION: ("probe-a", "20 Jun 2026", "due within 30 days", "its gateway has reported no date"),
    PaperName.DOWNTIME: ("Lakeside Hospital Pharmacy", "Not to be issued", "AB12-0O", "DO NOT ISSUE", "sheet 1 of 4"),
    PaperName.VALIDATION: ("1 DEVIATION", "the door was open", "Python 3.11.2", "is genuine", "URS-01", "Approved by"),
    PaperName.PEDIGREE: ("Pedigree", "AB12-0O", "acme", "Chain of custody", "Key (Ed25519)"),
    PaperName.THEFT: ("SUSPICIOUS", "S-77", "reported as lost", "receive from acme to suite", "operator-1"),
    PaperName.TRACING: ("FDA, J. Doe", "2026-114", "AB12-0O", "ASN-77", "Acme Drug Co.", "s-1 s-2", "complete"),
    PaperName.MONTH: ("Lakeside Hospital Pharmacy", "May 2026", "Apr 2026", "Units received", "137", "18.9 %",
                      "Inventory turns a year"),
}  # fmt: skip


@pytest.fixture
def api(database: Database) -> Iterator[Api]:
    with api_on(database) as api:
        yield api


def made(database: Database, kind: PaperName, paper_id: str) -> Paper:
    # The audit trail has the hours of the machine's clock; everything else those of the story.
    at = datetime.now(UTC) if kind is PaperName.AUDIT else NOW
    return make_paper(database, kind, paper_id, at=at, actor="amy", public_url=URL)


def text_of(pdf: bytes) -> str:
    text = " ".join(page.extract_text() for page in PdfReader(BytesIO(pdf)).pages)
    return " ".join(text.split())


def scanned(pdf: bytes) -> str:
    page = pypdfium2.PdfDocument(pdf)[0].render(scale=3).to_pil()
    (code,) = zxingcpp.read_barcodes(page, formats=zxingcpp.BarcodeFormat.DataMatrix)
    return str(code.text)


def test_every_paper_says_what_is_known_and_is_held_against_it(api: Api) -> None:
    ids = furnished(api)
    assert ids.keys() == set(PaperName) == KINDS.keys()
    KEPT.mkdir(parents=True, exist_ok=True)
    papers = {kind: made(api.database, kind, paper_id) for kind, paper_id in ids.items()}
    for kind, paper in papers.items():
        (KEPT / paper.file_name).write_bytes(paper.pdf)
        is_well_made(paper)
        text = text_of(paper.pdf)
        for said in SAYS[kind]:
            assert said in text, (kind, said, text)
        verdict = verify_paper(api.database, paper.pdf)
        assert verdict.is_good, (kind, verdict.changes, verdict.gone, verdict.is_as_drawn)
    again = made(api.database, PaperName.EXCURSION, ids[PaperName.EXCURSION])
    assert again.pdf == papers[PaperName.EXCURSION].pdf, "the same bytes for the same input"
    what_changed_is_named(api, papers)
    what_was_tampered_with_is_told(api.database, papers[PaperName.PASSPORT].pdf)
    a_site_writes_its_own_way(api, ids)
    everybody_prints_it(api, ids)


def is_well_made(paper: Paper) -> None:
    reader = PdfReader(BytesIO(paper.pdf))
    about = reader.xmp_metadata
    assert about is not None and b"pdfaid" in about.stream.get_data() and b"pdfuaid" in about.stream.get_data()
    for number, page in enumerate(reader.pages, start=1):
        text = " ".join(page.extract_text().split())
        assert f"Page {number} of {len(reader.pages)}" in text
        assert paper.envelope.sha256 in text and paper.envelope.id in text
        fonts: Any = page["/Resources"]["/Font"]  # type: ignore[index]
        for font in fonts.values():
            (inner,) = font.get_object()["/DescendantFonts"]
            assert {"/FontFile2", "/FontFile3"} & inner.get_object()["/FontDescriptor"].keys(), "embedded"
    (data,) = reader.attachments["lotwarden-paper.json"]
    assert json.loads(data)["sha256"] == paper.envelope.sha256
    assert scanned(paper.pdf) == paper.envelope.url


def what_changed_is_named(api: Api, papers: dict[PaperName, Paper]) -> None:
    excursion, lot = papers[PaperName.EXCURSION], papers[PaperName.PASSPORT].envelope.id
    body = {
        "excursion_id": int(excursion.envelope.id),
        "lot_id": int(lot),
        "decision": "reject",
        "reason": "too warm",
    }
    api.quality.ok("POST", "/v1/dispositions", json=body)
    verdict = verify_paper(api.database, excursion.pdf)
    assert (verdict.is_intact, verdict.is_as_drawn, verdict.is_good) == (True, True, False)
    assert ("lots[1].decision", "nothing", "reject") in verdict.changes
    assert verify_paper(api.database, papers[PaperName.ROOM].pdf).is_good, "of what did not change, nothing is said"


def what_was_tampered_with_is_told(database: Database, pdf: bytes) -> None:
    envelope, sha256 = envelope_of(pdf)
    moved = envelope.model_copy(update={"data": envelope.data | {"outside_s": 0.0}})
    forged = _with_data(pdf, moved.as_json().replace(moved.sha256, sha256))
    assert verify_paper(database, forged).is_intact is False
    redrawn = _with_data(pdf, envelope.as_json())
    found = verify_paper(database, redrawn)
    assert (found.is_intact, found.is_as_drawn, found.is_good) == (True, False, False), "pages were put together anew"
    older = envelope.model_copy(update={"made_with": "lotwarden 0.0.1, typst 0.1"})
    assert verify_paper(database, _with_data(pdf, older.as_json())).is_as_drawn is None
    both = PdfWriter(clone_from=BytesIO(pdf))
    both.add_attachment("another.json", moved.as_json().encode())
    merged = BytesIO()
    both.write(merged)
    for nothing in (merged.getvalue(), b"", b"%PDF-1.7\nstream\nendstream", b"GIF89a"):
        with pytest.raises(Invalid):
            verify_paper(database, nothing)


def _with_data(pdf: bytes, data: str) -> bytes:
    """The pages of a paper with other data attached."""
    writer = PdfWriter(clone_from=BytesIO(pdf))
    size = int(PdfReader(BytesIO(pdf)).trailer["/Size"])
    objects = [writer.get_object(number) for number in range(1, size)]
    (attached,) = [
        each for each in objects if isinstance(each, StreamObject) and each.get_data().startswith(b'{"data"')
    ]
    attached.set_data(data.encode())
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


def a_site_writes_its_own_way(api: Api, ids: dict[PaperName, str]) -> None:
    american = {"language": Language.AMERICAN, "temperature": TemperatureUnit.FAHRENHEIT, "page": PageSize.LETTER}
    set_site_format(api.database, "main", **american, actor="admin")  # type: ignore[arg-type]
    paper = made(api.database, PaperName.PASSPORT, ids[PaperName.PASSPORT])
    (KEPT / "thermal-passport-in-fahrenheit.pdf").write_bytes(paper.pdf)
    text = text_of(paper.pdf)
    assert "51.3 °F" in text and "Aug 31, 2026" in text and "1:20 AM" in text and "°C" not in text
    (page,) = PdfReader(BytesIO(paper.pdf)).pages
    assert (float(page.mediabox.width), float(page.mediabox.height)) == (612, 792)
    with pytest.raises(Invalid, match="not a site"):
        set_site_format(api.database, "fridge-a", **american, actor="admin")  # type: ignore[arg-type]
    with pytest.raises(NotFound):
        set_site_format(api.database, "nowhere", **american, actor="admin")  # type: ignore[arg-type]
    (event,) = api.reader.ok("GET", "/v1/events", params={"kind": "site_format_changed"})
    assert event["changes"]["temperature"] == {"old": "C", "new": "F"}


def everybody_prints_it(api: Api, ids: dict[PaperName, str]) -> None:
    for kind, paper_id in ids.items():
        answer = api.reader.get(f"/v1/papers/{kind}/{paper_id}")
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf"), answer.text
        assert verify_paper(api.database, answer.content).is_good
    assert [row["kind"] for row in api.reader.ok("GET", "/v1/papers")] == list(PaperName)
    assert api.operator.get("/v1/papers/audit-extract/lot:1").status_code == 403
    assert api.operator.get("/v1/papers/Audit-extract/lot:1").status_code == 422
    missing = (
        "lot-history/999",
        "lot-history/x",
        "room-report/nowhere:2026-05",
        "excursion-report/99",
        "count-sheet/C-9",
    )
    assert {api.reader.get(f"/v1/papers/{path}").status_code for path in missing} == {404}
    wrong = ("room-report/fridge-a:2026-13", "monthly-report/fridge-a:2026-05", "pick-list/PO-1", "audit-extract/@")
    assert {api.reader.get(f"/v1/papers/{path}").status_code for path in wrong} == {422}
    assert api.reader.get("/v1/papers/certificate-of-release/B-none").status_code == 404
    pages = {
        f"/quarantine/{ids[PaperName.EXCURSION]}": "excursion-report", f"/lots/{ids[PaperName.HISTORY]}": "lot-history",
        f"/orders/{ids[PaperName.PICK]}": "pick-list", f"/counts/{ids[PaperName.COUNT]}": "count-sheet",
        f"/recalls/{ids[PaperName.RECALL]}": "recall-report", f"/orders/{ids[PaperName.DESTRUCTION]}": "destruction",
        f"/production-batches/{ids[PaperName.BATCH]}": "certificate-of-release", "/rooms/fridge-a": "room-report",
        f"/orders/{ids[PaperName.DISCREPANCY]}": "receiving-discrepancy", "/reports": "/papers",
    }  # fmt: skip
    for page, link in pages.items():
        text = api.client.get(page).text
        (href, *_) = [each for each in re.findall(r'href="(/papers[^"]*)"', text) if link in each]
        answer = api.client.get(href)
        assert answer.status_code == 200, (page, href)
    chosen = api.client.get("/papers/of-month", params={"kind": "room-report", "of": "fridge-a", "month": "2026-05"})
    assert chosen.content.startswith(b"%PDF-")
