"""Waste at a dock: how much, and a second person who saw it."""

import pytest

from edge_agent.domain.wire.records import Action
from edge_agent.domain.wire.wire import decode_record, encode_record
from tests.unit.edge.dock.test_grammar import LOT_A, LOT_B, RECEIVE, Bench

DISPENSE = ("LW.BADGE.amy", "LW.ACTION.DISPENSE", "LW.PLACE.safe", "LW.PLACE.ward-3", "LW.ORDER.SO-1")
DESTROY = ("LW.BADGE.amy", "LW.ACTION.DESTROY", "LW.PLACE.safe")


def test_what_is_wasted_is_witnessed_by_somebody_else_and_booked_with_both() -> None:
    bench = Bench().scan(*DISPENSE, LOT_A, "LW.WASTE.4.5")
    assert "A second person scans their badge" in bench.said
    assert "no witness" in bench.refuses("LW.COMMIT").reason
    assert "their own witness" in bench.refuses("LW.BADGE.amy").reason
    bench.scan("LW.BADGE.bob", LOT_B, "LW.COMMIT")
    (booked,) = bench.booked
    assert (booked.operator, booked.witness) == ("amy", "bob")
    assert [(line.lot, line.wasted) for line in booked.lines] == [("A", "4.5"), ("B", "")]
    assert decode_record(encode_record(booked)) == booked
    bench.scan(LOT_A, "LW.COMMIT")
    assert bench.booked[1].witness is None, "for what comes next somebody has to look again"


def test_waste_of_one_lot_adds_up_and_can_be_taken_back() -> None:
    bench = Bench().scan(*DISPENSE, LOT_A, "LW.WASTE.4.5", "LW.BADGE.bob", LOT_A, "LW.WASTE.0.5", "LW.UNDO")
    assert "waste of 0.5" in bench.said
    bench.scan("LW.WASTE.1.5", "LW.BADGE.bob", "LW.COMMIT")
    (line,) = bench.booked[0].lines
    assert (line.quantity, line.wasted) == (2, "6.0")


def test_a_destruction_may_have_a_witness() -> None:
    bench = Bench().scan(*DESTROY, LOT_A, "LW.WITNESS", "LW.BADGE.bob", "LW.COMMIT")
    assert (bench.booked[0].action, bench.booked[0].witness) == (Action.DESTROY, "bob")


@pytest.mark.parametrize(
    ("before", "text"),
    [(DISPENSE, "LW.WASTE.4.5"), ((*RECEIVE, LOT_A), "LW.WASTE.4.5"), ((*RECEIVE, LOT_A), "LW.WITNESS"),
     (DESTROY, "LW.WITNESS"), ((*DESTROY, LOT_A), "LW.WASTE.1")],
)  # fmt: skip
def test_waste_and_witness_have_their_place(before: tuple[str, ...], text: str) -> None:
    Bench().scan(*before).refuses(text)
