"""Overages and shortages that show only after the receipt: when stock is counted, or a sealed case is opened."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from cloud_sync.domain.booking import NewMovement
from cloud_sync.interop.dscsa.discrepancies import Code, Discrepancy, told_in_words
from cloud_sync.posting.cases import amend_case, latest_cases
from cloud_sync.posting.interop.partners import traced_items
from cloud_sync.posting.interop.receipt_checks import MISMATCH, explain, open_discrepancy
from cloud_sync.storage.database import Connection, Row
from cloud_sync.storage.events import LEDGER
from cloud_sync.storage.queries import queries
from edge_agent.domain.wire.records import Action

WITHIN = timedelta(days=30)
"""What a count finds so long after the receipt is this house's own, not the supplier's."""


def check_counted(connection: Connection, recounted: Iterable[Row]) -> None:
    """Tell the supplier what approved counts found of its lots soon after they came. The caller owns the lots.

    ``recounted``: rows of ``counts.recount``. A lot of which less is missing by now is amended, one that fits is
    closed.
    """
    counted_at: dict[int, datetime] = {}
    for row in recounted:
        counted_at[row["lot_id"]] = max(row["counted_at"], counted_at.get(row["lot_id"], row["counted_at"]))
    if not counted_at:
        return
    for lot in queries("transactions").counted_away(connection, lot_ids=sorted(counted_at)):
        if counted_at[lot["lot_id"]] - lot["came_at"] <= WITHIN:
            _sync(connection, lot, counted_at[lot["lot_id"]])


def _sync(connection: Connection, lot: Row, at: datetime) -> None:
    code = Code.CONCEALED_SHORTAGE if lot["missing"] > 0 else Code.CONCEALED_OVERAGE
    keys = {each: f"lot:{lot['lot_id']}/counted/{each}" for each in (Code.CONCEALED_SHORTAGE, Code.CONCEALED_OVERAGE)}
    known = latest_cases(connection, MISMATCH, list(keys.values()))
    for each, key in keys.items():
        case = known.get(key)
        if case is not None and case["resolved_at"] is None and (each is not code or lot["missing"] == 0):
            explain(connection, case["id"])
    if lot["missing"] == 0:
        return
    found = Discrepancy(code, lot["lot_number"], abs(lot["missing"]))
    text, data = _told(found, lot)
    case = known.get(keys[code])
    is_open = case is not None and case["resolved_at"] is None
    if case is not None and case["data"] == data and (is_open or case["resolved_by"] != LEDGER):
        return
    if case is not None and is_open:
        amend_case(connection, case["id"], text, data)
        return
    open_discrepancy(connection, keys[code], found, text, data, [lot["lot_id"]], lot["supplier_id"], at)


def _told(found: Discrepancy, lot: Row) -> tuple[str, dict[str, Any]]:
    data = {
        "code": found.code.value,
        "supplier": lot["supplier"],
        "supplier_id": lot["supplier_id"],
        "item": lot["item"],
        "item_id": lot["item_id"],
        "lot_number": found.lot_number,
        "quantity": found.quantity,
        "serials": list(found.serials),
        "told_lot": "",
        "lots": [lot["lot_id"]],
    }
    return told_in_words(found, item=lot["item"], supplier=lot["supplier"]), data


def check_opened(connection: Connection, moved: Sequence[NewMovement], lots: dict[int, Row], at: datetime) -> None:
    """Compare the serials found in opened cases with those that were told of the lot, where any were."""
    units = [each for each in moved if each.action == Action.OPEN_CASE and each.serial and each.quantity == 1]
    if not units:
        return
    products = traced_items(connection, (lots[each.lot_id]["item_id"] for each in units))
    for lot_id in sorted({each.lot_id for each in units if lots[each.lot_id]["item_id"] in products}):
        told = {
            row["serial"]
            for row in queries("transactions").told_serials(
                connection, item_id=lots[lot_id]["item_id"], lot_number=lots[lot_id]["lot_number"]
            )
        }
        strange = sorted({each.serial for each in units if each.lot_id == lot_id} - told)
        # The case itself goes out of stock under its own serial; what it held comes as units.
        strange = [serial for serial in strange if not serial.startswith("(01)")]
        if not told or not strange:
            continue
        for lot in queries("transactions").counted_away(connection, lot_ids=[lot_id]):
            found = Discrepancy(Code.CONCEALED_OVERAGE, lot["lot_number"], len(strange), tuple(strange))
            text, data = _told(found, lot)
            key = f"lot:{lot_id}/opened/{strange[0]}"
            open_discrepancy(connection, key, found, text, data, [lot_id], lot["supplier_id"], at)
