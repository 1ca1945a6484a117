"""Equipment: what measures, where, and its calibration certificates."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse
from markupsafe import Markup

from cloud_sync.actions.governance import equipment
from cloud_sync.actions.master_data.choices import places_to_choose
from cloud_sync.actions.overview.rooms import house_zone
from cloud_sync.api.access import Ledger, Now
from cloud_sync.api.schemas.governance import CalibrationIn, EquipmentIn
from cloud_sync.console.forms import Field, Reason, Text, checked, name_of, pasted_rows, reason_of
from cloud_sync.console.page_route import PageRoute, SensorPlacer, Visitor
from cloud_sync.console.table import Column, Show, list_page, table
from cloud_sync.domain.movements import INTERNAL
from cloud_sync.storage.database import Row

PLACE_KINDS = (*sorted(INTERNAL), "production", "transit", "ward")

router = APIRouter(route_class=PageRoute)


def _device(row: Row) -> str:
    return f"{row['device']} at {row['gateway']}" if row["gateway"] else ""


def _points(row: Row) -> str:
    def one(point: dict[str, Any]) -> str:
        unsure = f" ± {point['uncertainty']:g}" if point["uncertainty"] is not None else ""
        return f"{point['deviation']:+g}{unsure} {point['unit']} at {point['at']:g} {point['unit']}"

    return "; ".join(one(point) for point in row["points"])


def _hash(row: Row) -> Markup:
    return Markup('<span class="soft">SHA-256 of the document: <code>{}</code></span>').format(row["sha256"])


CERTIFICATES = (
    Column("equipment", "Equipment", filters=True),
    Column("certificate", "Certificate"),
    Column("laboratory", "Laboratory"),
    Column("calibrated_on", "Calibrated", Show.DAY),
    Column("due_on", "Due", Show.DAY),
    Column("passed", "Result", Show.TAG, filters=True, value=lambda row: "passed" if row["passed"] else "rejected"),
    Column("points", "Deviation", value=_points),
    Column("reference", "Document"),
    Column("recorded_by", "Filed by"),
    Column("sha256", "SHA-256", below=True, html=lambda row: _hash(row)),
)


@router.get("/equipment")
def equipment_page(request: Request, database: Ledger, _: Visitor, now: Now) -> Any:
    """What measures and works, and until when it is calibrated; all certificates."""
    today = now.date()

    def state(row: Row) -> str:
        if not row["in_use"]:
            return "out of use"
        if row["due_on"] is None:
            return "never calibrated"
        if not row["passed"]:
            return "rejected"
        return "overdue" if row["due_on"] < today else "active"

    columns = (
        Column("name", "Equipment"), Column("title", "Title"),
        Column("maker", "Make", value=lambda row: f"{row['maker']} {row['model']}".strip()),
        Column("serial_number", "Serial number"), Column("device", "Device", value=_device),
        Column("place", "Place", link=lambda row: f"/rooms/{row['place']}" if row["place"] else None),
        Column("certificate", "Certificate"), Column("due_on", "Calibration due", Show.DAY),
        Column("state", "State", Show.TAG, filters=True, value=state),
    )  # fmt: skip
    rows, zone = equipment.list_equipment(database), house_zone(database)
    return list_page(
        request, "equipment.html", names=[row["name"] for row in rows],
        equipment=table(request, "equipment", columns, rows, zone=zone),
        certificates=table(request, "certificates", CERTIFICATES, equipment.list_calibrations(database), zone=zone,
                           prefix="c_"),
        places=places_to_choose(database, PLACE_KINDS), kinds=",".join(PLACE_KINDS),
    )  # fmt: skip


@router.post("/equipment")
def keep_page(
    database: Ledger, actor: SensorPlacer, name: Field = "", title: Field = "", maker: Field = "", model: Field = "",
    serial_number: Field = "", gateway: Field = "", device: Field = "", place: Field = "", in_use: Field = "yes",
    reason: Reason = "",
) -> Any:  # fmt: skip
    """Add equipment, or change it to be like this."""
    asked = checked(
        EquipmentIn, title=title, maker=maker, model=model, serial_number=serial_number, gateway=gateway or None,
        device=device, place=place or None, in_use=in_use == "yes", reason=reason_of(reason, "a change"),
    )  # fmt: skip
    equipment.keep_equipment(database, name_of(name), **asked.model_dump(), actor=actor.name)
    return RedirectResponse("/equipment", 303)


@router.post("/calibrations")
def file_page(
    database: Ledger, actor: SensorPlacer, now: Now, name: Field = "", certificate: Field = "", laboratory: Field = "",
    calibrated_on: Field = "", due_on: Field = "", passed: Field = "yes", points: Text = "", reference: Field = "",
    sha256: Field = "", note: Field = "",
) -> Any:  # fmt: skip
    """File a certificate."""
    rows = pasted_rows(points, ("at", "deviation", "uncertainty", "unit"))
    read = [{**row, "uncertainty": row["uncertainty"] or None} for row in rows]
    asked = checked(
        CalibrationIn, certificate=certificate, laboratory=laboratory, calibrated_on=calibrated_on, due_on=due_on,
        passed=passed == "yes", points=read, reference=reference, sha256=sha256.strip().lower(), note=note,
    )  # fmt: skip
    equipment.add_calibration(database, name_of(name), **asked.model_dump(), at=now, actor=actor.name)
    return RedirectResponse("/equipment", 303)
