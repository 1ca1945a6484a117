"""``edge-agent upgrade``: another release of this program, from a stick."""

import os
from pathlib import Path
from typing import Annotated

import typer

from edge_agent.commands.options import DEFAULT_CONFIG, ConfigOption, errors_told, fail
from edge_agent.domain.fleet.releases import ReleaseFault
from edge_agent.fleet.releases import Releases
from edge_agent.runtime.config_loader import load_config
from edge_agent.uplink.trust import LedgerTrust


def upgrade_command(
    folder: Annotated[Path, typer.Option("--from", help="The folder with manifest.json, on a stick or elsewhere.")],
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Install a release that the ledger signed, beside the one that runs; it runs from the next start on.

    It goes out again if it cannot start, or gets no receipt from the ledger in time.
    """
    with errors_told(1):
        data_dir = load_config(config).gateway.data_dir
        if os.geteuid() == 0 and data_dir.exists() and data_dir.stat().st_uid != 0:
            fail(
                f"run this as the agent's user, whose files they are: sudo -u {data_dir.owner()} edge-agent upgrade", 1
            )
        try:
            installed = Releases(data_dir).install_from_folder(folder, LedgerTrust.load(data_dir))
        except ReleaseFault as fault:
            fail(str(fault), 1)
        except OSError as error:
            fail(f"{error.filename or folder} cannot be used: {error.strerror}", 1)
    print(f"release {installed} is in place, on probation. It runs after: sudo systemctl restart edge-agent")
