"""From a document to a PDF/A-3a (ISO 19005-3) and PDF/UA-1 (ISO 14289-1), the same bytes for the same input.

Drawn by typst with the fonts beside this file and no other, so that no machine's own fonts change it. Its only date is
when the paper's data were read. The data go with it as an attachment.
"""

import json
import re
from collections.abc import Mapping
from datetime import UTC
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any
from unicodedata import category

from cloud_sync.papers.datamatrix import datamatrix_svg
from cloud_sync.papers.document import BOX, TICK, Document
from cloud_sync.papers.envelope import Envelope
from cloud_sync.release import lotwarden_version

STANDARDS = ["a-3a", "ua-1"]
DATA_FILE = "lotwarden-paper.json"
MARKS: Mapping[str, str] = {BOX: "\u0001box", TICK: "\u0001tick"}
"""How the template knows boxes: no text of the ledger has this sign, for :func:`_printable` writes it out."""


def made_with() -> str:
    """What draws papers here; another version may draw the same data in other bytes."""
    return f"lotwarden {lotwarden_version()}, typst {version('typst')}"


def pdf_of(document: Document, envelope: Envelope) -> bytes:
    """The paper as a file."""
    import typst  # late: 80 MB that no other command needs

    drawn = document.shown()
    shown = _printable({
        **drawn, "blocks": _breakable(drawn["blocks"]),
        "kind": envelope.kind, "id": envelope.id, "house": envelope.house, "url": envelope.url,
        "made_at": envelope.style.when(envelope.made_at, seconds=True), "made_by": envelope.made_by,
        "zone": envelope.style.zone_words(envelope.made_at), "sha256": envelope.sha256, "page": envelope.style.page,
        "lang": envelope.style.language.value[:2], "made_with": envelope.made_with,
    })  # fmt: skip
    moment = envelope.made_at.astimezone(UTC)
    inputs = {
        "shown": json.dumps(shown, ensure_ascii=False),
        "data": envelope.as_json(),
        "matrix": datamatrix_svg(envelope.url),
        "made": json.dumps([moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second]),
    }
    pdf: bytes = typst.compile(
        _template(), format="pdf", font_paths=[str(_fonts())], ignore_system_fonts=True, sys_inputs=inputs,
        pdf_standards=STANDARDS, timestamp=int(moment.timestamp()),
    )  # type: ignore[call-overload, unused-ignore]  # fmt: skip
    return pdf


@cache
def _template() -> bytes:
    return files("cloud_sync.papers").joinpath("paper.typ").read_bytes()


@cache
def _fonts() -> Path:
    return Path(str(files("cloud_sync.papers").joinpath("fonts")))


@cache
def _letters() -> frozenset[int]:
    """The signs that all our fonts have, but for private ones: what those mean nobody knows, and PDF/A refuses them."""
    from fontTools.ttLib import TTFont  # late: only papers need it

    known = [frozenset(TTFont(path, lazy=True).getBestCmap()) for path in sorted(_fonts().glob("*.otf"))]
    return frozenset(each for each in frozenset.intersection(*known) if category(chr(each)) != "Co")


def kept_together(text: str) -> str:
    """Numbers stay with their units, and dates and times in one piece: no line breaks within them.

    >>> kept_together("8.0 °C on 1 Jun 2026 07:00, 95 % of 3 h 20 min").replace(NO_BREAK, "_")
    '8.0_°C on 1_Jun_2026_07:00, 95_% of 3_h 20_min'
    """
    for pattern in _KEPT:
        text = pattern.sub(NO_BREAK, text)
    return text


def broken_up(text: str) -> str:
    """Words that are longer than a narrow column may break anywhere after their first characters.

    >>> broken_up("lot ABCDEFGHIJKLMNOP").replace(MAY_BREAK, "|")
    'lot ABCDEFGHIJ|K|L|M|N|O|P'
    """
    return _LONG_WORD.sub(lambda word: f"{word[0][:WHOLE]}{MAY_BREAK}{MAY_BREAK.join(word[0][WHOLE:])}", text)


def _breakable(value: Any) -> Any:
    """The same for all text of blocks; drawings and the template's own words stay as they are."""
    if isinstance(value, Mapping):
        return {key: each if key in ("svg", "kind", "alt") else _breakable(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_breakable(each) for each in value]
    return broken_up(value) if isinstance(value, str) and value not in MARKS else value


WHOLE = 10
MAY_BREAK = "\u200b"
_LONG_WORD = re.compile(r"[^\s-]{16,}")
NO_BREAK = "\u00a0"
_KEPT = tuple(
    re.compile(each)
    for each in (
        r"(?<=\d) (?=(?:%|°C|°F|ppm|Pa|hPa|d|h|min|s|AM|PM)(?:\W|$))",
        r"(?<=\b\d) (?=[^\W\d]{3,5}\.? \d{4}\b)|(?<=\b\d\d) (?=[^\W\d]{3,5}\.? \d{4}\b)"
        r"|(?<=\d\.) (?=[^\W\d]{3,5}\.? \d{4}\b)|(?<=[^\W\d]{3}) (?=\d{1,2}, \d{4}\b)",
        r"(?<=[^\W\d]) (?=\d{4}\b)|(?<=\w\.) (?=\d{4}\b)|(?<=\d,) (?=\d{4}\b)",
        r"(?<=\b\d{4}) (?=\d{1,2}:\d{2})",
    )
)


def _printable(value: Any) -> Any:
    """Text as our fonts write it: Latin, Greek, Cyrillic. Other signs by their code point; the data have them all."""
    if isinstance(value, str):
        if value in MARKS:
            return MARKS[value]
        value = kept_together(value)
        if value.isascii() and value.isprintable():
            return value
        letters = _letters()
        return "".join(sign if ord(sign) in letters or sign == "\n" else f"[U+{ord(sign):04X}]" for sign in value)
    if isinstance(value, Mapping):
        return {key: each if key == "svg" else _printable(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_printable(each) for each in value]
    return value
