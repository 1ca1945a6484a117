"""May this stock be issued? All reasons, always."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from edge_agent.domain.stock.eligibility import (
    ISSUING,
    Context,
    HoldFact,
    HoldKind,
    Reason,
    ReasonCode,
    Stock,
    reasons_not_to,
)
from edge_agent.domain.wire.records import Action

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
GOOD = Stock("L1", "house", 10, 0, NOW + timedelta(days=100), expiry_required=True, holds=())
ASK = Context(NOW, "house")
EXPOSED = HoldFact(HoldKind.EXPOSURE, "exposed since 08:00")


def codes(reasons: tuple[Reason, ...]) -> set[ReasonCode]:
    return {reason.code for reason in reasons}


@pytest.mark.parametrize("action", sorted(ISSUING))
def test_good_stock_may_be_issued(action: Action) -> None:
    assert reasons_not_to(action, GOOD, ASK) == ()


@pytest.mark.parametrize("action", sorted(ISSUING))
@pytest.mark.parametrize("kind", sorted(set(HoldKind) - {HoldKind.PATIENT}))
def test_any_hold_blocks_any_issue(action: Action, kind: HoldKind) -> None:
    held = replace(GOOD, holds=(HoldFact(kind, "because"),))
    assert reasons_not_to(action, held, ASK) == (Reason(ReasonCode.HELD, "because"),)


@pytest.mark.parametrize("action", sorted(ISSUING))
def test_what_is_made_for_one_patient_is_dispensed_and_nothing_else(action: Action) -> None:
    held = replace(GOOD, holds=(HoldFact(HoldKind.PATIENT, "RX-1 alone"),))
    assert bool(reasons_not_to(action, held, ASK)) == (action is not Action.DISPENSE)


@pytest.mark.parametrize("action", sorted(set(Action) - ISSUING))
def test_blocked_stock_may_be_moved_counted_returned_and_destroyed(action: Action) -> None:
    hopeless = Stock("L1", "other", 0, 5, NOW - timedelta(days=1), expiry_required=True, holds=(EXPOSED,))
    assert reasons_not_to(action, hopeless, ASK) == ()


def test_all_reasons_are_given_not_just_the_first() -> None:
    hopeless = Stock("L1", "other", 4, 4, NOW - timedelta(days=1), expiry_required=True, holds=(EXPOSED, EXPOSED))
    reasons = reasons_not_to(Action.PICK, hopeless, ASK)
    assert len(reasons) == 5
    assert codes(reasons) == {ReasonCode.HELD, ReasonCode.EXPIRED, ReasonCode.OTHER_OWNER, ReasonCode.RESERVED}


def test_a_lot_may_not_be_used_from_the_instant_it_expires() -> None:
    expiring = replace(GOOD, expires_at=NOW)
    assert codes(reasons_not_to(Action.DISPENSE, expiring, ASK)) == {ReasonCode.EXPIRED}
    assert reasons_not_to(Action.DISPENSE, expiring, Context(NOW - timedelta(seconds=1), "house")) == ()


def test_a_missing_expiry_blocks_only_where_one_is_required() -> None:
    undated = replace(GOOD, expires_at=None)
    assert codes(reasons_not_to(Action.PICK, undated, ASK)) == {ReasonCode.NO_EXPIRY}
    assert reasons_not_to(Action.PICK, replace(undated, expiry_required=False), ASK) == ()


def test_a_receiver_may_demand_remaining_shelf_life() -> None:
    demanding = Context(NOW, "house", shelf_life_min=timedelta(days=101))
    assert codes(reasons_not_to(Action.SHIP, GOOD, demanding)) == {ReasonCode.SHORT_DATED}
    assert reasons_not_to(Action.SHIP, GOOD, Context(NOW, "house", timedelta(days=100))) == ()


def test_partly_reserved_stock_may_be_issued() -> None:
    assert reasons_not_to(Action.PICK, replace(GOOD, reserved=9), ASK) == ()
    assert codes(reasons_not_to(Action.PICK, replace(GOOD, quantity=0), ASK)) == {ReasonCode.NO_STOCK}
