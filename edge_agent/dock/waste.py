"""Waste at a dock: how much of what was taken was thrown away, and who else saw it."""

from dataclasses import replace

from edge_agent.dock.effects import Effect, Feedback, ScanRefused, Tone
from edge_agent.dock.phrases import CANCEL_CARD, UNDO_CARD, doing_of, next_needed
from edge_agent.dock.pins import refuse_tries
from edge_agent.dock.session_state import PinWanted, SessionState
from edge_agent.dock.verdicts import Judge
from edge_agent.domain.barcodes.command_codes import AskWitness, Badge, SetWaste
from edge_agent.domain.wire.records import Action

Result = tuple[SessionState, tuple[Effect, ...]]
WITH_WITNESS = frozenset({Action.DISPENSE, Action.DESTROY})
"""What a second person may have to see."""


def set_waste(state: SessionState, code: SetWaste, _now: object) -> Result:
    """So much of the item before was thrown away; the next badge is the witness's. Raises ``ScanRefused``."""
    if state.action is not Action.DISPENSE:
        raise ScanRefused("waste goes with what is dispensed", "Choose DISPENSE, or DESTROY for a whole unit")
    if not state.items or state.half is not None:
        raise ScanRefused("there is no item that it could be of", next_needed(state).rstrip("."))
    items = (*state.items[:-1], replace(state.items[-1], wasted=code.amount))
    after = replace(state, items=items, witness=None, is_witness_wanted=True)
    return after, (Feedback(Tone.GOOD, f"Wasted: {code.amount} of the last item. {next_needed(after)}"),)


def ask_witness(state: SessionState, _: AskWitness, _now: object) -> Result:
    """The next badge is that of a second person. Raises ``ScanRefused``."""
    if state.action not in WITH_WITNESS:
        raise ScanRefused(f"{doing_of(state)} takes no witness", next_needed(state).rstrip("."))
    if not state.items:
        raise ScanRefused("there is nothing to witness yet", next_needed(state).rstrip("."))
    after = replace(state, is_witness_wanted=True)
    return after, (Feedback(Tone.GOOD, next_needed(after)),)


def witness_badge(state: SessionState, code: Badge, operator: str, judge: Judge, mono_ms: int) -> Result:
    """The badge of a witness, whose PIN is asked for if it has one. Raises ``ScanRefused`` for whoever does it: a
    witness is somebody else."""
    if operator == state.operator:
        raise ScanRefused(
            f"{operator} cannot be their own witness", f"A second person scans their badge, or scan {UNDO_CARD}"
        )
    kept = judge.pin(code.operator)
    if kept is None:
        return witnessed(state, operator)
    refuse_tries(state, mono_ms)
    after = replace(state, pin=PinWanted(code.operator, operator, kept))
    return after, (Feedback(Tone.PROMPT, next_needed(after)),)


def witnessed(state: SessionState, witness: str) -> Result:
    """Somebody else has seen it."""
    after = replace(state, witness=witness, is_witness_wanted=False)
    return after, (Feedback(Tone.GOOD, f"Witness: {witness}. {next_needed(after)}"),)


def undo_waste(state: SessionState) -> Result:
    """The last waste card, or the wish for a witness, is taken back."""
    last = state.items[-1]
    taken_back = f"waste of {last.wasted}" if last.wasted else "the wish for a witness"
    items = (*state.items[:-1], replace(last, wasted="")) if last.wasted else state.items
    after = replace(state, items=items, is_witness_wanted=False)
    return after, (Feedback(Tone.GOOD, f"Removed: {taken_back}. {next_needed(after)}"),)


def refuse_unwitnessed(state: SessionState) -> None:
    """Raises ``ScanRefused`` before a commit of waste that nobody else has seen."""
    if state.is_witness_wanted or (any(item.wasted for item in state.items) and state.witness is None):
        raise ScanRefused(
            "what was thrown away has no witness", f"A second person scans their badge, or scan {CANCEL_CARD}"
        )


def without_witness(state: SessionState) -> SessionState:
    """For what comes next, somebody has to look again."""
    return replace(state, witness=None, is_witness_wanted=False)
