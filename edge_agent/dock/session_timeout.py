"""An operator who does nothing is warned, then signed out; open items are kept for the same badge."""

from dataclasses import replace

from edge_agent.dock.effects import Dropped, Effect, Feedback, Tone
from edge_agent.dock.phrases import COMMIT_CARD, doing_of, line_named, plural
from edge_agent.dock.session_state import Dock, SessionState, merged
from edge_agent.dock.verdicts import Judge, NoJudge

NO_JUDGE = NoJudge()
WARNED_AT = 0.75
"""Of the time that an operator may do nothing."""


def expire(
    state: SessionState, *, mono_ms: int, dock: Dock, judge: Judge = NO_JUDGE
) -> tuple[SessionState, tuple[Effect, ...]]:
    """The state at ``mono_ms`` if nothing is scanned, and what the operator is told."""
    if state.pin is not None and mono_ms - max(state.last_mono_ms, state.refused_mono_ms) >= dock.idle_s * 1000:
        text = f"The PIN of {state.pin.operator} was not given. Scan your badge."
        return replace(state, pin=None), (Feedback(Tone.PROMPT, text),)
    if state.operator is None:
        return _without_operator(state, mono_ms, dock, judge)
    idle_ms = mono_ms - max(state.last_mono_ms, state.refused_mono_ms)
    if idle_ms < dock.idle_s * 1000 * WARNED_AT:
        return (replace(state, is_warned=False) if state.is_warned else state), ()
    if idle_ms < dock.idle_s * 1000:
        return _warned(state, dock)
    if not state.items:
        return SessionState(), (Feedback(Tone.PROMPT, f"{state.operator} signed out after {dock.idle_s:g} s."),)
    text = (
        f"NOT BOOKED: {doing_of(state)} by {state.operator} was left open for {dock.idle_s:g} s. "
        f"{_listed(state, judge)} kept: scan the badge of {state.operator} to continue"
    )
    return SessionState(kept=state), (Dropped(text, state.operator, state.items),)


def abandon(state: SessionState, why: str, judge: Judge = NO_JUDGE) -> tuple[Effect, ...]:
    """What has to be told when ``state`` is given up; ``why`` goes on from "NOT BOOKED: Receive by amy ..."."""
    if state.kept is not None:
        return abandon(state.kept, why, judge)
    if not state.items or state.operator is None:
        return ()
    listed = _listed(state, judge)
    text = f"NOT BOOKED: {doing_of(state)} by {state.operator} {why}. Discarded: {listed}. Scan it all again"
    return (Dropped(text, state.operator, state.items),)


def _without_operator(
    state: SessionState, mono_ms: int, dock: Dock, judge: Judge
) -> tuple[SessionState, tuple[Effect, ...]]:
    if state.kept is None or mono_ms - state.kept.last_mono_ms < dock.kept_s * 1000:
        return state, ()
    return SessionState(), abandon(state.kept, f"was not continued within {dock.kept_s / 3600:g} h", judge)


def _warned(state: SessionState, dock: Dock) -> tuple[SessionState, tuple[Effect, ...]]:
    if state.is_warned or not state.items:
        return state, ()
    left_s = dock.idle_s * (1 - WARNED_AT)
    text = (
        f"{plural(len(state.items), 'item')} not booked yet. Scan {COMMIT_CARD} or the next item within {left_s:g} s, "
        f"or {state.operator} is signed out."
    )
    return replace(state, is_warned=True), (Feedback(Tone.WARN, text),)


def _listed(state: SessionState, judge: Judge) -> str:
    return ", ".join(line_named(line, judge.describe(line)) for line in merged(state.items))
