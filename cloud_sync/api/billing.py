"""Buy and bill: conversion tables, payer classes, what patients were given, charges, and how they fit the stock."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.concurrency import run_in_threadpool

from cloud_sync.actions.billing import administrations, conversion_tables, reconciliation
from cloud_sync.actions.stock.movements import MovementLine
from cloud_sync.api.access import (
    Administrator,
    ApiRoute,
    Approver,
    ChargeReader,
    Issuer,
    Ledger,
    Listing,
    Now,
    Reader,
    Resolver,
    Typed,
    check_typed,
)
from cloud_sync.api.erp import After, Limit
from cloud_sync.api.problems import answers
from cloud_sync.api.schemas.billing import (
    AdministrationIn,
    AdministrationOut,
    ChargeAgainIn,
    ChargeFeedOut,
    ConversionOut,
    DoseIn,
    PatientRef,
    PayerClassIn,
    PayerClassOut,
    PreviewIn,
    PreviewOut,
    ReconciliationIn,
    ReconciliationOut,
    TableOut,
)
from cloud_sync.api.schemas.common import Id, Line, Listed, Name, WhyIn
from cloud_sync.errors import Invalid

router = APIRouter(tags=["buy and bill"], route_class=ApiRoute, responses=answers(404, 409, 429))
_CSV = {"text/csv": {"schema": {"type": "string"}}}


@router.post(
    "/billing-tables",
    summary="Bring a conversion table",
    status_code=201,
    response_model=TableOut,
    openapi_extra={"requestBody": {"required": True, "description": "The file, in UTF-8.", "content": _CSV}},
)
async def import_table(
    request: Request,
    database: Ledger,
    actor: Administrator,
    now: Now,
    title: Annotated[Line, Query(min_length=3)],
    source: Annotated[Line, Query(min_length=3, description="Who publishes it, its edition, where it is found.")],
) -> Any:
    """NDC to HCPCS units as CSV, all rows or none. It counts for the NDCs it names; nothing is known without one."""
    try:
        text = (await request.body()).decode()
    except UnicodeDecodeError as error:
        raise Invalid(f"the file is not in UTF-8: {error}", "Save it as CSV in UTF-8.") from error
    if "\x00" in text:
        raise Invalid("the file holds a NUL character", "Save it as plain CSV in UTF-8.")
    return await run_in_threadpool(
        conversion_tables.import_table, database, text, title=title, source=source, at=now, actor=actor.name
    )


@router.get("/billing-tables", summary="List conversion tables", response_model=Listed[TableOut])
def list_tables(database: Ledger, _: Reader, page: Listing) -> Any:
    """Tables with their sources, the newest first."""
    return page.of(conversion_tables.list_tables(database, rows_max=page.rows_max, rows_skipped=page.offset))


@router.get("/billing-tables/conversion", summary="See an item's conversion", response_model=ConversionOut)
def show_conversion(
    database: Ledger, _: Reader, now: Now, item: Name, on: Annotated[date | None, Query()] = None
) -> Any:
    """By which row of which table an item is charged on a day."""
    return conversion_tables.show_conversion(database, item, on=on or now.date())


@router.get("/payer-classes", summary="List payer classes", response_model=list[PayerClassOut])
def payer_classes(database: Ledger, _: Reader) -> Any:
    """How stock of each owner is paid for."""
    return conversion_tables.payer_classes(database)


@router.put("/payer-classes/{owner}", summary="Set a payer class", response_model=PayerClassOut)
def set_payer_class(owner: Name, said: PayerClassIn, database: Ledger, actor: Administrator) -> Any:
    """Say how stock of an owner is paid for. What was given before keeps the class it had."""
    return conversion_tables.set_payer_class(database, owner, said.payer_class, said.reason, actor=actor.name)


@router.post("/administrations", summary="Give to a patient", status_code=201, response_model=AdministrationOut)
def administer(said: AdministrationIn, database: Ledger, actor: Issuer, now: Now, limits: Typed) -> Any:
    """Dispense stock to a patient, keep what was given and wasted, and charge it; all of that, or nothing."""
    check_typed(limits, actor, said.given_at, now)
    line = MovementLine(said.item, said.lot_number, said.quantity, said.owner, said.serial)
    new = administrations.Administering(
        line, said.from_place, said.to_place, said.given_at, said.patient, said.order, _dose(said.dose),
        said.not_charged,
    )  # fmt: skip
    return administrations.administer(database, new, client_id=said.client_id, at=now, actor=actor.name)


@router.get("/administrations/preview", summary="See what would be charged", response_model=PreviewOut)
def preview(database: Ledger, _: Reader, now: Now, said: Annotated[PreviewIn, Query()]) -> Any:
    """The lines of a charge and the table they follow from; changes nothing."""
    dose = None if said.given is None else administrations.Dose(said.given, said.wasted, said.unit)
    return administrations.preview(database, said.item, said.quantity, dose, on=said.on or now.date())


@router.get("/administrations", summary="List what was given", response_model=Listed[AdministrationOut])
def list_administrations(
    database: Ledger,
    _: Reader,
    page: Listing,
    patient: PatientRef | None = None,
    day: date | None = None,
    lot: Id | None = None,
    is_charged: bool | None = None,
) -> Any:
    """What patients were given, with charges, the newest first."""
    return page.of(
        administrations.list_administrations(
            database, patient=patient, day=day, lot_id=lot, is_charged=is_charged, rows_max=page.rows_max,
            rows_skipped=page.offset,
        )
    )  # fmt: skip


@router.get("/administrations/{administration_id}", summary="See what was given", response_model=AdministrationOut)
def show_administration(administration_id: Id, database: Ledger, _: Reader) -> Any:
    """What a patient was given, with its charges and reversals."""
    return administrations.show_administration(database, administration_id)


@router.post(
    "/administrations/{administration_id}/reverse", summary="Reverse a charge", response_model=AdministrationOut
)
def reverse(administration_id: Id, why: WhyIn, database: Ledger, actor: Approver, now: Now) -> Any:
    """Take back all that is charged for it. A charge is never changed: reverse it, and charge again."""
    return administrations.reverse(database, administration_id, why.reason, at=now, actor=actor.name)


@router.post(
    "/administrations/{administration_id}/charge", summary="Charge what was given", response_model=AdministrationOut
)
def charge_again(administration_id: Id, said: ChargeAgainIn, database: Ledger, actor: Approver, now: Now) -> Any:
    """Charge what stands in no charge: after a reversal, or where a dock could not."""
    return administrations.charge_again(
        database, administration_id, _dose(said.dose), reason=said.reason, at=now, actor=actor.name
    )


@router.get("/erp/charges", summary="Read charges", response_model=ChargeFeedOut)
def read_charges(database: Ledger, _: ChargeReader, after: After = 0, limit: Limit = 100) -> Any:
    """Charges and reversals in the order of their commits, each once: nothing ever appears before `next`."""
    return administrations.charge_feed(database, after, limit)


@router.post("/charge-reconciliations", summary="Compare charges with stock", response_model=ReconciliationOut)
def reconcile(said: ReconciliationIn, database: Ledger, actor: Resolver, now: Now) -> Any:
    """Hold charges of a site and day against what left its stock; each lot that differs is a case. Runs daily, too."""
    return reconciliation.reconcile_day(database, said.site, said.day, at=now, actor=actor.name)


@router.get("/charge-reconciliations", summary="List comparisons", response_model=Listed[ReconciliationOut])
def list_reconciliations(
    database: Ledger, _: Reader, page: Listing, site: Name | None = None, day: date | None = None
) -> Any:
    """How charges and stock compared, the newest first."""
    return page.of(
        reconciliation.list_reconciliations(
            database, site=site, day=day, rows_max=page.rows_max, rows_skipped=page.offset
        )
    )


def _dose(said: DoseIn | None) -> administrations.Dose | None:
    return None if said is None else administrations.Dose(said.given, said.wasted, said.unit)
