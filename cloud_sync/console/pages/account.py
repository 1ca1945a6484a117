"""One's own account: the password, the authenticator app, and security keys."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request, Response
from fastapi.responses import RedirectResponse

from cloud_sync.actions.overview.rooms import house_zone
from cloud_sync.actions.people import accounts, second_factor, security_keys
from cloud_sync.actions.people.sessions import Guest, guest_of, prove
from cloud_sync.api.access import SESSION_COOKIE, TOKEN_CHARACTERS_MAX, Ledger, Now
from cloud_sync.api.sessions import address_of, ledger_address
from cloud_sync.console.forms import Credential, Field, Word
from cloud_sync.console.page_route import PageRoute, Visitor
from cloud_sync.console.qr import qr
from cloud_sync.console.rendering import render
from cloud_sync.console.table import Column, Show, list_page, table
from cloud_sync.domain.security_keys import KeyAnswer
from cloud_sync.errors import Invalid, NotKnown
from cloud_sync.storage.database import Database

KEYS = (
    Column("name", "Key"),
    Column("domain", "For"),
    Column("added_at", "Added", Show.WHEN),
    Column("used_at", "Used last", Show.WHEN),
)

router = APIRouter(route_class=PageRoute)
KeyId = Annotated[int, Path(ge=1, le=2**63 - 1)]


def _guest(request: Request, database: Ledger, now: Now, actor: Visitor) -> Guest:
    if actor.token:
        raise Invalid("a token has no account", "Sign in with your name and password.")
    return guest_of(database, request.cookies[SESSION_COOKIE][:TOKEN_CHARACTERS_MAX], now)


Myself = Annotated[Guest, Depends(_guest)]


@router.get("/account")
def account_page(request: Request, database: Ledger, guest: Myself) -> Any:
    """Who one is, and how one signs in."""
    return _page(request, database, guest)


@router.post("/account/password")
def password_page(
    request: Request, database: Ledger, guest: Myself, now: Now, password: Word = "", code: Word = "",
    new_password: Word = "",
) -> Any:  # fmt: skip
    """Another password; other sessions end."""
    _prove(request, database, guest, now, password, code)
    accounts.change_password(database, guest.actor.name, new_password, at=now, keeps_session=guest.id_sha256)
    return RedirectResponse("/account?done=password", 303)


@router.post("/account/app")
def app_page(request: Request, database: Ledger, guest: Myself, now: Now, password: Word = "", code: Word = "") -> Any:
    """A new secret for an authenticator app; it counts once a code of it is confirmed."""
    _prove(request, database, guest, now, password, code)
    uri = second_factor.offer(database, guest.actor.name)
    return render(request, "account_app.html", picture=qr(uri), uri=uri)


@router.post("/account/app/confirm")
def confirm_page(request: Request, database: Ledger, guest: Myself, now: Now, code: Word = "") -> Any:
    """Ask for its codes from now on; shows recovery codes, this once."""
    codes = second_factor.confirm(database, guest.actor.name, code.strip(), at=now)
    return render(request, "account_codes.html", codes=codes, what="The authenticator app")


@router.post("/account/app/remove")
def remove_app_page(
    request: Request, database: Ledger, guest: Myself, now: Now, password: Word = "", code: Word = ""
) -> Any:
    """No authenticator app any longer."""
    _prove(request, database, guest, now, password, code)
    second_factor.remove(database, guest.actor.name)
    return RedirectResponse("/account?done=removed", 303)


@router.post("/account/keys/question")
def ask_new_key_page(
    request: Request, database: Ledger, guest: Myself, now: Now, password: Word = "", code: Word = ""
) -> Any:
    """What a new security key is asked."""
    _prove(request, database, guest, now, password, code)
    asked = security_keys.offer_key(database, guest.actor.name, ledger_address(request), at=now)
    return Response(asked, media_type="application/json")


@router.post("/account/keys")
def add_key_page(
    request: Request, database: Ledger, guest: Myself, now: Now, name: Field = "", credential: Credential = ""
) -> Any:
    """From now on this key is a second factor, and signs."""
    if not credential:
        raise Invalid("no key answered", "Use a browser with scripts, and touch the key when it asks.")
    codes = security_keys.add_key(
        database,
        guest.actor.name,
        KeyAnswer(credential, ledger_address(request)),
        name,
        session=guest.id_sha256,
        at=now,
    )
    if not codes:
        return RedirectResponse("/account?done=key", 303)
    return render(request, "account_codes.html", codes=codes, what="The security key")


@router.post("/account/keys/{key_id}/remove")
def remove_key_page(
    key_id: KeyId, request: Request, database: Ledger, guest: Myself, now: Now, password: Word = "", code: Word = ""
) -> Any:
    """It counts no longer."""
    _prove(request, database, guest, now, password, code)
    security_keys.remove_key(database, guest.actor.name, key_id)
    return RedirectResponse("/account?done=removed", 303)


def _page(request: Request, database: Database, guest: Guest) -> Response:
    keys = security_keys.list_keys(database, guest.actor.name)
    zone = house_zone(database)
    return list_page(
        request, "account.html", guest=guest, zone=zone, has_app=second_factor.has_app(database, guest.actor.name),
        keys=table(request, "security-keys", KEYS, keys, zone=zone, prefix="key-"),
    )  # fmt: skip


def _prove(request: Request, database: Database, guest: Guest, now: Now, password: str, code: str) -> None:
    """Whoever changes how they sign in proves again that it is they, and stays signed in if that fails."""
    try:
        prove(
            database, guest.actor.name, password=password, code=code.strip() or None,
            key_was_shown=guest.has_second_factor, address=address_of(request), at=now,
        )  # fmt: skip
    except NotKnown as error:
        raise Invalid(f"nothing was changed: {error}", "Go back and type it again.") from error
