"""What is in a package that somebody scanned by its SSCC, as its sender's aggregation events say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from cloud_sync.domain.booking import BookingLine
from cloud_sync.interop.epcis.hierarchy import DEPTH_MAX, Content, Master, content_of, masters_of
from cloud_sync.interop.epcis.identifiers import Gs1Id, read_id
from cloud_sync.storage.database import Connection
from cloud_sync.storage.queries import queries
from edge_agent.domain.barcodes.item_codes import package_in

EVENTS_MAX = 20_000
"""Looked at for one package; more is no pallet."""


@dataclass(frozen=True, slots=True)
class Packed:
    """Goods in a package: a unit (``serial``), or so many of a lot. ``lot`` and ``expires_on`` are None if nobody said.

    ``quantity`` counts what the GTIN names; None if nobody said how many. ``key`` is the goods' own name.
    """

    key: str
    gtin: str
    quantity: int | None
    lot: str | None
    serial: str | None
    expires_on: date | None


def packed_in(connection: Connection, sscc: str) -> list[Packed]:
    """The goods in a package and in the packages in it, down to units and lots; empty if nobody has told."""
    contents = _contents(connection, Gs1Id("00", sscc).uri)
    leaves: dict[str, float | None] = {}
    for content in contents.values():
        leaves |= {key: 1 for key in content.keys if key not in contents}
        for key, quantity in content.classes.items():
            leaves[key] = (leaves.get(key) or 0) + quantity
        leaves |= dict.fromkeys(content.unknown)
    masters = _masters(connection, sorted(leaves))
    return [_packed(key, quantity, masters) for key, quantity in sorted(leaves.items())]


def _contents(connection: Connection, package: str) -> dict[str, Content]:
    """What lies directly in the package and in each package in it."""
    found: dict[str, Content] = {}
    level = {package}
    for _ in range(DEPTH_MAX):
        rows = list(queries("epcis").captured_children(connection, parents=sorted(level), rows_max=EVENTS_MAX))
        events = [row["body"] for row in rows]
        new = {key: content for key in level if (content := content_of(key, events))}
        found |= new
        level = {key for content in new.values() for key in content.keys} - found.keys()
        if not level:
            break
    return found


def _masters(connection: Connection, keys: Sequence[str]) -> Mapping[str, Master]:
    rows = queries("epcis").captured_masters(connection, keys=list(keys), rows_max=EVENTS_MAX)
    return masters_of([row["body"] for row in rows])


def _packed(key: str, quantity: float | None, masters: Mapping[str, Master]) -> Packed:
    named = read_id(key) or Gs1Id("", "")
    said = masters.get(key, Master())
    return Packed(
        key=key,
        gtin=named.gtin,
        quantity=None if quantity is None or quantity != int(quantity) else int(quantity),
        lot=named.lot or said.lot or None,
        serial=named.serial or None,
        expires_on=_day(said.expires_on),
    )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def unpacked(connection: Connection, line: BookingLine) -> list[BookingLine]:
    """The lines that a scanned package stands for; the line itself if it is none, or nobody has told what is in it.

    What is in it has facts of its own, so that the package is booked once however often it is told.
    """
    sscc = package_in(line.codes)
    goods = [] if sscc is None else packed_in(connection, sscc)
    return [
        replace(
            line,
            fact=f"{line.fact}/{each.key}",
            gtin=each.gtin,
            codes=(),
            quantity=each.quantity or 0,
            lot=each.lot,
            serial=each.serial,
            expires_on=each.expires_on,
        )
        for each in goods
    ] or [line]


def is_told(line: BookingLine, goods: Sequence[BookingLine]) -> bool:
    """Whether a package turned out to be something."""
    return list(goods) != [line]
