"""The whole way from probe and scanner to the ledger, pulled apart: cable out, clock a day back, ten times kill -9.

An hour of outage is some seconds here: the probe is polled ten times a second instead of every ten seconds, so that
about as much is recorded. All parts are real processes, sockets and lines: the agent, the ledger with its PostgreSQL,
a Modbus probe and a scanner at byte level, and a cable between agent and ledger that can be pulled.
"""

import asyncio
import random
from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from cloud_sync.storage.database import Database
from edge_agent.buffer.reader import JournalReader
from edge_agent.domain.wire.records import Notice, Reading, Record, ScanTransaction
from edge_agent.domain.wire.wire import NO_PREVIOUS, Batch, decode_batch, decode_record
from edge_agent.drivers.modbus.profile import load_profile
from edge_agent.simulators.link import CutMode, Relay
from edge_agent.simulators.modbus import ModbusTcpSimulator, SimulatedDevice
from edge_agent.simulators.scanner import SimulatedScanner, label
from edge_agent.uplink.identity import Identity
from tests.integration.cloud.commands.test_cloud_sync import config as ledger_config
from tests.integration.cloud.commands.test_cloud_sync import serving
from tests.simulation.agent_process import PATIENCE_S, AgentProcess, write_config
from tests.support.builders import GTIN, GatewayWithKey, Ledger, ledger_with_two_fridges
from tests.support.faketime import FakeWall

DAY_S = 86_400
KILLS = 10
TAKEN = (b"\x06", b"\x06\x06")
"""Good, and good with a warning: without a desk, or with an old one, the dock says so and takes the box."""
EXPIRES_ON = date(2029, 12, 31)


class Gateway:
    """The agent with its devices, as the people around it see it: it is started, scanned at and killed."""

    def __init__(self, folder: Path, config: Path, wall: FakeWall, scanner: SimulatedScanner) -> None:
        self.journal = folder / "data" / "journal"
        self.wall = wall
        self.beeped: list[str] = []
        self.committed: set[str] = set()
        self._config = config
        self._scanner = scanner
        self._is_signed_in = False

    async def start(self) -> AgentProcess:
        self._is_signed_in = False
        return await AgentProcess.start(self._config, self.wall)

    async def receive(self, lot: str) -> None:
        """Scan a box in; when it has beeped as taken, the operator walks away."""
        if not self._is_signed_in:
            self._scanner.listen()
            await self._scanner.scan_until_answered("LW.BADGE.amy", aim="]C0")
            for code in ("LW.ACTION.RECEIVE", "LW.PLACE.acme", "LW.PLACE.dock"):
                await self._scan(code, "]C0")
            self._is_signed_in = True
        await self._scan(label(GTIN, lot, EXPIRES_ON), None)
        await self._scan("LW.COMMIT", "]C0")
        self.beeped.append(lot)

    async def begin_to_receive(self, lot: str) -> None:
        """As far as the commit is on the line: nobody knows what becomes of it."""
        await self._scan(label(GTIN, lot, EXPIRES_ON), None)
        await self._scanner.scan("LW.COMMIT", aim="]C0")

    def look_into_the_journal(self) -> None:
        """Remember each batch that is on the disk now."""
        with JournalReader.open(self.journal) as reader:
            self.committed |= {batch.digest for batch in reader.batches()}

    async def _scan(self, text: str, aim: str | None) -> None:
        await self._scanner.scan(text, aim=aim)
        assert await self._scanner.hear(PATIENCE_S) in TAKEN, text


async def test_a_cable_pulled_for_an_hour_a_clock_a_day_back_and_ten_kills_leave_a_complete_ordered_ledger(
    tmp_path: Path, database: Database
) -> None:
    dice = random.Random(4)
    identity = Identity.load_or_make(tmp_path / "data")
    key = load_pem_private_key((tmp_path / "data" / "gateway.key").read_bytes(), None)
    assert isinstance(key, Ed25519PrivateKey)
    ledger = ledger_with_two_fridges(database, GatewayWithKey(key=key))
    probe = SimulatedDevice(load_profile("xy-md02"), 1, lambda: {"temp_c": 5.0, "rh_pct": 40.0})
    wall = FakeWall(tmp_path / "wall")
    with (
        serving(ledger_config(tmp_path / "ledger", 'data_dir = "x"'), database.url) as served,
        SimulatedScanner(tmp_path / "scanner") as scanner,
    ):
        port = urlsplit(served.url).port
        assert port is not None
        async with ModbusTcpSimulator([probe]) as room, Relay("127.0.0.1", port) as cable:
            config = write_config(
                tmp_path, url=f"http://127.0.0.1:{cable.port}", modbus_port=room.port, scanner=scanner.path
            )
            gateway = Gateway(tmp_path, config, wall, scanner)
            agent = await gateway.start()
            await gateway.receive("BEFORE")
            for number in range(KILLS):
                if number == 1:
                    await cable.cut(CutMode.HANG)
                if number == 4:
                    wall.step_to(-DAY_S)
                await gateway.receive(f"LOT{number}")
                await gateway.begin_to_receive(f"OPEN{number}")
                await asyncio.sleep(dice.random())  # at any instant of its work: a delay is the fault itself
                await agent.kill()
                gateway.look_into_the_journal()
                agent = await gateway.start()
            await gateway.receive("IN-THE-PAST")
            wall.step_to(0)
            await cable.mend()
            await agent.until_said("the clock is synchronised")
            await gateway.receive("AFTER")
            await until_all_is_sent(gateway)
            await agent.stop()
        assert served.stop()[0] == 0
    assert_nothing_is_lost_or_doubled(ledger, gateway)
    assert_chains_are_whole(ledger, gateway, identity)
    assert_order_is_that_of_the_monotonic_clock(ledger)
    assert_each_beep_is_one_movement(ledger, gateway)
    assert_the_clock_is_explained(ledger)


async def until_all_is_sent(gateway: Gateway) -> None:
    with JournalReader.open(gateway.journal) as reader:
        async with asyncio.timeout(PATIENCE_S):
            while reader.pending_records() > 20:  # noqa: ASYNC110 - another process does it; new readings go on coming
                await asyncio.sleep(0.1)


def evidence(ledger: Ledger) -> list[Batch]:
    found = ledger.rows("SELECT raw FROM evidence ORDER BY journal, lane, first_seq")
    return [decode_batch(bytes(row["raw"])) for row in found]


def records(ledger: Ledger) -> list[Record]:
    return [decode_record(line) for batch in evidence(ledger) for line in batch.lines]


def assert_nothing_is_lost_or_doubled(ledger: Ledger, gateway: Gateway) -> None:
    """Every batch that was ever seen on the gateway's disk is there, and every number up to the last, once."""
    stored = Counter(batch.digest for batch in evidence(ledger))
    assert len(gateway.committed) > KILLS
    assert gateway.committed <= stored.keys()
    assert set(stored.values()) == {1}
    numbers: dict[str, list[int]] = defaultdict(list)
    for batch in evidence(ledger):
        numbers[batch.header.lane.value] += range(batch.header.first, batch.header.first + batch.header.count)
    with JournalReader.open(gateway.journal) as reader:
        assert reader.pending_records() == 0
        heads = {lane.lane.value: lane.last_seq for lane in reader.status().lanes}
    assert {lane: list(range(1, last + 1)) for lane, last in heads.items()} == numbers
    good = [r for r in records(ledger) if isinstance(r, Reading) and r.values]
    (kept,) = ledger.rows("SELECT count(*) AS count FROM reading")
    assert kept["count"] == sum(len(reading.values) for reading in good)
    assert len(good) > 30


def assert_chains_are_whole(ledger: Ledger, gateway: Gateway, identity: Identity) -> None:
    """Each batch is signed by the gateway and names the one before it; one journal all the while."""
    by_lane: dict[str, list[Batch]] = defaultdict(list)
    for batch in evidence(ledger):
        by_lane[batch.header.lane.value].append(batch)
        assert batch.is_genuine(identity.verify)
    assert len({batch.header.journal for batch in evidence(ledger)}) == 1
    for chain in by_lane.values():
        assert chain[0].header.previous == NO_PREVIOUS
        assert all(after.header.previous == before.digest for before, after in pairwise(chain))
    assert ledger.rows("SELECT 1 FROM exception_case WHERE kind IN ('forked_journal', 'batch_not_genuine')") == []
    with JournalReader.open(gateway.journal) as reader:
        assert reader.verify(identity.verify).faults == ()
        assert reader.status().set_aside == ()


def assert_order_is_that_of_the_monotonic_clock(ledger: Ledger) -> None:
    """Numbers follow the order in which things happened, whatever the wall clock showed."""
    said: dict[str, list[Reading]] = defaultdict(list)
    for record in records(ledger):
        if isinstance(record, Reading):
            said[record.device].append(record)
    for readings in said.values():
        times = [reading.stamp.mono_ms for reading in readings]
        assert times == sorted(times)
        walls = [reading.stamp.at for reading in readings]
        assert walls != sorted(walls), "the wall clock did go back"


def assert_each_beep_is_one_movement(ledger: Ledger, gateway: Gateway) -> None:
    """What beeped is booked once; what was killed before its beep is booked once or not at all."""
    booked = Counter(
        row["lot_number"]
        for row in ledger.rows("SELECT l.lot_number FROM movement m JOIN lot l ON l.id = m.lot_id ORDER BY m.id")
    )
    assert set(gateway.beeped) <= booked.keys()
    assert set(booked.values()) == {1}
    assert booked.keys() <= set(gateway.beeped) | {f"OPEN{number}" for number in range(KILLS)}
    scanned = [r for r in records(ledger) if isinstance(r, ScanTransaction)]
    assert len(scanned) == len({scan.transaction for scan in scanned}) == sum(booked.values())


def assert_the_clock_is_explained(ledger: Ledger) -> None:
    """Records made under the false time are marked, or a notice says by how much it was off."""
    steps = [r for r in records(ledger) if isinstance(r, Notice) and r.notice == "clock"]
    offsets_s = [round(int(str(step.data["offset_ms"])) / 1000) for step in steps]
    assert offsets_s.count(-DAY_S) == 1
    assert offsets_s.count(DAY_S) >= 1
    false = [r for r in records(ledger) if r.stamp.at < datetime.now(UTC) - timedelta(hours=20)]
    assert any(isinstance(record, ScanTransaction) for record in false)
    restarted = [r for r in false if isinstance(r, Notice) and r.notice == "started"]
    assert restarted
