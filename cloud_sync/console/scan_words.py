"""What somebody looks for who scans a label into a field for words."""

from contextlib import suppress
from datetime import date

from edge_agent.domain.barcodes.gs1 import parse, parse_typed
from edge_agent.domain.barcodes.scan_rejected import ScanRejected
from edge_agent.domain.barcodes.scanned import Scanned
from edge_agent.domain.barcodes.symbology import symbol_of


def label_of(text: str, today: date) -> Scanned | None:
    """The label that was scanned or typed into the field of a lot: one that names an item and a lot, else None.

    >>> label = label_of("]d201095011015300031727013110L1", date(2026, 6, 1))
    >>> label.gtin, label.lot, label.expires_on
    ('09501101530003', 'L1', datetime.date(2027, 1, 31))
    >>> label_of("10AB-7", date(2026, 6, 1))
    """
    with suppress(ScanRejected):
        scanned = _scanned(text, today)
        return scanned if scanned.gtin and scanned.lot else None
    return None


def words_of_scan(text: str, today: date) -> str:
    """What to look for: of a GS1 label, as a scanner or a person types it, its lot, or else its GTIN.

    >>> day = date(2026, 6, 1)
    >>> words_of_scan("]d201095011015300031727013110L1", day), words_of_scan("(01)09501101530003(10)L1", day)
    ('L1', 'L1')
    >>> words_of_scan("insulin", day)
    'insulin'
    """
    with suppress(ScanRejected):
        scanned = _scanned(text, today)
        return scanned.lot or scanned.gtin or text
    return text


def _scanned(text: str, today: date) -> Scanned:
    return parse_typed(text, today=today) if text.startswith("(") else parse(symbol_of(text), today=today)
