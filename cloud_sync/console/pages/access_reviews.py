"""Reviews of accesses: who may do what is confirmed or taken back by somebody else."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Path, Request
from fastapi.responses import RedirectResponse

from cloud_sync.actions.governance import access_reviews
from cloud_sync.actions.overview.rooms import house_zone
from cloud_sync.api.access import Ledger, Now
from cloud_sync.api.schemas.governance import AccessReviewIn
from cloud_sync.console.forms import Field, Reason, checked, reason_of
from cloud_sync.console.page_route import AccessReviewer, PageRoute
from cloud_sync.console.table import Column, Show, list_page, table
from cloud_sync.errors import Invalid

router = APIRouter(route_class=PageRoute)

REVIEWS = (
    Column("id", "Review", Show.NUMBER, link=lambda row: f"/access-reviews/{row['id']}"),
    Column("title", "Title", link=lambda row: f"/access-reviews/{row['id']}"),
    Column("due_on", "Due", Show.DAY),
    Column("waiting", "To decide", Show.NUMBER),
    Column("lines", "Accesses", Show.NUMBER),
    Column("opened_by", "Opened by"),
    Column("next_due_on", "Next one due", Show.DAY),
    Column("state", "State", Show.TAG, value=lambda row: "closed" if row["closed_at"] else "open"),
)
ACCESSES = (
    Column("kind", "Kind", filters=True),
    Column("name", "Name"),
    Column("person", "Person"),
    Column("roles", "May act as"),
    Column("decided_by", "Decided by"),
    Column("reason", "Why"),
    Column("state", "State", Show.TAG, filters=True, value=lambda row: row["decision"] or "open"),
)


@router.get("/access-reviews")
def reviews_page(request: Request, database: Ledger, _: AccessReviewer) -> Any:
    """All reviews, and the next one."""
    shown = table(request, "access-reviews", REVIEWS, access_reviews.list_reviews(database), zone=house_zone(database))
    return list_page(request, "access_reviews.html", reviews=shown)


@router.post("/access-reviews")
def open_page(
    database: Ledger, actor: AccessReviewer, now: Now, title: Field = "", due_on: Field = "", next_due_on: Field = ""
) -> Any:
    """Start a review."""
    asked = checked(AccessReviewIn, title=title, due_on=due_on, next_due_on=next_due_on)
    made = access_reviews.open_review(database, **asked.model_dump(), at=now, actor=actor.name)
    return RedirectResponse(f"/access-reviews/{made['id']}", 303)


@router.get("/access-reviews/{review_id}")
def review_page(
    review_id: Annotated[int, Path(ge=1, le=10**15)], request: Request, database: Ledger, _: AccessReviewer
) -> Any:
    """One review with its lines."""
    review = access_reviews.review_of(database, review_id)
    lines = table(request, "accesses", ACCESSES, review["accesses"], zone=house_zone(database))
    return list_page(request, "access_review.html", review=review, accesses=lines)


@router.post("/access-reviews/{review_id}/{line_id}")
def decide_page(
    review_id: int, line_id: int, database: Ledger, actor: AccessReviewer, now: Now,
    decision: Annotated[str, Form(max_length=20)], reason: Reason = "",
) -> Any:  # fmt: skip
    """Confirm an access, or take it back at once."""
    if decision not in ("confirmed", "revoked"):
        raise Invalid(f"{decision} is no decision on an access", "Go back and choose one.")
    access_reviews.decide(database, line_id, decision, reason=reason_of(reason, "a decision"), at=now, actor=actor.name)
    return RedirectResponse(f"/access-reviews/{review_id}", 303)
