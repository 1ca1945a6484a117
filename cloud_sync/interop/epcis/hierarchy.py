"""What lies in what, as a partner's aggregation events say: what is in a pallet whose SSCC somebody scans.

A pure function of the events, whatever order they came in: later ones correct earlier ones, at the same moment what was
taken out comes first. Of one key, the last packing counts: a carton is in one pallet.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cloud_sync.interop.epcis.checks import instant_of
from cloud_sync.interop.epcis.identifiers import canonical
from cloud_sync.interop.epcis.rules import Event

DEPTH_MAX = 8
"""Pallet, layer, case, bundle, unit and some to spare; deeper is a loop."""


@dataclass(frozen=True, slots=True)
class Content:
    """What lies directly in a parent: units and packages by their keys, loose goods by class with their quantity."""

    keys: tuple[str, ...] = ()
    classes: Mapping[str, float] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()
    """Classes of which nobody said how many."""

    def __bool__(self) -> bool:
        return bool(self.keys or self.classes or self.unknown)


def content_of(parent: str, events: Iterable[Event]) -> Content:
    """What lies in ``parent`` (canonical key) after all of these events."""
    keys: dict[str, None] = {}
    classes: dict[str, float] = {}
    unknown: dict[str, None] = {}
    for event in sorted(events, key=_order):
        if event.get("type") != "AggregationEvent" or canonical(event.get("parentID", "")) != parent:
            continue
        children = [canonical(each) for each in event.get("childEPCs", ())]
        counted = [(canonical(each["epcClass"]), each.get("quantity")) for each in event.get("childQuantityList", ())]
        if event["action"] == "DELETE":
            if not children and not counted:
                keys, classes, unknown = {}, {}, {}
            _take_out(keys, classes, unknown, children, counted)
            continue
        if event["action"] == "OBSERVE":  # all that was seen
            keys, classes, unknown = {}, {}, {}
        keys |= dict.fromkeys(children)
        for name, quantity in counted:
            if quantity is None:
                unknown[name] = None
            else:
                classes[name] = classes.get(name, 0) + quantity
    return Content(tuple(keys), {name: left for name, left in classes.items() if left > 0}, tuple(unknown))


def _take_out(
    keys: dict[str, None],
    classes: dict[str, float],
    unknown: dict[str, None],
    children: Sequence[str],
    counted: Sequence[tuple[str, float | None]],
) -> None:
    for child in children:
        keys.pop(child, None)
    for name, quantity in counted:
        if quantity is None:
            classes.pop(name, None)
            unknown.pop(name, None)
        else:
            classes[name] = classes.get(name, 0) - quantity


def _order(event: Event) -> tuple[Any, bool]:
    return instant_of(event["eventTime"]), event.get("action") != "DELETE"


@dataclass(frozen=True, slots=True)
class Master:
    """What a partner said of a unit or a lot when it was made: the lot number, the day on which it expires."""

    lot: str = ""
    expires_on: str = ""


LOT_WORDS = ("cbvmda:lotNumber", "lotNumber")
EXPIRY_WORDS = ("cbvmda:itemExpirationDate", "itemExpirationDate", "cbvmda:sellByDate")


def masters_of(events: Iterable[Event]) -> dict[str, Master]:
    """By key, what the events that commissioned it say (ILMD); the last one counts."""
    found: dict[str, Master] = {}
    for event in sorted(events, key=_order):
        ilmd = event.get("ilmd")
        if not isinstance(ilmd, dict):
            continue
        said = Master(_first(ilmd, LOT_WORDS), _first(ilmd, EXPIRY_WORDS)[:10])
        names = [*event.get("epcList", ()), *event.get("outputEPCList", ())]
        names += [each["epcClass"] for each in (*event.get("quantityList", ()), *event.get("outputQuantityList", ()))]
        found |= {canonical(name): said for name in names}
    return found


def _first(ilmd: Mapping[str, Any], words: Sequence[str]) -> str:
    for word in words:
        value = ilmd.get(word)
        value = value.get("@value") if isinstance(value, dict) else value
        if value not in (None, ""):
            return str(value)
    return ""
