"""Signing in and out."""

from contextlib import suppress
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from cloud_sync.actions.access import actor_of
from cloud_sync.actions.people import single_sign_on
from cloud_sync.actions.people.first_start import has_anybody
from cloud_sync.actions.people.security_keys import ask_sign_in, sign_in_with_key
from cloud_sync.actions.people.sessions import IS_ONE_TIME, sign_in
from cloud_sync.api.access import TOKEN_CHARACTERS_MAX, Ledger, Now
from cloud_sync.api.problems import STATUS
from cloud_sync.api.sessions import address_of, ledger_address
from cloud_sync.console.forms import Credential
from cloud_sync.console.page_route import NEXT_CHARACTERS_MAX, PageRoute
from cloud_sync.console.rendering import render
from cloud_sync.console.visitor import forget, remember_session, remember_token
from cloud_sync.domain.oidc import RETURNS_WITHIN, OidcSettings
from cloud_sync.domain.security_keys import KeyAnswer
from cloud_sync.errors import Invalid, LedgerError, NotFound, NotKnown, SecondFactorMissing
from cloud_sync.storage.database import Database

OIDC_COOKIE = "lotwarden_oidc"

router = APIRouter(route_class=PageRoute)
Next = Annotated[str, Query(max_length=NEXT_CHARACTERS_MAX)]
Field = Annotated[str, Form(max_length=500)]


@router.get("/login")
def login_page(request: Request, database: Ledger, next: Next = "/", over: bool = False) -> Any:  # noqa: A002 - as it stands in the address
    """Who are you? On a ledger that nobody can use yet: the first start. ``over``: who comes was signed in before."""
    if not has_anybody(database):
        return RedirectResponse("/setup", 303)
    return _page(request, next, 200, is_over=over)


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
    except SecondFactorMissing as error:
        if not error.has_key:
            return _fault(request, next, error, person)
        return _ask_key(request, database, next, error, person.strip(), password, now)
    except LedgerError as error:
        # Whoever has to choose a password has shown their one-time secret, and need not keep it for another try.
        return _fault(request, next, error, person, secret=password if isinstance(error, Invalid) else "")
    answer = RedirectResponse(_own(next), 303)
    remember_session(request, answer, session)
    return answer


@router.post("/login/key")
def log_in_with_key(
    request: Request,
    database: Ledger,
    now: Now,
    credential: Credential = "",
    next: Next = "/",  # noqa: A002
) -> Any:
    """The same with what a security key answered; the password was proved before."""
    answer_of_key = KeyAnswer(credential, ledger_address(request))
    try:
        session = sign_in_with_key(database, answer_of_key, from_address=address_of(request), at=now)
    except LedgerError as error:
        return _fault(request, next, error, "")
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
        return _fault(request, next, error, "")
    answer = RedirectResponse(_own(next), 303)
    remember_token(request, answer, token)
    return answer


@router.get("/login/oidc")
def go_to_provider(request: Request, database: Ledger, now: Now, next: Next = "/") -> Any:  # noqa: A002
    """Off to the identity provider."""
    try:
        sent = single_sign_on.begin(database, _provider(request), _own(next), at=now)
    except LedgerError as error:
        return _fault(request, next, error, "")
    answer = RedirectResponse(sent.url, 303)
    # Lax: the provider sends the browser back from its own address.
    answer.set_cookie(
        OIDC_COOKIE, sent.secret, max_age=int(RETURNS_WITHIN.total_seconds()), httponly=True, samesite="lax",
        secure=request.url.scheme == "https", path="/login/oidc",
    )  # fmt: skip
    return answer


@router.get("/login/oidc/back")
def come_back(
    request: Request, database: Ledger, now: Now,
    state: Annotated[str, Query(max_length=200)] = "", code: Annotated[str, Query(max_length=4000)] = "",
    error: Annotated[str, Query(max_length=200)] = "",
) -> Any:  # fmt: skip
    """Back from the identity provider."""
    settings = _provider(request)
    try:
        if error or not code:
            raise NotKnown("the identity provider did not sign you in", "Try again, or sign in with your password.")
        arrived = single_sign_on.arrive(
            database, settings, state=state, code=code, secret=_oidc_secret(request), address=address_of(request),
            at=now,
        )  # fmt: skip
    except LedgerError as refused:
        return _fault(request, "/", refused, "")
    if arrived.asks_code:
        with suppress(LedgerError):  # nobody with a key of this address
            question = single_sign_on.ask_key_of(
                database, secret=_oidc_secret(request), address=ledger_address(request), at=now
            )
            return _oidc_page(request, None, asks_code=True, question=question)
    return _arrived(request, arrived)


@router.post("/login/oidc/code")
def show_code(request: Request, database: Ledger, now: Now, code: Field = "") -> Any:
    """The second factor of whoever came back."""
    _provider(request)
    try:
        arrived = single_sign_on.show_code(
            database, secret=_oidc_secret(request), code=code.strip(), address=address_of(request), at=now
        )
    except LedgerError as error:
        return _oidc_page(request, error, asks_code=True)
    return _arrived(request, arrived)


@router.post("/login/oidc/key")
def show_key(request: Request, database: Ledger, now: Now, credential: Credential = "") -> Any:
    """The security key of whoever came back."""
    _provider(request)
    try:
        arrived = single_sign_on.show_key(
            database, secret=_oidc_secret(request), answer=KeyAnswer(credential, ledger_address(request)),
            from_address=address_of(request), at=now,
        )  # fmt: skip
    except LedgerError as error:
        return _oidc_page(request, error, asks_code=True)
    return _arrived(request, arrived)


@router.post("/login/oidc/link")
def link_account(
    request: Request, database: Ledger, now: Now, person: Field = "", password: Field = "", code: Field = ""
) -> Any:
    """Whoever came back shows which account is theirs."""
    _provider(request)
    try:
        arrived = single_sign_on.link(
            database, secret=_oidc_secret(request), person=person.strip(), password=password,
            code=code.strip() or None, address=address_of(request), at=now,
        )  # fmt: skip
    except LedgerError as error:
        return _oidc_page(request, error, asks_code=False)
    return _arrived(request, arrived)


def _provider(request: Request) -> OidcSettings:
    settings: OidcSettings | None = request.app.state.oidc
    if settings is None:
        raise NotFound("this ledger has no identity provider", "Sign in with your password.")
    return settings


def _oidc_secret(request: Request) -> str:
    return request.cookies.get(OIDC_COOKIE, "")[:TOKEN_CHARACTERS_MAX]


def _arrived(request: Request, arrived: single_sign_on.Arrived) -> Response:
    if arrived.session is None:
        return _oidc_page(request, None, asks_code=arrived.asks_code)
    # A page, not a redirect: browsers keep strict cookies back on what the provider's address leads to.
    answer = render(request, "oidc_done.html", next=_own(arrived.next))
    remember_session(request, answer, arrived.session)
    answer.delete_cookie(OIDC_COOKIE, path="/login/oidc")
    return answer


def _oidc_page(request: Request, error: LedgerError | None, *, asks_code: bool, question: str = "") -> Response:
    fault = f"{error}. {_for_people(error)}" if error is not None else ""
    status = next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 500) if error is not None else 200
    title = _provider(request).title
    return render(
        request, "oidc.html", status, fault=fault[:1].upper() + fault[1:], asks_code=asks_code, title=title,
        question=question,
    )  # fmt: skip


@router.post("/logout")
def log_out(request: Request, database: Ledger, now: Now) -> Any:
    """End the session."""
    answer = RedirectResponse("/login", 303)
    forget(request, answer, database, now)
    return answer


def _fault(request: Request, target: str, error: LedgerError, person: str, *, secret: str = "") -> Response:
    status = next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 500)
    if secret and str(error) == IS_ONE_TIME:  # all is well: the page asks for a password of their own
        return _page(request, target, status, person=person, secret=secret)
    return _page(request, target, status, fault=f"{error}. {_for_people(error)}", person=person, secret=secret)


def _ask_key(
    request: Request, database: Database, target: str, missing: LedgerError, person: str, password: str, at: datetime
) -> Response:
    """The page that asks the key of whoever has typed the password; a code does as well."""
    try:
        question = ask_sign_in(
            database, person, password, ledger_address(request), from_address=address_of(request), at=at
        )
    except LedgerError:  # a key for another name of the ledger: the code remains
        return _fault(request, target, missing, person)
    return _page(request, target, 401, person=person, question=question)


def _for_people(error: LedgerError) -> str:
    return (
        error.what_to_do.replace("Send new_password with it. ", "")
        .replace("Send code: ", "Type ")
        .replace("send code: ", "type ")
        .replace("for: cloud-sync account reset NAME.", "for a new one.")
        .replace("for: cloud-sync account unlock NAME.", "to unlock your account.")
    )


def _page(
    request: Request, target: str, status: int, *, fault: str = "", person: str = "", secret: str = "",
    question: str = "", is_over: bool = False,
) -> Response:  # fmt: skip
    return render(
        request, "login.html", status, provider=request.app.state.oidc, next=_own(target),
        fault=fault[:1].upper() + fault[1:], person=person,
        wants_new=bool(secret), password=secret,
        wants_code="second factor" in fault or "security key is missing" in fault,
        question=question, is_over=is_over,
    )  # fmt: skip


def _own(target: str) -> str:
    """Only pages of this ledger."""
    return target if target.startswith("/") and not target.startswith(("//", "/\\")) else "/"
