"""Theft and counterfeit: lost serials, what is set so that signals are seen, signals, and missing stock."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import AwareDatetime

from cloud_sync.actions.serials import theft
from cloud_sync.api.access import Administrator, ApiRoute, Auditor, Holder, Ledger, Listing, Now, Reader, Resolver
from cloud_sync.api.problems import answers
from cloud_sync.api.schemas.common import Id, Listed, Name, WhyIn
from cloud_sync.api.schemas.serial import (
    CompleteMakerIn,
    CompleteMakerOut,
    LostIn,
    LostOut,
    MissingOut,
    SignalOut,
    TravelIn,
    TravelOut,
)

router = APIRouter(tags=["theft"], route_class=ApiRoute, responses=answers(404, 409))


@router.post("/lost-serials", summary="Report a lost serial", status_code=201, response_model=LostOut)
def report_lost(said: LostIn, database: Ledger, actor: Holder, now: Now) -> Any:
    """Put a serial on the list that every dock refuses, also without a network. 409 if it stands there already."""
    return theft.report_lost(database, **said.model_dump(), at=now, actor=actor.name)


@router.get("/lost-serials", summary="List lost serials", response_model=Listed[LostOut])
def list_lost(database: Ledger, _: Reader, page: Listing, only_open: bool = True) -> Any:
    """Lost serials, the newest first."""
    return page.of(theft.list_lost(database, only_open=only_open, rows_max=page.rows_max, rows_skipped=page.offset))


@router.post("/lost-serials/{lost_id}/found", summary="Take a serial off the list", response_model=LostOut)
def note_found(lost_id: Id, why: WhyIn, database: Ledger, actor: Resolver, now: Now) -> Any:
    """A lost serial was found: docks take it again."""
    return theft.note_found(database, lost_id, why.reason, at=now, actor=actor.name)


@router.put(
    "/site-travel/{one_site}/{other_site}", summary="Set the least time between sites", response_model=TravelOut
)
def keep_travel(
    one_site: Name, other_site: Name, said: TravelIn, database: Ledger, actor: Administrator, now: Now
) -> Any:
    """A unit that is seen at both in less time is suspicious. Without a time nothing is judged."""
    return theft.keep_travel(database, one_site, other_site, said.minutes_min, at=now, actor=actor.name)


@router.get("/site-travel", summary="List the least times between sites", response_model=list[TravelOut])
def list_travels(database: Ledger, _: Reader) -> Any:
    """All that were set."""
    return theft.list_travels(database)


@router.put("/items/{name}/complete-maker", summary="Say whether a maker tells all", response_model=CompleteMakerOut)
def set_complete_maker(name: Name, said: CompleteMakerIn, database: Ledger, actor: Administrator, now: Now) -> Any:
    """Whether the maker of an item tells every unit: what it did not tell of is suspicious then."""
    return theft.set_complete_maker(database, name, said.is_complete, at=now, actor=actor.name)


@router.get("/theft-signals", summary="List signals of theft and counterfeit", response_model=Listed[SignalOut])
def list_signals(database: Ledger, _: Reader, page: Listing, only_open: bool = True) -> Any:
    """Units of which something cannot be right, each as a case with its evidence. They follow from the facts, in
    whatever order these arrive."""
    return page.of(theft.list_signals(database, only_open=only_open, rows_max=page.rows_max, rows_skipped=page.offset))


@router.get("/missing-stock", summary="See missing stock", response_model=MissingOut)
def missing_stock(
    database: Ledger, _: Auditor, since: AwareDatetime, until: AwareDatetime,
    place: Annotated[Name | None, Query(description="Only at and below this place.")] = None,
) -> Any:  # fmt: skip
    """What approved counts missed in that time, by place and by person on duty."""
    return theft.missing_stock(database, place=place, since=since, until=until)
