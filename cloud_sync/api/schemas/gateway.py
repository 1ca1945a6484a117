"""What requests and answers on gateways and their channels look like."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from cloud_sync.api.schemas.common import In, Name, Reason, Schema


class ChannelOut(Schema):
    """One metric of one device. Without a place its readings are kept but judge nothing."""

    id: int
    gateway: str
    device: str
    metric: str
    place: str | None
    latest_at: datetime | None
    latest_value: float | None
    not_judged: str | None = Field(None, description="Why nothing judges it: no_place, no_policy, no_rule.")
    proposed_place: str | None = Field(None, description="Where its name says that it measures.")


class ChannelPlaceIn(In):
    """Where a channel measures, and since when."""

    place: Name | None = Field(examples=["fridge-a"], description="Null: nowhere; its readings judge nothing then.")
    since: AwareDatetime | None = Field(
        None,
        description="When the device was put there. Left out: all it ever measured if it never had a place, else now.",
    )


class GatewayIn(In):
    """A gateway and its public key."""

    name: Name = Field(examples=["gw-cold-1"])
    public_key: Annotated[str, Field(max_length=100, description="Ed25519 public key, 32 bytes in base64.")]


class InvitationIn(In):
    """Whom to invite, and for how long."""

    place: Name | None = Field(None, description="Where the gateway stands.")
    valid_hours: int = Field(24, ge=1, le=720, description="How long the code is good.")
    replaces: bool = Field(False, description="New hardware or key for a known name: the old key ends.")


class InvitationOut(Schema):
    """A one-time code, shown this once."""

    gateway: str
    code: str
    expires_at: datetime


class RevokeIn(In):
    """Why a gateway is not to be believed any longer."""

    reason: Reason


class LaneOut(Schema):
    """How far one lane of one journal has come."""

    journal: UUID
    lane: str
    first_seq: int
    last_seq: int
    batches: int
    received_at: datetime


class GapOut(Schema):
    """Records that are not here though later ones are: on their way, lost, or thinned."""

    journal: UUID
    lane: str
    missing_from: int
    missing_to: int
    declared: Literal["", "lost", "thinned"] = Field(
        description="What the gateway reported: lost, thinned (replaced by envelopes), or nothing yet."
    )


class GatewayOut(Schema):
    """A gateway, when it was last heard of, and what is missing of its journals."""

    name: str
    public_key: str
    registered_at: datetime
    revoked_at: datetime | None
    last_seen_at: datetime | None
    refused: int = Field(
        default=0, description="Batches in its name that were not taken, since the case of it was last resolved."
    )
    lanes: list[LaneOut]
    gaps: list[GapOut]
