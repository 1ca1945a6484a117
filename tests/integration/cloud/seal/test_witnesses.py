"""A real gateway witnesses a real ledger over a real socket: it cosigns what goes on, and refuses any other history."""

import json
from dataclasses import dataclass
from pathlib import Path

import httpx
import psycopg
import pytest

from cloud_sync.actions.gateways import ledger_keys
from cloud_sync.actions.gateways.gateways import add_gateway
from cloud_sync.app import create_app
from cloud_sync.errors import Invalid, NotFound
from cloud_sync.seal.sealing import seal_once
from cloud_sync.seal.verification import verify
from cloud_sync.seal.witnesses import add_cosignature, seal_status
from cloud_sync.storage.database import Database
from cloud_sync.storage.events import add_event
from edge_agent.config.model import UplinkSection
from edge_agent.domain.seal.notes import opened_note
from edge_agent.domain.wire.records import Notice, NoticeKind, Record
from edge_agent.timekeeping.clock import ManualClock
from edge_agent.uplink.desk_client import DeskClient
from edge_agent.uplink.identity import Identity
from edge_agent.uplink.trust import LedgerTrust
from edge_agent.uplink.witness import CHECKPOINT_FILE, Witness
from tests.integration.cloud.actions.gateways.test_desk import NOW, served
from tests.support.builders import Ledger


@dataclass
class Gateway:
    """What of a gateway witnesses."""

    folder: Path
    records: list[Record]

    @property
    def identity(self) -> Identity:
        return Identity.load_or_make(self.folder)

    def witness(self, url: str, name: str = "gw-w") -> Witness:
        clock = ManualClock(NOW)
        client = DeskClient(UplinkSection(url=url, timeout_s=20), name, self.identity.sign, clock)
        return Witness(client, name, self.identity, clock, self.folder, self._record)

    async def _record(self, record: Record) -> None:
        self.records.append(record)

    @property
    def seen(self) -> int:
        return opened_note((self.folder / CHECKPOINT_FILE).read_text())[0].size


@pytest.fixture
def witness(ledger: Ledger, tmp_path: Path) -> Gateway:
    gateway = Gateway(tmp_path, [])
    add_gateway(ledger.database, "gw-w", gateway.identity.public_key, actor="test")
    LedgerTrust.load(tmp_path).believe_only(ledger_keys.ledger_keys(ledger.database).public_key)
    return gateway


def happens(database: Database, count: int = 1) -> None:
    with database.transaction() as connection:
        for number in range(count):
            add_event(connection, actor="amy", kind="tried", subject="lot:1", data={"n": number})
    while seal_once(database):
        pass


async def test_a_gateway_cosigns_what_goes_on_and_keeps_what_it_saw(ledger: Ledger, witness: Gateway) -> None:
    happens(ledger.database)
    with served(ledger.database) as url:
        await witness.witness(url).look()
        first = witness.seen
        happens(ledger.database, 700)
        again = witness.witness(url)  # after a restart: what it saw is on its disk
        await again.look()
        await again.look()
    status = seal_status(ledger.database)
    assert [(each["gateway"], each["size"]) for each in status["witnesses"]] == [("gw-w", status["size"])]
    assert (witness.seen, witness.records, again.trouble) == (status["size"], [], "")
    assert first < witness.seen
    report = verify(ledger.database, [(witness.folder / CHECKPOINT_FILE).read_text()])
    assert (report.findings, report.cosignatures) == ([], 2)


def set_back(database: Database, rows: int) -> None:
    """As if a backup from before the last rows had been restored."""
    with psycopg.connect(database.url) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("DELETE FROM seal_cosignature")
        (size,) = connection.execute("SELECT max(size) FROM seal_checkpoint").fetchone() or (0,)
        connection.execute("DELETE FROM seal_checkpoint WHERE size > %s", (size - rows,))
        connection.execute(
            "DELETE FROM event WHERE id IN"
            " (SELECT row_id FROM seal_row WHERE of_table = 'event' ORDER BY id DESC LIMIT %s)",
            (rows,),
        )
        connection.execute(
            "DELETE FROM seal_row WHERE id IN (SELECT id FROM seal_row ORDER BY id DESC LIMIT %s)", (rows,)
        )
        connection.execute(
            "UPDATE seal_tile SET hashes = substr(hashes, 1, length(hashes) - 32 * %s),"
            " entries = trim_array(entries, %s)",
            (rows, rows),
        )


async def test_a_ledger_that_was_set_back_is_refused_and_people_are_told_on_both_sides(
    ledger: Ledger, witness: Gateway
) -> None:
    happens(ledger.database, 3)
    happens(ledger.database, 2)
    with served(ledger.database) as url:
        gateway = witness.witness(url)
        await gateway.look()
        kept = (witness.folder / CHECKPOINT_FILE).read_bytes()
        set_back(ledger.database, 2)
        await gateway.look()
        await gateway.look()
        (notice,) = witness.records  # once
        assert isinstance(notice, Notice) and notice.notice is NoticeKind.SEAL_CONFLICT
        assert "it was set back" in notice.text and "Nothing is cosigned" in notice.text
        assert gateway.trouble == notice.text
        (case,) = ledger.rows("SELECT text FROM exception_case WHERE kind = 'seal_set_back'")
        assert "gateway gw-w has seen" in case["text"]
        # Another history is no better, even when it is longer.
        happens(ledger.database, 300)
        await gateway.look()
    assert "does not contain" in gateway.trouble
    assert (witness.folder / CHECKPOINT_FILE).read_bytes() == kept
    assert seal_status(ledger.database)["witnesses"] == []


async def test_a_new_key_of_the_ledger_is_followed_without_a_pause(ledger: Ledger, witness: Gateway) -> None:
    happens(ledger.database)
    with served(ledger.database) as url:
        gateway = witness.witness(url)
        await gateway.look()
        ledger_keys.rotate(ledger.database, actor="admin", reason="yearly")
        happens(ledger.database)
        await gateway.look()
    status = seal_status(ledger.database)
    assert (status["witnesses"][0]["size"], gateway.trouble) == (status["size"], "")
    assert verify(ledger.database).findings == []


async def test_a_checkpoint_that_another_ledger_signed_is_refused(
    ledger: Ledger, witness: Gateway, tmp_path: Path
) -> None:
    stranger = Identity.load_or_make(tmp_path / "other")
    LedgerTrust.load(tmp_path).believe_only(stranger.public_key)
    happens(ledger.database)
    with served(ledger.database) as url:
        gateway = witness.witness(url)
        await gateway.look()
    assert "not signed by the ledger" in gateway.trouble
    assert not (tmp_path / CHECKPOINT_FILE).exists()


async def test_before_anything_is_sealed_there_is_nothing_to_say(ledger: Ledger, witness: Gateway) -> None:
    with served(ledger.database) as url:
        gateway = witness.witness(url)
        await gateway.look()
    assert (gateway.trouble, witness.records) == ("", [])


def test_nobody_signs_for_a_gateway(ledger: Ledger, witness: Gateway, tmp_path: Path) -> None:
    happens(ledger.database)
    size = seal_status(ledger.database)["size"]
    with pytest.raises(NotFound):
        add_cosignature(ledger.database, "gw-x", size, "")
    with pytest.raises(NotFound):
        add_cosignature(ledger.database, "gw-w", size + 1, "")
    for line in ("", "\N{EM DASH} gw-w AAAA", "\N{EM DASH} gw-w " + "A" * 104):
        with pytest.raises(Invalid):
            add_cosignature(ledger.database, "gw-w", size, line)


async def test_tiles_entries_and_proofs_are_published(ledger: Ledger) -> None:
    from cloud_sync.actions.access import create_token
    from cloud_sync.domain.roles import Role
    from edge_agent.domain.seal.merkle import leaf_hash

    happens(ledger.database, 300)
    headers = {"Authorization": f"Bearer {create_token(ledger.database, 'rita', Role.AUDITOR)}"}
    happens(ledger.database)
    with served(ledger.database) as url:
        async with httpx.AsyncClient(base_url=url, headers=headers, trust_env=False, timeout=60) as client:
            checkpoint, _ = opened_note((await client.get("/v1/seal/checkpoint")).text)
            width = checkpoint.size % 256
            tile = (await client.get("/v1/seal/tile/0/000")).content
            last = (await client.get(f"/v1/seal/tile/0/001.p/{width}")).content
            bundle = (await client.get(f"/v1/seal/tile/entries/001.p/{width}")).content
            told = (await client.get("/v1/seal/consistency", params={"from_size": 256})).json()
            wrong = [
                (await client.get(f"/v1/seal/{path}")).status_code
                for path in ("tile/0/002", "tile/0/1", "tile/0/000.p/257", "tile/entries/x", "tile/9/000",
                             "consistency?from_size=999999")
            ]  # fmt: skip
            assert (await client.get("/v1/seal")).json()["size"] == checkpoint.size
    assert (len(tile), len(last)) == (256 * 32, width * 32)
    at, hashes = 0, b""
    while at < len(bundle):
        length = int.from_bytes(bundle[at : at + 2], "big")
        hashes += leaf_hash(bundle[at + 2 : at + 2 + length])
        at += 2 + length
    assert hashes == last
    assert opened_note(told["checkpoint"])[0] == checkpoint and told["proof"]
    assert wrong == [404, 404, 404, 404, 422, 422]
    assert json.loads(json.dumps(create_app(ledger.database).openapi()))["paths"]["/v1/seal/witness"]
