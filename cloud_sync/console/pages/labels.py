"""Labels: looked at, taken as a file or printed. One page for all kinds; badges have their own door."""

from dataclasses import replace
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Form, Path, Query, Request
from fastapi.responses import RedirectResponse

from cloud_sync.actions.labels import labels, totes
from cloud_sync.actions.labels.labels import Format, LabelKind, Wanted
from cloud_sync.api.access import Ledger, Now
from cloud_sync.api.labels import Kind, Settings, as_response, prescription_label_of
from cloud_sync.api.schemas.label import BadgePrintIn, ContainerFileIn, LabelId, PrescriptionFileIn, PrintIn, ToteIn
from cloud_sync.console.forms import Word, checked, whole
from cloud_sync.console.page_route import GatewayManager, Mover, PageRoute, Signer, Visitor
from cloud_sync.console.rendering import render
from cloud_sync.errors import Invalid
from cloud_sync.labels.settings import LabelSettings
from cloud_sync.storage.database import Database

router = APIRouter(route_class=PageRoute)
ROLLS = {"38x19": "38 × 19 mm", "57x32": "57 × 32 mm", "76x51": "76 × 51 mm", "100x50": "100 × 50 mm",
         "100x150": "100 × 150 mm"}  # fmt: skip
SHEETS = {
    "a4-7651": "A4, 65 of 38.1 × 21.2 mm (7651)", "a4-7160": "A4, 21 of 63.5 × 38.1 mm (7160)",
    "a4-7163": "A4, 14 of 99.1 × 38.1 mm (7163)", "a4-7165": "A4, 8 of 99.1 × 67.7 mm (7165)",
    "a4-7169": "A4, 4 of 99.1 × 139 mm (7169)", "letter-5160": "Letter, 30 of 2.63 × 1 in (5160)",
    "letter-5163": "Letter, 10 of 4 × 2 in (5163)", "letter-5164": "Letter, 6 of 4 × 3.33 in (5164)",
}  # fmt: skip
USUAL = {LabelKind.CONTAINER: "76x51", LabelKind.TOTE: "100x150"}
"""The size that is offered first, where it is not ``57x32``."""

Of = Annotated[LabelId, Query(alias="id")]
Size = Annotated[str, Query(max_length=30)]
Number = Annotated[str, Path(pattern=r"^[\x21-\x7e]{1,300}$")]


@router.get("/labels/badge")
def badge_page(
    request: Request, database: Ledger, _: GatewayManager, now: Now, settings: Settings, of: Of, size: Size = ""
) -> Any:
    """The badge of an operator."""
    return _page(request, database, Wanted(LabelKind.BADGE, of, size), settings, now)


@router.get("/labels/badge/picture")
def badge_picture(database: Ledger, _: GatewayManager, now: Now, settings: Settings, of: Of, size: Size = "") -> Any:
    """The badge as it will look."""
    return _picture(database, Wanted(LabelKind.BADGE, of, size), settings, now)


@router.post("/labels/badge")
def make_badge(
    request: Request, database: Ledger, actor: GatewayManager, now: Now, settings: Settings,
    thing: Annotated[str, Form(alias="id", max_length=210)],
    size: Word = "", copies: Word = "1", skip: Word = "0", to: Word = "pdf",
) -> Any:  # fmt: skip
    """The badge as a file, or printed."""
    wanted = _wanted(LabelKind.BADGE, thing, size, copies, skip, "")
    return _made(request, database, wanted, to, settings, now, actor.name)


@router.post("/labels/prescription")
def make_prescription_label(
    database: Ledger, _: Signer, now: Now, settings: Settings, thing: Annotated[str, Form(alias="id", max_length=210)],
    patient: Word = "", directions: Word = "", prescriber: Word = "", quantity: Word = "",
) -> Any:  # fmt: skip
    """The label of a prescription as a file. Nothing of it is kept."""
    said = checked(
        PrescriptionFileIn, id=thing, patient=patient, directions=directions, prescriber=prescriber,
        quantity=whole(quantity, "the quantity") if quantity.strip() else None,
    )  # fmt: skip
    return as_response(prescription_label_of(database, said, settings, now))


@router.get("/labels/{kind}")
def label_page(
    kind: Kind, request: Request, database: Ledger, _: Visitor, now: Now, settings: Settings, of: Of, size: Size = ""
) -> Any:
    """A label, and how it may be had."""
    return _page(request, database, Wanted(LabelKind(kind), of, size), settings, now)


@router.get("/labels/{kind}/picture")
def label_picture(
    kind: Kind, database: Ledger, _: Visitor, now: Now, settings: Settings, of: Of, size: Size = ""
) -> Any:
    """The label as it will look."""
    return _picture(database, Wanted(LabelKind(kind), of, size), settings, now)


@router.post("/labels/{kind}")
def make_label(
    kind: Kind, request: Request, database: Ledger, actor: Signer, now: Now, settings: Settings,
    thing: Annotated[str, Form(alias="id", max_length=210)],
    size: Word = "", copies: Word = "1", skip: Word = "0", to: Word = "pdf", patient: Word = "",
) -> Any:  # fmt: skip
    """Labels as a file, or printed. A patient's name goes no further than the label."""
    wanted = _wanted(LabelKind(kind), thing, size, copies, skip, patient)
    return _made(request, database, wanted, to, settings, now, actor.name)


@router.post("/orders/{number}/totes")
def number_tote(number: Number, database: Ledger, actor: Mover, settings: Settings, note: Word = "") -> Any:
    """Another tote of an order, with a number that none had before."""
    said = checked(ToteIn, note=note)
    made = totes.number_tote(database, order=number, note=said.note, settings=settings, actor=actor.name)
    return RedirectResponse(f"/labels/tote?id={made['sscc']}", 303)


def _page(request: Request, database: Database, wanted: Wanted, settings: LabelSettings, now: Any, **more: Any) -> Any:
    """The page, also where no label can be made in this size: then it says why."""
    wanted = replace(wanted, size=wanted.size or USUAL.get(wanted.kind, "57x32"))
    why_not = None
    try:
        labels.label_file(database, wanted, Format.PNG, settings, at=now)
    except Invalid as error:
        why_not = error
    query = f"id={quote(wanted.id, safe='')}&size={quote(wanted.size, safe='')}"
    return render(
        request, "label.html", 422 if why_not else 200, wanted=wanted, why_not=why_not,
        picture=f"/labels/{wanted.kind}/picture?{query}", rolls=ROLLS, sheets=SHEETS,
        printers=sorted(settings.printers), back=_back(wanted), **{"printed": "", **more},
    )  # fmt: skip


def _picture(database: Database, wanted: Wanted, settings: LabelSettings, now: Any) -> Any:
    return as_response(labels.label_file(database, replace(wanted, dpi=300), Format.PNG, settings, at=now))


def _wanted(kind: LabelKind, thing: str, size: str, copies: str, skip: str, patient: str) -> Wanted:
    said = checked(
        ContainerFileIn, id=thing, size=size, copies=whole(copies, "how many"), patient=patient,
        skip=whole(skip or "0", "the used labels"),
    )  # fmt: skip
    return Wanted(kind, said.id, said.size, said.copies, said.skip, patient=said.patient)


def _made(
    request: Request, database: Database, wanted: Wanted, to: str, settings: LabelSettings, now: Any, actor: str
) -> Any:
    if to in (Format.PDF, Format.ZPL):
        return as_response(labels.label_file(database, wanted, Format(to), settings, at=now))
    said = checked(BadgePrintIn if wanted.kind is LabelKind.BADGE else PrintIn, **_to_print(wanted, to))
    labels.print_labels(database, wanted, said.printer, settings, at=now, actor=actor)
    printed = f"{wanted.copies} sent to {said.printer}."
    return _page(request, database, replace(wanted, copies=1, patient=""), settings, now, printed=printed)


def _to_print(wanted: Wanted, to: str) -> dict[str, Any]:
    said: dict[str, Any] = {"printer": to.removeprefix("printer:"), "size": wanted.size, "copies": wanted.copies}
    return said if wanted.kind is LabelKind.BADGE else {**said, "id": wanted.id, "patient": wanted.patient}


def _back(wanted: Wanted) -> tuple[str, str]:
    """Where the label's thing is looked at: the address and its words."""
    name = quote(wanted.id, safe="")
    if wanted.kind in (LabelKind.LOT, LabelKind.CONTAINER, LabelKind.SERIAL):
        return f"/lots/{wanted.id.partition('/')[0]}", "The lot"
    if wanted.kind is LabelKind.TOTE:
        return "/orders", "Orders"
    kind = {LabelKind.BADGE: "operators", LabelKind.ITEM: "items"}.get(wanted.kind, "places")
    return f"/administration/{kind}/{name}", wanted.id
