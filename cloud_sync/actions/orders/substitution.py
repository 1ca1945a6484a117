"""Something else instead of what is missing of an order; a person decides it, with a reason."""

from uuid import UUID

from cloud_sync.actions.master_data.master_data import item_named
from cloud_sync.actions.orders.orders import lock_order, order_now, shown_order
from cloud_sync.domain.orders import RULES, OrderKind, OrderLine, OrderStep
from cloud_sync.errors import Conflict, NotFound
from cloud_sync.posting.idempotency import answer, answered_before
from cloud_sync.posting.planning.rationing import check_rations
from cloud_sync.posting.reservations.order_state import OrderNow
from cloud_sync.posting.reservations.reservation_moves import release_excess
from cloud_sync.storage.database import Connection, Database, Row
from cloud_sync.storage.events import add_event
from cloud_sync.storage.queries import queries


def substitute(
    database: Database,
    number: str,
    line: int,
    *,
    client_id: UUID,
    item: str,
    quantity: int,
    instead_of: int,
    reason: str,
    actor: str,
) -> Row:
    """Ask for ``quantity`` of a substitute instead of ``instead_of`` base units that are open of a line.

    Gives the order. Only what master data name as a substitute of its item. The same under the same ``client_id`` again
    changes nothing. Raises ``NotFound``, ``Conflict``.
    """
    request = {
        "order": number,
        "line": line,
        "item": item,
        "quantity": quantity,
        "instead_of": instead_of,
        "reason": reason,
    }
    with database.transaction() as connection:
        if answered_before(connection, "substitution_requested", client_id, request):
            return shown_order(connection, number)
        order = lock_order(connection, number)
        asked = _line_to_substitute(order, line, instead_of)
        substitute_id = _substitute_of(connection, order, asked, item)
        if order.kind is OrderKind.REQUISITION:
            check_rations(connection, order.row["from_id"], order.row["to_id"], [(substitute_id, quantity)])
        why = f"{item} instead: {reason}"
        queries("orders").add_order_line(
            connection,
            order_id=order.row["id"],
            line=max(each.line for each in order.lines) + 1,
            item_id=substitute_id,
            quantity=quantity,
            lot_number="",
            serial="",
            instead_of=line,
        )
        queries("orders").add_order_step(
            connection,
            order_id=order.row["id"],
            step=OrderStep.CANCELLED.value,
            line=line,
            quantity=instead_of,
            by_whom=actor,
            reason=why,
        )
        data = {
            "line": line, "item": order.items[asked.item_id], "instead_of": instead_of, "substitute": item,
            "quantity": quantity,
        }  # fmt: skip
        subject = f"order:{number}"
        add_event(connection, actor=actor, kind="order_substituted", subject=subject, reason=reason, data=data)
        release_excess(connection, order_now(connection, number), actor=actor, reason=f"{number}: {why}")
        answer(connection, "substitution_requested", client_id, request, number, actor=actor)
        return shown_order(connection, number)


def _line_to_substitute(order: OrderNow, line: int, instead_of: int) -> OrderLine:
    """The line of which something else is to be given. Raises ``NotFound``, ``Conflict``."""
    number = order.row["number"]
    if not RULES[order.kind].reservations:
        raise Conflict(f"order {number} is a {order.kind}", "Substitutes are given to requisitions and transfers.")
    asked = next((each for each in order.lines if each.line == line), None)
    if asked is None:
        raise NotFound(f"order {number} has no line {line}")
    if asked.lot_number or asked.serial:
        raise Conflict(f"line {line} of order {number} asks for one lot", "Cancel it, and order what is wanted.")
    if instead_of > order.open_of(asked):
        raise Conflict(
            f"line {line} of order {number} has only {order.open_of(asked)} units outstanding; "
            f"cannot substitute {instead_of}"
        )
    return asked


def _substitute_of(connection: Connection, order: OrderNow, asked: OrderLine, item: str) -> int:
    """Its id, if master data name it as a substitute of what was asked. Raises ``NotFound``, ``Conflict``."""
    wanted, substitute_id = order.items[asked.item_id], int(item_named(connection, item)["id"])
    known = queries("reservations").substitutes_of(connection, item_id=asked.item_id)
    if substitute_id not in {row["item_id"] for row in known}:
        raise Conflict(f"{item} is no substitute of {wanted}", f"Name it as one first: change the item {wanted}.")
    if any(each.item_id == substitute_id and not each.lot_number for each in order.lines):
        raise Conflict(f"order {order.row['number']} asks for {item} already", "Place another order for more of it.")
    return substitute_id
