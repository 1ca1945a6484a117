"""Electronic records: where each kind of them is kept, and what waits."""

from typing import Any

from fastapi import APIRouter, Request

from cloud_sync.actions.overview.record_lists import records_waiting
from cloud_sync.api.access import Ledger, Now
from cloud_sync.console.page_route import PageRoute, Visitor
from cloud_sync.console.rendering import render

router = APIRouter(route_class=PageRoute)


@router.get("/records")
def records_page(request: Request, database: Ledger, _: Visitor, now: Now) -> Any:
    """The kinds of records, each with how many need somebody."""
    waiting = records_waiting(database, now)
    return render(
        request, "records_hub.html",
        counts={
            "/changes": waiting["changes"], "/change-control": waiting["change_controls"],
            "/retention": waiting["legal_holds"], "/training": waiting["training"], "/equipment": waiting["equipment"],
        },
    )  # fmt: skip
