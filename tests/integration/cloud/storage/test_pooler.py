"""A connection pooler is refused as the ledger starts, with words that say what to do."""

import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic

import psycopg
import pytest

from cloud_sync.errors import DatabaseDown
from cloud_sync.storage.database import Database
from cloud_sync.storage.embedded import EmbeddedServer

PATIENCE_S = 30
PGBOUNCER = shutil.which("pgbouncer") or "/usr/sbin/pgbouncer"
Pooler = Callable[[str], str]


@pytest.fixture
def pooler() -> Iterator[Pooler]:
    """Starts PgBouncer in transaction mode before a server of its own, with another line of settings; gives its URL."""
    with TemporaryDirectory(prefix="lotwarden-pooler-") as name, ExitStack() as stopping:
        folder = Path(name)
        folder.chmod(0o755)
        server = EmbeddedServer(folder / "pg")
        stopping.callback(server.leave)

        def start(setting: str) -> str:
            return stopping.enter_context(_Running(server, folder, setting))

        yield start


class _Running:
    def __init__(self, server: EmbeddedServer, folder: Path, setting: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        where = server.owner_url.split("host=")[1]
        config = folder / f"{self.port}.ini"
        config.write_text(
            f"[databases]\npostgres = host={where} user=postgres\n[pgbouncer]\nlisten_addr = 127.0.0.1\n"
            f"listen_port = {self.port}\nunix_socket_dir =\nauth_type = any\npool_mode = transaction\n{setting}\n"
        )
        user = server.user if os.geteuid() == 0 else None
        self.process = subprocess.Popen(
            [PGBOUNCER, "-q", str(config)], cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            user=user and user.pw_uid, group=user and user.pw_gid, extra_groups=[] if user else None,
        )  # fmt: skip

    def __enter__(self) -> str:
        url = f"postgresql://postgres@127.0.0.1:{self.port}/postgres"
        began = monotonic()
        while True:
            try:
                psycopg.connect(url).close()
                return url
            except psycopg.OperationalError:
                assert self.process.poll() is None and monotonic() - began < PATIENCE_S

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait(PATIENCE_S)


@pytest.mark.parametrize("setting", ["", "ignore_startup_parameters = options, extra_float_digits"])
def test_a_pooler_is_refused_with_words_that_say_what_to_do(pooler: Pooler, setting: str) -> None:
    with pytest.raises(DatabaseDown, match="a connection pooler stands b") as refused:
        Database.at_url(pooler(setting))
    assert refused.value.what_to_do.startswith("Give the address of PostgreSQL itself")
