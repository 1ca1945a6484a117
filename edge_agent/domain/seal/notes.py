"""Checkpoints and what is signed of them: C2SP signed-note, tlog-checkpoint, tlog-cosignature. Pure.

A note is a text that ends with a newline, an empty line, and one line for each signature::

    lotwarden/3f2a...          <- origin: which log
    1234                       <- leaves
    base64 of the root hash

    — NAME base64(key id, 4 bytes; signature)
"""

import base64
import binascii
import hashlib
from dataclasses import dataclass

from edge_agent.domain.seal.merkle import HASH_BYTES

ED25519, COSIGNATURE = 0x01, 0x04
"""Kinds of keys in signed notes."""
NOTE_BYTES_MAX = 64 << 10
SIGNATURES_MAX = 200
_DASH = "\N{EM DASH} "


class NoteFault(ValueError):
    """It is no signed checkpoint; ``reason`` says why."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class NoteSignature:
    """One line below a note. ``signature`` is 64 bytes; of a cosignature, 8 bytes of time come before them."""

    name: str
    key_id: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """How large the tree was, and its root then."""

    origin: str
    size: int
    root: bytes

    @property
    def body(self) -> str:
        """What is signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


def key_id(name: str, public_key: bytes, kind: int = ED25519) -> bytes:
    """The first 4 bytes of SHA-256 over name, newline, kind of key and key."""
    return hashlib.sha256(name.encode() + b"\n" + bytes([kind]) + public_key).digest()[:4]


def signature_line(name: str, public_key: bytes, signature: bytes) -> str:
    """The line with which a log signs."""
    return _line(name, key_id(name, public_key), signature)


def cosignature_words(checkpoint: Checkpoint, at_s: int) -> bytes:
    """What a witness signs at ``at_s`` seconds since 1970."""
    return f"cosignature/v1\ntime {at_s}\n{checkpoint.body}".encode()


def cosignature_line(name: str, public_key: bytes, at_s: int, signature: bytes) -> str:
    """The line with which a witness signs."""
    return _line(name, key_id(name, public_key, COSIGNATURE), at_s.to_bytes(8, "big") + signature)


def signed_note(checkpoint: Checkpoint, *lines: str) -> str:
    """The whole note."""
    return checkpoint.body + "\n" + "".join(lines)


def opened_note(note: str) -> tuple[Checkpoint, tuple[NoteSignature, ...]]:
    """A note taken apart; nothing is verified. Raises ``NoteFault``."""
    if len(note) > NOTE_BYTES_MAX:
        raise NoteFault("the checkpoint is too long")
    text, separator, rest = note.rpartition("\n\n")
    lines = text.split("\n")
    if not separator or len(lines) < 3 or not rest.endswith("\n"):
        raise NoteFault("it is not a signed checkpoint")
    origin, size, root = lines[:3]
    if not origin or not size.isascii() or not size.isdigit() or str(int(size)) != size or int(size) >= 1 << 63:
        raise NoteFault("the checkpoint has no origin or size")
    checkpoint = Checkpoint(origin, int(size), _raw(root))
    if len(checkpoint.root) != HASH_BYTES or checkpoint.body != text + "\n":
        raise NoteFault("the checkpoint is not written as this ledger writes it")
    signatures = rest[:-1].split("\n")
    if len(signatures) > SIGNATURES_MAX:
        raise NoteFault("the checkpoint has too many signatures")
    return checkpoint, tuple(opened_line(line) for line in signatures)


def opened_line(line: str) -> NoteSignature:
    """One signature, without the newline. Raises ``NoteFault``."""
    name, _, encoded = line.removeprefix(_DASH).partition(" ")
    raw = _raw(encoded)
    if not line.startswith(_DASH) or not name or "+" in name or len(raw) <= 4:
        raise NoteFault("a line below the checkpoint is not a signature")
    return NoteSignature(name, raw[:4], raw[4:])


def _line(name: str, identity: bytes, signature: bytes) -> str:
    return f"{_DASH}{name} {base64.b64encode(identity + signature).decode()}\n"


def _raw(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise NoteFault("the checkpoint holds something that is not base64") from error
