"""FHIR: what the ledger knows as resources, page by page, and what others send as facts and orders.

What comes in is kept as it came. A dispense is a fact: it is booked or becomes a case, and is never refused for what
the ledger
holds against it. A request is a requisition, and waits for whoever approves.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from psycopg.types.json import Jsonb

from cloud_sync.actions.interop.hospital_orders import take_orders
from cloud_sync.domain.booking import KnownItem
from cloud_sync.domain.movements import INTERNAL
from cloud_sync.domain.orders import OrderKind, OrderState, states_of
from cloud_sync.domain.roles import Actor, Permission
from cloud_sync.errors import Conflict, Invalid, NotAllowed, NotFound
from cloud_sync.interop.hospital import fhir_out
from cloud_sync.interop.hospital.fhir_in import PLACE_BY_ID, Incoming
from cloud_sync.interop.hospital.fhir_out import Item, Json
from cloud_sync.interop.hospital.fhir_rules import Release
from cloud_sync.interop.hospital.fhir_search import Search
from cloud_sync.posting.interop.documents import keep_document
from cloud_sync.posting.interop.hospital import MessageSource, book_facts
from cloud_sync.posting.movements import known_codes
from cloud_sync.posting.reservations.order_state import orders_now
from cloud_sync.storage.database import Connection, Database, Row
from cloud_sync.storage.queries import queries
from edge_agent.domain.barcodes.item_codes import keys_of_scan

MEDIA_TYPE = "application/fhir+json"
HELD_PLACES = (*sorted(INTERNAL), "ward", "production", "transit")
OTHERS = ("supplier", "customer")
NEEDS: Mapping[str, Permission] = {
    "MedicationDispense": Permission.ISSUE,
    "SupplyRequest": Permission.ORDER,
}
"""Which permission creating a resource needs."""


@dataclass(frozen=True, slots=True)
class ResourcePage:
    """Resources, and the id after which the next page begins (None: there is none)."""

    resources: list[Json]
    next_after: str | None


def search(database: Database, wanted: Search, release: Release, *, at: datetime) -> ResourcePage:
    """A page of resources. Whoever may see only an owner's stock sees only that."""
    with database.transaction() as connection:
        return _FINDERS[wanted.type](connection, wanted, release, at)


def read(database: Database, type_: str, id_: str, release: Release, *, at: datetime) -> Json:
    """One resource. Raises ``NotFound``."""
    wanted = Search(type_, count=1, tokens={"_id": (id_,)})
    found = search(database, wanted, release, at=at).resources
    if not found:
        raise NotFound(f"there is no {type_} {id_}", f"Search for it: GET /fhir/{release}/{type_}")
    return found[0]


def _movements(connection: Connection, wanted: Search, query: str) -> list[Row]:
    recorded, occurred = wanted.between("_lastUpdated"), wanted.between("whenhandedover")
    status = wanted.token("status")
    if status is not None and "completed" not in status:
        return []
    rows = getattr(queries("fhir"), query)(
        connection,
        ids=wanted.ids,
        facts=_listed(wanted.token("identifier")),
        recorded_since=recorded[0],
        recorded_until=recorded[1],
        occurred_since=occurred[0],
        occurred_until=occurred[1],
        after_id=_number(wanted.after),
        rows_max=wanted.count + 1,
    )
    return list(rows)


def _supply_deliveries(connection: Connection, wanted: Search, release: Release, at: datetime) -> ResourcePage:
    rows = _movements(connection, wanted, "supplies")
    items = _items(connection, rows)
    return _page(wanted, rows, lambda row: fhir_out.supply_delivery(row, items[row["item_id"]], release), _id)


def _dispenses(connection: Connection, wanted: Search, release: Release, at: datetime) -> ResourcePage:
    rows = _movements(connection, wanted, "dispenses")
    items = _items(connection, rows)
    return _page(wanted, rows, lambda row: fhir_out.medication_dispense(row, items[row["item_id"]], release), _id)


def _supply_requests(connection: Connection, wanted: Search, release: Release, at: datetime) -> ResourcePage:
    requested = [
        _tighter(*both) for both in zip(wanted.between("date"), wanted.between("_lastUpdated"), (max, min), strict=True)
    ]
    ids, lines = wanted.token("_id"), None
    if ids is not None:
        lines = {(_number(order), _number(line)) for order, _, line in (each.partition("-") for each in ids)}
    after_order, _, after_line = wanted.after.partition("-")
    rows = list(
        queries("fhir").order_lines(
            connection,
            numbers=_listed(wanted.token("identifier")),
            order_ids=None if lines is None else sorted({order for order, _ in lines}),
            recorded_since=requested[0],
            recorded_until=requested[1],
            after_order=_number(after_order),
            after_line=min(_number(after_line), 32_000),
            rows_max=wanted.count + 1 if lines is None else 1000,
        )
    )
    if lines is not None:
        rows = [row for row in rows if (row["order_id"], row["line"]) in lines]
    items = _items(connection, rows)
    status = _statuses(connection, {row["number"] for row in rows})

    def shown(row: Row) -> Json:
        with_status = {**row, "status": status[row["number"], row["line"]]}
        return fhir_out.supply_request(with_status, items[row["item_id"]], release)

    return _page(wanted, rows, shown, lambda row: f"{row['order_id']}-{row['line']}")


def _statuses(connection: Connection, numbers: set[str]) -> dict[tuple[str, int], str]:
    """Of each line, its state in FHIR's words."""
    found: dict[tuple[str, int], str] = {}
    for number, order in orders_now(connection, numbers).items():
        for line in order.lines:
            states = states_of(order.kind, line, frozenset(order.taken), order.filled.by_line[line.line])
            found[number, line.line] = _status(order.kind, set(states), is_open=order.open_of(line) > 0)
    return found


def _status(kind: OrderKind, states: set[OrderState], *, is_open: bool) -> str:
    if not is_open:
        return "cancelled" if states <= {OrderState.CANCELLED, OrderState.REJECTED} else "completed"
    if OrderState.REJECTED in states:
        return "cancelled"
    return "draft" if states == {OrderState.REQUESTED} and kind is OrderKind.PURCHASE else "active"


def _inventory_items(connection: Connection, wanted: Search, release: Release, at: datetime) -> ResourcePage:
    rows = list(
        queries("fhir").lots(
            connection,
            ids=wanted.ids,
            items=_listed(wanted.token("code")),
            lot_numbers=_listed(wanted.token("lot")),
            after_id=_number(wanted.after),
            rows_max=wanted.count + 1,
        )
    )
    items = _items(connection, rows)
    return _page(
        wanted, rows, lambda row: fhir_out.inventory_item(row, items[row["item_id"]]), lambda row: str(row["lot_id"])
    )


def _inventory_reports(connection: Connection, wanted: Search, release: Release, at: datetime) -> ResourcePage:
    places = _places(connection, replace(wanted, count=min(wanted.count, REPORTS_MAX)), HELD_PLACES)
    stock = list(queries("fhir").stock_of_places(connection, place_ids=[place["id"] for place in places[:REPORTS_MAX]]))
    items = _items(connection, stock)
    by_place: dict[int, list[tuple[Row, Item]]] = {}
    for row in stock:
        by_place.setdefault(row["place_id"], []).append((row, items[row["item_id"]]))
    narrowed = replace(wanted, count=min(wanted.count, REPORTS_MAX))
    return _page(narrowed, places, lambda row: fhir_out.inventory_report(row, by_place.get(row["id"], ()), at=at), _id)


REPORTS_MAX = 50
"""Inventory reports of one page: each has all of its place."""


def _locations(connection: Connection, wanted: Search, release: Release, at: datetime) -> ResourcePage:
    return _page(
        wanted,
        _places(connection, wanted, (*HELD_PLACES, "scrap", "count_difference", "used_up", "unpacking")),
        fhir_out.location,
        _id,
    )


def _organizations(connection: Connection, wanted: Search, release: Release, at: datetime) -> ResourcePage:
    return _page(wanted, _places(connection, wanted, OTHERS), fhir_out.organization, _id)


def _places(connection: Connection, wanted: Search, kinds: Sequence[str]) -> list[Row]:
    rows = queries("fhir").places(
        connection, ids=wanted.ids, names=_listed(wanted.token("identifier")), kinds=list(kinds),
        after_id=_number(wanted.after), rows_max=wanted.count + 1,
    )  # fmt: skip
    return list(rows)


_FINDERS: Mapping[str, Callable[[Connection, Search, Release, datetime], ResourcePage]] = {
    "SupplyDelivery": _supply_deliveries,
    "SupplyRequest": _supply_requests,
    "MedicationDispense": _dispenses,
    "InventoryItem": _inventory_items,
    "InventoryReport": _inventory_reports,
    "Location": _locations,
    "Organization": _organizations,
}


def _page(
    wanted: Search, rows: Sequence[Row], shown: Callable[[Row], Json], id_of: Callable[[Row], str]
) -> ResourcePage:
    here = rows[: wanted.count]
    return ResourcePage([shown(row) for row in here], id_of(here[-1]) if len(rows) > wanted.count else None)


def _id(row: Row) -> str:
    return str(row["id"])


def _items(connection: Connection, rows: Sequence[Row]) -> dict[int, Item]:
    found = queries("fhir").items(connection, item_ids=sorted({row["item_id"] for row in rows}))
    return {
        row["id"]: Item(row["name"], row["title"], row["base_unit"], tuple(row["gtins"]), row["ndc"]) for row in found
    }


def _listed(values: tuple[str, ...] | None) -> list[str] | None:
    return None if values is None else list(values)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else 0


def _tighter(first: datetime | None, second: datetime | None, choose: Callable[..., datetime]) -> datetime | None:
    return choose(first, second) if first is not None and second is not None else first or second


@dataclass(frozen=True, slots=True)
class Created:
    """What became of a resource that was sent. ``resource`` is as the ledger has it, None where it became a case;
    ``cases`` say why. ``is_new``: it had not been sent before."""

    resource: Json | None
    cases: tuple[str, ...]
    is_new: bool


def create(
    database: Database, type_: str, incoming: Incoming, content: bytes, release: Release, *, at: datetime, actor: Actor
) -> Created:
    """Book a dispense, or request what is asked for. The same again changes nothing.

    Raises ``NotFound``, ``Invalid``, ``NotAllowed``; ``Conflict`` where the identifier was that of another resource.
    """
    connection_name = f"fhir {actor.name}"
    with database.transaction() as connection:
        kept = keep_document(connection, f"fhir-{release}", content, MEDIA_TYPE, connection_name)
        before = queries("hospital").message_of_document(connection, document_id=kept.id)
        if before is None:
            incoming = _with_places(connection, incoming)
            _check_sites(connection, incoming, type_, actor)
            _check_units(connection, incoming)
            source = _source(connection, kept.id, connection_name, release, type_, incoming, actor, at)
            outcome, text = _done(connection, source, incoming)
            queries("hospital").add_outcome(
                connection, message_id=source.message_id, outcome=outcome, answer="AA", text=text, faults=Jsonb([]),
                map_sha256="", by_whom=actor.name, at=at,
            )  # fmt: skip
            message_id = source.message_id
        else:
            message_id, outcome, text = before["id"], before["outcome"], before["text"]
        where = _where(connection, type_, message_id, incoming)
    resource = None if where is None else read(database, type_, where, release, at=at)
    return Created(resource, (text,) if outcome == "with_cases" else (), before is None)


def _done(connection: Connection, source: MessageSource, incoming: Incoming) -> tuple[str, str]:
    if incoming.told.orders:
        return "ordered", f"ordered: {', '.join(take_orders(connection, source, incoming.told.orders))}"
    cases = book_facts(connection, source, incoming.told.facts)
    return ("with_cases", "; ".join(case["text"] for case in cases)) if cases else ("booked", "1 line booked")


def _where(connection: Connection, type_: str, message_id: int, incoming: Incoming) -> str | None:
    """The id of the resource that came of a message; None if there is none (yet)."""
    if type_ == "SupplyRequest":
        rows = queries("fhir").order_lines(
            connection, numbers=[order.number for order in incoming.told.orders], order_ids=None, recorded_since=None,
            recorded_until=None, after_order=0, after_line=0, rows_max=1,
        )  # fmt: skip
        return next((f"{row['order_id']}-{row['line']}" for row in rows), None)
    rows = queries("availability").moved(connection, facts=[f"hospital/{message_id}#1"])
    return next((str(row["id"]) for row in rows), None)


def _source(
    connection: Connection,
    document_id: int,
    name: str,
    release: Release,
    type_: str,
    incoming: Incoming,
    actor: Actor,
    at: datetime,
) -> MessageSource:
    sites = actor.permissions[NEEDS[type_]]
    site = None
    if sites is not None and len(sites) == 1:
        site = next((row["name"] for row in queries("fhir").places_by_id(connection, ids=list(sites))), None)
    identifier, owner = incoming.identifier, incoming.owner
    message_id: int | None = queries("hospital").add_message(
        connection, document_id=document_id, connection_name=name, format=f"fhir-{release}", kind=type_,
        control_id=identifier, site=site, owner=owner, received_at=at,
    )  # fmt: skip
    if message_id is None:
        raise NotFound(f"there is no owner {owner}", "See GET /v1/owners for those there are.")
    other = queries("hospital").message_with_control_id(
        connection, connection_name=name, control_id=identifier, but_id=message_id
    )
    if other is not None:
        raise Conflict(
            f"the identifier {identifier} was that of another {type_} (message {other})",
            "Give each resource an identifier of its own; send the very same one again only to repeat it.",
        )
    return MessageSource(message_id, name, owner, at)


def _with_places(connection: Connection, incoming: Incoming) -> Incoming:
    """With names in place of ids. Raises ``NotFound``."""
    told = incoming.told
    ids = {int(place.removeprefix(PLACE_BY_ID)) for place in told.places if place.startswith(PLACE_BY_ID)}
    names = {row["id"]: row["name"] for row in queries("fhir").places_by_id(connection, ids=sorted(ids))}

    def name(place: str | None) -> str:
        if place is None or not place.startswith(PLACE_BY_ID):
            return place or ""
        number = int(place.removeprefix(PLACE_BY_ID))
        if number not in names:
            raise NotFound(f"there is no Location {number}", "Search for it: GET /fhir/R4/Location")
        return str(names[number])

    facts = tuple(replace(fact, from_place=name(fact.from_place), to_place=name(fact.to_place)) for fact in told.facts)
    orders = tuple(
        replace(order, from_place=name(order.from_place), to_place=name(order.to_place)) for order in told.orders
    )
    return replace(incoming, told=replace(told, facts=facts, orders=orders))


def _check_sites(connection: Connection, incoming: Incoming, type_: str, actor: Actor) -> None:
    permission = NEEDS[type_]
    sites = actor.permissions[permission]
    if sites is None:
        return
    names = set(incoming.told.places)
    outside = list(queries("access").places_outside(connection, names=sorted(names), site_ids=sorted(sites)))
    if outside:
        raise NotAllowed(
            f"your role may {permission} at your own site only, and {outside[0]['name']} is not there",
            "Use a token that is bound to that site, or to none.",
        )


def _check_units(connection: Connection, incoming: Incoming) -> None:
    """Raise ``Invalid`` where a quantity counts something else than the item's base unit."""
    unit = incoming.unit.lower()
    for each in incoming.told.all if unit else ():
        items: list[KnownItem] = known_codes(connection, keys_of_scan(each.codes)).items_of(keys_of_scan(each.codes))
        for row in queries("fhir").items(connection, item_ids=[item.item_id for item in items]):
            if row["base_unit"].lower() != unit:
                raise Invalid(
                    f"the quantity is in {incoming.unit}, and {row['name']} is counted in {row['base_unit']}",
                    f"Convert it to {row['base_unit']}, or leave the unit out if it is that.",
                )
