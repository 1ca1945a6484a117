"""Devices: services that are due, loans, repairs, terms, and corrections in the field."""

from datetime import timedelta
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse

from cloud_sync.actions.overview.rooms import house_zone
from cloud_sync.actions.serials import corrections, devices
from cloud_sync.api.access import Ledger, Now
from cloud_sync.api.schemas.device import (
    DeviceIn,
    FactIn,
    FieldCorrectionIn,
    LoanReturnIn,
    RepairEndIn,
)
from cloud_sync.console.forms import (
    ClientId,
    Field,
    Reason,
    Text,
    Word,
    checked,
    name_of,
    pasted_rows,
    reason_of,
    whole,
)
from cloud_sync.console.lot_field import lot_entered
from cloud_sync.console.page_route import Administrator, Holder, Mover, PageRoute, Resolver, Visitor
from cloud_sync.console.pages.serials import unit_address
from cloud_sync.console.table import Column, Show, list_page, table
from cloud_sync.domain.devices import FactKind
from cloud_sync.storage.database import Row

ROWS_MAX = 500
ID_MAX = 2**63 - 1
AHEAD = timedelta(days=30)

router = APIRouter(route_class=PageRoute)


def _unit(row: Row) -> str | None:
    return unit_address(row["lot_id"], row["serial"]) if row["lot_id"] else None


DUE = (
    Column("serial", "Serial", link=_unit),
    Column("item", "Item"),
    Column("place", "Where it is"),
    Column("plan", "Service"),
    Column("due_at", "Due", Show.WHEN),
    Column("state", "State", Show.TAG),
)
LOANS = (
    Column("serial", "Serial", link=_unit),
    Column("item", "Item"),
    Column("to", "Lent to", value=lambda row: row["data"]["to"]),
    Column("due", "Due back", Show.DAY, value=lambda row: row["data"]["due_back_at"][:10]),
    Column("at", "Since", Show.WHEN),
    Column("recorded_by", "By"),
)
REPAIRS = (
    Column("serial", "Serial", link=_unit),
    Column("item", "Item"),
    Column("reason", "Fault"),
    Column("sent_to", "Sent to", value=lambda row: row["data"].get("sent_to", "")),
    Column("at", "Since", Show.WHEN),
)
DEVICES = (
    Column("item", "Item"),
    Column("class", "Class"),
    Column("tracking", "Tracked", Show.WORDS),
    Column("warranties", "Warranty", value=lambda row: [
        f"{term['months']} months from {term['starts'].replace('_', ' ')}, {term['supplier'] or 'any supplier'}"
        for term in row["warranties"]
    ]),
    Column("plans", "Services", value=lambda row: [f"{p['name']} every {p['every_days']} days" for p in row["plans"]]),
)  # fmt: skip
CORRECTIONS = (
    Column("title", "Correction", link=lambda row: f"/field-corrections/{row['id']}"),
    Column("item", "Item"),
    Column("serials", "Serials", Show.NUMBER),
    Column("done", "Done", Show.NUMBER),
    Column("opened_at", "Opened", Show.WHEN),
    Column("state", "State", Show.TAG, value=lambda row: "closed" if row["closed_at"] else "open"),
)
CORRECTED = (
    Column("serial", "Serial", link=_unit),
    Column("lot_number", "Lot"),
    Column("place", "Who has it, or where it is", value=lambda row: row["place"] or "not one of ours"),
    Column("done_at", "Corrected", Show.WHEN),
    Column("done_by", "By"),
)


@router.get("/devices")
def devices_page(request: Request, database: Ledger, _: Visitor, now: Now) -> Any:
    """What is due, lent or in repair, and the terms of devices."""
    zone = house_zone(database)
    due = devices.services_to_do(database, at=now, within=AHEAD, rows_max=ROWS_MAX)
    loans = devices.list_open(database, FactKind.LENT, rows_max=ROWS_MAX)
    repairs = devices.list_open(database, FactKind.REPAIR_OPENED, rows_max=ROWS_MAX)
    opened = corrections.list_corrections(database, only_open=False, rows_max=ROWS_MAX)
    known = devices.list_devices(database, rows_max=ROWS_MAX)
    return list_page(
        request, "devices.html",
        due=table(request, "services", DUE, due, zone=zone, prefix="s_"),
        loans=table(request, "loans", LOANS, loans, zone=zone, prefix="l_"),
        repairs=table(request, "repairs", REPAIRS, repairs, zone=zone, prefix="r_"),
        corrections=table(request, "field-corrections", CORRECTIONS, opened, zone=zone, prefix="c_"),
        devices=table(request, "devices", DEVICES, known, zone=zone, prefix="d_"),
    )  # fmt: skip


@router.post("/devices/terms")
def terms_page(
    database: Ledger, actor: Administrator, now: Now, item: Field = "", device_class: Field = "", tracking: Field = "",
    warranties: Text = "", plans: Text = "", reason: Reason = "",
) -> Any:  # fmt: skip
    """Say what kind of device an item is."""
    terms = [
        {"supplier": row["supplier"], "months": whole(row["months"], "the months of a warranty"),
         "starts": row["starts"].replace(" ", "_") or "receipt"}
        for row in pasted_rows(warranties, ("months", "starts", "supplier"))
    ]  # fmt: skip
    services = [
        {"name": row["name"], "kind": row["kind"] or "maintenance",
         "starts": row["starts"].replace(" ", "_") or "receipt",
         "every_days": whole(row["every_days"], "the days of a plan")}
        for row in pasted_rows(plans, ("name", "every_days", "kind", "starts"))
    ]  # fmt: skip
    said = checked(
        DeviceIn, device_class=device_class, tracking=tracking, warranties=terms, plans=services,
        reason=reason_of(reason, "a change"),
    )  # fmt: skip
    devices.keep_device(database, name_of(item), **said.model_dump(), at=now, actor=actor.name)
    return RedirectResponse("/devices", 303)


@router.post("/devices/loans/{loan_id}/return")
def return_page(
    loan_id: int, database: Ledger, actor: Mover, now: Now, client_id: ClientId, place: Field = "", reason: Reason = ""
) -> Any:
    """A lent unit comes back."""
    why = reason_of(reason, "a return")
    said = checked(LoanReturnIn, client_id=client_id, to_place=place.strip(), reason=why)
    devices.return_loan(database, min(loan_id, ID_MAX), **said.model_dump(), at=now, actor=actor.name)
    return RedirectResponse("/devices", 303)


@router.post("/devices/repairs/{repair_id}/end")
def end_repair_page(
    repair_id: int, database: Ledger, actor: Resolver, now: Now, outcome: Field = "", new_lot: Field = "",
    new_serial: Field = "", reason: Reason = "",
) -> Any:  # fmt: skip
    """A repair ends."""
    said = checked(
        RepairEndIn, outcome=outcome, new_serial=new_serial.strip(), reason=reason_of(reason, "the end of a repair"),
        new_lot_id=lot_entered(database, new_lot, now.date()) if new_lot.strip() else None,
    )  # fmt: skip
    devices.close_repair(database, min(repair_id, ID_MAX), **said.model_dump(), at=now, actor=actor.name)
    return RedirectResponse("/devices", 303)


@router.post("/field-corrections")
def open_correction_page(
    database: Ledger, actor: Resolver, now: Now, item: Field = "", title: Word = "", reference: Word = "",
    instructions: Reason = "", serials: Text = "",
) -> Any:  # fmt: skip
    """Open a correction in the field."""
    said = checked(
        FieldCorrectionIn, item=item.strip(), title=title, reference=reference, instructions=instructions,
        serials=serials.replace(",", " ").split(),
    )  # fmt: skip
    opened = corrections.open_correction(database, **said.model_dump(), at=now, actor=actor.name)
    return RedirectResponse(f"/field-corrections/{opened['id']}", 303)


@router.get("/field-corrections/{correction_id}")
def correction_page(correction_id: int, request: Request, database: Ledger, _: Visitor) -> Any:
    """Where each unit of the list is, and whether it was done."""
    correction = corrections.show_correction(database, min(correction_id, ID_MAX))
    zone = house_zone(database)
    return list_page(
        request, "field_correction.html", correction=correction, zone=zone,
        units=table(request, "units", CORRECTED, correction["units"], zone=zone),
    )  # fmt: skip


@router.post("/field-corrections/{correction_id}/units")
def corrected_page(
    correction_id: int, database: Ledger, actor: Holder, now: Now, lot: Field = "", serial: Field = "",
    reason: Reason = "",
) -> Any:  # fmt: skip
    """A unit was corrected."""
    why = reason_of(reason, "what was done")
    said = checked(FactIn, lot_id=whole(lot, "the number of the lot"), serial=serial, at=now, reason=why)
    corrections.record_corrected(database, min(correction_id, ID_MAX), **said.model_dump(), now=now, actor=actor.name)
    return RedirectResponse(f"/field-corrections/{correction_id}", 303)


@router.post("/field-corrections/{correction_id}/close")
def close_correction_page(correction_id: int, database: Ledger, actor: Resolver, now: Now, reason: Reason = "") -> Any:
    """Close a correction."""
    why = reason_of(reason, "closing a correction")
    corrections.close_correction(database, min(correction_id, ID_MAX), why, at=now, actor=actor.name)
    return RedirectResponse(f"/field-corrections/{correction_id}", 303)
