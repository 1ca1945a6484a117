"""Keeps personal data apart from what is sealed, and tells what the tokens there stand for."""

import secrets
from collections.abc import Iterable, Sequence
from typing import Any

from cloud_sync.domain.personal_data import SALT_BYTES, PersonalField, token_for, tokens_in, told
from cloud_sync.storage.database import Connection, Row
from cloud_sync.storage.queries import queries


def keep_apart(connection: Connection, person: str, field: PersonalField, value: str) -> str:
    """The token for a value of a person, to be written in its place; '' for ''."""
    if not value:
        return ""
    known: str | None = queries("personal_data").token_of(connection, person=person, field=field, value=value)
    return known or _keep(connection, person, field, value)


def keep_prescription_apart(connection: Connection, prescription: str) -> str:
    """The token for the reference to a prescription; '' for ''."""
    if not prescription:
        return ""
    known: str | None = queries("personal_data").token_of_prescription(connection, value=prescription)
    return known or _keep(connection, None, PersonalField.PRESCRIPTION, prescription)


def keep_words_apart(connection: Connection, words: str) -> str:
    """The token for words that are to be erased: another one each time."""
    return _keep(connection, None, PersonalField.WORDS, words)


def _keep(connection: Connection, person: str | None, field: PersonalField, value: str) -> str:
    salt = secrets.token_bytes(SALT_BYTES)
    token = token_for(value, salt)
    queries("personal_data").keep_value(
        connection, token=token, person=person or token, field=field, value=value, salt=salt
    )
    return token


def told_in(connection: Connection, rows: Iterable[Row], *columns: str) -> list[Row]:
    """Rows with what the tokens in these columns stand for, or ``erased``."""
    kept = list(rows)
    tokens = tokens_in(row[column] for row in kept for column in columns)
    if not tokens:
        return kept
    known = {row["token"]: row["value"] for row in values_of(connection, sorted(tokens))}
    return [{**row, **{column: told(row[column], known) for column in columns}} for row in kept]


def values_of(connection: Connection, tokens: Sequence[str]) -> list[dict[str, Any]]:
    """``token``, ``value`` (``erased`` if it was) and ``salt`` (None then)."""
    return list(queries("personal_data").values_of(connection, tokens=list(tokens)))
