"""What a label of something in the ledger says, as a file or on a printer."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from io import BytesIO
from typing import Any

from cloud_sync.actions.labels.totes import tote_row
from cloud_sync.actions.master_data.master_data import item_named, place_named
from cloud_sync.domain.compounding import Kind, MasterFormulationRecord
from cloud_sync.errors import Conflict, Invalid, NotFound
from cloud_sync.labels.bitmap import DOTS_PER_MM, bitmap_of
from cloud_sync.labels.content import (
    Compounded,
    Content,
    Goods,
    badge_label,
    container_label,
    item_label,
    lot_label,
    place_label,
    prescription_label,
    tote_label,
)
from cloud_sync.labels.content import Dispensed as Dispensed
from cloud_sync.labels.layout import Drawing, laid_out
from cloud_sync.labels.pdf import pdf_of
from cloud_sync.labels.printer import check_address, send
from cloud_sync.labels.settings import LabelSettings, Printer
from cloud_sync.labels.sizes import is_sheet, label_mm
from cloud_sync.labels.symbols import Symbology as Symbology
from cloud_sync.labels.zpl import COPIES_MAX, zpl_of
from cloud_sync.storage.database import Connection, Database, Row
from cloud_sync.storage.events import add_event
from cloud_sync.storage.queries import queries
from edge_agent.domain.stock.expiry import day_of, zone_named

HOUSE = "house"
"""The owner whose goods bear no owner's name: ourselves."""


class LabelKind(StrEnum):
    """What there are labels of."""

    ITEM = "item"
    LOT = "lot"
    SERIAL = "serial"
    PLACE = "place"
    BADGE = "badge"
    CONTAINER = "container"
    TOTE = "tote"
    PRESCRIPTION = "prescription"


class Format(StrEnum):
    """What a label may be had as: pages, the language of label printers, or a picture to look at."""

    PDF = "pdf"
    ZPL = "zpl"
    PNG = "png"


MEDIA = {Format.PDF: "application/pdf", Format.ZPL: "application/zpl", Format.PNG: "image/png"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """A label of ``kind``, and of which thing: the name of an item, place or operator, the id of a lot or
    ``ITEM/LOT NUMBER``, ``LOT ID/SERIAL``, or an SSCC.

    ``size``: a sheet or ``57x32`` in mm, "" for the usual one; ``gtin``: which pack, "" for the smallest; ``patient``:
    a name that is printed and not kept; ``skip``: labels of a sheet that were used before.
    """

    kind: LabelKind
    id: str
    size: str = ""
    copies: int = 1
    skip: int = 0
    dpi: int = 203
    gtin: str = ""
    patient: str = ""
    symbologies: tuple[Symbology, ...] = ()
    use: Dispensed | None = None
    """Of a prescription's label; printed and not kept, as ``patient``."""


@dataclass(frozen=True, slots=True)
class LabelFile:
    """A file of labels."""

    name: str
    media_type: str
    data: bytes = field(repr=False)


def label_file(database: Database, wanted: Wanted, form: Format, settings: LabelSettings, *, at: datetime) -> LabelFile:
    """The labels as a file. Raises ``NotFound``, ``Invalid``, ``Conflict``."""
    drawing, size = drawn(database, wanted, settings, at)
    if form is Format.PNG:
        buffer = BytesIO()
        bitmap_of(drawing, wanted.dpi).save(buffer, "PNG")
        data = buffer.getvalue()
    elif form is Format.ZPL:
        check_is_roll(size)
        data = zpl_of([drawing] * wanted.copies, wanted.dpi)
    else:
        data = pdf_of([drawing] * wanted.copies, size, skip=wanted.skip, title=f"{wanted.kind} {wanted.id}")
    plain = "".join(letter if letter.isalnum() and letter.isascii() else "-" for letter in wanted.id)
    return LabelFile(f"{wanted.kind}-{plain}.{form}", MEDIA[form], data)


def print_labels(
    database: Database,
    wanted: Wanted,
    printer: str,
    settings: LabelSettings,
    *,
    at: datetime,
    actor: str,
    takes_addresses: bool = False,
) -> None:
    """Print on the printer of this name in the settings; the printing is an event.

    ``takes_addresses``: whether ``printer`` may be HOST:PORT as well; from afar it may not, or the ledger would
    connect to any address for whoever asks. Raises ``Conflict`` if the printer does not answer.
    """
    chosen = settings.printers.get(printer)
    if chosen is None and takes_addresses:
        chosen = Printer(check_address(printer), wanted.dpi)
    chosen = chosen or printer_named(settings, printer)
    drawing, size = drawn(database, wanted, settings, at)
    check_is_roll(size)
    send(zpl_of([drawing] * wanted.copies, chosen.dpi), chosen.address)
    data = {"kind": wanted.kind.value, "of": wanted.id, "copies": wanted.copies, "printer": printer}
    with database.transaction() as connection:
        add_event(connection, actor=actor, kind="labels_printed", subject=_subject(connection, wanted), data=data)


def drawn(database: Database, wanted: Wanted, settings: LabelSettings, at: datetime) -> tuple[Drawing, str]:
    """One label, and its size. Raises ``NotFound``, ``Invalid``, ``Conflict``."""
    if not 1 <= wanted.copies <= COPIES_MAX:
        raise Invalid(f"{wanted.copies} labels cannot be made at once", f"Ask for 1 to {COPIES_MAX}.")
    if wanted.dpi not in DOTS_PER_MM:
        raise Invalid(
            f"no label printer has {wanted.dpi} dots an inch", f"Write one of {', '.join(map(str, DOTS_PER_MM))}."
        )
    with database.transaction() as connection:
        content = _CONTENT[wanted.kind](connection, wanted, settings, at)
    size = wanted.size or content.size
    return laid_out(content, *label_mm(size), wanted.symbologies), size


def printer_named(settings: LabelSettings, printer: str) -> Printer:
    """The printer of this name in the settings. Raises ``NotFound``."""
    chosen = settings.printers.get(printer)
    if chosen is None:
        known = ", ".join(sorted(settings.printers)) or "none yet"
        raise NotFound(
            f"there is no label printer {printer}",
            f"Known are: {known}. An administrator adds them to [labels.printers].",
        )
    return chosen


def check_is_roll(size: str) -> None:
    """Raise ``Invalid`` for a sheet."""
    if is_sheet(size):
        raise Invalid(f"{size} is a sheet, and a label printer takes labels on a roll", "Write their size, e.g. 57x32.")


def _item(connection: Connection, wanted: Wanted, _: LabelSettings, at: datetime) -> Content:
    row = item_named(connection, wanted.id)
    packs = sorted(row["gtins"], key=lambda pack: (pack["base_units"], pack["gtin"]))
    return item_label(_goods({**row, "item": row["name"], "gtins": packs}, wanted), today=at.date())


def _lot(connection: Connection, wanted: Wanted, _: LabelSettings, at: datetime) -> Content:
    row = _lot_row(connection, wanted.id)
    return lot_label(_goods(row, wanted), today=at.date())


def _serial(connection: Connection, wanted: Wanted, _: LabelSettings, at: datetime) -> Content:
    lot_id, _slash, serial = wanted.id.partition("/")
    if not lot_id.isdigit() or not serial:
        raise Invalid(f"{wanted.id} names no unit", "Write the id of its lot, a slash and its serial number: 12/S0001.")
    row = _lot_row(connection, lot_id)
    if not queries("labels").is_serial_known(connection, lot_id=row["id"], serial=serial):
        raise NotFound(
            f"lot {row['lot_number']} has no unit with the serial number {serial}", "Receive it first, then print."
        )
    return lot_label(_goods(row, wanted), today=at.date(), serial=serial)


def _container(connection: Connection, wanted: Wanted, settings: LabelSettings, at: datetime) -> Content:
    row = _lot_row(connection, wanted.id)
    made = _made(connection, row)
    if wanted.patient and not made["prescription"]:
        raise Invalid(f"batch {made['number']} was made for stock, not for a patient", "Leave the name out.")
    return container_label(_goods(row, wanted), _compounded(made, wanted, settings), today=at.date())


def _prescription(connection: Connection, wanted: Wanted, settings: LabelSettings, at: datetime) -> Content:
    row = _lot_row(connection, wanted.id)
    made = _made(connection, row)
    if made["kind"] != Kind.FOR_PATIENT or not made["prescription"]:
        raise Invalid(
            f"batch {made['number']} was made for stock (503B), not for a patient's prescription",
            "Print a label of the container; a prescription label is of what was made for one patient (503A).",
        )
    if not made["is_released"]:
        raise Conflict(
            f"batch {made['number']} is not released", "Print the prescription label once quality has released it."
        )
    ends_at = row["ends_at"]
    if ends_at is not None and ends_at <= at:
        raise Conflict(f"lot {row['lot_number']} is past its beyond-use date", "Have it made again.")
    if wanted.use is None:
        raise Invalid("a prescription label needs the patient and the directions", "Give both; neither is kept.")
    return prescription_label(_goods(row, wanted), _compounded(made, wanted, settings), wanted.use, today=at.date())


def _made(connection: Connection, row: Row) -> Row:
    """The batch that a lot came out of. Raises ``Conflict`` if it was not compounded here, or rejected."""
    made: Row | None = queries("labels").made_in(connection, lot_id=row["id"])
    if made is None:
        raise Conflict(f"lot {row['lot_number']} was not compounded here", "Print a label of the lot instead.")
    if made["is_rejected"]:
        raise Conflict(f"batch {made['number']} was rejected", "Its product gets no label; have it destroyed.")
    return made


def _compounded(made: Row, wanted: Wanted, settings: LabelSettings) -> Compounded:
    record = MasterFormulationRecord.model_validate(made["body"])
    return Compounded(
        batch=made["number"],
        storage=record.storage,
        strength=record.label.strength,
        contents=record.label.contents,
        handling=record.label.handling,
        warnings=record.label.warnings,
        maker=settings.maker,
        compounded_on=day_of(made["began_at"], zone_named(made["zone"])) if made["began_at"] else None,
        prescription=made["prescription"],
        patient=wanted.patient,
        is_for_stock=made["kind"] == Kind.FOR_STOCK,
    )


def _place(connection: Connection, wanted: Wanted, _: LabelSettings, _at: datetime) -> Content:
    row = place_named(connection, wanted.id)
    return place_label(row["name"], row["title"], tuple(row["path"][:-1]))


def _badge(connection: Connection, wanted: Wanted, _: LabelSettings, _at: datetime) -> Content:
    row: Row | None = queries("labels").badge_of(connection, operator=wanted.id)
    if row is None:
        raise NotFound(f"there is no operator {wanted.id}", "Give them a badge first: PUT /v1/operators/NAME.")
    if not row["active"]:
        raise Conflict(f"the badge of {wanted.id} is withdrawn", "Make the operator active again, then print it.")
    return badge_label(row["name"], row["badge"])


def _tote(connection: Connection, wanted: Wanted, _: LabelSettings, _at: datetime) -> Content:
    row = tote_row(connection, wanted.id)
    return tote_label(row["sscc"], row["order"] or "", row["sender"] or "", row["recipient"] or "", row["note"])


_CONTENT: dict[LabelKind, Callable[[Connection, Wanted, LabelSettings, datetime], Content]] = {
    LabelKind.ITEM: _item,
    LabelKind.LOT: _lot,
    LabelKind.SERIAL: _serial,
    LabelKind.PLACE: _place,
    LabelKind.BADGE: _badge,
    LabelKind.CONTAINER: _container,
    LabelKind.TOTE: _tote,
    LabelKind.PRESCRIPTION: _prescription,
}


def _lot_row(connection: Connection, said: str) -> Row:
    """The lot of this id, or of ``ITEM/LOT NUMBER`` if one owner alone has such a one."""
    item, slash, number = said.partition("/")
    lot_id = said
    if slash:
        found = list(queries("labels").lots_called(connection, item=item, lot_number=number))
        if len(found) > 1:
            ids = ", ".join(f"{row['id']} ({row['owner']})" for row in found)
            raise Conflict(f"several owners have a lot {number} of {item}", f"Name it by its id: {ids}.")
        lot_id = str(found[0]["id"]) if found else ""
    row: Row | None = None
    if lot_id.isdigit() and int(lot_id) < 2**63:
        row = queries("labels").labelled_lot(connection, lot_id=int(lot_id))
    if row is None:
        raise NotFound(f"there is no lot {said}", "Name it by its id or as ITEM/LOT NUMBER.")
    return row


def _goods(row: Row, wanted: Wanted) -> Goods:
    packs: list[dict[str, Any]] = [pack for pack in row["gtins"] if not wanted.gtin or pack["gtin"] == wanted.gtin]
    if not packs:
        raise Conflict(
            f"{row['item']} has no GTIN {wanted.gtin}" if wanted.gtin else f"{row['item']} has no GTIN",
            "A label's barcode names goods by their GTIN. Add one to the item. Your GS1 organisation assigns them, "
            "and says which are free for use inside one house (restricted circulation numbers).",
        )
    owner = row.get("owner", HOUSE)
    return Goods(
        title=row["title"] or row["item"],
        gtin=packs[0]["gtin"],
        base_units=packs[0]["base_units"],
        unit=row["base_unit"],
        lot_number=row.get("lot_number"),
        expires_on=row.get("expires_on"),
        expires_hour=row.get("expires_hour"),
        owner="" if owner == HOUSE else owner,
    )


def _subject(connection: Connection, wanted: Wanted) -> str:
    if wanted.kind in (LabelKind.LOT, LabelKind.CONTAINER, LabelKind.PRESCRIPTION):
        return f"lot:{_lot_row(connection, wanted.id)['id']}"
    if wanted.kind is LabelKind.SERIAL:
        return f"lot:{wanted.id.partition('/')[0]}"
    table = "operator" if wanted.kind is LabelKind.BADGE else wanted.kind.value
    return f"{table}:{wanted.id}"
