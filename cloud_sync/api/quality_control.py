"""Quality control: stability, raw materials, media fills, plates, their results and decisions; product reports."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query

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
from cloud_sync.api.access import ApiRoute, BatchDecider, Ledger, Listing, Now, Preparer, Reader
from cloud_sync.api.problems import answers
from cloud_sync.api.schemas import quality_control as said
from cloud_sync.api.schemas.common import Id, Listed
from cloud_sync.domain.quality_plans import PlanKind

router = APIRouter(tags=["quality control"], route_class=ApiRoute, responses=answers(404, 409))
Kind = Annotated[PlanKind | None, Query(description="Of one kind of plan.")]


@router.get("/quality-plans", summary="List quality plans", response_model=Listed[said.QualityPlanOut])
def list_plans(database: Ledger, _: Reader, page: Listing, kind: Kind = None) -> Any:
    """Plans with their limits and sources. A new version is proposed and approved by `POST /v1/changes`."""
    return page.of(plans.list_plans(database, kind=kind, rows_max=page.rows_max, rows_skipped=page.offset))


@router.get("/beyond-use", summary="See beyond-use dates by stability data", response_model=list[said.BeyondUseOut])
def list_beyond_use(database: Ledger, _: Reader) -> Any:
    """What approved stability data support; proposed by `POST /v1/changes`, kind `beyond_use`."""
    return plans.list_beyond_use(database)


@router.post("/stability-studies", summary="Start a stability study", status_code=201, response_model=said.StudyOut)
def start_study(asked: said.StudyIn, database: Ledger, actor: Preparer, now: Now) -> Any:
    """Set the units of all pull points of a lot aside; they are held as samples there."""
    return stability.start_study(database, **asked.model_dump(), at=now, actor=actor.name)


@router.get("/stability-studies", summary="List stability studies", response_model=Listed[said.StudyOut])
def list_studies(database: Ledger, _: Reader, page: Listing, now: Now) -> Any:
    """Studies with their pull points, the newest first."""
    return page.of(stability.list_studies(database, at=now, rows_max=page.rows_max, rows_skipped=page.offset))


@router.get("/stability-studies/{study_id}", summary="See a stability study", response_model=said.StudyOut)
def see_study(study_id: Id, database: Ledger, _: Reader, now: Now) -> Any:
    """A study with its pull points."""
    return stability.study_of(database, study_id, at=now)


@router.post("/stability-studies/{study_id}/pulls", summary="Pull samples of a study", status_code=201,
             response_model=said.SampleOut)  # fmt: skip
def pull(study_id: Id, asked: said.PullIn, database: Ledger, actor: Preparer, now: Now) -> Any:
    """Take out the units of a pull point, within its window; they are used in tests."""
    return stability.pull(database, study_id, **asked.model_dump(), at=now, actor=actor.name)


@router.post("/material-samples", summary="Sample a raw material", status_code=201, response_model=said.SampleOut)
def take_material_sample(asked: said.MaterialSampleIn, database: Ledger, actor: Preparer, now: Now) -> Any:
    """Take what the plan of its item asks for out of a lot."""
    return materials.take_sample(database, **asked.model_dump(), at=now, actor=actor.name)


@router.get("/materials", summary="See which raw materials may be used", response_model=list[said.MaterialOut])
def list_materials(database: Ledger, _: Reader, now: Now) -> Any:
    """Lots in the house whose item has a plan, and why each may not be used yet."""
    return materials.list_materials(database, at=now)


@router.post("/media-fills", summary="Record a media fill", status_code=201, response_model=said.SampleOut)
def record_fill(asked: said.MediaFillIn, database: Ledger, actor: Preparer, now: Now) -> Any:
    """Somebody filled medium in a room; quality records what grew and decides."""
    return qualifications.record_fill(database, **asked.model_dump(), at=now, actor=actor.name)


@router.get("/qualifications", summary="See who is qualified", response_model=list[said.QualificationOut])
def list_qualifications(database: Ledger, _: Reader, now: Now) -> Any:
    """Everybody's last media fill for each plan, and until when it is good."""
    return qualifications.list_qualifications(database, at=now)


@router.post("/environment-sessions", summary="Begin a session of plates", status_code=201,
             response_model=said.SessionOut)  # fmt: skip
def open_session(asked: said.SessionIn, database: Ledger, actor: Preparer, now: Now) -> Any:
    """A round of viable counts in a room, by the plan of that room."""
    return environment.open_session(database, **asked.model_dump(), at=now, actor=actor.name)


@router.get("/environment-sessions", summary="List sessions of plates", response_model=Listed[said.SessionOut])
def list_sessions(database: Ledger, _: Reader, page: Listing) -> Any:
    """Sessions with their plates and counts, the newest first."""
    return page.of(environment.list_sessions(database, rows_max=page.rows_max, rows_skipped=page.offset))


@router.get("/environment-sessions/{session_id}", summary="See a session of plates", response_model=said.SessionOut)
def see_session(session_id: Id, database: Ledger, _: Reader) -> Any:
    """A session with its plates and counts."""
    return environment.session_of(database, session_id)


@router.post("/environment-sessions/{session_id}/plates", summary="Expose a plate", status_code=201,
             response_model=said.SampleOut)  # fmt: skip
def add_plate(session_id: Id, asked: said.PlateIn, database: Ledger, actor: Preparer, now: Now) -> Any:
    """A plate with a code of its own at a point of the plan."""
    return environment.add_plate(database, session_id, **asked.model_dump(), at=now, actor=actor.name)


@router.get("/quality-samples", summary="List samples", response_model=Listed[said.SampleOut])
def list_samples(
    database: Ledger, _: Reader, page: Listing, kind: Kind = None, lot: Id | None = None, only_open: bool = False
) -> Any:
    """Samples with their results, the newest first: pulls, plates, media fills, raw materials."""
    return page.of(
        samples.list_samples(
            database, kind=kind, lot_id=lot, only_open=only_open, rows_max=page.rows_max, rows_skipped=page.offset
        )
    )


@router.get("/quality-samples/{sample_id}", summary="See a sample", response_model=said.SampleOut)
def see_sample(sample_id: Id, database: Ledger, _: Reader) -> Any:
    """A sample with its results."""
    return samples.sample_of(database, sample_id)


@router.post("/quality-samples/{sample_id}/results", summary="Record a result", status_code=201,
             response_model=said.SampleOut)  # fmt: skip
def add_result(sample_id: Id, asked: said.ResultIn, database: Ledger, actor: BatchDecider, now: Now) -> Any:
    """What a test gave. Outside of its limits it opens a case, which holds the lot."""
    return samples.add_result(database, sample_id, **asked.model_dump(), at=now, actor=actor.name)


@router.post("/quality-samples/{sample_id}/decide", summary="Accept or reject a sample", response_model=said.SampleOut)
def decide_on_sample(
    sample_id: Id, asked: said.SampleDecisionIn, database: Ledger, actor: BatchDecider, now: Now
) -> Any:
    """By somebody who did not take it. By exception two people have signed it as release before."""
    return samples.decide(
        database, sample_id, asked.decision, by_exception=asked.by_exception, reason=asked.reason, at=now,
        actor=actor.name,
    )  # fmt: skip


@router.get("/quality-due", summary="See what quality control has to do", response_model=list[said.DueOut])
def list_due(database: Ledger, _: Reader, now: Now) -> Any:
    """Pull points, retests, media fills, plates and reports that are due, the most urgent first."""
    return due.list_due(database, at=now)


@router.post("/product-reports", summary="Report what was compounded for stock", status_code=201,
             response_model=said.ProductReportOut)  # fmt: skip
def make_report(asked: said.ReportIn, database: Ledger, actor: BatchDecider, now: Now) -> Any:
    """Keep a report of these days as it is now. It begins where the last one ended, or before."""
    return product_reports.make_report(database, since=asked.since, until=asked.until, at=now, actor=actor.name)


@router.get("/product-reports", summary="List product reports", response_model=Listed[said.ProductReportOut])
def list_reports(database: Ledger, _: Reader, page: Listing) -> Any:
    """Reports that were made, the newest first."""
    return page.of(product_reports.list_reports(database, rows_max=page.rows_max, rows_skipped=page.offset))


@router.get("/product-reports/preview", summary="See what a product report would say", response_model=dict[str, Any])
def preview_report(database: Ledger, _: Reader, since: date, until: date) -> Any:
    """Products, units made and released, ingredients with lots and suppliers, and what is missing."""
    return product_reports.preview(database, since=since, until=until)


@router.get("/product-reports/{report_id}", summary="See a product report", response_model=said.ProductReportOut)
def see_report(report_id: Id, database: Ledger, _: Reader) -> Any:
    """A report as it was made."""
    return product_reports.report_of(database, report_id)
