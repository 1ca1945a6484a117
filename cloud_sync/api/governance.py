"""Electronic records: controlled changes, retention, legal holds, training, equipment, agreements, access reviews."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from cloud_sync.actions.governance import (
    access_reviews,
    agreements,
    change_control,
    controlled_changes,
    equipment,
    legal_holds,
    retention_rules,
    training,
)
from cloud_sync.api.access import AccessReviewer, ApiRoute, Governor, Ledger, Listing, Now, Reader, SensorPlacer
from cloud_sync.api.problems import answers
from cloud_sync.api.schemas import governance as said
from cloud_sync.api.schemas.common import Id, Listed, Name, WhyIn

router = APIRouter(tags=["records"], route_class=ApiRoute, responses=answers(404, 409))
OF_CHANGE = {"kind", "reason", "effective_from", "change_control"}


@router.post("/changes", summary="Propose a controlled change", status_code=201, response_model=said.ChangeOut)
def propose_change(asked: said.ChangeIn, database: Ledger, actor: Governor, now: Now) -> Any:
    """Propose another setting, policy, procedure or training; another person approves it. A day may be given.

    What only adds care (a longer retention, a rule where there was none) needs no second person.
    """
    return controlled_changes.propose(
        database,
        asked.kind,
        asked.model_dump(mode="json", exclude=OF_CHANGE),
        reason=asked.reason,
        effective_from=asked.effective_from,
        change_control=asked.change_control,
        at=now,
        actor=actor.name,
    )


@router.post("/changes/{change_id}/approve", summary="Approve a controlled change", response_model=said.ChangeOut)
def approve_change(change_id: Id, why: WhyIn, database: Ledger, actor: Governor, now: Now) -> Any:
    """Agree to what somebody else proposed; it is in force from its day on."""
    return controlled_changes.approve(database, change_id, reason=why.reason, at=now, actor=actor.name)


@router.post("/changes/{change_id}/reject", summary="Reject a controlled change", response_model=said.ChangeOut)
def reject_change(change_id: Id, why: WhyIn, database: Ledger, actor: Governor, now: Now) -> Any:
    """Leave things as they are."""
    return controlled_changes.reject(database, change_id, reason=why.reason, at=now, actor=actor.name)


@router.get("/changes", summary="List controlled changes", response_model=Listed[said.ChangeOut])
def list_changes(database: Ledger, _: Reader, page: Listing, only_open: bool = False, kind: Name | None = None) -> Any:
    """Changes, the newest first; only those that wait for approval or for their day."""
    rows = controlled_changes.list_changes(
        database, only_open=only_open, kind=kind, rows_max=page.rows_max, rows_skipped=page.offset
    )
    return page.of(rows)


@router.get("/retention", summary="See how long records are kept", response_model=list[said.RetentionOut])
def list_retention(database: Ledger, _: Reader) -> Any:
    """How long what could go is kept at the least; everything else is never deleted. Changed by `POST /v1/changes`."""
    return retention_rules.list_rules(database)


@router.post("/legal-holds", summary="Ask for a legal hold", status_code=201, response_model=said.LegalHoldOut)
def ask_legal_hold(asked: said.LegalHoldIn, database: Ledger, actor: Governor, now: Now) -> Any:
    """Nothing of a case, a lot or an item is erased or thinned out from now on; a second person decides on it."""
    return legal_holds.ask(database, **asked.model_dump(), at=now, actor=actor.name)


@router.post("/legal-holds/{hold_id}/decide", summary="Decide on a legal hold", response_model=said.LegalHoldOut)
def decide_legal_hold(hold_id: Id, asked: said.DecideIn, database: Ledger, actor: Governor, now: Now) -> Any:
    """Agree to a legal hold that somebody else asked for, or reject it, which ends it."""
    return legal_holds.decide(database, hold_id, asked.decision, reason=asked.reason, at=now, actor=actor.name)


@router.post("/legal-holds/{hold_id}/lift", summary="Lift a legal hold", response_model=said.LegalHoldOut)
def lift_legal_hold(hold_id: Id, why: WhyIn, database: Ledger, actor: Governor, now: Now) -> Any:
    """Ask for its end, or agree to what another person asked for."""
    return legal_holds.lift(database, hold_id, reason=why.reason, at=now, actor=actor.name)


@router.get("/legal-holds", summary="List legal holds", response_model=Listed[said.LegalHoldOut])
def list_legal_holds(database: Ledger, _: Reader, page: Listing, only_open: bool = False) -> Any:
    """Legal holds, the newest first."""
    rows = legal_holds.list_holds(database, only_open=only_open, rows_max=page.rows_max, rows_skipped=page.offset)
    return page.of(rows)


@router.get("/sops", summary="List procedures", response_model=list[said.SopOut])
def list_sops(database: Ledger, actor: Reader) -> Any:
    """Versions of procedures; read one and sign it by `POST /v1/signatures` (kind `sop`, meaning `responsibility`)."""
    return training.list_sops(database, person=actor.name)


@router.get("/training", summary="See who has to read what", response_model=list[said.MissingOut])
def list_training(database: Ledger, _: Reader, now: Now) -> Any:
    """Whose roles wait for a procedure to be read and signed, and until when they have time."""
    return training.missing_of_everybody(database, now)


@router.get("/training/requirements", summary="See which roles ask for which procedures",
            response_model=list[said.RequirementOut])  # fmt: skip
def list_requirements(database: Ledger, _: Reader) -> Any:
    """Roles and the procedures that they ask for. Changed by `POST /v1/changes`."""
    return training.list_requirements(database)


@router.post("/change-controls", summary="Open a change control record", status_code=201,
             response_model=said.ChangeControlOut)  # fmt: skip
def open_change_control(asked: said.ChangeControlIn, database: Ledger, actor: Governor, now: Now) -> Any:
    """Say what is to change, why, and what could go wrong."""
    return change_control.open_record(database, **asked.model_dump(), at=now, actor=actor.name)


@router.post("/change-controls/{record_id}/decide", summary="Decide on a change", response_model=said.ChangeControlOut)
def decide_change_control(record_id: Id, asked: said.DecideIn, database: Ledger, actor: Governor, now: Now) -> Any:
    """Approve what somebody else wants to change, or reject it."""
    return change_control.decide(database, record_id, asked.decision, reason=asked.reason, at=now, actor=actor.name)


@router.post("/change-controls/{record_id}/implement", summary="Say how a change was done",
             response_model=said.ChangeControlOut)  # fmt: skip
def implement_change_control(
    record_id: Id, asked: said.ImplementedIn, database: Ledger, actor: Governor, now: Now
) -> Any:
    """How it was done, and which events of the log belong to it."""
    return change_control.implement(
        database, record_id, text=asked.text, event_ids=asked.events, at=now, actor=actor.name
    )


@router.post("/change-controls/{record_id}/close", summary="Close a change control record",
             response_model=said.ChangeControlOut)  # fmt: skip
def close_change_control(record_id: Id, asked: said.ClosedIn, database: Ledger, actor: Governor, now: Now) -> Any:
    """Say whether it worked; not by who did it."""
    return change_control.close(database, record_id, text=asked.text, at=now, actor=actor.name)


@router.get("/change-controls", summary="List change control records", response_model=Listed[said.ChangeControlOut])
def list_change_controls(database: Ledger, _: Reader, page: Listing, only_open: bool = False) -> Any:
    """Records with their events and controlled changes, the newest first."""
    rows = change_control.list_records(database, only_open=only_open, rows_max=page.rows_max, rows_skipped=page.offset)
    return page.of(rows)


@router.get("/equipment", summary="List equipment", response_model=list[said.EquipmentOut])
def list_equipment(database: Ledger, _: Reader) -> Any:
    """Equipment, and until when each is calibrated."""
    return equipment.list_equipment(database)


@router.put("/equipment/{name}", summary="Keep a piece of equipment", response_model=said.EquipmentOut)
def keep_equipment(name: Name, asked: said.EquipmentIn, database: Ledger, actor: SensorPlacer) -> Any:
    """Add equipment, or change it to be like this."""
    return equipment.keep_equipment(database, name, **asked.model_dump(), actor=actor.name)


@router.post("/equipment/{name}/calibrations", summary="File a calibration certificate", status_code=201,
             response_model=said.CalibrationOut)  # fmt: skip
def add_calibration(name: Name, asked: said.CalibrationIn, database: Ledger, actor: SensorPlacer, now: Now) -> Any:
    """A certificate of a piece of equipment. One that did not pass opens a case."""
    return equipment.add_calibration(database, name, **asked.model_dump(), at=now, actor=actor.name)


@router.get("/calibrations", summary="List calibration certificates", response_model=list[said.CalibrationOut])
def list_calibrations(
    database: Ledger, _: Reader, name: Annotated[Name | None, Query(alias="equipment")] = None
) -> Any:
    """Certificates of a piece of equipment, or of all, the newest first."""
    return equipment.list_calibrations(database, name=name)


@router.get("/agreements", summary="List agreements with suppliers", response_model=list[said.AgreementOut])
def list_agreements(database: Ledger, _: Reader, now: Now) -> Any:
    """The latest agreement of each kind of each supplier. They are filed by `POST /v1/documents`."""
    return agreements.list_agreements(database, now)


@router.post("/access-reviews", summary="Begin a review of accesses", status_code=201,
             response_model=said.AccessReviewShownOut)  # fmt: skip
def open_access_review(asked: said.AccessReviewIn, database: Ledger, actor: AccessReviewer, now: Now) -> Any:
    """A line for each account, token and badge; each is confirmed or taken back by somebody else."""
    return access_reviews.open_review(database, **asked.model_dump(), at=now, actor=actor.name)


@router.get("/access-reviews", summary="List reviews of accesses", response_model=list[said.AccessReviewOut])
def list_access_reviews(database: Ledger, _: AccessReviewer) -> Any:
    """Reviews, the newest first."""
    return access_reviews.list_reviews(database)


@router.get("/access-reviews/{review_id}", summary="See a review of accesses",
            response_model=said.AccessReviewShownOut)  # fmt: skip
def see_access_review(review_id: Id, database: Ledger, _: AccessReviewer) -> Any:
    """A review with its lines."""
    return access_reviews.review_of(database, review_id)


@router.post("/access-reviews/lines/{line_id}", summary="Confirm an access, or take it back",
             response_model=said.AccessOut)  # fmt: skip
def decide_access(line_id: Id, asked: said.AccessDecisionIn, database: Ledger, actor: AccessReviewer, now: Now) -> Any:
    """What is taken back ends at once. Nobody decides on their own access."""
    return access_reviews.decide(database, line_id, asked.decision, reason=asked.reason, at=now, actor=actor.name)
