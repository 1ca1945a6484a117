"""``cloud-sync``: run the lot ledger and look after it."""

from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from cloud_sync.actions.master_data import master_data
from cloud_sync.commands.accounts import account_app, init
from cloud_sync.commands.alerts import alert_app
from cloud_sync.commands.archive import archive_months
from cloud_sync.commands.backups import backup_ledger, declare_restored, make_key, restore_ledger
from cloud_sync.commands.batches import batch_app
from cloud_sync.commands.broker import broker_app
from cloud_sync.commands.certificates import certificate_app
from cloud_sync.commands.channels import channel_app
from cloud_sync.commands.connections import connection_app
from cloud_sync.commands.doctor import doctor, status
from cloud_sync.commands.dscsa import dscsa_app
from cloud_sync.commands.erasure import erase_person, erase_words
from cloud_sync.commands.erp import erp_app
from cloud_sync.commands.examples import example_command
from cloud_sync.commands.fleet import release_app
from cloud_sync.commands.gateways import gateway_app
from cloud_sync.commands.hl7 import hl7_app
from cloud_sync.commands.labels import label
from cloud_sync.commands.ledger_keys import ledger_key_app
from cloud_sync.commands.loggers import logger_app
from cloud_sync.commands.papers import report, site_format_app, verify_paper
from cloud_sync.commands.records import export_records, import_records, operator_app
from cloud_sync.commands.seal import print_checkpoint, verify_ledger
from cloud_sync.commands.second_signatures import second_signature_app
from cloud_sync.commands.serials import serial_app
from cloud_sync.commands.spreadsheets import bring
from cloud_sync.commands.terminal import (
    DEFAULT_CONFIG,
    Config,
    import_edited_of,
    import_policies_of,
    load,
    opened,
    say,
    told,
)
from cloud_sync.commands.tokens import token_app
from cloud_sync.commands.validation import validate

Workers = Annotated[int, typer.Option(min=1, max=64, help="Processes that serve the same address side by side.")]
Worker = Annotated[str, typer.Option("--worker", hidden=True)]

app = typer.Typer(help="The lot ledger.", no_args_is_help=True, pretty_exceptions_enable=False)


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"lotwarden {version('lotwarden')}")
        raise typer.Exit


@app.callback()
def options(
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """The lot ledger."""


@app.command()
def serve(config: Config = DEFAULT_CONFIG, workers: Workers = 1, worker: Worker = "") -> None:
    """Run the ledger until SIGTERM or Ctrl-C.

    Any number of ledgers may run on one database. Housekeeping, reallocation and the like are done by one of all their
    processes; if it dies, another goes on with it.
    """
    from cloud_sync.commands import serving  # the whole API and console: no other command waits for them

    serving.serve(config, workers, worker)


app.command()(init)
app.add_typer(account_app, name="account")
app.add_typer(certificate_app, name="certificate")
app.add_typer(second_signature_app, name="second-signature")
app.add_typer(token_app, name="token")
app.add_typer(gateway_app, name="gateway")
app.add_typer(release_app, name="release")
app.add_typer(channel_app, name="channel")
app.add_typer(alert_app, name="alert")
app.add_typer(connection_app, name="connection")
app.add_typer(erp_app, name="erp")
app.add_typer(logger_app, name="logger")
app.add_typer(batch_app, name="batch")
app.add_typer(broker_app, name="broker")
app.add_typer(hl7_app, name="hl7")
app.add_typer(ledger_key_app, name="ledger-key")
app.add_typer(operator_app, name="operator")
app.add_typer(site_format_app, name="site-format")
app.add_typer(dscsa_app, name="dscsa")
app.add_typer(serial_app, name="serial")
app.command()(label)
app.command("example")(example_command)
app.command("erase")(erase_person)
app.command("erase-words")(erase_words)


@app.command("check-config")
def check_config(config: Config = DEFAULT_CONFIG) -> None:
    """Name every fault in the configuration file, with the line and what to write instead."""
    loaded = load(config)
    with told():
        policies = master_data.read_policies(loaded.policies_dir)
    say(f"{config} is good: {len(policies)} storage policies, listening on {loaded.server.host}:{loaded.server.port}")


@app.command()
def migrate(config: Config = DEFAULT_CONFIG) -> None:
    """Bring the database to this version. serve does this automatically."""
    with told(), opened(load(config), may_create=True):
        say("the database is at the newest version")


@app.command("import-policies")
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


app.command("verify")(verify_ledger)
app.command("checkpoint")(print_checkpoint)
app.command("import")(import_records)
app.command("bring")(bring)
app.command("export")(export_records)
app.command("report")(report)
app.command("verify-paper")(verify_paper)
app.command()(validate)
app.command()(doctor)
app.command()(status)
app.command("archive")(archive_months)
app.command("backup")(backup_ledger)
app.command("restore")(restore_ledger)
app.command("restored")(declare_restored)
app.command("backup-key")(make_key)


def main() -> None:
    """Entry point of the command."""
    app()


if __name__ == "__main__":
    main()
