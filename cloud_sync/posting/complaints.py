"""What follows from complaints: several about one lot are a case, which holds the lot."""

from cloud_sync.posting.cases import Case, latest_case, open_case
from cloud_sync.posting.positions import lot_of
from cloud_sync.storage.database import Connection
from cloud_sync.storage.queries import queries

SAME_LOT = "complaints_on_lot"
SAME_LOT_MIN = 3
"""So many complaints about one lot are no coincidence."""


def watch_lot(connection: Connection, lot_id: int) -> None:
    """Open a case once a lot has so many complaints that nobody refuted. The caller owns the lot.

    After quality has resolved one, it takes another complaint to open the next.
    """
    rows = list(queries("claims").complaints_of_lot(connection, lot_id=lot_id))
    if len(rows) < SAME_LOT_MIN:
        return
    ids = [row["id"] for row in rows]
    known = latest_case(connection, SAME_LOT, f"lot:{lot_id}")
    if known is not None and set(ids) <= set(known["data"]["complaints"]):
        return
    lot = lot_of(connection, lot_id)
    numbers = ", ".join(map(str, ids))
    text = (
        f"{len(ids)} complaints about lot {lot['lot_number']} of {lot['item']} ({numbers}): look at the whole lot, "
        "ask the supplier, and decide whether it is to be recalled"
    )
    open_case(connection, Case(SAME_LOT, f"lot:{lot_id}", text, lot_id, data={"complaints": ids}))
