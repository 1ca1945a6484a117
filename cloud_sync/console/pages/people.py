"""People: who may sign in, with which roles, and who was locked out."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse

from cloud_sync.actions.access import role_table
from cloud_sync.actions.audit_log import events_of
from cloud_sync.actions.master_data.choices import owners_to_choose
from cloud_sync.actions.master_data.master_data import list_places
from cloud_sync.actions.overview.rooms import house_zone
from cloud_sync.actions.people import administration
from cloud_sync.actions.people.accounts import list_accounts
from cloud_sync.api.access import Ledger, Now
from cloud_sync.console.forms import Field, Why, name_of, reason_of
from cloud_sync.console.page_route import AccessGiver, AccessReviewer, PageRoute, Visitor
from cloud_sync.console.rendering import render
from cloud_sync.console.table import Column, Show, list_page, table
from cloud_sync.domain.roles import Permission, Role
from cloud_sync.errors import Invalid, NotFound
from cloud_sync.storage.database import Database, Row

ROWS_MAX = 1000

router = APIRouter(route_class=PageRoute)
Roles = Annotated[list[Role] | None, Form()]


def _state(row: Row) -> str:
    if row["locked_at"]:
        return "locked"
    return "has not signed in" if row["must_change"] else "active"


def _yes(is_so: bool) -> str:
    return "yes" if is_so else "none"


PEOPLE = (
    Column("person", "Name", link=lambda row: f"/administration/people/{row['person']}"),
    Column("printed_name", "Full name"),
    Column("roles", "Roles"),
    Column("owner", "Owner"),
    Column("has_second_factor", "Second factor", filters=True, value=lambda row: _yes(row["has_second_factor"])),
    Column("seen_at", "Last seen", Show.WHEN),
    Column("expires_at", "Valid until", Show.WHEN),
    Column("state", "State", Show.TAG, filters=True, value=_state),
)


@router.get("/administration/people")
def people_page(request: Request, database: Ledger, _: AccessReviewer) -> Any:
    """Everybody who may sign in: for the periodic review of accesses, and to invite somebody."""
    zone = house_zone(database)
    return list_page(
        request, "people.html", people=table(request, "people", PEOPLE, list_accounts(database), zone=zone),
        **_choices(database),
    )  # fmt: skip


@router.post("/administration/people")
def invite_person(
    request: Request, database: Ledger, actor: AccessGiver, now: Now,
    person: Field = "", name: Field = "", role: Roles = None, site: Field = "", owner: Field = "",
) -> Any:  # fmt: skip
    """Open an account; the page shows its one-time secret, this once."""
    if not role:
        raise Invalid("no role was ticked", "Go back and tick what this person is trusted with.")
    secret = administration.open_account(
        database, name_of(person), name, role, site=site or None, owner=owner or None, at=now, actor=actor
    )
    return render(request, "person_secret.html", person=person.strip(), secret=secret, is_new=True)


@router.get("/administration/people/{person}")
def person_page(person: str, request: Request, database: Ledger, _: AccessReviewer) -> Any:
    """One account, its roles, and what was done to it."""
    found = [row for row in list_accounts(database) if row["person"] == person]
    if not found:
        raise NotFound(f"there is no account {person}", "See Administration, People for those there are.")
    roles = [dict(zip(("role", "site"), (*row.split(" at ", 1), "")[:2], strict=True)) for row in found[0]["roles"]]
    return render(
        request, "person.html", account=found[0], state=_state(found[0]), roles=roles, zone=house_zone(database),
        events=events_of(database, f"account:{person}", rows_max=ROWS_MAX), **_choices(database),
    )  # fmt: skip


@router.post("/administration/people/{person}/lock")
def lock_person(person: str, database: Ledger, actor: AccessGiver, now: Now, reason: Why = "") -> Any:
    """Let nobody sign in with an account."""
    administration.lock(database, person, reason=reason_of(reason, "locking an account"), at=now, actor=actor)
    return RedirectResponse(f"/administration/people/{person}", 303)


@router.post("/administration/people/{person}/unlock")
def unlock_person(person: str, database: Ledger, actor: AccessGiver, reason: Why = "") -> Any:
    """Let them sign in again."""
    administration.unlock(database, person, reason=reason_of(reason, "unlocking an account"), actor=actor)
    return RedirectResponse(f"/administration/people/{person}", 303)


@router.post("/administration/people/{person}/reset")
def reset_person(person: str, request: Request, database: Ledger, actor: AccessGiver, now: Now) -> Any:
    """Another one-time secret, shown this once."""
    secret = administration.reset(database, person, at=now, actor=actor)
    return render(request, "person_secret.html", person=person, secret=secret, is_new=False)


@router.post("/administration/people/{person}/roles")
def grant_to_person(
    person: str, database: Ledger, actor: AccessGiver, role: Annotated[Role, Form()], site: Field = ""
) -> Any:
    """Trust them with a role."""
    administration.grant(database, person, role, site=site or None, actor=actor)
    return RedirectResponse(f"/administration/people/{person}", 303)


@router.post("/administration/people/{person}/roles/withdraw")
def withdraw_from_person(
    person: str, database: Ledger, actor: AccessGiver, role: Annotated[Role, Form()], site: Field = ""
) -> Any:
    """Take a role back."""
    administration.withdraw(database, person, role, site=site or None, actor=actor)
    return RedirectResponse(f"/administration/people/{person}", 303)


@router.get("/administration/roles")
def roles_page(request: Request, database: Ledger, _: Visitor) -> Any:
    """What each role may do, as the ledger applies it."""
    return render(request, "roles.html", roles=role_table(database), permissions=list(Permission))


def _choices(database: Database) -> dict[str, Any]:
    return {
        "sites": list_places(database, kind="site", rows_max=ROWS_MAX),
        "owners": owners_to_choose(database), "table_of_roles": role_table(database),
    }  # fmt: skip
