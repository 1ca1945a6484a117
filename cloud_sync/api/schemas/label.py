"""Labels and totes, as requests and answers have them."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from cloud_sync.api.schemas.common import In, LotNumber, Name, Quantity, Schema

Size = Annotated[str, StringConstraints(pattern=r"^([a-z0-9.-]{1,30})?$")]
"""A sheet (``a4-7160``) or one label in millimetres (``57x32``); empty: the usual size of the kind."""
Copies = Annotated[int, Field(ge=1, le=500)]
Gtin = Annotated[str, StringConstraints(pattern=r"^([0-9]{14})?$")]
Patient = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]*$", max_length=100, strip_whitespace=True)]
LabelId = Annotated[str, StringConstraints(pattern=r"^[\x20-\x7e]+$", min_length=1, max_length=210)]
"""What the label is of: a name, the id of a lot or ITEM/LOT NUMBER, LOT ID/SERIAL, or an SSCC."""
Sscc = Annotated[str, StringConstraints(pattern=r"^[0-9]{18}$")]


class BadgePrintIn(In):
    """On which printer, and how many."""

    printer: Name
    size: Size = ""
    copies: Copies = 1


class PrintIn(BadgePrintIn):
    """``patient`` is printed on a container made for one, and kept nowhere."""

    id: LabelId
    gtin: Gtin = Field("", description="Which pack of the item; empty: the smallest.")
    patient: Patient = ""


class ContainerFileIn(In):
    """A container's label; ``patient`` is printed and kept nowhere."""

    id: LabelId
    format: Literal["pdf", "zpl", "png"] = "pdf"
    size: Size = ""
    copies: Copies = 1
    skip: Annotated[int, Field(ge=0, le=500)] = 0
    dpi: Literal[203, 300, 600] = 203
    gtin: Gtin = ""
    patient: Patient = ""


Shown = Annotated[
    str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]+$", min_length=1, max_length=200, strip_whitespace=True)
]


class PrescriptionFileIn(In):
    """The label of a prescription; patient, directions and prescriber are printed and kept nowhere."""

    id: LabelId
    format: Literal["pdf", "zpl", "png"] = "pdf"
    size: Size = ""
    copies: Copies = 1
    patient: Shown
    directions: Shown
    prescriber: Annotated[
        str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]*$", max_length=100, strip_whitespace=True)
    ] = ""
    quantity: Annotated[int | None, Field(ge=1, le=10**6)] = None


class ToteIn(In):
    """A tote, box or pallet to be numbered."""

    note: Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]*$", max_length=100, strip_whitespace=True)] = ""


class ToteOut(Schema):
    """A tote and its serial shipping container code, and the places of its order."""

    sscc: str
    order: str | None
    note: str
    from_place: str | None
    to_place: str | None
    numbered_by: str
    numbered_at: datetime


class PackLineIn(In):
    """Goods of a lot, in base units; a unit of its own with its serial."""

    item: Name
    lot_number: LotNumber
    quantity: Quantity
    owner: Name = "house"
    serial: Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]*$", max_length=100)] = ""


class PackIn(In):
    """What is put into a tote, or taken out of it."""

    client_id: UUID = Field(description="A new UUID for each new request; the same to ask again.")
    place: Name = Field(description="Where the goods are.")
    lines: Annotated[list[PackLineIn], Field(min_length=1, max_length=1000)]


class PackedGoodsOut(Schema):
    """Goods in a tote."""

    lot_id: int
    item: str
    lot_number: str
    owner: str
    serial: str
    quantity: int
