"""Labels as PDF: on sheets, or one label a page for a printer with a driver of its own. Fonts are embedded."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from cloud_sync.errors import Invalid
from cloud_sync.labels.fonts import FILES
from cloud_sync.labels.layout import Drawing
from cloud_sync.labels.sizes import SHEETS

if TYPE_CHECKING:
    from fpdf import FPDF

FAMILY = "label"
OVERLAP = 1.01
"""Rows of modules reach a little into the next: no hairlines of white between them on paper."""


def pdf_of(drawings: Sequence[Drawing], size: str, *, skip: int = 0, title: str = "Labels") -> bytes:
    """The pages. On a sheet the first ``skip`` labels are left out: they were used before.

    The same drawings give the same bytes. Raises ``Invalid``.
    """
    sheet = SHEETS.get(size)
    if skip and (sheet is None or skip >= sheet.labels):
        most = f"0 to {sheet.labels - 1} labels of a sheet" if sheet else "none: this is no sheet"
        raise Invalid(f"{skip} labels cannot be left out", f"Leave out {most}.")
    from fpdf import FPDF  # late: a third of a second that only labels need

    pdf = FPDF(unit="mm", format=sheet.paper_mm if sheet else (drawings[0].width_mm, drawings[0].height_mm))
    pdf.set_auto_page_break(False)
    pdf.set_title(title)
    pdf.set_creation_date(datetime(2000, 1, 1, tzinfo=UTC))  # a label says itself what it is of
    for is_bold, file in FILES.items():
        pdf.add_font(FAMILY, style="B" if is_bold else "", fname=file)
    for number, drawing in enumerate(drawings, start=skip):
        x_mm, y_mm = 0.0, 0.0
        if sheet is not None:
            row, column = divmod(number % sheet.labels, sheet.columns)
            x_mm, y_mm = sheet.left_mm + column * sheet.step_mm[0], sheet.top_mm + row * sheet.step_mm[1]
        if sheet is None or number % sheet.labels == 0 or number == skip:
            pdf.add_page()
        _draw(pdf, drawing, x_mm, y_mm)
    return bytes(pdf.output())


def _draw(pdf: "FPDF", drawing: Drawing, x_mm: float, y_mm: float) -> None:
    pdf.set_fill_color(0)
    for text in drawing.texts:
        pdf.set_font(FAMILY, style="B" if text.is_bold else "", size=text.size_pt)
        pdf.text(x_mm + text.x_mm, y_mm + text.y_mm, text.text)
    for code in drawing.codes:
        for number, row in enumerate(code.modules.rows):
            top_mm = y_mm + code.y_mm + number * code.row_mm
            for start, length in runs(row):
                pdf.rect(
                    x_mm + code.x_mm + start * code.module_mm,
                    top_mm,
                    length * code.module_mm,
                    code.row_mm * OVERLAP,
                    style="F",
                )


def runs(row: Sequence[bool]) -> list[tuple[int, int]]:
    """Where black begins, and how far it goes.

    >>> runs([True, True, False, True])
    [(0, 2), (3, 1)]
    """
    found: list[tuple[int, int]] = []
    start: int | None = None
    for at, is_black in enumerate([*row, False]):
        if is_black and start is None:
            start = at
        elif not is_black and start is not None:
            found.append((start, at - start))
            start = None
    return found
