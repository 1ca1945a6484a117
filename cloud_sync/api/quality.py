"""Excursions, exposures, holds, dispositions, cases, history."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import AwareDatetime

from cloud_sync.actions.monitoring import excursion_endings
from cloud_sync.actions.quality import case_resolution, holds_and_dispositions
from cloud_sync.api.access import ApiRoute, Decider, Holder, Ledger, Listing, Now, Reader, Resolver
from cloud_sync.api.master_data import created
from cloud_sync.api.problems import also, answers
from cloud_sync.api.schemas.common import Id, Listed, Name, WhyIn
from cloud_sync.api.schemas.quality import (
    AssignIn,
    CaseOut,
    DispositionIn,
    DispositionOut,
    EventDispositionIn,
    ExcursionEndIn,
    ExcursionOut,
    ExposureOut,
    HoldIn,
    HoldNowOut,
    HoldOut,
    ResolutionIn,
    SuspicionIn,
    TwoVersionsOut,
    VersionOut,
)
from cloud_sync.ingest import dead_letter_retry

router = APIRouter(tags=["quality"], route_class=ApiRoute, responses=answers(404, 409))


@router.get("/excursions", summary="List excursions", response_model=Listed[ExcursionOut])
def list_excursions(
    database: Ledger, _: Reader, page: Listing, place: Name | None = None, only_open: bool = False
) -> Any:
    """Excursions, the latest first."""
    return page.of(
        holds_and_dispositions.listed(
            database, "excursions", place=place, only_open=only_open, rows_max=page.rows_max, rows_skipped=page.offset
        )
    )


@router.get("/exposures", summary="List exposures", response_model=Listed[ExposureOut])
def list_exposures(
    database: Ledger, _: Reader, page: Listing, excursion: Id | None = None, lot: Id | None = None
) -> Any:
    """Which stock was exposed to which excursion, followed wherever it went since."""
    return page.of(
        holds_and_dispositions.listed(
            database,
            "exposures",
            excursion_id=excursion,
            lot_id=lot,
            rows_max=page.rows_max,
            rows_skipped=page.offset,
        )
    )


@router.get("/holds", summary="See what is blocked now", response_model=Listed[HoldNowOut])
def list_holds(database: Ledger, _: Reader, page: Listing, lot: Id | None = None, place: Name | None = None) -> Any:
    """Everything that blocks stock now, by exposure, by hand, by case."""
    return page.of(
        holds_and_dispositions.listed(
            database,
            "holds_now",
            lot_id=lot,
            place=place,
            rows_max=page.rows_max,
            rows_skipped=page.offset,
        )
    )


@router.get("/holds/placed", summary="List placed holds", response_model=Listed[HoldOut])
def list_placed_holds(
    database: Ledger, _: Reader, page: Listing, lot: Id | None = None, only_open: bool = False
) -> Any:
    """Holds that people or rules placed, with who lifted them and why."""
    return page.of(
        holds_and_dispositions.listed(
            database,
            "placed_holds",
            lot_id=lot,
            only_open=only_open,
            rows_max=page.rows_max,
            rows_skipped=page.offset,
        )
    )


@router.post("/holds", summary="Place a hold", status_code=201, response_model=HoldOut)
def place_hold(hold: HoldIn, database: Ledger, actor: Holder, now: Now) -> Any:
    """Hold goods by hand: a lot, a serial, or what is in a place. The hold follows them. Reservations are broken."""
    return holds_and_dispositions.place_hold(database, **hold.model_dump(), at=now, actor=actor.name)


@router.post("/holds/{hold_id}/lift", summary="Lift a hold", response_model=HoldOut)
def lift_hold(hold_id: Id, why: WhyIn, database: Ledger, actor: Decider) -> Any:
    """Lift a hold that somebody else placed. Holds by exposure are lifted by a disposition."""
    return holds_and_dispositions.lift_hold(database, hold_id, why.reason, actor=actor.name)


@router.post(
    "/dispositions",
    summary="Decide on an exposure",
    status_code=201,
    response_model=DispositionOut,
    responses=also(200, DispositionOut),
)
def decide(disposition: DispositionIn, response: Response, database: Ledger, actor: Decider) -> Any:
    """Release, reject or destroy. It covers the evidence as it is now: if that changes, the hold is back."""
    return created(response, holds_and_dispositions.decide(database, **disposition.model_dump(), actor=actor.name))


@router.post(
    "/dispositions/event", summary="Decide on a whole event", status_code=201, response_model=list[DispositionOut]
)
def decide_event(disposition: EventDispositionIn, database: Ledger, actor: Decider) -> Any:
    """One decision on many lots and all the excursions of an event: all of it, or nothing."""
    return holds_and_dispositions.decide_event(database, **disposition.model_dump(), actor=actor.name)


@router.post("/excursions/{excursion_id}/end", summary="End an excursion by evidence", response_model=ExcursionOut)
def end_excursion(excursion_id: Id, seen: ExcursionEndIn, database: Ledger, now: Now, actor: Resolver) -> Any:
    """Say when a place was within its limits again, where the device that was outside died. What comes later counts
    as ever."""
    return excursion_endings.end_excursion(database, excursion_id, **seen.model_dump(), at=now, actor=actor.name)


@router.get("/dispositions", summary="List decisions", response_model=Listed[DispositionOut])
def list_dispositions(
    database: Ledger, _: Reader, page: Listing, excursion: Id | None = None, lot: Id | None = None
) -> Any:
    """Decisions on exposures."""
    return page.of(
        holds_and_dispositions.listed(
            database,
            "dispositions",
            excursion_id=excursion,
            lot_id=lot,
            rows_max=page.rows_max,
            rows_skipped=page.offset,
        )
    )


@router.get("/cases", summary="List exception cases", response_model=Listed[CaseOut])
def list_cases(
    database: Ledger,
    _: Reader,
    page: Listing,
    only_open: bool = True,
    kind: Name | None = None,
    lot: Id | None = None,
    assignee: Name | None = None,
    older_than: Annotated[AwareDatetime | None, Query(description="Opened before this time.")] = None,
) -> Any:
    """Facts that contradict the ledger, and what could not be read."""
    return page.of(
        holds_and_dispositions.listed(
            database,
            "cases",
            only_open=only_open,
            kind=kind,
            lot_id=lot,
            assignee=assignee,
            older_than=older_than,
            rows_max=page.rows_max,
            rows_skipped=page.offset,
        )
    )


@router.get(
    "/cases/{case_id}/versions", summary="See both versions of a doubted journal", response_model=list[TwoVersionsOut]
)
def see_both_versions(case_id: Id, database: Ledger, _: Reader) -> Any:
    """For each channel what a doubted journal says, and what the gateway's own one says of the same time."""
    return case_resolution.both_versions(database, case_id)


@router.post("/cases/{case_id}/resolve", summary="Resolve a case", response_model=CaseOut)
def resolve_case(case_id: Id, found: ResolutionIn, database: Ledger, actor: Resolver) -> Any:
    """Close a case by a decision, with what was found and done."""
    return case_resolution.resolve_case(database, case_id, found.resolution, actor=actor, decision=found.decision)


@router.post("/cases/{case_id}/reprocess", summary="Book what a case holds", response_model=CaseOut)
def reprocess_case(case_id: Id, why: WhyIn, database: Ledger, actor: Resolver) -> Any:
    """Book the batch (batch_set_aside) or the scanned line that a case holds, once the cause is gone, and close it.

    A scan of another site (outside_site) is confirmed so, by somebody who did not scan it.
    """
    return dead_letter_retry.reprocess(database, case_id, reason=why.reason, actor=actor.name)


@router.post("/cases/{case_id}/on-purpose", summary="Let a gateway speak for another site", response_model=CaseOut)
def book_on_purpose(case_id: Id, why: WhyIn, database: Ledger, actor: Resolver) -> Any:
    """Book the scan of another site that a case (outside_site) holds, and those that this gateway says of it later."""
    return dead_letter_retry.book_on_purpose(database, case_id, reason=why.reason, actor=actor.name)


@router.post("/cases", summary="Report suspicious product", status_code=201, response_model=CaseOut)
def report_suspicious(suspicion: SuspicionIn, database: Ledger, actor: Holder, now: Now) -> Any:
    """Open a case about product that looks wrong. It is held until the case is resolved."""
    return case_resolution.report_suspicious(database, **suspicion.model_dump(), at=now, actor=actor.name)


@router.post("/cases/{case_id}/assign", summary="Assign a case", response_model=CaseOut)
def assign_case(case_id: Id, who: AssignIn, database: Ledger, actor: Resolver) -> Any:
    """Say who looks into an open case."""
    return case_resolution.assign_case(database, case_id, who.assignee, actor=actor.name)


@router.get(
    "/excursions/{excursion_id}/versions", summary="See how an excursion changed", response_model=list[VersionOut]
)
def list_versions(excursion_id: Id, database: Ledger, _: Reader) -> Any:
    """Every version of an excursion, oldest first; also of one that was withdrawn."""
    return holds_and_dispositions.listed(database, "versions", excursion_id=excursion_id, rows_max=1000)
