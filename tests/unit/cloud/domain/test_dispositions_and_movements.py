"""Decisions, and which command may take stock where."""

import pytest

from cloud_sync.domain.dispositions import Decision, may_follow
from cloud_sync.domain.movements import INTERNAL, INTO, INTO_THE_HOUSE_FROM, fault_of
from edge_agent.domain.stock.eligibility import ISSUING
from edge_agent.domain.wire.records import Action

RELEASE, REJECT, DESTROY = Decision.RELEASE, Decision.REJECT, Decision.DESTROY


@pytest.mark.parametrize("kind", ["customer", "ward", "production"])
def test_stock_only_leaves_by_actions_that_holds_block(kind: str) -> None:
    assert INTO[kind] <= ISSUING
    assert fault_of(Action.MOVE, ("store", "room"), ("st-elsewhere", kind)) is not None


@pytest.mark.parametrize(
    ("kind", "action"),
    [("supplier", "receive"), ("customer", "return"), ("ward", "return"), ("transit", "receive"),
     ("scrap", None), ("count_difference", None), ("used_up", None)],
)  # fmt: skip
def test_stock_only_comes_into_the_house_by_what_holds_it_for_inspection(kind: str, action: str | None) -> None:
    for each in Action:
        fault = fault_of(each, ("elsewhere", kind), ("store", "room"))
        assert (fault is None) == (each == action), fault
    fault = fault_of(Action.MOVE, ("elsewhere", kind), ("store", "room"))
    instead = f"use {action}" if action else "count it (POST /v1/counts), and have it approved"
    assert fault == f"move does not bring stock in from {kind} elsewhere: {instead}"


def test_blocked_stock_may_be_moved_returned_and_destroyed() -> None:
    assert fault_of(Action.MOVE, ("store", "room"), ("quarantine", "room")) is None
    assert fault_of(Action.RETURN, ("store", "room"), ("acme", "supplier")) is None
    assert fault_of(Action.DESTROY, ("store", "room"), ("scrap", "scrap")) is None


def test_every_kind_of_place_has_a_rule_and_no_command_allocates_counts_or_opens_a_case_by_moving() -> None:
    assert INTO.keys() == INTO_THE_HOUSE_FROM.keys()
    assert set().union(*INTO.values()) == set(Action) - {Action.ALLOCATE, Action.COUNT, Action.OPEN_CASE}
    assert set().union(*INTO_THE_HOUSE_FROM.values()) <= set().union(*(INTO[kind] for kind in INTERNAL))


@pytest.mark.parametrize(
    ("earlier", "decision", "may"),
    [
        ((), RELEASE, True),
        (((RELEASE, True),), REJECT, True),
        (((REJECT, True),), RELEASE, False),
        (((REJECT, True),), DESTROY, True),
        (((DESTROY, True),), RELEASE, False),
        (((RELEASE, False),), RELEASE, True),
        (((REJECT, False),), RELEASE, True),
        (((DESTROY, False),), RELEASE, False),
        (((RELEASE, True), (REJECT, True)), RELEASE, False),
    ],
)
def test_on_the_same_evidence_a_decision_only_becomes_stricter(
    earlier: tuple[tuple[Decision, bool], ...], decision: Decision, may: bool
) -> None:
    assert may_follow(earlier, decision) is may


def test_a_count_is_never_told_as_a_movement() -> None:
    for kind in INTO:
        fault = fault_of(Action.COUNT, ("store", "room"), ("elsewhere", kind))
        assert fault is not None and fault.startswith("a count is no movement")
