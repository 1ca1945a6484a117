"""The scan grammar: badge, action, places, items, commit.

Pure: ``step(state, code, ...)`` gives the next state and effects as data; the session carries them out. What is refused
changes nothing in the state, but that somebody is there, and that an UNDO after it takes back nothing. After a commit
the action and its places stay, so that the next box can be scanned at once.

======== ============================ ================================ =====
action   from (scanned first)         to (scanned second)              order
======== ============================ ================================ =====
receive  the supplier                 the dock place                   may
put_away where the boxes are          where they are put               no
move     where the boxes are          where they are put               no
pick     where the boxes are          where they are gathered          may
ship     where the boxes are          the customer                     may
dispense where the boxes are          the ward or patient              may
return   the customer or ward         where the boxes are put          may
count    the place that is counted    -                                no
open     where the case is            -                                no
destroy  where the boxes are          -                                no
======== ============================ ================================ =====

A quantity card (``LW.QTY.n``) says how many there are of what a code stands for: the item scanned just before, if that
has no quantity of its own yet, else the next item. A label that carries a count (AI 30 or 37, or a HIBC quantity)
speaks for itself. A serial is always one.

A code that names an item without its lot (a HIBC primary code, an NDC), or a HIBC lot without its item, waits for the
other half of its label, which must come next (:mod:`edge_agent.dock.labels`).

A waste card (``LW.WASTE.4.5``) says how much of the item before was thrown away, in the unit of its doses. A second
person has to have seen it: the badge that follows is the witness's, and signs nobody in. The card WITNESS asks for one
where whole units are destroyed.

A count, an opening and a destruction name their one place as ``from_place``. Opening takes the label of the case, and
of the units in it if they have serials.

A :class:`~edge_agent.dock.verdicts.Judge` is asked about each badge and item. What it refuses changes nothing; what it
warns of is shown, and booked with the transaction. Stock that is issued is judged once more when it is committed.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from edge_agent.dock.effects import Book, Data, Effect, Feedback, ScanRefused, Tone
from edge_agent.dock.label_joining import as_package, check_agrees, is_half, joined, line_of
from edge_agent.dock.phrases import (
    CANCEL_CARD,
    COMMIT_CARD,
    UNDO_CARD,
    doing_of,
    half_named,
    line_named,
    next_needed,
    plural,
    title,
    told,
)
from edge_agent.dock.pins import add_digit, cancel_pin, given_pin, refuse_before_pin, refuse_tries, undo_digit
from edge_agent.dock.session_state import NEEDS, Dock, Needs, PinWanted, SessionState, is_open, merged, missing
from edge_agent.dock.session_timeout import NO_JUDGE, abandon, expire
from edge_agent.dock.verdicts import Doing, Judge, Verdict
from edge_agent.dock.waste import (
    ask_witness,
    refuse_unwitnessed,
    set_waste,
    undo_waste,
    without_witness,
    witness_badge,
    witnessed,
)
from edge_agent.domain.barcodes.command_codes import (
    AskWitness,
    Badge,
    Cancel,
    ChooseAction,
    ChooseOrder,
    ChoosePlace,
    Code,
    Commit,
    Digit,
    SetQuantity,
    SetWaste,
    Undo,
)
from edge_agent.domain.barcodes.item_codes import named
from edge_agent.domain.barcodes.scanned import Scanned
from edge_agent.domain.stock.eligibility import ISSUING
from edge_agent.domain.wire.ids import PlaceName
from edge_agent.domain.wire.records import Action, ScanLine, ScanTransaction, Stamp

SHOWN_MAX = 40
"""Verdicts that are booked with one transaction; more were shown, but say nothing new to an auditor."""


def step(
    state: SessionState, code: Code | Scanned, *, stamp: Stamp, transaction: str, dock: Dock, judge: Judge = NO_JUDGE
) -> tuple[SessionState, tuple[Effect, ...]]:
    """The state after ``code`` was scanned at ``stamp``, and what follows from it.

    ``transaction`` is a fresh UUID, used if this scan commits. ``judge`` says what speaks against a badge or an item.
    """
    state, before = expire(state, mono_ms=stamp.mono_ms, dock=dock, judge=judge)
    if code == state.last_code and stamp.mono_ms - state.last_mono_ms < dock.double_read_s * 1000:
        return state, (*before, Feedback(Tone.PROMPT, "Double read ignored. Scan again if you have two."))
    try:
        steps = _STEPS if state.pin is None else _PIN_STEPS
        after, effects = steps.get(type(code), refuse_before_pin)(state, code, _Now(stamp, transaction, dock, judge))
    except ScanRefused as no:
        took_nothing = isinstance(code, Scanned) and not no.undo_helps
        return noted_refusal(state, mono_ms=stamp.mono_ms, of_a_box=took_nothing), (*before, no.refused)
    after = replace(
        after,
        last_code=code,
        last_mono_ms=stamp.mono_ms,
        is_last_refused=False,
        is_warned=False,
        wrong_pins=after.wrong_pins or state.wrong_pins,
    )
    return after, (*before, *effects)


def noted_refusal(state: SessionState, *, mono_ms: int, of_a_box: bool = True) -> SessionState:
    """The state after a refused scan: somebody is there, and of a box nothing was added that an UNDO could remove."""
    return replace(state, refused_mono_ms=mono_ms, is_last_refused=of_a_box) if state.operator else state


@dataclass(frozen=True, slots=True)
class _Now:
    stamp: Stamp
    transaction: str
    dock: Dock
    judge: Judge


_Result = tuple[SessionState, tuple[Effect, ...]]


def _badge(state: SessionState, code: Badge, now: _Now) -> _Result:
    operator, verdicts = now.judge.badge(code.operator)
    if any(verdict.refuses for verdict in verdicts):
        raise ScanRefused(_told_verdicts(verdicts), "Ask your supervisor for a valid badge", {"badge": code.operator})
    if state.is_witness_wanted:
        return witness_badge(state, code, operator, now.judge, now.stamp.mono_ms)
    if operator == state.operator:
        after = replace(state, pin=None)
        return after, (Feedback(Tone.PROMPT, f"{operator} is signed in. {next_needed(after)}"),)
    _refuse_open_items(state, f"{state.operator} has items that are not booked")
    kept_pin = now.judge.pin(code.operator)
    if kept_pin is not None:
        refuse_tries(state, now.stamp.mono_ms)
        after = replace(state, pin=PinWanted(code.operator, operator, kept_pin))
        return after, (Feedback(Tone.PROMPT, next_needed(after)),)
    return _signed_in(state, operator, verdicts, now)


def _signed_in(state: SessionState, operator: str, verdicts: tuple[Verdict, ...], now: _Now) -> _Result:
    about = tuple(verdict.text for verdict in verdicts)
    if state.kept is not None and state.kept.operator == operator:
        after = replace(state.kept, about_operator=about)
        items = plural(len(after.items), "open item")
        return after, (_taken(f"Hello {operator}. {doing_of(after)}: {items} kept. {next_needed(after)}", verdicts),)
    after = SessionState(operator=operator, about_operator=about)
    dropped = abandon(state, f"was not continued: {operator} signed in", now.judge)
    return after, (*dropped, _taken(f"Hello {operator}. {next_needed(after)}", verdicts))


def _commit_pin(state: SessionState, _: Commit, now: _Now) -> _Result:
    wanted, (after, feedback) = state.pin, given_pin(state, now.stamp.mono_ms)
    if wanted is None or feedback is not None:
        return after, (feedback,) if feedback else ()
    operator, verdicts = now.judge.badge(wanted.badge)
    if after.is_witness_wanted:
        return witnessed(after, operator)
    return _signed_in(after, operator, verdicts, now)


def _choose_action(state: SessionState, code: ChooseAction, _: _Now) -> _Result:
    _refuse_nobody(state)
    _refuse_open_items(state, f"{doing_of(state)} has items that are not booked")
    after = SessionState(operator=state.operator, action=code.action, about_operator=state.about_operator)
    return after, (Feedback(Tone.GOOD, f"{title(code.action)}. {next_needed(after)}"),)


def _choose_place(state: SessionState, code: ChoosePlace, now: _Now) -> _Result:
    needs = _needs(state)
    _refuse_open_items(state, f"{doing_of(state)} has items that are not booked")
    starts_anew = state.from_place is None or needs.to_place is None or state.to_place is not None
    verdicts = now.judge.place(code.place)
    told_of = tuple(verdict.text for verdict in verdicts)
    if starts_anew:
        after = replace(state, from_place=code.place, to_place=None, about_places=told_of)
    elif code.place == state.from_place:
        raise ScanRefused(f"{code.place} is already where the goods come from", f"Scan {needs.to_place}")
    else:
        into = _refuse_destination(state, code.place, now)
        verdicts, told_of = (*verdicts, *into), (*told_of, *(verdict.text for verdict in into))
        after = replace(state, to_place=code.place, about_places=(*state.about_places, *told_of))
    return after, (_taken(f"{doing_of(after)}. {next_needed(after)}", verdicts),)


def _choose_order(state: SessionState, code: ChooseOrder, _: _Now) -> _Result:
    needs = _needs(state)
    if not needs.order:
        raise ScanRefused(f"{doing_of(state)} does not take an order", next_needed(state).rstrip("."))
    _refuse_open_items(state, f"{doing_of(state)} has items that are not booked")
    after = replace(state, order=code.order)
    return after, (Feedback(Tone.GOOD, f"Order {code.order}. {next_needed(after)}"),)


def _set_quantity(state: SessionState, code: SetQuantity, now: _Now) -> _Result:
    _refuse_missing(state)
    if not state.items or state.last_item_has_quantity or state.half is not None:
        after = replace(state, quantity_next=code.quantity)
        return after, (Feedback(Tone.GOOD, f"Quantity {code.quantity} for the next item."),)
    last = state.items[-1]
    if last.serial is not None and code.quantity != 1:
        raise ScanRefused(
            f"serial {last.serial} is one unit, not {code.quantity}", "Scan each serial number separately"
        )
    counted = replace(last, quantity=code.quantity)
    verdicts = _refuse_judged(state, counted, state.items[:-1], now)
    after = replace(state, items=(*state.items[:-1], counted), last_item_has_quantity=True)
    return _with_shown(after, verdicts), (_taken(_told_last(after, now.judge), verdicts),)


def _item(state: SessionState, scanned: Scanned, now: _Now) -> _Result:
    _refuse_missing(state)
    scanned = as_package(scanned, state.action)
    if state.half is None and is_half(scanned):
        after = replace(state, half=scanned)
        return after, (Feedback(Tone.GOOD, f"First barcode: {half_named(scanned)}. {next_needed(after)}"),)
    scanned = joined(state.half, scanned)
    line = line_of(scanned, state.quantity_next)
    check_agrees(state.items, line)
    _refuse_case_without_serial(state, line)
    if len(state.items) >= now.dock.items_max:
        text = f"a transaction is limited to {now.dock.items_max} items"
        raise ScanRefused(text, f"Scan {COMMIT_CARD}, then continue")
    verdicts = _refuse_judged(state, line, state.items, now)
    has_quantity = scanned.count is not None or state.quantity_next is not None
    after = replace(
        state, items=(*state.items, line), half=None, quantity_next=None, last_item_has_quantity=has_quantity
    )
    return _with_shown(after, verdicts), (_taken(_told_last(after, now.judge), verdicts),)


def _told_last(state: SessionState, judge: Judge) -> str:
    last = state.items[-1]
    same = [item for item in state.items if (item.names, item.lot) == (last.names, last.lot)]
    return told(state, judge.describe(last), _units(same, judge))


def _units(lines: Iterable[ScanLine], judge: Judge) -> int:
    return sum(line.quantity * judge.describe(line).units for line in lines)


def _commit(state: SessionState, _: Commit, now: _Now) -> _Result:
    _refuse_missing(state)
    if state.half is not None:
        raise ScanRefused(f"incomplete label: only {half_named(state.half)}", next_needed(state).rstrip("."))
    if not state.items:
        raise ScanRefused("there is nothing to book", next_needed(state).rstrip("."))
    if state.quantity_next is not None:
        raise ScanRefused(f"quantity {state.quantity_next} has no item yet", f"Scan the item, or {UNDO_CARD}")
    refuse_unwitnessed(state)
    assert state.action is not None and state.operator is not None  # noqa: S101 - _refuse_missing has seen to it
    lines = merged(state.items)
    if state.action in ISSUING:
        _refuse_lines_blocked_since(state, lines, now)
    if state.to_place is not None:
        _refuse_destination(state, state.to_place, now)
    transaction = ScanTransaction(
        stamp=now.stamp,
        transaction=now.transaction,
        scanner=now.dock.scanner,
        action=state.action,
        operator=state.operator,
        lines=lines,
        from_place=state.from_place,
        to_place=state.to_place,
        order=state.order,
        verdicts=(*state.about_operator, *state.about_places, *state.shown),
        witness=state.witness,
    )
    after = replace(without_witness(state), items=(), last_item_has_quantity=False, shown=())
    units = _units(lines, now.judge)
    text = f"Booked: {doing_of(state)}, {plural(units, 'unit')} in {plural(len(lines), 'line')}. {next_needed(after)}"
    return after, (Book(transaction), Feedback(Tone.GOOD, text))


def _cancel(state: SessionState, _: Cancel, __: _Now) -> _Result:
    _refuse_nobody(state)
    if is_open(state):
        after = replace(
            without_witness(state), items=(), half=None, quantity_next=None, last_item_has_quantity=False, shown=()
        )
        text = f"Cancelled: {plural(len(state.items), 'item')} discarded. {next_needed(after)}"
    else:
        after = SessionState(operator=state.operator, about_operator=state.about_operator)
        text = f"Cancelled. {next_needed(after)}"
    return after, (Feedback(Tone.GOOD, text),)


def _undo(state: SessionState, _: Undo, now: _Now) -> _Result:
    _refuse_nobody(state)
    if state.is_last_refused and is_open(state):
        last = f" Scan {UNDO_CARD} again to remove {_last_taken(state, now.judge)}."
        return state, (Feedback(Tone.WARN, f"The last scan was refused, so nothing was removed.{last}"),)
    if state.is_witness_wanted:
        return undo_waste(state)
    if state.half is not None:
        after = replace(state, half=None)
        return after, (Feedback(Tone.GOOD, f"Removed: {half_named(state.half)}. {next_needed(after)}"),)
    if state.quantity_next is not None:
        after = replace(state, quantity_next=None)
        return after, (Feedback(Tone.GOOD, f"Quantity {state.quantity_next} discarded. {next_needed(after)}"),)
    if not state.items:
        raise ScanRefused("there is nothing to remove", next_needed(state).rstrip("."))
    # The item that is last now was dealt with: a quantity that follows is meant for the next one.
    after = replace(state, items=state.items[:-1], last_item_has_quantity=True)
    return after, (Feedback(Tone.GOOD, f"Removed: {_last_taken(state, now.judge)}. {next_needed(after)}"),)


def _last_taken(state: SessionState, judge: Judge) -> str:
    if state.half is not None:
        return half_named(state.half)
    if state.quantity_next is not None:
        return f"quantity {state.quantity_next}"
    return line_named(state.items[-1], judge.describe(state.items[-1]))


_STEPS: dict[type, Callable[[SessionState, Any, _Now], _Result]] = {
    Badge: _badge,
    Digit: add_digit,
    ChooseAction: _choose_action,
    ChoosePlace: _choose_place,
    ChooseOrder: _choose_order,
    SetQuantity: _set_quantity,
    SetWaste: set_waste,
    AskWitness: ask_witness,
    Scanned: _item,
    Commit: _commit,
    Cancel: _cancel,
    Undo: _undo,
}


_PIN_STEPS: dict[type, Callable[[SessionState, Any, _Now], _Result]] = {
    Badge: _badge,
    Digit: add_digit,
    Commit: _commit_pin,
    Cancel: cancel_pin,
    Undo: undo_digit,
}
"""While a PIN is being given."""


def _refuse_judged(state: SessionState, line: ScanLine, before: tuple[ScanLine, ...], now: _Now) -> tuple[Verdict, ...]:
    """The warnings about ``line``; refuses with every reason if there is one to refuse for."""
    verdicts = now.judge.line(_asked(state), line, before, now.stamp)
    if any(verdict.refuses for verdict in verdicts):
        raise ScanRefused(
            _told_verdicts(verdicts), "Set the box aside and call quality", _blamed(state, line, verdicts)
        )
    return verdicts


def _refuse_case_without_serial(state: SessionState, line: ScanLine) -> None:
    if state.action is Action.OPEN_CASE and line.serial is None:
        raise ScanRefused(
            "this label has no serial, so it is already recorded as loose units", "Put it in place as it is"
        )


def _refuse_lines_blocked_since(state: SessionState, lines: tuple[ScanLine, ...], now: _Now) -> None:
    """A hold, an alarm or midnight may have come between the first box and the commit."""
    for line in lines:
        verdicts = now.judge.line(_asked(state), line, (), now.stamp)
        if any(verdict.refuses for verdict in verdicts):
            hint = f"Scan {CANCEL_CARD}, put the boxes back and scan the others again"
            raise ScanRefused(_told_verdicts(verdicts), hint, _blamed(state, line, verdicts))


def _refuse_destination(state: SessionState, to_place: PlaceName, now: _Now) -> tuple[Verdict, ...]:
    """The warnings about the place where stock is put; refuses a place where it would be harmed."""
    verdicts = now.judge.destination(replace(_asked(state), to_place=to_place))
    if any(verdict.refuses for verdict in verdicts):
        data: Data = {
            "action": state.action, "operator": state.operator, "to": to_place,
            "codes": ",".join(verdict.code for verdict in verdicts),
        }  # fmt: skip
        changed = f"Scan {CANCEL_CARD} and start again with that location" if state.items else "Scan another location"
        raise ScanRefused(_told_verdicts(verdicts), changed, data)
    return verdicts


def _asked(state: SessionState) -> Doing:
    assert state.action is not None  # noqa: S101 - _refuse_missing has seen to it
    return Doing(state.action, state.from_place, state.to_place, state.order)


def _blamed(state: SessionState, line: ScanLine, verdicts: tuple[Verdict, ...]) -> Data:
    return {
        "action": state.action, "operator": state.operator, "from": state.from_place, "to": state.to_place,
        "gtin": line.gtin, "item": named(line.names), "lot": line.lot, "serial": line.serial,
        "codes": ",".join(verdict.code for verdict in verdicts),
    }  # fmt: skip


def _told_verdicts(verdicts: tuple[Verdict, ...]) -> str:
    return "; ".join(dict.fromkeys(verdict.text for verdict in verdicts))


def _taken(text: str, verdicts: tuple[Verdict, ...]) -> Feedback:
    if any(not verdict.quiet for verdict in verdicts):
        return Feedback(Tone.WARN, f"{text} CHECK: {_told_verdicts(verdicts)}.")
    said = _told_verdicts(verdicts)
    return Feedback(Tone.GOOD, f"{text} {said[:1].upper()}{said[1:]}." if said else text)


def _with_shown(state: SessionState, verdicts: tuple[Verdict, ...]) -> SessionState:
    shown = tuple(dict.fromkeys((*state.shown, *(verdict.text for verdict in verdicts))))
    return replace(state, shown=shown[:SHOWN_MAX])


def _refuse_nobody(state: SessionState) -> None:
    if state.operator is None:
        raise ScanRefused("no operator is signed in", "Scan your badge first")


def _refuse_open_items(state: SessionState, reason: str) -> None:
    if is_open(state):
        raise ScanRefused(reason, f"Scan {COMMIT_CARD} or {CANCEL_CARD} first")


def _refuse_missing(state: SessionState) -> None:
    first = missing(state)
    if first is not None:
        reason = "this scan comes too early" if state.operator else "no operator is signed in"
        raise ScanRefused(reason, f"Scan {first} first")


def _needs(state: SessionState) -> Needs:
    if state.operator is None or state.action is None:
        reason = "no action is chosen" if state.operator else "no operator is signed in"
        raise ScanRefused(reason, f"Scan {missing(state)} first")
    return NEEDS[state.action]
