"""Compounding: batches and what keeps each from release, and the master formulation records they are made by."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Path, Request
from fastapi.responses import RedirectResponse

from cloud_sync.actions.compounding import compounding, master_formulation_records
from cloud_sync.actions.master_data.choices import items_to_choose, places_to_choose
from cloud_sync.actions.overview.record_lists import batches_listed
from cloud_sync.actions.overview.rooms import house_zone
from cloud_sync.api.access import Ledger
from cloud_sync.api.schemas.compounding import BatchIn, MasterFormulationRecordIn
from cloud_sync.console.forms import Reason, Text, Word, checked, pasted_rows, reason_of, whole
from cloud_sync.console.page_route import Drafter, FormulationApprover, PageRoute, Preparer, Visitor
from cloud_sync.console.rendering import render
from cloud_sync.console.signing import signable
from cloud_sync.console.table import Column, Show, list_page, table
from cloud_sync.console.words import state_chosen, state_words
from cloud_sync.domain.bud import Preparation, Storage
from cloud_sync.domain.list_request import ListRequest
from cloud_sync.domain.signatures import RecordKind
from cloud_sync.errors import Invalid, NotFound
from cloud_sync.storage.database import Database, Row

ROWS_MAX = 1000

router = APIRouter(route_class=PageRoute)
Name = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=100)]
Version = Annotated[int, Path(ge=1, le=10_000)]


def _record_of(row: Row) -> str:
    return f"/master-formulation-records/{row['master_formulation_record']}/{row['version']}"


BATCHES = (
    Column("number", "Batch", link=lambda row: f"/production-batches/{row['number']}"),
    Column("item", "Item"),
    Column(
        "master_formulation_record", "Made by", link=_record_of,
        html=lambda row: f"{row['master_formulation_record']} version {row['version']}",
    ),
    Column("room", "Room"),
    Column("quantity", "Planned quantity", Show.NUMBER),
    Column("made", "Made", Show.NUMBER),
    Column("planned_at", "Planned", Show.WHEN),
    Column(
        "state", "State", Show.TAG, filters=("planned", "in process", "on hold", "finished", "released", "rejected"),
        value=lambda row: state_words(row["state"]),
    ),
    Column("open_points", "Open points", Show.NUMBER, value=lambda row: len(row["open_points"])),
)  # fmt: skip
SORTS = ("number", "item", "master_formulation_record", "room", "quantity", "planned_at")
RECORDS = (
    Column("name", "Record", link=lambda row: f"/master-formulation-records/{row['name']}/{row['version']}"),
    Column("version", "Version", Show.NUMBER),
    Column("item", "Item"),
    Column("kind", "Section", filters=True),
    Column("drafted_by", "Drafted by"),
    Column("approved_by", "Approved by"),
    Column("approved_at", "Approved", Show.WHEN),
    Column("state", "State", Show.TAG, filters=True, value=lambda r: "approved" if r["approved_by"] else "drafted"),
)


@router.get("/compounding")
def compounding_page(request: Request, database: Ledger, _: Visitor) -> Any:
    """Batches, master formulation records, and a form to plan a batch."""

    def batches(wanted: ListRequest) -> list[Row]:
        return batches_listed(database, state_chosen(wanted))

    zone = house_zone(database)
    records = _records(database, None)
    return list_page(
        request, "compounding.html",
        batches=table(request, "batches", BATCHES, source=batches, sorts=SORTS, zone=zone),
        records=table(request, "records", RECORDS, records, zone=zone, prefix="record-"),
        usable=sorted({row["name"] for row in records if row["approved_by"]}),
        rooms=places_to_choose(database, ["room"]),
    )  # fmt: skip


@router.post("/production-batches")
def plan_batch(
    database: Ledger,
    actor: Preparer,
    number: Word = "",
    master_formulation_record: Word = "",
    room: Word = "",
    quantity: Word = "",
    prescription: Word = "",
) -> Any:
    """Plan a batch by the newest approved version."""
    said = checked(
        BatchIn, number=number.strip(), master_formulation_record=master_formulation_record, room=room,
        quantity=whole(quantity, "the quantity"), prescription=prescription.strip(),
    )  # fmt: skip
    compounding.plan_batch(database, **said.model_dump(), actor=actor.name)
    return RedirectResponse(f"/production-batches/{said.number}", 303)


@router.get("/new-formulation")
def new_record_page(request: Request, database: Ledger, _: Visitor) -> Any:
    """The form to draft a master formulation record."""
    return render(
        request, "new_formulation.html", items=items_to_choose(database),
        preparations=list(Preparation), storages=list(Storage),
    )  # fmt: skip


@router.post("/master-formulation-records")
def draft(
    database: Ledger,
    actor: Drafter,
    name: Word = "",
    item: Word = "",
    quantity: Word = "",
    preparation: Word = "",
    storage: Word = "",
    ingredients: Text = "",
    steps: Text = "",
    equipment: Text = "",
    tests: Text = "",
    yield_min_pct: Annotated[float, Form(ge=0, le=100)] = 95,
    yield_max_pct: Annotated[float, Form(ge=100, le=1000)] = 105,
    strength: Word = "",
    contents: Word = "",
    handling: Word = "",
    warnings: Text = "",
    controls: Text = "",
    line_clearance: Word = "",
    label_tolerance_pct: Word = "",
    label_source: Word = "",
    environment_plan: Word = "",
) -> Any:
    """Draft the next version of a record. A step that begins with * is checked by a second person."""
    body = {
        "quantity": whole(quantity, "the quantity"), "preparation": preparation, "storage": storage,
        "ingredients": [_ingredient(row) for row in pasted_rows(ingredients, ("item", "quantity", "tolerance_pct"))],
        "steps": [{"text": line.lstrip("* "), "second_check": line.startswith("*")} for line in _lines(steps)],
        "equipment": _lines(equipment), "tests": _lines(tests),
        "yield_min_pct": yield_min_pct, "yield_max_pct": yield_max_pct,
        "label": {
            "strength": strength.strip(), "contents": contents.strip(), "handling": handling.strip(),
            "warnings": _lines(warnings),
        },
        "controls": [_control(row) for row in pasted_rows(controls, CONTROL)],
        "line_clearance": line_clearance == "yes", "environment_plan": environment_plan.strip(),
        "label_reconciliation": {"tolerance_pct": label_tolerance_pct.strip(), "source": label_source.strip()}
        if label_tolerance_pct.strip() else None,
    }  # fmt: skip
    said = checked(MasterFormulationRecordIn, name=name.strip(), item=item, body=body)
    made = master_formulation_records.draft_master_record(
        database, said.name, said.item, said.body, actor=actor.name
    )  # fmt: skip
    return RedirectResponse(f"/master-formulation-records/{said.name}/{made['version']}", 303)


@router.get("/master-formulation-records/{name}/{version}")
def record_page(name: Name, version: Version, request: Request, database: Ledger, actor: Visitor) -> Any:
    """One version of a record, and who drafted and approved it."""
    row = next((each for each in _records(database, name) if each["version"] == version), None)
    if row is None:
        raise NotFound(f"there is no master formulation record {name} version {version}", "See Compounding.")
    signing = signable(database, RecordKind.FORMULATION, f"{name}:{version}", actor)
    return render(request, "formulation.html", record=row, zone=house_zone(database), signing=signing)


@router.post("/master-formulation-records/{name}/{version}/approve")
def approve(name: Name, version: Version, database: Ledger, actor: FormulationApprover, reason: Reason = "") -> Any:
    """Let a version be used."""
    why = reason_of(reason, "an approval")
    master_formulation_records.approve_master_record(database, name, version, why, actor=actor.name)
    return RedirectResponse(f"/master-formulation-records/{name}/{version}", 303)


def _records(database: Database, name: str | None) -> list[Row]:
    return master_formulation_records.list_master_records(database, name=name, rows_max=ROWS_MAX, rows_skipped=0)


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


CONTROL = ("name", "unit", "low", "high", "samples", "accept_max", "source")


def _control(row: dict[str, str]) -> dict[str, Any]:
    return {**row, "low": row["low"] or None, "high": row["high"] or None}


def _ingredient(row: dict[str, str]) -> dict[str, Any]:
    try:
        tolerance = float(row["tolerance_pct"].rstrip("% ") or 0)
    except ValueError as error:
        raise Invalid(f"the tolerance of {row['item']} is no number", "Go back and write it in percent.") from error
    return {"item": row["item"], "quantity": whole(row["quantity"], f"the quantity of {row['item']}"),
            "tolerance_pct": tolerance}  # fmt: skip
