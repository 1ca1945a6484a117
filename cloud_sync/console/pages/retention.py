"""Retention and legal holds: how long what could go is kept, and what may not go at all."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse

from cloud_sync.actions.governance import legal_holds, retention_rules
from cloud_sync.actions.overview.record_lists import legal_holds_listed
from cloud_sync.actions.overview.rooms import house_zone
from cloud_sync.api.access import Ledger, Now
from cloud_sync.console.forms import Field, Reason, reason_of, whole
from cloud_sync.console.lot_field import lot_entered
from cloud_sync.console.page_route import Governor, PageRoute, Visitor
from cloud_sync.console.table import Column, Show, list_page, table
from cloud_sync.domain.list_request import ListRequest
from cloud_sync.errors import Invalid
from cloud_sync.storage.database import Row

router = APIRouter(route_class=PageRoute)

RULES = (
    Column("meaning", "What"),
    Column("years", "Years, at least", Show.NUMBER),
    Column("changed_by", "Set by"),
    Column("changed_reason", "Why"),
)


def _link(row: Row) -> str | None:
    if row["lot_id"]:
        return f"/lots/{row['lot_id']}"
    return f"/cases?all=true#case-{row['case_id']}" if row["case_id"] else None


HOLDS = (
    Column("id", "Hold", Show.NUMBER),
    Column("about", "On", link=_link),
    Column("reason", "Why"),
    Column("asked_by", "Asked for by"),
    Column("asked_at", "Since", Show.WHEN),
    Column("decided_by", "Decided by"),
    Column("lift_reason", "Why it is to end"),
    Column("lift_asked_by", "End asked for by"),
    Column("lifted_by", "Lifted by"),
    Column(
        "state", "State", Show.TAG, filters=("waits for approval", "in force", "lift asked for", "lifted", "rejected")
    ),
)
SORTS = ("id", "asked_by", "asked_at", "decided_by", "lift_asked_by", "lifted_by", "state")


@router.get("/retention")
def retention_page(request: Request, database: Ledger, _: Visitor, all: Annotated[bool, Query()] = False) -> Any:  # noqa: A002
    """Rules, and legal holds that are in force or wait, or all."""

    def found(wanted: ListRequest) -> list[Row]:
        return legal_holds_listed(database, wanted, only_open=not all)

    zone = house_zone(database)
    return list_page(
        request, "retention.html", all=all,
        holds=table(request, "legal-holds", HOLDS, source=found, sorts=SORTS, zone=zone),
        rules=table(request, "retention", RULES, retention_rules.list_rules(database), zone=zone, prefix="r_"),
    )  # fmt: skip


@router.post("/legal-holds")
def ask_page(
    database: Ledger, actor: Governor, now: Now, case: Field = "", lot: Field = "", item: Field = "",
    reason: Reason = "",
) -> Any:  # fmt: skip
    """Hold a case, a lot or an item from now on."""
    legal_holds.ask(
        database, case_id=whole(case, "the case") if case.strip() else None,
        lot_id=lot_entered(database, lot, now.date()) if lot.strip() else None, item=item.strip() or None,
        reason=reason_of(reason, "a legal hold"), at=now, actor=actor.name,
    )  # fmt: skip
    return RedirectResponse("/retention", 303)


@router.post("/legal-holds/{hold_id}/{decision}")
def decide_page(hold_id: int, decision: str, database: Ledger, actor: Governor, now: Now, reason: Reason = "") -> Any:
    """Agree to a legal hold, reject it, or lift it."""
    why = reason_of(reason, "a decision")
    if decision == "lift":
        legal_holds.lift(database, hold_id, reason=why, at=now, actor=actor.name)
    elif decision in ("approved", "rejected"):
        legal_holds.decide(database, hold_id, decision, reason=why, at=now, actor=actor.name)
    else:
        raise Invalid(f"{decision} is no decision on a legal hold", "Go back and choose one.")
    return RedirectResponse("/retention", 303)
