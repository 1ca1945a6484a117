"""Movements whose time a person typed, where that time decides on a hold: a case, and quality's word on it."""

from collections.abc import Iterable

from cloud_sync.posting.cases import Case, latest_cases, open_case
from cloud_sync.storage.database import Connection
from cloud_sync.storage.queries import queries

TYPED = "typed_time"


def doubt_typed_times(connection: Connection, *, lot_ids: Iterable[int], excursion_ids: Iterable[int] = ()) -> None:
    """Open a case for each typed movement that would free stock of these lots, or of what these excursions expose.

    The wider reading counts meanwhile: it left as late as it was typed. A case that quality has resolved stays so.
    """
    rows = list(
        queries("holds").typed_in_doubt(connection, lot_ids=sorted(lot_ids), excursion_ids=sorted(excursion_ids))
    )
    known = latest_cases(connection, TYPED, [row["fact"] for row in rows])
    for row in rows:
        if row["fact"] in known:
            continue
        unit = f" serial {row['serial']}" if row["serial"] else ""
        text = (
            f"{row['operator']} typed at {row['latest_at']:%Y-%m-%d %H:%M} UTC that {row['quantity']} of lot "
            f"{row['lot_number']}{unit} left {row['place']} at {row['occurred_at']:%Y-%m-%d %H:%M} UTC; "
            f"what was there is on hold from {row['since']:%Y-%m-%d %H:%M} UTC on. It stays on hold. "
            "Accept the case if evidence proves the typed time, and it counts"
        )
        data = {
            "fact": row["fact"],
            "movement": row["id"],
            "lot": row["lot_id"],
            "operator": row["operator"],
            "typed": {"left_at": row["occurred_at"].isoformat(), "typed_at": row["latest_at"].isoformat()},
            "recorded": {
                "held_since": row["since"].isoformat(),
                "excursions": row["excursions"],
                "holds": row["holds"],
            },
        }
        open_case(connection, Case(TYPED, row["fact"], text, data=data))
