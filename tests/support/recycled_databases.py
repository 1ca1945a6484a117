"""Empty, migrated databases for tests. One that was used is made new again: quicker by far than a clone."""

import select
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import LiteralString
from weakref import WeakKeyDictionary

import psycopg
from psycopg.sql import SQL, Composed, Identifier, Literal

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
# Changes with each of those rows that is made, changed or taken away, and where a table was truncated; it costs a
# tenth. The transactions of xmin are counted from the first that there can be.
QUICK_FINGERPRINT = """
    WITH line AS (
        SELECT 'c' AS kind, age(xmin) FROM pg_class WHERE oid >= 16384
        UNION ALL SELECT 'a', age(xmin) FROM pg_attribute WHERE attrelid >= 16384
        UNION ALL SELECT 'k', age(xmin) FROM pg_constraint WHERE oid >= 16384
        UNION ALL SELECT 't', age(xmin) FROM pg_trigger
        UNION ALL SELECT 'f', age(xmin) FROM pg_proc WHERE oid >= 16384
        UNION ALL SELECT 'r', age(xmin) FROM pg_policy
        UNION ALL SELECT 's', age(xmin) FROM pg_db_role_setting
                  WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())
    )
    SELECT string_agg(concat_ws(' ', kind, count, at), ' ' ORDER BY kind)
    FROM (SELECT kind, count(*), sum(age) - count(*) * age(xid '3') AS at FROM line GROUP BY kind) counted
"""
TABLES = """
    SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY relname
"""
NEW_TABLES = "SELECT relname::text, '' FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
USED = "(SELECT {name}, '' FROM {table} LIMIT 1)"
FILLED = """
    SELECT {name}, concat_ws(' ', count(*), sum(age(xmin)) - count(*) * age(xid '3')) FROM {table}
"""
SIZES = "SELECT relname FROM pg_class WHERE oid = ANY(%s::text[]::regclass[]) AND pg_relation_size(oid) > %s"
SEQUENCES = "SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = 'public'"
SET_SEQUENCES = """
    SELECT setval(seqrelid, coalesce(before, 1), before IS NOT NULL)
    FROM pg_sequence JOIN unnest(%s::text[]::regclass[], %s::bigint[]) AS known (name, before) ON seqrelid = name
    WHERE pg_sequence_last_value(seqrelid) IS DISTINCT FROM before
"""


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
        tables = frozenset(str(name) for (name,) in connection.execute(TABLES))
        rows = {table: copied for table in sorted(tables) if (copied := _rows_of(connection, table))}
        return cls(_fingerprint(connection), tables, rows, _sequences(connection))

    def restore(self, connection: Connection) -> None:
        """Take away all rows, the migrations' apart, and the months of readings, past the triggers that keep facts.

        The connection has to be one of :func:`_restoring`.
        """
        used = {str(name): str(state) for name, state in connection.execute(self._used, prepare=True)}
        known = _filled.setdefault(connection, {})
        for name in used.keys() - self.tables:
            connection.execute(SQL("DROP TABLE IF EXISTS {}").format(Identifier(name)))
        emptied = sorted(name for name in used.keys() & self.tables if known.get(name) != used[name])
        if emptied:
            big = [str(name) for (name,) in connection.execute(SIZES, (emptied, SMALL_BYTES))]
            if big:
                connection.execute(SQL("TRUNCATE {} CASCADE").format(SQL(", ").join(map(Identifier, big))))
            connection.execute(SQL("; ").join(SQL("DELETE FROM {}").format(Identifier(name)) for name in emptied))
        self._fill(connection, [table for table in self.rows if known.get(table) != used.get(table)])
        connection.execute(SET_SEQUENCES, (list(self.sequences), list(self.sequences.values())), prepare=True)

    def _fill(self, connection: Connection, tables: list[str]) -> None:
        for table in tables:
            with connection.cursor().copy(SQL("COPY {} FROM STDIN").format(Identifier(table))) as copy:
                copy.write(self.rows[table])
            (filled,) = connection.execute(_about(FILLED, table))
            _filled[connection][table] = str(filled[1])

    @cached_property
    def _used(self) -> bytes:
        """Tables with rows in them, those that no migration made, and how those that migrations filled stand."""
        empty = [_about(USED, table) for table in sorted(self.tables - self.rows.keys())]
        filled = [_about(FILLED, table) for table in self.rows]
        names = SQL(", ").join(Literal(name) for name in sorted(self.tables))
        new = SQL(NEW_TABLES) + SQL(" AND relname NOT IN ({})").format(names)
        return SQL(" UNION ALL ").join([*empty, *filled, new]).as_bytes()


_filled: WeakKeyDictionary[Connection, dict[str, str]] = WeakKeyDictionary()
"""How tables stand that hold what migrations wrote, as the connection that wrote it last has left them."""


@dataclass(frozen=True)
class Filled:
    """What a database holds with which many tests begin: quicker put there as rows than by asking for each thing."""

    rows: dict[str, bytes]
    """Of tables that are empty in a new database, as COPY writes them."""
    sequences: dict[str, int | None]

    @classmethod
    def read(cls, connection: Connection, pristine: Pristine) -> "Filled":
        """It takes a database in use, in which nothing is changed of what migrations wrote, and no month was made."""
        tables = sorted(str(name) for (name,) in connection.execute(TABLES))
        assert pristine.tables == set(tables)
        found = {table: copied for table in tables if (copied := _rows_of(connection, table))}
        assert all(found[table] == rows for table, rows in pristine.rows.items()), "what migrations wrote is changed"
        rows = {table: copied for table, copied in found.items() if table not in pristine.rows}
        return cls(rows, _sequences(connection))

    def put(self, connection: Connection) -> None:
        """Into a new database; the connection has to be one of :func:`_restoring`."""
        for table, rows in self.rows.items():
            with connection.cursor().copy(SQL("COPY {} FROM STDIN").format(Identifier(table))) as copy:
                copy.write(rows)
        connection.execute(SET_SEQUENCES, (list(self.sequences), list(self.sequences.values())), prepare=True)


PRISTINE: list[Pristine] = []
"""Of this process of the tests, once it has made its first database: all are clones of one template."""


def empty(url: str) -> None:
    """Make a database in use new again; its connections stay, and the one that does this for the next time."""
    if url not in _emptying or _emptying[url].closed:
        while _emptying:
            _emptying.popitem()[1].close()
        _emptying[url] = _restoring(url)
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

    def _check(self, connection: psycopg.Connection[Row]) -> None:
        """Whether it still works, where its server has said something unasked, as one that ends does: to ask each time
        takes as long as a small transaction, and this server is on this machine and lasts as long as the tests."""
        heard = select.poll()
        heard.register(connection, select.POLLIN)
        if heard.poll(0):
            super()._check(connection)

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
    fingerprints: dict[str, object] = field(default_factory=dict)
    """By its name, the quick fingerprint with which a database had the schema of the template."""
    opened: dict[str, StayingDatabase] = field(default_factory=dict)
    """By their URLs."""

    def open(self, url: str) -> Database:
        """The database lent as ``url``, opened; it need not be closed."""
        if url not in self.opened:
            self.opened[url] = StayingDatabase(url)
        return self.opened[url]

    def filled(self, url: str) -> Filled:
        """What the database lent as ``url`` holds, for others to begin with."""
        return Filled.read(self._owner_of(_name_in(url)), PRISTINE[0])

    def fill(self, url: str, filled: Filled) -> None:
        """Let the database lent as ``url``, which is new, hold that."""
        filled.put(self._owner_of(_name_in(url)))

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
            if self._is_of_the_template(name, owner):
                return True
        if url in self.opened:
            self.opened.pop(url).close()
        return False

    def _is_of_the_template(self, name: str, owner: Connection) -> bool:
        (quick,) = owner.execute(QUICK_FINGERPRINT, prepare=True).fetchone() or (None,)
        if quick != self.fingerprints.get(name):
            if _fingerprint(owner) != PRISTINE[0].fingerprint:
                return False
            self.fingerprints[name] = quick
        return True

    def _owner_of(self, name: str) -> Connection:
        if name not in self.owners or self.owners[name].closed:
            self.owners[name] = _restoring(database_url(self.server_url, name))
        return self.owners[name]


def database_url(server_url: str, name: str) -> str:
    """``server_url`` with another database name: the part between the host and the question mark."""
    head, _, query = server_url.partition("?")
    return f"{head.rsplit('/', 1)[0]}/{name}?{query}"


def _name_in(url: str) -> str:
    return url.partition("?")[0].rpartition("/")[2]


def _restoring(url: str) -> Connection:
    """A connection that makes a database new again."""
    options = "-c session_replication_role=replica -c lock_timeout=5s"
    return psycopg.connect(url, autocommit=True, application_name=STAYS, options=options)


def _about(query: LiteralString, table: str) -> Composed:
    return SQL(query).format(name=Literal(table), table=Identifier(table))


def _fingerprint(connection: Connection) -> object:
    (fingerprint,) = connection.execute(FINGERPRINT).fetchone() or (None,)
    return fingerprint


def _sequences(connection: Connection) -> dict[str, int | None]:
    return {str(name): None if last is None else int(str(last)) for name, last in connection.execute(SEQUENCES)}


def _rows_of(connection: Connection, table: str) -> bytes:
    with connection.cursor().copy(SQL("COPY {} TO STDOUT").format(Identifier(table))) as copy:
        return b"".join(bytes(part) for part in copy)
