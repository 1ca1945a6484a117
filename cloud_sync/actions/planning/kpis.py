"""The parts of key performance indicators from the ledger's facts, and what stock is worth at actual cost."""

from collections import defaultdict
from datetime import datetime, timedelta
from decimal import Decimal

from cloud_sync.actions.planning.inputs import spell_of
from cloud_sync.domain.list_request import ListRequest
from cloud_sync.errors import Conflict, NotFound
from cloud_sync.planning.demand import Spell, days_without
from cloud_sync.storage.database import Connection, Database, Row
from cloud_sync.storage.events import add_event
from cloud_sync.storage.queries import queries
from edge_agent.domain.stock.expiry import zone_named

PARTS = (
    "count_parts", "movement_parts", "receipt_parts", "order_parts", "room_parts", "quarantine_parts", "shortage_parts",
)  # fmt: skip


def parts_of(connection: Connection, site: str | None, first: datetime, last: datetime) -> dict[str, float | None]:
    """The parts of every figure of a site (None: the house) in a time."""
    site_id = queries("kpi").site_id(connection, name=site) if site else None
    asked = {"site_id": site_id, "first": first, "last": last}
    parts: dict[str, float | None] = {}
    currency = queries("kpi").house_currency(connection)
    for name in PARTS:
        more = {"currency": currency} if name == "movement_parts" else {}
        parts |= getattr(queries("kpi"), name)(connection, **asked, **more)
    values = queries("kpi").stock_values(connection, **asked, currency=currency)
    known = [each for each in (values["at_first"], values["at_last"]) if each is not None]
    parts["stock_value"] = sum(known) / len(known) if known else None
    return parts | _stock_outs(connection, site_id, first, last)


def _stock_outs(connection: Connection, site_id: int | None, first: datetime, last: datetime) -> dict[str, float]:
    """Days, over at the place by then, at whose end nothing of an item with a reorder level could be issued there."""
    rows = list(queries("kpi").levels_of_site(connection, site_id=site_id))
    wanted = {(item_id, row["place_id"]) for row in rows for item_id in row["item_ids"]}
    item_ids = sorted({item_id for item_id, _ in wanted})
    spells: dict[tuple[int, int], list[Spell]] = defaultdict(list)
    spans = queries("planning").usable_spells(connection, item_ids=item_ids, first=first - timedelta(days=1), at=last)
    for span in spans:
        days = spell_of(span["began_at"], span["ended_at"], zone_named(span["zone"]), last)
        for place_id in span["ancestors"] if days else ():
            if (span["item_id"], place_id) in wanted:
                spells[span["item_id"], place_id].append(days)  # type: ignore[arg-type]
    out = every = 0
    for row in rows:
        zone = zone_named(row["zone"])
        began, ended = first.astimezone(zone).date(), last.astimezone(zone).date() - timedelta(days=1)
        for item_id in row["item_ids"]:
            out += len(days_without(spells.get((item_id, row["place_id"]), []), began, ended))
            every += max(0, (ended - began).days + 1)
    return {"stock_out_days": float(out), "level_days": float(every)}


def lot_values(database: Database, site: str | None, wanted: ListRequest, *, at: datetime) -> list[Row]:
    """What each lot is worth at actual cost, the most valuable first. Raises ``NotFound``."""
    with database.transaction() as connection:
        return list(queries("kpi").lot_values(
            connection, site_id=_site_id(connection, site), at=at, currency=queries("kpi").house_currency(connection),
            words=wanted.words, sort=wanted.sort, is_descending=wanted.is_descending, **wanted.page,
        ))  # fmt: skip


def _site_id(connection: Connection, site: str | None) -> int | None:
    if site is None:
        return None
    found: int | None = queries("kpi").site_id(connection, name=site)
    if found is None:
        raise NotFound(f"there is no site {site}", "See GET /v1/places for those there are.")
    return found


def say_receipt_cost(
    database: Database,
    lot_id: int,
    *,
    order: str,
    unit_cost: Decimal,
    currency: str,
    reason: str,
    at: datetime,
    actor: str,
) -> list[Row]:
    """What a base unit of a receipt of a lot cost, for an order or '' for none; gives all that was said of the lot's
    costs,
    the newest first. A later statement about the same receipt replaces it. Raises ``NotFound``, ``Conflict``."""
    with database.transaction() as connection:
        if queries("availability").lot_by_id(connection, lot_id=lot_id) is None:
            raise NotFound(f"there is no lot {lot_id}", "See GET /v1/lots for those there are.")
        units = queries("kpi").received_units(connection, lot_id=lot_id, order_number=order)
        if not units:
            where = f"for order {order}" if order else "without an order"
            raise Conflict(f"nothing of lot {lot_id} was received {where}", "Name the order of its receipt.")
        queries("kpi").add_receipt_cost(
            connection, lot_id=lot_id, order_number=order, quantity=units, unit_cost=unit_cost, currency=currency,
            reason=reason, said_by=actor, said_at=at,
        )  # fmt: skip
        data = {"order": order, "units": units, "unit_cost": str(unit_cost), "currency": currency}
        add_event(connection, actor=actor, kind="receipt_cost_said", subject=f"lot:{lot_id}", reason=reason, data=data)
        return list(queries("kpi").receipt_costs(connection, lot_id=lot_id))
