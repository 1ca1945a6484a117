"""Lots as people enter them in a form: never another one than they meant."""

import pytest

from cloud_sync.console.lot_field import label_of_lot, lot_entered
from cloud_sync.errors import Invalid
from cloud_sync.storage.database import Database
from tests.support.ledger_api import NOW, api_on


def test_a_number_in_a_form_is_a_lot_number_and_never_the_row_of_another_lot(database: Database) -> None:
    with api_on(database) as api:
        api.house()
        first, second = api.receive("L3", 1), api.receive("4711", 1)
        label = label_of_lot(database, str(first))
        for entered in ("L3", "insulin L3", label, f"#{first}"):
            assert lot_entered(database, entered, NOW.date()) == first
        assert lot_entered(database, "4711", NOW.date()) == second
        for wrong in (str(first), label.replace("L3", "4711"), "#999999", "L4", ""):
            with pytest.raises(Invalid):
                lot_entered(database, wrong, NOW.date())
