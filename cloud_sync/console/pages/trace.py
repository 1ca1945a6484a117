"""Trace: where a lot came from and where it went, drawn and as a table; and the search for what to trace."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse

from cloud_sync.actions.overview.rooms import house_zone
from cloud_sync.actions.quality.trace import Graph, TraceSearch, trace, trace_found
from cloud_sync.api.access import Ledger
from cloud_sync.console.page_route import PageRoute, Visitor
from cloud_sync.console.table import Column, Show, list_page, table
from cloud_sync.domain.trace import Direction, EdgeKind
from cloud_sync.domain.trace_view import Edge, Node, view_of
from cloud_sync.errors import Invalid, NotFound
from cloud_sync.storage.database import Row

OPENED_MAX = 50

FOUND = (
    Column("lot_number", "Lot", link=lambda row: f"/lots/{row['id']}"),
    Column("item", "Item"),
    Column("expires_on", "Expires", Show.DAY),
    Column("trace", "Trace", value=lambda _: "open the trace", link=lambda row: f"/lots/{row['id']}/trace"),
)

router = APIRouter(route_class=PageRoute)
Text = Annotated[str, Query(max_length=100)]
Ids = Annotated[list[str] | None, Query(max_length=OPENED_MAX)]


@router.get("/trace")
def search_page(
    request: Request, database: Ledger, _: Visitor,
    lot_number: Text = "", serial: Text = "", supplier: Text = "", order: Text = "", recipient: Text = "",
    batch: Text = "",
) -> Any:  # fmt: skip
    """Find lots by what somebody knows of them, and everybody who got any of them."""
    said = {"lot_number": lot_number, "serial": serial, "supplier": supplier, "order": order, "recipient": recipient,
            "batch": batch}  # fmt: skip
    given = {name: text.strip() for name, text in said.items() if text.strip()}
    found, fault = None, ""
    if given:
        try:
            found = trace_found(database, TraceSearch(**given))
        except (NotFound, Invalid) as error:
            fault = f"{error}. {error.what_to_do}"
    recipients, lots = (found["recipients"], found["lots"]) if found else ([], [])
    zone = house_zone(database)
    return list_page(
        request, "trace_search.html", said=said, found=found, fault=fault,
        recipients=table(request, "recipients", RECIPIENTS, recipients, zone=zone),
        lots=table(request, "lots", FOUND, lots, zone=zone, prefix="lot-"),
    )  # fmt: skip


@router.get("/lots/{lot_id}/trace")
def trace_page(lot_id: int, request: Request, database: Ledger, _: Visitor, graph: bool = False) -> Any:
    """A lot's trace both ways, as a table, and drawn if somebody asks for it."""
    traced = trace(database, min(lot_id, 2**63 - 1))
    rows = [row for direction in Direction for row in _rows(direction, getattr(traced, direction.value))]
    return list_page(
        request, "trace.html", lot=traced.lot, is_cut=traced.is_cut, graph=graph,
        steps=table(request, "steps", STEPS, rows, zone=house_zone(database)),
    )  # fmt: skip


@router.get("/lots/{lot_id}/trace/graph")
def graph_page(lot_id: int, database: Ledger, _: Visitor, opened: Ids = None) -> Any:
    """What is drawn of it, with these nodes opened."""
    traced = trace(database, min(lot_id, 2**63 - 1))
    view = view_of(_parts(traced.backward), _parts(traced.forward), frozenset(opened or ()))
    return JSONResponse(
        {"lot_id": traced.lot["id"], "nodes": view.nodes, "edges": view.edges, "nodes_in_all": view.nodes_in_all}
    )


def _parts(graph: Graph | None) -> tuple[Sequence[Node], Sequence[Edge]]:
    return (json.loads(graph.nodes), json.loads(graph.edges)) if graph else ([], [])


def _rows(direction: Direction, graph: Graph | None) -> list[Row]:
    nodes, edges = _parts(graph)
    by_key = {node["key"]: node for node in nodes}
    return [
        {
            "direction": "came from" if direction is Direction.BACKWARD else "went to",
            "kind": "moved" if edge["kind"] == EdgeKind.MOVED else "made into",
            "source": by_key[edge["source"]], "target": by_key[edge["target"]],
            "quantity": edge["quantity"], "first_at": _at(edge["first_at"]), "last_at": _at(edge["last_at"]),
        }
        for edge in sorted(edges, key=lambda edge: (str(edge["first_at"]), edge["source"], edge["target"]))
    ]  # fmt: skip


def _at(text: str | None) -> datetime | None:
    """An instant as the database writes it; None where nobody knows it."""
    return None if text is None or "infinity" in text else datetime.fromisoformat(text)


def _named(node: Node) -> str:
    return f"{node['item']} {node['lot_number']}"


STEPS = (
    Column("direction", "Way", filters=True),
    Column("kind", "What", filters=True),
    Column("lot", "Lot", value=lambda row: _named(row["source"]), link=lambda row: f"/lots/{row['source']['lot_id']}"),
    Column("from", "From", value=lambda row: row["source"]["place"]),
    Column("to", "To", value=lambda row: row["target"]["place"]),
    Column("into", "As", value=lambda row: _named(row["target"]), link=lambda row: f"/lots/{row['target']['lot_id']}"),
    Column("quantity", "Quantity", Show.NUMBER),
    Column("first_at", "First", Show.WHEN),
    Column("last_at", "Last", Show.WHEN),
)
RECIPIENTS = (
    Column("to_place", "Who got it", filters=True),
    Column("lot", "As", value=lambda row: _named(row), link=lambda row: f"/lots/{row['lot_id']}"),
    Column("quantity", "Quantity", Show.NUMBER),
    Column("of_lots", "Of the lots searched for", Show.NUMBER),
    Column("first_at", "First", Show.WHEN, value=lambda row: _at(row["first_at"])),
    Column("last_at", "Last", Show.WHEN, value=lambda row: _at(row["last_at"])),
)
