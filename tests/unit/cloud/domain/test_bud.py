"""Beyond-use dates: the table, the earliest component, and no default where nothing is known."""

from datetime import UTC, datetime, timedelta

import pytest

from cloud_sync.domain.bud import (
    BUD_LIMITS,
    NO_SUCH_STORAGE,
    BudRefusedError,
    GivenBud,
    NoBudRuleError,
    Preparation,
    Storage,
    decide_bud,
    latest_bud,
)

MADE = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)


def test_category_1_counts_hours_from_the_moment_of_compounding() -> None:
    assert latest_bud(MADE, Preparation.CATEGORY_1, Storage.ROOM, []) == datetime(2026, 11, 21, 21, 30, tzinfo=UTC)


def test_a_bud_is_never_beyond_the_earliest_component() -> None:
    expiries = [MADE + timedelta(days=9), MADE + timedelta(days=3)]
    bud = latest_bud(MADE, Preparation.CATEGORY_2_ASEPTIC_UNTESTED, Storage.REFRIGERATOR, expiries)
    assert bud == MADE + timedelta(days=3)


def test_colder_storage_never_shortens_a_bud() -> None:
    order = [Storage.ROOM, Storage.REFRIGERATOR, Storage.FREEZER]
    for preparation in Preparation:
        known = [BUD_LIMITS[preparation, place].longest for place in order if (preparation, place) in BUD_LIMITS]
        assert known == sorted(known)


def test_what_is_not_on_record_has_no_default() -> None:
    with pytest.raises(NoBudRuleError, match="other in a room: enter one"):
        latest_bud(MADE, Preparation.OTHER, Storage.ROOM, [])


@pytest.mark.parametrize(("preparation", "storage"), sorted(NO_SUCH_STORAGE))
def test_a_storage_that_the_chapter_does_not_have_takes_no_date_of_anybody(
    preparation: Preparation, storage: Storage
) -> None:
    for given in (None, GivenBud(MADE + timedelta(hours=1), "stability study 12")):
        with pytest.raises(BudRefusedError, match="has no beyond-use date for"):
            decide_bud(MADE, preparation, storage, [], given)


def test_a_figure_that_nobody_checked_is_no_date_but_bounds_the_one_that_a_person_gives() -> None:
    cream, room = Preparation.NONSTERILE_NONAQUEOUS, Storage.ROOM
    with pytest.raises(NoBudRuleError, match=r"180 days by USP <795> \(2023\) is not verified: enter one"):
        decide_bud(MADE, cream, room, [])
    given = GivenBud(MADE + timedelta(days=180), "USP <795>, table 4, read by amy")
    assert decide_bud(MADE, cream, room, [], given).at == MADE + timedelta(days=180)
    with pytest.raises(BudRefusedError, match="the latest"):
        decide_bud(MADE, cream, room, [], GivenBud(MADE + timedelta(days=181), "a guess"))


def test_the_tables_are_complete_for_what_the_chapters_have() -> None:
    for preparation in set(Preparation) - {Preparation.OTHER}:
        for storage in Storage:
            has_limit, has_none = (preparation, storage) in BUD_LIMITS, (preparation, storage) in NO_SUCH_STORAGE
            assert has_limit != has_none, (preparation, storage)
    unverified = {p for (p, _), limit in BUD_LIMITS.items() if not limit.is_verified}
    assert {p.value for p in unverified} == {
        "category_2_aseptic_nonsterile_untested", "category_2_terminal_untested", "category_2_terminal_tested",
        "category_3_aseptic", "category_3_terminal", "nonsterile_nonaqueous_oral_liquid", "nonsterile_nonaqueous",
    }  # fmt: skip


VERIFIED_DAYS = {
    Preparation.CATEGORY_2_ASEPTIC_UNTESTED: (4, 10, 45),
    Preparation.CATEGORY_2_ASEPTIC_TESTED: (30, 45, 60),
    Preparation.NONSTERILE_AQUEOUS_UNPRESERVED: (None, 14, None),
    Preparation.NONSTERILE_AQUEOUS_PRESERVED: (35, 35, None),
}
"""Of USP <797> (2023) tables 13 and <795> (2023) table 4: at room temperature, in the refrigerator, in the freezer."""


@pytest.mark.parametrize("preparation", VERIFIED_DAYS)
def test_a_verified_limit_is_the_standards(preparation: Preparation) -> None:
    found = [BUD_LIMITS.get((preparation, place)) for place in (Storage.ROOM, Storage.REFRIGERATOR, Storage.FREEZER)]
    assert all(limit.is_verified for limit in found if limit is not None)
    assert tuple(limit.longest.days if limit else None for limit in found) == VERIFIED_DAYS[preparation]


def test_hours_are_the_limit_where_nothing_was_sterilised_or_it_is_used_at_once() -> None:
    hours = {
        (preparation, place): limit.longest / timedelta(hours=1)
        for (preparation, place), limit in BUD_LIMITS.items()
        if preparation in {Preparation.IMMEDIATE_USE, Preparation.CATEGORY_1}
    }
    at_once = {(Preparation.IMMEDIATE_USE, place): 4.0 for place in Storage}
    category_1 = {(Preparation.CATEGORY_1, Storage.ROOM): 12.0, (Preparation.CATEGORY_1, Storage.REFRIGERATOR): 24.0}
    assert hours == at_once | category_1


def test_nothing_is_made_that_is_over_before_it_is_made() -> None:
    aseptic, cold = Preparation.CATEGORY_2_ASEPTIC_UNTESTED, Storage.REFRIGERATOR
    with pytest.raises(BudRefusedError, match="over before compounding began"):
        decide_bud(MADE, aseptic, cold, [MADE])  # a component that expired at that moment
    with pytest.raises(BudRefusedError, match="over before compounding began"):
        decide_bud(MADE, aseptic, cold, [], GivenBud(MADE, "a slip of the pen"))
