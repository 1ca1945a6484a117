"""What the ledger signs when it acknowledges batches, the same on every way. Pure.

An answer is ``{"receipts": [{"digest", "outcome", "reason"}, ...], "key", "signature", "handovers": [{"key", "by",
"signature"}, ...]}``. ``key`` is the Ed25519 public key (base64) behind the ``signature`` (base64), which is over all
receipts of the answer at once. A digest names one batch of one gateway and no other, so a receipt cannot be used for
anything else. ``protocols`` are the versions of batches that the ledger reads; a ledger of before leaves it out, and
reads version 1. A handover is how a ledger changes its key: the old key says which one comes after it.
"""

import json
from collections.abc import Iterable
from typing import Any

RECEIPTS_FORMAT = "lotwarden receipts 1"
HANDOVER_FORMAT = "lotwarden handover 1"
HANDOVERS_MAX = 10
"""At most so many are in an answer, the latest: a gateway that missed more is enrolled again."""

Answer = dict[str, Any]


def receipts_words(receipts: Iterable[tuple[str, str, str]]) -> bytes:
    """What the signature of an answer is over: (digest, outcome, reason) of each of its receipts, in their order.

    Two lines: the format, and a JSON array of such arrays, without spaces, anything but ASCII as ``\\uXXXX``.
    """
    return f"{RECEIPTS_FORMAT}\n{json.dumps(list(receipts), separators=(',', ':'))}".encode("ascii")


def handover_words(key: str, by: str) -> bytes:
    """What the old key ``by`` signs for ``key`` to come after it."""
    return "\n".join((HANDOVER_FORMAT, by, key)).encode()
