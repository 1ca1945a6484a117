"""A machine that does to a ledger, in any interleaving, what gateways and people do to it, and watches what must hold.

Rules take plain numbers and choose from what there is at that moment, so that nearly every step does something.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import httpx
from hypothesis import event
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from cloud_sync.actions.orders import replan_broken
from cloud_sync.actions.promises import expire_promises
from cloud_sync.storage.database import Database
from edge_agent.domain.eligibility import ISSUING
from edge_agent.domain.ids import DeviceName, PlaceName
from edge_agent.domain.records import Action, ScanLine, ScanTransaction
from edge_agent.domain.wire import join_units
from tests.integration.ledger_api import Somebody
from tests.machine.expected import Booked, Expected, Heard, Hold
from tests.machine.house import (
    DEVICES,
    GATEWAY_OF,
    GTINS,
    HOUSE,
    LATE_ITEM,
    LATE_PLACE,
    LOTS,
    PLACES,
    POLICIES,
    SERIALS,
    Batch,
    Gate,
    House,
)
from tests.reference_model import Move

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
)  # fmt: skip
COMMANDS: tuple[tuple[Action, str, str], ...] = (
    (Action.RECEIVE, "acme", "fridge-a"), (Action.RECEIVE, "acme", "store"), (Action.RECEIVE, "shady", "fridge-b"),
    (Action.RECEIVE, "acme", "clean-room"), (Action.MOVE, "fridge-a", "fridge-b"), (Action.MOVE, "store", "fridge-a"),
    (Action.MOVE, "fridge-b", "store"), (Action.MOVE, "store", "clean-room"), (Action.MOVE, "shelf-a", "store"),
    (Action.PICK, "fridge-a", "store"), (Action.SHIP, "fridge-a", "st-mary"), (Action.SHIP, "store", "st-mary"),
    (Action.DISPENSE, "store", "ward-3"), (Action.DISPENSE, "fridge-b", "ward-3"), (Action.RETURN, "st-mary", "store"),
    (Action.RETURN, "store", "acme"), (Action.DESTROY, "store", "scrap"), (Action.SHIP, "ward-3", "st-mary"),
)  # fmt: skip
FIRST_STOCK = (("fridge-a", "A1", 6), ("store", "A2", 6), ("store", "D1", 8), ("clean-room", "D2", 5),
               ("fridge-b", "V1", 5), ("store", "X1", 4), ("shelf-a", "A1", 3), ("store", "S1", 1))  # fmt: skip
EFFECTS = """
    SELECT (SELECT count(*) FROM event) AS event, (SELECT count(*) FROM movement) AS movement,
           (SELECT coalesce(max(id), 0) FROM reservation) AS reservation,
           (SELECT count(*) FROM reservation WHERE ended_at IS NULL) AS promised, (SELECT count(*) FROM hold) AS hold,
           (SELECT count(*) FROM stock_order) AS orders, (SELECT count(*) FROM order_step) AS steps,
           (SELECT count(*) FROM count_line) AS counted, (SELECT count(*) FROM batch_fact) AS batch_fact,
           (SELECT count(*) FROM exception_case) AS cases, (SELECT count(*) FROM disposition) AS dispositions"""
numbers = st.integers(0, 999)
quantities = st.integers(1, 5)


Doing = Callable[..., None]
DOINGS: dict[str, st.SearchStrategy[dict[str, Any]]] = {}
WEIGHTED: list[str] = []
"""Names of what may happen, the more often the likelier."""


def does(weight: int, **drawn: st.SearchStrategy[Any]) -> Callable[[Doing], Doing]:
    """Something that may happen, with what it takes. One rule draws from all of them: hypothesis on its own would
    leave most kinds of things out of most stories, and it is their mixture that matters here."""

    def register(doing: Doing) -> Doing:
        DOINGS[doing.__name__] = st.fixed_dictionaries(drawn)
        WEIGHTED.extend([doing.__name__] * weight)
        return doing

    return register


things = st.deferred(lambda: st.sampled_from(WEIGHTED).flatmap(lambda name: st.tuples(st.just(name), DOINGS[name])))


class Machine(RuleBasedStateMachine):
    """Set ``client``, ``database`` and ``clock`` on a subclass before it runs."""

    client: ClassVar[httpx.Client]
    database: ClassVar[Database]
    clock: ClassVar[list[datetime]]

    @initialize()
    def move_in(self) -> None:
        self.house = House(self.client, self.database)
        self.model = Expected(self.house, item_of={**LOTS})
        self.retries: list[tuple[Somebody, str, Any, int]] = []
        self.orders: list[tuple[str, str]] = []
        self.counts: list[str] = []
        self.steps = 0
        self.set_clock(0)
        for place, lot, quantity in FIRST_STOCK:
            self.command_move(Action.RECEIVE, "acme", place, lot, quantity, 0)
        self.set_clock(30)
        self.a_batch_is_planned(4)
        self.ingredients_go_in(0, "D1", 3, 20, "store")

    @rule(thing=things)
    def step(self, thing: tuple[str, dict[str, Any]]) -> None:
        name, drawn = thing
        getattr(self, name)(**drawn)

    # ---------------------------------------------------------------------------------------------- what happens

    @does(5, minutes=st.integers(1, 25))
    def time_passes(self, minutes: int) -> None:
        self.set_clock(minutes)

    @does(1)
    def a_night_passes(self) -> None:
        if self.house.now < self.house.minute(530):
            self.set_clock(24 * 60)
            expire_promises(self.database, at=self.house.now)

    @does(10, which=numbers, way=st.sampled_from(WAYS), lot=st.sampled_from(sorted(LOTS)), quantity=quantities,
          minutes_ago=st.integers(0, 90), is_ahead=st.integers(0, 5), other=numbers)  # fmt: skip
    def somebody_scans(self, which: int, way: Any, lot: str, quantity: int, minutes_ago: int, is_ahead: int,
                       other: int) -> None:  # fmt: skip
        action, source, target = way
        there = sorted((lot, units) for (lot, _, place), units in self.model.balances().items()
                       if place == source and units > 0)  # fmt: skip
        if action is not Action.RECEIVE and there and other % 5:
            lot, quantity = there[other % len(there)][0], min(quantity, there[other % len(there)][1])
        lines = [self.line(lot, quantity, other)]
        if other % 4 == 0:
            lines.append(self.line(sorted(LOTS)[other % len(LOTS)], 2, other + 1))
        order = self.orders[other % len(self.orders)][0] if self.orders and other % 3 == 0 else None
        at = self.when(minutes_ago, is_ahead == 0 and self.gate(which).is_synced)
        self.scan(which, action, source, target, lines, at, order)
        self.maybe_deliver(which, quantity + minutes_ago)

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

    @does(2, which=numbers, pick=numbers)
    def a_batch_arrives_again(self, which: int, pick: int) -> None:
        gate = self.gate(which)
        if gate.sent:
            before = self.effects()
            receipts = self.post_batches([gate.sent[pick % len(gate.sent)]])
            assert [each["outcome"] for each in receipts] == ["duplicate"]
            assert self.effects() == before

    # ------------------------------------------------------------------------------------------ stock by command

    @does(5, way=st.sampled_from(COMMANDS), lot=st.sampled_from(sorted(LOTS)), quantity=quantities, other=numbers)
    def stock_is_moved(self, way: Any, lot: str, quantity: int, other: int) -> None:
        action, source, target = way
        self.command_move(action, source, target, lot, quantity, other)

    @does(7, action=st.sampled_from([Action.SHIP, Action.DISPENSE, Action.PICK, Action.CONSUME, Action.MOVE]),
          pick=numbers, quantity=quantities, other=numbers)  # fmt: skip
    def stock_that_is_there_is_moved(self, action: Action, pick: int, quantity: int, other: int) -> None:
        there = sorted(key for key, units in self.model.balances().items() if units > 0 and self.is_taken_from(key[2]))
        if not there:
            return
        lot, serial, source = there[pick % len(there)]
        targets = {Action.SHIP: ["st-mary"], Action.DISPENSE: ["ward-3"], Action.CONSUME: sorted(self.model.batches)}
        options = targets.get(action, [place for place in HOUSE if place != source])
        if options:
            self.command_move(action, source, options[other % len(options)], lot, quantity, other, serial)

    @does(5, item=st.sampled_from(["insulin", "vaccine", "drug", "ampoule", "syringe"]), quantity=st.integers(1, 9),
          demand=numbers)  # fmt: skip
    def stock_is_allocated(self, item: str, quantity: int, demand: int) -> None:
        free, known = self.free_and_eligible(item), self.holds()
        body = {"client_id": self.id(), "item": item, "quantity": quantity, "demand": f"W-{demand % 5}"}
        answer = self.ask(self.house.amy, "/v1/allocations", body)
        promised = sum(each["quantity"] for each in answer["reservations"])
        assert (promised, answer["missing"]) == (min(quantity, free), quantity - min(quantity, free))
        for each in answer["reservations"]:
            assert not self.blocking(known, each["lot_number"], each["serial"], each["place"])

    @does(4, pick=numbers, how=st.sampled_from([("ship", "st-mary"), ("dispense", "ward-3"), ("pick", "store"),
          ("pick", "fridge-a")]), part=st.integers(0, 2))  # fmt: skip
    def a_promise_is_kept(self, pick: int, how: tuple[str, str], part: int) -> None:
        if (row := self.open_promise(pick)) is None or row["place"] == how[1]:
            return
        known = self.holds()
        body = {"to_place": how[1], "action": how[0], "quantity": min(part, row["quantity"]) or None}
        response = self.say(self.house.bob, f"/v1/reservations/{row['id']}/pick", body)
        self.must_refuse(response, known, row["lot_number"], row["serial"], row["place"])
        if response.is_success:
            self.take_rows(response.json(), how[0])

    @does(2, pick=numbers)
    def a_promise_is_taken_back(self, pick: int) -> None:
        if (row := self.open_promise(pick)) is not None:
            response = self.say(self.house.amy, f"/v1/reservations/{row['id']}/void", {"reason": "not needed"})
            assert response.status_code == 204

    @does(1)
    def broken_promises_are_planned_again(self) -> None:
        replan_broken(self.database, at=self.house.now)

    @does(3, pick=numbers)
    def a_client_asks_again(self, pick: int) -> None:
        if not self.retries:
            return
        who, path, body, status = self.retries[pick % len(self.retries)]
        before = self.effects()
        response = who.post(path, body)
        assert (response.status_code, path) == (status, path), response.text
        assert self.effects() == before

    # ---------------------------------------------------------------------------------------------------- orders

    @does(4, kind=st.sampled_from(["demand", "demand", "transfer", "purchase", "return", "destruction"]),
          item=st.sampled_from(["insulin", "vaccine", "drug"]), quantity=st.integers(1, 8), other=numbers)  # fmt: skip
    def something_is_ordered(self, kind: str, item: str, quantity: int, other: int) -> None:
        ends = {
            "demand": [("main", "st-mary"), ("main", "ward-3"), ("store", "st-mary")],
            "transfer": [("main", "north-room"), ("north", "store")],
            "purchase": [("acme", "dock"), ("shady", "store")],
            "return": [("st-mary", "store"), ("ward-3", "fridge-a")],
            "destruction": [("store", "scrap"), ("fridge-a", "scrap")],
        }[kind]
        source, target = ends[other % len(ends)]
        line: dict[str, Any] = {"item": item, "quantity": quantity}
        if kind == "destruction":
            line["lot_number"] = next(lot for lot in sorted(LOTS) if LOTS[lot] == item)
        body = {"client_id": self.id(), "kind": kind, "from_place": source, "to_place": target, "lines": [line]}
        number = self.ask(self.house.amy, "/v1/orders", body)["number"]
        self.orders.append((number, kind))
        if kind in ("purchase", "destruction") and other % 4:
            for step in ("approve", {"purchase": "place", "destruction": "witness"}[kind]):
                self.say((self.house.bob, self.house.amy)[step == "witness"], f"/v1/orders/{number}/{step}",
                         {"reason": "as agreed"})  # fmt: skip
        if kind in ("demand", "transfer") and other % 4:
            self.an_order_is_allocated(len([each for each, what in self.orders if what in ("demand", "transfer")]) - 1)
        if kind == "transfer":
            self.house.add_place(f"transit.{number}", "transit", None, None)

    @does(3, pick=numbers, step=st.sampled_from(["approve", "approve", "place", "witness", "reject"]), who=numbers)
    def an_order_is_decided_on(self, pick: int, step: str, who: int) -> None:
        if self.orders:
            people = (self.house.bob, self.house.amy, self.house.eve)
            actor = people[who % (2 if step == "place" else 3)]
            self.say(actor, f"/v1/orders/{self.orders[pick % len(self.orders)][0]}/{step}", {"reason": "as agreed"})

    @does(4, pick=numbers)
    def an_order_is_allocated(self, pick: int) -> None:
        if number := self.order(pick, "demand", "transfer"):
            known = self.holds()
            response = self.say(self.house.amy, f"/v1/orders/{number}/allocate", {"client_id": self.id()}, retry=True)
            for line in response.json().get("lines", []):
                for each in line["reservations"]:
                    assert not self.blocking(known, each["lot_number"], each["serial"], each["place"])

    @does(4, pick=numbers, way=st.sampled_from(["gather", "gather-cold", "ship", "dispense"]))
    def an_order_is_filled(self, pick: int, way: str) -> None:
        if not (number := self.order(pick, "demand", "transfer")):
            return
        known = self.holds()
        promised = [row for row in self.promises() if row["demand"] == number]
        if way.startswith("gather"):
            body = {"to_place": "store" if way == "gather" else "fridge-b"}
            promised = [row for row in promised if row["place"] != body["to_place"]]
            response = self.say(self.house.bob, f"/v1/orders/{number}/gather", body)
        else:
            response = self.say(self.house.bob, f"/v1/orders/{number}/issue", {"action": way})
        for row in promised:
            self.must_refuse(response, known, row["lot_number"], row["serial"], row["place"])
        if response.is_success:
            self.take_rows(response.json(), "pick" if way.startswith("gather") else way)

    @does(2, pick=numbers, lot=st.sampled_from(["A1", "A2", "V1", "D1", "X1"]), quantity=quantities,
          minutes_ago=st.integers(0, 60))  # fmt: skip
    def an_order_is_received(self, pick: int, lot: str, quantity: int, minutes_ago: int) -> None:
        if not (number := self.order(pick, "purchase", "transfer", "return")):
            return
        order = self.house.ok(self.house.amy, "GET", f"/v1/orders/{number}")
        at = self.when(minutes_ago)
        line = {"item": LOTS[lot], "lot_number": lot, "quantity": quantity,
                "expires_on": self.house.expiry(lot).isoformat()}  # fmt: skip
        body = {"client_id": self.id(), "occurred_at": at.isoformat(), "lines": [line]}
        response = self.say(self.house.amy, f"/v1/orders/{number}/receive", body, retry=True)
        if response.is_success:
            source = f"transit.{number}" if order["kind"] == "transfer" else order["from_place"]
            action = Action.RETURN if order["kind"] == "return" else Action.RECEIVE
            move = Move(lot, "", quantity, source, order["to_place"], at)
            self.take(Booked(f"api/{body['client_id']}#1", move, action, number))

    @does(2, pick=numbers)
    def something_is_destroyed(self, pick: int) -> None:
        if not (number := self.order(pick, "destruction")):
            return
        order = self.house.ok(self.house.amy, "GET", f"/v1/orders/{number}")
        client_id = self.id()
        response = self.say(self.house.bob, f"/v1/orders/{number}/destroy", {"client_id": client_id}, retry=True)
        if response.is_success:
            lines = [line for line in order["lines"] if line["open"]]
            for n, line in enumerate(lines, start=1):
                move = Move(line["lot_number"], "", line["open"], order["from_place"], "scrap", self.house.now)
                self.take(Booked(f"api/{client_id}#{n}", move, Action.DESTROY, number))

    @does(1, pick=numbers, quantity=st.integers(0, 3))
    def an_order_is_cancelled(self, pick: int, quantity: int) -> None:
        if self.orders:
            body: dict[str, Any] = {"reason": "not needed any more"}
            if quantity:
                body["lines"] = [{"line": 1, "quantity": quantity}]
            self.say(self.house.amy, f"/v1/orders/{self.orders[pick % len(self.orders)][0]}/cancel", body)

    # --------------------------------------------------------------------------------------------------- quality

    @does(1, pick=numbers, place=st.sampled_from([None, "main", "fridge-a", "store", "clean-room"]), who=numbers)
    def a_lot_is_held(self, pick: int, place: str | None, who: int) -> None:
        if (lot := self.any_lot(pick)) is not None:
            body = {"lot_id": lot["id"], "place": place, "reason": "box is torn"}
            row = self.ask((self.house.amy, self.house.eve)[who % 2], "/v1/holds", body)
            self.model.placed[row["id"]] = ("manual", lot["lot_number"], place)

    @does(3, pick=numbers, who=numbers)
    def a_hold_is_lifted(self, pick: int, who: int) -> None:
        rows = self.house.eve.rows("/v1/holds/placed", only_open=True, limit=1000)
        if not rows:
            return
        row = rows[pick % len(rows)]
        actor = (self.house.eve, self.house.max)[who % 2]
        response = self.say(actor, f"/v1/holds/{row['id']}/lift", {"reason": "looked at it"})
        if response.is_success and self.model.placed.pop(row["id"], None) is None:
            self.model.by_rule.remove((row["kind"], row["lot_number"], row["place"]))

    @does(
        4, pick=numbers, decision=st.sampled_from(["release", "release", "release", "reject", "destroy"]), where=numbers
    )
    def an_exposure_is_decided_on(self, pick: int, decision: str, where: int) -> None:
        if self.model.is_in_doubt:
            return
        found = sorted(
            {
                (excursion, residency.key[0])
                for excursion, residency in self.model.truth().exposures
                if excursion.ended_at is not None or where % 4 == 0
            },
            key=lambda pair: (pair[0].device, pair[0].rule, pair[0].began_at, pair[1]),
        )
        if not found:
            return
        excursion, lot = found[pick % len(found)]
        places = [(), (), ("main",), ("fridge-a",), ("store",)][where % 5]
        number = self.excursion_ids()[excursion.device, excursion.rule, excursion.began_at]
        body = {"excursion_id": number, "lot_id": self.lot_ids()[lot], "decision": decision, "places": places,
                "reason": "stability data allow it"}  # fmt: skip
        known = self.model.evidence(excursion, lot)
        response = self.say((self.house.eve, self.house.max)[where % 2], "/v1/dispositions", body)
        if response.status_code == 201:
            self.model.released.append((number, lot, frozenset(places), known, decision == "release"))

    @does(5, pick=numbers, decision=st.sampled_from(["explained", "corrected", "accepted"]))
    def a_case_is_resolved(self, pick: int, decision: str) -> None:
        rows = self.house.eve.rows("/v1/cases", only_open=True, limit=1000)
        for row in rows if pick % 3 else rows[:1]:
            body = {"decision": decision, "resolution": "looked into it"}
            self.ask(self.house.eve, f"/v1/cases/{row['id']}/resolve", body)
            if row["kind"] in ("unknown_item", "unknown_place"):
                self.model.settled[row["key"]] = row["kind"]  # a person has dealt with it: it is not booked any more

    @does(1, pick=numbers, place=st.sampled_from([None, "main", "store"]))
    def product_looks_wrong(self, pick: int, place: str | None) -> None:
        if (lot := self.any_lot(pick)) is not None:
            self.say(self.house.bob, "/v1/cases", {"lot_id": lot["id"], "place": place, "text": "seal is broken"})

    @does(1, pick=numbers, scope=st.sampled_from(["lots", "lots", "items", "suppliers"]), is_mock=st.integers(0, 4))
    def a_recall_is_opened(self, pick: int, scope: str, is_mock: int) -> None:
        lot = self.any_lot(pick)
        if lot is None or len(self.model.recalls) > 2:
            return
        names: dict[str, Any] = {"lots": [lot["id"]], "items": [lot["item"]], "suppliers": ["shady"]}
        body = {"title": "recall", "reason": "letter of the maker", "is_mock": is_mock == 0, scope: names[scope]}
        number = self.ask(self.house.eve, "/v1/recalls", body)["id"]
        if is_mock:
            self.model.recalls[number] = (
                frozenset({lot["lot_number"]} if scope == "lots" else ()),
                frozenset(names["items"] if scope == "items" else ()),
                frozenset(names["suppliers"] if scope == "suppliers" else ()),
            )

    @does(3, pick=numbers, outcome=st.sampled_from(["lifted", "completed"]))
    def a_recall_is_closed(self, pick: int, outcome: str) -> None:
        if self.model.recalls:
            number = sorted(self.model.recalls)[pick % len(self.model.recalls)]
            body = {"outcome": outcome, "reason": "it was another maker"}
            response = self.say(self.house.max, f"/v1/recalls/{number}/close", body)
            if response.is_success and outcome == "lifted":
                del self.model.recalls[number]

    # ---------------------------------------------------------------------------------------------------- counts

    @does(1, place=st.sampled_from(["store", "fridge-a", "main"]))
    def a_count_is_opened(self, place: str) -> None:
        if len(self.counts) < 3:
            self.counts.append(self.ask(self.house.amy, "/v1/counts", {"place": place})["number"])

    @does(3, pick=numbers, lot=st.sampled_from(["A1", "A2", "D1", "V1"]), quantity=st.integers(0, 12),
          place=st.sampled_from(["store", "fridge-a"]))  # fmt: skip
    def somebody_counts(self, pick: int, lot: str, quantity: int, place: str) -> None:
        if self.counts and lot in self.lot_ids():
            found = {"item": LOTS[lot], "lot_number": lot, "quantity": quantity, "place": place}
            body = {"client_id": self.id(), "counted_at": self.house.now.isoformat(), "found": [found]}
            self.say(self.house.amy, f"/v1/counts/{self.counts[pick % len(self.counts)]}/findings", body)

    @does(2, pick=numbers, decision=st.sampled_from(["approve", "approve", "reject"]))
    def a_count_is_decided_on(self, pick: int, decision: str) -> None:
        rows = self.house.bob.rows("/v1/counts", only_open=True)
        if not rows:
            return
        number = rows[pick % len(rows)]["number"]
        lines = self.house.ok(self.house.bob, "GET", f"/v1/counts/{number}")["lines"]
        response = self.say(self.house.bob, f"/v1/counts/{number}/{decision}", {"reason": "counted twice"})
        if not response.is_success or decision == "reject":
            return
        moves = self.model.moves()
        for line in lines:
            key, at = (line["lot_number"], line["serial"], line["place"]), _time(line["counted_at"])
            there = sum(
                (1 if (move.lot, move.serial, move.to_place) == key else 0) * move.quantity
                - (1 if (move.lot, move.serial, move.from_place) == key else 0) * move.quantity
                for move in moves
                if move.at <= at
            )
            assert line["expected"] == there
            surplus = line["counted"] - there
            if surplus:
                here, away = line["place"], "count-difference"
                ends = (away, here) if surplus > 0 else (here, away)
                fact = f"count/{number}/lot:{line['lot_id']}/{line['serial']}/place:{line['place']}"
                self.take(Booked(fact, Move(key[0], key[1], abs(surplus), *ends, at), Action.COUNT, number))

    # ----------------------------------------------------------------------------------------------- compounding

    @does(2, quantity=st.integers(1, 8))
    def a_batch_is_planned(self, quantity: int) -> None:
        number = f"B{len(self.model.batches) + 1}"
        if len(self.model.batches) < 3:
            body = {"number": number, "formula": "mix", "room": "clean-room", "quantity": quantity}
            self.ask(self.house.amy, "/v1/production-batches", body)
            self.house.add_place(number, "production", "clean-room", None)
            self.model.batches[number] = False

    @does(3, pick=numbers, lot=st.sampled_from(["D1", "D2"]), quantity=quantities, minutes_ago=st.integers(0, 40),
          source=st.sampled_from(["store", "store", "fridge-a", "clean-room"]))  # fmt: skip
    def ingredients_go_in(self, pick: int, lot: str, quantity: int, minutes_ago: int, source: str) -> None:
        if not (number := self.batch(pick)):
            return
        known = self.holds()
        body = {"client_id": self.id(), "from_place": source, "occurred_at": self.when(minutes_ago).isoformat(),
                "lines": [{"item": "drug", "lot_number": lot, "quantity": quantity}]}  # fmt: skip
        response = self.say(self.house.bob, f"/v1/production-batches/{number}/consume", body, retry=True)
        self.must_refuse(response, known, lot, "", source)
        if response.is_success:
            self.take_rows(response.json(), "consume")

    @does(3, pick=numbers, quantity=quantities, minutes_ago=st.integers(0, 20), lot=st.integers(0, 2))
    def product_comes_out(self, pick: int, quantity: int, minutes_ago: int, lot: int) -> None:
        if not (number := self.batch(pick)):
            return
        made, at = f"P{number}-{lot}", self.when(minutes_ago)
        body = {"client_id": self.id(), "lot_number": made, "quantity": quantity, "to_place": "clean-room",
                "occurred_at": at.isoformat()}  # fmt: skip
        response = self.say(self.house.bob, f"/v1/production-batches/{number}/yields", body, retry=True)
        if response.is_success:
            self.model.item_of[made] = "syringe"
            move = Move(made, "", quantity, number, "clean-room", at)
            self.take(Booked(f"api/{body['client_id']}#1", move, Action.RECEIVE, number))

    @does(1, pick=numbers)
    def a_batch_is_finished(self, pick: int) -> None:
        if not (number := self.batch(pick)):
            return
        self.say(self.house.bob, f"/v1/production-batches/{number}/steps", {"step": 1})
        left = {key: units for key, units in self.model.balances().items() if key[2] == number and units > 0}
        body = {"occurred_at": self.house.now.isoformat()}
        response = self.say(self.house.bob, f"/v1/production-batches/{number}/finish", body)
        if response.is_success:
            for n, ((lot, serial, place), units) in enumerate(sorted(left.items())):
                move = Move(lot, serial, units, place, "used-up", self.house.now)
                self.take(Booked(f"batch/{number}/used#{n}", move, Action.CONSUME, number))

    @does(2, pick=numbers, decision=st.sampled_from(["release", "release", "reject"]))
    def a_batch_is_decided_on(self, pick: int, decision: str) -> None:
        if not (number := self.batch(pick)):
            return
        known, moves = self.holds(), self.model.moves()
        response = self.say(self.house.eve, f"/v1/production-batches/{number}/{decision}", {"reason": "in order"})
        if not (response.is_success and decision == "release"):
            return
        products = self.model.products(number, moves)
        ingredients = {move.lot for move in moves if move.to_place == number}
        held = {
            hold
            for hold in known
            if hold[0] != "unreleased"
            and (
                hold[1] in products
                or hold[1] in ingredients
                and self.model.covers(hold, hold[1], hold[2] or "", number)
            )
        }
        assert not held, f"{number} was released although {held}"
        self.model.batches[number] = True

    # ----------------------------------------------------------------------------------------------- master data

    @does(1, place=st.sampled_from(["fridge-a", "clean-room"]), policy=st.sampled_from(["cold", "lax"]))
    def a_policy_is_changed(self, place: str, policy: str) -> None:
        kind, parent, _ = PLACES[place]
        body = {"kind": kind, "parent": parent, "policy": policy, "reason": "new stability data"}
        self.house.ok(self.house.root, "PUT", f"/v1/places/{place}", body)
        self.house.add_place(place, kind, parent, policy)
        assert POLICIES[policy]

    @does(1, is_inspected=st.booleans())
    def an_item_is_changed(self, is_inspected: bool) -> None:
        body = {"gtins": {GTINS["vaccine"]: 1}, "receipt_inspection": is_inspected, "reason": "as quality asked"}
        self.house.ok(self.house.root, "PUT", "/v1/items/vaccine", body)
        (self.model.inspected.add if is_inspected else self.model.inspected.discard)("vaccine")

    @does(
        1, status=st.sampled_from(["qualified", "suspended", "rejected"]), supplier=st.sampled_from(["shady", "acme"])
    )
    def a_supplier_is_judged(self, status: str, supplier: str) -> None:
        self.house.ok(self.house.eve, "PUT", f"/v1/suppliers/{supplier}", {"status": status, "reason": "audit"})
        (self.model.unqualified.discard if status == "qualified" else self.model.unqualified.add)(supplier)

    @does(1, what=st.booleans())
    def what_was_unknown_is_added(self, what: bool) -> None:
        waiting = [each for each in self.model.heard.values() if self.model.why_not_booked(each)]
        if what and LATE_ITEM not in self.model.known_items:
            body = {"name": LATE_ITEM, "gtins": [{"gtin": GTINS[LATE_ITEM]}]}
            self.house.ok(self.house.root, "POST", "/v1/items", body)
            self.model.known_items.add(LATE_ITEM)
        elif not what and LATE_PLACE[0] not in self.house.world.places:
            name, (kind, parent, policy) = LATE_PLACE
            self.house.ok(self.house.root, "POST", "/v1/places", {"name": name, "kind": kind, "parent": parent})
            self.house.add_place(name, kind, parent, policy)
        for each in waiting:
            if self.model.why_not_booked(each) is None:
                self.model.receive(self.model.as_booked(each))

    # ------------------------------------------------------------------------------------------- what must hold

    @invariant()
    def what_must_hold(self) -> None:
        if not hasattr(self, "house"):
            return
        self.steps += 1
        self.check_sums()
        self.check_promises()
        if self.steps % 4 == 0:
            self.check_all()

    def teardown(self) -> None:
        if not hasattr(self, "house"):
            return
        for number, gate in enumerate(self.house.gates):
            if not gate.is_synced:
                gate.synchronise(self.when(0))
            self.deliver(number, gate.waiting[::-1])
            gate.waiting.clear()
        assert not self.model.is_in_doubt
        self.check_sums()
        self.check_promises()
        self.check_all()

    def check_sums(self) -> None:
        same("balances", set(self.house.ledger.balances().items()), set(self.model.balances().items()))

    def check_promises(self) -> None:
        sums: Counter[tuple[str, str, str]] = Counter()
        known, there = self.holds(), self.model.balances()
        for row in self.promises():
            key = row["lot_number"], row["serial"], row["place"]
            sums[key] += row["quantity"]
            assert sums[key] <= there.get(key, 0), f"{key}: {sums[key]} promised of {there.get(key, 0)}"
            assert not self.blocking(known, *key), f"{key} is promised though {self.blocking(known, *key)}"

    def check_all(self) -> None:
        self.check_nothing_is_lost()
        self.check_orders()
        if self.model.is_in_doubt:
            return
        ledger, found = self.house.ledger, self.model.truth()
        same("residencies", ledger.residencies(), {(*r.key, r.began_at, r.ended_at) for r in found.residencies})
        self.check_excursions()
        exposures = {
            (excursion.device, excursion.rule, excursion.began_at, *residency.key, residency.began_at, since)
            for (excursion, residency), since in found.exposures.items()
        }
        same("exposures", ledger.exposures(), exposures)
        same("holds", self.ledger_holds(), self.holds())
        self.check_negative()

    def check_excursions(self) -> None:
        found = self.model.truth().excursions
        excursions = {(e.device, e.rule, e.began_at, e.ended_at, e.worst) for e in found}
        same("excursions", self.house.ledger.excursions(), excursions)

    def check_negative(self) -> None:
        rows = self.house.ledger.rows("""
            SELECT DISTINCT ON (k.key) l.lot_number, k.key, p.name AS place, k.data, k.resolved_by
            FROM exception_case k JOIN lot l ON l.id = k.lot_id
            JOIN place p ON p.id = split_part(k.key, 'place:', 2)::bigint
            WHERE k.kind = 'negative_balance' ORDER BY k.key, k.id DESC""")
        told = {
            (row["lot_number"], row["key"].split("/")[1], row["place"]): (
                row["data"]["lowest"], datetime.fromisoformat(row["data"]["since"])
            )
            for row in rows
            if row["resolved_by"] != "ledger"
        }  # fmt: skip
        found = self.model.truth().negative
        assert {key: told.get(key) for key in found} == found
        is_open = {row["key"] for row in self.house.ledger.rows(
            "SELECT key FROM exception_case WHERE kind = 'negative_balance' AND resolved_at IS NULL")}  # fmt: skip
        by_key = {(row["lot_number"], row["key"].split("/")[1], row["place"]): row["key"] for row in rows}
        assert not {key for key, name in by_key.items() if name in is_open} - found.keys()

    def check_nothing_is_lost(self) -> None:
        rows = self.house.ledger.rows("SELECT fact FROM movement")
        facts = {row["fact"] for row in rows}
        cases = {(row["kind"], row["key"]) for row in self.house.ledger.rows("SELECT kind, key FROM exception_case")}
        counted = {row["fact"] for row in self.house.ledger.rows("SELECT fact FROM count_line")}
        for each in self.model.heard.values():
            why = self.model.why_not_booked(each)
            if why == "count":
                is_kept = each.fact in counted or ("count_not_read", each.fact.split("#")[0]) in cases
                assert is_kept, f"{each.fact} is nowhere"
            elif why is None:
                assert each.fact in facts
            else:
                assert (why, each.fact) in cases, f"{each.fact} is in no case {why}"
        assert len(facts) == len(list(self.model.booked()))
        readings = self.house.ledger.rows("SELECT count(*) AS n FROM reading")[0]["n"]
        assert readings == len(self.model.measured)

    def check_orders(self) -> None:
        for row in self.house.amy.rows("/v1/orders", limit=100):
            for line in row["lines"]:
                states = {state: units for state, units in line["states"].items() if state != "over"}
                assert sum(states.values()) == line["quantity"], row
                assert all(units > 0 for units in states.values())

    # --------------------------------------------------------------------------------------------------- helpers

    def set_clock(self, minutes: int) -> None:
        self.house.now += timedelta(minutes=minutes)
        self.clock[0] = self.house.now

    def when(self, minutes_ago: int, is_ahead: bool = False) -> datetime:
        """A time not long ago; or far ahead, after everything that the ledger has dated by its own clock."""
        return self.house.now - timedelta(minutes=minutes_ago) + timedelta(hours=20 if is_ahead else 0)

    def gate(self, which: int) -> Gate:
        return self.house.gates[which % len(self.house.gates)]

    def id(self) -> str:
        return next(self.house.ids)

    def order(self, pick: int, *kinds: str) -> str | None:
        numbers = [number for number, kind in self.orders if kind in kinds]
        return numbers[pick % len(numbers)] if numbers else None

    def batch(self, pick: int) -> str | None:
        return sorted(self.model.batches)[pick % len(self.model.batches)] if self.model.batches else None

    def is_taken_from(self, place: str) -> bool:
        return self.house.world.places[place].kind not in ("supplier", "count_difference", "used_up", "scrap")

    def line(self, lot: str, quantity: int, other: int) -> ScanLine:
        item = self.model.item_of[lot]
        serial = SERIALS[other % len(SERIALS)] if item == "ampoule" else None
        expires_on = None if item == "syringe" else self.house.expiry(lot)
        if other % 37 == 1 and expires_on is not None:
            expires_on += timedelta(days=10)
        shown = None if other % 41 == 2 else lot
        return ScanLine(GTINS[item], 1 if serial else quantity, f"{lot}", shown, expires_on, serial)

    def scan(self, which: int, action: Action, source: str | None, target: str | None, lines: Sequence[ScanLine],
             at: datetime, order: str | None) -> None:  # fmt: skip
        gate = self.gate(which)
        said = ScanTransaction(
            gate.stamp(at), self.id(), DeviceName("scanner"), action, ("amy", "bob")[which % 2], tuple(lines),
            PlaceName(source) if source else None, PlaceName(target) if target else None, order,
        )  # fmt: skip
        gate.note((said, at))

    def maybe_deliver(self, which: int, luck: int) -> None:
        """Most of what is said arrives at once."""
        if luck % 3:
            self.deliver(which, [self.gate(which).waiting.pop()])

    def deliver(self, which: int, chosen: Sequence[Batch]) -> None:
        """Send batches, and tell the model what is in them; stock that was held must show as issued while held."""
        number = which % len(self.house.gates)
        gate = self.house.gates[number]
        for batch in chosen:
            heard = self.heard_of(number, batch)
            new = [each for each in heard if self.model.why_not_booked(each) is None]
            suspects = self.issued_while_held(new)
            outcomes = [each["outcome"] for each in self.post_batches([batch])]
            assert outcomes == ["stored"]
            gate.sent.append(batch)
            for said in batch.said:
                self.hear(number, said.record, said.at)
            self.model.heard |= {each.fact: each for each in heard}
            for each in new:
                self.model.receive(self.model.as_booked(each))
            told = {row["key"] for row in self.house.ledger.rows(
                "SELECT key FROM exception_case WHERE kind = 'issued_while_held'")}  # fmt: skip
            assert suspects <= told, f"held, issued, and nobody is told: {suspects - told}"

    def heard_of(self, number: int, batch: Batch) -> list[Heard]:
        gateway = self.house.gates[number].gateway
        return [
            Heard(f"{gateway.name}/{gateway.journal}/scans/{said.seq}#{n}", number, said.record.stamp, said.at,
                  said.record, line)
            for said in batch.said
            if isinstance(said.record, ScanTransaction)
            for n, line in enumerate(said.record.lines, start=1)
        ]  # fmt: skip

    def hear(self, number: int, record: Any, at: datetime) -> None:
        if isinstance(record, ScanTransaction):
            return
        if hasattr(record, "values"):
            for value in record.values.values():
                self.model.measured.append((number, record.stamp, at, record.device, value))
        elif record.data.get("cause") == "synced":
            self.model.corrected.add((number, str(record.data["boot"])))

    def issued_while_held(self, new: Sequence[Heard]) -> set[str]:
        since = self.house.ledger.rows("""
            SELECT l.lot_number, h.serial, h.kind, p.name AS place, min(h.since) AS since
            FROM hold_now h JOIN lot l ON l.id = h.lot_id LEFT JOIN place p ON p.id = h.place_id GROUP BY 1, 2, 3, 4""")
        found = set()
        for each in new:
            move = self.model.as_booked(each).move
            for row in since if each.scan.action in ISSUING else ():
                hold = (row["kind"], row["lot_number"], row["serial"], row["place"])
                if row["since"] <= move.at and self.model.covers(hold, move.lot, move.serial, move.from_place):
                    found.add(each.fact)
        return found

    def post_batches(self, batches: Sequence[Batch]) -> list[dict[str, Any]]:
        response = self.client.post("/v1/batches", content=join_units([batch.raw for batch in batches]))
        assert response.is_success, response.text
        receipts: list[dict[str, Any]] = response.json()["receipts"]
        return receipts

    def command_move(self, action: Action, source: str, target: str, lot: str, quantity: int, other: int,
                     serial: str = "") -> None:  # fmt: skip
        item = self.model.item_of[lot]
        if item == LATE_ITEM:
            return
        if item == "ampoule":
            serial, quantity = serial or SERIALS[other % len(SERIALS)], 1
        line = {"item": item, "lot_number": lot, "quantity": quantity, "serial": serial}
        if item != "syringe" and lot not in self.expired_mismatches():
            line["expires_on"] = self.house.expiry(lot).isoformat()
        known, there = self.holds(), self.model.balances().get((lot, serial, source), 0)
        body = {"client_id": self.id(), "action": action.value, "from_place": source, "to_place": target,
                "occurred_at": self.when(0).isoformat(), "lines": [line]}  # fmt: skip
        promised = sum(row["quantity"] for row in self.promises()
                       if (row["lot_number"], row["serial"], row["place"]) == (lot, serial, source))  # fmt: skip
        response = self.say(self.house.amy, "/v1/movements", body, retry=True)
        if action in ISSUING:
            self.must_refuse(response, known, lot, serial, source)
            if self.is_in_house(source) and (there < quantity or there - promised < quantity):
                assert response.status_code == 409, response.text
            elif self.is_in_house(source) and not self.blocking(known, lot, serial, source):
                assert response.is_success, response.text
        if response.is_success:
            self.take_rows(response.json(), action.value)

    def is_in_house(self, place: str) -> bool:
        return self.house.world.places[place].kind in ("site", "room", "bin")

    def expired_mismatches(self) -> set[str]:
        """Lots whose expiry is not (yet) what their usual label says."""
        rows = self.house.ledger.rows("SELECT lot_number, expires_on FROM lot")
        return {row["lot_number"] for row in rows if row["lot_number"] in LOTS
                and row["expires_on"] != self.house.expiry(row["lot_number"])}  # fmt: skip

    def must_refuse(self, response: httpx.Response, known: set[Hold], lot: str, serial: str, place: str) -> None:
        """What is blocked is never issued; the refusal names every reason."""
        if not self.blocking(known, lot, serial, place):
            return
        assert not response.is_success, f"{lot} in {place} was issued though {self.blocking(known, lot, serial, place)}"

    def blocking(self, known: set[Hold], lot: str, serial: str, place: str) -> list[Hold]:
        found = [hold for hold in sorted(known, key=str) if self.model.covers(hold, lot, serial, place)]
        expires_at = self.expiries().get(lot)
        if expires_at is not None and expires_at <= self.house.now:
            found.append(("expired", lot, None, None))
        return found

    def expiries(self) -> dict[str, datetime]:
        if getattr(self, "_expiries_at", None) != self.steps:
            rows = self.house.ledger.rows("SELECT lot_number, expires_at FROM lot")
            self._expiries = {row["lot_number"]: row["expires_at"] for row in rows}
            self._expiries_at = self.steps
        return self._expiries

    def free_and_eligible(self, item: str) -> int:
        known, free = self.holds(), 0
        promised: Counter[tuple[str, str, str]] = Counter()
        for row in self.promises():
            promised[row["lot_number"], row["serial"], row["place"]] += row["quantity"]
        for key, units in self.model.balances().items():
            if self.model.item_of[key[0]] == item and self.is_in_house(key[2]) and not self.blocking(known, *key):
                free += max(0, units - promised[key])
        return free

    def holds(self) -> set[Hold]:
        """What blocks stock: by the model, or by the ledger's word where times are in doubt."""
        if self.model.is_in_doubt:
            return self.ledger_holds()
        cases = self.house.ledger.rows("""
            SELECT l.lot_number, p.name AS place FROM exception_case k JOIN lot l ON l.id = k.lot_id
            LEFT JOIN place p ON p.id = k.place_id WHERE k.resolved_at IS NULL""")
        held: set[Hold] = {("exception", row["lot_number"], None, row["place"]) for row in cases}
        self.check_excursions()
        return self.model.holds(self.excursion_ids(), held)

    def ledger_holds(self) -> set[Hold]:
        rows = self.house.ledger.rows("""
            SELECT DISTINCT h.kind, l.lot_number, h.serial, p.name AS place
            FROM hold_now h JOIN lot l ON l.id = h.lot_id LEFT JOIN place p ON p.id = h.place_id""")
        return {(row["kind"], row["lot_number"], row["serial"], row["place"]) for row in rows}

    def excursion_ids(self) -> dict[tuple[str, str, datetime], int]:
        rows = self.house.ledger.rows(
            "SELECT e.id, c.device, e.rule, e.began_at FROM excursion e JOIN channel c ON c.id = e.channel_id"
        )
        return {(row["device"], row["rule"], row["began_at"]): row["id"] for row in rows}

    def lot_ids(self) -> dict[str, int]:
        return {row["lot_number"]: row["id"] for row in self.house.ledger.rows("SELECT id, lot_number FROM lot")}

    def any_lot(self, pick: int) -> dict[str, Any] | None:
        rows = self.house.ledger.rows(
            "SELECT l.id, l.lot_number, i.name AS item FROM lot l JOIN item i ON i.id = l.item_id ORDER BY l.id"
        )
        return rows[pick % len(rows)] if rows else None

    def promises(self) -> list[dict[str, Any]]:
        return self.house.ledger.rows("""
            SELECT v.id, l.lot_number, v.serial, p.name AS place, v.quantity, v.demand
            FROM reservation v JOIN lot l ON l.id = v.lot_id JOIN place p ON p.id = v.place_id
            WHERE v.ended_at IS NULL ORDER BY v.id""")

    def open_promise(self, pick: int) -> dict[str, Any] | None:
        rows = self.promises()
        return rows[pick % len(rows)] if rows else None

    def effects(self) -> dict[str, Any]:
        (row,) = self.house.ledger.rows(EFFECTS)
        return row

    def say(self, who: Somebody, path: str, body: Any, *, retry: bool = False) -> httpx.Response:
        """A command: it succeeds, or it is refused with a reason and changes nothing."""
        before = self.effects()
        response = who.post(path, body)
        event(f"{path.rstrip('/').rsplit('/', 1)[-1]} {response.status_code}")
        assert response.status_code < 500 and response.status_code not in (401, 405), response.text
        if not response.is_success:
            assert response.json()["error"]
            assert self.effects() == before, response.text
        elif retry or path.endswith(("/void", "/pick")):
            self.retries.append((who, path, body, response.status_code))
        return response

    def ask(self, who: Somebody, path: str, body: Any) -> Any:
        """A command that has to succeed."""
        response = self.say(who, path, body, retry="client_id" in body)
        assert response.is_success, f"{path} {body}: {response.text}"
        return response.json()

    def take(self, booked: Booked) -> None:
        """Tell the model of a movement that a command made."""
        if booked.fact not in self.model.commanded:
            self.model.commanded[booked.fact] = booked
            self.model.receive(booked)

    def take_rows(self, rows: Sequence[dict[str, Any]], action: str) -> None:
        for row in rows:
            move = Move(row["lot_number"], row["serial"], row["quantity"], row["from_place"], row["to_place"],
                        _time(row["occurred_at"]))  # fmt: skip
            self.take(Booked(row["fact"], move, Action(action), row["order_ref"]))


def same(what: str, ledger: set[Any], model: set[Any]) -> None:
    """Fail with what only one of them has."""
    assert ledger == model, f"{what}: only the ledger has {ledger - model}, only the model {model - ledger}"


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
