"""One scan of the proof card shows layout, case, separator and identifier, and what to change."""

import pytest

from edge_agent.domain.barcodes.proof_card import CARD, FIRST, Proven, read_card
from edge_agent.domain.barcodes.symbology import symbol_of
from edge_agent.drivers.scanners.hid_keys import KeyDecoder
from tests.support.keyboard import ENTER, press, typed

WHOLE = f"]d2{CARD}"


def arrived(text: str, layout: str, read_as: str = "us", *, caps_on: bool = False) -> str:
    """What a scanner set to ``layout`` types, read as ``read_as``; what no code holds is shown as ?."""
    decoder = KeyDecoder(layout=read_as, caps_on=caps_on)
    return decoder.feed(typed(text, layout) + press(ENTER)).rstrip(b"\r").decode("ascii", "replace")


def test_a_scanner_with_good_settings_passes_everything() -> None:
    reading = read_card(symbol_of(WHOLE))
    assert reading is not None and reading.passed
    assert reading.proven == tuple(Proven)


@pytest.mark.parametrize(
    ("text", "missing", "says"),
    [
        (WHOLE.removeprefix("]d2"), Proven.IDENTIFIER, "sends no AIM identifier"),
        (WHOLE.replace("]d2", "]C1"), Proven.IDENTIFIER, "sends ]C1 instead of ]d2"),
        (WHOLE.upper().replace("]D2", "]d2"), Proven.CASE, "Caps Lock"),
        (WHOLE.swapcase().replace("]D2", "]d2"), Proven.CASE, "Caps Lock"),
        (WHOLE.replace("\x1d", ""), Proven.SEPARATOR, "the separator did not arrive"),
        (WHOLE.replace("\x1d", "<GS>"), Proven.SEPARATOR, "arrives as the characters <GS>"),
        (WHOLE.replace("\x1d", "|"), Proven.SEPARATOR, "set `separator` to what it sends"),
        (WHOLE.replace("yzYZ", "zyZY"), Proven.LAYOUT, "keyboard layout"),
    ],
)
def test_each_wrong_setting_is_found_by_itself(text: str, missing: Proven, says: str) -> None:
    reading = read_card(symbol_of(text))
    assert reading is not None and not reading.passed
    assert missing not in reading.proven and says in " ".join(reading.faults)
    if missing is not Proven.LAYOUT and "|" not in text:
        assert set(reading.proven) == set(Proven) - {missing}


@pytest.mark.parametrize("layout", ["de", "fr"])
def test_a_scanner_that_is_set_to_another_keyboard_never_passes(layout: str) -> None:
    text = arrived(CARD, layout)
    reading = read_card(symbol_of(text), identifier_needed=False)
    assert reading is None or Proven.LAYOUT not in reading.proven
    mended = read_card(symbol_of(arrived(CARD, layout, layout)), identifier_needed=False)
    assert mended is not None and mended.passed


def test_caps_lock_is_found() -> None:
    reading = read_card(symbol_of(arrived(CARD, "us", caps_on=True)), identifier_needed=False)
    assert reading is not None and Proven.CASE not in reading.proven


def test_a_separator_of_its_own_passes_where_it_is_configured() -> None:
    reading = read_card(symbol_of(WHOLE.replace("\x1d", "|")), separator="|")
    assert reading is not None and reading.passed


@pytest.mark.parametrize("text", ["LW.COMMIT", "]d2010031234567890610PROOF", "", "]d290SOMETHING", "+A123BJC5D6E71G"])
def test_no_other_code_is_taken_for_the_card(text: str) -> None:
    assert read_card(symbol_of(text)) is None


def test_the_card_fits_its_identifiers() -> None:
    assert len(FIRST) <= 30, "AI 90 holds 30 characters"
