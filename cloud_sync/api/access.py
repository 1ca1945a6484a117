"""Who is asking, and what every endpoint needs: the database, the time, a page of a list."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from inspect import iscoroutinefunction
from typing import Annotated, Any

from fastapi import Depends, Query, Request
from fastapi.dependencies.models import Dependant
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer

from cloud_sync.actions.access import actor_of, require
from cloud_sync.actions.interop.connections import KEY_PREFIX, actor_of_key, require_scope
from cloud_sync.actions.people.sessions import Guest, guest_of
from cloud_sync.actions.people.site_scope import check_sites
from cloud_sync.api.late_routes import LateRoute
from cloud_sync.api.one_thread import in_thread, is_form
from cloud_sync.api.same_origin import READING, check_came_from_here
from cloud_sync.domain.connections import Scope
from cloud_sync.domain.roles import Actor, Permission, Role
from cloud_sync.domain.typed_times import TypedTimes
from cloud_sync.errors import Invalid, NotKnown
from cloud_sync.storage.awaited import begin_what_was_asked
from cloud_sync.storage.database import ACTING_FOR, Database, Row, again_if_overtaken

TOKEN_CHARACTERS_MAX = 200

SESSION_COOKIE = "lotwarden_session"

_BEARER = HTTPBearer(auto_error=False, scheme_name="token", description="A token from `cloud-sync token create`.")
_COOKIE = APIKeyCookie(
    name=SESSION_COOKIE,
    auto_error=False,
    scheme_name="session",
    description="From `POST /v1/sessions`. Changes need the header `X-CSRF-Token` as well.",
)


async def _database(request: Request) -> Database:
    database: Database = request.app.state.database
    return database


async def _now(request: Request) -> datetime:
    clock: Callable[[], datetime] = request.app.state.clock
    return clock()


def _guest(
    request: Request,
    database: Annotated[Database, Depends(_database)],
    now: Annotated[datetime, Depends(_now)],
    cookie: Annotated[str | None, Depends(_COOKIE)],
) -> Guest:
    if cookie is None:
        raise NotKnown("this needs somebody who signed in", "Sign in: POST /v1/sessions.")
    secret = cookie[:TOKEN_CHARACTERS_MAX]
    guest = guest_of(database, secret, now)
    request.state.actor = guest.actor  # who a refusal is about
    check_came_from_here(request, secret)
    return guest


def _actor(
    request: Request,
    database: Annotated[Database, Depends(_database)],
    now: Annotated[datetime, Depends(_now)],
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)],
    cookie: Annotated[str | None, Depends(_COOKIE)],
) -> Actor:
    if credentials is not None:
        secret = credentials.credentials[:TOKEN_CHARACTERS_MAX]
        is_key = secret.startswith(KEY_PREFIX)
        actor = actor_of_key(database, secret, now) if is_key else actor_of(database, secret)
        request.state.actor = actor
        return actor
    if cookie is not None:
        return _guest(request, database, now, cookie).actor
    raise NotKnown("this needs a token, or somebody who signed in")


class WhoMay:
    """The dependency of an endpoint that says which permission it needs, and which scope of connections, if any."""

    def __init__(self, permission: Permission, *, checks_site: bool = True, scope: Scope | None = None) -> None:
        """Without ``checks_site`` the endpoint itself looks at the site of the role.

        ``scope``: keys of connections that have it may ask as well; without one the endpoint is closed to them.
        """
        self.permission = permission
        self.checks_site = checks_site
        self.scope = scope

    async def __call__(
        self,
        request: Request,
        database: Annotated[Database, Depends(_database)],
        actor: Annotated[Actor, Depends(_actor)],
    ) -> Actor:
        """Who asks. Raises ``NotAllowed``, also for a place that is not of the site of their role."""
        if actor.connection:
            require_scope(actor, self.scope)
            begin_what_was_asked()
            return actor
        require(actor, self.permission)
        see_as(actor)
        if self.checks_site:
            await check_site(request, database, actor, self.permission)
        begin_what_was_asked()
        return actor


def see_as(actor: Actor) -> None:
    """From here on transactions of this request show what that actor's owner may see, if they are a client's.

    For dependencies that are coroutines: each request has a context of its own, and threads get a copy of it.
    """
    ACTING_FOR.set(actor.owner or "" if Role.OWNER in actor.roles or actor.owner is not None else None)


async def check_site(request: Request, database: Database, actor: Actor, permission: Permission) -> None:
    """Raise ``NotAllowed`` for a change that is not at the site to which the actor's role is bound, if it is."""
    sites = actor.permissions[permission]
    if sites is None or request.method in READING:
        return
    await in_thread(
        check_sites,
        database,
        permission,
        sites,
        path=request.scope["route"].path.removeprefix("/v1").removeprefix("/"),
        path_values=request.path_params,
        said=[dict(request.query_params), await _body_of(request)],
    )


async def _body_of(request: Request) -> Any:
    if is_form(request):
        form = await request.form()
        return {name: [value for value in form.getlist(name) if isinstance(value, str) and value] for name in form}
    try:
        return await request.json()
    except (ValueError, RecursionError):
        return None


@dataclass(frozen=True, slots=True)
class Paging:
    """Which part of a list is wanted."""

    limit: int
    offset: int

    def of(self, rows: list[Row]) -> dict[str, object]:
        """The answer for rows asked for with ``rows_max``: one more than the limit says that there is more."""
        return {"rows": rows[: self.limit], "more": len(rows) > self.limit}

    @property
    def rows_max(self) -> int:
        """Rows to ask the database for."""
        return self.limit + 1


async def _paging(
    limit: Annotated[int, Query(ge=1, le=1000, description="Rows to give at most.")] = 100,
    offset: Annotated[int, Query(ge=0, le=10_000_000, description="Rows to pass over first.")] = 0,
) -> Paging:
    """A class that is depended on would be made in a thread of its own, for each request."""
    return Paging(limit, offset)


class ApiRoute(LateRoute):
    """An endpoint whose transaction is done again if it gave way to another one."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **settings: Any) -> None:
        if not iscoroutinefunction(endpoint) and not hasattr(endpoint, "__wrapped__"):
            endpoint = again_if_overtaken(endpoint)
        super().__init__(path, endpoint, **settings)

    def work_out(self, settings: dict[str, Any]) -> None:
        """The description names the permission."""
        super().work_out(settings)
        if permission := permission_of(self.dependant):
            self.openapi_extra = {**(self.openapi_extra or {}), "x-permission": permission.value}


def permission_of(dependant: Dependant) -> Permission | None:
    """Which permission an endpoint names."""
    for each in dependant.dependencies:
        if isinstance(each.call, WhoMay):
            return each.call.permission
        if found := permission_of(each):
            return found
    return None


async def _typed_times(request: Request) -> TypedTimes:
    limits: TypedTimes = request.app.state.typed_times
    return limits


def check_typed(limits: TypedTimes, actor: Actor, occurred_at: datetime, now: datetime) -> None:
    """Raise ``Invalid`` if this role may not type a time that far back."""
    if fault := limits.fault_of(actor.roles, occurred_at, now):
        raise Invalid(
            fault, "Let quality type it, or scan it at the dock. The limits are in the ledger's [typed_times]."
        )


Ledger = Annotated[Database, Depends(_database)]
"""The database."""
Typed = Annotated[TypedTimes, Depends(_typed_times)]
"""How far back whose times may be typed."""
Now = Annotated[datetime, Depends(_now)]
"""The time of the request, aware UTC."""
Listing = Annotated[Paging, Depends(_paging)]
"""A page of a list."""
SignedIn = Annotated[Guest, Depends(_guest)]
"""Somebody with a session of their own; a token does not do."""
StockViewer = Annotated[Actor, Depends(WhoMay(Permission.SEE_STOCK))]
Reader = Annotated[Actor, Depends(WhoMay(Permission.READ))]
Signer = Annotated[Actor, Depends(WhoMay(Permission.READ, checks_site=False))]
Auditor = Annotated[Actor, Depends(WhoMay(Permission.AUDIT))]
OrderSender = Annotated[Actor, Depends(WhoMay(Permission.ORDER, scope=Scope.ORDERS))]
ReceiptReader = Annotated[Actor, Depends(WhoMay(Permission.READ, scope=Scope.RECEIPTS))]
ChargeReader = Annotated[Actor, Depends(WhoMay(Permission.READ, scope=Scope.CHARGES))]
ValueReader = Annotated[Actor, Depends(WhoMay(Permission.READ, scope=Scope.STOCK_VALUE))]
CatalogueSender = Annotated[Actor, Depends(WhoMay(Permission.ADMINISTER, scope=Scope.CATALOGUE))]
CostReader = Annotated[Actor, Depends(WhoMay(Permission.READ, scope=Scope.CATALOGUE))]
TransactionTeller = Annotated[Actor, Depends(WhoMay(Permission.RECEIVE, scope=Scope.DSCSA))]
LoggerOfShipment = Annotated[Actor, Depends(WhoMay(Permission.RECEIVE, scope=Scope.LOGGERS))]
LoggerOfRoom = Annotated[Actor, Depends(WhoMay(Permission.PLACE_SENSORS, scope=Scope.LOGGERS))]
LoggerReader = Annotated[Actor, Depends(WhoMay(Permission.READ, scope=Scope.LOGGERS))]
FeedReader = Annotated[Actor, Depends(WhoMay(Permission.AUDIT, scope=Scope.FEED))]
Mover = Annotated[Actor, Depends(WhoMay(Permission.MOVE))]
Receiver = Annotated[Actor, Depends(WhoMay(Permission.RECEIVE))]
EventCapturer = Annotated[Actor, Depends(WhoMay(Permission.CAPTURE, scope=Scope.EPCIS_CAPTURE))]
EventReader = Annotated[Actor, Depends(WhoMay(Permission.SEE_STOCK, scope=Scope.EPCIS_QUERY))]
Subscriber = Annotated[Actor, Depends(WhoMay(Permission.ADMINISTER, scope=Scope.EPCIS_QUERY))]
Issuer = Annotated[Actor, Depends(WhoMay(Permission.ISSUE))]
Requester = Annotated[Actor, Depends(WhoMay(Permission.ORDER))]
Approver = Annotated[Actor, Depends(WhoMay(Permission.APPROVE))]
Counter = Annotated[Actor, Depends(WhoMay(Permission.COUNT))]
CountApprover = Annotated[Actor, Depends(WhoMay(Permission.APPROVE_COUNT))]
Holder = Annotated[Actor, Depends(WhoMay(Permission.HOLD))]
Decider = Annotated[Actor, Depends(WhoMay(Permission.DECIDE))]
Resolver = Annotated[Actor, Depends(WhoMay(Permission.RESOLVE))]
Recaller = Annotated[Actor, Depends(WhoMay(Permission.RECALL))]
Qualifier = Annotated[Actor, Depends(WhoMay(Permission.QUALIFY))]
Corrector = Annotated[Actor, Depends(WhoMay(Permission.CORRECT))]
Governor = Annotated[Actor, Depends(WhoMay(Permission.GOVERN))]
Preparer = Annotated[Actor, Depends(WhoMay(Permission.PREPARE))]
BatchDecider = Annotated[Actor, Depends(WhoMay(Permission.RELEASE))]
Drafter = Annotated[Actor, Depends(WhoMay(Permission.DRAFT))]
FormulationApprover = Annotated[Actor, Depends(WhoMay(Permission.APPROVE_FORMULATION))]
Administrator = Annotated[Actor, Depends(WhoMay(Permission.ADMINISTER))]
SensorPlacer = Annotated[Actor, Depends(WhoMay(Permission.PLACE_SENSORS))]
GatewayManager = Annotated[Actor, Depends(WhoMay(Permission.GATEWAYS))]
Verifier = Annotated[Actor, Depends(WhoMay(Permission.VERIFY))]
AlertAcknowledger = Annotated[Actor, Depends(WhoMay(Permission.ACKNOWLEDGE))]
AlertKeeper = Annotated[Actor, Depends(WhoMay(Permission.ALERTS))]
AccessReviewer = Annotated[Actor, Depends(WhoMay(Permission.ACCESS))]
AccessGiver = Annotated[Actor, Depends(WhoMay(Permission.GRANT))]
