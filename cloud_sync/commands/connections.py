"""``connection``: other systems, their keys, and what is delivered to them."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from cloud_sync.actions.interop import connections
from cloud_sync.commands.terminal import DEFAULT_CONFIG, Config, check_name, load, me, opened, say, show, told
from cloud_sync.domain.connections import REQUESTS_PER_MINUTE, Scope

ROWS_MAX = 200

connection_app = typer.Typer(help="Connections to other systems: keys, webhooks, replay.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="A name of your choice, such as erp.")]
Reason = Annotated[str, typer.Option(help="Why.")]


@connection_app.command("put")
def put_connection(
    name: Name,
    url: Annotated[str, typer.Option(help="Where webhooks go, by https; left out: the system only asks.")] = "",
    scope: Annotated[list[Scope], typer.Option(help="What it may ask for; may be given several times.")] = [],  # noqa: B006
    event: Annotated[list[str], typer.Option(help="A kind of event to send, or '*' for all.")] = [],  # noqa: B006
    per_minute: Annotated[int, typer.Option(min=1, max=100_000, help="Requests per minute.")] = REQUESTS_PER_MINUTE,
    from_start: Annotated[bool, typer.Option(help="Send all events that there ever were.")] = False,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Add a connection, or change it. The secret of its webhooks is printed this once."""
    check_name(name)
    loaded = load(config)
    new = connections.NewConnection(name, url, tuple(scope), tuple(event), per_minute)
    with told(), opened(loaded) as database:
        secret = connections.put_connection(
            database, new, loaded.connections.as_settings(), from_start=from_start, actor=me()
        )
    say(f"connection {name} is set up" + (f". Make a key: cloud-sync connection key {name}" if scope else ""))
    if secret:
        say(f"its webhooks are signed with: {secret}")


@connection_app.command("key")
def make_key(name: Name, config: Config = DEFAULT_CONFIG) -> None:
    """Make another key; the one before is good for a day. It is printed this once."""
    with told(), opened(load(config)) as database:
        say(connections.new_key(database, name, datetime.now(UTC), actor=me()))


@connection_app.command("secret")
def make_secret(name: Name, config: Config = DEFAULT_CONFIG) -> None:
    """Make another secret for webhooks; for a day they carry signatures of both. It is printed this once."""
    with told(), opened(load(config)) as database:
        say(connections.new_secret(database, name, datetime.now(UTC), actor=me()))


@connection_app.command("list")
def list_connections(config: Config = DEFAULT_CONFIG) -> None:
    """Show all connections and whether they work, without their secrets."""
    with told(), opened(load(config)) as database:
        show(connections.list_connections(database), "name", "shown", "scopes", "event_kinds", "active", "paused_at",
             "unsent", "last_sent_at", "last_seen_at", "last_error")  # fmt: skip


@connection_app.command("deliveries")
def list_deliveries(
    name: Name,
    unsent: Annotated[bool, typer.Option("--unsent", help="Only what waits.")] = False,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Show what was sent to a connection and what waits, the newest first."""
    with told(), opened(load(config)) as database:
        rows = connections.list_deliveries(database, name, only_unsent=unsent, rows_max=ROWS_MAX)
        show(rows, "id", "message_id", "kind", "made_at", "attempts", "sent_at", "last_error")


@connection_app.command("pause")
def pause(name: Name, reason: Reason, config: Config = DEFAULT_CONFIG) -> None:
    """Send nothing there until it is resumed; nothing is lost meanwhile."""
    with told(), opened(load(config)) as database:
        connections.pause(database, name, reason, datetime.now(UTC), actor=me())
        say(f"connection {name} is paused")


@connection_app.command("resume")
def resume(name: Name, reason: Reason, config: Config = DEFAULT_CONFIG) -> None:
    """Send what waited, at once."""
    with told(), opened(load(config)) as database:
        connections.resume(database, name, reason, actor=me())
        say(f"connection {name} is tried again")


@connection_app.command("off")
def switch_off(name: Name, reason: Reason, config: Config = DEFAULT_CONFIG) -> None:
    """Send nothing there any more; its keys are worth nothing at once."""
    with told(), opened(load(config)) as database:
        connections.switch_off(database, name, reason, datetime.now(UTC), actor=me())
        say(f"connection {name} is switched off")


@connection_app.command("replay")
def replay(
    name: Name,
    reason: Reason,
    after: Annotated[int, typer.Option(min=0, help="A position of the feed; 0: from the start.")],
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Send all events of its kinds after a position again, with the ids that they had."""
    with told(), opened(load(config)) as database:
        again = connections.replay(database, name, after, reason, actor=me())
        say(f"{again} messages go out again, and whatever else there is after {after}")
