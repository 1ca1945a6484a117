"""How quick an allocation is of an item of which nearly all is held."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from random import Random
from time import perf_counter

from cloud_sync.ingest.batches import store_batch
from tests.bench.figure import Figure
from tests.bench.ledger import analyse, new_database
from tests.bench.ledger_allocate import ALONE, WARM_UP, allocate_one
from tests.bench.pace import Timed, p99_of, told, watch
from tests.support.builders import GatewayWithKey, Ledger, reading

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HELD, FREE = 10_000, 10


@cache
def _beside_held(held: int) -> list[Timed]:
    """Allocations of an item with ten free lots and so many that expire sooner and are held by an excursion."""
    database = new_database(f"held_{held}")
    ledger = Ledger(database)
    ledger.add_policy()
    ledger.add_place("acme", "supplier")
    ledger.add_place("site", "site")
    ledger.add_place("cold", "room", "site", "cold")
    ledger.add_place("calm", "room", "site")
    ledger.add_item("item-0")
    gateway = GatewayWithKey("gw-held")
    gateway.register(database)
    ledger.put_probe("cold", "probe-a", gateway.name)
    ledger.run("INSERT INTO event (actor, kind, subject) VALUES ('bench', 'filled', 'bench:1')")
    for tag, room, lots, quantity, day in (
        ("H", "cold", held, 10, "2030-01-01"),
        ("F", "calm", 10, 10**6, "2031-01-01"),
    ):
        ledger.run(
            """INSERT INTO lot (item_id, lot_number, owner, expires_on)
               SELECT (SELECT id FROM item), %(tag)s || k, 'house', %(day)s::date FROM generate_series(1, %(n)s) k""",
            {"tag": tag, "n": lots, "day": day},
        )
        ledger.run(
            """INSERT INTO movement (fact, lot_id, quantity, from_place, to_place, occurred_at, action, event_id)
               SELECT 'b/' || l.id, l.id, %(q)s, a.id, r.id, '2026-01-05 00:00Z', 'receive',
                      (SELECT max(id) FROM event)
               FROM lot l, place a, place r
               WHERE l.lot_number LIKE %(like)s AND a.name = 'acme' AND r.name = %(room)s""",
            {"q": quantity, "like": tag + "%", "room": room},
        )
    for side, sign in (("to_place", 1), ("from_place", -1)):
        ledger.run(
            "INSERT INTO position (lot_id, serial, place_id, quantity)"
            f" SELECT lot_id, '', {side}, {sign} * quantity FROM movement"
        )
    ledger.run(
        "INSERT INTO residency (lot_id, serial, place_id, began_at)"
        " SELECT lot_id, '', to_place, occurred_at FROM movement"
    )
    analyse(database)
    for at, value in ((0, 5.0), (1, 9.0)):
        store_batch(database, gateway.batch(reading(NOW + timedelta(minutes=at), value)))
    assert len(ledger.held()) == held
    analyse(database)  # as autovacuum does soon after
    random = Random(1)
    watch()
    took = []
    for number in range(WARM_UP + ALONE):
        began = perf_counter()
        answer = allocate_one(database, random, item="item-0")
        if number >= WARM_UP:
            took.append(Timed.since(began))
    assert answer["reservations"] and sum(answer["skipped_more"].values()) + len(answer["skipped"]) == held
    return took


def allocate_10k_held() -> Figure:
    """Held lots that would leave first cost an allocation next to nothing."""
    return Figure(
        "allocate_10k_held_p99_ms",
        p99_of(_beside_held(HELD)),
        "ms",
        2.0,
        target_is_ratio=True,
        against=p99_of(_beside_held(0)),
        peer="none held",
        note=f"10 free lots, {HELD:,} held, 1 client; {told(_beside_held(HELD))}",
    )


FIGURES: dict[str, Callable[[], Figure]] = {"allocate_10k_held_p99_ms": allocate_10k_held}
