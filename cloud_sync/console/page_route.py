"""What every page has in common: who looks, where a form may come from, and errors as pages."""

from collections.abc import Callable, Coroutine
from inspect import iscoroutinefunction
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import Depends, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse
from starlette.concurrency import run_in_threadpool

from cloud_sync.actions.access import who_may
from cloud_sync.api.access import SESSION_COOKIE, Ledger, Now, check_site, see_as
from cloud_sync.api.late_routes import LateRoute
from cloud_sync.api.one_thread import in_thread
from cloud_sync.api.problems import HEADERS, RETRY_AFTER_S, STATUS, advice_after, note_refusal
from cloud_sync.api.same_origin import READING, check_same_origin
from cloud_sync.console.error_pages import LOOK_UP, NO_PAGE, address_of, told, told_unavailable
from cloud_sync.console.fault_words import fault_words, field_words
from cloud_sync.console.forms import WrongField
from cloud_sync.console.visitor import actor_who_looks
from cloud_sync.domain.roles import Actor, Permission
from cloud_sync.errors import LedgerError, NotAllowed, NotKnown
from cloud_sync.storage.awaited import begin_what_was_asked
from cloud_sync.storage.database import Database, again_if_overtaken

NEXT_CHARACTERS_MAX = 500
"""Of the address that somebody who signs in goes on to."""


class PageRoute(LateRoute):
    """A page, or a form sent from one. Errors are told on a page with what to do; unknown visitors log in first."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **settings: Any) -> None:
        if not iscoroutinefunction(endpoint):
            endpoint = again_if_overtaken(endpoint)
        super().__init__(path, endpoint, **{**settings, "include_in_schema": False})

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The endpoint behind these doors."""
        handle = super().get_route_handler()

        async def handled(request: Request) -> Response:
            try:
                if request.method not in READING:
                    check_same_origin(request)
                return await handle(request)
            except NotKnown:
                return RedirectResponse(_login(request), 303)
            except RequestValidationError as error:
                if error.errors()[0]["loc"][0] == "path":
                    return told(request, 404, NO_PAGE, LOOK_UP)
                return told(request, 422, _first(error), "Go back and correct it.", field=_field(error))
            except LedgerError as error:
                if isinstance(error, NotAllowed):
                    await run_in_threadpool(note_refusal, request, str(error))
                kind = next((kind for kind in type(error).__mro__ if kind in STATUS), None)
                status, advice = (STATUS[kind] if kind else 500), advice_after(error, request)
                if kind in HEADERS and status == 503:
                    return told_unavailable(request, error, status, advice, RETRY_AFTER_S)
                field = error.field if isinstance(error, WrongField) else ""
                return told(request, status, str(error), advice, field=field)

        return handled


def _login(request: Request) -> str:
    """Where to sign in, and go on from there. Whoever was signed in is told that it is over."""
    is_over = "&over=true" if SESSION_COOKIE in request.cookies else ""
    target = quote(address_of(request), safe="/")
    return f"/login?next={target if len(target) <= NEXT_CHARACTERS_MAX else '/'}{is_over}"


def _field(error: RequestValidationError) -> str:
    """The name of the field: of several by this name (``("body", "lot", 2)``), the first."""
    return str(error.errors()[0]["loc"][1])


def _first(error: RequestValidationError) -> str:
    return f"{field_words(_field(error))}: {fault_words(error.errors()[0])}"


def _visitor(request: Request, database: Ledger, now: Now) -> Actor:
    actor = actor_who_looks(request, database, now)
    request.state.actor = actor
    return actor


def _visitor_who_may(permission: Permission, *, checks_site: bool = True) -> Callable[..., Coroutine[Any, Any, Actor]]:
    async def checked(request: Request, database: Ledger, actor: Annotated[Actor, Depends(_visitor)]) -> Actor:
        await let_in(request, database, actor, permission, checks_site=checks_site)
        return actor

    return checked


async def let_in(
    request: Request, database: Database, actor: Actor, permission: Permission, *, checks_site: bool = True
) -> None:
    """Raise ``NotAllowed``, with whom to ask, unless ``actor`` may do this, and here: for a form that decides itself
    which permission it needs, by what was entered."""
    if not actor.may(permission):
        ask = actor.who_to_ask or await in_thread(who_may, database, permission)
        raise NotAllowed(actor.why_not(permission), ask)
    see_as(actor)
    if checks_site:
        await check_site(request, database, actor, permission)
    begin_what_was_asked()


Visitor = Annotated[Actor, Depends(_visitor_who_may(Permission.READ))]
Decider = Annotated[Actor, Depends(_visitor_who_may(Permission.DECIDE))]
Resolver = Annotated[Actor, Depends(_visitor_who_may(Permission.RESOLVE))]
Holder = Annotated[Actor, Depends(_visitor_who_may(Permission.HOLD))]
Approver = Annotated[Actor, Depends(_visitor_who_may(Permission.APPROVE))]
Administrator = Annotated[Actor, Depends(_visitor_who_may(Permission.ADMINISTER))]
SensorPlacer = Annotated[Actor, Depends(_visitor_who_may(Permission.PLACE_SENSORS))]
GatewayManager = Annotated[Actor, Depends(_visitor_who_may(Permission.GATEWAYS))]
AlertAcknowledger = Annotated[Actor, Depends(_visitor_who_may(Permission.ACKNOWLEDGE))]
AlertKeeper = Annotated[Actor, Depends(_visitor_who_may(Permission.ALERTS))]
AccessReviewer = Annotated[Actor, Depends(_visitor_who_may(Permission.ACCESS))]
AccessGiver = Annotated[Actor, Depends(_visitor_who_may(Permission.GRANT))]
Auditor = Annotated[Actor, Depends(_visitor_who_may(Permission.AUDIT))]
Qualifier = Annotated[Actor, Depends(_visitor_who_may(Permission.QUALIFY))]
Requester = Annotated[Actor, Depends(_visitor_who_may(Permission.ORDER))]
Receiver = Annotated[Actor, Depends(_visitor_who_may(Permission.RECEIVE))]
Issuer = Annotated[Actor, Depends(_visitor_who_may(Permission.ISSUE))]
Mover = Annotated[Actor, Depends(_visitor_who_may(Permission.MOVE))]
Counter = Annotated[Actor, Depends(_visitor_who_may(Permission.COUNT))]
CountApprover = Annotated[Actor, Depends(_visitor_who_may(Permission.APPROVE_COUNT))]
Recaller = Annotated[Actor, Depends(_visitor_who_may(Permission.RECALL))]
Governor = Annotated[Actor, Depends(_visitor_who_may(Permission.GOVERN))]
Preparer = Annotated[Actor, Depends(_visitor_who_may(Permission.PREPARE))]
BatchDecider = Annotated[Actor, Depends(_visitor_who_may(Permission.RELEASE))]
Drafter = Annotated[Actor, Depends(_visitor_who_may(Permission.DRAFT))]
FormulationApprover = Annotated[Actor, Depends(_visitor_who_may(Permission.APPROVE_FORMULATION))]
RecordKeeper = Annotated[Actor, Depends(_visitor_who_may(Permission.READ, checks_site=False))]
"""Of files: what is in them decides who may bring them (:func:`let_in`)."""
Signer = Annotated[Actor, Depends(_visitor_who_may(Permission.READ, checks_site=False))]
