"""Signing in and out, one's own password and second factor, and the list of accounts."""

from typing import Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Request, Response

from cloud_sync.actions.access import role_table
from cloud_sync.actions.people import accounts, second_factor
from cloud_sync.actions.people.sessions import Session, prove, sign_in, sign_out
from cloud_sync.api.access import SESSION_COOKIE, AccessReviewer, ApiRoute, Ledger, Now, Reader, SignedIn
from cloud_sync.api.problems import answers
from cloud_sync.api.same_origin import check_same_origin
from cloud_sync.api.schemas.account import (
    AccountOut,
    CodeIn,
    MeOut,
    OfferOut,
    PasswordIn,
    ProofIn,
    RecoveryCodesOut,
    RolePermissionsOut,
    SessionOut,
    SignInIn,
)
from cloud_sync.domain.accounts import SESSION_MAX
from cloud_sync.domain.security_keys import LedgerAddress

router = APIRouter(tags=["people"], route_class=ApiRoute, responses=answers())


@router.post("/sessions", summary="Sign in", status_code=201, response_model=SessionOut, responses=answers(429))
def begin_session(said: SignInIn, request: Request, response: Response, database: Ledger, now: Now) -> Any:
    """Begin a session of a person; it ends after 15 minutes without a request, and after 12 hours.

    A one-time secret is changed at once: send `new_password` with it. Wrong attempts make the next one wait.
    """
    check_same_origin(request)
    session = sign_in(
        database,
        said.person,
        said.password,
        code=said.code,
        new_password=said.new_password,
        address=address_of(request),
        at=now,
    )
    return begun(session, response)


def begun(session: Session, response: Response) -> dict[str, Any]:
    """What whoever signed in gets: the cookie, and what changes need."""
    response.set_cookie(
        SESSION_COOKIE,
        session.secret,
        max_age=int(SESSION_MAX.total_seconds()),
        path="/",
        secure=True,
        httponly=True,
        samesite="strict",
    )
    return {"person": session.person, "csrf_token": session.csrf_token, "ends_at": session.ends_at}


@router.delete("/sessions/current", summary="Sign out", status_code=204)
def end_session(response: Response, guest: SignedIn, database: Ledger, now: Now) -> None:
    """End this session."""
    sign_out(database, guest, now)
    response.delete_cookie(SESSION_COOKIE, path="/", secure=True, httponly=True, samesite="strict")


@router.get("/me", summary="See who you are", response_model=MeOut)
def see_me(guest: SignedIn) -> Any:
    """The person of this session, their roles, and the token that changes need."""
    return {
        "person": guest.actor.name,
        "printed_name": guest.printed_name,
        "roles": [{"role": row["role"], "site": row["site_name"]} for row in guest.roles],
        "has_second_factor": guest.has_second_factor,
        "ends_at": guest.ends_at,
        "csrf_token": guest.csrf_token,
    }


@router.put("/me/password", summary="Change your password", status_code=204, responses=answers(429))
def change_password(said: PasswordIn, request: Request, guest: SignedIn, database: Ledger, now: Now) -> None:
    """Set another one; your other sessions end."""
    prove_again(said, request, guest, database, now)
    accounts.change_password(database, guest.actor.name, said.new_password, at=now, keeps_session=guest.id_sha256)


@router.post(
    "/me/second-factor", summary="Begin with a second factor", response_model=OfferOut, responses=answers(409, 429)
)
def offer_second_factor(said: ProofIn, request: Request, guest: SignedIn, database: Ledger, now: Now) -> Any:
    """A new secret for an authenticator app; it counts once a code of it is confirmed."""
    prove_again(said, request, guest, database, now)
    return {"uri": second_factor.offer(database, guest.actor.name)}


@router.post(
    "/me/second-factor/confirm",
    summary="Confirm the second factor",
    response_model=RecoveryCodesOut,
    responses=answers(409),
)
def confirm_second_factor(said: CodeIn, guest: SignedIn, database: Ledger, now: Now) -> Any:
    """From now on signing in needs a code. Gives recovery codes, this once."""
    return {"recovery_codes": second_factor.confirm(database, guest.actor.name, said.code, at=now)}


@router.post("/me/second-factor/remove", summary="Remove the second factor", status_code=204, responses=answers(429))
def remove_second_factor(said: ProofIn, request: Request, guest: SignedIn, database: Ledger, now: Now) -> None:
    """Sign in by the password alone again."""
    prove_again(said, request, guest, database, now)
    second_factor.remove(database, guest.actor.name)


@router.get("/accounts", summary="List accounts", response_model=list[AccountOut])
def list_accounts(database: Ledger, _: AccessReviewer) -> Any:
    """Everybody who may sign in, with their roles: for the periodic review of accesses."""
    return accounts.list_accounts(database)


@router.get("/roles", summary="See what each role may do", response_model=list[RolePermissionsOut])
def list_roles(database: Ledger, _: Reader) -> Any:
    """The table of roles, as the ledger applies it."""
    return role_table(database)


def address_of(request: Request) -> str:
    """From where it was asked."""
    return request.client.host if request.client is not None else ""


def ledger_address(request: Request) -> LedgerAddress:
    """The ledger as this browser has it. What a security key signs names it, too, so that nobody gains by a lie."""
    host = request.headers.get("host", "")
    domain = urlsplit(f"//{host}").hostname or ""
    # Forms come without an origin: our pages tell nobody where they are. But here, browsers have keys over TLS only.
    is_plain = domain in ("localhost", "127.0.0.1") and request.url.scheme == "http"
    return LedgerAddress(domain, f"{'http' if is_plain else 'https'}://{host}")


def prove_again(said: ProofIn, request: Request, guest: SignedIn, database: Ledger, now: Now) -> None:
    """Whoever changes how they sign in proves at that moment that it is they. Raises ``NotKnown``, ``TooMany``."""
    prove(
        database, guest.actor.name, password=said.password, code=said.code, key_was_shown=guest.has_second_factor,
        address=address_of(request), at=now,
    )  # fmt: skip
