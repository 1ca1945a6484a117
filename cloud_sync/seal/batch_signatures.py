"""Checks again that every batch kept as evidence was signed by the gateway that it is kept for.

The tree shows that a batch is what was stored. That nobody stored it in a gateway's name, only the gateway's own
signature shows: by a key of which a sealed event tells, not by the one that stands in the table of gateways now.
"""

from collections.abc import Mapping

from cloud_sync.ingest.pipeline import verifier
from cloud_sync.storage.database import Connection, Row
from cloud_sync.storage.queries import queries
from edge_agent.domain.wire.wire import Verify, is_genuine

BATCHES_AT_ONCE = 1_000
"""Some megabytes; a batch has up to half of one."""

KeysOf = Mapping[int, list[Verify]]


def keys_told(connection: Connection) -> KeysOf:
    """Of each gateway, by id, the keys with which it was ever believed."""
    return {
        row["id"]: [verifier(key) for key in row["public_keys"]] for row in queries("seal").gateway_keys(connection)
    }


def keys_not_told(connection: Connection) -> list[Row]:
    """Gateways that are believed by a key of which no event tells: ``row_name``."""
    return list(queries("seal").gateways_with_untold_key(connection))


def falsely_signed(keys: KeysOf, low: int, high: int, connection: Connection) -> list[Row]:
    """Batches with ids from ``low`` to ``high`` that their gateway did not sign: ``row_name``, ``gateway``."""
    found = []
    while rows := list(queries("seal").batches_to_check(connection, low=low, high=high, rows_max=BATCHES_AT_ONCE)):
        for row in rows:
            raw = bytes(row["raw"])
            if not any(is_genuine(raw, verify) for verify in keys.get(row["gateway_id"], ())):
                found.append({"row_name": str(row["id"]), "gateway": row["gateway"]})
        low = rows[-1]["id"] + 1
    return found
