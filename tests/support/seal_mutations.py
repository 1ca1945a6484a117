"""What somebody with all rights over the database could do to evidence, one thing at a time."""

import json
from dataclasses import dataclass
from random import Random
from typing import Any

import psycopg
from psycopg.sql import SQL, Identifier

from cloud_sync.storage.free_texts import FREE_TEXT
from cloud_sync.storage.tables import TABLES, TableKind

EVIDENCE = sorted(name for name, rule in TABLES.items() if rule.kind is TableKind.EVIDENCE)
"""The tables of the seal itself are among them."""

Connection = psycopg.Connection[tuple[Any, ...]]


@dataclass(frozen=True)
class Mutation:
    """What was done to which row, and how to undo it."""

    table: str
    how: str
    what: str
    before: dict[str, Any] | None
    ctid: str | None


def mutate(connection: Connection, random: Random) -> Mutation:
    """Change, delete, copy or swap one row of a random table that has any, past every trigger."""
    while True:
        table = random.choice(EVIDENCE)
        row = connection.execute(
            SQL("SELECT ctid::text, to_jsonb(r) FROM {} r ORDER BY ctid OFFSET %s LIMIT 1").format(Identifier(table)),
            (random.randrange(_count(connection, table) or 1),),
        ).fetchone()
        if row is None:
            continue
        ctid, before = row
        bypass(connection, table, random)
        how = random.choice(["change", "change", "change", "delete", "copy"])
        if how == "delete":
            connection.execute(SQL("DELETE FROM {} WHERE ctid = %s").format(Identifier(table)), (ctid,))
            _commit(connection, table)
            return Mutation(table, how, "", before, None)
        made = (
            _changed(connection, table, ctid, before, random) if how == "change" else _copied(connection, table, before)
        )
        if made is None:
            connection.rollback()
            continue
        _commit(connection, table)
        return Mutation(table, how, made[0], before if how == "change" else None, made[1])


def bypass(connection: Connection, table: str, random: Random) -> None:
    """Past all triggers for this transaction, by one of the ways there are."""
    if random.random() < 0.5:
        connection.execute("SET LOCAL session_replication_role = replica")
    else:
        connection.execute(SQL("ALTER TABLE {} DISABLE TRIGGER ALL").format(Identifier(table)))


def forge_erasure(
    connection: Connection, table: str, row: str, column: str, said: str, *, told: str = "an event"
) -> None:
    """Write something else into a column as if words had been erased there, past the trigger that refuses it but not
    the one that seals. ``told``: what is written beside it, to pass for an erasure that two people agreed to."""
    connection.execute(SQL("ALTER TABLE {} DISABLE TRIGGER USER").format(Identifier(table)))
    connection.execute(
        SQL("ALTER TABLE {} ENABLE TRIGGER {}").format(Identifier(table), Identifier(f"{table}_sealed_update"))
    )
    connection.execute("SELECT set_config('lotwarden.change', 'E', true)")
    update = SQL("UPDATE {} SET {} = %s WHERE id = %s").format(Identifier(table), Identifier(column))
    connection.execute(update, (said, row))
    number = None
    if told == "an erasure of the same moment":
        (number,) = connection.execute(
            "INSERT INTO word_erasure (words, reason, places, asked_by, asked_at, decision, decided_by, decided_at,"
            " decision_reason) VALUES ('personal:' || encode(sha256(gen_random_uuid()::text::bytea), 'hex'), 'r', 1,"
            " 'ada', now(), 'done', 'bea', now(), 'r')"
            " RETURNING id"
        ).fetchone() or (None,)
    elif told == "an erasure by one person":
        connection.execute("ALTER TABLE word_erasure DROP CONSTRAINT word_erasure_check1")
        (number,) = connection.execute(
            "UPDATE word_erasure SET decision = 'done', decided_by = asked_by, decided_at = now(),"
            " decision_reason = 'r' RETURNING id"
        ).fetchone() or (None,)
    if number is not None:
        connection.execute(
            "INSERT INTO erased_row (erasure_id, of_table, row_name, columns, places) VALUES (%s, %s, %s, %s, 1)",
            (number, table, row, [column]),
        )
    if told != "nothing":
        connection.execute(
            "INSERT INTO event (actor, kind, subject, reason) SELECT"
            " coalesce((SELECT decided_by FROM word_erasure WHERE id = %s), 'bea'), 'words_erased', %s, 'forged'",
            (number, f"word_erasure:{number}"),
        )
    _commit(connection, table)


def rows_to_forge(connection: Connection) -> list[tuple[str, str, str]]:
    """Numbered rows of evidence with a column of free text that never changes otherwise: table, number, column."""
    found = []
    for table, columns in FREE_TEXT.items():
        (is_numbered,) = connection.execute(
            "SELECT count(*) > 0 FROM pg_attribute WHERE attrelid = to_regclass(%s) AND attname = 'id'", (table,)
        ).fetchone() or (False,)
        if table not in EVIDENCE or not is_numbered:
            continue
        for column in sorted(set(columns) - set(TABLES[table].may_change)):
            rows = connection.execute(
                SQL("SELECT id::text FROM {} WHERE pg_typeof({})::text = 'text' ORDER BY id").format(
                    Identifier(table), Identifier(column)
                )
            ).fetchall()
            found += [(table, row, column) for (row,) in rows]
    return found


def undo(connection: Connection, mutation: Mutation) -> None:
    """Make it as it was."""
    connection.execute("SET session_replication_role = replica")
    if mutation.ctid is not None:
        connection.execute(SQL("DELETE FROM {} WHERE ctid = %s").format(Identifier(mutation.table)), (mutation.ctid,))
    if mutation.before is not None:
        _insert(connection, mutation.table, mutation.before)
    connection.execute("RESET session_replication_role")
    connection.commit()


def _commit(connection: Connection, table: str) -> None:
    connection.execute(SQL("ALTER TABLE {} ENABLE TRIGGER ALL").format(Identifier(table)))
    connection.commit()


def _count(connection: Connection, table: str) -> int:
    (count,) = connection.execute(SQL("SELECT count(*) FROM {}").format(Identifier(table))).fetchone() or (0,)
    return int(count)


def _changed(
    connection: Connection, table: str, ctid: str, before: dict[str, Any], random: Random
) -> tuple[str, str] | None:
    column = random.choice(sorted(before))
    # Another salt of a version that another one followed says nothing. That it is gone, only an erasure explains.
    after = {**before, column: None if column == "salt" else _other(before[column], random)}
    try:
        with connection.transaction():
            done = _update(connection, table, ctid, column, after)
    except psycopg.Error:
        return None  # the column does not take such a value, or PostgreSQL computes it
    return (column, done[0]) if done else None


def _update(
    connection: Connection, table: str, ctid: str, column: str, after: dict[str, Any]
) -> tuple[Any, ...] | None:
    return connection.execute(
        SQL(
            "UPDATE {table} r SET {column} = n.{column} FROM jsonb_populate_record(NULL::{table}, %s) n"
            " WHERE r.ctid = %s AND to_jsonb(r) -> %s IS DISTINCT FROM to_jsonb(n) -> %s RETURNING r.ctid::text"
        ).format(table=Identifier(table), column=Identifier(column)),
        (json.dumps(after), ctid, column, column),
    ).fetchone()


def _copied(connection: Connection, table: str, before: dict[str, Any]) -> tuple[str, str] | None:
    """The same row once more, under another number where it has one."""
    if "id" not in before:
        return None
    (made,) = _insert(connection, table, {**before, "id": before["id"] + 10_000_000}) or (None,)
    return ("id", made) if made else None


def _insert(connection: Connection, table: str, row: dict[str, Any]) -> tuple[str] | None:
    generated = {
        name
        for (name,) in connection.execute(
            "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attgenerated <> ''", (table,)
        )
    }
    columns = SQL(", ").join(Identifier(name) for name in row if name not in generated)
    try:
        with connection.transaction():
            return connection.execute(
                SQL(
                    "INSERT INTO {table} ({columns}) OVERRIDING SYSTEM VALUE"
                    " SELECT {columns} FROM jsonb_populate_record(NULL::{table}, %s) RETURNING ctid::text"
                ).format(table=Identifier(table), columns=columns),
                (json.dumps(row),),
            ).fetchone()
    except psycopg.errors.UniqueViolation:
        return None


def _other(value: Any, random: Random) -> Any:
    """Another value that the column may take as well as this one: a digit or a letter is another one."""
    if isinstance(value, bool):
        return not value
    if value is None:
        return None
    if isinstance(value, int):
        return value + random.choice([-1, 1, 2])
    if isinstance(value, float):
        return value + 0.5
    if isinstance(value, list):
        return value[:-1] if value else value
    if isinstance(value, dict):
        return {**value, "note": "as agreed"}
    return _other_text(str(value), random)


def _other_text(value: str, random: Random) -> str:
    at = [
        number
        for number, each in enumerate(value)
        if each.isdigit() or (each.isalpha() and not value.startswith("\\x"))
    ]
    if not at:
        return value + "x"
    where = random.choice(at)
    swap = {"0": "1", "1": "2"} if value[where].isdigit() else {}
    new = swap.get(value[where], "0" if value[where].isdigit() else random.choice("abcdef"))
    return value[:where] + new + value[where + 1 :]
