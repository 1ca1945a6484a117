"""Which storage policy guards a place from its creation, where nobody names one: by its kind and its name.

Rooms and bins only. A name that says nothing gets no policy, and what measures there is a case until it has one. In a
place that is guarded already only a room that is kept cold gets its own: a refrigerator in a room at 20 °C.
"""

import re
from dataclasses import dataclass

STORING = ("room", "bin")
COLD: tuple[tuple[str, str], ...] = (
    (r"vaccine", "who-vaccine-fridge"),
    (r"freezer", "usp-freezer"),
    (r"fridge|refrigerator|cold", "usp-refrigerator"),
)
TEMPLATES: tuple[tuple[str, str], ...] = (
    *COLD,
    (r"grade-[abc]", "{0}"),
    (r"iso-[578]", "{0}"),
    (r"room|pharmacy|shelf|store|ambient", "usp-controlled-room"),
)
"""Patterns in names, the first that is found counts, and the policies (config/policies) they stand for."""


def policy_by_name(kind: str, name: str, *, is_guarded: bool = False) -> str | None:
    """The policy of a new place; None if its kind or name says nothing. ``is_guarded``: it stands in a place with one.

    >>> policy_by_name("room", "fridge-a"), policy_by_name("room", "iso-7-suite"), policy_by_name("room", "dock")
    ('usp-refrigerator', 'iso-7', None)
    """
    if kind not in STORING or (is_guarded and kind != "room"):
        return None
    for pattern, policy in COLD if is_guarded else TEMPLATES:
        found = re.search(pattern, name.lower())
        if found:
            return policy.format(found.group(0))
    return None


@dataclass(frozen=True, slots=True)
class RoomTemplate:
    """A room as most houses have one: what it is called, and the storage policy it is kept by (None: nothing lies
    there for long)."""

    name: str
    title: str
    policy: str | None


ROOM_TEMPLATES = (
    RoomTemplate("dock", "Receiving dock", None),
    RoomTemplate("fridge-1", "Refrigerator 1", "usp-refrigerator"),
    RoomTemplate("fridge-2", "Refrigerator 2", "usp-refrigerator"),
    RoomTemplate("vaccine-fridge-1", "Vaccine refrigerator 1", "who-vaccine-fridge"),
    RoomTemplate("freezer-1", "Freezer 1", "usp-freezer"),
    RoomTemplate("store-1", "Store at controlled room temperature", "usp-controlled-room"),
    RoomTemplate("cleanroom-iso-7", "Cleanroom, ISO 7", "iso-7"),
    RoomTemplate("anteroom-iso-8", "Anteroom, ISO 8", "iso-8"),
)
"""What the first start offers; a house takes what it has and names it its own way."""
