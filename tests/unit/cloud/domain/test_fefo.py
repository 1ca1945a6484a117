"""FEFO: the first-expiring eligible stock, and every reason why other stock was passed over."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud_sync.domain.fefo import Position, fefo_key, plan
from edge_agent.domain.stock.eligibility import Context, HoldFact, HoldKind, ReasonCode, Stock, reasons_not_to
from edge_agent.domain.wire.records import Action

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
CONTEXT = Context(at=NOW, owner="house")


def position(
    lot_id: int,
    *,
    expires_in_days: int | None = 100,
    quantity: int = 10,
    reserved: int = 0,
    received_days_ago: int | None = 1,
    holds: tuple[HoldFact, ...] = (),
    owner: str = "house",
) -> Position:
    return Position(
        lot_id=lot_id,
        place_id=1,
        serial="",
        received_at=None if received_days_ago is None else NOW - timedelta(days=received_days_ago),
        stock=Stock(
            lot=f"L{lot_id}",
            owner=owner,
            quantity=quantity,
            reserved=reserved,
            expires_at=None if expires_in_days is None else NOW + timedelta(days=expires_in_days),
            expiry_required=True,
            holds=holds,
        ),
    )


HELD = (HoldFact(HoldKind.EXPOSURE, "exposed"), HoldFact(HoldKind.MANUAL, "torn box"))


def test_the_first_expiring_lot_goes_first_whatever_was_received_first() -> None:
    late = position(1, expires_in_days=300, received_days_ago=90)
    soon = position(2, expires_in_days=30, received_days_ago=1)
    planned = plan([late, soon], 15, CONTEXT)
    assert [(pick.position.lot_id, pick.quantity) for pick in planned.picks] == [(2, 10), (1, 5)]
    assert planned.missing == 0


def test_of_equal_expiry_the_earlier_received_goes_first_and_then_the_lower_lot() -> None:
    positions = [position(3), position(2), position(1, received_days_ago=None), position(4, received_days_ago=5)]
    planned = plan(positions, 40, CONTEXT)
    assert [pick.position.lot_id for pick in planned.picks] == [4, 2, 3, 1]


def test_what_was_made_for_the_demand_goes_before_what_expires_first() -> None:
    made_for_it = replace(position(1, expires_in_days=300), is_made_for_it=True)
    planned = plan([position(2, expires_in_days=30), made_for_it], 15, CONTEXT)
    assert [(pick.position.lot_id, pick.quantity) for pick in planned.picks] == [(1, 10), (2, 5)]


def test_a_held_and_expired_lot_is_skipped_with_all_its_reasons_and_the_plan_goes_on() -> None:
    bad = position(1, expires_in_days=-1, holds=HELD)
    planned = plan([bad, position(2)], 4, CONTEXT)
    assert [pick.position.lot_id for pick in planned.picks] == [2]
    (skipped,) = planned.skipped
    assert [reason.code for reason in skipped.reasons] == [ReasonCode.HELD, ReasonCode.HELD, ReasonCode.EXPIRED]


def test_a_partial_plan_says_what_is_missing() -> None:
    planned = plan([position(1, quantity=3), position(2, holds=HELD)], 5, CONTEXT)
    assert (sum(pick.quantity for pick in planned.picks), planned.missing) == (3, 2)
    assert len(planned.skipped) == 1


def test_reserved_stock_is_left_alone() -> None:
    planned = plan([position(1, quantity=10, reserved=8), position(2, quantity=10, reserved=10)], 5, CONTEXT)
    assert [(pick.position.lot_id, pick.quantity) for pick in planned.picks] == [(1, 2)]
    assert [reason.code for reason in planned.skipped[0].reasons] == [ReasonCode.RESERVED]


def test_stock_behind_the_last_pick_is_not_looked_at() -> None:
    planned = plan([position(1), position(2, expires_in_days=200, holds=HELD)], 5, CONTEXT)
    assert planned.skipped == ()


def test_short_dated_stock_is_skipped_for_a_receiver_who_demands_more() -> None:
    context = Context(at=NOW, owner="house", shelf_life_min=timedelta(days=180))
    planned = plan([position(1, expires_in_days=90), position(2, expires_in_days=200)], 1, context)
    assert [pick.position.lot_id for pick in planned.picks] == [2]
    assert planned.skipped[0].reasons[0].code == ReasonCode.SHORT_DATED


def test_a_demand_for_nothing_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        plan([], 0, CONTEXT)


positions = st.builds(
    position,
    st.integers(1, 1000),
    expires_in_days=st.none() | st.integers(-5, 400),
    quantity=st.integers(-5, 50),
    reserved=st.integers(0, 60),
    received_days_ago=st.none() | st.integers(0, 100),
    holds=st.sampled_from([(), (), HELD]),
    owner=st.sampled_from(["house", "house", "acme"]),
)


@given(st.lists(positions, max_size=30), st.integers(1, 300))
def test_a_plan_never_takes_what_may_not_be_issued_nor_more_than_is_free(found: list[Position], quantity: int) -> None:
    planned = plan(found, quantity, CONTEXT)
    for pick in planned.picks:
        assert not reasons_not_to(Action.ALLOCATE, pick.position.stock, CONTEXT)
        assert 0 < pick.quantity <= pick.position.stock.quantity - pick.position.stock.reserved
    for skipped in planned.skipped:
        assert skipped.reasons == reasons_not_to(Action.ALLOCATE, skipped.position.stock, CONTEXT) != ()
    assert sum(pick.quantity for pick in planned.picks) + planned.missing == quantity


@given(st.lists(positions, max_size=30), st.integers(1, 300))
def test_a_plan_keeps_the_order_and_leaves_nothing_eligible_behind(found: list[Position], quantity: int) -> None:
    planned = plan(found, quantity, CONTEXT)
    keys = [fefo_key(pick.position) for pick in planned.picks]
    assert keys == sorted(keys)
    free = sum(p.free for p in found if not reasons_not_to(Action.ALLOCATE, p.stock, CONTEXT))
    assert planned.missing == max(0, quantity - free)
    assert all(pick.quantity == pick.position.free for pick in planned.picks[:-1])


@given(st.lists(positions, max_size=15, unique_by=lambda p: p.lot_id), st.integers(1, 100), st.randoms())
def test_the_order_in_which_positions_are_loaded_does_not_matter(found: list[Position], quantity: int, random) -> None:  # type: ignore[no-untyped-def]
    shuffled = list(found)
    random.shuffle(shuffled)
    assert plan(shuffled, quantity, CONTEXT) == plan(found, quantity, CONTEXT)
