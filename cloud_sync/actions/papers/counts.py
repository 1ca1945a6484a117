"""What the sheet of a count shows. While it is open it does not say what is expected: who counts must not copy."""

from datetime import datetime

from cloud_sync.actions.papers.sites import place_row, site_shown
from cloud_sync.actions.stock.counts import count_now
from cloud_sync.domain.signatures import RecordKind
from cloud_sync.papers.kinds.count_sheet import CountSheet
from cloud_sync.posting.signatures import record_of, signatures_of
from cloud_sync.storage.database import Database
from cloud_sync.storage.queries import queries

LINES_MAX = 1000


def count_of(database: Database, paper_id: str, at: datetime) -> CountSheet:
    """Of the count with this number. Raises ``NotFound``."""
    told = count_now(database, paper_id)
    with database.transaction() as connection:
        place = place_row(connection, told["place"])
        record = record_of(connection, RecordKind.COUNT, paper_id)
        signatures = signatures_of(connection, RecordKind.COUNT, paper_id, record)
        to_count = [] if told["decision"] else list(
            queries("papers").to_count(connection, count_id=told["id"], rows_max=LINES_MAX + 1)
        )  # fmt: skip
    is_open = told["decision"] is None
    # Of a blind count that goes on, nobody is shown what others found.
    lines = [row for row in told["lines"] if row["counted"] is not None]
    findings = [
        row | ({"expected_then": None, "difference_then": None} if is_open else {})
        for row in sorted(lines, key=lambda row: (row["place"], row["item"], row["lot_number"], row["serial"]))
    ]  # fmt: skip
    return CountSheet.model_validate({
        **told, "site": site_shown(place), "place_title": place["place_title"], "to_count": to_count[:LINES_MAX],
        "findings": findings, "signatures": signatures, "is_cut": len(to_count) > LINES_MAX,
    })  # fmt: skip
