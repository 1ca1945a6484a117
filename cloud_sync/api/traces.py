"""Traces by whatever people have in their hands, and thermal passports."""

import json
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from fastapi.responses import PlainTextResponse, Response
from pydantic import Field

from cloud_sync.actions.quality.thermal_passports import passport
from cloud_sync.actions.quality.trace import TraceSearch, as_csv, drawn, trace_found
from cloud_sync.api.access import ApiRoute, Ledger, Now, StockViewer
from cloud_sync.api.problems import answers
from cloud_sync.api.schemas.common import Code, Id, KnownTime, LotNumber, Name, PlaceKind, Schema
from cloud_sync.api.schemas.quality import ExposureOut
from cloud_sync.api.schemas.stock import LotOut
from cloud_sync.api.schemas.trace import EndOut, GraphOut
from cloud_sync.api.trace_json import found_trace_json
from cloud_sync.domain.trace import Direction
from edge_agent.domain.barcodes.item_codes import serial_of_case

router = APIRouter(tags=["trace"], route_class=ApiRoute, responses=answers(404))


class RecipientOut(EndOut):
    """Who got some of it."""

    of_lots: float = Field(description="Base units of the lots searched for in what was received, by quantity.")


class SourceOut(Schema):
    """What came from a supplier (or turned up in a count), and how much of it is in the units that were searched for.

    Those are what the recipient has, what the order sent out, or all of the lots. Which of several lots or receipts is
    in which unit nobody can tell once they were mixed: so the least that must be, and the most that can be.
    """

    lot_id: int
    item: str
    lot_number: str
    from_place: str
    received: int = Field(description="Base units that came from there.")
    least: float
    most: float


class FoundTraceOut(Schema):
    """All that was searched for, traced together."""

    lots: list[LotOut]
    backward: GraphOut | None
    forward: GraphOut | None
    recipients: list[RecipientOut]
    sources: list[SourceOut] | None = Field(description="Null where only the way forward was asked for.")
    is_cut: bool


class DrawnNodeOut(Schema):
    """A lot in a place."""

    id: str
    label: str
    place: str
    kind: PlaceKind


class DrawnEdgeOut(Schema):
    """What went from one to another."""

    source: str
    target: str
    kind: str
    label: str


class DrawnOut(Schema):
    """A trace to be drawn."""

    nodes: list[DrawnNodeOut]
    edges: list[DrawnEdgeOut]


class GapOut(Schema):
    """Nobody measured."""

    began_at: datetime
    ended_at: datetime


class MeasuredOut(Schema):
    """What one channel measured during a stay."""

    device: str
    metric: str
    measured_at: str
    lowest: float | None
    highest: float | None
    mkt_c: float | None
    measured_s: float
    gap_s: float
    gaps: list[GapOut]
    outside_s: dict[str, float]
    beyond_any_s: float
    stands_s: float = Field(
        description="A value counts as measured for so long at most: by how often its device measures."
    )


class StayOut(Schema):
    """A stay in a place; without an end while it lasts, or where nobody knows when it ended."""

    place: str
    place_kind: PlaceKind
    serial: str
    began_at: KnownTime
    ended_at: KnownTime
    channels: list[MeasuredOut]
    mkt_c: float | None
    measured_s: float
    outside_s: float
    unmeasured_s: float


class PassportOut(Schema):
    """What a lot went through. Where several probes measured, totals take the worst."""

    lot: LotOut
    serial: str
    at: datetime
    gap_s: float
    stays: list[StayOut]
    lowest_c: float | None
    highest_c: float | None
    mkt_c: float | None
    outside_s: float
    unmeasured_s: float
    allowance_s: float | None
    allowance_c_max: float | None = Field(description="No allowance covers what was warmer than this.")
    allowance_left_s: float | None
    excursions: list[ExposureOut]
    is_cut: bool


@router.get(
    "/trace",
    summary="Trace by lot number, serial, supplier, order, recipient or batch",
    response_model=FoundTraceOut | DrawnOut,
    responses={200: {"content": {"text/csv": {}}}},
)
def find_trace(
    database: Ledger,
    _: StockViewer,
    lot_number: LotNumber | None = None,
    serial: Annotated[Code | None, Query(description="Of a unit, or of a case as stock shows it.")] = None,
    code: Annotated[Code | None, Query(description="The GTIN or other code of the case that has this serial.")] = None,
    supplier: Name | None = None,
    order: Code | None = None,
    recipient: Annotated[Name | None, Query(description="A customer or ward.")] = None,
    batch: Annotated[Name | None, Query(description="A place of production.")] = None,
    direction: Annotated[Direction | None, Query(description="One way only; both without.")] = None,
    form: Annotated[Literal["json", "graph", "csv"], Query(description="graph: nodes and edges to draw.")] = "json",
) -> Response:
    """Where it came from and went, with how much of it everybody got. All that is given has to hold."""
    if code is not None and serial is not None:
        serial = serial_of_case(code, serial)
    search = TraceSearch(serial, lot_number, supplier, order, recipient, batch)
    traced = trace_found(database, search, frozenset({direction} if direction else Direction))
    if form == "csv":
        return PlainTextResponse(as_csv(traced), media_type="text/csv")
    text = json.dumps(drawn(traced)).encode() if form == "graph" else found_trace_json(traced)
    return Response(text, media_type="application/json")


@router.get("/lots/{lot_id}/passport", summary="See what a lot went through", response_model=PassportOut)
def lot_passport(
    lot_id: Id,
    database: Ledger,
    _: StockViewer,
    now: Now,
    serial: Annotated[str, Query(max_length=100, pattern=r"^[\x21-\x7e]*$")] = "",
    gap_s: Annotated[float, Query(gt=0, le=86_400, description="A value stands for no longer than this.")] = 1800,
    allowance_s: Annotated[
        float | None, Query(ge=0, description="How long it may be outside in all; else as the item says.")
    ] = None,
) -> Any:
    """Every place and time, temperatures and time outside limits there, kinetic temperature, gaps, allowance left."""
    return passport(database, lot_id, serial=serial, gap_s=gap_s, allowance_s=allowance_s, at=now)
