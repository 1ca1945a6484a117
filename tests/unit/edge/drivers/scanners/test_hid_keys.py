"""Key presses as the kernel hands them over, byte for byte, and the scans they are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.drivers.scanners.hid_keys import CAPS_LOCK, EVENT, KeyDecoder
from edge_agent.drivers.scanners.hid_layouts import LAYOUTS
from tests.support.keyboard import ALT, CTRL, ENTER, SHIFT, TAB, alt_number, dropped, press, typed

PLAIN, SHIFTED = LAYOUTS["us"].plain, LAYOUTS["us"].shifted
LABEL = "]d201003123456789061727123110ABC123"


def test_digits_capitals_and_brackets_come_as_they_were_scanned() -> None:
    assert KeyDecoder().feed(typed("]d2010031LotA-7_b") + press(ENTER)) == b"]d2010031LotA-7_b\r"


@pytest.mark.parametrize(("code", "character"), [*PLAIN.items()])
def test_every_plain_key_types_its_character(code: int, character: int) -> None:
    assert KeyDecoder().feed(press(code)) == bytes([character])


@pytest.mark.parametrize(("code", "character"), [*SHIFTED.items()])
def test_every_shifted_key_types_its_other_character(code: int, character: int) -> None:
    assert KeyDecoder().feed(press(SHIFT, held=(code,))) == bytes([character])


def test_the_two_layers_hold_every_printable_character_once() -> None:
    assert {*PLAIN.values(), *SHIFTED.values()} == set(range(0x20, 0x7F))


@pytest.mark.parametrize("layout", sorted(LAYOUTS))
def test_every_character_that_a_code_can_hold_is_typed_on_every_layout(layout: str) -> None:
    keys = LAYOUTS[layout]
    printable = bytes(sorted({*keys.plain.values(), *keys.shifted.values(), *keys.alt_gr.values()}))
    missing = {chr(character) for character in range(0x20, 0x7F)} - {chr(character) for character in printable}
    assert missing <= set("`^~#$@{}|\\"), "no GS1, HIBC or IFA code has these"
    text = printable.decode()
    assert KeyDecoder(layout=layout).feed(typed(text, layout) + press(ENTER)) == text.encode() + b"\r"


def test_another_layout_changes_a_lot_silently_and_its_own_reads_it() -> None:
    """The story: a scanner set to German, read as a US keyboard."""
    pressed = typed("10ZY12", "de")
    assert KeyDecoder().feed(pressed) == b"10YZ12"
    assert KeyDecoder(layout="de").feed(pressed) == b"10ZY12"


@pytest.mark.parametrize("layout", sorted(LAYOUTS))
def test_a_whole_label_with_identifier_and_separator_is_read_on_its_layout(layout: str) -> None:
    label = "]d2010031234567890610ZY-12_a/b\x1d21Q1w2(%)"
    assert KeyDecoder(layout=layout).feed(typed(label, layout) + press(ENTER)) == label.encode() + b"\r"


def test_alt_and_0_2_9_on_the_number_pad_is_gs() -> None:
    assert KeyDecoder().feed(typed("10AB") + alt_number("029") + typed("21S1") + press(ENTER)) == b"10AB\x1d21S1\r"


def test_alt_and_numbers_compose_ordinary_characters_too() -> None:
    assert KeyDecoder().feed(alt_number("065") + alt_number("97")) == b"Aa"


def test_alt_and_a_number_beyond_ascii_is_not_guessed() -> None:
    assert KeyDecoder().feed(alt_number("0228")) == b"\xff"


def test_ctrl_and_the_closing_bracket_is_gs() -> None:
    assert KeyDecoder().feed(typed("10AB") + press(CTRL, held=(27,)) + typed("21")) == b"10AB\x1d21"


def test_a_function_key_is_gs_only_where_the_configuration_says_so() -> None:
    assert KeyDecoder(separator_key="f8").feed(press(66)) == b"\x1d"
    assert KeyDecoder().feed(press(66)) == b"\xff"


def test_caps_lock_turns_letters_over_and_leaves_digits_and_signs() -> None:
    assert KeyDecoder().feed(press(CAPS_LOCK) + typed("ab1-") + typed("AB")) == b"AB1-ab"
    assert KeyDecoder(caps_on=True).feed(typed("lot")) == b"LOT"


def test_enter_and_tab_end_a_scan() -> None:
    assert KeyDecoder().feed(typed("a") + press(ENTER) + typed("b") + press(TAB)) == b"a\rb\r"


def test_a_repeating_key_types_once() -> None:
    held_down = EVENT.pack(0, 0, 1, 30, 1) + EVENT.pack(0, 0, 1, 30, 2) * 5 + EVENT.pack(0, 0, 1, 30, 0)
    assert KeyDecoder().feed(held_down) == b"a"


def test_events_that_the_kernel_dropped_spoil_the_scan_instead_of_leaving_a_hole() -> None:
    assert KeyDecoder().feed(typed("0100") + dropped() + typed("31")) == b"0100\xff31"


def test_an_unknown_key_spoils_the_scan() -> None:
    assert KeyDecoder().feed(press(113)) == b"\xff"
    assert KeyDecoder().feed(press(ALT, held=(30,))) == b"\xff"


@given(st.lists(st.integers(1, 60), max_size=20))
def test_events_may_be_cut_anywhere(cuts: list[int]) -> None:
    decoder, data, out = KeyDecoder(), typed(LABEL) + alt_number("029") + press(ENTER), b""
    for cut in cuts:
        out, data = out + decoder.feed(data[:cut]), data[cut:]
    assert out + decoder.feed(data) == LABEL.encode() + b"\x1d\r"


@given(st.binary(max_size=600))
def test_no_bytes_whatever_break_it(data: bytes) -> None:
    KeyDecoder(separator_key="f8").feed(data)
