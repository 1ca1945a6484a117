"""How a gateway says who asks: a signature over what it asks for, when, and a number used once. No secret travels.

::

    Lotwarden-Gateway: gw-cold-1
    Lotwarden-Time: 2026-03-01T08:00:00.000Z
    Lotwarden-Nonce: 32 hex digits
    Lotwarden-Signature: base64 of Ed25519 over signed_words(...)
"""

from datetime import UTC, datetime

GATEWAY_HEADER = "lotwarden-gateway"
TIME_HEADER = "lotwarden-time"
NONCE_HEADER = "lotwarden-nonce"
SIGNATURE_HEADER = "lotwarden-signature"
NOW_HEADER = "lotwarden-now"
"""The ledger's time in an answer of 401: a gateway whose clock is not set yet asks again by that."""
TOLERANCE_S = 300
"""How far the time of a request may be from the ledger's."""


def signed_words(gateway: str, method: str, path: str, at: str, nonce: str) -> bytes:
    """What is signed. It begins unlike a batch, so that neither can stand in for the other.

    ``path`` is the ledger's own (``/v1/desk``), without the prefix under which a proxy may offer it.
    """
    return "\n".join(("LWQ1", gateway, method, path, at, nonce)).encode()


def written(at: datetime) -> str:
    """The time as headers carry it."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
