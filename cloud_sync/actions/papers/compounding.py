"""What papers of compounding show: a batch record as it was filled in, and the certificate of a batch's release."""

from datetime import datetime

from cloud_sync.actions.compounding.batch_records import batch_record
from cloud_sync.actions.papers.sites import place_row, site_shown
from cloud_sync.domain.signatures import RecordKind
from cloud_sync.errors import Conflict
from cloud_sync.papers.kinds.batch_record import BatchRecordData, batch_parts
from cloud_sync.posting.signatures import record_of, signatures_of
from cloud_sync.storage.database import Database
from cloud_sync.storage.queries import queries


def batch_of(database: Database, paper_id: str, at: datetime) -> BatchRecordData:
    """Of the batch with this number. Raises ``NotFound``."""
    told = batch_record(database, paper_id)
    body = told["master_formulation_record_body"]
    with database.transaction() as connection:
        place = place_row(connection, paper_id)
        (item,) = queries("papers").items(connection, names=[told["item"]])
        record = record_of(connection, RecordKind.BATCH, paper_id)
        signatures = signatures_of(connection, RecordKind.BATCH, paper_id, record)
    return BatchRecordData.model_validate({
        **told, **batch_parts(told), "site": site_shown(place), "item_title": item["title"],
        "base_unit": item["base_unit"], "preparation": body["preparation"], "storage": body["storage"],
        "yield_min_pct": body["yield_min_pct"], "yield_max_pct": body["yield_max_pct"],
        "excursions": [row | {"id": row["id"]} for row in told["excursions"]], "signatures": signatures,
    })  # fmt: skip


def release_of(database: Database, paper_id: str, at: datetime) -> BatchRecordData:
    """Of a batch that was released. Raises ``NotFound``, ``Conflict`` where it was not."""
    data = batch_of(database, paper_id, at)
    if not any(each.kind == "released" for each in data.decisions):
        raise Conflict(f"batch {paper_id} has not been released", "Print its batch record instead.")
    return data
