"""What a plan is made of, read from the ledger: demand of the movement log, stock, orders, lead times, chances of
release."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta, tzinfo
from typing import Any

from cloud_sync.actions.orders.replenishment import on_order
from cloud_sync.planning.demand import WEEKS_MAX, Spell, Use, Weeks, days_without, weeks_of
from cloud_sync.planning.economy import by_value, usual_value
from cloud_sync.planning.lead_time import Delivery, LeadTime, lead_times
from cloud_sync.planning.plan import HeldStock, PlanInput, StockLot, Terms
from cloud_sync.planning.release_chance import Decided, chance_of, chances
from cloud_sync.storage.database import Connection, Row
from cloud_sync.storage.queries import queries
from edge_agent.domain.stock.expiry import zone_named

HISTORY = timedelta(weeks=WEEKS_MAX)
DELIVERIES_SINCE = timedelta(days=730)
RATE_WEEKS = 26
LEAD_FIELDS, TERMS_FIELDS = (tuple(each.name for each in fields(kind)) for kind in (LeadTime, Terms))
Pair = tuple[int, int]
"""Ids of an item and a place."""


@dataclass(frozen=True, slots=True)
class Line:
    """One item at one place, with everything its plan is made of."""

    row: Row
    weeks: Weeks
    said: PlanInput

    @property
    def pair(self) -> Pair:
        """Which item, and where."""
        return self.row["item_id"], self.row["place_id"]


def collect(connection: Connection, at: datetime, movement_mark: int, *, worth: float | None = None) -> list[Line]:
    """Every line to plan as of ``at``, of the movements up to a mark; the days of a place end where it is."""
    first = at - HISTORY
    used = _used(connection, at, movement_mark)
    planned = list(queries("planning").planned_items(
        connection, used_items=[row["item_id"] for row in used], used_places=[row["place_id"] for row in used]
    ))  # fmt: skip
    item_ids = sorted({row["item_id"] for row in planned})
    weeks = _weeks_of(connection, planned, used, at)
    stock: dict[int, list[Row]] = defaultdict(list)
    for each in queries("planning").stock_to_plan(connection, item_ids=item_ids):
        stock[each["item_id"]].append(each)
    coming: dict[int, list[tuple[tuple[int, ...], int]]] = defaultdict(list)
    for (item_id, above), units in on_order(connection, item_ids).items():
        coming[item_id].append((above, units))
    known = _lead_times(connection, at)
    released = _chances(connection, first)
    terms = _terms_of(connection, planned, weeks, at, worth)
    lines = []
    for row in planned:
        pair = row["item_id"], row["place_id"]
        lots, held = _stock_of(row, stock[row["item_id"]], released, at)
        units = sum(units for above, units in coming[row["item_id"]] if row["place_id"] in above)
        lead = known.get(row["supplier"] or "", known[""])
        of_line = weeks[pair]
        said = PlanInput(of_line.used, of_line.censored, lead, terms[pair], lots, held, units)
        lines.append(Line(row, of_line, said))
    return lines


def _terms_of(
    connection: Connection, planned: Sequence[Row], weeks: Mapping[Pair, Weeks], at: datetime, worth: float | None
) -> dict[Pair, Terms]:
    """How each line is to be kept; by the value of the goods where it is said what it is worth not to run out."""
    usual = {(row["item_id"], row["place_id"]): _terms(row) for row in planned}
    if worth is None:
        return usual
    item_ids = sorted({row["item_id"] for row in planned})
    costs = {
        row["item_id"]: row["cost"] for row in queries("planning").item_costs(connection, item_ids=item_ids, at=at)
    }
    used = {pair: sum(weeks[pair].used[-RATE_WEEKS:]) / (7 * RATE_WEEKS) for pair in usual}
    value = usual_value(used[pair] * (costs[pair[0]] or 0.0) for pair in usual)
    return {
        pair: by_value(terms, costs[pair[0]], used[pair], worth=worth, usual=value) for pair, terms in usual.items()
    }


def weeks_of_lines(
    connection: Connection, planned: Sequence[Row], at: datetime, movement_mark: int
) -> Mapping[Pair, Weeks]:
    """Use by week of every line, again the same for the same mark. The last day is the last one that is over at the
    place."""
    return _weeks_of(connection, planned, _used(connection, at, movement_mark), at)


def _used(connection: Connection, at: datetime, movement_mark: int) -> list[Row]:
    first = at - HISTORY
    return list(queries("planning").demand(connection, first=first, at=at, movement_mark=movement_mark))


def _weeks_of(
    connection: Connection, planned: Sequence[Row], used: Iterable[Row], at: datetime
) -> Mapping[Pair, Weeks]:
    first = at - HISTORY
    item_ids = sorted({row["item_id"] for row in planned})
    wanted = {(row["item_id"], row["place_id"]) for row in planned}
    uses: dict[Pair, list[Use]] = defaultdict(list)
    for row in used:
        use = Use(row["first_day"], tuple(row["weeks_ago"]), tuple(row["units"]))
        for place_id in row["ancestors"]:
            if (row["item_id"], place_id) in wanted:
                uses[row["item_id"], place_id].append(use)
    spells: dict[Pair, list[Spell]] = defaultdict(list)
    for span in queries("planning").usable_spells(connection, item_ids=item_ids, first=first, at=at):
        days = spell_of(span["began_at"], span["ended_at"], zone_named(span["zone"]), at)
        for place_id in span["ancestors"] if days else ():
            if (span["item_id"], place_id) in wanted:
                spells[span["item_id"], place_id].append(days)  # type: ignore[arg-type]
    found = {}
    for row in planned:
        pair = row["item_id"], row["place_id"]
        last = _last_day(at, zone_named(row["zone"]))
        began = min([use.first_day for use in uses[pair]], default=last)
        out = days_without(spells[pair], began, last) if uses[pair] else []
        found[pair] = weeks_of(uses[pair], out, last)
    return found


def _last_day(at: datetime, zone: tzinfo) -> date:
    return at.astimezone(zone).date() - timedelta(days=1)


def spell_of(began_at: datetime, ended_at: datetime, zone: tzinfo, at: datetime) -> Spell | None:
    """Days at whose end it was there: on a day on which the last of it went, more may have been wanted."""
    first, last = began_at.astimezone(zone).date(), ended_at.astimezone(zone).date() - timedelta(days=1)
    if ended_at >= at:
        last = at.astimezone(zone).date()
    return Spell(first, last) if first <= last else None


def _stock_of(
    row: Row, stock: Iterable[Row], released: Mapping[str, float], at: datetime
) -> tuple[tuple[StockLot, ...], tuple[HeldStock, ...]]:
    lots, held = [], []
    for each in stock:
        if each["item_id"] != row["item_id"] or row["place_id"] not in each["ancestors"] or each["units"] <= 0:
            continue
        days_left = days_until(each, at)
        if each["expires_at"] is None and each["expiry_required"]:
            continue
        if days_left is not None and days_left < 0:
            continue
        if each["held"]:
            held.append(HeldStock(each["units"], chance_of(each["held"], released)))
        else:
            lots.append(StockLot(each["units"], days_left))
    return tuple(lots), tuple(held)


def days_until(row: Row, at: datetime) -> int | None:
    """Whole days until a lot expires where it is; below 0 once it has; None if it does not."""
    if row["expires_at"] is None:
        return None
    if row["expires_at"] <= at:
        return -1
    left: timedelta = row["expires_at"] - at
    return max(0, left.days)


def _terms(row: Row) -> Terms:
    if row["service_level"] is None:
        return Terms(shelf_life_days=row["shelf_life_days"])
    return Terms(
        service_level=row["service_level"], pack_size=row["pack_size"], order_min=row["order_min"],
        cycle_days=row["cycle_days"], shelf_life_days=row["shelf_life_days"], room_max=row["room_max"],
    )  # fmt: skip


def _lead_times(connection: Connection, at: datetime) -> Mapping[str, LeadTime]:
    rows = queries("planning").deliveries(connection, since=at - DELIVERIES_SINCE)
    return lead_times(Delivery(row["supplier"], row["days"], row["ordered"], row["received"]) for row in rows)


def _chances(connection: Connection, since: datetime) -> Mapping[str, float]:
    rows = queries("planning").decided_holds(connection, since=since)
    return chances(Decided(row["kind"], row["released"], row["refused"]) for row in rows)


def inputs_json(line: Line) -> dict[str, Any]:
    """What a line was made of, in plain values."""
    said = line.said
    return {
        "last_day": line.weeks.last_day.isoformat(),
        "used": list(said.used),
        "censored": "".join("1" if each else "0" for each in said.censored),
        "lead": {name: getattr(said.lead, name) for name in LEAD_FIELDS},
        "terms": {name: getattr(said.terms, name) for name in TERMS_FIELDS},
        "lots": [[lot.quantity, lot.days_left] for lot in said.lots],
        "held": [[each.quantity, each.chance] for each in said.held],
        "on_order": said.on_order,
        "supplier": line.row["supplier"],
        "levels": [line.row["reorder_point"], line.row["par_level"]],
    }


def input_of(stored: Mapping[str, Any]) -> PlanInput:
    """The same, read again."""
    return PlanInput(
        used=tuple(stored["used"]),
        censored=tuple(each == "1" for each in stored["censored"]),
        lead=LeadTime(**stored["lead"]),
        terms=Terms(**stored["terms"]),
        lots=tuple(StockLot(units, days) for units, days in stored["lots"]),
        held=tuple(HeldStock(units, chance) for units, chance in stored["held"]),
        on_order=stored["on_order"],
    )
