"""Orders as the lists of several pages show them."""

from collections.abc import Mapping

from fastapi import Request

from cloud_sync.actions.orders.orders import list_orders
from cloud_sync.console.table import Column, Show, Table, table
from cloud_sync.domain.orders import OrderKind, OrderState, OrderStep, OrderWork, next_work
from cloud_sync.storage.database import Database, Row

WORK_TOLD: Mapping[OrderWork, str] = {
    OrderWork.APPROVE: "to approve",
    OrderWork.PLACE: "to place",
    OrderWork.WITNESS: "to witness",
    OrderWork.ALLOCATE: "to allocate",
    OrderWork.ISSUE: "to issue",
    OrderWork.RECEIVE: "to receive",
    OrderWork.DESTROY: "to destroy",
}


def work_of(order: Row) -> tuple[OrderWork, ...]:
    """What is to be done about an order as :func:`list_orders` gives it."""
    taken = [OrderStep(step["step"]) for step in order["steps"] if step["line"] is None]
    states = [{OrderState(name): each for name, each in line["states"].items()} for line in order["lines"]]
    return next_work(OrderKind(order["kind"]), taken, states)


def _next(order: Row) -> str:
    """The first of it, which is what lists are filtered by."""
    return next((WORK_TOLD[work] for work in work_of(order)), "done")


def _asked(order: Row) -> str:
    first = order["lines"][0]
    more = len(order["lines"]) - 1
    return f"{first['quantity']} {first['item']}" + (f" and {more} more" if more else "")


def _open(order: Row) -> int:
    return sum(line["open"] for line in order["lines"])


def _faults(order: Row) -> int:
    return sum(each["open"] for each in order["discrepancies"])


NUMBER = Column("number", "Order", link=lambda row: f"/orders/{row['number']}")
KIND = Column("kind", "Kind", Show.WORDS, filters=tuple(kind.value for kind in OrderKind))
FROM = Column("from_place", "From")
TO = Column("to_place", "To")
ASKED = Column("asked", "What", value=_asked)
OPEN = Column("open", "Open", Show.NUMBER, value=_open)
STATE = Column("state", "State", Show.TAG)
NEXT = Column("next", "Next", filters=(*WORK_TOLD.values(), "done"), value=_next)
REQUESTED_BY = Column("requested_by", "Requested by")
REQUESTED_AT = Column("requested_at", "Requested", Show.WHEN)
DISCREPANCIES = Column("discrepancies", "Discrepancies", Show.NUMBER, value=_faults)


def order_table(
    request: Request,
    database: Database,
    name: str,
    *columns: Column,
    kind: OrderKind | None,
    zone: str,
    prefix: str = "",
) -> Table:
    """Orders of one kind (None: all): number, these columns, what is open, state, and what is to be done next."""

    def found(rows_max: int, rows_skipped: int, words: str) -> list[Row]:
        return list_orders(database, kind=kind, words=words, rows_max=rows_max, rows_skipped=rows_skipped)

    shown = (NUMBER, *columns, OPEN, STATE, NEXT)
    return table(request, name, shown, source=found, zone=zone, prefix=prefix)
