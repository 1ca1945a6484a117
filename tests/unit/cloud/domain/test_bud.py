"""Beyond-use dates: the table, the earliest component, and no default where nothing is known."""

from datetime import UTC, datetime, timedelta

import pytest

from cloud_sync.domain.bud import BUD_LIMITS, NoBudRuleError, Preparation, Storage, latest_bud

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
    with pytest.raises(NoBudRuleError, match="category_1 in a freezer: enter one"):
        latest_bud(MADE, Preparation.CATEGORY_1, Storage.FREEZER, [])
