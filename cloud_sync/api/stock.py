"""Lots, stock, movements, reservations, traces."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response

from cloud_sync.actions.access import require
from cloud_sync.actions.orders import allocate
from cloud_sync.actions.quality import trace
from cloud_sync.actions.stock import case_opening, movements, stock
from cloud_sync.api.access import ApiRoute, Ledger, Listing, Mover, Now, Requester, StockViewer, Typed, check_typed
from cloud_sync.api.problems import answers
from cloud_sync.api.schemas.common import Code, Id, Listed, LotNumber, Name, WhyIn
from cloud_sync.api.schemas.stock import (
    AllocationIn,
    AllocationOut,
    CaseOpeningIn,
    LotOut,
    MovementIn,
    MovementOut,
    PickIn,
    ReservationOut,
    StockOut,
)
from cloud_sync.api.schemas.trace import TraceOut
from cloud_sync.api.trace_json import trace_json
from cloud_sync.domain.roles import OF_ACTION
from cloud_sync.domain.trace import Direction
from edge_agent.domain.barcodes.item_codes import serial_of_case

router = APIRouter(tags=["stock"], route_class=ApiRoute, responses=answers(404, 409))


@router.get("/lots", summary="List lots", response_model=Listed[LotOut])
def list_lots(
    database: Ledger,
    _: StockViewer,
    page: Listing,
    item: Name | None = None,
    owner: Name | None = None,
    lot_number: LotNumber | None = None,
) -> Any:
    """Lots, earliest expiry first."""
    return page.of(
        stock.list_lots(
            database, item=item, owner=owner, lot_number=lot_number, rows_max=page.rows_max, rows_skipped=page.offset
        )
    )


@router.get("/stock", summary="See stock", response_model=Listed[StockOut])
def list_stock(
    database: Ledger,
    _: StockViewer,
    now: Now,
    page: Listing,
    item: Name | None = None,
    place: Annotated[Name | None, Query(description="Only at and below this place.")] = None,
    lot: Annotated[Id | None, Query(description="Only the lot with this id.")] = None,
    everywhere: Annotated[bool, Query(description="Also with suppliers, customers, wards and in production.")] = False,
) -> Any:
    """Stock by lot and place: quantity, reserved, and all reasons not to issue it."""
    return page.of(
        stock.list_stock(
            database,
            at=now,
            item=item,
            place=place,
            lot_id=lot,
            everywhere=everywhere,
            rows_max=page.rows_max,
            rows_skipped=page.offset,
        )
    )


@router.post("/movements", summary="Move stock", status_code=201, response_model=list[MovementOut])
def move(command: MovementIn, database: Ledger, actor: Mover, now: Now, limits: Typed) -> Any:
    """Book movements, all lines or none. The same `client_id` with the same content again changes nothing.

    A command that would issue blocked stock, or take more than there is, answers 409 with all reasons.
    """
    if more := OF_ACTION.get(command.action):
        require(actor, more)
    check_typed(limits, actor, command.occurred_at, now)
    transfer = movements.Transfer(
        command.action, command.from_place, command.to_place, command.occurred_at, command.order
    )
    lines = tuple(movements.MovementLine(**line.model_dump()) for line in command.lines)
    return movements.move(database, transfer, lines, client_id=command.client_id, at=now, actor=actor.name)


@router.post(
    "/cases-of-goods/open", summary="Open a serialised case", status_code=201, response_model=list[MovementOut]
)
def open_case(command: CaseOpeningIn, database: Ledger, actor: Mover, now: Now, limits: Typed) -> Any:
    """Say that a case was opened: it goes out of stock, and what it held comes in, loose or by serials found inside.

    Holds, reservations and the trace go on with it. The same `client_id` with the same content again changes nothing.
    """
    check_typed(limits, actor, command.occurred_at, now)
    said = command.model_dump(exclude={"client_id", "code"}) | {"units": tuple(command.units)}
    if command.code is not None:
        said["serial"] = serial_of_case(command.code, command.serial)
    opening = case_opening.CaseOpening(**said)
    return case_opening.open_case_of_goods(database, opening, client_id=command.client_id, at=now, actor=actor.name)


@router.get("/movements", summary="List movements", response_model=Listed[MovementOut])
def list_movements(
    database: Ledger, _: StockViewer, page: Listing, lot: Id | None = None, place: Name | None = None
) -> Any:
    """Movements of a lot or through a place, the latest first."""
    return page.of(
        stock.list_movements(database, lot_id=lot, place=place, rows_max=page.rows_max, rows_skipped=page.offset)
    )


@router.post("/allocations", summary="Reserve stock for a demand", status_code=201, response_model=AllocationOut)
def allocate_stock(
    demand: AllocationIn,
    database: Ledger,
    actor: Requester,
    now: Now,
    page: Listing,
    explain: Literal["first", "all"] = "first",
) -> Any:
    """Reserve stock, first expired first out. Blocked stock is skipped, and never reserved.

    The first of it is explained with all its reasons, the rest is counted by reason. `explain=all` gives all stock of
    the item that could not be taken now, with all reasons, page by page (`limit`, `offset`): send the same request
    again for the next page. What cannot be covered is `missing`. The same `client_id` with the same content reserves
    nothing more.
    """
    answer = allocate.allocate(database, **demand.model_dump(), at=now, actor=actor.name)
    if explain == "all":
        skipped = allocate.explain(
            database,
            item=demand.item,
            owner=demand.owner,
            demand=demand.demand,
            site=demand.site,
            shelf_life_min_days=demand.shelf_life_min_days,
            at=now,
            rows_max=page.limit,
            rows_skipped=page.offset,
        )
        return {**answer, "skipped": skipped, "skipped_more": {}}
    return answer


@router.get("/reservations", summary="List reservations", response_model=Listed[ReservationOut])
def list_reservations(
    database: Ledger,
    _: StockViewer,
    page: Listing,
    demand: Code | None = None,
    lot: Id | None = None,
    only_open: bool = False,
) -> Any:
    """Reservations, open and ended, with how they ended."""
    return page.of(
        allocate.list_reservations(
            database,
            demand=demand,
            lot_id=lot,
            only_open=only_open,
            rows_max=page.rows_max,
            rows_skipped=page.offset,
        )
    )


@router.post("/reservations/{reservation_id}/void", summary="Take a reservation back", status_code=204)
def void_reservation(reservation_id: Id, why: WhyIn, database: Ledger, actor: Requester) -> Response:
    """Free the reserved stock."""
    allocate.void_reservation(database, reservation_id, why.reason, actor=actor.name)
    return Response(status_code=204)


@router.post("/reservations/{reservation_id}/confirm", summary="Confirm a pending reservation", status_code=204)
def confirm_reservation(reservation_id: Id, database: Ledger, actor: Requester, now: Now) -> Response:
    """Make it firm. Refused once it has ended."""
    allocate.confirm_reservation(database, reservation_id, at=now, actor=actor.name)
    return Response(status_code=204)


@router.post(
    "/reservations/{reservation_id}/pick",
    summary="Keep a reservation",
    status_code=201,
    response_model=list[MovementOut],
)
def pick(reservation_id: Id, where: PickIn, database: Ledger, actor: Mover, now: Now) -> Any:
    """Move the reserved stock. Refused with all reasons if it has been blocked since."""
    if more := OF_ACTION.get(where.action):
        require(actor, more)
    return movements.pick(
        database,
        reservation_id,
        to_place=where.to_place,
        action=where.action,
        quantity=where.quantity,
        at=now,
        actor=actor.name,
    )


@router.get("/lots/{lot_id}/trace", summary="Trace a lot", response_model=TraceOut)
def trace_lot(
    lot_id: Id,
    database: Ledger,
    _: StockViewer,
    serial: Annotated[str, Query(max_length=100, pattern=r"^[\x21-\x7e]*$")] = "",
    direction: Annotated[Direction | None, Query(description="One way only; both without.")] = None,
) -> Response:
    """Where a lot came from (suppliers, ingredients) and went (places, recipients, products), and its excursions."""
    directions = frozenset({direction} if direction else Direction)
    traced = trace.trace(database, lot_id, serial=serial, directions=directions)
    return Response(trace_json(traced), media_type="application/json")
