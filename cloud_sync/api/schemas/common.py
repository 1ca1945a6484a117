"""What requests and answers look like. Times are UTC; quantities are whole base units of the item."""

from datetime import datetime
from threading import RLock
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from cloud_sync.domain.master_records import LOT_NUMBER, ONE_LINE
from cloud_sync.domain.uncertain_times import is_unbounded

QUANTITY_MAX = 10**12

ID_MAX = 2**63 - 1

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=100)]
"""Letters, digits, dot, dash and underscore."""

Text = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$", max_length=1000, strip_whitespace=True)]
"""Any text without NUL, which PostgreSQL cannot hold."""

Line = Annotated[str, StringConstraints(pattern=ONE_LINE, max_length=1000, strip_whitespace=True)]
"""One line of text, such as a title: without control characters, as files of master data have it."""

Reason = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$", min_length=3, max_length=1000, strip_whitespace=True)]
"""Why, in words: an auditor will ask."""

Code = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]+$", max_length=100)]
"""A lot number, serial or order number: printable ASCII without spaces."""

LotNumber = Annotated[str, StringConstraints(pattern=LOT_NUMBER, max_length=100)]
"""Printable ASCII: all of GS1's character set 82, and the spaces inside that HIBC allows."""

Quantity = Annotated[int, Field(ge=1, le=QUANTITY_MAX, strict=True)]
"""A JSON number: "1.000" may be one or a thousand, so a text is refused."""

Id = Annotated[int, Field(ge=1, le=ID_MAX)]

KnownTime = Annotated[
    datetime | None,
    BeforeValidator(lambda time: None if isinstance(time, datetime) and is_unbounded(time) else time),
    Field(description="Null: unknown. The clock that recorded it was not trusted and no trusted record bounds it."),
]

PlaceKind = Literal[
    "site",
    "room",
    "bin",
    "supplier",
    "customer",
    "ward",
    "unpacking",
    "production",
    "scrap",
    "count_difference",
    "used_up",
    "transit",
]

T = TypeVar("T")
_taking_turns = RLock()


class Schema(BaseModel):
    """Base of what requests and answers look like. There are hundreds: each is worked out when the first one comes."""

    model_config = ConfigDict(defer_build=True)

    @classmethod
    def model_rebuild(cls, *, _parent_namespace_depth: int = 2, **settings: Any) -> bool | None:
        """Threads that need the first one at once take turns: pydantic takes away what another thread has just made."""
        with _taking_turns:
            return super().model_rebuild(_parent_namespace_depth=_parent_namespace_depth + 1, **settings)


class In(Schema):
    """Base of requests: unknown fields are faults, so that a misspelt one is not ignored."""

    model_config = ConfigDict(extra="forbid")


class Listed(Schema, Generic[T]):
    """A page of a list. ``more`` says that there are rows behind it: ask again with a higher offset."""

    rows: list[T]
    more: bool


class WhyIn(In):
    """Why it is done."""

    reason: Reason


class ChangeOut(Schema):
    """A value before and after."""

    old: Any
    new: Any


class EventOut(Schema):
    """Who did what, when and why. ``at``: when it was recorded."""

    id: int
    at: datetime
    happened_at: datetime
    actor: str
    kind: str
    subject: str
    reason: str
    data: dict[str, Any]
    gateway_record: str | None
    changes: dict[str, ChangeOut]


class HealthOut(Schema):
    """That the ledger and its database answer."""

    status: Literal["ok"] = "ok"
    version: str
