"""What requests and answers on excursions, holds, dispositions and cases look like. Times are UTC."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import AwareDatetime, Field

from cloud_sync.api.schemas.common import Id, In, KnownTime, Name, PlaceKind, Reason, Schema
from cloud_sync.domain.dispositions import CaseDecision, Decision


class ProbeOut(Schema):
    """A channel that broke the rule meanwhile: evidence of the excursion."""

    gateway: str
    device: str
    metric: str
    began_at: datetime
    ended_at: datetime | None
    worst: float


class ExcursionOut(Schema):
    """An interval during which a place broke a rule of its policy; open while ``ended_at`` is null."""

    id: int
    gateway: str = Field(description="Of the probe that was furthest out; all of them are in ``probes``.")
    device: str
    metric: str
    probes: list[ProbeOut]
    place: str
    rule: str
    began_at: datetime
    ended_at: datetime | None
    worst: float
    version: int
    severity: str = Field(description="action: holds the stock that was in it; alert: opens a case.")
    longest_gap_s: float = Field(description="Longest time within it in which nothing was measured.")
    lots_exposed: int


class ExposureOut(Schema):
    """Stock that was in an excursion, wherever it is since."""

    excursion_id: int
    lot_id: int
    item: str
    lot_number: str
    serial: str
    place: str
    place_kind: PlaceKind
    residency_began_at: KnownTime
    since: KnownTime
    rule: str
    began_at: datetime
    ended_at: datetime | None
    worst: float


class HoldNowOut(Schema):
    """A reason that blocks stock now. No place: everywhere. No serial: all of them."""

    lot_id: int
    item: str
    lot_number: str
    serial: str | None
    place: str | None
    kind: str
    excursion_id: int | None
    hold_id: int | None
    text: str


class HoldIn(In):
    """Stock to block by hand."""

    lot_id: Id
    place: Name | None = Field(
        None, description="The goods that are at and below this place now, wherever they go; null holds the whole lot."
    )
    serial: Name | None = Field(None, description="Only this unit; null holds all.")
    reason: Reason = Field(examples=["outer box torn, seal broken"])


class HoldOut(Schema):
    """A hold that a person or rule placed."""

    id: int
    kind: str
    lot_id: int
    item: str
    lot_number: str
    serial: str | None
    place: str | None = Field(description="Where the goods were when they went on hold; null: the whole lot.")
    reason: str
    placed_by: str
    placed_at: datetime
    since: datetime | None = Field(description="From when on; null: from the movements that brought the goods.")
    case_id: int | None = Field(description="It ends when this case is resolved.")
    lifted_by: str | None
    lifted_at: datetime | None
    lifted_reason: str | None


class DispositionIn(In):
    """A quality decision on the exposure of a lot by an excursion that has ended."""

    excursion_id: Id
    lot_id: Id
    decision: Decision
    places: Annotated[list[Name], Field(max_length=100)] = Field(
        default=[], description="Only for stock at or below these, while it is there; none: wherever it is."
    )
    reason: Reason = Field(examples=["22 min above 8 °C, maker allows 24 h at up to 25 °C (letter of 2026-03-02)"])


class EventDispositionIn(In):
    """One quality decision on everything that one event did: all its excursions, all the lots in them."""

    excursion_ids: Annotated[list[Id], Field(min_length=1, max_length=100)]
    lot_ids: Annotated[list[Id], Field(max_length=10_000)] = Field(
        default=[], description="Only these lots; none: every lot that any of the excursions exposed."
    )
    decision: Decision
    places: Annotated[list[Name], Field(max_length=100)] = Field(
        default=[], description="Only for stock at or below these, while it is there; none: wherever it is."
    )
    reason: Reason = Field(examples=["compressor failed, 22 min above 8 °C; maker allows 24 h at up to 25 °C"])


class ExcursionEndIn(In):
    """A place was within its limits again, though the device that said otherwise says nothing any more."""

    ended_at: AwareDatetime = Field(description="When somebody saw that it was.")
    reason: Reason = Field(examples=["probe died at 16:23, replaced"])
    evidence: Annotated[str, Field(min_length=3, max_length=1000)] = Field(
        examples=["calibrated thermometer T-14 read 4.6 °C at 17:05, signed log page 12"]
    )


class DispositionOut(Schema):
    """A quality decision. ``same_evidence`` says whether it still covers the evidence as it is now."""

    id: int
    excursion_id: int
    lot_id: int
    item: str
    lot_number: str
    decision: Decision
    reason: str
    decided_by: str
    decided_at: datetime
    places: list[str] | None
    evidence: str | None = Field(description="SHA-256 of what it was decided on.")
    excursion_withdrawn: bool
    same_evidence: bool


class CaseOut(Schema):
    """A physical fact that contradicts the ledger, or that cannot be read."""

    id: int
    kind: str
    key: str
    text: str
    lot_id: int | None
    place: str | None = Field(description="It holds the goods that were at and below this place.")
    evidence_id: int | None
    data: dict[str, Any]
    opened_at: datetime
    age_s: float = Field(description="How long it has been open, or was.")
    assignee: str | None
    resolved_at: datetime | None
    resolved_by: str | None
    resolved_role: str | None
    decision: CaseDecision | None
    resolution: str | None


class RangeOut(Schema):
    """What one version says of a channel, in the channel's unit; null where it says nothing."""

    readings: int
    lowest: float | None
    highest: float | None


class TwoVersionsOut(Schema):
    """A channel of which a doubted journal speaks, from ``first`` to ``last``, and both versions of that time."""

    channel: int
    doubted_channel: int = Field(description="Its readings: GET /v1/channels/{id}/readings.")
    name: str
    first: datetime
    last: datetime
    trusted: RangeOut
    doubted: RangeOut


class SuspicionIn(In):
    """Product that looks wrong."""

    lot_id: Id
    place: Name | None = Field(None, description="The goods at and below this place now; null holds the whole lot.")
    text: Reason = Field(examples=["carton without tamper seal, print differs"])


class AssignIn(In):
    """Who looks into it."""

    assignee: Name


class VersionOut(Schema):
    """An excursion as it was once."""

    excursion_id: int
    version: int
    change: str
    rule: str
    began_at: datetime
    ended_at: datetime | None
    worst: float
    recorded_at: datetime


class ResolutionIn(In):
    """What was found and done."""

    decision: CaseDecision = CaseDecision.EXPLAINED
    resolution: Reason
