"""What the protocol of a validation run shows."""

import base64
from datetime import datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from cloud_sync.errors import NotFound
from cloud_sync.papers.kinds.validation_protocol import ValidationProtocol
from cloud_sync.storage.database import Database
from cloud_sync.storage.queries import queries
from cloud_sync.validation.protocol import body_sha256, signed_words

DIGITS_MAX = 12


def run_of(database: Database, paper_id: str, at: datetime) -> ValidationProtocol:
    """Of the run with this number. Raises ``NotFound``."""
    row = None
    if paper_id.isascii() and paper_id.isdigit() and len(paper_id) <= DIGITS_MAX:
        with database.transaction() as connection:
            row = queries("validation").run(connection, number=int(paper_id))
    if row is None:
        raise NotFound(f"there is no validation run {paper_id}", "Make one: cloud-sync validate.")
    key, signature = bytes(row["public_key"]), bytes(row["signature"])
    is_genuine = row["sha256"] == body_sha256(row["body"])
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, signed_words(row["sha256"]))
    except InvalidSignature:
        is_genuine = False
    return ValidationProtocol.model_validate({
        **row, **row["body"], "public_key": base64.b64encode(key).decode(),
        "signature": base64.b64encode(signature).decode(), "is_genuine": is_genuine,
    })  # fmt: skip
