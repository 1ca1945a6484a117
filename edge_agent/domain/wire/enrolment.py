"""How a gateway introduces itself to a ledger: what both sides agree on.

An administrator makes a one-time code; the gateway makes its key pair and sends its name, its public key, the code, and
a signature that proves it has the private key. The private key is never sent.
"""

import re

PATH = "/v1/enrolments"
AUTHORITY_PATH = "/v1/authority"
PINNED_AUTHORITY = "ledger-authority.pem"
"""In a gateway's folder: the authority that its ledger showed at enrolment."""
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no I, L, O or U to be misread."""
CODE_CHARACTERS = 20
"""100 bits: nobody guesses one before it ends."""

_MISREAD = str.maketrans("ILO", "110")


def shown_code(characters: str) -> str:
    """In groups of five, for people: ``7K3QD-...``."""
    return "-".join(characters[at : at + 5] for at in range(0, len(characters), 5))


def plain_code(typed: str) -> str:
    """A code as typed, without dashes and blanks and in one spelling.

    >>> plain_code(" 7k3qd-01abc oi")
    '7K3QD01ABC01'
    """
    return re.sub(r"[\s-]", "", typed).upper().translate(_MISREAD)


def enrolment_words(gateway: str, public_key: str, code: str) -> bytes:
    """What is signed with the new key, as proof that the sender has it. ``public_key`` is base64."""
    return "\n".join(("lotwarden enrolment 1", gateway, public_key, plain_code(code))).encode()
