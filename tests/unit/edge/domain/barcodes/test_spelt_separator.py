"""A separator that arrives as characters is refused with the setting to change, not made part of a lot."""

from datetime import date

import pytest

from edge_agent.domain.barcodes.gs1 import parse
from edge_agent.domain.barcodes.gs1_elements import encode
from edge_agent.domain.barcodes.scan_rejected import ScanRejected
from edge_agent.domain.barcodes.symbology import symbol_of

TODAY = date(2026, 11, 28)
LABEL = "]d201003123456789061726123110ABC123{gs}21SER001"


@pytest.mark.parametrize("spelt", ["<GS>", "<gs>", "{GS}", "<FNC1>", "[GS]", "<0x1D>", "<1D>", "^]"])
def test_it_is_refused_with_what_to_set(spelt: str) -> None:
    with pytest.raises(ScanRejected) as refused:
        parse(symbol_of(LABEL.replace("{gs}", spelt)), today=TODAY)
    assert f"the separator arrives as the {len(spelt)} characters {spelt}" in refused.value.reason
    assert "ASCII 29" in refused.value.hint and f"separator = {spelt!r}" in refused.value.hint
    assert refused.value.at == LABEL.index("{gs}")


def test_it_is_a_separator_where_the_configuration_says_so() -> None:
    scanned = parse(symbol_of(LABEL.replace("{gs}", "<GS>")), today=TODAY, separator="<GS>")
    assert (scanned.lot, scanned.serial, scanned.separator_seen) == ("ABC123", "SER001", True)


def test_a_lot_with_angle_brackets_stays_a_lot() -> None:
    assert parse(symbol_of(LABEL.replace("ABC123", "A<B>C").replace("{gs}", "\x1d")), today=TODAY).lot == "A<B>C"


def test_on_labels_of_ours_ai_235_is_last() -> None:
    """zint writes no separator after it."""
    text = encode([("01", "00312345678906"), ("235", "TPX-1"), ("10", "ABC123")])
    assert text == "010031234567890610ABC123\x1d235TPX-1"
