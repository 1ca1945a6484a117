"""``broker``: make the stream that a cluster of brokers keeps batches in, and see whether it may be relied on."""

from pathlib import Path
from typing import Annotated

import typer

from cloud_sync.commands.terminal import DEFAULT_CONFIG, Config, fail, load, say, told
from cloud_sync.errors import ConfigError
from cloud_sync.ingest.jetstream.settings import JetStreamSection

CREDENTIALS = Annotated[
    Path | None,
    typer.Option("--credentials-file", help="Of somebody who may make streams, if the ledger's user may not."),
]

broker_app = typer.Typer(help="The stream in which a cluster of brokers keeps batches.", no_args_is_help=True)


@broker_app.callback()
def broker() -> None:
    """The stream in which a cluster of brokers keeps batches."""


@broker_app.command("prepare")
def prepare_command(config: Config = DEFAULT_CONFIG, credentials_file: CREDENTIALS = None) -> None:
    """Make the stream and its consumers, or change them to what [jetstream] of the configuration says."""
    section = _section(config, credentials_file)
    from cloud_sync.ingest.jetstream.administration import prepare_stream

    with told():
        try:
            prepare_stream(section)
        except ValueError as error:
            raise ConfigError((str(error),)) from error
    say(f"stream {section.stream} is kept by {section.replicas} nodes, in {section.partitions} partitions")


@broker_app.command("check")
def check_command(config: Config = DEFAULT_CONFIG) -> None:
    """See whether the ledger may rely on the brokers; ends with 1 and the reasons if not."""
    section = _section(config, None)
    from cloud_sync.ingest.jetstream.administration import stream_faults

    with told():
        try:
            faults = stream_faults(section)
        except ValueError as error:
            raise ConfigError((str(error),)) from error
    if faults:
        fail(*faults)
    synced = "each batch is synced to the disk" if section.monitor_urls else "not asked whether batches are synced"
    say(f"stream {section.stream} is kept by {section.replicas} nodes; {synced}")


def _section(config: Path, credentials_file: Path | None) -> JetStreamSection:
    section = load(config).jetstream
    if section is None:
        fail(f"{config} has no section [jetstream]", "Add it: config/ledger.example.toml shows its keys.")
    return section if credentials_file is None else section.model_copy(update={"credentials_file": credentials_file})
