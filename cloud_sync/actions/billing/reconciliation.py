"""Charges of each site and day are held against what left its stock: what differs is a case until it is explained."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from psycopg.types.json import Jsonb

from cloud_sync.actions.master_data.master_data import place_named
from cloud_sync.domain.billing import LotDay, difference_text
from cloud_sync.errors import Invalid
from cloud_sync.posting.billing.charges import billable_items
from cloud_sync.posting.cases import LEDGER, Case, amend_case, close_case, latest_case, open_case
from cloud_sync.storage.database import Connection, Database, Row
from cloud_sync.storage.events import add_event
from cloud_sync.storage.queries import queries

DIFFERENCE = "charge_difference"
EXPLAINED = "charges and stock agree by now"
FIRST_DAY = date(2000, 1, 1)
DAYS_BACK = 7
"""What is told late is told within a week as a rule; older days are compared when somebody asks for it."""


def reconcile_day(database: Database, site: str, day: date, *, at: datetime, actor: str) -> Row:
    """Compare charges and stock of a site and day; gives what was found. Raises ``NotFound``, ``Invalid``."""
    with database.transaction() as connection:
        place = place_named(connection, site)
        if place["kind"] != "site":
            raise Invalid(f"{site} is a {place['kind']}, not a site", "Name the site whose charges are compared.")
        rows = queries("billing").sites(connection)
        zone = next(row["zone"] for row in rows if row["id"] == place["id"])
        if not FIRST_DAY <= day <= at.astimezone(ZoneInfo(zone)).date():
            raise Invalid(f"{day} has not come yet, or is before any charge", "Name today or a day before.")
        _reconcile(connection, place["id"], site, zone, day, at, actor)
        found = queries("billing").reconciliations(connection, site=site, day=day, rows_max=1, rows_skipped=0)
        row: Row = next(iter(found))
        return row


def reconcile_due(database: Database, *, at: datetime) -> int:
    """Compare the last days of every site, and keep what changed; gives how many comparisons were kept."""
    kept = 0
    with database.transaction() as connection:
        sites = list(queries("billing").sites(connection))
    for site in sites:
        yesterday = at.astimezone(ZoneInfo(site["zone"])).date() - timedelta(days=1)
        for back in range(DAYS_BACK):
            with database.transaction() as connection:
                day = yesterday - timedelta(days=back)
                kept += _reconcile(connection, site["id"], site["name"], site["zone"], day, at, LEDGER)
    return kept


def _reconcile(connection: Connection, site_id: int, site: str, zone: str, day: date, at: datetime, actor: str) -> bool:
    lots = _lots(connection, site_id, zone, day)
    differences = [each for each in lots if each.difference]
    told = [
        {"lot_id": each.lot_id, "item": each.item, "lot_number": each.lot_number, "dispensed": each.dispensed,
         "charged": each.charged} for each in differences
    ]  # fmt: skip
    sums = {"dispensed": sum(each.dispensed for each in lots), "charged": sum(each.charged for each in lots)}
    before = queries("billing").last_reconciliation(connection, site_id=site_id, day=day)
    is_same = before is not None and {**before, "id": 0} == {"id": 0, "differences": told, **sums}
    _sync_cases(connection, site_id, site, day, differences)
    if actor == LEDGER and (is_same or (not lots and before is None)):
        return False
    queries("billing").add_reconciliation(
        connection, site_id=site_id, day=day, differences=Jsonb(told), run_by=actor, run_at=at, **sums
    )
    data = {"day": day.isoformat(), "differences": len(differences), **sums}
    add_event(connection, actor=actor, kind="charges_reconciled", subject=f"place:{site}", data=data)
    return True


def _lots(connection: Connection, site_id: int, zone: str, day: date) -> list[LotDay]:
    items = sorted(billable_items(connection, day))
    bounds = queries("billing").bounds_of_day(connection, zone=zone, day=day)
    dispensed = queries("billing").dispensed_between(connection, site_id=site_id, item_ids=items, **bounds)
    charged = queries("billing").charged_on(connection, site_id=site_id, item_ids=items, zone=zone, day=day)
    left = {row["lot_id"]: row for row in dispensed}
    billed = {row["lot_id"]: row for row in charged}
    return [
        LotDay(
            lot_id, row["item"], row["lot_number"], left.get(lot_id, {}).get("quantity", 0),
            billed.get(lot_id, {}).get("quantity", 0),
        )
        for lot_id, row in sorted({**left, **billed}.items())
    ]  # fmt: skip


def _sync_cases(connection: Connection, site_id: int, site: str, day: date, differences: list[LotDay]) -> None:
    """Open, amend or close the cases of a site and day. What a person resolved stays so while it is the same."""
    wanted = {f"{site_id}/{day}/lot:{each.lot_id}": each for each in differences}
    open_now = {
        row["key"]: row for row in queries("billing").open_difference_cases(connection, site_id=site_id, day=day)
    }
    for key, row in open_now.items():
        if key not in wanted:
            close_case(connection, row["id"], actor=LEDGER, resolution=EXPLAINED)
    for key, each in wanted.items():
        text = difference_text(each, site, day)
        data = {"lot": each.lot_id, "dispensed": each.dispensed, "charged": each.charged, "day": day.isoformat()}
        known = latest_case(connection, DIFFERENCE, key)
        if key in open_now:
            if known is not None and known["data"] != data:
                amend_case(connection, known["id"], text, data)
        elif known is None or known["data"] != data or known["resolved_by"] == LEDGER:
            open_case(connection, Case(DIFFERENCE, key, text, data=data, place_id=site_id))


def list_reconciliations(
    database: Database, *, site: str | None = None, day: date | None = None, rows_max: int, rows_skipped: int = 0
) -> list[Row]:
    """How charges and stock compared, the newest first."""
    with database.transaction() as connection:
        return list(
            queries("billing").reconciliations(
                connection, site=site, day=day, rows_max=rows_max, rows_skipped=rows_skipped
            )
        )
