"""What requests and answers on corrections look like."""

from datetime import datetime, time
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from cloud_sync.api.schemas.common import Code, Id, In, LotNumber, Name, Quantity, Schema
from cloud_sync.domain.master_records import Day, Zone

Reason = Annotated[str, StringConstraints(min_length=1, max_length=1000, strip_whitespace=True)]


class LotExpiryIn(In):
    """The expiry of a lot is another day, or an hour of it."""

    kind: Literal["lot_expiry"]
    lot_id: Id
    expires_on: Day
    expires_hour: time | None = None
    reason: Reason


class LotNumberIn(In):
    """A lot has another number than was written down."""

    kind: Literal["lot_number"]
    lot_id: Id
    lot_number: LotNumber
    reason: Reason


class ItemCodeIn(In):
    """A code stands for so many base units of another item; without item and base units it is taken back."""

    kind: Literal["code"]
    code: Code
    item: Name | None = None
    base_units: Quantity | None = None
    reason: Reason


class PlacedIn(In):
    """A place has always stood in another place, or has always had another time zone."""

    kind: Literal["place"]
    place: Name
    parent: Name | None = None
    zone: Zone | None = None
    reason: Reason


class PlacePolicyIn(In):
    """From now on a place is judged by another storage policy; null: by none of its own."""

    kind: Literal["place_policy"]
    place: Name
    policy: Name | None
    reason: Reason


CorrectionIn = Annotated[LotExpiryIn | LotNumberIn | ItemCodeIn | PlacedIn | PlacePolicyIn, Field(discriminator="kind")]


class ConfirmIn(In):
    """That the effect was read, and why it is right."""

    effect_digest: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", description="Of the effect that was read.")]
    reason: Reason


class FollowsOut(Schema):
    """What follows: a case opened or resolved, stock held or freed, a reservation ended."""

    kind: str
    text: str


class StockEffectOut(Schema):
    """Stock that is concerned."""

    lot_id: int
    lot_number: str
    serial: str
    place: str
    quantity: int
    expires_at: datetime | None


class EffectOut(Schema):
    """What a correction does: the stock concerned before and after, and what follows from it."""

    stock_before: list[StockEffectOut]
    stock_after: list[StockEffectOut]
    follows: list[FollowsOut]


class CorrectionOut(Schema):
    """A correction. ``before`` is what was known until then."""

    id: int
    kind: str
    subject: str
    before: dict[str, Any]
    after: dict[str, Any]
    reason: str
    effect: EffectOut
    effect_digest: str
    needs_second_person: bool
    proposed_by: str
    proposed_at: datetime
    decision: str | None
    decided_by: str | None
    decided_at: datetime | None
    decision_reason: str | None
