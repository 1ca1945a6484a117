"""FHIR R4 and R5: searches, reads and what others send, at ``/fhir/R4`` and ``/fhir/R5``. Errors are
OperationOutcomes."""

import json
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request, Response
from fastapi.concurrency import run_in_threadpool

from cloud_sync.actions.interop import fhir
from cloud_sync.api.access import ApiRoute, Ledger, Now, StockViewer, WhoMay
from cloud_sync.api.fhir_answers import FhirRefused, answer, answers_of
from cloud_sync.domain.roles import Actor, Permission
from cloud_sync.interop.hospital.fhir_in import BYTES_MAX, ResourceFault, read_resource
from cloud_sync.interop.hospital.fhir_rules import Release
from cloud_sync.interop.hospital.fhir_search import SearchFault, bundle, capability, offered_in, outcome, parse_search
from cloud_sync.storage.database import again_if_overtaken

router = APIRouter(tags=["fhir"], route_class=ApiRoute, responses=answers_of(400, 404, 406))

Type = Annotated[
    str,
    Path(
        alias="type",
        pattern=r"^[A-Za-z]{1,60}$",
        description="Of the CapabilityStatement.",
        examples=["SupplyDelivery"],
    ),
]
ResourceId = Annotated[str, Path(alias="id", pattern=r"^[A-Za-z0-9.-]{1,64}$")]
Dispenser = Annotated[Actor, Depends(WhoMay(Permission.ISSUE, checks_site=False))]
RequesterAnywhere = Annotated[Actor, Depends(WhoMay(Permission.ORDER, checks_site=False))]
BODY: dict[str, Any] = {
    "requestBody": {"required": True, "content": {"application/fhir+json": {"schema": {"type": "object"}}}}
}


@router.get("/{release}/metadata", summary="See what this server offers")
async def capabilities(release: Release, request: Request, now: Now) -> Response:
    """The CapabilityStatement of this release: resource types, searches, and what may be created."""
    return answer(capability(release, base=_base(request, release), version=request.app.version, at=now))


@router.get("/{release}/{type}", summary="Search resources")
def search_resources(
    release: Release, type_: Type, request: Request, database: Ledger, _: StockViewer, now: Now
) -> Response:
    """A page of resources as a Bundle; its link `next` leads on. `_count` is 1 to 1000, 100 if it is not said."""
    _check_format(request)
    is_lenient = "handling=lenient" in request.headers.get("prefer", "").replace(" ", "")
    try:
        wanted = parse_search(type_, release, request.query_params.multi_items(), is_lenient=is_lenient)
    except SearchFault as fault:
        raise FhirRefused(
            404 if fault.code == "not-supported" and "there is no" in str(fault) else 400, str(fault), fault.code
        ) from fault
    page = fhir.search(database, wanted, release, at=now)
    return answer(bundle(wanted, page.resources, base=_base(request, release), next_after=page.next_after))


@router.get("/{release}/{type}/{id}", summary="Read a resource")
def read_one(
    release: Release, type_: Type, id_: ResourceId, request: Request, database: Ledger, _: StockViewer, now: Now
) -> Response:
    """One resource."""
    _check_format(request)
    try:
        offered_in(type_, release)
    except SearchFault as fault:
        raise FhirRefused(404, str(fault), fault.code) from fault
    return answer(fhir.read(database, type_, id_, release, at=now))


@router.post(
    "/{release}/MedicationDispense", summary="Tell of a dispense", status_code=201, openapi_extra=BODY,
    responses=answers_of(200, 202, 409, 413),
)  # fmt: skip
async def create_dispense(release: Release, request: Request, database: Ledger, actor: Dispenser, now: Now) -> Response:
    """Stock was handed out: lot, quantity in base units, from `location` to `destination`. It is booked (201, again
    200).

    What contradicts the ledger (an unknown item, a held lot) is booked as far as it can be, and is an exception (202
    where nothing could be booked yet). `identifier` makes sending it twice harmless.
    """
    return await _created(release, "MedicationDispense", request, database, actor, now)


@router.post(
    "/{release}/SupplyRequest", summary="Ask for stock", status_code=201, openapi_extra=BODY,
    responses=answers_of(200, 202, 409, 413),
)  # fmt: skip
async def create_request(
    release: Release, request: Request, database: Ledger, actor: RequesterAnywhere, now: Now
) -> Response:
    """A requisition from `deliverFrom` to `deliverTo`, with the number of its `identifier`."""
    return await _created(release, "SupplyRequest", request, database, actor, now)


async def _created(release: Release, type_: str, request: Request, database: Any, actor: Actor, now: Any) -> Response:
    _check_format(request)
    content = await request.body()
    if len(content) > BYTES_MAX:
        raise FhirRefused(413, f"the resource has more than {BYTES_MAX} bytes", "too-long")
    try:
        resource = json.loads(content, parse_constant=_no_constant)
        incoming = read_resource(resource, release, type_)
    except ResourceFault as fault:
        more = [(each.text, each.code, each.path) for each in fault.faults]
        raise FhirRefused(422, "", "invalid", more=more) from fault
    except (ValueError, RecursionError) as error:
        raise FhirRefused(400, f"the body is no JSON: {str(error)[:200]}", "structure") from error
    created = await run_in_threadpool(
        again_if_overtaken(fhir.create), database, type_, incoming, content, release, at=now, actor=actor
    )
    told = outcome(
        "", "informational", severity="warning", more=[(each, "business-rule", "") for each in created.cases]
    )
    if created.resource is None:
        return answer(told, 202)
    where = f"{_base(request, release)}/{type_}/{created.resource['id']}"
    return answer(created.resource, 201 if created.is_new else 200, {"Location": where})


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no number")


def _base(request: Request, release: Release) -> str:
    return f"{str(request.base_url).rstrip('/')}/fhir/{release}"


def _check_format(request: Request) -> None:
    wanted = request.query_params.get("_format") or request.headers.get("accept", "*/*")
    if "xml" in wanted and "json" not in wanted and "*/*" not in wanted:
        raise FhirRefused(406, "only JSON is given here: Accept: application/fhir+json", "not-supported")
