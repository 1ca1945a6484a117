"""Logging in and out."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse

from cloud_sync.actions.access import actor_of
from cloud_sync.api.access import Ledger
from cloud_sync.console.page_route import PageRoute
from cloud_sync.console.rendering import render
from cloud_sync.console.visitor import forget, remember
from cloud_sync.errors import NotKnown

router = APIRouter(route_class=PageRoute)
Next = Annotated[str, Query(max_length=500)]


@router.get("/login")
def login_page(request: Request, next: Next = "/") -> Any:  # noqa: A002 - as it stands in the address
    """Who are you?"""
    return render(request, "login.html", next=_own(next), fault="")


@router.post("/login")
def log_in(
    request: Request,
    database: Ledger,
    token: Annotated[str, Form(max_length=500)] = "",
    next: Next = "/",  # noqa: A002
) -> Any:
    """Take the visitor to where they wanted to go."""
    try:
        actor_of(database, token.strip()[:200])
    except NotKnown:
        return render(request, "login.html", 401, next=_own(next), fault="This token is unknown or was revoked.")
    answer = RedirectResponse(_own(next), 303)
    remember(answer, token.strip(), is_secure=request.url.scheme == "https")
    return answer


@router.post("/logout")
def log_out() -> Any:
    """Forget who it was."""
    answer = RedirectResponse("/login", 303)
    forget(answer)
    return answer


def _own(target: str) -> str:
    """Only pages of this ledger."""
    return target if target.startswith("/") and not target.startswith(("//", "/\\")) else "/"
