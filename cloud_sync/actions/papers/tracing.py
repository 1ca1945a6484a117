"""What the paper of a regulator's answer shows."""

from datetime import datetime
from typing import Any

from cloud_sync.actions.interop.tracing_requests import answer_of, statement_in_words
from cloud_sync.actions.papers.lots import id_of
from cloud_sync.papers.kinds.tracing_answer import TracingAnswer
from cloud_sync.storage.database import Database, Row

ROWS_MAX = 2000
"""Of each table."""


def answer_paper_of(database: Database, paper_id: str, at: datetime) -> TracingAnswer:
    """Of the request with this number. Raises ``NotFound``."""
    told = answer_of(database, id_of(paper_id, "tracing request"))
    tables = ("transactions", "movements", "investigations", "verifications", "documents")
    shown: dict[str, Any] = {name: told[name][:ROWS_MAX] for name in tables}
    return TracingAnswer.model_validate({
        **told["request"], **shown, "is_cut": any(len(told[name]) > ROWS_MAX for name in tables),
        "transactions": [_transaction(row) for row in shown["transactions"]],
        "documents": [{**row, "sha256": bytes(row["sha256"]).hex()} for row in shown["documents"]],
    })  # fmt: skip


def _transaction(row: Row) -> dict[str, Any]:
    said = row["content"]
    return {
        **row, "seller": said["seller"]["name"], "buyer": said["buyer"]["name"], "order": said["order"],
        "lines": said["lines"], "statement": statement_in_words(said["statement"]),
    }  # fmt: skip
