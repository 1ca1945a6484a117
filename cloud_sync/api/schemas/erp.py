"""Purchase orders in, receipts out, unit costs, and what stock is worth. Quantities are base units."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated

from pydantic import Field, StringConstraints

from cloud_sync.api.schemas.common import Code, In, KnownTime, Name, Quantity, Schema, Text

Gtin = Annotated[str, StringConstraints(pattern=r"^[0-9]{14}$")]


class PurchaseLineIn(In):
    """So many base units of an item, or packs of a GTIN: name one of them."""

    item: Name | None = None
    gtin: Gtin | None = None
    quantity: Quantity


class PurchaseOrderIn(In):
    """An order by the other system's number."""

    number: Code
    supplier: Name
    to_place: Name
    note: Text = ""
    lines: Annotated[list[PurchaseLineIn], Field(min_length=1, max_length=1000)]


class PurchaseOrdersIn(In):
    """Orders; all are taken, or none."""

    orders: Annotated[list[PurchaseOrderIn], Field(min_length=1, max_length=1000)]


class RowFaultOut(Schema):
    """What is wrong. `line` counts lines of a file from 1, or orders of a message; 0: all of it."""

    line: int
    column: str
    text: str


class OrdersTakenOut(Schema):
    """What became of the orders; with faults nothing was taken."""

    dry_run: bool
    added: list[str]
    unchanged: list[str]
    faults: list[RowFaultOut]


class ReceiptOut(Schema):
    """Something that was received, where it stands in the feed."""

    position: int
    id: int
    order: str = Field(description="The purchase order that was scanned or typed; empty if none.")
    item: str
    lot_number: str
    owner: str
    expires_on: date | None
    serial: str
    quantity: int
    base_unit: str
    supplier: str
    place: str
    occurred_at: KnownTime
    recorded_at: datetime
    operator: str


class ReceiptsOut(Schema):
    """A part of the receipts."""

    rows: list[ReceiptOut]
    next: int = Field(description="`after` of the next request.")
    more: bool = Field(description="There may be more already.")


class CostOut(Schema):
    """What a base unit of an item costs from a day on. No supplier: wherever it is from."""

    item: str
    supplier: str | None
    valid_from: date
    cost: Decimal
    currency: str
    told_by: str
    told_at: datetime
    document_id: int | None


class StockValueRowOut(Schema):
    """A lot at a site. `cost` and `value` are null where nobody told a cost: unknown is not zero."""

    item: str
    lot_number: str
    owner: str
    site: str | None
    expires_on: date | None
    on_hold: bool
    quantity: int
    base_unit: str
    cost: Decimal | None
    cost_since: date | None
    currency: str | None
    value: Decimal | None


class StockValueOut(Schema):
    """What stock is worth; `totals` by currency; `unknown`: rows without a cost."""

    on: date
    rows: list[StockValueRowOut]
    totals: dict[str, Decimal]
    unknown: int
