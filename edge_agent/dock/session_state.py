"""Where an operator stands at a dock: what was scanned since the badge, and what is still missing."""

from dataclasses import dataclass, replace
from decimal import Decimal

from edge_agent.domain.barcodes.command_codes import Code
from edge_agent.domain.barcodes.scanned import Scanned
from edge_agent.domain.wire.ids import DeviceName, PlaceName
from edge_agent.domain.wire.records import Action, ScanLine


@dataclass(frozen=True, slots=True)
class Needs:
    """What an action needs besides items; the texts finish the sentence "Scan ..."."""

    from_place: str
    to_place: str | None
    order: bool = False


SOURCE, DESTINATION = "the source location", "the destination location"
NEEDS: dict[Action, Needs] = {
    Action.RECEIVE: Needs("the supplier", "the receiving location", order=True),
    Action.PUT_AWAY: Needs(SOURCE, DESTINATION),
    Action.MOVE: Needs(SOURCE, DESTINATION),
    Action.PICK: Needs(SOURCE, "the staging location", order=True),
    Action.SHIP: Needs(SOURCE, "the customer", order=True),
    Action.DISPENSE: Needs(SOURCE, "the ward or patient", order=True),
    Action.RETURN: Needs("the customer or ward that returns the goods", DESTINATION, order=True),
    Action.COUNT: Needs("the location to count", None),
    Action.OPEN_CASE: Needs("the location of the case", None),
    Action.DESTROY: Needs(SOURCE, None),
}


@dataclass(frozen=True, slots=True)
class Dock:
    """What stays the same at one scanner.

    ``idle_s`` is how long an operator may do nothing before being signed out; they are warned at three quarters of it.
    What was not committed is kept for the same badge for ``kept_s``.
    """

    scanner: DeviceName
    idle_s: float = 120.0
    kept_s: float = 8 * 3600.0
    double_read_s: float = 0.3
    items_max: int = 500


@dataclass(frozen=True, slots=True)
class PinWanted:
    """Somebody scanned a badge that has a PIN: whoever it is is nobody yet. ``kept`` is the PIN as it is kept."""

    badge: str
    operator: str
    kept: str
    digits: str = ""


@dataclass(frozen=True, slots=True)
class WrongPins:
    """How many wrong PINs were given one after the other at this dock, and when the last."""

    count: int = 0
    mono_ms: int = 0


@dataclass(frozen=True, slots=True)
class SessionState:
    """Where an operator stands. ``items`` are the item scans since the last commit, one each, unmerged.

    ``half`` is a code that names an item without its lot, or a lot without its item: the other half comes next.
    ``shown`` are the warnings since then, ``about_operator`` those at the sign-in, ``about_places`` those about the
    two places; all are booked. ``refused_mono_ms`` is when a scan was last refused: it changed nothing, but
    somebody is there; ``is_last_refused`` says that nothing was taken since. ``is_warned``: the time-out was announced.
    ``kept`` is what the last operator left open when the time was over. ``pin``: the PIN of a badge is being given;
    ``wrong_pins`` outlives sessions (None: as before). ``witness`` has seen what was thrown away; while
    ``is_witness_wanted``, the next badge is theirs.
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
    is_last_refused: bool = False
    is_warned: bool = False
    kept: "SessionState | None" = None
    pin: PinWanted | None = None
    wrong_pins: WrongPins | None = None
    witness: str | None = None
    is_witness_wanted: bool = False


def merged(items: tuple[ScanLine, ...]) -> tuple[ScanLine, ...]:
    """One line for each lot (or serial), quantities added, in the order of first scans."""
    lines: dict[tuple[tuple[str, ...], str | None, str | None], ScanLine] = {}
    for item in items:
        key = (item.names, item.lot, item.serial)
        known = lines.get(key)
        lines[key] = (
            replace(known, quantity=known.quantity + item.quantity, wasted=_sum(known.wasted, item.wasted))
            if known
            else item
        )
    return tuple(lines.values())


def _sum(wasted: str, more: str) -> str:
    return str(Decimal(wasted) + Decimal(more)) if wasted and more else wasted or more


def missing(state: SessionState) -> str | None:
    """What has to be scanned before items can be; None if nothing."""
    if state.operator is None:
        return "your badge"
    if state.action is None:
        return "an action card"
    needs = NEEDS[state.action]
    if state.from_place is None:
        return needs.from_place
    return needs.to_place if state.to_place is None else None


def is_open(state: SessionState) -> bool:
    """Whether something was scanned that is neither booked nor forgotten."""
    return bool(state.items) or state.quantity_next is not None or state.half is not None
