"""Storage policies of the configured folder: ``import-policies``, and what ``serve`` does with them."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from cloud_sync.actions import access
from cloud_sync.actions.master_data import master_data
from cloud_sync.actions.monitoring import policy_files
from cloud_sync.commands.terminal import DEFAULT_CONFIG, Config, load, opened, say, told
from cloud_sync.config import LedgerConfig
from cloud_sync.storage.database import Database


def import_policies(
    config: Config = DEFAULT_CONFIG,
    folder: Annotated[Path | None, typer.Argument(help="Folder with *.toml; else as configured.")] = None,
    edited: Annotated[
        list[str], typer.Option(help="A policy whose file was edited: in force from now on in its places.")
    ] = [],  # noqa: B006 - typer only reads it
) -> None:
    """Add storage policies that the ledger does not have; with --edited, use an edited one from now on."""
    loaded = load(config)
    loaded = loaded.model_copy(update={"policies_dir": folder or loaded.policies_dir})
    with told(), opened(loaded) as database:
        if edited:
            import_edited_of(database, loaded, edited, datetime.now(UTC))
        import_policies_of(database, loaded)


def check_config(config: Config = DEFAULT_CONFIG) -> None:
    """Name every fault in the configuration file, with the line and what to write instead."""
    loaded = load(config)
    with told():
        policies = master_data.read_policies(loaded.policies_dir)
    say(f"{config} is good: {len(policies)} storage policies, listening on {loaded.server.host}:{loaded.server.port}")


def import_policies_of(database: Database, config: LedgerConfig) -> None:
    """Add the policies of the configured folder that the ledger lacks, and say what came of it."""
    policies = master_data.read_policies(config.policies_dir)
    imported = policy_files.import_policies(database, policies, actor=access.CONSOLE)
    if imported.new:
        say(f"storage policies added: {', '.join(imported.new)}")
    for name in imported.edited:
        say(
            f"the file of storage policy {name} was edited; the ledger still judges by it as it was."
            f" To use it from now on: cloud-sync import-policies --edited {name}"
        )
    for name in imported.unwatched:
        say(
            f"storage policy {name} is NOT added: it limits values and would not notice a dead sensor."
            " Add a rule of kind no_data, or silence_accepted with the reason"
        )


def import_edited_of(database: Database, config: LedgerConfig, names: Sequence[str], at: datetime) -> None:
    """Let the edited policies of these names be in force from now on where the ones before were."""
    policies = [each for each in master_data.read_policies(config.policies_dir) if each.name in names]
    renamed = policy_files.import_edited(database, policies, at=at, actor=access.CONSOLE)
    for name in names:
        if name in renamed:
            say(
                f"storage policy {name}: in force as {renamed[name]} from now on in every place that had it; where "
                "stock has stood, as soon as a second person confirms it (corrections)"
            )
        else:
            say(f"storage policy {name}: the file says what the ledger has; nothing is changed")
