"""A PostgreSQL server and its synchronous standby, of the programs that come with the embedded one."""

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic

import psycopg

from cloud_sync.storage.embedded import OWNER_ROLE, EmbeddedServer, programs_of_server

PATIENCE_S = 60


@dataclass(frozen=True, slots=True)
class PostgresPair:
    """Both run, and what is committed at ``primary`` waits for ``standby``."""

    primary: EmbeddedServer
    standby: EmbeddedServer

    @property
    def url(self) -> str:
        """Of whichever of them writes."""
        hosts = ",".join(each.owner_url.split("host=")[1] for each in (self.primary, self.standby))
        return f"postgresql://{OWNER_ROLE}@/postgres?host={hosts}&target_session_attrs=read-write"

    def wait_for_standby(self) -> None:
        """Until it is here, and everything waits for it."""
        until(
            lambda: (
                asked(self.primary.owner_url, "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'")
                == "1"
            )
        )

    def stop(self, server: EmbeddedServer) -> None:
        """Stop one of them, at once; ``start_again`` starts it."""
        folder = asked(server.owner_url, "SHOW data_directory")
        _run(server, "pg_ctl", "-D", folder, "-w", "-m", "immediate", "stop")

    def promote(self) -> None:
        """The standby takes over."""
        asked(self.standby.owner_url, "SELECT pg_promote()")
        asked(self.standby.owner_url, "ALTER SYSTEM SET synchronous_standby_names = ''")
        asked(self.standby.owner_url, "SELECT pg_reload_conf()")


@contextmanager
def postgres_pair() -> Iterator[PostgresPair]:
    """Both of them, stopped in the end."""
    # Not below pytest's own folder, through which only the one who runs the tests may pass.
    with TemporaryDirectory(prefix="lotwarden-pair-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        primary = EmbeddedServer(folder / "one")
        try:
            _copy(primary, folder / "two")
            standby = EmbeddedServer(folder / "two")
            try:
                asked(primary.owner_url, "ALTER SYSTEM SET synchronous_standby_names = '*'")
                asked(primary.owner_url, "SELECT pg_reload_conf()")
                pair = PostgresPair(primary, standby)
                pair.wait_for_standby()
                yield pair
            finally:
                standby.leave()
        finally:
            primary.leave()


def _copy(server: EmbeddedServer, into: Path) -> None:
    into.mkdir(mode=0o700)
    user = server.user if os.geteuid() == 0 else None
    if user is not None:
        os.chown(into, user.pw_uid, user.pw_gid)
    _run(server, "pg_basebackup", "-D", str(into), "-R", "-c", "fast", "-d", server.owner_url)
    (into / ".s.PGSQL.5432.lock").unlink(missing_ok=True)  # of the socket in the other folder


def _run(server: EmbeddedServer, program: str, *arguments: str) -> None:
    user = server.user if os.geteuid() == 0 else None
    done = subprocess.run(
        [programs_of_server() / program, *arguments], capture_output=True, text=True, timeout=PATIENCE_S, check=False,
        cwd="/", user=user and user.pw_uid, group=user and user.pw_gid, extra_groups=[] if user else None,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def until(is_so: Callable[[], bool], patience_s: float = PATIENCE_S) -> None:
    """Ask again until it is; fails if that takes too long."""
    began = monotonic()
    while not is_so():
        assert monotonic() - began < patience_s


def asked(url: str, sql: str) -> str:
    """The one value of this query, as text."""
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(sql.encode())
        row = cursor.fetchone() if cursor.description else None
    return str(row[0] if row else "")
