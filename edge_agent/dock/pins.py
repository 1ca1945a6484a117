"""The PIN that goes with some badges: a copied badge alone signs nobody in.

Its digits are scanned from cards, as everything at a dock is, and end with the COMMIT card.
"""

from dataclasses import replace
from typing import NoReturn

from edge_agent.dock.effects import Effect, Feedback, ScanRefused, Tone
from edge_agent.dock.phrases import COMMIT_CARD, UNDO_CARD, next_needed, plural
from edge_agent.dock.session_state import SessionState, WrongPins
from edge_agent.domain.barcodes.command_codes import Cancel, Code, Digit, Undo
from edge_agent.domain.barcodes.scanned import Scanned
from edge_agent.domain.stock.badges import PIN_DIGITS_MAX, is_pin

WRONG_PINS_MAX = 3
WRONG_PINS_WAIT_S = 60.0
"""After so many wrong PINs, a dock takes none for so long."""
Result = tuple[SessionState, tuple[Effect, ...]]


def add_digit(state: SessionState, code: Digit, _now: object) -> Result:
    """One more digit. Raises ``ScanRefused`` where no PIN is asked for."""
    if state.pin is None:
        raise ScanRefused("no PIN is asked for", next_needed(state).rstrip("."))
    if len(state.pin.digits) >= PIN_DIGITS_MAX:
        raise ScanRefused(f"a PIN has {PIN_DIGITS_MAX} digits at most", f"Scan {COMMIT_CARD} or {UNDO_CARD}")
    after = replace(state, pin=replace(state.pin, digits=state.pin.digits + code.digit))
    return after, (Feedback(Tone.GOOD, f"{plural(len(state.pin.digits) + 1, 'digit')}."),)


def given_pin(state: SessionState, mono_ms: int) -> tuple[SessionState, Feedback | None]:
    """The state after the PIN was given whole, and what is wrong with it; None if it is the right one."""
    if state.pin is None or is_pin(state.pin.kept, state.pin.digits):
        return replace(state, pin=None, wrong_pins=WrongPins()), None
    count = state.wrong_pins.count + 1 if state.wrong_pins else 1
    after = replace(state, pin=None, wrong_pins=WrongPins(count, mono_ms))
    return after, Feedback(Tone.WARN, f"That is not the PIN of {state.pin.operator}. Scan your badge again.")


def refuse_tries(state: SessionState, mono_ms: int) -> None:
    """Raises ``ScanRefused`` after too many wrong PINs at this dock: 10,000 would soon be tried out."""
    wrong = state.wrong_pins or WrongPins()
    left_ms = wrong.mono_ms + int(WRONG_PINS_WAIT_S * 1000) - mono_ms
    if wrong.count >= WRONG_PINS_MAX and left_ms > 0:
        hint = f"Wait {-(-left_ms // 1000)} s, then scan your badge again"
        raise ScanRefused(f"{wrong.count} wrong PINs were given here", hint)


def cancel_pin(state: SessionState, _: Cancel, _now: object) -> Result:
    """Whoever scanned the badge does not want to sign in after all."""
    after = replace(state, pin=None)
    return after, (Feedback(Tone.GOOD, f"Cancelled. {next_needed(after)}"),)


def undo_digit(state: SessionState, _: Undo, _now: object) -> Result:
    """The last digit was a wrong one."""
    after = replace(state, pin=replace(state.pin, digits=state.pin.digits[:-1])) if state.pin else state
    return after, (Feedback(Tone.GOOD, f"Removed one digit. {next_needed(after)}"),)


def refuse_before_pin(state: SessionState, _: Code | Scanned, _now: object) -> NoReturn:
    """Nothing else is taken while a PIN is being given."""
    whose = state.pin.operator if state.pin else "nobody"
    raise ScanRefused(f"the PIN of {whose} is not given yet", next_needed(state).rstrip("."))
