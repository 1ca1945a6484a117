"""Every column of text is free text or something else, with a reason; erasures find all of the first and no others."""

import json
from typing import Any

import psycopg
import pytest

from cloud_sync.storage.database import Database
from cloud_sync.storage.free_texts import ERASED_WITH_WORDS, FREE_TEXT, NOT_FREE, NOT_FREE_HERE
from cloud_sync.storage.tables import TABLES
from tests.integration.cloud.seal.test_verification import tell_story

TEXTS = """
    SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND a.attnum > 0
      AND NOT a.attisdropped
      AND a.atttypid IN ('text'::regtype, 'text[]'::regtype, 'json'::regtype, 'jsonb'::regtype, 'varchar'::regtype)
"""
KEYS = """
    SELECT i.indrelid::regclass::text, a.attname FROM pg_index i
    JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey) WHERE i.indisunique
"""
WITHOUT_KEY = """
    SELECT relname FROM pg_class c WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
      AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary)
"""
FREE_IN_JSON = {
    "", "answer", "code_given", "instructions", "note", "reason", "reference", "resolution", "silence_accepted",
    "source", "text", "title", "what", "why", "lines",
}  # fmt: skip
"""Members of JSON in the story whose strings are words of people, or hold names together with them."""


def asked(database: Database, sql: str) -> set[tuple[str, ...]]:
    with psycopg.connect(database.url) as connection:
        return set(connection.execute(sql.encode()).fetchall())


def test_every_column_of_text_is_free_text_or_something_else(database: Database) -> None:
    undecided = {
        f"{table}.{column}"
        for table, column in asked(database, TEXTS)
        if column not in FREE_TEXT.get(table, ())
        and column not in NOT_FREE
        and f"{table}.{column}" not in NOT_FREE_HERE
    }
    assert not undecided, "decide in cloud_sync/storage/free_texts.py: does anybody write there what they like?"


def test_nothing_is_listed_that_is_not_there(database: Database) -> None:
    there = asked(database, TEXTS)
    listed = {
        (table, column) for of in (FREE_TEXT, ERASED_WITH_WORDS) for table, found in of.items() for column in found
    }
    assert listed - there == set()
    assert {tuple(each.split(".")) for each in NOT_FREE_HERE} - there == set()
    assert NOT_FREE.keys() - {column for _, column in there} == set()
    assert FREE_TEXT.keys() <= TABLES.keys()


def test_free_text_is_no_key_and_its_rows_have_one(database: Database) -> None:
    free = {(table, column) for table, columns in FREE_TEXT.items() for column in columns}
    assert free & asked(database, KEYS) == set(), "who erases words would move the row"
    assert FREE_TEXT.keys() & {table for (table,) in asked(database, WITHOUT_KEY)} == set()


def test_the_database_knows_the_same_columns(database: Database) -> None:
    marked = asked(database, "SELECT of_table, of_column FROM free_text_columns()")
    assert marked == {(table, column) for table, columns in FREE_TEXT.items() for column in columns}


def members(value: Any, below: str = "") -> set[str]:
    """Names in JSON that strings stand under."""
    if isinstance(value, str):
        return {below} if value else set()
    if isinstance(value, dict):
        is_change = below and value.keys() <= {"from", "to", "before", "after"}
        return set().union(*(members(each, below if is_change else name) for name, each in value.items()))
    return set().union(*(members(each, below) for each in value)) if isinstance(value, list) else set()


def test_every_name_in_json_is_known_as_free_text_or_as_kept(database: Database) -> None:
    tell_story(database)
    (kept,) = asked(database, "SELECT array_to_string(words_kept_in(), ' ')")
    found = set()
    for table, column in asked(database, "SELECT of_table, of_column FROM free_text_columns() WHERE of_type = 'jsonb'"):
        for (said,) in asked(database, f"SELECT DISTINCT {column}::text FROM {table}"):
            found |= members(json.loads(said)) if said else set()
    assert found - set(kept[0].split()) - FREE_IN_JSON == set()
    assert set(kept[0].split()) & FREE_IN_JSON == set()


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("Mrs Smith", "[erased]"),
        ("called mrs\n  SMITH's office", "called [erased]'s office"),
        ("Mrs Smithson, Mrs Smith-Jones", "Mrs Smithson, [erased]-Jones"),
        ("Mrs\u00a0Smith.Mrs Smith", "[erased].[erased]"),
        ("Smith Mrs", "Smith Mrs"),
        ({"note": "Mrs Smith", "operator": "Mrs Smith"}, {"note": "[erased]", "operator": "Mrs Smith"}),
        ({"note": {"from": "", "to": "a\nMrs\nSmith"}}, {"note": {"from": "", "to": "a\n[erased]"}}),
        (
            {"item": {"from": "Mrs Smith", "to": "x"}, "n": [1.50, None]},
            {"item": {"from": "Mrs Smith", "to": "x"}, "n": [1.5, None]},
        ),
        (
            {"lines": [{"from": "Mrs Smith", "text": ["Mrs Smith"]}], "e": [], "o": {}},
            {"lines": [{"from": "Mrs Smith", "text": ["[erased]"]}], "e": [], "o": {}},
        ),
    ],
)  # fmt: skip
def test_words_are_taken_out_as_whole_words_and_names_in_json_stay(database: Database, said: Any, left: Any) -> None:
    with psycopg.connect(database.url) as connection:
        if isinstance(said, str):
            query, value = "SELECT words_out(%s::text, words_pattern('Mrs Smith', false))", said
        else:
            query, value = "SELECT words_out(%s::jsonb, words_pattern('Mrs Smith', false))", json.dumps(said)
        assert connection.execute(query.encode(), (value,)).fetchone() == (left,)
        if left != said:
            (is_found,) = connection.execute(
                "SELECT %s ~* words_pattern('Mrs Smith', true)", (said if isinstance(said, str) else value,)
            ).fetchone() or (False,)
            assert is_found, "the loose pattern finds whatever the other one does"


@pytest.mark.parametrize("words", ["Dr. O'Neill", "a+b (c", "x@y.org", "Müller & Söhne", "0171/555-12"])
def test_signs_in_words_are_no_regular_expression(database: Database, words: str) -> None:
    with psycopg.connect(database.url) as connection:
        said = f"called {words}, then {words.replace('.', 'x').replace('+', 'x')}x"
        left = connection.execute("SELECT words_out(%s::text, words_pattern(%s, false))", (said, words)).fetchone()
    assert left == (said.replace(words, "[erased]", 1),)
