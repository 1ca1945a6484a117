"""The composition root: puts the ledger's HTTP face together."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache, partial
from typing import Any

from fastapi import FastAPI, Request
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse
from fastapi.routing import APIRoute
from fastapi_offline import FastAPIOffline
from starlette.routing import BaseRoute

from cloud_sync.actions.gateways.ledger_keys import ReceiptSigner
from cloud_sync.actions.gateways.release_files import ReleaseFolder
from cloud_sync.actions.interop.field_maps import FieldMaps
from cloud_sync.actions.refusals import Refusals
from cloud_sync.api import (
    accounts,
    alerts,
    archive,
    audit_trail,
    backups,
    batches,
    billing,
    claims,
    compounding,
    controlled,
    corrections,
    desk,
    devices,
    dscsa,
    dscsa_investigations,
    enrolments,
    epcis,
    epcis_queries,
    erp,
    exchange,
    fhir,
    fleet,
    gateways,
    governance,
    hospital_messages,
    journal_gaps,
    labels,
    loggers,
    master_data,
    measurements,
    orders,
    paper_sheets,
    papers,
    planning,
    quality,
    quality_control,
    recalls,
    records,
    seal,
    security_keys,
    serials,
    sessions,
    signatures,
    spreadsheets,
    stock,
    theft,
    traces,
    word_erasures,
)
from cloud_sync.api.access import Ledger
from cloud_sync.api.awaited import Awaited
from cloud_sync.api.by_address import ByAddress
from cloud_sync.api.connections import Doorkeeper
from cloud_sync.api.late_routes import LateRoute
from cloud_sync.api.limits import LimitBody
from cloud_sync.api.problems import answers, install
from cloud_sync.api.request_log import RequestLog
from cloud_sync.api.schemas.common import HealthOut
from cloud_sync.console.build import PAGES, add_console
from cloud_sync.console.static_files import address_of
from cloud_sync.domain.connections import ConnectionSettings
from cloud_sync.domain.oidc import OidcSettings
from cloud_sync.domain.typed_times import TYPED_TIMES, TypedTimes
from cloud_sync.labels.settings import LabelSettings
from cloud_sync.release import lotwarden_version
from cloud_sync.storage.database import Database
from cloud_sync.storage.queries import queries
from cloud_sync.tls_authority import fingerprint

NO_LABEL_SETTINGS = LabelSettings()
NO_CONNECTION_SETTINGS = ConnectionSettings()

DESCRIPTION = """
The lot ledger of Lotwarden: what is on hold, what may be issued first, and where every unit came from and went.

Every request but `/v1/batches`, `/v1/desk`, `/v1/heartbeats`, `/v1/release-files`, `/v1/enrolments`,
`/v1/journals/missing`, those of `/v1/seal` for witnesses and `/healthz` needs
`Authorization: Bearer TOKEN`, with a token made by `cloud-sync token create NAME --role ROLE`, or the cookie of a
person who signed in at `/v1/sessions`; a change with the cookie needs the header `X-CSRF-Token` that signing in gave.

Each endpoint names the permission it needs (`x-permission`); `GET /v1/roles` shows which role has which. A token or an
account may be bound to a site: it changes nothing elsewhere.

Errors are `{"error": ..., "what_to_do": ...}`. After 503 send the same again: nothing was
stored, or, where `what_to_do` says so, it is not known whether it was. With the same `client_id` it counts once.
"""


ROOMS = (
    stock,
    serials,
    devices,
    theft,
    corrections,
    traces,
    word_erasures,
    orders,
    planning,
    papers,
    paper_sheets,
    quality,
    quality_control,
    audit_trail,
    recalls,
    claims,
    billing,
    controlled,
    compounding,
    master_data,
    records,
    governance,
    dscsa,
    dscsa_investigations,
    gateways,
    fleet,
    enrolments,
    desk,
    journal_gaps,
    seal,
    alerts,
    exchange,
    erp,
    hospital_messages,
    loggers,
    spreadsheets,
    labels,
    sessions,
    security_keys,
    accounts,
    signatures,
    measurements,
    archive,
    backups,
    batches,
)


def create_app(
    database: Database,
    *,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    typed_times: TypedTimes = TYPED_TIMES,
    doorkeeper: Doorkeeper | None = None,
    oidc: OidcSettings | None = None,
    label_settings: LabelSettings = NO_LABEL_SETTINGS,
    field_maps: FieldMaps | None = None,
    connection_settings: ConnectionSettings = NO_CONNECTION_SETTINGS,
    release_folder: ReleaseFolder | None = None,
    authority: bytes | None = None,
) -> FastAPI:
    """The ledger's HTTP API on an open ``database``, which stays the caller's to close. ``clock`` gives aware UTC.

    ``typed_times`` bounds what people may type; ``doorkeeper`` is told from which addresses gateways of ours send.
    ``label_settings``: whose numbers totes get, and the label printers. ``connection_settings``: where webhooks may go.
    ``field_maps``: by which HL7 messages are read. ``release_folder``: where the files of releases lie.
    """
    # The pages at /docs and /redoc bring their own scripts: storage rooms have no internet.
    app = FastAPIOffline(
        title="Lotwarden ledger",
        version=lotwarden_version(),
        description=DESCRIPTION,
        generate_unique_id_function=_operation_id,
        docs_url=None,
    )
    app.openapi = partial(_description, app.openapi)  # type: ignore[method-assign]
    app.add_api_route("/docs", _docs, include_in_schema=False)
    app.state.database = database
    app.state.clock = clock
    app.state.doorkeeper = doorkeeper or Doorkeeper()
    app.state.typed_times = typed_times
    app.state.oidc = oidc
    app.state.label_settings = label_settings
    app.state.field_maps = field_maps or FieldMaps(None)
    app.state.connection_settings = connection_settings
    app.state.authority = authority
    app.state.authority_fingerprint = fingerprint(authority) if authority else ""
    app.state.release_folder = release_folder
    app.state.sign_receipts = ReceiptSigner(database)
    app.state.refusals = Refusals(database)
    app.router.routes.extend(_endpoints())
    app.add_api_route(
        "/healthz",
        healthz,
        summary="See whether the ledger answers",
        tags=["gateways"],
        responses={503: answers(503)[503]},
    )
    add_console(app)
    app.router.middleware_stack = ByAddress(app.router)
    install(app)
    app.add_middleware(LimitBody)
    app.add_middleware(RequestLog)
    app.add_middleware(Awaited)
    return app


def _description(work_out: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What all endpoints take and give: the same for all apps of a process, as they are, and seconds of work."""
    if not _described:
        _described.append(work_out())
    return _described[0]


_described: list[dict[str, Any]] = []


async def _docs(request: Request) -> HTMLResponse:
    """The API's description, to be read and tried as whoever is signed in: no token is typed into it, or shown."""
    root = request.scope.get("root_path", "")
    return get_swagger_ui_html(
        openapi_url=f"{root}{request.app.openapi_url}",
        title="Lotwarden ledger",
        swagger_js_url=f"{root}/static-offline-docs/swagger-ui-bundle.js",
        swagger_css_url=f"{root}{address_of('docs.css')}",
        swagger_favicon_url=f"{root}{address_of('icon.svg')}",
        swagger_ui_parameters={"supportedSubmitMethods": ["get"], "persistAuthorization": False},
    )


@cache
def _endpoints() -> list[LateRoute]:
    """What the rooms answer, for all apps of a process: to work out what each endpoint takes and gives is slow."""
    routers = [(room.router, "/v1") for room in ROOMS]
    routers += [(fhir.router, "/fhir"), (epcis.places, "/v1")]
    routers += [(epcis.router, ""), (epcis_queries.router, "")]  # where the standard's clients look for it
    routers += [(page.router, "") for page in PAGES]
    return [
        _late(route).under(prefix, generate_unique_id_function=_operation_id)
        for router, prefix in routers
        for route in router.routes
    ]


def _late(route: BaseRoute) -> LateRoute:
    if isinstance(route, LateRoute):
        return route
    raise TypeError(f"{route} is made by a router whose route_class is none of ours: use ApiRoute or PageRoute")


def healthz(database: Ledger) -> HealthOut:
    """Whether the ledger and its database answer: 200, or 503 with what is wrong."""
    with database.transaction() as connection:
        queries("access").answers(connection)
    return HealthOut(version=lotwarden_version())


def _operation_id(route: APIRoute) -> str:
    return route.name
