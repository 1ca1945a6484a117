"""Serialised units: numbers given here, and ranges of them."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response

from cloud_sync.actions.labels import serial_labels
from cloud_sync.actions.labels.labels import Format
from cloud_sync.actions.papers import pedigrees
from cloud_sync.actions.serials import numbering
from cloud_sync.api.access import Administrator, ApiRoute, Ledger, Listing, Mover, Now, Reader, Signer
from cloud_sync.api.labels import FILE, Dpi, Settings, as_response
from cloud_sync.api.problems import answers
from cloud_sync.api.schemas.common import Id, In, Listed, Name
from cloud_sync.api.schemas.label import Size
from cloud_sync.api.schemas.serial import (
    RangeIn,
    RangeOut,
    RangeRowOut,
    Serial,
    SerialPatternIn,
    SerialPatternOut,
    SerialsIn,
    WaitingOut,
)

router = APIRouter(tags=["serials"], route_class=ApiRoute, responses=answers(404, 409))


class RangePrintIn(In):
    """On which printer of the settings, and how large."""

    printer: Name
    size: Size = ""


@router.put("/items/{name}/serial-pattern", summary="Set the serials of an item", response_model=SerialPatternOut)
def keep_pattern(name: Name, said: SerialPatternIn, database: Ledger, actor: Administrator, now: Now) -> Any:
    """How serials of the item look that are given here, and when units get them. 409 for an item without a GTIN."""
    return numbering.keep_pattern(database, name, said.pattern, said.given_at, at=now, actor=actor.name)


@router.get("/serial-patterns", summary="List patterns of serials", response_model=Listed[SerialPatternOut])
def list_patterns(database: Ledger, _: Reader, page: Listing) -> Any:
    """Items whose serials are given here."""
    return page.of(numbering.list_patterns(database, rows_max=page.rows_max, rows_skipped=page.offset))


@router.post("/serials/assign", summary="Give serials to units", status_code=201, response_model=RangeOut)
def assign(said: SerialsIn, database: Ledger, actor: Mover, now: Now) -> Any:
    """Give loose units of a lot serials that nobody has, and get their labels at once from
    `/v1/serial-ranges/{range_id}/labels`. The same `client_id` with the same content again gives no others.

    409 for a serial that exists, a range that overlaps another, and for units that are not there or reserved.
    """
    return numbering.assign(database, **said.model_dump(), at=now, actor=actor.name)


@router.get("/serials/waiting", summary="See what waits for serials", response_model=Listed[WaitingOut])
def waiting(database: Ledger, _: Reader, page: Listing) -> Any:
    """Stock that came in, or was made, without serials, of items that get theirs then."""
    return page.of(numbering.waiting_for_serials(database, rows_max=page.rows_max, rows_skipped=page.offset))


@router.post("/serial-ranges", summary="Allot a range of serials", status_code=201, response_model=RangeOut)
def allot(said: RangeIn, database: Ledger, actor: Administrator, now: Now) -> Any:
    """Allot serials to somebody who marks goods elsewhere. 409 for a range that overlaps another one."""
    return numbering.allot(database, **said.model_dump(), at=now, actor=actor.name)


@router.get("/serial-ranges", summary="List ranges of serials", response_model=Listed[RangeRowOut])
def list_ranges(database: Ledger, _: Reader, page: Listing, item: Name | None = None) -> Any:
    """Ranges that were given, the newest first."""
    return page.of(numbering.list_ranges(database, item=item, rows_max=page.rows_max, rows_skipped=page.offset))


@router.get("/serial-ranges/{range_id}", summary="See a range of serials", response_model=RangeOut)
def see_range(range_id: Id, database: Ledger, _: Reader) -> Any:
    """A range, with each serial if it was given to a lot here."""
    return numbering.show_range(database, range_id)


@router.get(
    "/serial-ranges/{range_id}/labels", summary="Get the labels of a range", response_class=Response, responses=FILE
)
def range_labels(
    range_id: Id,
    database: Ledger,
    _: Reader,
    now: Now,
    settings: Settings,
    form: Annotated[Literal["pdf", "zpl"], Query(alias="format")] = "pdf",
    size: Size = "",
    dpi: Dpi = 203,
) -> Any:
    """One label for each unit of the range, in one file."""
    return as_response(serial_labels.range_file(database, range_id, Format(form), settings, size=size, dpi=dpi, at=now))


@router.post("/serial-ranges/{range_id}/labels/print", summary="Print the labels of a range", status_code=204)
def print_range(
    range_id: Id, what: RangePrintIn, database: Ledger, actor: Signer, now: Now, settings: Settings
) -> None:
    """Print them on a label printer of the settings. 409 if it does not answer."""
    serial_labels.print_range(database, range_id, what.printer, settings, size=what.size, at=now, actor=actor.name)


@router.get("/pedigrees/{lot_id}", summary="See a pedigree", response_model=dict[str, Any])
def pedigree(lot_id: Id, database: Ledger, _: Reader, now: Now, serial: Serial | None = None) -> Any:
    """The chain of custody of a lot or a unit from its maker to here, with transaction documents, signed by the ledger:
    `signature` (Ed25519, base64) is over `lotwarden pedigree`, a line feed, `digest`, a line feed. As a paper:
    `/v1/papers/pedigree/LOT:SERIAL`.
    """
    paper_id = f"{lot_id}:{serial}" if serial else str(lot_id)
    return pedigrees.shown(database, paper_id, now)
