"""What is printed is what a scanner reads and the dock understands: pages are rendered and decoded by a real reader."""

from collections import Counter
from pathlib import Path

import pypdfium2
import pytest
import zxingcpp

from edge_agent.commissioning.code_sheet import cards_for, pdf_of
from edge_agent.domain.barcodes.command_codes import (
    SCANNED_ACTIONS,
    Badge,
    ChooseAction,
    ChooseOrder,
    ChoosePlace,
    Commit,
    parse_code,
)
from edge_agent.domain.barcodes.symbology import symbol_of
from edge_agent.errors import BenchError
from tests.support.commissioning_parts import edge_agent

DPI_SCALE = 150 / 72


def read_off(data: bytes) -> list[list[str]]:
    """The codes on each page, as a scanner would send them: with the AIM identifier of the symbol."""
    pages = pypdfium2.PdfDocument(data)
    read = [zxingcpp.read_barcodes(page.render(scale=DPI_SCALE).to_pil()) for page in pages]
    return [[one.symbology_identifier + one.text for one in page] for page in read]


def test_every_code_on_the_pages_is_read_by_a_real_reader_and_by_the_dock() -> None:
    cards = cards_for(["amy", "ben"], ["fridge-a", "site/room-1/bin-07"], ["PO-1001"], [10, 99_999], commands=True)
    read = [code for page in read_off(pdf_of(cards, "A4", "Dock 1")) for code in page]
    understood = [parse_code(symbol_of(code)) for code in read]
    assert Counter(code.removeprefix("]d1") for code in read) == Counter(card.code for card in cards)
    assert {code.action for code in understood if isinstance(code, ChooseAction)} == set(SCANNED_ACTIONS)
    assert Badge("amy") in understood and ChooseOrder("PO-1001") in understood and Commit() in understood
    assert ChoosePlace("site/room-1/bin-07") in understood


def test_the_twelve_commands_fit_on_one_page_of_either_paper() -> None:
    cards = cards_for([], [], [], [], commands=True)
    assert [len(page) for page in read_off(pdf_of(cards, "A4", "x"))] == [12]
    assert sum(len(page) for page in read_off(pdf_of(cards, "letter", "x"))) == 12


def test_the_longest_names_are_still_read() -> None:
    longest = cards_for(["o" * 60], ["p" * 120], ["X" * 60], [], commands=False)
    (page,) = read_off(pdf_of(longest, "A4", "x"))
    assert sorted(code.removeprefix("]d1") for code in page) == sorted(card.code for card in longest)


@pytest.mark.parametrize(
    ("badges", "places", "orders", "quantities"),
    [
        (["Amy Smith"], [], [], []),
        ([], ["fridge a"], [], []),
        ([], [], ["PO 1"], []),
        ([], [], [], [0]),
        ([], [], [], []),
    ],
)
def test_what_a_dock_would_refuse_is_not_printed(
    badges: list[str], places: list[str], orders: list[str], quantities: list[int]
) -> None:
    with pytest.raises(BenchError):
        cards_for(badges, places, orders, quantities, commands=False)


async def test_the_command_writes_the_file_once_and_names_every_fault(tmp_path: Path) -> None:
    pdf = tmp_path / "sheet.pdf"
    said = await edge_agent("sheet", "--to", pdf, "--badge", "amy", "--json")
    assert said.code == 0 and len(said.data["codes"]) == 13
    assert "]d1LW.BADGE.amy" in [code for page in read_off(pdf.read_bytes()) for code in page]
    again = await edge_agent("sheet", "--to", pdf)
    assert again.code == 1 and "exists already" in again.words
    bad = await edge_agent("sheet", "--to", tmp_path / "b.pdf", "--badge", "Amy S", "--place", "a b")
    assert bad.code == 1 and "'Amy S'" in bad.words and "'a b'" in bad.words and not (tmp_path / "b.pdf").exists()
