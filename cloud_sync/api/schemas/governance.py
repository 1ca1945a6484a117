"""What requests and answers on electronic records look like."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from cloud_sync.api.schemas.common import Id, In, Name, Reason, Schema, Text
from cloud_sync.domain.master_records import Day
from cloud_sync.domain.quality_plans import QualityPlan
from cloud_sync.domain.roles import Role
from edge_agent.domain.monitoring.policies import Policy

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Long = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$", max_length=100_000, strip_whitespace=True)]
Line = Annotated[str, StringConstraints(pattern=r"^[^\x00]+$", min_length=1, max_length=300, strip_whitespace=True)]
Number = Annotated[float, Field(ge=-1e6, le=1e6, allow_inf_nan=False)]


class _ChangeIn(In):
    reason: Reason
    effective_from: datetime | None = Field(None, description="From when on; null: as soon as it is approved.")
    change_control: Id | None = Field(None, description="The change control record that it belongs to.")


class RetentionIn(_ChangeIn):
    """Something is kept so many years at the least."""

    kind: Literal["retention"]
    name: Name
    years: Annotated[int, Field(ge=1, le=100, strict=True)]


class SecondSignatureIn(_ChangeIn):
    """From this value on a decision takes the signatures of two people; null: never."""

    kind: Literal["second_signature"]
    name: Name
    from_value: Annotated[int, Field(ge=0, le=10**9, strict=True)] | None


class StoragePolicyIn(_ChangeIn):
    """Another version of a storage policy, for every place that has the one before; or a new policy."""

    kind: Literal["storage_policy"]
    policy: Policy


class PolicyOfPlaceIn(_ChangeIn):
    """A place gets another storage policy; null: none of its own."""

    kind: Literal["place_policy"]
    place: Name
    policy: Name | None


class SopIn(_ChangeIn):
    """The next version of a standard operating procedure: its text, or where it is and its hash."""

    kind: Literal["sop"]
    code: Name
    title: Line
    reference: Text = ""
    sha256: Annotated[str, Field(pattern=r"^([0-9a-f]{64})?$")] = ""
    body: Long = ""


class TrainingIn(_ChangeIn):
    """A role asks for a procedure, with days of grace; null: no longer."""

    kind: Literal["training"]
    role: Role
    code: Name
    grace_days: Annotated[int, Field(ge=0, le=365, strict=True)] | None


class QualityPlanIn(_ChangeIn):
    """The next version of a quality plan; each limit in it has its source."""

    kind: Literal["quality_plan"]
    name: Name
    plan: QualityPlan


class BeyondUseIn(_ChangeIn):
    """A product may be used for so many days, because the data of this stability protocol say so."""

    kind: Literal["beyond_use"]
    plan: Name
    days: Annotated[int, Field(ge=1, le=3660, strict=True)]


ChangeIn = Annotated[
    RetentionIn
    | SecondSignatureIn
    | StoragePolicyIn
    | PolicyOfPlaceIn
    | SopIn
    | TrainingIn
    | QualityPlanIn
    | BeyondUseIn,
    Field(discriminator="kind"),
]


class ChangeOut(Schema):
    """A controlled change. ``before`` is what was in force when it was proposed."""

    id: int
    kind: str
    subject: str
    before: dict[str, Any] | None
    after: dict[str, Any]
    reason: str
    effective_from: datetime
    needs_second_person: bool
    change_control_id: int | None
    proposed_by: str
    proposed_at: datetime
    decision: Literal["approved", "rejected"] | None
    decided_by: str | None
    decided_at: datetime | None
    decision_reason: str | None
    applied_at: datetime | None


class RetentionOut(Schema):
    """How long something is kept at the least."""

    name: str
    meaning: str
    years: int
    changed_by: str
    changed_reason: str


class LegalHoldIn(In):
    """What may not go: one case, lot or item."""

    case_id: Id | None = None
    lot_id: Id | None = None
    item: Name | None = None
    reason: Reason


class DecideIn(In):
    """A decision, and why."""

    decision: Literal["approved", "rejected"]
    reason: Reason


class LegalHoldOut(Schema):
    """A legal hold."""

    id: int
    case_id: int | None
    lot_id: int | None
    item_id: int | None
    state: str
    reason: str
    asked_by: str
    asked_at: datetime
    decision: Literal["approved", "rejected"] | None
    decided_by: str | None
    decided_at: datetime | None
    decision_reason: str | None
    lift_asked_by: str | None
    lift_asked_at: datetime | None
    lift_reason: str | None
    lifted_by: str | None
    lifted_at: datetime | None


class SopOut(Schema):
    """A version of a procedure. ``signed_at``: when whoever asks has read and signed it."""

    code: str
    version: int
    title: str
    reference: str
    sha256: str
    body: str
    effective_from: datetime
    proposed_by: str
    approved_by: str
    signed_at: datetime | None


class RequirementOut(Schema):
    """A role asks for a procedure."""

    role: Role
    code: str
    grace_days: int
    required_since: datetime
    set_by: str


class MissingOut(Schema):
    """What somebody has to read and sign; their role is theirs until then."""

    person: str
    role: Role
    code: str
    version: int
    title: str
    until: datetime
    is_late: bool


class ChangeControlIn(In):
    """What is to change, why, and what could go wrong."""

    title: Line
    why: Reason
    what: Reason
    risk_level: Literal["low", "medium", "high"]
    risk: Reason


class ImplementedIn(In):
    """How it was done, and the events of the log that belong to it."""

    text: Reason
    events: Annotated[list[Id], Field(max_length=200)] = Field(default=[])


class ClosedIn(In):
    """Whether it worked."""

    text: Reason


class LinkedEventOut(Schema):
    """An event that belongs to a change."""

    id: int
    at: datetime
    actor: str
    kind: str
    subject: str
    reason: str


class LinkedChangeOut(Schema):
    """A controlled change that was made under a record."""

    id: int
    kind: str
    subject: str
    decision: str | None
    effective_from: datetime
    applied_at: datetime | None


class ChangeControlOut(Schema):
    """A change control record."""

    id: int
    title: str
    why: str
    what: str
    risk_level: str
    risk: str
    opened_by: str
    opened_at: datetime
    decision: Literal["approved", "rejected"] | None
    decided_by: str | None
    decided_at: datetime | None
    decision_reason: str | None
    implemented_by: str | None
    implemented_at: datetime | None
    implementation: str | None
    closed_by: str | None
    closed_at: datetime | None
    effectiveness: str | None
    events: list[LinkedEventOut]
    changes: list[LinkedChangeOut]


class EquipmentIn(In):
    """A piece of equipment. A device of a gateway is named with it."""

    title: Text = ""
    maker: Text = ""
    model: Text = ""
    serial_number: Text = ""
    gateway: Name | None = None
    device: Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]*$", max_length=100)] = ""
    place: Name | None = None
    in_use: bool = True
    reason: Reason


class EquipmentOut(Schema):
    """A piece of equipment with its latest certificate."""

    name: str
    title: str
    maker: str
    model: str
    serial_number: str
    gateway: str | None
    device: str
    place: str | None
    in_use: bool
    certificate: str | None
    calibrated_on: date | None
    due_on: date | None
    passed: bool | None


class PointIn(In):
    """What the reference showed, and by how much the equipment was off."""

    at: Number
    deviation: Number
    uncertainty: Number | None = None
    unit: Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f]+$", max_length=20)]


class CalibrationIn(In):
    """A calibration certificate. ``sha256`` is that of its document."""

    certificate: Line
    laboratory: Line
    calibrated_on: Day
    due_on: Day
    passed: bool
    points: Annotated[list[PointIn], Field(max_length=100)] = Field(default=[])
    reference: Line
    sha256: Sha256
    note: Text = ""


class CalibrationOut(Schema):
    """A calibration certificate as it was filed."""

    id: int
    equipment: str
    certificate: str
    laboratory: str
    calibrated_on: date
    due_on: date
    passed: bool
    points: list[dict[str, Any]]
    reference: str
    sha256: str
    note: str
    recorded_by: str
    recorded_at: datetime


class AgreementOut(Schema):
    """The latest agreement of a kind with a supplier. ``days_left`` null: it has no end."""

    supplier: str
    kind: Literal["agreement", "quality_agreement"]
    reference: str
    sha256: str
    valid_until: date | None
    days_left: int | None
    added_by: str
    added_at: datetime


class AccessReviewIn(In):
    """A review of all accesses, and when the next one is due."""

    title: Line
    due_on: Day
    next_due_on: Day


class AccessReviewOut(Schema):
    """A review of accesses, and how many of its lines wait."""

    id: int
    title: str
    due_on: date
    next_due_on: date
    opened_by: str
    opened_at: datetime
    closed_by: str | None
    closed_at: datetime | None
    lines: int
    waiting: int


class AccessOut(Schema):
    """What somebody may do, and whether that was confirmed or taken back."""

    id: int
    review_id: int
    kind: Literal["account", "token", "badge"]
    name: str
    person: str
    roles: list[str]
    decision: Literal["confirmed", "revoked"] | None
    decided_by: str | None
    decided_at: datetime | None
    reason: str | None


class AccessReviewShownOut(AccessReviewOut):
    """A review with its lines."""

    accesses: list[AccessOut]


class AccessDecisionIn(In):
    """Whether somebody goes on, and why."""

    decision: Literal["confirmed", "revoked"]
    reason: Reason
