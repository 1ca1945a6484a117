"""What people decide: holds, exposures, cases, recalls, batches, master data."""

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from edge_agent.domain.wire.records import Action
from tests.machine.doing import does
from tests.machine.expected import Booked, Placed
from tests.machine.house import (
    GTINS,
    LATE_ITEM,
    LATE_PLACE,
    MOVED,
)
from tests.machine.watching import Watch
from tests.support.reference_model import HeldAt, Move

numbers = st.integers(0, 999)
quantities = st.integers(1, 5)


class Deciding(Watch):
    """Quality, compounding and master data."""

    @does(1, pick=numbers, place=st.sampled_from([None, "main", "fridge-a", "store", "clean-room"]), who=numbers)
    def a_lot_is_held(self, pick: int, place: str | None, who: int) -> None:
        if (lot := self.any_lot(pick)) is not None:
            body = {"lot_id": lot["id"], "place": place, "reason": "box is torn"}
            response = self.say((self.house.amy, self.house.eve)[who % 2], "/v1/holds", body)
            if response.is_success:
                self.note_hold(response.json()["id"], "manual", lot["lot_number"], place)

    def note_hold(self, number: int, kind: str, lot: str, place: str | None) -> None:
        """Tell the model of a hold that somebody placed just now."""
        rows = self.house.ledger.rows(
            "SELECT g.serial, p.name AS place, g.at FROM hold_goods g JOIN place p ON p.id = g.place_id"
            " WHERE g.hold_id = %(hold)s", {"hold": number})  # fmt: skip
        believed = {(row["serial"], row["place"]): row["at"] for row in rows}
        if not self.model.is_in_doubt:
            assert believed == (self.model.believed(lot, place, self.house.now) if place else {})
        known = frozenset(each.fact for each in self.model.booked())
        held = HeldAt(lot, None, place, self.house.now, tuple(sorted(believed.items())))
        self.model.placed[number] = Placed(kind, held, known)

    @does(3, pick=numbers, who=numbers)
    def a_hold_is_lifted(self, pick: int, who: int) -> None:
        rows = self.house.eve.rows("/v1/holds/placed", only_open=True, limit=1000)
        if not rows:
            return
        row = rows[pick % len(rows)]
        actor = (self.house.eve, self.house.max)[who % 2]
        response = self.say(actor, f"/v1/holds/{row['id']}/lift", {"reason": "looked at it"})
        if response.is_success and self.model.placed.pop(row["id"], None) is None:
            facts = self.house.ledger.rows(
                "SELECT m.fact FROM hold_goods g JOIN movement m ON m.id = g.movement_id WHERE g.hold_id = %(hold)s",
                {"hold": row["id"]})  # fmt: skip
            self.model.by_rule -= {(row["kind"], each["fact"]) for each in facts}

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
            holds = self.house.ledger.rows("SELECT id FROM hold WHERE case_id = %(case)s", {"case": row["id"]})
            if row["kind"] == "expiry_mismatch":
                self.decide_on_expiry(row, body)
                continue
            self.ask(self.house.eve, f"/v1/cases/{row['id']}/resolve", body)
            for hold in holds:
                del self.model.placed[hold["id"]]
            self.aside.pop(row["id"], None)  # a person has decided that it is never booked
            if row["kind"] == "typed_time" and decision == "accepted":
                booked = self.model.commanded[row["data"]["fact"]]
                move = replace(booked.move, earliest=None, latest=None)
                self.model.commanded[booked.fact] = replace(booked, move=move)
            if row["kind"] in ("unknown_item", "unknown_place"):
                self.model.settled[row["key"]] = row["kind"]  # a person has dealt with it: it is not booked any more

    def decide_on_expiry(self, case: dict[str, Any], body: dict[str, str]) -> None:
        """The earliest day is accepted, or two people have corrected it; anything else says nothing."""
        (lot,) = [name for name, number in self.lot_ids().items() if number == case["lot_id"]]
        response = self.say(self.house.eve, f"/v1/cases/{case['id']}/resolve", body)
        is_corrected = lot in self.model.expiry_corrected
        assert response.is_success == (is_corrected or body["decision"] == "accepted"), response.text
        if response.is_success and not is_corrected:
            self.model.expiry_corrected[lot] = min(self.model.labels[lot])

    @does(1, pick=numbers, place=st.sampled_from([None, "main", "store"]))
    def product_looks_wrong(self, pick: int, place: str | None) -> None:
        if (lot := self.any_lot(pick)) is not None:
            body = {"lot_id": lot["id"], "place": place, "text": "seal is broken"}
            response = self.say(self.house.bob, "/v1/cases", body)
            if response.is_success:
                (hold,) = self.house.ledger.rows(
                    "SELECT id FROM hold WHERE case_id = %(case)s", {"case": response.json()["id"]})  # fmt: skip
                self.note_hold(hold["id"], "exception", lot["lot_number"], place)

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

    @does(2, quantity=st.integers(1, 8))
    def a_batch_is_planned(self, quantity: int) -> None:
        number = f"B{len(self.model.batches) + 1}"
        if len(self.model.batches) < 3:
            body = {"number": number, "master_formulation_record": "mix", "room": "clean-room", "quantity": quantity}
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
            move = self.typed(Move(made, "", quantity, number, "clean-room", at))
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
                or (hold[1] in ingredients and self.model.covers(hold, hold[1], hold[2] or "", number))
            )
        }
        assert not held, f"{number} was released although {held}"
        self.model.batches[number] = True

    @does(1, place=st.sampled_from(["fridge-a", "clean-room"]), policy=st.sampled_from(["cold", "lax", "bare"]))
    def a_policy_is_changed(self, place: str, policy: str) -> None:
        self.house.change_policy(place, policy)

    @does(1, device=st.sampled_from(MOVED), place=st.sampled_from(["fridge-a", "fridge-b", "clean-room"]),
          minutes_ago=st.integers(0, 60))  # fmt: skip
    def a_probe_is_moved(self, device: str, place: str, minutes_ago: int) -> None:
        response = self.house.move_probe(device, place, self.when(minutes_ago))
        assert response.status_code in (204, 409), response.text

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
                self.model.take_in(each)
