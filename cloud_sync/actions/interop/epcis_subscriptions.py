"""Subscriptions: what is new of a named query goes to a connection, as it comes or at certain times.

What is new is read from the seal's tree, which has rows in the order of their commits: nothing is missed that commits
late, and nothing is told twice. Answers are signed webhooks, and go through the outbox of connections.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from uuid import UUID, uuid4

from psycopg.types.json import Jsonb

from cloud_sync.actions.interop.epcis_answers import JSON_LD, answer_document
from cloud_sync.actions.interop.epcis_events import FIRST, Place, places_of_lot, told_at
from cloud_sync.actions.interop.epcis_own_facts import Found, ledger_in
from cloud_sync.actions.interop.epcis_queries import query_of
from cloud_sync.domain.roles import Actor
from cloud_sync.errors import Conflict, Invalid, NotAllowed, NotFound
from cloud_sync.interop.epcis.documents import write_json
from cloud_sync.interop.epcis.facts import Source
from cloud_sync.interop.epcis.schedule import ScheduleFaultError, read_schedule
from cloud_sync.posting.interop.deliveries import queue_delivery
from cloud_sync.storage.database import Connection, Database, Row
from cloud_sync.storage.events import add_event
from cloud_sync.storage.queries import queries

KIND = "epcis_query_results"
LEAVES_AT_ONCE = 4096
"""Of the tree for one subscription in one transaction."""
EVENTS_OF_ANSWER_MAX = 1000
"""Of one document that is sent."""


def subscribe(
    database: Database,
    query: str,
    connection_name: str,
    *,
    schedule: Mapping[str, str] | None,
    report_if_empty: bool,
    since: datetime | None,
    at: datetime,
    actor: Actor,
) -> Row:
    """Tell a connection what is new of a named query. ``since``: from then on, else from now on.

    ``schedule`` None: as it comes. Raises ``NotFound``, ``Invalid``; ``NotAllowed`` to a connection that asks for
    another one; ``Conflict`` for one without a URL.
    """
    if actor.connection and actor.connection != connection_name:
        raise NotAllowed(f"{actor.name} may not subscribe for {connection_name}", f"Write {actor.connection} as dest.")
    next_at = _first_after(schedule, at)
    subscription_id = uuid4()
    with database.transaction() as connection:
        _named(connection, query)
        known = queries("connections").connection(connection, name=connection_name)
        if known is None or not known["active"]:
            raise NotFound(f"there is no connection {connection_name} in use", "dest is the name of a connection.")
        if not known["url"]:
            raise Conflict(f"connection {connection_name} has no URL to send to", "Give it one.")
        queries("epcis").add_subscription(
            connection, id=subscription_id, query=query, connection_name=connection_name,
            schedule=None if schedule is None else Jsonb(dict(schedule)), report_if_empty=report_if_empty,
            since=since, next_at=next_at, made_by=actor.name, made_at=at,
        )  # fmt: skip
        data = {"subscription": str(subscription_id), "connection": connection_name, "schedule": schedule}
        add_event(connection, actor=actor.name, kind="epcis_subscribed", subject=f"epcis_query:{query}", data=data)
        return _subscription(connection, query, subscription_id)


def list_subscriptions(database: Database, query: str) -> list[Row]:
    """The subscriptions of a named query. Raises ``NotFound``."""
    with database.transaction() as connection:
        _named(connection, query)
        return list(queries("epcis").subscriptions(connection, query=query))


def show_subscription(database: Database, query: str, subscription_id: UUID) -> Row:
    """One of them. Raises ``NotFound``."""
    with database.transaction() as connection:
        return _subscription(connection, query, subscription_id)


def unsubscribe(database: Database, query: str, subscription_id: UUID, *, actor: Actor) -> None:
    """Tell nothing more. Raises ``NotFound``; ``NotAllowed`` to another connection than is told."""
    with database.transaction() as connection:
        row = _subscription(connection, query, subscription_id)
        if actor.connection and actor.connection != row["connection"]:
            raise NotAllowed(f"{actor.name} may not end a subscription of {row['connection']}")
        queries("epcis").drop_subscription(connection, id=subscription_id)
        data = {"subscription": str(subscription_id), "connection": row["connection"]}
        add_event(connection, actor=actor.name, kind="epcis_unsubscribed", subject=f"epcis_query:{query}", data=data)


def tell_subscribers(database: Database, at: datetime) -> int:
    """Queue what is new for every subscription that is due; gives how many were. At ``at``, aware UTC."""
    with database.transaction() as connection:
        size = queries("connections").tree_size(connection)
        due = [row["id"] for row in queries("epcis").due_subscriptions(connection, size=size, at=at)]
    for subscription_id in due:
        with database.transaction() as connection:
            row = queries("epcis").lock_subscription(connection, id=subscription_id)
            if row is not None:  # else somebody else is at it, or it ended
                _tell(connection, row, size, at)
    return len(due)


def _tell(connection: Connection, row: Row, size: int, at: datetime) -> None:
    until = min(size, row["followed_to"] + LEAVES_AT_ONCE)
    query = query_of(row["parameters"])
    found = [each for each in _new(connection, row["followed_to"], until) if query.matches(each.event)]
    is_time_for_nothing = row["schedule"] is not None and row["report_if_empty"] and until == size
    for first in range(0, len(found), EVENTS_OF_ANSWER_MAX) or range(is_time_for_nothing):
        answer = answer_document(
            found[first : first + EVENTS_OF_ANSWER_MAX], at=_text(at), name=row["query"], subscription=str(row["id"])
        )
        queue_delivery(connection, row["connection"], KIND, write_json(answer), JSON_LD)
    # One that is behind goes on at once; its next time counts when it has caught up.
    next_at = row["next_at"]
    if row["schedule"] is not None and until == size:
        next_at = _first_after(row["schedule"], at)
    queries("epcis").note_told(connection, id=row["id"], followed_to=until, next_at=next_at, at=at)


def _new(connection: Connection, after: int, until: int) -> list[Found]:
    """What was recorded between two leaves of the tree, each statement once."""
    ledger = ledger_in(connection)
    leaves = list(queries("epcis").leaves_to_tell(connection, after=after, until=until))
    captures = [UUID(json.loads(leaf["row_key"])[0]) for leaf in leaves if leaf["of_table"] == "epcis_capture"]
    captured: dict[UUID, list[int]] = {}
    for event in queries("epcis").events_of_captures(connection, captures=captures):
        captured.setdefault(event["capture_id"], []).append(event["id"])
    places: dict[tuple[int, int], None] = {}
    for leaf in leaves:
        places |= dict.fromkeys(_places_of(connection, leaf, captured))
    told = told_at(connection, ledger, [Place(FIRST, *place) for place in places])
    once = {(each.event["eventID"], "errorDeclaration" in each.event): each for _, each in told if each is not None}
    return list(once.values())


def _places_of(
    connection: Connection, leaf: Row, captured: Mapping[UUID, Sequence[int]]
) -> list[tuple[int, int]]:  # fmt: skip
    of_table, is_new, row_id = leaf["of_table"], leaf["change"] == "I", leaf["row_id"]
    match of_table:
        case "movement":
            # One that changes later is told again as it is now known, and as it was said, which does not hold.
            was = [] if is_new else [(Source.CORRECTED, row_id)]
            return [(Source.MOVEMENT, row_id), *was]
        case "hold":
            return [(Source.HOLD if is_new else Source.LIFTED, row_id)]
        case "disposition":
            return [(Source.DECISION, row_id)]
        case "tote_packing":
            return [(Source.PACKED, row_id)]
        case "excursion_version":
            return [(Source.EXCURSION, json.loads(leaf["row_key"])[0])]
        case "epcis_capture":
            return [(Source.CAPTURED, each) for each in captured.get(UUID(json.loads(leaf["row_key"])[0]), ())]
        case _:
            lot_id = queries("epcis").lot_of_correction(connection, id=row_id)
            places = [] if lot_id is None else places_of_lot(connection, lot_id)
            return [(place.source, place.row_id) for place in places]


def _first_after(schedule: Mapping[str, str] | None, at: datetime) -> datetime | None:
    if schedule is None:
        return None
    try:
        return read_schedule(schedule).after(at)
    except ScheduleFaultError as error:
        raise Invalid(str(error), "Write e.g. {'second': '0', 'minute': '0,[30-35]'}.") from error


def _named(connection: Connection, query: str) -> None:
    if queries("epcis").named_query(connection, name=query) is None:
        raise NotFound(f"there is no query {query}", "See GET /epcis/queries for those there are.")


def _subscription(connection: Connection, query: str, subscription_id: UUID) -> Row:
    row: Row | None = queries("epcis").subscription(connection, query=query, id=subscription_id)
    if row is None:
        raise NotFound(
            f"{query} has no subscription {subscription_id}", f"See GET /epcis/queries/{query}/subscriptions."
        )
    return row


def _text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"
