"""Quality control: what is due, samples and their results, stability, raw materials, media fills, plates, reports."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import JSONResponse, RedirectResponse

from cloud_sync.actions.governance import controlled_changes
from cloud_sync.actions.master_data.choices import places_to_choose
from cloud_sync.actions.overview.rooms import house_zone
from cloud_sync.actions.quality_control import (
    due,
    environment,
    materials,
    plans,
    product_reports,
    qualifications,
    samples,
    stability,
)
from cloud_sync.api.access import Ledger, Now
from cloud_sync.api.schemas import quality_control as said
from cloud_sync.api.schemas.governance import BeyondUseIn
from cloud_sync.console.forms import (
    ClientId,
    Field,
    Reason,
    Word,
    checked,
    name_of,
    reason_of,
    whole,
)
from cloud_sync.console.lot_field import lot_entered
from cloud_sync.console.page_route import BatchDecider, Governor, PageRoute, Preparer, Visitor
from cloud_sync.console.rendering import render
from cloud_sync.console.signing import signable
from cloud_sync.console.table import Column, Show, list_page, table
from cloud_sync.domain.quality_plans import PlanKind
from cloud_sync.domain.signatures import RecordKind
from cloud_sync.errors import Invalid
from cloud_sync.storage.database import Row

ROWS_MAX = 1000
HOUSE = ("room", "bin")

router = APIRouter(route_class=PageRoute)
RecordId = Annotated[int, Path(ge=1, le=2**63 - 1)]


def _of(row: Row) -> str:
    if row["lot_number"]:
        day = f", day {row['day']}" if row["day"] is not None else ""
        return f"{row['item']} {row['lot_number']}{day}"
    return f"{row['person']} in {row['place']}" if row["kind"] == "qualification" else f"{row['place']}, {row['point']}"


DUE = (
    Column("text", "What", link=lambda row: row["path"]),
    Column("due_on", "Due", Show.DAY),
    Column("state", "State", Show.TAG, filters=True, value=lambda row: "overdue" if row["is_late"] else "due"),
)
SAMPLES = (
    Column("id", "Sample", Show.NUMBER, link=lambda row: f"/quality/samples/{row['id']}"),
    Column("kind", "Kind", filters=True),
    Column("of", "Of", value=_of),
    Column("code", "Code", optional=True),
    Column("plan", "Plan", value=lambda row: f"{row['plan']} version {row['version']}"),
    Column("taken_at", "Taken", Show.WHEN),
    Column("taken_by", "Taken by"),
    Column("state", "State", Show.TAG, filters=True),
)
STUDIES = (
    Column("id", "Study", link=lambda row: f"/quality/studies/{row['id']}", value=lambda row: f"ST-{row['id']}"),
    Column("item", "Product", filters=True),
    Column("lot_number", "Lot", link=lambda row: f"/lots/{row['lot_id']}"),
    Column("plan", "Protocol", value=lambda row: f"{row['plan']} version {row['version']}"),
    Column("place", "Kept in"),
    Column("units_left", "Units left", Show.NUMBER),
    Column("next", "Next pull", Show.DAY, value=lambda row: _next(row)),
    Column("state", "State", Show.TAG, filters=True, value=lambda row: "open" if row["is_open"] else "closed"),
)
SUPPORTS = (
    Column("item", "Product"),
    Column("storage", "Stored"),
    Column("days", "Days", Show.NUMBER),
    Column("plan_name", "By the data of"),
    Column("approved_by", "Approved by"),
    Column("approved_at", "Approved", Show.WHEN),
)
MATERIALS = (
    Column("item", "Raw material", filters=True),
    Column("lot_number", "Lot", link=lambda row: f"/lots/{row['lot_id']}"),
    Column("plan", "Plan"),
    Column(
        "sampled_at", "Last sample", Show.WHEN,
        link=lambda row: f"/quality/samples/{row['sample_id']}" if row["sample_id"] else None,
    ),
    Column("retest_at", "Test again by", Show.DAY),
    Column("fault", "Why it waits"),
    Column("state", "State", Show.TAG, filters=True),
)  # fmt: skip
PEOPLE = (
    Column("person", "Who"),
    Column("plan", "Plan", filters=True),
    Column("filled_at", "Media fill", Show.WHEN, link=lambda row: f"/quality/samples/{row['sample_id']}"),
    Column("until", "Qualified until", Show.DAY),
    Column("fault", "Why not"),
    Column("state", "State", Show.TAG, filters=True),
)
SESSIONS = (
    Column("id", "Session", Show.NUMBER, link=lambda row: f"/quality/environment/{row['id']}"),
    Column("place", "Room", filters=True),
    Column("plan", "Plan", value=lambda row: f"{row['plan']} version {row['version']}"),
    Column("batch", "Batch", link=lambda row: f"/production-batches/{row['batch']}" if row["batch"] else None),
    Column("began_at", "Began", Show.WHEN),
    Column("opened_by", "By"),
    Column("plates", "Plates", value=lambda row: f"{len(row['plates'])} of {len(row['points'])}"),
    Column("state", "State", Show.TAG, filters=True, value=lambda row: _session_state(row)),
)
REPORTS = (
    Column("since", "From", Show.DAY, link=lambda row: f"/quality/reports/{row['id']}"),
    Column("until", "Until (exclusive)", Show.DAY),
    Column("products", "Products", Show.NUMBER, value=lambda row: len(row["body"]["products"])),
    Column("made_by", "Made by"),
    Column("made_at", "Made", Show.WHEN),
)


def _next(row: Row) -> date | None:
    waiting = [pull["due_at"].date() for pull in row["pulls"] if pull["sample_id"] is None]
    return min(waiting, default=None)


def _session_state(row: Row) -> str:
    if any(plate["verdict"] == "fail" for plate in row["plates"]):
        return "failed"
    return "in test" if row["missing"] else "tested"


@router.get("/quality")
def quality_page(request: Request, database: Ledger, _: Visitor, now: Now) -> Any:
    """What is due, and the samples that wait."""
    zone = house_zone(database)
    found = samples.list_samples(database, kind=None, lot_id=None, only_open=False, rows_max=ROWS_MAX)
    return list_page(
        request, "quality.html",
        due=table(request, "due", DUE, due.list_due(database, at=now), zone=zone, prefix="d_"),
        samples=table(request, "samples", SAMPLES, found, zone=zone),
    )  # fmt: skip


@router.get("/quality/samples/{sample_id}")
def sample_page(sample_id: RecordId, request: Request, database: Ledger, actor: Visitor) -> Any:
    """A sample, its results, and the decision on it."""
    sample = samples.sample_of(database, sample_id)
    return render(
        request, "quality_sample.html", sample=sample, of=_of(sample), zone=house_zone(database),
        signing=signable(database, RecordKind.SAMPLE, str(sample_id), actor),
    )  # fmt: skip


@router.post("/quality/samples/{sample_id}/results")
def result_page(
    sample_id: RecordId, database: Ledger, actor: BatchDecider, now: Now, test: Word = "", value: Field = "",
    conforms: Field = "", note: Reason = "",
) -> Any:  # fmt: skip
    """What a test gave."""
    asked = checked(
        said.ResultIn, test=test, value=value.strip().replace(",", ".") or None,
        conforms=None if not conforms else conforms == "yes", note=note,
    )  # fmt: skip
    samples.add_result(database, sample_id, **asked.model_dump(), at=now, actor=actor.name)
    return RedirectResponse(f"/quality/samples/{sample_id}", 303)


@router.post("/quality/samples/{sample_id}/decide")
def decide_page(
    sample_id: RecordId, database: Ledger, actor: BatchDecider, now: Now, decision: Field = "", reason: Reason = ""
) -> Any:
    """Accept, accept by exception, or reject."""
    asked = checked(
        said.SampleDecisionIn, decision="accepted" if decision == "exception" else decision,
        by_exception=decision == "exception", reason=reason_of(reason, "a decision"),
    )  # fmt: skip
    samples.decide(
        database, sample_id, asked.decision, by_exception=asked.by_exception, reason=asked.reason, at=now,
        actor=actor.name,
    )  # fmt: skip
    return RedirectResponse(f"/quality/samples/{sample_id}", 303)


@router.get("/quality/stability")
def stability_page(request: Request, database: Ledger, _: Visitor, now: Now) -> Any:
    """Studies, what their data support, and how to start one."""
    zone = house_zone(database)
    return list_page(
        request, "quality_stability.html",
        studies=table(request, "studies", STUDIES, stability.list_studies(database, at=now, rows_max=ROWS_MAX),
                      zone=zone),
        supports=table(request, "beyond-use", SUPPORTS, plans.list_beyond_use(database), zone=zone, prefix="b_"),
        protocols=_names(database, PlanKind.STABILITY), places=_places(database),
    )  # fmt: skip


@router.post("/quality/stability")
def start_page(
    database: Ledger, actor: Preparer, now: Now, client_id: ClientId, plan: Word = "", lot: Word = "",
    from_place: Word = "", to_place: Word = "",
) -> Any:  # fmt: skip
    """Set the samples of a lot aside."""
    asked = checked(
        said.StudyIn, client_id=client_id, plan=plan, lot_id=lot_entered(database, lot, now.date()),
        from_place=from_place, to_place=to_place,
    )  # fmt: skip
    study = stability.start_study(database, **asked.model_dump(), at=now, actor=actor.name)
    return RedirectResponse(f"/quality/studies/{study['id']}", 303)


@router.post("/quality/beyond-use")
def beyond_use_page(
    database: Ledger, actor: Governor, now: Now, plan: Word = "", days: Word = "", reason: Reason = ""
) -> Any:
    """Propose that data support so many days; another person approves it."""
    asked = checked(
        BeyondUseIn, kind="beyond_use", plan=plan, days=whole(days, "the days"), reason=reason_of(reason, "a change")
    )
    controlled_changes.propose(
        database, asked.kind, {"plan": asked.plan, "days": asked.days}, reason=asked.reason, at=now, actor=actor.name
    )
    return RedirectResponse("/changes", 303)


@router.get("/quality/studies/{study_id}")
def study_page(study_id: RecordId, request: Request, database: Ledger, _: Visitor, now: Now) -> Any:
    """A study and its pull points."""
    study = stability.study_of(database, study_id, at=now)
    return render(request, "quality_study.html", study=study, zone=house_zone(database))


@router.post("/quality/studies/{study_id}/pulls")
def pull_page(
    study_id: RecordId, database: Ledger, actor: Preparer, now: Now, client_id: ClientId, day: Word = "",
    note: Reason = "",
) -> Any:  # fmt: skip
    """Pull the samples of a day."""
    asked = checked(said.PullIn, client_id=client_id, day=whole(day, "the day"), note=note)
    sample = stability.pull(database, study_id, **asked.model_dump(), at=now, actor=actor.name)
    return RedirectResponse(f"/quality/samples/{sample['id']}", 303)


@router.get("/quality/materials")
def materials_page(request: Request, database: Ledger, _: Visitor, now: Now) -> Any:
    """Raw materials: which lots may be used, and which wait for what."""
    rows = materials.list_materials(database, at=now)
    return list_page(
        request, "quality_materials.html", lots=rows, places=_places(database),
        materials=table(request, "raw-materials", MATERIALS, rows, zone=house_zone(database)),
    )  # fmt: skip


@router.post("/quality/materials/samples")
def sample_material_page(
    database: Ledger, actor: Preparer, now: Now, client_id: ClientId, lot: Word = "", from_place: Word = "",
    note: Reason = "",
) -> Any:  # fmt: skip
    """Take a sample of a lot."""
    asked = checked(
        said.MaterialSampleIn,
        client_id=client_id,
        lot_id=lot_entered(database, lot, now.date()),
        from_place=from_place,
        note=note,
    )
    sample = materials.take_sample(database, **asked.model_dump(), at=now, actor=actor.name)
    return RedirectResponse(f"/quality/samples/{sample['id']}", 303)


@router.get("/quality/qualifications")
def qualifications_page(request: Request, database: Ledger, _: Visitor, now: Now) -> Any:
    """Who may compound what, and until when."""
    return list_page(
        request, "quality_qualifications.html", plans=_names(database, PlanKind.QUALIFICATION),
        places=_places(database),
        people=table(request, "qualifications", PEOPLE, qualifications.list_qualifications(database, at=now),
                     zone=house_zone(database)),
    )  # fmt: skip


@router.post("/quality/qualifications")
def fill_page(
    database: Ledger, actor: Preparer, now: Now, client_id: ClientId, plan: Word = "", person: Word = "",
    place: Word = "", units: Word = "", note: Reason = "",
) -> Any:  # fmt: skip
    """Record a media fill."""
    asked = checked(
        said.MediaFillIn, client_id=client_id, plan=plan, person=name_of(person), place=place,
        units=whole(units, "the units"), note=note,
    )  # fmt: skip
    sample = qualifications.record_fill(database, **asked.model_dump(), at=now, actor=actor.name)
    return RedirectResponse(f"/quality/samples/{sample['id']}", 303)


@router.get("/quality/environment")
def environment_page(request: Request, database: Ledger, _: Visitor) -> Any:
    """Sessions of plates."""
    rooms = [
        {"name": row["name"], "place": row["body"]["place"]}
        for row in _newest(plans.list_plans(database, kind=PlanKind.ENVIRONMENT, rows_max=ROWS_MAX))
    ]
    return list_page(
        request, "quality_environment.html", plans=rooms,
        sessions=table(request, "sessions", SESSIONS, environment.list_sessions(database, rows_max=ROWS_MAX),
                       zone=house_zone(database)),
    )  # fmt: skip


@router.post("/quality/environment")
def session_begins_page(
    database: Ledger, actor: Preparer, now: Now, place: Word = "", batch: Word = "", note: Reason = ""
) -> Any:
    """Begin a session by the plan of a room."""
    found = [
        row["name"]
        for row in _newest(plans.list_plans(database, kind=PlanKind.ENVIRONMENT, rows_max=ROWS_MAX))
        if row["body"]["place"] == place
    ]
    if not found:
        raise Invalid("the room is missing", "Go back and choose it.")
    asked = checked(said.SessionIn, plan=found[0], place=place, batch=batch.strip() or None, note=note)
    session = environment.open_session(database, **asked.model_dump(), at=now, actor=actor.name)
    return RedirectResponse(f"/quality/environment/{session['id']}", 303)


@router.get("/quality/environment/{session_id}")
def session_page(session_id: RecordId, request: Request, database: Ledger, _: Visitor) -> Any:
    """A session with its plates and counts."""
    session = environment.session_of(database, session_id)
    return render(request, "quality_session.html", session=session, zone=house_zone(database))


@router.post("/quality/environment/{session_id}/plates")
def plate_page(
    session_id: RecordId, database: Ledger, actor: Preparer, now: Now, client_id: ClientId, point: Word = "",
    code: Word = "", person: Word = "",
) -> Any:  # fmt: skip
    """Expose a plate at a point."""
    asked = checked(said.PlateIn, client_id=client_id, point=point, code=code.strip(), person=person.strip())
    environment.add_plate(database, session_id, **asked.model_dump(), at=now, actor=actor.name)
    return RedirectResponse(f"/quality/environment/{session_id}", 303)


@router.get("/quality/reports")
def reports_page(
    request: Request, database: Ledger, _: Visitor, since: Annotated[date | None, Query()] = None,
    until: Annotated[date | None, Query()] = None,
) -> Any:  # fmt: skip
    """Reports of products that were made, and what the next one would say."""
    made = product_reports.list_reports(database, rows_max=ROWS_MAX)
    shown = product_reports.preview(database, since=since, until=until) if since and until else None
    return list_page(
        request, "quality_reports.html", preview=shown, until=until,
        since=since or (made[0]["until"] if made else None),
        reports=table(request, "product-reports", REPORTS, made, zone=house_zone(database)),
    )  # fmt: skip


@router.post("/quality/reports")
def make_report_page(database: Ledger, actor: BatchDecider, now: Now, since: Field = "", until: Field = "") -> Any:
    """Keep a report as it is now."""
    asked = checked(said.ReportIn, since=since, until=until)
    report = product_reports.make_report(database, since=asked.since, until=asked.until, at=now, actor=actor.name)
    return RedirectResponse(f"/quality/reports/{report['id']}", 303)


@router.get("/quality/reports/{report_id}")
def report_page(
    report_id: RecordId, request: Request, database: Ledger, _: Visitor,
    as_json: Annotated[bool, Query(alias="json")] = False,
) -> Any:  # fmt: skip
    """A report as it was made, or as a file of data."""
    report = product_reports.report_of(database, report_id)
    if as_json:
        name = f'attachment; filename="product-report-{report["since"]}.json"'
        return JSONResponse(report["body"], headers={"Content-Disposition": name})
    return render(request, "quality_report.html", report=report, zone=house_zone(database))


def _names(database: Any, kind: PlanKind) -> list[str]:
    return [row["name"] for row in _newest(plans.list_plans(database, kind=kind, rows_max=ROWS_MAX))]


def _newest(rows: list[Row]) -> list[Row]:
    return list({row["name"]: row for row in reversed(rows)}.values())


def _places(database: Any) -> list[Row]:
    return places_to_choose(database, HOUSE)
