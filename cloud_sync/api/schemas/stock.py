"""What requests and answers on lots, stock, reservations and movements look like. Quantities are whole base units."""

from datetime import date, datetime, time
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field, StringConstraints

from cloud_sync.api.schemas.common import Code, In, LotNumber, Name, Quantity, Reason, Schema
from cloud_sync.domain.master_records import Day
from edge_agent.domain.wire.records import Action


class LotOut(Schema):
    """A lot. ``expires_on`` is the last day by its label, ``expires_hour`` the hour of that day if the label names one.

    ``expires_at`` is the first instant at which it may no longer be used in one of the places where it is.
    """

    id: int
    item: str
    lot_number: str
    owner: str
    expires_on: date | None
    expires_hour: time | None
    expires_at: datetime | None
    held: bool = Field(description="Whether anything blocks any of it.")


class ReasonOut(Schema):
    """One reason not to issue, for machines and people."""

    code: str = Field(examples=["held"])
    text: str


class StockRef(Schema):
    """Which stock. ``expires_on`` is the last day by its label, ``expires_at`` the end of it where the stock is."""

    lot_id: int
    item: str
    lot_number: str
    owner: str
    serial: str
    place: str
    expires_on: date | None = None
    expires_at: datetime | None


class StockOut(StockRef):
    """Stock of a lot in a place, and all reasons not to issue it."""

    quantity: int
    reserved: int
    reasons: list[ReasonOut]


class AllocationIn(In):
    """A demand for stock."""

    client_id: UUID = Field(description="A new UUID for each new request; the same to ask again.")
    item: Name = Field(examples=["insulin-10ml"])
    owner: Name = "house"
    quantity: Quantity = Field(description="Base units, or packs if pack is given.")
    pack: Code | None = Field(
        None,
        description="A GTIN or other code of the item: quantity counts what it stands for.",
        examples=["10312345678903"],
    )
    demand: Code = Field(description="What it is for: an order, ward request or prescription.", examples=["SO-1007"])
    site: Name | None = Field(None, description="Only stock at and below this place.")
    shelf_life_min_days: Annotated[int, Field(ge=0, le=36500)] = 0
    pending_minutes: Annotated[int, Field(ge=1, le=10_080)] | None = Field(
        None, description="The reservations are pending for so long, and end unless they are confirmed. Left out: firm."
    )


class ReservedOut(StockRef):
    """Stock that is reserved now."""

    id: int
    quantity: int


class SkippedOut(StockRef):
    """Stock whose turn it was, and all reasons why it was passed over."""

    quantity: int
    reasons: list[ReasonOut]


SkippedMore = Annotated[
    dict[str, int],
    Field(
        description="How many more lots cannot be taken, by reason: those beyond the first that are explained, and "
        "those of which all is on hold by measurement. Explained one by one with explain=all.",
        examples=[{"held": 128}],
    ),
]


class OfferedOut(StockRef):
    """Stock that could be taken now."""

    quantity: int


class SubstituteOut(Schema):
    """What may be given instead of what is missing. Nothing of it is reserved: a person decides."""

    item: str
    rank: int = Field(description="The best has the lowest.")
    quantity: int = Field(description="How many base units could be taken now, up to those that are missing.")
    stock: list[OfferedOut]
    skipped: list[SkippedOut]
    skipped_more: SkippedMore = Field(default={})
    text: str


class AllocationOut(Schema):
    """What was reserved, what was passed over and why, how much could not be covered, and what may stand in."""

    reservations: list[ReservedOut]
    skipped: list[SkippedOut]
    skipped_more: SkippedMore = Field(default={})
    missing: int
    substitutes: list[SubstituteOut] = Field(default=[])


class ReservationOut(Schema):
    """A reservation of stock."""

    id: int
    client_id: UUID
    lot_id: int
    item: str
    lot_number: str
    serial: str
    place: str
    quantity: int
    demand: str
    reserved_by: str
    reserved_at: datetime
    expires_at: datetime | None = Field(description="When it ends unless it is confirmed before; null: it is firm.")
    ended_at: datetime | None
    ended_as: str | None
    ended_reason: str | None


class PickIn(In):
    """Where reserved stock goes."""

    to_place: Name
    action: Literal[Action.PICK, Action.SHIP, Action.DISPENSE, Action.CONSUME] = Action.PICK
    quantity: Quantity | None = Field(None, description="Only so much of it; the rest stays reserved.")


class LineIn(In):
    """Stock to move."""

    item: Name
    lot_number: LotNumber
    quantity: Quantity
    owner: Name = "house"
    serial: Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]*$", max_length=100)] = ""
    expires_on: Day | None = Field(None, description="As on the label; for lots the ledger does not know yet.")
    expires_hour: time | None = Field(None, description="The hour of that day, if the label names one (AI 7003).")


class MovementIn(In):
    """A command to move stock. Issuing actions are refused for blocked stock."""

    client_id: UUID = Field(description="A new UUID for each new request; the same to ask again.")
    action: Action
    from_place: Name
    to_place: Name
    occurred_at: AwareDatetime = Field(description="When, with its offset from UTC; not in the future.")
    order: Annotated[str, StringConstraints(pattern=r"^[\x20-\x7e]*$", max_length=100)] = ""
    lines: Annotated[list[LineIn], Field(min_length=1, max_length=1000)]


class CaseOpeningIn(In):
    """A serialised case that was opened. What it held is stock of its own from then on."""

    client_id: UUID = Field(description="A new UUID for each new request; the same to ask again.")
    item: Name
    lot_number: LotNumber
    owner: Name = "house"
    serial: Code = Field(
        description="Of the case, as stock shows it; or as its label does, with the case's code beside it.",
        examples=["(01)19501101530000(21)S1"],
    )
    code: Code | None = Field(None, description="The GTIN or other code of the case.", examples=["19501101530000"])
    place: Name = Field(description="Where it was opened.")
    occurred_at: AwareDatetime = Field(description="When, with its offset from UTC; not in the future.")
    reason: Reason = Field(examples=["four needed for ward 3"])
    units: Annotated[list[Code], Field(max_length=1000)] = Field(
        default=[], description="Serials that were found inside. The rest of its content has none."
    )


class MovementOut(Schema):
    """Stock that went from one place to another. ``fact`` names where it was said."""

    id: int
    fact: str
    lot_id: int
    item: str
    lot_number: str
    serial: str
    quantity: int
    from_place: str
    to_place: str
    occurred_at: datetime
    recorded_at: datetime
    action: str
    operator: str
    order_ref: str
    event_id: int
