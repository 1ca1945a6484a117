"""Serialised units: found by serial, patient or customer; one page for each; numbers given here."""

from datetime import UTC, datetime, time
from typing import Annotated, Any, Literal
from urllib.parse import quote

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse

from cloud_sync.actions.labels import serial_labels
from cloud_sync.actions.labels.labels import Format
from cloud_sync.actions.overview.rooms import house_zone
from cloud_sync.actions.serials import devices, numbering, units
from cloud_sync.api.access import Ledger, Now
from cloud_sync.api.labels import Settings, as_response
from cloud_sync.api.schemas.device import LoanIn, RepairIn, ServiceIn, UseIn
from cloud_sync.api.schemas.serial import RangeIn, SerialPatternIn, SerialsIn
from cloud_sync.console.forms import ClientId, Field, Reason, Word, checked, name_of, reason_of, whole
from cloud_sync.console.lot_field import label_of_lot, lot_entered
from cloud_sync.console.page_route import Administrator, Holder, Issuer, Mover, PageRoute, Signer, Visitor
from cloud_sync.console.rendering import render
from cloud_sync.console.table import Column, Show, list_page, table
from cloud_sync.domain.list_request import ListRequest
from cloud_sync.errors import Invalid
from cloud_sync.storage.database import Row

ROWS_MAX = 500
ID_MAX = 2**63 - 1

router = APIRouter(route_class=PageRoute)
Serial = Annotated[str, Query(max_length=100)]
Asked = Annotated[str, Query(max_length=100)]


def unit_address(lot_id: int, serial: str) -> str:
    """The page of a unit."""
    return f"/serials/units/{lot_id}?serial={quote(serial, safe='')}"


WHEN = {"receipt": "at receipt", "production": "when made here", "both": "at both", "request": "on request"}
UNITS = (
    Column("serial", "Serial", link=lambda row: unit_address(row["lot_id"], row["serial"])),
    Column("item", "Item"),
    Column("lot_number", "Lot", link=lambda row: f"/lots/{row['lot_id']}"),
    Column("place", "Who has it, or where it is"),
    Column("place_kind", "Kind", Show.WORDS),
    Column("patient", "Patient"),
    Column("swapped_for", "Swapped for", optional=True),
)
WAITING = (
    Column("item", "Item"),
    Column(
        "lot_number", "Lot", link=lambda row: f"/serials?lot={row['lot_id']}&place={quote(row['place'])}"
        f"&quantity={min(row['quantity'], 1000)}",
    ),
    Column("place", "Place"),
    Column("quantity", "Units without", Show.NUMBER),
    Column("pattern", "Pattern"),
)  # fmt: skip
RANGES = (
    Column("first_serial", "From", link=lambda row: f"/serials/ranges/{row['id']}"),
    Column("last_serial", "To"),
    Column("count", "Serials", Show.NUMBER),
    Column("item", "Item"),
    Column("lot_number", "Lot", link=lambda row: f"/lots/{row['lot_id']}" if row["lot_id"] else None),
    Column("allotted_to", "Allotted to", optional=True),
    Column("given_by", "By"),
    Column("given_at", "When", Show.WHEN),
)
PATTERNS = (
    Column("item", "Item"),
    Column("pattern", "Pattern"),
    Column(
        "given_at", "Units get serials", value=lambda row: f"at {row['given_at']}".replace("at request", "on request")
    ),
    Column("set_by", "Set by"),
)
CUSTODY = (
    Column("at", "When", Show.WHEN),
    Column("serial", "Serial"),
    Column("action", "What", Show.WORDS),
    Column("from_place", "From"),
    Column("to_place", "To"),
    Column("operator", "Who"),
    Column("order_ref", "For", optional=True),
)
FACTS = (
    Column("at", "When", Show.WHEN),
    Column("serial", "Serial"),
    Column("kind", "What", Show.WORDS),
    Column("reason", "Why"),
    Column("patient", "Patient", optional=True),
    Column("other_serial", "New serial", optional=True),
    Column("recorded_by", "Recorded by"),
)
SERVICES = (
    Column("plan", "Plan"),
    Column("kind", "Kind"),
    Column("last_at", "Last passed", Show.WHEN),
    Column("due_at", "Due", Show.WHEN),
    Column("state", "State", Show.TAG),
)
TOLD = (
    Column("reference", "Transaction data", link=lambda row: f"/transaction-data/{row['id']}"),
    Column("partner", "Partner"),
    Column("direction", "Direction"),
    Column("transaction_on", "Of", Show.DAY),
)
DOCUMENTS = (
    Column("kind", "Kind", Show.WORDS),
    Column("reference", "Reference"),
    Column("added_by", "Filed by"),
    Column("added_at", "Filed", Show.WHEN),
)


@router.get("/serials")
def serials_page(
    request: Request, database: Ledger, _: Visitor, serial: Asked = "", patient: Asked = "", holder: Asked = "",
    item: Asked = "", lot: Asked = "", place: Asked = "", quantity: Asked = "",
) -> Any:  # fmt: skip
    """Units that were asked for, and the numbers given here."""
    zone = house_zone(database)
    asked = {"serial": serial.strip(), "patient": patient.strip(), "holder": holder.strip(), "item": item.strip()}
    found = None
    if any(asked.values()):
        rows = units.find_units(
            database, serial=asked["serial"], patient=asked["patient"], holder=asked["holder"] or None,
            item=asked["item"] or None, rows_max=ROWS_MAX,
        )  # fmt: skip
        found = table(request, "units", UNITS, rows, zone=zone, prefix="u_")

    def ranges(wanted: ListRequest) -> list[Row]:
        return numbering.list_ranges(database, item=None, **wanted.page)

    waiting = numbering.waiting_for_serials(database, rows_max=ROWS_MAX)
    return list_page(
        request, "serials.html", asked=asked, found=found,
        chosen={"lot": label_of_lot(database, lot), "place": place, "quantity": quantity},
        waiting=table(request, "waiting", WAITING, waiting, zone=zone, prefix="w_"),
        ranges=table(request, "ranges", RANGES, source=ranges, searches=False, zone=zone, prefix="r_"),
        patterns=table(
            request, "patterns", PATTERNS, numbering.list_patterns(database, rows_max=ROWS_MAX), zone=zone, prefix="p_"
        ),
    )  # fmt: skip


@router.post("/serials/assign")
def assign_page(
    database: Ledger, actor: Mover, now: Now, client_id: ClientId, lot: Field = "", place: Field = "",
    quantity: Field = "", first_serial: Field = "", reason: Reason = "",
) -> Any:  # fmt: skip
    """Issue serials; their labels are on the page that follows."""
    said = checked(
        SerialsIn, client_id=client_id, lot_id=lot_entered(database, lot, now.date()), place=place.strip(),
        quantity=whole(quantity, "how many units"), first_serial=first_serial.strip(),
        reason=reason_of(reason, "giving serials"),
    )  # fmt: skip
    given = numbering.assign(database, **said.model_dump(), at=now, actor=actor.name)
    return RedirectResponse(f"/serials/ranges/{given['id']}", 303)


@router.post("/serials/ranges")
def allot_page(
    database: Ledger, actor: Administrator, now: Now, item: Field = "", first_serial: Field = "",
    last_serial: Field = "", allotted_to: Word = "", reason: Reason = "",
) -> Any:  # fmt: skip
    """Allot a range."""
    said = checked(
        RangeIn, item=item.strip(), first_serial=first_serial.strip(), last_serial=last_serial.strip(),
        allotted_to=allotted_to, reason=reason_of(reason, "a range"),
    )  # fmt: skip
    given = numbering.allot(database, **said.model_dump(), at=now, actor=actor.name)
    return RedirectResponse(f"/serials/ranges/{given['id']}", 303)


@router.post("/serials/patterns")
def pattern_page(
    database: Ledger, actor: Administrator, now: Now, item: Field = "", pattern: Field = "", given_at: Field = ""
) -> Any:
    """Set the pattern of an item."""
    said = checked(SerialPatternIn, pattern=pattern.strip(), given_at=given_at)
    numbering.keep_pattern(database, name_of(item), said.pattern, said.given_at, at=now, actor=actor.name)
    return RedirectResponse("/serials", 303)


@router.get("/serials/ranges/{range_id}")
def range_page(range_id: int, request: Request, database: Ledger, _: Visitor, settings: Settings) -> Any:
    """Issued serials at one time, with their labels."""
    given = numbering.show_range(database, min(range_id, ID_MAX))
    return render(
        request, "serial_range.html", given=given, zone=house_zone(database), printers=sorted(settings.printers)
    )


@router.get("/serials/ranges/{range_id}/labels")
def labels_of_range(
    range_id: int, database: Ledger, _: Visitor, now: Now, settings: Settings,
    form: Annotated[Literal["pdf", "zpl"], Query(alias="format")] = "pdf",
) -> Any:  # fmt: skip
    """Their labels as a file."""
    return as_response(
        serial_labels.range_file(database, min(range_id, ID_MAX), Format(form), settings, size="", dpi=203, at=now)
    )


@router.post("/serials/ranges/{range_id}/print")
def print_page(
    range_id: int, database: Ledger, actor: Signer, now: Now, settings: Settings, printer: Field = ""
) -> Any:
    """Print their labels."""
    serial_labels.print_range(database, min(range_id, ID_MAX), printer, settings, size="", at=now, actor=actor.name)
    return RedirectResponse(f"/serials/ranges/{range_id}", 303)


@router.get("/serials/units/{lot_id}")
def unit_page(lot_id: int, request: Request, database: Ledger, _: Visitor, now: Now, serial: Serial = "") -> Any:
    """All that is known of a unit."""
    unit = units.show_unit(database, min(lot_id, ID_MAX), serial, at=now)
    zone = house_zone(database)
    return list_page(
        request, "unit.html", unit=unit, zone=zone,
        custody=table(request, "custody", CUSTODY, unit["custody"], zone=zone, prefix="c_"),
        services=table(request, "services", SERVICES, unit["services"], zone=zone, prefix="s_"),
        facts=table(request, "facts", FACTS, unit["facts"], zone=zone, prefix="f_"),
        told=table(request, "transaction-data", TOLD, unit["transaction_data"], zone=zone, prefix="t_"),
        documents=table(request, "documents", DOCUMENTS, unit["documents"], zone=zone, prefix="d_"),
    )  # fmt: skip


def _back(lot_id: int, serial: str) -> RedirectResponse:
    return RedirectResponse(unit_address(lot_id, serial), 303)


@router.post("/serials/units/{lot_id}/use")
def use_page(
    lot_id: int, database: Ledger, actor: Issuer, now: Now, serial: Field = "", patient: Field = "", reason: Reason = ""
) -> Any:
    """Its first use, or the patient who has it."""
    why = reason_of(reason, "what was done")
    said = checked(UseIn, lot_id=lot_id, serial=serial, patient=patient.strip(), at=now, reason=why)
    devices.record_use(database, **said.model_dump(), now=now, actor=actor.name)
    return _back(lot_id, serial)


@router.post("/serials/units/{lot_id}/use-ended")
def use_ended_page(
    lot_id: int, database: Ledger, actor: Issuer, now: Now, serial: Field = "", reason: Reason = ""
) -> Any:
    """The patient has it no longer."""
    why = reason_of(reason, "what was done")
    devices.end_use(database, min(lot_id, ID_MAX), serial, at=now, reason=why, now=now, actor=actor.name)
    return _back(lot_id, serial)


@router.post("/serials/units/{lot_id}/loan")
def loan_page(
    lot_id: int, database: Ledger, actor: Issuer, now: Now, client_id: ClientId, serial: Field = "", to: Field = "",
    due_on: Field = "", patient: Field = "", reason: Reason = "",
) -> Any:  # fmt: skip
    """Lend it."""
    try:
        due = datetime.combine(datetime.fromisoformat(due_on).date(), time(23, 59), UTC)
    except ValueError as error:
        raise Invalid("the day on which it is due back is missing", "Go back and choose a day.") from error
    said = checked(
        LoanIn, client_id=client_id, lot_id=lot_id, serial=serial, to_place=to.strip(), due_back_at=due,
        patient=patient.strip(), reason=reason_of(reason, "a loan"),
    )  # fmt: skip
    devices.lend(database, **said.model_dump(), at=now, actor=actor.name)
    return _back(lot_id, serial)


@router.post("/serials/units/{lot_id}/service")
def service_page(
    lot_id: int, database: Ledger, actor: Holder, now: Now, serial: Field = "", plan: Field = "", passed: Field = "",
    reference: Field = "", reason: Reason = "",
) -> Any:  # fmt: skip
    """A service was done."""
    said = checked(
        ServiceIn, lot_id=lot_id, serial=serial, plan=plan, passed=passed == "yes", reference=reference, at=now,
        reason=reason_of(reason, "what was done"),
    )  # fmt: skip
    devices.record_service(database, **said.model_dump(), now=now, actor=actor.name)
    return _back(lot_id, serial)


@router.post("/serials/units/{lot_id}/repair")
def repair_page(
    lot_id: int, database: Ledger, actor: Holder, now: Now, serial: Field = "", sent_to: Field = "", reason: Reason = ""
) -> Any:
    """Order its repair."""
    why = reason_of(reason, "a repair")
    said = checked(RepairIn, lot_id=lot_id, serial=serial, sent_to=sent_to, reason=why)
    devices.open_repair(database, said.lot_id, said.serial, fault=why, sent_to=said.sent_to, at=now, actor=actor.name)
    return _back(lot_id, serial)
