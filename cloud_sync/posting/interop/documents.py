"""Keeps what others sent byte for byte, before anything is made of it."""

import hashlib
from dataclasses import dataclass

from cloud_sync.storage.database import Connection
from cloud_sync.storage.queries import queries


@dataclass(frozen=True, slots=True)
class KeptDocument:
    """A document as it came. ``already_known``: its sender had sent these very bytes before."""

    id: int
    already_known: bool


def keep_document(connection: Connection, kind: str, content: bytes, media_type: str, told_by: str) -> KeptDocument:
    """Keep what somebody sent. The same bytes of the same kind by the same sender are one document.

    ``kind`` is one of the translations of ``cloud_sync/interop``, for example ``epcis``; ``told_by`` the account or
    connection that sent it. Two who send the same at once: the second waits for the first.
    """
    sha256 = hashlib.sha256(content).digest()
    row = queries("interop").keep_document(
        connection, kind=kind, media_type=media_type, content=content, sha256=sha256, told_by=told_by
    )
    if row is not None:
        return KeptDocument(row["id"], already_known=False)
    known: int = queries("interop").document_with_digest(connection, kind=kind, told_by=told_by, sha256=sha256)
    return KeptDocument(known, already_known=True)
