"""What a security key signs: the hash of exactly what was shown, with a number that is used once. Pure."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

ANSWERS_WITHIN = timedelta(minutes=5)
"""So long a question to a key is open."""
KEYS_MAX = 10
"""So many keys a person has at most."""
CHALLENGE_BYTES = 32


@dataclass(frozen=True, slots=True)
class LedgerAddress:
    """The ledger as the browser has it in its address bar: its ``domain``, and the ``origin`` of its pages."""

    domain: str
    origin: str


@dataclass(frozen=True, slots=True)
class KeyAnswer:
    """What a key answered: the ``credential`` as the browser gives it (JSON), and where the browser was."""

    credential: str
    address: LedgerAddress


def signed_text(kind: str, seen: Mapping[str, str], *, meaning: str, reason: str, person: str, nonce: str) -> str:
    """What a key signs for, as canonical JSON: the records by id with the hash that was shown, as what, and why.

    >>> signed_text("order", {"PO-1": "ab"}, meaning="approval", reason="ok", person="amy", nonce="00")
    '{"kind":"order","meaning":"approval","nonce":"00","person":"amy","reason":"ok","records":{"PO-1":"ab"}}'
    """
    said = {
        "kind": kind, "records": dict(seen), "meaning": meaning, "reason": reason, "person": person, "nonce": nonce,
    }  # fmt: skip
    return json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def challenge_of(text: str) -> bytes:
    """What the key is asked: the SHA-256 of what was shown."""
    return hashlib.sha256(text.encode()).digest()


def signs(text: str, *, kind: str, record_id: str, record_sha256: str, meaning: str, reason: str, person: str) -> bool:
    """Whether that text is about this record, as it was signed.

    >>> text = signed_text("order", {"PO-1": "ab"}, meaning="approval", reason="ok", person="amy", nonce="00")
    >>> about = {"kind": "order", "meaning": "approval", "reason": "ok", "person": "amy"}
    >>> [signs(text, record_id=each, record_sha256="ab", **about) for each in ("PO-1", "PO-2")]
    [True, False]
    """
    said = json.loads(text)
    return bool(
        said["records"].get(record_id) == record_sha256
        and (said["kind"], said["meaning"], said["reason"], said["person"]) == (kind, meaning, reason, person)
    )
