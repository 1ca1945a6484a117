"""Orders as they are now: lines, decisions, and how far each quantity has come. Nothing of the latter is stored."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from cloud_sync.domain.orders import (
    Filled,
    Moved,
    OrderKind,
    OrderLine,
    OrderStep,
    fill,
    open_quantity,
    order_state,
    states_of,
)
from cloud_sync.storage.database import Connection, Row
from cloud_sync.storage.queries import queries
from edge_agent.domain.wire.records import Action


@dataclass(frozen=True, slots=True)
class OrderNow:
    """An order and everything that follows from the facts about it."""

    row: Row
    lines: tuple[OrderLine, ...]
    items: Mapping[int, str]
    steps: tuple[Row, ...]
    moved: tuple[Row, ...]
    filled: Filled
    instead_of: Mapping[int, int | None]

    @property
    def kind(self) -> OrderKind:
        """What is asked for."""
        return OrderKind(self.row["kind"])

    @property
    def number(self) -> str:
        """The order's number."""
        return str(self.row["number"])

    @property
    def taken(self) -> Mapping[OrderStep, str]:
        """Steps that were taken, and by whom."""
        return {OrderStep(step["step"]): step["by_whom"] for step in self.steps if step["line"] is None}

    def open_of(self, line: OrderLine) -> int:
        """Base units of a line that are neither done nor cancelled."""
        return open_quantity(self.kind, line, self.filled.by_line[line.line])

    def reserved_to(self, line: OrderLine) -> int:
        """Base units that are reserved for a line."""
        return self.filled.by_line[line.line].get(Action.ALLOCATE, 0)

    def shown(self) -> Row:
        """As people and machines read it."""
        steps = frozenset(self.taken)
        states = {line.line: states_of(self.kind, line, steps, self.filled.by_line[line.line]) for line in self.lines}
        return {
            **{key: value for key, value in self.row.items() if not key.endswith(("_id", "_kind")) and key != "id"},
            "state": order_state(list(states.values())),
            "lines": [
                {
                    "line": line.line,
                    "item": self.items[line.item_id],
                    "quantity": line.quantity,
                    "lot_number": line.lot_number,
                    "serial": line.serial,
                    "instead_of": self.instead_of[line.line],
                    "open": self.open_of(line),
                    "states": {state.value: quantity for state, quantity in states[line.line].items()},
                }
                for line in self.lines
            ],
            "steps": [{key: value for key, value in step.items() if key != "order_id"} for step in self.steps],
            "lots": [
                {key: row[key] for key in ("item", "lot_id", "lot_number", "serial", "action", "quantity")}
                for row in self.moved
            ],
        }


def orders_now(connection: Connection, numbers: Iterable[str]) -> dict[str, OrderNow]:
    """Orders by number; unknown numbers are left out."""
    rows = list(queries("orders").orders_by_number(connection, numbers=sorted(set(numbers))))
    ids = [row["id"] for row in rows]
    lines = _by_order(queries("orders").order_lines(connection, order_ids=ids))
    steps = _by_order(queries("orders").order_steps(connection, order_ids=ids))
    moved = _by_order(queries("orders").moved_for(connection, order_ids=ids))
    return {row["number"]: _order(row, *(rows_of.get(row["id"], []) for rows_of in (lines, steps, moved)))
            for row in rows}  # fmt: skip


def _by_order(rows: Iterable[Row]) -> dict[int, list[Row]]:
    found: dict[int, list[Row]] = {}
    for row in rows:
        found.setdefault(row["order_id"], []).append(row)
    return found


def _order(row: Row, lines: list[Row], steps: list[Row], moved: list[Row]) -> OrderNow:
    asked = tuple(
        OrderLine(n["line"], n["item_id"], n["quantity"], n["lot_number"], n["serial"], n["cancelled"]) for n in lines
    )
    facts = [
        Moved(Action(m["action"]), m["item_id"], m["lot_number"], m["serial"], m["quantity"])
        for m in moved
        if m["action"] in set(Action)
    ]
    items = {n["item_id"]: n["item"] for n in lines}
    instead_of = {n["line"]: n["instead_of"] for n in lines}
    return OrderNow(row, asked, items, tuple(steps), tuple(moved), fill(asked, facts), instead_of)
