"""Every table is what ``storage/tables.py`` says, and protected accordingly."""

import psycopg
import pytest

from cloud_sync.storage.database import Database
from cloud_sync.storage.roles import PRIVILEGES
from cloud_sync.storage.tables import TABLES, TableKind
from edge_agent.domain.wire.records import Action
from tests.integration.conftest import Said
from tests.support.builders import Ledger, minute, scan

EVIDENCE = sorted(name for name, rule in TABLES.items() if rule.kind is TableKind.EVIDENCE)


def tables(database: Database) -> set[str]:
    with psycopg.connect(database.url) as connection:
        rows = connection.execute(
            "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition"
            " AND relnamespace = 'public'::regnamespace"
        ).fetchall()
    return {name for (name,) in rows}


def test_every_table_is_said_to_be_evidence_derived_or_a_setting(database: Database) -> None:
    assert tables(database) == set(TABLES), "add new tables to cloud_sync/storage/tables.py"


def test_columns_that_may_change_are_there(database: Database) -> None:
    with psycopg.connect(database.url) as connection:
        found = connection.execute("SELECT table_name, column_name FROM information_schema.columns").fetchall()
    missing = {(name, column) for name, rule in TABLES.items() for column in rule.may_change} - set(found)
    assert not missing


@pytest.mark.parametrize("table", EVIDENCE)
def test_evidence_is_neither_deleted_nor_emptied_nor_changed_even_by_its_owner(database: Database, table: str) -> None:
    statements = [f"DELETE FROM {table}", f"TRUNCATE {table} CASCADE"]
    if not TABLES[table].may_change:
        statements.append(f"UPDATE {table} SET {columns(database, table)[0]} = DEFAULT")
    for statement in statements:
        with psycopg.connect(database.url) as connection, pytest.raises(psycopg.errors.RaiseException) as refused:
            connection.execute(statement.encode())
        assert "append-only" in str(refused.value), statement


@pytest.mark.parametrize(
    "table", [name for name in EVIDENCE if TABLES[name].may_change and not TABLES[name].has_own_trigger]
)
def test_of_evidence_that_ends_only_the_end_may_be_written(database: Database, table: str) -> None:
    with psycopg.connect(database.url) as connection:
        row = connection.execute(
            "SELECT array(SELECT replace(encode(tgargs, 'escape'), '\\000', ','))"
            " FROM pg_trigger WHERE tgrelid = %s::regclass AND tgname = %s",
            (table, f"{table}_mostly_stays"),
        ).fetchone()
    assert row is not None
    assert set(row[0][0].rstrip(",").split(",")) == set(TABLES[table].may_change)


def columns(database: Database, table: str) -> list[str]:
    with psycopg.connect(database.url) as connection:
        rows = connection.execute(
            "SELECT column_name FROM information_schema.columns WHERE table_name = %s ORDER BY ordinal_position",
            (table,),
        ).fetchall()
    return [name for (name,) in rows]


def test_the_ledger_works_as_a_role_that_owns_nothing(database: Database) -> None:
    with database.transaction() as connection:
        row = connection.execute(
            "SELECT current_user AS me, rolsuper AS is_super FROM pg_roles WHERE rolname = current_user"
        ).fetchone()
        owned = connection.execute(
            "SELECT count(*) AS n FROM pg_class WHERE pg_get_userbyid(relowner) = current_user"
        ).fetchone()
    assert row == {"me": "lotwarden_runtime", "is_super": False}
    assert owned == {"n": 0}


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE event DISABLE TRIGGER event_append_only",
        "SET session_replication_role = replica",
        "DROP TRIGGER event_append_only ON event",
        "TRUNCATE event CASCADE",
        "DELETE FROM evidence",
        "ALTER TABLE movement ADD COLUMN x text",
        "DROP FUNCTION refuse_change() CASCADE",
        "SELECT lock_month('event; DROP TABLE event')",
        "SELECT drop_month_if_empty('event')",
    ],
)
def test_the_ledger_at_work_cannot_switch_its_own_protection_off(database: Database, statement: str) -> None:
    with pytest.raises(psycopg.Error), database.transaction() as connection:
        connection.execute(statement.encode())


@pytest.mark.parametrize(
    "statement",
    ["DELETE FROM lot", "DELETE FROM place", "UPDATE lot SET id = DEFAULT", "UPDATE place SET id = DEFAULT",
     "TRUNCATE lot CASCADE", "TRUNCATE place CASCADE"],
)  # fmt: skip
def test_what_movements_name_stays_even_for_who_owns_the_tables(database: Database, statement: str) -> None:
    with psycopg.connect(database.url) as connection:
        with pytest.raises(psycopg.errors.RaiseException, match="stays, with its id: movements name it"):
            connection.execute(statement.encode())
        connection.rollback()


@pytest.mark.parametrize("wrong", ["lot_id", "from_place", "to_place", "event_id"])
def test_a_movement_that_names_what_is_not_there_is_not_kept(ledger: Ledger, say: Said, wrong: str) -> None:
    say(scan(minute(0), Action.RECEIVE, "acme", "dock"))
    named = {name: f"m.{name}" for name in ("lot_id", "from_place", "to_place", "event_id")}
    named[wrong] = f"CASE f.fact WHEN 'odd' THEN -1 ELSE m.{wrong} END"
    with pytest.raises(psycopg.errors.ForeignKeyViolation, match="movement odd names a lot, place or event"):
        ledger.run(
            f"""INSERT INTO movement (fact, lot_id, quantity, from_place, to_place, occurred_at, action, event_id)
            SELECT f.fact, {named["lot_id"]}, 1, {named["from_place"]}, {named["to_place"]}, now(), 'move',
                   {named["event_id"]}
            FROM movement m, (VALUES ('good'), ('odd')) AS f (fact)"""
        )
    assert ledger.rows("SELECT count(*) AS n FROM movement") == [{"n": 1}]


def test_a_setting_may_be_changed_at_work_and_months_of_readings_are_made(database: Database) -> None:
    assert "delete" in PRIVILEGES[TableKind.SETTING]
    with database.transaction() as connection:
        connection.execute("UPDATE owner SET title = 'x'")
        made = connection.execute("SELECT make_reading_partitions('2031-01-01Z', '2031-01-02Z') AS n").fetchone()
    assert made == {"n": 1}
