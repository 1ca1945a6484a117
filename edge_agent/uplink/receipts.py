"""How the ledger writes receipts (``edge_agent.domain.receipts``), and which of them count: those it has signed."""

from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, Field, ValidationError

from edge_agent.domain.receipts import HANDOVERS_MAX
from edge_agent.uplink.base import Outcome, Receipt
from edge_agent.uplink.trust import LedgerTrust

RECEIPTS_BYTES_MAX = 1 << 20

Line = TypeVar("Line", bound=BaseModel)


class NoReceipts(ValueError):
    """These bytes are not an answer of a ledger. ``start`` shows the first of them."""

    def __init__(self, start: bytes) -> None:
        super().__init__(f"this is not a ledger's answer: {start!r}")
        self.start = start


@dataclass(frozen=True, slots=True)
class Parsed:
    """The ledger's own ``receipts``; how many entries were unreadable; and what of those that are not its own."""

    receipts: tuple[Receipt, ...]
    unreadable: int
    forged: tuple[str, ...]
    """Digests."""


def parse_receipts(answer: bytes, trust: LedgerTrust, *, learns: bool = False) -> Parsed:
    """The receipts in ``answer``. With ``learns`` a key is taken over from it if none is known yet.

    Raises ``NoReceipts``.
    """
    try:
        if len(answer) > RECEIPTS_BYTES_MAX:
            raise NoReceipts(answer[:80])
        said = _Answer.model_validate_json(answer)
    except ValidationError as error:
        raise NoReceipts(answer[:80]) from error
    for each in _lines(_HandoverLine, said.handovers[-HANDOVERS_MAX:]):
        trust.follow(each.key, each.by, each.signature)
    lines = _lines(_ReceiptLine, said.receipts)
    receipts, forged = [], []
    for line in lines:
        if learns:
            trust.learn(line.key)
        if trust.is_genuine(line.digest, line.outcome.value, line.reason, line.key, line.signature):
            receipts.append(Receipt(line.digest, line.outcome, line.reason))
        else:
            forged.append(line.digest)
    return Parsed(tuple(receipts), len(said.receipts) - len(lines), tuple(forged))


class _ReceiptLine(BaseModel):
    digest: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    outcome: Outcome
    reason: str = ""
    key: str = ""
    signature: str = ""


class _HandoverLine(BaseModel):
    key: str
    by: str
    signature: str


class _Answer(BaseModel):
    receipts: list[Any]
    handovers: list[Any] = []


def _lines(model: type[Line], found: list[Any]) -> list[Line]:
    lines = []
    for each in found:
        try:
            lines.append(model.model_validate(each))
        except ValidationError:
            continue
    return lines
