"""Exceptions: facts that contradict the ledger, each open until somebody decides."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse

from cloud_sync.actions.overview.rooms import house_zone
from cloud_sync.actions.quality.case_resolution import resolve_case
from cloud_sync.actions.quality.holds_and_dispositions import listed
from cloud_sync.api.access import Ledger, Now
from cloud_sync.console.page_route import PageRoute, Resolver, Visitor
from cloud_sync.console.rendering import render
from cloud_sync.domain.dispositions import CaseDecision
from cloud_sync.errors import Invalid

ROWS_MAX = 100

router = APIRouter(route_class=PageRoute)


@router.get("/cases")
def cases_page(
    request: Request,
    database: Ledger,
    _: Visitor,
    now: Now,
    kind: Annotated[str, Query(max_length=100)] = "",
    all: Annotated[bool, Query()] = False,  # noqa: A002 - as it stands in the address
    page: Annotated[int, Query(ge=1, le=10_000)] = 1,
) -> Any:
    """Open cases, the oldest first."""
    rows = listed(
        database, "cases", only_open=not all, kind=kind or None, lot_id=None, assignee=None, older_than=None,
        rows_max=ROWS_MAX + 1, rows_skipped=(page - 1) * ROWS_MAX,
    )  # fmt: skip
    return render(
        request, "cases.html", cases=rows[:ROWS_MAX], more=len(rows) > ROWS_MAX, kind=kind, all=all, page=page,
        zone=house_zone(database), now=now,
        decisions=list(CaseDecision),
    )  # fmt: skip


@router.post("/cases/{case_id}/resolve")
def resolve_page(
    case_id: int,
    database: Ledger,
    actor: Resolver,
    decision: Annotated[CaseDecision, Form()],
    resolution: Annotated[str, Form(max_length=2000)] = "",
) -> Any:
    """Close a case with what was found."""
    if not resolution.strip():
        raise Invalid("closing a case needs what was found", "Go back and write it down.")
    resolve_case(database, case_id, resolution.strip(), actor=actor, decision=decision)
    return RedirectResponse("/cases", 303)
