"""``init`` and ``account``: people who sign in."""

import sys
from datetime import UTC, datetime
from typing import Annotated

import typer

from cloud_sync.actions.people import accounts
from cloud_sync.commands.certificates import Hosts, make_first
from cloud_sync.commands.terminal import DEFAULT_CONFIG, Config, check_name, duration, load, me, opened, say, show, told
from cloud_sync.domain.roles import Role

account_app = typer.Typer(help="People who sign in.", no_args_is_help=True)

Person = Annotated[str, typer.Argument(help="How they are called, as on their badge.")]
PrintedName = Annotated[str, typer.Option("--name", help="Their full name, as it stands under what they sign.")]
Site = Annotated[str | None, typer.Option(help="At this site only.")]
Why = Annotated[str, typer.Option("--reason", help="Why; it stays in the history.")]

ONE_TIME = "This secret is good once, for 72 hours; they choose a password of their own when they sign in:"


def init(person: Person, name: PrintedName, host: Hosts = None, config: Config = DEFAULT_CONFIG) -> None:
    """Make the ledger and its first administrator, and print their one-time secret. There is no default password.

    Where there is no configuration yet, or with --host, it also makes a certificate authority and a certificate.
    """
    check_name(person)
    with told():
        make_first(config, host or [])
    loaded = load(config)
    with told(), opened(loaded, may_create=True) as database:
        secret = accounts.init(database, person, name, at=datetime.now(UTC), actor=me())
    scheme = "https" if loaded.server.tls_cert_file or loaded.server.behind_proxy else "http"
    address = f"{scheme}://{(host or ['localhost'])[0]}:{loaded.server.port}/"
    typer.echo(f"Next: cloud-sync serve --config {config}", err=True)
    typer.echo(f"Then {person} signs in at {address} and opens First start there.", err=True)
    _give(secret)


@account_app.command("add")
def add_account(
    person: Person,
    name: PrintedName,
    role: Annotated[list[Role], typer.Option(help="What they are trusted with; may be given several times.")],
    site: Site = None,
    owner: Annotated[str | None, typer.Option(help="Whose stock they see: for the role owner.")] = None,
    valid: Annotated[str | None, typer.Option(help="How long it is good, e.g. 90d; left out: until locked.")] = None,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Open an account for one person, and print a one-time secret."""
    check_name(person)
    at = datetime.now(UTC)
    expires_at = at + duration(valid) if valid else None
    with told(), opened(load(config)) as database:
        _give(
            accounts.add_account(
                database, person, name, role, at=at, site=site, owner=owner, expires_at=expires_at, actor=me()
            )
        )


@account_app.command("list")
def list_accounts(config: Config = DEFAULT_CONFIG) -> None:
    """Show all accounts, their roles, and when each was last used."""
    with told(), opened(load(config)) as database:
        rows = [{**row, "roles": ", ".join(row["roles"])} for row in accounts.list_accounts(database)]
        show(rows, "person", "printed_name", "roles", "has_second_factor", "seen_at", "expires_at", "locked_at")


@account_app.command("lock")
def lock_account(person: Person, reason: Why, config: Config = DEFAULT_CONFIG) -> None:
    """End their sessions, and let them sign in no more."""
    with told(), opened(load(config)) as database:
        accounts.lock_account(database, person, reason=reason, at=datetime.now(UTC), actor=me())
        say(f"account {person} is locked")


@account_app.command("unlock")
def unlock_account(person: Person, reason: Why, config: Config = DEFAULT_CONFIG) -> None:
    """Let them sign in again, and forget wrong attempts."""
    with told(), opened(load(config)) as database:
        accounts.unlock_account(database, person, reason=reason, actor=me())
        say(f"account {person} is unlocked")


@account_app.command("reset")
def reset_account(person: Person, config: Config = DEFAULT_CONFIG) -> None:
    """Print another one-time secret; password, second factor and sessions end."""
    with told(), opened(load(config)) as database:
        _give(accounts.reset_account(database, person, at=datetime.now(UTC), actor=me()))


@account_app.command("grant")
def grant_role(person: Person, role: Role, site: Site = None, config: Config = DEFAULT_CONFIG) -> None:
    """Trust them with another role."""
    with told(), opened(load(config)) as database:
        accounts.grant_role(database, person, role, site=site, actor=me())
        say(f"{person} has the role {role}" + (f" at {site}" if site else ""))


@account_app.command("withdraw")
def withdraw_role(person: Person, role: Role, site: Site = None, config: Config = DEFAULT_CONFIG) -> None:
    """Take a role back."""
    with told(), opened(load(config)) as database:
        accounts.withdraw_role(database, person, role, site=site, actor=me())
        say(f"{person} has the role {role} no longer" + (f" at {site}" if site else ""))


def _give(secret: str) -> None:
    typer.echo(ONE_TIME, err=True)
    # Alone on its line: scripts read it. The ledger keeps only its hash.
    sys.stdout.write(secret + "\n")
