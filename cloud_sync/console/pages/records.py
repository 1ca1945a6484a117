"""Electronic records: where each kind of them is kept, and what waits."""

from typing import Any

from fastapi import APIRouter, Request

from cloud_sync.actions.governance import change_control, controlled_changes, equipment, legal_holds, training
from cloud_sync.api.access import Ledger, Now
from cloud_sync.console.page_route import PageRoute, Visitor
from cloud_sync.console.rendering import render

ROWS_MAX = 1000

router = APIRouter(route_class=PageRoute)


@router.get("/records")
def records_page(request: Request, database: Ledger, _: Visitor, now: Now) -> Any:
    """The kinds of records, each with how many need somebody."""
    open_changes = controlled_changes.list_changes(database, only_open=True, rows_max=ROWS_MAX)
    today = now.date()
    due = [row for row in equipment.list_equipment(database) if row["due_on"] and row["due_on"] < today]
    return render(
        request, "records_hub.html",
        counts={
            "/changes": len(open_changes),
            "/change-control": len(change_control.list_records(database, only_open=True, rows_max=ROWS_MAX)),
            "/retention": len(legal_holds.list_holds(database, only_open=True, rows_max=ROWS_MAX)),
            "/training": len(training.missing_of_everybody(database, now)),
            "/equipment": len(due),
        },
    )  # fmt: skip
