"""A real gateway's link and a real ledger over a real socket: configuration and releases go out, and come back if they
do not work."""

import json
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psycopg
import pytest

from cloud_sync.actions.gateways import fleet_config, ledger_keys, releases
from cloud_sync.actions.gateways.desk import place_gateway
from cloud_sync.actions.gateways.gateways import add_gateway
from cloud_sync.actions.gateways.release_files import ReleaseFolder
from cloud_sync.actions.governance import controlled_changes
from cloud_sync.domain.roles import Role
from cloud_sync.errors import Conflict, Invalid, NotAllowed
from cloud_sync.notify.conditions import look_once
from cloud_sync.notify.settings import AlertSettings
from cloud_sync.storage.database import Database
from edge_agent.buffer.stored_batch import JournalStatus
from edge_agent.config.model import GatewayConfig, UplinkSection
from edge_agent.config.policy_files import read_policies
from edge_agent.domain.fleet.releases import ReleaseNeeds
from edge_agent.domain.wire.records import Notice, Record
from edge_agent.fleet.config_trial import ConfigTrial
from edge_agent.fleet.health import HealthFigures
from edge_agent.fleet.launcher import Disk, settle
from edge_agent.fleet.link import FleetLink, Hands
from edge_agent.fleet.releases import Releases
from edge_agent.runtime.config_loader import load_config
from edge_agent.timekeeping.clock import ManualClock
from edge_agent.uplink.desk_client import DeskClient
from edge_agent.uplink.identity import Identity
from edge_agent.uplink.trust import LedgerTrust
from tests.integration.cloud.actions.gateways.test_desk import NOW, served
from tests.support.builders import COLD, Ledger
from tests.support.fleet_parts import release_in
from tests.support.ledger_api import api_on

LOCAL = '[gateway]\nname = "{name}"\ndata_dir = "{home}/data"\nprobation_s = 60\n\n[uplink]\nurl = "{url}"\n'
MADE_THERE = '[calendar]\nat = "01:00"\n'
HANDED = '[calendar]\nat = "03:10"\n'
MEASURES = HANDED + (
    '\n[[bus]]\nkind = "modbus-tcp"\nname = "b"\nhost = "192.0.2.1"\n'
    '\n[[device]]\nname = "fridge-a/p1"\nbus = "b"\nprofile = "xy-md02"\npoll_s = 10\n'
)


@dataclass
class Gateway:
    """What of a gateway belongs to the fleet; ``did`` is what its link asked of the agent."""

    home: Path
    url: str
    name: str = "gw-1"
    clock: ManualClock = field(default_factory=lambda: ManualClock(NOW))
    did: list[str] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    receipt_s: float | None = None

    def __post_init__(self) -> None:
        self.home.mkdir(parents=True, exist_ok=True)
        self.path = self.home / "gateway.toml"
        self.path.write_text(LOCAL.format(name=self.name, home=self.home, url=self.url) + MADE_THERE)
        self.data = self.home / "data"
        self.identity = Identity.load_or_make(self.data)
        self.start()

    def start(self) -> None:
        """As the agent does."""
        self.trial = ConfigTrial(self.path, self.data / "fleet", load_config)
        self.trial.settle_at_start()
        self.releases = Releases(self.data)
        settle(self.releases.root, Disk())
        config: GatewayConfig = load_config(self.path)
        client = DeskClient(UplinkSection(url=self.url, timeout_s=20), self.name, self.identity.sign, self.clock)
        self.link = FleetLink(
            config, client, self.clock, self.trial, self.releases,
            HealthFigures(self.data / "fleet", self.clock, lambda: self.receipt_s),
            Hands(lambda: self.did.append("reload"), lambda: self.did.append("restart"), self._record,
                  lambda: self.receipt_s, self._status),
        )  # fmt: skip

    async def _record(self, record: Record) -> None:
        self.records.append(record)

    async def _status(self) -> JournalStatus:
        from edge_agent.errors import JournalError

        raise JournalError("not asked for here")

    @property
    def runs(self) -> str:
        return load_config(self.path).calendar.at

    async def receipt(self) -> None:
        self.clock.advance(5)
        self.receipt_s = self.clock.mono_s()
        await self.link.look_at_probation()


@pytest.fixture
def house(database: Database) -> Database:
    with api_on(database) as api:
        api.house()
    return database


def enrolled(database: Database, gateway: Gateway) -> Gateway:
    add_gateway(database, gateway.name, gateway.identity.public_key, actor="test")
    LedgerTrust.load(gateway.data).believe_only(ledger_keys.ledger_keys(database).public_key)
    gateway.start()
    return gateway


def standing(database: Database) -> str:
    return str(fleet_config.config_now(database, "gw-1")["standing"])


async def test_a_configuration_goes_out_is_confirmed_drifts_and_is_taken_over(house: Database, tmp_path: Path) -> None:
    with served(house) as url:
        gateway = enrolled(house, Gateway(tmp_path, url))
        await gateway.link.beat()
        assert standing(house) == "made there"
        ours = {"reason": "first", "at": NOW, "actor": "faye"}
        with pytest.raises(Conflict, match="was made there"):
            fleet_config.set_config(house, "gw-1", HANDED, **ours)
        change = fleet_config.set_config(house, "gw-1", HANDED, replaces_local=True, **ours)
        assert change["applied_at"] is not None, "nothing that is measured changes"
        await gateway.link.beat()
        assert gateway.did == ["restart"] and gateway.runs == "03:10"
        gateway.start()
        await gateway.link.beat()
        assert standing(house) == "probation"
        await gateway.receipt()
        await gateway.link.beat()
        assert standing(house) == "as handed out"
        assert [each.text for each in gateway.records if isinstance(each, Notice)] == [
            "configuration 1 of the ledger is in place", "configuration 1 of the ledger is confirmed",
        ]  # fmt: skip

        gateway.path.write_text(gateway.path.read_text().replace("03:10", "05:05"))
        await gateway.link.beat()
        assert standing(house) == "drifted"
        now = fleet_config.config_now(house, "gw-1")
        assert now["differences"] == [{"path": "calendar.at", "before": '"03:10"', "after": '"05:05"'}]
        look_once(house, AlertSettings(), NOW)
        with psycopg.connect(house.url) as connection:
            alerts = connection.execute("SELECT text FROM alert WHERE kind = 'config_drift'").fetchall()
        assert len(alerts) == 1 and "edited at the gateway" in alerts[0][0]
        fleet_config.take_over(house, "gw-1", reason="it was right", at=NOW, actor="faye")
        await gateway.link.beat()
        await gateway.receipt()
        await gateway.link.beat()
        assert (standing(house), gateway.runs) == ("as handed out", "05:05")
        assert [row["version"] for row in fleet_config.config_history(house, "gw-1")] == [2, 1]
        fleet_config.roll_back(house, "gw-1", 1, reason="no", at=NOW, actor="faye")
        await gateway.link.beat()
        assert gateway.runs == "03:10" and gateway.trial.state().trial is not None


async def test_the_policies_of_its_site_go_with_it_and_follow_when_they_change(ledger: Ledger, tmp_path: Path) -> None:
    house = ledger.database
    for name in ("cold-2", "cold-3"):
        ledger.add_policy(COLD.model_copy(update={"name": name}))
    ledger.add_place("main", "site")
    ledger.add_place("cellar", "room", "main", "cold-2")
    with served(house) as url:
        gateway = enrolled(house, Gateway(tmp_path, url, "gw-9"))
        place_gateway(house, "gw-9", "cellar", actor="test")
        await gateway.link.beat()
        said = {"reason": "first", "at": NOW, "actor": "faye"}
        fleet_config.set_config(house, "gw-9", HANDED, replaces_local=True, **said)
        await gateway.link.beat()
        gateway.start()
        await gateway.receipt()
        (policy,) = read_policies(load_config(gateway.path).fleet.policies_dir)
        assert policy == COLD.model_copy(update={"name": "cold-2"})
        ledger.run("UPDATE place SET policy = 'cold-3' WHERE name = 'cellar'")
        await gateway.link.beat()
        await gateway.receipt()
        await gateway.link.beat()
        newest, first = fleet_config.config_history(house, "gw-9")
        assert (newest["version"], newest["set_by"]) == (2, "ledger") and "cold-2, cold-3" in newest["reason"]
        assert [each["path"] for each in newest["differences"]] == ["policy.cold-2", "policy.cold-3"]
        assert [each.name for each in read_policies(load_config(gateway.path).fleet.policies_dir)] == ["cold-3"]
        assert newest["toml"] == first["toml"]
        assert fleet_config.config_now(house, "gw-9")["standing"] == "as handed out"
        await gateway.link.beat()
        assert len(fleet_config.config_history(house, "gw-9")) == 2, "only what changes goes out"

        (file,) = (gateway.data / "fleet/policies/2").iterdir()
        file.write_text(file.read_text().replace("8.0", "18.0"))
        await gateway.link.beat()
        now = fleet_config.config_now(house, "gw-9")
        assert now["standing"] == "drifted"
        assert now["differences"] == [{"path": "policy.cold-3", "before": "as handed out", "after": "edited"}]


async def test_without_a_receipt_it_goes_back_and_is_not_tried_again(house: Database, tmp_path: Path) -> None:
    with served(house) as url:
        gateway = enrolled(house, Gateway(tmp_path, url))
        before = gateway.path.read_bytes()
        await gateway.link.beat()
        fleet_config.set_config(house, "gw-1", HANDED, replaces_local=True, reason="first", at=NOW, actor="faye")
        await gateway.link.beat()
        gateway.start()
        gateway.clock.advance(61)
        await gateway.link.look_at_probation()
        assert gateway.path.read_bytes() == before and gateway.did == ["restart", "restart"]
        gateway.start()
        await gateway.link.beat()
        assert gateway.path.read_bytes() == before
        whole = gateway.path.read_text()
        gateway.path.write_text(whole + "broken = \n")
        await gateway.link.beat()
        assert standing(house) == "unreadable"
        gateway.path.write_text(whole)
        await gateway.link.beat()
        now = fleet_config.config_now(house, "gw-1")
        assert now["standing"] == "rolled back" and "no receipt" in now["heartbeat"]["config"]["reason"]


def test_what_changes_measuring_waits_for_a_second_person_and_secrets_are_refused(house: Database) -> None:
    add_gateway(house, "gw-1", "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVowMTIzNDU=", actor="test")
    change = fleet_config.set_config(house, "gw-1", MEASURES, reason="a probe", at=NOW, actor="faye")
    assert change["applied_at"] is None and change["needs_second_person"]
    with pytest.raises(NotAllowed):
        controlled_changes.approve(house, change["id"], reason="fine", at=NOW, actor="faye")
    controlled_changes.approve(house, change["id"], reason="looked at it", at=NOW, actor="quentin")
    (row,) = fleet_config.config_history(house, "gw-1")
    assert (row["set_by"], row["approved_by"], row["version"]) == ("faye", "quentin", 1)
    with pytest.raises(Invalid, match=r"bindkey is a secret.*stays at the gateway"):
        fleet_config.set_config(
            house,
            "gw-1",
            '[[device]]\nname = "d"\nbindkey = "00"\n[uplink]\nurl = "x"\n',
            reason="r",
            at=NOW,
            actor="a",
        )


async def test_what_the_ledger_did_not_sign_is_not_taken(house: Database, tmp_path: Path) -> None:
    with served(house) as url:
        gateway = enrolled(house, Gateway(tmp_path, url))
        await gateway.link.beat()
        fleet_config.set_config(house, "gw-1", HANDED, replaces_local=True, reason="first", at=NOW, actor="faye")
        LedgerTrust.load(gateway.data).believe_only("QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVowMTIzNDU=")
        with pytest.raises(ValueError, match="not signed by the ledger"):
            await gateway.link.beat()
        assert gateway.runs == "01:00"
        async with httpx.AsyncClient() as stranger:
            forged = await stranger.post(f"{url}/v1/heartbeats", json={"gateway": "gw-1"})
        assert forged.status_code in (401, 422)


async def test_a_release_goes_out_in_waves_and_stops_at_the_first_that_is_worse(
    house: Database, tmp_path: Path
) -> None:
    release_in(tmp_path / "stick", "0.2.0")
    kept = ReleaseFolder(tmp_path / "releases")
    with served(house, releases=kept) as url:
        fleet = {name: enrolled(house, Gateway(tmp_path / name, url, name)) for name in ("gw-1", "gw-2", "gw-3")}
        releases.make_release(
            house, kept, tmp_path / "stick", "0.2.0", needs=ReleaseNeeds(python=None), at=NOW, actor="faye"
        )
        releases.put_in_cohort(house, "gw-2", "canary", at=NOW, actor="faye")
        for each in fleet.values():
            await each.link.beat()
        releases.start_roll_out(house, "0.2.0", "canary, all", soak_minutes=0, reason="new", at=NOW, actor="faye")
        for each in fleet.values():
            await each.link.beat()
        assert {name: each.did for name, each in fleet.items()} == {"gw-1": [], "gw-2": ["restart"], "gw-3": []}
        canary = fleet["gw-2"]
        canary.start()
        await canary.receipt()
        await canary.link.beat()
        releases.step_roll_out(house, NOW)
        releases.step_roll_out(house, NOW)
        for name in ("gw-1", "gw-3"):
            await fleet[name].link.beat()
            fleet[name].start()
        fleet["gw-3"].clock.advance(61)
        await fleet["gw-3"].link.look_at_probation()
        await fleet["gw-3"].link.beat()
        releases.step_roll_out(house, NOW)
        (roll_out,) = releases.roll_outs(house)
        assert roll_out["ended_as"] == "stopped" and "gw-3: the release was rolled back" in roll_out["ended_reason"]
        states = {row["name"]: row["state"] for row in roll_out["gateways"]}
        assert states["gw-2"] == "good" and states["gw-3"] == "worse"
        assert fleet["gw-3"].releases.running != "0.2.0"
        look_once(house, AlertSettings(), NOW)
        with psycopg.connect(house.url) as connection:
            assert connection.execute("SELECT count(*) FROM alert WHERE kind = 'roll_out_stopped'").fetchone() == (1,)


def test_people_see_and_set_it_by_the_api(database: Database) -> None:
    with api_on(database) as api:
        add_gateway(database, "gw-1", "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVowMTIzNDU=", actor="test")
        faye = api.known_as("faye", Role.FACILITIES)
        said = faye.ok("PUT", "/v1/gateways/gw-1/config", json={"toml": HANDED, "reason": "first"})
        assert said["after"]["version"] == 1
        assert faye.get("/v1/gateways/gw-1/config").json()["standing"] == "not fetched yet"
        assert len(faye.get("/v1/gateways/gw-1/config/history").json()) == 1
        bad = faye.request("PUT", "/v1/gateways/gw-1/config", json={"toml": "[gateway]\n", "reason": "first"})
        assert bad.status_code == 422 and "stays at the gateway" in bad.text
        assert json.loads(faye.get("/v1/releases").text) == []
