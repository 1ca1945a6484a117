"""Serialised units, as requests and answers have them."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field, StringConstraints

from cloud_sync.api.schemas.common import Id, In, Line, Name, Reason, Schema
from cloud_sync.domain.serial_numbers import ASSIGNED_MAX

Serial = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]+$", max_length=100)]
"""As stock shows it; that of a case is (01)code(21)serial."""
GivenSerial = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]*$", max_length=20)]


class SerialPatternIn(In):
    """How the serials of an item look: ``LW{yy}{n:6}`` gives LW26000001 and on. ``given_at``: when its units get them;
    ``request``: whenever somebody asks."""

    pattern: Annotated[str, StringConstraints(pattern=r"^[\x20-\x7e]+$", max_length=60)]
    given_at: Literal["receipt", "production", "both", "request"] = "receipt"


class SerialPatternOut(SerialPatternIn):
    """The pattern of an item."""

    item: str
    title: str
    set_by: str
    set_at: datetime


class SerialsIn(In):
    """Units to get serials: ``quantity`` loose ones of a lot in a place. ``first_serial`` empty: the next ones of the
    item's pattern."""

    client_id: UUID
    lot_id: Id
    place: Name
    quantity: Annotated[int, Field(ge=1, le=ASSIGNED_MAX)]
    first_serial: GivenSerial = ""
    reason: Reason


class RangeIn(In):
    """A range for somebody who marks goods elsewhere, both ends in it."""

    item: Name
    first_serial: Annotated[GivenSerial, Field(min_length=1)]
    last_serial: Annotated[GivenSerial, Field(min_length=1)]
    allotted_to: Annotated[Line, Field(min_length=1)]
    reason: Reason


class RangeRowOut(Schema):
    """Serials that were given to a lot in a place, or allotted to somebody."""

    id: int
    item: str
    first_serial: str
    last_serial: str
    count: int
    lot_id: int | None
    lot_number: str | None
    place: str | None
    allotted_to: str
    reason: str
    given_by: str
    given_at: datetime


class RangeOut(RangeRowOut):
    """The same with each serial of a lot."""

    serials: list[str]


class WaitingOut(Schema):
    """Stock without serials, of an item that gets them."""

    item: str
    lot_id: int
    lot_number: str
    place: str
    quantity: int
    pattern: str
    given_at: str


class LostIn(In):
    """A serial that every dock refuses from now on. ``lost_at`` null: now."""

    item: Name
    serial: Serial
    why: Literal["lost", "stolen", "counterfeit"]
    description: Reason
    lost_at: AwareDatetime | None = None


class LostOut(Schema):
    """A lost serial, and how it was found."""

    id: int
    item: str
    serial: str
    why: str
    description: str
    lost_at: datetime
    reported_by: str
    reported_at: datetime
    found_by: str | None
    found_at: datetime | None
    found_how: str | None


class TravelIn(In):
    """The least minutes in which goods get from one site to another, both ways."""

    minutes_min: Annotated[int, Field(ge=1, le=100_000)]


class TravelOut(TravelIn):
    """The least time between two sites."""

    one_site: str
    other_site: str
    set_by: str
    set_at: datetime


class CompleteMakerIn(In):
    """Whether the maker tells every unit that it makes (EPCIS commissioning events)."""

    is_complete: bool


class CompleteMakerOut(CompleteMakerIn):
    """The same of an item."""

    item: str


class SignalOut(Schema):
    """Something suspicious about a unit, as a case that holds its lot."""

    id: int
    text: str
    signal: str
    item: str
    serial: str
    lot_id: int
    lot_number: str
    opened_at: datetime
    resolved_at: datetime | None
    resolved_by: str | None
    resolution: str | None


class OnDutyOut(Schema):
    """Who moved stock at a place, and how often."""

    person: str
    movements: int


class MissingLineOut(Schema):
    """What an approved count missed, and who moved stock at the place since the count before. That proves nothing of
    anybody. ``counted_before`` null: 30 days are looked at."""

    place: str
    item: str
    lot_id: int
    lot_number: str
    serial: str
    quantity: int
    missed_at: datetime
    counted_before: datetime | None
    count: str
    people: list[OnDutyOut]


class MissingAtOut(Schema):
    """How much was missed at a place."""

    place: str
    quantity: int


class MissingWithOut(Schema):
    """How much was missed where somebody worked then, and how often."""

    person: str
    quantity: int
    times: int


class MissingOut(Schema):
    """Missing stock line by line, by place and by person on duty."""

    lines: list[MissingLineOut]
    by_place: list[MissingAtOut]
    by_person: list[MissingWithOut]
    is_cut: bool
