"""Rows of position queries as the domain sees them, and as people and machines read them."""

from datetime import datetime
from typing import Any

from cloud_sync.domain.fefo import Position
from cloud_sync.errors import NotFound
from cloud_sync.storage.database import Connection, Row
from cloud_sync.storage.queries import queries
from edge_agent.domain.stock.eligibility import Context, HoldFact, HoldKind, Reason, Stock, reasons_not_to
from edge_agent.domain.stock.expiry import zone_named
from edge_agent.domain.wire.records import Action


def lot_of(connection: Connection, lot_id: int) -> Row:
    """The lot with this id. Raises ``NotFound``."""
    row: Row | None = queries("availability").lot_by_id(connection, lot_id=lot_id)
    if row is None:
        raise NotFound(f"there is no lot {lot_id}", "See GET /v1/lots for those there are.")
    return row


def position_of(row: Row) -> Position:
    """A row of a position query as the domain sees it."""
    stock = Stock(
        lot=row["lot_number"],
        owner=row["owner"],
        quantity=row["quantity"],
        reserved=row["reserved"],
        expires_at=row["expires_at"],
        expiry_required=row["expiry_required"],
        holds=tuple([HoldFact(HoldKind(hold["kind"]), hold["text"]) for hold in row["holds"]]),
        expires_on=row["expires_on"],
        zone=zone_named(row["zone"]),
    )
    return Position(
        lot_id=row["lot_id"],
        place_id=row["place_id"],
        serial=row["serial"],
        received_at=row["received_at"],
        stock=stock,
        is_made_for_it=row.get("is_made_for_it", False),
    )


def shown(row: Row, at: datetime) -> Row:
    """A row of a position query with the reasons not to issue it, as people and machines read them."""
    position = position_of(row)
    reasons = reasons_not_to(Action.ALLOCATE, position.stock, Context(at=at, owner=row["owner"]))
    return {**identity_of(row), "quantity": row["quantity"], "reserved": row["reserved"], "reasons": told(reasons)}


def identity_of(row: Row) -> dict[str, Any]:
    """Which stock a row of a position query is about, in plain JSON values."""
    expires_at: datetime | None = row["expires_at"]
    return {
        "lot_id": row["lot_id"],
        "item": row["item"],
        "lot_number": row["lot_number"],
        "owner": row["owner"],
        "serial": row["serial"],
        "place": row["place"],
        "expires_on": row["expires_on"].isoformat() if row["expires_on"] else None,
        "expires_at": expires_at.isoformat() if expires_at else None,
    }


def told(reasons: tuple[Reason, ...]) -> list[dict[str, str]]:
    """Reasons in plain JSON values."""
    return [{"code": reason.code.value, "text": reason.text} for reason in reasons]
