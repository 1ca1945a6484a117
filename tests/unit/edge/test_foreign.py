"""Codes that name a product without a lot are refused in their own words."""

import pytest

from edge_agent.dock.foreign import refuse_foreign
from edge_agent.domain.scan_rejected import ScanRejected


@pytest.mark.parametrize("scanned", ["]d20100312345678906", "00312345678906", "LW.BADGE.amy", "a-b-c", "2026-11-21"])
def test_other_codes_pass(scanned: str) -> None:
    refuse_foreign(scanned)


def test_a_hibc_code_is_named_and_refused() -> None:
    with pytest.raises(ScanRejected) as caught:
        refuse_foreign("+A123BJC5D6E71G")
    assert "HIBC product BJC5D6E7 of labeler A123" in caught.value.reason
    assert "GS1" in caught.value.hint


def test_a_hibc_code_that_was_misread_is_refused_for_that() -> None:
    with pytest.raises(ScanRejected) as caught:
        refuse_foreign("+A123BJC5D6E71H")
    assert "check character" in caught.value.reason


def test_an_ndc_is_named_and_refused() -> None:
    with pytest.raises(ScanRejected) as caught:
        refuse_foreign("]C00002-1433-80")
    assert caught.value.reason == "NDC 0002-1433-80: the code has no lot"
