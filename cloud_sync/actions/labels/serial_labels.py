"""Labels of all units that got their serials at one time, in one file or on a printer."""

from datetime import datetime

from cloud_sync.actions.labels.labels import (
    MEDIA,
    Format,
    LabelFile,
    LabelKind,
    Wanted,
    check_is_roll,
    drawn,
    printer_named,
)
from cloud_sync.actions.serials.numbering import show_range
from cloud_sync.errors import Conflict
from cloud_sync.labels.layout import Drawing
from cloud_sync.labels.pdf import pdf_of
from cloud_sync.labels.printer import send
from cloud_sync.labels.settings import LabelSettings
from cloud_sync.labels.zpl import zpl_of
from cloud_sync.storage.database import Database
from cloud_sync.storage.events import add_event


def range_file(
    database: Database, range_id: int, form: Format, settings: LabelSettings, *, size: str, dpi: int, at: datetime
) -> LabelFile:
    """The labels as PDF or ZPL. Raises ``NotFound``, ``Invalid``, ``Conflict``."""
    drawings, size = _drawn(database, range_id, settings, size, dpi, at)
    if form is Format.ZPL:
        check_is_roll(size)
        data = zpl_of(drawings, dpi)
    else:
        data = pdf_of(drawings, size, skip=0, title=f"serials {range_id}")
    return LabelFile(f"serials-{range_id}.{form}", MEDIA[form], data)


def print_range(
    database: Database, range_id: int, printer: str, settings: LabelSettings, *, size: str, at: datetime, actor: str
) -> None:
    """Print them; the printing is an event. Raises ``NotFound``, ``Conflict`` if the printer does not answer."""
    chosen = printer_named(settings, printer)
    drawings, size = _drawn(database, range_id, settings, size, chosen.dpi, at)
    check_is_roll(size)
    send(zpl_of(drawings, chosen.dpi), chosen.address)
    lot_id = show_range(database, range_id)["lot_id"]
    data = {"kind": "serial", "range": range_id, "copies": len(drawings), "printer": printer}
    with database.transaction() as connection:
        add_event(connection, actor=actor, kind="labels_printed", subject=f"lot:{lot_id}", data=data)


def _drawn(
    database: Database, range_id: int, settings: LabelSettings, size: str, dpi: int, at: datetime
) -> tuple[list[Drawing], str]:
    given = show_range(database, range_id)
    if given["lot_id"] is None:
        raise Conflict(
            f"the serials of range {range_id} were allotted to {given['allotted_to']}, who marks the goods",
            "Labels are made here for units that got their serials here.",
        )
    each = [
        drawn(database, Wanted(LabelKind.SERIAL, f"{given['lot_id']}/{serial}", size, dpi=dpi), settings, at)
        for serial in given["serials"]
    ]
    return [drawing for drawing, _ in each], each[0][1]
