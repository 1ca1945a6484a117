"""The desk of a gateway: who asks for it is proven by a signature, and what it holds is read at one instant."""

import base64
import binascii
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from secrets import token_bytes
from typing import Any

import psycopg
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from cloud_sync.actions.master_data.master_data import place_named
from cloud_sync.domain.booking import Why
from cloud_sync.domain.orders import OrderKind
from cloud_sync.errors import Conflict, NotFound, NotKnown
from cloud_sync.posting.movements import rebook_cases
from cloud_sync.posting.reservations.order_state import orders_now
from cloud_sync.storage.database import Connection, Database, Row
from cloud_sync.storage.events import add_event
from cloud_sync.storage.locks import lock_holds
from cloud_sync.storage.queries import queries
from edge_agent.domain.monitoring.policies import for_gateways
from edge_agent.domain.stock.badges import SALT_BYTES, badge_digest, kept_pin
from edge_agent.domain.stock.desk import DeskSnapshot, desk_from, desk_json
from edge_agent.domain.wire.request_signing import TOLERANCE_S, signed_words

CASES_MAX = 100
"""Of the scans of a gateway that could not be booked, how many its desk names."""
NOT_BOOKED_KINDS = [*(why.value for why in Why), "count_not_read", "batch_set_aside"]
ORDERS_MAX = 1000
"""Of the latest orders of a site, how many are looked at for its desks."""
LOST_MAX = 10_000
"""Of the latest lost serials, how many docks know."""
BADGES_CACHED = 20_000
"""Digests, by badge and site: each takes milliseconds, and desks are asked for again and again."""
NONCE = re.compile(r"[0-9a-f]{32}")
WHAT_TO_DO = "Check the gateway's name, key and clock: edge-agent identity, cloud-sync gateway list."


@dataclass(frozen=True, slots=True)
class Asked:
    """The credentials of one request, as its headers say them."""

    gateway: str
    at: str
    nonce: str
    signature: str
    method: str
    path: str


def desk_for(database: Database, asked: Asked, *, now: datetime) -> bytes:
    """The desk of the gateway that asks, as JSON; the same bytes while nothing changes.

    Raises ``NotKnown`` for a request that is not genuine, too old or was answered before, ``NotFound`` if nobody has
    said where the gateway stands.
    """
    with database.transaction() as connection:
        gateway = genuine_gateway(connection, asked, now)
    if gateway["place"] is None:
        raise NotFound(
            f"gateway {asked.gateway} has no location assigned",
            "Say it: PUT /v1/gateways/NAME/place, or cloud-sync gateway place NAME PLACE.",
        )
    with database.transaction() as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        return desk_json(_snapshot(connection, asked.gateway, gateway, now))


def place_gateway(database: Database, name: str, place: str, *, actor: str) -> None:
    """Say where a gateway stands: it speaks for the site around it, and its docks get the desk of that. What it said
    before anybody knew is booked now. Raises ``NotFound``."""
    with database.transaction() as connection:
        lock_holds(connection)
        place_id = place_named(connection, place)["id"]
        before = queries("desk").lock_gateway_place(connection, name=name)
        if before is None:
            raise NotFound(f"there is no gateway {name}", "See: cloud-sync gateway list")
        queries("desk").place_gateway(connection, name=name, place_id=place_id)
        data = {"place": place, "before": before["place"]}
        add_event(connection, actor=actor, kind="gateway_placed", subject=f"gateway:{name}", data=data)
        rebook_cases(connection, actor=actor)


def put_operator(
    database: Database,
    name: str,
    badge: str,
    *,
    active: bool,
    actor: str,
    sites: Sequence[str] | None = None,
    pin: str | None = None,
) -> None:
    """Give an operator a badge, change it or withdraw it.

    The docks of ``sites`` know it (empty: of all sites; None: as before). ``pin``: the 4 to 8 digits that have to be
    given with it (empty: none; None: as before). Raises ``NotFound`` for an unknown site,
    ``Conflict`` if somebody else has the badge.
    """
    try:
        with database.transaction() as connection:
            before = queries("desk").lock_operator(connection, name=name)
            queries("desk").put_operator(connection, name=name, badge=badge, active=active)
            data = {"badge": badge, "active": active, "before": before, "sites": sites}
            if sites is not None:
                site_ids = [place_named(connection, site)["id"] for site in sites]
                queries("desk").forget_sites(connection, name=name)
                queries("desk").add_sites(connection, name=name, site_ids=site_ids)
            if pin is not None:
                queries("desk").set_pin(
                    connection, name=name, pin=kept_pin(pin, token_bytes(SALT_BYTES)) if pin else None
                )
                data["pin"] = "set" if pin else "removed"
            add_event(connection, actor=actor, kind="operator_put", subject=f"operator:{name}", data=data)
    except psycopg.errors.UniqueViolation as error:
        raise Conflict(f"the badge {badge} is somebody else's", "Print a badge with another code.") from error


def genuine_gateway(connection: Connection, asked: Asked, now: datetime) -> Row:
    """The gateway that asks. Raises ``NotKnown`` unless it signed this very request just now."""
    row: Row | None = queries("desk").gateway_to_serve(connection, name=asked.gateway)
    if row is None or row["revoked_at"] is not None or not _is_signed(asked, bytes(row["public_key"])):
        raise NotKnown(f"no valid gateway {asked.gateway} signed this request", WHAT_TO_DO)
    try:
        at = datetime.fromisoformat(asked.at)
        is_near = abs(at - now) <= timedelta(seconds=TOLERANCE_S)
    except (ValueError, TypeError):
        is_near = False
    if not is_near:
        raise NotKnown(f"the request is of {asked.at}, too far from the ledger's time", WHAT_TO_DO)
    # A request counts for the tolerance before and after its own time; longer than that no number need be remembered.
    queries("desk").forget_nonces(connection, before=now - timedelta(seconds=2 * TOLERANCE_S))
    if not NONCE.fullmatch(asked.nonce) or not queries("desk").use_nonce(
        connection, gateway_id=row["id"], nonce=asked.nonce, at=now
    ):
        raise NotKnown("this request was answered before", "Sign every request again; a signature is valid once.")
    return row


def _is_signed(asked: Asked, public_key: bytes) -> bool:
    signed = signed_words(asked.gateway, asked.method, asked.path, asked.at, asked.nonce)
    try:
        signature = base64.b64decode(asked.signature, validate=True)
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, signed)
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


def _salt_of(public_key: bytes) -> str:
    """Of the key of a site's oldest gateway: the same for all desks of the site, and for those of no other."""
    return hashlib.sha256(b"badges " + public_key).digest()[:SALT_BYTES].hex()


@lru_cache(BADGES_CACHED)
def _digest(badge: str, salt: str) -> str:
    return badge_digest(badge, salt)


def _orders(connection: Connection, site_id: int) -> list[dict[str, Any]]:
    """What of the latest orders is still open: receipts of purchases, picks of requisitions and transfers."""
    rows = queries("desk").orders_at_site(connection, site_id=site_id, rows_max=ORDERS_MAX)
    found = orders_now(connection, [row["number"] for row in rows])
    shown = []
    for number, order in sorted(found.items()):
        is_receipt = order.kind is OrderKind.PURCHASE
        lines: list[dict[str, Any]] = [
            {
                "item": order.items[line.item_id],
                "quantity": line.wanted,
                "done": line.wanted - order.open_of(line),
                "lot": line.lot_number or None,
            }
            for line in order.lines
            if line.wanted
        ]
        if any(line["done"] < line["quantity"] for line in lines):
            partner = order.row["from_place"] if is_receipt else order.row["to_place"]
            kind = "receipt" if is_receipt else "issue"
            shown.append({"number": number, "kind": kind, "partner": partner, "lines": lines})
    return shown


def _operator(row: Row, salt: str) -> dict[str, Any]:
    """An operator as docks know them: a badge does not count before the training for its person's roles is complete."""
    why_not = f"read and sign {row['untrained']} first" if row["active"] and row["untrained"] else ""
    return {
        "name": row["name"], "badge": _digest(row["badge"], salt), "active": row["active"] and not why_not,
        "pin": row["pin"], "why_not": why_not,
    }  # fmt: skip


def _lost(row: Row) -> dict[str, Any]:
    """A lost serial as docks know it."""
    what = {"counterfeit": "counterfeits bear it", "stolen": "it was stolen", "lost": "it is lost"}[row["why"]]
    text = (
        f"serial {row['serial']} of {row['title'] or row['item']} is on the list of lost serials: {what}. Set it apart "
        "and call quality"
    )
    return {"item": row["item"], "serial": row["serial"], "text": text}


def _snapshot(connection: Connection, name: str, gateway: Row, now: datetime) -> DeskSnapshot:
    site_id = gateway["site_id"]
    desk = queries("desk")
    site = desk.site_name(connection, site_id=site_id)
    salt = _salt_of(bytes(desk.oldest_key(connection, site_id=site_id)))
    content: dict[str, Any] = {
        "gateway": name,
        "site": site,
        "badge_salt": salt,
        "items": list(desk.desk_items(connection)),
        "lots": list(desk.desk_lots(connection, site_id=site_id)),
        "places": list(desk.desk_places(connection, site_id=site_id)),
        "orders": _orders(connection, site_id),
        "operators": [_operator(row, salt) for row in desk.desk_operators(connection, site_id=site_id, at=now)],
        "suppliers": list(desk.desk_suppliers(connection)),
        "policies": [for_gateways(row["body"]) for row in desk.desk_policies(connection)],
        "channels": list(desk.desk_channels(connection, gateway_id=gateway["id"])),
        "lost": [_lost(row) for row in desk.desk_lost(connection, rows_max=LOST_MAX)],
        "not_booked": list(
            desk.desk_cases(connection, gateway_id=gateway["id"], kinds=NOT_BOOKED_KINDS, rows_max=CASES_MAX)
        ),
    }
    return desk_from(content)
