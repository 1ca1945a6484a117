"""EPCIS 2.0: queries with a name, asked again and again, and subscriptions to what is new of them."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import AwareDatetime, Field, StringConstraints

from cloud_sync.actions.interop import epcis_queries, epcis_subscriptions
from cloud_sync.api.access import Administrator, ApiRoute, EventReader, Ledger, Now, Subscriber
from cloud_sync.api.epcis_documents import MEDIA
from cloud_sync.api.epcis_questions import VERSIONS, Answer, PageToken, PerPage, answered, asked_in
from cloud_sync.api.problems import answers
from cloud_sync.api.schemas.common import In, Name, Schema
from cloud_sync.errors import Invalid

router = APIRouter(prefix="/epcis", tags=["epcis"], route_class=ApiRoute, responses=answers(400, 413))

Numbers = Annotated[str, StringConstraints(pattern=r"^[0-9,\[\] -]{1,200}$")]


class QueryIn(In):
    """A query to be asked again by its name."""

    name: Name
    query: dict[str, str | int | float | list[str]] = Field(
        description="Parameters of `GET /epcis/events`.", examples=[{"EQ_bizStep": ["shipping"]}], max_length=50
    )


class QueryOut(Schema):
    """A named query."""

    name: str
    query: dict[str, list[str]]
    madeBy: str  # noqa: N815
    createdAt: datetime  # noqa: N815


class ScheduleIn(In):
    """When, in UTC: numbers and ranges, `0,[10-20]`; what is left out is any. Days of the week begin with Monday, 1."""

    second: Numbers | None = None
    minute: Numbers | None = None
    hour: Numbers | None = None
    dayOfMonth: Numbers | None = None  # noqa: N815
    month: Numbers | None = None
    dayOfWeek: Numbers | None = None  # noqa: N815


class SubscriptionIn(In):
    """What is new of a named query is sent to a connection, signed with its secret (Standard Webhooks)."""

    dest: Name = Field(description="The name of the connection: its URL, its secret, its outbox.")
    schedule: ScheduleIn | None = Field(None, description="At these times; else `stream`.")
    stream: bool = Field(False, description="As it comes.")
    reportIfEmpty: bool = Field(False, description="At each time of the schedule, also where nothing is new.")  # noqa: N815
    initialRecordTime: AwareDatetime | None = Field(  # noqa: N815
        None, description="What was recorded since then is sent first; else only what comes."
    )


class SubscriptionOut(Schema):
    """A subscription."""

    subscriptionID: UUID  # noqa: N815
    queryName: str  # noqa: N815
    dest: str
    schedule: dict[str, str] | None
    stream: bool
    reportIfEmpty: bool  # noqa: N815
    lastExecutedAt: datetime | None  # noqa: N815
    nextAt: datetime | None  # noqa: N815
    madeBy: str  # noqa: N815
    createdAt: datetime  # noqa: N815


@router.get("/queries", summary="List named queries", response_model=list[QueryOut])
def list_queries(response: Response, database: Ledger, _: EventReader) -> Any:
    """Queries that somebody named."""
    response.headers.update(VERSIONS)
    return [_query_out(row) for row in epcis_queries.list_queries(database)]


@router.post("/queries", summary="Name a query", status_code=201, response_model=QueryOut, responses=answers(409))
def name_query(said: QueryIn, response: Response, database: Ledger, actor: Administrator) -> Any:
    """Keep a query under a name."""
    row = epcis_queries.name_query(database, said.name, said.query, actor=actor.name)
    response.headers.update({**VERSIONS, "Location": f"/epcis/queries/{said.name}"})
    return _query_out(row)


@router.get("/queries/{name}", summary="See a named query", response_model=QueryOut, responses=answers(404))
def show_query(name: Name, response: Response, database: Ledger, _: EventReader) -> Any:
    """One named query."""
    response.headers.update(VERSIONS)
    return _query_out(epcis_queries.query_named(database, name))


@router.delete("/queries/{name}", summary="Forget a named query", status_code=204, responses=answers(404))
def forget_query(name: Name, database: Ledger, actor: Administrator) -> None:
    """Take the name away."""
    epcis_queries.forget_query(database, name, actor=actor.name)


@router.get(
    "/queries/{name}/events",
    summary="Ask a named query",
    response_class=Response,
    responses=answers(404) | {200: MEDIA},
)
def list_events_of_query(
    name: Name,
    request: Request,
    database: Ledger,
    _: EventReader,
    wanted: Answer,
    per_page: PerPage = 30,
    token: PageToken = None,
) -> Response:
    """Events that answer a named query, and the parameters given besides."""
    asked = {**asked_in(request), **epcis_queries.query_named(database, name)["parameters"]}
    return answered(request, database, wanted, asked, per_page, token, name=name)


@router.get(
    "/queries/{name}/subscriptions",
    summary="List subscriptions",
    response_model=list[SubscriptionOut],
    responses=answers(404),
)
def list_epcis_subscriptions(name: Name, response: Response, database: Ledger, _: EventReader) -> Any:
    """Who is told the answers of a named query."""
    response.headers.update(VERSIONS)
    return [_subscription_out(row) for row in epcis_subscriptions.list_subscriptions(database, name)]


@router.post(
    "/queries/{name}/subscriptions",
    summary="Subscribe to a named query",
    status_code=201,
    response_model=SubscriptionOut,
    responses=answers(404, 409),
)
def subscribe(
    name: Name, said: SubscriptionIn, response: Response, database: Ledger, now: Now, actor: Subscriber
) -> Any:
    """Send what is new to a connection: as it comes (`stream`), or at times. Connections subscribe for themselves."""
    if (said.schedule is None) is not said.stream:
        raise Invalid("a subscription has a schedule, or is a stream", "Write one of them: schedule or stream.")
    schedule = None if said.schedule is None else said.schedule.model_dump(exclude_none=True)
    row = epcis_subscriptions.subscribe(
        database, name, said.dest, schedule=schedule, report_if_empty=said.reportIfEmpty, since=said.initialRecordTime,
        at=now, actor=actor,
    )  # fmt: skip
    response.headers.update({**VERSIONS, "Location": f"/epcis/queries/{name}/subscriptions/{row['id']}"})
    return _subscription_out(row)


@router.get(
    "/queries/{name}/subscriptions/{subscription_id}",
    summary="See a subscription",
    response_model=SubscriptionOut,
    responses=answers(404),
)
def show_subscription(
    name: Name, subscription_id: UUID, response: Response, database: Ledger, _: EventReader
) -> Any:  # fmt: skip
    """One subscription."""
    response.headers.update(VERSIONS)
    return _subscription_out(epcis_subscriptions.show_subscription(database, name, subscription_id))


@router.delete(
    "/queries/{name}/subscriptions/{subscription_id}",
    summary="Unsubscribe",
    status_code=204,
    responses=answers(404),
)
def unsubscribe(name: Name, subscription_id: UUID, database: Ledger, actor: Subscriber) -> None:
    """Send nothing more."""
    epcis_subscriptions.unsubscribe(database, name, subscription_id, actor=actor)


def _subscription_out(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "subscriptionID": row["id"],
        "queryName": row["query"],
        "dest": row["connection"],
        "schedule": row["schedule"],
        "stream": row["schedule"] is None,
        "reportIfEmpty": row["report_if_empty"],
        "lastExecutedAt": row["last_told_at"],
        "nextAt": row["next_at"],
        "madeBy": row["made_by"],
        "createdAt": row["made_at"],
    }


def _query_out(row: dict[str, Any]) -> dict[str, Any]:
    return {"name": row["name"], "query": row["parameters"], "madeBy": row["made_by"], "createdAt": row["made_at"]}
