"""Receiving: purchases that are on their way, what came of them, and what is wrong with it."""

from typing import Any

from fastapi import APIRouter, Request

from cloud_sync.actions.overview.rooms import house_zone
from cloud_sync.actions.quality.holds_and_dispositions import listed
from cloud_sync.api.access import Ledger
from cloud_sync.console.order_lists import ASKED, DISCREPANCIES, FROM, REQUESTED_AT, TO, order_table
from cloud_sync.console.page_route import PageRoute, Visitor
from cloud_sync.console.table import Column, Show, list_page, table
from cloud_sync.domain.orders import OrderKind
from cloud_sync.storage.database import Database, Row

ROWS_MAX = 500
KINDS = ("receipt_discrepancy", "order_mismatch")

router = APIRouter(route_class=PageRoute)


def _order_of(row: Row) -> str:
    return str((row["data"] or {}).get("order") or "")


DISCREPANT = (
    Column("id", "Case", link=lambda row: f"/cases#case-{row['id']}"),
    Column("code", "What", Show.TAG, filters=True, value=lambda row: (row["data"] or {}).get("code") or row["kind"]),
    Column("order", "Order", value=_order_of, link=lambda row: f"/orders/{_order_of(row)}" if _order_of(row) else None),
    Column("text", "In words"),
    Column("opened_at", "Since", Show.WHEN),
)


@router.get("/receiving")
def receiving_page(request: Request, database: Ledger, _: Visitor) -> Any:
    """Purchase orders, and open discrepancies of receipts."""
    zone = house_zone(database)
    columns = (FROM, TO, ASKED, REQUESTED_AT, DISCREPANCIES)
    rows = [row for kind in KINDS for row in _open_cases(database, kind)]
    return list_page(
        request, "receiving.html",
        orders=order_table(request, database, "purchases", *columns, kind=OrderKind.PURCHASE, zone=zone),
        discrepancies=table(request, "discrepancies", DISCREPANT, rows, zone=zone, prefix="case-"),
    )  # fmt: skip


def _open_cases(database: Database, kind: str) -> list[Row]:
    return listed(
        database, "cases", only_open=True, kind=kind, lot_id=None, assignee=None, older_than=None, rows_max=ROWS_MAX,
        rows_skipped=0,
    )  # fmt: skip
