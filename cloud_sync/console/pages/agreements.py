"""Agreements with suppliers, and until when they are good."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse

from cloud_sync.actions.governance.agreements import list_agreements
from cloud_sync.actions.master_data.choices import places_to_choose
from cloud_sync.actions.master_data.documents import add_document
from cloud_sync.api.access import Ledger, Now
from cloud_sync.api.schemas.order import DocumentIn
from cloud_sync.console.forms import Field, checked
from cloud_sync.console.page_route import PageRoute, Qualifier, Visitor
from cloud_sync.console.rendering import MISSING
from cloud_sync.console.table import Column, Show, list_page, table
from cloud_sync.storage.database import Row

ROWS_MAX = 1000

router = APIRouter(route_class=PageRoute)


def _state(row: Row) -> str:
    if row["days_left"] is None:
        return "active"
    return "expired" if row["days_left"] < 0 else "active"


def _days(left: int | None) -> str:
    if left is None:
        return MISSING
    return f"{left}" if left >= 0 else f"ended {-left} day{'' if left == -1 else 's'} ago"


AGREEMENTS = (
    Column("supplier", "Supplier", link=lambda row: f"/administration/suppliers/{row['supplier']}"),
    Column("words", "Agreement", filters=True),
    Column("reference", "Document"),
    Column("valid_until", "Valid until", Show.DAY),
    Column("days_left", "Days left", Show.NUMBER, html=lambda row: _days(row["days_left"])),
    Column("added_by", "Filed by"),
    Column("state", "State", Show.TAG, filters=True, value=_state),
)


@router.get("/agreements")
def agreements_page(request: Request, database: Ledger, _: Visitor, now: Now) -> Any:
    """The latest agreement of each kind with each supplier."""
    return list_page(
        request, "agreements.html",
        agreements=table(request, "agreements", AGREEMENTS, list_agreements(database, now)),
        suppliers=places_to_choose(database, ["supplier"]),
    )  # fmt: skip


@router.post("/agreements")
def file_page(
    database: Ledger, actor: Qualifier, supplier: Field = "", kind: Field = "", reference: Field = "",
    sha256: Field = "", valid_until: Field = "",
) -> Any:  # fmt: skip
    """File an agreement."""
    said = checked(
        DocumentIn, supplier=supplier, kind=kind, reference=reference, sha256=sha256.strip().lower(),
        valid_until=valid_until or None,
    )  # fmt: skip
    add_document(database, **said.model_dump(), actor=actor.name)
    return RedirectResponse("/agreements", 303)
