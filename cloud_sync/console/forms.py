"""What people type into forms, checked where it comes in."""

from typing import Annotated

from fastapi import Form

from cloud_sync.domain.accounts import PERSON
from cloud_sync.errors import Invalid

Field = Annotated[str, Form(max_length=200)]
"""One line of text."""
Fields = Annotated[list[Annotated[str, Form(max_length=200)]], Form(max_length=500)]
"""The same field of several rows."""
Why = Annotated[str, Form(max_length=2000)]
"""A reason, as it stays in the history."""


def name_of(text: str) -> str:
    """A name as records have it. Raises ``Invalid``."""
    name = text.strip()
    if not PERSON.fullmatch(name):
        raise Invalid(
            f"{name!r} is not a name" if name else "the name is missing",
            "Go back and use letters, digits, dot, dash and underscore, such as fridge-a.",
        )
    return name


def reason_of(text: str, what: str) -> str:
    """A reason. Raises ``Invalid`` where ``what`` has none."""
    if not text.strip():
        raise Invalid(f"{what} needs a reason", "Go back and write down why; an auditor will ask.")
    return text.strip()
