"""Buy and bill: what patients were given, what is charged for it by which table, and how charges fit the stock."""

from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

from fastapi import APIRouter, Form, Path, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse

from cloud_sync.actions.billing import administrations, conversion_tables, reconciliation
from cloud_sync.actions.master_data.choices import items_to_choose, owners_to_choose, places_to_choose
from cloud_sync.actions.master_data.master_data import list_places
from cloud_sync.actions.overview.rooms import house_zone
from cloud_sync.actions.stock.movements import MovementLine
from cloud_sync.api.access import Ledger, Now
from cloud_sync.api.schemas.billing import AdministrationIn, PayerClassIn, ReconciliationIn
from cloud_sync.console.forms import ClientId, Field, Reason, checked, reason_of, whole
from cloud_sync.console.page_route import Administrator, Approver, Issuer, PageRoute, Resolver, Visitor
from cloud_sync.console.table import Column, Show, list_page, table
from cloud_sync.domain.billing import COLUMNS, PayerClass, plain
from cloud_sync.domain.list_request import ListRequest
from cloud_sync.domain.movements import INTERNAL
from cloud_sync.errors import Invalid
from cloud_sync.storage.database import Row

ROWS_MAX = 500
CHOICES_MAX = 2000

router = APIRouter(route_class=PageRoute)
AdministrationId = Annotated[int, Path(ge=1, le=2**63 - 1)]


def _charged(row: Row) -> list[str]:
    return [
        f"{plain(each['units'])} {each['hcpcs']}{' ' + each['modifier'] if each['modifier'] else ''}"
        for each in row["charges"]
        if each["kind"] == "charge" and not each["is_reversed"]
    ]


def _dose(row: Row) -> str:
    if row["dose"] is None:
        return ""
    wasted = f", {plain(row['wasted'])} wasted" if row["wasted"] else ""
    return f"{plain(row['dose'])} {row['dose_unit']}{wasted}"


GIVEN = (
    Column("id", "Given", Show.NUMBER, link=lambda row: f"/charges/{row['id']}"),
    Column("day", "Day", Show.DAY),
    Column("item", "Item", value=lambda row: row["item_title"] or row["item"]),
    Column("lot_number", "Lot", link=lambda row: f"/lots/{row['lot_id']}"),
    Column("quantity", "Units", Show.NUMBER),
    Column("dose", "Dose", value=_dose),
    Column("patient", "Patient reference"),
    Column("payer_class", "Payer class", Show.WORDS),
    Column("charges", "Charged", value=_charged),
    Column("state", "State", Show.TAG),
)
CHARGES = (
    Column("id", "Charge", Show.NUMBER),
    Column("kind", "Kind", Show.TAG),
    Column("part", "For", Show.WORDS),
    Column("hcpcs", "HCPCS"),
    Column("units", "Units", Show.NUMBER, value=lambda row: plain(row["units"])),
    Column("modifier", "Modifier"),
    Column("ndc", "NDC", value=lambda row: f"{row['ndc']}, {plain(row['ndc_units'])} {row['ndc_unit']}"),
    Column("table_title", "By table"),
    Column("reason", "Reason", optional=True),
    Column("made_by", "By"),
    Column("made_at", "When", Show.WHEN),
)
COMPARED = (
    Column("day", "Day", Show.DAY),
    Column("site", "Site"),
    Column("dispensed", "Left stock", Show.NUMBER),
    Column("charged", "Charged", Show.NUMBER),
    Column("differences", "Lots that differ", value=lambda row: [
        f"{each['item']} {each['lot_number']}: {each['dispensed']} left, {each['charged']} charged"
        for each in row["differences"]
    ]),
    Column("run_by", "By"),
    Column("run_at", "When", Show.WHEN),
)  # fmt: skip
TABLES = (
    Column("title", "Table"),
    Column("source", "Source"),
    Column("rows", "Rows", Show.NUMBER),
    Column("imported_by", "Imported by"),
    Column("imported_at", "When", Show.WHEN),
)
OWNERS = (
    Column("name", "Owner", value=lambda row: row["title"] or row["name"]),
    Column(
        "payer_class", "Payer class", Show.WORDS, value=lambda row: row["payer_class"] or "not set: nothing is charged"
    ),
)


@router.get("/charges")
def charges_page(request: Request, database: Ledger, _: Visitor) -> Any:
    """What was given and charged, comparisons with stock, tables and payer classes."""
    zone = house_zone(database)

    def found(wanted: ListRequest) -> list[Row]:
        return administrations.list_administrations(
            database, rows_max=wanted.rows_max, rows_skipped=wanted.rows_skipped
        )

    owners = conversion_tables.payer_classes(database)
    return list_page(
        request, "charges.html", zone=zone, columns=", ".join(COLUMNS), classes=list(PayerClass), all_owners=owners,
        sites=list_places(database, kind="site", rows_max=CHOICES_MAX),
        given=table(request, "given", GIVEN, source=found, searches=False, zone=zone),
        compared=table(request, "compared", COMPARED, reconciliation.list_reconciliations(
            database, rows_max=ROWS_MAX), zone=zone, prefix="day-"),
        tables=table(request, "tables", TABLES, conversion_tables.list_tables(database, rows_max=ROWS_MAX), zone=zone,
                     prefix="table-"),
        owners=table(request, "owners", OWNERS, owners, zone=zone, prefix="owner-"),
    )  # fmt: skip


@router.get("/new-administration")
def new_administration_page(request: Request, database: Ledger, _: Visitor) -> Any:
    """The form for giving to a patient."""
    return list_page(
        request, "new_administration.html", items=items_to_choose(database),
        owners=owners_to_choose(database),
        sources=places_to_choose(database, INTERNAL), targets=places_to_choose(database, ["customer", "ward"]),
    )  # fmt: skip


@router.post("/charges")
def administer(
    database: Ledger,
    actor: Issuer,
    now: Now,
    client_id: ClientId,
    item: Field = "",
    lot_number: Field = "",
    owner: Field = "",
    serial: Field = "",
    quantity: Field = "",
    from_place: Field = "",
    to_place: Field = "",
    patient: Field = "",
    order: Field = "",
    given: Field = "",
    wasted: Field = "",
    unit: Field = "",
    not_charged: Field = "",
) -> Any:
    """Give to a patient and charge it."""
    dose = {"given": given.strip(), "wasted": wasted.strip() or "0", "unit": unit.strip()} if given.strip() else None
    said = checked(
        AdministrationIn, client_id=client_id, item=item, lot_number=lot_number.strip(), owner=owner or "house",
        serial=serial.strip(), quantity=whole(quantity, "the quantity"), from_place=from_place, to_place=to_place,
        given_at=now, patient=patient, order=order.strip(), dose=dose, not_charged=not_charged,
    )  # fmt: skip
    line = MovementLine(said.item, said.lot_number, said.quantity, said.owner, said.serial)
    amounts = administrations.Dose(said.dose.given, said.dose.wasted, said.dose.unit) if said.dose else None
    new = administrations.Administering(
        line, said.from_place, said.to_place, said.given_at, said.patient, said.order, amounts, said.not_charged
    )
    made = administrations.administer(database, new, client_id=said.client_id, at=now, actor=actor.name)
    return RedirectResponse(f"/charges/{made['id']}", 303)


@router.get("/charges/{administration_id}")
def charge_page(administration_id: AdministrationId, request: Request, database: Ledger, _: Visitor) -> Any:
    """What a patient was given, with its charges and reversals."""
    row = administrations.show_administration(database, administration_id)
    zone = house_zone(database)
    return list_page(
        request, "charge.html", row=row, zone=zone, dose=_dose(row),
        charges=table(request, "charges", CHARGES, row["charges"], zone=zone),
    )  # fmt: skip


@router.post("/charges/{administration_id}/reverse")
def reverse(
    administration_id: AdministrationId, database: Ledger, actor: Approver, now: Now, reason: Reason = ""
) -> Any:
    """Take back what is charged."""
    administrations.reverse(database, administration_id, reason_of(reason, "a reversal"), at=now, actor=actor.name)
    return RedirectResponse(f"/charges/{administration_id}", 303)


@router.post("/charges/{administration_id}/charge")
def charge_again(
    administration_id: AdministrationId, database: Ledger, actor: Approver, now: Now, reason: Reason = "",
    given: Field = "", wasted: Field = "", unit: Field = "",
) -> Any:  # fmt: skip
    """Charge it, with this dose or as it was kept."""
    dose = None
    if given.strip():
        dose = administrations.Dose(_amount(given, "the dose"), _amount(wasted or "0", "the waste"), unit.strip())
    why = reason_of(reason, "a charge")
    administrations.charge_again(database, administration_id, dose, reason=why, at=now, actor=actor.name)
    return RedirectResponse(f"/charges/{administration_id}", 303)


@router.post("/charges/tables/new")
async def import_table(
    database: Ledger, actor: Administrator, now: Now, table_text: Annotated[str, Form(max_length=4_000_000)] = "",
    title: Field = "", source: Reason = "",
) -> Any:  # fmt: skip
    """Bring a conversion table."""
    if len(title.strip()) < 3:
        raise Invalid("the table needs a title", "Go back and say which table it is.")
    why = reason_of(source, "a table without a source is not taken: it")
    await run_in_threadpool(
        conversion_tables.import_table, database, table_text, title=title.strip(), source=why, at=now, actor=actor.name
    )
    return RedirectResponse("/charges", 303)


@router.post("/charges/owners/payer-class")
def set_payer_class(
    database: Ledger, actor: Administrator, owner: Field = "", payer_class: Field = "", reason: Reason = ""
) -> Any:
    """Say how stock of an owner is paid for."""
    said = checked(PayerClassIn, payer_class=payer_class, reason=reason_of(reason, "a payer class"))
    conversion_tables.set_payer_class(database, owner, said.payer_class, said.reason, actor=actor.name)
    return RedirectResponse("/charges", 303)


@router.post("/charges/compare/day")
def compare(database: Ledger, actor: Resolver, now: Now, site: Field = "", day: Field = "") -> Any:
    """Hold charges of a site and day against its stock."""
    said = checked(ReconciliationIn, site=site, day=day)
    reconciliation.reconcile_day(database, said.site, date.fromisoformat(f"{said.day}"), at=now, actor=actor.name)
    return RedirectResponse("/charges", 303)


def _amount(text: str, what: str) -> Decimal:
    try:
        amount = Decimal(text.strip())
    except InvalidOperation:
        raise Invalid(f"{what} is “{text[:30]}”, which is no number", "Write it with a decimal point.") from None
    if not amount.is_finite() or not 0 <= amount < 10**9 or amount != round(amount, 6):
        raise Invalid(f"{what} is “{text[:30]}”", "Six decimals at most, and not below 0.")
    return amount
