"""``token``: for people and programs that use the API."""

import sys
from typing import Annotated

import typer

from cloud_sync.actions import access
from cloud_sync.commands.terminal import DEFAULT_CONFIG, Config, check_name, load, me, opened, say, show, told
from cloud_sync.domain.roles import Role

token_app = typer.Typer(help="Tokens for people and programs that use the API.", no_args_is_help=True)


@token_app.command("create")
def create_token(
    name: Annotated[str, typer.Argument(help="What the token is called.")],
    role: Annotated[Role, typer.Option(help="What it may do.")],
    person: Annotated[
        str | None,
        typer.Option(help="Whose it is, as on their badge; every event carries this name. Left out: NAME."),
    ] = None,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Make a token and print it, this once."""
    check_name(name)
    check_name(person or name)
    with told(), opened(load(config)) as database:
        # Alone on its line: scripts read it. The ledger keeps only its digest.
        sys.stdout.write(access.create_token(database, name, role, person=person, actor=me()) + "\n")


@token_app.command("revoke")
def revoke_token(name: str, config: Config = DEFAULT_CONFIG) -> None:
    """End a token at once."""
    with told(), opened(load(config)) as database:
        access.revoke_token(database, name, actor=me())
        say(f"token {name} is revoked")


@token_app.command("list")
def list_tokens(config: Config = DEFAULT_CONFIG) -> None:
    """Show all tokens ever made, without their secrets."""
    with told(), opened(load(config)) as database:
        show(access.list_tokens(database), "name", "person", "role", "created_at", "revoked_at")
