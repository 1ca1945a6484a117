"""What answers on traces look like."""

from datetime import datetime

from pydantic import Field

from cloud_sync.api.schemas.common import PlaceKind, Schema
from cloud_sync.api.schemas.quality import ExposureOut
from cloud_sync.api.schemas.stock import LotOut


class NodeOut(Schema):
    """A lot in a place."""

    key: str
    lot_id: int
    item: str
    lot_number: str
    place: str
    place_kind: PlaceKind


class EdgeOut(Schema):
    """Stock that went from one node to another, movements added up."""

    kind: str = Field(description="moved, or made_into: one lot went into the making of another.")
    source: str
    target: str
    quantity: int
    movements: int
    first_at: datetime
    last_at: datetime


class EndOut(Schema):
    """Where a trace meets the world: a supplier or a recipient."""

    lot_id: int
    item: str
    lot_number: str
    from_place: str
    to_place: str
    quantity: int
    first_at: datetime
    last_at: datetime


class GraphOut(Schema):
    """A trace one way. ``ends`` are its suppliers (backward) or recipients (forward)."""

    nodes: list[NodeOut]
    edges: list[EdgeOut]
    ends: list[EndOut]


class TraceOut(Schema):
    """Where a lot came from and went, and the excursions it was exposed to on the way."""

    lot: LotOut
    serial: str
    backward: GraphOut | None
    forward: GraphOut | None
    excursions: list[ExposureOut]
    is_cut: bool = Field(description="Whether the trace is longer than what is shown.")
