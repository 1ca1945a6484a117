"""Take in what gateways send: check a batch and keep it."""

from dataclasses import dataclass
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from cloud_sync.storage.database import Database
from edge_agent.domain.wire import WireError, decode_batch, digest_of


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a batch: ``outcome`` is stored, duplicate or refused; ``reason`` says why it is refused."""

    digest: str
    outcome: str
    reason: str = ""


def store_batch(database: Database, raw: bytes) -> Receipt:
    """Keep a genuine batch as evidence. Raises ``DatabaseDown``."""
    digest = digest_of(raw)
    try:
        batch = decode_batch(raw)
    except WireError as error:
        return Receipt(digest, "refused", error.reason)
    header = batch.header
    with database.transaction() as connection:
        gateway = connection.execute(
            "SELECT id, public_key FROM gateway WHERE name = %s AND revoked_at IS NULL", (header.gateway,)
        ).fetchone()
        if gateway is None or not batch.is_genuine(_verifier(bytes(gateway["public_key"]))):
            return Receipt(digest, "refused", "unknown gateway or wrong signature")
        row = connection.execute(
            "INSERT INTO evidence (gateway_id, journal, lane, first_seq, last_seq, digest, previous, raw)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (gateway_id, journal, lane, first_seq) DO NOTHING"
            " RETURNING id",
            (gateway["id"], UUID(header.journal), header.lane, header.first, header.first + header.count - 1,
             bytes.fromhex(digest), bytes.fromhex(header.previous), raw),
        ).fetchone()  # fmt: skip
    return Receipt(digest, "stored" if row else "duplicate")


def _verifier(key: bytes):  # type: ignore[no-untyped-def]
    def verify(signature: bytes, signed: bytes) -> bool:
        try:
            Ed25519PublicKey.from_public_bytes(key).verify(signature, signed)
        except InvalidSignature:
            return False
        return True

    return verify
