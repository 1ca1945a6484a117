"""Trading partners as people keep them: the business, its licences, and which items are products under the act."""

from datetime import date, datetime
from typing import Any

from cloud_sync.actions.master_data.master_data import item_named, place_named
from cloud_sync.errors import Conflict, Invalid, NotAllowed, NotFound
from cloud_sync.interop.dscsa.licences import OF_STATE, WORDS, LicenceKind
from cloud_sync.notify.outside import check_url
from cloud_sync.posting.interop.partners import why_not
from cloud_sync.storage.database import Connection, Database, Row
from cloud_sync.storage.events import add_event
from cloud_sync.storage.queries import queries

PARTNER_KINDS = ("supplier", "customer", "site")
FIELDS = ("business_name", "street", "city", "state", "postal_code", "country", "gln", "category", "contact",
          "telephone", "email", "verification_url", "connection")  # fmt: skip
PARTNERS_MAX = 10_000


def keep_product(database: Database, item: str, *, actor: str, **told: Any) -> Row:
    """Say that an item is a product under the act, and what transaction information tells of it. Raises
    ``NotFound``."""
    with database.transaction() as connection:
        item_id = item_named(connection, item)["id"]
        queries("transactions").keep_traced(connection, item_id=item_id, set_by=actor, **told)
        add_event(connection, actor=actor, kind="traced_product_kept", subject=f"item:{item}", data=told)
        return {"item": item, "set_by": actor, **told}


def forget_product(database: Database, item: str, reason: str, *, actor: str) -> None:
    """Say that an item is no product under the act. Raises ``NotFound``."""
    with database.transaction() as connection:
        if not queries("transactions").forget_traced(connection, item_id=item_named(connection, item)["id"]):
            raise NotFound(f"{item} is not listed as a product under the act", "See GET /v1/dscsa/products.")
        add_event(connection, actor=actor, kind="traced_product_forgotten", subject=f"item:{item}", reason=reason)


def list_products(database: Database, *, rows_max: int, rows_skipped: int = 0) -> list[Row]:
    """Items that are products under the act."""
    with database.transaction() as connection:
        return list(queries("transactions").traced_products(connection, rows_max=rows_max, rows_skipped=rows_skipped))


def keep_partner(database: Database, place: str, *, actor: str, **told: str) -> Row:
    """Say which business is behind a supplier or customer, or behind a site of ours. Raises ``NotFound``,
    ``Invalid``."""
    if told["verification_url"]:
        check_url(told["verification_url"], frozenset())
    with database.transaction() as connection:
        where = _partner_place(connection, place)
        if told["connection"] and queries("connections").connection(connection, name=told["connection"]) is None:
            raise NotFound(f"there is no connection {told['connection']}", "Set it up first: PUT /v1/connections/NAME.")
        queries("trading_partners").keep_partner(connection, place_id=where["id"], set_by=actor, **told)
        data = {name: told[name] for name in FIELDS if told[name]}
        add_event(connection, actor=actor, kind="trading_partner_kept", subject=f"place:{place}", data=data)
        return _partner(connection, where["id"])


def list_partners(database: Database, on: date, *, rows_max: int, rows_skipped: int = 0) -> list[Row]:
    """Partners and our own sites, with ``why_not``: why each may not be traded with on that day, '' if it may."""
    with database.transaction() as connection:
        rows = list(queries("trading_partners").partners(connection, rows_max=rows_max, rows_skipped=rows_skipped))
        faults = why_not(connection, [row["place_id"] for row in rows], on)
    return [{**row, "why_not": "" if row["kind"] == "site" else faults[row["place_id"]]} for row in rows]


def show_partner(database: Database, place: str, on: date) -> dict[str, Any]:
    """A partner with its licences. Raises ``NotFound``, ``Invalid``."""
    with database.transaction() as connection:
        where = _partner_place(connection, place)
        partner = _partner(connection, where["id"])
        licences = list(queries("trading_partners").licences(connection, place_ids=[where["id"]]))
        fault = "" if where["kind"] == "site" else why_not(connection, [where["id"]], on)[where["id"]]
        return {**partner, "licences": licences, "why_not": fault}


def add_licence(
    database: Database,
    place: str,
    *,
    kind: str,
    number: str,
    state: str,
    valid_until: date,
    verified_with: str,
    at: datetime,
    actor: str,
) -> Row:
    """Keep that somebody looked a licence up. Raises ``NotFound``, ``Invalid``."""
    if LicenceKind(kind) in OF_STATE and not state:
        raise Invalid(f"a {WORDS[LicenceKind(kind)]} is given by a state", "Name the state, for example TX.")
    with database.transaction() as connection:
        where = _partner_place(connection, place)
        licence_id: int = queries("trading_partners").add_licence(
            connection,
            place_id=where["id"],
            kind=kind,
            number=number,
            state=state,
            valid_until=valid_until,
            verified_by=actor,
            verified_at=at,
            verified_with=verified_with,
        )
        data = {"licence": licence_id, "kind": kind, "number": number, "state": state,
                "valid_until": valid_until.isoformat(), "verified_with": verified_with}  # fmt: skip
        add_event(connection, actor=actor, kind="licence_verified", subject=f"place:{place}", data=data)
        return _licence(connection, licence_id)


def withdraw_licence(database: Database, licence_id: int, reason: str, *, at: datetime, actor: str) -> Row:
    """Say that a licence is not valid any more. Raises ``NotFound``, ``Conflict``."""
    with database.transaction() as connection:
        licence = _licence(connection, licence_id)
        if not queries("trading_partners").withdraw_licence(
            connection, licence_id=licence_id, withdrawn_by=actor, withdrawn_at=at, withdrawn_reason=reason
        ):
            raise Conflict(f"licence {licence['number']} was withdrawn before")
        data = {"licence": licence_id, "number": licence["number"]}
        subject = f"place:{licence['partner']}"
        add_event(connection, actor=actor, kind="licence_withdrawn", subject=subject, reason=reason, data=data)
        return _licence(connection, licence_id)


def check_connection(database: Database, place: str, name: str) -> None:
    """Raise ``NotAllowed`` unless a connection is that of this partner. Raises ``NotFound``, ``Invalid``."""
    with database.transaction() as connection:
        partner = _partner(connection, partner_place(connection, place)["id"])
    if partner["connection"] != name:
        raise NotAllowed(
            f"connection {name} is not the one of {place}",
            "Name it with the trading partner: PUT /v1/dscsa/partners/NAME.",
        )


def partner_place(connection: Connection, name: str) -> Row:
    """A supplier or customer. Raises ``NotFound``, ``Invalid`` for a place that is neither."""
    place = _partner_place(connection, name)
    if place["kind"] == "site":
        raise Invalid(f"{name} is a site of ours, not a trading partner", "Name the supplier or customer.")
    return place


def _partner_place(connection: Connection, name: str) -> Row:
    place = place_named(connection, name)
    if place["kind"] not in PARTNER_KINDS:
        raise Invalid(
            f"{name} is a {place['kind']}: no business of its own", "Name a supplier, a customer, or a site of ours."
        )
    return place


def _partner(connection: Connection, place_id: int) -> Row:
    row: Row | None = queries("trading_partners").partner_by_place(connection, place_id=place_id)
    assert row is not None  # noqa: S101 - the place is there
    return {**row, **{name: row[name] or "" for name in FIELDS}}


def _licence(connection: Connection, licence_id: int) -> Row:
    row: Row | None = queries("trading_partners").licence_by_id(connection, licence_id=licence_id)
    if row is None:
        raise NotFound(f"there is no licence {licence_id}", "See GET /v1/dscsa/partners/NAME for those of a partner.")
    return row
