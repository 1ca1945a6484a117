"""Signing in and out."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from cloud_sync.actions.access import actor_of
from cloud_sync.actions.people.first_start import has_anybody
from cloud_sync.actions.people.sessions import sign_in
from cloud_sync.api.access import TOKEN_CHARACTERS_MAX, Ledger, Now
from cloud_sync.api.problems import STATUS
from cloud_sync.api.sessions import address_of
from cloud_sync.console.page_route import PageRoute
from cloud_sync.console.rendering import render
from cloud_sync.console.visitor import forget, remember_session, remember_token
from cloud_sync.errors import Invalid, LedgerError

router = APIRouter(route_class=PageRoute)
Next = Annotated[str, Query(max_length=500)]
Field = Annotated[str, Form(max_length=500)]


@router.get("/login")
def login_page(request: Request, database: Ledger, next: Next = "/") -> Any:  # noqa: A002 - as it stands in the address
    """Who are you? On a ledger that nobody can use yet: the first start."""
    if not has_anybody(database):
        return RedirectResponse("/setup", 303)
    return _page(request, next, 200)


@router.post("/login")
def log_in(
    request: Request,
    database: Ledger,
    now: Now,
    person: Field = "",
    password: Field = "",
    code: Field = "",
    new_password: Field = "",
    next: Next = "/",  # noqa: A002
) -> Any:
    """Begin a session, and go where the visitor wanted to."""
    try:
        session = sign_in(
            database, person.strip(), password, code=code.strip() or None, new_password=new_password or None,
            address=address_of(request), at=now,
        )  # fmt: skip
    except LedgerError as error:
        return _fault(request, next, error, person, wants_new=isinstance(error, Invalid))
    answer = RedirectResponse(_own(next), 303)
    remember_session(request, answer, session)
    return answer


@router.post("/login/token")
def log_in_by_token(request: Request, database: Ledger, token: Field = "", next: Next = "/") -> Any:  # noqa: A002
    """The same for whoever holds a token: the demonstration, and machines with a screen."""
    token = token.strip()[:TOKEN_CHARACTERS_MAX]
    try:
        actor_of(database, token)
    except LedgerError as error:
        return _fault(request, next, error, "", wants_new=False)
    answer = RedirectResponse(_own(next), 303)
    remember_token(request, answer, token)
    return answer


@router.post("/logout")
def log_out(request: Request, database: Ledger, now: Now) -> Any:
    """End the session."""
    answer = RedirectResponse("/login", 303)
    forget(request, answer, database, now)
    return answer


def _fault(request: Request, target: str, error: LedgerError, person: str, *, wants_new: bool) -> Response:
    status = next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 500)
    return _page(request, target, status, fault=f"{error}. {_for_people(error)}", person=person, wants_new=wants_new)


def _for_people(error: LedgerError) -> str:
    return error.what_to_do.replace("Send new_password with it. ", "").replace("Send code: ", "Type ")


def _page(
    request: Request, target: str, status: int, *, fault: str = "", person: str = "", wants_new: bool = False
) -> Response:
    return render(
        request, "login.html", status, next=_own(target), fault=fault[:1].upper() + fault[1:], person=person,
        wants_new=wants_new, wants_code="second factor" in fault,
    )  # fmt: skip


def _own(target: str) -> str:
    """Only pages of this ledger."""
    return target if target.startswith("/") and not target.startswith(("//", "/\\")) else "/"
