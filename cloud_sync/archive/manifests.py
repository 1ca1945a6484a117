"""The manifest of a run: which files it wrote, their hashes, and the manifest before, signed by the ledger.

Whoever holds the newest manifest and the ledger's public key can check every file without the ledger.
"""

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from cloud_sync.archive.parquet_file import WrittenFile
from edge_agent.domain.fleet.handed_out import signed_words

FORM = "lotwarden archive manifest 1"
FOLDER = "manifests"


class ManifestFault(Exception):
    """It is not what the ledger signed."""


@dataclass(frozen=True, slots=True)
class ListedFile:
    """A file that a manifest names."""

    name: str
    gateway: str
    month: str
    written: WrittenFile


def manifest_name(number: int) -> str:
    """Where it lies in the store."""
    return f"{FOLDER}/{number:06}.json"


def manifest_body(
    number: int, files: Sequence[ListedFile], *, previous_sha256: str, made_at: datetime, made_by: str
) -> str:
    """What is signed: one text for the same content."""
    told = {
        "number": number,
        "previous_sha256": previous_sha256,
        "made_at": made_at.astimezone(UTC).isoformat(),
        "made_by": made_by,
        "files": [_listed(each) for each in files],
    }
    return json.dumps(told, sort_keys=True, separators=(",", ":"))


def _listed(each: ListedFile) -> dict[str, Any]:
    written = each.written
    return {
        "name": each.name,
        "gateway": each.gateway,
        "month": each.month,
        "readings": written.row_count,
        "bytes": written.size_bytes,
        "sha256": written.sha256.hex(),
        "parts": [
            {"channel_id": part.channel_id, "first_at": part.first_at.isoformat(), "last_at": part.last_at.isoformat(),
             "readings": part.row_count, "offset": part.byte_offset, "bytes": part.size_bytes,
             "sha256": part.sha256.hex()}
            for part in written.parts
        ],
    }  # fmt: skip


def manifest_file(signed: dict[str, str]) -> bytes:
    """The file, from ``body``, ``by`` (public key) and ``signature``."""
    return (json.dumps(signed, sort_keys=True, indent=1) + "\n").encode()


def read_manifest(raw: bytes) -> dict[str, Any]:
    """What a manifest says, if the key that it names signed it.

    Raises ``ManifestFault``.
    """
    try:
        signed = json.loads(raw)
        body, by, signature = str(signed["body"]), str(signed["by"]), str(signed["signature"])
        signer = Ed25519PublicKey.from_public_bytes(base64.b64decode(by))
        signer.verify(base64.b64decode(signature), signed_words(FORM, body))
        told: dict[str, Any] = json.loads(body)
    except (ValueError, KeyError, TypeError, InvalidSignature) as error:
        raise ManifestFault("its signature does not hold") from error
    return told | {"by": by}


def sha256_of(raw: bytes) -> bytes:
    """Of a manifest's file."""
    return hashlib.sha256(raw).digest()
