"""Approved counts state what stood in a place; what they correct follows from all that is known of the time before.

Whenever that changes, the corrections are redone: a late scan explains a difference instead of being booked on top of
it. What is left unexplained is a case.
"""

from collections.abc import Iterable

from cloud_sync.domain.booking import NewMovement
from cloud_sync.posting.cases import LEDGER, Case, amend_case, close_case, latest_case, open_case
from cloud_sync.storage.database import Connection, Row
from cloud_sync.storage.events import add_event
from cloud_sync.storage.queries import queries

UNEXPLAINED = "count_difference"
EXPLAINED = "later facts explain it"

Stock = tuple[int, str, int]
"""Lot id, serial, place id."""


def recount(connection: Connection, touched: Iterable[Stock]) -> list[Row]:
    """Redo what approved counts of these positions correct; gives the corrections that changed.

    The caller owns the lots, and sees to what follows from the changed balances.
    """
    positions = sorted(set(touched))
    lot_ids = sorted({lot_id for lot_id, _, _ in positions})
    if not queries("counts").is_any_approved(connection, lot_ids=lot_ids):
        return []
    changed = list(
        queries("counts").recount(
            connection,
            lot_ids=[lot_id for lot_id, _, _ in positions],
            serials=[serial for _, serial, _ in positions],
            place_ids=[place_id for _, _, place_id in positions],
            difference_place=queries("counts").difference_place(connection),
        )
    )
    for row in changed:
        _tell(connection, row)
    return changed


def as_movements(changed: Iterable[Row]) -> list[NewMovement]:
    """The changes that took stock out of a place, as movements from it."""
    return [
        NewMovement(
            fact=row["fact"],
            lot_id=row["lot_id"],
            serial=row["serial"],
            quantity=row["was"] - row["surplus"],
            from_place=row["place_id"],
            to_place=row["difference_place"],
            occurred_at=row["counted_at"],
            action="count",
            order_ref=row["number"],
        )
        for row in changed
        if row["surplus"] < row["was"]
    ]


def _tell(connection: Connection, row: Row) -> None:
    """Say what changed; open, amend or close the case on what is not explained."""
    surplus, number = row["surplus"], row["number"]
    data = {"lot": row["lot_id"], "serial": row["serial"], "place": row["place"], "counted": row["counted"]}
    add_event(
        connection,
        actor=LEDGER,
        kind="count_corrected",
        subject=f"count:{number}",
        data={**data, "was": row["was"], "is": surplus},
    )
    known = latest_case(connection, UNEXPLAINED, row["fact"])
    is_open = known is not None and known["resolved_at"] is None
    if surplus == 0:
        if known is not None and is_open:
            close_case(connection, known["id"], actor=LEDGER, resolution=EXPLAINED)
        return
    unit = f" serial {row['serial']}" if row["serial"] else ""
    what = "more" if surplus > 0 else "less"
    text = (
        f"count {number} found {row['counted']} of lot {row['lot_number']}{unit} in {row['place']}: {abs(surplus)} "
        f"{what} than all that is recorded explains. Find out where the difference comes from"
    )
    data |= {"count": number, "difference": surplus}
    if known is not None and is_open:
        amend_case(connection, known["id"], text, data)
    else:
        open_case(connection, Case(UNEXPLAINED, row["fact"], text, data=data))
