"""Orders: each base unit of a line is in exactly one state, and nobody decides alone."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud_sync.domain.orders import (
    RULES,
    Moved,
    OrderKind,
    OrderLine,
    OrderState,
    OrderStep,
    OrderWork,
    fault_of_count_decision,
    fault_of_performing,
    fault_of_places,
    fault_of_step,
    fill,
    next_work,
    open_quantity,
    order_state,
    states_of,
    stock_states,
)
from edge_agent.domain.wire.records import Action

KINDS = st.sampled_from(OrderKind)
UNITS = st.integers(0, 50)
DONE = st.dictionaries(st.sampled_from(Action), UNITS)
STEPS = st.frozensets(st.sampled_from([OrderStep.APPROVED, OrderStep.ORDERED, OrderStep.REJECTED, OrderStep.WITNESSED]))
LOTS = st.sampled_from(["", "A", "B"])


@st.composite
def lines(draw: st.DrawFn) -> tuple[OrderLine, ...]:
    asked = draw(
        st.lists(
            st.tuples(st.integers(1, 2), LOTS, st.integers(1, 20)), min_size=1, max_size=5, unique_by=lambda x: x[:2]
        )
    )
    return tuple(
        OrderLine(number, item, units, lot, cancelled=draw(st.integers(0, units)))
        for number, (item, lot, units) in enumerate(asked, start=1)
    )


MOVED = st.lists(
    st.builds(
        Moved,
        action=st.sampled_from([Action.SHIP, Action.RECEIVE, Action.ALLOCATE]),
        item_id=st.integers(1, 3),
        lot_number=st.sampled_from(["A", "B", "C"]),
        serial=st.just(""),
        quantity=st.integers(1, 20),
    ),
    max_size=6,
    unique_by=lambda moved: (moved.action, moved.item_id, moved.lot_number),
)


@given(KINDS, st.integers(1, 50), st.data(), STEPS, DONE)
def test_the_states_of_a_line_add_up_to_what_was_asked_for(
    kind: OrderKind, quantity: int, data: st.DataObject, steps: frozenset[OrderStep], done: dict[Action, int]
) -> None:
    line = OrderLine(1, 1, quantity, cancelled=data.draw(st.integers(0, quantity)))
    states = states_of(kind, line, steps, done)
    assert sum(units for state, units in states.items() if state is not OrderState.OVER) == quantity
    assert all(units > 0 for units in states.values())
    assert 0 <= open_quantity(kind, line, done) <= line.wanted


@given(lines(), MOVED)
def test_everything_that_moved_belongs_to_a_line_or_is_told(asked: tuple[OrderLine, ...], moved: list[Moved]) -> None:
    filled = fill(asked, moved)
    for action in Action:
        total = sum(m.quantity for m in moved if m.action is action)
        on_lines = sum(done.get(action, 0) for done in filled.by_line.values())
        assert on_lines + sum(m.quantity for m in filled.unasked if m.action is action) == total
    for m in filled.unasked:
        assert not any(line.is_about(m.item_id, m.lot_number, m.serial) for line in asked)


@given(lines(), MOVED, st.randoms())
def test_the_order_of_facts_does_not_matter(
    asked: tuple[OrderLine, ...], moved: list[Moved], random: st.DataObject
) -> None:
    shuffled = list(moved)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert fill(asked, shuffled) == fill(asked, moved)


def test_lines_that_name_a_lot_are_filled_before_those_that_do_not() -> None:
    asked = (OrderLine(1, 1, 10), OrderLine(2, 1, 5, "A"))
    filled = fill(asked, [Moved(Action.RECEIVE, 1, "A", "", 7), Moved(Action.RECEIVE, 1, "B", "", 9)])
    assert filled.by_line == {1: {Action.RECEIVE: 11}, 2: {Action.RECEIVE: 5}}


@pytest.mark.parametrize(
    ("kind", "steps", "done", "states"),
    [
        (OrderKind.PURCHASE, [], {}, {OrderState.REQUESTED: 10}),
        (OrderKind.PURCHASE, [OrderStep.APPROVED], {}, {OrderState.APPROVED: 10}),
        (
            OrderKind.PURCHASE,
            [OrderStep.APPROVED, OrderStep.ORDERED],
            {Action.RECEIVE: 4},
            {OrderState.RECEIVED: 4, OrderState.ORDERED: 6},
        ),
        (
            OrderKind.PURCHASE,
            [OrderStep.APPROVED, OrderStep.ORDERED],
            {Action.RECEIVE: 12},
            {OrderState.RECEIVED: 10, OrderState.OVER: 2},
        ),
        (OrderKind.REQUISITION, [], {Action.ALLOCATE: 3}, {OrderState.ALLOCATED: 3, OrderState.REQUESTED: 7}),
        (
            OrderKind.REQUISITION,
            [],
            {Action.ALLOCATE: 2, Action.DISPENSE: 8},
            {OrderState.DISPENSED: 8, OrderState.ALLOCATED: 2},
        ),
        (
            OrderKind.REQUISITION,
            [],
            {Action.SHIP: 10, Action.RETURN: 4},
            {OrderState.SHIPPED: 6, OrderState.RETURNED: 4},
        ),
        (OrderKind.TRANSFER, [], {Action.SHIP: 10, Action.RECEIVE: 6}, {OrderState.SHIPPED: 4, OrderState.RECEIVED: 6}),
        (OrderKind.RETURN, [], {Action.RETURN: 3}, {OrderState.RETURNED: 3, OrderState.REQUESTED: 7}),
        (OrderKind.DESTRUCTION, [OrderStep.APPROVED], {}, {OrderState.APPROVED: 10}),
        (OrderKind.DESTRUCTION, [OrderStep.REJECTED], {}, {OrderState.REJECTED: 10}),
    ],
)
def test_a_quantity_is_in_the_state_it_came_to(
    kind: OrderKind, steps: list[OrderStep], done: dict[Action, int], states: dict[OrderState, int]
) -> None:
    assert states_of(kind, OrderLine(1, 1, 10), frozenset(steps), done) == states


def test_an_order_is_partly_what_its_furthest_quantity_is() -> None:
    assert order_state([{OrderState.ORDERED: 6, OrderState.RECEIVED: 4}]) == "partly received"
    assert (
        order_state([{OrderState.RECEIVED: 4, OrderState.CANCELLED: 6}, {OrderState.RECEIVED: 1, OrderState.OVER: 9}])
        == "received"
    )
    assert order_state([{OrderState.CANCELLED: 6}]) == "cancelled"


def test_who_requests_does_not_approve() -> None:
    assert fault_of_step(OrderKind.PURCHASE, OrderStep.APPROVED, {}, "amy", "bob") is None
    fault = fault_of_step(OrderKind.PURCHASE, OrderStep.APPROVED, {}, "amy", "amy")
    assert fault is not None
    assert (fault[1], "somebody else" in fault[0]) == (True, True)


@pytest.mark.parametrize("kind", OrderKind)
def test_steps_are_only_taken_in_their_order(kind: OrderKind) -> None:
    needs = RULES[kind].needs
    for order in permutations(needs):
        taken: dict[OrderStep, str] = {}
        faults = []
        for step in order:
            faults.append(fault_of_step(kind, step, taken, "amy", "bob"))
            taken[step] = "bob"
        assert (order == needs) == all(fault is None for fault in faults)
    for step in set(OrderStep) - set(needs) - {OrderStep.REJECTED, OrderStep.CANCELLED}:
        assert fault_of_step(kind, step, {}, "amy", "bob") is not None


def test_a_rejected_order_stays_so() -> None:
    for step in (OrderStep.APPROVED, OrderStep.ORDERED, OrderStep.REJECTED):
        assert fault_of_step(OrderKind.PURCHASE, step, {OrderStep.REJECTED: "bob"}, "amy", "cid") is not None
    assert fault_of_performing(OrderKind.REQUISITION, {OrderStep.REJECTED: "bob"}, "cid") is not None


def test_the_witness_does_not_destroy() -> None:
    taken = {OrderStep.APPROVED: "bob", OrderStep.WITNESSED: "cid"}
    assert fault_of_performing(OrderKind.DESTRUCTION, taken, "amy") is None
    assert fault_of_performing(OrderKind.DESTRUCTION, taken, "cid") == (
        "cid witnesses it, so somebody else has to do it",
        True,
    )
    assert fault_of_performing(OrderKind.DESTRUCTION, {OrderStep.APPROVED: "bob"}, "amy") == (
        "it is not witnessed yet",
        False,
    )


def test_who_counts_does_not_decide() -> None:
    assert fault_of_count_decision("amy", frozenset({"bob"}), "cid") is None
    for actor in ("amy", "bob"):
        assert "somebody else" in str(fault_of_count_decision("amy", frozenset({"bob"}), actor))


def test_an_order_goes_only_where_its_kind_may() -> None:
    assert fault_of_places(OrderKind.REQUISITION, "site", "ward") is None
    assert fault_of_places(OrderKind.REQUISITION, "supplier", "ward") == (
        "a requisition comes from a bin or room or site, not from a supplier"
    )
    assert "customer or ward" in str(fault_of_places(OrderKind.REQUISITION, "room", "scrap"))


@given(
    st.sampled_from(["site", "room", "bin", "customer", "ward", "transit", "scrap", "production", "count_difference"]),
    st.integers(1, 100),
    st.integers(0, 200),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)
def test_the_states_of_stock_add_up_to_its_quantity(
    kind: str, quantity: int, reserved: int, expired: bool, held: bool, returned: bool
) -> None:
    states = stock_states(kind, quantity, reserved, expired=expired, held=held, returned=returned)
    assert sum(states.values()) == quantity
    if expired or held or returned:
        assert OrderState.AVAILABLE not in states


def test_what_a_supplier_owes_is_no_stock() -> None:
    assert stock_states("supplier", -5, 0, expired=False, held=False, returned=False) == {}


def test_lines_that_name_a_serial_are_filled_before_those_that_do_not() -> None:
    anything, serial = OrderLine(1, 1, 5, "A"), OrderLine(2, 1, 1, "A", "S1")
    filled = fill([anything, serial], [Moved(Action.SHIP, 1, "A", "S1", 1)])
    assert [filled.by_line[line].get(Action.SHIP, 0) for line in (1, 2)] == [0, 1]


def test_what_waits_for_a_step_asks_for_it_and_what_does_not_wait_asks_for_nothing() -> None:
    requested = [{OrderState.REQUESTED: 5}]
    assert next_work(OrderKind.DESTRUCTION, [], requested) == (OrderWork.APPROVE,)
    assert next_work(OrderKind.DESTRUCTION, [OrderStep.APPROVED], requested) == (OrderWork.WITNESS,)
    both = [OrderStep.APPROVED, OrderStep.WITNESSED]
    assert next_work(OrderKind.DESTRUCTION, both, requested) == (OrderWork.DESTROY,)
    assert next_work(OrderKind.DESTRUCTION, both, [{OrderState.DESTROYED: 5}]) == ()
    assert next_work(OrderKind.PURCHASE, [], [{OrderState.RECEIVED: 5}]) == ()
    assert next_work(OrderKind.RETURN, [], requested) == (OrderWork.RECEIVE,)
