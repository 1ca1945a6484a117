"""Corrections of what was written down wrongly: proposed with their effect, then confirmed or rejected."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from cloud_sync.actions.corrections import corrections
from cloud_sync.api.access import ApiRoute, Corrector, Ledger, Listing, Now, Reader
from cloud_sync.api.problems import answers
from cloud_sync.api.schemas.common import Code, Id, Listed, WhyIn
from cloud_sync.api.schemas.correction import ConfirmIn, CorrectionIn, CorrectionOut

router = APIRouter(tags=["corrections"], route_class=ApiRoute, responses=answers(404, 409))


@router.post("/corrections", summary="Propose a correction", status_code=201, response_model=CorrectionOut)
def propose_correction(asked: CorrectionIn, database: Ledger, actor: Corrector, now: Now) -> Any:
    """Write down what is right and why, and see what follows from it. Nothing changes until it is confirmed.

    Lots are corrected by quality, codes and places by quality or an administrator.
    """
    request = asked.model_dump(mode="json", exclude={"kind", "reason"})
    return corrections.propose(database, asked.kind, request, reason=asked.reason, at=now, actor=actor)


@router.post("/corrections/{correction_id}/confirm", summary="Confirm a correction", response_model=CorrectionOut)
def confirm_correction(correction_id: Id, seen: ConfirmIn, database: Ledger, actor: Corrector, now: Now) -> Any:
    """Do it, if it has the effect that was read. Where stock is concerned, another person than proposed it."""
    return corrections.confirm(
        database, correction_id, effect_seen=seen.effect_digest, reason=seen.reason, at=now, actor=actor
    )


@router.post("/corrections/{correction_id}/reject", summary="Reject a correction", response_model=CorrectionOut)
def reject_correction(correction_id: Id, why: WhyIn, database: Ledger, actor: Corrector) -> Any:
    """Leave things as they are."""
    return corrections.reject(database, correction_id, reason=why.reason, actor=actor)


@router.get("/corrections", summary="List corrections", response_model=Listed[CorrectionOut])
def list_corrections(
    database: Ledger,
    _: Reader,
    page: Listing,
    subject: Annotated[Code | None, Query(examples=["lot:12", "code:00312345678906", "place:main"])] = None,
    only_open: bool = False,
) -> Any:
    """Corrections with what was known before, the newest first."""
    return page.of(
        corrections.list_corrections(
            database, subject=subject, only_open=only_open, rows_max=page.rows_max, rows_skipped=page.offset
        )
    )
