"""Papers: records as PDF/A, and how the papers of each site are written."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from pydantic import Field

from cloud_sync.actions.papers import papers, schedules, sites
from cloud_sync.actions.papers.papers import KINDS, PaperName
from cloud_sync.api.access import Administrator, AlertKeeper, ApiRoute, Auditor, Ledger, Now, Reader
from cloud_sync.api.problems import answers
from cloud_sync.api.schemas.common import In, Name, Schema
from cloud_sync.domain.roles import Actor
from cloud_sync.domain.site_formats import Language, PageSize, TemperatureUnit
from cloud_sync.errors import NotAllowed
from cloud_sync.storage.database import Database

router = APIRouter(tags=["papers"], route_class=ApiRoute, responses=answers(404, 409))

PaperId = Annotated[
    str,
    Path(
        pattern=r"^[\x21-\x7e]{1,300}$",
        description="What the paper is about; `GET /v1/papers` says for each kind what to give.",
        examples=["12", "fridge-a:2026-11"],
    ),
]
PDF: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The paper.",
        "content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}},
    }
}


class PaperKindOut(Schema):
    """A kind of paper. ``id_is`` says what its id is."""

    kind: PaperName
    title: str
    id_is: str


class SiteFormatIn(In):
    """How the papers of a site are written. Their words are English."""

    language: Annotated[Language, Field(description="Whose way of writing dates and decimals.")]
    temperature: TemperatureUnit = TemperatureUnit.CELSIUS
    page: PageSize = PageSize.A4


class SiteFormatOut(Schema):
    """How the papers of a site are written."""

    site: str
    title: str
    zone: str
    language: Language
    temperature: TemperatureUnit
    page: PageSize


@router.get("/papers", summary="List kinds of papers", response_model=list[PaperKindOut])
def list_papers(_: Reader) -> Any:
    """Every kind of paper, and what its id is."""
    return [{"kind": name, "title": kind.title, "id_is": kind.id_help} for name, kind in KINDS.items()]


@router.get(
    "/papers/audit-extract/{paper_id:path}", summary="Print an audit extract", response_class=Response, responses=PDF
)
def print_audit_extract(paper_id: PaperId, request: Request, database: Ledger, now: Now, actor: Auditor) -> Response:
    """Events of a subject (`lot:12`), of a month (`@2026-11`), or both (`lot:12@2026-11`), as PDF/A."""
    return paper_response(request, database, PaperName.AUDIT, paper_id, now, actor)


@router.get("/papers/{kind}/{paper_id:path}", summary="Print a record", response_class=Response, responses=PDF)
def print_paper(
    kind: PaperName, paper_id: PaperId, request: Request, database: Ledger, now: Now, actor: Reader
) -> Response:
    """A record as PDF/A-3, with its data attached and their hash on each page.

    `cloud-sync verify-paper FILE` says later whether it still is what the ledger knows.
    """
    return paper_response(request, database, kind, paper_id, now, actor)


@router.get("/site-formats", summary="List how sites write papers", response_model=list[SiteFormatOut])
def list_site_formats(database: Ledger, _: Reader) -> Any:
    """Language of dates and decimals, unit of temperatures and size of the page, by site."""
    return sites.list_site_formats(database)


@router.put("/site-formats/{site}", summary="Set how a site writes papers", response_model=SiteFormatOut)
def set_site_format(site: Name, said: SiteFormatIn, database: Ledger, actor: Administrator) -> Any:
    """From now on; papers that were made before stay as they are."""
    return sites.set_site_format(database, site, **dict(said), actor=actor.name)


class ScheduleIn(In):
    """A paper to be mailed at six in the morning of each day, Monday, or first of the month, where the goods are."""

    kind: PaperName
    id: Annotated[
        str,
        Field(
            pattern=r"^[\x21-\x7e]{1,300}$",
            description="What it is about; {last-month} and {this-month} stand for months.",
            examples=["house:{last-month}"],
        ),
    ]
    target: Annotated[Name, Field(description="A target of alerts with a mail address.")]
    every: schedules.Every


class ScheduleOut(Schema):
    """A schedule. ``last_error`` says why its paper could not be made; it is tried again each hour."""

    name: str
    kind: PaperName
    id: Annotated[str, Field(validation_alias="subject")]
    target: str
    every: schedules.Every
    next_at: datetime
    last_error: str


@router.get("/paper-schedules", summary="List scheduled papers", response_model=list[ScheduleOut])
def list_schedules(database: Ledger, _: Reader) -> Any:
    """Which papers go to whom by mail, and when next."""
    return schedules.list_schedules(database)


@router.put("/paper-schedules/{name}", summary="Schedule a paper", response_model=ScheduleOut)
def put_schedule(name: Name, said: ScheduleIn, database: Ledger, now: Now, actor: AlertKeeper) -> Any:
    """Have a paper mailed regularly. It is made once now, to see that it can be made, and not sent."""
    may_print(actor, said.kind)
    new = schedules.NewSchedule(name, said.kind, said.id, said.target, said.every)
    return schedules.put_schedule(database, new, at=now, actor=actor.name)


@router.delete("/paper-schedules/{name}", summary="End a scheduled paper", status_code=204)
def end_schedule(name: Name, database: Ledger, actor: AlertKeeper) -> None:
    """It is made no more."""
    schedules.end_schedule(database, name, actor=actor.name)


def may_print(actor: Actor, kind: PaperName) -> None:
    """Raise ``NotAllowed`` if somebody may not read what a paper shows."""
    permission = KINDS[kind].permission
    if not actor.may(permission):
        raise NotAllowed(
            f"{actor.name} has the role {actor.role}, which may not {permission}", "Ask somebody who may to print it."
        )


def paper_response(
    request: Request, database: Database, kind: PaperName, paper_id: str, now: datetime, actor: Actor
) -> Response:
    """A paper, to be shown in the browser and saved under a name of its own. Raises ``NotAllowed``."""
    may_print(actor, kind)
    url = str(request.base_url)
    paper = papers.make_paper(database, kind, paper_id, at=now, actor=actor.name, public_url=url)
    headers = {"content-disposition": f'inline; filename="{paper.file_name}"', "cache-control": "no-store"}
    return Response(paper.pdf, media_type="application/pdf", headers=headers)
