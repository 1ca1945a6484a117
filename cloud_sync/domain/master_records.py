"""Master data as records.

Each kind of record is one pydantic model: what the API takes, what a file holds, and what an export gives are the same.
Files are read and written in ``master_records_csv``.
"""

import re
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal

from biip.checksums import gs1_standard_check_digit
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    field_validator,
    model_validator,
)

from cloud_sync.domain.care_priority import USUAL_PRIORITY
from edge_agent.domain.barcodes.item_codes import keys_of_code, parse_code
from edge_agent.domain.barcodes.ndc import parse_ndc

QUANTITY_MAX = 10**12
DAYS_MAX = 36_500

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=100)]
LOT_NUMBER = r"^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$"
"""What a lot number looks like: printable ASCII, spaces inside only."""
LotNumber = Annotated[str, StringConstraints(pattern=LOT_NUMBER, max_length=100)]
Code = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]+$", max_length=100)]
ONE_LINE = r"^[^\x00-\x1f\x7f]*$"
Text = Annotated[str, StringConstraints(pattern=ONE_LINE, max_length=1000, strip_whitespace=True)]
Units = Annotated[int, Field(ge=1, le=QUANTITY_MAX)]
Day = Annotated[date, BeforeValidator(lambda said: as_day(said))]
"""A date written as one: a number may be anything."""
Zone = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_+/-]+$", max_length=50)]
Days = Annotated[int, Field(ge=0, le=DAYS_MAX)]


def as_day(said: Any) -> Any:
    """What was written for a date. Raises ``ValueError`` for what is not written as one."""
    if said is None or isinstance(said, date) or (isinstance(said, str) and _DAY.fullmatch(said)):
        return said
    raise ValueError(f"{said!r} is no date: write it as 2027-01-31")


_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class MasterRecord(BaseModel):
    """Base of all records. ``name`` (or what :attr:`KEY` says) tells records of a kind apart."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    KEY: ClassVar[tuple[str, ...]] = ("name",)

    @property
    def key(self) -> str:
        """What people call it: its name, or its names with slashes between."""
        return "/".join(str(getattr(self, part)) for part in self.KEY)


class PlaceRecord(MasterRecord):
    """A place of the house. Suppliers, customers and wards have records of their own."""

    name: Name
    title: Text = ""
    kind: Literal["site", "room", "bin", "production", "scrap", "count_difference", "transit"]
    parent: Name | None = None
    policy: Name | None = Field(None, description="Storage policy of the place and what stands in it.")
    zone: Zone | None = Field(
        None, description="IANA time zone of a site, such as Europe/Berlin: its labels' days end there."
    )


class OwnerRecord(MasterRecord):
    """Whose stock it is."""

    name: Name
    title: Text = ""


ItemCode = Annotated[str, StringConstraints(max_length=60), AfterValidator(parse_code)]
"""``ndc:0591-0369-01`` or ``hibc:A123BJC5D6E71``; both may also be written as they are printed."""


class ItemRecord(MasterRecord):
    """A product. Days are whole days of remaining shelf life."""

    name: Name
    title: Text = ""
    base_unit: Name = "each"
    expiry_required: bool = True
    serial_tracked: bool = False
    gtins: dict[Annotated[str, Field(pattern=r"^[0-9]{14}$")], Units] = Field(
        {}, max_length=100, description="Each packaging level and how many base units are in one."
    )
    codes: dict[ItemCode, Units] = Field(
        {}, max_length=100, description="Other codes on labels, NDC and HIBC, and how many base units each stands for."
    )
    ndc: Text = Field("", description="National Drug Code with its hyphens.")
    storage_class: Name | None = Field(None, description="The storage policy that places for it should have.")
    allowance_minutes: Annotated[int, Field(ge=0, le=10_000_000)] | None = Field(
        None, description="Minutes outside the storage limits that stability data permit, over the life of a lot."
    )
    allowance_c_max: Annotated[float, Field(ge=-273.15, le=200)] | None = Field(
        None, description="Up to this temperature, in degrees Celsius."
    )
    receipt_inspection: bool = Field(False, description="Every receipt goes on hold until it is inspected.")
    shelf_life_days: Annotated[int, Field(ge=1, le=DAYS_MAX)] | None = Field(None, description="From making to expiry.")
    receipt_days_min: Days | None = Field(None, description="Shelf life that a receipt should have left.")
    substitutes: Annotated[tuple[Name, ...], Field(max_length=20)] = Field((), description="The best first.")
    controlled_schedule: Literal["", "I", "II", "III", "IV", "V"] = ""
    compounding: Literal["", "503A", "503B"] = Field("", description="503A for one patient, 503B in batches.")

    @field_validator("gtins")
    @classmethod
    def _check_digits(cls, gtins: dict[str, int]) -> dict[str, int]:
        for gtin in gtins:
            right = gs1_standard_check_digit(gtin[:-1])
            if int(gtin[-1]) != right:
                raise ValueError(f"GTIN {gtin} has a wrong check digit: by its other digits it ends in {right}")
        return gtins

    @field_validator("ndc")
    @classmethod
    def _is_ndc(cls, ndc: str) -> str:
        return str(parse_ndc(ndc)) if ndc else ndc

    @field_validator("codes")
    @classmethod
    def _mean_different_things(cls, codes: dict[str, int]) -> dict[str, int]:
        seen: dict[str, str] = {}
        for code in codes:
            for key in keys_of_code(code):
                if seen.setdefault(key, code) != code:
                    raise ValueError(f"{code} is the same as {seen[key]}: leave one of them out")
        return codes

    @model_validator(mode="after")
    def _is_no_substitute_of_itself(self) -> "ItemRecord":
        if self.name in self.substitutes or len(set(self.substitutes)) < len(self.substitutes):
            raise ValueError("substitutes: name other items, each once")
        return self


class SupplierRecord(MasterRecord):
    """Who goods come from, and whether they may. ``qualified_until`` is the last day on which they may."""

    name: Name
    title: Text = ""
    status: Literal["pending", "qualified", "suspended", "rejected"] = "pending"
    qualified_until: Day | None = None
    note: Text = ""


class RecipientRecord(MasterRecord):
    """A customer or ward, and the remaining shelf life that it demands of everything and of single items."""

    name: Name
    title: Text = ""
    kind: Literal["customer", "ward"]
    parent: Name | None = Field(None, description="The site a ward belongs to.")
    shelf_life_days_min: Days = 0
    care_priority: Annotated[int, Field(ge=1, le=4)] = Field(
        USUAL_PRIORITY, description="In a shortage: 1 life-saving, 2 urgent, 3 planned care, 4 can wait."
    )
    item_days_min: Annotated[dict[Name, Days], Field(max_length=1000)] = {}


class OperatorRecord(MasterRecord):
    """Who works with scanners. ``badge`` is what follows ``LW.BADGE.`` on the card."""

    name: Name
    badge: Code
    active: bool = True


class ReorderRecord(MasterRecord):
    """When to order more of an item for a place, and up to how much, in base units; and how it is to be kept there.

    ``service_level``: the share of what is wanted that is to be there; ``cycle_days``: for how long is ordered at once;
    ``room_max``: how much fits.
    """

    KEY = ("item", "place")
    item: Name
    place: Name
    supplier: Name | None = None
    reorder_point: Annotated[int, Field(ge=0, le=QUANTITY_MAX)]
    par_level: Units
    service_level: Annotated[float, Field(gt=0, lt=1)] = 0.98
    pack_size: Units = 1
    order_min: Units = 1
    cycle_days: Annotated[int, Field(ge=1, le=365)] = 14
    room_max: Units | None = None

    @model_validator(mode="after")
    def _par_is_above(self) -> "ReorderRecord":
        if self.par_level <= self.reorder_point:
            raise ValueError(f"par_level: write more than the reorder point, {self.reorder_point}")
        return self


class OpeningRecord(MasterRecord):
    """Stock that was there before the ledger was."""

    KEY = ("item", "lot_number", "owner", "place", "serial")
    item: Name
    lot_number: LotNumber
    owner: Name = "house"
    place: Name
    serial: Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]*$", max_length=100)] = ""
    quantity: Units
    expires_on: Day | None = None


class CostRecord(MasterRecord):
    """What a base unit of an item costs from a day on, at a supplier, or (without one) wherever it is from."""

    KEY = ("item", "supplier", "valid_from")
    item: Name
    supplier: Name | None = None
    valid_from: Day
    cost: Annotated[Decimal, Field(ge=0, max_digits=20, decimal_places=8)]
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")] = Field(description="ISO 4217, such as EUR.")

    @property
    def key(self) -> str:
        """Without a supplier: ``insulin/any/2026-01-01``."""
        return f"{self.item}/{self.supplier or 'any'}/{self.valid_from}"


KINDS: dict[str, type[MasterRecord]] = {
    "places": PlaceRecord,
    "owners": OwnerRecord,
    "items": ItemRecord,
    "suppliers": SupplierRecord,
    "recipients": RecipientRecord,
    "operators": OperatorRecord,
    "reorder-levels": ReorderRecord,
    "costs": CostRecord,
    "opening-balances": OpeningRecord,
}
"""What can be imported and exported, in an order in which nothing needs what comes after it."""


def differences(before: MasterRecord, after: MasterRecord) -> dict[str, dict[str, Any]]:
    """What changes from one to the other: field -> ``{"from": ..., "to": ...}`` in plain JSON values."""
    old, new = before.model_dump(mode="json"), after.model_dump(mode="json")
    return {field: {"from": old[field], "to": new[field]} for field in new if old[field] != new[field]}
