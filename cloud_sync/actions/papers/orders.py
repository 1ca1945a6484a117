"""What papers of orders show: receipts, picks, shipments and destructions."""

from datetime import datetime
from typing import Any

from cloud_sync.actions.orders.allocate import list_reservations
from cloud_sync.actions.orders.fulfilment import passed_over
from cloud_sync.actions.orders.orders import order
from cloud_sync.actions.papers.sites import place_row, site_shown
from cloud_sync.domain.orders import OrderKind
from cloud_sync.domain.signatures import RecordKind
from cloud_sync.errors import Invalid
from cloud_sync.papers.kinds.order_papers import OrderPaper
from cloud_sync.papers.parts import titled
from cloud_sync.posting.signatures import record_of, signatures_of
from cloud_sync.storage.database import Connection, Database, Row
from cloud_sync.storage.queries import queries
from edge_agent.domain.wire.records import Action

RESERVATIONS_MAX = 5000
PASSED_OVER_MAX = 50
INTERNAL_KINDS = ("site", "room", "bin")
OF_RECEIPT = (OrderKind.PURCHASE, OrderKind.TRANSFER, OrderKind.RETURN)


def receipt_of(database: Database, paper_id: str, at: datetime) -> OrderPaper:
    """What is wrong with what came for an order. Raises ``NotFound``, ``Invalid`` for one for which nothing comes."""
    told = _of_kind(database, paper_id, *OF_RECEIPT)
    with database.transaction() as connection:
        base = _base(connection, told, Action.RECEIVE)
        known = {row["id"]: row for row in queries("papers").cases_of_order(connection, number=paper_id)}
        cases = [
            {"id": each["case_id"], "text": each["text"], "opened_at": None, "resolved_by": None, "resolved_at": None,
             "decision": None, "resolution": None, **known.get(each["case_id"], {})}
            for each in told["discrepancies"]
        ]  # fmt: skip
        return OrderPaper.model_validate(
            {**base, "goods": _moved(connection, paper_id, Action.RECEIVE), "cases": cases}
        )


def pick_of(database: Database, paper_id: str, at: datetime) -> OrderPaper:
    """What is reserved for an order and where it lies. Raises ``NotFound``, ``Invalid`` for another kind."""
    told = _of_kind(database, paper_id, OrderKind.REQUISITION, OrderKind.TRANSFER)
    reserved = list_reservations(database, demand=paper_id, only_open=True, rows_max=RESERVATIONS_MAX)
    passed = passed_over(database, paper_id, at=at, rows_max=PASSED_OVER_MAX)
    with database.transaction() as connection:
        base = _base(connection, told, None)
        items = _items(connection, {row["item"] for row in (*reserved, *passed)})
        goods = [_named(row, items) for row in sorted(reserved, key=lambda row: (row["place"], row["id"]))]
        titles = _titles(connection, {row["place"] for row in (*reserved, *passed)})
        goods = [row | {"place": titled(titles[row["place"]], row["place"])} for row in goods]
        why = [_named(row, items) | {"why": "; ".join(each["text"] for each in row["reasons"])} for row in passed]
        return OrderPaper.model_validate({**base, "goods": goods, "passed_over": why})


def shipment_of(database: Database, paper_id: str, at: datetime) -> OrderPaper:
    """What was shipped for an order. Raises ``NotFound``, ``Invalid`` for one for which nothing is shipped."""
    told = _of_kind(database, paper_id, OrderKind.REQUISITION, OrderKind.TRANSFER, OrderKind.RETURN)
    with database.transaction() as connection:
        shipped = _moved(connection, paper_id, Action.SHIP) + _moved(connection, paper_id, Action.DISPENSE)
        return OrderPaper.model_validate({**_base(connection, told, Action.SHIP, Action.DISPENSE), "goods": shipped})


def destruction_of(database: Database, paper_id: str, at: datetime) -> OrderPaper:
    """What was destroyed by an order. Raises ``NotFound``, ``Invalid`` for another kind of order."""
    told = _of_kind(database, paper_id, OrderKind.DESTRUCTION)
    with database.transaction() as connection:
        record = record_of(connection, RecordKind.ORDER, paper_id)
        return OrderPaper.model_validate({
            **_base(connection, told, Action.DESTROY), "goods": _moved(connection, paper_id, Action.DESTROY),
            "signatures": signatures_of(connection, RecordKind.ORDER, paper_id, record),
        })  # fmt: skip


def _of_kind(database: Database, number: str, *kinds: OrderKind) -> Row:
    told = order(database, number)
    if told["kind"] not in kinds:
        raise Invalid(
            f"order {number} is a {told['kind']}", f"This paper is of orders of these kinds: {', '.join(kinds)}."
        )
    return told


def _base(connection: Connection, told: Row, *done: Action | None) -> dict[str, Any]:
    source, target = place_row(connection, told["from_place"]), place_row(connection, told["to_place"])
    here = next((row for row in (source, target) if row["site"]), source)
    items = _items(connection, {line["item"] for line in told["lines"]})
    moved: dict[tuple[str, str], int] = {}
    for row in told["lots"]:
        if row["action"] in done:
            moved[row["item"], row["lot_number"]] = moved.get((row["item"], row["lot_number"]), 0) + row["quantity"]
    lines = []
    for line in told["lines"]:
        taken = sum(
            amount for (item, lot), amount in moved.items()
            if item == line["item"] and line["lot_number"] in ("", lot)
        )  # fmt: skip
        lines.append({**_named(line, items), "done": taken})
    return {
        **told, "site": site_shown(here), "source": _place(source), "target": _place(target), "lines": lines,
        "patient_ref": told["patient_ref"] or "",
        "steps": [step for step in told["steps"] if step["line"] is None],
    }  # fmt: skip


def _place(row: Row) -> dict[str, str]:
    return {"name": row["place"], "title": row["place_title"], "kind": row["kind"]}


def _titles(connection: Connection, names: set[str]) -> dict[str, str]:
    return {row["name"]: row["title"] for row in queries("papers").place_titles(connection, names=sorted(names))}


def _items(connection: Connection, names: set[str]) -> dict[str, Row]:
    return {row["name"]: row for row in queries("papers").items(connection, names=sorted(names))}


def _named(row: Row, items: dict[str, Row]) -> dict[str, Any]:
    item = items[row["item"]]
    return {
        **row,
        "item_title": item["title"],
        "base_unit": item["base_unit"],
        "ndc": item["ndc"],
        "gtin": item["gtin"],
    }


def _moved(connection: Connection, number: str, action: Action) -> list[dict[str, Any]]:
    rows = list(queries("papers").moved_for_order(connection, number=number, action=action.value))
    items = _items(connection, {row["item"] for row in rows})
    return [_named(row, items) for row in rows]
