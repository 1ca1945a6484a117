"""How much of which receipt may be in what somebody got: bounds that hold whatever was mixed."""

from hypothesis import given
from hypothesis import strategies as st

from cloud_sync.domain.attribution import AttributedAmount, AttributionFlow, Origin, parts_of, sources_of

SUPPLIER, OTHER, BATCH, BATCH_2 = 1, 2, 7, 8


def test_one_receipt_is_all_of_it() -> None:
    assert sources_of({10: 5}, [], [Origin(10, SUPPLIER, 30)]) == {(10, SUPPLIER): AttributedAmount(5, 5)}


def test_two_receipts_of_a_lot_cannot_be_told_apart() -> None:
    found = sources_of({10: 20}, [], [Origin(10, SUPPLIER, 30), Origin(10, OTHER, 5)])
    assert found == {(10, SUPPLIER): AttributedAmount(15, 20), (10, OTHER): AttributedAmount(0, 5)}


def test_an_ingredient_of_one_lot_is_spread_evenly_over_the_products() -> None:
    flows = [AttributionFlow(BATCH, 1, 100, 50, 0), AttributionFlow(BATCH, 2, 200, 0, 25)]
    found = sources_of({2: 10}, flows, [Origin(1, SUPPLIER, 80), Origin(2, BATCH, 25)])
    assert found[1, SUPPLIER] == AttributedAmount(20, 20)


def test_which_lot_of_an_ingredient_is_in_a_unit_is_ambiguous() -> None:
    flows = [
        AttributionFlow(BATCH, 1, 100, 60, 0),
        AttributionFlow(BATCH, 3, 100, 40, 0),
        AttributionFlow(BATCH, 2, 200, 0, 50),
    ]
    origins = [Origin(1, SUPPLIER, 60), Origin(3, SUPPLIER, 40), Origin(2, BATCH, 50)]
    found = sources_of({2: 25}, flows, origins)
    assert (found[1, SUPPLIER], found[3, SUPPLIER]) == (AttributedAmount(10, 50), AttributedAmount(0, 40))


def test_what_was_taken_back_out_of_a_batch_is_not_in_its_products() -> None:
    flows = [AttributionFlow(BATCH, 1, 100, 60, 10), AttributionFlow(BATCH, 2, 200, 0, 50)]
    found = sources_of({2: 50}, flows, [Origin(1, SUPPLIER, 60), Origin(2, BATCH, 50)])
    assert found[1, SUPPLIER] == AttributedAmount(50, 50)


def test_other_products_of_the_batch_have_their_share() -> None:
    flows = [
        AttributionFlow(BATCH, 1, 100, 100, 0),
        AttributionFlow(BATCH, 2, 200, 0, 30),
        AttributionFlow(BATCH, 4, 300, 0, 70),
    ]
    found = sources_of({2: 30}, flows, [Origin(1, SUPPLIER, 100), Origin(2, BATCH, 30), Origin(4, BATCH, 70)])
    assert found[1, SUPPLIER] == AttributedAmount(30, 30)


def test_an_ingredient_that_came_by_two_ways_adds_up() -> None:
    """Lot 1 goes straight into lot 3, and into lot 2, which goes into lot 3 as well."""
    flows = [
        AttributionFlow(BATCH, 1, 100, 10, 0), AttributionFlow(BATCH, 2, 200, 0, 10),
        AttributionFlow(BATCH_2, 1, 100, 5, 0), AttributionFlow(BATCH_2, 2, 200, 10, 0),
        AttributionFlow(BATCH_2, 3, 300, 0, 20),
    ]  # fmt: skip
    origins = [Origin(1, SUPPLIER, 15), Origin(2, BATCH, 10), Origin(3, BATCH_2, 20)]
    assert sources_of({3: 20}, flows, origins)[1, SUPPLIER] == AttributedAmount(15, 15)


def test_a_lot_that_goes_into_its_own_making_ends() -> None:
    flows = [AttributionFlow(BATCH, 1, 100, 10, 0), AttributionFlow(BATCH, 2, 200, 0, 10),
             AttributionFlow(BATCH_2, 2, 200, 5, 0),
             AttributionFlow(BATCH_2, 1, 100, 0, 5)]  # fmt: skip
    found = sources_of({2: 10}, flows, [Origin(1, SUPPLIER, 10), Origin(1, BATCH_2, 5), Origin(2, BATCH, 10)])
    assert found[1, SUPPLIER] == AttributedAmount(5, 10)


@given(st.dictionaries(st.integers(0, 5), st.integers(1, 50), min_size=1), st.integers(0, 100))
def test_bounds_of_parts_always_hold_the_truth(whole: dict[int, int], taken: int) -> None:
    """However the units are drawn: here from the parts in order, and in the other order."""
    taken = min(taken, sum(whole.values()))
    bounds = parts_of(AttributedAmount(taken, taken), whole)
    for keys in (list(whole), list(whole)[::-1]):
        left = taken
        for key in keys:
            drawn = min(left, whole[key])
            left -= drawn
            assert bounds[key].least <= drawn <= bounds[key].most
    assert sum(each.least for each in bounds.values()) <= taken <= sum(each.most for each in bounds.values())


def test_a_lot_that_is_no_product_of_a_batch_has_nothing_of_its_ingredients() -> None:
    """Lot 5 passed through the place as well, whole; what was made there is lot 2."""
    flows = [
        AttributionFlow(BATCH, 1, 100, 50, 0),
        AttributionFlow(BATCH, 5, 500, 10, 10),
        AttributionFlow(BATCH, 2, 200, 0, 50),
    ]
    found = sources_of({5: 10}, flows, [Origin(1, SUPPLIER, 50), Origin(5, BATCH, 10), Origin(2, BATCH, 50)])
    assert set(found) == {(5, BATCH)}


def test_an_ingredient_that_was_taken_back_out_whole_is_in_no_product() -> None:
    flows = [
        AttributionFlow(BATCH, 1, 100, 50, 0),
        AttributionFlow(BATCH, 3, 300, 20, 20),
        AttributionFlow(BATCH, 2, 200, 0, 50),
    ]
    found = sources_of({2: 10}, flows, [Origin(1, SUPPLIER, 50), Origin(3, SUPPLIER, 20), Origin(2, BATCH, 50)])
    assert set(found) == {(2, BATCH), (1, SUPPLIER)}
