"""Connections: other systems, what they may ask for, and whether what goes to them arrives."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse

from cloud_sync.actions.interop import connections
from cloud_sync.actions.overview.rooms import house_zone
from cloud_sync.api.access import Ledger, Now
from cloud_sync.console.forms import Field, Reason, Words, name_of, reason_of, whole
from cloud_sync.console.page_route import Administrator, PageRoute, Visitor
from cloud_sync.console.rendering import render
from cloud_sync.console.table import Column, Show, list_page, table
from cloud_sync.domain.connections import REQUESTS_PER_MINUTE, Scope
from cloud_sync.errors import Invalid

DELIVERIES_MAX = 200
SCOPES = {
    Scope.FEED: "read the feed of events",
    Scope.ORDERS: "send purchase orders",
    Scope.RECEIPTS: "read receipts",
    Scope.CATALOGUE: "send catalogues and prices",
    Scope.STOCK_VALUE: "read the value of stock",
    Scope.LOGGERS: "send files of loggers",
    Scope.EPCIS_CAPTURE: "send EPCIS events",
    Scope.EPCIS_QUERY: "query EPCIS events",
    Scope.DSCSA: "exchange DSCSA transaction data",
    Scope.FHIR: "read and write FHIR resources",
}

DELIVERIES = (
    Column("made_at", "When", Show.WHEN),
    Column("connection", "To", filters=True),
    Column("kind", "What", Show.WORDS),
    Column("message_id", "Message"),
    Column("attempts", "Attempts", Show.NUMBER),
    Column("sent_at", "Delivered", Show.WHEN),
    Column("last_error", "Why not"),
)

router = APIRouter(route_class=PageRoute)


@router.get("/connections")
def connections_page(request: Request, database: Ledger, _: Visitor) -> Any:
    """Every connection, whether it works, and what went there last."""
    zone = house_zone(database)
    rows = connections.list_deliveries(database, None, only_unsent=False, rows_max=DELIVERIES_MAX)
    return list_page(
        request, "connections.html", connections=connections.list_connections(database),
        deliveries=table(request, "deliveries", DELIVERIES, rows, zone=zone, prefix="d_"), zone=zone,
        scopes={scope.value: words for scope, words in SCOPES.items()}, per_minute=REQUESTS_PER_MINUTE,
    )  # fmt: skip


@router.post("/connections")
def put_connection_page(
    request: Request, database: Ledger, actor: Administrator, name: Field,
    url: Annotated[str, Form(max_length=1000)] = "", scope: Words = None,
    event_kinds: Annotated[str, Form(max_length=5000)] = "", per_minute: Field = str(REQUESTS_PER_MINUTE),
) -> Any:  # fmt: skip
    """A connection, or another content of it; the secret of its webhooks is shown this once."""
    unknown = [each for each in scope or [] if each not in SCOPES]
    if unknown:
        raise Invalid(f"{unknown[0]} is nothing that a connection may ask for", "Go back and choose from the list.")
    new = connections.NewConnection(
        name_of(name), url.strip(), tuple(Scope(each) for each in scope or []), tuple(event_kinds.split()),
        whole(per_minute, "the number of requests per minute"),
    )  # fmt: skip
    if not 1 <= new.requests_per_minute <= 100_000:
        raise Invalid("the number of requests per minute is not from 1 to 100000", "Go back and correct it.")
    secret = connections.put_connection(database, new, request.app.state.connection_settings, actor=actor.name)
    if secret:
        what = "Its webhooks are signed with this secret (Standard Webhooks)."
        return render(request, "connection_secret.html", name=new.name, secret=secret, what=what)
    return RedirectResponse("/connections", 303)


@router.post("/connections/{name}/key")
def key_page(request: Request, name: str, database: Ledger, now: Now, actor: Administrator) -> Any:
    """Another key, shown this once."""
    key = connections.new_key(database, name_of(name), now, actor=actor.name)
    what = "It asks with this key (Authorization: Bearer). The key before it is good for 24 hours."
    return render(request, "connection_secret.html", name=name, secret=key, what=what)


@router.post("/connections/{name}/secret")
def secret_page(request: Request, name: str, database: Ledger, now: Now, actor: Administrator) -> Any:
    """Another secret, shown this once."""
    secret = connections.new_secret(database, name_of(name), now, actor=actor.name)
    what = "Its webhooks are signed with this secret. For 24 hours they carry signatures of the one before as well."
    return render(request, "connection_secret.html", name=name, secret=secret, what=what)


@router.post("/connections/{name}/pause")
def pause_page(name: str, database: Ledger, now: Now, actor: Administrator, reason: Reason = "") -> Any:
    """Nothing is sent there until it is resumed."""
    connections.pause(database, name_of(name), reason_of(reason, "pausing it"), now, actor=actor.name)
    return RedirectResponse("/connections", 303)


@router.post("/connections/{name}/resume")
def resume_page(name: str, database: Ledger, actor: Administrator, reason: Reason = "") -> Any:
    """What waited goes out at once."""
    connections.resume(database, name_of(name), reason_of(reason, "resuming it"), actor=actor.name)
    return RedirectResponse("/connections", 303)


@router.post("/connections/{name}/off")
def switch_off_page(name: str, database: Ledger, now: Now, actor: Administrator, reason: Reason = "") -> Any:
    """Nothing is sent there any more, and its keys are worth nothing."""
    connections.switch_off(database, name_of(name), reason_of(reason, "switching it off"), now, actor=actor.name)
    return RedirectResponse("/connections", 303)


@router.post("/connections/{name}/replay")
def replay_page(name: str, database: Ledger, actor: Administrator, after: Field, reason: Reason = "") -> Any:
    """Events after a position go out again."""
    position = whole(after, "the position")
    connections.replay(database, name_of(name), position, reason_of(reason, "sending again"), actor=actor.name)
    return RedirectResponse("/connections#deliveries", 303)
