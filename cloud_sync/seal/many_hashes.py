"""Hashes of thousands of texts at once, for a check of the whole ledger: written so that little is done for each."""

from hashlib import sha256

ENTRY_HEAD = b"lotwarden seal 1\n"
"""Each entry of the tree begins with it (``seal_entry_text``)."""

SALT_BYTES = 16


def salted_hashes(said: bytes, salts: bytes) -> bytes:
    """The hashes of lines, each behind its own salt; b"" if there are not as many salts as lines.

    >>> salt = bytes(SALT_BYTES)
    >>> salted_hashes(b"one\\ntwo", salt + salt) == sha256(salt + b"one").digest() + sha256(salt + b"two").digest()
    True
    >>> salted_hashes(b"one\\ntwo", salt)
    b''
    """
    new, lines = sha256, said.split(b"\n") if said else []
    if len(salts) != len(lines) * SALT_BYTES:
        return b""
    each = [salts[at : at + SALT_BYTES] for at in range(0, len(salts), SALT_BYTES)]
    return b"".join([new(salt + line).digest() for salt, line in zip(each, lines, strict=True)])


def leaf_hashes(entries: bytes) -> bytes:
    """The hashes of leaves whose entries stand one behind the other.

    >>> leaf_hashes(b"lotwarden seal 1\\nevent\\n1\\n") == sha256(b"\\x00lotwarden seal 1\\nevent\\n1\\n").digest()
    True
    """
    new, head = sha256, b"\x00" + ENTRY_HEAD
    return b"".join([new(head + rest).digest() for rest in entries.split(ENTRY_HEAD)[1:]])
