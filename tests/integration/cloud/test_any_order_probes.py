"""Several probes in one place, by rules that ask for one, some or all: any order comes to the same excursions."""

import os
from dataclasses import dataclass
from datetime import datetime
from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cloud_sync.ingest.batches import store_batches
from cloud_sync.ingest.receipts import BatchOutcome
from cloud_sync.posting.monitoring.rule_tracks import judge, judge_silence
from cloud_sync.storage.database import Database
from edge_agent.domain.monitoring.policies import Policy
from tests.integration.cloud import test_any_order as any_order
from tests.integration.cloud.test_any_order import EXAMPLES, GATEWAYS
from tests.integration.cloud.test_any_order_thinned import Thinning, deliver, say
from tests.support.builders import Ledger, minute, reading
from tests.support.recycled_databases import empty
from tests.support.reference_model import Measured, Place, World, truth

shared = any_order.shared

LIMIT = {"metric": "temp_c", "side": "above", "limit": 8, "on_limit_is_outside": False, "source": "test"}
SILENT = {"kind": "no_data", "metric": "temp_c", "source": "test"}
POLICY = Policy.model_validate(
    {
        "name": "together",
        "title": "",
        "rules": [
            LIMIT | {"name": "any", "delay_s": 60, "hysteresis": 0.5},
            LIMIT | {"name": "two", "delay_s": 0, "sensors": 2},
            LIMIT | {"name": "all", "delay_s": 30, "sensors": "all"},
            LIMIT | {"name": "missing", "delay_s": 200, "missing_counts": True},
            LIMIT | {"name": "cold", "side": "below", "limit": 3, "delay_s": 0, "sensors": 2},
            SILENT | {"name": "silent", "after_s": 150},
            SILENT | {"name": "all-silent", "after_s": 180, "sensors": "all"},
        ],
    }
)
PROBES = {"probe-a": 0, "probe-b": 1, "probe-c": 0}
WORLD = World({"room": Place("room", rules=POLICY.rules_for("temp_c"))}, dict.fromkeys(PROBES, "room"), PROBES)


@dataclass(frozen=True)
class Heard:
    """What was measured, what somebody saw (probe, when), and the seed of how all of it arrives."""

    measured: tuple[Measured, ...]
    seen: tuple[tuple[str, datetime], ...]
    seed: int


measured = st.builds(
    lambda device, at, value: Measured(device, minute(at / 2), value),
    st.sampled_from(sorted(PROBES)),
    st.integers(0, 24),
    st.sampled_from((1.0, 5.0, 7.8, 9.0, 12.0)),
)
cases = st.builds(
    lambda values, seen, seed: Heard(tuple(values), tuple(seen), seed),
    st.lists(measured, min_size=4, max_size=16),
    st.lists(st.tuples(st.sampled_from(sorted(PROBES)), st.integers(0, 50).map(lambda n: minute(n / 4))), max_size=2),
    st.integers(0, 2**32),
)


@settings(
    max_examples=max(EXAMPLES // 3, 1),
    deadline=None,
    derandomize="LOTWARDEN_EXAMPLES" not in os.environ,
    suppress_health_check=list(HealthCheck),
    print_blob=True,
)
@given(cases)
def test_probes_of_one_place_come_to_the_same_excursions_in_any_order(shared: Database, heard: Heard) -> None:
    ledger = started(shared)
    random = Random(heard.seed)
    batches = []
    for number, gateway in enumerate(GATEWAYS):
        records = [reading(m.at, m.value, m.device) for m in heard.measured if PROBES[m.device] == number]
        random.shuffle(records)
        while records:
            size = random.randint(1, 3)
            batches.append(gateway.batch(*records[:size]))
            records = records[size:]
    said: list[bytes | tuple[str, datetime]] = [*batches, *random.sample(batches, len(batches) // 3), *heard.seen]
    random.shuffle(said)
    for each in said:
        if isinstance(each, bytes):
            assert store_batches(ledger.database, [each])[0].outcome is not BatchOutcome.REFUSED
        else:
            see(ledger, *each)
    for device, at in heard.seen:
        see(ledger, device, at)
    expected = truth(WORLD, [], list(heard.measured), seen=heard.seen)
    assert ledger.excursions() == {
        (each.device, each.rule, each.began_at, each.ended_at, each.worst) for each in expected.excursions
    }


thinnings = st.builds(
    lambda values, seed: Thinning(tuple(values), (), seed),
    st.lists(
        st.builds(
            lambda device, at, value: Measured(device, minute(at / 2), value),
            st.sampled_from(sorted(PROBES)),
            st.integers(0, 40),
            st.sampled_from((1.0, 5.0, 5.5, 6.0, 7.8, 9.0, 12.0)),
        ),
        min_size=20,
        max_size=45,
    ),
    st.integers(0, 2**32),
)


@settings(
    max_examples=max(EXAMPLES // 6, 1),
    deadline=None,
    derandomize="LOTWARDEN_EXAMPLES" not in os.environ,
    suppress_health_check=list(HealthCheck),
    print_blob=True,
)
@given(thinnings)
def test_thinned_readings_of_several_probes_come_to_the_same_excursions_in_any_order(
    shared: Database, history: Thinning
) -> None:
    ledger, random = started(shared), Random(history.seed)
    said = [say(gateway, history, number, random, PROBES) for number, gateway in enumerate(GATEWAYS)]
    batches = [batch for each in said for batch in each.batches]
    random.shuffle(batches)
    deliver(ledger, [*batches, *random.sample(batches, len(batches) // 3)], random)
    measured = [each for one in said for each in one.measured]
    thinned = [each for one in said for each in one.thinned]
    expected = truth(WORLD, [], measured, thinned)
    assert ledger.excursions() == {
        (each.device, each.rule, each.began_at, each.ended_at, each.worst) for each in expected.excursions
    }


def started(database: Database) -> Ledger:
    empty(database.url)
    ledger = Ledger(database)
    ledger.add_policy(POLICY)
    ledger.add_place("room", "room", policy=POLICY.name)
    for gateway in GATEWAYS:
        gateway.start_again()
        gateway.register(database)
    for device, number in PROBES.items():
        ledger.put_probe("room", device, GATEWAYS[number].name)
    return ledger


def see(ledger: Ledger, device: str, at: datetime) -> None:
    """Somebody saw that all was within limits then (``excursion_endings`` checks more before it lets people say so)."""
    with ledger.database.transaction() as connection:
        sql = "SELECT id, gateway_id FROM channel WHERE device = %s FOR UPDATE"
        for row in connection.execute(sql, (device,)).fetchall():
            connection.execute(
                "INSERT INTO seen_within (channel_id, at, excursion_id, reason, evidence, said_by)"
                " VALUES (%s, %s, 1, 'died', 'seen', 'amy') ON CONFLICT DO NOTHING",
                (row["id"], at),
            )
            judge(connection, {row["id"]: (at, at)})
            judge_silence(connection, row["gateway_id"], {row["id"]: (at, at)})
