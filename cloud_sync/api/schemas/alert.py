"""Alerts, and who gets which."""

from datetime import date, datetime, time
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, StringConstraints

from cloud_sync.api.schemas.common import In, Name, Reason, Schema
from cloud_sync.domain.alerts import AlertKind, Severity

GoesTo = Annotated[
    str,
    StringConstraints(pattern=r"^(rota:)?[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=105),
    Field(description="The name of a target, or `rota:` and the name of a rota.", examples=["amy", "rota:night"]),
]
Zone = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9_+/-]+$", max_length=60), Field(examples=["Europe/Berlin"])
]
LocalTime = Annotated[time, Field(description="By the clocks of the zone.", examples=["22:00"])]


class AlertOut(Schema):
    """An alert."""

    id: int
    kind: AlertKind
    severity: Severity
    subject: str
    place: str | None
    title: str
    text: str
    path: str = Field(description="Its page in the console.")
    needs_acknowledgement: bool
    occurred_at: datetime
    raised_at: datetime
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    acknowledged_comment: str | None
    sent: int = Field(description="Messages about it that were handed over.")
    unsent: int = Field(description="Messages about it that were not handed over yet.")


class AcknowledgeIn(In):
    """That somebody takes care of it."""

    comment: Reason


class TargetIn(In):
    """Where messages go."""

    channel: Literal["mail", "webhook", "apprise"]
    address: Annotated[str, StringConstraints(pattern=r"^[^\x00]*$", min_length=3, max_length=1000)] = Field(
        description="A mail address, the https URL of a webhook, or a URL of apprise. It is not shown again.",
        examples=["amy@example.org"],
    )


class TargetSecretOut(Schema):
    """With what a webhook is signed (Standard Webhooks). It is shown this once; empty for other channels."""

    name: str
    secret: str


class TargetOut(Schema):
    """A target, without what is secret of it."""

    name: str
    channel: str
    shown: str = Field(description="The public part of its address.")
    active: bool
    failing_since: datetime | None
    next_at: datetime | None = Field(description="When it is tried again, if it fails.")
    last_error: str
    last_sent_at: datetime | None
    created_by: str
    created_at: datetime
    unsent: int = Field(description="Messages that wait for it.")


class QueuedOut(Schema):
    """A message that goes out in a moment; see `GET /v1/alert-messages`."""

    message: int


class MessageOut(Schema):
    """A message, and how far it has come."""

    id: int
    target: str
    reason: str
    made_at: datetime
    due_at: datetime
    attempts: int
    sent_at: datetime | None
    withdrawn_at: datetime | None = Field(description="When its target was switched off before it was sent.")
    last_error: str
    alerts: int


class StepIn(In):
    """A step of escalation."""

    after_minutes: Annotated[int, Field(ge=1, le=10_080)] = Field(description="After the message went out.")
    goes_to: GoesTo


class SubscriptionIn(In):
    """Who gets which alerts."""

    goes_to: GoesTo
    severity_min: Severity = Field(description="info: everything; alert; action: product at risk alone.")
    site: Name | None = Field(None, description="Left out: all sites.")
    kinds: Annotated[list[AlertKind], Field(max_length=len(AlertKind))] = Field([], description="Empty: all kinds.")
    quiet_from: LocalTime | None = None
    quiet_until: LocalTime | None = None
    zone: Zone | None = Field(None, description="Left out: that of the site.")
    escalation: Annotated[list[StepIn], Field(max_length=10)] = Field([])


class StepOut(Schema):
    """A step of escalation."""

    after_minutes: int
    goes_to: str


class SubscriptionOut(Schema):
    """Who gets which alerts."""

    name: str
    goes_to: str
    site: str | None
    kinds: list[str]
    severity_min: Severity
    quiet_from: time | None
    quiet_until: time | None
    zone: str
    escalation: list[StepOut]


class RotaIn(In):
    """Who is on call in turn."""

    members: Annotated[list[Name], Field(min_length=1, max_length=100)]
    handover: LocalTime
    days_each: Annotated[int, Field(ge=1, le=366)] = 7
    zone: Zone
    first_day: date | None = Field(None, description="When the first member's turn begins. Left out: this Monday.")


class CoverIn(In):
    """Who stands in."""

    target: Name
    begins_at: AwareDatetime
    ends_at: AwareDatetime


class CoverOut(Schema):
    """Who stands in."""

    id: int
    target: str
    begins_at: datetime
    ends_at: datetime


class CoverMadeOut(Schema):
    """That somebody stands in."""

    id: int


class RotaOut(Schema):
    """A rota, and whose turn it is now."""

    name: str
    members: list[str]
    first_day: date
    handover: time
    days_each: int
    zone: str
    on_call: str
    covers: list[CoverOut]
