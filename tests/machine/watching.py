"""What must hold whatever happens, and how the machine talks to the ledger."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

import httpx
from hypothesis import event
from hypothesis.stateful import RuleBasedStateMachine, invariant

from cloud_sync.storage.database import Database
from edge_agent.domain.stock.eligibility import ISSUING
from edge_agent.domain.wire.ids import DeviceName, PlaceName
from edge_agent.domain.wire.records import Action, Envelope, Notice, Reading, ScanLine, ScanTransaction
from edge_agent.domain.wire.wire import join_units
from tests.machine.expected import Booked, Expected, Heard, Hold
from tests.machine.house import (
    CASE_GTIN,
    GTINS,
    LATE_ITEM,
    LOTS,
    OWNED,
    OWNER,
    SERIALS,
    Batch,
    Gate,
    House,
    Said,
)
from tests.support.ledger_api import Somebody
from tests.support.reference_model import Move

EFFECTS = """
    SELECT (SELECT count(*) FROM event WHERE kind <> 'refused') AS event, (SELECT count(*) FROM movement) AS movement,
           (SELECT coalesce(max(id), 0) FROM reservation) AS reservation,
           (SELECT count(*) FROM reservation WHERE ended_at IS NULL) AS reserved,
           (SELECT count(*) FROM reservation WHERE ended_at IS NULL AND expires_at IS NULL) AS firm,
           (SELECT count(*) FROM hold) AS hold,
           (SELECT count(*) FROM stock_order) AS orders, (SELECT count(*) FROM order_step) AS steps,
           (SELECT count(*) FROM count_line) AS counted, (SELECT count(*) FROM batch_fact) AS batch_fact,
           (SELECT count(*) FROM exception_case) AS cases, (SELECT count(*) FROM disposition) AS dispositions"""


class Watch(RuleBasedStateMachine):
    """Set ``client``, ``database`` and ``clock`` on a subclass before it runs."""

    client: ClassVar[httpx.Client]
    database: ClassVar[Database]
    clock: ClassVar[list[datetime]]
    house: House
    model: Expected
    aside: dict[int, tuple[int, Batch]]
    """Case -> gateway and batch that was set aside."""

    @invariant()
    def what_must_hold(self) -> None:
        if not hasattr(self, "house"):
            return
        self.steps += 1
        self.check_sums()
        self.check_reservations()
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
        self.check_reservations()
        self.check_all()

    def check_sums(self) -> None:
        same("balances", set(self.house.ledger.balances().items()), set(self.model.balances().items()))

    def check_reservations(self) -> None:
        sums: Counter[tuple[str, str, str]] = Counter()
        known, there = self.holds(), self.model.balances()
        for row in self.reservations():
            key = row["lot_number"], row["serial"], row["place"]
            sums[key] += row["quantity"]
            assert sums[key] <= there.get(key, 0), f"{key}: {sums[key]} reserved of {there.get(key, 0)}"
            assert (row["lot_number"] in OWNED) == row["demand"].startswith(OWNER), (
                f"{key} is reserved for {row['demand']}"
            )
            assert not self.blocking(known, *key), f"{key} is reserved though {self.blocking(known, *key)}"

    def check_all(self) -> None:
        self.check_nothing_is_lost()
        self.check_orders()
        if self.model.is_in_doubt:
            return
        ledger, found = self.house.ledger, self.model.truth()
        same("residencies", ledger.residencies(), {(*r.key, r.began_at, r.ended_at) for r in found.residencies})
        receipts = self.house.ledger.rows("""
            SELECT l.lot_number, l.received_at,
                   (SELECT min(r.began_at) FROM residency r WHERE r.lot_id = l.id) AS expected
            FROM lot l""")
        same("receipts", {(row["lot_number"], row["received_at"]) for row in receipts},
             {(row["lot_number"], row["expected"]) for row in receipts})  # fmt: skip
        self.check_excursions()
        self.check_labels()
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

    def check_labels(self) -> None:
        """The day of each lot is the earliest that any label says, or the one that it was corrected to."""
        rows = self.house.ledger.rows(
            "SELECT l.lot_number, l.expires_on FROM lot l JOIN item i ON i.id = l.item_id WHERE i.name <> 'syringe'"
        )
        expected = self.model.expiries()
        same("expiries", {(row["lot_number"], row["expires_on"]) for row in rows},
             {(row["lot_number"], expected.get(row["lot_number"])) for row in rows})  # fmt: skip

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
        facts = {row["fact"] for row in rows if not row["fact"].startswith("count/")}
        cases = {(row["kind"], row["key"]) for row in self.house.ledger.rows("SELECT kind, key FROM exception_case")}
        counted = {row["fact"] for row in self.house.ledger.rows("SELECT fact FROM count_line")}
        for each in self.model.heard.values():
            why = self.model.why_not_booked(each)
            if why == "count":
                is_kept = each.fact in counted or ("count_not_read", each.fact.split("#")[0]) in cases
                assert is_kept, f"{each.fact} is nowhere"
            elif why is None:
                assert {booked.fact for booked in self.model.as_booked(each)} <= facts
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
        for batch in chosen:
            self.book(which % len(self.house.gates), batch, partial(self.must_store, batch))

    def must_store(self, batch: Batch) -> None:
        """It arrives for the first time."""
        assert [each["outcome"] for each in self.post_batches([batch])] == ["stored"]

    def book(self, number: int, batch: Batch, do: Callable[[], object]) -> None:
        """Let ``do`` have a batch booked, and tell the model what is in it."""
        heard = self.heard_of(number, batch)
        new = [each for each in heard if self.model.why_not_booked(each) is None]
        suspects = self.issued_while_held(new)
        do()
        self.take_in(number, [batch])
        self.model.heard |= {each.fact: each for each in heard}
        for each in new:
            self.model.take_in(each)
        told = {row["key"] for row in self.house.ledger.rows(
            "SELECT key FROM exception_case WHERE kind = 'issued_while_held'")}  # fmt: skip
        assert suspects <= told, f"held, issued, and nobody is told: {suspects - told}"

    def take_in(self, number: int, batches: Sequence[Batch]) -> None:
        """Tell the model of batches that were stored, but for the scans in them."""
        self.gate(number).sent += batches
        for said in (said for batch in batches for said in batch.said):
            self.hear(number % len(self.house.gates), said)

    def heard_of(self, number: int, batch: Batch) -> list[Heard]:
        gateway = self.house.gates[number].gateway
        return [
            Heard(f"{gateway.name}/{gateway.journal}/scans/{said.seq}#{n}", number, said.record.stamp, said.at,
                  said.record, line)
            for said in batch.said
            if isinstance(said.record, ScanTransaction)
            for n, line in enumerate(said.record.lines, start=1)
        ]  # fmt: skip

    def hear(self, number: int, said: Said) -> None:
        record = said.record
        if isinstance(record, Reading):
            self.model.measure(number, said.seq, record, said.at)
        elif isinstance(record, Envelope):
            self.model.envelopes[number, said.seq] = record
        elif isinstance(record, Notice) and record.data.get("cause") == "synced":
            self.model.corrected.add((number, str(record.data["boot"])))

    def issued_while_held(self, new: Sequence[Heard]) -> set[str]:
        since = self.house.ledger.rows("""
            SELECT l.lot_number, h.serial, h.kind, p.name AS place, min(h.since) AS since
            FROM active_hold h JOIN lot l ON l.id = h.lot_id LEFT JOIN place p ON p.id = h.place_id
            GROUP BY 1, 2, 3, 4""")
        found = set()
        for each in new:
            if each.scan.action not in ISSUING:
                continue
            for move in (booked.move for booked in self.model.as_booked(each)):
                for row in since:
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
                     serial: str = "", minutes_ago: int = 0) -> None:  # fmt: skip
        item = self.model.item_of[lot]
        if item == LATE_ITEM:
            return
        if item == "ampoule":
            serial, quantity = serial or SERIALS[other % len(SERIALS)], 1
        elif serial and CASE_GTIN not in serial:
            quantity = 1  # although it was received twice
        line = {"item": item, "lot_number": lot, "quantity": quantity, "serial": serial,
                "owner": self.owner_of(lot)}  # fmt: skip
        if item != "syringe" and lot not in self.expired_mismatches():
            line["expires_on"] = self.house.expiry(lot).isoformat()
        known, there = self.holds(), self.model.balances().get((lot, serial, source), 0)
        body = {"client_id": self.id(), "action": action.value, "from_place": source, "to_place": target,
                "occurred_at": self.when(minutes_ago).isoformat(), "lines": [line]}  # fmt: skip
        reserved = sum(row["quantity"] for row in self.reservations()
                       if (row["lot_number"], row["serial"], row["place"]) == (lot, serial, source))  # fmt: skip
        response = self.say(self.house.amy, "/v1/movements", body, retry=True)
        if action in ISSUING:
            self.must_refuse(response, known, lot, serial, source)
            is_opened = CASE_GTIN in serial and quantity != there
            if self.is_in_house(source) and (there < quantity or there - reserved < quantity or is_opened):
                assert response.status_code in (404, 409), response.text
            elif self.is_in_house(source) and not self.blocking(known, lot, serial, source):
                assert response.is_success, response.text
        if response.is_success:
            self.take_rows(response.json(), action.value)
            if "expires_on" in line:
                self.model.labels[lot].add(self.house.expiry(lot))

    def owner_of(self, lot: str) -> str:
        return OWNER if lot in OWNED else "house"

    def is_in_house(self, place: str) -> bool:
        return self.house.world.places[place].kind in ("site", "room", "bin")

    def expired_mismatches(self) -> set[str]:
        """Lots whose expiry is not (yet) what their usual label says."""
        rows = self.house.ledger.rows("SELECT lot_number, expires_on FROM lot")
        return {row["lot_number"] for row in rows if row["lot_number"] in LOTS
                and row["expires_on"] != self.house.expiry(row["lot_number"])}  # fmt: skip

    def must_refuse(self, response: httpx.Response, known: set[Hold], lot: str, serial: str, place: str) -> None:
        """What is blocked is never issued."""
        if not self.blocking(known, lot, serial, place):
            return
        assert not response.is_success, f"{lot} in {place} was issued though {self.blocking(known, lot, serial, place)}"

    def blocking(self, known: set[Hold], lot: str, serial: str, place: str) -> list[Hold]:
        found = [hold for hold in sorted(known, key=str) if self.model.covers(hold, lot, serial, place)]
        expiry = self.expiries().get(lot)
        if expiry is not None and expires_at(*expiry, self.house.zone_of(place)) <= self.house.now:
            found.append(("expired", lot, None, None))
        return found

    def expiries(self) -> dict[str, tuple[date, datetime | None]]:
        """The last day of each lot by its label, or the instant at which a product ends."""
        if getattr(self, "_expiries_at", None) != self.steps:
            rows = self.house.ledger.rows(
                "SELECT lot_number, expires_on, expires_exactly FROM lot WHERE expires_on IS NOT NULL"
            )
            self._expiries = {row["lot_number"]: (row["expires_on"], row["expires_exactly"]) for row in rows}
            self._expiries_at = self.steps
        return self._expiries

    def free_and_eligible(self, item: str, owner: str) -> int:
        known, free = self.holds(), 0
        reserved: Counter[tuple[str, str, str]] = Counter()
        for row in self.reservations():
            reserved[row["lot_number"], row["serial"], row["place"]] += row["quantity"]
        for key, units in self.model.balances().items():
            if (self.model.item_of[key[0]], self.owner_of(key[0])) != (item, owner):
                continue
            if self.is_in_house(key[2]) and not self.blocking(known, *key):
                free += max(0, units - reserved[key])
        return free

    def holds(self) -> set[Hold]:
        """What blocks stock: by the model, or by the ledger's word where times are in doubt."""
        if self.model.is_in_doubt:
            return self.ledger_holds()
        cases = self.house.ledger.rows("""
            SELECT l.lot_number FROM exception_case k JOIN lot l ON l.id = k.lot_id
            WHERE k.resolved_at IS NULL AND k.kind <> 'suspicious_product'""")
        held: set[Hold] = {("exception", row["lot_number"], None, None) for row in cases}
        self.check_excursions()
        return self.model.holds(self.excursion_ids(), held)

    def ledger_holds(self) -> set[Hold]:
        rows = self.house.ledger.rows("""
            SELECT DISTINCT h.kind, l.lot_number, h.serial, p.name AS place
            FROM active_hold h JOIN lot l ON l.id = h.lot_id LEFT JOIN place p ON p.id = h.place_id""")
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

    def reservations(self) -> list[dict[str, Any]]:
        return self.house.ledger.rows("""
            SELECT v.id, l.lot_number, v.serial, p.name AS place, v.quantity, v.demand, v.expires_at
            FROM reservation v JOIN lot l ON l.id = v.lot_id JOIN place p ON p.id = v.place_id
            WHERE v.ended_at IS NULL ORDER BY v.id""")

    def open_reservation(self, pick: int) -> dict[str, Any] | None:
        rows = self.reservations()
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
            opening = row["fact"].split("#")[0] if action == "open_case" else ""
            move = Move(row["lot_number"], row["serial"], row["quantity"], row["from_place"], row["to_place"],
                        at_time(row["occurred_at"]), opening=opening)  # fmt: skip
            self.take(Booked(row["fact"], self.typed(move), Action(action), row["order_ref"]))

    def typed(self, move: Move) -> Move:
        """A movement as somebody typed it just now: when that is later, it may have been as late as now."""
        late = self.house.now - move.at > timedelta(minutes=1)
        return replace(move, earliest=move.at, latest=self.house.now) if late else move


def same(what: str, ledger: set[Any], model: set[Any]) -> None:
    """Fail with what only one of them has."""
    assert ledger == model, f"{what}: only the ledger has {ledger - model}, only the model {model - ledger}"


def at_time(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def expires_at(expires_on: date, exactly: datetime | None, zone: ZoneInfo) -> datetime:
    """When the day of a label ends where ``zone`` counts, or the instant that ends a product."""
    return exactly or datetime.combine(expires_on + timedelta(days=1), time(0), zone)
