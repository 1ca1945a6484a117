"""Erasing words about people from free text: look where they stand, ask for it, and do what another one asked for."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse

from cloud_sync.actions.overview.rooms import house_zone
from cloud_sync.actions.people import erased_words
from cloud_sync.api.access import Ledger, Now
from cloud_sync.console.forms import Field, Reason, reason_of
from cloud_sync.console.page_route import AccessGiver, PageRoute
from cloud_sync.console.rendering import render
from cloud_sync.console.table import Column, Show, list_page, table
from cloud_sync.errors import Invalid
from cloud_sync.storage.database import Row

ERASURES_MAX = 1000
PATH = "/administration/erasures"

router = APIRouter(route_class=PageRoute)


def _as_words(name: str) -> str:
    return name.replace("_", " ")


ERASURES = (
    Column("id", "Erasure", Show.NUMBER, link=lambda row: f"{PATH}/{row['id']}"),
    Column("words", "Words"),
    Column("reason", "Why"),
    Column("places", "Places", Show.NUMBER),
    Column("asked_by", "Asked for by"),
    Column("asked_at", "Since", Show.WHEN),
    Column("decided_by", "Decided by"),
    Column("decision_reason", "Their reason"),
    Column("rows", "Rows changed", Show.NUMBER),
    Column("state", "State", Show.TAG, filters=True),
)
ROWS = (
    Column("table", "Kind of record", value=lambda row: _as_words(row["table"])),
    Column("row", "Number or key"),
    Column("columns", "Fields", value=lambda row: ", ".join(map(_as_words, row["columns"]))),
    Column("places", "Places", Show.NUMBER),
)
FOUND = (
    Column("table", "Kind of record", value=lambda row: _as_words(row["table"])),
    Column("column", "Field", value=lambda row: _as_words(row["column"])),
    Column("rows", "Records", Show.NUMBER),
)


@router.get(PATH)
def erasures_page(
    request: Request,
    database: Ledger,
    _: AccessGiver,
    all: Annotated[bool, Query()] = False,  # noqa: A002
) -> Any:
    """Erasures that wait, or all, and a form to look for words."""
    rows = erased_words.list_word_erasures(database, only_open=not all, rows_max=ERASURES_MAX)
    zone = house_zone(database)
    return list_page(
        request, "word_erasures.html", all=all, erasures=table(request, "word-erasures", ERASURES, rows, zone=zone)
    )


@router.post(f"{PATH}/look")
def look_page(request: Request, database: Ledger, _: AccessGiver, words: Field = "") -> Any:
    """Where words stand; from here somebody asks for their erasure."""
    found = erased_words.preview(database, words)
    rows: list[Row] = found["found"]
    shown = table(request, "words-found", FOUND, rows, zone=house_zone(database))
    return render(request, "words_found.html", found=found, shown=shown)


@router.post(PATH)
def ask_page(database: Ledger, actor: AccessGiver, now: Now, words: Field = "", reason: Reason = "") -> Any:
    """Ask for an erasure."""
    erased_words.ask(database, words, reason=reason_of(reason, "an erasure"), at=now, actor=actor.name)
    return RedirectResponse(PATH, 303)


@router.get(f"{PATH}/{{erasure_id}}")
def erasure_page(erasure_id: int, request: Request, database: Ledger, _: AccessGiver) -> Any:
    """Which records an erasure changed."""
    rows = erased_words.rows_of_erasure(database, erasure_id)
    shown = table(request, "erased-rows", ROWS, rows, zone=house_zone(database))
    return list_page(request, "word_erasure.html", number=erasure_id, rows=shown)


@router.post(f"{PATH}/{{erasure_id}}/{{decision}}")
def decide_page(
    erasure_id: int, decision: str, database: Ledger, actor: AccessGiver, now: Now, reason: Reason = ""
) -> Any:
    """Erase the words that another one asked for, or leave them."""
    why = reason_of(reason, "a decision")
    if decision == "approve":
        erased_words.approve(database, erasure_id, reason=why, at=now, actor=actor.name)
    elif decision == "reject":
        erased_words.reject(database, erasure_id, reason=why, at=now, actor=actor.name)
    else:
        raise Invalid(f"{decision} is no decision on an erasure", "Go back and choose one.")
    return RedirectResponse(f"{PATH}?all=true", 303)
