"""What a desk knows of badges: digests, by which a dock recognises a badge and from which none can be printed.

A badge is short and could be tried out: scrypt (RFC 7914) makes each try cost milliseconds and megabytes, and the salt
of the site keeps the tries of one site from being worth anything at another.
"""

import hashlib
import hmac
import re

SALT_BYTES = 16
COST = {"n": 2**12, "r": 8, "p": 1}
"""About 4 MiB and, on a Raspberry Pi 4, some 30 ms for each badge that is scanned."""


PIN = re.compile(r"[0-9]{4,8}")
PIN_DIGITS_MAX = 8
KEPT_PIN = r"^[0-9a-f]{32}:[0-9a-f]{32}$"
"""How a PIN is kept: salt and digest. Who has the file can try all PINs in minutes: it keeps a copied badge from being
worth anything at a dock, and no more."""


def kept_pin(pin: str, salt: bytes) -> str:
    """A PIN as it is kept, with a salt of its own of ``SALT_BYTES``.

    >>> is_pin(kept_pin("2580", bytes(16)), "2580"), is_pin(kept_pin("2580", bytes(16)), "2581")
    (True, False)
    """
    return f"{salt.hex()}:{badge_digest(pin, salt.hex())}"


def is_pin(kept: str, pin: str) -> bool:
    """Whether it is the PIN that was kept so."""
    return hmac.compare_digest(kept, kept_pin(pin, bytes.fromhex(kept.partition(":")[0])))


def badge_digest(badge: str, salt: str) -> str:
    """32 hex digits for what follows ``LW.BADGE.`` on a card, in capitals or not; ``salt`` is hex.

    >>> badge_digest("B-17", "00" * 16) == badge_digest("b-17", "00" * 16) != badge_digest("b-17", "01" * 16)
    True
    """
    return hashlib.scrypt(badge.lower().encode(), salt=bytes.fromhex(salt), dklen=16, **COST).hex()
