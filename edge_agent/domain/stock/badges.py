"""What a desk knows of badges: digests, by which a dock recognises a badge and from which none can be printed.

A badge is short and could be tried out: scrypt (RFC 7914) makes each try cost milliseconds and megabytes, and the salt
of the site keeps the tries of one site from being worth anything at another.
"""

import hashlib

SALT_BYTES = 16
COST = {"n": 2**12, "r": 8, "p": 1}
"""About 4 MiB and, on a Raspberry Pi 4, some 30 ms for each badge that is scanned."""


def badge_digest(badge: str, salt: str) -> str:
    """32 hex digits for what follows ``LW.BADGE.`` on a card, in capitals or not; ``salt`` is hex.

    >>> badge_digest("B-17", "00" * 16) == badge_digest("b-17", "00" * 16) != badge_digest("b-17", "01" * 16)
    True
    """
    return hashlib.scrypt(badge.lower().encode(), salt=bytes.fromhex(salt), dklen=16, **COST).hex()
