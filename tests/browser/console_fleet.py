"""A gateway whose configuration was edited there, and a release that stopped, so that their pages have something to
show."""

from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from psycopg.types.json import Jsonb

from cloud_sync.actions.gateways import fleet_config, releases
from cloud_sync.actions.gateways.release_files import ReleaseFolder
from cloud_sync.actions.governance import controlled_changes
from cloud_sync.storage.database import Database
from cloud_sync.storage.queries import queries
from edge_agent.domain.fleet.heartbeats import ConfigStanding, Health, ReleaseStanding
from edge_agent.domain.fleet.managed_config import digest_of_toml
from edge_agent.domain.fleet.releases import ReleaseNeeds

FIRST = '[calendar]\nat = "03:10"\n\n[journal]\nthin_window_s = 600\n'
SECOND = FIRST + (
    '\n[[bus]]\nkind = "modbus-tcp"\nname = "cold-room"\nhost = "192.0.2.10"\n\n[[device]]\nname = "fridge-a/probe-1"\n'
    'bus = "cold-room"\nprofile = "xy-md02"\npoll_s = 10\n'
)
EDITED = SECOND.replace("poll_s = 10", "poll_s = 60").replace("03:10", "05:00")


def a_fleet(database: Database, at: datetime) -> None:
    """Two versions of a configuration and a local edit; two releases, of which the second was stopped."""
    fleet_config.set_config(database, "gw-1", FIRST, reason="as it was", at=at - timedelta(days=3), actor="faye")
    change = fleet_config.set_config(
        database, "gw-1", SECOND, reason="a probe more", at=at - timedelta(days=1), actor="faye"
    )
    controlled_changes.approve(database, change["id"], reason="looked at it", at=at - timedelta(days=1), actor="quinn")
    with TemporaryDirectory() as folder:
        for version in ("0.1.1", "0.2.0"):
            (Path(folder) / "edge-agent.tar.gz").write_bytes(b"program " * 4000)
            releases.make_release(
                database,
                ReleaseFolder(Path(folder) / "kept"),
                Path(folder),
                version,
                needs=ReleaseNeeds(),
                notes=f"Notes on {version}",
                at=at,
                actor="faye",
            )
    why = "no receipt of the ledger came"
    standing = ReleaseStanding(version="0.1.1", tried="0.2.0", last="rolled_back", reason=why)
    heard(database, "gw-1", at, standing)
    releases.put_in_cohort(database, "gw-1", "canary", at=at, actor="faye")
    releases.start_roll_out(database, "0.2.0", "canary, all", reason="faster", at=at, actor="faye")
    releases.step_roll_out(database, at)
    releases.start_roll_out(database, "0.1.1", "canary, 10%, all", reason="back", at=at, actor="faye")


def heard(database: Database, name: str, at: datetime, standing: ReleaseStanding) -> None:
    """Keep a heartbeat, as if the gateway had sent it."""
    config = ConfigStanding(version=2, sha256=digest_of_toml(EDITED, {}), state="drifted", toml=EDITED)
    with database.transaction() as connection:
        gateway = queries("fleet_config").lock_gateway(connection, name=name)
        queries("fleet_config").put_heartbeat(
            connection, gateway_id=gateway["id"], at=at, protocols=[1], config=Jsonb(config.model_dump()),
            release=Jsonb(standing.model_dump()), health=Jsonb(Health(starts=4, uptime_s=86_400).model_dump()),
        )  # fmt: skip
