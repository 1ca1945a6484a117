"""``token``: for people and programs that use the API."""

import sys
from datetime import UTC, datetime
from typing import Annotated

import typer

from cloud_sync.actions import access
from cloud_sync.commands.terminal import DEFAULT_CONFIG, Config, check_name, duration, load, me, opened, say, show, told
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
    site: Annotated[str | None, typer.Option(help="It acts at this site only.")] = None,
    owner: Annotated[str | None, typer.Option(help="Whose stock it sees: for the role owner.")] = None,
    valid: Annotated[str | None, typer.Option(help="How long it is good, e.g. 90d; left out: until revoked.")] = None,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Make a token and print it, this once."""
    check_name(name)
    check_name(person or name)
    expires_at = datetime.now(UTC) + duration(valid) if valid else None
    with told(), opened(load(config)) as database:
        made = access.create_token(
            database, name, role, person=person, site=site, owner=owner, expires_at=expires_at, actor=me()
        )
        # Alone on its line: scripts read it. The ledger keeps only its digest.
        sys.stdout.write(made + "\n")


@token_app.command("rotate")
def rotate_token(
    name: str,
    overlap: Annotated[str, typer.Option(help="How long the old secret is good as well, e.g. 30m, 24h.")] = "24h",
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Make another secret for a token and print it, this once."""
    with told(), opened(load(config)) as database:
        old_until = datetime.now(UTC) + duration(overlap)
        sys.stdout.write(access.rotate_token(database, name, old_until=old_until, actor=me()) + "\n")


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
        show(access.list_tokens(database), "name", "person", "role", "site", "owner", "created_at", "expires_at",
             "revoked_at")  # fmt: skip
