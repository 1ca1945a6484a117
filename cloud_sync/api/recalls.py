"""Recalls: freeze, find, tell, account for, close."""

from typing import Any

from fastapi import APIRouter

from cloud_sync.actions.quality import recalls
from cloud_sync.api.access import ApiRoute, Ledger, Listing, Reader, Recaller
from cloud_sync.api.problems import answers
from cloud_sync.api.schemas.common import Id, Listed, WhyIn
from cloud_sync.api.schemas.recall import ImpactOut, NoticeOut, RecallCloseIn, RecallIn, RecallOut, RecallShownOut

router = APIRouter(tags=["recalls"], route_class=ApiRoute, responses=answers(404, 409))


@router.post("/recalls", summary="Open a recall", status_code=201, response_model=RecallOut)
def open_recall(recall: RecallIn, database: Ledger, actor: Recaller) -> Any:
    """Freeze all stock of lots, items or suppliers, whenever it arrives, and what is made of it. Its clock runs."""
    numbered = [(lot.item, lot.lot_number) for lot in recall.lot_numbers]
    named = recall.model_dump(exclude={"lot_numbers"})
    return recalls.open_recall(database, **named, lot_numbers=numbered, actor=actor.name)


@router.get("/recalls", summary="List recalls", response_model=Listed[RecallOut])
def list_recalls(database: Ledger, _: Reader, page: Listing, only_open: bool = False) -> Any:
    """Recalls, the newest first."""
    return page.of(
        recalls.list_recalls(database, only_open=only_open, rows_max=page.rows_max, rows_skipped=page.offset)
    )


@router.get("/recalls/{recall_id}", summary="See a recall", response_model=RecallShownOut)
def show_recall(recall_id: Id, database: Ledger, _: Reader) -> Any:
    """A recall with its reconciliation lot by lot and its notices."""
    return recalls.show_recall(database, recall_id)


@router.get("/recalls/{recall_id}/impact", summary="See where recalled stock is", response_model=Listed[ImpactOut])
def list_impact(recall_id: Id, database: Ledger, _: Reader, page: Listing) -> Any:
    """Where everything in its reach is now, products made of it included."""
    return page.of(recalls.list_impact(database, recall_id, rows_max=page.rows_max, rows_skipped=page.offset))


@router.post("/recalls/{recall_id}/notices/{notice_id}/sent", summary="Note a notice as sent", response_model=NoticeOut)
def send_notice(recall_id: Id, notice_id: Id, how: WhyIn, database: Ledger, actor: Recaller) -> Any:
    """Note that a recipient was told, and how."""
    return recalls.send_notice(database, recall_id, notice_id, how.reason, actor=actor.name)


@router.post(
    "/recalls/{recall_id}/notices/{notice_id}/acknowledged", summary="Note an answer", response_model=NoticeOut
)
def acknowledge_notice(recall_id: Id, notice_id: Id, said: WhyIn, database: Ledger, actor: Recaller) -> Any:
    """Note what a recipient answered."""
    return recalls.acknowledge_notice(database, recall_id, notice_id, said.reason, actor=actor.name)


@router.post("/recalls/{recall_id}/close", summary="Close a recall", response_model=RecallOut)
def close_recall(recall_id: Id, how: RecallCloseIn, database: Ledger, actor: Recaller) -> Any:
    """End a recall that somebody else opened, once every unit is accounted for."""
    return recalls.close_recall(database, recall_id, outcome=how.outcome, reason=how.reason, actor=actor.name)
