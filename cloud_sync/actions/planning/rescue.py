"""What would expire unused where it is and is needed elsewhere, as transfers for approval."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil

from cloud_sync.actions.planning.inputs import days_until
from cloud_sync.actions.planning.runs import lines_of, run_in
from cloud_sync.actions.planning.sourcing import add_advice
from cloud_sync.planning.transfers import Surplus, advise, wants_of
from cloud_sync.storage.database import Connection, Database, Row
from cloud_sync.storage.queries import queries

TRAVEL_DAYS = 2
"""From shipping to receiving, where no transfer has been measured."""
DAYS_LEFT_MIN = 7
"""A site takes nothing over that expires sooner after it has arrived."""
HORIZON_DAYS = 182
LOTS_MAX = 400


@dataclass(frozen=True, slots=True)
class Rescue:
    """So many base units of a lot that would expire unused at a place, for another one."""

    item: str
    lot_id: int
    lot_number: str
    from_place: str
    to_place: str
    quantity: int
    why: str


def rescues(database: Database, run_id: int, *, at: datetime) -> list[Rescue]:
    """The transfers that save the most, by the rates of a run and stock as it is. Raises ``NotFound``."""
    with database.transaction() as connection:
        run_in(connection, run_id)
        return [each for each, _ in _rescues(connection, run_id, at)]


def put_forward(database: Database, run_id: int, *, at: datetime, actor: str) -> list[int]:
    """Put these transfers forward, for somebody else to approve; what is open already of a lot is not put forward
    again.

    Gives their numbers. Raises ``NotFound``.
    """
    with database.transaction() as connection:
        run_in(connection, run_id)
        open_now = queries("planning").advice(
            connection, run_id=None, only_open=True, rows_max=LOTS_MAX, rows_skipped=0
        )
        known = {(row["lot_id"], row["from_place"], row["to_place"]) for row in open_now}
        return [
            add_advice(connection, **ids, lot_id=each.lot_id, run_id=run_id, quantity=each.quantity, why=each.why,
                at=at,
                       actor=actor)
            for each, ids in _rescues(connection, run_id, at)
            if (each.lot_id, each.from_place, each.to_place) not in known
        ]  # fmt: skip


def _rescues(connection: Connection, run_id: int, at: datetime) -> list[tuple[Rescue, dict[str, int]]]:
    by_item: dict[int, list[Row]] = defaultdict(list)
    for row in lines_of(connection, run_id):
        by_item[row["item_id"]].append(row)
    several = {item_id: rows for item_id, rows in by_item.items() if len(rows) > 1}
    stock: dict[int, list[Row]] = defaultdict(list)
    for row in queries("planning").stock_to_plan(connection, item_ids=sorted(several)):
        stock[row["item_id"]].append(row)
    travel = queries("planning").travel_days(connection, since=at.replace(year=at.year - 1, day=1)) or TRAVEL_DAYS
    return [found for item_id, rows in several.items() for found in _of_item(rows, stock[item_id], at, ceil(travel))]


def _of_item(
    rows: Sequence[Row], stock: Sequence[Row], at: datetime, travel: int
) -> list[tuple[Rescue, dict[str, int]]]:
    lines = {row["place"]: row for row in rows}
    surplus, lots = [], {}
    for place, row in lines.items():
        for lot, left, days in _unused(row, stock, at):
            surplus.append(Surplus(lot["lot_id"], place, left, days))
            lots[lot["lot_id"]] = lot
    if not surplus:
        return []
    wants = [
        want
        for place, row in lines.items()
        for want in wants_of(place, row["result"]["rate"], row["result"]["position"])
    ]
    found = []
    for advice in advise(surplus[:LOTS_MAX], wants, travel, min_days_left=DAYS_LEFT_MIN):
        source, target, lot = lines[advice.from_site], lines[advice.to_site], lots[advice.lot_id]
        if target["place_id"] in source["ancestors"] or source["place_id"] in target["ancestors"]:
            continue
        expires_in = days_until(lot, at)
        why = (
            f"expires in {expires_in} days and would not be used at {advice.from_site} "
            f"({source['result']['rate']:.2f} a day); "
            f"{advice.to_site} uses {target['result']['rate']:.2f} a day and needs it within "
            f"{advice.used_within_days} days"
        )
        ids = {"item_id": source["item_id"], "from_place": source["place_id"], "to_place": target["place_id"]}
        found.append((Rescue(source["item"], advice.lot_id, lot["lot_number"], advice.from_site, advice.to_site,
                             advice.quantity, why), ids))  # fmt: skip
    return found


def _unused(row: Row, stock: Sequence[Row], at: datetime) -> list[tuple[Row, int, int]]:
    """Lots at and below a place of which some will be left when they expire: how many base units, and days left."""
    rate, ahead, found = row["result"]["rate"], 0.0, []
    here: list[tuple[int, Row]] = []
    for lot in stock:
        days = days_until(lot, at)
        if (
            row["place_id"] in lot["ancestors"]
            and not lot["held"]
            and lot["units"] > 0
            and days is not None
            and days >= 0
        ):
            here.append((days, lot))
    for days, lot in sorted(here, key=lambda each: (each[0], each[1]["lot_id"])):
        used = min(float(lot["units"]), max(0.0, rate * (days + 1) - ahead))
        ahead += used
        left = lot["units"] - ceil(used)
        if left > 0 and days <= HORIZON_DAYS:
            found.append((lot, left, days))
    return found
