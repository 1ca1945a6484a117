"""Label sheets as data, and labels on a roll by their measures.

Geometry as the makers print it, checked against the templates of gLabels (MIT). All in millimetres.
"""

import re
from dataclasses import dataclass

from cloud_sync.errors import Invalid

INCH_MM = 25.4


@dataclass(frozen=True, slots=True)
class Sheet:
    """A page of equal labels: the first begins at ``left_mm``, ``top_mm``, the next ones ``step`` further."""

    paper_mm: tuple[float, float]
    columns: int
    rows: int
    width_mm: float
    height_mm: float
    left_mm: float
    top_mm: float
    step_mm: tuple[float, float]

    @property
    def labels(self) -> int:
        """Labels of a page."""
        return self.columns * self.rows


A4 = (210.0, 297.0)
LETTER = (8.5 * INCH_MM, 11 * INCH_MM)


def _letter(columns: int, rows: int, *inches: float) -> Sheet:
    width, height, left, top, step_x, step_y = (each * INCH_MM for each in inches)
    return Sheet(LETTER, columns, rows, width, height, left, top, (step_x, step_y))


SHEETS = {
    "a4-7651": Sheet(A4, 5, 13, 38.1, 21.2, 4.7, 10.9, (40.6, 21.2)),
    "a4-7160": Sheet(A4, 3, 7, 63.5, 38.1, 7.5, 15.5, (66.0, 38.1)),
    "a4-7163": Sheet(A4, 2, 7, 99.1, 38.1, 3.4, 15.2, (103.0, 38.1)),
    "a4-7165": Sheet(A4, 2, 4, 99.1, 67.7, 4.7, 13.0, (101.6, 67.7)),
    "a4-7169": Sheet(A4, 2, 2, 99.1, 139.0, 5.0, 7.1, (101.5, 139.0)),
    "letter-5160": _letter(3, 10, 2.625, 1, 0.1875, 0.5, 2.75, 1),
    "letter-5163": _letter(2, 5, 4, 2, 0.15625, 0.5, 4.1875, 2),
    "letter-5164": _letter(2, 3, 4, 10 / 3, 0.15625, 0.5, 4.1875, 10 / 3),
}
"""By the number that Avery's and compatible sheets bear."""

ROLL = re.compile(r"([0-9]{1,3}(?:\.[0-9])?)x([0-9]{1,3}(?:\.[0-9])?)")
ROLL_MM_MIN, ROLL_MM_MAX = 12.0, 220.0


def is_sheet(size: str) -> bool:
    """Whether ``size`` names a sheet, and not one label."""
    return size in SHEETS


def label_mm(size: str) -> tuple[float, float]:
    """Width and height of one label of ``size``: a sheet's name, or ``57x32`` for a label on a roll.

    Raises ``Invalid``.

    >>> label_mm("57x32")
    (57.0, 32.0)
    """
    if sheet := SHEETS.get(size):
        return sheet.width_mm, sheet.height_mm
    if found := ROLL.fullmatch(size):
        width_mm, height_mm = float(found[1]), float(found[2])
        if all(ROLL_MM_MIN <= each <= ROLL_MM_MAX for each in (width_mm, height_mm)):
            return width_mm, height_mm
    raise Invalid(
        f"there is no label size {size}",
        f"Write width and height in millimetres, such as 57x32 (each {ROLL_MM_MIN:g} to {ROLL_MM_MAX:g}), or the name "
        f"of a sheet: {', '.join(SHEETS)}.",
    )
