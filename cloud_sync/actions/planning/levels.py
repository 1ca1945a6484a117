"""Taking suggested levels over: they become the reorder level in force, by a person, with a reason."""

from datetime import datetime

from cloud_sync.actions.master_data.records import keep_record
from cloud_sync.actions.planning.runs import suggestion
from cloud_sync.domain.master_records import ReorderRecord
from cloud_sync.errors import Conflict
from cloud_sync.storage.database import Database, Row


def adopt(database: Database, run_id: int, item: str, place: str, *, reason: str, at: datetime, actor: str) -> Row:
    """Make the suggested reorder point and par level of a line the ones in force; gives the line as it is now.

    Raises ``NotFound``, ``Conflict`` where nothing is suggested.
    """
    row = suggestion(database, run_id, item, place)
    if row["par_level"] <= row["reorder_point"]:
        raise Conflict(f"no par level is suggested for {item} at {place}", "It was not used lately; set one by hand.")
    terms = row["terms"]
    record = ReorderRecord(
        item=item, place=place, supplier=row["supplier"], reorder_point=row["reorder_point"],
        par_level=row["par_level"], service_level=terms["service_level"], pack_size=terms["pack_size"],
        order_min=terms["order_min"], cycle_days=terms["cycle_days"], room_max=terms["room_max"],
    )  # fmt: skip
    keep_record(
        database, "reorder-levels", record, reason=f"planning run {run_id}: {reason}"[:1000], at=at, actor=actor
    )
    return {**row, "reorder_point_now": record.reorder_point, "par_level_now": record.par_level}
