"""The way to PostgreSQL: an embedded server or one by URL, migrated, pooled."""

import logging
import os
import pwd
import select
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from contextvars import ContextVar
from functools import wraps
from importlib import resources
from pathlib import Path
from threading import Lock
from time import monotonic
from typing import Any, ParamSpec, Self, TypeVar

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import dict_row
from psycopg.types.array import ListBinaryDumper
from psycopg_pool import ConnectionPool, PoolClosed, PoolTimeout

from cloud_sync.errors import DatabaseDown, Overtaken, StoredOrNot, UpgradeFailed
from cloud_sync.storage import awaited, commit_watch, roles
from cloud_sync.storage.columns import Column, ColumnDumper
from cloud_sync.storage.embedded import EmbeddedServer
from cloud_sync.storage.pooler import refuse_pooler
from cloud_sync.storage.server_watch import ServerWatch, connect_s, names_several

Row = dict[str, Any]
Connection = psycopg.Connection[Row]
P = ParamSpec("P")
T = TypeVar("T")

CONNECTIONS_MAX = 20
WARM_CONNECTIONS_MAX = 2
"""Of those that have planned what takes longer to plan than to run."""
SESSION_OPTIONS = "-c timezone=UTC -c jit=off -c random_page_cost=1.1"
"""Servers that compile queries (JIT) compile our long ones for seconds, to run them for milliseconds. And what is asked
for is a few rows by index, mostly in memory: at the cost of turning disks, tables that are small yet are planned to be
read as a whole, and still are when they have grown.
"""
PREPARED_MAX = 200
"""Statements that a connection keeps the plans of: to store a gateway's scans and readings takes a hundred."""
WAIT_FOR_CONNECTION_S = 5.0
ATTEMPTS_MAX = 3
RECONNECT_S = 5.0
"""How long the pool tries by itself, ever more slowly; after that the next transaction makes it try at once."""
RECONNECT_SEVERAL_S = 1.5
"""The same where another server may have taken over meanwhile."""

LINE_SETTINGS = {
    "tcp_user_timeout": 10_000,
    "keepalives_idle": 5,
    "keepalives_interval": 5,
    "keepalives_count": 2,
}
"""Of connections over TCP, in ms and s."""

ACTING_FOR: ContextVar[str | None] = ContextVar("owner for whom this request is", default=None)
"""While it is set, transactions see what that owner may see, and write nothing; an empty name sees no stock at all."""

log = logging.getLogger(__name__)

# Alembic keeps its state in module globals: within a process, threads take turns. Processes take turns by an advisory
# lock in migrations/env.py.
_MIGRATING = Lock()


class Database:
    """A migrated PostgreSQL database and its connection pool.

    Open it with :meth:`at_url` or :meth:`embedded`; both migrate it first, safely beside other starting processes.
    """

    def __init__(
        self, url: str, keep_open: ExitStack, restart: Callable[[], None] | None = None, *, role: str | None = None
    ) -> None:
        """``role`` is taken by every connection of the pool."""
        self.url = url
        self.server_user: pwd.struct_passwd | None = None
        """Whom an embedded server runs as, if root has started it."""
        self._keep_open = keep_open
        self._lost_at_s: float | None = None
        self._server = ServerWatch(url)
        keep_open.callback(self._server.close)
        self._options = SESSION_OPTIONS + (f" -c role={role}" if role else "")
        self._pool = self._open_pool(1, CONNECTIONS_MAX, restart)
        self._warm_pool = self._open_pool(0, WARM_CONNECTIONS_MAX, restart)

    def _open_pool(
        self, connections_min: int, connections_max: int, restart: Callable[[], None] | None
    ) -> ConnectionPool[Connection]:
        """A pool goes through its connections in turn."""
        return self._keep_open.enter_context(
            ConnectionPool(
                self.url,
                min_size=connections_min,
                max_size=connections_max,
                timeout=WAIT_FOR_CONNECTION_S,
                reconnect_timeout=RECONNECT_SEVERAL_S if names_several(self.url) else RECONNECT_S,
                reconnect_failed=None if restart is None else lambda _: restart(),
                kwargs={
                    "row_factory": dict_row,
                    "options": self._options,
                    "connect_timeout": connect_s(self.url),
                    **_line_settings(self.url),
                },
                configure=self._configure,
                check=self._check,
                open=True,
            )
        )

    @classmethod
    def at_url(cls, url: str, migration_url: str | None = None) -> Self:
        """The database behind ``url`` (``postgresql://...``), migrated by way of ``migration_url`` if that is given.

        With one URL for both, the ledger works as ``lotwarden_runtime`` all the same, if the user may.
        Raises ``DatabaseDown``, also where a connection pooler stands between.
        """
        refuse_pooler(url)
        migrate(migration_url or url)
        takes_role = migration_url is None and roles.may_work_as_runtime(url)
        return cls(url, ExitStack(), role=roles.RUNTIME_ROLE if takes_role else None)

    @classmethod
    def embedded(cls, data_dir: Path) -> Self:
        """A PostgreSQL server of our own with its data in ``data_dir``; started if no process has done so yet.

        It is started again if it dies. Raises ``DatabaseDown`` if it cannot be started, ``WrongUser`` if the data are
        somebody else's, ``OSError`` if the folder cannot be used.
        """
        server = EmbeddedServer(data_dir)
        keep_open = ExitStack()
        keep_open.callback(server.leave)
        try:
            migrate(server.owner_url)
            database = cls(server.runtime_url, keep_open, server.start_again)
            database.server_user = server.user
            return database
        except Exception:
            keep_open.close()
            raise

    @contextmanager
    def transaction(self, *, is_warm: bool = False) -> Iterator[Connection]:
        """One transaction on one pooled connection; ``is_warm``: on one of the few that have planned what is urgent.

        Raises ``DatabaseDown`` when the server cannot be reached, does not answer, is no longer the one that writes, or
        committed what its standbys may not have; ``StoredOrNot`` where it was lost while it committed; ``Overtaken``
        when it gave way to another transaction (see :func:`again_if_overtaken`).
        """
        commit_watch.begin()
        self._refuse_if_silent()
        commits = False
        pool = self._warm_pool if is_warm else self._pool
        try:
            with self._server.waiting() as waiting, pool.connection() as connection:
                waiting.connection = connection
                self._is_back()
                if (owner := ACTING_FOR.get()) is not None:
                    roles.act_for_owner(connection, owner)
                with _closed_if_read_only(connection):
                    yield connection
                commits = True
            commit_watch.check()
            awaited.note_commit()
        except (PoolTimeout, PoolClosed) as error:
            self._is_lost()
            raise self._down(f"no database connection within {WAIT_FOR_CONNECTION_S:.0f} s", commits) from error
        except (psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure) as error:
            raise Overtaken(str(error).strip()) from error
        except psycopg.OperationalError as error:
            raise self._down(str(error).strip(), commits) from error

    @contextmanager
    def session(self, *, lost_after_s: int) -> Iterator[Connection]:
        """A connection of its own without transactions, for what lasts as long as it does (session locks).

        The server ends it ``lost_after_s`` after the machine at this end has stopped answering. Raises what psycopg
        raises.
        """
        keep_alive = f" -c tcp_keepalives_idle={lost_after_s // 3} -c tcp_keepalives_interval={lost_after_s // 3}"
        connection: Connection = psycopg.connect(
            self.url,
            autocommit=True,
            row_factory=dict_row,
            options=self._options + keep_alive + " -c tcp_keepalives_count=2",
            connect_timeout=5,
            application_name=f"lotwarden {os.getpid()}",
        )
        with connection:
            yield connection

    def _configure(self, connection: Connection) -> None:
        """Arrays of thousands of values go to the server in binary form, where no :class:`Column` is given: as text,
        psycopg would escape each of them."""
        connection.adapters.register_dumper(list, ListBinaryDumper)
        connection.adapters.register_dumper(Column, ColumnDumper)
        connection.prepared_max = PREPARED_MAX
        commit_watch.watch(connection)
        self._server.note_new(connection)

    def _check(self, connection: Connection) -> None:
        self._server.check(connection)
        if _is_quiet(connection):
            return
        with self._server.waiting() as waiting:
            waiting.connection = connection
            ConnectionPool.check_connection(connection)

    def _refuse_if_silent(self) -> None:
        """Whoever waits is told at once, so that requests do not pile up behind a server that was silent before."""
        if self._server.silent_s is not None and awaited.is_awaited():
            raise self._down("", commits=False)

    def _down(self, error: str, commits: bool) -> DatabaseDown:
        if (silent_s := self._server.silent_s) is not None:
            self._is_lost()
            error = f"the database has not answered for {silent_s:.0f} s"
        return (StoredOrNot if commits or awaited.has_committed() else DatabaseDown)(error)

    def _is_lost(self) -> None:
        if self._lost_at_s is None:
            self._lost_at_s = monotonic()
            log.warning("database lost: no connection, or no answer")

    def _is_back(self) -> None:
        if self._lost_at_s is not None:
            log.warning("database back after %.0f s", monotonic() - self._lost_at_s)
            self._lost_at_s = None

    def close(self) -> None:
        """Close the pool, and stop an embedded server if this was its last user."""
        self._keep_open.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _line_settings(url: str) -> dict[str, Any]:
    """How soon a network that swallows what is sent is noticed, unless the address says it. A server that works long
    still acknowledges; these settings do not bound it."""
    said = conninfo_to_dict(url)
    return {name: each for name, each in LINE_SETTINGS.items() if name not in said}


def _is_quiet(connection: Connection) -> bool:
    """Nothing came while it was idle. A server that ends a connection says so, and its end shows as well; to ask the
    server each time would be a round trip of each transaction, and tell no more: one that is frozen answers neither."""
    line = select.poll()
    line.register(connection.fileno(), select.POLLIN)
    return not line.poll(0)


@contextmanager
def _closed_if_read_only(connection: Connection) -> Iterator[None]:
    """A server that has become a standby is as good as down: the next connection finds the one that writes."""
    try:
        yield
    except psycopg.errors.ReadOnlySqlTransaction as error:
        connection.close()
        raise DatabaseDown("this database server writes no longer; another one has taken over") from error


@contextmanager
def alone(connection: Connection) -> Iterator[None]:
    """One statement at the start of a transaction, which then is one by itself: a round trip instead of three. For what
    each request asks, and nobody acts for an owner yet."""
    connection.autocommit = True
    try:
        yield
    finally:
        if not connection.closed:
            connection.autocommit = False


def again_if_overtaken(do: Callable[P, T]) -> Callable[P, T]:
    """``do``, done again from the start if its transaction gave way to another, ``ATTEMPTS_MAX`` times in all.

    For what is one transaction, or may be done twice. Locks are taken in one order (``storage/locks.py``), so this is
    rare; PostgreSQL needs a second to notice.
    """

    @wraps(do)
    def done(*args: P.args, **kwargs: P.kwargs) -> T:
        for _ in range(ATTEMPTS_MAX - 1):
            with suppress(Overtaken):
                return do(*args, **kwargs)
        return do(*args, **kwargs)

    return done


def holds_ledger(url: str) -> bool:
    """Whether there is a ledger in this database, of whatever version. Raises ``DatabaseDown``."""
    try:
        return roles.holds_ledger(url)
    except psycopg.OperationalError as error:
        raise DatabaseDown(str(error).strip()) from error


def migrate(url: str, *, to: str = "head") -> None:
    """Bring the database to a revision, the newest if none is named. Safe to run twice, or by two processes at once.

    All of it is one transaction. Raises ``DatabaseDown``, and ``UpgradeFailed`` with the database as it was before.
    """
    import alembic.command  # with SQLAlchemy: long to load, and a ledger is migrated once in its life

    config = migrations_config()
    config.attributes["url"] = url
    try:
        with _MIGRATING:
            alembic.command.upgrade(config, to)
    except Exception as error:
        if isinstance(cause := getattr(error, "orig", error), psycopg.OperationalError):
            raise DatabaseDown(str(cause).splitlines()[0]) from error
        stays = roles.revision_of(url) or "empty"
        reason = str(cause).splitlines()[0]
        raise UpgradeFailed(f"the database cannot be upgraded, it stays at schema {stays}: {reason}") from error


def known_revisions() -> frozenset[str]:
    """Every version of the schema that this version of the ledger can start from."""
    from alembic.script import ScriptDirectory

    return frozenset(each.revision for each in ScriptDirectory.from_config(migrations_config()).walk_revisions())


def newest_revision() -> str:
    """The version of the schema that this version of the ledger makes."""
    from alembic.script import ScriptDirectory

    return str(ScriptDirectory.from_config(migrations_config()).get_current_head())


def migrations_config() -> Any:
    """Where the migrations are, for alembic."""
    import alembic.config

    config = alembic.config.Config()
    config.set_main_option("script_location", str(resources.files("cloud_sync.storage") / "migrations"))
    return config
