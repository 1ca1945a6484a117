"""Where what is to be ordered could come from: open orders first, then what other sites have too much of, then
suppliers.

A suggestion becomes a purchase requisition, which somebody else approves, or a transfer that is put forward and
becomes an order once somebody else agrees.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from math import ceil
from typing import Any
from uuid import UUID, uuid5

from cloud_sync.actions.orders.orders import Asked, NewOrder, request_in, shown_order
from cloud_sync.actions.planning.runs import lines_of, run_in
from cloud_sync.domain.orders import OrderKind
from cloud_sync.errors import Conflict, Invalid, NotAllowed, NotFound
from cloud_sync.posting.idempotency import answer, answered_before
from cloud_sync.storage.database import Connection, Database, Row
from cloud_sync.storage.events import add_event
from cloud_sync.storage.queries import queries

LINES_MAX = 500
SPARE_DAYS_MIN = 14
"""What expires sooner is not sent as spare stock; what it may save, ``rescue`` finds."""
ASK_OTHER = "Ask a colleague: one person alone must not be able to do it."


@dataclass(frozen=True, slots=True)
class Source:
    """Where a quantity could come from. ``kind``: open order, transfer, purchase, substitute; ``name``: place,
    supplier or item."""

    kind: str
    name: str
    quantity: int
    why: str


@dataclass(frozen=True, slots=True)
class ToOrder:
    """A line with something to order and its sources, in the order in which they are to be looked at."""

    item: str
    place: str
    quantity: int
    sources: tuple[Source, ...]


def low_stock(database: Database, run_id: int, *, at: datetime) -> list[ToOrder]:
    """What a run suggests to order, and where each quantity could come from. Raises ``NotFound``."""
    with database.transaction() as connection:
        run_in(connection, run_id)
        return _low_stock(connection, run_id, at.date())


def request_from_run(
    database: Database,
    run_id: int,
    wanted: Sequence[tuple[str, str]] | None,
    *,
    client_id: UUID,
    at: datetime,
    actor: str,
) -> dict[str, Any]:
    """Put forward what a run suggests, of these (item, place) or of all: transfers where another site has too much, and
    purchase requisitions by supplier and place for the rest. Somebody else approves each.

    Gives ``orders``, ids of ``transfers`` and what has ``no_source``. The same ``client_id`` again changes nothing.
    Raises ``NotFound``, ``Conflict``.
    """
    request = {"run": run_id, "wanted": sorted(map(list, wanted)) if wanted is not None else None}
    with database.transaction() as connection:
        before = answered_before(connection, "plan_requested", client_id, request)
        if before is not None:
            return _shown(connection, before)
        run_in(connection, run_id)
        chosen = _chosen(_low_stock(connection, run_id, at.date()), wanted)
        advice = [
            _put_forward(connection, run_id, each, source, at, actor)
            for each in chosen
            for source in each.sources
            if source.kind == "transfer"
        ]
        orders = _purchases(connection, run_id, chosen, client_id, actor)
        nowhere = [[each.item, each.place] for each in chosen if not _has_source(each)]
        done = {"orders": orders, "transfers": advice, "no_source": nowhere}
        answer(connection, "plan_requested", client_id, request, done, actor=actor)
        return _shown(connection, done)


def _chosen(found: Sequence[ToOrder], wanted: Sequence[tuple[str, str]] | None) -> list[ToOrder]:
    if wanted is None:
        return list(found[:LINES_MAX])
    keys = set(wanted)
    chosen = [each for each in found if (each.item, each.place) in keys]
    if missing := keys - {(each.item, each.place) for each in chosen}:
        item, place = min(missing)
        raise Conflict(
            f"the run suggests nothing to order of {item} for {place}", "Choose lines with a quantity to order."
        )
    return chosen


def _has_source(each: ToOrder) -> bool:
    return any(source.kind in ("transfer", "purchase") for source in each.sources)


def _purchases(
    connection: Connection, run_id: int, chosen: Iterable[ToOrder], client_id: UUID, actor: str
) -> list[str]:
    by_order: dict[tuple[str, str], list[Asked]] = defaultdict(list)
    for each in chosen:
        for source in each.sources:
            if source.kind == "purchase":
                by_order[source.name, each.place].append(Asked(each.item, source.quantity))
    made = []
    for (supplier, place), lines in sorted(by_order.items()):
        new = NewOrder(OrderKind.PURCHASE, supplier, place, tuple(lines), note=f"planning run {run_id}")
        made.append(
            request_in(connection, new, client_id=uuid5(client_id, f"{supplier}/{place}"), actor=actor)["number"]
        )
    return made


def _shown(connection: Connection, done: Mapping[str, Any]) -> dict[str, Any]:
    return {**done, "orders": [shown_order(connection, number) for number in done["orders"]]}


def _put_forward(connection: Connection, run_id: int, each: ToOrder, source: Source, at: datetime, actor: str) -> int:
    item_id = queries("master_data").item_by_name(connection, name=each.item)["id"]
    ends = {row["name"]: row["id"] for row in queries("movements").known_places(
        connection, names=[source.name, each.place])}  # fmt: skip
    return add_advice(
        connection, run_id=run_id, item_id=item_id, lot_id=None, from_place=ends[source.name],
        to_place=ends[each.place],
        quantity=source.quantity, why=source.why, at=at, actor=actor,
    )  # fmt: skip


def add_advice(
    connection: Connection, *, run_id: int, item_id: int, lot_id: int | None, from_place: int, to_place: int,
    quantity: int, why: str, at: datetime, actor: str,
) -> int:  # fmt: skip
    """Put a transfer forward and give its number."""
    advice_id: int = queries("planning").add_advice(
        connection, run_id=run_id, item_id=item_id, lot_id=lot_id, from_place=from_place, to_place=to_place,
        quantity=quantity, why=why, proposed_by=actor, proposed_at=at,
    )  # fmt: skip
    add_event(connection, actor=actor, kind="transfer_put_forward", subject=f"transfer_advice:{advice_id}", reason=why)
    return advice_id


def decide_advice(
    database: Database, advice_id: int, *, approve: bool, reason: str, client_id: UUID, at: datetime, actor: str
) -> Row:
    """Approve a transfer that a colleague put forward, which makes the order, or reject it; gives it.

    Raises ``NotFound``, ``Conflict`` where it was decided already, ``NotAllowed`` to who put it forward.
    """
    with database.transaction() as connection:
        row = queries("planning").lock_advice(connection, id=advice_id)
        if row is None:
            raise NotFound(f"there is no transfer {advice_id} put forward", "See GET /v1/planning/transfers.")
        decision = "approved" if approve else "rejected"
        if (row["decision"], row["decided_by"]) == (decision, actor):
            return _advice(connection, advice_id)
        if row["decision"] is not None:
            raise Conflict(f"it was {row['decision']} by {row['decided_by']} already")
        if row["proposed_by"] == actor:
            raise NotAllowed(f"{actor} put it forward, so somebody else has to decide", ASK_OTHER)
        number = _transfer(connection, row, client_id) if approve else None
        queries("planning").decide_advice(
            connection, id=advice_id, decision=decision, decided_by=actor, decided_at=at, decision_reason=reason,
            order_number=number,
        )  # fmt: skip
        subject = f"transfer_advice:{advice_id}"
        add_event(connection, actor=actor, kind=f"transfer_{decision}", subject=subject, reason=reason,
                  data={"order": number})  # fmt: skip
        return _advice(connection, advice_id)


def _transfer(connection: Connection, row: Row, client_id: UUID) -> str:
    lines = (Asked(row["item"], row["quantity"], row["lot_number"] or ""),)
    new = NewOrder(
        OrderKind.TRANSFER,
        row["from_place"],
        row["to_place"],
        lines,
        note=f"planning run {row['run_id']}: {row['why']}"[:500],
    )
    return str(request_in(connection, new, client_id=client_id, actor=row["proposed_by"])["number"])


def list_advice(
    database: Database, *, run_id: int | None = None, only_open: bool = False, rows_max: int, rows_skipped: int = 0
) -> list[Row]:
    """Transfers that were put forward, the newest first."""
    with database.transaction() as connection:
        return list(queries("planning").advice(
            connection, run_id=run_id, only_open=only_open, rows_max=rows_max, rows_skipped=rows_skipped))  # fmt: skip


def _advice(connection: Connection, advice_id: int) -> Row:
    row: Row = queries("planning").advice_by_id(connection, id=advice_id)
    return row


def _low_stock(connection: Connection, run_id: int, today: date) -> list[ToOrder]:
    rows = lines_of(connection, run_id)
    short = [row for row in rows if row["result"]["order_quantity"] > 0]
    item_ids = sorted({row["item_id"] for row in short})
    suppliers: dict[int, list[Row]] = defaultdict(list)
    for each in queries("planning").suppliers_of_items(connection, item_ids=item_ids):
        suppliers[each["item_id"]].append(each)
    instead: dict[int, list[str]] = defaultdict(list)
    for each in queries("planning").substitutes_of_items(connection, item_ids=item_ids):
        instead[each["item_id"]].append(each["substitute"])
    spare = _spare(rows)
    judged = {row["name"]: row for row in queries("records").supplier_standing(connection, names=None)}
    found = []
    for row in short:
        sources = [*_open_orders(row)]
        rest = int(row["result"]["order_quantity"])
        for other, units in _others(row, rows, spare):
            take = min(units, rest)
            if take <= 0:
                break
            spare[row["item_id"], other] -= take
            rest -= take
            sources.append(Source("transfer", other, take, f"{other} has {units} more than its par level"))
        if rest:
            sources += _bought(row, rest, suppliers[row["item_id"]], judged, today)
        sources += [Source("substitute", name, 0, "may be given instead") for name in instead[row["item_id"]]]
        found.append(ToOrder(row["item"], row["place"], row["result"]["order_quantity"], tuple(sources)))
    return found


def _open_orders(row: Row) -> list[Source]:
    units = row["inputs"]["on_order"]
    return [Source("open order", row["place"], units, "on order already, and counted in the position")] if units else []


def _spare(rows: Sequence[Row]) -> dict[tuple[int, str], int]:
    """Usable base units that a line has beyond its par level, of lots that last until they are there and used."""
    return {
        (row["item_id"], row["place"]): sum(
            units for units, days in row["inputs"]["lots"] if days is None or days >= SPARE_DAYS_MIN
        )
        - int(row["result"]["par_level"])
        for row in rows
    }


def _others(row: Row, rows: Sequence[Row], spare: Mapping[tuple[int, str], int]) -> list[tuple[str, int]]:
    """Other places of the same item that have too much, and are neither in this one nor around it, the most first."""
    found = [
        (other["place"], spare[row["item_id"], other["place"]])
        for other in rows
        if other["item_id"] == row["item_id"]
        and other["place_id"] not in row["ancestors"]
        and row["place_id"] not in other["ancestors"]
        and spare[row["item_id"], other["place"]] > 0
    ]
    return sorted(found, key=lambda each: (-each[1], each[0]))


def _bought(row: Row, units: int, delivered: Sequence[Row], judged: Mapping[str, Row], today: date) -> list[Source]:
    """From the supplier of the reorder level if it is qualified, else from the qualified one that delivered it most
    often."""
    pack, least = row["inputs"]["terms"]["pack_size"], row["inputs"]["terms"]["order_min"]
    quantity = ceil(max(units, least) / pack) * pack
    named = row["inputs"]["supplier"]
    names = ([named] if named else []) + [each["supplier"] for each in delivered if each["supplier"] != named]
    refused: list[str] = []
    for name in names:
        status, until = judged[name]["status"], judged[name]["qualified_until"]
        if status == "qualified" and (until is None or today <= until):
            why = f"qualified{f' until {until}' if until else ''}"
            return [Source("purchase", name, quantity, "; ".join([*refused, why]))]
        refused.append(f"{name} is {status if status != 'qualified' else f'qualified until {until} only'}")
    if not names:
        return []
    return [Source("supplier not qualified", names[0], 0, "; ".join(refused))]


def check_lines(wanted: Sequence[Mapping[str, str]]) -> list[tuple[str, str]]:
    """Lines as requests name them. Raises ``Invalid`` for too many."""
    if len(wanted) > LINES_MAX:
        raise Invalid(f"these are {len(wanted)} lines", f"Choose at most {LINES_MAX} at once.")
    return [(each["item"], each["place"]) for each in wanted]
