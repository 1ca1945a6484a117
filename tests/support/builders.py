"""What many tests build: gateways that sign real batches, and ledgers with places and items."""

import base64
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import psycopg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from psycopg.types.json import Jsonb

from cloud_sync.storage.database import Database, Row
from cloud_sync.storage.events import add_event
from edge_agent.domain.monitoring.excursions import Side
from edge_agent.domain.monitoring.policies import Policy, PolicyRule
from edge_agent.domain.wire.ids import BootId, DeviceName, GatewayName, JournalId, PlaceName
from edge_agent.domain.wire.records import (
    Action,
    Lane,
    Notice,
    NoticeKind,
    Quality,
    Reading,
    Record,
    ScanLine,
    ScanTransaction,
    Stamp,
    lane_of,
)
from edge_agent.domain.wire.wire import NO_PREVIOUS, BatchHeader, digest_of, encode_batch, encode_record

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
BOOT = BootId("00000000-0000-4000-8000-000000000001")
GTIN = "09501101530003"
COLD = Policy(
    name="cold",
    title="Refrigerator, 2 to 8 °C",
    rules=(
        PolicyRule(
            name="too-warm", metric="temp_c", side=Side.ABOVE, limit=8.0, on_limit_is_outside=False, delay_s=0,
            hysteresis=0.5, source="USP <659>",
        ),
        PolicyRule(
            name="too-cold", metric="temp_c", side=Side.BELOW, limit=2.0, on_limit_is_outside=False, delay_s=0,
            source="USP <659>",
        ),
    ),
)  # fmt: skip


def minute(number: float) -> datetime:
    """That many minutes past the noon at which all tests begin."""
    return NOON + timedelta(minutes=number)


def stamp(at: datetime, *, synced: bool = True) -> Stamp:
    """A stamp whose monotonic time runs along."""
    return Stamp(at, int((at - NOON).total_seconds() * 1000) + 10**9, BOOT, synced)


def reading(at: datetime, temp_c: float, device: str = "probe-a", *, synced: bool = True) -> Reading:
    """A good temperature."""
    return Reading(stamp(at, synced=synced), DeviceName(device), Quality.GOOD, {"temp_c": temp_c})


def no_reading(at: datetime, quality: Quality = Quality.TIMEOUT, device: str = "probe-a") -> Reading:
    """A device that had nothing usable to say."""
    return Reading(stamp(at), DeviceName(device), quality, detail="no answer")


def notice(at: datetime, kind: NoticeKind = NoticeKind.STARTED, text: str = "started") -> Notice:
    """What a gateway says about itself."""
    return Notice(stamp(at), kind, "gateway", text)


def line(
    quantity: int = 10,
    lot: str | None = "L1",
    *,
    gtin: str = GTIN,
    serial: str | None = None,
    expires_on: date | None = date(2027, 1, 31),
    codes: tuple[str, ...] = (),
) -> ScanLine:
    """One scanned item."""
    return ScanLine(gtin, quantity, f"{gtin}/{lot}", lot, expires_on, serial, codes)


def scan(
    at: datetime,
    action: Action,
    from_place: str | None,
    to_place: str | None,
    *lines: ScanLine,
    order: str | None = None,
    operator: str = "amy",
) -> ScanTransaction:
    """What an operator did."""
    return ScanTransaction(
        stamp(at),
        str(uuid.uuid5(uuid.NAMESPACE_OID, f"{at}{action}{from_place}{to_place}{lines}")),
        DeviceName("scanner-1"),
        action,
        operator,
        lines or (line(),),
        PlaceName(from_place) if from_place else None,
        PlaceName(to_place) if to_place else None,
        order,
    )


@dataclass
class GatewayWithKey:
    """A gateway that signs real batches, each lane a chain."""

    name: str = "gw-1"
    journal: str = "11111111-1111-4111-8111-111111111111"
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    _next: dict[Lane, int] = field(default_factory=dict)
    _previous: dict[Lane, str] = field(default_factory=dict)

    @property
    def public_key(self) -> bytes:
        """32 raw bytes."""
        return self.key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    def register(self, database: Database) -> None:
        """Make the gateway known to the ledger."""
        with database.transaction() as connection:
            connection.execute(
                "INSERT INTO gateway (name, public_key, registered_at, place_id)"
                " VALUES (%s, %s, %s, (SELECT id FROM place WHERE kind = 'site' ORDER BY id LIMIT 1))",
                (self.name, self.public_key, NOON),
            )
            data = {"public_key": base64.b64encode(self.public_key).decode()}
            add_event(connection, actor="test", kind="gateway_added", subject=f"gateway:{self.name}", data=data)

    def start_again(self) -> None:
        """Forget what was said, as if the journal were new and empty."""
        self._next.clear()
        self._previous.clear()

    def batch(self, *records: Record) -> bytes:
        """The next batch of the lane of the first record."""
        return self.batch_of_lines([encode_record(record) for record in records], lane_of(records[0]))

    def batch_of_lines(self, lines: Sequence[bytes], lane: Lane) -> bytes:
        """The next batch of a lane, of lines as they are."""
        first = self._next.get(lane, 1)
        raw = self.batch_at(first, lines, lane, self._previous.get(lane, NO_PREVIOUS))
        self._next[lane] = first + len(lines)
        self._previous[lane] = digest_of(raw)
        return raw

    def batch_at(self, first: int, lines: Sequence[bytes], lane: Lane, previous: str = NO_PREVIOUS) -> bytes:
        """A signed batch at any place of a lane; the gateway does not remember it."""
        header = BatchHeader(
            gateway=GatewayName(self.name),
            journal=JournalId(self.journal),
            lane=lane,
            first=first,
            count=len(lines),
            previous=previous,
        )
        return encode_batch(header, lines, self.key.sign)


@dataclass
class Ledger:
    """A ledger with places, an item and a gateway, and short ways to look into it."""

    database: Database

    def add_place(self, name: str, kind: str = "room", parent: str | None = None, policy: str | None = None) -> int:
        """A place; gives its id."""
        sql = """
            INSERT INTO place (id, name, kind, parent_id, ancestors, policy) OVERRIDING SYSTEM VALUE
            SELECT new.id, %(name)s, %(kind)s, up.id, coalesce(up.ancestors, '{}') || new.id, %(policy)s
            FROM (SELECT nextval(pg_get_serial_sequence('place', 'id')) AS id) AS new
            LEFT JOIN place up ON up.name = %(parent)s
            RETURNING id"""
        names = {"name": name, "kind": kind, "parent": parent, "policy": policy}
        place_id = int(self.rows(sql, names)[0]["id"])
        if kind == "site":
            self.run("UPDATE gateway SET place_id = %(id)s WHERE place_id IS NULL", {"id": place_id})
        return place_id

    def trust_journals(self, *gateways: GatewayWithKey) -> None:
        """Believe journals of a gateway that nobody announced, as quality may."""
        sql = """
            INSERT INTO gateway_journal (gateway_id, journal, standing)
            SELECT id, %(journal)s::uuid, 'trusted' FROM gateway WHERE name = %(name)s"""
        for gateway in gateways:
            self.run(sql, {"journal": gateway.journal, "name": gateway.name})

    def add_policy(self, policy: Policy = COLD) -> None:
        """A storage policy."""
        body = Jsonb(policy.model_dump(mode="json"))
        self.run("INSERT INTO policy VALUES (%(name)s, %(body)s)", {"name": policy.name, "body": body})

    def add_item(self, name: str = "insulin", gtin: str = GTIN, base_units: int = 1) -> int:
        """An item with one GTIN; gives its id."""
        item_id = int(self.rows("INSERT INTO item (name) VALUES (%(name)s) RETURNING id", {"name": name})[0]["id"])
        self.run("INSERT INTO item_gtin VALUES (%(g)s, %(i)s, %(n)s)", {"g": gtin, "i": item_id, "n": base_units})
        return item_id

    def put_probe(self, place: str, device: str = "probe-a", gateway: str = "gw-1", metric: str = "temp_c") -> int:
        """Say where a device is, before it is ever heard; gives the id of its channel."""
        sql = """
            INSERT INTO channel (gateway_id, device, metric, place_id)
            SELECT g.id, %(device)s, %(metric)s, p.id FROM gateway g, place p
            WHERE g.name = %(gateway)s AND p.name = %(place)s
            RETURNING id"""
        names = {"device": device, "metric": metric, "gateway": gateway, "place": place}
        return int(self.rows(sql, names)[0]["id"])

    def rows(self, sql: str, parameters: dict[str, object] | None = None) -> list[Row]:
        """Rows of any query."""
        with self.database.transaction() as connection:
            return connection.execute(sql, parameters).fetchall()  # type: ignore[call-overload, no-any-return]

    def run(self, sql: str, parameters: dict[str, object] | None = None) -> None:
        """Any statement."""
        with self.database.transaction() as connection:
            connection.execute(sql, parameters)  # type: ignore[call-overload]

    def run_as_owner(self, sql: str) -> None:
        """Any statement that the ledger at work may not run, past the triggers that keep facts."""
        with psycopg.connect(self.database.url) as connection:
            connection.execute("SET session_replication_role = replica")
            connection.execute(sql.encode())

    def balances(self) -> dict[tuple[str, str, str], int]:
        """(lot number, serial, place) -> quantity, where it is not 0."""
        sql = """
            SELECT l.lot_number, b.serial, p.name AS place, b.quantity
            FROM position b JOIN lot l ON l.id = b.lot_id JOIN place p ON p.id = b.place_id
            WHERE b.quantity <> 0"""
        return {(row["lot_number"], row["serial"], row["place"]): row["quantity"] for row in self.rows(sql)}

    def residencies(self) -> set[tuple[str, str, str, datetime, datetime | None]]:
        """(lot number, serial, place, began, ended)."""
        sql = """
            SELECT l.lot_number, r.serial, p.name, r.began_at, r.ended_at
            FROM residency r JOIN lot l ON l.id = r.lot_id JOIN place p ON p.id = r.place_id"""
        return {tuple(row.values()) for row in self.rows(sql)}  # type: ignore[misc]

    def excursions(self) -> set[tuple[str, str, datetime, datetime | None, float]]:
        """(device, rule, began, ended, worst)."""
        sql = """
            SELECT c.device, e.rule, e.began_at, e.ended_at, e.worst
            FROM excursion e JOIN channel c ON c.id = e.channel_id"""
        return {tuple(row.values()) for row in self.rows(sql)}  # type: ignore[misc]

    def exposures(self) -> set[tuple[str, str, datetime, str, str, str, datetime, datetime]]:
        """(device, rule, excursion began, lot number, serial, place, residency began, since)."""
        sql = """
            SELECT c.device, e.rule, e.began_at AS excursion_began_at, l.lot_number, x.serial, p.name,
                   x.residency_began_at, x.since
            FROM exposure x JOIN excursion e ON e.id = x.excursion_id JOIN channel c ON c.id = e.channel_id
            JOIN lot l ON l.id = x.lot_id JOIN place p ON p.id = x.place_id"""
        return {tuple(row.values()) for row in self.rows(sql)}  # type: ignore[misc]

    def held(self, kind: str = "exposure") -> set[tuple[str, str | None, str | None]]:
        """(lot number, serial or None for all, place or None for everywhere) with a hold of that kind."""
        sql = """
            SELECT DISTINCT l.lot_number, h.serial, p.name
            FROM active_hold h JOIN lot l ON l.id = h.lot_id LEFT JOIN place p ON p.id = h.place_id
            WHERE h.kind = %(kind)s"""
        return {tuple(row.values()) for row in self.rows(sql, {"kind": kind})}  # type: ignore[misc]

    def open_cases(self) -> list[str]:
        """Kinds of the open exception cases, in order."""
        rows = self.rows("SELECT kind FROM exception_case WHERE resolved_at IS NULL ORDER BY kind")
        return [row["kind"] for row in rows]

    def events(self, kind: str) -> list[Row]:
        """Events of a kind, oldest first."""
        return self.rows("SELECT * FROM event WHERE kind = %(kind)s ORDER BY id", {"kind": kind})


def ledger_with_two_fridges(database: Database, gateway: GatewayWithKey) -> Ledger:
    """A site with two monitored refrigerators (``probe-a``, ``probe-b``; A with a shelf), a dock, and people around."""
    ledger = Ledger(database)
    gateway.register(database)
    ledger.add_policy()
    ledger.add_item()
    ledger.add_place("site", "site")
    ledger.add_place("dock", "room", "site")
    ledger.add_place("fridge-a", "room", "site", "cold")
    ledger.add_place("shelf-a1", "bin", "fridge-a")
    ledger.add_place("fridge-b", "room", "site", "cold")
    ledger.add_place("batch-7", "production", "site")
    ledger.add_place("acme", "supplier")
    ledger.add_place("st-mary", "customer")
    ledger.put_probe("fridge-a", "probe-a", gateway.name)
    ledger.put_probe("fridge-b", "probe-b", gateway.name)
    return ledger
