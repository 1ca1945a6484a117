"""What requests and answers about compounding look like."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AwareDatetime, Field, StringConstraints

from cloud_sync.api.schemas.common import In, LotNumber, Name, Quantity, Reason, Schema, Text
from cloud_sync.api.schemas.stock import LineIn
from cloud_sync.domain.compounding import BatchState, Kind, MasterFormulationRecord, Topic

Prescription = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]*$", max_length=100)]
Words = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$", min_length=1, max_length=1000, strip_whitespace=True)]
Number = Annotated[int, Field(ge=1, le=10_000)]


class CompoundingIn(In):
    """Under which section of the law an item is compounded."""

    kind: Kind = Field(description="503A: for one patient's prescription; 503B: for stock.")


class MasterFormulationRecordIn(In):
    """A master formulation record; each draft of a name is a new version."""

    name: Name
    item: Name
    body: MasterFormulationRecord


class MasterFormulationRecordOut(Schema):
    """One version of a master formulation record. Nobody may use it before quality has approved it."""

    name: str
    version: int
    item: str
    kind: Kind
    body: MasterFormulationRecord
    drafted_by: str
    drafted_at: datetime
    approved_by: str | None
    approved_at: datetime | None


class BatchIn(In):
    """A batch to make. Its number becomes the name of a place of production in the room."""

    number: Name
    master_formulation_record: Name
    version: Number | None = Field(None, description="The newest approved one without.")
    room: Name
    quantity: Quantity = Field(description="What is to be made, in base units of the item.")
    prescription: Prescription = Field("", description="For one patient's preparation (503A) only.")
    owner: Name = "house"


class ConsumeIn(In):
    """Ingredients that go into a batch."""

    client_id: UUID = Field(description="A new UUID for each new request; the same to ask again.")
    from_place: Name
    occurred_at: AwareDatetime
    lines: Annotated[list[LineIn], Field(min_length=1, max_length=1000)]


class StepIn(In):
    """A step of the master formulation record, done or checked."""

    step: Number
    note: Text = ""


class EquipmentIn(In):
    """A piece of equipment that was used."""

    equipment: Words
    serial: Text = ""


class DeviationIn(In):
    """Something that was not as the master formulation record says."""

    topic: Topic
    text: Reason


class AssessmentIn(In):
    """Quality's conclusion on a deviation."""

    conclusion: Reason


class YieldIn(In):
    """Product that comes out of a batch."""

    client_id: UUID = Field(description="A new UUID for each new request; the same to ask again.")
    lot_number: LotNumber
    quantity: Quantity
    to_place: Name
    occurred_at: AwareDatetime
    beyond_use_at: AwareDatetime | None = Field(None, description="Where the table has none, or an earlier one.")
    beyond_use_reason: Annotated[Reason | None, Field(description="Why that date; needed with it.")] = None


class FinishIn(In):
    """When the batch was finished."""

    occurred_at: AwareDatetime


class TestIn(In):
    """A release test's result."""

    test: Words
    result: Words
    passed: bool


class ClearanceIn(In):
    """The line is clear, or a second person has seen that."""

    note: Text = ""


class ControlIn(In):
    """Values of an in-process control, as many as its sampling plan asks for."""

    control: Words
    values: Annotated[
        list[Annotated[float, Field(ge=-1e12, le=1e12, allow_inf_nan=False)]], Field(min_length=1, max_length=1000)
    ]
    note: Text = ""


LabelCount = Annotated[int, Field(ge=0, le=10**7, strict=True)]


class LabelsIn(In):
    """Labels of a batch, beside those counted before."""

    issued: LabelCount = 0
    used: LabelCount = 0
    returned: LabelCount = 0
    destroyed: LabelCount = 0
    note: Text = ""


class BatchSummaryOut(Schema):
    """A batch: where it is, what holds it, and what still keeps it from release."""

    number: str
    item: str
    kind: Kind
    master_formulation_record: str
    version: int
    room: str | None
    quantity: int
    prescription: str
    owner: str
    planned_by: str
    planned_at: datetime
    state: BatchState
    holds: list[str]
    open_points: list[str]
    made: int
    made_pct: float


class ComponentOut(Schema):
    """An ingredient lot: what went in and what became of it; ``left`` is not accounted for."""

    item: str
    lot_id: int
    lot_number: str
    expires_on: date | None
    expires_at: datetime | None
    consumed: int
    returned: int
    scrapped: int
    used: int
    left: int


class ProductOut(Schema):
    """A lot that came out; ``expires_at`` is its beyond-use date, ``expires_on`` the day of it where it was made."""

    lot_id: int
    lot_number: str
    quantity: int
    expires_on: date | None
    expires_at: datetime | None


class FactOut(Schema):
    """An entry of the batch record."""

    kind: str
    actor: str
    at: datetime
    data: dict[str, Any]


class EnvironmentOut(Schema):
    """What one channel measured during the run."""

    gateway: str
    device: str
    metric: str
    place: str
    readings: int
    lowest: float | None
    mean: float | None
    highest: float | None
    first_at: datetime | None
    last_at: datetime | None


class BatchExcursionOut(Schema):
    """An excursion that covered the batch during the run."""

    id: int
    device: str
    metric: str
    place: str
    rule: str
    began_at: datetime
    ended_at: datetime | None
    worst: float


class BatchOut(BatchSummaryOut):
    """The whole batch record. ``expected`` has base units by ingredient."""

    master_formulation_record_body: MasterFormulationRecord
    expected: dict[str, float]
    labels: dict[str, int] = Field(description="Issued, used, returned, destroyed, and missing.")
    exceptions: list[str] = Field(description="What an assessed deviation answers: two people sign the release then.")
    components: list[ComponentOut]
    products: list[ProductOut]
    facts: list[FactOut]
    began_at: datetime | None
    ended_at: datetime | None
    environment: list[EnvironmentOut]
    excursions: list[BatchExcursionOut]
