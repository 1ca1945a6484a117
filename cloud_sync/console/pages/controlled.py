"""Controlled items: what is in the house by schedule, discrepancies and deadlines, waste, inventories, the rules."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, Any

from fastapi import APIRouter, Form, Path, Query, Request
from fastapi.responses import RedirectResponse

from cloud_sync.actions.controlled import controlled, inventories, wastes
from cloud_sync.actions.master_data.choices import places_to_choose
from cloud_sync.actions.master_data.master_data import list_places
from cloud_sync.actions.overview.rooms import house_zone
from cloud_sync.actions.stock.movements import MovementLine
from cloud_sync.api.access import Ledger, Now
from cloud_sync.api.schemas.controlled import RuleIn, SiteInventoryIn, WasteIn
from cloud_sync.console.forms import ClientId, Field, Reason, checked, reason_of, whole
from cloud_sync.console.page_route import Administrator, CountApprover, Mover, PageRoute, Visitor
from cloud_sync.console.table import Column, Show, list_page, table, tag
from cloud_sync.domain.billing import plain
from cloud_sync.domain.controlled import SCHEDULES
from cloud_sync.domain.movements import INTERNAL
from cloud_sync.storage.database import Row

ROWS_MAX = 1000
CHOICES_MAX = 2000
REGISTER_DAYS = 92

router = APIRouter(route_class=PageRoute)
Named = Annotated[str, Query(max_length=100)]
_TONES = {"overdue": "bad", "due_soon": "warn", "open": "", "no_deadline": "warn"}

INVENTORY = (
    Column("schedule", "Schedule", filters=True),
    Column("item", "Item", value=lambda row: row["item_title"] or row["item"],
           link=lambda row: f"/controlled/register?item={row['item']}&site={row['site']}" if row["site"] else None),
    Column("lot_number", "Lot", link=lambda row: f"/lots/{row['lot_id']}"),
    Column("serial", "Serial", optional=True),
    Column("place", "Place", filters=True),
    Column("quantity", "On hand", Show.NUMBER),
    Column("base_unit", "Unit"),
    Column("counted_at", "Last counted", Show.WHEN),
    Column("count", "Count", link=lambda row: f"/counts/{row['count']}" if row["count"] else None),
)  # fmt: skip
DISCREPANCIES = (
    Column("id", "Case", Show.NUMBER, link=lambda row: f"/cases/{row['id']}"),
    Column("schedule", "Schedule", filters=True),
    Column("item", "Item"),
    Column("lot_number", "Lot", link=lambda row: f"/lots/{row['lot_id']}"),
    Column("text", "What differs"),
    Column("opened_at", "Since", Show.WHEN),
    Column("due_at", "Due", Show.WHEN),
    Column(
        "state", "Deadline", filters=True, html=lambda row: tag(row["state"].replace("_", " "), _TONES[row["state"]])
    ),
)
WASTES = (
    Column("id", "Waste", Show.NUMBER),
    Column("item", "Item"),
    Column("lot_number", "Lot", link=lambda row: f"/lots/{row['lot_id']}"),
    Column("amount", "Amount", value=lambda row: f"{plain(row['amount'])} {row['unit']}" if row["amount"] else
           f"1 {row['base_unit']}"),
    Column("place", "Place"),
    Column("reason", "Reason"),
    Column("wasted_by", "Wasted by"),
    Column("wasted_at", "When", Show.WHEN),
    Column("witness", "Witness", html=lambda row: row["witness"] or tag("waits", "warn")),
)  # fmt: skip
TAKEN = (
    Column("id", "Inventory", Show.NUMBER, link=lambda row: f"/controlled/inventories/{row['id']}"),
    Column("site", "Site"),
    Column("taken_on", "Taken on", Show.DAY),
    Column("taken_when", "At", Show.WORDS),
    Column("lines", "Positions", Show.NUMBER),
    Column("differing", "Differ", Show.NUMBER),
    Column("recorded_by", "By"),
)
RULES = (
    Column("schedule", "Schedule"),
    Column("blind_count", "Blind counts", value=lambda row: "yes" if row["blind_count"] else "no"),
    Column("double_count", "Counted by two", value=lambda row: "yes" if row["double_count"] else "no"),
    Column("witnessed_waste", "Witnessed waste", value=lambda row: "yes" if row["witnessed_waste"] else "no"),
    Column("resolve_hours", "Resolve within, hours", Show.NUMBER),
    Column("inventory_months", "Inventory every, months", Show.NUMBER),
    Column("source", "Source"),
)
REGISTER = (
    Column("occurred_at", "When", Show.WHEN),
    Column("action", "What", Show.WORDS),
    Column("from_place", "From"),
    Column("to_place", "To"),
    Column("lot_number", "Lot", link=lambda row: f"/lots/{row['lot_id']}"),
    Column("came", "Came", Show.NUMBER),
    Column("went", "Went", Show.NUMBER),
    Column("balance", "Balance", Show.NUMBER),
    Column("operator", "By"),
    Column("witness", "Witness", optional=True),
)
POSITIONS = (
    Column("schedule", "Schedule", filters=True),
    Column("item", "Item", value=lambda row: row["item_title"] or row["item"]),
    Column("lot_number", "Lot"),
    Column("serial", "Serial", optional=True),
    Column("place", "Place", filters=True),
    Column("counted", "Counted", Show.NUMBER),
    Column("expected", "Book quantity", Show.NUMBER),
    Column("counted_by", "Counted by"),
)


@router.get("/controlled")
def controlled_page(request: Request, database: Ledger, _: Visitor, now: Now) -> Any:
    """The perpetual inventory by schedule, what differs, what waits for a witness, inventories and rules."""
    zone = house_zone(database)
    made = wastes.list_wastes(database, rows_max=ROWS_MAX)
    rules = controlled.list_rules(database)
    known = {row["schedule"] for row in rules}
    items = controlled.controlled_items(database)
    return list_page(
        request, "controlled.html", zone=zone, schedules=SCHEDULES, items=items,
        without_rule=sorted({row["schedule"] for row in items} - known, key=SCHEDULES.index),
        sites=list_places(database, kind="site", rows_max=CHOICES_MAX), places=places_to_choose(database, INTERNAL),
        waiting=[row for row in made if row["witnessed_at"] is None],
        inventory=table(request, "inventory", INVENTORY, controlled.inventory(database, rows_max=ROWS_MAX), zone=zone,
                        prefix="stock-"),
        discrepancies=table(request, "discrepancies", DISCREPANCIES, controlled.discrepancies(
            database, at=now, rows_max=ROWS_MAX), zone=zone, prefix="case-"),
        wastes=table(request, "wastes", WASTES, made, zone=zone, prefix="waste-"),
        taken=table(request, "inventories", TAKEN, inventories.list_inventories(database, rows_max=ROWS_MAX), zone=zone,
                    prefix="taken-"),
        rules=table(request, "rules", RULES, rules, zone=zone, prefix="rule-"),
    )  # fmt: skip


@router.get("/controlled/register")
def register_page(
    request: Request, database: Ledger, _: Visitor, now: Now, item: Named = "", site: Named = "",
    days: Annotated[int, Query(ge=1, le=3660)] = REGISTER_DAYS,
) -> Any:  # fmt: skip
    """All that came to and left a site of an item, with the balance after each."""
    items = controlled.controlled_items(database)
    sites = list_places(database, kind="site", rows_max=CHOICES_MAX)
    rows: list[Row] = []
    if item and site:
        rows = controlled.register(database, item, site, since=now - timedelta(days=days), until=now)
    return list_page(
        request, "controlled_register.html", items=items, sites=sites, item=item, site=site, days=days,
        rows=table(request, "register", REGISTER, rows, zone=house_zone(database)),
    )  # fmt: skip


@router.get("/controlled/inventories/{inventory_id}")
def inventory_page(
    inventory_id: Annotated[int, Path(ge=1, le=2**63 - 1)], request: Request, database: Ledger, _: Visitor
) -> Any:
    """An inventory of a site with its lines, to be printed."""
    row = inventories.show_inventory(database, inventory_id)
    zone = house_zone(database)
    return list_page(
        request, "controlled_inventory.html", row=row, zone=zone,
        positions=table(request, "positions", POSITIONS, row["positions"], zone=zone),
    )  # fmt: skip


@router.post("/controlled/wastes")
def record_waste(
    database: Ledger, actor: Mover, now: Now, client_id: ClientId, item: Field = "", lot_number: Field = "",
    serial: Field = "", place: Field = "", amount: Field = "", unit: Field = "", reason: Reason = "",
) -> Any:  # fmt: skip
    """Throw away an opened or broken unit, or what was left of one."""
    said = checked(
        WasteIn, client_id=client_id, item=item, lot_number=lot_number.strip(), serial=serial.strip(), place=place,
        amount=amount.strip() or None, unit=unit.strip() if amount.strip() else "", reason=reason_of(reason, "waste"),
    )  # fmt: skip
    amount_said: Decimal | None = said.amount
    wastes.record_waste(
        database, MovementLine(said.item, said.lot_number, 1, said.owner, said.serial), said.place,
        amount=amount_said, unit=said.unit, reason=said.reason, client_id=said.client_id, at=now, actor=actor.name,
    )  # fmt: skip
    return RedirectResponse("/controlled", 303)


@router.post("/controlled/wastes/{waste_id}/witness")
def witness_waste(waste_id: Annotated[int, Path(ge=1, le=2**63 - 1)], database: Ledger, actor: Mover, now: Now) -> Any:
    """Say that one saw it."""
    wastes.witness_waste(database, waste_id, at=now, actor=actor.name)
    return RedirectResponse("/controlled", 303)


@router.post("/controlled/inventories")
def take_inventory(
    database: Ledger, actor: CountApprover, now: Now, site: Field = "", taken_on: Field = "", taken_when: Field = "",
    counts: Field = "", remark: Field = "",
) -> Any:  # fmt: skip
    """Keep the inventory of a site as approved counts found it."""
    said = checked(
        SiteInventoryIn, site=site, taken_on=taken_on, taken_when=taken_when, remark=remark,
        counts=[each for each in counts.replace(",", " ").split() if each],
    )  # fmt: skip
    row = inventories.take_inventory(
        database, said.site, said.counts, taken_on=date.fromisoformat(f"{said.taken_on}"), taken_when=said.taken_when,
        remark=said.remark, at=now, actor=actor.name,
    )  # fmt: skip
    return RedirectResponse(f"/controlled/inventories/{row['id']}", 303)


@router.post("/controlled/rules")
def set_rule(
    database: Ledger,
    actor: Administrator,
    now: Now,
    schedule: Field = "",
    blind_count: Annotated[bool, Form()] = False,
    double_count: Annotated[bool, Form()] = False,
    witnessed_waste: Annotated[bool, Form()] = False,
    resolve_hours: Field = "",
    inventory_months: Field = "",
    source: Reason = "",
) -> Any:
    """Say what is asked of a schedule from now on."""
    said = checked(
        RuleIn, blind_count=blind_count, double_count=double_count, witnessed_waste=witnessed_waste,
        resolve_hours=whole(resolve_hours, "the hours"), inventory_months=whole(inventory_months, "the months"),
        source=reason_of(source, "a rule"),
    )  # fmt: skip
    rule = controlled.ControlledRule(**said.model_dump())
    controlled.set_rule(database, schedule, rule, at=now, actor=actor.name)
    return RedirectResponse("/controlled", 303)
