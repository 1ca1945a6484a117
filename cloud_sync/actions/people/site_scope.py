"""A role at one site is a role at that site: what a request names has to be there."""

from collections.abc import Iterable, Mapping
from typing import Any

from cloud_sync.domain.roles import Permission
from cloud_sync.errors import NotAllowed
from cloud_sync.storage.database import Database
from cloud_sync.storage.queries import queries

NAMES = frozenset({"place", "from_place", "to_place", "parent", "room", "site", "places"})
"""Fields of requests that name places."""
OF_PATH: Mapping[tuple[str, str], tuple[str, str]] = {
    ("reservations", "reservation_id"): ("places_of_reservation", "id"),
    ("orders", "number"): ("places_of_order", "number"),
    ("counts", "number"): ("places_of_count", "number"),
    ("channels", "channel_id"): ("places_of_channel", "id"),
    ("gateways", "name"): ("places_of_gateway", "name"),
    ("holds", "hold_id"): ("places_of_hold", "id"),
    ("cases", "case_id"): ("places_of_case", "id"),
    ("alerts", "alert_id"): ("places_of_alert", "id"),
    ("quarantine", "excursion_id"): ("places_of_excursion", "id"),
    ("excursions", "excursion_id"): ("places_of_excursion", "id"),
    ("production-batches", "number"): ("places_of_batch", "number"),
    ("corrections", "correction_id"): ("places_of_correction", "id"),
    ("stability-studies", "study_id"): ("places_of_study", "id"),
    ("environment-sessions", "session_id"): ("places_of_session", "id"),
    ("quality-samples", "sample_id"): ("places_of_sample", "id"),
    ("quality/studies", "study_id"): ("places_of_study", "id"),
    ("quality/environment", "session_id"): ("places_of_session", "id"),
    ("quality/samples", "sample_id"): ("places_of_sample", "id"),
    ("complaints", "complaint_id"): ("places_of_complaint", "id"),
    ("wastes", "waste_id"): ("places_of_waste", "id"),
    ("controlled/wastes", "waste_id"): ("places_of_waste", "id"),
    ("charges", "administration_id"): ("places_of_administration", "id"),
    ("administrations", "administration_id"): ("places_of_administration", "id"),
    ("alert-subscriptions", "name"): ("places_of_subscription", "name"),
    ("alerts/subscriptions", "name"): ("places_of_subscription", "name"),
}
"""How what an address names is found: its beginning and parameter; the query and what it asks by."""
OF_FIELD: Mapping[str, tuple[str, str]] = {
    "excursion_id": ("places_of_excursion", "id"),
    "excursion_ids": ("places_of_excursion", "id"),
    "alert": ("places_of_alert", "id"),
    "order": ("places_of_order", "number"),
    "sheet": ("places_of_paper_sheet", "number"),
}
"""Fields of requests that name what is somewhere; the query that finds the places of one, and what it asks by."""
NAMED_MAX = 1000


def check_sites(
    database: Database,
    permission: Permission,
    sites: frozenset[int],
    *,
    path: str,
    path_values: Mapping[str, Any],
    said: Iterable[Any],
) -> None:
    """Raise ``NotAllowed`` unless the request names places, and all of them that are the house's are at these sites.

    ``path`` is without the version: ``orders/{number}/pick``; ``said`` is the body and the query.
    """
    bodies = list(said)
    names = {name for each in bodies for name in places_in(each)}
    names |= {str(value) for name, value in path_values.items() if name in NAMES}
    if path.startswith("places/"):
        names.add(str(path_values["name"]))
    if path_values.get("kind") == "places":
        names.add(str(path_values["key"]))
    with database.transaction() as connection:
        access = queries("access")
        for (word, parameter), (query, by) in OF_PATH.items():
            if path.startswith(f"{word}/") and parameter in path_values:
                value = path_values[parameter]
                rows = getattr(access, query)(connection, **{by: int(value) if by == "id" else value})
                names |= {row["name"] for row in rows}
        for field, (query, by) in OF_FIELD.items():
            for each in sorted({each for body in bodies for each in named_in(body, field)})[:NAMED_MAX]:
                if by != "id" or (each.isascii() and each.isdigit() and len(each) <= 18):
                    rows = getattr(access, query)(connection, **{by: int(each) if by == "id" else each})
                    names |= {row["name"] for row in rows}
        outside = [row["name"] for row in access.places_outside(connection, names=sorted(names), site_ids=list(sites))]
    if outside:
        raise NotAllowed(f"your role may {permission} at your own site only, and {outside[0]} is not there", ASK)
    if not names:
        raise NotAllowed(f"your role may {permission} at your own site only, and this is of the whole house", ASK)


def check_places(
    database: Database, permission: Permission, sites: frozenset[int], query: tuple[str, str] | None, value: str
) -> None:
    """The same for a record: ``query`` finds its places by ``value``; None: it has none."""
    names: list[str] = []
    with database.transaction() as connection:
        if query is not None:
            name, by = query
            rows = getattr(queries("access"), name)(connection, **{by: int(value) if by == "id" else value})
            names = [row["name"] for row in rows]
        outside = list(queries("access").places_outside(connection, names=names, site_ids=list(sites)))
    if outside or not names:
        raise NotAllowed(f"your role may {permission} at your own site only, and this is not of it alone", ASK)


ASK = "Ask somebody whose role is not bound to a site, or is bound to that one."


def places_in(said: Any, depth_max: int = 5) -> set[str]:
    """Names of places in the fields of a request.

    >>> sorted(places_in({"from_place": "a", "lines": [{"to_place": "b", "item": "c"}]}))
    ['a', 'b']
    """
    found: set[str] = set()
    if depth_max == 0:
        return found
    if isinstance(said, Mapping):
        for key, value in said.items():
            if key in NAMES:
                found |= {each for each in (value if isinstance(value, list) else [value]) if isinstance(each, str)}
            else:
                found |= places_in(value, depth_max - 1)
    elif isinstance(said, list):
        for each in said:
            found |= places_in(each, depth_max - 1)
    return found


def named_in(said: Any, field: str) -> set[str]:
    """What a field of a request names, one or several, as a program or a form sends them.

    >>> sorted(named_in({"alert": ["7", "8"]}, "alert")), named_in({"excursion_id": 7}, "excursion_id")
    (['7', '8'], {'7'})
    """
    value = said.get(field) if isinstance(said, Mapping) else None
    return {str(each) for each in (value if isinstance(value, list) else [value]) if isinstance(each, str | int)}
