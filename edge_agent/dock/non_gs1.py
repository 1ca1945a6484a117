"""Codes that name a product, but not by GS1: HIBC codes, IFA codes (PPN) and NDCs."""

import re
from datetime import date

from edge_agent.domain.barcodes.hibc import is_hibc, parse_hibc
from edge_agent.domain.barcodes.item_codes import scanned_ndc
from edge_agent.domain.barcodes.ppn import is_format_06, parse_format_06
from edge_agent.domain.barcodes.scanned import Scanned
from edge_agent.domain.barcodes.symbology import Content, Symbol


def parse_foreign(symbol: Symbol, *, today: date) -> Scanned | None:
    """What a HIBC code, an IFA code or an NDC says, seen on the day ``today``; None for everything else.

    Ten or eleven bare digits are an NDC only in a symbol that the scanner says is plain: without that they may as well
    be a GS1 lot. Twelve are a UPC. Raises ``ScanRejected`` for a HIBC or IFA code that does not hold together.
    """
    if is_hibc(symbol):
        return parse_hibc(symbol, today=today)
    if is_format_06(symbol):
        return parse_format_06(symbol, today=today)
    is_bare = symbol.content is Content.PLAIN and re.fullmatch(r"[0-9]{10,11}", symbol.body) is not None
    has_segments = symbol.is_not_gs1 and "-" in symbol.body
    code = scanned_ndc(symbol.body) if is_bare or has_segments else None
    return Scanned(symbol.text, symbol.aim, (), codes=(code,)) if code else None
