"""Empty, migrated databases for tests. One that was used is made new again: quicker by far than a clone."""

import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field

import psycopg
from psycopg.sql import SQL, Identifier

from cloud_sync.storage.database import Database, Row
from cloud_sync.storage.roles import RUNTIME_ROLE

Connection = psycopg.Connection[tuple[object, ...]]

STAYS = "lotwarden tests"
"""The name of connections that stay when a database is made new: they know its queries, which makes them quick."""
STAYING_MAX = 4

SMALL_BYTES = 1 << 20
"""Rows of a table up to this size are deleted; a bigger one is truncated, which makes new files."""

# Rows of the catalogue that a migration wrote have the same xmin in each clone; those of a changed table, constraint,
# trigger, function or rule have another.
FINGERPRINT = """
    WITH known AS (SELECT * FROM pg_class WHERE relnamespace = 'public'::regnamespace),
    line AS (
        SELECT concat_ws(' ', 'c', oid, relname, relowner, relacl, relrowsecurity, relforcerowsecurity, relhastriggers)
        FROM known
        UNION ALL SELECT concat_ws(' ', 'a', attrelid, attnum, xmin) FROM pg_attribute
                  WHERE attrelid IN (SELECT oid FROM known)
        UNION ALL SELECT concat_ws(' ', 'k', oid, xmin) FROM pg_constraint WHERE connamespace = 'public'::regnamespace
        UNION ALL SELECT concat_ws(' ', 't', oid, xmin) FROM pg_trigger WHERE tgrelid IN (SELECT oid FROM known)
        UNION ALL SELECT concat_ws(' ', 'f', oid, xmin) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
        UNION ALL SELECT concat_ws(' ', 'r', oid, xmin) FROM pg_policy
        UNION ALL SELECT concat_ws(' ', 's', setrole, setconfig) FROM pg_db_role_setting
                  WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())
    )
    SELECT md5(string_agg(concat_ws, chr(10) ORDER BY concat_ws)) FROM line
"""
TABLES = """
    SELECT relname, pg_relation_size(oid) AS bytes FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY relname
"""
SEQUENCES = "SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = 'public'"


@dataclass(frozen=True)
class Pristine:
    """What a migrated database holds before anybody has used it."""

    fingerprint: object
    tables: frozenset[str]
    rows: dict[str, bytes]
    """What migrations wrote into tables, as COPY writes it."""
    sequences: dict[str, int | None]

    @classmethod
    def read(cls, connection: Connection) -> "Pristine":
        """It takes a database as it was cloned: the template itself cannot be cloned while somebody looks at it."""
        tables = frozenset(str(name) for name, _ in connection.execute(TABLES))
        rows = {table: copied for table in sorted(tables) if (copied := _rows_of(connection, table))}
        return cls(_fingerprint(connection), tables, rows, _sequences(connection))

    def restore(self, connection: Connection) -> None:
        """Take away all rows, the migrations' apart, and the months of readings, past the triggers that keep facts."""
        connection.execute("SET session_replication_role = replica")
        sizes = {str(name): bytes_ for name, bytes_ in connection.execute(TABLES)}
        for name in sizes.keys() - self.tables:
            connection.execute(SQL("DROP TABLE IF EXISTS {}").format(Identifier(name)))
        used = sorted(name for name in sizes.keys() & self.tables if sizes[name])
        big = [name for name in used if int(str(sizes[name])) > SMALL_BYTES]
        if big:
            connection.execute(SQL("TRUNCATE {} CASCADE").format(SQL(", ").join(map(Identifier, big))))
        if used:
            connection.execute(SQL("; ").join(SQL("DELETE FROM {}").format(Identifier(name)) for name in used))
        for table, rows in self.rows.items():
            with connection.cursor().copy(SQL("COPY {} FROM STDIN").format(Identifier(table))) as copy:
                copy.write(rows)
        for name, last in _sequences(connection).items():
            before = self.sequences.get(name)
            if last != before:
                connection.execute("SELECT setval(%s::regclass, %s, %s)", (name, before or 1, before is not None))


PRISTINE: list[Pristine] = []
"""Of this process of the tests, once it has made its first database: all are clones of one template."""


def empty(url: str) -> None:
    """Make a database in use new again; its connections stay, and the one that does this for the next time."""
    if url not in _emptying or _emptying[url].closed:
        while _emptying:
            _emptying.popitem()[1].close()
        _emptying[url] = psycopg.connect(url, autocommit=True, application_name=STAYS)
    PRISTINE[0].restore(_emptying[url])


_emptying: dict[str, Connection] = {}


class StayingDatabase(Database):
    """A database that one test after another finds open. Its connections plan each query once, for all tests."""

    def __init__(self, url: str) -> None:
        super().__init__(f"{url}&application_name={STAYS.replace(' ', '%20')}", ExitStack(), role=RUNTIME_ROLE)
        self._pool.wait()

    def _configure(self, connection: psycopg.Connection[Row]) -> None:
        super()._configure(connection)
        connection.prepare_threshold = 0
        connection.prepared_max = 2000

    def is_as_opened(self) -> bool:
        """Whether no test has closed it, lost its server, kept a connection or needed many of them."""
        if self._pool.closed or self._lost_at_s is not None:
            return False
        counted = self._pool.get_stats()
        return counted["pool_available"] == counted["pool_size"] <= STAYING_MAX


@dataclass
class RecycledDatabases:
    """The databases of one process of the tests, on one server."""

    server_url: str
    template: str
    free: list[str] = field(default_factory=list)
    owners: dict[str, Connection] = field(default_factory=dict)
    """By its name, the connection that makes a database new."""
    opened: dict[str, StayingDatabase] = field(default_factory=dict)
    """By their URLs."""

    def open(self, url: str) -> Database:
        """The database lent as ``url``, opened; it need not be closed."""
        if url not in self.opened:
            self.opened[url] = StayingDatabase(url)
        return self.opened[url]

    @contextmanager
    def lent(self) -> Iterator[str]:
        """The URL of an empty, migrated database, for as long as the block lasts."""
        name = self.free.pop() if self.free else self._clone()
        try:
            yield database_url(self.server_url, name)
        finally:
            if self._is_new_again(name):
                self.free.append(name)
            else:
                self._drop(name)

    def close(self) -> None:
        while self.opened:
            self.opened.popitem()[1].close()
        while self.free:
            self._drop(self.free.pop())

    def _clone(self) -> str:
        name = f"test_{uuid.uuid4().hex}"
        with psycopg.connect(self.server_url, autocommit=True) as server:
            server.execute(SQL("CREATE DATABASE {} TEMPLATE {}").format(Identifier(name), Identifier(self.template)))
        if not PRISTINE:
            with psycopg.connect(database_url(self.server_url, name), autocommit=True) as connection:
                PRISTINE.append(Pristine.read(connection))
        return name

    def _drop(self, name: str) -> None:
        if owner := self.owners.pop(name, None):
            owner.close()
        with psycopg.connect(self.server_url, autocommit=True) as server:
            server.execute(SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(Identifier(name)))

    def _is_new_again(self, name: str) -> bool:
        """Make it new; False if that fails, or its schema is another than the template's."""
        url = database_url(self.server_url, name)
        if url in self.opened and not self.opened[url].is_as_opened():
            self.opened.pop(url).close()
        with suppress(psycopg.Error):
            owner = self._owner_of(name)
            owner.execute(
                "SELECT pg_terminate_backend(pid, 1000) FROM pg_stat_activity WHERE datname = current_database()"
                " AND pid <> pg_backend_pid() AND (application_name <> %s OR state <> 'idle')",
                (STAYS,),
            )
            PRISTINE[0].restore(owner)
            if _fingerprint(owner) == PRISTINE[0].fingerprint:
                return True
        if url in self.opened:
            self.opened.pop(url).close()
        return False

    def _owner_of(self, name: str) -> Connection:
        if name not in self.owners or self.owners[name].closed:
            url = database_url(self.server_url, name)
            self.owners[name] = psycopg.connect(url, autocommit=True, application_name=STAYS)
            self.owners[name].execute("SET lock_timeout = '5s'")
        return self.owners[name]


def database_url(server_url: str, name: str) -> str:
    """``server_url`` with another database name: the part between the host and the question mark."""
    head, _, query = server_url.partition("?")
    return f"{head.rsplit('/', 1)[0]}/{name}?{query}"


def _fingerprint(connection: Connection) -> object:
    (fingerprint,) = connection.execute(FINGERPRINT).fetchone() or (None,)
    return fingerprint


def _sequences(connection: Connection) -> dict[str, int | None]:
    return {str(name): None if last is None else int(str(last)) for name, last in connection.execute(SEQUENCES)}


def _rows_of(connection: Connection, table: str) -> bytes:
    with connection.cursor().copy(SQL("COPY {} TO STDOUT").format(Identifier(table))) as copy:
        return b"".join(bytes(part) for part in copy)
