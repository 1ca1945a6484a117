"""``serve`` and ``migrate``: the ledger itself."""

from typing import Annotated

import typer

from cloud_sync.commands.loading import loading
from cloud_sync.commands.terminal import DEFAULT_CONFIG, Config, load, opened, say, told

Workers = Annotated[int, typer.Option(min=1, max=64, help="Processes that serve the same address side by side.")]
Worker = Annotated[str, typer.Option("--worker", hidden=True)]


def serve(config: Config = DEFAULT_CONFIG, workers: Workers = 1, worker: Worker = "") -> None:
    """Run the ledger until SIGTERM or Ctrl-C.

    Any number of ledgers may run on one database. Housekeeping, reallocation and the like are done by one of all their
    processes; if it dies, another goes on with it.
    """
    with loading():
        from cloud_sync.commands import serving  # the whole API and console: no other command waits for them

    serving.serve(config, workers, worker)


def migrate(config: Config = DEFAULT_CONFIG) -> None:
    """Bring the database to this version. serve does this automatically."""
    with told(), opened(load(config), may_create=True):
        say("the database is at the newest version")
