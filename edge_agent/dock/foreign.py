"""Codes that name a product, but neither by a GTIN nor with a lot: refused in their own words instead of guessed at."""

from edge_agent.domain.aim import Content, split_aim
from edge_agent.domain.hibc import is_hibc, parse_primary
from edge_agent.domain.ndc import Ndc, parse_ndc
from edge_agent.domain.scan_rejected import ScanRejected

HINT = "Scan the GS1 DataMatrix or GS1-128 on the box; if it has none, set the box aside and book it at the ledger"


def refuse_foreign(scanned: str) -> None:
    """Raises ``ScanRejected`` if ``scanned`` is a HIBC code or an NDC; returns for everything else."""
    aim, content, text = split_aim(scanned)
    if is_hibc(scanned):
        product = parse_primary(scanned)
        name = f"HIBC product {product.product} of labeler {product.labeler}"
        reason = f"{name}: the code has no lot, and which item it is, only the ledger can say"
        raise ScanRejected(scanned, at=len(aim), reason=reason, hint=HINT)
    ndc = _ndc(text) if content in (Content.PLAIN, Content.UNKNOWN) and text.count("-") == 2 else None
    if ndc is not None:
        raise ScanRejected(scanned, at=len(aim), reason=f"NDC {ndc}: the code has no lot", hint=HINT)


def _ndc(text: str) -> Ndc | None:
    try:
        return parse_ndc(text)
    except ValueError:
        return None
