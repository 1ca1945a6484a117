"""Agreements with suppliers: the latest of each kind says until when it is good."""

from collections.abc import Iterable, Sequence
from datetime import date

from cloud_sync.posting.cases import Case, open_case
from cloud_sync.storage.database import Connection, Row
from cloud_sync.storage.queries import queries

EXPIRED = "agreement_expired"
WORDS = {"agreement": "supply agreement", "quality_agreement": "quality agreement"}


def agreements_of(connection: Connection, supplier_ids: Sequence[int] | None) -> list[Row]:
    """The latest agreement of each kind of these suppliers, or of all."""
    return list(queries("equipment").agreements(connection, supplier_ids=supplier_ids))


def expired_on(rows: Iterable[Row], day: date) -> list[Row]:
    """Those that are over on that day; ``valid_until`` is the last day on which one is good."""
    return [row for row in rows if row["valid_until"] is not None and row["valid_until"] < day]


def told(row: Row) -> str:
    """An agreement that is over, in words."""
    return f"the {WORDS[row['kind']]} with {row['supplier']} ended on {row['valid_until']}"


def note_receipt(connection: Connection, row: Row) -> None:
    """Goods came in although an agreement is over: that is a fact, and a case."""
    open_case(connection, Case(EXPIRED, f"document:{row['id']}", f"goods came in although {told(row)}",
                               data={"supplier": row["supplier"], "document": row["id"]}))  # fmt: skip
