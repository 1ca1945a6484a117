"""Roles, decisions, and which command may take stock where."""

import pytest

from cloud_sync.domain.decisions import Decision, may_follow
from cloud_sync.domain.movements import INTO, fault_of
from cloud_sync.domain.roles import MAY, Actor, Duty, Role
from edge_agent.domain.eligibility import ISSUING
from edge_agent.domain.records import Action

RELEASE, REJECT, DESTROY = Decision.RELEASE, Decision.REJECT, Decision.DESTROY


def test_nobody_both_moves_stock_and_decides_on_it() -> None:
    for role in Role:
        assert not {Duty.MOVE, Duty.DECIDE} <= MAY[role]


def test_who_makes_tokens_neither_moves_nor_decides() -> None:
    assert not MAY[Role.ADMINISTRATOR] & {Duty.MOVE, Duty.DECIDE}


def test_a_reader_only_reads() -> None:
    assert [duty for duty in Duty if Actor("amy", Role.READER).may(duty)] == [Duty.READ]


@pytest.mark.parametrize("kind", ["customer", "ward", "production"])
def test_stock_only_leaves_by_actions_that_holds_block(kind: str) -> None:
    assert INTO[kind] <= ISSUING
    assert fault_of(Action.MOVE, "st-elsewhere", kind) is not None


def test_blocked_stock_may_be_moved_returned_and_destroyed() -> None:
    assert fault_of(Action.MOVE, "quarantine", "room") is None
    assert fault_of(Action.RETURN, "acme", "supplier") is None
    assert fault_of(Action.DESTROY, "scrap", "scrap") is None


def test_every_kind_of_place_has_a_rule_and_allocating_moves_nothing() -> None:
    assert not any(Action.ALLOCATE in actions for actions in INTO.values())
    assert set().union(*INTO.values()) == set(Action) - {Action.ALLOCATE}


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
