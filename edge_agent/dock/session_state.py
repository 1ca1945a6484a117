"""Where an operator stands at a dock: what was scanned since the badge, and what is still missing."""

from dataclasses import dataclass, replace

from edge_agent.domain.barcodes.command_codes import Code
from edge_agent.domain.barcodes.scanned import Scanned
from edge_agent.domain.wire.ids import DeviceName, PlaceName
from edge_agent.domain.wire.records import Action, ScanLine


@dataclass(frozen=True, slots=True)
class Needs:
    """What an action needs besides items; the texts finish the sentence "scan ..."."""

    from_place: str
    to_place: str | None
    order: bool = False


NEEDS: dict[Action, Needs] = {
    Action.RECEIVE: Needs("the supplier", "the dock place", order=True),
    Action.PUT_AWAY: Needs("the place where the boxes are", "the place where they are put"),
    Action.MOVE: Needs("the place where the boxes are", "the place where they are put"),
    Action.PICK: Needs("the place where the boxes are", "the place where they are gathered", order=True),
    Action.SHIP: Needs("the place where the boxes are", "the customer", order=True),
    Action.DISPENSE: Needs("the place where the boxes are", "the ward or patient", order=True),
    Action.RETURN: Needs("the customer or ward they come from", "the place where they are put", order=True),
    Action.COUNT: Needs("the place that is counted", None),
    Action.OPEN_CASE: Needs("the place where the case is", None),
    Action.DESTROY: Needs("the place where the boxes are", None),
}


@dataclass(frozen=True, slots=True)
class Dock:
    """What stays the same at one scanner. ``idle_s`` is how long an operator may do nothing before being signed out."""

    scanner: DeviceName
    idle_s: float = 120.0
    double_read_s: float = 0.3
    items_max: int = 500


@dataclass(frozen=True, slots=True)
class SessionState:
    """Where an operator stands. ``items`` are the item scans since the last commit, one each, unmerged.

    ``half`` is a code that names an item without its lot, or a lot without its item: the other half comes next.
    ``shown`` are the warnings since then, ``about_operator`` those at the sign-in, ``about_places`` those about the
    two places; all are booked. ``refused_mono_ms`` is when a scan was last refused: it changed nothing, but
    somebody is there.
    """

    operator: str | None = None
    action: Action | None = None
    from_place: PlaceName | None = None
    to_place: PlaceName | None = None
    order: str | None = None
    items: tuple[ScanLine, ...] = ()
    half: Scanned | None = None
    quantity_next: int | None = None
    last_item_has_quantity: bool = False
    shown: tuple[str, ...] = ()
    about_operator: tuple[str, ...] = ()
    about_places: tuple[str, ...] = ()
    last_code: Code | Scanned | None = None
    last_mono_ms: int = 0
    refused_mono_ms: int = 0


def merged(items: tuple[ScanLine, ...]) -> tuple[ScanLine, ...]:
    """One line for each lot (or serial), quantities added, in the order of first scans."""
    lines: dict[tuple[tuple[str, ...], str | None, str | None], ScanLine] = {}
    for item in items:
        key = (item.names, item.lot, item.serial)
        known = lines.get(key)
        lines[key] = replace(known, quantity=known.quantity + item.quantity) if known else item
    return tuple(lines.values())


def missing(state: SessionState) -> str | None:
    """What has to be scanned before items can be; None if nothing."""
    if state.operator is None:
        return "your badge"
    if state.action is None:
        return "an action"
    needs = NEEDS[state.action]
    if state.from_place is None:
        return needs.from_place
    return needs.to_place if state.to_place is None else None


def is_open(state: SessionState) -> bool:
    """Whether something was scanned that is neither booked nor forgotten."""
    return bool(state.items) or state.quantity_next is not None or state.half is not None
