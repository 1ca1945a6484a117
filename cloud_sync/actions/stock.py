"""What there is, and whether it may be issued: every reason, by the same function as at the dock."""

from datetime import datetime
from typing import Any

from cloud_sync.actions.master_data import place_named
from cloud_sync.domain.fefo import Position
from cloud_sync.errors import NotFound
from cloud_sync.storage.database import Connection, Database, Row
from cloud_sync.storage.queries import queries
from edge_agent.domain.eligibility import Context, HoldFact, HoldKind, Reason, Stock, reasons_not_to
from edge_agent.domain.records import Action


def list_lots(
    database: Database,
    *,
    item: str | None = None,
    owner: str | None = None,
    lot_number: str | None = None,
    rows_max: int,
    rows_skipped: int = 0,
) -> list[Row]:
    """Lots, earliest expiry first."""
    with database.transaction() as connection:
        return list(
            queries("availability").lots(
                connection, item=item, owner=owner, lot_number=lot_number, rows_max=rows_max, rows_skipped=rows_skipped
            )
        )


def lot_of(connection: Connection, lot_id: int) -> Row:
    """The lot with this id. Raises ``NotFound``."""
    row: Row | None = queries("availability").lot_by_id(connection, lot_id=lot_id)
    if row is None:
        raise NotFound(f"there is no lot {lot_id}", "See GET /v1/lots for those there are.")
    return row


def list_stock(
    database: Database,
    *,
    at: datetime,
    item: str | None = None,
    place: str | None = None,
    lot_id: int | None = None,
    everywhere: bool = False,
    rows_max: int,
    rows_skipped: int = 0,
) -> list[Row]:
    """Positions, each with quantity, reserved, expiry and all reasons not to issue it at ``at``."""
    with database.transaction() as connection:
        if place is not None:
            place_named(connection, place)
        rows = queries("availability").positions(
            connection,
            item=item,
            place=place,
            lot_id=lot_id,
            everywhere=everywhere,
            rows_max=rows_max,
            rows_skipped=rows_skipped,
        )
        return [shown(row, at) for row in rows]


def list_movements(
    database: Database, *, lot_id: int | None = None, place: str | None = None, rows_max: int, rows_skipped: int = 0
) -> list[Row]:
    """Movements of a lot or through a place, the latest first."""
    with database.transaction() as connection:
        return list(
            queries("availability").movements(
                connection, lot_id=lot_id, place=place, rows_max=rows_max, rows_skipped=rows_skipped
            )
        )


def position_of(row: Row) -> Position:
    """A row of a position query as the domain sees it."""
    stock = Stock(
        lot=row["lot_number"],
        owner=row["owner"],
        quantity=row["quantity"],
        reserved=row["reserved"],
        expires_at=row["expires_at"],
        expiry_required=row["expiry_required"],
        holds=tuple(HoldFact(HoldKind(hold["kind"]), hold["text"]) for hold in row["holds"]),
    )
    made_for_it = row.get("is_made_for_it", False)
    return Position(row["lot_id"], row["place_id"], row["serial"], row["received_at"], stock, made_for_it)


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
        "expires_at": expires_at.isoformat() if expires_at else None,
    }


def told(reasons: tuple[Reason, ...]) -> list[dict[str, str]]:
    """Reasons in plain JSON values."""
    return [{"code": reason.code.value, "text": reason.text} for reason in reasons]
