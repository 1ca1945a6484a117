"""``cloud-sync``: run the lot ledger and look after it."""

from importlib.metadata import version
from typing import Annotated

import typer

from cloud_sync.commands.late_commands import LateCommands

app = typer.Typer(cls=LateCommands, help="The lot ledger.", no_args_is_help=True, pretty_exceptions_enable=False)


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


def main() -> None:
    """Entry point of the command."""
    app()


if __name__ == "__main__":
    main()
