"""Orders: what may be asked for, who may decide, and how far each quantity has come.

An order's lines and the decisions of people are stored. Everything else follows from movements and reservations that
name the order: :func:`fill` says which line they belong to, :func:`states_of` in which state each base unit of a line
is. Of one line, the states always add up to what was asked for (``over`` is what came or went beyond it).

========== =========== =========== ========================================================================
kind       from        to          states of a line, in the order in which quantity goes through them
========== =========== =========== ========================================================================
purchase   supplier    house       requested, approved, ordered, received, returned (to the supplier)
requisition house      recipient   requested, allocated, shipped or dispensed, returned
transfer   house       house       requested, allocated, shipped, received
return     recipient   house       requested, returned
destruction house      scrap       requested, approved, destroyed
========== =========== =========== ========================================================================

and ``cancelled`` in all of them.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from cloud_sync.domain.movements import INTERNAL
from edge_agent.domain.wire.records import Action


class OrderKind(StrEnum):
    """What somebody asks for."""

    PURCHASE = "purchase"
    REQUISITION = "requisition"
    TRANSFER = "transfer"
    RETURN = "return"
    DESTRUCTION = "destruction"


class Urgency(StrEnum):
    """How urgent an order is, as whoever requests it says."""

    ROUTINE = "routine"
    URGENT = "urgent"
    EMERGENCY = "emergency"


URGENCIES = {Urgency.ROUTINE: 0, Urgency.URGENT: 1, Urgency.EMERGENCY: 2}
"""As the rule ``order_urgency`` counts them."""


class OrderStep(StrEnum):
    """What people decide about an order."""

    APPROVED = "approved"
    REJECTED = "rejected"
    ORDERED = "ordered"
    WITNESSED = "witnessed"
    CANCELLED = "cancelled"


class OrderState(StrEnum):
    """Where a quantity is in its workflow."""

    REQUESTED = "requested"
    APPROVED = "approved"
    REJECTED = "rejected"
    ORDERED = "ordered"
    RECEIVED = "received"
    QUARANTINED = "quarantined"
    AVAILABLE = "available"
    ALLOCATED = "allocated"
    SHIPPED = "shipped"
    DISPENSED = "dispensed"
    RETURNED = "returned"
    EXPIRED = "expired"
    DESTROYED = "destroyed"
    CONSUMED = "consumed"
    MISSED = "missed"
    CANCELLED = "cancelled"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Rules:
    """What an order of a kind must be like. ``prefix`` begins its number."""

    prefix: str
    from_kinds: frozenset[str]
    to_kinds: frozenset[str]
    needs: tuple[OrderStep, ...] = ()
    names_lots: bool = False
    reservations: bool = False


RECIPIENTS = frozenset({"customer", "ward"})
RULES: dict[OrderKind, Rules] = {
    OrderKind.PURCHASE: Rules("PO", frozenset({"supplier"}), INTERNAL, needs=(OrderStep.APPROVED, OrderStep.ORDERED)),
    OrderKind.REQUISITION: Rules("SO", INTERNAL, RECIPIENTS, reservations=True),
    OrderKind.TRANSFER: Rules("TR", INTERNAL, INTERNAL, reservations=True),
    OrderKind.RETURN: Rules("RT", RECIPIENTS, INTERNAL),
    OrderKind.DESTRUCTION: Rules(
        "DX", INTERNAL, frozenset({"scrap"}), needs=(OrderStep.APPROVED, OrderStep.WITNESSED), names_lots=True
    ),
}

FOLLOWS: dict[OrderStep, tuple[frozenset[OrderStep], frozenset[OrderStep]]] = {
    OrderStep.APPROVED: (frozenset(), frozenset({OrderStep.APPROVED, OrderStep.REJECTED})),
    OrderStep.REJECTED: (frozenset(), frozenset({OrderStep.APPROVED, OrderStep.REJECTED, OrderStep.ORDERED})),
    OrderStep.ORDERED: (frozenset({OrderStep.APPROVED}), frozenset({OrderStep.ORDERED, OrderStep.REJECTED})),
    OrderStep.WITNESSED: (frozenset({OrderStep.APPROVED}), frozenset({OrderStep.WITNESSED, OrderStep.REJECTED})),
}
"""Each step: those that must have been before, and those that must not."""


@dataclass(frozen=True, slots=True)
class OrderLine:
    """A line of an order. ``lot_number`` and ``serial`` are '' where they are left open."""

    line: int
    item_id: int
    quantity: int
    lot_number: str = ""
    serial: str = ""
    cancelled: int = 0

    @property
    def wanted(self) -> int:
        """Base units that are still asked for, done or not."""
        return self.quantity - self.cancelled

    def is_about(self, item_id: int, lot_number: str, serial: str) -> bool:
        """Whether such stock is what the line asks for."""
        return self.item_id == item_id and self.lot_number in ("", lot_number) and self.serial in ("", serial)


@dataclass(frozen=True, slots=True)
class Moved:
    """Base units of a lot (or serial) that ``action`` moved for an order, or that are reserved for it (allocate)."""

    action: Action
    item_id: int
    lot_number: str
    serial: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Filled:
    """For each line, base units by action; and what is of no line."""

    by_line: Mapping[int, Mapping[Action, int]]
    unasked: tuple[Moved, ...]


def fill(lines: Sequence[OrderLine], moved: Iterable[Moved]) -> Filled:
    """Which lines movements belong to: lines that name serial or lot first, each up to what it wants.

    What is beyond all lines about it counts for the last of them. The order of ``moved`` does not matter.
    """
    by_line: dict[int, dict[Action, int]] = {line.line: defaultdict(int) for line in lines}
    unasked: list[Moved] = []
    specific_first = sorted(lines, key=lambda line: (line.serial == "", line.lot_number == "", line.line))
    # What fewer lines may take goes first, so that it is not crowded out by what could go elsewhere.
    for each in sorted(moved, key=lambda m: (len(_about(specific_first, m)), *_said(m))):
        candidates = _about(specific_first, each)
        if not candidates:
            unasked.append(each)
            continue
        left = each.quantity
        for line in candidates:
            take = min(left, max(0, line.wanted - by_line[line.line][each.action]))
            by_line[line.line][each.action] += take
            left -= take
        by_line[candidates[-1].line][each.action] += left
    return Filled({line: dict(done) for line, done in by_line.items()}, tuple(unasked))


def states_of(
    kind: OrderKind, line: OrderLine, steps: frozenset[OrderStep], done: Mapping[Action, int]
) -> dict[OrderState, int]:
    """In which state each base unit of a line is; states with none are left out."""
    furthest, passed = _passed(kind, done)
    states: dict[OrderState, int] = defaultdict(int)
    states[OrderState.CANCELLED] = line.cancelled
    left = line.wanted
    for state, quantity in passed:
        take = min(left, quantity)
        states[state] += take
        left -= take
    states[OrderState.OVER] = max(0, furthest - line.wanted)
    reserved = min(left, done.get(Action.ALLOCATE, 0)) if RULES[kind].reservations else 0
    states[OrderState.ALLOCATED] += reserved
    states[_waiting(steps)] += left - reserved
    return {state: quantity for state, quantity in states.items() if quantity}


def open_quantity(kind: OrderKind, line: OrderLine, done: Mapping[Action, int]) -> int:
    """Base units that are asked for and neither done nor cancelled (reserved ones are open)."""
    return max(0, line.wanted - _passed(kind, done)[0])


def order_state(lines: Sequence[Mapping[OrderState, int]]) -> str:
    """An order's state in a word: that of its quantities if they agree, ``partly ...`` if they do not."""
    total: dict[OrderState, int] = defaultdict(int)
    for line in lines:
        for state, quantity in line.items():
            if state is not OrderState.OVER:
                total[state] += quantity
    if len(total) > 1:
        total.pop(OrderState.CANCELLED, None)
    present = [state for state in OrderState if total.get(state)]
    return present[0].value if len(present) == 1 else f"partly {present[-1].value}"


class OrderWork(StrEnum):
    """What somebody has to do about an order next."""

    APPROVE = "approve"
    PLACE = "place"
    WITNESS = "witness"
    ALLOCATE = "allocate"
    ISSUE = "issue"
    RECEIVE = "receive"
    DESTROY = "destroy"


_WORK_OF_STEP = {
    OrderStep.APPROVED: OrderWork.APPROVE,
    OrderStep.ORDERED: OrderWork.PLACE,
    OrderStep.WITNESSED: OrderWork.WITNESS,
}
_WAITING = (OrderState.REQUESTED, OrderState.APPROVED, OrderState.ORDERED)


def next_work(
    kind: OrderKind, taken: Iterable[OrderStep], states: Iterable[Mapping[OrderState, int]]
) -> tuple[OrderWork, ...]:
    """What has to be done about an order next, the first first; empty where it is over.

    >>> [str(work) for work in next_work(OrderKind.TRANSFER, [], [{OrderState.SHIPPED: 4, OrderState.ALLOCATED: 1}])]
    ['issue', 'receive']
    """
    steps, present = set(taken), {state for line in states for state, quantity in line.items() if quantity}
    is_waiting = not present.isdisjoint(_WAITING)
    if OrderStep.REJECTED in steps:
        return ()
    if is_waiting and (missing := [step for step in RULES[kind].needs if step not in steps]):
        return (_WORK_OF_STEP[missing[0]],)
    if not RULES[kind].reservations:
        last = OrderWork.DESTROY if kind is OrderKind.DESTRUCTION else OrderWork.RECEIVE
        return (last,) if is_waiting else ()
    is_on_its_way = kind is OrderKind.TRANSFER and OrderState.SHIPPED in present
    wanted = (
        (OrderWork.ALLOCATE, is_waiting),
        (OrderWork.ISSUE, OrderState.ALLOCATED in present),
        (OrderWork.RECEIVE, is_on_its_way),
    )
    return tuple(work for work, is_wanted in wanted if is_wanted)


def fault_of_places(kind: OrderKind, from_kind: str, to_kind: str) -> str | None:
    """What is wrong with an order between places of these kinds, None if nothing is."""
    rules = RULES[kind]
    if from_kind not in rules.from_kinds:
        return f"a {kind} comes from a {_or(rules.from_kinds)}, not from a {from_kind}"
    if to_kind not in rules.to_kinds:
        return f"a {kind} goes to a {_or(rules.to_kinds)}, not to a {to_kind}"
    return None


def fault_of_step(
    kind: OrderKind, step: OrderStep, taken: Mapping[OrderStep, str], requested_by: str, actor: str
) -> tuple[str, bool] | None:
    """Why ``actor`` may not take ``step`` after those ``taken`` (-> by whom), None if they may.

    The second value is whether it is a matter of who does it: who requests does not approve.
    """
    if step not in RULES[kind].needs and step is not OrderStep.REJECTED:
        return f"a {kind} is not {step}", False
    needed, excluded = FOLLOWS[step]
    if missing := needed - taken.keys():
        return f"it is not {_or(missing)} yet", False
    if done := excluded & taken.keys():
        return f"it was {_or(done)} by {taken[min(done)]} already", False
    if step is OrderStep.APPROVED and actor == requested_by:
        return f"{actor} requested it, so somebody else has to approve it", True
    return None


def fault_of_performing(kind: OrderKind, taken: Mapping[OrderStep, str], actor: str) -> tuple[str, bool] | None:
    """Why ``actor`` may not carry the order out (receive, issue, destroy), None if they may.

    The second value is whether it is a matter of who does it: the witness does not destroy.
    """
    if OrderStep.REJECTED in taken:
        return f"it was rejected by {taken[OrderStep.REJECTED]}", False
    for step in RULES[kind].needs:
        if step not in taken:
            return f"it is not {step} yet", False
    if kind is OrderKind.DESTRUCTION and taken[OrderStep.WITNESSED] == actor:
        return f"{actor} witnesses it, so somebody else has to do it", True
    return None


def fault_of_count_decision(opened_by: str, counted_by: frozenset[str], actor: str) -> str | None:
    """Why ``actor`` may not decide on a count, None if they may: who counts does not approve."""
    if actor in counted_by or actor == opened_by:
        return f"{actor} {'counted' if actor in counted_by else 'opened'} it, so somebody else has to decide"
    return None


def stock_states(
    place_kind: str, quantity: int, reserved: int, *, expired: bool, held: bool, returned: bool
) -> dict[OrderState, int]:
    """In which state stock of a lot in a place is; empty where a balance says nothing about stock.

    ``returned``: it came back from a recipient and nobody has decided on it yet.
    """
    if quantity <= 0 or place_kind in ("supplier", "unpacking"):
        return {}
    if place_kind in _OUTSIDE:
        return {_OUTSIDE[place_kind]: quantity}
    for applies, state in (
        (expired, OrderState.EXPIRED),
        (returned, OrderState.RETURNED),
        (held, OrderState.QUARANTINED),
    ):
        if applies:
            return {state: quantity}
    allocated = min(max(0, reserved), quantity)
    states = {OrderState.ALLOCATED: allocated, OrderState.AVAILABLE: quantity - allocated}
    return {state: units for state, units in states.items() if units}


_OUTSIDE: dict[str, OrderState] = {
    "customer": OrderState.SHIPPED,
    "ward": OrderState.DISPENSED,
    "transit": OrderState.SHIPPED,
    "scrap": OrderState.DESTROYED,
    "production": OrderState.CONSUMED,
    "count_difference": OrderState.MISSED,
}


def _about(lines: Sequence[OrderLine], moved: Moved) -> list[OrderLine]:
    return [line for line in lines if line.is_about(moved.item_id, moved.lot_number, moved.serial)]


def _said(moved: Moved) -> tuple[int, str, str, str, int]:
    return moved.item_id, moved.lot_number, moved.serial, moved.action, moved.quantity


def _passed(kind: OrderKind, done: Mapping[Action, int]) -> tuple[int, tuple[tuple[OrderState, int], ...]]:
    """Base units that went the order's way, and in which state they are now."""
    received, returned = done.get(Action.RECEIVE, 0), done.get(Action.RETURN, 0)
    shipped, dispensed = done.get(Action.SHIP, 0), done.get(Action.DISPENSE, 0)
    if kind is OrderKind.PURCHASE:
        return received, (
            (OrderState.RETURNED, min(returned, received)),
            (OrderState.RECEIVED, max(0, received - returned)),
        )
    if kind is OrderKind.REQUISITION:
        back = min(returned, shipped + dispensed)
        from_shipped = min(back, shipped)
        return shipped + dispensed, (
            (OrderState.RETURNED, back),
            (OrderState.SHIPPED, shipped - from_shipped),
            (OrderState.DISPENSED, dispensed - (back - from_shipped)),
        )
    if kind is OrderKind.TRANSFER:
        return max(shipped, received), (
            (OrderState.RECEIVED, received),
            (OrderState.SHIPPED, max(0, shipped - received)),
        )
    if kind is OrderKind.RETURN:
        return returned, ((OrderState.RETURNED, returned),)
    destroyed = done.get(Action.DESTROY, 0)
    return destroyed, ((OrderState.DESTROYED, destroyed),)


def _waiting(steps: frozenset[OrderStep]) -> OrderState:
    for step, state in (
        (OrderStep.REJECTED, OrderState.REJECTED),
        (OrderStep.ORDERED, OrderState.ORDERED),
        (OrderStep.APPROVED, OrderState.APPROVED),
    ):
        if step in steps:
            return state
    return OrderState.REQUESTED


def _or(words: Iterable[str]) -> str:
    return " or ".join(sorted(str(word) for word in words))
