"""Corrections in the field: the list of serials that a maker names, where each unit is, and whether it was done."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from cloud_sync.actions.master_data.master_data import item_named
from cloud_sync.actions.serials.devices import add_fact, check_past
from cloud_sync.domain.devices import FactKind
from cloud_sync.errors import Conflict, NotFound
from cloud_sync.storage.database import Connection, Database, Row
from cloud_sync.storage.events import add_event
from cloud_sync.storage.queries import queries


def open_correction(
    database: Database, *, item: str, title: str, reference: str, instructions: str, serials: Sequence[str],
    at: datetime, actor: str,
) -> dict[str, Any]:  # fmt: skip
    """A correction in the field of the units with these serials, ours or not; gives it with where each is."""
    with database.transaction() as connection:
        item_id = int(item_named(connection, item)["id"])
        correction_id: int = queries("devices").add_correction(
            connection, item_id=item_id, title=title, reference=reference, instructions=instructions, actor=actor, at=at
        )
        queries("devices").add_correction_units(connection, correction_id=correction_id, serials=list(serials))
        data = {"item": item, "reference": reference, "serials": len(set(serials))}
        add_event(
            connection, actor=actor, kind="correction_opened", subject=f"field_correction:{correction_id}",
            reason=title, data=data,
        )  # fmt: skip
        return _correction(connection, correction_id)


def record_corrected(
    database: Database, correction_id: int, lot_id: int, serial: str, *, at: datetime, reason: str, now: datetime,
    actor: str,
) -> Row:  # fmt: skip
    """A unit was corrected. Raises ``NotFound``, and ``Conflict`` for one that the list does not name or that was
    done."""
    check_past(at, now)
    with database.transaction() as connection:
        correction = _correction(connection, correction_id)
        row = next((r for r in correction["units"] if (r["lot_id"], r["serial"]) == (lot_id, serial)), None)
        if row is None:
            raise Conflict(f"field correction {correction_id} does not name serial {serial} of this lot")
        if row["done_at"] is not None:
            raise Conflict(f"serial {serial} was corrected on {row['done_at']:%Y-%m-%d}")
        if correction["closed_at"] is not None:
            raise Conflict(f"field correction {correction_id} is closed")
        return add_fact(
            connection, lot_id, serial, FactKind.CORRECTED, at, about=correction_id, reason=reason, actor=actor, now=now
        )


def close_correction(
    database: Database, correction_id: int, reason: str, *, at: datetime, actor: str
) -> dict[str, Any]:
    """Close a correction. Raises ``NotFound``, and ``Conflict`` while units here are not done."""
    with database.transaction() as connection:
        correction = _correction(connection, correction_id)
        waiting = [row["serial"] for row in correction["units"] if row["lot_id"] and not row["done_at"]]
        if waiting:
            raise Conflict(
                f"{len(waiting)} units are not corrected yet, such as serial {waiting[0]}",
                "Record each of them, or what became of it.",
            )
        if not queries("devices").close_correction(
            connection, correction_id=correction_id, actor=actor, at=at, reason=reason
        ):
            raise Conflict(f"field correction {correction_id} was closed before")
        add_event(
            connection, actor=actor, kind="correction_closed", subject=f"field_correction:{correction_id}",
            reason=reason,
        )  # fmt: skip
        return _correction(connection, correction_id)


def list_corrections(database: Database, *, only_open: bool, rows_max: int, rows_skipped: int = 0) -> list[Row]:
    """Corrections in the field, the newest first."""
    with database.transaction() as connection:
        return list(
            queries("devices").corrections(
                connection, only_open=only_open, rows_max=rows_max, rows_skipped=rows_skipped
            )
        )


def show_correction(database: Database, correction_id: int) -> dict[str, Any]:
    """One of them, with each serial: where its unit is, and whether it was done. Raises ``NotFound``."""
    with database.transaction() as connection:
        return _correction(connection, correction_id)


def _correction(connection: Connection, correction_id: int) -> dict[str, Any]:
    row: Row | None = queries("devices").correction_by_id(connection, correction_id=correction_id)
    if row is None:
        raise NotFound(f"there is no field correction {correction_id}", "See GET /v1/field-corrections.")
    return {**row, "units": list(queries("devices").correction_units(connection, correction_id=correction_id))}
