"""``gateway``: those whose batches are believed."""

import sys
from datetime import UTC, datetime
from typing import Annotated

import typer

from cloud_sync.actions.gateways import desk, enrolment, gateways, ledger_keys
from cloud_sync.commands.certificates import authority_of
from cloud_sync.commands.fleet import config_app
from cloud_sync.commands.terminal import (
    DEFAULT_CONFIG,
    ROWS_MAX,
    Config,
    check_name,
    duration,
    err,
    load,
    me,
    opened,
    say,
    show,
    told,
)
from cloud_sync.tls_authority import fingerprint

gateway_app = typer.Typer(help="Gateways whose batches are believed.", no_args_is_help=True)
gateway_app.add_typer(config_app, name="config")


@gateway_app.command("add")
def add_gateway(
    name: str,
    public_key: Annotated[str, typer.Option(help="Its Ed25519 public key in base64, as the gateway prints it.")],
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Believe a gateway's batches from now on."""
    check_name(name)
    with told():
        gateways.key_of(public_key)
    with told(), opened(load(config)) as database:
        _, is_new = gateways.add_gateway(database, name, public_key, actor=me())
        say(f"gateway {name} is registered" if is_new else f"gateway {name} was registered before, with this key")
        key = ledger_keys.ledger_keys(database).public_key
        say(f"It believes receipts of this ledger after: edge-agent trust-ledger --key {key}")


@gateway_app.command("invite")
def invite_gateway(
    name: Annotated[str, typer.Argument(help="What the new gateway is called in its own configuration.")],
    place: Annotated[str | None, typer.Option(help="Where it stands: the name of a place.")] = None,
    valid: Annotated[str, typer.Option(help="How long the code is good, e.g. 30m, 24h or 7d.")] = "24h",
    replace: Annotated[
        bool, typer.Option("--replace", help="New hardware or key for a known name: the old key is worth nothing then.")
    ] = False,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Make a one-time code with which a gateway enrols itself, and print it, this once."""
    check_name(name)
    lasts = duration(valid)
    loaded = load(config)
    authority = authority_of(loaded)
    pinned = "" if authority is None else f" --authority {fingerprint(authority)}"
    with told(), opened(loaded) as database:
        code, ends_at = enrolment.invite(
            database, name, place=place, valid=lasts, replaces=replace, actor=me(), now=datetime.now(UTC)
        )
        # Alone on its line: scripts read it. The ledger keeps only its digest.
        sys.stdout.write(code + "\n")
        err.print(
            f"Good once, until {ends_at:%Y-%m-%d %H:%M} UTC. On the gateway {name}:\n"
            f"  edge-agent enroll --code {code} --url https://THIS-LEDGER{pinned}",
            markup=False, highlight=False, soft_wrap=True,
        )  # fmt: skip


@gateway_app.command("revoke")
def revoke_gateway(
    name: str,
    reason: Annotated[str, typer.Option(help="Why; the event log keeps it.")],
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Refuse every further batch of a gateway."""
    with told(), opened(load(config)) as database:
        gateways.revoke_gateway(database, name, reason, actor=me())
        say(f"gateway {name} is revoked")


@gateway_app.command("place")
def place_gateway(name: str, place: str, config: Config = DEFAULT_CONFIG) -> None:
    """Say where a gateway stands: its docks get the desk of the site around that place."""
    with told(), opened(load(config)) as database:
        desk.place_gateway(database, name, place, actor=me())
        say(f"gateway {name} stands in {place}")


@gateway_app.command("list")
def list_gateways(config: Config = DEFAULT_CONFIG) -> None:
    """Show all gateways and when each was last heard of."""
    with told(), opened(load(config)) as database:
        rows = gateways.list_gateways(database, rows_max=ROWS_MAX)
        show(
            [{**row, "gaps": len(row["gaps"])} for row in rows], "name", "last_seen_at", "gaps", "refused", "revoked_at"
        )
