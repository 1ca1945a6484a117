"""Counts that were approved, times that people typed and goods that they held, among facts in any order of arrival."""

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from random import Random
from uuid import uuid4

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cloud_sync.actions.stock.counts import CountFinding, add_findings, decide_count, open_count
from cloud_sync.domain.booking import NewMovement
from cloud_sync.ingest.batches import store_batches
from cloud_sync.posting.holds import place_hold_on
from cloud_sync.posting.movements import book
from cloud_sync.storage.database import Database
from cloud_sync.storage.events import add_event
from cloud_sync.storage.locks import lock_holds
from edge_agent.domain.wire.records import Reading, Record, ScanTransaction
from tests.integration.cloud import test_any_order as any_order
from tests.integration.cloud.test_any_order import EXAMPLES, GATEWAY_OF, GATEWAYS, GTINS, WORLD
from tests.support.builders import Ledger, minute, reading
from tests.support.reference_model import Counted, HeldAt, Move, goods_held, truth, with_counts

shared = any_order.shared
IN_THE_HOUSE = ("site", "room-a", "shelf-a", "box-a", "room-b", "shelf-b")
LOTS = [("L1", ""), ("L2", ""), ("S1", "s1")]


@dataclass(frozen=True)
class Decided:
    """What happened, what was counted, typed and held, and the seed of how it arrives."""

    history: any_order.History
    counts: tuple[Counted, ...]
    typed: tuple[Move, ...]
    held: HeldAt


counts = st.builds(
    lambda lot, place, quantity, at, late: Counted(
        *lot, place, min(quantity, 1) if lot[1] else quantity, minute(at), 0, minute(at + late) if late else None
    ),
    st.sampled_from(LOTS), st.sampled_from(IN_THE_HOUSE), st.integers(0, 5), st.integers(1, 12),
    st.sampled_from([0, 0, 5]),
)  # fmt: skip
typed = st.builds(
    lambda move, late: replace(move, earliest=move.at, latest=move.at + timedelta(minutes=late)),
    # A return is typed at a door that holds it, and not by ``book`` alone.
    any_order.moves.filter(
        lambda move: not {any_order.LATE_PLACE, "customer", "ward"} & {move.from_place, move.to_place}
    ),
    st.integers(2, 9),
)
holds = st.builds(
    lambda lot, place, at: HeldAt(lot, None, place, minute(at)),
    st.sampled_from(["L1", "L2", "S1"]),
    st.sampled_from([None, "site", "room-a", "shelf-a"]),
    st.integers(0, 12),
)
decided = st.builds(
    lambda history, found, moves, held: Decided(
        history, tuple(replace(each, number=n) for n, each in enumerate(found, start=1)), tuple(moves), held
    ),
    any_order.histories, st.lists(counts, max_size=4), st.lists(typed, max_size=3), holds,
)  # fmt: skip


@settings(
    max_examples=EXAMPLES // 4,
    deadline=None,
    derandomize="LOTWARDEN_EXAMPLES" not in os.environ,
    suppress_health_check=list(HealthCheck),
    print_blob=True,
)
@given(decided)
def test_what_people_counted_typed_and_held_comes_to_the_same_in_any_order(shared: Database, case: Decided) -> None:
    ledger = any_order.new_ledger(shared)
    any_order.add_late_place(ledger)
    for lot in GTINS:
        sql = "INSERT INTO lot (item_id, lot_number, owner) SELECT id, name, 'house' FROM item WHERE name = %(lot)s"
        ledger.run(sql, {"lot": lot})
    _hold(ledger, case.held)
    deliver(ledger, case)
    moves = with_counts([*case.history.moves, *case.typed], case.counts, "count-difference")
    expected = truth(WORLD, moves, list(case.history.measured))
    any_order.compare(ledger, expected)
    reached = goods_held(WORLD, moves, expected.residencies, case.held)
    here = {residency.key for residency in reached if residency.ended_at is None}
    if case.held.place is None:
        here = {key for key in here if key[0] != case.held.lot} | {(case.held.lot, None, None)}  # type: ignore[arg-type]
    assert ledger.held("supplier") == here


def deliver(ledger: Ledger, case: Decided) -> None:
    """Facts and decisions, one after the other in an order of their own."""
    random = Random(case.history.arrival_seed)
    numbers = [
        open_count(ledger.database, place=each.place, number=None, actor="amy")["number"] for each in case.counts
    ]
    steps: list[Callable[[], object]] = [
        lambda each=each, number=number: _count(ledger, each, number)  # type: ignore[misc]
        for each, number in zip(case.counts, numbers, strict=True)
    ]
    steps += [lambda n=n, each=each: _type(ledger, n, each) for n, each in enumerate(case.typed)]  # type: ignore[misc]
    said: list[list[Record]] = [[], []]
    for each in case.history.measured:
        said[GATEWAY_OF[each.device]].append(reading(each.at, each.value, each.device))
    for record in any_order.as_scans(case.history.moves, random, {}):
        said[random.randrange(2)].append(record)
    for gateway, records in zip(GATEWAYS, said, strict=True):
        random.shuffle(records)
        for kind in (ScanTransaction, Reading):
            for record in (each for each in records if isinstance(each, kind)):
                batch = gateway.batch(record)
                steps.append(lambda batch=batch: store_batches(ledger.database, [batch]))  # type: ignore[misc]
    random.shuffle(steps)
    for step in steps:
        step()
    any_order.assign_late_channel(ledger)


def _count(ledger: Ledger, each: Counted, number: str) -> None:
    found = CountFinding(each.lot, each.lot, each.quantity, each.place, serial=each.serial)
    at = each.latest or each.at
    add_findings(ledger.database, number, [found], client_id=uuid4(), counted_at=each.at, at=at, actor="amy")
    decide_count(ledger.database, number, approve=True, reason="counted twice", actor="bob")


def _type(ledger: Ledger, number: int, move: Move) -> None:
    places = {row["name"]: row["id"] for row in ledger.rows("SELECT name, id FROM place")}
    (lot,) = ledger.rows("SELECT id FROM lot WHERE lot_number = %(lot)s", {"lot": move.lot})
    new = NewMovement(
        fact=f"api/typed#{number}", lot_id=lot["id"], serial=move.serial, quantity=move.quantity,
        from_place=places[move.from_place], to_place=places[move.to_place], occurred_at=move.at, action="move",
        operator="amy", latest_at=move.latest,
    )  # fmt: skip
    with ledger.database.transaction() as connection:
        event_id = add_event(connection, actor="amy", kind="moved", subject="test")
        book(connection, [new], event_id=event_id)


def _hold(ledger: Ledger, held: HeldAt) -> None:
    """Before anything is known: what turns out to have been there then is held."""
    (row,) = ledger.rows(
        "SELECT l.id, (SELECT p.id FROM place p WHERE p.name = %(place)s) AS place_id FROM lot l"
        " WHERE l.lot_number = %(lot)s", {"lot": held.lot, "place": held.place},
    )  # fmt: skip
    with ledger.database.transaction() as connection:
        lock_holds(connection)
        place_hold_on(
            connection, kind="supplier", lot_id=row["id"], place_id=row["place_id"], serial=None, reason="test",
            placed_by="eve", at=held.at,
        )  # fmt: skip
