"""What stands on a label, before anybody asks how large it is.

Rows have a rank, not a size: the layout gives each the largest letters for which everything fits, and none below its
smallest. Nothing is ever cut off: a name that does not fit needs a larger label.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, time
from enum import StrEnum

from biip.checksums import gs1_standard_check_digit

from cloud_sync.domain.bud import Storage
from cloud_sync.labels.symbols import Payload, Symbology, command_payload, goods_payload
from edge_agent.domain.barcodes.command_codes import Badge, ChoosePlace
from edge_agent.domain.barcodes.scanned import Element
from edge_agent.domain.wire.ids import PlaceName


class Rank(StrEnum):
    """How much a row matters to whoever takes the goods in hand."""

    HEAD = "head"
    STRONG = "strong"
    NORMAL = "normal"
    SMALL = "small"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of text, wrapped where it is too long."""

    text: str
    rank: Rank = Rank.NORMAL


@dataclass(frozen=True, slots=True)
class Content:
    """A label. ``symbologies``: how its code is drawn if nobody asks for something else; ``size`` likewise."""

    payload: Payload
    rows: tuple[Row, ...]
    symbologies: tuple[Symbology, ...] = (Symbology.DATAMATRIX,)
    size: str = "57x32"


@dataclass(frozen=True, slots=True)
class Goods:
    """What is known of a lot. ``base_units`` of ``unit`` are in one pack of ``gtin``; ``owner``: if it is not ours."""

    title: str
    gtin: str
    base_units: int
    unit: str
    lot_number: str | None = None
    expires_on: date | None = None
    expires_hour: time | None = None
    owner: str = ""


@dataclass(frozen=True, slots=True)
class Compounded:
    """What the label of a compounded preparation says beside its lot, as its master formulation record has it.

    ``patient`` is printed and never stored; where it is empty and ``prescription`` is not, a line to write on is left.
    """

    batch: str
    storage: Storage
    strength: str = ""
    contents: str = ""
    handling: str = ""
    warnings: tuple[str, ...] = ()
    maker: str = ""
    compounded_on: date | None = None
    prescription: str = ""
    patient: str = ""
    is_for_stock: bool = False


@dataclass(frozen=True, slots=True)
class Dispensed:
    """What the label of a prescription says of patient and use; all of it is printed and none of it is stored."""

    patient: str
    directions: str
    prescriber: str = ""
    quantity: int | None = None


STORED = {
    Storage.ROOM: "Store at controlled room temperature",
    Storage.REFRIGERATOR: "Store in a refrigerator",
    Storage.FREEZER: "Store in a freezer",
}
FOR_STOCK = "This is a compounded drug."
"""FD&C Act section 503B(a)(10)(A)(i)."""
NAME_LINE = "Name: ____________________"


def item_label(goods: Goods, *, today: date) -> Content:
    """Item and pack size, no lot: for shelves and catalogues. Raises ``Invalid``, as all of these do."""
    return Content(goods_payload((("01", goods.gtin),), today=today), (Row(goods.title, Rank.HEAD), _pack(goods)))


def lot_label(goods: Goods, *, today: date, serial: str | None = None) -> Content:
    """One lot, or one unit of it."""
    rows = [Row(goods.title, Rank.HEAD), Row(f"Lot {goods.lot_number}", Rank.STRONG)]
    if expiry := _expiry_text(goods):
        rows.append(Row(f"Exp {expiry}", Rank.STRONG))
    if serial is not None:
        rows.append(Row(f"Serial {serial}"))
    rows.append(_pack(goods))
    if goods.owner:
        rows.append(Row(f"Owner {goods.owner}", Rank.SMALL))
    return Content(goods_payload(_elements(goods, serial), today=today), tuple(rows))


def container_label(goods: Goods, made: Compounded, *, today: date) -> Content:
    """A vial, syringe or bottle of what was compounded here."""
    return Content(
        goods_payload(_elements(goods, None), today=today), tuple(_container_rows(goods, made)), size="76x51"
    )


def prescription_label(goods: Goods, made: Compounded, use: Dispensed, *, today: date) -> Content:
    """What goes to the patient for whom it was compounded (503A)."""
    return Content(
        goods_payload(_elements(goods, None), today=today), tuple(_prescription_rows(goods, made, use)), size="100x50"
    )


def place_label(name: str, title: str, path: tuple[str, ...]) -> Content:
    """A shelf, room or refrigerator, as the dock reads it. ``path``: the names of what it stands in, the site first."""
    payload = command_payload(f"LW.PLACE.{name}", ChoosePlace(PlaceName(name)))
    rows = [Row(title or name, Rank.HEAD)]
    if title and title != name:
        rows.append(Row(name, Rank.STRONG))
    if path:
        rows.append(Row(" › ".join(path), Rank.SMALL))
    return Content(payload, tuple(rows))


def badge_label(operator: str, badge: str) -> Content:
    """An operator's badge. What it says is in the code alone, not in letters."""
    return Content(
        command_payload(f"LW.BADGE.{badge}", Badge(badge)), (Row(operator, Rank.HEAD), Row("Badge", Rank.SMALL))
    )


def tote_label(sscc: str, order: str, sender: str, recipient: str, note: str) -> Content:
    """A box or pallet on its way, by the serial number of its container (SSCC)."""
    rows = [Row(f"To {recipient}" if recipient else "Tote", Rank.HEAD)]
    rows += [Row(f"Order {order}", Rank.STRONG)] if order else []
    rows += [Row(f"From {sender}")] if sender else []
    rows += [Row(note)] if note else []
    rows.append(Row(f"SSCC {sscc}", Rank.SMALL))
    return Content(
        goods_payload((("00", sscc),), today=date(2000, 1, 1)),  # it holds no date
        tuple(rows),
        (Symbology.DATAMATRIX, Symbology.LINEAR),
        "100x150",
    )


def sscc_of(extension_digit: int, company_prefix: str, number: int) -> str:
    """A serial shipping container code (GS1 General Specifications 3.2.1). Raises ``ValueError`` once they are used up.

    >>> sscc_of(1, "0614141", 123456789)
    '106141411234567897'
    """
    digits = 16 - len(company_prefix)
    if number >= 10**digits:
        raise ValueError(f"all {10**digits} serial numbers of company prefix {company_prefix} are used up")
    body = f"{extension_digit}{company_prefix}{number:0{digits}d}"
    return body + str(gs1_standard_check_digit(body))


def _prescription_rows(goods: Goods, made: Compounded, use: Dispensed) -> Iterator[Row]:
    yield Row(use.patient, Rank.HEAD)
    yield Row(use.directions, Rank.HEAD)
    quantity = f"{use.quantity} {goods.unit} of " if use.quantity else ""
    yield Row(f"{quantity}{goods.title} {made.strength}".strip(), Rank.STRONG)
    yield Row(f"Rx {made.prescription}" + (f" · {use.prescriber}" if use.prescriber else ""))
    if expiry := _expiry_text(goods):
        yield Row(f"Use by {expiry}", Rank.STRONG)
    for warning in made.warnings:
        yield Row(warning, Rank.STRONG)
    yield Row(made.handling or STORED[made.storage])
    yield Row("Compounded for you by " + (made.maker or "your pharmacy"), Rank.SMALL)
    yield Row(f"Lot {goods.lot_number}, batch {made.batch}", Rank.SMALL)


def _container_rows(goods: Goods, made: Compounded) -> Iterator[Row]:
    yield Row(goods.title, Rank.HEAD)
    if made.strength:
        yield Row(made.strength, Rank.HEAD)  # of its own: a solvent's 0.9 % beside 10 mg/mL misleads
    if made.contents:
        yield Row(made.contents, Rank.STRONG)
    yield Row(f"Lot {goods.lot_number}", Rank.STRONG)
    if expiry := _expiry_text(goods):
        yield Row(f"Use by {expiry}", Rank.STRONG)
    if made.prescription:
        yield Row(f"Name: {made.patient}" if made.patient else NAME_LINE, Rank.STRONG)
        yield Row(f"Rx {made.prescription}")
    for warning in made.warnings:
        yield Row(warning, Rank.STRONG)
    yield Row(made.handling or STORED[made.storage])
    if made.is_for_stock:
        yield Row(FOR_STOCK, Rank.SMALL)
    on = f", compounded {made.compounded_on:%Y-%m-%d}" if made.compounded_on else ""
    yield Row(f"Batch {made.batch}{on}", Rank.SMALL)
    if made.maker:
        yield Row(made.maker, Rank.SMALL)


def _elements(goods: Goods, serial: str | None) -> tuple[Element, ...]:
    """Lot and serial stand before the date, so that a separator stands between: a gateway that sees one believes lots
    that only look as if they had swallowed something."""
    elements = [("01", goods.gtin)]
    if serial is not None:
        elements.append(("21", serial))
    if goods.lot_number is not None:
        elements.append(("10", goods.lot_number))
    if goods.expires_on is not None and goods.expires_hour is not None:
        elements.append(("7003", f"{goods.expires_on:%y%m%d}{goods.expires_hour:%H%M}"))
    elif goods.expires_on is not None:
        elements.append(("17", f"{goods.expires_on:%y%m%d}"))
    return tuple(elements)


def _expiry_text(goods: Goods) -> str:
    if goods.expires_on is None:
        return ""
    return f"{goods.expires_on}" + (f" {goods.expires_hour:%H:%M}" if goods.expires_hour is not None else "")


def _pack(goods: Goods) -> Row:
    return Row(f"GTIN {goods.gtin} · {goods.base_units} {goods.unit}", Rank.SMALL)
