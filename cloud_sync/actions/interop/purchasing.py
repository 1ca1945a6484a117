"""Purchase orders in, receipts out, and what stock is worth: what purchasing and finance exchange with the ledger."""

import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

import psycopg

from cloud_sync.actions.interop.connections import FEED_LEAVES_MAX
from cloud_sync.actions.orders.orders import Asked, NewOrder, request_in
from cloud_sync.domain.csv_text import csv_lines
from cloud_sync.domain.master_records_csv import FAULTS_MAX, RecordFault
from cloud_sync.domain.orders import OrderKind
from cloud_sync.domain.purchase_orders import PurchaseOrder, lines_of
from cloud_sync.domain.uncertain_times import is_unbounded
from cloud_sync.errors import Conflict, LedgerError
from cloud_sync.posting.interop.costs import cost_of, costs_on
from cloud_sync.posting.interop.documents import keep_document
from cloud_sync.storage.database import Connection, Database, Row
from cloud_sync.storage.events import add_event
from cloud_sync.storage.queries import queries

PURCHASE_ORDERS = uuid.UUID("6f8f6a0e-5d8e-5a53-9d5a-6f1d5f0c7a11")
"""The name space of the ids under which orders of other systems are kept."""

SENT_OTHERWISE = "cancel what is open of it, or send the rest under another number"
RECEIPT_COLUMNS = (
    "position", "id", "order", "item", "lot_number", "owner", "expires_on", "serial", "quantity", "base_unit",
    "supplier", "place", "occurred_at", "recorded_at", "operator",
)  # fmt: skip
VALUE_COLUMNS = (
    "item", "lot_number", "owner", "site", "expires_on", "on_hold", "quantity", "base_unit", "cost", "cost_since",
    "currency", "value",
)  # fmt: skip


@dataclass(slots=True)
class OrdersTaken:
    """What became of orders that were sent. With faults nothing was taken."""

    dry_run: bool
    added: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    faults: list[RecordFault] = field(default_factory=list)


def take_orders(
    database: Database,
    orders: Sequence[PurchaseOrder],
    faults: Sequence[RecordFault],
    content: bytes,
    media_type: str,
    *,
    dry_run: bool,
    actor: str,
) -> OrdersTaken:
    """Take in all orders of a message, or none if any has a fault; what was sent is kept. Sending it again is harmless.

    An order waits for approval like any other. ``faults`` are those that reading the message found.
    """
    done = OrdersTaken(dry_run, faults=list(faults))
    with database.transaction() as connection, connection.transaction() as attempt:
        if not done.faults:
            known = _codes(connection, orders)
            for order in orders:
                _take(connection, order, known, done, actor)
        if done.faults or dry_run:
            del done.faults[FAULTS_MAX:]
            raise psycopg.Rollback(attempt)
        document = keep_document(connection, "purchase_orders", content, media_type, told_by=actor)
        if not document.already_known:
            data = {"document": document.id, "added": len(done.added), "unchanged": len(done.unchanged)}
            subject = f"document:{document.id}"
            add_event(connection, actor=actor, kind="purchase_orders_taken", subject=subject, data=data)
    return done


def _codes(connection: Connection, orders: Sequence[PurchaseOrder]) -> dict[str, Row]:
    codes = sorted({line.gtin for _, line in lines_of(orders) if line.gtin})
    return {row["code"]: row for row in queries("erp").items_by_code(connection, codes=codes)}


def _take(connection: Connection, order: PurchaseOrder, known: dict[str, Row], done: OrdersTaken, actor: str) -> None:
    first = order.lines[0].line if order.lines else 0
    wanted = Counter[str]()
    for line in order.lines:
        if bool(line.item) == bool(line.gtin):
            done.faults.append(RecordFault(line.line, "item", "name the item or a GTIN of it, one of them"))
        elif line.gtin and line.gtin not in known:
            done.faults.append(RecordFault(line.line, "gtin", f"no item has the GTIN {line.gtin}: import items first"))
        elif line.gtin:
            wanted[known[line.gtin]["item"]] += line.quantity * known[line.gtin]["base_units"]
        else:
            wanted[line.item] += line.quantity
    if not wanted:
        done.faults.append(RecordFault(first, "order", f"order {order.number} has no line"))
        return
    lines = tuple(Asked(item, quantity) for item, quantity in wanted.items())
    new = NewOrder(OrderKind.PURCHASE, order.supplier, order.to_place, lines, number=order.number, note=order.note)
    client_id = uuid.uuid5(PURCHASE_ORDERS, order.number)
    try:
        with connection.transaction():
            is_known = queries("reservations").said(connection, subject=f"request:{client_id}") is not None
            request_in(connection, new, client_id=client_id, actor=actor)
    except Conflict as error:
        text = str(error)
        if text.startswith("client_id"):
            text = f"order {order.number} was sent before with other content: {SENT_OTHERWISE}"
        done.faults.append(RecordFault(first, "order", text))
    except LedgerError as error:
        done.faults.append(RecordFault(first, "", str(error)))
    else:
        (done.unchanged if is_known else done.added).append(order.number)


def receipts(database: Database, after: int, rows_max: int) -> dict[str, Any]:
    """Receipts after a position of the feed, in the order in which they were committed: ``rows``, ``next``, ``more``.

    ``occurred_at`` is None where nobody knows it. Quantities are base units.
    """
    with database.transaction() as connection:
        size: int = queries("connections").tree_size(connection)
        until = min(size, after + FEED_LEAVES_MAX)
        rows = list(queries("erp").receipts(connection, after=after, until=until, rows_max=rows_max))
    for row in rows:
        if is_unbounded(row["occurred_at"]):
            row["occurred_at"] = None
    reached = rows[-1]["position"] if len(rows) == rows_max else max(after, until)
    return {"rows": rows, "next": reached, "more": reached < size}


def stock_value(database: Database, on: date, rows_max: int | None = None, rows_skipped: int = 0) -> list[Row]:
    """What the stock that is in the house now is worth by what items cost ``on`` that day: one row a lot and site, by
    item and lot; all, or ``rows_max`` of them.

    ``cost`` is that of the supplier a lot was first received from, else the one that names no supplier; ``cost`` and
    ``value`` are None where nobody told a cost: unknown is not zero.
    """
    with database.transaction() as connection:
        rows = list(queries("erp").stock_by_lot(connection, rows_max=rows_max, rows_skipped=rows_skipped))
        known = costs_on(connection, (row["item_id"] for row in rows), on)
    for row in rows:
        cost = cost_of(known.get(row["item_id"], ()), row["supplier_id"])
        row["cost"] = None if cost is None else cost.cost
        row["currency"] = None if cost is None else cost.currency
        row["cost_since"] = None if cost is None else cost.valid_from
        row["value"] = None if cost is None else Decimal(row["quantity"]) * cost.cost
    return rows


def stock_totals(database: Database, on: date) -> tuple[dict[str, Decimal], int]:
    """The value of all that ``stock_value`` has rows for, by currency; and how many lots nobody told a cost of."""
    with database.transaction() as connection:
        rows = list(queries("erp").stock_totals(connection, day=on))
    unknown = sum(row["lots"] for row in rows if row["currency"] is None)
    return {row["currency"]: row["value"] for row in rows if row["currency"] is not None}, unknown


def totals_of(rows: Sequence[Row]) -> dict[str, Decimal]:
    """The value of all rows by currency."""
    totals: dict[str, Decimal] = {}
    for row in rows:
        if row["value"] is not None:
            totals[row["currency"]] = totals.get(row["currency"], Decimal(0)) + row["value"]
    return totals


def lines_of_rows(columns: Sequence[str], rows: Sequence[Row]) -> Iterator[str]:
    """Rows as the lines of a CSV file, header first."""
    return csv_lines([columns, *([_cell(row[column]) for column in columns] for row in rows)])


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, date) else value  # a datetime is a date as well
