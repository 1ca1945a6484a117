"""A gateway whose disk was copied: the ledger alarms, the copy says so loudly, and can go on without losing a fact."""

import asyncio
import shutil
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row

from edge_agent.buffer.reader import JournalReader
from tests.integration.cloud.commands.test_cloud_sync import config as ledger_config
from tests.integration.cloud.commands.test_cloud_sync import run, serving
from tests.integration.edge.test_agent import result_of
from tests.simulation.agent_process import PATIENCE_S, AgentProcess, write_config
from tests.support.faketime import FakeWall


def rows(url: str, sql: str) -> list[dict[str, Any]]:
    with psycopg.connect(url, row_factory=dict_row) as connection:
        return connection.execute(sql).fetchall()  # type: ignore[arg-type]


async def run_until_sent(config: Path, wall: FakeWall) -> AgentProcess:
    """Start the agent, wait until everything it says is sent or set aside, and stop it."""
    agent = await AgentProcess.start(config, wall)
    async with asyncio.timeout(PATIENCE_S):
        with JournalReader.open(config.parent / "data" / "journal") as reader:
            while not reader.status().lanes[0].last_seq or reader.pending_records():  # noqa: ASYNC110
                await asyncio.sleep(0.05)
    await agent.stop()
    return agent


async def test_a_copied_gateway_is_alarmed_and_goes_on_under_a_new_journal(tmp_path: Path, ledger_url: str) -> None:
    path = ledger_config(tmp_path / "ledger", 'data_dir = "x"')
    wall = FakeWall(tmp_path / "wall")
    code = run("gateway", "invite", "gw-1", "--config", str(path), url=ledger_url).stdout.strip()
    with serving(path, ledger_url) as served:
        (tmp_path / "a").mkdir()
        original = write_config(tmp_path / "a", url=served.url, modbus_port=9, timeout_s=PATIENCE_S)
        enrolled, _, said = await result_of("enroll", "--config", original, "--code", code)
        assert enrolled == 0, said
        await run_until_sent(original, wall)
        shutil.copytree(tmp_path / "a", tmp_path / "b")
        copy = write_config(tmp_path / "b", url=served.url, modbus_port=9)
        await run_until_sent(original, wall)

        loud = await run_until_sent(copy, wall)
        assert any("CRITICAL" in line and "forks" in line for line in loud.said)
        (case,) = rows(ledger_url, "SELECT * FROM exception_case WHERE kind = 'forked_journal' AND resolved_at IS NULL")
        assert case["key"].startswith("gw-1/")
        _, out, _ = await result_of("buffer", "status", "--config", copy)
        assert "FORK: the ledger holds" in out
        assert "new-journal" in out
        again = await AgentProcess.start(copy, wall)
        await again.until_said("are forks since an earlier run")
        refused, _, err = await result_of("buffer", "new-journal", "--reason", "x", "--config", copy)
        assert (refused, "stop that one first" in err) == (1, True)
        await again.stop()

        with JournalReader.open(tmp_path / "b" / "data" / "journal") as reader:
            old = reader.journal
            forked = [batch for batch in reader.batches() if batch.state == "fork"]
        done, out, err = await result_of("buffer", "new-journal", "--reason", "the card was copied", "--config", copy)
        assert (done, "was kept" in out) == (0, True), err
        quiet = await run_until_sent(copy, wall)
        assert [line for line in quiet.said if "CRITICAL" in line] == []
        _, out, _ = await result_of("buffer", "status", "--config", copy)
        assert "FORK" not in out
        await run_until_sent(original, wall)

    (kept,) = (tmp_path / "b" / "data").glob("journal-replaced-*")
    with JournalReader.open(kept) as reader:
        assert reader.journal == old, "nothing was deleted"
    (notice,) = rows(ledger_url, "SELECT * FROM notice WHERE kind = 'new_journal'")
    assert "the card was copied" in notice["text"]
    assert notice["data"]["renumbered_records"] == sum(batch.count for batch in forked) > 0
    journals = rows(
        ledger_url,
        "SELECT journal::text, lane, sum(last_seq - first_seq + 1) AS records, max(last_seq) AS last "
        "FROM evidence GROUP BY journal, lane",
    )
    assert {row["journal"] for row in journals if row["journal"] != old}, "the copy speaks under a name of its own"
    fresh = [row for row in journals if row["journal"] != old]
    assert all(row["records"] == row["last"] for row in fresh), "complete from its first record on"


async def test_without_a_journal_there_is_nothing_to_replace(tmp_path: Path) -> None:
    config = write_config(tmp_path, url="http://127.0.0.1:9", modbus_port=9)
    await result_of("identity", "--config", config)
    code, _, err = await result_of("buffer", "new-journal", "--reason", "x", "--config", config)
    assert (code, "nothing has to be replaced" in err) == (1, True)
