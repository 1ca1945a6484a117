"""Probes that moved, policies that changed, readings that were thinned: whenever it is told, it comes to the same."""

import os
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cloud_sync.errors import Invalid
from cloud_sync.ingest.batches import store_batches
from cloud_sync.ingest.receipts import BatchOutcome
from cloud_sync.posting.corrections.place_policies import PlacePolicy
from cloud_sync.posting.monitoring.rule_tracks import assign_channel
from cloud_sync.storage.database import Database
from tests.integration.cloud import test_any_order as any_order
from tests.integration.cloud.test_any_order import EXAMPLES, GATEWAYS
from tests.integration.cloud.test_any_order_thinned import Thinning, say, thinnings
from tests.support.builders import Ledger, minute

shared = any_order.shared


@dataclass(frozen=True)
class Change:
    """What of the master data is different from ``at`` on: where probe-a is, or the policy of a room."""

    at: datetime
    place: str | None
    policy_of: str | None = None
    policy: str | None = None


@dataclass(frozen=True)
class Changed:
    """A history, and what was changed during it, in the order of time."""

    history: Thinning
    changes: tuple[Change, ...]


changes = st.lists(
    st.sampled_from(
        [
            (None, None, None), ("room-b", None, None), ("site", None, None), ("room-a", None, None),
            (None, "room-a", "prompt"), (None, "room-a", None), (None, "room-a", "strict"), (None, "room-b", None),
            (None, "room-b", "strict"), (None, "site", "prompt"),
        ]
    ),
    min_size=1,
    max_size=4,
)  # fmt: skip
cases = st.builds(
    lambda history, kinds, times: Changed(
        history, tuple(Change(minute(at / 4), *kind) for kind, at in zip(kinds, sorted(times), strict=False))
    ),
    thinnings,
    changes,
    st.lists(st.integers(1, 80), min_size=4, max_size=4, unique=True),
)


@settings(
    max_examples=max(EXAMPLES // 8, 1),
    deadline=None,
    derandomize="LOTWARDEN_EXAMPLES" not in os.environ,
    suppress_health_check=list(HealthCheck),
    print_blob=True,
)
@given(cases)
def test_changes_of_master_data_give_the_same_whenever_they_are_told(shared: Database, case: Changed) -> None:
    random = Random(case.history.seed)
    ledger = started(shared)
    batches = [
        batch for number, gateway in enumerate(GATEWAYS) for batch in say(gateway, case.history, number, random).batches
    ]
    batches += [GATEWAYS[0].batch(each) for each in any_order.as_scans(case.history.moves, random, {})]
    told(ledger, [*case.changes, *batches], Random(0))
    any_order.assign_late_channel(ledger)
    expected = state(ledger)
    ledger = started(shared)
    told(ledger, shuffled(case.changes, batches, random), random)
    any_order.assign_late_channel(ledger)
    assert state(ledger) == expected


def started(database: Database) -> Ledger:
    ledger = any_order.new_ledger(database)
    any_order.add_late_place(ledger)
    return ledger


def shuffled(changed: tuple[Change, ...], batches: list[bytes], random: Random) -> list[Change | bytes]:
    """Batches in any order, some twice, and the changes between them in the order in which people can tell them."""
    said: list[Change | bytes] = [*batches, *random.sample(batches, len(batches) // 3)]
    random.shuffle(said)
    for place, change in zip(sorted(random.sample(range(len(said) + 1), len(changed))), changed, strict=True):
        said.insert(place + changed.index(change), change)
    return said


def told(ledger: Ledger, said: list[Change | bytes], random: Random) -> None:
    """In this order; several batches may be sent together."""
    waiting: list[bytes] = []
    for each in [*said, None]:
        if isinstance(each, bytes):
            waiting.append(each)
            continue
        send(ledger, waiting, random)
        waiting = []
        if each is not None:
            change(ledger, each)


def send(ledger: Ledger, batches: list[bytes], random: Random) -> None:
    while batches:
        together, batches = batches[: (size := random.choice((1, 1, 2, 5)))], batches[size:]
        for receipt in store_batches(ledger.database, together):
            assert receipt.outcome in (BatchOutcome.STORED, BatchOutcome.DUPLICATE), receipt.reason


def change(ledger: Ledger, said: Change) -> None:
    if said.policy_of is not None:
        agreed = PlacePolicy(said.policy_of, said.policy)
        with ledger.database.transaction() as connection, suppress(Invalid):  # it is so already
            agreed.apply(connection, agreed.subject(connection), "amy", said.at)
        return
    sql = """
        SELECT c.id, p.id AS place_id, c.place_id AS before
        FROM channel c LEFT JOIN place p ON p.name = %(place)s WHERE c.device = 'probe-a'"""
    (row,) = ledger.rows(sql, {"place": said.place})
    with ledger.database.transaction() as connection:
        assign_channel(connection, row["id"], row["place_id"], since=said.at)


def state(ledger: Ledger) -> dict[str, Any]:
    """All that the ledger makes of what it was told."""
    places = ledger.rows(
        "SELECT c.device, e.rule, e.began_at, p.name FROM excursion e"
        " JOIN channel c ON c.id = e.channel_id JOIN place p ON p.id = e.place_id"
    )
    return {
        "balances": ledger.balances(),
        "residencies": ledger.residencies(),
        "excursions": ledger.excursions(),
        "places": {tuple(row.values()) for row in places},
        "exposures": ledger.exposures(),
        "held": ledger.held(),
        "negative": any_order.negative_cases(ledger),
    }
