"""What requests and answers about master data, orders and counts look like."""

from datetime import date, datetime, time
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field, StringConstraints, create_model

from cloud_sync.api.schemas.common import QUANTITY_MAX, Code, Id, In, LotNumber, Name, Quantity, Reason, Schema, Text
from cloud_sync.api.schemas.stock import ReservedOut, SkippedMore, SkippedOut, SubstituteOut
from cloud_sync.domain.master_records import (
    LOT_NUMBER,
    Day,
    ItemRecord,
    MasterRecord,
    OwnerRecord,
    PlaceRecord,
    RecipientRecord,
    ReorderRecord,
    SupplierRecord,
)
from cloud_sync.domain.orders import OrderKind, Urgency
from edge_agent.domain.wire.records import Action

LINES_MAX = 1000
Serial = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]*$", max_length=100)]
AnyLotNumber = Annotated[str, StringConstraints(pattern=f"{LOT_NUMBER}|^$", max_length=100)]
"""A lot number; '' leaves it open."""


def _kept(model: type[MasterRecord]) -> Any:
    """The request that keeps such a record: its fields but those of the address, and why."""
    fields: dict[str, Any] = {
        name: (field.rebuild_annotation(), field) for name, field in model.model_fields.items() if name not in model.KEY
    }
    why = (Reason, Field(description="Why; the event log keeps it."))
    name = model.__name__.replace("MasterRecord", "KeepIn")
    return create_model(name, __base__=In, __doc__=model.__doc__, reason=why, **fields)


PlaceKeepIn = _kept(PlaceRecord)
OwnerKeepIn = _kept(OwnerRecord)
ItemKeepIn = _kept(ItemRecord)
SupplierKeepIn = _kept(SupplierRecord)
RecipientKeepIn = _kept(RecipientRecord)
ReorderKeepIn = _kept(ReorderRecord)


class FaultOut(Schema):
    """What is wrong with a row of a file, and what to write. ``line`` counts from 1, the header being the first."""

    line: int
    column: str
    text: str


class ImportOut(Schema):
    """What an import did, or would do. With faults it did nothing."""

    kind: str
    dry_run: bool
    done: bool = Field(description="Whether the ledger holds it now.")
    waits: bool = Field(False, description="Whether another person has to send the same file before it counts.")
    added: int
    changed: int
    unchanged: int
    faults: list[FaultOut]


class DocumentIn(In):
    """Where a paper is. ``sha256`` proves that it is still the same."""

    supplier: Name | None = None
    lot_id: Id | None = None
    kind: Literal["licence", "audit", "agreement", "quality_agreement", "coa", "other"]
    reference: Annotated[str, StringConstraints(pattern=r"^[^\x00]+$", max_length=1000, strip_whitespace=True)]
    sha256: Annotated[str, Field(pattern=r"^([0-9a-f]{64})?$")] = ""
    valid_until: Day | None = None


class DocumentOut(Schema):
    """A paper of a supplier, a lot, or both."""

    id: int
    supplier: str | None
    lot_id: int | None
    kind: str
    reference: str
    sha256: str
    valid_until: date | None
    added_by: str
    added_at: datetime


class OrderLineIn(In):
    """What to order."""

    item: Name
    quantity: Quantity
    lot_number: AnyLotNumber = Field("", description="Leave it out to take any lot.")
    serial: Serial = ""


class OrderIn(In):
    """Something somebody asks for."""

    client_id: UUID = Field(description="A new UUID for each new request; the same to ask again.")
    kind: OrderKind
    number: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=80)] | None = Field(
        None, description="Yours; else the ledger chooses one."
    )
    from_place: Name = Field(description="Supplier, site or room, or the recipient that returns.")
    to_place: Name = Field(description="Where it goes; `scrap` for a destruction.")
    owner: Name = "house"
    patient_ref: Annotated[str, StringConstraints(pattern=r"^[\x20-\x7e]*$", max_length=100)] = Field(
        "", description="A reference to a prescription; no name of a patient."
    )
    returns_order: Code | None = Field(None, description="The order whose goods come back.")
    note: Text = ""
    urgency: Urgency = Field(Urgency.ROUTINE, description="Of urgent ones a second approval may be due.")
    lines: Annotated[list[OrderLineIn], Field(min_length=1, max_length=LINES_MAX)]


class OrderLineOut(Schema):
    """A line, and in which state each base unit of it is: the states add up to the quantity, but for ``over``."""

    line: int
    item: str
    quantity: int
    lot_number: str
    serial: str
    instead_of: int | None = Field(None, description="The line that it is a substitute for.")
    open: int
    states: dict[str, int]


class OrderStepOut(Schema):
    """What somebody decided."""

    step: str
    line: int | None
    quantity: int | None
    by_whom: str
    at: datetime
    reason: str


class OrderLotOut(Schema):
    """How much of a lot moved for the order by an action; ``allocate`` is what is reserved for it now."""

    item: str
    lot_id: int
    lot_number: str
    serial: str
    action: str
    quantity: int


class DiscrepancyOut(Schema):
    """What did not go as the order says."""

    case_id: int | None
    code: str
    text: str
    open: bool


class OrderOut(Schema):
    """An order as it is now."""

    number: str
    kind: OrderKind
    from_place: str
    to_place: str
    owner: str
    patient_ref: str
    returns_order: str | None
    note: str
    urgency: Urgency
    requested_by: str
    requested_at: datetime
    state: str
    lines: list[OrderLineOut]
    steps: list[OrderStepOut]
    lots: list[OrderLotOut]
    discrepancies: list[DiscrepancyOut]


class CancelLineIn(In):
    """How much of a line to cancel."""

    line: Annotated[int, Field(ge=1, le=LINES_MAX)]
    quantity: Quantity


class CancelIn(In):
    """What to cancel, and why."""

    client_id: UUID | None = Field(
        None,
        description="A new UUID for each new request; the same to ask again. Without it, asking again cancels more.",
    )
    reason: Reason
    lines: Annotated[list[CancelLineIn], Field(min_length=1, max_length=LINES_MAX)] | None = Field(
        None, description="Leave it out to cancel all that is open."
    )


class AskAgainIn(In):
    """A request that may be sent twice."""

    client_id: UUID = Field(description="A new UUID for each new request; the same to ask again.")


class SubstituteIn(In):
    """A substitute for what is missing of a line."""

    client_id: UUID = Field(description="A new UUID for each new request; the same to ask again.")
    line: Annotated[int, Field(ge=1, le=32_767)]
    item: Name = Field(description="One of the substitutes that its item has in the master data.")
    quantity: Quantity = Field(description="How many base units of the substitute are asked for.")
    instead_of: Quantity = Field(description="How many base units of the line it stands in for.")
    reason: Reason = Field(examples=["prescriber agreed by telephone, Dr. Weiss, 10:40"])


class OrderAllocatedLineOut(Schema):
    """What was reserved for a line now, what was passed over, what is missing, and what could be given instead."""

    line: int
    item: str
    reservations: list[ReservedOut]
    skipped: list[SkippedOut]
    skipped_more: SkippedMore = Field(default={})
    missing: int
    substitutes: list[SubstituteOut] = Field(default=[])


class OrderAllocatedOut(Schema):
    """What was reserved for an order now."""

    order: str
    lines: list[OrderAllocatedLineOut]


class PickIn(In):
    """Where picked stock goes."""

    to_place: Name
    reservations: Annotated[list[Id], Field(min_length=1, max_length=LINES_MAX)] | None = None


class IssueIn(In):
    """What is to leave; all that is reserved unless reservations are named."""

    action: Literal[Action.SHIP, Action.DISPENSE]
    reservations: Annotated[list[Id], Field(min_length=1, max_length=LINES_MAX)] | None = None


class CameIn(In):
    """Goods that came."""

    item: Name
    lot_number: LotNumber
    quantity: Quantity
    serial: Serial = ""
    expires_on: Day | None = Field(None, description="As on the label; for lots the ledger does not know yet.")
    expires_hour: time | None = Field(None, description="The hour of that day, if the label names one (AI 7003).")


class ReceiptIn(In):
    """A delivery, as it came, whatever the order says."""

    client_id: UUID = Field(description="A new UUID for each new request; the same to ask again.")
    to_place: Name | None = Field(None, description="Where it was put; else where the order goes.")
    occurred_at: AwareDatetime
    lines: Annotated[list[CameIn], Field(min_length=1, max_length=LINES_MAX)]


class StateOut(Schema):
    """Stock of a lot in a place, and in which state of the workflow it is."""

    lot_id: int
    item: str
    lot_number: str
    owner: str
    serial: str
    place: str
    place_kind: str
    quantity: int
    states: dict[str, int]
    reconciled_at: datetime | None = Field(description="When an approved count saw it, if nothing moved since.")


class ProposalOut(Schema):
    """An item of which less can be used than its reorder point."""

    item: str
    place: str
    supplier: str | None
    reorder_point: int
    par_level: int
    usable: int
    on_order: int
    propose: int


class ProposedIn(AskAgainIn):
    """Which proposals to make requisitions of."""

    supplier: Name | None = None


class CountIn(In):
    """A count of a place and what stands in it."""

    place: Name
    number: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=80)] | None = None
    is_blind: bool = Field(False, description="Nobody is shown what is expected before the counting ends.")


class FoundIn(In):
    """What was found; 0 where something should be and is not."""

    item: Name
    lot_number: LotNumber
    quantity: Annotated[int, Field(ge=0, le=QUANTITY_MAX)]
    place: Name
    owner: Name = "house"
    serial: Serial = ""
    expires_on: Day | None = None


class FindingsIn(In):
    """What was found in counting."""

    client_id: UUID = Field(description="A new UUID for each new request; the same to ask again.")
    counted_at: AwareDatetime
    found: Annotated[list[FoundIn], Field(min_length=1, max_length=LINES_MAX)]


class CountHeadOut(Schema):
    """A count."""

    id: int
    number: str
    place: str
    opened_by: str
    opened_at: datetime
    decision: str | None
    decided_by: str | None
    decided_at: datetime | None
    reason: str | None
    is_blind: bool
    finished_by: str | None
    finished_at: datetime | None


class CountLineOut(Schema):
    """What was found, and what the ledger says was there then."""

    lot_id: int
    item: str
    lot_number: str
    owner: str
    serial: str
    place: str
    counted: int | None = Field(description="Null while a blind count goes on: the second one counts alone.")
    expected: int | None = Field(
        description="What stood there then, by all that is known now; null while a blind count goes on."
    )
    difference: int | None = Field(description="What is not explained now.")
    expected_then: int | None = Field(description="What was known to have stood there when the count was decided.")
    difference_then: int | None
    counted_by: str
    counted_at: datetime


class NotCountedOut(Schema):
    """Stock that nobody has counted."""

    lot_id: int
    item: str
    lot_number: str
    owner: str
    serial: str
    place: str
    quantity: int | None = Field(description="Null while a blind count goes on.")


class CountOut(CountHeadOut):
    """A count with what was found and what is left to count."""

    lines: list[CountLineOut]
    not_counted: list[NotCountedOut]
