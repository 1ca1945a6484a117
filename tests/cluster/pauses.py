"""A database server that writes is paused until another one has taken over, and goes on then, again and again.

``python -m tests.cluster.pauses --times N`` ends with 0 only if none ever took its place back, and all that was
committed meanwhile is there. Patroni 3.0.2 with etcd's API v3 does take it back (mended in 3.0.3): a lease that has
ended is replaced, and the leader's key written over, whoever holds it by then. What the other one had committed is
rewound.
"""

import json
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import psycopg
import typer

from tests.cluster.databases import Databases
from tests.cluster.network import Machine, enter_own_network
from tests.cluster.postgres_pair import until

TAKES_OVER_S, WHOLE_S, WRITES_S = 60, 180, 5


def main(times: Annotated[int, typer.Option()] = 3) -> None:
    """Pause, and say what came of it; the last line is JSON."""
    if (code := enter_own_network("tests.cluster.pauses", sys.argv[1:])) is not None:
        raise typer.Exit(code)
    with TemporaryDirectory(prefix="lotwarden-pauses-") as name:
        home = Path(name)
        home.chmod(0o711)
        machines = [Machine(f"database-{number + 1}", 6 + number) for number in range(3)]
        try:
            told = [_pause(databases, number) for databases in [_started(home, machines)] for number in range(times)]
        finally:
            for each in machines:
                each.kill()
    print(json.dumps({"taken_back": sum(each[0] for each in told), "lost": sum(each[1] for each in told)}), flush=True)
    if any(any(each) for each in told):
        raise typer.Exit(1)


def _started(home: Path, machines: list[Machine]) -> Databases:
    databases = Databases(home / "postgres", machines)
    databases.start_all()
    with psycopg.connect(databases.url, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept (number integer)")
    return databases


def _pause(databases: Databases, number: int) -> tuple[bool, bool]:
    """Whether the paused one took its place back, and whether what was committed at the other is gone."""
    until(lambda: databases.is_whole and _both_stream(databases), WHOLE_S)
    before = databases.primary()
    assert before is not None
    before.pause()
    began_s = time.monotonic()
    others = Databases.url_of([each for each in databases.machines if each is not before])
    until(lambda: _is_kept(others, number), TAKES_OVER_S)
    took_s = time.monotonic() - began_s
    after = databases.primary()
    before.go_on()
    until(lambda: databases.is_whole, WHOLE_S)
    is_back, is_lost = databases.primary() is not after, not _has(databases.url, number)
    print(
        f"{before.name} paused, writes are back after {took_s:.1f} s; taken back: {is_back}, lost: {is_lost}",
        flush=True,
    )
    return is_back, is_lost


def _is_kept(url: str, number: int) -> bool:
    """By a client that gives up: a commit waits for as long as there is no synchronous standby."""
    command = ["psql", "-qXd", url, "-c", f"INSERT INTO kept VALUES ({number})"]
    try:
        return subprocess.run(command, capture_output=True, timeout=WRITES_S, check=False).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def _both_stream(databases: Databases) -> bool:
    """What the primary itself says; what Patroni tells of the others may be older."""
    try:
        with psycopg.connect(databases.url, autocommit=True, connect_timeout=5) as connection:
            row = connection.execute("SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'").fetchone()
    except psycopg.OperationalError:
        return False
    return row == (2,)


def _has(url: str, number: int) -> bool:
    with psycopg.connect(url, autocommit=True, connect_timeout=5) as connection:
        return connection.execute("SELECT FROM kept WHERE number = %s", (number,)).fetchone() is not None


if __name__ == "__main__":
    typer.run(main)
