"""Who is asking, and what every endpoint needs: the database, the time, a page of a list."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from inspect import iscoroutinefunction
from typing import Annotated, Any

from fastapi import Depends, Query, Request
from fastapi.routing import APIRoute
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from cloud_sync.actions.access import actor_of, require
from cloud_sync.domain.roles import Actor, Duty
from cloud_sync.domain.typed_times import TypedTimes
from cloud_sync.errors import Invalid, NotKnown
from cloud_sync.storage.database import Database, Row, again_if_overtaken

TOKEN_CHARACTERS_MAX = 200

_BEARER = HTTPBearer(auto_error=False, scheme_name="token", description="A token from `cloud-sync token create`.")


async def _database(request: Request) -> Database:
    database: Database = request.app.state.database
    return database


async def _now(request: Request) -> datetime:
    clock: Callable[[], datetime] = request.app.state.clock
    return clock()


def _actor(
    request: Request,
    database: Annotated[Database, Depends(_database)],
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)],
) -> Actor:
    if credentials is None:
        raise NotKnown("this needs a token")
    actor = actor_of(database, credentials.credentials[:TOKEN_CHARACTERS_MAX])
    request.state.actor = actor  # who a refusal is about
    return actor


def _who_may(duty: Duty) -> Callable[[Actor], Awaitable[Actor]]:
    async def checked(actor: Annotated[Actor, Depends(_actor)]) -> Actor:
        require(actor, duty)
        return actor

    return checked


@dataclass(frozen=True, slots=True)
class Paging:
    """Which part of a list is wanted."""

    limit: Annotated[int, Query(ge=1, le=1000, description="Rows to give at most.")] = 100
    offset: Annotated[int, Query(ge=0, le=10_000_000, description="Rows to pass over first.")] = 0

    def of(self, rows: list[Row]) -> dict[str, object]:
        """The answer for rows asked for with ``rows_max``: one more than the limit says that there is more."""
        return {"rows": rows[: self.limit], "more": len(rows) > self.limit}

    @property
    def rows_max(self) -> int:
        """Rows to ask the database for."""
        return self.limit + 1


class ApiRoute(APIRoute):
    """An endpoint whose transaction is done again if it gave way to another one."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **more: Any) -> None:
        if not iscoroutinefunction(endpoint) and not hasattr(endpoint, "__wrapped__"):
            endpoint = again_if_overtaken(endpoint)
        super().__init__(path, endpoint, **more)


async def _typed_times(request: Request) -> TypedTimes:
    limits: TypedTimes = request.app.state.typed_times
    return limits


def check_typed(limits: TypedTimes, actor: Actor, occurred_at: datetime, now: datetime) -> None:
    """Raise ``Invalid`` if this role may not type a time that far back."""
    if fault := limits.fault_of(actor.role, occurred_at, now):
        raise Invalid(
            fault, "Let quality type it, or scan it at the dock. The limits are in the ledger's [typed_times]."
        )


Ledger = Annotated[Database, Depends(_database)]
"""The database."""
Typed = Annotated[TypedTimes, Depends(_typed_times)]
"""How far back whose times may be typed."""
Now = Annotated[datetime, Depends(_now)]
"""The time of the request, aware UTC."""
Listing = Annotated[Paging, Depends()]
"""A page of a list."""
Reader = Annotated[Actor, Depends(_who_may(Duty.READ))]
Mover = Annotated[Actor, Depends(_who_may(Duty.MOVE))]
Approver = Annotated[Actor, Depends(_who_may(Duty.APPROVE))]
Holder = Annotated[Actor, Depends(_who_may(Duty.HOLD))]
Decider = Annotated[Actor, Depends(_who_may(Duty.DECIDE))]
Corrector = Annotated[Actor, Depends(_who_may(Duty.CORRECT))]
Administrator = Annotated[Actor, Depends(_who_may(Duty.ADMINISTER))]
