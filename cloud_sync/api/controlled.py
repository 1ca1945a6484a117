"""Controlled items: rules, perpetual inventory and register, discrepancies, witnessed waste, inventories of a site."""

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import AwareDatetime

from cloud_sync.actions.controlled import controlled, inventories, wastes
from cloud_sync.actions.stock.movements import MovementLine
from cloud_sync.api.access import Administrator, ApiRoute, CountApprover, Ledger, Listing, Mover, Now, Reader
from cloud_sync.api.problems import answers
from cloud_sync.api.schemas.common import Id, Listed, Name
from cloud_sync.api.schemas.controlled import (
    DiscrepancyOut,
    InventoryRowOut,
    RegisterRowOut,
    RuleIn,
    RuleOut,
    Schedule,
    SiteInventoryIn,
    SiteInventoryOut,
    SiteInventoryShownOut,
    WasteIn,
    WasteOut,
)

router = APIRouter(tags=["controlled items"], route_class=ApiRoute, responses=answers(404, 409))
REGISTER_OVER = timedelta(days=31)
FIRST_YEAR = 1900


@router.get("/controlled-rules", summary="List rules of schedules", response_model=list[RuleOut])
def list_rules(database: Ledger, _: Reader) -> Any:
    """What the house asks of each schedule. A schedule that is not here has no rule, and no deadline."""
    return controlled.list_rules(database)


@router.put("/controlled-rules/{schedule}", summary="Set the rule of a schedule", response_model=RuleOut)
def set_rule(
    schedule: Annotated[Schedule, Path()], said: RuleIn, database: Ledger, actor: Administrator, now: Now
) -> Any:
    """Say what is asked from now on, and by which text."""
    return controlled.set_rule(
        database, schedule, controlled.ControlledRule(**said.model_dump()), at=now, actor=actor.name
    )


@router.get("/controlled-inventory", summary="See the perpetual inventory", response_model=Listed[InventoryRowOut])
def inventory(
    database: Ledger,
    _: Reader,
    page: Listing,
    schedule: Schedule | None = None,
    site: Name | None = None,
    item: Name | None = None,
) -> Any:
    """What is in the house of each lot of controlled items by schedule, and when it was last counted and by whom."""
    return page.of(
        controlled.inventory(
            database, schedule=schedule or "", site=site, item=item, rows_max=page.rows_max, rows_skipped=page.offset
        )
    )


@router.get("/controlled-register", summary="See an item's register", response_model=list[RegisterRowOut])
def register(
    database: Ledger,
    _: Reader,
    now: Now,
    item: Name,
    site: Name,
    since: Annotated[AwareDatetime | None, Query(description="31 days ago, if left out.")] = None,
    until: Annotated[AwareDatetime | None, Query(description="Now, if left out.")] = None,
) -> Any:
    """All that came to and left a site of an item, oldest first, with the balance after each."""
    last = until or now
    before = last - REGISTER_OVER if last.year > FIRST_YEAR else last
    return controlled.register(database, item, site, since=since or before, until=last)


@router.get("/discrepancies", summary="List discrepancies", response_model=Listed[DiscrepancyOut])
def discrepancies(database: Ledger, _: Reader, page: Listing, now: Now) -> Any:
    """Open cases about controlled items with the deadline of their schedule, those due first."""
    return page.of(controlled.discrepancies(database, at=now, rows_max=page.rows_max, rows_skipped=page.offset))


@router.post("/wastes", summary="Record waste", status_code=201, response_model=WasteOut)
def record_waste(said: WasteIn, database: Ledger, actor: Mover, now: Now) -> Any:
    """An opened or broken unit of a controlled item, or what was left of one, thrown away; it waits for a witness."""
    line = MovementLine(said.item, said.lot_number, 1, said.owner, said.serial)
    return wastes.record_waste(
        database, line, said.place, amount=said.amount, unit=said.unit, reason=said.reason,
        client_id=said.client_id, at=now, actor=actor.name,
    )  # fmt: skip


@router.get("/wastes", summary="List waste", response_model=Listed[WasteOut])
def list_wastes(database: Ledger, _: Reader, page: Listing, only_waiting: bool = False) -> Any:
    """What was thrown away of controlled items, the newest first."""
    return page.of(
        wastes.list_wastes(database, only_waiting=only_waiting, rows_max=page.rows_max, rows_skipped=page.offset)
    )


@router.post("/wastes/{waste_id}/witness", summary="Witness waste", response_model=WasteOut)
def witness_waste(waste_id: Id, database: Ledger, actor: Mover, now: Now) -> Any:
    """Say that you saw it. A whole unit leaves stock now."""
    return wastes.witness_waste(database, waste_id, at=now, actor=actor.name)


@router.post(
    "/controlled-inventories", summary="Take an inventory", status_code=201, response_model=SiteInventoryShownOut
)
def take_inventory(said: SiteInventoryIn, database: Ledger, actor: CountApprover, now: Now) -> Any:
    """Keep the inventory of a site as approved counts found it; all its controlled stock has to be in them."""
    return inventories.take_inventory(database, **said.model_dump(), at=now, actor=actor.name)


@router.get("/controlled-inventories", summary="List inventories", response_model=Listed[SiteInventoryOut])
def list_inventories(database: Ledger, _: Reader, page: Listing, site: Name | None = None) -> Any:
    """Inventories of controlled items, the newest first."""
    return page.of(inventories.list_inventories(database, site=site, rows_max=page.rows_max, rows_skipped=page.offset))


@router.get("/controlled-inventories/{inventory_id}", summary="See an inventory", response_model=SiteInventoryShownOut)
def show_inventory(inventory_id: Id, database: Ledger, _: Reader) -> Any:
    """An inventory with its lines."""
    return inventories.show_inventory(database, inventory_id)
