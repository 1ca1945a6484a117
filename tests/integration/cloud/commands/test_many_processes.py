"""Many processes on one database: all of them serve, one of them keeps house, and another one goes on if it dies."""

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep

import httpx
import psycopg

from cloud_sync.config import DATABASE_URL
from cloud_sync.storage.database import Database
from tests.integration.cloud.commands.test_cloud_sync import COMMAND, Serving, config

TAKEN_OVER_S = 10
DEADLINE_S = 60
LEADER = """
    SELECT a.application_name FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
    WHERE l.locktype = 'advisory' AND l.granted AND l.classid = 0 AND l.objid = x'4C454144'::int
      AND a.datname = current_database()"""


@contextmanager
def serving(path: Path, url: str, *more: str) -> Iterator[Serving]:
    process = subprocess.Popen(
        [*COMMAND, "serve", "--config", str(path), *more],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, DATABASE_URL: url},
    )  # fmt: skip
    try:
        yield Serving(process)
    finally:
        process.terminate()
        process.communicate(timeout=DEADLINE_S)


def leader(url: str) -> int | None:
    """Process id of who leads."""
    with psycopg.connect(url) as owner:
        rows = owner.execute(LEADER).fetchall()
    assert len(rows) <= 1
    return int(rows[0][0].split()[1]) if rows else None


def until(is_so: Callable[[], bool]) -> float:
    """How long it takes until it is so."""
    began = monotonic()
    while not is_so():
        assert monotonic() - began < DEADLINE_S
        sleep(0.02)
    return monotonic() - began


def children(pid: int) -> set[int]:
    return {int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}


def test_workers_serve_one_address_and_another_keeps_house_within_ten_seconds_of_a_kill(
    database: Database, tmp_path: Path
) -> None:
    with serving(config(tmp_path, ""), database.url, "--workers", "2") as ledger:
        until(lambda: leader(database.url) is not None)
        first = leader(database.url)
        workers = children(ledger.process.pid)
        assert first in workers and len(workers) == 2
        os.kill(int(first or 0), signal.SIGKILL)
        assert until(lambda: leader(database.url) not in (None, first)) < TAKEN_OVER_S
        until(lambda: len(children(ledger.process.pid) - {first}) == 2)
        until(lambda: _answers(ledger.url))
        left = children(ledger.process.pid)
        status, _ = ledger.stop()
        assert status == 0
    until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in left))


def test_two_ledgers_on_one_database_have_one_leader_and_the_other_takes_over(
    database: Database, tmp_path: Path
) -> None:
    with serving(config(tmp_path, ""), database.url) as one, serving(config(tmp_path, ""), database.url) as other:
        until(lambda: leader(database.url) is not None)
        pids = {one.process.pid, other.process.pid}
        first = leader(database.url)
        assert first in pids
        os.kill(int(first or 0), signal.SIGKILL)
        (left,) = pids - {first}
        assert until(lambda: leader(database.url) == left) < TAKEN_OVER_S


def test_workers_end_when_the_process_that_started_them_is_killed(database: Database, tmp_path: Path) -> None:
    with serving(config(tmp_path, ""), database.url, "--workers", "2") as ledger:
        until(lambda: leader(database.url) is not None)
        workers = children(ledger.process.pid)
        os.kill(ledger.process.pid, signal.SIGKILL)
        ledger.process.wait()
        until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers))


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/healthz", timeout=5).status_code == 200
    except httpx.TransportError:
        return False
