"""OQ: what the ledger must and must not do, done with the installed program on a database that is thrown away.

Gateways are keys made for the occasion: their signed batches go the way of every batch.
"""

import base64
import tempfile
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pyrage import x25519

from cloud_sync.actions.access import actor_in_roles, require
from cloud_sync.actions.gateways.gateways import add_gateway
from cloud_sync.actions.master_data.master_data import add_item, add_place, add_policy, list_channels
from cloud_sync.actions.monitoring.channels import place_channel
from cloud_sync.actions.orders.allocate import allocate
from cloud_sync.actions.orders.orders import Asked, NewOrder, request_order, take_step
from cloud_sync.actions.quality.holds_and_dispositions import decide, lift_hold, listed, place_hold
from cloud_sync.actions.stock.movements import MovementLine, Transfer, move
from cloud_sync.actions.stock.stock import list_lots, list_stock
from cloud_sync.backup.making import make_backup
from cloud_sync.backup.restoring import restore
from cloud_sync.domain.dispositions import Decision
from cloud_sync.domain.orders import OrderKind, OrderStep
from cloud_sync.domain.roles import Permission, Role
from cloud_sync.errors import Conflict, NotAllowed
from cloud_sync.ingest.batches import store_batch
from cloud_sync.ingest.receipts import BatchOutcome
from cloud_sync.seal.sealing import seal_once
from cloud_sync.seal.verification import verify
from cloud_sync.storage.database import Database
from cloud_sync.storage.queries import queries
from cloud_sync.validation.results import Deviation, Step
from edge_agent.domain.monitoring.excursions import Side
from edge_agent.domain.monitoring.policies import Policy, PolicyRule
from edge_agent.domain.wire.ids import BootId, DeviceName, GatewayName, JournalId, PlaceName
from edge_agent.domain.wire.records import (
    Action,
    Lane,
    Quality,
    Reading,
    Record,
    ScanLine,
    ScanTransaction,
    Stamp,
    lane_of,
)
from edge_agent.domain.wire.wire import NO_PREVIOUS, BatchHeader, digest_of, encode_batch, encode_record

PROBE = DeviceName("fridge-a/probe-1")
VIAL, SYRINGE = "09501101530003", "09501101530010"
ROWS = 100
HOUSE = (
    ("acme", "supplier", None, None), ("main", "site", None, None), ("fridge-a", "room", "main", "oq-cold"),
    ("fridge-b", "room", "main", "oq-cold"), ("clinic", "customer", None, None), ("scrap", "scrap", None, None),
)  # fmt: skip
"""Name, kind, what it stands in, storage policy."""
COLD = Policy(
    name="oq-cold",
    title="Refrigerator, 2 to 8 °C",
    rules=(
        PolicyRule(
            name="above-8", metric="temp_c", side=Side.ABOVE, limit=8.0, on_limit_is_outside=False, delay_s=0,
            hysteresis=0.5, source="OQ",
        ),
    ),
    silence_accepted="a database for operational qualification",
)  # fmt: skip


@dataclass
class OqGateway:
    """A gateway that signs real batches, each lane a chain."""

    name: str = "oq-gateway"
    journal: str = field(default_factory=lambda: str(uuid.uuid4()))
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    _next: dict[Lane, int] = field(default_factory=dict)
    _previous: dict[Lane, str] = field(default_factory=dict)

    @property
    def public_key(self) -> str:
        """In base64."""
        return base64.b64encode(self.key.public_key().public_bytes_raw()).decode()

    def batch(self, *records: Record) -> bytes:
        """The next batch of the lane of the first record."""
        lane, lines = lane_of(records[0]), [encode_record(record) for record in records]
        first = self._next.get(lane, 1)
        header = BatchHeader(
            gateway=GatewayName(self.name), journal=JournalId(self.journal), lane=lane, first=first, count=len(lines),
            previous=self._previous.get(lane, NO_PREVIOUS),
        )  # fmt: skip
        raw = encode_batch(header, lines, self.key.sign)
        self._next[lane], self._previous[lane] = first + len(lines), digest_of(raw)
        return raw


class Operation:
    """The checks, on an empty migrated ledger; ``owner_url`` connects as the owner of its tables, ``spare_url`` to an
    empty database beside it."""

    def __init__(self, database: Database, owner_url: str, spare_url: str, now: datetime) -> None:
        self._database = database
        self._owner_url = owner_url
        self._spare_url = spare_url
        self._now = now
        self._gateway = OqGateway()
        self._boot = BootId(str(uuid.uuid4()))
        self._last: bytes = b""

    def steps(self) -> tuple[Step, ...]:
        """All checks in their order."""
        return (
            Step("OQ-01", "An excursion holds what was there", "The lot that was in the refrigerator is on hold; the "
                 "lot that had left before is not.", self._excursion_holds),
            Step("OQ-02", "A lot on hold cannot be issued", "Allocation passes it over, and a shipment of it is "
                 "refused with its hold as the reason.", self._held_is_not_issued),
            Step("OQ-03", "An expired lot cannot be issued", "A shipment of it is refused because it has expired.",
                 self._expired_is_not_issued),
            Step("OQ-04", "First expired, first out", "Of two lots the one that expires first is reserved, whichever "
                 "came first.", self._first_expired_first_out),
            Step("OQ-05", "Nobody approves alone", "Who requests a destruction cannot approve it; somebody else can.",
                 self._nobody_approves_alone),
            Step("OQ-06", "A hold is lifted by another person", "Who placed a hold cannot lift it; somebody else can.",
                 self._hold_is_lifted_by_another),
            Step("OQ-07", "Only quality decides, and only then stock is available", "An operator may not decide; after "
                 "quality's release the lot may be issued.", self._quality_decides),
            Step("OQ-08", "A batch counts once, and a changed one not at all", "The same batch again is a duplicate; "
                 "with one byte changed it is refused.", self._batch_counts_once),
            Step("OQ-09", "Evidence cannot be changed by the ledger's own role", "An update and a deletion of an event "
                 "are refused by the database.", self._evidence_is_append_only),
            Step("OQ-10", "The audit trail is sealed and whole", "Every row of evidence fits its seal.",
                 self._seal_fits),
            Step("OQ-11", "A change past all protection is found", "After the owner of the database has changed one "
                 "event with all triggers off, the check names that row.", self._mutation_is_found),
            Step("OQ-12", "A backup is restored", "The restored ledger has the same stock and the same holds, and its "
                 "seal fits.", self._backup_is_restored),
        )  # fmt: skip

    # --- the house ---

    def furnish(self) -> None:
        """Places, items and a gateway."""
        add_policy(self._database, COLD, actor="oq")
        for name, kind, parent, policy in HOUSE:
            add_place(
                self._database, name=name, title="", kind=kind, parent=parent, policy=policy,
                zone="UTC" if kind == "site" else None, actor="oq",
            )  # fmt: skip
        for name, gtin in (("vial", VIAL), ("syringe", SYRINGE)):
            add_item(
                self._database, name=name, title=name, base_unit="each", expiry_required=True, serial_tracked=False,
                gtins={gtin: 1}, codes={}, actor="oq",
            )  # fmt: skip
        add_gateway(self._database, self._gateway.name, self._gateway.public_key, actor="oq")
        with self._database.transaction() as connection:
            queries("validation").place_gateway(connection, name=self._gateway.name, place="main")

    def _say(self, *records: Record) -> None:
        self._last = self._gateway.batch(*records)
        receipt = store_batch(self._database, self._last)
        if receipt.outcome is not BatchOutcome.STORED:
            raise Deviation(f"a batch was not stored but {receipt.outcome}: {receipt.reason}")

    def _scan(self, minutes_ago: float, action: Action, source: str, target: str, *lines: ScanLine) -> ScanTransaction:
        return ScanTransaction(
            self._stamp(minutes_ago), str(uuid.uuid4()), DeviceName("scanner-1"), action, "oq-operator", lines,
            PlaceName(source), PlaceName(target), None,
        )  # fmt: skip

    def _reading(self, minutes_ago: float, temp_c: float) -> Reading:
        return Reading(self._stamp(minutes_ago), PROBE, Quality.GOOD, {"temp_c": temp_c})

    def _stamp(self, minutes_ago: float) -> Stamp:
        at = (self._now - timedelta(minutes=minutes_ago)).replace(microsecond=0)
        return Stamp(at, 10**9 - int(minutes_ago * 60_000), self._boot, True)

    def _line(self, lot: str, days: int, quantity: int = 10, gtin: str = VIAL) -> ScanLine:
        expires_on = (self._now + timedelta(days=days)).date()
        return ScanLine(gtin, quantity, f"(01){gtin}(10){lot}", lot, expires_on)

    def _ship(self, item: str, lot: str, place: str = "fridge-a") -> str:
        """Ship one; why it was refused, '' if it was not."""
        transfer = Transfer(Action.SHIP, place, "clinic", self._now)
        try:
            move(
                self._database, transfer, (MovementLine(item, lot, 1),), client_id=uuid.uuid4(), at=self._now,
                actor="oq-operator",
            )  # fmt: skip
        except Conflict as refused:
            return str(refused)
        return ""

    def _reasons(self) -> dict[str, list[str]]:
        rows = list_stock(self._database, at=self._now, rows_max=ROWS)
        return {row["lot_number"]: [reason["text"] for reason in row["reasons"]] for row in rows}

    def _lot(self, number: str) -> int:
        (row,) = list_lots(self._database, lot_number=number, rows_max=1)
        return int(row["id"])

    # --- the checks ---

    def _excursion_holds(self) -> str:
        self._say(
            self._scan(180, Action.RECEIVE, "acme", "fridge-a", self._line("STAYS", 300), self._line("LEAVES", 300))
        )
        self._say(*(self._reading(170 - minutes, 5.0) for minutes in range(0, 60, 10)))
        (channel,) = list_channels(self._database, gateway=self._gateway.name, place=None, rows_max=2)
        place_channel(self._database, channel["id"], "fridge-a", since=None, at=self._now, actor="oq")
        self._say(self._scan(100, Action.MOVE, "fridge-a", "fridge-b", self._line("LEAVES", 300)))
        self._say(*(self._reading(minutes, 12.5) for minutes in (60, 50, 40)), self._reading(30, 5.0))
        reasons = self._reasons()
        stays, leaves = ("; ".join(reasons[lot]) or "available" for lot in ("STAYS", "LEAVES"))
        found = f"STAYS: {stays}. LEAVES: {leaves}"
        _expect(bool(reasons["STAYS"]) and not reasons["LEAVES"], found)
        return found

    def _held_is_not_issued(self) -> str:
        answer = self._allocate("vial", 15)
        reserved = {row["lot_number"] for row in answer["reservations"]}
        refused = self._ship("vial", "STAYS")
        found = f"reserved of 15 asked: {', '.join(sorted(reserved))}, missing {answer['missing']}. Shipment: {refused}"
        _expect("STAYS" not in reserved and answer["missing"] == 5 and bool(refused), found)
        return found

    def _expired_is_not_issued(self) -> str:
        self._say(self._scan(20, Action.RECEIVE, "acme", "fridge-b", self._line("EXPIRED", -1, gtin=SYRINGE)))
        refused = self._ship("syringe", "EXPIRED", "fridge-b")
        _expect("expired" in refused, refused or "the shipment was booked")
        return refused

    def _first_expired_first_out(self) -> str:
        self._say(self._scan(19, Action.RECEIVE, "acme", "fridge-b", self._line("LATE", 400, gtin=SYRINGE)))
        self._say(self._scan(18, Action.RECEIVE, "acme", "fridge-b", self._line("EARLY", 100, gtin=SYRINGE)))
        answer = self._allocate("syringe", 12)
        order = [(row["lot_number"], row["quantity"]) for row in answer["reservations"]]
        found = "reserved " + ", ".join(f"{quantity} of {lot}" for lot, quantity in order)
        _expect(sorted(order) == [("EARLY", 10), ("LATE", 2)], found)
        return found

    def _nobody_approves_alone(self) -> str:
        wanted = NewOrder(OrderKind.DESTRUCTION, "fridge-b", "scrap", (Asked("syringe", 10, "EXPIRED"),))
        order = request_order(self._database, wanted, client_id=uuid.uuid4(), actor="oq-first")
        refused = _refusal(lambda: self._approve(order["number"], "oq-first"))
        self._approve(order["number"], "oq-second")
        return f"first person: {refused}. Second person: approved"

    def _approve(self, number: str, person: str) -> None:
        take_step(self._database, number, OrderStep.APPROVED, "expired", at=self._now, actor=person)

    def _hold_is_lifted_by_another(self) -> str:
        hold = place_hold(
            self._database, lot_id=self._lot("LATE"), place=None, reason="label torn", at=self._now, actor="oq-first"
        )
        refused = _refusal(lambda: lift_hold(self._database, hold["id"], "looked at", actor="oq-first"))
        lift_hold(self._database, hold["id"], "looked at", actor="oq-second")
        return f"first person: {refused}. Second person: lifted"

    def _quality_decides(self) -> str:
        operator = actor_in_roles(self._database, "oq-operator", Role.OPERATOR)
        refused = _refusal(lambda: require(operator, Permission.DECIDE))
        lot = self._lot("STAYS")
        (exposure, *_) = listed(
            self._database, "exposures", excursion_id=None, lot_id=lot, only_undecided=False, rows_max=ROWS,
            rows_skipped=0,
        )  # fmt: skip
        decide(
            self._database, excursion_id=exposure["excursion_id"], lot_id=lot, decision=Decision.RELEASE,
            reason="stability data cover it", actor="oq-quality",
        )  # fmt: skip
        after = self._ship("vial", "STAYS")
        _expect(not after, f"operator: {refused}. After quality's release the shipment was refused: {after}")
        return f"operator: {refused}. After quality's release one unit was shipped"

    def _batch_counts_once(self) -> str:
        before = self._stock()
        again = store_batch(self._database, self._last)
        changed = self._last[:-5] + bytes([self._last[-5] ^ 1]) + self._last[-4:]
        forged = store_batch(self._database, changed)
        found = f"again: {again.outcome}; one byte changed: {forged.outcome} ({forged.reason})"
        is_good = again.outcome is BatchOutcome.DUPLICATE and forged.outcome not in (
            BatchOutcome.STORED, BatchOutcome.DUPLICATE,
        )  # fmt: skip
        _expect(is_good and self._stock() == before, found)
        return found

    def _evidence_is_append_only(self) -> str:
        refusals = []
        for name in ("change_an_event", "delete_an_event"):
            try:
                with self._database.transaction() as connection:
                    getattr(queries("validation"), name)(connection)
            except psycopg.Error as refused:
                refusals.append(str(refused).splitlines()[0])
        _expect(len(refusals) == 2, f"refused: {refusals}")
        return "; ".join(refusals)

    def _seal_fits(self) -> str:
        self._seal()
        report = verify(self._database)
        found = f"{report.size} rows sealed, {report.checkpoints} checkpoints, {len(report.findings)} findings"
        _expect(not report.findings and report.size > 0, found)
        return found

    def _mutation_is_found(self) -> str:
        with psycopg.connect(self._owner_url) as connection:
            queries("validation").past_all_triggers(connection)
            before = queries("validation").falsify_an_event(connection)
        try:
            found = [f"{each.where}: {each.what}" for each in verify(self._database).findings]
        finally:
            with psycopg.connect(self._owner_url) as connection:
                queries("validation").past_all_triggers(connection)
                queries("validation").put_back_the_event(connection, reason=before)
        _expect(bool(found), "nothing was found")
        after = verify(self._database).findings
        _expect(not after, f"after it was put back there were still {len(after)} findings")
        return "; ".join(found[:3])

    def _backup_is_restored(self) -> str:
        self._seal()
        key = x25519.Identity.generate()
        with tempfile.TemporaryDirectory(prefix="lotwarden-oq-") as folder:
            made, _ = make_backup(
                self._database, Path(folder), recipients=[], key=key, keep=1, at=self._now, actor="oq"
            )
            done = restore(
                self._spare_url, Path(folder) / made.name, key, at=self._now, actor="oq", reason="qualification"
            )
        with Database.at_url(self._spare_url) as restored:
            there = Operation(restored, self._owner_url, self._spare_url, self._now)
            same = (there._stock(), there._reasons()) == (self._stock(), self._reasons())
            while seal_once(restored):
                pass
            findings = verify(restored).findings
        words = "the same" if same else "DIFFER"
        found = f"{done.rows} rows; stock and holds {words}; {len(findings)} findings of the seal"
        _expect(same and not findings, found)
        return found

    def _allocate(self, item: str, quantity: int) -> dict[str, Any]:
        return allocate(
            self._database, client_id=uuid.uuid4(), item=item, owner="house", quantity=quantity, demand="OQ",
            site="main", shelf_life_min_days=0, at=self._now, actor="oq-operator",
        )  # fmt: skip

    def _stock(self) -> list[tuple[str, str, int]]:
        rows = list_stock(self._database, at=self._now, rows_max=ROWS)
        return sorted((row["lot_number"], row["place"], row["quantity"]) for row in rows)

    def _seal(self) -> None:
        while seal_once(self._database):
            pass


def _expect(is_so: bool, found: str) -> None:
    if not is_so:
        raise Deviation(found)


def _refusal(do: Callable[[], Any]) -> str:
    try:
        do()
    except (NotAllowed, Conflict) as refused:
        return str(refused)
    raise Deviation("it was not refused")
