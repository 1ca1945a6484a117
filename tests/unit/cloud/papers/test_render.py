"""Documents become PDFs, whatever stands in them: any letters, any length, nothing at all."""

from datetime import UTC, datetime, timedelta
from io import BytesIO

from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from cloud_sync.papers.chart import Curve, Point, chart_svg
from cloud_sync.papers.document import BOX, TICK, Col, Document, Facts, Heading, Picture, Status, Table, Text, Tone
from cloud_sync.papers.envelope import Envelope
from cloud_sync.papers.reading import envelope_of
from cloud_sync.papers.render import pdf_of
from cloud_sync.papers.style import PaperStyle

AT = datetime(2026, 6, 1, 12, tzinfo=UTC)
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=60)


def envelope(**data: object) -> Envelope:
    return Envelope(
        kind="lot-history", id="7", made_at=AT, made_by="amy", made_with="x", url="https://example.org/lots/7",
        house="Main", style=PaperStyle(), data=data,
    )  # fmt: skip


def curve(*points: Point) -> Curve:
    return Curve("temp_c", AT, AT + timedelta(hours=8), points, 2.0, 8.0, [(AT, AT + timedelta(hours=1))], 900.0)


def test_what_looks_like_markup_is_text() -> None:
    said = '#panic() *bold* $x$ `raw` <label> @ref \\ // /* { } [ ] "quoted" https://x.example'
    document = Document("Lot history", said, [Heading(said), Text(said), Facts([("Lot", said)])])
    text = " ".join(PdfReader(BytesIO(pdf_of(document, envelope()))).pages[0].extract_text().split())
    assert text.count("#panic() *bold* $x$ `raw` <label>") == 4


def test_a_private_sign_that_a_font_happens_to_have_is_told_by_its_code_point() -> None:
    document = Document("Lot history", "A \ue000 note", [Text("nothing else")])
    text = PdfReader(BytesIO(pdf_of(document, envelope()))).pages[0].extract_text()
    assert "[U+E000]" in text


@settings(max_examples=25, deadline=None)
@given(TEXT, TEXT)
def test_any_text_is_drawn_and_comes_back_whole(one: str, two: str) -> None:
    document = Document(
        "Lot history", one,
        [
            Status(one, two, Tone.WARN), Text(two),
            Table([Col(one), Col("Lot", "1fr", is_code=True)], [(one, two), (BOX, TICK)]),
        ],
    )  # fmt: skip
    known = envelope(one=one, two=[two])
    assert envelope_of(pdf_of(document, known)) == (known, known.sha256)


def test_a_curve_breaks_where_nothing_was_measured_and_says_so_where_nothing_was_at_all() -> None:
    first, later = Point(AT, 4.0, 5.0, 6.0), Point(AT + timedelta(hours=4), 4.0, 5.0, 6.0)
    near = Point(AT + timedelta(minutes=10), 4.0, 5.0, 6.0)
    style = PaperStyle()
    assert chart_svg(curve(first, near, later), style).count("<polyline") == 2
    assert "nothing was measured" in chart_svg(curve(), style)
    flat = chart_svg(Curve("temp_c", AT, AT, [first], None, None, [], 900.0), style)
    assert "limit" not in flat
    pdf_of(
        Document("Room report", "x", [Picture(flat, "a curve"), Picture(chart_svg(curve(), style), "none")]), envelope()
    )
