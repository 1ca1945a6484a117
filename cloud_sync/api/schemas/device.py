"""Devices and the life of a unit, as requests and answers have them."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field, StringConstraints

from cloud_sync.api.schemas.common import Id, In, Line, Name, Reason, Schema
from cloud_sync.api.schemas.serial import Serial

PatientRef = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]*$", max_length=100)]
"""A reference to a patient, never a name. It is kept apart and can be erased."""


class WarrantyIn(In):
    """``supplier`` empty: from any that has no term of its own."""

    supplier: Annotated[str, StringConstraints(pattern=r"^([A-Za-z0-9][A-Za-z0-9._-]*)?$", max_length=100)] = ""
    months: Annotated[int, Field(ge=1, le=600)]
    starts: Literal["receipt", "first_use", "sale"]


class PlanIn(In):
    """What is done to each unit every so many days."""

    name: Name
    kind: Literal["maintenance", "calibration"]
    every_days: Annotated[int, Field(ge=1, le=36_500)]
    starts: Literal["receipt", "first_use"]


class DeviceIn(In):
    """What kind of device an item is: its class (21 CFR 860), why it is tracked to the patient (21 CFR 821)."""

    device_class: Literal["I", "II", "III"]
    tracking: Literal["none", "implanted", "life_sustaining"] = "none"
    warranties: Annotated[list[WarrantyIn], Field(max_length=100, default_factory=list)]
    plans: Annotated[list[PlanIn], Field(max_length=50, default_factory=list)]
    reason: Reason


class DeviceOut(Schema):
    """A device with its terms."""

    item: str
    title: str
    device_class: str = Field(validation_alias="class")
    tracking: str
    warranties: list[WarrantyIn]
    plans: list[PlanIn]
    set_by: str
    set_at: datetime


class FactIn(In):
    """A unit, and when it happened."""

    lot_id: Id
    serial: Serial
    at: AwareDatetime
    reason: Reason


class UseIn(FactIn):
    """``patient`` empty: it is in use, of no patient alone."""

    patient: PatientRef = ""


class ServiceIn(FactIn):
    """A service of a plan, whether the unit passed, and where the record of it is."""

    plan: Name
    passed: bool
    reference: Line = ""


class LoanIn(In):
    """A unit to lend, to a customer or ward, perhaps for a patient."""

    client_id: UUID
    lot_id: Id
    serial: Serial
    to_place: Name
    due_back_at: AwareDatetime
    patient: PatientRef = ""
    reason: Reason


class LoanReturnIn(In):
    """Into which place of the house it comes back."""

    client_id: UUID
    to_place: Name
    reason: Reason


class RepairIn(In):
    """A unit to be repaired; ``reason``: what is wrong with it."""

    lot_id: Id
    serial: Serial
    sent_to: Line = ""
    reason: Reason


class RepairEndIn(In):
    """How a repair ended. A swap names the new unit, which has to be here already."""

    outcome: Literal["repaired", "swapped", "not_repaired"]
    new_lot_id: Id | None = None
    new_serial: Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]*$", max_length=100)] = ""
    reason: Reason


class UnitFactOut(Schema):
    """Something that happened to a unit. ``about``: the fact that it ended, or the correction that was done."""

    id: int
    lot_id: int
    serial: str
    kind: str
    at: datetime
    patient: str
    other_lot_id: int | None
    other_serial: str | None
    about: int | None
    data: dict[str, Any]
    reason: str
    recorded_by: str
    recorded_at: datetime


class OpenFactOut(Schema):
    """A loan or a repair that is open."""

    id: int
    lot_id: int
    item: str
    lot_number: str
    serial: str
    at: datetime
    data: dict[str, Any]
    reason: str
    recorded_by: str


class ServiceDueOut(Schema):
    """A service that is due, over or failed."""

    lot_id: int
    item: str
    lot_number: str
    serial: str
    place: str
    plan: str
    kind: str
    due_at: datetime
    last_at: datetime | None
    state: str


class FieldCorrectionIn(In):
    """The list of serials that a maker names, ours or not."""

    item: Name
    title: Annotated[Line, Field(min_length=3)]
    reference: Line = ""
    instructions: Reason
    serials: Annotated[list[Serial], Field(min_length=1, max_length=10_000)]


class CorrectedUnitOut(Schema):
    """A serial of the list; ``lot_id`` null: no unit of ours has it."""

    serial: str
    lot_id: int | None
    lot_number: str | None
    place: str | None
    place_kind: str | None
    done_at: datetime | None
    done_by: str | None


class FieldCorrectionRowOut(Schema):
    """A correction in the field."""

    id: int
    item: str
    title: str
    reference: str
    instructions: str
    opened_by: str
    opened_at: datetime
    closed_by: str | None
    closed_at: datetime | None
    closed_reason: str | None
    serials: int
    done: int


class FieldCorrectionOut(FieldCorrectionRowOut):
    """The same with each serial."""

    units: list[CorrectedUnitOut]


class UnitRowOut(Schema):
    """A unit and who has it: ``place`` of ``place_kind``, and the patient, where one is recorded."""

    lot_id: int
    item: str
    lot_number: str
    serial: str
    place: str | None
    place_kind: str | None
    patient: str
    swapped_for: str


class UnitOut(Schema):
    """All that is known of a unit. ``chain``: the units that it was swapped for, and it for them, the first one first;
    ``custody`` and ``facts`` are of all of them."""

    lot_id: int
    item: str
    title: str
    lot_number: str
    serial: str
    owner: str
    expires_on: date | None
    is_lost: bool
    device: DeviceOut | None
    origin: dict[str, Any] | None
    places: list[dict[str, Any]]
    patient: str
    loan: dict[str, Any] | None
    repair: dict[str, Any] | None
    warranty: dict[str, Any] | None
    services: list[dict[str, Any]]
    chain: list[dict[str, Any]]
    custody: list[dict[str, Any]]
    facts: list[UnitFactOut]
    documents: list[dict[str, Any]]
    transaction_data: list[dict[str, Any]]
    signals: list[dict[str, Any]]
