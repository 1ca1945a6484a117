"""What partners' events say of units: which were commissioned in which lot, and which were decommissioned."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from cloud_sync.interop.epcis.checks import instant_of
from cloud_sync.interop.epcis.hierarchy import masters_of
from cloud_sync.interop.epcis.identifiers import canonical, read_id
from cloud_sync.posting.serials.theft import check_units
from cloud_sync.storage.database import Connection
from cloud_sync.storage.locks import lock_holds
from cloud_sync.storage.queries import queries

COMMISSIONED, ENDED = "commissioned", "ended"
_ENDING = frozenset({"decommissioning", "destroying"})


class ToldUnit(NamedTuple):
    """A unit (``serial``) or a whole lot ('') of a GTIN, and what became of it."""

    gtin: str
    lot_number: str
    serial: str
    step: str
    at: datetime


def units_in(event: Mapping[str, Any]) -> list[ToldUnit]:
    """The units that an event commissions or decommissions; none for other events. Pure."""
    if event.get("type") not in ("ObjectEvent", "TransformationEvent"):
        return []
    step = str(event.get("bizStep", "")).rpartition(":")[2].rpartition("-")[2]
    is_new = step == "commissioning" or (event.get("action") == "ADD" and not step)
    if not is_new and step not in _ENDING:
        return []
    at = instant_of(event["eventTime"])
    if at is None:
        return []
    masters = masters_of([dict(event)])
    names = [*event.get("epcList", ()), *event.get("outputEPCList", ())]
    names += [each["epcClass"] for each in (*event.get("quantityList", ()), *event.get("outputQuantityList", ()))]
    found = []
    for key in map(canonical, names):
        named = read_id(key)
        if named is None or not named.gtin or not (named.serial or named.lot):
            continue
        lot = named.lot or (masters[key].lot if key in masters else "")
        found.append(ToldUnit(named.gtin, lot, named.serial, COMMISSIONED if is_new else ENDED, at))
    return found


def keep_told_units(connection: Connection, events: Iterable[tuple[int, Mapping[str, Any]]], *, told_by: str) -> None:
    """Keep what new captured events (id and body) say of units, and judge again the units that it is about."""
    told = [(event_id, unit) for event_id, body in events for unit in units_in(body)]
    if not told:
        return
    queries("theft").add_told_units(
        connection,
        gtins=[unit.gtin for _, unit in told],
        lot_numbers=[unit.lot_number for _, unit in told],
        serials=[unit.serial for _, unit in told],
        steps=[unit.step for _, unit in told],
        event_times=[unit.at for _, unit in told],
        told_by=told_by,
        event_ids=[event_id for event_id, _ in told],
    )
    gtins = sorted({unit.gtin for _, unit in told})
    items = [row["item_id"] for row in queries("theft").items_with_gtins(connection, gtins=gtins)]
    if not items:
        return
    serials = sorted({unit.serial for _, unit in told if unit.serial})
    concerned = {
        (row["item_id"], row["serial"])
        for row in queries("theft").units_of_items(connection, item_ids=items, serials=serials)
    }
    for item_id in items:
        concerned |= open_units(connection, item_id)
    if concerned:
        lock_holds(connection)
        check_units(connection, concerned)


def open_units(connection: Connection, item_id: int) -> set[tuple[int, str]]:
    """Units of an item about which a signal is open."""
    return {(item_id, row["data"]["serial"]) for row in queries("theft").open_signals(connection, item_id=item_id)}
