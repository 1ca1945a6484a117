"""Any interleaving of what gateways and people do, checked step by step against the reference model.

``LOTWARDEN_MACHINE=300 pytest tests/integration/cloud/test_any_interleaving.py`` runs so many other, longer stories;
with ``LOTWARDEN_SHRINK=0`` the first one that fails is shown as it was, at once.
"""

import os
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from cloud_sync.actions.gateways.ledger_keys import ReceiptSigner
from cloud_sync.app import create_app
from tests.machine.house import House
from tests.machine.machine import Machine
from tests.machine.watching import EFFECTS
from tests.support.builders import Ledger
from tests.support.faults import bring_in_fault
from tests.support.quick_client import QuickClient
from tests.support.recycled_databases import RecycledDatabases

STORIES = int(os.environ.get("LOTWARDEN_MACHINE", "0"))
PHASES = [
    phase for phase in Phase if phase not in (Phase.shrink, Phase.explain) or os.environ.get("LOTWARDEN_SHRINK") != "0"
]
PROFILE = (
    settings(max_examples=STORIES, stateful_step_count=80, print_blob=True, phases=PHASES)
    if STORIES
    else settings(max_examples=8, stateful_step_count=50, derandomize=True, phases=[Phase.generate])
)


@pytest.fixture(scope="module")
def machine(databases: RecycledDatabases) -> Iterator[type[Machine]]:
    clock: list[datetime] = [datetime.now(UTC)]
    with (
        databases.lent() as url,
        QuickClient(create_app(databases.open(url), clock=lambda: clock[0]), raise_server_exceptions=False) as client,
    ):
        database = databases.open(url)
        bring_in_fault(Ledger(database))
        yield type("Here", (Machine,), {"client": client, "database": database, "clock": clock})


def test_signing_a_receipt_changes_nothing_in_a_house_that_was_just_moved_into(machine: type[Machine]) -> None:
    house = House(machine.client, machine.database)
    before = house.ledger.rows(EFFECTS)
    ReceiptSigner(machine.database)([])
    assert house.ledger.rows(EFFECTS) == before


def test_whatever_gateways_and_people_do_in_whatever_order_the_ledger_is_what_the_model_says(
    machine: type[Machine],
) -> None:
    profile = settings(PROFILE, deadline=None, suppress_health_check=list(HealthCheck))
    try:
        run_state_machine_as_test(machine, settings=profile)
    finally:
        for what, count in sorted(machine.tried.items()):
            print(f"machine tried: {what} {count}")
