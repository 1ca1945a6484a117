"""Orders as the lists of several pages show them."""

from collections.abc import Callable, Mapping

from fastapi import Request

from cloud_sync.actions.orders.orders import list_orders
from cloud_sync.console.table import Column, Show, Table, table
from cloud_sync.domain.list_request import ListRequest
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
READ_AT_ONCE = 200
READ_MAX = 20_000
"""So many orders are looked through for those that wait for one kind of work."""


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

    def found(wanted: ListRequest) -> list[Row]:
        of = OrderKind(wanted.chosen["kind"]) if wanted.chosen.get("kind") in set(OrderKind) else kind
        oldest_first = wanted.sort in ("number", "requested_at") and not wanted.is_descending

        def read(rows_max: int, rows_skipped: int) -> list[Row]:
            return list_orders(
                database, kind=of, words=wanted.words, oldest_first=oldest_first, rows_max=rows_max,
                rows_skipped=rows_skipped,
            )  # fmt: skip

        if not wanted.chosen.get("next"):
            return read(wanted.rows_max, wanted.rows_skipped)
        return _that_wait_for(wanted, read)

    shown = (NUMBER, *columns, OPEN, STATE, NEXT)
    return table(request, name, shown, source=found, sorts=("number", "requested_at"), zone=zone, prefix=prefix)


def _that_wait_for(wanted: ListRequest, read: Callable[[int, int], list[Row]]) -> list[Row]:
    """Orders of which this is to be done next. That follows from all that happened to an order, and stands nowhere:
    they are read on until the page is full."""
    found: list[Row] = []
    needed = wanted.rows_skipped + wanted.rows_max
    for rows_skipped in range(0, READ_MAX, READ_AT_ONCE):
        rows = read(READ_AT_ONCE, rows_skipped)
        found += [row for row in rows if _next(row) == wanted.chosen["next"]]
        if len(found) >= needed or len(rows) < READ_AT_ONCE:
            break
    return found[wanted.rows_skipped : needed]
