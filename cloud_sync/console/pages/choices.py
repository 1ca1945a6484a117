"""What a form proposes while somebody types the name of a place, an item, an owner or a partner."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from cloud_sync.actions.master_data.choices import (
    CHOICES_MAX,
    items_to_choose,
    owners_to_choose,
    places_to_choose,
    verifiers_to_choose,
)
from cloud_sync.api.access import Ledger
from cloud_sync.console.page_route import PageRoute, Visitor
from cloud_sync.console.rendering import render

router = APIRouter(route_class=PageRoute)
Named = Annotated[str, Query(max_length=50)]


@router.get("/choices/items")
def items(request: Request, database: Ledger, _: Visitor, named: Named = "item") -> Any:
    """Items that what was typed matches. ``named``: the field in which it was."""
    rows = items_to_choose(database, words=_typed(request, named))
    return render(request, "choices.html", rows=rows[:CHOICES_MAX])


@router.get("/choices/places")
def places(
    request: Request, database: Ledger, _: Visitor, named: Named = "place",
    kinds: Annotated[str, Query(max_length=200)] = "", below: Annotated[str, Query(max_length=100)] = "",
) -> Any:  # fmt: skip
    """Places of these kinds, comma-separated, that what was typed matches."""
    rows = places_to_choose(database, kinds.split(","), below=below or None, words=_typed(request, named))
    return render(request, "choices.html", rows=rows[:CHOICES_MAX])


@router.get("/choices/owners")
def owners(request: Request, database: Ledger, _: Visitor, named: Named = "owner") -> Any:
    """Owners of stock that what was typed matches."""
    rows = owners_to_choose(database, words=_typed(request, named))
    return render(request, "choices.html", rows=rows[:CHOICES_MAX])


@router.get("/choices/verifiers")
def verifiers(request: Request, database: Ledger, _: Visitor, named: Named = "partner") -> Any:
    """Partners that answer verifications, and that what was typed matches."""
    rows = verifiers_to_choose(database, words=_typed(request, named))
    return render(request, "choices.html", rows=rows[:CHOICES_MAX])


def _typed(request: Request, named: str) -> str:
    return request.query_params.get(named, "").strip()[:100]
