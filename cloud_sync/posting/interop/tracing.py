"""What follows under the act from goods that came from suppliers, left to customers, or were unpacked."""

from collections.abc import Sequence
from datetime import datetime

from cloud_sync.domain.booking import NewMovement
from cloud_sync.posting.interop.concealed import check_opened
from cloud_sync.posting.interop.receipt_checks import check_receipts
from cloud_sync.posting.interop.transaction_records import note_shipments
from cloud_sync.storage.database import Connection, Row
from cloud_sync.storage.queries import queries


def trace_movements(connection: Connection, moved: Sequence[NewMovement], places: dict[int, Row]) -> None:
    """Compare receipts with what was told, and tell customers what they get. Only of products under the act.

    ``places`` by id, with name and kind. For what comes from suppliers or goes back the caller owns the holds.
    """
    with_partners = [
        each for each in moved if _PARTNERS & {places[each.from_place]["kind"], places[each.to_place]["kind"]}
    ]
    concerned = [*with_partners, *(each for each in moved if each.action == "open_case")]
    if not concerned:
        return
    lots = {
        row["id"]: row
        for row in queries("transactions").facts_of_lots(connection, lot_ids=sorted({m.lot_id for m in concerned}))
    }
    at: datetime = max(each.occurred_at for each in concerned)
    by_supplier: dict[int, set[tuple[int, str]]] = {}
    for each in with_partners:
        for place_id in (each.from_place, each.to_place):
            if places[place_id]["kind"] == "supplier":
                lot = lots[each.lot_id]
                by_supplier.setdefault(place_id, set()).add((lot["item_id"], lot["lot_number"]))
    for supplier_id, touched in sorted(by_supplier.items()):
        check_receipts(connection, supplier_id, touched, at)
    note_shipments(connection, with_partners, places, at)
    check_opened(connection, concerned, lots, at)


_PARTNERS = frozenset({"supplier", "customer"})
