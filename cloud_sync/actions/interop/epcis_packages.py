"""Packages by their SSCC: what a partner says is in them, received in one step, and where goods came from before."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from cloud_sync.actions.stock.movements import MovementLine, Transfer, move_in
from cloud_sync.domain.booking import KnownCode
from cloud_sync.errors import Conflict, NotFound
from cloud_sync.interop.epcis.identifiers import Gs1Id
from cloud_sync.interop.epcis.query import ROLES, keys_in
from cloud_sync.posting.interop.packages import Packed, packed_in
from cloud_sync.storage.database import Connection, Database, Row
from cloud_sync.storage.queries import queries
from edge_agent.domain.barcodes.item_codes import keys_of_scan, serial_of_unit

UPSTREAM_MAX = 500
"""Events of one upstream trace."""
UPSTREAM_STEPS = 12
_PARENTS = ("parentID",)
_OUTPUTS = (*ROLES["MATCH_outputEPC"], *ROLES["MATCH_outputEPCClass"])
_INPUTS = (*ROLES["MATCH_inputEPC"], *ROLES["MATCH_inputEPCClass"])
_CHILDREN = ("childEPCs", "childQuantityList")


def show_package(database: Database, sscc: str) -> Row:
    """What is in a package: goods with the item that they are here, if they are one. Raises ``NotFound``."""
    with database.transaction() as connection:
        goods = _goods(connection, sscc)
        known = _items(connection, goods)
    return {
        "sscc": sscc,
        "goods": [{**asdict(each), "item": found.name if (found := _item_of(known, each)) else None} for each in goods],
    }


def receive_package(
    database: Database, sscc: str, transfer: Transfer, *, owner: str, client_id: UUID, at: datetime, actor: str
) -> list[Row]:
    """Receive all that is in a package, as ``move`` does: all of it or nothing. Raises as that, and ``Conflict`` with
    all that is not known: an item, a lot, how many."""
    with database.transaction() as connection:
        goods = _goods(connection, sscc)
        known = _items(connection, goods)
        lines: list[MovementLine] = []
        faults: list[str] = []
        for each in goods:
            item = _item_of(known, each)
            if item is None:
                faults.append(f"no item has GTIN {each.gtin}" if each.gtin else f"{each.key} is no item here")
            elif each.lot is None:
                faults.append(f"the lot of {each.key} is unknown")
            elif each.quantity is None:
                faults.append(f"the quantity of {each.key} is unknown")
            else:
                lines.append(
                    MovementLine(
                        item=item.name,
                        lot_number=each.lot,
                        quantity=each.quantity * item.base_units,
                        owner=owner,
                        serial=serial_of_unit([each.gtin], each.serial, item.base_units),
                        expires_on=each.expires_on,
                    )
                )
        if faults:
            raise Conflict("; ".join(sorted(set(faults))), "Add what is missing, or receive the boxes one by one.")
        return move_in(connection, transfer, tuple(_together(lines)), client_id=client_id, at=at, actor=actor)


def _together(lines: Sequence[MovementLine]) -> list[MovementLine]:
    """Lines of the same goods as one."""
    found: dict[tuple[str, str, str], MovementLine] = {}
    for line in lines:
        key = (line.item, line.lot_number, line.serial)
        before = found.get(key)
        found[key] = line if before is None else replace(before, quantity=before.quantity + line.quantity)
    return list(found.values())


def _goods(connection: Connection, sscc: str) -> list[Packed]:
    goods = packed_in(connection, sscc)
    if not goods:
        raise NotFound(f"the content of package SSCC {sscc} is unknown", "Ask its sender for EPCIS aggregation events.")
    return goods


def _items(connection: Connection, goods: Sequence[Packed]) -> KnownCode:
    gtins = tuple(sorted({each.gtin for each in goods if each.gtin}))
    return KnownCode.of(queries("movements").known_items(connection, keys=sorted(keys_of_scan(gtins))))


def _item_of(known: KnownCode, packed: Packed) -> Any:
    found = known.items_of(keys_of_scan((packed.gtin,))) if packed.gtin else []
    return found[0] if len(found) == 1 else None


def upstream(database: Database, lot_id: int) -> list[Row]:
    """What partners say of a lot and of what it came from: their events, the oldest first.

    From the lot to the packages that it was in, and to what it was made of, step by step.
    """
    with database.transaction() as connection:
        lot: Row | None = queries("epcis").lot_named(connection, lot_id=lot_id)
        if lot is None:
            raise NotFound(f"there is no lot {lot_id}")
        level = {Gs1Id("01", gtin, "10", lot["lot_number"]).uri for gtin in lot["gtins"]}
        level |= {Gs1Id("01", gtin, "21", serial).uri for gtin in lot["gtins"] for serial in lot["serials"]}
        seen: set[str] = set()
        events: dict[int, Row] = {}
        for _ in range(UPSTREAM_STEPS):
            rows = list(
                queries("epcis").captured_naming(connection, keys=sorted(level), rows_max=UPSTREAM_MAX - len(events))
            )
            seen |= level
            events |= {row["id"]: row for row in rows}
            level = {key for row in rows for key in _before(row["body"], seen)} - seen
            if not level or len(events) >= UPSTREAM_MAX:
                break
    return [_shown(row) for row in sorted(events.values(), key=lambda row: (row["at"], row["id"]))]


def _before(event: dict[str, Any], seen: set[str]) -> set[str]:
    """Where what was seen came from, by this event: the package it was put in, what it was made of."""
    if event["type"] == "TransformationEvent":
        return keys_in(event, _INPUTS) if keys_in(event, _OUTPUTS) & seen else set()
    return keys_in(event, _PARENTS) if keys_in(event, _CHILDREN) & seen else set()


def _shown(row: Row) -> Row:
    body = row["body"]
    return {
        "event_id": row["event_id"],
        "at": row["at"],
        "type": body["type"],
        "biz_step": body.get("bizStep", ""),
        "disposition": body.get("disposition", ""),
        "read_point": body.get("readPoint", {}).get("id", ""),
        "told_by": row["told_by"],
    }
