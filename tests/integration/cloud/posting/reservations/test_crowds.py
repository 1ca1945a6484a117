"""Crowds on one item: many clients and gateways at once, and nothing is reserved or issued that may not be."""

import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from random import Random
from typing import Any

import pytest

from cloud_sync.actions.orders.allocate import allocate, void_reservation
from cloud_sync.actions.quality.holds_and_dispositions import decide
from cloud_sync.actions.quality.recalls import open_recall
from cloud_sync.actions.stock.movements import pick
from cloud_sync.domain.dispositions import Decision
from cloud_sync.errors import Conflict, DatabaseDown, NotFound
from cloud_sync.ingest.batches import store_batch
from cloud_sync.ingest.receipts import BatchOutcome
from cloud_sync.storage.database import Database
from edge_agent.domain.wire.records import Action
from tests.integration.conftest import Said
from tests.support.builders import GatewayWithKey, Ledger, line, minute, reading, scan
from tests.support.ledger_api import NOW, Api, api_on

CLIENTS = 50


@pytest.fixture
def api(ledger: Ledger) -> Iterator[Api]:
    with api_on(ledger.database) as opened:
        yield opened


@pytest.mark.parametrize("seed", range(2))
def test_fifty_clients_that_ask_keep_and_take_back_never_get_more_than_there_is(
    ledger: Ledger, say: Said, seed: int
) -> None:
    """Each asks under its own id, twice; then keeps its reservation, in whole or in part, or takes it back, twice."""
    for lot, place in (("A", "dock"), ("B", "fridge-a"), ("C", "fridge-b")):
        say(scan(minute(0), Action.RECEIVE, "acme", place, line(30, lot)))

    def client(number: int) -> tuple[int, int]:
        random = Random(seed * 1000 + number)
        wanted, client_id = random.randint(1, 4), uuid.UUID(int=number + 1)
        first, again = (ask(ledger.database, client_id, wanted, f"W-{number}") for _ in range(2))
        assert first == again
        shipped = 0
        for each in first["reservations"]:
            if random.random() < 0.4:
                for _ in range(2):
                    until_done(lambda each=each: void_reservation(ledger.database, each["id"], "enough", actor="amy"))
                continue
            part = random.randint(1, each["quantity"])
            moved = [keep(ledger.database, each["id"], part) for _ in range(2)]
            assert moved[0] == moved[1]
            shipped += moved[0][0]["quantity"]
        return sum(each["quantity"] for each in first["reservations"]), shipped

    done = crowd([lambda number=number: client(number) for number in range(CLIENTS)])
    shipped = sum(units for _, units in done)
    assert shipped > 0
    balances = ledger.balances()
    assert sum(units for (_, _, place), units in balances.items() if place == "st-mary") == shipped
    assert sum(units for (_, _, place), units in balances.items() if place in ("dock", "fridge-a", "fridge-b")) == (
        90 - shipped
    )
    assert_reservations_are_covered(ledger)
    assert ledger.open_cases() == []


@pytest.mark.parametrize("seed", range(3))
def test_a_release_beside_late_readings_never_frees_what_the_evidence_does_not_cover(
    ledger: Ledger, gateway: GatewayWithKey, say: Said, seed: int
) -> None:
    """Whichever comes first: the decision covers the excursion as it was, and if that changed the hold is there."""
    say(scan(minute(0), Action.RECEIVE, "acme", "fridge-a", line(10)))
    say(reading(minute(10), 12.0), reading(minute(12), 5.0))
    (excursion,) = ledger.rows("SELECT id FROM excursion")
    (lot,) = ledger.rows("SELECT id FROM lot")
    late = [gateway.batch(reading(minute(at), 14.0)) for at in (11, 11.5)]
    Random(seed).shuffle(late)

    def release() -> str:
        try:
            decide(ledger.database, excursion_id=excursion["id"], lot_id=lot["id"], decision=Decision.RELEASE,
                   reason="stability data", actor="quality-1")  # fmt: skip
        except (Conflict, NotFound) as refused:
            return str(refused)
        return "released"

    def ask_for_all() -> str:
        return str(ask(ledger.database, uuid.uuid4(), 10, "W-1")["missing"])

    doings: list[Callable[[], Any]] = [*(lambda raw=raw: store_batch(ledger.database, raw).outcome for raw in late)]
    crowd([*doings, release, ask_for_all])
    assert ledger.excursions() == {("probe-a", "too-warm", minute(10), minute(12), 14.0)}
    (decided,) = ledger.rows(
        "SELECT worst, evidence = exposure_evidence(excursion_id, lot_id) AS same FROM disposition"
    )
    is_held = ledger.held() == {("L1", "", "fridge-a")}
    assert (decided["same"], is_held) == ((True, False) if decided["worst"] == 14.0 else (False, True))
    assert_reservations_are_covered(ledger)


@pytest.mark.parametrize("seed", range(3))
def test_a_recall_beside_picks_leaves_no_reservation_and_lets_nothing_out_afterwards(
    ledger: Ledger, say: Said, seed: int
) -> None:
    say(scan(minute(0), Action.RECEIVE, "acme", "dock", line(CLIENTS)))
    (lot,) = ledger.rows("SELECT id FROM lot")
    ids = [ask(ledger.database, uuid.uuid4(), 1, f"W-{n}")["reservations"][0]["id"] for n in range(20)]

    def recall() -> str:
        open_recall(ledger.database, title="cracked vials", reason="letter", is_mock=False, lots=[lot["id"]], items=[],
                    suppliers=[], actor="quality-1")  # fmt: skip
        return "recalled"

    def take(reservation_id: int) -> str:
        try:
            keep(ledger.database, reservation_id, 1)
        except Conflict as refused:
            return str(refused)
        return "picked"

    doings: list[Callable[[], str]] = [lambda each=each: take(each) for each in ids]
    doings.insert(Random(seed).randrange(5, 15), recall)
    outcomes = crowd(doings)
    picked = outcomes.count("picked")
    assert all("broken" in each or "cracked vials" in each for each in outcomes if each not in ("picked", "recalled"))
    assert ledger.balances().get(("L1", "", "st-mary"), 0) == picked
    # Nothing was picked after the recall stood.
    (opened,) = ledger.events("recall_opened")
    assert all(event["id"] < opened["id"] for event in ledger.events("moved"))
    assert ledger.rows("SELECT FROM reservation WHERE ended_at IS NULL") == []
    assert ask(ledger.database, uuid.uuid4(), 1, "W-99")["missing"] == 1


@pytest.mark.parametrize("seed", range(2))
def test_an_order_that_is_allocated_cancelled_and_filled_at_once_keeps_nobody_waiting_for_ever(
    api: Api, ledger: Ledger, seed: int
) -> None:
    """Everybody takes order and lot in one order, so that no deadlock has to be broken."""
    gateways = [GatewayWithKey(f"hand-{n}", f"{n:08d}-1111-4111-8111-111111111111") for n in range(10)]
    for gateway in gateways:
        gateway.register(ledger.database)
    store_batch(ledger.database, gateways[0].batch(scan(minute(0), Action.RECEIVE, "acme", "dock", line(80))))
    body = {
        "client_id": str(uuid.uuid4()), "kind": "requisition", "from_place": "site", "to_place": "st-mary",
        "lines": [{"item": "insulin", "quantity": 60}],
    }  # fmt: skip
    path = f"/v1/orders/{api.operator.ok('POST', '/v1/orders', json=body)['number']}"
    number = path.rsplit("/", 1)[-1]
    api.operator.ok("POST", f"{path}/allocate", json={"client_id": str(uuid.uuid4())})
    part = {"reason": "not needed", "lines": [{"line": 1, "quantity": 1}]}
    doings: list[Callable[[], Any]] = []
    for n, gateway in enumerate(gateways):
        raw = gateway.batch(scan(minute(n + 1), Action.SHIP, "dock", "st-mary", line(2), order=number))
        ask_again = {"client_id": str(uuid.uuid4())}
        doings += [
            lambda raw=raw: store_batch(ledger.database, raw).outcome is BatchOutcome.STORED,
            lambda: api.operator.post(f"{path}/cancel", part).status_code == 200,
            lambda body=ask_again: api.operator.post(f"{path}/allocate", body).status_code == 200,
        ]
    Random(seed).shuffle(doings)
    assert all(crowd(doings, hands=10))
    (shown,) = api.reader.ok("GET", path)["lines"]
    assert shown["states"] == {"shipped": 20, "cancelled": 10, "allocated": 30}
    assert_reservations_are_covered(ledger)


def assert_reservations_are_covered(ledger: Ledger) -> None:
    sql = """
        SELECT l.lot_number, v.serial, p.name AS place, sum(v.quantity)::bigint AS reserved,
               bool_or(EXISTS (SELECT FROM active_hold h WHERE h.lot_id = v.lot_id
                               AND hold_covers(h.place_id, v.place_id))) AS held
        FROM reservation v JOIN lot l ON l.id = v.lot_id JOIN place p ON p.id = v.place_id
        WHERE v.ended_at IS NULL GROUP BY 1, 2, 3"""
    there = ledger.balances()
    for row in ledger.rows(sql):
        assert row["reserved"] <= there.get((row["lot_number"], row["serial"], row["place"]), 0), row
        assert not row["held"], row


def ask(database: Database, client_id: uuid.UUID, quantity: int, demand: str) -> dict[str, Any]:
    answer: dict[str, Any] = until_done(
        lambda: allocate(database, client_id=client_id, item="insulin", owner="house", quantity=quantity, demand=demand,
                         site=None, shelf_life_min_days=0, at=NOW, actor="amy")
    )  # fmt: skip
    return answer


def keep(database: Database, reservation_id: int, quantity: int) -> list[dict[str, Any]]:
    moved: list[dict[str, Any]] = until_done(
        lambda: pick(database, reservation_id, to_place="st-mary", action=Action.SHIP, quantity=quantity, at=NOW,
                     actor="amy")
    )  # fmt: skip
    return moved


def until_done(doing: Callable[[], Any]) -> Any:
    """The pool is smaller than the crowd: who gets no connection asks again, as clients do. A deadlock is no excuse."""
    while True:
        try:
            return doing()
        except DatabaseDown as error:
            if "no database connection" not in str(error):
                raise


def crowd(doings: Sequence[Callable[[], Any]], hands: int | None = None) -> list[Any]:
    """Do all of it at once; nobody starts before all are there. Gives what came out, in the order of ``doings``."""
    ready = threading.Barrier(hands or len(doings))
    with ThreadPoolExecutor(ready.parties, initializer=ready.wait, initargs=(30,)) as pool:
        futures = [pool.submit(doing) for doing in doings]
        return [future.result(timeout=120) for future in futures]
