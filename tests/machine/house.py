"""The house in which the machine lives: places, items, people, gateways, and a fresh ledger of them for each run."""

import itertools
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
from psycopg.types.json import Jsonb

from cloud_sync.actions.access import create_token
from cloud_sync.actions.gateways.ledger_keys import ledger_keys
from cloud_sync.domain.roles import Role
from cloud_sync.storage.database import Database
from cloud_sync.storage.queries import queries
from edge_agent.domain.monitoring.excursions import Side
from edge_agent.domain.monitoring.policies import NoDataRule, Policy, PolicyRule, RateRule
from edge_agent.domain.wire.ids import BootId, DeviceName
from edge_agent.domain.wire.records import Lane, Notice, NoticeKind, Quality, Reading, Record, Stamp, lane_of
from tests.support.builders import GatewayWithKey, Ledger
from tests.support.ledger_api import Somebody
from tests.support.recycled_databases import empty
from tests.support.reference_model import Place, World, as_it_was

HOURS_BACK = 10
"""The machine begins so long before now: the ledger dates holds by its own clock, scans come before and after them."""


def _rule(name: str, side: Side, limit: float, delay_s: int = 0, hysteresis: float = 0.0) -> PolicyRule:
    return PolicyRule(name=name, metric="temp_c", side=side, limit=limit, on_limit_is_outside=False, delay_s=delay_s,
                      hysteresis=hysteresis, source="test")  # fmt: skip


POLICIES = {
    policy.name: policy
    for policy in (
        Policy(name="cold", title="cold", rules=(_rule("warm", Side.ABOVE, 8), _rule("chill", Side.BELOW, 2))),
        Policy(name="lax", title="the same rules, other limits",
               rules=(_rule("warm", Side.ABOVE, 9, delay_s=600, hysteresis=0.5), _rule("chill", Side.BELOW, 0))),
        Policy(name="bare", title="one rule of cold, and not the other", rules=(_rule("warm", Side.ABOVE, 8),)),
        Policy(name="calm", title="with a rate",
               rules=(_rule("warm", Side.ABOVE, 8, delay_s=300),
                      RateRule(kind="rate", name="jump", metric="temp_c", change=6, window_s=900, source="test"))),
        Policy(name="voted", title="of several probes",
               rules=(_rule("warm", Side.ABOVE, 8, delay_s=300),
                      _rule("both-warm", Side.ABOVE, 8).model_copy(update={"sensors": 2}),
                      _rule("all-cold", Side.BELOW, 2, hysteresis=0.5).model_copy(update={"sensors": "all"}),
                      NoDataRule(kind="no_data", name="silent", metric="temp_c", after_s=5400, source="test"),
                      NoDataRule(kind="no_data", name="all-silent", metric="temp_c", after_s=7200, sensors="all",
                                 source="test"))),
    )
}  # fmt: skip
PLACES = {
    "acme": ("supplier", None, None),
    "shady": ("supplier", None, None),
    "st-mary": ("customer", None, None),
    "main": ("site", None, None),
    "ward-3": ("ward", "main", None),
    "dock": ("room", "main", None),
    "fridge-a": ("room", "main", "cold"),
    "shelf-a": ("bin", "fridge-a", None),
    "fridge-b": ("room", "main", "calm"),
    "store": ("room", "main", None),
    "vault": ("room", "main", "voted"),
    "clean-room": ("room", "main", "cold"),
    "north": ("site", None, None),
    "north-room": ("room", "north", None),
    "scrap": ("scrap", None, None),
    "used-up": ("used_up", None, None),
    "count-difference": ("count_difference", None, None),
    "unpacked": ("unpacking", None, None),
}
"""Name -> kind, parent, policy."""
LATE_PLACE = ("annex", ("bin", "store", None))
HOUSE = ("main", "dock", "fridge-a", "shelf-a", "fridge-b", "store", "clean-room", "north-room", "vault")
"""Places whose stock is in the house."""
ZONES = {"main": "America/Los_Angeles", "north": "Pacific/Auckland"}
"""Sites whose days end at other times."""
DEVICES = {"probe-a": "fridge-a", "probe-b": "fridge-b", "probe-c": "clean-room",
           "probe-d": "vault", "probe-e": "vault", "probe-f": "vault"}  # fmt: skip
GATEWAY_OF = {"probe-a": 0, "probe-b": 1, "probe-c": 2, "probe-d": 0, "probe-e": 1, "probe-f": 1}
MOVED = ("probe-a", "probe-b", "probe-c")
"""Probes that change their places."""
GTINS = {"insulin": "09501101530003", "vaccine": "09501101530010", "drug": "09501101530027",
         "ampoule": "09501101530034", "syringe": "09501101530041", "late": "09501101530058",
         "pen": "09501101530065"}  # fmt: skip
LOTS = {"A1": "insulin", "A2": "insulin", "X1": "insulin", "V1": "vaccine", "D1": "drug", "D2": "drug",
        "S1": "ampoule", "N1": "late", "C1": "pen", "C2": "pen"}  # fmt: skip
OWNER = "pharma-co"
OWNED = {"O1": "insulin"}
"""Lots of another owner: scans cannot say whose they are, so only commands move them."""
SERIALS = ("s1", "s2", "s3")
CASE_GTIN = "19501101530062"
"""A case of pens."""
CASES = ("k1", "k2", "k3")
UNITS_IN_CASE = (10, 12)
"""As the master data has it, and as somebody corrects it."""
LATE_ITEM = "late"
MASTER_RECORD = {
    "quantity": 10, "preparation": "category_2_aseptic_untested", "storage": "refrigerator",
    "ingredients": [{"item": "drug", "quantity": 10, "tolerance_pct": 100}],
    "steps": [{"text": "mix"}], "yield_min_pct": 0, "yield_max_pct": 1000,
}  # fmt: skip
KEEP_TABLES = {"api_token", "policy", "owner"}


@dataclass
class Said:
    """A record, its number in its lane, and when it really was."""

    seq: int
    record: Record
    at: datetime


@dataclass
class Batch:
    """A signed batch on its way."""

    raw: bytes
    said: tuple[Said, ...]

    @property
    def is_of_readings(self) -> bool:
        """Whether it may be stored together with others."""
        return all(isinstance(each.record, Reading) for each in self.said)


@dataclass
class Gate:
    """A gateway whose clock may be off, and what it has not sent yet."""

    gateway: GatewayWithKey
    boot: BootId
    is_synced: bool = True
    behind: timedelta = timedelta(0)
    waiting: list[Batch] = field(default_factory=list)
    sent: list[Batch] = field(default_factory=list)
    corrected: set[str] = field(default_factory=set)
    _next: dict[Lane, int] = field(default_factory=lambda: {Lane.SCANS: 1, Lane.READINGS: 1})

    @property
    def next_of_readings(self) -> int:
        """The number of its next reading."""
        return self._next[Lane.READINGS]

    def stamp(self, at: datetime) -> Stamp:
        """What the gateway thinks that time is."""
        return Stamp(at - self.behind, int(at.timestamp() * 1000) % 10**11, self.boot, self.is_synced)

    def note(self, *records: tuple[Record, datetime]) -> None:
        """Commit a batch to the journal."""
        lane = lane_of(records[0][0])
        first = self._next[lane]
        self._next[lane] += len(records)
        raw = self.gateway.batch(*(record for record, _ in records))
        said = tuple(Said(first + number, record, at) for number, (record, at) in enumerate(records))
        self.waiting.append(Batch(raw, said))

    def start_again(self, behind: timedelta) -> None:
        """A new boot; with ``behind`` its clock is not synchronised."""
        self.boot = BootId(str(uuid.uuid5(uuid.NAMESPACE_OID, self.boot)))
        self.behind, self.is_synced = behind, not behind

    def synchronise(self, at: datetime) -> None:
        """The clock is right from now on, and a notice says what it was off by."""
        mono_ms = int(at.timestamp() * 1000) % 10**11
        data: dict[str, str | int | float | None] = {
            "cause": "synced", "boot": self.boot, "offset_ms": int(self.behind.total_seconds() * 1000),
            "by_mono_ms": mono_ms, "wall_minus_mono_ms": int(at.timestamp() * 1000) - mono_ms,
        }  # fmt: skip
        self.behind, self.is_synced = timedelta(0), True
        self.note((Notice(self.stamp(at), NoticeKind.CLOCK, "clock", "synchronised", data), at))


class House:
    """A fresh ledger, everybody with a token, and a clock that the machine moves."""

    def __init__(self, client: httpx.Client, database: Database) -> None:
        self.database = database
        self.ledger = Ledger(database)
        self.start = (datetime.now(UTC) - timedelta(hours=HOURS_BACK)).replace(second=0, microsecond=0)
        self.now = self.start
        self.ids = (str(uuid.UUID(int=number)) for number in itertools.count(1))
        self.world = World({}, dict(DEVICES), dict(GATEWAY_OF), horizons={})
        empty(database.url)
        self.amy, self.bob = self._known(client, "amy", Role.OPERATOR), self._known(client, "bob", Role.OPERATOR)
        self.eve, self.max = self._known(client, "eve", Role.QUALITY), self._known(client, "max", Role.QUALITY)
        self.root = self._known(client, "root", Role.ADMINISTRATOR)
        self.gates = tuple(_gate(number) for number in range(3))
        ledger_keys(database)  # else whoever gets the first receipt of the new house makes its key, some day
        self._fill()

    def minute(self, number: float) -> datetime:
        """That many minutes after the beginning."""
        return self.start + timedelta(minutes=number)

    def expiry(self, lot: str) -> date:
        """What the label of a lot says; X1 is past it, others will be after a night."""
        days = {"X1": -1, "A1": 0, "D2": 0, "D1": 60}.get(lot, 300)
        return self.start.date() + timedelta(days=days)

    def horizons(self) -> dict[int, datetime]:
        """Gateway -> up to when the ledger has all readings that it ever took."""
        with self.database.transaction() as connection:
            ids = {gate.gateway.name: number for number, gate in enumerate(self.gates)}
            rows = connection.execute("SELECT id, name FROM gateway").fetchall()
            found = {
                ids[row["name"]]: queries("tracks").horizon(connection, gateway_id=row["id"], journal=None)
                for row in rows
                if row["name"] in ids
            }
        return {number: until for number, until in found.items() if until is not None}

    def add_place(self, name: str, kind: str, parent: str | None, policy: str | None) -> None:
        """Tell the model of a place."""
        rules = POLICIES[policy].rules_for("temp_c") if policy else ()
        self.world.places[name] = Place(kind, parent, rules)

    def zone_of(self, place: str) -> ZoneInfo:
        """What counts in a place: the zone of its site, UTC where it stands in none."""
        above = self.world.places[place].parent
        return ZoneInfo(ZONES.get(place, "UTC")) if above is None else self.zone_of(above)

    def change_policy(self, name: str, policy: str) -> None:
        """Other rules from now on; what was measured before is judged by those that were. Two people agree to it where
        stock has stood."""
        kind, parent, _ = PLACES[name]
        body = {"kind": kind, "parent": parent, "policy": policy, "reason": "new stability data"}
        answer = self.root.request("PUT", f"/v1/places/{name}", json=body)
        if answer.status_code == 409:
            said = {"kind": "place_policy", "place": name, "policy": policy, "reason": "new stability data"}
            proposed = self.ok(self.eve, "POST", "/v1/corrections", said)
            confirmed = {"effect_digest": proposed["effect_digest"], "reason": "looked at it"}
            self.ok(self.max, "POST", f"/v1/corrections/{proposed['id']}/confirm", confirmed)
        else:
            assert answer.is_success, answer.text
        before = self.world.places[name]
        self.add_place(name, kind, parent, policy)
        if self.world.places[name] != before:
            was = self.world.rules_were.setdefault(name, [])
            was.append((self._after(was[-1:]), before.rules))

    def move_probe(self, device: str, place: str, since: datetime) -> httpx.Response:
        """A probe measures somewhere else since then; what it measured before stays true of where it was."""
        (row,) = self.ledger.rows("SELECT id FROM channel WHERE device = %(device)s", {"device": device})
        said = {"place": place, "since": since.isoformat()}
        response = self.root.request("PUT", f"/v1/channels/{row['id']}/place", json=said)
        if response.is_success:
            self._accept_statements()
            was = self.world.device_was.setdefault(device, [])
            before = as_it_was(was, self.world.devices[device], since)
            was[:] = [each for each in was if each[0] < since] + ([(since, before)] if before != place else [])
            self.world.devices[device] = place
        return response

    def _accept_statements(self) -> None:
        """That a probe was elsewhere already, quality believes."""
        for case in self.ok(self.eve, "GET", "/v1/cases?kind=channel_statement")["rows"]:
            said = {"decision": "accepted", "resolution": "the log of the probe says so"}
            self.ok(self.eve, "POST", f"/v1/cases/{case['id']}/resolve", said)

    def _after(self, last: Sequence[tuple[datetime, Any]]) -> datetime:
        """Now, or right after what was said last: of two changes at one instant one comes first."""
        return max([self.now, *(at + timedelta(microseconds=1) for at, _ in last)])

    def reading(self, gate: Gate, device: str, at: datetime, temp_c: float) -> Reading:
        """What a probe measured."""
        return Reading(gate.stamp(at), DeviceName(device), Quality.GOOD, {"temp_c": temp_c})

    def _known(self, client: httpx.Client, name: str, role: Role) -> Somebody:
        return Somebody(client, create_token(self.database, name, role))

    def _fill(self) -> None:
        for policy in POLICIES.values():
            self.ledger.run("INSERT INTO policy VALUES (%(name)s, %(body)s)",
                            {"name": policy.name, "body": Jsonb(policy.model_dump(mode="json"))})  # fmt: skip
        for name, (kind, parent, policy_name) in PLACES.items():
            self.ledger.add_place(name, kind, parent, policy_name)
            self.add_place(name, kind, parent, policy_name)
        for site, zone in ZONES.items():
            self.ledger.run("UPDATE place SET zone = %(zone)s, is_zone_known = true WHERE ancestors @> "
                            "ARRAY[(SELECT id FROM place WHERE name = %(site)s)]",
                            {"site": site, "zone": zone})  # fmt: skip
        self.ledger.run("INSERT INTO owner VALUES (%(name)s, 'A pharma company')", {"name": OWNER})
        for item, gtin in GTINS.items():
            if item != LATE_ITEM:
                self.ledger.add_item(item, gtin)
        names = {"gtin": CASE_GTIN, "units": UNITS_IN_CASE[0]}
        self.ledger.run("INSERT INTO item_gtin SELECT %(gtin)s, id, %(units)s FROM item WHERE name = 'pen'", names)
        for gate in self.gates:
            gate.gateway.register(self.database)
        for device, place in DEVICES.items():
            self.ledger.put_probe(place, device, self.gates[GATEWAY_OF[device]].gateway.name)
        self.ledger.run("INSERT INTO item_substitute SELECT i.id, 1, v.id FROM item i, item v"
                        " WHERE (i.name, v.name) = ('insulin', 'vaccine')")  # fmt: skip
        self.ok(self.root, "PUT", "/v1/items/syringe/compounding", {"kind": "503B"})
        self.ok(
            self.root,
            "POST",
            "/v1/master-formulation-records",
            {"name": "mix", "item": "syringe", "body": MASTER_RECORD},
        )
        self.ok(self.eve, "POST", "/v1/master-formulation-records/mix/1/approve", {"reason": "checked"})

    def ok(self, who: Somebody, method: str, path: str, body: Any = None) -> Any:
        """A request that has to succeed."""
        return who.ok(method, path, json=body)


def _gate(number: int) -> Gate:
    journal = f"{number + 1:08d}-1111-4111-8111-111111111111"
    return Gate(GatewayWithKey(f"gw-{number + 1}", journal), BootId(str(uuid.UUID(int=number + 7))))
