"""Units, who has which, and devices: terms, services, loans, repairs, corrections in the field."""

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query

from cloud_sync.actions.serials import corrections, devices, units
from cloud_sync.api.access import (
    Administrator,
    ApiRoute,
    Holder,
    Issuer,
    Ledger,
    Listing,
    Mover,
    Now,
    Reader,
    Resolver,
)
from cloud_sync.api.problems import answers
from cloud_sync.api.schemas.common import Id, Listed, Name, WhyIn
from cloud_sync.api.schemas.device import (
    DeviceIn,
    DeviceOut,
    FactIn,
    FieldCorrectionIn,
    FieldCorrectionOut,
    FieldCorrectionRowOut,
    LoanIn,
    LoanReturnIn,
    OpenFactOut,
    PatientRef,
    RepairEndIn,
    RepairIn,
    ServiceDueOut,
    ServiceIn,
    UnitFactOut,
    UnitOut,
    UnitRowOut,
    UseIn,
)
from cloud_sync.api.schemas.serial import Serial
from cloud_sync.domain.devices import FactKind

router = APIRouter(tags=["devices"], route_class=ApiRoute, responses=answers(404, 409))


@router.get("/units", summary="Find units and who has them", response_model=Listed[UnitRowOut])
def find_units(
    database: Ledger,
    _: Reader,
    page: Listing,
    serial: Serial | None = None,
    item: Name | None = None,
    holder: Annotated[Name | None, Query(description="A customer, ward or place of the house.")] = None,
    patient: Annotated[PatientRef, Query(description="A reference to a patient; also what was swapped since.")] = "",
) -> Any:
    """Which patient or customer has which unit: by serial, by patient, by customer or place, or of an item."""
    rows = units.find_units(
        database, serial=serial or "", item=item, holder=holder, patient=patient, rows_max=page.rows_max,
        rows_skipped=page.offset,
    )  # fmt: skip
    return page.of(rows)


@router.get("/units/{lot_id}", summary="See a unit", response_model=UnitOut)
def show_unit(lot_id: Id, database: Ledger, _: Reader, now: Now, serial: Serial) -> Any:
    """Origin, owner, places, custody, services, patient or customer, documents and signals of a unit; a swap is one
    history."""
    return units.show_unit(database, lot_id, serial, at=now)


@router.put("/items/{name}/device", summary="Say what device an item is", response_model=DeviceOut)
def keep_device(name: Name, said: DeviceIn, database: Ledger, actor: Administrator, now: Now) -> Any:
    """Its class and tracking, warranty terms by supplier, maintenance and calibration plans."""
    return devices.keep_device(database, name, **said.model_dump(), at=now, actor=actor.name)


@router.get("/devices", summary="List devices", response_model=Listed[DeviceOut])
def list_devices(database: Ledger, _: Reader, page: Listing) -> Any:
    """Items that are devices."""
    return page.of(devices.list_devices(database, rows_max=page.rows_max, rows_skipped=page.offset))


@router.get("/devices/services", summary="See services that are due", response_model=Listed[ServiceDueOut])
def services(
    database: Ledger, _: Reader, now: Now, page: Listing, days: Annotated[int, Query(ge=0, le=3650)] = 30
) -> Any:
    """Maintenance and calibration due within so many days, or overdue, the most urgent first."""
    return page.of(
        devices.services_to_do(
            database, at=now, within=timedelta(days=days), rows_max=page.rows_max, rows_skipped=page.offset
        )
    )


@router.post("/devices/use", summary="Record the use of a unit", status_code=201, response_model=UnitFactOut)
def record_use(said: UseIn, database: Ledger, actor: Issuer, now: Now) -> Any:
    """The first use of a unit, or which patient has it now. 409 while another patient has it."""
    return devices.record_use(database, **said.model_dump(), now=now, actor=actor.name)


@router.post("/devices/use-ended", summary="End the use by a patient", status_code=201, response_model=UnitFactOut)
def end_use(said: FactIn, database: Ledger, actor: Issuer, now: Now) -> Any:
    """The patient has the unit no longer: explanted, returned, passed away."""
    return devices.end_use(database, **said.model_dump(), now=now, actor=actor.name)


@router.post("/devices/services", summary="Record a service", status_code=201, response_model=UnitFactOut)
def record_service(said: ServiceIn, database: Ledger, actor: Holder, now: Now) -> Any:
    """Maintenance or calibration of a unit. One that did not pass opens a case that holds the unit."""
    return devices.record_service(database, **said.model_dump(), now=now, actor=actor.name)


@router.post("/loans", summary="Lend a unit", status_code=201, response_model=UnitFactOut)
def lend(said: LoanIn, database: Ledger, actor: Issuer, now: Now) -> Any:
    """It goes to the borrower now, as stock does. The same `client_id` again lends nothing."""
    return devices.lend(database, **said.model_dump(), at=now, actor=actor.name)


@router.get("/loans", summary="List open loans", response_model=Listed[OpenFactOut])
def list_loans(database: Ledger, _: Reader, page: Listing) -> Any:
    """Units that are lent, the oldest loan first."""
    return page.of(devices.list_open(database, FactKind.LENT, rows_max=page.rows_max, rows_skipped=page.offset))


@router.post("/loans/{loan_id}/return", summary="Take a unit back", status_code=201, response_model=UnitFactOut)
def return_loan(loan_id: Id, said: LoanReturnIn, database: Ledger, actor: Mover, now: Now) -> Any:
    """A lent unit comes back into a place of the house, as returns do."""
    return devices.return_loan(database, loan_id, **said.model_dump(), at=now, actor=actor.name)


@router.post("/repairs", summary="Order a repair", status_code=201, response_model=UnitFactOut)
def open_repair(said: RepairIn, database: Ledger, actor: Holder, now: Now) -> Any:
    """The unit is held until the repair ends."""
    return devices.open_repair(
        database, said.lot_id, said.serial, fault=said.reason, sent_to=said.sent_to, at=now, actor=actor.name
    )


@router.get("/repairs", summary="List open repairs", response_model=Listed[OpenFactOut])
def list_repairs(database: Ledger, _: Reader, page: Listing) -> Any:
    """Units in repair, the oldest first."""
    return page.of(
        devices.list_open(database, FactKind.REPAIR_OPENED, rows_max=page.rows_max, rows_skipped=page.offset)
    )


@router.post("/repairs/{repair_id}/end", summary="End a repair", status_code=201, response_model=UnitFactOut)
def close_repair(repair_id: Id, said: RepairEndIn, database: Ledger, actor: Resolver, now: Now) -> Any:
    """Repaired: it is free again. Swapped: the old and the new unit are one history, and a patient keeps theirs."""
    return devices.close_repair(database, repair_id, **said.model_dump(), at=now, actor=actor.name)


@router.post(
    "/field-corrections", summary="Open a field correction", status_code=201, response_model=FieldCorrectionOut
)
def open_correction(said: FieldCorrectionIn, database: Ledger, actor: Resolver, now: Now) -> Any:
    """By the list of serials that a maker names: where each unit is, and which are not ours."""
    return corrections.open_correction(database, **said.model_dump(), at=now, actor=actor.name)


@router.get("/field-corrections", summary="List field corrections", response_model=Listed[FieldCorrectionRowOut])
def list_field_corrections(database: Ledger, _: Reader, page: Listing, only_open: bool = True) -> Any:
    """The newest first."""
    return page.of(
        corrections.list_corrections(database, only_open=only_open, rows_max=page.rows_max, rows_skipped=page.offset)
    )


@router.get("/field-corrections/{correction_id}", summary="See a field correction", response_model=FieldCorrectionOut)
def show_correction(correction_id: Id, database: Ledger, _: Reader) -> Any:
    """With each serial, where its unit is, and whether it was done."""
    return corrections.show_correction(database, correction_id)


@router.post(
    "/field-corrections/{correction_id}/units", summary="Record a corrected unit", status_code=201,
    response_model=UnitFactOut,
)  # fmt: skip
def record_corrected(correction_id: Id, said: FactIn, database: Ledger, actor: Holder, now: Now) -> Any:
    """A unit of the list was corrected. 409 for one that it does not name."""
    return corrections.record_corrected(database, correction_id, **said.model_dump(), now=now, actor=actor.name)


@router.post(
    "/field-corrections/{correction_id}/close", summary="Close a field correction", response_model=FieldCorrectionOut
)
def close_correction(correction_id: Id, why: WhyIn, database: Ledger, actor: Resolver, now: Now) -> Any:
    """409 while a unit of ours is not done."""
    return corrections.close_correction(database, correction_id, why.reason, at=now, actor=actor.name)
