"""Codes that are not GS1: HIBC codes are read whole, an NDC only where it can be nothing else."""

from datetime import date

import pytest

from edge_agent.dock.non_gs1 import parse_foreign
from edge_agent.domain.barcodes.scan_rejected import ScanRejected
from edge_agent.domain.barcodes.symbology import symbol_of

TODAY = date(2026, 11, 21)


@pytest.mark.parametrize(
    "scanned",
    ["]d20100312345678906", "00312345678906", "LW.BADGE.amy", "a-b-c", "2026-11-21", "0591036901", "]E0305910369017",
     "]C0305910369017"],
)  # fmt: skip
def test_other_codes_pass(scanned: str) -> None:
    assert parse_foreign(symbol_of(scanned), today=TODAY) is None


@pytest.mark.parametrize(
    ("scanned", "code"),
    [
        ("+A123BJC5D6E71G", "hibc:A123BJC5D6E71"),
        ("]C0+A99912345/$$52001510X33", "hibc:A99912345"),
        ("]C00002-1433-80", "ndc:0002-1433-80"),
        ("0002-1433-80", "ndc:0002-1433-80"),
        ("]A00591036901", "ndc:0591036901"),
        ("]C000591036901", "ndc:00591036901"),
        ("]C0000591-0369-01", "ndc:000591-0369-01"),
    ],
)
def test_hibc_codes_and_ndcs_name_their_item(scanned: str, code: str) -> None:
    said = parse_foreign(symbol_of(scanned), today=TODAY)
    assert said is not None
    assert (said.codes, said.gtin, said.text) == ((code,), None, scanned)


def test_a_hibc_code_that_was_misread_is_refused_for_that() -> None:
    with pytest.raises(ScanRejected) as caught:
        parse_foreign(symbol_of("+A123BJC5D6E71H"), today=TODAY)
    assert "check character" in caught.value.reason
