"""Papers of suppliers and lots: certificates, agreements, and where they are kept."""

from typing import Any

from cloud_sync.actions.master_data.master_data import place_of_kind
from cloud_sync.errors import Invalid, NotFound
from cloud_sync.storage.database import Database, Row
from cloud_sync.storage.events import add_event
from cloud_sync.storage.queries import queries


def add_document(
    database: Database,
    *,
    supplier: str | None,
    lot_id: int | None,
    kind: str,
    reference: str,
    sha256: str,
    valid_until: Any,
    actor: str,
) -> Row:
    """Keep where a paper of a supplier or lot is. Raises ``NotFound``, ``Invalid``."""
    if supplier is None and lot_id is None:
        raise Invalid("a document must refer to a supplier, a lot, or both", "Send `supplier`, `lot`, or both.")
    with database.transaction() as connection:
        supplier_id = place_of_kind(connection, supplier, "supplier") if supplier else None
        if lot_id is not None and queries("availability").lot_by_id(connection, lot_id=lot_id) is None:
            raise NotFound(f"there is no lot {lot_id}", "See GET /v1/lots for those there are.")
        document_id: int = queries("records").add_document(
            connection,
            supplier_id=supplier_id,
            lot_id=lot_id,
            kind=kind,
            reference=reference,
            sha256=sha256,
            valid_until=valid_until,
            added_by=actor,
        )
        subject = f"lot:{lot_id}" if lot_id is not None else f"supplier:{supplier}"
        data = {"document": document_id, "kind": kind, "reference": reference, "sha256": sha256}
        add_event(connection, actor=actor, kind="document_added", subject=subject, data=data)
        rows = queries("records").documents(connection, supplier=None, lot_id=lot_id, rows_max=100_000, rows_skipped=0)
        return next(row for row in rows if row["id"] == document_id)


def list_documents(
    database: Database, *, supplier: str | None, lot_id: int | None, rows_max: int, rows_skipped: int = 0
) -> list[Row]:
    """Papers of suppliers and lots, oldest first."""
    with database.transaction() as connection:
        return list(
            queries("records").documents(
                connection, supplier=supplier, lot_id=lot_id, rows_max=rows_max, rows_skipped=rows_skipped
            )
        )
