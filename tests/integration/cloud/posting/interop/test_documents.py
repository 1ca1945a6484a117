"""What others sent is kept byte for byte, once, and its content can be erased."""

import hashlib

from cloud_sync.posting.interop.documents import KeptDocument, keep_document
from cloud_sync.storage.database import Database
from cloud_sync.storage.queries import queries

MESSAGE = b"MSH|^~\\&|RX\r\x00\xff"


def test_the_same_bytes_of_one_sender_are_one_document(database: Database) -> None:
    with database.transaction() as connection:
        first = keep_document(connection, "hl7", MESSAGE, "x-application/hl7-v2+er7", "cabinet 4")
        again = keep_document(connection, "hl7", MESSAGE, "x-application/hl7-v2+er7", "cabinet 4")
        another = keep_document(connection, "hl7", MESSAGE, "x-application/hl7-v2+er7", "cabinet 5")
        row = queries("interop").document(connection, id=first.id)
    assert (first.already_known, again) == (False, KeptDocument(first.id, already_known=True))
    assert (another.already_known, another.id != first.id) == (False, True)
    assert bytes(row["content"]) == MESSAGE
    assert (bytes(row["sha256"]), row["bytes"]) == (hashlib.sha256(MESSAGE).digest(), len(MESSAGE))
