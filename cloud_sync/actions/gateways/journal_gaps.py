"""What of a gateway's journal the ledger has not got: a restored ledger is older than its receipts.

The gateway knows what was acknowledged; what the ledger misses of that, it sends again if it still keeps it, and
declares as lost otherwise.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from cloud_sync.actions.gateways.desk import Asked, genuine_gateway
from cloud_sync.storage.database import Connection, Database
from cloud_sync.storage.queries import queries
from edge_agent.domain.wire.records import Lane

SPANS_MAX = 500
"""Of each lane; the gateway asks again."""


def missing_records(
    database: Database, asked: Asked, journal: str, ends: Mapping[Lane, int], *, now: datetime
) -> list[dict[str, Any]]:
    """Spans of numbers (``lane``, ``first``, ``last``) that are not here, of each lane up to its number in ``ends``.

    What the gateway has declared as lost or thinned is not among them. Raises ``NotKnown`` for a request that is not
    genuine.
    """
    with database.transaction() as connection:
        genuine_gateway(connection, asked, now)
        gateway: int = queries("gateways").gateway_by_name(connection, name=asked.gateway)["id"]
        return [span for lane, end in ends.items() for span in _missing(connection, gateway, journal, lane, end)]


def _missing(connection: Connection, gateway_id: int, journal: str, lane: Lane, end: int) -> list[dict[str, Any]]:
    of_lane = {"gateway_id": gateway_id, "journal": journal, "lane": lane.value}
    first = queries("backup").lane_next(connection, **of_lane) or 1
    if first > end:
        return []
    spans = queries("backup").missing_of_lane(connection, **of_lane, first=first, last=end, spans_max=SPANS_MAX)
    return [{"lane": lane.value, "first": row["first"], "last": row["last"]} for row in spans]
