"""Planning: suggestions with their reasons, transfers, shortages and key performance indicators. People decide on all
of it."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query

from cloud_sync.actions.planning import anomalies, kpis, levels, rescue, runs, shortages, sourcing, tower
from cloud_sync.api.access import (
    Administrator,
    ApiRoute,
    Approver,
    Ledger,
    Listing,
    Now,
    Reader,
    Receiver,
    Requester,
    Resolver,
)
from cloud_sync.api.problems import answers
from cloud_sync.api.schemas import planning as said
from cloud_sync.api.schemas.common import Id, Listed, Name, WhyIn
from cloud_sync.domain.list_request import ListRequest

router = APIRouter(tags=["planning"], route_class=ApiRoute, responses=answers(404, 409))

Month = Annotated[str, Path(pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])$", description="Year and month.", examples=["2026-11"])]
MonthAsked = Annotated[str, Query(pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])$", description="Year and month.")]


@router.post("/planning/runs", summary="Plan", status_code=201, response_model=said.RunOut)
def make_run(database: Ledger, actor: Requester, now: Now, asked: said.RunIn | None = None) -> Any:
    """Plan every item and place as of now: reorder points, par levels, order quantities. It orders nothing."""
    return runs.make_run(database, worth=asked.worth if asked else None, at=now, actor=actor.name)


@router.get("/planning/runs", summary="List plans", response_model=Listed[said.RunOut])
def list_runs(database: Ledger, _: Reader, page: Listing) -> Any:
    """Plans, the newest first."""
    return page.of(runs.list_runs(database, rows_max=page.rows_max, rows_skipped=page.offset))


@router.get("/planning/runs/{run_id}", summary="See a plan", response_model=said.RunOut)
def see_run(run_id: Id, database: Ledger, _: Reader) -> Any:
    """When a plan was made, of what, and its hashes."""
    return runs.run(database, run_id)


@router.get("/planning/runs/{run_id}/lines", summary="See what is suggested", response_model=list[said.SuggestionOut])
def list_suggestions(run_id: Id, database: Ledger, _: Reader, only_to_order: bool = False) -> Any:
    """Suggestions by item and place, those with something to order first."""
    return runs.suggestions(database, run_id, only_to_order=only_to_order)


@router.get(
    "/planning/runs/{run_id}/lines/{item}/{place}",
    summary="See why it is suggested",
    response_model=said.SuggestionDetailOut,
)
def see_suggestion(run_id: Id, item: Name, place: Name, database: Ledger, _: Reader) -> Any:
    """One suggestion with every step of the sum, and the weeks of demand it was made of."""
    return runs.suggestion(database, run_id, item, place)


@router.get("/planning/runs/{run_id}/check", summary="Make a plan again", response_model=said.CheckedOut)
def check_run(run_id: Id, database: Ledger, _: Reader) -> Any:
    """Whether the stored inputs make the same results, and the movement log up to its mark the same demand."""
    return said.CheckedOut.model_validate(runs.check_run(database, run_id), from_attributes=True)


@router.get(
    "/planning/runs/{run_id}/sources", summary="See where it could come from", response_model=list[said.ToOrderOut]
)
def list_sources(run_id: Id, database: Ledger, _: Reader, now: Now) -> Any:
    """What to order, with open orders, what other sites have too much of, qualified suppliers and substitutes, in
    this order."""
    found = sourcing.low_stock(database, run_id, at=now)
    return [said.ToOrderOut.model_validate(each, from_attributes=True) for each in found]


@router.post(
    "/planning/runs/{run_id}/requisitions",
    summary="Request what is suggested",
    status_code=201,
    response_model=said.RequestedOut,
)
def request_from_run(run_id: Id, asked: said.RequestIn, database: Ledger, actor: Requester, now: Now) -> Any:
    """Put forward what is suggested: purchase requisitions and transfers, each for somebody else to approve."""
    wanted = None if asked.lines is None else [(line.item, line.place) for line in asked.lines]
    return sourcing.request_from_run(database, run_id, wanted, client_id=asked.client_id, at=now, actor=actor.name)


@router.post("/planning/runs/{run_id}/levels", summary="Take suggested levels over", response_model=said.SuggestionOut)
def adopt_levels(run_id: Id, asked: said.AdoptIn, database: Ledger, actor: Administrator, now: Now) -> Any:
    """Make the suggested reorder point and par level of an item and place the ones in force."""
    return levels.adopt(database, run_id, asked.item, asked.place, reason=asked.reason, at=now, actor=actor.name)


@router.get(
    "/planning/runs/{run_id}/rescues", summary="See what would expire unused", response_model=list[said.RescueOut]
)
def list_rescues(run_id: Id, database: Ledger, _: Reader, now: Now) -> Any:
    """Lots that would expire unused where they are and are needed elsewhere: the transfers that save the most."""
    found = rescue.rescues(database, run_id, at=now)
    return [said.RescueOut.model_validate(each, from_attributes=True) for each in found]


@router.post(
    "/planning/runs/{run_id}/rescues", summary="Put these transfers forward", status_code=201, response_model=list[int]
)
def put_rescues_forward(run_id: Id, database: Ledger, actor: Requester, now: Now) -> Any:
    """Put these transfers forward for somebody else to approve; gives their numbers."""
    return rescue.put_forward(database, run_id, at=now, actor=actor.name)


@router.get("/planning/transfers", summary="List transfers put forward", response_model=Listed[said.AdviceOut])
def list_advice(database: Ledger, _: Reader, page: Listing, only_open: bool = False) -> Any:
    """Transfers that were put forward, the newest first."""
    return page.of(
        sourcing.list_advice(database, only_open=only_open, rows_max=page.rows_max, rows_skipped=page.offset)
    )


@router.post("/planning/transfers/{advice_id}/approve", summary="Approve a transfer", response_model=said.AdviceOut)
def approve_advice(advice_id: Id, asked: said.DecideAdviceIn, database: Ledger, actor: Approver, now: Now) -> Any:
    """Agree to a transfer that a colleague put forward; the order is made."""
    return sourcing.decide_advice(
        database, advice_id, approve=True, reason=asked.reason, client_id=asked.client_id, at=now, actor=actor.name
    )


@router.post("/planning/transfers/{advice_id}/reject", summary="Reject a transfer", response_model=said.AdviceOut)
def reject_advice(advice_id: Id, asked: said.DecideAdviceIn, database: Ledger, actor: Approver, now: Now) -> Any:
    """Leave the goods where they are."""
    return sourcing.decide_advice(
        database, advice_id, approve=False, reason=asked.reason, client_id=asked.client_id, at=now, actor=actor.name
    )


@router.post("/shortages", summary="Open a shortage", status_code=201, response_model=said.ShortageOut)
def open_shortage(asked: said.ShortageIn, database: Ledger, actor: Requester, now: Now) -> Any:
    """Say that there is not enough of an item at a site; gives a proposal of who gets what, and why."""
    return shortages.open_shortage(database, **asked.model_dump(), at=now, actor=actor.name)


@router.get("/shortages", summary="List shortages", response_model=Listed[said.ShortageHeadOut])
def list_shortages(database: Ledger, _: Reader, page: Listing, only_open: bool = False) -> Any:
    """Shortages, the newest first."""
    return page.of(
        shortages.list_shortages(database, only_open=only_open, rows_max=page.rows_max, rows_skipped=page.offset)
    )


@router.get("/shortages/{shortage_id}", summary="See a shortage", response_model=said.ShortageOut)
def see_shortage(shortage_id: Id, database: Ledger, _: Reader) -> Any:
    """Who gets what of what there is and why, and what may be given instead."""
    return shortages.shortage(database, shortage_id)


@router.post("/shortages/{shortage_id}/override", summary="Override a share", response_model=said.ShortageOut)
def override_share(shortage_id: Id, asked: said.OverrideIn, database: Ledger, actor: Approver, now: Now) -> Any:
    """Give a recipient another share than was proposed, with the reason."""
    return shortages.override_share(
        database, shortage_id, asked.place, asked.share, reason=asked.reason, at=now, actor=actor.name
    )


@router.post("/shortages/{shortage_id}/approve", summary="Approve the shares", response_model=said.ShortageOut)
def approve_shortage(shortage_id: Id, why: WhyIn, database: Ledger, actor: Approver, now: Now) -> Any:
    """Agree to who gets what; requisitions are held to it. Somebody else than who opened it where it hits urgent
    care."""
    return shortages.decide_shortage(database, shortage_id, approve=True, reason=why.reason, at=now, actor=actor.name)


@router.post("/shortages/{shortage_id}/reject", summary="Reject the shares", response_model=said.ShortageOut)
def reject_shortage(shortage_id: Id, why: WhyIn, database: Ledger, actor: Approver, now: Now) -> Any:
    """Leave orders free."""
    return shortages.decide_shortage(database, shortage_id, approve=False, reason=why.reason, at=now, actor=actor.name)


@router.post("/shortages/{shortage_id}/end", summary="End a shortage", response_model=said.ShortageOut)
def end_shortage(shortage_id: Id, why: WhyIn, database: Ledger, actor: Approver, now: Now) -> Any:
    """Say that there is enough again."""
    return shortages.end_shortage(database, shortage_id, reason=why.reason, at=now, actor=actor.name)


@router.get(
    "/kpis", summary="See which key performance indicators there are", response_model=list[said.KpiDefinitionOut]
)
def list_kpis(_: Reader) -> Any:
    """Every figure with its formula."""
    return tower.definitions()


@router.get("/kpis/{site}/{month}", summary="See the figures of a month", response_model=said.KpisOut)
def see_kpis(site: Name, month: Month, database: Ledger, _: Reader, now: Now) -> Any:
    """The figures of a site, or of the `house`, in a month, with the parts they are made of."""
    return tower.kpis_of(database, site, month, at=now)


@router.get("/kpi-exceptions", summary="See what is worse than good", response_model=list[said.ExceptionOut])
def list_exceptions(database: Ledger, _: Reader, now: Now, month: MonthAsked) -> Any:
    """Figures of all sites that are worse than good in a month, the worst first."""
    _parts, found = tower.tower(database, month, at=now)
    return [
        {"site": each.site, "name": each.kpi.name, "title": each.kpi.title, "value": each.value, "score": each.score}
        for each in found
    ]


@router.get("/inventory-value", summary="See what stock is worth", response_model=Listed[said.LotValueOut])
def list_lot_values(database: Ledger, _: Reader, now: Now, page: Listing, site: Name | None = None) -> Any:
    """What each lot in the house, or at a site, is worth at actual cost, the most valuable first."""
    return page.of(kpis.lot_values(database, site, ListRequest(page.rows_max, page.offset), at=now))


@router.post(
    "/lots/{lot_id}/costs", summary="Say what a receipt cost", status_code=201, response_model=list[said.ReceiptCostOut]
)
def say_receipt_cost(lot_id: Id, asked: said.ReceiptCostIn, database: Ledger, actor: Receiver, now: Now) -> Any:
    """What a base unit of a lot's receipt cost; a later statement replaces it, and what was said before is kept."""
    return kpis.say_receipt_cost(
        database,
        lot_id,
        order=asked.order,
        unit_cost=asked.unit_cost,
        currency=asked.currency,
        reason=asked.reason,
        at=now,
        actor=actor.name,
    )


@router.post("/anomalies", summary="Look for what is unusual", response_model=said.CasesOut)
def look_for_anomalies(database: Ledger, _: Resolver, now: Now) -> Any:
    """Look through use of controlled items, counts and sensors; findings are cases with their evidence."""
    return {"cases": anomalies.look_for_anomalies(database, at=now)}
