"""Connections to other systems, what is delivered to them, and the feed of events."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from cloud_sync.api.schemas.common import In, Schema
from cloud_sync.domain.connections import REQUESTS_PER_MINUTE, Scope

POSITION_MAX = 2**53
EventKindOrAll = Annotated[
    str,
    StringConstraints(pattern=r"^(\*|[a-z][a-z0-9_]*)$", max_length=100),
    Field(description="A kind of event, as the feed has it, or `*` for every kind.", examples=["hold_placed", "*"]),
]
Position = Annotated[
    int, Field(ge=0, le=POSITION_MAX, description="A place in the feed: the order in which events were committed.")
]


class ConnectionIn(In):
    """What a system may ask for, and what is sent to it."""

    url: Annotated[str, StringConstraints(pattern=r"^[^\x00]*$", max_length=1000)] = Field(
        "", description="Where webhooks go, by https. Empty: the system only asks. It is not shown again.",
        examples=["https://erp.example.org/lotwarden"],
    )  # fmt: skip
    scopes: Annotated[tuple[Scope, ...], Field(max_length=20)] = ()
    event_kinds: Annotated[tuple[EventKindOrAll, ...], Field(max_length=200)] = ()
    requests_per_minute: Annotated[int, Field(ge=1, le=100_000)] = REQUESTS_PER_MINUTE
    from_start: bool = Field(False, description="Send all events that there ever were, not only those from now on.")


class ConnectionSecretOut(Schema):
    """With what its webhooks are signed (Standard Webhooks). It is shown this once; empty if it was known before."""

    name: str
    secret: str


class ConnectionKeyOut(Schema):
    """With what the system asks: `Authorization: Bearer KEY`. It is shown this once."""

    name: str
    key: str


class ConnectionOut(Schema):
    """A connection, without what is secret of it."""

    name: str
    shown: str = Field(description="The public part of its URL.")
    scopes: list[str]
    event_kinds: list[str]
    requests_per_minute: int
    active: bool
    has_key: bool
    paused_at: datetime | None
    paused_why: str
    followed_to: int = Field(description="Up to which position of the feed its events are queued.")
    failing_since: datetime | None
    next_at: datetime | None = Field(description="When it is tried again, if it fails.")
    last_error: str
    last_sent_at: datetime | None
    last_seen_at: datetime | None = Field(description="When it asked for something last.")
    unsent: int = Field(description="Deliveries that wait for it.")
    created_by: str
    created_at: datetime


class DeliveryOut(Schema):
    """Something that goes to a connection."""

    id: int
    connection: str
    message_id: str = Field(description="The same however often it is sent: `webhook-id`.")
    kind: str
    position: int | None
    event_id: int | None
    document_id: int | None
    media_type: str
    made_at: datetime
    attempts: int
    sent_at: datetime | None
    withdrawn_at: datetime | None
    last_error: str


class ReplayIn(In):
    """From where everything is sent again, and why."""

    after: Position
    reason: Annotated[str, StringConstraints(pattern=r"^[^\x00]*$", min_length=3, max_length=1000)]


class ReplayedOut(Schema):
    """How much was sent before and goes out again."""

    again: int


class FeedEventOut(Schema):
    """An event, where it stands in the feed."""

    position: int
    id: int
    at: datetime
    actor: str
    kind: str
    subject: str
    reason: str
    data: dict[str, Any]


class FeedOut(Schema):
    """A part of the feed."""

    rows: list[FeedEventOut]
    next: int = Field(description="`after` of the next request.")
    more: bool = Field(description="There is more already.")
