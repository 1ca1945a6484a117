"""The same facts in any order, cut into any batches, some of them twice: always what the reference model says."""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cloud_sync.ingest.batches import store_batches
from cloud_sync.ingest.receipts import BatchOutcome, BatchReceipt
from cloud_sync.posting.monitoring.rule_tracks import assign_channel
from cloud_sync.posting.movements import rebook_cases
from cloud_sync.storage.database import Database
from edge_agent.domain.monitoring.excursions import Side
from edge_agent.domain.monitoring.policies import CumulativeRule, NoDataRule, Policy, PolicyRule, RateRule
from edge_agent.domain.wire.records import Action, Reading, Record, ScanLine, ScanTransaction
from tests.support.builders import GatewayWithKey, Ledger, line, minute, reading, scan
from tests.support.recycled_databases import RecycledDatabases, empty
from tests.support.reference_model import Measured, Move, Place, Truth, World, speaks_for, truth

EXAMPLES = int(os.environ.get("LOTWARDEN_EXAMPLES", "48"))
"""More of them, and others each time: LOTWARDEN_EXAMPLES=2000 pytest tests/integration/cloud/test_any_order.py."""

STRICT = Policy(
    name="strict",
    title="With delay, and the limit itself outside",
    rules=(
        PolicyRule(name="too-warm", metric="temp_c", side=Side.ABOVE, limit=8, on_limit_is_outside=True, delay_s=120,
                   hysteresis=0.5, source="test"),
        PolicyRule(name="too-cold", metric="temp_c", side=Side.BELOW, limit=2, on_limit_is_outside=False, delay_s=0,
                   source="test"),
        CumulativeRule(kind="cumulative", name="too-long", metric="temp_c", side=Side.ABOVE, limit=7.5,
                       on_limit_is_outside=True, budget_s=150, window_s=240, spell_max_s=60, source="test"),
        NoDataRule(kind="no_data", name="silent", metric="temp_c", after_s=120, source="test"),
    ),
)  # fmt: skip
PROMPT = Policy(
    name="prompt",
    title="Without delay",
    rules=(
        PolicyRule(name="warm", metric="temp_c", side=Side.ABOVE, limit=8, on_limit_is_outside=False, delay_s=0,
                   source="test"),
        RateRule(kind="rate", name="jump", metric="temp_c", change=6, window_s=60, source="test"),
        NoDataRule(kind="no_data", name="silent", metric="temp_c", after_s=180, source="test"),
    ),
)  # fmt: skip
POLICY_OF = {"room-a": STRICT, "room-b": PROMPT}
PLACES = {
    "supplier": Place("supplier"),
    "site": Place("site"),
    "room-a": Place("room", "site", STRICT.rules_for("temp_c")),
    "shelf-a": Place("bin", "room-a"),
    "box-a": Place("bin", "shelf-a"),
    "room-b": Place("room", "site", PROMPT.rules_for("temp_c")),
    "shelf-b": Place("bin", "room-b"),
    "batch": Place("production", "room-b"),
    "customer": Place("customer"),
    "ward": Place("ward", "site"),
    "scrap": Place("scrap"),
    "count-difference": Place("count_difference"),
    "unpacked": Place("unpacking"),
}
WAYS = sorted(PLACES.keys() - {"unpacked"})
"""Between which goods are carried; where opened cases end, nobody carries anything."""
LATE_PLACE = "ward"
"""It is added only after some of the facts that name it."""
GATEWAY_OF = {"probe-a": 0, "probe-b": 1}
WORLD = World(PLACES, {"probe-a": "room-a", "probe-b": "shelf-b"}, GATEWAY_OF)
LATE_CHANNEL = "probe-b"
"""Nobody says where it is until some of its readings are there."""
GTINS = {
    "L1": "09501101530003",
    "L2": "09501101530010",
    "P1": "09501101530027",
    "S1": "09501101530034",
    "K1": "09501101530041",
}
CASE_GTIN, CASE = "19501101530048", "(01)19501101530048(21)k1"
"""Ten of K1, and its serial as the ledger follows it."""
GATEWAYS = (
    GatewayWithKey("gw-1", "11111111-1111-4111-8111-111111111111"),
    GatewayWithKey("gw-2", "22222222-2222-4222-8222-222222222222"),
)
TEMPERATURES = (1.0, 2.0, 5.0, 7.4, 7.5, 7.6, 8.0, 9.0, 12.0)
EXPIRIES = (date(2027, 1, 31), date(2027, 6, 30))

moves = st.builds(
    lambda lot, quantity, places, at: Move(lot[0], lot[1], 1 if lot[1] else quantity, places[0], places[1], minute(at)),
    st.sampled_from([("L1", ""), ("L1", ""), ("L2", ""), ("P1", ""), ("S1", "s1"), ("S1", "s2")]),
    st.integers(1, 4),
    st.permutations(WAYS).map(lambda names: names[:2]).filter(lambda ends: speaks_for(WORLD, "site", *ends)),
    st.integers(0, 12),
)
# Stock that goes a way that makes sense: without it nearly all balances are negative.
journeys = st.builds(
    lambda lot, way, times: [
        Move(lot[0], lot[1], 1 if lot[1] else 3, a, b, minute(at))
        for (a, b), at in zip(pairwise(way), sorted(times), strict=False)
        if speaks_for(WORLD, "site", a, b)
    ],
    st.sampled_from([("L1", ""), ("L2", ""), ("S1", "s1"), ("S1", "s2")]),
    st.permutations(sorted(set(WAYS) - {"supplier"})).map(lambda names: ["supplier", *names[:5]]),
    st.lists(st.integers(0, 12), min_size=1, max_size=5),
)
products = st.builds(
    lambda to, at: Move("P1", "", 2, "batch", to, minute(at)),
    st.sampled_from(["shelf-a", "ward", "customer"]),
    st.integers(0, 12),
)
# An ingredient that goes through a monitored place into production, and what comes out of it.
brews = st.builds(
    lambda lot, place, times, to, at: [
        Move(lot, "", 3, "supplier", place, minute(times[0])),
        Move(lot, "", 2, place, "batch", minute(times[1])),
        Move("P1", "", 2, "batch", to, minute(at)),
    ],
    st.sampled_from(["L1", "L2"]),
    st.sampled_from(["box-a", "room-a", "shelf-b"]),
    st.tuples(st.integers(0, 4), st.integers(3, 8)),
    st.sampled_from(["site", "room-b", "customer"]),
    st.integers(4, 10),
)
# A case that goes some way, is opened, and what was in it goes on.
cases = st.builds(
    lambda way, times, to: [
        Move("K1", CASE, 10, "supplier", way[0], minute(times[0])),
        Move("K1", CASE, 10, way[0], way[1], minute(times[1])),
        Move("K1", CASE, 10, way[1], "unpacked", minute(times[2])),
        Move("K1", "", 10, "unpacked", way[1], minute(times[2])),
        Move("K1", "", 4, way[1], to, minute(times[3])),
    ],
    st.permutations(["box-a", "room-a", "shelf-b", "site"]).map(lambda names: names[:2]),
    st.lists(st.integers(0, 12), min_size=4, max_size=4).map(sorted),
    st.sampled_from(["scrap", "customer", "room-b"]),
)
measured = st.builds(
    lambda device, at, value: Measured(device, minute(at / 2), value),
    st.sampled_from(sorted(WORLD.devices)),
    st.integers(0, 26),
    st.sampled_from(TEMPERATURES),
)


@dataclass(frozen=True)
class History:
    """What happened, and the seed of how it arrives."""

    moves: tuple[Move, ...]
    measured: tuple[Measured, ...]
    arrival_seed: int


histories = st.builds(
    lambda ways, product, others, values, seed: History(
        (*(move for way in ways for move in way), *product, *others), tuple(values), seed
    ),
    st.lists(journeys | brews | cases, min_size=2, max_size=5),
    st.lists(products, min_size=1, max_size=2),
    st.lists(moves, max_size=4),
    st.lists(measured, min_size=6, max_size=20),
    st.integers(0, 2**32),
)


Store = Callable[[Database, Sequence[bytes]], list[BatchReceipt]]


@pytest.fixture(scope="module")
def shared(databases: RecycledDatabases) -> Iterator[Database]:
    with databases.lent() as url:
        opened = databases.open(url)
        yield opened


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize="LOTWARDEN_EXAMPLES" not in os.environ,
    suppress_health_check=list(HealthCheck),
    print_blob=True,
)
@given(histories)
def test_any_order_of_the_same_facts_gives_the_same_holds(shared: Database, history: History) -> None:
    ledger = new_ledger(shared)
    labels = deliver(ledger, history)
    expected = truth(WORLD, list(history.moves), list(history.measured))
    compare(ledger, expected)
    compare_labels(ledger, labels)


def new_ledger(database: Database) -> Ledger:
    empty(database.url)
    ledger = Ledger(database)
    for policy in POLICY_OF.values():
        ledger.add_policy(policy)
    for name, place in PLACES.items():
        if name != LATE_PLACE:
            add_place(ledger, name, place)
    for lot, gtin in GTINS.items():
        ledger.add_item(lot, gtin)
    ledger.run("INSERT INTO item_gtin SELECT %(g)s, id, 10 FROM item WHERE name = 'K1'", {"g": CASE_GTIN})
    for gateway in GATEWAYS:
        gateway.start_again()
        gateway.register(database)
    for device, place in WORLD.devices.items():
        if device != LATE_CHANNEL:
            ledger.put_probe(place, device, GATEWAYS[GATEWAY_OF[device]].name)
    return ledger


def add_place(ledger: Ledger, name: str, place: Place) -> int:
    return ledger.add_place(name, place.kind, place.parent, POLICY_OF[name].name if name in POLICY_OF else None)


def deliver(ledger: Ledger, history: History, store: Store = store_batches) -> dict[str, set[date]]:
    """Pack the facts into batches, deliver them in an order of their own with some twice, and finish master data."""
    random = Random(history.arrival_seed)
    labels: dict[str, set[date]] = {}
    said: list[list[Record]] = [[], []]
    for each in history.measured:
        said[GATEWAY_OF[each.device]].append(reading(each.at, each.value, each.device))
    for record in as_scans(history.moves, random, labels):
        said[random.randrange(2)].append(record)
    batches = []
    for gateway, records in zip(GATEWAYS, said, strict=True):
        random.shuffle(records)
        for kind in (ScanTransaction, Reading):
            rest = [record for record in records if isinstance(record, kind)]
            while rest:
                size = random.randint(1, 3)
                batches.append(gateway.batch(*rest[:size]))
                rest = rest[size:]
    random.shuffle(batches)
    place_at, channel_at = random.randint(0, len(batches)), random.randint(0, len(batches))
    seen: set[bytes] = set()
    to_send = [*batches, *random.sample(batches, len(batches) // 3)]
    sent = 0
    while sent < len(to_send):
        together = to_send[sent : sent + random.choice((1, 1, 2, 5))]
        steps = range(sent, sent + len(together))
        sent += len(together)
        if place_at in steps:
            add_late_place(ledger)
        if channel_at in steps:
            assign_late_channel(ledger)
        for raw, receipt in zip(together, store(ledger.database, together), strict=True):
            assert receipt.outcome is (BatchOutcome.DUPLICATE if raw in seen else BatchOutcome.STORED)
            seen.add(raw)
    if not ledger.rows("SELECT FROM place WHERE name = %(name)s", {"name": LATE_PLACE}):
        add_late_place(ledger)
    assign_late_channel(ledger)
    return labels


def as_scans(moves: tuple[Move, ...], random: Random, labels: dict[str, set[date]]) -> list[ScanTransaction]:
    """Each move as a scanned line; moves at one time along one way may share a transaction."""
    together: dict[tuple[str, str, datetime, int], list[ScanLine]] = {}
    for move in moves:
        if move.from_place == "unpacked":
            continue  # it is the other half of an opening
        expires_on = random.choice(EXPIRIES)
        labels.setdefault(move.lot, set()).add(expires_on)
        is_case = move.serial == CASE
        gtin, quantity = (CASE_GTIN, 1) if is_case else (GTINS[move.lot], move.quantity)
        serial = "k1" if is_case else move.serial or None
        scanned = line(quantity, move.lot, gtin=gtin, serial=serial, expires_on=expires_on)
        together.setdefault((move.from_place, move.to_place, move.at, random.randrange(2)), []).append(scanned)
    return [
        scan(at, Action.OPEN_CASE, a, None, *lines) if b == "unpacked" else scan(at, Action.MOVE, a, b, *lines)
        for (a, b, at, _), lines in together.items()
    ]


def add_late_place(ledger: Ledger) -> None:
    add_place(ledger, LATE_PLACE, PLACES[LATE_PLACE])
    with ledger.database.transaction() as connection:
        rebook_cases(connection, actor="amy")


def assign_late_channel(ledger: Ledger) -> None:
    sql = """
        SELECT c.id, p.id AS place_id FROM channel c, place p
        WHERE c.device = %(device)s AND p.name = %(place)s AND c.place_id IS NULL"""
    names: dict[str, object] = {"device": LATE_CHANNEL, "place": WORLD.devices[LATE_CHANNEL]}
    for row in ledger.rows(sql, names):
        with ledger.database.transaction() as connection:
            assign_channel(connection, row["id"], row["place_id"])


def compare(ledger: Ledger, expected: Truth) -> None:
    assert ledger.balances() == expected.balances
    assert ledger.residencies() == {(*each.key, each.began_at, each.ended_at) for each in expected.residencies}
    assert ledger.excursions() == {
        (each.device, each.rule, each.began_at, each.ended_at, each.worst) for each in expected.excursions
    }
    assert ledger.exposures() == {
        (excursion.device, excursion.rule, excursion.began_at, *residency.key, residency.began_at, since)
        for (excursion, residency), since in expected.exposures.items()
    }
    assert ledger.held() == expected.held
    assert ledger.held("manual") == expected.returned
    assert negative_cases(ledger) == expected.negative


def negative_cases(ledger: Ledger) -> dict[tuple[str, str, str], tuple[int, datetime]]:
    sql = """
        SELECT l.lot_number, k.key, k.data, p.name AS place
        FROM exception_case k JOIN lot l ON l.id = k.lot_id
        JOIN place p ON p.id = split_part(k.key, 'place:', 2)::bigint
        WHERE k.kind = 'negative_balance' AND k.resolved_at IS NULL"""
    return {
        (row["lot_number"], row["key"].split("/")[1], row["place"]): (
            row["data"]["lowest"],
            datetime.fromisoformat(row["data"]["since"]),
        )
        for row in ledger.rows(sql)
    }


def compare_labels(ledger: Ledger, labels: dict[str, set[date]]) -> None:
    lots = {row["lot_number"]: row["expires_on"] for row in ledger.rows("SELECT lot_number, expires_on FROM lot")}
    assert lots == {lot: max(dates) for lot, dates in labels.items()}
    told = ledger.rows(
        "SELECT l.lot_number FROM exception_case k JOIN lot l ON l.id = k.lot_id WHERE kind = 'expiry_mismatch'"
    )
    assert {row["lot_number"] for row in told} == {lot for lot, dates in labels.items() if len(dates) > 1}
