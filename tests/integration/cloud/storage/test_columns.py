"""Columns of thousands of values come to the server as they are, whatever is in them."""

from datetime import UTC, date, datetime, time
from typing import Any
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cloud_sync.storage.columns import Column
from cloud_sync.storage.database import Database
from edge_agent.domain.wire.records import Action

AT = datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=UTC)


def came_as(database: Database, column: Column, kind: str) -> list[Any]:
    """What the server has of a column, one by one."""
    with database.transaction() as connection:
        rows = connection.execute(
            f"SELECT v FROM unnest(%(column)s::{kind}[]) WITH ORDINALITY AS t (v, n) ORDER BY n".encode(),
            {"column": column},
        )
        return [row["v"] for row in rows]


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([], "text"),
        ([1, -(2**63), 2**63 - 1, 0], "bigint"),
        ([None, 7, None], "bigint"),
        ([None, None], "timestamptz"),
        ([AT, datetime(1, 1, 1, tzinfo=UTC)], "timestamptz"),
        ([AT, None], "timestamptz"),
        ([date(2026, 2, 28), None], "date"),
        ([time(14, 30), time(23, 59, 59)], "time"),
        ([UUID(int=5), None], "uuid"),
        ([True, False, None], "boolean"),
        (["", "NULL", "null", "{}", " a ", '"', '","', "\\", "a\\", '\\"', "{a,b}", "zwölf 💊\n\t"], "text"),
        (['"', None], "text"),
        (["NULL", None, ""], "text"),
    ],
)
def test_a_column_arrives_as_it_was(database: Database, values: list[Any], kind: str) -> None:
    assert came_as(database, Column(values), kind) == values


def test_a_word_of_a_list_of_words_arrives_as_its_text(database: Database) -> None:
    assert came_as(database, Column([Action.RECEIVE, Action.PUT_AWAY]), "text") == ["receive", "put_away"]


@pytest.mark.parametrize("values", [["a\0b"], ["a\0b", None], ['"a\0b']])
def test_a_text_that_the_server_cannot_keep_is_told_and_not_cut(database: Database, values: list[Any]) -> None:
    with pytest.raises(psycopg.DataError, match="NUL"):
        came_as(database, Column(values), "text")


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0") | st.sampled_from('"\\,{} '), max_size=6)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.lists(st.none() | TEXTS))
def test_any_texts_arrive_as_they_were(database: Database, values: list[str | None]) -> None:
    assert came_as(database, Column(values), "text") == values
