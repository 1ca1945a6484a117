"""What gateways say, when it arrives, and what time does."""

from datetime import timedelta
from typing import Any

from hypothesis import strategies as st

from cloud_sync.actions.orders.allocate import end_unconfirmed
from cloud_sync.posting.reservations.broken_reservations import expire_reservations
from edge_agent.domain.wire.records import Action, ScanLine
from tests.machine.doing import does
from tests.machine.house import (
    CASE_GTIN,
    CASES,
    DEVICES,
    GATEWAY_OF,
    GTINS,
    LOTS,
    OWNED,
)
from tests.machine.watching import Watch

TEMPERATURES = (1.0, 5.0, 5.0, 5.0, 7.6, 8.0, 8.7, 9.4, 12.0)
WAYS: tuple[tuple[Action, str, str | None], ...] = (
    (Action.RECEIVE, "acme", "dock"), (Action.RECEIVE, "acme", "fridge-a"), (Action.RECEIVE, "acme", "shelf-a"),
    (Action.RECEIVE, "acme", "fridge-b"), (Action.RECEIVE, "acme", "store"), (Action.RECEIVE, "shady", "store"),
    (Action.PUT_AWAY, "dock", "fridge-a"), (Action.PUT_AWAY, "dock", "fridge-b"), (Action.MOVE, "fridge-a", "shelf-a"),
    (Action.MOVE, "shelf-a", "store"), (Action.MOVE, "fridge-b", "store"), (Action.MOVE, "store", "fridge-a"),
    (Action.MOVE, "fridge-a", "fridge-b"), (Action.MOVE, "store", "annex"), (Action.MOVE, "annex", "fridge-a"),
    (Action.MOVE, "store", "store"), (Action.PICK, "fridge-a", "store"), (Action.SHIP, "fridge-a", "st-mary"),
    (Action.SHIP, "store", "st-mary"), (Action.DISPENSE, "fridge-b", "ward-3"), (Action.RETURN, "st-mary", "store"),
    (Action.RETURN, "ward-3", "fridge-a"), (Action.DESTROY, "store", None), (Action.MOVE, "store", None),
    (Action.COUNT, "store", None), (Action.COUNT, "fridge-a", None), (Action.MOVE, "north-room", "store"),
    (Action.MOVE, "store", "vault"), (Action.MOVE, "vault", "store"), (Action.DISPENSE, "vault", "ward-3"),
    (Action.MOVE, "shady", "store"), (Action.PUT_AWAY, "st-mary", "fridge-b"), (Action.RETURN, "acme", "fridge-b"),
)  # fmt: skip
CASE_WAYS: tuple[tuple[Action, str, str | None], ...] = (
    (Action.RECEIVE, "acme", "dock"), (Action.RECEIVE, "acme", "fridge-a"), (Action.RECEIVE, "acme", "vault"),
    (Action.PUT_AWAY, "dock", "store"), (Action.MOVE, "fridge-a", "store"), (Action.MOVE, "store", "vault"),
    (Action.MOVE, "vault", "annex"), (Action.SHIP, "store", "st-mary"), (Action.RETURN, "st-mary", "store"),
    (Action.DESTROY, "store", None), (Action.COUNT, "store", None),
    (Action.OPEN_CASE, "store", None), (Action.OPEN_CASE, "dock", None), (Action.OPEN_CASE, "fridge-a", None),
    (Action.OPEN_CASE, "vault", None), (Action.OPEN_CASE, "st-mary", None),
)  # fmt: skip
numbers = st.integers(0, 999)
quantities = st.integers(1, 5)


class Gateways(Watch):
    """Scans and readings, late, twice, in any order, some by clocks that are off."""

    @does(5, minutes=st.integers(1, 25))
    def time_passes(self, minutes: int) -> None:
        self.set_clock(minutes)

    @does(1)
    def a_night_passes(self) -> None:
        if self.house.now < self.house.minute(530):
            self.set_clock(24 * 60)
            end_unconfirmed(self.database, at=self.house.now)
            expire_reservations(self.database, at=self.house.now)

    @does(10, which=numbers, way=st.sampled_from(WAYS), lot=st.sampled_from(sorted(LOTS)), quantity=quantities,
          minutes_ago=st.integers(0, 90), is_ahead=st.integers(0, 5), other=numbers)  # fmt: skip
    def somebody_scans(self, which: int, way: Any, lot: str, quantity: int, minutes_ago: int, is_ahead: int,
                       other: int) -> None:  # fmt: skip
        action, source, target = way
        there = sorted((lot, units) for (lot, _, place), units in self.model.balances().items()
                       if place == source and units > 0 and lot not in OWNED)  # fmt: skip
        if action is not Action.RECEIVE and there and other % 5:
            lot, quantity = there[other % len(there)][0], min(quantity, there[other % len(there)][1])
        lines = [self.line(lot, quantity, other)]
        if other % 4 == 0:
            lines.append(self.line(sorted(LOTS)[other % len(LOTS)], 2, other + 1))
        order = self.orders[other % len(self.orders)][0] if self.orders and other % 3 == 0 else None
        at = self.when(minutes_ago, is_ahead == 0 and self.gate(which).is_synced)
        self.scan(which, action, source, target, lines, at, order)
        self.maybe_deliver(which, quantity + minutes_ago)

    @does(6, which=numbers, way=st.sampled_from(CASE_WAYS), lot=st.sampled_from(["C1", "C1", "C2"]), other=numbers,
          minutes_ago=st.integers(0, 90))  # fmt: skip
    def somebody_scans_a_case(self, which: int, way: Any, lot: str, other: int, minutes_ago: int) -> None:
        """A serialised case, now and then one without a serial; opening it, perhaps with what is found inside."""
        action, source, target = way
        there = sorted((lot, serial) for (lot, serial, place), units in self.model.balances().items()
                       if place == source and units > 0 and CASE_GTIN in serial)  # fmt: skip
        serial: str | None = CASES[other % len(CASES)]
        if action is not Action.RECEIVE and there and other % 5:
            lot, known = there[other % len(there)]
            serial = known.partition("(21)")[2]
        if other % 11 == 0:
            serial = None
        case = ScanLine(CASE_GTIN, 1, f"{lot}", lot, self.house.expiry(lot), serial)
        lines = [case]
        if action is Action.OPEN_CASE and other % 3 == 0:
            lines.append(ScanLine(GTINS["pen"], 1, f"{lot}", lot, self.house.expiry(lot), f"u{other % 3}"))
            lines = lines[other % 2 :] if other % 12 == 0 else lines
        self.scan(which, action, source, target, lines, self.when(minutes_ago), None)
        self.maybe_deliver(which, other + minutes_ago)

    @does(3, which=numbers, batch=numbers, lot=st.sampled_from(["D1", "D2"]), quantity=quantities, is_out=st.booleans(),
          minutes_ago=st.integers(0, 60))  # fmt: skip
    def somebody_scans_production(
        self, which: int, batch: int, lot: str, quantity: int, is_out: bool, minutes_ago: int
    ) -> None:
        if not self.model.batches:
            return
        number = sorted(self.model.batches)[batch % len(self.model.batches)]
        products = sorted(lot for lot in self.model.item_of if lot.startswith("P"))
        if is_out and products and batch % 2:
            made = products[batch % len(products)]
            lines, way = [self.line(made, quantity, 0)], (Action.MOVE, number, "store")
        elif is_out:
            lines, way = [self.line(lot, quantity, 0)], (Action.MOVE, number, "clean-room")
        else:
            lines, way = [self.line(lot, quantity, 0)], (Action.CONSUME, "store", number)
        self.scan(which, *way, lines, self.when(minutes_ago), None)
        self.maybe_deliver(which, quantity + minutes_ago)

    @does(9, device=st.sampled_from(sorted(DEVICES)), temperatures=st.lists(st.sampled_from(TEMPERATURES), min_size=1,
          max_size=4), minutes_ago=st.integers(0, 120))  # fmt: skip
    def a_probe_measures(self, device: str, temperatures: list[float], minutes_ago: int) -> None:
        gate = self.house.gates[GATEWAY_OF[device]]
        times = [self.when(minutes_ago + 4 * n) for n in reversed(range(len(temperatures)))]
        gate.note(*((self.house.reading(gate, device, at, value), at)
                    for at, value in zip(times, temperatures, strict=True)))  # fmt: skip
        self.maybe_deliver(GATEWAY_OF[device], minutes_ago)

    @does(1, which=numbers, behind=st.sampled_from([0, 45, 200]))
    def a_gateway_starts_again(self, which: int, behind: int) -> None:
        gate = self.gate(which)
        if gate.is_synced:
            gate.start_again(timedelta(minutes=behind))

    @does(3, which=numbers)
    def a_clock_is_synchronised(self, which: int) -> None:
        gate = self.gate(which)
        if not gate.is_synced:
            gate.synchronise(self.when(0))

    @does(6, which=numbers, picks=st.lists(numbers, min_size=1, max_size=4))
    def batches_arrive(self, which: int, picks: list[int]) -> None:
        gate = self.gate(which)
        chosen = []
        for pick in picks:
            if gate.waiting:
                chosen.append(gate.waiting.pop(pick % len(gate.waiting)))
        self.deliver(which, chosen)

    @does(3, which=numbers, pick=numbers, minutes_ago=st.integers(0, 300), temperatures=st.lists(
          st.sampled_from(TEMPERATURES), min_size=2, max_size=5))  # fmt: skip
    def readings_arrive_in_bulk(self, which: int, pick: int, minutes_ago: int, temperatures: list[float]) -> None:
        """All that a gateway has kept, in one message with a batch that came before."""
        gate = self.gate(which)
        device = next(name for name, number in GATEWAY_OF.items() if self.gate(number) is gate)
        for number, value in enumerate(temperatures):
            at = self.when(minutes_ago + 3 * number)
            gate.note((self.house.reading(gate, device, at, value), at))
        kept = [batch for batch in gate.waiting if batch.is_of_readings][:: -1 if pick % 2 else 1]
        gate.waiting = [batch for batch in gate.waiting if not batch.is_of_readings]
        came = [batch for batch in gate.sent if batch.is_of_readings]
        again = [came[pick % len(came)]] if came else []
        outcomes = [each["outcome"] for each in self.post_batches([kept[0], *again, *kept[1:]])]
        assert outcomes == ["stored", *("duplicate" for _ in again), *("stored" for _ in kept[1:])]
        self.take_in(which, kept)

    @does(2, which=numbers, pick=numbers)
    def a_batch_arrives_again(self, which: int, pick: int) -> None:
        gate = self.gate(which)
        if gate.sent:
            before = self.effects()
            receipts = self.post_batches([gate.sent[pick % len(gate.sent)]])
            assert [each["outcome"] for each in receipts] == ["duplicate"]
            assert self.effects() == before
