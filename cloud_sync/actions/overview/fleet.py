"""Gateways as whoever looks after them sees them: what the ledger knows of each, and what none has said yet."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cloud_sync.errors import NotFound
from cloud_sync.storage.database import Database, Row
from cloud_sync.storage.queries import queries

ASKED = ("statistics", "started", "stopped", "clock", "certificate_expires", "new_journal")
"""Kinds of notices of which the latest says how a gateway is."""
SHOWN = (
    "started", "stopped", "device_lost", "device_back", "source_changed", "radio_restarted", "clock", "gap", "thinned",
    "new_journal", "calibration_due", "certificate_expires", "seal_conflict", "unproven",
)  # fmt: skip
"""Kinds of notices that the page of a gateway lists."""
GATEWAYS_MAX = 1000
GAPS_MAX = 200
NOTICES_MAX = 50


@dataclass(frozen=True, slots=True)
class GatewayNow:
    """A gateway: its ``row`` (see ``fleet.sql``) and its latest notice by kind, where it ever sent one."""

    row: Row
    notices: dict[str, Row]

    def figure(self, name: str) -> int | None:
        """A figure of its journal as it last reported it (once a day); None: it has not."""
        said = self.notices.get("statistics")
        value = said["data"].get(name) if said else None
        return None if value is None else int(value)

    @property
    def disk(self) -> Mapping[str, Any]:
        """What it last reported of its disk; without what the disk does not say (``edge_agent.host.disk_wear``)."""
        said = self.notices.get("statistics")
        return {key: value for key, value in (said["data"] if said else {}).items() if key.startswith("disk")}

    @property
    def version(self) -> str | None:
        """The program's version, as it last reported it."""
        said = self.notices.get("statistics")
        version: str | None = said["data"].get("version") if said else None
        return version

    @property
    def figures_at(self) -> datetime | None:
        """When it last reported the figures of its journal."""
        said = self.notices.get("statistics")
        return said["at"] if said else None

    @property
    def waiting(self) -> int | None:
        """Records that waited in its journal then."""
        scans, readings = self.figure("scans_waiting"), self.figure("readings_waiting")
        return None if scans is None or readings is None else scans + readings

    @property
    def progress(self) -> float:
        """How much of what the ledger knows to exist is here, from 0 to 1."""
        return 1.0 if not self.row["known"] else 1 - self.row["behind"] / self.row["known"]


def fleet(database: Database, *, name: str | None = None) -> list[GatewayNow]:
    """Every gateway, by name; or the one called ``name``."""
    with database.transaction() as connection:
        rows = list(queries("fleet").fleet(connection, name=name, rows_max=GATEWAYS_MAX))
        notices: dict[int, dict[str, Row]] = defaultdict(dict)
        for notice in queries("fleet").latest_notices(
            connection, gateway_ids=[row["id"] for row in rows], kinds=list(ASKED)
        ):
            notices[notice["gateway_id"]][notice["kind"]] = notice
    return [GatewayNow(row, notices[row["id"]]) for row in rows]


def gateway_now(database: Database, name: str) -> tuple[GatewayNow, list[Row], list[Row]]:
    """One gateway, the ``gaps`` in what it sent, and its newest notices. Raises ``NotFound``."""
    found = fleet(database, name=name)
    if not found:
        raise NotFound(f"there is no gateway {name}", "See the page Gateways for those there are.")
    (gateway,) = found
    with database.transaction() as connection:
        gaps = queries("gateways").gaps_of_gateways(connection, gateway_ids=[gateway.row["id"]], rows_max=GAPS_MAX)
        notices = queries("fleet").notices_of(
            connection, gateway_id=gateway.row["id"], kinds=list(SHOWN), rows_max=NOTICES_MAX
        )
        return gateway, list(gaps), list(notices)


def invitations(database: Database, at: datetime) -> list[Row]:
    """Invitations that nobody has used yet, the newest first."""
    with database.transaction() as connection:
        return list(queries("fleet").open_invitations(connection, at=at, rows_max=GATEWAYS_MAX))
