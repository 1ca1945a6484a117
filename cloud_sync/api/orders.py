"""Orders, replenishment, counts, and in which state of the workflow every quantity is."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query

from cloud_sync.actions.orders import fulfilment, orders, replenishment, substitution
from cloud_sync.actions.stock import counts, workflow_states
from cloud_sync.api.access import (
    ApiRoute,
    Approver,
    CountApprover,
    Counter,
    Issuer,
    Ledger,
    Listing,
    Mover,
    Now,
    Reader,
    Receiver,
    Requester,
    StockViewer,
    Typed,
    check_typed,
)
from cloud_sync.api.problems import answers
from cloud_sync.api.schemas.common import Id, Listed, Name, WhyIn
from cloud_sync.api.schemas.order import (
    AskAgainIn,
    CancelIn,
    CountHeadOut,
    CountIn,
    CountOut,
    FindingsIn,
    IssueIn,
    OrderAllocatedOut,
    OrderIn,
    OrderOut,
    PickIn,
    ProposalOut,
    ProposedIn,
    ReceiptIn,
    StateOut,
    SubstituteIn,
)
from cloud_sync.api.schemas.stock import MovementOut
from cloud_sync.domain.orders import OrderKind, OrderStep

router = APIRouter(tags=["orders"], route_class=ApiRoute, responses=answers(404, 409))

Number = Annotated[str, Path(pattern=r"^[\x21-\x7e]{1,300}$", description="The order's or count's number.")]


@router.post("/orders", summary="Ask for something", status_code=201, response_model=OrderOut)
def request_order(said: OrderIn, database: Ledger, actor: Requester) -> Any:
    """Request a purchase, requisition, transfer, return or destruction. Purchases and destructions need approval.

    | kind | from | to | then |
    |---|---|---|---|
    | purchase | supplier | place of receipt | approve, place, receive |
    | requisition | site or room | customer or ward | allocate, pick, issue |
    | transfer | site or room | site or room | allocate, issue (ship), receive |
    | return | customer or ward | place of returns | receive: held until quality decides |
    | destruction | place | scrap | approve, witness, destroy |
    """
    new = orders.NewOrder(
        **said.model_dump(exclude={"client_id", "lines"}),
        lines=tuple(orders.Asked(**line.model_dump()) for line in said.lines),
    )
    return orders.request_order(database, new, client_id=said.client_id, actor=actor.name)


@router.get("/orders", summary="List orders", response_model=Listed[OrderOut])
def list_orders(
    database: Ledger, _: StockViewer, page: Listing, kind: OrderKind | None = None, place: Name | None = None
) -> Any:
    """Orders as they are now, the latest first."""
    return page.of(
        orders.list_orders(database, kind=kind, place=place, rows_max=page.rows_max, rows_skipped=page.offset)
    )


@router.get("/orders/{number}", summary="See an order", response_model=OrderOut)
def see_order(number: Number, database: Ledger, _: StockViewer) -> Any:
    """An order with the state of every quantity, the decisions on it, its lots and its discrepancies."""
    return orders.order(database, number)


@router.post("/orders/{number}/approve", summary="Approve an order", response_model=OrderOut)
def approve_order(number: Number, why: WhyIn, database: Ledger, actor: Approver, now: Now) -> Any:
    """Approve what somebody else requested."""
    return orders.take_step(database, number, OrderStep.APPROVED, why.reason, at=now, actor=actor.name)


@router.post("/orders/{number}/reject", summary="Reject an order", response_model=OrderOut)
def reject_order(number: Number, why: WhyIn, database: Ledger, actor: Approver, now: Now) -> Any:
    """Reject an order of which nothing was done yet."""
    return orders.take_step(database, number, OrderStep.REJECTED, why.reason, at=now, actor=actor.name)


@router.post("/orders/{number}/place", summary="Place a purchase with its supplier", response_model=OrderOut)
def place_order(number: Number, why: WhyIn, database: Ledger, actor: Requester, now: Now) -> Any:
    """Say that an approved purchase was ordered. Refused while its supplier is not qualified."""
    return orders.take_step(database, number, OrderStep.ORDERED, why.reason, at=now, actor=actor.name)


@router.post("/orders/{number}/witness", summary="Witness a destruction", response_model=OrderOut)
def witness_order(number: Number, why: WhyIn, database: Ledger, actor: Approver, now: Now) -> Any:
    """Say that one will be there when an approved destruction is done. Somebody else has to do it then."""
    return orders.take_step(database, number, OrderStep.WITNESSED, why.reason, at=now, actor=actor.name)


@router.post("/orders/{number}/destroy", summary="Destroy", response_model=OrderOut)
def destroy_order(number: Number, said: AskAgainIn, database: Ledger, actor: Mover, now: Now) -> Any:
    """Book that all that is open of an approved and witnessed destruction was destroyed."""
    return fulfilment.destroy(database, number, client_id=said.client_id, at=now, actor=actor.name)


@router.post("/orders/{number}/cancel", summary="Cancel an order or a part of it", response_model=OrderOut)
def cancel_order(number: Number, said: CancelIn, database: Ledger, actor: Requester) -> Any:
    """Cancel what is open: all of it, or some of some lines. Reservations to it are taken back.

    The same `client_id` with the same content again changes nothing.
    """
    quantities: dict[int, int] | None = None
    if said.lines is not None:
        quantities = {}
        for line in said.lines:
            quantities[line.line] = quantities.get(line.line, 0) + line.quantity
    return orders.cancel(database, number, quantities, said.reason, client_id=said.client_id, actor=actor.name)


@router.post("/orders/{number}/allocate", summary="Reserve stock for an order", response_model=OrderAllocatedOut)
def allocate_order(number: Number, said: AskAgainIn, database: Ledger, actor: Requester, now: Now) -> Any:
    """Reserve stock for what is open and not reserved yet, first expired first out, by the recipient's shelf life."""
    return fulfilment.allocate_order(database, number, client_id=said.client_id, at=now, actor=actor.name)


@router.post("/orders/{number}/substitute", summary="Take a substitute for a line", response_model=OrderOut)
def substitute_line(number: Number, said: SubstituteIn, database: Ledger, actor: Requester) -> Any:
    """Ask for a substitute instead of what is open of a line; a person decides it, with a reason. Then allocate.

    The same `client_id` with the same content again changes nothing.
    """
    return substitution.substitute(database, number, said.line, **said.model_dump(exclude={"line"}), actor=actor.name)


@router.post("/orders/{number}/pick", summary="Pick for an order", response_model=list[MovementOut])
def pick_order(number: Number, said: PickIn, database: Ledger, actor: Mover, now: Now) -> Any:
    """Move reserved stock to the place where the order is assembled. It stays reserved there."""
    return fulfilment.pick(database, number, said.reservations, to_place=said.to_place, at=now, actor=actor.name)


@router.post("/orders/{number}/issue", summary="Ship or dispense an order", response_model=list[MovementOut])
def issue_order(number: Number, said: IssueIn, database: Ledger, actor: Issuer, now: Now) -> Any:
    """Hand out reserved stock, all or none. Refused with all reasons if any of it was blocked since."""
    return fulfilment.issue(database, number, said.reservations, action=said.action, at=now, actor=actor.name)


@router.post("/orders/{number}/receive", summary="Receive for an order", response_model=OrderOut)
def receive_order(number: Number, said: ReceiptIn, database: Ledger, actor: Receiver, now: Now, limits: Typed) -> Any:
    """Book what came for a purchase, transfer or return. What is wrong with it is booked all the same, and told."""
    check_typed(limits, actor, said.occurred_at, now)
    return fulfilment.receive(
        database,
        number,
        [fulfilment.Came(**line.model_dump()) for line in said.lines],
        to_place=said.to_place,
        client_id=said.client_id,
        occurred_at=said.occurred_at,
        at=now,
        actor=actor.name,
    )


@router.get("/states", summary="See the state of stock", response_model=Listed[StateOut])
def list_states(
    database: Ledger,
    _: Reader,
    now: Now,
    page: Listing,
    item: Name | None = None,
    place: Annotated[Name | None, Query(description="Only at and below this place.")] = None,
    lot: Annotated[Id | None, Query(description="Only the lot with this id.")] = None,
) -> Any:
    """Stock everywhere, and in which state of the workflow each base unit of it is."""
    return page.of(
        workflow_states.list_states(
            database, item=item, place=place, lot_id=lot, at=now, rows_max=page.rows_max, rows_skipped=page.offset
        )
    )


@router.get("/replenishment", summary="See what to order", response_model=list[ProposalOut])
def list_proposals(database: Ledger, _: Reader, now: Now) -> Any:
    """Items of which less can be used, or is on its way, than their reorder point."""
    return replenishment.proposals(database, at=now)


@router.post(
    "/replenishment/requisitions", summary="Request what is proposed", status_code=201, response_model=list[OrderOut]
)
def request_proposed(said: ProposedIn, database: Ledger, actor: Requester, now: Now) -> Any:
    """Make purchase requisitions of the proposals, one for each supplier and place. Somebody else approves them."""
    return replenishment.request_proposed(
        database, supplier=said.supplier, client_id=said.client_id, at=now, actor=actor.name
    )


@router.post("/counts", summary="Open a count", status_code=201, response_model=CountOut)
def open_count(said: CountIn, database: Ledger, actor: Counter) -> Any:
    """Open a count of a place. Scans of the action count go into it by themselves."""
    return counts.open_count(database, place=said.place, number=said.number, is_blind=said.is_blind, actor=actor.name)


@router.get("/counts", summary="List counts", response_model=Listed[CountHeadOut])
def list_counts(database: Ledger, _: Reader, page: Listing, only_open: bool = False, place: Name | None = None) -> Any:
    """Counts, the latest first."""
    return page.of(
        counts.list_counts(database, only_open=only_open, place=place, rows_max=page.rows_max, rows_skipped=page.offset)
    )


@router.get("/counts/{number}", summary="See a count", response_model=CountOut)
def see_count(number: Number, database: Ledger, _: Reader) -> Any:
    """What was found, what was expected by all that is known now, and what nobody has counted."""
    return counts.count_now(database, number)


@router.post("/counts/{number}/findings", summary="Write down what was found", response_model=CountOut)
def add_findings(number: Number, said: FindingsIn, database: Ledger, actor: Counter, now: Now, limits: Typed) -> Any:
    """Write down what was found. Counting again replaces what was found before."""
    check_typed(limits, actor, said.counted_at, now)
    found = [counts.CountFinding(**each.model_dump()) for each in said.found]
    return counts.add_findings(
        database, number, found, client_id=said.client_id, counted_at=said.counted_at, at=now, actor=actor.name
    )


@router.post("/counts/{number}/finish", summary="End the counting", response_model=CountOut)
def finish_count(number: Number, database: Ledger, actor: Counter, now: Now) -> Any:
    """Nothing more is written down; a blind count shows from now on what was expected."""
    return counts.finish_count(database, number, at=now, actor=actor.name)


@router.post("/counts/{number}/approve", summary="Approve a count", response_model=CountOut)
def approve_count(number: Number, why: WhyIn, database: Ledger, actor: CountApprover) -> Any:
    """Book the differences. Whoever counted or opened the count may not."""
    return counts.decide_count(database, number, approve=True, reason=why.reason, actor=actor.name)


@router.post("/counts/{number}/reject", summary="Reject a count", response_model=CountOut)
def reject_count(number: Number, why: WhyIn, database: Ledger, actor: CountApprover) -> Any:
    """Close a count without booking anything."""
    return counts.decide_count(database, number, approve=False, reason=why.reason, actor=actor.name)
