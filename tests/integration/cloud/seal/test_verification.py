"""Whatever somebody with all rights does to the database, ``verify`` names the row."""

from collections.abc import Iterator
from datetime import timedelta
from random import Random

import psycopg
import pytest

from cloud_sync.actions.people import erased_words
from cloud_sync.app import create_app
from cloud_sync.seal.row_checks import sealed_tables
from cloud_sync.seal.sealing import seal_once
from cloud_sync.seal.verification import Finding, verify
from cloud_sync.storage.database import Connection, Database
from cloud_sync.storage.events import add_event
from tests.integration.cloud import test_requisition_to_patient as story
from tests.support.quick_client import QuickClient
from tests.support.recycled_databases import RecycledDatabases
from tests.support.seal_mutations import forge_erasure, mutate, rows_to_forge, undo

MUTATIONS = 60
FORGED = 12


def tell_story(database: Database) -> None:
    """A ledger with nearly everything in it."""
    now = story.START + timedelta(days=1)
    with QuickClient(create_app(database, clock=lambda: now), raise_server_exceptions=False) as client:
        house = story.House(client, database)
        story.settle(house)
        purchase = story.buy(house)
        story.receive(house, purchase)
        demand = story.dispense(house)
        lot = story.come_back(house, demand)
        number = story.recall(house, lot, demand)
        story.reconcile(house, lot)
        story.close_recall(house, number)
    words = {"reason": "she asked for it", "at": now}
    asked = erased_words.ask(database, "the head nurse", actor="ada", **words)
    erased_words.approve(database, asked["id"], actor="bea", **words)


def seal_all(database: Database) -> None:
    while seal_once(database):
        pass


@pytest.fixture(scope="module")
def told(databases: RecycledDatabases) -> Iterator[Database]:
    with databases.lent() as url:
        database = databases.open(url)
        tell_story(database)
        seal_all(database)
        yield database


def test_a_ledger_that_nobody_touched_fits(told: Database) -> None:
    report = verify(told)
    assert report.findings == []
    assert report.size > 100
    assert (report.checkpoints >= 1, report.unsealed) == (True, 0)


def test_random_mutations_past_all_triggers_are_all_found(told: Database) -> None:
    random = Random(14)
    with psycopg.connect(told.url) as connection:
        for _ in range(MUTATIONS):
            mutation = mutate(connection, random)
            found = verify(told).findings
            undo(connection, mutation)
            assert found, mutation
    assert verify(told).findings == []


def test_erasures_forged_on_any_row_are_all_found(databases: RecycledDatabases) -> None:
    random = Random(15)
    with databases.lent() as url:
        database = databases.open(url)
        tell_story(database)
        seal_all(database)
        with psycopg.connect(url) as connection:
            forged = random.sample(rows_to_forge(connection), FORGED)
            for number, (table, row, column) in enumerate(forged):
                told = ("nothing", "an event", "an erasure of the same moment")[number % 3]
                forge_erasure(connection, table, row, column, f"[erased] {number}", told=told)
        seal_all(database)
        found = {each.where for each in verify(database).findings}
    assert {f"{table} {row}" for table, row, _ in forged} <= found


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        (
            "UPDATE event SET actor = 'mallory' WHERE id = 3",
            Finding("event 3", "it was changed although it must not change"),
        ),
        ("DELETE FROM event WHERE id = 3", Finding("event 3", "it was deleted")),
    ],
)  # fmt: skip
def test_who_switches_off_the_protection_alone_leaves_a_trace_for_ever(
    database: Database, statement: str, expected: Finding
) -> None:
    with database.transaction() as connection:
        for number in range(5):
            story_event(connection, number)
    seal_once(database)
    with psycopg.connect(database.url) as connection:
        connection.execute("ALTER TABLE event DISABLE TRIGGER event_append_only")
        connection.execute(statement.encode())
        connection.execute("ALTER TABLE event ENABLE TRIGGER event_append_only")
    while seal_once(database):
        pass
    assert expected in verify(database).findings


def story_event(connection: Connection, number: int) -> None:
    add_event(connection, actor="amy", kind="tried", subject="lot:1", data={"n": number})


def test_a_change_that_no_event_tells_of_is_found(told: Database) -> None:
    with psycopg.connect(told.url) as connection:
        connection.execute("UPDATE reservation SET ended_reason = 'somebody said so' WHERE id = 1")
    seal_once(told)
    assert Finding("reservation 1", "it was changed, and no event says by whom and why") in verify(told).findings


def test_an_older_backup_is_found_by_a_checkpoint_that_was_kept_elsewhere(
    databases: RecycledDatabases,
) -> None:
    with databases.lent() as url:
        database = databases.open(url)
        with database.transaction() as connection:
            story_event(connection, 1)
        seal_once(database)
        seal_once(database)
        with database.transaction() as connection:
            story_event(connection, 2)
        sealed = seal_once(database)
        assert sealed is not None
        with psycopg.connect(url) as connection:
            (note,) = connection.execute("SELECT note FROM seal_checkpoint ORDER BY size DESC LIMIT 1").fetchone() or (
                "",
            )
            # As if a backup from before the second event had been restored: all of it, and of the seal as well.
            connection.execute("SET session_replication_role = replica")
            connection.execute("DELETE FROM event WHERE id = (SELECT max(id) FROM event)")
            connection.execute("DELETE FROM seal_row WHERE id = (SELECT max(id) FROM seal_row)")
            connection.execute("DELETE FROM seal_checkpoint WHERE size = (SELECT max(size) FROM seal_checkpoint)")
            connection.execute(
                "UPDATE seal_tile SET hashes = substr(hashes, 1, length(hashes) - 32), entries = trim_array(entries, 1)"
            )
        assert verify(database).findings == []
        (finding,) = verify(database, [note]).findings
        assert "set back to an older state" in finding.what
        # And it goes on from there: another history.
        with database.transaction() as connection:
            story_event(connection, 3)
        seal_once(database)
        (finding,) = verify(database, [note]).findings
        assert "another history" in finding.what


NAMED = [
    ("UPDATE event SET actor = 'mallory' WHERE id = 3", "event 3", "it is not what was sealed"),
    ("DELETE FROM event WHERE id = 4", "event 4", "it was sealed and is gone"),
    (
        "INSERT INTO event (actor, kind, subject) VALUES ('amy', 'lot_released', 'lot:1')",
        "event",
        "it was never sealed",
    ),
    ("UPDATE evidence SET raw = raw || '\\x00'::bytea WHERE id = 1", "evidence 1", "digest"),
    ("UPDATE hold SET lifted_reason = 'never mind' WHERE id = 1", "hold 1", "it is not what was sealed"),
    ("UPDATE api_token SET role = 'administrator' WHERE name = 'buyer'", 'api_token ["buyer"]', "not what was sealed"),
    ('UPDATE policy SET body = body || \'{"title": "warm"}\'', 'policy ["cool"]', "not what was sealed"),
    ("UPDATE seal_row SET row_hash = sha256(row_hash) WHERE id = 5", "seal_row 5", "is not the one in the tree"),
    ("UPDATE seal_checkpoint SET root = sha256(root)", "seal_checkpoint", "its text says something else"),
    ("DELETE FROM seal_row WHERE id = 6", "seal_tile 0/0", "1 of its leaves are gone from seal_row"),
    ("UPDATE ledger_key SET private_key = sha256(private_key)", "ledger_key", "belongs to another public key"),
]


def test_each_row_that_does_not_fit_is_named(told: Database) -> None:
    # The last test of this ledger: nothing is undone.
    for statement, where, what in NAMED:
        with psycopg.connect(told.url) as connection:
            connection.execute("SET session_replication_role = replica")
            connection.execute(statement.encode())
        found = verify(told).findings
        assert [each for each in found if where in each.where and what in each.what], (statement, found)


ODD = {
    "text": r"""E'a"b\\c\n\x01\u2028 / é'""",
    "double precision": "1e21",
    "jsonb": """'{"b": [1.50, "x\\"y"], "a": 1e3}'""",
    "timestamp with time zone": "'2026-01-01 00:00:00.120+02'",
    "date": "'infinity'",
    "bytea": "'abc'",
    "boolean": "true",
    "text[]": """ARRAY['a,b', NULL, '"']""",
    "bigint[]": "'{1,-2}'",
    "uuid": "'00000000-0000-4000-8000-000000000001'",
    "time without time zone": "'07:30'",
}
FIGURE = "'7'"
TYPES = """
    SELECT DISTINCT format_type(a.atttypid, NULL) FROM pg_attribute a, unnest(%s::text[]) t
    WHERE a.attrelid = to_regclass(t) AND a.attnum > 0 AND NOT a.attisdropped
"""


def test_a_row_told_column_by_column_reads_as_it_was_sealed(told: Database) -> None:
    left_out = {name: list(rule.not_sealed) for name, rule in sealed_tables()} | {"odd": []}
    with psycopg.connect(told.url) as owner:
        types = [of_type for (of_type,) in owner.execute(TYPES, (list(left_out),))] * 3  # more than one function takes
        columns = [f'"c{number} {of_type}" {of_type}' for number, of_type in enumerate(types)]
        values = [f"{ODD.get(of_type, FIGURE)}::{of_type}" for of_type in types]
        columns[0] += " NOT NULL"
        owner.execute(f'CREATE TEMP TABLE odd ({", ".join(columns)}, "é" text, lo text, a float8)'.encode())
        owner.execute(f"INSERT INTO odd VALUES ({', '.join(values)}, 'u', 'l', 'NaN')".encode())
        owner.execute(f"INSERT INTO odd VALUES ({values[0]})".encode())
        for table, without in [*left_out.items(), ("odd", ["lo"])]:
            asked = "SELECT seal_columns_sql(to_regclass(%s), 'r', %s)"
            (text,) = owner.execute(asked, (table, without)).fetchone() or ("",)
            same = f"SELECT count(*), count(*) FILTER (WHERE {text} = (to_jsonb(r) - %s::text[])::text) FROM {table} r"
            rows, fit = owner.execute(same.encode(), (without,)).fetchone() or (0, -1)
            assert rows == fit, table
            assert table != "odd" or rows == 2
