"""Empty, migrated databases for tests. One that was used is made new again: quicker by far than a clone."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import psycopg
from psycopg.sql import SQL, Identifier

Connection = psycopg.Connection[tuple[object, ...]]

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
    """Make a database in use new again; its connections stay."""
    with psycopg.connect(url, autocommit=True) as connection:
        PRISTINE[0].restore(connection)


@dataclass
class RecycledDatabases:
    """The databases of one process of the tests, on one server."""

    server_url: str
    template: str
    free: list[str] = field(default_factory=list)

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
        with psycopg.connect(self.server_url, autocommit=True) as server:
            server.execute(SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(Identifier(name)))

    def _is_new_again(self, name: str) -> bool:
        """Make it new; False if that fails, or its schema is another than the template's."""
        with (
            suppress(psycopg.Error),
            psycopg.connect(database_url(self.server_url, name), autocommit=True) as connection,
        ):
            connection.execute(
                "SELECT pg_terminate_backend(pid, 1000) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            connection.execute("SET lock_timeout = '5s'")
            PRISTINE[0].restore(connection)
            return _fingerprint(connection) == PRISTINE[0].fingerprint
        return False


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
