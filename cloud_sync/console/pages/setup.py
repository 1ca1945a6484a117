"""The first start: an administrator, a site with its time zone, its rooms, and the first gateway's invitation."""

from datetime import datetime
from typing import Annotated, Any
from zoneinfo import available_timezones

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse

from cloud_sync.actions.master_data.master_data import add_place, list_places, list_policies
from cloud_sync.actions.overview.fleet import fleet, invitations
from cloud_sync.actions.overview.rooms import house_zone
from cloud_sync.actions.people.first_start import first_administrator, needs_administrator
from cloud_sync.api.access import Ledger, Now
from cloud_sync.console.forms import Field, Fields, name_of
from cloud_sync.console.page_route import Administrator, PageRoute
from cloud_sync.console.rendering import render
from cloud_sync.console.visitor import actor_who_looks
from cloud_sync.domain.place_templates import ROOM_TEMPLATES
from cloud_sync.errors import Invalid, NotAllowed
from cloud_sync.storage.database import Database

PLACES_MAX = 1000

router = APIRouter(route_class=PageRoute)


@router.get("/setup")
def setup_page(request: Request, database: Ledger, now: Now) -> Any:
    """What is still to do before the ledger guards anything. The first step needs the code that ``serve`` printed."""
    if needs_administrator(database):
        return render(request, "setup_first.html", code="", person="", name="")
    request.state.actor = actor_who_looks(request, database, now)
    return render(request, "setup.html", **_state(database, now))


@router.post("/setup/administrator")
def make_administrator(
    request: Request, database: Ledger, now: Now, code: Field = "", person: Field = "", name: Field = ""
) -> Any:
    """Make the first administrator; the page shows their one-time secret and asks for a password at once."""
    try:
        secret = first_administrator(database, code, person.strip(), name, at=now)
    except (Invalid, NotAllowed) as error:
        status = 403 if isinstance(error, NotAllowed) else 422
        fault = f"{error}. {error.what_to_do}"
        return render(request, "setup_first.html", status, code=code, person=person, name=name, fault=fault)
    return render(request, "setup_first.html", person=person.strip(), name=name, secret=secret)


@router.post("/setup/site")
def make_site(database: Ledger, actor: Administrator, name: Field = "", title: Field = "", zone: Field = "") -> Any:
    """The first site, or another one."""
    if not zone.strip():
        raise Invalid("a site needs a time zone", "Go back and choose the zone in which its labels' days end.")
    add_place(
        database, name=name_of(name), title=title.strip(), kind="site", parent=None, policy=None, zone=zone.strip(),
        actor=actor.name,
    )  # fmt: skip
    return RedirectResponse("/setup", 303)


@router.post("/setup/rooms")
def make_rooms(
    database: Ledger,
    actor: Administrator,
    room: Annotated[list[int] | None, Form()] = None,
    site: Field = "",
    name: Fields = [],  # noqa: B006 - FastAPI copies it
    title: Fields = [],  # noqa: B006
    policy: Fields = [],  # noqa: B006
) -> Any:
    """The ticked rooms (``room`` counts rows from 0), each with its name, title and storage policy."""
    rows = list(zip(name, title, policy, strict=False))
    ticked = [rows[number] for number in room or () if 0 <= number < len(rows)]
    if not ticked:
        raise Invalid("no room was ticked", "Go back and tick the rooms that the site has.")
    named = [(name_of(each), shown, guard) for each, shown, guard in ticked]
    for each, shown, guard in named:
        add_place(
            database, name=each, title=shown.strip(), kind="room", parent=site, policy=guard or None, actor=actor.name
        )  # fmt: skip
    return RedirectResponse("/setup", 303)


def _state(database: Database, now: datetime) -> dict[str, Any]:
    places = list_places(database, rows_max=PLACES_MAX)
    policies = [row["name"] for row in list_policies(database, rows_max=PLACES_MAX)]
    taken = {place["name"] for place in places}
    return {
        "sites": [place for place in places if place["kind"] == "site"],
        "rooms": [place for place in places if place["kind"] == "room"],
        "templates": [room for room in ROOM_TEMPLATES if room.name not in taken],
        "policies": policies, "zones": sorted(available_timezones()), "gateways": fleet(database),
        "invitations": invitations(database, now), "now": now, "zone": house_zone(database),
    }  # fmt: skip
