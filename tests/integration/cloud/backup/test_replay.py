"""A real gateway and a ledger that was restored from a backup: what was acknowledged since then comes again."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pyrage import x25519

from cloud_sync.actions.gateways import ledger_keys
from cloud_sync.backup.making import make_backup
from cloud_sync.backup.restoring import restore
from cloud_sync.ingest.notices import LOST_WITH_RESTORE
from cloud_sync.seal.publishing import latest_note
from cloud_sync.seal.sealing import seal_once
from cloud_sync.seal.verification import verify
from cloud_sync.storage.database import Database
from edge_agent.buffer.journal import Journal
from edge_agent.buffer.journal_thread import JournalThread
from edge_agent.buffer.kept_batches import KeptBatches
from edge_agent.buffer.opening import start_journal
from edge_agent.config.model import UplinkSection
from edge_agent.domain.seal.notes import opened_note
from edge_agent.domain.wire.ids import GatewayName
from edge_agent.domain.wire.records import Action, Lane, Notice, NoticeKind, Record
from edge_agent.timekeeping.clock import ManualClock
from edge_agent.uplink.desk_client import DeskClient
from edge_agent.uplink.forwarder import Forwarder
from edge_agent.uplink.https import HttpsUplink
from edge_agent.uplink.identity import Identity
from edge_agent.uplink.replay import Replay, asked_of
from edge_agent.uplink.trust import LedgerTrust
from edge_agent.uplink.witness import CHECKPOINT_FILE, Witness
from tests.integration.cloud.actions.gateways.test_desk import NOW, served
from tests.support.builders import GatewayWithKey, Ledger, line, minute, reading, scan
from tests.support.recycled_databases import RecycledDatabases

SEED = bytes(range(32))


@dataclass
class Station:
    """The parts of a gateway that send, keep, witness and send again."""

    folder: Path
    identity: Identity
    kept_hours: float = 26
    clock: ManualClock = field(default_factory=lambda: ManualClock(NOW))

    def __post_init__(self) -> None:
        self.thread = JournalThread()
        self.kept = KeptBatches(self.folder, self.clock, hours=self.kept_hours, bytes_max=10**7)
        self.journal: Journal = start_journal(
            self.folder / "journal", GatewayName("gw-1"), sign=self.identity.sign, verify=self.identity.verify,
            clock=self.clock, bytes_max=64_000_000,
        )  # fmt: skip

    def say(self, lane: Lane, *records: Record) -> None:
        self.journal.append(lane, records)

    async def send(self, url: str) -> None:
        uplink = HttpsUplink(UplinkSection(url=url, timeout_s=20), LedgerTrust.load(self.folder))
        forwarder = Forwarder(
            self.journal, self.thread, uplink, self.clock, random=Random(1).random, record=self._record,
            retry_max_s=1, keep=self.kept.keep,
        )  # fmt: skip
        while await forwarder.forward_once():
            pass
        await uplink.close()

    def replay(self, url: str) -> Replay:
        return Replay(asked_of(self._client(url)), self.journal, self.thread, self.kept, wake=lambda: None)

    def witness(self, url: str) -> Witness:
        return Witness(self._client(url), "gw-1", self.identity, self.clock, self.folder, self._record)

    def _client(self, url: str) -> DeskClient:
        return DeskClient(UplinkSection(url=url, timeout_s=20), "gw-1", self.identity.sign, self.clock)

    async def _record(self, record: Record) -> None:
        self.say(Lane.SCANS, record)

    @property
    def seen(self) -> str:
        return (self.folder / CHECKPOINT_FILE).read_text()

    def restart(self) -> "Station":
        self.kept.close()
        self.journal.close()
        return Station(self.folder, self.identity, self.kept_hours, self.clock)


@pytest.fixture
def identity(tmp_path: Path) -> Identity:
    (tmp_path / "gateway").mkdir()
    return Identity(SEED)


@pytest.fixture
def gateway() -> GatewayWithKey:
    """``gw-1`` has the key of the station."""
    return GatewayWithKey(key=Ed25519PrivateKey.from_private_bytes(SEED))


def sealed(database: Database) -> str:
    while seal_once(database):
        pass
    return latest_note(database)


def saved(database: Database, folder: Path, key: x25519.Identity) -> Path:
    made, _ = make_backup(database, folder, recipients=[], key=key, keep=3, at=NOW, actor="amy")
    return folder / made.name


def warm(since: int, until: int, celsius: float) -> Sequence[Record]:
    return [reading(minute(each), celsius) for each in range(since, until)]


async def test_restore_and_replay_give_the_same_holds_and_sums_and_one_history(
    ledger: Ledger, identity: Identity, databases: RecycledDatabases, tmp_path: Path
) -> None:
    key = x25519.Identity.generate()
    station = Station(tmp_path / "gateway", identity)
    LedgerTrust.load(station.folder).believe_only(ledger_keys.ledger_keys(ledger.database).public_key)
    with served(ledger.database) as url:
        station.say(Lane.SCANS, scan(minute(0), Action.RECEIVE, "acme", "fridge-a", line(10)))
        station.say(Lane.READINGS, *warm(0, 10, 5.0))
        await station.send(url)
        assert not await station.replay(url).look()
        sealed(ledger.database)
        backup = saved(ledger.database, tmp_path / "backups", key)
        for since in range(10, 40, 5):
            station.say(Lane.READINGS, *warm(since, since + 5, 14.0))
        station.say(Lane.SCANS, scan(minute(50), Action.MOVE, "fridge-a", "fridge-b", line(4)))
        await station.send(url)
        kept = sealed(ledger.database)
        await station.witness(url).look()
        wanted = ledger.balances(), ledger.held(), ledger.exposures(), ledger.excursions()
    assert station.seen == kept and ledger.held() and station.journal.pending_records() == 0
    station = station.restart()

    with databases.lent() as fresh:
        restore(fresh, backup, key, kept=[kept], at=NOW, actor="amy", reason="the disk failed")
        database = databases.open(fresh)
        again = Ledger(database)
        assert not again.held()
        with served(database) as url:
            # What goes on meanwhile leaves a hole behind it, and is taken all the same.
            station.say(Lane.READINGS, *warm(40, 45, 5.0))
            await station.send(url)
            replay = station.replay(url)
            while await replay.look():
                await station.send(url)
            assert (again.balances(), again.held(), again.exposures()) == wanted[:3]
            assert {each[:3] for each in again.excursions()} == {each[:3] for each in wanted[3]}
            assert LOST_WITH_RESTORE not in again.open_cases()
            assert not await replay.look()
            sealed(database)
            witness = station.witness(url)
            await witness.look()
            await station.send(url)
        _check_history(again, station, witness, kept)


def _check_history(again: Ledger, station: Station, witness: Witness, kept: str) -> None:
    """The gateway follows the restored ledger by its signed word, says so, and keeps what it saw before."""
    assert witness.trouble == ""
    old, new = opened_note(kept)[0], opened_note(station.seen)[0]
    assert new.origin.startswith(f"{old.origin}/2.")
    (former,) = station.folder.glob(f"{CHECKPOINT_FILE}.before-*")
    assert former.read_text() == kept
    (notice,) = again.rows("SELECT text FROM notice WHERE kind = 'seal_conflict'")
    assert "was restored from a backup" in notice["text"]
    report = verify(again.database, [kept, station.seen])
    assert (report.findings, report.cosignatures >= 1, len(report.restores)) == ([], True, 1)
    # A restore that does not tell of all that a gateway has seen is found out.
    assert opened_note(kept)[0].size > 0


async def test_what_is_kept_no_longer_is_declared_lost_and_becomes_a_case(
    ledger: Ledger, identity: Identity, databases: RecycledDatabases, tmp_path: Path
) -> None:
    key = x25519.Identity.generate()
    station = Station(tmp_path / "gateway", identity, kept_hours=0)
    LedgerTrust.load(station.folder).believe_only(ledger_keys.ledger_keys(ledger.database).public_key)
    with served(ledger.database) as url:
        station.say(Lane.READINGS, *warm(0, 10, 5.0))
        await station.send(url)
        backup = saved(ledger.database, tmp_path / "backups", key)
        station.say(Lane.READINGS, *warm(10, 20, 5.0))
        await station.send(url)
    with databases.lent() as fresh:
        restore(fresh, backup, key, at=NOW, actor="amy", reason="the disk failed")
        again = Ledger(databases.open(fresh))
        with served(again.database) as url:
            station.say(Lane.READINGS, *warm(20, 30, 5.0))
            await station.send(url)
            replay = station.replay(url)
            # Missing once may be a matter of moments; missing twice is lost.
            assert await replay.look()
            assert station.journal.pending_records() == 0
            assert await replay.look()
            (notice,) = [each for each in pending(station) if isinstance(each, Notice)]
            assert (notice.notice, notice.data["first"], notice.data["count"]) == (NoticeKind.GAP, 11, 10)
            await station.send(url)
            assert not await replay.look()
        (case,) = again.rows("SELECT text, data FROM exception_case WHERE kind = %(kind)s", {"kind": LOST_WITH_RESTORE})
        assert "10 records of lane readings are lost" in case["text"]
        assert case["data"]["first"] == 11


def pending(station: Station) -> list[Record]:
    from tests.support.journal_parts import records_in

    return [
        record
        for batch in station.journal.pending(Lane.SCANS, bytes_max=10**6, batches_max=100)
        for record in records_in(batch.raw)
    ]


def test_kept_batches_outlive_a_restart_and_a_torn_end_and_go_when_they_are_old(
    identity: Identity, tmp_path: Path
) -> None:
    station = Station(tmp_path / "gateway", identity)
    for number in range(4):
        station.say(Lane.READINGS, reading(minute(number), 5.0))
    batches = station.journal.pending(Lane.READINGS, bytes_max=10**6, batches_max=10)
    station.kept.keep(batches)
    station = station.restart()
    (file,) = (station.folder / "kept").iterdir()
    journal = station.journal.journal

    def numbers(first: int, last: int, bytes_max: int = 10**6) -> list[int]:
        return [each.first for each in station.kept.find(journal, {Lane.READINGS: [(first, last)]}, bytes_max)]

    assert (numbers(2, 3), numbers(1, 9), numbers(1, 9, bytes_max=1), numbers(7, 9)) == ([2, 3], [1, 2, 3, 4], [1], [])
    with file.open("r+b") as torn:
        torn.truncate(file.stat().st_size - 3)
    assert numbers(1, 9) == [1, 2, 3]
    station.clock.advance(28 * 3600)
    station.kept.keep(batches[:1])
    assert file not in (station.folder / "kept").iterdir() and numbers(1, 9) == [1]


def test_what_is_sent_again_goes_first_and_leaves_the_chain_as_it_is(identity: Identity, tmp_path: Path) -> None:
    station = Station(tmp_path / "gateway", identity)
    for number in range(3):
        station.say(Lane.READINGS, reading(minute(number), 5.0))
    first, second, _ = station.journal.pending(Lane.READINGS, bytes_max=10**6, batches_max=10)
    station.journal.acknowledge([first, second])
    station.journal.take_back([second])
    station.journal.take_back([first])
    found = station.journal.pending(Lane.READINGS, bytes_max=10**6, batches_max=10)
    assert [each.first for each in found] == [1, 2, 3]
    assert station.journal.verify(identity.verify).faults == ()
    station = station.restart()
    station.say(Lane.READINGS, reading(minute(3), 5.0))
    assert station.journal.numbers() == {Lane.READINGS: [(1, 4)]}
    assert station.journal.verify(identity.verify).faults == ()
    assert station.journal.ends(pending_max=3) == {} and station.journal.ends(4) == {Lane.READINGS: 4}
