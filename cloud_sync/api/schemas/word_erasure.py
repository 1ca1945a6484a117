"""Words that are erased from free text."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from cloud_sync.api.schemas.common import In, Reason, Schema
from cloud_sync.domain.erased_words import WORDS_MAX

Words = Annotated[
    str, StringConstraints(pattern=r"^[^\x00]*$", min_length=1, max_length=WORDS_MAX, strip_whitespace=True)
]


class WordsIn(In):
    """Words to look for."""

    words: Words = Field(description="As they were written, in any case.", examples=["Mrs Smith"])


class WordErasureIn(WordsIn):
    """Words to erase, and why."""

    reason: Reason


class FoundOut(Schema):
    """Where words stand."""

    table: str
    column: str
    rows: int


class WordsFoundOut(Schema):
    """What an erasure would change."""

    words: str
    rows: int
    places: int
    found: list[FoundOut]
    within_longer_words: int = Field(description="Texts in which they are only part of longer words: these stay.")
    documents: int = Field(description="Messages and documents of others that hold them as written: these stay.")
    legal_holds: list[int] = Field(description="While one of these is in force, nothing is erased.")


class WordErasureOut(Schema):
    """An erasure of words."""

    id: int
    state: Literal["waits", "done", "rejected"]
    words: str | None = Field(description="Null once it is decided on.")
    reason: str
    places: int = Field(description="In how many places they stood when it was asked for.")
    asked_by: str
    asked_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    decision_reason: str | None
    rows: int = Field(description="Rows that were changed.")


class ErasedRowOut(Schema):
    """A row that words were taken out of."""

    table: str
    row: str = Field(description="Its number, or its key as a JSON array.")
    columns: list[str]
    places: int = Field(description="0 where only a hash went that was made of them.")
