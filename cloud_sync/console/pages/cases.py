"""Exceptions: facts that contradict the ledger, each open until somebody decides."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Path, Query, Request
from fastapi.responses import RedirectResponse
from markupsafe import Markup

from cloud_sync.actions.overview.lists import case_kinds, cases_listed
from cloud_sync.actions.overview.rooms import house_zone
from cloud_sync.actions.quality.case_resolution import case_of, resolve_case
from cloud_sync.api.access import Ledger
from cloud_sync.console.page_route import PageRoute, Resolver, Visitor
from cloud_sync.console.rendering import lasting, render
from cloud_sync.console.signing import signable
from cloud_sync.console.table import Column, Show, list_page, table
from cloud_sync.console.words import in_words
from cloud_sync.domain.dispositions import CaseDecision
from cloud_sync.domain.list_request import ListRequest
from cloud_sync.domain.signatures import RecordKind
from cloud_sync.errors import Invalid
from cloud_sync.storage.database import Row

router = APIRouter(route_class=PageRoute)


def _what(row: Row) -> Markup:
    """Where links to a case lead, and what it is about."""
    closed = f"{row['decision']} by {row['resolved_by']}: {row['resolution']}" if row["resolved_at"] else ""
    told = Markup("<br><small>closed, {}</small>").format(closed) if closed else Markup()
    text = in_words(row["text"], row.get("zone") or "UTC")
    return Markup('<span id="case-{}">{}</span>{}').format(row["id"], text, told)


CASES = (
    Column("id", "Case", Show.NUMBER, link=lambda row: f"/cases/{row['id']}"),
    Column("kind", "Kind", Show.WORDS, filters=True),
    Column("text", "What", html=_what),
    Column("lot_number", "Lot",
           link=lambda row: f"/lots/{row['lot_id']}" if row["lot_id"] else None),
    Column("place", "Place", link=lambda row: f"/rooms/{row['place']}" if row["place"] else None),
    Column("opened_at", "Since", Show.WHEN),
    Column("age_s", "Open for", Show.NUMBER, html=lambda row: lasting(row["age_s"])),
    Column("assignee", "Assigned to"),
    Column("state", "State", Show.TAG, filters=("open", "closed"),
           value=lambda row: "closed" if row["resolved_at"] else "open"),
)  # fmt: skip

SORTS = ("kind", "place", "opened_at", "age_s", "assignee")


@router.get("/cases")
def cases_page(
    request: Request,
    database: Ledger,
    _: Visitor,
    all: Annotated[bool, Query()] = False,  # noqa: A002 - as it stands in the address
) -> Any:
    """Open cases (or all), the oldest first."""

    def found(wanted: ListRequest) -> list[Row]:
        return cases_listed(database, wanted, only_open=not all)

    kinds = [kind.replace("_", " ") for kind in case_kinds(database)]
    shown = table(
        request, "cases", CASES, source=found, sorts=SORTS, choices={"kind": kinds}, zone=house_zone(database)
    )
    return list_page(request, "cases.html", cases=shown, all=all, decisions=list(CaseDecision))


@router.get("/cases/{case_id}")
def case_page(
    case_id: Annotated[int, Path(ge=1, le=10**15)], request: Request, database: Ledger, actor: Visitor
) -> Any:
    """One case, and its signatures: where it frees goods that take two people, both sign it before one closes it."""
    case = case_of(database, case_id)
    return render(
        request, "case.html", case=case, what=_what(case), decisions=list(CaseDecision), zone=house_zone(database),
        signing=signable(database, RecordKind.CASE, str(case_id), actor),
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
