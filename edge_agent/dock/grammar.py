"""The scan grammar: badge, action, places, items, commit.

Pure: ``step(state, code, ...)`` gives the next state and effects as data; the session carries them out. Nothing that is
refused changes the state. After a commit the action and its places stay, so that the next box can be scanned at once.

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
destroy  where the boxes are          -                                no
======== ============================ ================================ =====

``LW.QTY.n`` says how many base units a code stands for: the item scanned just before, if that has no quantity of its
own yet, else the next item. A label that carries a count (AI 30 or 37) speaks for itself. A serial is always one.

A count and a destruction name their one place as ``from_place``.

A :class:`~edge_agent.dock.verdicts.Judge` is asked about each badge and item. What it refuses changes nothing; what it
warns of is shown, and booked with the transaction. Stock that is issued is judged once more when it is committed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from edge_agent.dock.verdicts import Doing, Judge, NoJudge, Verdict
from edge_agent.domain.codes import (
    Badge,
    Cancel,
    ChooseAction,
    ChooseOrder,
    ChoosePlace,
    Code,
    Commit,
    SetQuantity,
    Undo,
)
from edge_agent.domain.eligibility import ISSUING
from edge_agent.domain.ids import DeviceName, PlaceName
from edge_agent.domain.records import Action, ScanLine, ScanTransaction, Stamp
from edge_agent.domain.scanned import Scanned


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
    Action.DESTROY: Needs("the place where the boxes are", None),
}


SHOWN_MAX = 40
"""Verdicts that are booked with one transaction; more were shown, but say nothing new to an auditor."""
NO_JUDGE = NoJudge()


@dataclass(frozen=True, slots=True)
class Dock:
    """What stays the same at one scanner. ``idle_s`` is how long an operator may do nothing before being signed out."""

    scanner: DeviceName
    idle_s: float = 120.0
    double_read_s: float = 0.3
    items_max: int = 500


@dataclass(frozen=True, slots=True)
class State:
    """Where an operator stands. ``items`` are the item scans since the last commit, one each, unmerged.

    ``shown`` are the warnings since then, ``about_operator`` those at the sign-in; both are booked.
    """

    operator: str | None = None
    action: Action | None = None
    from_place: PlaceName | None = None
    to_place: PlaceName | None = None
    order: str | None = None
    items: tuple[ScanLine, ...] = ()
    quantity_next: int | None = None
    last_item_has_quantity: bool = False
    shown: tuple[str, ...] = ()
    about_operator: tuple[str, ...] = ()
    last_code: Code | Scanned | None = None
    last_mono_ms: int = 0


class Tone(StrEnum):
    """How feedback sounds."""

    GOOD = "good"
    BAD = "bad"
    WARN = "warn"  # taken, but the operator has to read
    PROMPT = "prompt"


@dataclass(frozen=True, slots=True)
class Feedback:
    """Tell the operator."""

    tone: Tone
    text: str


@dataclass(frozen=True, slots=True)
class Book:
    """Make this durable; effects after it only happen once it is."""

    transaction: ScanTransaction


@dataclass(frozen=True, slots=True)
class Refused:
    """A scan that changed nothing, and what to do instead. ``data`` says more to a machine."""

    reason: str
    hint: str
    data: Mapping[str, str | int | float | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Dropped:
    """An open transaction that timed out. The boxes were touched but nothing was booked: it has to be told."""

    text: str
    operator: str
    items: tuple[ScanLine, ...]


Effect = Feedback | Book | Refused | Dropped


def step(
    state: State, code: Code | Scanned, *, stamp: Stamp, transaction: str, dock: Dock, judge: Judge = NO_JUDGE
) -> tuple[State, tuple[Effect, ...]]:
    """The state after ``code`` was scanned at ``stamp``, and what follows from it.

    ``transaction`` is a fresh UUID, used if this scan commits. ``judge`` says what speaks against a badge or an item.
    """
    state, before = expire(state, mono_ms=stamp.mono_ms, dock=dock)
    if code == state.last_code and stamp.mono_ms - state.last_mono_ms < dock.double_read_s * 1000:
        return state, (*before, Feedback(Tone.PROMPT, "Read twice at once: counted once. Scan again if there are two."))
    try:
        after, effects = _STEPS[type(code)](state, code, _Now(stamp, transaction, dock, judge))
    except _No as no:
        return state, (*before, Refused(no.reason, no.hint, no.data))
    return replace(after, last_code=code, last_mono_ms=stamp.mono_ms), (*before, *effects)


def expire(state: State, *, mono_ms: int, dock: Dock) -> tuple[State, tuple[Effect, ...]]:
    """The state at ``mono_ms`` if nothing is scanned: an operator who does nothing for ``idle_s`` is signed out."""
    if state.operator is None or mono_ms - state.last_mono_ms < dock.idle_s * 1000:
        return state, ()
    if not state.items:
        return State(), (Feedback(Tone.PROMPT, f"{state.operator} signed out after {dock.idle_s:g} s."),)
    return State(), abandon(state, f"was left open for {dock.idle_s:g} s without LW.COMMIT")


def abandon(state: State, why: str) -> tuple[Effect, ...]:
    """What has to be told when ``state`` is given up; ``why`` goes on from "NOT BOOKED: Receive by amy ..."."""
    if not state.items or state.operator is None:
        return ()
    listed = ", ".join(_named(line) for line in merged(state.items))
    text = f"NOT BOOKED: {doing_of(state)} by {state.operator} {why}. Dropped: {listed}. Scan it all again"
    return (Dropped(text, state.operator, state.items),)


def merged(items: tuple[ScanLine, ...]) -> tuple[ScanLine, ...]:
    """One line for each lot (or serial), quantities added, in the order of first scans."""
    lines: dict[tuple[str, str | None, str | None], ScanLine] = {}
    for item in items:
        key = (item.gtin, item.lot, item.serial)
        known = lines.get(key)
        lines[key] = replace(known, quantity=known.quantity + item.quantity) if known else item
    return tuple(lines.values())


def next_needed(state: State) -> str:
    """What the operator should scan next, as a sentence."""
    return f"Scan {_missing(state) or 'an item' + (', or LW.COMMIT' if state.items else '')}."


@dataclass(frozen=True, slots=True)
class _Now:
    stamp: Stamp
    transaction: str
    dock: Dock
    judge: Judge


class _No(Exception):
    def __init__(self, reason: str, hint: str, data: Mapping[str, str | int | float | None] | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.hint = hint
        self.data = data or {}


_Result = tuple[State, tuple[Effect, ...]]


def _badge(state: State, code: Badge, now: _Now) -> _Result:
    operator, verdicts = now.judge.badge(code.operator)
    if any(verdict.refuses for verdict in verdicts):
        raise _No(_told_verdicts(verdicts), "Ask whoever gives out badges", {"badge": code.operator})
    if operator == state.operator:
        return state, (Feedback(Tone.PROMPT, f"{operator} is signed in. {next_needed(state)}"),)
    _refuse_open_items(state, f"{state.operator} has items open")
    after = State(operator=operator, about_operator=tuple(verdict.text for verdict in verdicts))
    return after, (_taken(f"Hello {operator}. {next_needed(after)}", verdicts),)


def _choose_action(state: State, code: ChooseAction, _: _Now) -> _Result:
    _refuse_nobody(state)
    _refuse_open_items(state, f"items are open for {doing_of(state)}")
    after = State(operator=state.operator, action=code.action, about_operator=state.about_operator)
    return after, (Feedback(Tone.GOOD, f"{_title(code.action)}. {next_needed(after)}"),)


def _choose_place(state: State, code: ChoosePlace, _: _Now) -> _Result:
    needs = _needs(state)
    _refuse_open_items(state, f"items are open for {doing_of(state)}")
    starts_anew = state.from_place is None or needs.to_place is None or state.to_place is not None
    if starts_anew:
        after = replace(state, from_place=code.place, to_place=None)
    elif code.place == state.from_place:
        raise _No(f"{code.place} is where the boxes come from already", f"Scan {needs.to_place}")
    else:
        after = replace(state, to_place=code.place)
    return after, (Feedback(Tone.GOOD, f"{doing_of(after)}. {next_needed(after)}"),)


def _choose_order(state: State, code: ChooseOrder, _: _Now) -> _Result:
    needs = _needs(state)
    if not needs.order:
        raise _No(f"{doing_of(state)} is not done for an order", next_needed(state).rstrip("."))
    _refuse_open_items(state, f"items are open for {doing_of(state)}")
    after = replace(state, order=code.order)
    return after, (Feedback(Tone.GOOD, f"Order {code.order}. {next_needed(after)}"),)


def _set_quantity(state: State, code: SetQuantity, now: _Now) -> _Result:
    _refuse_missing(state)
    if not state.items or state.last_item_has_quantity:
        after = replace(state, quantity_next=code.quantity)
        return after, (Feedback(Tone.GOOD, f"The next item counts {code.quantity}."),)
    last = state.items[-1]
    if last.serial is not None and code.quantity != 1:
        raise _No(f"serial {last.serial} is one unit, not {code.quantity}", "Scan each serial by itself")
    counted = replace(last, quantity=code.quantity)
    verdicts = _refuse_judged(state, counted, state.items[:-1], now)
    after = replace(state, items=(*state.items[:-1], counted), last_item_has_quantity=True)
    return _with_shown(after, verdicts), (_taken(_told(after), verdicts),)


def _item(state: State, scanned: Scanned, now: _Now) -> _Result:
    _refuse_missing(state)
    line = _line(scanned, state.quantity_next)
    _refuse_contradiction(state, line)
    if len(state.items) >= now.dock.items_max:
        raise _No(f"{len(state.items)} items are the most of one transaction", "Scan LW.COMMIT, then go on")
    verdicts = _refuse_judged(state, line, state.items, now)
    has_quantity = scanned.count is not None or state.quantity_next is not None
    after = replace(state, items=(*state.items, line), quantity_next=None, last_item_has_quantity=has_quantity)
    return _with_shown(after, verdicts), (_taken(_told(after), verdicts),)


def _commit(state: State, _: Commit, now: _Now) -> _Result:
    _refuse_missing(state)
    if not state.items:
        raise _No("there is nothing to book since the last commit", next_needed(state).rstrip("."))
    if state.quantity_next is not None:
        raise _No(f"the quantity {state.quantity_next} still waits for its item", "Scan the item, or LW.UNDO")
    assert state.action is not None and state.operator is not None  # noqa: S101 - _refuse_missing has seen to it
    lines = merged(state.items)
    if state.action in ISSUING:
        _refuse_lines_blocked_since(state, lines, now)
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
        verdicts=(*state.about_operator, *state.shown),
    )
    after = replace(state, items=(), last_item_has_quantity=False, shown=())
    units = sum(line.quantity for line in transaction.lines)
    text = f"Booked: {doing_of(state)}, {_plural(units, 'unit')} of {_plural(len(transaction.lines), 'line')}."
    return after, (Book(transaction), Feedback(Tone.GOOD, text))


def _cancel(state: State, _: Cancel, __: _Now) -> _Result:
    _refuse_nobody(state)
    if state.items or state.quantity_next is not None:
        after = replace(state, items=(), quantity_next=None, last_item_has_quantity=False, shown=())
        text = f"Cancelled: {_plural(len(state.items), 'item')} forgotten. {next_needed(after)}"
    else:
        after = State(operator=state.operator, about_operator=state.about_operator)
        text = f"Cancelled. {next_needed(after)}"
    return after, (Feedback(Tone.GOOD, text),)


def _undo(state: State, _: Undo, __: _Now) -> _Result:
    _refuse_nobody(state)
    if state.quantity_next is not None:
        after = replace(state, quantity_next=None)
        return after, (Feedback(Tone.GOOD, f"The quantity {state.quantity_next} is forgotten."),)
    if not state.items:
        raise _No("there is no item to take back", next_needed(state).rstrip("."))
    # The item that is last now was dealt with: a quantity that follows is meant for the next one.
    after = replace(state, items=state.items[:-1], last_item_has_quantity=True)
    return after, (Feedback(Tone.GOOD, f"Taken back: {_named(state.items[-1])}. {next_needed(after)}"),)


_STEPS: dict[type, Callable[[State, Any, _Now], _Result]] = {
    Badge: _badge,
    ChooseAction: _choose_action,
    ChoosePlace: _choose_place,
    ChooseOrder: _choose_order,
    SetQuantity: _set_quantity,
    Scanned: _item,
    Commit: _commit,
    Cancel: _cancel,
    Undo: _undo,
}


def _line(scanned: Scanned, quantity: int | None) -> ScanLine:
    if scanned.gtin is None:
        raise _No("this code names no item (no GTIN, AI 01)", "Scan the code on the box itself; a pallet label is none")
    if scanned.lot is None and scanned.serial is None:
        raise _No(f"GTIN {scanned.gtin} comes without lot and serial", "Scan the square GS1 DataMatrix on the box")
    if scanned.value("7003") is not None:
        raise _No("this item expires at an hour (AI 7003), a scan line holds days only", "Book it at the ledger")
    if scanned.serial is not None and (quantity or scanned.count or 1) != 1:
        raise _No(f"serial {scanned.serial} is one unit, not {quantity or scanned.count}", "Scan each serial by itself")
    if scanned.count is not None and quantity is not None:
        raise _No(f"the label itself says it holds {scanned.count}", "Scan LW.UNDO, then the label without LW.QTY")
    return ScanLine(
        gtin=scanned.gtin,
        quantity=quantity or scanned.count or 1,
        scanned=scanned.text,
        lot=scanned.lot,
        expires_on=scanned.expires_on,
        serial=scanned.serial,
    )


def _refuse_contradiction(state: State, line: ScanLine) -> None:
    for other in state.items:
        if other.gtin != line.gtin:
            continue
        if line.serial is not None and other.serial == line.serial:
            raise _No(f"serial {line.serial} is in this transaction already", "Go on with the next box")
        if line.lot is not None and other.lot == line.lot and other.expires_on != line.expires_on:
            reason = f"lot {line.lot} expires on {_day(other)} by one label and on {_day(line)} by this one"
            raise _No(reason, "Compare the printed dates and set the doubtful box aside")


def _refuse_judged(state: State, line: ScanLine, before: tuple[ScanLine, ...], now: _Now) -> tuple[Verdict, ...]:
    """The warnings about ``line``; refuses with every reason if there is one to refuse for."""
    verdicts = now.judge.line(_asked(state), line, before, now.stamp)
    if any(verdict.refuses for verdict in verdicts):
        raise _No(_told_verdicts(verdicts), "Set the box aside and call quality", _blamed(state, line, verdicts))
    return verdicts


def _refuse_lines_blocked_since(state: State, lines: tuple[ScanLine, ...], now: _Now) -> None:
    """A hold, an alarm or midnight may have come between the first box and the commit."""
    for line in lines:
        verdicts = now.judge.line(_asked(state), line, (), now.stamp)
        if any(verdict.refuses for verdict in verdicts):
            hint = "Scan LW.CANCEL, put the boxes back and scan the others again"
            raise _No(_told_verdicts(verdicts), hint, _blamed(state, line, verdicts))


def _asked(state: State) -> Doing:
    assert state.action is not None  # noqa: S101 - _refuse_missing has seen to it
    return Doing(state.action, state.from_place, state.to_place, state.order)


def _blamed(
    state: State, line: ScanLine, verdicts: tuple[Verdict, ...]
) -> Mapping[str, str | int | float | None]:  # fmt: skip
    return {
        "action": state.action, "operator": state.operator, "from": state.from_place, "to": state.to_place,
        "gtin": line.gtin, "lot": line.lot, "serial": line.serial,
        "codes": ",".join(verdict.code for verdict in verdicts),
    }  # fmt: skip


def _told_verdicts(verdicts: tuple[Verdict, ...]) -> str:
    return "; ".join(dict.fromkeys(verdict.text for verdict in verdicts))


def _taken(text: str, verdicts: tuple[Verdict, ...]) -> Feedback:
    return Feedback(Tone.WARN, f"{text} CHECK: {_told_verdicts(verdicts)}.") if verdicts else Feedback(Tone.GOOD, text)


def _with_shown(state: State, verdicts: tuple[Verdict, ...]) -> State:
    shown = tuple(dict.fromkeys((*state.shown, *(verdict.text for verdict in verdicts))))
    return replace(state, shown=shown[:SHOWN_MAX])


def _refuse_nobody(state: State) -> None:
    if state.operator is None:
        raise _No("nobody is signed in", "Scan your badge")


def _refuse_open_items(state: State, reason: str) -> None:
    if state.items or state.quantity_next is not None:
        raise _No(reason, "Scan LW.COMMIT or LW.CANCEL first")


def _refuse_missing(state: State) -> None:
    missing = _missing(state)
    if missing is not None:
        raise _No("something is missing before this" if state.operator else "nobody is signed in", f"Scan {missing}")


def _needs(state: State) -> Needs:
    if state.operator is None or state.action is None:
        raise _No("it is not clear yet what is done" if state.operator else "nobody is signed in",
                  f"Scan {_missing(state)}")  # fmt: skip
    return NEEDS[state.action]


def _missing(state: State) -> str | None:
    if state.operator is None:
        return "your badge"
    if state.action is None:
        return "an action"
    needs = NEEDS[state.action]
    if state.from_place is None:
        return needs.from_place
    return needs.to_place if state.to_place is None else None


def doing_of(state: State) -> str:
    """What is being done, as the beginning of a sentence: ``Receive from acme to dock-1``."""
    if state.action is None:
        return "nothing yet"
    way = (f" from {state.from_place}" if state.from_place else "") + (
        f" to {state.to_place}" if state.to_place else ""
    )
    if state.action is Action.COUNT:
        way = f" at {state.from_place}" if state.from_place else ""
    return _title(state.action) + way + (f" for order {state.order}" if state.order else "")


def _told(state: State) -> str:
    last = state.items[-1]
    same = sum(item.quantity for item in state.items if (item.gtin, item.lot) == (last.gtin, last.lot))
    return f"{_named(last)}, expires {_day(last)}. {same} of it in this transaction."


def _named(line: ScanLine) -> str:
    of = f"lot {line.lot}" if line.lot else f"GTIN {line.gtin}"
    return f"{line.quantity} × {of}" + (f" serial {line.serial}" if line.serial else "")


def _day(line: ScanLine) -> str:
    return line.expires_on.isoformat() if line.expires_on else "never (no date)"


def _title(action: Action) -> str:
    return action.value.replace("_", " ").capitalize()


def _plural(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
