"""EPCIS 2.0: the REST binding (section 12). Events in by capture jobs, events out by queries, in JSON-LD or XML."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from urllib.parse import quote, urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Path, Request, Response
from pydantic import Field

from cloud_sync.actions.interop import epcis_capture, epcis_events, epcis_packages, epcis_queries
from cloud_sync.actions.stock.movements import Transfer
from cloud_sync.api.access import (
    Administrator,
    ApiRoute,
    EventCapturer,
    EventReader,
    Ledger,
    Now,
    Reader,
    Receiver,
)
from cloud_sync.api.epcis_documents import MEDIA, event_answer
from cloud_sync.api.epcis_questions import VERSIONS, Answer, PageToken, PerPage, answered, asked_in
from cloud_sync.api.problems import answers
from cloud_sync.api.schemas.common import Id, In, Name, Schema
from cloud_sync.api.schemas.stock import MovementOut
from cloud_sync.domain.roles import Actor
from cloud_sync.errors import Invalid
from cloud_sync.interop.epcis.query import PARAMETERS
from edge_agent.domain.wire.records import Action

router = APIRouter(prefix="/epcis", tags=["epcis"], route_class=ApiRoute, responses=answers(400, 413))
places = APIRouter(tags=["master data"], route_class=ApiRoute, responses=answers(404, 409))


class JobOut(Schema):
    """A capture job: how a document of events was taken. The names are the standard's."""

    captureID: UUID  # noqa: N815
    createdAt: datetime  # noqa: N815
    finishedAt: datetime  # noqa: N815
    running: bool = Field(description="Always false: a job is done when it has an id.")
    success: bool
    captureErrorBehaviour: Literal["rollback", "proceed"]  # noqa: N815
    errors: list[dict[str, Any]] = Field(description="The number of the event (0: the whole document) and its faults.")
    events: int = Field(description="How many the document has.")
    eventsKept: int = Field(description="How many of them are here now.")  # noqa: N815


Sscc = Annotated[str, Path(pattern=r"^[0-9]{18}$", examples=["106141412345678908"])]


class PackedOut(Schema):
    """Goods in a package. Null: nobody has told."""

    key: str = Field(description="What the partner calls them.")
    gtin: str
    item: str | None = Field(description="The item that they are here.")
    quantity: int | None = Field(description="Of what the GTIN names.")
    lot: str | None
    serial: str | None
    expires_on: date | None


class PackageOut(Schema):
    """What a partner says is in a package."""

    sscc: str
    goods: list[PackedOut]


class PackageReceiptIn(In):
    """A package that arrived."""

    client_id: UUID
    from_place: Name
    to_place: Name
    owner: Name = "house"
    order: Annotated[str, Field(max_length=100)] = ""


class UpstreamOut(Schema):
    """What a partner says happened to a lot, or to what it came from."""

    event_id: str
    at: datetime
    type: str
    biz_step: str
    disposition: str
    read_point: str
    told_by: str


class GlnIn(In):
    """The number by which partners know a place."""

    gln: Annotated[str, Field(pattern=r"^[0-9]{13}$", examples=["0614141000012"])]
    extension: Annotated[str, Field(pattern=r"^[!-~]{0,20}$")] = ""


async def _content(request: Request) -> bytes:
    return await request.body()


def _is_xml(request: Request) -> bool:
    said = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if said in ("", "application/json", "application/ld+json"):
        return False
    if said in ("application/xml", "text/xml"):
        return True
    raise Invalid(f"events do not come as {said}", "Send application/ld+json, application/json or application/xml.")


Content = Annotated[bytes, Depends(_content)]
IsXml = Annotated[bool, Depends(_is_xml)]
Behaviour = Annotated[
    Literal["rollback", "proceed"],
    Header(alias="GS1-Capture-Error-Behaviour", description="Nothing of a faulty document, or what is valid of it."),
]


@router.get("", summary="See what there is", response_model=dict[str, list[str]])
def list_resources(response: Response, _: EventReader) -> Any:
    """What this repository offers."""
    response.headers.update(VERSIONS)
    return {"resources": ["capture", "events", "queries"], "parameters": list(PARAMETERS)}


@router.post(
    "/capture", summary="Capture events", status_code=202, response_class=Response, openapi_extra={"requestBody": MEDIA}
)
def capture(
    content: Content,
    is_xml: IsXml,
    database: Ledger,
    actor: EventCapturer,
    now: Now,
    behaviour: Behaviour = "rollback",
) -> Response:
    """Take a document of events: EPCIS 2.0 JSON-LD, or XML 1.2 or 2.0. It is kept byte for byte, whatever it says.

    The job at `Location` says how it ended; it is done already. The same document sent again is the same job. What is
    not valid opens a case.
    """
    job = epcis_capture.capture(database, content, is_xml=is_xml, error_behaviour=behaviour, told_by=actor.name, at=now)
    headers = {**VERSIONS, "Location": f"/epcis/capture/{job['id']}", "GS1-Capture-Error-Behaviour": behaviour}
    return Response(status_code=202, headers=headers)


@router.get("/capture", summary="List capture jobs", response_model=list[JobOut])
def list_captures(
    response: Response, database: Ledger, actor: EventCapturer, per_page: PerPage = 100, token: PageToken = None
) -> Any:
    """Jobs, the newest first."""
    jobs = epcis_capture.list_captures(database, before=_job_of(token), told_by=_own(actor), rows_max=per_page + 1)
    response.headers.update(VERSIONS)
    if len(jobs) > per_page:
        last = jobs[per_page - 1]
        more = {"perPage": per_page, "nextPageToken": f"{last['created_at'].isoformat()}/{last['id']}"}
        response.headers["Link"] = f'</epcis/capture?{urlencode(more)}>; rel="next"'
    return [_job_out(job) for job in jobs[:per_page]]


def _job_of(token: str | None) -> tuple[datetime, UUID] | None:
    if token is None:
        return None
    at, _, capture_id = token.rpartition("/")
    try:
        found = datetime.fromisoformat(at), UUID(capture_id)
    except ValueError as error:
        raise Invalid("this nextPageToken is none of ours", "Take it from the Link header.") from error
    if found[0].tzinfo is None:
        raise Invalid("this nextPageToken is none of ours", "Take it from the Link header.")
    return found


@router.get("/capture/{capture_id}", summary="See a capture job", response_model=JobOut, responses=answers(404))
def show_capture(capture_id: UUID, response: Response, database: Ledger, actor: EventCapturer) -> Any:
    """How a document was taken: which of its events are here, and what is wrong with the others."""
    response.headers.update(VERSIONS)
    return _job_out(epcis_capture.show_capture(database, capture_id, told_by=_own(actor)))


def _own(actor: Actor) -> str | None:
    """Whose jobs somebody sees: a connection its own."""
    return actor.name if actor.connection else None


def _job_out(job: dict[str, Any]) -> dict[str, Any]:
    return {
        "captureID": job["id"],
        "createdAt": job["created_at"],
        "finishedAt": job["created_at"],
        "running": False,
        "success": not job["errors"],
        "captureErrorBehaviour": job["error_behaviour"],
        "errors": job["errors"],
        "events": job["events"],
        "eventsKept": job["events_kept"],
    }


@router.post(
    "/events",
    summary="Capture one event",
    status_code=201,
    response_class=Response,
    openapi_extra={"requestBody": MEDIA},
)
def capture_event(content: Content, is_xml: IsXml, database: Ledger, actor: EventCapturer, now: Now) -> Response:
    """Take one event. Its address is at `Location`; the same event again is the same address."""
    reading = epcis_capture.read(content, is_xml=is_xml, told_by=actor.name)
    if reading.errors or len(reading.told) != 1:
        fault = reading.errors[0]["faults"][0] if reading.errors else f"this is {len(reading.told)} events, not one"
        raise Invalid(f"the event is not taken: {fault}", "Correct it; documents go to POST /epcis/capture.")
    epcis_capture.capture(database, content, is_xml=is_xml, error_behaviour="rollback", told_by=actor.name, at=now)
    return Response(status_code=201, headers={**VERSIONS, "Location": _address(reading.told[0].event_id)})


def _address(event_id: str) -> str:
    return f"/epcis/events/{quote(event_id, safe='')}"


@router.get("/events", summary="Ask for events", response_class=Response, responses={200: MEDIA})
def list_epcis_events(
    request: Request,
    database: Ledger,
    _: EventReader,
    wanted: Answer,
    per_page: PerPage = 30,
    token: PageToken = None,
) -> Response:
    """Events that answer the parameters of EPCIS 2.0 (`EQ_bizStep=shipping|receiving`, `MATCH_anyEPC`, `GE_eventTime`,
    ...), the oldest first; what partners sent, and the ledger's own facts. `GET /epcis` lists the parameters.

    `orderBy=eventTime|recordTime` with `orderDirection=ASC|DESC` (DESC if left out), `eventCountLimit` (the first so
    many) or `maxEventCount` (413 if more answer). A page may hold fewer than `perPage`; as long as there is a `Link`
    with `rel="next"` there is more behind it.
    """
    return answered(request, database, wanted, asked_in(request), per_page, token, name="SimpleEventQuery")


@router.get(
    "/events/{event_id:path}", summary="See an event", response_class=Response, responses=answers(404) | {200: MEDIA}
)
def show_event(
    event_id: Annotated[str, Path(max_length=1000)], database: Ledger, _: EventReader, wanted: Answer
) -> Response:
    """One event by its id. The header `Lotwarden-Event-Hash` is its CBV 2.0 event hash."""
    return event_answer(epcis_events.show_event(database, event_id), wanted, VERSIONS)


@places.put("/places/{name}/gln", summary="Say a place's GLN", status_code=204)
def set_gln(name: Name, said: GlnIn, database: Ledger, actor: Administrator) -> None:
    """Let partners know a place by its Global Location Number; events of it carry that from now on."""
    epcis_queries.set_gln(database, name, said.gln, said.extension, actor=actor.name)


@places.get("/packages/{sscc}", summary="See what is in a package", response_model=PackageOut)
def show_package(sscc: Sscc, database: Ledger, _: Reader) -> Any:
    """The goods in a pallet or carton, as its sender's aggregation events say, down to units and lots."""
    return epcis_packages.show_package(database, sscc)


@places.post(
    "/packages/{sscc}/receive",
    summary="Receive a package",
    status_code=201,
    response_model=list[MovementOut],
    responses=answers(409),
)
def receive_package(sscc: Sscc, said: PackageReceiptIn, database: Ledger, actor: Receiver, now: Now) -> Any:
    """Book the receipt of all that is in it, all or nothing. The same `client_id` again changes nothing."""
    transfer = Transfer(Action.RECEIVE, said.from_place, said.to_place, now, said.order)
    return epcis_packages.receive_package(
        database, sscc, transfer, owner=said.owner, client_id=said.client_id, at=now, actor=actor.name
    )


@places.get("/lots/{lot_id}/upstream", summary="See where a lot was before", response_model=list[UpstreamOut])
def list_upstream(lot_id: Id, database: Ledger, _: Reader) -> Any:
    """What partners' events say of a lot, of the packages that it came in, and of what it was made of."""
    return epcis_packages.upstream(database, lot_id)
