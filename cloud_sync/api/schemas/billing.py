"""What requests and answers on buy and bill look like. Doses and units are decimals, written as text in answers."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field, StringConstraints

from cloud_sync.api.schemas.common import Code, In, KnownTime, Line, LotNumber, Name, Quantity, Reason, Schema
from cloud_sync.domain.billing import Container, PayerClass, Rounding

Amount = Annotated[Decimal, Field(ge=0, lt=10**9, max_digits=15, decimal_places=6)]
DoseUnit = Annotated[str, StringConstraints(pattern=r"^[!-~]+$", max_length=20)]
PatientRef = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f]*$", max_length=100, strip_whitespace=True)]


class TableOut(Schema):
    """A conversion table and where it comes from."""

    id: int
    title: str
    source: str
    rows: int
    sha256: str
    imported_by: str
    imported_at: datetime


class ConversionOut(Schema):
    """By which row an item is charged."""

    item: str
    on: date
    table: str
    source: str
    ndc: str
    hcpcs: str
    description: str
    dose_unit: str
    dose_per_base_unit: Decimal
    dose_per_billing_unit: Decimal
    ndc_unit: str
    ndc_units_per_base_unit: Decimal
    container: Container
    rounding: Rounding
    valid_from: date
    valid_until: date | None


class PayerClassIn(In):
    """How stock of an owner is paid for."""

    payer_class: PayerClass
    reason: Reason


class PayerClassOut(Schema):
    """How stock of an owner is paid for; '' where nobody has said."""

    name: str
    title: str
    payer_class: PayerClass | Literal[""]


class DoseIn(In):
    """What was given and thrown away, in the unit of the conversion table; together all that was taken."""

    given: Amount
    wasted: Amount = Decimal(0)
    unit: DoseUnit


class AdministrationIn(In):
    """What is given to a patient. Without ``dose`` all of it was given; with ``not_charged`` nothing is charged."""

    client_id: UUID = Field(description="A new UUID for each new request; the same to ask again.")
    item: Name
    lot_number: LotNumber
    quantity: Quantity
    owner: Name = "house"
    serial: Code | Literal[""] = ""
    from_place: Name
    to_place: Name = Field(description="The ward or customer where the patient is.")
    given_at: AwareDatetime
    patient: PatientRef = Field("", description="A reference, never a name; kept apart and erasable.")
    order: Code | Literal[""] = Field("", description="A requisition; it names the patient if `patient` is left out.")
    dose: DoseIn | None = None
    not_charged: Line = Field("", description="Why nothing is charged.")


class PreviewIn(In):
    """What would be charged."""

    item: Name
    quantity: Annotated[int, Field(ge=1, le=10**12)] = 1
    given: Amount | None = Field(None, description="All of it, if left out.")
    wasted: Amount = Decimal(0)
    unit: DoseUnit = "-"
    on: date | None = Field(None, description="Today, if left out.")


class PreviewOut(Schema):
    """What would be charged, and by which table."""

    item: str
    hcpcs: str
    table: str
    source: str
    lines: list[dict[str, Any]]


class ChargeOut(Schema):
    """A charge, or the reversal of one."""

    id: int
    kind: Literal["charge", "reversal"]
    reverses: int | None
    version: int
    part: Literal["given", "wasted"]
    hcpcs: str
    units: Decimal
    modifier: str
    ndc: str
    ndc_units: Decimal
    ndc_unit: str
    dose: Decimal
    reason: str
    made_by: str
    made_at: datetime
    table_title: str
    table_source: str
    is_reversed: bool


class AdministrationOut(Schema):
    """What a patient was given. ``patient`` is a reference, or ``erased``."""

    id: int
    item: str
    lot_id: int
    lot_number: str
    owner: str
    serial: str
    quantity: int
    expires_on: date | None
    from_place: str
    to_place: str
    site: str | None
    day: date
    payer_class: PayerClass | Literal[""]
    patient: str
    order_number: str
    dose: Decimal | None
    wasted: Decimal | None
    dose_unit: str
    given_by: str
    given_at: KnownTime
    witness: str
    not_charged: str
    recorded_by: str
    recorded_at: datetime
    state: Literal["charged", "not_charged", "reversed", "to_charge"]
    charges: list[ChargeOut]


class ChargeAgainIn(In):
    """Charge it, with this dose or as it was kept."""

    dose: DoseIn | None = None
    reason: Reason


class FeedChargeOut(Schema):
    """A charge or reversal, with all that a billing system needs of it. ``position`` is its place in the feed."""

    position: int
    id: int
    kind: Literal["charge", "reversal"]
    reverses: int | None
    administration_id: int
    part: Literal["given", "wasted"]
    hcpcs: str
    units: Decimal
    modifier: str
    ndc: str
    ndc_units: Decimal
    ndc_unit: str
    dose: Decimal
    dose_unit: str
    patient: str
    order_number: str
    payer_class: str
    item: str
    lot_number: str
    owner: str
    expires_on: date | None
    serial: str
    quantity: int
    site: str | None
    from_place: str
    to_place: str
    given_at: KnownTime
    given_by: str
    reason: str
    made_by: str
    made_at: datetime


class ChargeFeedOut(Schema):
    """Charges in the order of their commits; ask again with ``next`` as ``after``."""

    rows: list[FeedChargeOut]
    next: int
    more: bool


class ReconciliationIn(In):
    """Which site and day to compare."""

    site: Name
    day: date


class ReconciliationOut(Schema):
    """Base units that left stock to patients, and that stand in charges; each lot that differs is a case."""

    id: int
    site: str
    day: date
    dispensed: int
    charged: int
    differences: list[dict[str, Any]]
    run_by: str
    run_at: datetime
