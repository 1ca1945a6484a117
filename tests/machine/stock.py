"""What people do with stock by command: move, reservation, order, count."""

from typing import Any

from hypothesis import event
from hypothesis import strategies as st

from cloud_sync.actions.orders.allocate import end_unconfirmed
from cloud_sync.actions.orders.fulfilment import replan_broken
from edge_agent.domain.stock.eligibility import ISSUING
from edge_agent.domain.wire.records import Action
from tests.machine.doing import does
from tests.machine.expected import Booked
from tests.machine.house import (
    CASE_GTIN,
    HOUSE,
    LOTS,
    OWNER,
)
from tests.machine.watching import Watch, at_time
from tests.support.reference_model import Counted, Move, with_counts

COMMANDS: tuple[tuple[Action, str, str], ...] = (
    (Action.RECEIVE, "acme", "fridge-a"), (Action.RECEIVE, "acme", "store"), (Action.RECEIVE, "shady", "fridge-b"),
    (Action.RECEIVE, "acme", "clean-room"), (Action.MOVE, "fridge-a", "fridge-b"), (Action.MOVE, "store", "fridge-a"),
    (Action.MOVE, "fridge-b", "store"), (Action.MOVE, "store", "clean-room"), (Action.MOVE, "shelf-a", "store"),
    (Action.PICK, "fridge-a", "store"), (Action.SHIP, "fridge-a", "st-mary"), (Action.SHIP, "store", "st-mary"),
    (Action.DISPENSE, "store", "ward-3"), (Action.DISPENSE, "fridge-b", "ward-3"), (Action.RETURN, "st-mary", "store"),
    (Action.RETURN, "store", "acme"), (Action.DESTROY, "store", "scrap"), (Action.SHIP, "ward-3", "st-mary"),
    (Action.MOVE, "store", "vault"), (Action.DISPENSE, "vault", "ward-3"), (Action.RECEIVE, "acme", "vault"),
    (Action.MOVE, "acme", "fridge-b"), (Action.RECEIVE, "st-mary", "store"), (Action.MOVE, "count-difference", "store"),
)  # fmt: skip
numbers = st.integers(0, 999)
quantities = st.integers(1, 5)


class Stock(Watch):
    """Movements, reservations, orders and counts."""

    @does(5, way=st.sampled_from(COMMANDS), lot=st.sampled_from(sorted(LOTS)), quantity=quantities, other=numbers,
          minutes_ago=st.sampled_from([0, 0, 1, 5, 40, 90]))  # fmt: skip
    def stock_is_moved(self, way: Any, lot: str, quantity: int, other: int, minutes_ago: int) -> None:
        action, source, target = way
        back = 0 if action in ISSUING else minutes_ago
        self.command_move(action, source, target, lot, quantity, other, minutes_ago=back)

    @does(7, action=st.sampled_from([Action.SHIP, Action.DISPENSE, Action.PICK, Action.CONSUME, Action.MOVE]),
          pick=numbers, quantity=quantities, other=numbers)  # fmt: skip
    def stock_that_is_there_is_moved(self, action: Action, pick: int, quantity: int, other: int) -> None:
        there = sorted(key for key, units in self.model.balances().items() if units > 0 and self.is_taken_from(key[2]))
        if not there:
            return
        lot, serial, source = there[pick % len(there)]
        if CASE_GTIN in serial and other % 3:
            quantity = self.model.balances()[lot, serial, source]  # it is taken as a whole, or opened first
        targets = {Action.SHIP: ["st-mary"], Action.DISPENSE: ["ward-3"], Action.CONSUME: sorted(self.model.batches)}
        options = targets.get(action, [place for place in HOUSE if place != source])
        if options:
            self.command_move(action, source, options[other % len(options)], lot, quantity, other, serial)

    @does(5, item=st.sampled_from(["insulin", "vaccine", "drug", "ampoule", "syringe", "pen"]),
          quantity=st.integers(1, 9), demand=numbers, pending=st.sampled_from([None, None, 5, 30]),
          owner=st.sampled_from(["house", "house", "house", OWNER]))  # fmt: skip
    def stock_is_allocated(self, item: str, quantity: int, demand: int, pending: int | None, owner: str) -> None:
        free, known = self.free_and_eligible(item, owner), self.holds()
        body = {"client_id": self.id(), "item": item, "quantity": quantity, "demand": f"{owner}-{demand % 5}",
                "owner": owner, "pending_minutes": pending}  # fmt: skip
        answer = self.ask(self.house.amy, "/v1/allocations", body)
        reserved = sum(each["quantity"] for each in answer["reservations"])
        assert (reserved, answer["missing"]) == (min(quantity, free), quantity - min(quantity, free))
        for each in answer["reservations"]:
            assert not self.blocking(known, each["lot_number"], each["serial"], each["place"])

    @does(4, pick=numbers, how=st.sampled_from([("ship", "st-mary"), ("dispense", "ward-3"), ("pick", "store"),
          ("pick", "fridge-a")]), part=st.integers(0, 2))  # fmt: skip
    def a_reservation_is_kept(self, pick: int, how: tuple[str, str], part: int) -> None:
        if (row := self.open_reservation(pick)) is None or row["place"] == how[1]:
            return
        known = self.holds()
        body = {"to_place": how[1], "action": how[0], "quantity": min(part, row["quantity"]) or None}
        response = self.say(self.house.bob, f"/v1/reservations/{row['id']}/pick", body)
        self.must_refuse(response, known, row["lot_number"], row["serial"], row["place"])
        assert not (response.is_success and self.is_overdue(row))
        if response.is_success:
            self.take_rows(response.json(), how[0])

    @does(3, pick=numbers)
    def a_reservation_is_confirmed(self, pick: int) -> None:
        pending = [row for row in self.reservations() if row["expires_at"] is not None]
        if pending:
            row = pending[pick % len(pending)]
            response = self.say(self.house.amy, f"/v1/reservations/{row['id']}/confirm", None)
            assert response.is_success != self.is_overdue(row), response.text

    @does(2)
    def unconfirmed_reservations_end(self) -> None:
        ended = end_unconfirmed(self.database, at=self.house.now)
        event(f"{min(ended, 1)} unconfirmed")
        assert not any(self.is_overdue(row) for row in self.reservations())

    def is_overdue(self, row: dict[str, Any]) -> bool:
        return row["expires_at"] is not None and row["expires_at"] <= self.house.now

    @does(2, pick=numbers)
    def a_reservation_is_taken_back(self, pick: int) -> None:
        if (row := self.open_reservation(pick)) is not None:
            response = self.say(self.house.amy, f"/v1/reservations/{row['id']}/void", {"reason": "not needed"})
            assert response.status_code == 204

    @does(1)
    def broken_reservations_are_planned_again(self) -> None:
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

    @does(4, kind=st.sampled_from(["requisition", "requisition", "transfer", "purchase", "return", "destruction"]),
          item=st.sampled_from(["insulin", "vaccine", "drug"]), quantity=st.integers(1, 8), other=numbers)  # fmt: skip
    def something_is_ordered(self, kind: str, item: str, quantity: int, other: int) -> None:
        ends = {
            "requisition": [("main", "st-mary"), ("main", "ward-3"), ("store", "st-mary")],
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
        if kind in ("requisition", "transfer") and other % 4:
            self.an_order_is_allocated(
                len([each for each, what in self.orders if what in ("requisition", "transfer")]) - 1
            )
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
        if number := self.order(pick, "requisition", "transfer"):
            known = self.holds()
            response = self.say(self.house.amy, f"/v1/orders/{number}/allocate", {"client_id": self.id()}, retry=True)
            for line in response.json().get("lines", []):
                for each in line["reservations"]:
                    assert not self.blocking(known, each["lot_number"], each["serial"], each["place"])

    @does(2, pick=numbers, quantity=quantities, item=st.sampled_from(["vaccine", "vaccine", "drug"]))
    def a_substitute_is_taken(self, pick: int, quantity: int, item: str) -> None:
        if number := self.order(pick, "requisition", "transfer"):
            body = {"line": 1, "item": item, "quantity": quantity, "instead_of": quantity, "reason": "Dr. Weiss agreed"}
            response = self.say(self.house.amy, f"/v1/orders/{number}/substitute", body)
            assert not (response.is_success and item != "vaccine"), "only the item's own substitutes may be taken"
            if response.is_success:
                self.an_order_is_allocated(pick)

    @does(4, pick=numbers, way=st.sampled_from(["gather", "gather-cold", "ship", "dispense"]))
    def an_order_is_filled(self, pick: int, way: str) -> None:
        if not (number := self.order(pick, "requisition", "transfer")):
            return
        known = self.holds()
        reserved = [row for row in self.reservations() if row["demand"] == number]
        if way.startswith("gather"):
            body = {"to_place": "store" if way == "gather" else "fridge-b"}
            reserved = [row for row in reserved if row["place"] != body["to_place"]]
            response = self.say(self.house.bob, f"/v1/orders/{number}/pick", body)
        else:
            response = self.say(self.house.bob, f"/v1/orders/{number}/issue", {"action": way})
        for row in reserved:
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
            move = self.typed(Move(lot, "", quantity, source, order["to_place"], at))
            self.take(Booked(f"api/{body['client_id']}#1", move, action, number))
            self.model.labels[lot].add(self.house.expiry(lot))

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
        count = self.house.ok(self.house.bob, "GET", f"/v1/counts/{number}")
        response = self.say(self.house.bob, f"/v1/counts/{number}/{decision}", {"reason": "counted twice"})
        if not response.is_success:
            return
        self.check_expected(count["lines"], self.model.moves())
        if decision == "approve":
            self.model.counts += [
                Counted(line["lot_number"], line["serial"], line["place"], line["counted"],
                        at_time(line["counted_at"]), count["id"])
                for line in count["lines"]
            ]  # fmt: skip
            for row in self.house.ledger.rows(
                "SELECT l.lot_number, n.expires_on FROM count_line n JOIN lot l ON l.id = n.lot_id"
                " WHERE n.count_id = %(count)s AND n.expires_on IS NOT NULL", {"count": count["id"]}):  # fmt: skip
                self.model.labels[row["lot_number"]].add(row["expires_on"])
            self.approved.append(number)

    @does(2, pick=numbers)
    def somebody_looks_at_an_approved_count(self, pick: int) -> None:
        """It shows what was known when it was decided, and what is known now."""
        if not self.approved or self.model.is_in_doubt:
            return
        count = self.house.ok(self.house.bob, "GET", f"/v1/counts/{self.approved[pick % len(self.approved)]}")
        base = [each.move for each in self.model.booked()]
        for line in count["lines"]:
            now = at_time(line["counted_at"]), count["id"]
            earlier = [each for each in self.model.counts if (each.at, each.number) < now]
            self.check_expected([line], with_counts(base, earlier, "count-difference"))
            assert line["difference"] == line["counted"] - line["expected"]
            assert line["difference_then"] == line["counted"] - line["expected_then"]

    def check_expected(self, lines: list[dict[str, Any]], moves: list[Move]) -> None:
        """What the ledger says was there when it was counted."""
        for line in lines:
            key, at = (line["lot_number"], line["serial"], line["place"]), at_time(line["counted_at"])
            there = sum(
                (1 if (move.lot, move.serial, move.to_place) == key else 0) * move.quantity
                - (1 if (move.lot, move.serial, move.from_place) == key else 0) * move.quantity
                for move in moves
                if move.at <= at
            )
            assert line["expected"] == there
