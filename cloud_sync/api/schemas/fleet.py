"""What requests and answers on gateways' configuration and releases look like."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from cloud_sync.api.schemas.common import In, Reason, Schema


class SignedOut(Schema):
    """A body that the ledger signed; see edge_agent/domain/fleet/handed_out.py."""

    body: str
    by: str = Field(description="The ledger's key, base64.")
    signature: str = Field(description="Ed25519, base64, over a first line that says what it is, and the body.")


class FleetHandoverOut(Schema):
    """How the ledger came to its key: the one before (`by`) signed for it."""

    key: str
    by: str
    signature: str


class HeartbeatOut(Schema):
    """What the gateway is to have, where that is not what it has."""

    protocols: list[int] = Field(description="Versions of the wire format that this ledger reads.")
    config: SignedOut | None
    release: SignedOut | None
    handovers: list[FleetHandoverOut]


class DifferenceOut(Schema):
    """One value that differs, as JSON; null: it is not there."""

    path: str = Field(examples=["device[fridge-a/probe-1].poll_s"])
    before: str | None
    after: str | None


class ConfigVersionOut(Schema):
    """A version of a gateway's configuration."""

    version: int
    toml: str
    profiles: dict[str, str]
    policies: dict[str, str] = Field(
        description="Storage policies of its site (JSON) by name; changed ones follow automatically."
    )
    sha256: str
    reason: str
    set_by: str
    approved_by: str
    set_at: datetime


class ConfigHistoryOut(ConfigVersionOut):
    """The same, with what differs from the version before."""

    differences: list[DifferenceOut]


class HeartbeatNowOut(Schema):
    """The latest heartbeat of a gateway."""

    at: datetime
    protocols: list[int]
    config: dict[str, Any]
    release: dict[str, Any]
    health: dict[str, Any]


class ConfigNowOut(Schema):
    """What a gateway is to have, and what it runs."""

    gateway: str
    standing: str = Field(description="In a word: as handed out, on its way, probation, drifted, refused, rolled back.")
    latest: ConfigVersionOut | None
    heartbeat: HeartbeatNowOut | None
    differences: list[DifferenceOut] = Field(description="Of what runs from the latest version, where it was edited.")


class ConfigIn(In):
    """The next version of a gateway's configuration."""

    toml: Annotated[str, Field(max_length=200_000, description="Without [gateway], [uplink], [desk] and [page].")]
    profiles: dict[str, Annotated[str, Field(max_length=100_000)]] | None = Field(
        None, max_length=50, description="Device profiles (TOML) by name; null: those of the version before."
    )
    replaces_local: bool = Field(False, description="What was edited at the gateway goes.")
    reason: Reason


class TakeOverIn(In):
    """Why what was edited at a gateway becomes the ledger's own."""

    reason: Reason


class ConfigRollBackIn(In):
    """Which earlier version is to count again."""

    version: int = Field(ge=1, lt=2**31)
    reason: Reason


class ConfigChangeOut(Schema):
    """A change of configuration. Without `applied_at` it waits for a second person: POST /v1/changes/{id}/approve."""

    id: int
    subject: str
    needs_second_person: bool
    applied_at: datetime | None
    after: dict[str, Any]


class CohortIn(In):
    """With which gateways one goes out; empty: with none."""

    cohort: Annotated[str, Field(max_length=60)] = Field(examples=["canary"])


class ReleaseOut(Schema):
    """A release of the gateways' program."""

    version: str
    sha256: str
    signed_by: str
    added_by: str
    added_at: datetime
    bytes: int
    gateways: int = Field(description="How many run it.")
    notes: str = ""


class RollOutIn(In):
    """How a release goes out."""

    waves: Annotated[str, Field(max_length=1000)] = Field(
        examples=["canary, 10%, all"], description="Cohorts, shares of the fleet, or all, one after another."
    )
    soak_minutes: int = Field(60, ge=0, le=20160, description="How long a wave runs it before the next.")
    reason: Reason


class RollOutStopIn(In):
    """Why a roll-out is stopped."""

    reason: Reason


class RollOutGatewayOut(Schema):
    """How a gateway stands in a roll-out."""

    name: str
    wave: int
    state: Literal["waiting", "ordered", "soaking", "good", "worse"]
    faults: list[str] | None


class RollOutOut(Schema):
    """A release on its way, or how it ended."""

    id: int
    version: str
    waves: list[str]
    soak_minutes: int
    reason: str
    started_by: str
    started_at: datetime
    ended_as: str | None
    ended_at: datetime | None
    ended_by: str | None
    ended_reason: str | None
    gateways: list[RollOutGatewayOut]


class RollOutStartedOut(Schema):
    """The number of a roll-out."""

    id: int
