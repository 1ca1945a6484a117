"""Files of temperature loggers."""

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from cloud_sync.api.schemas.common import Schema


class QuestionOut(Schema):
    """Something that the file does not say: send the answer as `answer=KEY=VALUE`."""

    key: str
    text: str
    choices: dict[str, str] = Field(description="Values and what they mean; empty: any text.")


class LoggerPreviewOut(Schema):
    """What a file says; with questions it was not read yet. Times are UTC."""

    questions: list[QuestionOut]
    format: str | None = None
    is_verified: bool | None = Field(None, description="The layout was compared with exports of real devices.")
    device: str | None = None
    serial: str | None = None
    zone: str | None = None
    first_at: datetime | None = None
    last_at: datetime | None = None
    readings: int | None = None
    lowest: float | None = None
    highest: float | None = None
    device_verdict: Literal["alarm", "ok", ""] | None = None
    notes: list[str] = Field(default_factory=list)


class LoggerFileOut(Schema):
    """A file as it was read and judged. `broken`: rules of the policies that were broken."""

    id: int
    document_id: int
    order: str | None
    place: str | None
    format: str
    is_verified: bool
    device: str
    serial: str
    zone: str
    first_at: datetime
    last_at: datetime
    readings: int
    lowest: float
    highest: float
    device_verdict: str = Field(description="The device's own: alarm, ok, or empty if the file has none.")
    device_alarms: list[str]
    policies: list[str]
    verdict: Literal["broken", "kept", "judged_in_place", "waiting"]
    broken: list[dict[str, Any]]
    explanation: str = Field(description="Why the device and the policies say the same, or do not.")
    notes: list[str]
    brought_by: str
    brought_at: datetime
