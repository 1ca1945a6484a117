"""What stands where on a label: the code with its quiet zone, and the rows in the largest letters that fit.

A module of the code is a whole number of a printer's dots at 203 and 300 dpi. No letters are smaller than can be read,
and nothing is cut off: what does not fit raises ``Invalid``.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cloud_sync.errors import Invalid
from cloud_sync.labels.content import Content, Rank, Row
from cloud_sync.labels.fonts import check_letters, width_of
from cloud_sync.labels.symbols import Modules, Symbology, modules_of

POINT_MM = 25.4 / 72
MODULES_MM = (0.5, 0.375, 0.25)
"""Widths of a module, the best first: 4, 3 and 2 dots of a printer with 8 dots a millimetre. Healthcare goods take
0.255 to 0.495 mm (GS1 General Specifications 5.12.3, tables 6 and 8)."""
LARGE_MM, LARGE_MODULE_MM = 60.0, 0.75
"""A label that is so large on both sides is read from afar."""
QUIET_MODULES = {Symbology.DATAMATRIX: 2, Symbology.LINEAR: 10}
"""White around a code: ISO/IEC 16022 asks for one module, GS1-128 for ten."""
LINEAR_HEIGHT_MM = (8.0, 32.0)
SIZES_PT = {Rank.HEAD: (16.0, 7.0), Rank.STRONG: (11.5, 6.5), Rank.NORMAL: (9.0, 6.0), Rank.SMALL: (7.0, 5.5)}
"""The largest and the smallest letters of each rank."""
SCALES = (2.4, 2.0, 1.7, 1.4, 1.2, 1.0, 0.92, 0.85, 0.78, 0.72, 0.66, 0.6, 0.54, 0.48)
COMFORTABLE = 0.72
"""Below this scale smaller modules are preferred to smaller letters, but never the smallest ones."""
BOLD = frozenset({Rank.HEAD, Rank.STRONG})
LINE = 1.2
"""Height of a line in letters' sizes."""
NO_BREAK = "\N{NO-BREAK SPACE}"
UNIT_FOLLOWS = re.compile(r"(?<=[0-9]) (?=[%‰°]|(?:mcg|IU|units?|hours?|days?|[kmcdµnp]?(?:g|l|L|m|mol|Eq))\b)")
"""Between a number and its unit no line ends: 875 at the end of one line and mg on the next are misread."""
LETTERS_GROW_FROM_MM = 40.0
"""Where there is more room than this to both sides, letters are larger in proportion."""
ASCENT = 0.78
READABLE_PT = (9.0, 5.0)


@dataclass(frozen=True, slots=True)
class Text:
    """``text`` from ``x_mm`` on the base line ``y_mm``."""

    x_mm: float
    y_mm: float
    size_pt: float
    is_bold: bool
    text: str


@dataclass(frozen=True, slots=True)
class Code:
    """A symbol with its upper left corner; each row of modules is ``row_mm`` high."""

    x_mm: float
    y_mm: float
    module_mm: float
    row_mm: float
    modules: Modules


@dataclass(frozen=True, slots=True)
class Drawing:
    """One label."""

    width_mm: float
    height_mm: float
    texts: tuple[Text, ...]
    codes: tuple[Code, ...]


@dataclass(frozen=True, slots=True)
class _Box:
    x_mm: float
    y_mm: float
    width_mm: float
    height_mm: float


def laid_out(content: Content, width_mm: float, height_mm: float, symbologies: Sequence[Symbology] = ()) -> Drawing:
    """The label in this size. ``symbologies``: how to draw the code, if not as the content says.

    Raises ``Invalid`` if it does not fit.
    """
    for row in content.rows:
        check_letters(row.text)
    wanted = tuple(symbologies) or content.symbologies
    margin_mm = 2.0 if min(width_mm, height_mm) >= 20 else 1.2
    box = _Box(margin_mm, margin_mm, width_mm - 2 * margin_mm, height_mm - 2 * margin_mm)
    codes: list[Code] = []
    texts: list[Text] = []
    if Symbology.LINEAR in wanted:
        code, readable, box = _linear(modules_of(content.payload, Symbology.LINEAR), content.payload.readable, box)
        codes.append(code)
        texts.append(readable)
    if Symbology.DATAMATRIX in wanted:
        code, rows = _beside(modules_of(content.payload, Symbology.DATAMATRIX), content.rows, box)
        codes.append(code)
    else:
        rows = _fitted(content.rows, box)[1]
    if not rows:
        raise _too_small(width_mm, height_mm)
    return Drawing(width_mm, height_mm, (*rows, *texts), tuple(codes))


def _linear(modules: Modules, readable: str, box: _Box) -> tuple[Code, Text, _Box]:
    """A linear code with its text at the foot of ``box``, and what is left above."""
    quiet = 2 * QUIET_MODULES[Symbology.LINEAR]
    page_mm = box.width_mm + 2 * box.x_mm  # the margins are quiet, too
    module_mm = next((each for each in MODULES_MM if (modules.width + quiet) * each <= page_mm), None)
    if module_mm is None:
        raise Invalid(
            f"its linear barcode is {(modules.width + quiet) * MODULES_MM[-1]:.0f} mm wide at least; this label is "
            f"{page_mm:.0f} mm",
            "Choose a wider label, or the DataMatrix alone.",
        )
    low, high = LINEAR_HEIGHT_MM
    height_mm = min(high, max(low, 0.3 * box.height_mm))
    size_pt, least_pt = READABLE_PT
    while size_pt > least_pt and width_of(readable, size_pt * POINT_MM, False) > box.width_mm:
        size_pt -= 0.25
    line_mm = size_pt * POINT_MM * LINE
    top_mm = box.y_mm + box.height_mm - height_mm - line_mm
    width_mm = modules.width * module_mm
    text_mm = width_of(readable, size_pt * POINT_MM, False)
    if text_mm > box.width_mm or top_mm < box.y_mm:
        raise Invalid("its linear barcode does not fit on this label", "Choose a larger one, or the DataMatrix alone.")
    x_mm = (page_mm - width_mm) / 2
    code = Code(x_mm, top_mm, module_mm, height_mm, modules)
    base_mm = top_mm + height_mm + line_mm * 0.85
    text = Text((page_mm - text_mm) / 2, base_mm, size_pt, False, readable)
    return code, text, _Box(box.x_mm, box.y_mm, box.width_mm, box.height_mm - height_mm - line_mm - 1.5)


def _beside(modules: Modules, rows: Sequence[Row], box: _Box) -> tuple[Code, tuple[Text, ...]]:
    """A square code at the left and the rows at its right: large modules, unless letters become small by it."""
    best: tuple[float, Code, tuple[Text, ...]] | None = None
    is_large = min(box.width_mm, box.height_mm) >= LARGE_MM
    for module_mm in (LARGE_MODULE_MM, *MODULES_MM) if is_large else MODULES_MM:
        side_mm = modules.width * module_mm
        gap_mm = max(2.0, 2 * QUIET_MODULES[Symbology.DATAMATRIX] * module_mm)
        room = _Box(box.x_mm + side_mm + gap_mm, box.y_mm, box.width_mm - side_mm - gap_mm, box.height_mm)
        if best is not None and module_mm == MODULES_MM[-1]:
            break
        if side_mm > box.height_mm or room.width_mm < 0.35 * box.width_mm:
            continue
        scale, texts = _fitted(rows, room)
        if texts and (best is None or (scale > best[0] and best[0] < COMFORTABLE)):
            code = Code(box.x_mm, box.y_mm + (box.height_mm - side_mm) / 2, module_mm, module_mm, modules)
            best = (scale, code, texts)
    if best is None:
        raise _too_small(box.width_mm + 2 * box.x_mm, box.height_mm + 2 * box.y_mm)
    return best[1], best[2]


def _fitted(rows: Sequence[Row], box: _Box) -> tuple[float, tuple[Text, ...]]:
    """The rows in the largest scale that fits ``box``, in its middle from top to bottom; no texts if none does."""
    largest = max(1.0, min(box.width_mm, box.height_mm) / LETTERS_GROW_FROM_MM)
    for scale in (each for each in SCALES if each <= largest):
        lines = list(_lines_of(rows, scale, box.width_mm))
        height_mm = sum(size_pt * POINT_MM * LINE for size_pt, _, _ in lines)
        if all(text for _, _, text in lines) and height_mm <= box.height_mm:
            return scale, tuple(_stacked(lines, box, (box.height_mm - height_mm) / 2))
    return 0.0, ()


def _stacked(lines: list[tuple[float, bool, str]], box: _Box, above_mm: float) -> Iterator[Text]:
    y_mm = box.y_mm + above_mm
    for size_pt, is_bold, text in lines:
        size_mm = size_pt * POINT_MM
        yield Text(box.x_mm, y_mm + size_mm * (ASCENT + (LINE - 1) / 2), size_pt, is_bold, text)
        y_mm += size_mm * LINE


def _lines_of(rows: Sequence[Row], scale: float, width_mm: float) -> Iterator[tuple[float, bool, str]]:
    """Size, boldness and text of each line; no letters are larger than those of the first row."""
    most_pt = float("inf")
    for row in rows:
        for line in _lines(row, scale, width_mm, most_pt):
            most_pt = min(most_pt, line[0]) if row is rows[0] else most_pt
            yield line


def _lines(row: Row, scale: float, width_mm: float, most_pt: float) -> Iterator[tuple[float, bool, str]]:
    """The lines of one row; an empty text if a word is too wide for the smallest letters."""
    largest, smallest = SIZES_PT[row.rank]
    is_bold = row.rank in BOLD
    size_pt = max(min(largest * scale, most_pt), smallest)
    words = UNIT_FOLLOWS.sub(NO_BREAK, row.text).split(" ")
    longest_mm = max(width_of(word, size_pt * POINT_MM, is_bold) for word in words) if words else 0.0
    if longest_mm > width_mm:
        size_pt *= width_mm / longest_mm
        if size_pt < smallest:
            yield smallest, is_bold, ""
            return
    line = ""
    for word in words:
        longer = f"{line} {word}" if line else word
        if width_of(longer, size_pt * POINT_MM, is_bold) > width_mm + 1e-6 and line:
            yield size_pt, is_bold, line
            line = word
        else:
            line = longer
    yield size_pt, is_bold, line


def _too_small(width_mm: float, height_mm: float) -> Invalid:
    return Invalid(
        f"this does not fit on a label of {width_mm:g} x {height_mm:g} mm in letters that can be read",
        "Choose a larger label; nothing is cut off.",
    )
