"""How a dock speaks of what was scanned."""

from edge_agent.dock.session_state import SessionState, missing
from edge_agent.domain.barcodes.item_codes import named
from edge_agent.domain.barcodes.scanned import Scanned
from edge_agent.domain.wire.records import Action, ScanLine


def doing_of(state: SessionState) -> str:
    """What is being done, as the beginning of a sentence: ``Receive from acme to dock-1``."""
    if state.action is None:
        return "nothing yet"
    way = (f" from {state.from_place}" if state.from_place else "") + (
        f" to {state.to_place}" if state.to_place else ""
    )
    if state.action in (Action.COUNT, Action.OPEN_CASE):
        way = f" at {state.from_place}" if state.from_place else ""
    return title(state.action) + way + (f" for order {state.order}" if state.order else "")


def next_needed(state: SessionState) -> str:
    """What the operator should scan next, as a sentence."""
    if state.half is not None:
        other = "the code with its lot" if state.half.names else "the code that names its item"
        return f"Scan {other}, or LW.UNDO."
    return f"Scan {missing(state) or 'an item' + (', or LW.COMMIT' if state.items else '')}."


def told(state: SessionState) -> str:
    """The last item, and how much of its lot there is by now."""
    last = state.items[-1]
    same = sum(item.quantity for item in state.items if (item.names, item.lot) == (last.names, last.lot))
    return f"{line_named(last)}, expires {day_of(last)}. {same} of it in this transaction."


def line_named(line: ScanLine) -> str:
    """``2 × lot A``, with its serial if it has one."""
    of = f"lot {line.lot}" if line.lot else named(line.names)
    return f"{line.quantity} × {of}" + (f" serial {line.serial}" if line.serial else "")


def day_of(line: ScanLine) -> str:
    """When it expires by its label."""
    return line.expires_on.isoformat() if line.expires_on else "never (no date)"


def half_named(half: Scanned) -> str:
    """What half a label says."""
    return named(half.names) if half.names else f"Lot {half.lot}" if half.lot else f"Serial {half.serial}"


def title(action: Action) -> str:
    """An action as people write it: ``Put away``."""
    return action.value.replace("_", " ").capitalize()


def plural(number: int, word: str) -> str:
    """``1 item``, ``2 items``."""
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
