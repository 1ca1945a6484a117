"""Readings that were thinned, some of them after they had been sent: in any order, what the reference model says."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cloud_sync.ingest.batches import store_batches
from cloud_sync.ingest.receipts import BatchOutcome
from cloud_sync.storage.database import Database
from edge_agent.buffer.stored_batch import Span, thinned_notice
from edge_agent.domain.monitoring.thinning import thin
from edge_agent.domain.wire.ids import JournalId
from edge_agent.domain.wire.records import Envelope, Lane, Reading
from edge_agent.domain.wire.wire import encode_record
from tests.integration.cloud import test_any_order as any_order
from tests.integration.cloud.test_any_order import EXAMPLES, GATEWAYS, TEMPERATURES, WORLD
from tests.support.builders import GatewayWithKey, Ledger, minute, reading, stamp
from tests.support.reference_model import Measured, Move, Thinned, truth

WINDOW_S = 600
HALF_MINUTES = 40
shared = any_order.shared
Last = Callable[[], None]


@dataclass(frozen=True)
class Thinning:
    """What was measured, and the seed of what of it was thinned, had been sent before, and of the order it came in."""

    measured: tuple[Measured, ...]
    moves: tuple[Move, ...]
    seed: int


@dataclass
class Said:
    """The batches that a gateway sends, and what they come to."""

    batches: list[bytes]
    measured: list[Measured]
    thinned: list[Thinned]


thinnings = st.builds(
    lambda values, moves, seed: Thinning(tuple(values), tuple(moves), seed),
    st.lists(
        st.builds(
            lambda device, at, value: Measured(device, minute(at / 2), value),
            st.sampled_from(["probe-a", "probe-a", "probe-a", "probe-b"]),
            st.integers(0, HALF_MINUTES),
            st.sampled_from((*TEMPERATURES, 5.0, 5.0, 5.5, 6.0, 6.5)),
        ),
        min_size=25,
        max_size=50,
    ),
    st.lists(any_order.journeys, max_size=2).map(lambda ways: [move for way in ways for move in way]),
    st.integers(0, 2**32),
)


def nothing() -> None:
    """All has come."""


@settings(
    max_examples=max(EXAMPLES // 4, 1),
    deadline=None,
    derandomize="LOTWARDEN_EXAMPLES" not in os.environ,
    suppress_health_check=list(HealthCheck),
    print_blob=True,
)
@given(thinnings)
def test_readings_that_were_thinned_give_the_same_in_any_order(shared: Database, history: Thinning) -> None:
    check(shared, history)


def check(database: Database, history: Thinning, store: any_order.Store = store_batches, last: Last = nothing) -> None:
    """Deliver it by ``store``, do what is ``last`` to do, and compare with the reference model."""
    ledger = any_order.new_ledger(database)
    any_order.add_late_place(ledger)
    random = Random(history.seed)
    said = [say(gateway, history, number, random) for number, gateway in enumerate(GATEWAYS)]
    batches = [batch for each in said for batch in each.batches]
    batches += [GATEWAYS[0].batch(each) for each in any_order.as_scans(history.moves, random, {})]
    random.shuffle(batches)
    deliver(ledger, [*batches, *random.sample(batches, len(batches) // 3)], random, store)
    last()
    any_order.assign_late_channel(ledger)
    measured = [each for one in said for each in one.measured]
    thinned = [each for one in said for each in one.thinned]
    any_order.compare(ledger, truth(WORLD, list(history.moves), measured, thinned))
    assert counted(ledger) == len(history.measured)


def say(
    gateway: GatewayWithKey,
    history: Thinning,
    number: int,
    random: Random,
    gateway_of: Mapping[str, int] = any_order.GATEWAY_OF,
) -> Said:
    """All in batches as they were taken; then some of those thinned, of which some had been sent before."""
    mine = sorted((e for e in history.measured if gateway_of[e.device] == number), key=lambda e: e.at)
    originals: list[tuple[int, bytes, list[Measured]]] = []
    seq = 1
    while mine:
        group, mine = mine[: (size := random.randint(1, 4))], mine[size:]
        originals.append((seq, gateway.batch(*(reading(e.at, e.value, e.device) for e in group)), group))
        seq += len(group)
    first = random.randint(0, len(originals) // 3)
    going = originals[first : random.randint(len(originals) // 2, len(originals))]
    staying = [each for each in originals if each not in going]
    sent = [each for each in going if random.random() < 0.4]
    said = Said([raw for _, raw, _ in [*staying, *sent]], [e for _, _, group in staying for e in group], [])
    if going:
        thin_out(gateway, going, sent, seq, said, random)
    return said


def thin_out(
    gateway: GatewayWithKey,
    going: list[tuple[int, bytes, list[Measured]]],
    sent: list[tuple[int, bytes, list[Measured]]],
    next_seq: int,
    said: Said,
    random: Random,
) -> None:
    before = {first + n: each for first, _, group in going for n, each in enumerate(group)}
    here = {first + n for first, _, group in sent for n in range(len(group))}
    left = thin(
        [(seq, reading(each.at, each.value, each.device)) for seq, each in before.items()],
        window_s=WINDOW_S,
        must_keep=random.choice([lambda _: False, lambda each: not 2 <= each.values["temp_c"] < 7.5]),
    )
    kept = {record.was for record in left if isinstance(record, Reading)}
    said.measured += [each for seq, each in before.items() if seq in kept or seq in here]
    for record in left:
        if isinstance(record, Envelope):
            inside = [
                seq for seq, each in before.items()
                if seq not in kept and each.device == record.device and record.since.at <= each.at <= record.stamp.at
            ]  # fmt: skip
            assert len(inside) == record.count
            spread = record.values["temp_c"]
            said.thinned.append(
                Thinned(record.device, record.since.at, record.stamp.at, spread.least, spread.greatest,
                        (record.gap_ms or 0) / 1000, record.count, len(here.intersection(inside)))
            )  # fmt: skip
    lines = [encode_record(record) for record in left]
    while lines:
        size = random.randint(1, 5)
        said.batches.append(gateway.batch_of_lines(lines[:size], Lane.READINGS))
        lines = lines[size:]
    by = range(next_seq, next_seq + len(left))
    # One notice for each batch or for all: the numbers of neighbours are joined by some gateways and not by others.
    spans = [(min(before), len(before))] if random.random() < 0.5 else [(f, len(group)) for f, _, group in going]
    for span_first, count in spans:
        span = Span(JournalId(gateway.journal), Lane.READINGS, span_first, count, 0, 0)
        notice = thinned_notice(stamp(minute(60)), span, by, len(kept), window_s=WINDOW_S)
        said.batches.append(gateway.batch(notice))


def deliver(ledger: Ledger, batches: list[bytes], random: Random, store: any_order.Store = store_batches) -> None:
    seen: set[bytes] = set()
    while batches:
        together, batches = batches[: (size := random.choice((1, 1, 2, 5)))], batches[size:]
        for raw, receipt in zip(together, store(ledger.database, together), strict=True):
            assert receipt.outcome is (BatchOutcome.DUPLICATE if raw in seen else BatchOutcome.STORED), receipt.reason
            seen.add(raw)


def counted(ledger: Ledger) -> int:
    """Every reading once: as it was, or in an envelope."""
    sql = """
        SELECT (SELECT count(*) FROM reading)
               + (SELECT coalesce(sum(left_readings), 0) FROM envelope_now) AS readings"""
    return int(ledger.rows(sql)[0]["readings"])
