"""What the downtime pack of a site shows: all that people need on paper when ledger, network and gateways are out."""

from datetime import datetime

from cloud_sync.actions.papers.sites import place_row, site_shown
from cloud_sync.errors import Invalid
from cloud_sync.papers.kinds.downtime_pack import DowntimePack
from cloud_sync.posting.positions import shown
from cloud_sync.storage.database import Database
from cloud_sync.storage.queries import queries
from edge_agent.domain.stock.paper_sheets import sheets_of

POSITIONS_MAX = 3000


def pack_of(database: Database, paper_id: str, at: datetime) -> DowntimePack:
    """Of a site, as of ``at``. Raises ``NotFound``, ``Invalid`` for what is no site."""
    with database.transaction() as connection:
        place = place_row(connection, paper_id)
        if place["kind"] != "site":
            raise Invalid(f"{paper_id} is a {place['kind']}, not a site", "Give the site in which it stands.")
        rows = list(
            queries("availability").positions(
                connection, item=None, place=paper_id, lot_id=None, everywhere=False, rows_max=POSITIONS_MAX + 1,
                rows_skipped=0,
            )
        )  # fmt: skip
        names = sorted({row["place"] for row in rows})
        titles = {row["name"]: row["title"] for row in queries("papers").place_titles(connection, names=names)}
        units = {
            row["name"]: row for row in queries("papers").units_of_items(connection, names=[r["item"] for r in rows])
        }
    stock = [
        {
            **each, "place_title": titles.get(each["place"], ""), "item_title": units[each["item"]]["title"],
            "base_unit": units[each["item"]]["base_unit"], "why_not": [reason["text"] for reason in each["reasons"]],
            "codes": [reason["code"] for reason in each["reasons"]],
        }
        for each in (shown(row, at) for row in rows[:POSITIONS_MAX])
    ]  # fmt: skip
    stock.sort(key=lambda each: (each["place"], each["expires_on"] or "9999", each["item"], each["lot_number"]))
    return DowntimePack.model_validate({
        "site": site_shown(place), "made_at": at, "stock": stock, "is_cut": len(rows) > POSITIONS_MAX,
        "sheets": [str(sheet) for sheet in sheets_of(paper_id.lower(), at)],
    })  # fmt: skip
