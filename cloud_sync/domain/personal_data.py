"""Personal data stand apart from what is sealed: there, a token of a salted hash stands for them."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

SALT_BYTES = 16
ERASED = "erased"
TOKEN = re.compile(r"personal:[0-9a-f]{64}")


class PersonalField(StrEnum):
    """What is kept apart."""

    PRINTED_NAME = "printed name"
    ADDRESS = "address"
    PRESCRIPTION = "prescription"
    WORDS = "words"
    """Words that somebody asked to have erased, until it is done."""


def token_for(value: str, salt: bytes) -> str:
    """What stands for a value: whoever has neither it nor the salt learns nothing from it.

    >>> token_for("Amy Miller", bytes(16))[:18]
    'personal:d36267bc5'
    """
    return f"personal:{hashlib.sha256(salt + value.encode()).hexdigest()}"


def tokens_in(values: Iterable[Any]) -> set[str]:
    """All tokens anywhere in JSON values."""
    found: set[str] = set()
    for each in values:
        if isinstance(each, str):
            found.update(TOKEN.findall(each))
        elif isinstance(each, Mapping):
            found |= tokens_in(each.values())
        elif isinstance(each, list | tuple):
            found |= tokens_in(each)
    return found


def told(value: Any, known: Mapping[str, str]) -> Any:
    """A JSON value with what its tokens stand for."""
    if isinstance(value, str):
        return TOKEN.sub(lambda found: known.get(found[0], ERASED), value)
    if isinstance(value, Mapping):
        return {key: told(each, known) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [told(each, known) for each in value]
    return value
