"""What the ledger signs when it acknowledges a batch, the same on every way. Pure.

An answer is ``{"receipts": [{"digest", "outcome", "reason", "key", "signature"}, ...], "handovers": [{"key", "by",
"signature"}, ...]}``. ``key`` is the Ed25519 public key (base64) behind the ``signature`` (base64). The digest names
one batch of one gateway and no other, so a receipt cannot be used for anything else. A handover is how a ledger changes
its key: the old key says which one comes after it.
"""

from typing import Any

RECEIPT_FORMAT = "lotwarden receipt 1"
HANDOVER_FORMAT = "lotwarden handover 1"
HANDOVERS_MAX = 10
"""At most so many are in an answer, the latest: a gateway that missed more is enrolled again."""

Answer = dict[str, list[dict[str, Any]]]


def receipt_words(digest: str, outcome: str, reason: str) -> bytes:
    """What the signature of a receipt is over."""
    return "\n".join((RECEIPT_FORMAT, digest, outcome, reason)).encode("utf-8", "surrogatepass")


def handover_words(key: str, by: str) -> bytes:
    """What the old key ``by`` signs for ``key`` to come after it."""
    return "\n".join((HANDOVER_FORMAT, by, key)).encode()
