"""What is packed into totes: their SSCC stands for it, here and at whoever receives it (EPCIS aggregation).

Packing moves nothing: the goods stay in the ledger where they are until they are shipped.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from cloud_sync.actions.labels.totes import tote_row
from cloud_sync.actions.master_data.master_data import place_named
from cloud_sync.errors import Conflict, NotFound
from cloud_sync.posting.idempotency import answer, answered_before
from cloud_sync.storage.database import Connection, Database, Row
from cloud_sync.storage.events import add_event
from cloud_sync.storage.queries import queries


@dataclass(frozen=True, slots=True)
class PackingLine:
    """Goods of a lot: ``quantity`` base units (> 0), a unit of its own with ``serial``."""

    item: str
    lot_number: str
    quantity: int
    owner: str = "house"
    serial: str = ""


def pack(
    database: Database,
    sscc: str,
    place: str,
    lines: Sequence[PackingLine],
    *,
    is_unpacking: bool = False,
    at: datetime,
    client_id: UUID,
    actor: str,
) -> list[Row]:
    """Put goods that are in ``place`` into a tote, or take them out; gives what is in it then.

    Raises ``NotFound``, and ``Conflict`` for goods that are not in that place, or to be taken out and not in the tote.
    The same under the same ``client_id`` again changes nothing.
    """
    kind = "tote_unpacked" if is_unpacking else "tote_packed"
    request = {
        "sscc": sscc, "place": place,
        "lines": [[each.item, each.lot_number, each.owner, each.serial, each.quantity] for each in lines],
    }  # fmt: skip
    with database.transaction() as connection:
        if answered_before(connection, kind, client_id, request) is None:
            where = place_named(connection, place)
            tote = queries("labels").lock_tote(connection, sscc=sscc)
            if tote is None:
                raise NotFound(f"there is no tote {sscc}", "See GET /v1/totes for those there are.")
            goods = _summed(connection, lines)
            there = _in_tote(connection, sscc) if is_unpacking else _in_place(connection, where["id"], goods)
            _check(goods, there, f"tote {sscc}" if is_unpacking else place)
            packing_id = queries("labels").add_packing(
                connection, tote_id=tote["id"], is_unpacking=is_unpacking, place_id=where["id"],
                occurred_at=at, packed_by=actor, client_id=client_id,
            )  # fmt: skip
            queries("labels").add_packing_lines(
                connection, packing_id=packing_id, lot_ids=[lot for lot, _ in goods],
                serials=[serial for _, serial in goods], quantities=list(goods.values()),
            )  # fmt: skip
            answer(connection, kind, client_id, request, {"packing": packing_id}, actor=actor)
            data = {"packing": packing_id, "place": place, "lines": request["lines"]}
            add_event(connection, actor=actor, kind=kind, subject=f"tote:{sscc}", data=data)
        return contents_in(connection, sscc)


def contents(database: Database, sscc: str) -> list[Row]:
    """What is in a tote now. Raises ``NotFound``."""
    with database.transaction() as connection:
        tote_row(connection, sscc)
        return contents_in(connection, sscc)


def contents_in(connection: Connection, sscc: str) -> list[Row]:
    """What is in a tote now: ``lot_id``, ``lot_number``, ``item``, ``owner``, ``serial`` and ``quantity``."""
    return list(queries("labels").contents(connection, sscc=sscc))


Goods = Counter[tuple[int, str]]
"""Quantities by lot and serial."""


def _summed(connection: Connection, lines: Sequence[PackingLine]) -> Goods:
    goods: Goods = Counter()
    for line in lines:
        lot = queries("availability").lot_by_number(
            connection, item=line.item, lot_number=line.lot_number, owner=line.owner
        )
        if lot is None:
            raise NotFound(
                f"there is no lot {line.lot_number} of {line.item} owned by {line.owner}", "Read its label again."
            )
        goods[lot["id"], line.serial] += line.quantity
    return goods


def _in_place(connection: Connection, place_id: int, goods: Goods) -> Goods:
    rows = queries("labels").stock_to_pack(
        connection, place_id=place_id, lot_ids=[lot for lot, _ in goods], serials=[serial for _, serial in goods]
    )
    return Counter({(row["lot_id"], row["serial"]): row["quantity"] for row in rows})


def _in_tote(connection: Connection, sscc: str) -> Goods:
    return Counter({(row["lot_id"], row["serial"]): row["quantity"] for row in contents_in(connection, sscc)})


def _check(goods: Goods, there: Goods, where: str) -> None:
    for (lot_id, serial), quantity in goods.items():
        if quantity > there[lot_id, serial]:
            what = f"unit {serial} of lot {lot_id}" if serial else f"{quantity} of lot {lot_id}"
            raise Conflict(f"{where} does not hold {what}: {there[lot_id, serial]} are there", "Count what is there.")
