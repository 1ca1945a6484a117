"""Papers of the records on other pages, as PDF; and a page to choose those of a month."""

from io import BytesIO
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import RedirectResponse

from cloud_sync.actions.overview.rooms import LotsIn, rooms_now
from cloud_sync.actions.papers.papers import KINDS, PaperName
from cloud_sync.actions.papers.sites import HOUSE, list_site_formats
from cloud_sync.api.access import Ledger, Now
from cloud_sync.api.papers import paper_response
from cloud_sync.console.page_route import Auditor, PageRoute, Visitor
from cloud_sync.console.rendering import render
from cloud_sync.errors import NotFound
from cloud_sync.seal.evidence_file import write_evidence

router = APIRouter(route_class=PageRoute)
OF_MONTHS = (PaperName.ROOM, PaperName.MONTH, PaperName.CALIBRATION, PaperName.AUDIT)


@router.get("/papers")
def papers_page(request: Request, database: Ledger, actor: Visitor, now: Now) -> Any:
    """Papers that are of no single record."""
    kinds = [name for name in OF_MONTHS if actor.may(KINDS[name].permission)]
    rooms = [(room.name, room.title or room.name) for room in rooms_now(database, now, LotsIn())]
    places = [(row["site"], row["title"] or row["site"]) for row in list_site_formats(database)]
    return render(
        request,
        "papers.html",
        kinds={name: KINDS[name].title for name in kinds},
        rooms=rooms,
        sites=places,
        house=HOUSE,
        month=f"{now:%Y-%m}",
    )


@router.get("/papers/of-month")
def chosen_paper(
    _: Visitor,
    kind: PaperName,
    of: Annotated[str, Query(max_length=200)] = "",
    month: Annotated[str, Query(max_length=20)] = "",
) -> Any:
    """Lead to the paper that was chosen in the form."""
    if kind not in OF_MONTHS:
        raise NotFound(f"{kind} is no paper of a month", "Print it from the page of its record.")
    ids = {PaperName.CALIBRATION: of, PaperName.AUDIT: f"{of}@{month}"}
    return RedirectResponse(f"/papers/{kind}/{ids.get(kind, f'{of}:{month}')}", 303)


@router.get("/evidence/{kind}/{case_id}")
def evidence_page(
    kind: Literal["excursion", "lot", "case"], case_id: Annotated[int, Path(ge=1, le=2**63 - 1)], database: Ledger,
    _: Auditor, now: Now,
) -> Response:  # fmt: skip
    """The evidence of a case as a file that anybody can check without this ledger."""
    written = BytesIO()
    write_evidence(database, f"{kind}:{case_id}", written, now=now)
    name = f'attachment; filename="evidence-{kind}-{case_id}.zip"'
    return Response(written.getvalue(), media_type="application/zip", headers={"Content-Disposition": name})


@router.get("/papers/{kind}/{paper_id:path}")
def print_page(
    kind: PaperName,
    paper_id: Annotated[str, Path(max_length=300)],
    request: Request,
    database: Ledger,
    actor: Visitor,
    now: Now,
) -> Response:
    """The paper itself."""
    return paper_response(request, database, kind, paper_id, now, actor)
