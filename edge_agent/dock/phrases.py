"""How a dock speaks of what was scanned."""

from edge_agent.dock.session_state import SessionState, missing
from edge_agent.dock.verdicts import Described
from edge_agent.domain.barcodes.item_codes import named
from edge_agent.domain.barcodes.scanned import Scanned
from edge_agent.domain.wire.records import Action, ScanLine

COMMIT_CARD, UNDO_CARD, CANCEL_CARD = "the COMMIT card", "the UNDO card", "the CANCEL card"
AT_ONE_PLACE = frozenset({Action.COUNT, Action.OPEN_CASE})


def doing_of(state: SessionState) -> str:
    """What is being done, as the beginning of a sentence: ``Receive from acme to dock-1``."""
    if state.action is None:
        return "No action"
    way = (f" from {state.from_place}" if state.from_place else "") + (
        f" to {state.to_place}" if state.to_place else ""
    )
    if state.action in AT_ONE_PLACE:
        way = f" at {state.from_place}" if state.from_place else ""
    return title(state.action) + way + (f" for order {state.order}" if state.order else "")


def next_needed(state: SessionState) -> str:
    """What the operator should scan next, as a sentence."""
    if state.pin is not None:
        return f"Scan the digits of {state.pin.operator}'s PIN, then {COMMIT_CARD}."
    if state.is_witness_wanted:
        return "A second person scans their badge as witness."
    if state.half is not None:
        return f"Scan the second barcode of the same box, or {UNDO_CARD}."
    if state.operator is None and state.kept is not None:
        return f"Scan your badge. {plural(len(state.kept.items), 'item')} of {state.kept.operator} not booked yet."
    return f"Scan {missing(state) or ('the next item, or ' + COMMIT_CARD if state.items else 'an item')}."


def told(state: SessionState, last: Described, units_of_lot: int) -> str:
    """The last item by its name and pack, and how many units of its lot there are by now."""
    line = state.items[-1]
    so_far = f"{plural(units_of_lot, last.unit)} of it so far"
    return f"{line_named(line, last)}, expires {day_of(line)}. {so_far}."


def line_named(line: ScanLine, described: Described) -> str:
    """``2 × Insulin 10 ml, carton of 10, lot A``, with its serial if it has one."""
    pack = f", carton of {described.units}" if described.units > 1 else ""
    lot = f", lot {line.lot}" if line.lot else ""
    serial = f", serial {line.serial}" if line.serial else ""
    return f"{line.quantity} × {described.item}{pack}{lot}{serial}"


def day_of(line: ScanLine) -> str:
    """When it expires by its label."""
    if line.expires_on is None:
        return "never (no date on the label)"
    return f"{line.expires_on} {line.expires_hour:%H:%M}" if line.expires_hour else line.expires_on.isoformat()


def half_named(half: Scanned) -> str:
    """What half a label says."""
    return named(half.names) if half.names else f"lot {half.lot}" if half.lot else f"serial {half.serial}"


def title(action: Action) -> str:
    """An action as people write it: ``Put away``."""
    return action.value.replace("_", " ").capitalize()


def plural(number: int, word: str) -> str:
    """``1 item``, ``2 items``."""
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
