"""What was told against what came: every scenario, without a database."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud_sync.interop.dscsa.discrepancies import (
    RULES,
    CameLot,
    Code,
    Discrepancy,
    Holds,
    ToldLot,
    compare,
    told_in_words,
)


def told(lot: str, quantity: int, *serials: str, done: bool = False, fault: Code | None = None) -> ToldLot:
    return ToldLot(lot, quantity, frozenset(serials), done, fault)


def came(lot: str, quantity: int, *serials: str) -> CameLot:
    return CameLot(lot, quantity, frozenset(serials))


@pytest.mark.parametrize(
    ("from_supplier", "here", "expected"),
    [
        ([told("A", 5, done=True)], [came("A", 5)], []),
        ([told("A", 5)], [came("A", 3)], []),
        ([], [came("A", 5)], [(Code.NO_DATA, "A", 5, ())]),
        ([told("A", 5, done=True)], [], [(Code.NO_PRODUCT, "A", 5, ())]),
        ([told("A", 5)], [], []),
        ([told("A", 5)], [came("A", 7)], [(Code.OVERAGE, "A", 2, ())]),
        ([told("A", 5, done=True)], [came("A", 3)], [(Code.SHORTAGE, "A", 2, ())]),
        ([told("A", 2, "s1", "s2", done=True)], [came("A", 1, "s1")], [(Code.SHORTAGE, "A", 1, ("s2",))]),
        ([told("A", 2, "s1", "s2")], [came("A", 2, "s1", "s9")], [(Code.SERIAL_DIFFERS, "A", 1, ("s9",))]),
        ([told("A", 2, "s1", "s2")], [came("A", 3, "s1", "s2", "s9")], [(Code.OVERAGE, "A", 1, ("s9",))]),
        ([told("A", 5)], [came("B", 5)], [(Code.LOT_DIFFERS, "B", 5, ())]),
        ([told("A", 5, fault=Code.WRONG_CONSIGNEE)], [came("A", 5)], [(Code.WRONG_CONSIGNEE, "A", 5, ())]),
        ([told("A", 5, fault=Code.INCOMPLETE_DATA)], [], [(Code.INCOMPLETE_DATA, "A", 5, ())]),
        ([told("A", 5, fault=Code.INCOMPLETE_DATA), told("A", 5)], [came("A", 5)], []),
        ([told("A", 5), told("A", 5, fault=Code.DUPLICATE_DATA)], [came("A", 5)], [(Code.DUPLICATE_DATA, "A", 5, ())]),
    ],
)
def test_a_scenario_is_found(
    from_supplier: list[ToldLot], here: list[CameLot], expected: list[tuple[Code, str, int, tuple[str, ...]]]
) -> None:
    found = compare(from_supplier, here)
    assert [(each.code, each.lot_number, each.quantity, each.serials) for each in found] == expected


def test_every_code_says_what_it_holds_and_what_the_partner_is_asked() -> None:
    assert set(RULES) == set(Code)
    for code in Code:
        text = told_in_words(Discrepancy(code, "A1", 3, ("s1",), "A2"), item="insulin", supplier="acme")
        assert "A1" in text and "acme" in text
        assert RULES[code].ask.endswith(".")


def test_goods_that_match_their_data_are_not_held_for_what_lacks() -> None:
    assert RULES[Code.SHORTAGE].holds is RULES[Code.NO_PRODUCT].holds is Holds.NOTHING


LOTS = st.sampled_from(["A", "B", "C"])


@given(st.dictionaries(LOTS, st.tuples(st.integers(0, 9), st.booleans())), st.dictionaries(LOTS, st.integers(0, 9)))
def test_what_is_found_accounts_for_every_unit(sent: dict[str, tuple[int, bool]], here: dict[str, int]) -> None:
    found = compare(
        [told(lot, amount, done=done) for lot, (amount, done) in sent.items()],
        [came(lot, amount) for lot, amount in here.items()],
    )
    sign = {Code.OVERAGE: 1, Code.NO_DATA: 1, Code.LOT_DIFFERS: 1, Code.SHORTAGE: -1, Code.NO_PRODUCT: -1}
    for lot in {*sent, *here}:
        amount, done = sent.get(lot, (0, False))
        difference = here.get(lot, 0) - amount
        explained = sum(sign[each.code] * each.quantity for each in found if each.lot_number == lot)
        told_instead = any(each.told_lot == lot for each in found)
        assert explained == difference or told_instead or (difference < 0 and not done and explained == 0)
