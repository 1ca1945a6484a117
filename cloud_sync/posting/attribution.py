"""Which receipts are in what somebody got, and how much of each: least and most."""

from collections.abc import Iterable
from typing import Any

from cloud_sync.domain.attribution import AttributionFlow, Origin, sources_of
from cloud_sync.domain.trace import PRODUCTION
from cloud_sync.storage.database import Connection
from cloud_sync.storage.queries import queries


def attributed(
    connection: Connection,
    roots: list[int],
    upstream: Iterable[int],
    *,
    serial: str | None,
    serials: list[str] | None,
    order: str | None,
    recipient: str | None,
) -> list[dict[str, Any]]:
    """Receipts (lot, item, ``from_place``, base units ``received``) that may be in the units that are asked for.

    Those are what ``recipient`` has of the lots ``roots``, what ``order`` sent out, or all of them. ``upstream`` are
    all lots that a trace backward reaches, ``serials`` (of one serial) those by which it went back: its own, and that
    of the case that it was in. Each with ``least`` and ``most`` base units of the receipt in them.
    """
    asked = queries("trace").quantities_of(
        connection, lot_ids=roots, serial=serial, order_ref=order, recipient=recipient
    )
    wanted = {row["lot_id"]: row["quantity"] for row in asked if row["quantity"] > 0}
    lot_ids = sorted({*roots, *upstream})
    rows = list(queries("trace").origins_of(connection, lot_ids=lot_ids, roots=roots, serials=serials))
    place_ids = sorted({row["place_id"] for row in rows})
    places = {row["id"]: row for row in queries("trace").named_places(connection, place_ids=place_ids)}
    made_in = [each for each in place_ids if places[each]["kind"] == PRODUCTION]
    flows = [AttributionFlow(**row) for row in queries("trace").flows_of(connection, place_ids=made_in)]
    origins = [Origin(row["lot_id"], row["place_id"], row["quantity"]) for row in rows]
    amounts = sources_of(wanted, flows, origins)
    lots = {row["id"]: row for row in queries("trace").named_lots(connection, lot_ids=lot_ids)}
    return [
        {
            "lot_id": each.lot_id,
            "item": lots[each.lot_id]["item"],
            "lot_number": lots[each.lot_id]["lot_number"],
            "from_place": places[each.place_id]["name"],
            "received": each.quantity,
            "least": round(amounts[each.lot_id, each.place_id].least, 3),
            "most": round(amounts[each.lot_id, each.place_id].most, 3),
        }
        for each in origins
        if places[each.place_id]["kind"] != PRODUCTION and (each.lot_id, each.place_id) in amounts
    ]
