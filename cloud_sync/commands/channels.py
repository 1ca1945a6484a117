"""Where channels measure: what their names propose, and what is set."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from cloud_sync.actions.master_data import master_data
from cloud_sync.actions.monitoring.channels import place_channel
from cloud_sync.commands.terminal import DEFAULT_CONFIG, Config, fail, load, me, opened, say, show, told
from cloud_sync.storage.database import Database, Row
from edge_agent.domain.monitoring.judged import place_in_name

ROWS_MAX = 10_000
channel_app = typer.Typer(help="Where sensors measure, and so which storage policy judges them.", no_args_is_help=True)


@channel_app.command("list")
def list_channels(
    gateway: Annotated[str | None, typer.Option(help="Of one gateway only.")] = None, config: Config = DEFAULT_CONFIG
) -> None:
    """Show channels with their place, and the one that the name of the device proposes where none is set."""
    with told(), opened(load(config)) as database:
        places = _places(database)
        rows = [
            {**row, "proposed": "" if row["place"] else place_in_name(row["device"], places) or "none"}
            for row in _channels(database, gateway)
        ]
    show(rows, "gateway", "device", "metric", "place", "proposed", "latest_at")


@channel_app.command("place")
def place_channels(
    gateway: Annotated[str, typer.Argument(help="The gateway's name.")],
    device: Annotated[str, typer.Argument(help="The device, e.g. fridge-a/probe-1.")],
    place: Annotated[str | None, typer.Argument(help="Where it measures; else as its name proposes.")] = None,
    metric: Annotated[str | None, typer.Option(help="One channel of it only, e.g. temp_2_c.")] = None,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Set where a device measures: from now on, or all it ever measured if it had no place before."""
    with told(), opened(load(config)) as database:
        rows = [row for row in _channels(database, gateway) if row["device"] == device]
        rows = [row for row in rows if metric in (None, row["metric"])]
        if not rows:
            fail(f"gateway {gateway} has sent no channel of {device} yet. See: cloud-sync channel list")
        target = place or place_in_name(device, _places(database))
        if target is None:
            fail(f"the name {device} proposes no place: name one. See: cloud-sync export places")
        for row in rows:
            place_channel(database, row["id"], target, since=None, at=datetime.now(UTC), actor=me())
        say(f"{', '.join(row['metric'] for row in rows)} of {device} measures in {target}")


def _channels(database: Database, gateway: str | None) -> list[Row]:
    return master_data.list_channels(database, gateway=gateway, place=None, rows_max=ROWS_MAX)


def _places(database: Database) -> set[str]:
    return {row["name"] for row in master_data.list_places(database, rows_max=ROWS_MAX)}
