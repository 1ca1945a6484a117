"""What requests and answers about planning, shortages and key performance indicators look like."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from cloud_sync.api.schemas.common import QUANTITY_MAX, In, Name, Reason, Schema
from cloud_sync.api.schemas.order import OrderOut
from cloud_sync.domain.master_records import Day


class RunIn(In):
    """How to plan. With ``worth``, less is kept of what is dear, and it is ordered more often; levels are the least
    then."""

    worth: Annotated[float, Field(gt=0, le=10**9)] | None = Field(
        None, description="What it is worth, in money, that an item does not run out in an order cycle."
    )


class RunOut(Schema):
    """A plan of every item and place, as of an instant, of the movements up to one id. The hashes fix what went in
    and out."""

    id: int
    as_of: datetime
    movement_mark: int
    lines: int
    inputs_sha256: str
    results_sha256: str
    made_by: str
    made_at: datetime


class SuggestionOut(Schema):
    """What is suggested for an item at a place, in base units; ``*_now``: the levels in force, null without."""

    item: str
    item_title: str
    base_unit: str
    place: str
    place_title: str
    supplier: str | None
    reorder_point: int
    par_level: int
    order_quantity: int
    position: float
    rate: float
    left_unused: int
    method: str
    usable: int
    held: int
    on_order: int
    notes: list[str]
    service_level: float
    reorder_point_now: int | None
    par_level_now: int | None


class ReasonOut(Schema):
    """A step of the sum."""

    what: str
    value: float
    why: str


class SuggestionDetailOut(SuggestionOut):
    """With the weeks it was made of (``censored``: stock was out or on hold) and every step."""

    used: list[int]
    censored: list[bool]
    reasons: list[ReasonOut]


class CheckedOut(Schema):
    """Whether a run is what its stored inputs make, and lines whose demand the log tells otherwise by now."""

    rules_same: bool
    results_same: bool
    inputs_same: bool
    changed: list[tuple[str, str]]


class SourceOut(Schema):
    """Where a quantity could come from."""

    kind: str
    name: str
    quantity: int
    why: str


class ToOrderOut(Schema):
    """Something to order, and its sources in the order in which they are to be looked at."""

    item: str
    place: str
    quantity: int
    sources: list[SourceOut]


class LineIn(In):
    """A line of a run."""

    item: Name
    place: Name


class RequestIn(In):
    """What to put forward of a run: these lines, or all."""

    client_id: UUID
    lines: Annotated[list[LineIn], Field(min_length=1, max_length=500)] | None = None


class RequestedOut(Schema):
    """Purchase requisitions and the numbers of transfers that wait for approval, and lines that nobody can deliver."""

    orders: list[OrderOut]
    transfers: list[int]
    no_source: list[tuple[str, str]]


class AdoptIn(In):
    """Take the suggested levels of a line over."""

    item: Name
    place: Name
    reason: Reason


class RescueOut(Schema):
    """A lot that would expire unused where it is, and where it is needed."""

    item: str
    lot_id: int
    lot_number: str
    from_place: str
    to_place: str
    quantity: int
    why: str


class AdviceOut(Schema):
    """A transfer that was put forward, and what was decided on it."""

    id: int
    run_id: int
    item: str
    lot_id: int | None
    lot_number: str | None
    from_place: str
    to_place: str
    quantity: int
    why: str
    proposed_by: str
    proposed_at: datetime
    decision: str | None
    decided_by: str | None
    decided_at: datetime | None
    decision_reason: str | None
    order_number: str | None


class DecideAdviceIn(In):
    """The decision on a transfer."""

    client_id: UUID
    reason: Reason


class ShortageIn(In):
    """An item of which there is not enough at a site, until a day."""

    item: Name
    site: Name
    until: Day
    reason: Reason


class ShareOut(Schema):
    """What a recipient gets, and why."""

    place: str
    priority: int
    rate: float
    stock: int
    wanted: int
    proposed: int
    share: int
    why: str
    override_reason: str | None
    overridden_by: str | None


class InsteadOut(Schema):
    """What may be given instead, and how much of it is there."""

    item: str
    there: int


class ShortageHeadOut(Schema):
    """A shortage. ``response_hours``: from opening to the decision."""

    id: int
    item: str
    site: str
    until_day: date
    supply: int
    wanted: int
    needs_second_person: bool
    reason: str
    state: str
    opened_by: str
    opened_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    decision_reason: str | None
    ended_by: str | None
    ended_at: datetime | None
    response_hours: float | None


class ShortageOut(ShortageHeadOut):
    """With who gets what and what may be given instead."""

    shares: list[ShareOut]
    substitutes: list[InsteadOut]


class OverrideIn(In):
    """Another share for a recipient."""

    place: Name
    share: Annotated[int, Field(ge=0, le=QUANTITY_MAX)]
    reason: Reason


class KpiDefinitionOut(Schema):
    """A figure, its formula, and from where to where its exception score goes from 0 to 1."""

    name: str
    title: str
    unit: str
    formula: str
    better: str
    good: float | None
    worst: float | None


class KpisOut(Schema):
    """The figures of a site in a month; null where there was nothing to measure. ``parts``: what they are made of."""

    site: str
    month: str
    is_over: bool
    figures: dict[str, float | None]
    parts: dict[str, float | None]


class ExceptionOut(Schema):
    """A figure that is worse than good, 0 to 1."""

    site: str
    name: str
    title: str
    value: float
    score: float


class LotValueOut(Schema):
    """What a lot in the house is worth; ``is_actual``: at what its receipts cost, else at the item's cost."""

    lot_id: int
    item: str
    lot_number: str
    expires_on: date | None
    units: int
    unit_cost: float | None
    value: float | None
    is_actual: bool


class ReceiptCostIn(In):
    """What a base unit of a receipt cost. ``order``: the order it was received for, '' for none."""

    order: Annotated[str, Field(pattern=r"^[\x21-\x7e]{0,300}$")] = ""
    unit_cost: Annotated[Decimal, Field(ge=0, le=10**9, max_digits=14, decimal_places=4)]
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$", description="ISO 4217.")]
    reason: Reason


class ReceiptCostOut(Schema):
    """What was said about a receipt's cost."""

    id: int
    order_number: str
    quantity: int
    unit_cost: float
    currency: str
    reason: str
    said_by: str
    said_at: datetime


class CasesOut(Schema):
    """Cases that were opened."""

    cases: list[int]


Told = dict[str, Any]
