"""What requests and answers on controlled items look like."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from cloud_sync.api.schemas.billing import DoseUnit
from cloud_sync.api.schemas.common import Code, In, KnownTime, Line, LotNumber, Name, Reason, Schema

Schedule = Literal["I", "II", "III", "IV", "V"]


class RuleIn(In):
    """What the house asks of a schedule. Nothing of it has a default: the text that says it is its source."""

    blind_count: bool = Field(description="Counts of a place with such items show nobody what is expected.")
    double_count: bool = Field(description="Two people have to find the same of each position, each alone.")
    witnessed_waste: bool = Field(description="A second person sees what a dock throws away; else it is a case.")
    resolve_hours: Annotated[int, Field(ge=1, le=8760)] = Field(description="In which a discrepancy is resolved.")
    inventory_months: Annotated[int, Field(ge=1, le=24)] = Field(description="After which a site is inventoried again.")
    source: Reason


class RuleOut(Schema):
    """What the house asks of a schedule."""

    schedule: Schedule
    blind_count: bool
    double_count: bool
    witnessed_waste: bool
    resolve_hours: int
    inventory_months: int
    source: str
    set_by: str
    set_at: datetime


class InventoryRowOut(Schema):
    """What is in a place of a lot, and when an approved count last found how much."""

    schedule: Schedule
    item: str
    item_title: str
    base_unit: str
    ndc: str
    lot_id: int
    lot_number: str
    owner: str
    expires_on: date | None
    serial: str
    place: str
    site: str | None
    quantity: int
    counted_at: datetime | None
    counted_by: str | None
    count: str | None


class RegisterRowOut(Schema):
    """What came or went, and the balance of the site after it."""

    id: int
    occurred_at: KnownTime
    action: str
    from_place: str
    to_place: str
    lot_id: int
    lot_number: str
    serial: str
    came: int | None
    went: int | None
    balance: int
    operator: str
    order_ref: str
    witness: str | None


class DiscrepancyOut(Schema):
    """An open case about a controlled item. ``state``: open, due_soon, overdue, no_deadline."""

    id: int
    kind: str
    text: str
    opened_at: datetime
    assignee: str | None
    item: str
    schedule: Schedule
    lot_id: int
    lot_number: str
    resolve_hours: int | None
    due_at: datetime | None
    state: Literal["open", "due_soon", "overdue", "no_deadline"]


class WasteIn(In):
    """What is thrown away: one opened or broken unit, or so much of one that is out of stock already."""

    client_id: UUID = Field(description="A new UUID for each new request; the same to ask again.")
    item: Name
    lot_number: LotNumber
    owner: Name = "house"
    serial: Code | Literal[""] = ""
    place: Name
    amount: Annotated[Decimal, Field(gt=0, lt=10**9, max_digits=15, decimal_places=6)] | None = None
    unit: DoseUnit | Literal[""] = ""
    reason: Reason


class WasteOut(Schema):
    """Waste; ``witness`` is null while it waits for one, and its whole unit is in stock until then."""

    id: int
    lot_id: int
    item: str
    schedule: Schedule | Literal[""]
    lot_number: str
    owner: str
    serial: str
    place: str
    takes_unit: bool
    amount: Decimal | None
    unit: str
    administration_id: int | None
    reason: str
    wasted_by: str
    wasted_at: datetime
    witness: str | None
    witnessed_at: datetime | None
    witnessed_how: str | None
    due_at: datetime | None


class SiteInventoryIn(In):
    """An inventory of all controlled items of a site, made of approved counts."""

    site: Name
    taken_on: date
    taken_when: Literal["opening", "close"] = Field(description="At the opening or close of business of that day.")
    counts: Annotated[list[Code], Field(min_length=1, max_length=100)]
    remark: Line = ""


class PositionCountedOut(Schema):
    """What was counted of a position, and what the ledger expected then."""

    schedule: Schedule
    item: str
    item_title: str
    base_unit: str
    ndc: str
    lot_number: str
    expires_on: date | None
    serial: str
    place: str
    counted: int
    expected: int
    counted_by: list[str]


class SiteInventoryOut(Schema):
    """An inventory. Its paper is `controlled-inventory`."""

    id: int
    site: str
    taken_on: date
    taken_when: str
    counts: list[str]
    remark: str
    recorded_by: str
    recorded_at: datetime
    lines: int
    differing: int


class SiteInventoryShownOut(SiteInventoryOut):
    """An inventory with its lines."""

    positions: list[PositionCountedOut]
