"""The page for people in an evidence file: what happened, who decided, and what vouches for it."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from fpdf import FPDF
from fpdf.enums import WrapMode

from cloud_sync.domain.personal_data import ERASED, told
from cloud_sync.storage.database import Row
from edge_agent.domain.seal.notes import opened_note

TITLES = {
    "excursion_version": "Excursion, as it became known",
    "exception_case": "Exception cases",
    "hold": "Holds",
    "disposition": "Decisions",
    "signature": "Signatures",
    "movement": "Movements",
    "event": "Audit trail",
    "word_erasure": "Erasures of words",
    "erased_row": "Rows that words were erased from",
    "evidence": "Batches of gateways",
}
LEFT_OUT = {"id", "data", "raw", "digest", "previous"}
LINE_MM, TEXT_PT, HEADING_PT, TITLE_PT = 4.5, 8, 11, 15
VALUE_CHARACTERS_MAX = 200


def report_pdf(evidence: dict[str, Any], readings: Sequence[Row], batches: Sequence[int]) -> bytes:
    """A PDF of ``evidence.json`` and a summary of the readings."""
    checkpoint, signatures = opened_note(evidence["checkpoint"])
    pdf = FPDF()
    pdf.set_creation_date(datetime.fromisoformat(evidence["made_at"]))
    pdf.set_title(f"Evidence of {evidence['case']}")
    pdf.add_page()
    _line(pdf, f"Evidence of {evidence['case']}", TITLE_PT, bold=True)
    _line(pdf, f"Made {evidence['made_at']} from ledger {checkpoint.origin}")
    _line(pdf, f"Sealed in a tree of {checkpoint.size} rows; root {checkpoint.root.hex()}")
    witnesses = [each.name for each in signatures if each.name != checkpoint.origin]
    _line(pdf, f"Witnessed by gateways: {', '.join(witnesses) or 'none yet'}")
    if readings:
        values = [row["value"] for row in readings]
        _line(
            pdf,
            f"{len(values)} readings of {readings[0]['device']} {readings[0]['metric']}: {min(values):g} to "
            f"{max(values):g}, from {readings[0]['at']:%Y-%m-%d %H:%M:%S} to {readings[-1]['at']:%Y-%m-%d %H:%M:%S} "
            "UTC; all in readings.csv",
        )
    _line(
        pdf, f"{len(batches)} signed batches are enclosed. Check everything offline: python3 verify.py FILE --key KEY"
    )
    names = {each["token"]: each["value"] or ERASED for each in evidence["personal"]}
    for table, title in TITLES.items():
        rows = [row for row in evidence["rows"] if row["table"] == table]
        if rows:
            pdf.ln(LINE_MM)
            _line(pdf, f"{title} ({len(rows)})", HEADING_PT, bold=True)
            for row in rows:
                _line(pdf, f"{row['key']} (leaf {row['index']}): {_said(told(json.loads(row['text']), names))}")
    return bytes(pdf.output())


def _said(row: dict[str, Any]) -> str:
    said = [
        f"{name} {_short(value)}" for name, value in row.items() if name not in LEFT_OUT and value not in (None, "", {})
    ]
    if row.get("data"):
        said.append(_short(row["data"]))
    return "; ".join(said)


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= VALUE_CHARACTERS_MAX else text[:VALUE_CHARACTERS_MAX] + "..."


def _line(pdf: FPDF, text: str, size_pt: int = TEXT_PT, *, bold: bool = False) -> None:
    pdf.set_font("helvetica", "B" if bold else "", size_pt)
    # The fonts of every PDF reader have Latin letters only; evidence.json has all of them.
    plain = text.encode("latin-1", "replace").decode("latin-1")
    pdf.multi_cell(0, LINE_MM * size_pt / TEXT_PT, plain, new_x="LMARGIN", new_y="NEXT", wrapmode=WrapMode.CHAR)
