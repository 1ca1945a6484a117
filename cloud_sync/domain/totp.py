"""One-time codes of an authenticator app (RFC 6238 on RFC 4226, SHA-1, 30 seconds, six digits: what every app speaks).

>>> hotp(b"12345678901234567890", 0)  # RFC 4226, appendix D
'755224'
"""

import base64
import hashlib
import hmac
from datetime import datetime

STEP_S = 30
DIGITS = 6
SECRET_BYTES = 20
"""RFC 4226, section 4, R6: 160 bits."""
STEPS_APART_MAX = 1
"""Clocks of telephones are this many steps off, either way (RFC 6238, section 5.2)."""


def hotp(secret: bytes, counter: int, digits: int = DIGITS) -> str:
    """The code for a counter (RFC 4226, section 5.3)."""
    digest = hmac.new(secret, counter.to_bytes(8, "big"), hashlib.sha1).digest()
    offset = digest[-1] & 0x0F
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFFFFFF
    return f"{number % 10**digits:0{digits}d}"


def step_at(at: datetime) -> int:
    """The time step of an aware time."""
    return int(at.timestamp()) // STEP_S


def step_of_code(secret: bytes, code: str, at: datetime, *, after: int = 0) -> int | None:
    """Of which step ``code`` is, if it is a good one at that time and of a step later than ``after``; else None."""
    now = step_at(at)
    for step in range(now - STEPS_APART_MAX, now + STEPS_APART_MAX + 1):
        if step > after and hmac.compare_digest(hotp(secret, step).encode(), code.encode()):
            return step
    return None


def uri_of(secret: bytes, person: str, issuer: str = "Lotwarden") -> str:
    """What the app reads from a QR code (Google's key URI format). Names have no characters that need escapes."""
    shown = base64.b32encode(secret).decode().rstrip("=")
    return f"otpauth://totp/{issuer}:{person}?secret={shown}&issuer={issuer}&digits={DIGITS}&period={STEP_S}"
