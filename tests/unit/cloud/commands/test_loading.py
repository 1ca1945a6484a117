"""What is loaded is kept out of the way of the collector of garbage, which then works as ever."""

import gc

import pytest

from cloud_sync.commands.loading import keep_what_is_there, loading
from cloud_sync.commands.warming import do_each


def test_what_is_loaded_is_not_looked_through_again() -> None:
    before = gc.get_freeze_count()
    with loading():
        assert not gc.isenabled()
        made = [[each] for each in range(5000)]
    assert gc.isenabled()
    assert gc.get_freeze_count() >= before + len(made)


def test_the_collector_works_again_where_a_module_is_missing() -> None:
    with pytest.raises(ModuleNotFoundError), loading():
        raise ModuleNotFoundError(name="httpx")
    assert gc.isenabled()


def test_nor_is_what_a_ledger_prepared_once_it_has() -> None:
    keep_what_is_there()
    before = gc.get_freeze_count()
    made: list[list[int]] = []
    do_each([lambda: made.extend([each] for each in range(5000))], pause_s=0)
    assert len(made) == 5000
    assert gc.get_freeze_count() >= before + len(made)
