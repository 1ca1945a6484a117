"""What requests and answers on quality control look like."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from cloud_sync.api.schemas.common import Code, Id, In, Name, Quantity, Reason, Schema, Text
from cloud_sync.domain.quality_plans import PlanKind, PullState, QualityPlan, Verdict

ClientId = Annotated[UUID, Field(description="A new UUID for each new request; the same to ask again.")]
TestName = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f]+$", max_length=300, strip_whitespace=True)]
Person = Annotated[str, StringConstraints(pattern=r"^([A-Za-z0-9][A-Za-z0-9._-]*)?$", max_length=100)]
Figure = Annotated[float, Field(ge=-1e12, le=1e12, allow_inf_nan=False)]


class QualityPlanOut(Schema):
    """A version of a quality plan, as another person approved it."""

    kind: PlanKind
    name: str
    version: int
    body: QualityPlan
    effective_from: datetime
    proposed_by: str
    approved_by: str


class BeyondUseOut(Schema):
    """How many days a product may be used by approved stability data."""

    item: str
    storage: str
    days: int
    plan_name: str
    reason: str
    proposed_by: str
    approved_by: str
    approved_at: datetime


class StudyIn(In):
    """Units of a lot to be set aside for all pull points of a protocol."""

    client_id: ClientId
    plan: Name
    lot_id: Id
    from_place: Name
    to_place: Name = Field(description="A room or bin in which the lot has no stock yet.")


class PullIn(In):
    """A pull point whose units are taken out now."""

    client_id: ClientId
    day: Annotated[int, Field(ge=0, le=3660, strict=True)]
    note: Text = ""


class PullOut(Schema):
    """A pull point of a study."""

    day: int
    units: int
    due_at: datetime
    state: PullState
    sample_id: int | None


class StudyOut(Schema):
    """A stability study: which units, where, and what was pulled."""

    id: int
    plan: str
    version: int
    lot_id: int
    lot_number: str
    owner: str
    item: str
    place: str
    storage: str
    window_days: int
    units_left: int
    began_at: datetime
    started_by: str
    is_open: bool
    pulls: list[PullOut]


class MaterialSampleIn(In):
    """A sample of a lot of a raw material; its plan says how many units."""

    client_id: ClientId
    lot_id: Id
    from_place: Name
    note: Text = ""


class MediaFillIn(In):
    """Units of medium that somebody filled in a room."""

    client_id: ClientId
    plan: Name
    person: Name
    place: Name
    units: Quantity
    note: Text = ""


class SessionIn(In):
    """A round of plates in a room; with the batch that is made meanwhile."""

    plan: Name
    place: Name
    batch: Name | None = None
    note: Text = ""


class PlateIn(In):
    """A plate at a point of the plan; ``person``: whose glove or garment it is of."""

    client_id: ClientId
    point: Name
    code: Code
    person: Person = ""


class PlateOut(Schema):
    """A plate, and what grew on it."""

    sample_id: int
    point: str
    code: str | None
    person: str
    taken_at: datetime
    taken_by: str
    count: float | None
    verdict: Verdict | None
    organism: str


class SessionOut(Schema):
    """A session of plates. ``missing``: points without a count."""

    id: int
    plan: str
    version: int
    place: str
    batch: str | None
    began_at: datetime
    opened_by: str
    note: str
    points: list[str]
    missing: list[str]
    plates: list[PlateOut]


class ResultIn(In):
    """What a test gave: a figure where the plan has limits, else whether it conforms."""

    test: TestName
    value: Figure | None = None
    conforms: bool | None = None
    note: Text = Field("", description="How it was read; for a plate what grew.")


class SampleDecisionIn(In):
    """What quality decides on a sample."""

    decision: Literal["accepted", "rejected"]
    by_exception: bool = Field(False, description="Accept it though a result is missing or out of specification.")
    reason: Reason


class TestOut(Schema):
    """A test that the plan asks for, with its limits in words and their source."""

    name: str
    limits: str
    unit: str
    source: str
    is_measured: bool


class ResultOut(Schema):
    """A result. ``is_void``: an investigation found an error of the laboratory."""

    id: int
    test: str
    value: float | None
    conforms: bool | None
    note: str
    verdict: Verdict
    read_by: str
    read_at: datetime
    is_void: bool


class SampleOut(Schema):
    """A sample with its results. ``faults``: what keeps it from being accepted."""

    id: int
    kind: PlanKind
    plan: str
    version: int
    lot_id: int | None
    lot_number: str | None
    item: str | None
    study_id: int | None
    day: int | None
    session_id: int | None
    point: str
    code: str | None
    place: str | None
    person: str
    quantity: int
    note: str
    taken_at: datetime
    taken_by: str
    tests: list[TestOut]
    results: list[ResultOut]
    faults: list[str]
    state: Literal["in_test", "tested", "failed", "accepted", "rejected"]
    decision: Literal["accepted", "rejected"] | None
    by_exception: bool | None
    decided_reason: str | None
    decided_by: str | None
    decided_at: datetime | None


class QualificationOut(Schema):
    """Somebody's last media fill for a plan, and until when they may compound its preparations."""

    person: str
    plan: str
    preparations: list[str]
    state: Literal["qualified", "in_test", "failed", "over"]
    until: datetime | None
    fault: str | None
    sample_id: int
    filled_at: datetime


class MaterialOut(Schema):
    """A lot of a raw material, and why it may not be used yet."""

    lot_id: int
    lot_number: str
    item: str
    plan: str
    state: Literal["usable", "waiting"]
    fault: str | None
    sample_id: int | None
    sampled_at: datetime | None
    retest_at: datetime | None


class DueOut(Schema):
    """Something that quality control has to do."""

    kind: Literal["pull", "retest", "qualification", "environment", "report"]
    key: str
    text: str
    due_on: date
    is_late: bool
    path: str


class ReportIn(In):
    """The days of a report, from ``since`` to before ``until``."""

    since: date
    until: date


class ProductReportOut(Schema):
    """A report of what was compounded for stock, as it was made."""

    id: int
    since: date
    until: date
    sha256: str
    made_by: str
    made_at: datetime
    body: dict[str, Any] = Field(description="`products`, each with what is `missing` for the report.")
