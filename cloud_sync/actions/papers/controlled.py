"""What the paper of an inventory of controlled items shows."""

from datetime import datetime

from cloud_sync.actions.controlled.inventories import show_inventory
from cloud_sync.actions.papers.sites import place_row, site_shown
from cloud_sync.errors import NotFound
from cloud_sync.papers.kinds.controlled_inventory import ControlledInventory
from cloud_sync.storage.database import Database


def inventory_of(database: Database, paper_id: str, at: datetime) -> ControlledInventory:
    """Of the inventory with this number. Raises ``NotFound``."""
    if not (paper_id.isascii() and paper_id.isdigit() and len(paper_id) <= 18):
        raise NotFound(f"there is no inventory {paper_id[:40]}", "See GET /v1/controlled-inventories.")
    told = show_inventory(database, int(paper_id))
    with database.transaction() as connection:
        place = place_row(connection, told["site"])
    return ControlledInventory.model_validate({**told, "site": site_shown(place)})
