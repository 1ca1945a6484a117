"""The ledger's own planning run of ten thousand items at places: read from its log, planned and stored.

Ten sites and a thousand items with a reorder level at each site, two receipts each, and a dispense in every third week
of two years. ``LOTWARDEN_BENCH_PLAN_ITEMS`` makes it smaller. Time is of the whole run, the database's part included;
memory is of this process, above what it had before.
"""

import os
import resource
from datetime import UTC, datetime
from functools import cache
from time import perf_counter

from cloud_sync.actions.planning.runs import make_run
from tests.bench.figure import Figure
from tests.bench.ledger import new_database
from tests.support.builders import Ledger

ITEMS, SITES, WEEKS = int(os.environ.get("LOTWARDEN_BENCH_PLAN_ITEMS", "1000")), 10, 104
AT = datetime(2026, 6, 1, 12, tzinfo=UTC)
HOUSE = """
    INSERT INTO event (actor, kind, subject) VALUES ('bench', 'filled', 'bench');
    INSERT INTO item (name) SELECT 'item-' || n FROM generate_series(1, {items}) AS n;
    INSERT INTO reorder_level (item_id, place_id, supplier_id, reorder_point, par_level)
    SELECT i.id, p.id, s.id, 5, 20 FROM item i, place p, place s WHERE p.kind = 'site' AND s.name = 'acme';
    INSERT INTO lot (item_id, lot_number, owner, expires_on)
    SELECT i.id, 'L-' || p.name, 'house', '2027-06-01' FROM item i, place p WHERE p.kind = 'site';
    INSERT INTO movement (fact, lot_id, quantity, from_place, to_place, occurred_at, action, event_id)
    SELECT 'bench/' || l.id || '/in', l.id, 200, s.id, p.id, '2024-05-01', 'receive', (SELECT max(id) FROM event)
    FROM lot l JOIN place p ON l.lot_number = 'L-' || p.name, place s WHERE s.name = 'acme';
    INSERT INTO movement (fact, lot_id, quantity, from_place, to_place, occurred_at, action, event_id)
    SELECT 'bench/' || l.id || '/' || week, l.id, 1 + (l.id + week) % 5, p.id, w.id,
           timestamptz '2026-06-01' - week * interval '7 days', 'dispense', (SELECT max(id) FROM event)
    FROM lot l JOIN place p ON l.lot_number = 'L-' || p.name, place w, generate_series(1, {weeks}, 3) AS week
    WHERE w.name = 'ward';
    INSERT INTO position (lot_id, serial, place_id, quantity)
    SELECT lot_id, '', from_place, 200 - sum(quantity) FROM movement WHERE action = 'dispense' GROUP BY 1, 3;
    INSERT INTO residency (lot_id, place_id, began_at)
    SELECT lot_id, to_place, occurred_at FROM movement WHERE action = 'receive';
    ANALYZE;
"""


@cache
def _measured() -> dict[str, float]:
    ledger = Ledger(new_database("plan"))
    ledger.add_place("acme", "supplier")
    ledger.add_place("ward", "ward")
    for number in range(SITES):
        ledger.add_place(f"site-{number}", "site")
    ledger.run_as_owner(HOUSE.format(items=ITEMS, weeks=WEEKS))
    before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = perf_counter()
    run = make_run(ledger.database, at=AT, actor="bench")
    took_s = perf_counter() - began
    assert run["lines"] == ITEMS * SITES
    grown_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb
    return {"seconds": took_s, "grown_mb": grown_kb / 1024}


def plan_ledger_10k_s() -> Figure:
    """From the request to the stored run."""
    note = f"{ITEMS * SITES} lines of {WEEKS} weeks from the movement log, stored"
    return Figure("plan_ledger_10k_s", _measured()["seconds"], "s", 10, note=note)


def plan_ledger_mb() -> Figure:
    """Memory that the run took in this process at the most."""
    return Figure("plan_ledger_mb", _measured()["grown_mb"], "MB", 100, note=f"{ITEMS * SITES} lines")


FIGURES = {"plan_ledger_10k_s": plan_ledger_10k_s, "plan_ledger_mb": plan_ledger_mb}
