"""Many batches of scans at once are as good as each alone."""

from itertools import pairwise
from random import Random

import pytest

from cloud_sync.ingest.batches import store_batch, store_batches
from cloud_sync.ingest.bulk_scans import read_scans
from cloud_sync.ingest.pipeline import Sealed, Sender
from cloud_sync.ingest.receipts import BatchOutcome
from edge_agent.domain.wire.records import Action
from edge_agent.domain.wire.wire import digest_of, header_of
from tests.support.builders import GatewayWithKey, Ledger, ledger_with_two_fridges, line, minute, notice, reading, scan
from tests.support.recycled_databases import RecycledDatabases

WHAT_FOLLOWS = """
    SELECT 'case' AS what, kind AS a, text AS b, coalesce(l.lot_number, '') AS c
    FROM exception_case k LEFT JOIN lot l ON l.id = substring(k.key FROM '^lot:([0-9]+)')::bigint
    WHERE k.resolved_at IS NULL
    UNION ALL SELECT 'hold', kind, text, l.lot_number FROM active_hold h JOIN lot l ON l.id = h.lot_id
    UNION ALL SELECT 'moved', m.fact, m.quantity::text, m.action FROM movement m
    UNION ALL SELECT 'event', kind, actor, data->>'said_at' FROM event WHERE kind LIKE 'scan_%%'
    UNION ALL SELECT 'kept', first_seq::text, first_at::text, last_at::text FROM evidence
    UNION ALL SELECT 'lane', next_seq::text, max_seq::text, lane FROM lane_progress
    ORDER BY 1, 2, 3, 4"""


def a_busy_day(gateway: GatewayWithKey, seed: int) -> list[bytes]:
    """Receipts, moves, issues, things that contradict each other, and what is no scan at all, batch by batch."""
    random = Random(seed)
    raws = []
    for n in range(30):
        lot = f"L{random.randrange(5)}"
        places = random.sample(["dock", "fridge-a", "fridge-b"], 2)
        raws.append(
            random.choice(
                [
                    lambda n=n, lot=lot: gateway.batch(scan(minute(n), Action.RECEIVE, "acme", "dock", line(5, lot))),
                    lambda n=n, lot=lot, p=places: gateway.batch(scan(minute(n), Action.MOVE, *p, line(2, lot))),
                    lambda n=n, lot=lot, p=places: gateway.batch(scan(minute(n), Action.PUT_AWAY, *p, line(1, lot))),
                    lambda n=n, lot=lot: gateway.batch(
                        scan(minute(n), Action.SHIP, "fridge-a", "st-mary", line(1, lot)),
                    ),
                    lambda n=n: gateway.batch(scan(minute(n), Action.MOVE, "dock", "nowhere", line(1, "X"))),
                    lambda n=n: gateway.batch(scan(minute(n), Action.RECEIVE, "acme", "dock",
                                                   line(1, "S", serial="7"))),
                    lambda n=n: gateway.batch(scan(minute(n), Action.COUNT, "dock", None, line(1, "L1"))),
                    lambda n=n: gateway.batch(notice(minute(n)), scan(minute(n), Action.MOVE, "dock", "fridge-a",
                                                                      line(1, "L1"))),
                ]
            )()
        )  # fmt: skip
    return raws


@pytest.mark.parametrize("seed", range(3))
def test_a_backlog_of_scans_gives_what_its_batches_give_one_by_one(databases: RecycledDatabases, seed: int) -> None:
    found = []
    for together in (True, False):
        gateway = GatewayWithKey()
        with databases.lent() as url:
            database = databases.open(url)
            ledger = ledger_with_two_fridges(database, gateway)
            store_batch(database, gateway.batch(reading(minute(5), 5.0), reading(minute(8), 9.0)))
            raws = a_busy_day(gateway, seed)
            receipts = store_batches(database, raws) if together else [store_batch(database, raw) for raw in raws]
            assert {each.outcome for each in receipts} == {BatchOutcome.STORED}
            again = store_batches(database, raws)
            assert {each.outcome for each in again} == {BatchOutcome.DUPLICATE}
            rows = ledger.rows(WHAT_FOLLOWS)
            found.append(rows)
            journal = [(header_of(raw).first, header_of(raw).count) for raw in raws]
            assert all(a + n == b for (a, n), (b, _) in pairwise(journal))
    assert found[0] == found[1]


def test_what_hands_stock_out_begins_a_group_and_what_only_moves_joins(ledger: Ledger, gateway: GatewayWithKey) -> None:
    raws = [
        gateway.batch(scan(minute(0), Action.RECEIVE, "acme", "dock", line(5))),
        gateway.batch(scan(minute(1), Action.MOVE, "dock", "fridge-a", line(5))),
        gateway.batch(scan(minute(2), Action.SHIP, "fridge-a", "st-mary", line(1))),
        gateway.batch(scan(minute(3), Action.MOVE, "fridge-a", "dock", line(1))),
    ]
    sealed = [Sealed(n, header_of(raw), raw, digest_of(raw)) for n, raw in enumerate(raws)]
    with ledger.database.transaction() as connection:
        row = connection.execute("SELECT *, clock_timestamp() AS now FROM gateway").fetchone()
        assert row is not None
        sender = Sender.of(row, "gw-1")
        assert [each.sealed.index for each in read_scans(connection, sender, sealed).kept] == [0, 1]
        assert [each.sealed.index for each in read_scans(connection, sender, sealed[2:]).kept] == [2]
        assert [each.sealed.index for each in read_scans(connection, sender, sealed[3:]).kept] == [3]
