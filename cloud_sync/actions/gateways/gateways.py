"""Gateways: whose batches the ledger believes, and how far each has come."""

import base64
import binascii
from collections import defaultdict

from cloud_sync.errors import Conflict, Invalid, NotFound
from cloud_sync.storage.database import Connection, Database, Row
from cloud_sync.storage.events import add_event
from cloud_sync.storage.queries import queries

GAPS_MAX = 1000
"""At most so many gaps are listed at once."""
WEAK_KEYS = frozenset(
    bytes.fromhex(each)
    for each in (
        "00" * 32,
        "01" + "00" * 31,
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "ec" + "ff" * 30 + "7f",
        "ed" + "ff" * 30 + "7f",
        "ee" + "ff" * 30 + "7f",
    )
)
"""Points of small order, without the sign bit, as libsodium lists them (ge25519_has_small_order): a signature that is
good for one of them is quickly found, whatever it signs."""


def add_gateway(database: Database, name: str, public_key: str, *, actor: str) -> tuple[Row, bool]:
    """Believe batches of ``name`` signed with this Ed25519 key (base64); gives the gateway and whether it is new.

    Raises ``Invalid`` for what is not a key, ``Conflict`` if the gateway has another key or was revoked.
    """
    key = key_of(public_key)
    with database.transaction() as connection:
        refuse_key_of_another(connection, name, key)
        is_new = bool(queries("gateways").add_gateway(connection, name=name, public_key=key))
        row: Row = queries("gateways").gateway_by_name(connection, name=name)
        if is_new:
            add_event(
                connection,
                actor=actor,
                kind="gateway_added",
                subject=f"gateway:{name}",
                data={"public_key": public_key},
            )
        elif bytes(row["public_key"]) != key or row["revoked_at"] is not None:
            state = "was revoked" if row["revoked_at"] else "has another key"
            raise Conflict(
                f"gateway {name} {state}", "Give the new gateway a new name; the old evidence keeps its own."
            )
        return _shown(row), is_new


def revoke_gateway(database: Database, name: str, reason: str, *, actor: str) -> None:
    """Refuse every further batch of ``name``. Raises ``NotFound`` if there is none that is still believed."""
    with database.transaction() as connection:
        if not queries("gateways").revoke_gateway(connection, name=name):
            raise NotFound(f"there is no valid gateway {name}", "See: cloud-sync gateway list")
        add_event(connection, actor=actor, kind="gateway_revoked", subject=f"gateway:{name}", reason=reason)


def take_site(database: Database, name: str, site: str, reason: str, *, actor: str) -> None:
    """Let a gateway speak no more for a site beside its own. Raises ``NotFound`` if it was given none of that name."""
    with database.transaction() as connection:
        if not queries("movements").take_site(connection, gateway=name, site=site):
            raise NotFound(f"gateway {name} was not given site {site}", "See GET /v1/events for what it was given.")
        data = {"site": site}
        add_event(
            connection, actor=actor, kind="gateway_site_taken", subject=f"gateway:{name}", reason=reason, data=data
        )


def list_gateways(database: Database, *, rows_max: int, rows_skipped: int = 0) -> list[Row]:
    """Gateways with their ``lanes`` (how far each journal has come) and ``gaps`` (numbers that are missing)."""
    with database.transaction() as connection:
        rows = list(queries("gateways").gateways(connection, rows_max=rows_max, rows_skipped=rows_skipped))
        ids = [row["id"] for row in rows]
        lanes = _by_gateway(queries("gateways").lanes_of_gateways(connection, gateway_ids=ids))
        gaps = _by_gateway(queries("gateways").gaps_of_gateways(connection, gateway_ids=ids, rows_max=GAPS_MAX))
    return [{**_shown(row), "lanes": lanes[row["id"]], "gaps": gaps[row["id"]]} for row in rows]


def key_of(public_key: str) -> bytes:
    """The 32 bytes of an Ed25519 public key in base64. Raises ``Invalid``."""
    try:
        key = base64.b64decode(public_key, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Invalid("the public key is not base64", "Copy it as printed by the gateway, 44 characters.") from error
    if len(key) != 32:
        raise Invalid(
            f"the public key has {len(key)} bytes, an Ed25519 key has 32", "Copy it as printed by the gateway."
        )
    if key[:-1] + bytes([key[-1] & 0x7F]) in WEAK_KEYS:
        raise Invalid(
            "the public key is a weak one: anybody can sign for it",
            "Let the gateway make its key: edge-agent identity.",
        )
    return key


def refuse_key_of_another(connection: Connection, name: str, key: bytes) -> None:
    """Raise ``Conflict`` if a gateway of another name has this key: nobody could tell the two apart."""
    other: str | None = queries("gateways").other_with_key(connection, name=name, public_key=key)
    if other is not None:
        raise Conflict(
            f"gateway {other} has this public key", "Let the new gateway make a key of its own: edge-agent enroll."
        )


def _shown(row: Row) -> Row:
    return {**row, "public_key": base64.b64encode(bytes(row["public_key"])).decode(), "lanes": [], "gaps": []}


def _by_gateway(rows: list[Row]) -> dict[int, list[Row]]:
    grouped: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        grouped[row["gateway_id"]].append(row)
    return grouped
