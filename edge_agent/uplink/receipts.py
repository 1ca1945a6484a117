"""How the ledger writes receipts (``edge_agent.domain.receipts``), and which of them count: those it has signed."""

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, Field, ValidationError

from edge_agent.domain.wire.journal_gaps import MISSING
from edge_agent.domain.wire.protocol import OLDEST, versions_of
from edge_agent.domain.wire.receipts import HANDOVERS_MAX
from edge_agent.uplink.base import Outcome, Receipt
from edge_agent.uplink.trust import LedgerTrust

RECEIPTS_BYTES_MAX = 1 << 20

OUTCOMES = {outcome.value: outcome for outcome in Outcome}


class NoReceipts(ValueError):
    """These bytes are not an answer of a ledger. ``start`` shows the first of them."""

    def __init__(self, start: bytes) -> None:
        super().__init__(f"this is not a ledger's answer: {start!r}")
        self.start = start


@dataclass(frozen=True, slots=True)
class Parsed:
    """The ledger's own ``receipts``; how many entries were unreadable; and what of those that are not its own.

    ``missing``: what it has not got (:mod:`edge_agent.domain.wire.journal_gaps`), by the digest it was said beside.
    """

    receipts: tuple[Receipt, ...]
    unreadable: int
    forged: tuple[str, ...]
    """Digests."""
    missing: tuple[tuple[str, str], ...] = ()
    protocols: tuple[int, ...] = (OLDEST,)
    """Versions of batches that the ledger says it reads."""


def parse_receipts(answer: bytes, trust: LedgerTrust, *, learns: bool = False) -> Parsed:
    """The receipts in ``answer``. With ``learns`` a key is taken over from it if none is known yet.

    Of an answer that the ledger has not signed as it is, nothing counts. Raises ``NoReceipts``.
    """
    try:
        if len(answer) > RECEIPTS_BYTES_MAX:
            raise NoReceipts(answer[:80])
        said = _Answer.model_validate_json(answer)
    except ValidationError as error:
        raise NoReceipts(answer[:80]) from error
    lines = [each for each in said.receipts if isinstance(each, _ReceiptLine)]
    others = len(said.receipts) - len(lines)
    if not lines:
        return Parsed((), others, ())
    for each in said.handovers[-HANDOVERS_MAX:]:
        if isinstance(each, _HandoverLine):
            trust.follow(each.key, each.by, each.signature)
    if learns:
        trust.learn(said.key)
    words = ((line.digest, line.outcome, line.reason) for line in lines)
    if others or not trust.is_genuine(words, said.key, said.signature):
        return Parsed((), others, tuple(line.digest for line in lines))
    receipts = tuple(Receipt(line.digest, OUTCOMES[line.outcome], line.reason) for line in lines if line.is_readable)
    missing = tuple((line.digest, line.reason) for line in lines if line.outcome == MISSING)
    unreadable = len(lines) - len(receipts) - len(missing)
    return Parsed(receipts, unreadable, (), missing, versions_of(said.protocols))


class _ReceiptLine(BaseModel):
    digest: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    outcome: str
    reason: str

    @property
    def is_readable(self) -> bool:
        """A later ledger may have other outcomes; the signature is over them all the same."""
        return self.outcome in OUTCOMES


class _HandoverLine(BaseModel):
    key: str
    by: str
    signature: str


class _Answer(BaseModel):
    receipts: list[Annotated[_ReceiptLine | Any, Field(union_mode="left_to_right")]]
    key: str = ""
    signature: str = ""
    handovers: list[Annotated[_HandoverLine | Any, Field(union_mode="left_to_right")]] = []
    protocols: Any = None
