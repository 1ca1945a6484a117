"""Lotwarden's own codes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.domain.barcodes.command_codes import (
    Badge,
    Cancel,
    ChooseAction,
    ChooseOrder,
    ChoosePlace,
    Code,
    Commit,
    SetQuantity,
    Undo,
    is_code,
    parse_code,
)
from edge_agent.domain.barcodes.scan_rejected import ScanRejected
from edge_agent.domain.barcodes.symbology import symbol_of
from edge_agent.domain.wire.ids import PlaceName
from edge_agent.domain.wire.records import Action


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("LW.BADGE.amy", Badge("amy")),
        ("LW.ACTION.RECEIVE", ChooseAction(Action.RECEIVE)),
        ("LW.ACTION.PUT_AWAY", ChooseAction(Action.PUT_AWAY)),
        ("LW.PLACE.fridge-a", ChoosePlace(PlaceName("fridge-a"))),
        ("LW.PLACE.site.bin/2", ChoosePlace(PlaceName("site.bin/2"))),
        ("LW.ORDER.PO-1001", ChooseOrder("PO-1001")),
        ("LW.QTY.10", SetQuantity(10)),
        ("LW.COMMIT", Commit()),
        ("LW.CANCEL", Cancel()),
        ("LW.UNDO", Undo()),
    ],
)
@pytest.mark.parametrize("aim", ["", "]C0", "]d1", "]Q1", "]A0"])
def test_every_code_is_read_behind_every_plain_symbol(text: str, code: Code, aim: str) -> None:
    assert is_code(symbol_of(aim + text))
    assert parse_code(symbol_of(aim + text)) == code


def test_capitals_and_code_39_do_not_change_who_or_where() -> None:
    assert parse_code(symbol_of("LW.PLACE.FRIDGE-A")) == ChoosePlace(PlaceName("fridge-a"))
    assert parse_code(symbol_of("lw.badge.AMY")) == Badge("amy")
    assert parse_code(symbol_of("]A0LW.ACTION.PUT-AWAY")) == ChooseAction(Action.PUT_AWAY)


def test_orders_keep_their_case_since_others_gave_them_their_names() -> None:
    assert parse_code(symbol_of("lw.order.Po-1")) == ChooseOrder("Po-1")


@pytest.mark.parametrize(
    "text",
    [
        "LW.", "LW.X", "LW.BADGE", "LW.BADGE.", "LW.BADGE.a b", "LW.PLACE.#", "LW.ACTION.ALLOCATE", "LW.ACTION.",
        "LW.QTY.0", "LW.QTY.-1", "LW.QTY.1.5", "LW.QTY.100000", "LW.QTY.٣", "LW.QTY", "LW.COMMIT.now", "LW.ORDER.",
        "LW.ORDER.a b", "LW.UNDO.", "LW.BADGE." + "a" * 61,
    ],
)  # fmt: skip
def test_unknown_or_broken_codes_are_refused_with_what_to_do(text: str) -> None:
    assert is_code(symbol_of(text))
    with pytest.raises(ScanRejected) as caught:
        parse_code(symbol_of(text))
    assert caught.value.reason and caught.value.hint
    assert 0 <= caught.value.at <= len(text)


@pytest.mark.parametrize("text", ["LW.{}", "LW.BADGE.{}", "LW.ACTION.{}", "LW.COMMIT.{}", "LW.QTY.{}", "LW.ORDER.{}"])
def test_what_is_shown_of_a_refused_code_cannot_play_tricks_on_a_terminal(text: str) -> None:
    with pytest.raises(ScanRejected) as caught:
        parse_code(symbol_of(text.format("\x1b[2J" + "x" * 1500)))
    assert caught.value.reason.isprintable()
    assert len(caught.value.reason) < 300


@pytest.mark.parametrize("text", ["0100312345678906", "]d2LW.COMMIT", "]X0LW.COMMIT", "LWCOMMIT", ""])
def test_other_texts_are_no_codes_of_ours(text: str) -> None:
    assert not is_code(symbol_of(text))


@given(st.text(max_size=80))
def test_no_text_does_anything_but_parse_or_be_rejected(text: str) -> None:
    try:
        what = str(parse_code(symbol_of("LW." + text)))
    except ScanRejected as fault:
        what = fault.reason
    assert what
