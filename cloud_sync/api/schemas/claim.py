"""What requests and answers on complaints and claims look like. Money is a decimal, written as text."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field, StringConstraints

from cloud_sync.api.schemas.common import Code, Id, In, Line, Name, Quantity, Reason, Schema
from cloud_sync.domain.claims import ComplaintKind, Ended, Remedy

Amount = Annotated[Decimal, Field(gt=0, max_digits=14, decimal_places=2)]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
Reference = Annotated[Line, Field(min_length=1, max_length=100)]
ClientId = Annotated[UUID, Field(description="A new UUID for each new request; the same to ask again.")]


class ComplaintIn(In):
    """What is wrong with goods."""

    client_id: ClientId
    lot: Id
    kind: ComplaintKind
    quantity: Quantity
    description: Reason
    observed_at: AwareDatetime
    supplier: Name | None = Field(None, description="Who delivered the lot first, if left out.")
    place: Name | None = Field(None, description="Where the goods are.")
    serial: Code | Literal[""] = ""
    order: Code | Literal[""] = Field("", description="The purchase order they came for.")


class EvidenceOut(Schema):
    """What shows it; `GET /v1/complaints/{id}/evidence/{evidence_id}` gives the file."""

    id: int
    kind: str
    title: str
    media_type: str
    bytes: int
    sha256: str
    logger_file_id: int | None
    added_by: str
    added_at: datetime


class ComplaintOut(Schema):
    """A complaint. ``state``: open, not_confirmed, confirmed (to be claimed), claimed, closed."""

    id: int
    lot_id: int
    item: str
    lot_number: str
    owner: str
    serial: str
    supplier: str
    place: str | None
    order_number: str
    kind: ComplaintKind
    quantity: int
    description: str
    observed_at: datetime
    opened_by: str
    opened_at: datetime
    finding: str | None
    finding_text: str | None
    investigated_by: str | None
    investigated_at: datetime | None
    evidence_count: int
    state: str


class ComplaintShownOut(ComplaintOut):
    """A complaint with its evidence."""

    evidence: list[EvidenceOut]


class FindingIn(In):
    """What the investigation found."""

    is_confirmed: bool
    reason: Reason


class LoggerEvidenceIn(In):
    """Which file of a logger."""

    logger_file: Id


class ClaimIn(In):
    """What is asked of the supplier. Without an amount the unit cost of the ledger counts."""

    client_id: ClientId
    wants: Remedy
    quantity: Quantity
    amount: Amount | None = None
    currency: Currency | None = None
    note: Line = ""


class SettlementOut(Schema):
    """What the supplier gave."""

    id: int
    kind: Remedy
    amount: Decimal
    quantity: int | None
    reference: str
    settled_by: str
    settled_at: datetime


class ClaimOut(Schema):
    """A claim. ``state``: draft, sent, settled, refused, withdrawn; ``age_days`` since it was sent (drafted)."""

    id: int
    complaint_id: int
    supplier: str
    item: str
    lot_id: int
    lot_number: str
    kind: ComplaintKind
    wants: Remedy
    quantity: int
    amount: Decimal
    currency: str
    amount_by: str
    note: str
    made_by: str
    made_at: datetime
    sent_by: str | None
    sent_at: datetime | None
    sent_how: str | None
    evidence_sha256: str | None
    closed_as: str | None
    closed_by: str | None
    closed_at: datetime | None
    closed_reason: str | None
    settled_amount: Decimal
    open_amount: Decimal
    age_days: int
    state: str
    settlements: list[SettlementOut]


class CreditIn(In):
    """A credit note."""

    amount: Amount
    currency: Currency
    reference: Reference


class ReplacementIn(In):
    """Goods that came instead."""

    quantity: Quantity
    reference: Reference = Field(description="Their order or delivery.")


class ClaimEndIn(In):
    """How a claim ends that is not settled."""

    ended: Ended
    reason: Reason


class TrendOut(Schema):
    """Complaints and claims of a supplier, or of one lot of it. ``money``: by currency claimed, settled and open."""

    supplier: str
    item: str | None
    lot_number: str | None
    lot_id: int | None
    complaints: int
    confirmed: int
    not_confirmed: int
    units: int
    first_at: datetime
    last_at: datetime
    deliveries: int
    claims: int
    open_claims: int
    oldest_days: int | None
    mean_days: float | None
    money: list[dict[str, Any]]
