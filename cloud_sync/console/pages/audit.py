"""Audit: every event that anybody caused, by who, what, about what and when."""

from datetime import date, datetime, time, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Request
from markupsafe import Markup

from cloud_sync.actions.audit_log import events_found
from cloud_sync.actions.overview.rooms import house_zone
from cloud_sync.api.access import Ledger
from cloud_sync.console.page_route import Auditor, PageRoute
from cloud_sync.console.rendering import values
from cloud_sync.console.table import Column, Show, list_page, table
from cloud_sync.console.words import told
from cloud_sync.domain.list_request import ListRequest
from cloud_sync.errors import Invalid
from cloud_sync.storage.database import Row

router = APIRouter(route_class=PageRoute)
Text = Annotated[str, Query(max_length=200)]

KEPT = "/administration/"
PAGES = {
    "lot": "/lots/", "gateway": "/gateways/", "account": f"{KEPT}people/", "place": f"{KEPT}places/",
    "excursion": "/quarantine/", "case": "/cases/", "order": "/orders/", "count": "/counts/", "recall": "/recalls/",
    "item": f"{KEPT}items/", "supplier": f"{KEPT}suppliers/", "policy": f"{KEPT}policies/", "owner": f"{KEPT}owners/",
}  # fmt: skip
"""Where the page of a subject is."""


def _page_of(row: Row) -> str | None:
    kind, _, name = row["subject"].partition(":")
    return PAGES[kind] + name if kind in PAGES and name else None


def _about(row: Row) -> Markup:
    kind, colon, name = row["subject"].partition(":")
    return Markup('<span class="breaks">{}</span>').format(f"{kind.replace('_', ' ')}{colon}{name}")


def _subject(text: str) -> str | None:
    """As it was recorded: ``quality plan:plates`` is ``quality_plan:plates``."""
    kind, colon, name = text.strip().partition(":")
    return f"{kind.strip().replace(' ', '_')}{colon}{name.strip()}" or None


EVENTS = (
    Column("at", "When", Show.WHEN),
    Column("actor", "Who"),
    Column("kind", "What", Show.WORDS),
    Column("subject", "About", link=_page_of, html=_about),
    Column("reason", "Why"),
    Column("data", "Values", value=lambda row: told(row["data"]), html=lambda row: values(row["data"])),
)


@router.get("/audit")
def audit_page(
    request: Request, database: Ledger, _: Auditor,
    who: Text = "", what: Text = "", about: Text = "", since: Text = "", until: Text = "",
) -> Any:  # fmt: skip
    """Events, the newest first. Days are those of the house."""
    zone = house_zone(database)
    first, after = _start(since, zone), _start(until, zone, days=1)

    def found(wanted: ListRequest) -> list[Row]:
        return events_found(
            database, actor=who.strip() or None, kind=what.strip().replace(" ", "_") or None,
            subject=_subject(about), words=wanted.words or None, since=first, until=after, **wanted.page,
        )  # fmt: skip

    return list_page(
        request, "audit.html", events=table(request, "events", EVENTS, source=found, sorts=(), zone=zone), zone=zone,
        who=who, what=what, about=about, since=since, until=until,
    )  # fmt: skip


def _start(text: str, zone: str, *, days: int = 0) -> datetime | None:
    """The first instant of a day, or of the day after some days."""
    if not text.strip():
        return None
    try:
        day = date.fromisoformat(text.strip()) + timedelta(days=days)
    except (ValueError, OverflowError) as error:
        raise Invalid(f"{text!r} is no day", "Go back and write it as 2027-01-31.") from error
    return datetime.combine(day, time(), ZoneInfo(zone))
