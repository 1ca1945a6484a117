"""What requests and answers on places, items, owners and policies look like."""

from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field

from cloud_sync.api.schemas.common import In, Line, Name, PlaceKind, Quantity, Schema
from cloud_sync.domain.master_records import Zone
from edge_agent.domain.barcodes.item_codes import parse_code
from edge_agent.domain.monitoring.policies import Policy


class PlaceIn(In):
    """A place: anything that can hold stock."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"name": "fridge-a", "title": "Refrigerator A", "kind": "room", "parent": "pharmacy",
                 "policy": "usp-refrigerator"}
            ]
        },
    )  # fmt: skip
    name: Name
    title: Line = ""
    kind: PlaceKind
    parent: Name | None = Field(None, description="The place it stands in.")
    policy: Name | None = Field(None, description="Storage policy of the place and what stands in it.")
    zone: Zone | None = Field(
        None,
        description="IANA time zone; a site needs one, what stands in it has the same. Days on labels end there.",
        examples=["Europe/Berlin"],
    )


class ZoneIn(In):
    """The time zone of a site that has none yet."""

    zone: Zone = Field(examples=["Europe/Berlin"])
    reason: Annotated[str, Field(min_length=1, max_length=1000)]


class PlaceOut(Schema):
    """A place. ``path`` names everything it stands in, outermost first, and itself."""

    id: int
    name: str
    title: str
    kind: PlaceKind
    parent: str | None
    policy: str | None
    zone: str
    is_zone_known: bool = Field(description="Whether somebody set the zone; else UTC stands in for it.")
    path: list[str]


class OwnerIn(In):
    """Whose stock it is."""

    name: Name = Field(examples=["acme-pharma"])
    title: Line = Field("", examples=["ACME Pharma Ltd"])


class OwnerOut(Schema):
    """Whose stock it is."""

    name: str
    title: str


class GtinIn(In):
    """A packaging level of an item."""

    gtin: Annotated[str, Field(pattern=r"^[0-9]{14}$", examples=["00312345678906"])]
    base_units: Quantity = Field(1, description="How many base units are in one.")


class CodeIn(In):
    """Another code of an item, NDC or HIBC, and what it stands for."""

    code: Annotated[str, Field(max_length=60, examples=["ndc:0591-0369-01"]), AfterValidator(parse_code)] = Field(
        description="An NDC with its hyphens, or a HIBC primary code as printed, check character included."
    )
    base_units: Quantity = Field(1, description="How many base units are in one.")


class ItemIn(In):
    """A product. Say it again with more GTINs or other codes to add them."""

    name: Name = Field(examples=["insulin-10ml"])
    title: Line = Field("", examples=["Insulin 100 IU/ml, vial 10 ml"])
    base_unit: Name = Field("each", examples=["vial"])
    expiry_required: bool = Field(True, description="Whether stock without an expiry date may not be issued.")
    serial_tracked: bool = False
    gtins: Annotated[list[GtinIn], Field(max_length=100)] = Field(default=[])
    codes: Annotated[list[CodeIn], Field(max_length=100)] = Field(default=[])


class GtinOut(Schema):
    """A packaging level of an item."""

    gtin: str
    base_units: int


class CodeOut(Schema):
    """Another code of an item."""

    code: str
    base_units: int


class ItemOut(Schema):
    """A product."""

    id: int
    name: str
    title: str
    base_unit: str
    expiry_required: bool
    serial_tracked: bool
    gtins: list[GtinOut]
    codes: list[CodeOut]


class PolicyOut(Schema):
    """A storage policy."""

    name: str
    body: Policy
