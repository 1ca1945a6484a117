"""What of a gateway's journal the ledger has not got: a restored ledger is older than its receipts.

The gateway knows what was acknowledged; what the ledger misses of that, it sends again if it still keeps it, and
declares as lost otherwise.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from time import monotonic
from typing import Any

from cloud_sync.actions.gateways.desk import Asked, genuine_gateway
from cloud_sync.storage.database import Connection, Database
from cloud_sync.storage.queries import queries
from edge_agent.domain.wire.journal_gaps import missing_words
from edge_agent.domain.wire.records import Lane
from edge_agent.domain.wire.wire import header_of

SPANS_MAX = 500
"""Of each lane; the gateway asks again."""
TOLD_EVERY_S = 60.0
"""To a gateway that cannot ask, it is told at most so often."""
GATEWAYS_MAX = 10_000


class MissingTeller:
    """Says to gateways behind a broker what the ledger has not got of the journal that they send. Safe in threads."""

    def __init__(
        self, database: Database, *, every_s: float = TOLD_EVERY_S, mono_s: Callable[[], float] = monotonic
    ) -> None:
        self._database = database
        self._every_s = every_s
        self._mono_s = mono_s
        self._told_s: dict[str, float] = {}

    def __call__(self, gateway: str, raw: bytes) -> str:
        """In words for the gateway whose batch this is; '' if nothing is missing, or it was told not long ago."""
        now_s = self._mono_s()
        if now_s - self._told_s.get(gateway, now_s - self._every_s) < self._every_s:
            return ""
        if len(self._told_s) >= GATEWAYS_MAX:
            self._told_s.clear()
        self._told_s[gateway] = now_s
        journal = str(header_of(raw).journal)
        with self._database.transaction() as connection:
            row = queries("gateways").gateway_by_name(connection, name=gateway)
            if row is None:
                return ""
            ends = queries("backup").known_ends(connection, gateway_id=row["id"], journal=journal)
            spans = [
                (each["lane"], each["first"], each["last"])
                for end in list(ends)
                for each in _missing(connection, row["id"], journal, Lane(end["lane"]), end["last_seq"])
            ]
        return missing_words(journal, spans) if spans else ""


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
