"""``ledger-key``: what gateways know this ledger by."""

import sys
from typing import Annotated

import typer

from cloud_sync.actions.gateways import ledger_keys
from cloud_sync.commands.terminal import DEFAULT_CONFIG, Config, load, me, opened, say, told

ledger_key_app = typer.Typer(help="The key with which this ledger signs receipts.", no_args_is_help=True)


@ledger_key_app.command("show")
def show_ledger_key(config: Config = DEFAULT_CONFIG) -> None:
    """Print the public key, for edge-agent trust-ledger --key. Gateways that enrol with a code get it by themselves."""
    with told(), opened(load(config)) as database:
        # Alone on its line: scripts read it.
        sys.stdout.write(ledger_keys.ledger_keys(database).public_key + "\n")


@ledger_key_app.command("rotate")
def rotate_ledger_key(
    reason: Annotated[str, typer.Option(help="Why; the event log keeps it.")],
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Sign with a new key. Gateways follow by the old key's word; after a theft of the old one, enrol them anew."""
    with told(), opened(load(config)) as database:
        old, new = ledger_keys.rotate(database, actor=me(), reason=reason)
        say(
            f"receipts are signed with {new} from now on. Gateways that know {old} take it over with their next "
            "receipt; one that has been away for many changes has to enrol again (cloud-sync gateway invite --replace)"
        )
