"""Labels as files and on printers, and the numbers of totes."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response

from cloud_sync.actions.labels import labels, packing, totes
from cloud_sync.actions.labels.labels import Dispensed, Format, LabelFile, LabelKind, Wanted
from cloud_sync.api.access import ApiRoute, GatewayManager, Ledger, Listing, Mover, Now, Reader, Signer
from cloud_sync.api.problems import answers
from cloud_sync.api.schemas.common import Code, Listed, Name
from cloud_sync.api.schemas.label import (
    BadgePrintIn,
    ContainerFileIn,
    Copies,
    Gtin,
    LabelId,
    PackedGoodsOut,
    PackIn,
    PrescriptionFileIn,
    PrintIn,
    Size,
    Sscc,
    ToteIn,
    ToteOut,
)
from cloud_sync.labels.settings import LabelSettings
from cloud_sync.storage.database import Database

router = APIRouter(tags=["labels"], route_class=ApiRoute, responses=answers(404, 409))

Kind = Literal["item", "lot", "serial", "place", "container", "tote"]
Dpi = Literal[203, 300, 600]
FILE: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {media: {"schema": {"type": "string", "format": "binary"}} for media in labels.MEDIA.values()},
        "description": "The file.",
    }
}


async def _settings(request: Request) -> LabelSettings:
    settings: LabelSettings = request.app.state.label_settings
    return settings


Settings = Annotated[LabelSettings, Depends(_settings)]
"""Whose numbers totes get, and which label printers there are."""


@router.get("/labels/badge", summary="Get an operator's badge", response_class=Response, responses=FILE)
def badge_file(
    database: Ledger,
    _: GatewayManager,
    now: Now,
    settings: Settings,
    operator: Annotated[Name, Query()],
    form: Annotated[Format, Query(alias="format")] = Format.PDF,
    size: Size = "",
    copies: Copies = 1,
    dpi: Dpi = 203,
) -> Any:
    """The badge to print and laminate: whoever has it signs in at a dock with it, and with the PIN if there is one."""
    wanted = Wanted(LabelKind.BADGE, operator, size, copies, dpi=dpi)
    return as_response(labels.label_file(database, wanted, form, settings, at=now))


@router.post("/labels/badge/print", summary="Print an operator's badge", status_code=204)
def print_badge(
    what: BadgePrintIn, database: Ledger, actor: GatewayManager, now: Now, settings: Settings,
    operator: Annotated[Name, Query()],
) -> None:  # fmt: skip
    """Print a badge on a label printer of the settings."""
    wanted = Wanted(LabelKind.BADGE, operator, what.size, what.copies)
    labels.print_labels(database, wanted, what.printer, settings, at=now, actor=actor.name)


@router.get("/labels/{kind}", summary="Get a label", response_class=Response, responses=FILE)
def label(
    kind: Kind,
    database: Ledger,
    _: Reader,
    now: Now,
    settings: Settings,
    label_id: Annotated[LabelId, Query(alias="id")],
    form: Annotated[Format, Query(alias="format")] = Format.PDF,
    size: Size = "",
    copies: Copies = 1,
    skip: Annotated[int, Query(ge=0, le=500, description="Labels of the sheet that were used before.")] = 0,
    dpi: Dpi = 203,
    gtin: Gtin = "",
    symbology: Annotated[list[labels.Symbology], Query(max_length=2)] = [],  # noqa: B006 - FastAPI makes a new one
) -> Any:
    """A label as PDF, ZPL or picture. It reads at a dock as what it is of, or it is not made.

    `id`: the name of an item or place; of a lot and of a container its id or `ITEM/LOT NUMBER`; `LOT ID/SERIAL`; an
    SSCC.
    """
    wanted = Wanted(LabelKind(kind), label_id, size, copies, skip, dpi, gtin, symbologies=tuple(symbology))
    return as_response(labels.label_file(database, wanted, form, settings, at=now))


@router.post(
    "/labels/container/file", summary="Get a container's label with a name", response_class=Response, responses=FILE
)
def container_file(what: ContainerFileIn, database: Ledger, _: Signer, now: Now, settings: Settings) -> Any:
    """As `GET /v1/labels/container`, with the patient's name in the body: it stands in no address and in no log."""
    wanted = Wanted(LabelKind.CONTAINER, what.id, what.size, what.copies, what.skip, what.dpi, what.gtin, what.patient)
    return as_response(labels.label_file(database, wanted, Format(what.format), settings, at=now))


@router.post("/labels/prescription/file", summary="Get a prescription's label", response_class=Response, responses=FILE)
def prescription_file(what: PrescriptionFileIn, database: Ledger, _: Signer, now: Now, settings: Settings) -> Any:
    """For what was compounded for one patient (503A) and is released: patient, directions, prescription, storage."""
    return as_response(prescription_label_of(database, what, settings, now))


@router.post("/labels/{kind}/print", summary="Print a label", status_code=204)
def print_label(kind: Kind, what: PrintIn, database: Ledger, actor: Signer, now: Now, settings: Settings) -> None:
    """Print on a label printer of the settings. 409 if it does not answer or cannot print."""
    wanted = Wanted(LabelKind(kind), what.id, what.size, what.copies, gtin=what.gtin, patient=what.patient)
    labels.print_labels(database, wanted, what.printer, settings, at=now, actor=actor.name)


@router.post("/totes", summary="Number a tote", status_code=201, response_model=ToteOut)
def number_tote(tote: ToteIn, database: Ledger, actor: Mover, settings: Settings) -> Any:
    """A serial shipping container code (SSCC) that no tote had before, for no order."""
    return totes.number_tote(database, order=None, note=tote.note, settings=settings, actor=actor.name)


@router.post("/orders/{number}/totes", summary="Number a tote of an order", status_code=201, response_model=ToteOut)
def number_tote_of_order(number: Code, tote: ToteIn, database: Ledger, actor: Mover, settings: Settings) -> Any:
    """A serial shipping container code (SSCC) that no tote had before; its label names the order and its places."""
    return totes.number_tote(database, order=number, note=tote.note, settings=settings, actor=actor.name)


@router.get("/totes", summary="List totes", response_model=Listed[ToteOut])
def list_totes(database: Ledger, _: Reader, page: Listing, order: Code | None = None) -> Any:
    """Totes, the latest first; those of one order."""
    return page.of(totes.list_totes(database, order=order, rows_max=page.rows_max, rows_skipped=page.offset))


@router.get("/totes/{sscc}", summary="See a tote", response_model=ToteOut)
def see_tote(sscc: Sscc, database: Ledger, _: Reader) -> Any:
    """What the tote with this code is of."""
    return totes.tote(database, sscc)


def prescription_label_of(
    database: Database, what: PrescriptionFileIn, settings: LabelSettings, at: datetime
) -> LabelFile:
    """The label as a file. Raises ``NotFound``, ``Invalid``, ``Conflict``."""
    use = Dispensed(what.patient, what.directions, what.prescriber, what.quantity)
    wanted = Wanted(LabelKind.PRESCRIPTION, what.id, what.size, what.copies, use=use)
    return labels.label_file(database, wanted, Format(what.format), settings, at=at)


@router.get("/totes/{sscc}/contents", summary="See what is in a tote", response_model=list[PackedGoodsOut])
def see_contents(sscc: Sscc, database: Ledger, _: Reader) -> Any:
    """The goods that were packed into it and not taken out."""
    return packing.contents(database, sscc)


@router.post("/totes/{sscc}/pack", summary="Pack a tote", status_code=201, response_model=list[PackedGoodsOut])
def pack_tote(sscc: Sscc, what: PackIn, database: Ledger, actor: Mover, now: Now) -> Any:
    """Put goods into a tote: its SSCC stands for them, for whoever receives it too (EPCIS). They move with no booking.

    Gives what is in it then. The same `client_id` again changes nothing.
    """
    return _packed(sscc, what, database, actor, now, is_unpacking=False)


@router.post("/totes/{sscc}/unpack", summary="Unpack a tote", status_code=201, response_model=list[PackedGoodsOut])
def unpack_tote(sscc: Sscc, what: PackIn, database: Ledger, actor: Mover, now: Now) -> Any:
    """Take goods out of a tote again. Gives what is in it then."""
    return _packed(sscc, what, database, actor, now, is_unpacking=True)


def _packed(sscc: str, what: PackIn, database: Any, actor: Any, now: Any, *, is_unpacking: bool) -> Any:
    lines = [packing.PackingLine(**each.model_dump()) for each in what.lines]
    return packing.pack(
        database, sscc, what.place, lines, is_unpacking=is_unpacking, at=now, client_id=what.client_id,
        actor=actor.name,
    )  # fmt: skip


def as_response(file: LabelFile) -> Response:
    """A file to save; a picture is shown where it stands."""
    disposition = "inline" if file.media_type == labels.MEDIA[Format.PNG] else "attachment"
    return Response(
        file.data,
        media_type=file.media_type,
        headers={"Content-Disposition": f'{disposition}; filename="{file.name}"', "Cache-Control": "no-store"},
    )
