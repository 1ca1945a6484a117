"""Why a command may not move this stock: it has not happened yet, it is not there, or may not be used that way."""

from collections.abc import Iterable
from datetime import datetime

from cloud_sync.domain.movements import INTERNAL
from cloud_sync.domain.typed_times import CLOCKS_MAY_DIFFER
from cloud_sync.errors import Conflict, Invalid
from cloud_sync.posting.interop.partners import traced_items, why_not
from cloud_sync.posting.positions import lot_of, position_of
from cloud_sync.storage.database import Connection, Row
from cloud_sync.storage.queries import queries
from edge_agent.domain.barcodes.item_codes import code_of_case
from edge_agent.domain.stock.eligibility import ISSUING, Context, reasons_not_to
from edge_agent.domain.wire.records import Action


def check_not_ahead(occurred_at: datetime, at: datetime) -> None:
    """Raise ``Invalid`` if what is told has not happened yet."""
    if occurred_at > at + CLOCKS_MAY_DIFFER:
        raise Invalid(f"occurred_at {occurred_at:%Y-%m-%d %H:%M:%S} UTC is in the future", "Check the client's clock.")


def check_prescriptions(connection: Connection, action: Action, order: str | None, lot_ids: list[int]) -> None:
    """What was made for one patient is dispensed on that prescription. Raises ``Conflict``."""
    if action is not Action.DISPENSE:
        return
    for row in queries("compounding").prescriptions_of_lots(connection, lot_ids=lot_ids, dispensed_for=order):
        if not row["is_for_it"]:
            raise Conflict(
                f"lot {row['lot_number']} was made for prescription {row['prescription']}, not for {order or 'none'}",
                "Name the prescription as order, or an order with it, or have it made again for the other one.",
            )


def check_partner(connection: Connection, to_place: Row, lot_ids: Iterable[int], at: datetime) -> None:
    """Products under the DSCSA go to authorised trading partners only. Raises ``Conflict``."""
    if to_place["kind"] != "customer":
        return
    facts = list(queries("transactions").facts_of_lots(connection, lot_ids=sorted(set(lot_ids))))
    if not traced_items(connection, (row["item_id"] for row in facts)):
        return
    if fault := why_not(connection, [to_place["id"]], at.date())[to_place["id"]]:
        raise Conflict(
            f"{to_place['name']} is not an authorised trading partner: {fault}",
            "Look its licence up and file it under Trading partners, or do not ship to it.",
        )


def check_stock(
    connection: Connection,
    action: Action,
    from_place: Row,
    lot_id: int,
    serial: str,
    quantity: int,
    at: datetime,
    *,
    but_reservation: int | None = None,
    but_demand: str | None = None,
    picked_for: str | None = None,
) -> None:
    """Raise ``Conflict`` with all reasons if so much of it is not there, or may not be taken by this action."""
    if from_place["kind"] not in INTERNAL and action not in ISSUING:
        return
    row = queries("reservations").position_to_issue(
        connection,
        lot_id=lot_id,
        serial=serial,
        place_id=from_place["id"],
        but_reservation=but_reservation,
        but_demand=but_demand,
        picked_for=picked_for if action is Action.PICK else None,
    )
    if row is None or row["quantity"] < quantity:
        lot = lot_of(connection, lot_id)
        there = max(0, row["quantity"]) if row else 0
        unit = f" serial {serial}" if serial else ""
        raise Conflict(
            f"{from_place['name']} has {there} of lot {lot['lot_number']}{unit} ({lot['item']}), not {quantity}",
            "Check where the stock is: GET /v1/stock. If it is there in fact, count it at the dock.",
        )
    if code_of_case(serial) and quantity != row["quantity"]:
        raise Conflict(
            f"case {serial} is sealed and holds {row['quantity']}, not {quantity}",
            "Open it first (POST /v1/cases-of-goods/open, or at the dock), then take a part of what was in it.",
        )
    if action not in ISSUING:
        return
    position = position_of(row)
    reasons = [r.text for r in reasons_not_to(action, position.stock, Context(at=at, owner=row["owner"]))]
    if not reasons and position.free < quantity:
        reasons = [f"{row['reserved']} of {row['quantity']} are reserved for others"]
    if reasons:
        raise Conflict(
            f"lot {row['lot_number']} in {row['place']} may not be used to {action}: {'; '.join(reasons)}",
            "Allocate instead of choosing a lot: POST /v1/allocations returns the first-expiring eligible one.",
        )
