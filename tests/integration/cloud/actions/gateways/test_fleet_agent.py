"""The agent as a process of its own and a real ledger: what is handed out runs, is confirmed by a real receipt, and
goes out again when it cannot be started with."""

import asyncio
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

from cloud_sync.actions.gateways import fleet_config
from cloud_sync.actions.gateways.gateways import add_gateway
from cloud_sync.actions.gateways.ledger_keys import ledger_keys
from cloud_sync.storage.database import Database
from edge_agent.fleet.build import config_trial, settle_config
from edge_agent.runtime.config_loader import load_config
from edge_agent.uplink.identity import Identity
from edge_agent.uplink.trust import LedgerTrust
from tests.integration.cloud.actions.gateways.test_desk import served
from tests.support.fleet_parts import handed_out

PATIENCE_S = 60
HANDED = '[calendar]\nat = "03:10"\n'


async def started(path: Path) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "edge_agent", "run", "--config", str(path), stderr=asyncio.subprocess.DEVNULL
    )


async def test_a_fresh_gateway_takes_its_configuration_and_its_next_receipt_confirms_it(
    database: Database, tmp_path: Path
) -> None:
    path, data = tmp_path / "gateway.toml", tmp_path / "data"
    add_gateway(database, "gw-1", Identity.load_or_make(data).public_key, actor="test")
    LedgerTrust.load(data).believe_only(ledger_keys(database).public_key)
    now = datetime.now(UTC)
    fleet_config.set_config(database, "gw-1", HANDED, reason="first", at=now, actor="faye")
    with served(database, now=now) as url:
        path.write_text(
            f'[gateway]\nname = "gw-1"\ndata_dir = "{data}"\nheartbeat_s = 5\n\n[uplink]\nurl = "{url}"\n\n'
            "[page]\nenabled = false\n"
        )
        async with asyncio.timeout(PATIENCE_S):
            assert await (await started(path)).wait() == 0, "it ends to be started again"
            assert load_config(path).calendar.at == "03:10"
            second = await started(path)
            while fleet_config.config_now(database, "gw-1")["standing"] != "as handed out":  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.1)
            second.send_signal(signal.SIGTERM)
            assert await second.wait() == 0
    kinds = [row["kind"] for row in _events(database)]
    assert kinds[-1] == "gateway_config_running"


def test_one_that_cannot_be_read_any_more_goes_out_at_the_next_start(tmp_path: Path) -> None:
    path, data = tmp_path / "gateway.toml", tmp_path / "data"
    path.write_text(f'[gateway]\nname = "gw-1"\ndata_dir = "{data}"\n\n[uplink]\nurl = "https://ledger.example.org"\n')
    before = path.read_bytes()
    trial = config_trial(path, data / "fleet")
    assert trial.put_in(handed_out(1, HANDED))
    for _ in range(3):
        settle_config(path)
        assert path.read_bytes() != before
    settle_config(path)
    assert path.read_bytes() == before
    assert trial.state().last == "rolled_back"


def _events(database: Database) -> list[dict[str, str]]:
    with database.transaction() as connection:
        return connection.execute("SELECT kind FROM event WHERE subject = 'gateway:gw-1' ORDER BY id").fetchall()
