"""How the ledger writes receipts, the same on every way: ``{"receipts": [{"digest", "outcome", "reason"}, ...]}``."""

from typing import Annotated, Any

from pydantic import BaseModel, Field, ValidationError

from edge_agent.uplink.base import Outcome, Receipt

RECEIPTS_BYTES_MAX = 1 << 20


class NoReceipts(ValueError):
    """These bytes are not an answer of a ledger. ``start`` shows the first of them."""

    def __init__(self, start: bytes) -> None:
        super().__init__(f"this is not a ledger's answer: {start!r}")
        self.start = start


def parse_receipts(answer: bytes) -> tuple[tuple[Receipt, ...], int]:
    """The receipts in ``answer``, and how many entries were unreadable. Raises ``NoReceipts``."""
    try:
        if len(answer) > RECEIPTS_BYTES_MAX:
            raise NoReceipts(answer[:80])
        lines = _Answer.model_validate_json(answer).receipts
    except ValidationError as error:
        raise NoReceipts(answer[:80]) from error
    receipts = []
    for line in lines:
        try:
            receipt = _ReceiptLine.model_validate(line)
        except ValidationError:
            continue
        receipts.append(Receipt(receipt.digest, receipt.outcome, receipt.reason))
    return tuple(receipts), len(lines) - len(receipts)


class _ReceiptLine(BaseModel):
    digest: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    outcome: Outcome
    reason: str = ""


class _Answer(BaseModel):
    receipts: list[Any]
