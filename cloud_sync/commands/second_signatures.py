"""``second-signature``: from when on a release takes the signatures of two people."""

from typing import Annotated

import typer

from cloud_sync.actions.people import signatures
from cloud_sync.commands.terminal import DEFAULT_CONFIG, Config, fail, load, me, opened, say, show, told

second_signature_app = typer.Typer(
    help="When a release or an approval takes the signatures of two people.", no_args_is_help=True
)


@second_signature_app.command("list")
def list_rules(config: Config = DEFAULT_CONFIG) -> None:
    """Show the thresholds."""
    with told(), opened(load(config)) as database:
        show(signatures.list_rules(database), "name", "meaning", "from_value", "changed_by", "changed_reason")


@second_signature_app.command("set")
def set_rule(
    name: str,
    value: Annotated[str, typer.Argument(help="From this number on; or never.")],
    reason: Annotated[str, typer.Option(help="Why; it stays in the history.")],
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Set a threshold."""
    if value != "never" and not (value.isascii() and value.isdigit() and len(value) <= 9):
        fail(f"{value!r} is no number: write a whole number, or never")
    with told(), opened(load(config)) as database:
        signatures.set_rule(database, name, None if value == "never" else int(value), reason=reason, actor=me())
        say(f"{name}: {value}")
