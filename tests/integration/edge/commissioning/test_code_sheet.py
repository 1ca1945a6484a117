"""What is printed is what a scanner reads and the dock understands: pages are rendered and decoded by a real reader."""

from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Literal

import pypdfium2
import pytest
import zxingcpp

from edge_agent.commissioning.code_sheet import ROW_MM, cards_for, pdf_of
from edge_agent.domain.barcodes.command_codes import (
    SCANNED_ACTIONS,
    AskWitness,
    Badge,
    ChooseAction,
    ChooseOrder,
    ChoosePlace,
    Commit,
    SetWaste,
    parse_code,
)
from edge_agent.domain.barcodes.proof_card import CARD, read_card
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
    cards = cards_for(
        ["amy", "ben"], ["fridge-a", "site/room-1/bin-07"], ["PO-1001"], [10, 99_999], commands=True, digits=True,
        wastes=["0.5"],
    )  # fmt: skip
    read = [code for page in read_off(pdf_of(cards, "A4", "Dock 1")) for code in page]
    understood = [parse_code(symbol_of(code)) for code in read]
    assert Counter(code.removeprefix("]d1") for code in read) == Counter(card.code for card in cards)
    assert {code.action for code in understood if isinstance(code, ChooseAction)} == set(SCANNED_ACTIONS)
    assert Badge("amy") in understood and ChooseOrder("PO-1001") in understood and Commit() in understood
    assert ChoosePlace("site/room-1/bin-07") in understood
    assert SetWaste("0.5") in understood and AskWitness() in understood


@pytest.mark.parametrize("paper", ["A4", "letter"])
def test_what_books_or_undoes_is_on_a_page_of_its_own_and_destroy_has_no_neighbour(
    paper: Literal["A4", "letter"],
) -> None:
    actions, controls, others = read_off(pdf_of(cards_for(["amy"], [], [], [], commands=True), paper, "x"))
    assert len(actions) == len(SCANNED_ACTIONS) and "]d1LW.ACTION.DESTROY" in actions
    assert sorted(controls) == ["]d1LW.CANCEL", "]d1LW.COMMIT", "]d1LW.UNDO"]
    assert others == ["]d1LW.BADGE.amy"]


def test_controls_are_a_row_apart_and_destroy_is_alone_in_its_row() -> None:
    data = pdf_of(cards_for([], [], [], [], commands=True), "A4", "x")
    pages = [zxingcpp.read_barcodes(page.render(scale=DPI_SCALE).to_pil()) for page in pypdfium2.PdfDocument(data)]
    at = {one.text: one.position.top_left for page in pages for one in page}
    heights = sorted(at[f"LW.{word}"].y for word in ("COMMIT", "UNDO", "CANCEL"))
    assert min(b - a for a, b in pairwise(heights)) > 1.8 * ROW_MM / 25.4 * 150
    actions = {code: where.y for code, where in at.items() if "ACTION" in code}
    beside = [code for code, y in actions.items() if abs(y - actions["LW.ACTION.DESTROY"]) < 20]
    assert beside == ["LW.ACTION.DESTROY"]


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
    assert said.code == 0 and len(said.data["codes"]) == len(SCANNED_ACTIONS) + 5
    assert "]d1LW.BADGE.amy" in [code for page in read_off(pdf.read_bytes()) for code in page]
    again = await edge_agent("sheet", "--to", pdf)
    assert again.code == 1 and "exists already" in again.words
    bad = await edge_agent("sheet", "--to", tmp_path / "b.pdf", "--badge", "Amy S", "--place", "a b")
    assert bad.code == 1 and "'Amy S'" in bad.words and "'a b'" in bad.words and not (tmp_path / "b.pdf").exists()


def test_the_proof_card_is_a_gs1_symbol_with_a_separator_alone_on_the_first_page() -> None:
    data = pdf_of(cards_for([], [], [], [], commands=True, proof=True), "A4", "x")
    (card,) = zxingcpp.read_barcodes(pypdfium2.PdfDocument(data)[0].render(scale=DPI_SCALE).to_pil())
    sent = card.symbology_identifier + card.bytes.decode()
    assert sent == f"]d2{CARD}"
    reading = read_card(symbol_of(sent))
    assert reading is not None and reading.passed
