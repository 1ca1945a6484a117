"""Capturing events: a partner's document is kept byte for byte, then read, and a job says how that ended."""

from datetime import datetime
from uuid import UUID

from cloud_sync.errors import NotFound
from cloud_sync.interop.epcis.documents import UnreadableError, read_json
from cloud_sync.interop.epcis.xml_in import read_xml
from cloud_sync.posting.interop.documents import keep_document
from cloud_sync.posting.interop.epcis_events import Reading, keep_capture, read_events, unreadable
from cloud_sync.posting.movements import rebook_packages
from cloud_sync.storage.database import Database, Row
from cloud_sync.storage.queries import queries

KIND = "epcis"


def capture(
    database: Database, content: bytes, *, is_xml: bool, error_behaviour: str, told_by: str, at: datetime
) -> Row:
    """Keep a document and what it says; gives the job. The same document sent again in the same way is the same job.

    ``error_behaviour`` is ``rollback`` or ``proceed``.
    """
    reading = read(content, is_xml=is_xml, told_by=told_by)
    media_type = "application/xml" if is_xml else "application/ld+json"
    with database.transaction() as connection:
        kept = keep_document(connection, KIND, content, media_type, told_by)
        if kept.already_known:
            known: Row | None = queries("epcis").known_capture(
                connection, document_id=kept.id, error_behaviour=error_behaviour
            )
            if known is not None:
                return known
        job = keep_capture(connection, kept.id, reading, error_behaviour=error_behaviour, told_by=told_by, at=at)
        if any(each.type == "AggregationEvent" for each in reading.told):
            rebook_packages(connection, actor=told_by)
        return job


def read(content: bytes, *, is_xml: bool, told_by: str) -> Reading:
    """What a document says; what is no document at all is one error."""
    try:
        document = read_xml(content) if is_xml else read_json(content)
    except UnreadableError as error:
        return unreadable(str(error))
    return read_events(document, told_by)


def show_capture(database: Database, capture_id: UUID, *, told_by: str | None = None) -> Row:
    """A job; ``told_by``: only if it is of a document that they sent. Raises ``NotFound``."""
    with database.transaction() as connection:
        job: Row | None = queries("epcis").capture(connection, id=capture_id)
    if job is None or told_by not in (None, job["told_by"]):
        raise NotFound(f"there is no capture job {capture_id}", "See GET /epcis/capture for those there are.")
    return job


def list_captures(
    database: Database, *, before: tuple[datetime, UUID] | None, told_by: str | None = None, rows_max: int
) -> list[Row]:
    """Jobs, the newest first, from behind the one that ``before`` names; ``told_by``: of what they sent."""
    at, capture_id = before or (None, None)
    with database.transaction() as connection:
        return list(
            queries("epcis").captures(
                connection,
                before_at=at or "infinity",
                before_id=capture_id or UUID(int=0),
                told_by=told_by,
                rows_max=rows_max,
            )
        )
