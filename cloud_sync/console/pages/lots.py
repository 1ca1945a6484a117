"""Lots: search or scan, and one page for each with all that is known of it."""

from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import PlainTextResponse, RedirectResponse
from markupsafe import Markup

from cloud_sync.actions.audit_log import events_of
from cloud_sync.actions.master_data.documents import list_documents
from cloud_sync.actions.overview.lists import movements_listed
from cloud_sync.actions.overview.lots import lot_told, lots_listed
from cloud_sync.actions.overview.rooms import house_zone
from cloud_sync.actions.quality.holds_and_dispositions import listed, place_hold
from cloud_sync.actions.quality.thermal_passports import passport
from cloud_sync.actions.quality.trace import as_csv, ends_of, trace
from cloud_sync.actions.stock.stock import list_stock
from cloud_sync.api.access import Ledger, Now
from cloud_sync.console.page_route import Holder, PageRoute, Visitor
from cloud_sync.console.rendering import MISSING, lasting, value
from cloud_sync.console.scan_words import words_of_scan
from cloud_sync.console.table import Column, Show, list_page, table, tag
from cloud_sync.console.timeline import bars_of
from cloud_sync.console.words import in_words, state_chosen
from cloud_sync.domain.list_request import ListRequest
from cloud_sync.domain.orders import RULES
from cloud_sync.errors import Invalid
from cloud_sync.storage.database import Row
from edge_agent.domain.monitoring.quantities import quantity_of
from edge_agent.domain.wire.records import Action

ROWS_MAX = 100
EVENTS_MAX = 1000
ENDS_SHOWN = 20
ORDER_PREFIXES = tuple(f"{rules.prefix}-" for rules in RULES.values())
"""How numbers begin that the ledger gave to orders; others are not led to, for they may be of anything."""
GAP_S = 1800.0

LOTS = (
    Column("lot_number", "Lot", link=lambda row: f"/lots/{row['id']}"),
    Column("item", "Item", value=lambda row: row["item_title"] or row["item"]),
    Column("owner", "Owner"),
    Column("expires_on", "Expires", Show.DAY),
    Column("quantity", "In stock", Show.NUMBER, html=lambda row: f"{row['quantity']} {row['base_unit']}"),
    Column("places", "Places"),
    Column(
        "state", "State", Show.TAG, filters=("on hold", "available", "none here"),
        value=lambda row: "on hold" if row["is_held"] else "available" if row["quantity"] else "none here",
    ),
)  # fmt: skip
SORTS = ("lot_number", "item", "owner", "expires_on")


def _c(celsius: float | None) -> str:
    return value(celsius, "temp_c")


def _may_be_issued(row: Row) -> Markup:
    if not row["reasons"]:
        return tag("yes")
    why = "; ".join(in_words(each["text"], row["zone"]) for each in row["reasons"])
    return Markup("{} {}").format(tag("no"), why)


HERE = (
    Column("place", "Place"),
    Column("serial", "Serial", optional=True),
    Column("quantity", "Quantity", Show.NUMBER),
    Column("reserved", "Reserved", Show.NUMBER),
    Column(
        "reasons", "May it be issued?", value=lambda row: [each["text"] for each in row["reasons"]] or "yes",
        html=_may_be_issued,
    ),
)  # fmt: skip
DOCUMENTS = (
    Column("kind", "Kind", Show.WORDS),
    Column("reference", "Reference"),
    Column("valid_until", "Valid until", Show.DAY),
    Column(
        "sha256",
        "SHA-256",
        html=lambda row: Markup("<code>{}…</code>").format(row["sha256"][:16]) if row["sha256"] else MISSING,
    ),
    Column("added_at", "Filed", Show.WHEN),
    Column("added_by", "Filed by"),
)
STAYS = (
    Column("place", "Place"),
    Column("began_at", "From", Show.WHEN),
    Column("ended_at", "Until", Show.WHEN, value=lambda row: row["ended_at"] or "now"),
    Column("lowest_c", "Lowest", Show.NUMBER, html=lambda row: _c(row["lowest_c"])),
    Column("highest_c", "Highest", Show.NUMBER, html=lambda row: _c(row["highest_c"])),
    Column("mkt_c", "MKT", Show.NUMBER, html=lambda row: _c(row["mkt_c"])),
    Column("outside_s", "Outside", Show.NUMBER, html=lambda row: _lasted(row["outside_s"])),
    Column("unmeasured_s", "Not measured", Show.NUMBER, html=lambda row: _lasted(row["unmeasured_s"])),
)
MOVEMENTS = (
    Column("occurred_at", "When", Show.WHEN),
    Column("action", "What", Show.WORDS, filters=tuple(str(action).replace("_", " ") for action in Action)),
    Column("from_place", "From"),
    Column("to_place", "To"),
    Column("quantity", "Quantity", Show.NUMBER),
    Column("order_ref", "For", link=lambda row: _page_of(row["order_ref"])),
    Column("operator", "Who"),
)
EVENTS = (
    Column("at", "When", Show.WHEN),
    Column("actor", "Who", filters=True),
    Column("kind", "What", Show.WORDS, filters=True),
    Column("reason", "Why"),
)

router = APIRouter(route_class=PageRoute)


@router.get("/lots")
def lots_page(request: Request, database: Ledger, _: Visitor, now: Now) -> Any:
    """Lots found by number, item or GTIN; what is in the house and expires first comes first."""

    def found(wanted: ListRequest) -> list[Row]:
        return lots_listed(database, replace(state_chosen(wanted), words=words_of_scan(wanted.words, now.date())))

    shown = table(request, "lots", LOTS, source=found, sorts=SORTS, zone=house_zone(database))
    return list_page(request, "lots.html", lots=shown, now=now)


@router.get("/lots/{lot_id}")
def lot_page(lot_id: int, request: Request, database: Ledger, _: Visitor, now: Now) -> Any:
    """Where a lot is, why it may not be issued, what it went through, where it came from and who got it."""
    lot_id = min(lot_id, 2**63 - 1)
    lot = lot_told(database, lot_id)
    told = passport(
        database, lot_id, serial="", gap_s=GAP_S, allowance_s=None, at=now, as_far_as_readable=True, lot=lot
    )
    told["stays"] = [_extremes(stay) for stay in told["stays"]]
    sources, recipients = ends_of(database, lot_id)
    zone = house_zone(database)
    stock = list_stock(database, at=now, lot_id=lot_id, everywhere=True, rows_max=ROWS_MAX)

    def moved(wanted: ListRequest) -> list[Row]:
        return movements_listed(database, wanted, lot_id=lot_id)

    return list_page(
        request, "lot.html", lot=lot, passport=told, bars=bars_of(told["stays"], now), zone=zone, now=now,
        stock=stock,
        here=table(
            request, "stock", HERE, [row | {"zone": zone} for row in stock if row["quantity"] > 0], zone=zone,
            prefix="here-",
        ),
        holds=listed(database, "holds_now", lot_id=lot_id, place=None, rows_max=ROWS_MAX, rows_skipped=0),
        documents=table(
            request, "documents", DOCUMENTS,
            list_documents(database, supplier=None, lot_id=lot_id, rows_max=ROWS_MAX), zone=zone, prefix="document-",
        ),
        stays=table(request, "stays", STAYS, told["stays"], zone=zone, prefix="stay-"),
        movements=table(
            request, "movements", MOVEMENTS, source=moved, searches=False, sorts=("occurred_at",), zone=zone,
            prefix="moved-",
        ),
        events=table(
            request, "history", EVENTS, events_of(database, f"lot:{lot_id}", rows_max=EVENTS_MAX), zone=zone,
            prefix="event-",
        ),
        sources=sources, recipients=recipients, ends_shown=ENDS_SHOWN,
    )  # fmt: skip


@router.get("/lots/{lot_id}/trace.csv")
def trace_csv(lot_id: int, database: Ledger, _: Visitor) -> Any:
    """The whole trace of a lot as a table for a spreadsheet."""
    traced = trace(database, min(lot_id, 2**63 - 1))
    name = "".join(sign if sign.isalnum() else "-" for sign in traced.lot["lot_number"])
    return PlainTextResponse(
        as_csv({"backward": traced.backward, "forward": traced.forward}),
        media_type="text/csv",
        headers={"content-disposition": f'attachment; filename="trace-{name}.csv"'},
    )


@router.post("/lots/{lot_id}/hold")
def hold_page(
    lot_id: int,
    database: Ledger,
    actor: Holder,
    now: Now,
    reason: Annotated[str, Form(max_length=2000)] = "",
    place: Annotated[str, Form(max_length=200)] = "",
) -> Any:
    """Hold a lot, or what of it is in a place."""
    if not reason.strip():
        raise Invalid("a hold needs a reason", "Go back and write down why.")
    place_hold(database, lot_id=lot_id, place=place or None, reason=reason.strip(), at=now, actor=actor.name)
    return RedirectResponse(f"/lots/{lot_id}", 303)


def _page_of(number: str) -> str | None:
    """The page of the order that a movement names, where its number is one that the ledger gave."""
    return f"/orders/{number}" if number.startswith(ORDER_PREFIXES) else None


def _lasted(seconds: float | None) -> str:
    return "not known" if seconds is None else lasting(seconds)


def _extremes(stay: dict[str, Any]) -> dict[str, Any]:
    """A stay with the lowest and highest temperature that any of its channels had."""
    channels = [each for each in stay["channels"] if quantity_of(each["metric"]) == "temp_c"]
    lowest = min((each["lowest"] for each in channels if each["lowest"] is not None), default=None)
    highest = max((each["highest"] for each in channels if each["highest"] is not None), default=None)
    return stay | {"lowest_c": lowest, "highest_c": highest}
